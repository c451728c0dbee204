#!/usr/bin/python
# SPDX-FileCopyrightText: The virtnet.linux authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Manage entries of the neighbour table."""

from __future__ import annotations

DOCUMENTATION = r"""
module: neighbor
short_description: Manage entries of the neighbour table
version_added: 0.1.0
description:
  - Adds, changes and removes entries of the neighbour table (ARP for IPv4, neighbour discovery for IPv6), as C(ip
    neigh) does.
  - Makes an interface answer for an address by proxy.
author:
  - The virtnet.linux authors (@virtnet)
extends_documentation_fragment:
  - virtnet.linux.attributes
  - virtnet.linux.requirements
  - virtnet.linux.netns
  - virtnet.linux.state
options:
  interface:
    description:
      - Name of the interface that the neighbour is behind, or that answers for it.
    type: str
    required: true
  address:
    description:
      - The IPv4 or IPv6 address of the neighbour, without a prefix length.
    type: str
    required: true
  mac:
    description:
      - The MAC address of the neighbour, in any case and notation. Required for O(state=present), unless O(proxy=true),
        where there is none.
    type: str
  nud:
    description:
      - How much the kernel believes in the entry. V(permanent) is never checked and never forgotten. V(noarp) is never
        checked, but forgotten with time. V(reachable) is believed until its time is over, V(stale) is checked when it
        is used.
      - The kernel itself moves entries from V(reachable) to V(stale) and on, so that with these two a later run finds a
        difference.
    type: str
    choices: [permanent, noarp, reachable, stale]
    default: permanent
  proxy:
    description:
      - Whether the interface answers requests for O(address) with its own MAC address, in place of a neighbour
        elsewhere.
      - For IPv6 the kernel parameter C(net.ipv6.conf.IFACE.proxy_ndp) must be on as well. IPv4 needs no other one than
        C(net.ipv4.conf.IFACE.forwarding), and a route to the address by another interface.
    type: bool
    default: false
notes:
  - Permanent entries are lost when their interface goes down.
seealso:
  - name: ip-neighbour(8)
    description: Manual page of the command that does the same.
    link: https://man7.org/linux/man-pages/man8/ip-neighbour.8.html
  - module: virtnet.linux.link
  - module: virtnet.linux.route
  - module: virtnet.linux.sysctl
  - module: virtnet.linux.topology
"""

EXAMPLES = r"""
- name: The router's MAC address is known and can not be forged
  virtnet.linux.neighbor:
    netns: red
    interface: eth0
    address: 192.0.2.1
    mac: 02:00:00:00:00:01

- name: The router answers for a host elsewhere
  virtnet.linux.neighbor:
    netns: router
    interface: lan
    address: 192.0.2.99
    proxy: true

- name: The entry is gone
  virtnet.linux.neighbor:
    netns: red
    interface: eth0
    address: 192.0.2.1
    state: absent
"""

RETURN = r"""
commands:
  description: What a person would type to do the same, in order. Also in check mode, and empty when nothing differs.
  type: list
  elements: str
  returned: success
  sample: ["ip -n red neigh replace 192.0.2.1 lladdr 02:00:00:00:00:01 dev eth0 nud permanent"]
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
      sample: {"state": "present", "address": "192.0.2.1", "mac": "02:00:00:00:00:01", "nud": "permanent"}
neighbor:
  description:
    - The entry as the kernel reports it after the task. Null when there is none.
  type: dict
  returned: success, except in check mode when something would change
  contains:
    netns:
      description: The namespace that it is in, as named in the task. Null for the one that the module runs in.
      type: str
      sample: red
    interface:
      description: Its interface.
      type: str
      sample: eth0
    address:
      description: The neighbour's address.
      type: str
      sample: 192.0.2.1
    mac:
      description: The neighbour's MAC address. Null when it is by proxy.
      type: str
      sample: "02:00:00:00:00:01"
    nud:
      description: How much the kernel believes in it, also what can not be asked for, such as V(failed). Null when it
        is by proxy.
      type: str
      sample: permanent
    proxy:
      description: Whether the interface answers for the address.
      type: bool
      sample: false
"""

from ansible_collections.virtnet.linux.plugins.module_utils._module import run_kind
from ansible_collections.virtnet.linux.plugins.module_utils._resources.neighbor import NEIGHBOR


def main() -> None:
    """Run the module."""
    run_kind(NEIGHBOR)


if __name__ == "__main__":
    main()
