# SPDX-FileCopyrightText: The virtnet.linux authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes a link a port of something, or of nothing, and gives it back what that costs it.

The kernel takes a port of a VRF down and up when it joins or leaves, so that its subnets change the table
(cycle_netdev()), and takes all its IPv6 addresses (addrconf_notify(), NETDEV_CHANGEUPPER). So go addresses, routes and
permanent neighbours that nobody asked to remove.
"""

from __future__ import annotations

import dataclasses
import typing as t

from .._values.operation import Change
from .._values.state import CYCLING, IFA_F_NODAD, IFF_UP, Address, Link, Neighbor, Route
from .._values.world import World
from . import address, link_requests, neighbor, port_vlans, route
from .link_requests import Values
from .resource import Plan

RTPROT_KERNEL = 2


def plan_master(
    world: World,
    netns: str | None,
    link: Link,
    master: str,
    values: Values = (),
    keep: t.Collection[str] | None = None,
) -> Plan:
    """Make a link a port.

    :param master: of what; empty: of nothing.
    :param values: settings that are changed in the same request.
    :param keep: the addresses that are still wanted; None: all.
    """
    change = link_requests.change(netns, link, values, master)
    vlans = port_vlans.joining(world, netns, link.name, master)
    change = dataclasses.replace(change, changes=(*change.changes, *vlans))
    names = [name for name in (master, link.master) if name]
    found = [world.link(netns, name) for name in names]
    if not any(one is not None and one.kind in CYCLING for one in found):
        yield change
        return
    addresses = [one for one in _addresses(world, netns, link) if keep is None or one.address in keep]
    routes, neighbors = _routes(world, netns, link), _neighbors(world, netns, link)
    down = dataclasses.replace(link, flags=link.flags & ~IFF_UP)
    gone = [Change(netns, "address", (one.interface, one.address), None) for one in _addresses(world, netns, link)]
    yield dataclasses.replace(change, changes=(*gone, Change(netns, "link", link.name, down), *change.changes))
    for one in addresses:
        yield address.add(netns, link.name, one.address, not one.flags & IFA_F_NODAD)
    after = world.link(netns, link.name)
    if after is None or not after.enabled:
        return
    for way in routes:
        yield route.put(netns, way, replace=False)
    for entry in neighbors:
        yield neighbor.put(netns, entry)


def _addresses(world: World, netns: str | None, link: Link) -> list[Address]:
    """Its IPv6 addresses that the kernel doesn't give it by itself."""
    there = address.present(world, netns, link.name).values()
    return [one for one in there if ":" in one.address and not address.is_link_local(one.address)]


def _routes(world: World, netns: str | None, link: Link) -> list[Route]:
    if not link.enabled:
        return []
    return [
        way
        for way in world.section(netns, "route").values()
        if way.protocol != RTPROT_KERNEL and {hop.interface for hop in way.nexthops} == {link.name}
    ]


def _neighbors(world: World, netns: str | None, link: Link) -> list[Neighbor]:
    entries = world.section(netns, "neighbor").values() if link.enabled else ()
    return [entry for entry in entries if entry.interface == link.name and neighbor.is_static(entry)]
