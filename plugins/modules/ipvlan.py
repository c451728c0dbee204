#!/usr/bin/python
# SPDX-FileCopyrightText: The virtnet.linux authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Manage ipvlan interfaces."""

from __future__ import annotations

DOCUMENTATION = r"""
module: ipvlan
short_description: Manage ipvlan interfaces
version_added: 0.1.0
description:
  - Makes, sets up and removes ipvlan interfaces. Each has IP addresses of its own on the lower device O(parent), whose MAC
    address they all share.
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
  mode:
    description:
      - What happens to a packet of a child on its way.
      - In V(l2) the child finds its neighbours by ARP, as on an Ethernet. In V(l3) it asks nobody (C(NOARP)), and the
        namespace of the parent routes its packets; broadcasts reach no child, and nobody outside gets an answer to an
        ARP request for its address. V(l3s) is the same, except that incoming packets pass the firewall and the connection
        tracking of the parent's namespace as well.
      - In none of them can a child speak with the parent itself.
      - If it is not given, the first child of a parent gets V(l3) from the kernel, and another one that of its siblings.
    type: str
    choices: [l2, l3, l3s]
  flag:
    description:
      - What passes between children of the same parent.
      - V(bridge) lets them speak with each other directly. V(private) keeps them apart. V(vepa) sends everything to the
        wire, so that the switch there decides; but since all have the same MAC address, what the switch sends back is
        taken for the parent's own.
      - If it is not given, the first child of a parent gets V(bridge) from the kernel, and another one that of its
        siblings.
    type: str
    choices: [bridge, private, vepa]
  tap:
    description:
      - Whether it is an ipvtap, which a virtual machine or another program reads and writes as C(/dev/tapN), N being its
        index. It is otherwise the same.
      - One can't be turned into the other. On an interface that exists, a difference is an error, unless
        O(recreate=true). To remove an ipvtap, give it as well.
    type: bool
    default: false
notes:
  - O(parent) is required for O(state=present). If an interface that exists stands on another parent, that is an error,
    unless O(recreate=true).
  - The mode and the flag are the parent's. A new child with another O(mode) or O(flag) than its siblings in any named
    namespace is an error. On a child that exists a change is a change of all its siblings.
  - O(mac) can't be given, because the MAC address is that of the parent.
  - The O(mtu) follows each change of the parent's.
  - The kernel refuses an address that another child of the same parent has.
  - A parent can't have macvlan interfaces beside ipvlan ones.
  - Without O(parent) the parent of an interface that is to be removed is not looked at.
seealso:
  - name: ip-link(8)
    description: Manual page of the command that does the same.
    link: https://man7.org/linux/man-pages/man8/ip-link.8.html
  - name: IPVLAN Driver HOWTO
    description: What the modes and the flags are for.
    link: https://docs.kernel.org/networking/ipvlan.html
  - module: virtnet.linux.link
  - module: virtnet.linux.macvlan
  - module: virtnet.linux.topology
"""

EXAMPLES = r"""
- name: A namespace has an address of its own behind the MAC address of eth1
  virtnet.linux.ipvlan:
    name: eth0
    netns: red
    parent: eth1
    parent_netns: host
    mode: l2
    addresses:
      - 192.0.2.11/24

- name: All children of eth1 are routed from now on, and none reaches another
  virtnet.linux.ipvlan:
    name: eth0
    netns: red
    parent: eth1
    parent_netns: host
    mode: l3s
    flag: private

- name: A virtual machine shares the MAC address of eth1
  virtnet.linux.ipvlan:
    name: vm1
    parent: eth1
    mode: l2
    tap: true

- name: It is gone, its parent stays
  virtnet.linux.ipvlan:
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
  sample: ["ip -n host link add link eth1 name eth0 up netns red type ipvlan mode l2"]
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
      sample: {"state": "present", "kind": "ipvlan", "enabled": true, "mode": "l2", "parent": "eth1"}
ipvlan:
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
      sample: ipvlan
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
    mode:
      description: Its mode.
      type: str
      sample: l2
    flag:
      description: Its flag.
      type: str
      sample: bridge
    parent:
      description: Its lower device.
      type: str
      returned: when O(parent) was given
      sample: eth1
    parent_netns:
      description: The namespace of its lower device, as named in the task.
      type: str
      returned: when O(parent) was given
      sample: host
"""

from ansible_collections.virtnet.linux.plugins.module_utils._module import run_kind
from ansible_collections.virtnet.linux.plugins.module_utils._resources.kinds.ipvlan import MODULE


def main() -> None:
    """Run the module."""
    run_kind(MODULE)


if __name__ == "__main__":
    main()
