#!/usr/bin/python
# SPDX-FileCopyrightText: The virtnet.linux authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run a process in a network namespace."""

from __future__ import annotations

DOCUMENTATION = r"""
module: service
short_description: Run a process in a network namespace
version_added: 0.1.0
description:
  - Starts a program in a network namespace, waits until it is ready, and leaves it running after the playbook has
    ended. A later task finds it again by its name, and ends it together with everything that it started.
  - It runs under the conditions of C(ip netns exec). The files of C(/etc/netns/NAME) stand over those of C(/etc), and
    C(/sys) shows the devices of its namespace.
  - No service manager is needed or used. After the machine has started anew, the service is not there.
author:
  - The virtnet.linux authors (@virtnet)
extends_documentation_fragment:
  - virtnet.linux.attributes
  - virtnet.linux.requirements
  - virtnet.linux.netns
options:
  name:
    description:
      - What the service is called in its namespace. Letters, digits, V(_), V(@), V(+) and V(-), which is not the first,
        at most 64.
    type: str
    required: true
  command:
    description:
      - The program, by its name or its absolute path, and its arguments. No shell reads it.
      - The program has to stay in the foreground. One that goes to the background by itself has an option against
        that, such as C(--keep-in-foreground) of dnsmasq.
      - Needed with O(state=started). A running service with another command is ended, and started with this one.
    type: list
    elements: str
  environment:
    description:
      - Variables for the process. Besides these it has C(PATH), C(HOME), and C(VIRTNET_SERVICE), by which its
        processes are found.
      - A running service with other variables is ended, and started with these. If it is not given, a running service
        keeps those that it has.
      - The variables are shown in the result. They are no place for passwords.
    type: dict
  ready:
    description:
      - Signs by which the service says that it is ready. If several are given, all must be there.
      - If it is not given, the service is ready when its program has begun, and has not ended within a tenth of a
        second.
      - Looked for only when the service is started.
    type: dict
    suboptions:
      tcp:
        description: A TCP port, on any address, that a process of the service listens on.
        type: int
      udp:
        description: A UDP port, on any address, that a process of the service has open.
        type: int
      file:
        description:
          - Absolute path of a file that is there. If it was there before the start, it must have been made or written
            since.
        type: str
      log:
        description: A regular expression, as Python has them, that is found in a line of the log.
        type: str
      timeout:
        description:
          - Seconds to wait for the signs, at most 3600. A service that gives them later is ended, and the task fails.
        type: float
        default: 10.0
  state:
    description:
      - V(started) starts it if it does not run. One of which only a part is left is ended first.
      - V(stopped) ends it, and everything that it started, with SIGTERM, and after 3 seconds with SIGKILL. Its log is
        removed. In a namespace that does not exist, it is stopped already.
    type: str
    choices: [started, stopped]
    default: started
notes:
  - What the service prints goes to C(/run/virtnet/services/NAMESPACE/NAME.log), which is emptied at each start. It is
    there until the service is stopped by a task, so that it can be read when the service has ended by itself.
    NAMESPACE is V(-) for the one that the module runs in.
  - The directory C(/run/virtnet) is root's alone.
  - M(virtnet.linux.netns) stops the services of a namespace before it removes the namespace.
  - The processes of a service are found by the environment and the mount namespace that they inherit, and by whom they
    descend from. No control group is needed. A process that clears its environment and changes its root directory, and
    whose parent has ended, is not found.
seealso:
  - module: virtnet.linux.netns
  - module: virtnet.linux.topology
  - name: ip-netns(8)
    description: Manual page of the command whose conditions the process gets.
    link: https://man7.org/linux/man-pages/man8/ip-netns.8.html
"""

EXAMPLES = r"""
- name: A name server answers in a namespace
  virtnet.linux.service:
    name: dns
    netns: internet
    command:
      - dnsmasq
      - --keep-in-foreground
      - --conf-file=/dev/null
      - --pid-file=
      - --no-resolv
      - --no-hosts
      - --address=/www.example.com/192.0.2.80
    ready:
      udp: 53
      tcp: 53
  register: dns  # dns.service.log is the path of its log

- name: A web server is ready when it says so
  virtnet.linux.service:
    name: web
    netns: internet
    command: [python3, -u, -m, http.server, "8080"]
    environment:
      PYTHONDONTWRITEBYTECODE: "1"
    ready:
      log: ^Serving HTTP on
      timeout: 20

- name: Neither runs any longer
  virtnet.linux.service:
    name: "{{ item }}"
    netns: internet
    state: stopped
  loop: [web, dns]
"""

RETURN = r"""
commands:
  description:
    - What a person would type to do the same, in order, the waiting included. Also in check mode, and empty when
      nothing differs.
  type: list
  elements: str
  returned: success
  sample:
    - install -d -m 700 /run/virtnet /run/virtnet/services /run/virtnet/services/lab
    - >-
      ip netns exec lab nohup dnsmasq --keep-in-foreground </dev/null >/run/virtnet/services/lab/dns.log 2>&1 &
      echo $! >/run/virtnet/services/lab/dns.pid
diff:
  description: The service as it was before and as it is after. In check mode, as it would be after.
  type: dict
  returned: success
  contains:
    before:
      description: As it was. V(stopped) as C(state) when it did not run. Empty when nothing differs.
      type: dict
      sample: {"state": "stopped"}
    after:
      description: As it is now. Empty when nothing differs.
      type: dict
      sample: {"state": "started", "command": ["dnsmasq", "--keep-in-foreground"], "environment": {}}
service:
  description: The service after the task. Null when it does not run.
  type: dict
  returned: success, except in check mode when something would change
  contains:
    name:
      description: Its name.
      type: str
      sample: dns
    netns:
      description: The namespace that it runs in, as named in the task. Null for the one that the module runs in.
      type: str
      sample: lab
    command:
      description: The program and its arguments.
      type: list
      elements: str
      sample: ["dnsmasq", "--keep-in-foreground"]
    environment:
      description: The variables that it was given.
      type: dict
      sample: {}
    pid:
      description: The process id of the program.
      type: int
      sample: 4711
    log:
      description: The path of the file that its output goes to.
      type: str
      sample: /run/virtnet/services/lab/dns.log
"""

from ansible_collections.virtnet.linux.plugins.module_utils._module import run_kind
from ansible_collections.virtnet.linux.plugins.module_utils._resources.service import SERVICE


def main() -> None:
    """Run the module."""
    run_kind(SERVICE)


if __name__ == "__main__":
    main()
