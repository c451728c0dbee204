#!/usr/bin/python
# SPDX-FileCopyrightText: The virtnet.linux authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read the networks of several namespaces as one graph."""

from __future__ import annotations

DOCUMENTATION = r"""
module: topology_info
short_description: Read the networks of several namespaces as one graph
version_added: 0.1.0
description:
  - Reads links, addresses, routes, rules and neighbours of several network namespaces from the kernel, and how they
    hang together. The far end of every veth and the parent of every other link are found, in whatever namespace they
    are.
  - Returns the same once more as a list of resources that M(virtnet.linux.topology) accepts. There it reports no
    change, and with another O(virtnet.linux.topology#module:prefix) it builds an equal network.
  - It does not matter who has made what there is.
author:
  - The virtnet.linux authors (@virtnet)
extends_documentation_fragment:
  - virtnet.linux.attributes.info
  - virtnet.linux.requirements
options:
  prefix:
    description:
      - Read all namespaces whose name begins with this. In the result their names are without it, as they are in the
        list of a topology.
      - A namespace that does not begin with it, where the far end of a link is, is named by its path, such as
        V(/run/netns/other).
    type: str
  namespaces:
    description:
      - Read these namespaces. By name, or an absolute path. Each must be there.
      - If neither this nor O(prefix) is given, the namespace that the module runs in is read.
    type: list
    elements: str
notes:
  - RV(resources) has no sysctls, rules for NAT and forwarding, or services, and neither has RV(namespaces).
  - What a new interface, route or rule has anyway is left out of RV(resources), and what the kernel or a routing
    protocol makes by itself, such as link-local and expiring addresses and the routes to connected networks. MAC
    addresses are in it, so that entries which name them stay right.
  - The cost of a bridge port is left out when it is one that the kernel gives by the port's speed.
seealso:
  - module: virtnet.linux.topology
"""

EXAMPLES = r"""
- name: What does the machine's own network look like?
  virtnet.linux.topology_info:

- name: What is in these namespaces, and how do they hang together?
  virtnet.linux.topology_info:
    namespaces: [left, right]
  register: network  # network.edges has every connection

- name: What has a lab built?
  virtnet.linux.topology_info:
    prefix: original-
  register: original

# Then there is another one like it after
#   virtnet.linux.topology:
#     name: copy
#     prefix: copy-
#     resources: "{{ original.resources }}"
"""

RETURN = r"""
namespaces:
  description:
    - What each namespace has, by its name. The key of the namespace that the module runs in is an empty string.
  type: dict
  returned: success
  contains:
    links:
      description:
        - The interfaces by name. Each has the keys that the modules for links return, the options of its kind among
          them, and where it has one, C(peer) or C(parent), a dictionary of C(netns) and C(link).
      type: dict
      sample:
        eth0:
          name: eth0
          netns: left
          kind: veth
          index: 2
          mac: "02:00:00:00:00:01"
          mtu: 1500
          enabled: true
          operstate: up
          master: null
          addresses: ["192.0.2.1/24"]
          peer: {"netns": "right", "link": "eth0"}
    routes:
      description: All routes of all tables, those of the kernel included, by the options of M(virtnet.linux.route).
      type: list
      elements: dict
      sample: [{"destination": "192.0.2.0/24", "family": "ipv4", "table": "main", "interface": "eth0", "scope": "link"}]
    rules:
      description: All rules, by the options of M(virtnet.linux.rule).
      type: list
      elements: dict
      sample: [{"family": "ipv4", "priority": 32766, "action": "lookup", "table": "main"}]
    neighbors:
      description:
        - All neighbours, learnt ones included, by the options of M(virtnet.linux.neighbor). C(nud) is V(other) in a
          state that nobody sets.
      type: list
      elements: dict
      sample: [{"address": "192.0.2.2", "interface": "eth0", "mac": "02:00:00:00:00:02", "nud": "reachable"}]
    fdb:
      description:
        - The forwarding tables of all bridges. C(learnt) is true for an address that was seen in a frame, and false
          for one that is the port's own or that somebody wrote. C(vlan) is null without VLAN filtering.
      type: list
      elements: dict
      sample: [{"bridge": "br0", "port": "veth1", "mac": "02:00:00:00:00:02", "vlan": null, "learnt": true}]
edges:
  description: How the links hang together, each connection once.
  type: list
  elements: dict
  returned: success
  contains:
    kind:
      description:
        - V(peer) between the two ends of a pair, V(parent) from a link to what it stands on, V(port) from a link to
          what it is a port of.
      type: str
      sample: peer
    from:
      description:
        - The one end. Its C(netns), null for the namespace that the module runs in, and the name of its C(link).
      type: dict
      sample: {"netns": "left", "link": "eth0"}
    to:
      description: The other end, likewise.
      type: dict
      sample: {"netns": "right", "link": "eth0"}
resources:
  description: The same as a list for M(virtnet.linux.topology), in an order in which it can be built.
  type: list
  elements: dict
  returned: success
  sample:
    - netns: {"name": "left"}
    - netns: {"name": "right"}
    - veth:
        name: eth0
        netns: left
        mac: "02:00:00:00:00:01"
        addresses: ["192.0.2.1/24"]
        peer: {"name": "eth0", "netns": "right", "mac": "02:00:00:00:00:02", "addresses": ["192.0.2.2/24"]}
left_out:
  description: A sentence for each thing that is missing in RV(resources), because no module can say it.
  type: list
  elements: str
  returned: success
  sample: ["tun0 in namespace 'left': no module makes links of kind 'tun'"]
"""

from ansible_collections.virtnet.linux.plugins.module_utils._engine.survey import SPEC, survey
from ansible_collections.virtnet.linux.plugins.module_utils._module import Module, run


def main() -> None:
    """Read, and say what there is."""
    module = Module(SPEC, mutually_exclusive=[("prefix", "namespaces")])
    run(module, lambda: survey(module.params, module.check_mode))


if __name__ == "__main__":
    main()
