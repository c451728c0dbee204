#!/usr/bin/python
# SPDX-FileCopyrightText: The virtnet.linux authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Manage routes."""

from __future__ import annotations

DOCUMENTATION = r"""
module: route
short_description: Manage routes
version_added: 0.1.0
description:
  - Adds, changes and removes IPv4 and IPv6 routes, as C(ip route) does.
  - A route is known by its destination, its table and its metric. Everything else is changed in place, with no moment
    in between in which there is no route.
author:
  - The virtnet.linux authors (@virtnet)
extends_documentation_fragment:
  - virtnet.linux.attributes
  - virtnet.linux.requirements
  - virtnet.linux.netns
  - virtnet.linux.state
options:
  destination:
    description:
      - The network that the route leads to, as in V(192.0.2.0/24) or V(2001:db8::/64), or V(default) for everything. An
        address alone is the network of one host.
      - A network with host bits set, such as V(192.0.2.1/24), is an error.
    type: str
    required: true
  family:
    description:
      - The family of O(destination=default). It is not needed where an address of another option tells it, and is
        V(ipv4) where none does.
    type: str
    choices: [ipv4, ipv6]
  gateway:
    description:
      - The address of the next hop, of the same family as O(destination). It must be reachable directly by an
        interface, unless O(onlink=true).
      - A link-local IPv6 gateway needs O(interface).
      - O(state=present) needs it, or O(interface), or O(nexthops), unless O(type) leads nowhere.
    type: str
  interface:
    description:
      - Name of the interface that packets leave by.
      - If it is not given, the kernel chooses the one by which O(gateway) is reached.
      - The interface must be up.
    type: str
  onlink:
    description:
      - Whether O(gateway) is taken to be on the link of O(interface), even if no address there says so. Needs both.
      - V(false) does not take it from a route that has it already.
    type: bool
    default: false
  nexthops:
    description:
      - Several ways, over which the kernel spreads its traffic. It is the whole list.
      - Excludes O(gateway) and O(interface).
    type: list
    elements: dict
    suboptions:
      gateway:
        description: The address of the next hop.
        type: str
      interface:
        description: Name of the interface that packets leave by. Each next hop needs it, or a O(nexthops[].gateway).
        type: str
      weight:
        description:
          - Its share of the traffic, relative to that of the others, from 1 to 256. The kernel keeps none where there
            is only one next hop.
        type: int
        default: 1
  source:
    description:
      - The source address that packets of this machine get when they take the route and their program chose none. It
        must be an address of the namespace.
    type: str
  table:
    description:
      - The routing table, as a number from 1 to 4294967295, or V(main), V(local) or V(default). Other names are not
        known. What looks into it says M(virtnet.linux.rule).
    type: str
    default: main
  metric:
    description:
      - Among routes to the same destination the one with the lowest metric is taken. From 0 to 4294967295.
      - If it is not given, it is 0 for IPv4, and for IPv6 1024, which is also what V(0) means there. These are the
        kernel's own defaults.
    type: int
  scope:
    description:
      - How far away the destination is. IPv6 knows only V(global), and does not compare it.
      - If it is not given, a new route is given what C(ip route) gives it, which is V(host) for O(type=local), V(link)
        without a gateway, and otherwise V(global).
    type: str
    choices: [global, site, link, host, nowhere]
  type:
    description:
      - What becomes of packets. V(unicast) sends them on. V(local) delivers them to this machine. V(blackhole) drops
        them silently, V(unreachable) and V(prohibit) with an ICMP error. V(throw) goes on with the next rule, as if the
        table had no route.
      - The last four lead nowhere and have neither O(gateway) nor O(interface).
      - If it is not given, a new route is V(unicast).
    type: str
    choices: [unicast, local, blackhole, unreachable, prohibit, throw]
  mtu:
    description:
      - The largest packet in bytes that is sent by the route, from 68 for IPv4 and from 1280 for IPv6 to 65535.
    type: int
  exclusive:
    description:
      - Whether all other routes to the same destination in the same table are removed, that is those with other
        metrics.
    type: bool
    default: false
notes:
  - O(state=absent) needs only what the route is known by. If it has a metric, give it.
  - The kernel removes routes by itself when their interface goes down, and when the source address is removed.
seealso:
  - name: ip-route(8)
    description: Manual page of the command that does the same.
    link: https://man7.org/linux/man-pages/man8/ip-route.8.html
  - module: virtnet.linux.link
  - module: virtnet.linux.neighbor
  - module: virtnet.linux.rule
  - module: virtnet.linux.sysctl
  - module: virtnet.linux.topology
"""

EXAMPLES = r"""
- name: The namespace reaches the rest of the world by its router
  virtnet.linux.route:
    netns: red
    destination: default
    gateway: 192.0.2.1

- name: The same for IPv6, with a link-local gateway
  virtnet.linux.route:
    netns: red
    destination: default
    gateway: fe80::1
    interface: eth0

- name: A subnet is behind another interface, and is asked from this address
  virtnet.linux.route:
    netns: red
    destination: 198.51.100.0/24
    interface: tun0
    source: 192.0.2.11

- name: Two ways out, one of them twice as often
  virtnet.linux.route:
    netns: red
    destination: default
    table: "100"
    nexthops:
      - gateway: 192.0.2.1
        weight: 2
      - gateway: 192.0.2.2

- name: Nobody reaches these addresses, and is told so
  virtnet.linux.route:
    netns: red
    destination: 203.0.113.0/24
    type: unreachable

- name: There is no default route any more
  virtnet.linux.route:
    netns: red
    destination: default
    state: absent
"""

RETURN = r"""
commands:
  description: What a person would type to do the same, in order. Also in check mode, and empty when nothing differs.
  type: list
  elements: str
  returned: success
  sample: ["ip -n red route add default via 192.0.2.1"]
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
      sample: {"state": "present", "destination": "default", "gateway": "192.0.2.1"}
route:
  description:
    - The route as the kernel reports it after the task. Null when there is none.
  type: dict
  returned: success, except in check mode when something would change
  contains:
    netns:
      description: The namespace that it is in, as named in the task. Null for the one that the module runs in.
      type: str
      sample: lab
    destination:
      description: Its destination, as a network or V(default).
      type: str
      sample: default
    family:
      description: Its family.
      type: str
      sample: ipv4
    table:
      description: Its table, by name for the kernel's own three.
      type: str
      sample: main
    metric:
      description: Its metric.
      type: int
      sample: 0
    type:
      description: Its type.
      type: str
      sample: unicast
    scope:
      description: Its scope.
      type: str
      sample: global
    source:
      description: The source address that packets get from it. Null when there is none.
      type: str
    mtu:
      description: The MTU that it sets. Null when it sets none.
      type: int
    gateway:
      description: Its gateway. Null when there is none.
      type: str
      returned: when it has one next hop or none
      sample: 192.0.2.1
    interface:
      description: Its interface. Null when there is none.
      type: str
      returned: when it has one next hop or none
      sample: eth0
    onlink:
      description: Whether the gateway is taken to be on the link.
      type: bool
      returned: when it has one next hop or none
      sample: false
    nexthops:
      description: Its next hops.
      type: list
      elements: dict
      returned: when it has several
      contains:
        gateway:
          description: The gateway. Null when there is none.
          type: str
          sample: 192.0.2.1
        interface:
          description: The interface.
          type: str
          sample: eth0
        weight:
          description: Its share of the traffic, relative to that of the others.
          type: int
          sample: 1
"""

from ansible_collections.virtnet.linux.plugins.module_utils._module import run_kind
from ansible_collections.virtnet.linux.plugins.module_utils._resources.route import ROUTE


def main() -> None:
    """Run the module."""
    run_kind(ROUTE)


if __name__ == "__main__":
    main()
