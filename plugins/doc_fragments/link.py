# SPDX-FileCopyrightText: The virtnet.linux authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What all modules for interfaces share."""

from __future__ import annotations


class ModuleDocFragment:
    """Options that every interface has."""

    DOCUMENTATION = r"""
options:
  name:
    description:
      - Name of the interface, 1 to 15 bytes without white space, C(/), C(:) and C(%), no leading C(-), and neither
        V(all) nor V(default), which mean others to the kernel.
    type: str
    required: true
  enabled:
    description:
      - Whether the interface is administratively up, as C(ip link set up) and C(down) have it.
      - If it is not given, a new interface is brought up, and one that exists is left as it is.
      - Taking an interface down loses its routes, its IPv6 addresses and its permanent neighbours. The task gives back
        those addresses that it asks for itself.
    type: bool
  mac:
    description:
      - The MAC address, in upper or lower case, with colons, hyphens, dots or nothing between the digits. It must be a
        unicast address.
      - If it is not given, a new interface gets one from the kernel, at random for most kinds.
    type: str
  mtu:
    description:
      - The largest packet that the interface sends, in bytes, from 68 to 65536. The kernel may allow less for the
        kind. IPv6 needs at least 1280.
    type: int
  txqueuelen:
    description:
      - Length of the transmit queue in packets, from 0 to 2147483647.
    type: int
  alias:
    description:
      - A text for people, which C(ip link show) prints below the interface, at most 254 bytes. An empty string removes
        it.
    type: str
  arp:
    description:
      - Whether the interface asks for and answers with MAC addresses, by ARP.
    type: bool
  promisc:
    description:
      - Whether the interface takes frames that are for others, as C(ip link set promisc on) has it. That a program such
        as tcpdump needs it at the moment does not count.
    type: bool
  addresses:
    description:
      - IPv4 and IPv6 addresses that must be there, each with its prefix length, as in V(192.0.2.1/24) or
        V(2001:db8::1/64).
      - Others are left alone, unless O(exclusive_addresses=true).
    type: list
    elements: str
  exclusive_addresses:
    description:
      - Whether all addresses that are not in O(addresses) are removed. Link-local IPv6 addresses (C(fe80::/64)) stay.
      - An IPv4 address that the kernel drops with another one of the same subnet comes back if it is wanted.
    type: bool
    default: false
  dad:
    description:
      - Whether a new IPv6 address must pass duplicate address detection, which holds it back for one or two seconds.
        V(false) adds it with C(nodad).
      - It only counts when an address is added.
    type: bool
    default: true
  master:
    description:
      - The bridge, bond, team or VRF that the interface is a port of, in the same namespace. An empty string makes it a
        port of none.
      - If it is not given, the interface stays what it is.
    type: str
  recreate:
    description:
      - Whether an interface may be removed and made anew, where what is asked for can't be changed on one that exists.
        That is another kind, parent or peer, and the options that say so.
      - If V(false), such a difference is an error, and nothing is changed. An interface that is made anew loses what
        was not asked for, such as addresses and routes through it.
    type: bool
    default: false
"""
