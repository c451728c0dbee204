#!/usr/bin/python
# SPDX-FileCopyrightText: The virtnet.linux authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Manage VRFs."""

from __future__ import annotations

DOCUMENTATION = r"""
module: vrf
short_description: Manage VRFs
version_added: 0.1.0
description:
  - Makes, sets up and removes VRFs (virtual routing and forwarding), and says which interfaces are their ports. What
    comes in by a port, or is sent by a program that is bound to the VRF, is routed by the VRF's own O(table), so that
    two VRFs in one namespace may have the same addresses.
  - The routes of a VRF are made with O(virtnet.linux.route#module:table). Those to the subnets of a port move there by
    themselves.
author:
  - The virtnet.linux authors (@virtnet)
extends_documentation_fragment:
  - virtnet.linux.attributes
  - virtnet.linux.requirements
  - virtnet.linux.netns
  - virtnet.linux.state
  - virtnet.linux.link
  - virtnet.linux.port
  - virtnet.linux.ports
options:
  table:
    description:
      - The routing table of the VRF, a number from 1. It is required for O(state=present).
      - The kernel can't change it, the VRF must be made anew, which needs O(recreate=true).
    type: str
notes:
  - When an interface becomes a port of a VRF, or leaves it, the kernel takes it down and up, and drops its IPv6
    addresses, its routes and its permanent neighbours. They are given back, the routes in the tables that they were
    in. With O(exclusive_addresses=true) on that interface, only the addresses that are listed are.
  - With the first VRF in a namespace the kernel makes a rule of priority 1000 for IPv4 and one for IPv6, which lead to
    the tables of all VRFs. It never removes them, and never makes them again.
  - A new VRF has an MTU of 65575 bytes.
  - Where its table has no route, the kernel goes on to the next rule, and so to the main table. A route to C(default)
    of the type V(unreachable) in O(table) keeps packets from leaving the VRF.
seealso:
  - name: ip-link(8)
    description: Manual page of the command that does the same.
    link: https://man7.org/linux/man-pages/man8/ip-link.8.html
  - name: Virtual Routing and Forwarding
    description: The kernel's documentation.
    link: https://docs.kernel.org/networking/vrf.html
  - module: virtnet.linux.bridge
  - module: virtnet.linux.link
  - module: virtnet.linux.route
  - module: virtnet.linux.rule
  - module: virtnet.linux.topology
"""

EXAMPLES = r"""
- name: The customer's side of the router has a routing table of its own
  virtnet.linux.vrf:
    name: customer
    table: 10
    ports:
      - eth1
      - eth2

- name: It has these ports and no others
  virtnet.linux.vrf:
    name: customer
    table: 10
    ports:
      - eth1
    exclusive_ports: true

- name: It is gone, its ports stay
  virtnet.linux.vrf:
    name: customer
    state: absent
"""

RETURN = r"""
commands:
  description: What a person would type to do the same, in order. Also in check mode, and empty when nothing differs.
  type: list
  elements: str
  returned: success
  sample: ["ip link add name customer up type vrf table 10", "ip link set dev eth1 master customer"]
diff:
  description: What was asked for, as it was before and as it is after. In check mode, as it would be after.
  type: dict
  returned: success
  contains:
    before:
      description: As it was. V(absent) as C(state) when it was not there. Empty when nothing differs.
      type: dict
      sample: {"state": "absent"}
    after:
      description: As it is now. Empty when nothing differs.
      type: dict
      sample: {"state": "present", "kind": "vrf", "enabled": true, "ports": ["port1"]}
vrf:
  description:
    - The VRF as the kernel reports it after the task. Null when there is none.
  type: dict
  returned: success, except in check mode when something would change
  contains:
    name:
      description: Its name.
      type: str
      sample: br0
    netns:
      description: The namespace that it is in, as named in the task. Null for the one that the module runs in.
      type: str
      sample: lab
    kind:
      description: Its kind. Null for a physical interface.
      type: str
      sample: vrf
    index:
      description: The kernel's number for it in its namespace.
      type: int
      sample: 4
    mac:
      description: Its MAC address.
      type: str
      sample: "02:00:00:00:00:01"
    mtu:
      description: The largest packet that it sends, in bytes.
      type: int
      sample: 1500
    txqueuelen:
      description: Length of its transmit queue in packets.
      type: int
      sample: 1000
    alias:
      description: The text for people. Null when it has none.
      type: str
    arp:
      description: Whether it uses ARP.
      type: bool
      sample: true
    promisc:
      description: Whether it was told to take frames that are for others.
      type: bool
      sample: false
    enabled:
      description: Whether it is administratively up.
      type: bool
      sample: true
    operstate:
      description: Its operational state (RFC 2863).
      type: str
      sample: up
    carrier:
      description: Whether it has carrier.
      type: bool
      sample: true
    master:
      description: What it is a port of. Null when it is a port of none.
      type: str
    addresses:
      description: Its addresses, those included that were not asked for.
      type: list
      elements: str
      sample: ["192.0.2.1/24", "fe80::ff:fe00:1/64"]
    port:
      description: Its settings as a port of a bridge, by the names of the options.
      type: dict
      returned: when it is a port of a bridge
    table:
      description: The number of its routing table.
      type: int
      sample: 10
    ports:
      description: The names of its ports.
      type: list
      elements: str
      sample: ["port1", "port2"]
"""

from ansible_collections.virtnet.linux.plugins.module_utils._module import run_kind
from ansible_collections.virtnet.linux.plugins.module_utils._resources.kinds.vrf import MODULE


def main() -> None:
    """Run the module."""
    run_kind(MODULE)


if __name__ == "__main__":
    main()
