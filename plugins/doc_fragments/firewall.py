# SPDX-FileCopyrightText: The virtnet.linux authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which packets a firewall rule is for, and where it is kept."""

from __future__ import annotations


class ModuleDocFragment:
    """Options that rules of NAT and of forwarding share."""

    DOCUMENTATION = r"""
options:
  source:
    description:
      - The network that packets come from, as in V(192.0.2.0/24), or one address. With a leading V(!) it is for packets
        that come from anywhere else.
      - A match that is not given is for all packets. This holds for all others too.
    type: str
  destination:
    description: The network that packets go to, or one address. With a leading V(!) any other.
    type: str
  in_interface:
    description:
      - Name of the interface that packets came in by. With a leading V(!) any other. With a V(+) at the end, any whose
        name begins so.
      - The interface need not be there.
    type: str
  out_interface:
    description: Name of the interface that packets go out by, written as O(in_interface).
    type: str
  protocol:
    description:
      - The protocol, such as V(tcp), V(udp), V(icmp), V(ipv6-icmp) or V(gre), or its number from 1 to 255. With a
        leading V(!) any other.
    type: str
  destination_port:
    description:
      - The port that packets go to, from 1 to 65535, or a range of them as in V(1024-2048). With a leading V(!) any
        other.
      - Needs O(protocol) to be V(tcp), V(udp), V(sctp), V(dccp) or V(udplite).
    type: str
  backend:
    description:
      - Where the rule is kept. V(auto) leaves it where it is, and puts a new one beside others of this collection, or
        else in nftables if the machine has it, or else in iptables.
      - V(iptables) is either flavour of it, that is the one which the namespace uses already, or else the one that
        C(iptables) stands for on the machine. Where the kernel lacks nftables it is C(iptables-legacy).
      - A rule that is in another backend than the one that is asked for is moved.
    type: str
    choices: [auto, nftables, iptables]
    default: auto
requirements:
  - nft (package nftables), or iptables, on the managed host
notes:
  - Rules are kept in nftables in tables called C(virtnet), or in iptables in chains whose names begin with C(VIRTNET-),
    and each has a comment that begins with C(virtnet). No other rule is touched, except that a chain of iptables gets a
    jump to ours. With the last rule the tables, chains and jumps go too.
  - A rule that decided over the first packet of a connection goes on doing so after it has changed, for as long as the
    kernel tracks the connection.
"""
