#!/usr/bin/python
# SPDX-FileCopyrightText: The virtnet.linux authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Manage pairs of virtual Ethernet interfaces."""

from __future__ import annotations

DOCUMENTATION = r"""
module: veth
short_description: Manage pairs of virtual Ethernet interfaces
version_added: 0.1.0
description:
  - Makes, sets up and removes a pair of virtual Ethernet interfaces, which is a cable with two ends. What goes into one
    end comes out of the other, which may be in another namespace.
author:
  - The virtnet.linux authors (@virtnet)
extends_documentation_fragment:
  - virtnet.linux.attributes
  - virtnet.linux.requirements
  - virtnet.linux.netns
  - virtnet.linux.state
  - virtnet.linux.link
  - virtnet.linux.port
options:
  peer:
    description:
      - The other end of the pair. Required for O(state=present).
      - On an interface that exists it must really be the other end. If it is not, that is an error, unless
        O(recreate=true).
    type: dict
    suboptions:
      name:
        description: Name of the other end, 1 to 15 bytes.
        type: str
        required: true
      netns:
        description:
          - The namespace of the other end, by name or as an absolute path.
          - If it is not given, it is that of O(netns).
        type: str
      enabled:
        description:
          - As O(enabled), for the other end.
        type: bool
      mac:
        description: As O(mac), for the other end.
        type: str
      mtu:
        description:
          - As O(mtu), for the other end. The two ends may differ, a packet that is too large for the receiving end is
            dropped.
        type: int
      txqueuelen:
        description: As O(txqueuelen), for the other end.
        type: int
      alias:
        description: As O(alias), for the other end.
        type: str
      arp:
        description: As O(arp), for the other end.
        type: bool
      promisc:
        description: As O(promisc), for the other end.
        type: bool
      addresses:
        description: As O(addresses), for the other end.
        type: list
        elements: str
      exclusive_addresses:
        description: As O(exclusive_addresses), for the other end.
        type: bool
        default: false
      dad:
        description: As O(dad), for the other end.
        type: bool
        default: true
      master:
        description: As O(master), for the other end, in its namespace.
        type: str
      port:
        description: As O(port), for the other end.
        type: dict
        suboptions:
          hairpin:
            description: As O(port.hairpin), for the other end.
            type: bool
          isolated:
            description: As O(port.isolated), for the other end.
            type: bool
          learning:
            description: As O(port.learning), for the other end.
            type: bool
          flood:
            description: As O(port.flood), for the other end.
            type: bool
          multicast_flood:
            description: As O(port.multicast_flood), for the other end.
            type: bool
          cost:
            description: As O(port.cost), for the other end.
            type: int
          priority:
            description: As O(port.priority), for the other end.
            type: int
          guard:
            description: As O(port.guard), for the other end.
            type: bool
          root_block:
            description: As O(port.root_block), for the other end.
            type: bool
          fast_leave:
            description: As O(port.fast_leave), for the other end.
            type: bool
          proxy_arp:
            description: As O(port.proxy_arp), for the other end.
            type: bool
          neigh_suppress:
            description: As O(port.neigh_suppress), for the other end.
            type: bool
          vlans:
            description: As O(port.vlans), for the other end.
            type: list
            elements: dict
            suboptions:
              id:
                description: As O(port.vlans[].id), for the other end.
                type: str
                required: true
              pvid:
                description: As O(port.vlans[].pvid), for the other end.
                type: bool
                default: false
              untagged:
                description: As O(port.vlans[].untagged), for the other end.
                type: bool
                default: false
notes:
  - Removing one end removes the other one as well, wherever it is. So does removing a namespace that has one of them.
  - The pair has carrier only when both ends are up.
seealso:
  - name: veth(4)
    description: Manual page of the device.
    link: https://man7.org/linux/man-pages/man4/veth.4.html
  - name: ip-link(8)
    description: Manual page of the command that does the same.
    link: https://man7.org/linux/man-pages/man8/ip-link.8.html
  - module: virtnet.linux.bridge
  - module: virtnet.linux.link
  - module: virtnet.linux.netns
  - module: virtnet.linux.topology
"""

EXAMPLES = r"""
- name: A cable joins two namespaces
  virtnet.linux.veth:
    name: eth0
    netns: red
    addresses:
      - 192.0.2.1/24
    peer:
      name: eth0
      netns: blue
      addresses:
        - 192.0.2.2/24

- name: A namespace hangs on a bridge, by a port that answers to itself
  virtnet.linux.veth:
    name: port1
    netns: host
    master: br0
    port:
      hairpin: true
    peer:
      name: eth0
      netns: red
      mac: 02:00:00:00:00:01
      addresses:
        - 192.0.2.1/24
        - 2001:db8::1/64
      dad: false

- name: A namespace is in VLAN 10 of a bridge with vlan_filtering, and doesn't notice
  virtnet.linux.veth:
    name: port2
    netns: host
    master: br0
    port:
      vlans:
        - id: 10
          pvid: true
          untagged: true
    peer:
      name: eth0
      netns: blue

- name: Small packets on both ends
  virtnet.linux.veth:
    name: eth0
    netns: red
    mtu: 1400
    peer:
      name: eth0
      netns: blue
      mtu: 1400

- name: The cable is gone
  virtnet.linux.veth:
    name: eth0
    netns: red
    state: absent
"""

RETURN = r"""
commands:
  description: What a person would type to do the same, in order. Also in check mode, and empty when nothing differs.
  type: list
  elements: str
  returned: success
  sample: ["ip -n red link add name eth0 up type veth peer name eth0 netns blue", "ip -n blue link set dev eth0 up"]
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
      sample: {"state": "present", "kind": "veth", "enabled": true, "peer": {"state": "present", "enabled": true}}
veth:
  description:
    - The end that is called O(name) as the kernel reports it after the task. Null when there is none.
  type: dict
  returned: success, except in check mode when something would change
  contains:
    name:
      description: Its name.
      type: str
      sample: eth0
    netns:
      description: The namespace that it is in, as named in the task. Null for the one that the module runs in.
      type: str
      sample: lab
    kind:
      description: Its kind. Null for a physical interface.
      type: str
      sample: veth
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
      description: Whether it has carrier. A bridge has it when one of its ports has.
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
    peer:
      description: The other end, with the same keys, except C(peer).
      type: dict
      returned: when O(peer) was given
"""

from ansible_collections.virtnet.linux.plugins.module_utils._module import run_kind
from ansible_collections.virtnet.linux.plugins.module_utils._resources.kinds.veth import MODULE


def main() -> None:
    """Run the module."""
    run_kind(MODULE)


if __name__ == "__main__":
    main()
