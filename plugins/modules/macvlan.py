#!/usr/bin/python
# SPDX-FileCopyrightText: The virtnet.linux authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Manage macvlan interfaces."""

from __future__ import annotations

DOCUMENTATION = r"""
module: macvlan
short_description: Manage macvlan interfaces
version_added: 0.1.0
description:
  - Makes, sets up and removes macvlan interfaces. Each has a MAC address of its own on the lower device O(parent), as
    if it were another NIC on the same wire.
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
      - What passes between interfaces on the same parent.
      - V(private) keeps them apart from each other. V(vepa) sends everything to the wire, so that they speak with each
        other only where the switch there sends frames back (hairpin). V(bridge) lets them speak with each other
        directly. V(passthru) gives the whole parent to one interface, which takes its MAC address. V(source) takes only
        frames that come from one of O(source_macs).
      - In none of them can they speak with the parent itself.
      - If it is not given, a new interface gets V(vepa) from the kernel.
      - To and from V(passthru) the interface must be made anew, which needs O(recreate=true).
    type: str
    choices: [private, vepa, bridge, passthru, source]
  tap:
    description:
      - Whether it is a macvtap, which a virtual machine or another program reads and writes as C(/dev/tapN), N being
        its index. It is otherwise the same.
      - One can't be turned into the other. On an interface that exists, a difference is an error, unless
        O(recreate=true). To remove a macvtap, give it as well.
    type: bool
    default: false
  source_macs:
    description:
      - The MAC addresses whose frames are taken, for O(mode=source). It is the whole list, others are removed.
    type: list
    elements: str
notes:
  - O(parent) is required for O(state=present). If an interface that exists stands on another parent, that is an error,
    unless O(recreate=true).
  - The kernel allows no O(mtu) above that of the parent, and lowers it with that of the parent.
  - A parent can have only one interface in mode V(passthru), and no other one beside it.
  - Without O(parent) the parent of an interface that is to be removed is not looked at.
seealso:
  - name: ip-link(8)
    description: Manual page of the command that does the same.
    link: https://man7.org/linux/man-pages/man8/ip-link.8.html
  - module: virtnet.linux.bridge
  - module: virtnet.linux.ipvlan
  - module: virtnet.linux.link
  - module: virtnet.linux.topology
  - module: virtnet.linux.veth
"""

EXAMPLES = r"""
- name: A namespace is another host on the wire of eth1
  virtnet.linux.macvlan:
    name: eth0
    netns: red
    parent: eth1
    parent_netns: host
    mode: bridge
    addresses:
      - 192.0.2.11/24

- name: A virtual machine has its network card on the wire of eth1
  virtnet.linux.macvlan:
    name: vm1
    parent: eth1
    mode: bridge
    tap: true
    mac: 02:00:00:00:00:11

- name: It only hears one neighbour
  virtnet.linux.macvlan:
    name: eth0
    netns: red
    parent: eth1
    parent_netns: host
    mode: source
    source_macs:
      - 02:00:00:00:00:05

- name: It takes over the whole lower device
  virtnet.linux.macvlan:
    name: eth0
    netns: red
    parent: eth1
    parent_netns: host
    mode: passthru
    recreate: true

- name: It is gone, its parent stays
  virtnet.linux.macvlan:
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
  sample: ["ip -n host link add link eth1 name eth0 up netns red type macvlan mode bridge"]
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
      sample: {"state": "present", "kind": "macvlan", "enabled": true, "mode": "bridge", "parent": "eth1"}
macvlan:
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
      sample: macvlan
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
      sample: bridge
    source_macs:
      description: The MAC addresses whose frames are taken. Null in other modes than V(source).
      type: list
      elements: str
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
from ansible_collections.virtnet.linux.plugins.module_utils._resources.kinds.macvlan import MODULE


def main() -> None:
    """Run the module."""
    run_kind(MODULE)


if __name__ == "__main__":
    main()
