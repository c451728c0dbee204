#!/usr/bin/python
# SPDX-FileCopyrightText: The virtnet.linux authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Manage network interfaces that have no module of their own."""

from __future__ import annotations

DOCUMENTATION = r"""
module: link
short_description: Manage network interfaces that have no module of their own
version_added: 0.1.0
description:
  - Makes simple interfaces, such as dummy ones, and sets up interfaces that exist already, such as a NIC or C(lo).
  - Takes an interface out of one namespace into another one.
  - Bridges, veth pairs and others have modules of their own.
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
  kind:
    description:
      - The kind of interface to make.
      - V(dummy) drops what it is given. V(ifb) takes packets that are redirected to it by tc. V(nlmon) shows the
        machine's netlink messages. V(vcan) is a virtual CAN bus, V(vxcan) a cable between two, with an O(peer).
      - V(tun) and V(tap) are interfaces whose other end is a program that opens C(/dev/net/tun), which is given packets
        by V(tun) and Ethernet frames by V(tap). They stay when no program holds them.
      - V(gre), V(ipip), V(sit) and V(ip6tnl) are tunnels for packets, V(gretap) and V(geneve) for Ethernet frames. The
        first one on a machine has the kernel put a device such as C(gre0) into every namespace, V(geneve) excepted.
      - V(ipoib) is IP over the InfiniBand card O(parent), V(netdevsim) a simulated card for tests of drivers.
      - If it is not given, the interface must exist already, in O(netns) or in O(from_netns), and it is only set up. It
        may then be of any kind.
      - A kind that the kernel does not have is an error that says so.
    type: str
    choices: [dummy, geneve, gre, gretap, ifb, ip6tnl, ipip, ipoib, netdevsim, nlmon, sit, tap, tun, vcan, vxcan]
  options:
    description:
      - What the kind has besides, by names of iproute2. A name that the kind does not have is an error that says so.
      - Tunnels have C(local) and C(remote), addresses of the machine and of the other end, C(ttl) (0 takes that of the
        packet inside), and all but V(ip6tnl) C(tos). V(gre) and V(gretap) have a C(key). V(geneve) has no C(local), but
        C(id), the number of the network, and C(destination_port).
      - V(ipoib) has C(pkey) and C(mode), which is V(datagram) or V(connected).
      - Of these the kernel changes only C(mode), for others the interface must be made anew, which needs
        O(recreate=true).
    type: dict
  peer:
    description:
      - The other end, for O(kind=vxcan), which needs one. Its options are those of
        O(virtnet.linux.veth#module:peer).
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
  from_netns:
    description:
      - Take the interface out of this namespace, by name or as an absolute path, if it is not in O(netns) yet.
        V(/proc/self/ns/net) is the namespace that the module runs in.
      - The kernel takes an interface down when it moves, and drops its addresses and routes. They are given back, those
        addresses excepted that O(exclusive_addresses=true) would remove, and the routes that need them. What it was a
        port of stays behind.
      - Needs an interface that exists, so there must be no O(kind).
    type: str
notes:
  - O(state=absent) removes only an interface of the kind given as O(kind). A physical interface is never removed.
  - An interface that was moved keeps its name. The kernel refuses the move when the name is taken where it goes, and
    for kinds that are bound to their namespace.
seealso:
  - name: ip-link(8)
    description: Manual page of the command that does the same.
    link: https://man7.org/linux/man-pages/man8/ip-link.8.html
  - module: virtnet.linux.bridge
  - module: virtnet.linux.ipvlan
  - module: virtnet.linux.macvlan
  - module: virtnet.linux.netns
  - module: virtnet.linux.topology
  - module: virtnet.linux.veth
  - module: virtnet.linux.vxlan
"""

EXAMPLES = r"""
- name: A dummy interface holds a service address
  virtnet.linux.link:
    name: service0
    kind: dummy
    addresses:
      - 192.0.2.80/32
      - 2001:db8::80/128

- name: An intermediate device shapes incoming traffic
  virtnet.linux.link:
    name: ifb0
    netns: lab
    kind: ifb
    txqueuelen: 100

- name: A program will read and write the frames of this interface
  virtnet.linux.link:
    name: vm0
    netns: lab
    kind: tap
    mac: "02:00:00:00:00:64"

- name: A CAN bus of one namespace is that of another
  virtnet.linux.link:
    name: vxcan0
    netns: red
    kind: vxcan
    peer:
      name: vxcan1
      netns: blue

- name: A tunnel to the other office
  virtnet.linux.link:
    name: office0
    netns: lab
    kind: gre
    options:
      local: 192.0.2.1
      remote: 198.51.100.1
      ttl: 64
      key: 7
    addresses:
      - 10.0.0.1/30

- name: The second NIC is given to the namespace, with its address
  virtnet.linux.link:
    name: eth1
    from_netns: /proc/self/ns/net
    netns: lab
    enabled: true
    addresses:
      - 198.51.100.7/24

- name: An interface that exists has no other addresses
  virtnet.linux.link:
    name: eth1
    netns: lab
    addresses:
      - 198.51.100.7/24
    exclusive_addresses: true

- name: The dummy interface is gone
  virtnet.linux.link:
    name: service0
    kind: dummy
    state: absent
"""

RETURN = r"""
commands:
  description: What a person would type to do the same, in order. Also in check mode, and empty when nothing differs.
  type: list
  elements: str
  returned: success
  sample: ["ip link add name service0 up type dummy", "ip address add 192.0.2.80/32 dev service0"]
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
      sample: {"state": "present", "kind": "dummy", "enabled": true, "addresses": ["192.0.2.80/32"]}
link:
  description:
    - The interface as the kernel reports it after the task. Null when there is none.
  type: dict
  returned: success, except in check mode when something would change
  contains:
    name:
      description: Its name.
      type: str
      sample: service0
    netns:
      description: The namespace that it is in, as named in the task. Null for the one that the module runs in.
      type: str
      sample: lab
    kind:
      description: Its kind. Null for a physical interface and for C(lo).
      type: str
      sample: dummy
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
    local:
      description: Address of this end.
      type: str
      returned: for a kind that has it
    remote:
      description: Address of the other end.
      type: str
      returned: for a kind that has it
    ttl:
      description: The ttl of what it sends.
      type: int
      returned: for a kind that has it
    tos:
      description: The type of service of what it sends.
      type: int
      returned: for a kind that has it
    key:
      description: Its key.
      type: int
      returned: for a kind that has it
    id:
      description: The number of the network.
      type: int
      returned: for a kind that has it
    destination_port:
      description: The UDP port of the other end.
      type: int
      returned: for a kind that has it
    pkey:
      description: Its partition.
      type: int
      returned: for a kind that has it
    mode:
      description: Its mode.
      type: str
      returned: for a kind that has it
    parent:
      description: Its lower device.
      type: str
      returned: when O(parent) was given
    parent_netns:
      description: The namespace of its lower device, as named in the task.
      type: str
      returned: when O(parent) was given
    peer:
      description: The other end, as the kernel reports it.
      type: dict
      returned: when O(peer) was given
"""

from ansible_collections.virtnet.linux.plugins.module_utils._module import run_kind
from ansible_collections.virtnet.linux.plugins.module_utils._resources.kinds.plain import MODULE


def main() -> None:
    """Run the module."""
    run_kind(MODULE)


if __name__ == "__main__":
    main()
