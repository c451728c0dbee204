#!/usr/bin/python
# SPDX-FileCopyrightText: The virtnet.linux authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Manage named network namespaces."""

from __future__ import annotations

DOCUMENTATION = r"""
module: netns
short_description: Manage named network namespaces
version_added: 0.1.0
description:
  - Makes and removes named network namespaces as C(ip netns) does, so that C(ip netns exec) and all other modules of
    this collection find them.
  - Sees to what a namespace should have before there is anything in it, that is its loopback interface, IPv6, and the
    name servers that are used inside.
author:
  - The virtnet.linux authors (@virtnet)
extends_documentation_fragment:
  - virtnet.linux.attributes
  - virtnet.linux.requirements
  - virtnet.linux.state
options:
  name:
    description:
      - Name of the namespace, that of a file in C(/run/netns). 1 to 255 bytes without white space and C(/), and no
        leading C(-).
    type: str
    required: true
  loopback:
    description:
      - Whether its interface C(lo) is up.
      - If it is not given, C(lo) is brought up in a new namespace and left as it is in one that exists, and in the
        namespace of a process (O(attach_pid)).
    type: bool
  ipv6:
    description:
      - V(false) turns IPv6 off for all interfaces that the namespace has and will have. In a new namespace this
        happens before there is any interface, so that none ever gets a link-local address or sends neighbour
        discovery. Many interfaces on one bridge come up much faster that way.
      - It is the kernel parameter C(net.ipv6.conf.*.disable_ipv6) of C(all) and C(default).
      - If it is not given, it is left as it is. A new namespace has IPv6 on, unless the system is set up otherwise.
    type: bool
  attach_pid:
    description:
      - The number of a running process, whose namespace gets the name. This is how the namespace of a container is
        named, so that it can be used like any other, as C(ip netns attach) does.
      - It only counts when there is no namespace of that name yet. Whose namespace an existing name belongs to is not
        compared.
      - Removing it with O(state=absent) takes the name away. The namespace lives as long as the process does.
    type: int
  nameservers:
    description:
      - Addresses of the name servers to use inside, in their order. They are kept in
        C(/etc/netns/NAME/resolv.conf), which C(ip netns exec) and this collection show to a process in the namespace
        in place of C(/etc/resolv.conf).
      - An empty list keeps an empty file, that is no name server at all.
      - If it is not given, the file is left as it is, and not made.
      - With O(state=absent) the file is removed together with the namespace, if this module wrote it.
    type: list
    elements: str
notes:
  - Removing a namespace takes down everything that is in it. Both ends of a veth go, wherever the other end is. The
    task waits until the kernel has removed them.
  - A physical interface is moved out of the namespace first, to the one that the module runs in.
  - A service of M(virtnet.linux.service) that runs in the namespace is ended first. Any other process that still runs
    in it keeps it alive, without a name.
seealso:
  - name: ip-netns(8)
    description: Manual page of the command that does the same.
    link: https://man7.org/linux/man-pages/man8/ip-netns.8.html
  - module: virtnet.linux.service
  - module: virtnet.linux.topology
  - module: virtnet.linux.veth
  - module: virtnet.linux.link
"""

EXAMPLES = r"""
- name: Two namespaces are there
  virtnet.linux.netns:
    name: "{{ item }}"
  loop:
    - red
    - blue

- name: A namespace without IPv6 that resolves names with a server of its own
  virtnet.linux.netns:
    name: lab
    ipv6: false
    nameservers:
      - 192.0.2.53

- name: The namespace of a container has a name
  virtnet.linux.netns:
    name: web
    attach_pid: "{{ container.State.Pid }}"

- name: The namespace is gone with all that was in it
  virtnet.linux.netns:
    name: lab
    state: absent
"""

RETURN = r"""
commands:
  description: What a person would type to do the same, in order. Also in check mode, and empty when nothing differs.
  type: list
  elements: str
  returned: success
  sample: ["ip netns add lab", "ip -n lab link set dev lo up"]
diff:
  description: What was asked for, as it was before and as it is after. In check mode, as it would be after.
  type: dict
  returned: success
  contains:
    before:
      description: As it was. V(absent) as C(state) when it was not there.
      type: dict
      sample: {"state": "absent"}
    after:
      description: As it is now.
      type: dict
      sample: {"state": "present", "loopback": true}
netns:
  description:
    - The namespace as it is after the task. Null when there is none.
  type: dict
  returned: success, except in check mode when something would change
  contains:
    name:
      description: Its name.
      type: str
      sample: lab
    loopback:
      description: Whether its interface C(lo) is up.
      type: bool
      sample: true
    ipv6:
      description: Whether IPv6 is on for all its interfaces.
      type: bool
      sample: true
    nameservers:
      description: The name servers that are kept for it.
      type: list
      elements: str
      sample: ["192.0.2.53"]
    links:
      description: The names of its interfaces.
      type: list
      elements: str
      sample: ["eth0", "lo"]
"""

from ansible_collections.virtnet.linux.plugins.module_utils._module import run_kind
from ansible_collections.virtnet.linux.plugins.module_utils._resources.netns import NETNS


def main() -> None:
    """Run the module."""
    run_kind(NETNS)


if __name__ == "__main__":
    main()
