#!/usr/bin/python
# SPDX-FileCopyrightText: The virtnet.linux authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Manage VLANs on an interface."""

from __future__ import annotations

DOCUMENTATION = r"""
module: vlan
short_description: Manage VLANs on an interface
version_added: 0.1.0
description:
  - Makes, sets up and removes interfaces that stand for a VLAN. What such an interface sends leaves by its O(parent)
    with a tag, and it is given the frames that come in there with the same tag.
  - Several tags on one parent are several interfaces. A bridge that keeps VLANs apart itself is made with
    O(virtnet.linux.bridge#module:vlan_filtering).
author:
  - The virtnet.linux authors (@virtnet)
extends_documentation_fragment:
  - virtnet.linux.attributes
  - virtnet.linux.requirements
  - virtnet.linux.netns
  - virtnet.linux.state
  - virtnet.linux.link
  - virtnet.linux.port
  - virtnet.linux.parent
options:
  id:
    description:
      - The number in the tag, from 0 to 4094. It is required for O(state=present).
      - The kernel can't change it, the interface must be made anew, which needs O(recreate=true).
    type: int
  protocol:
    description:
      - The kind of tag. V(802.1Q) is that of a customer, the usual one. V(802.1ad) is that of a provider, which is put
        around the customer's own (Q-in-Q).
      - If it is not given, a new interface gets V(802.1Q) from the kernel.
      - The kernel can't change it, the interface must be made anew, which needs O(recreate=true).
    type: str
    choices: [802.1Q, 802.1ad]
  ingress_qos:
    description:
      - From the priority in the tag of a frame that comes in, which is 0 to 7, to the priority of the packet in the
        machine. What is not listed has priority 0.
      - It is the whole map, other entries are removed.
    type: dict
  egress_qos:
    description:
      - From the priority of a packet in the machine to the priority in the tag of the frame that goes out, which is 0 to
        7. What is not listed has priority 0.
      - It is the whole map, other entries are removed.
    type: dict
  reorder_header:
    description:
      - Whether the tag is taken out of a frame before somebody sees it on this interface, so that it looks like one
        without. A new interface does so.
    type: bool
notes:
  - O(parent) is required for O(state=present). If an interface that exists stands on another parent, that is an error,
    unless O(recreate=true).
  - It takes the MAC address of its parent and follows it, unless it is given one with O(mac).
  - It can be up only while its parent is. When the parent goes down it goes down as well, and comes back with it.
  - The kernel allows no O(mtu) above that of the parent, and lowers it with that of the parent.
  - A parent has each tag only once.
  - Without O(parent) the parent of an interface that is to be removed is not looked at.
seealso:
  - name: ip-link(8)
    description: Manual page of the command that does the same.
    link: https://man7.org/linux/man-pages/man8/ip-link.8.html
  - module: virtnet.linux.bridge
  - module: virtnet.linux.macvlan
  - module: virtnet.linux.topology
  - module: virtnet.linux.veth
"""

EXAMPLES = r"""
- name: The office is VLAN 10 on the cable of eth0
  virtnet.linux.vlan:
    name: eth0.10
    parent: eth0
    id: 10
    addresses:
      - 192.0.2.1/24

- name: A namespace has VLAN 20 of the machine's cable for its own
  virtnet.linux.vlan:
    name: eth0
    netns: red
    parent: eth0
    parent_netns: /proc/1/ns/net
    id: 20
    egress_qos:
      0: 1
      6: 5

- name: The provider's tag, around those of the customer
  virtnet.linux.vlan:
    name: provider0
    parent: eth1
    id: 100
    protocol: 802.1ad

- name: The office moves to another tag
  virtnet.linux.vlan:
    name: eth0.10
    parent: eth0
    id: 11
    recreate: true

- name: It is gone, its parent stays
  virtnet.linux.vlan:
    name: eth0.10
    state: absent
"""

RETURN = r"""
commands:
  description: What a person would type to do the same, in order. Also in check mode, and empty when nothing differs.
  type: list
  elements: str
  returned: success
  sample: ["ip link add link eth0 name eth0.10 up type vlan id 10", "ip address add 192.0.2.1/24 dev eth0.10"]
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
      sample: {"state": "present", "kind": "vlan", "enabled": true, "id": 10, "parent": "eth0"}
vlan:
  description:
    - The interface as the kernel reports it after the task. Null when there is none.
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
      sample: vlan
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
    id:
      description: The number in its tag.
      type: int
      sample: 10
    protocol:
      description: The kind of tag.
      type: str
      sample: 802.1Q
    reorder_header:
      description: Whether the tag is taken out before somebody sees it.
      type: bool
      sample: true
    ingress_qos:
      description: From the priority in the tag to that of the packet in the machine.
      type: dict
      sample: {"5": 6}
    egress_qos:
      description: From the priority of a packet in the machine to that in the tag.
      type: dict
      sample: {"0": 1}
    parent:
      description: Its lower device.
      type: str
      returned: when O(parent) was given
      sample: eth0
    parent_netns:
      description: The namespace of its lower device, as named in the task.
      type: str
      returned: when O(parent) was given
      sample: host
"""

from ansible_collections.virtnet.linux.plugins.module_utils._module import run_kind
from ansible_collections.virtnet.linux.plugins.module_utils._resources.kinds.vlan import MODULE


def main() -> None:
    """Run the module."""
    run_kind(MODULE)


if __name__ == "__main__":
    main()
