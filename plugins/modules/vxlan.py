#!/usr/bin/python
# SPDX-FileCopyrightText: The virtnet.linux authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Manage VXLAN tunnels."""

from __future__ import annotations

DOCUMENTATION = r"""
module: vxlan
short_description: Manage VXLAN tunnels
version_added: 0.1.0
description:
  - Makes, sets up and removes VXLAN interfaces (RFC 7348), which carry Ethernet frames in UDP packets.
  - To whom frames are sent says either one O(remote), or a multicast O(group), or the forwarding table O(fdb).
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
      - The number of the virtual network (VNI), from 0 to 16777215. Required for O(state=present).
      - To change it the interface must be made anew, which needs O(recreate=true).
    type: int
  local:
    description:
      - The source address of tunnel packets. If it is not given, the kernel chooses one by route.
      - From one family to the other the interface must be made anew, which needs O(recreate=true).
    type: str
  remote:
    description:
      - The address of the only far end, to which everything is sent whose MAC address is not in the forwarding table.
      - From one family to the other the interface must be made anew, which needs O(recreate=true).
      - Excludes O(group).
    type: str
  group:
    description:
      - The multicast group to which everything is sent whose MAC address is not known. It is joined on O(parent), which
        is required for it.
      - Excludes O(remote).
    type: str
  destination_port:
    description:
      - The UDP port of the far ends, and the one listened on, from 1 to 65535.
      - If it is not given, a new interface gets 4789, which is IANA's, and not the kernel's own default 8472.
      - To change it the interface must be made anew, which needs O(recreate=true).
    type: int
  ttl:
    description:
      - The hop limit of tunnel packets, from 0 to 255. V(0) lets the kernel choose, which is 1 for multicast. That is
        the kernel's default.
    type: int
  learning:
    description:
      - Whether the interface learns from packets that come in behind which far end a MAC address is. The kernel's
        default is V(true).
    type: bool
  fdb:
    description:
      - Entries that the forwarding table must have. They are permanent.
      - The entry that the kernel itself makes for O(remote) need not be listed.
      - It can be used beside O(remote), and to have no O(remote) at all (head-end replication).
    type: list
    elements: dict
    suboptions:
      mac:
        description:
          - The MAC address that is behind the far end.
          - V(00:00:00:00:00:00) is the default, for all that have no entry. There may be several of it, each far end
            gets a copy then.
        type: str
        default: '00:00:00:00:00:00'
      destination:
        description: The address of the far end.
        type: str
        required: true
  exclusive_fdb:
    description:
      - Whether all entries that are not in O(fdb) are removed. The one of O(remote) stays.
    type: bool
    default: false
notes:
  - O(parent) is optional here. It is the device that tunnel packets leave by. Without it they go by route.
  - If O(parent) is in another namespace, tunnel packets are sent and received there.
  - The MTU of a new interface with O(parent) is that of the parent less the 50 bytes of the tunnel header, or 70 for
    IPv6. Without one it is 1500, which does not fit into packets of 1500 bytes. Set O(mtu) to 1450 or less then.
  - The kernel lowers a greater O(mtu) silently to what fits into the parent when the interface is made, and refuses it
    later.
seealso:
  - name: ip-link(8)
    description: Manual page of the command that does the same.
    link: https://man7.org/linux/man-pages/man8/ip-link.8.html
  - name: bridge(8)
    description: Manual page of the command that shows forwarding tables.
    link: https://man7.org/linux/man-pages/man8/bridge.8.html
  - module: virtnet.linux.bridge
  - module: virtnet.linux.link
  - module: virtnet.linux.topology
"""

EXAMPLES = r"""
- name: A tunnel between two hosts
  virtnet.linux.vxlan:
    name: vxlan42
    netns: left
    id: 42
    local: 192.0.2.1
    remote: 192.0.2.2
    mtu: 1450
    addresses:
      - 198.51.100.1/24

- name: Everybody in a multicast group
  virtnet.linux.vxlan:
    name: vxlan43
    netns: left
    id: 43
    group: 239.1.1.1
    parent: eth0
    ttl: 4

- name: A full mesh without multicast, as a port of a bridge
  virtnet.linux.vxlan:
    name: vxlan44
    netns: left
    id: 44
    local: 192.0.2.1
    learning: false
    master: br0
    fdb:
      - destination: 192.0.2.2
      - destination: 192.0.2.3
      - mac: 02:00:00:00:00:05
        destination: 192.0.2.3
    exclusive_fdb: true

- name: The tunnel is gone
  virtnet.linux.vxlan:
    name: vxlan42
    netns: left
    state: absent
"""

RETURN = r"""
commands:
  description: What a person would type to do the same, in order. Also in check mode, and empty when nothing differs.
  type: list
  elements: str
  returned: success
  sample: ["ip -n left link add name vxlan42 up type vxlan id 42 local 192.0.2.1 remote 192.0.2.2 dstport 4789"]
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
      sample: {"state": "present", "kind": "vxlan", "enabled": true, "id": 42, "remote": "192.0.2.2"}
vxlan:
  description:
    - The interface as the kernel reports it after the task. Null when there is none.
  type: dict
  returned: success, except in check mode when something would change
  contains:
    name:
      description: Its name.
      type: str
      sample: vxlan42
    netns:
      description: The namespace that it is in, as named in the task. Null for the one that the module runs in.
      type: str
      sample: lab
    kind:
      description: Its kind. Null for a physical interface.
      type: str
      sample: vxlan
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
      description: The number of its virtual network.
      type: int
      sample: 42
    local:
      description: The source address of tunnel packets. Null when the kernel chooses one.
      type: str
      sample: 192.0.2.1
    remote:
      description: The only far end. Null when there is none.
      type: str
      sample: 192.0.2.2
    group:
      description: The multicast group. Null when there is none.
      type: str
    destination_port:
      description: The UDP port.
      type: int
      sample: 4789
    ttl:
      description: The hop limit of tunnel packets.
      type: int
      sample: 0
    learning:
      description: Whether it learns from packets that come in.
      type: bool
      sample: true
    fdb:
      description: Its forwarding table, what was learnt and the kernel's entry for O(remote) included.
      type: list
      elements: dict
      contains:
        mac:
          description: The MAC address.
          type: str
          sample: "02:00:00:00:00:05"
        destination:
          description: The far end that it is behind.
          type: str
          sample: 192.0.2.3
    parent:
      description: The device that tunnel packets leave by.
      type: str
      returned: when O(parent) was given
      sample: eth0
    parent_netns:
      description: The namespace of that device, as named in the task.
      type: str
      returned: when O(parent) was given
      sample: left
"""

from ansible_collections.virtnet.linux.plugins.module_utils._module import run_kind
from ansible_collections.virtnet.linux.plugins.module_utils._resources.kinds.vxlan import MODULE


def main() -> None:
    """Run the module."""
    run_kind(MODULE)


if __name__ == "__main__":
    main()
