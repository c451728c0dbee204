#!/usr/bin/python
# SPDX-FileCopyrightText: The virtnet.linux authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Manage bridges."""

from __future__ import annotations

DOCUMENTATION = r"""
module: bridge
short_description: Manage bridges
version_added: 0.1.0
description:
  - Makes, sets up and removes bridges, which are switches in the kernel, and says which interfaces are their ports.
  - The settings of a single port are the option C(port) of that interface, in M(virtnet.linux.veth),
    M(virtnet.linux.link) and all other modules for interfaces.
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
  stp:
    description:
      - Whether the bridge takes part in the spanning tree protocol (STP, IEEE 802.1D). The kernel's default is
        V(false).
      - With STP a port forwards nothing until twice the O(forward_delay) has passed since it came up.
    type: bool
  forward_delay:
    description:
      - Seconds that a port spends listening and again learning before it forwards, from 0 to 30, from 2 on while STP is
        on. Fractions are allowed. The kernel's default is 15.
    type: float
  hello_time:
    description:
      - Seconds between two STP messages, from 1 to 10. Fractions are allowed. The kernel's default is 2.
    type: float
  max_age:
    description:
      - Seconds after which an STP message counts no longer, from 6 to 40. Fractions are allowed. The kernel's default
        is 20.
    type: float
  ageing_time:
    description:
      - Seconds after which a MAC address is forgotten that was not seen again, from 0 to 1000000. Fractions are
        allowed. With V(0) the bridge remembers none, so that it floods all frames like a hub. The kernel's default is
        300.
    type: float
  priority:
    description:
      - The bridge's priority in electing the root of the spanning tree, from 0 to 65535. The lowest becomes root. The
        kernel's default is 32768.
    type: int
  vlan_filtering:
    description:
      - Whether the bridge looks at VLAN tags, and lets a port have only those VLANs that it is a member of. The
        kernel's default is V(false).
    type: bool
  default_pvid:
    description:
      - The VLAN of untagged frames on ports that join the bridge, from 0 to 4094, where V(0) is none. The kernel's
        default is 1. It counts when O(vlan_filtering=true).
    type: int
  multicast_snooping:
    description:
      - Whether the bridge listens to IGMP and MLD to learn which ports want which multicast groups. The kernel's
        default is V(true).
    type: bool
  group_forward_mask:
    description:
      - Which frames to 01-80-C2-00-00-0X are forwarded, which a bridge keeps to itself otherwise, as a mask with bit X
        set, from 0 to 65535. V(8) forwards those of 802.1X (EAPOL), V(16384) those of LLDP. The kernel refuses bits 0
        to 2 (STP, pause frames and LACP). Its default is 0.
    type: int
  nf_call_iptables:
    description:
      - Whether IPv4 packets that the bridge forwards pass through the iptables rules, as those do that are routed. It
        needs the kernel module br_netfilter.
      - V(false) does not turn it off where the kernel parameter C(net.bridge.bridge-nf-call-iptables) of the namespace
        is 1, which turns it on for all its bridges.
    type: bool
notes:
  - The kernel keeps the times in ticks, so that what is read back may differ from what was set by a hundredth of a
    second. That does not count as a difference.
  - A bridge without O(mac) takes the MAC address of one of its ports, and changes it when ports come and go.
  - A bridge without O(mtu) takes the least MTU of its ports.
seealso:
  - name: ip-link(8)
    description: Manual page of the command that does the same.
    link: https://man7.org/linux/man-pages/man8/ip-link.8.html
  - name: bridge(8)
    description: Manual page of the command that shows ports and forwarding tables.
    link: https://man7.org/linux/man-pages/man8/bridge.8.html
  - module: virtnet.linux.link
  - module: virtnet.linux.macvlan
  - module: virtnet.linux.topology
  - module: virtnet.linux.veth
  - module: virtnet.linux.vxlan
"""

EXAMPLES = r"""
- name: A bridge with an address
  virtnet.linux.bridge:
    name: br0
    netns: lab
    addresses:
      - 192.0.2.1/24
      - 2001:db8::1/64

- name: A bridge with these two ports and no others
  virtnet.linux.bridge:
    name: br0
    netns: lab
    ports:
      - port1
      - port2
    exclusive_ports: true

- name: Spanning tree, with short delays, and the bridge becomes its root
  virtnet.linux.bridge:
    name: br0
    netns: lab
    stp: true
    forward_delay: 4
    hello_time: 1
    max_age: 6
    priority: 4096

- name: A bridge that behaves like a hub
  virtnet.linux.bridge:
    name: hub
    netns: lab
    ageing_time: 0
    multicast_snooping: false

- name: A switch that keeps VLANs apart, of which no port is a member of any by itself
  virtnet.linux.bridge:
    name: br0
    netns: lab
    vlan_filtering: true
    default_pvid: 0

- name: The bridge is gone, its ports stay
  virtnet.linux.bridge:
    name: br0
    netns: lab
    state: absent
"""

RETURN = r"""
commands:
  description: What a person would type to do the same, in order. Also in check mode, and empty when nothing differs.
  type: list
  elements: str
  returned: success
  sample: ["ip -n lab link add name br0 up type bridge", "ip -n lab link set dev port1 master br0"]
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
      sample: {"state": "present", "kind": "bridge", "enabled": true, "ports": ["port1"]}
bridge:
  description:
    - The bridge as the kernel reports it after the task. Null when there is none.
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
      sample: bridge
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
    stp:
      description: Whether it takes part in the spanning tree protocol.
      type: bool
      sample: false
    forward_delay:
      description: Seconds that a port spends listening and again learning.
      type: float
      sample: 15.0
    hello_time:
      description: Seconds between two STP messages.
      type: float
      sample: 2.0
    max_age:
      description: Seconds after which an STP message counts no longer.
      type: float
      sample: 20.0
    ageing_time:
      description: Seconds after which a MAC address is forgotten.
      type: float
      sample: 300.0
    priority:
      description: Its priority in electing the root of the spanning tree.
      type: int
      sample: 32768
    vlan_filtering:
      description: Whether it looks at VLAN tags.
      type: bool
      sample: false
    default_pvid:
      description: The VLAN of untagged frames on ports that join. Null when the kernel can not filter VLANs.
      type: int
      sample: 1
    multicast_snooping:
      description: Whether it listens to IGMP and MLD.
      type: bool
      sample: true
    group_forward_mask:
      description: Which link-local frames are forwarded, as a mask.
      type: int
      sample: 0
    nf_call_iptables:
      description: Whether it was told to pass what it forwards through iptables. Null without br_netfilter.
      type: bool
      sample: false
    ports:
      description: The names of its ports.
      type: list
      elements: str
      sample: ["port1", "port2"]
"""

from ansible_collections.virtnet.linux.plugins.module_utils._module import run_kind
from ansible_collections.virtnet.linux.plugins.module_utils._resources.kinds.bridge import MODULE


def main() -> None:
    """Run the module."""
    run_kind(MODULE)


if __name__ == "__main__":
    main()
