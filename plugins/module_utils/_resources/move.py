# SPDX-FileCopyrightText: The virtnet.linux authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Moves an interface to another namespace, and gives it back what it loses on the way.

The kernel takes an interface down when it moves, and drops its addresses and routes.
"""

from __future__ import annotations

import ipaddress
import typing as t

from .._values.state import IFA_F_NODAD, NextHop, Reference
from .._values.world import World
from . import address, link_requests, route
from .link_tables import ENABLED
from .resource import Plan

RTPROT_KERNEL = 2


Network = t.Union[ipaddress.IPv4Network, ipaddress.IPv6Network]


def _leads_on(hop: NextHop, reachable: t.Collection[Network]) -> bool:
    """Whether a route still makes sense when only these networks are left on its interface."""
    if hop.gateway is None or hop.flags & route.RTNH_F_ONLINK:
        return True
    gateway = ipaddress.ip_address(hop.gateway)
    return gateway.is_link_local or any(gateway in network for network in reachable)


def plan_move(world: World, there: Reference, netns: str | None, keep: t.Collection[str] | None) -> Plan:
    """Move an interface that exists.

    :param keep: the addresses that are still wanted; None: all.
    """
    link = world.link(*there)
    if link is None:
        return
    addresses = [
        one
        for one in address.present(world, *there).values()
        if not address.is_link_local(one.address) and (keep is None or one.address in keep)
    ]
    reachable = [ipaddress.ip_interface(one.address).network for one in addresses]
    routes = [
        one
        for one in world.section(there.netns, "route").values()
        if one.protocol != RTPROT_KERNEL
        and {hop.interface for hop in one.nexthops} == {there.name}
        and (keep is None or all(_leads_on(hop, reachable) for hop in one.nexthops))
    ]
    yield link_requests.move(there.netns, link, netns)
    arrived = world.link(netns, there.name)
    if arrived is not None and link.enabled:
        yield link_requests.change(netns, arrived, [(ENABLED, True)])
    for one in addresses:
        yield address.add(netns, there.name, one.address, not one.flags & IFA_F_NODAD)
    if not link.enabled:
        return
    for way in routes:
        if (way.family, way.destination, way.table, way.metric) not in world.section(netns, "route"):
            yield route.put(netns, way, replace=False)
