# SPDX-FileCopyrightText: The virtnet.linux authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings of an interface as a port of a bridge."""

from __future__ import annotations


class ModuleDocFragment:
    """The option port."""

    DOCUMENTATION = r"""
options:
  port:
    description:
      - The interface's settings as a port of a bridge. They need O(master), or an interface that is a port already.
      - The kernel gives every port that joins a bridge the defaults that are named here.
    type: dict
    suboptions:
      hairpin:
        description:
          - Whether a frame may leave by the port that it came in by. The kernel's default is V(false).
        type: bool
      isolated:
        description:
          - Whether the port is kept apart from all other isolated ports of the bridge. It speaks with those that are
            not isolated. The kernel's default is V(false).
        type: bool
      learning:
        description:
          - Whether the bridge learns from this port which MAC addresses are behind it. The kernel's default is V(true).
        type: bool
      flood:
        description:
          - Whether unicast frames for a MAC address that the bridge does not know are sent out of this port. The
            kernel's default is V(true).
        type: bool
      multicast_flood:
        description:
          - Whether multicast frames for a group that the bridge does not know are sent out of this port. The kernel's
            default is V(true).
        type: bool
      cost:
        description:
          - The path cost of the port for STP, from 1 to 65535. The kernel derives it from the speed of the interface,
            for a veth it is 2.
        type: int
      priority:
        description:
          - The priority of the port for STP, from 0 to 63. Lower is preferred. The kernel's default is 32.
        type: int
      guard:
        description:
          - Whether the port is disabled when an STP message comes in by it, as switches do on ports for hosts (BPDU
            guard). The kernel's default is V(false).
        type: bool
      root_block:
        description:
          - Whether the port is kept from becoming the root port of STP. The kernel's default is V(false).
        type: bool
      fast_leave:
        description:
          - Whether a multicast group is left as soon as a leave message comes in, without asking whether somebody else
            on this port wants it. The kernel's default is V(false).
        type: bool
      proxy_arp:
        description:
          - Whether the bridge answers ARP requests for hosts behind this port itself, from its own neighbour table, and
            floods nothing to it. The kernel's default is V(false).
        type: bool
      neigh_suppress:
        description:
          - Whether ARP and neighbour discovery are suppressed on this port where the bridge can answer from its own
            neighbour table, as with VXLAN. The kernel's default is V(false).
        type: bool
      vlans:
        description:
          - The VLANs that the port is a member of, where the bridge has O(virtnet.linux.bridge#module:vlan_filtering).
          - It is the whole list, the port leaves others. That is also the one that the bridge makes it a member of when
            it joins (O(virtnet.linux.bridge#module:default_pvid)).
        type: list
        elements: dict
        suboptions:
          id:
            description:
              - The number of the VLAN from 1 to 4094, or a range of them such as V(10-20).
            type: str
            required: true
          pvid:
            description:
              - Whether untagged frames that come in by the port belong to this VLAN. A port has one such VLAN at most.
            type: bool
            default: false
          untagged:
            description:
              - Whether frames of this VLAN go out of the port without a tag.
            type: bool
            default: false
"""
