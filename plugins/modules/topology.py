#!/usr/bin/python
# SPDX-FileCopyrightText: The virtnet.linux authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: topology
short_description: A whole network as one transaction
version_added: 0.1.0
author:
  - The virtnet.linux authors (@virtnet)
description:
  - Builds a list of namespaces, links, routes, rules and firewall rules in one task and one process.
    Hundreds of things take one second and not hundreds of tasks.
  - The list is one transaction. When anything fails, the machine is led back to the state before, and the
    error names the entry, the operation and the kernel's own words. When the task is killed half-way, the
    next run of the same topology begins by leading back.
  - What the list made or changed is recorded under its O(name). On the next run three states are merged,
    what was recorded, what the kernel has and what is asked for. What the list no longer has is taken down
    if the topology made it, and put back to its former value if the topology only changed it. What was there
    before is adopted, changed where asked, and never removed.
extends_documentation_fragment:
  - virtnet.linux.attributes
options:
  name:
    description:
      - The name of the record. It is a plain file name.
    type: str
    required: true
  resources:
    description:
      - The things that should exist, in the order in which they are made. Each entry has one key, the name of
        a module of this collection without C(virtnet.linux.), and below it that module's own options.
      - Every module that manages something can be named here.
      - Needed unless O(state=absent).
    type: list
    elements: dict
  prefix:
    description:
      - Goes before the name of every namespace in the list, so that one list can be built several times.
        It does not go before interface names. A namespace given by an absolute path has no prefix.
    type: str
    default: ''
  state:
    description:
      - V(present) brings about the list.
      - V(absent) takes down everything that the record of this O(name) has, and needs nothing but the
        O(name). Without a record there is nothing to do.
    type: str
    choices: [present, absent]
    default: present
notes:
  - The record is kept in C(/run/virtnet), for root alone. After a restart of the machine it is gone, like the
    network that it describes.
  - Two tasks with the same O(name) wait for each other.
seealso:
  - module: virtnet.linux.reachability
  - module: virtnet.linux.topology_info
requirements:
  - pyroute2 >= 0.7.2
"""

EXAMPLES = r"""
- name: A namespace on a bridge, behind NAT
  virtnet.linux.topology:
    name: bridge-nat
    prefix: bridge-nat-
    resources:
      - netns: {name: gateway}
      - netns: {name: host}
      - netns: {name: liuye}
      - veth:
          name: eth0
          netns: host
          addresses: [10.0.2.15/24]
          peer: {name: lan, netns: gateway, addresses: [10.0.2.2/24]}
      - bridge: {name: demobridge, netns: host, addresses: [192.168.45.2/24]}
      - veth:
          name: veth1
          netns: host
          master: demobridge
          peer: {name: veth2, netns: liuye, addresses: [192.168.45.3/24]}
      - route: {netns: host, destination: default, gateway: 10.0.2.2}
      - route: {netns: liuye, destination: default, gateway: 192.168.45.2}
      - sysctl: {netns: host, values: {net.ipv4.ip_forward: 1}}
      - nat: {netns: host, action: masquerade, source: 192.168.45.0/24, out_interface: eth0}

- name: Take all of it down
  virtnet.linux.topology:
    name: bridge-nat
    state: absent
"""

RETURN = r"""
commands:
  description: What a person would type for the same, in order.
  type: list
  elements: str
  returned: always
  sample: ['ip netns add red', 'ip -n red link set dev lo up']
diff:
  description:
    - What was asked for, as it was before and as it is after. In check mode, as it would be after.
  type: dict
  returned: always
  contains:
    before:
      description: As it was, by the entry's name. Only entries that something was changed for.
      type: dict
      sample: {"resources[0].netns": {"state": "absent"}}
    after:
      description: The same, as it is now.
      type: dict
      sample: {"resources[0].netns": {"state": "present", "loopback": true}}
topology:
  description: What the topology consists of now.
  type: dict
  returned: always
  contains:
    name:
      description: Its name.
      type: str
      sample: bridge-nat
    prefix:
      description: What goes before the names of its namespaces.
      type: str
      sample: bridge-nat-
    namespaces:
      description: The namespaces of the list, prefix included.
      type: list
      elements: str
      sample: [bridge-nat-gateway, bridge-nat-host, bridge-nat-liuye]
    resources:
      description: How many things it has.
      type: int
      sample: 10
"""

from ansible_collections.virtnet.linux.plugins.module_utils._engine.topology import run_topology
from ansible_collections.virtnet.linux.plugins.module_utils._module import Module, run
from ansible_collections.virtnet.linux.plugins.module_utils._resources.registry import KINDS


def main() -> None:
    module = Module(
        {
            "name": {"type": "str", "required": True},
            "resources": {"type": "list", "elements": "dict"},
            "prefix": {"type": "str", "default": ""},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        },
        required_if=[("state", "present", ["resources"])],
    )
    run(module, lambda: run_topology(module.params, KINDS, module.check_mode))


if __name__ == "__main__":
    main()
