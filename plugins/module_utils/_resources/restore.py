# SPDX-FileCopyrightText: The virtnet.linux authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plans back to state that was kept: what is missing comes back, what differs is set, what is ours goes."""

from __future__ import annotations

import ipaddress
import typing as t

from .._values.kept import Kept
from .._values.state import IFA_F_NODAD, Address, Link, Reference
from .._values.world import Section, World
from . import address, firewall, forwarding, link_requests, neighbor, netns, port_vlans, route, rule, service, sysctl
from .link_kinds import ALL_KINDS
from .link_tables import GENERAL, PORT
from .option import Option
from .resource import Plan

RTPROT_KERNEL = 2
RT_TABLE_LOCAL = 255


def plan_back(kept: Kept, world: World) -> Plan:
    """The operations that lead from what there is to what was kept."""
    for name, was in kept.namespaces.items():
        if was is None and world.namespace(name) is not None and (None, "namespace", name) in kept.planned:
            yield from netns.NetnsResource(name, absent=True).plan(world)
        elif was is not None and world.namespace(name) is None:
            yield from netns.NetnsResource(name, loopback=False).plan(world)
        now = world.namespace(name)
        if was is not None and now is not None and now.nameservers != was.nameservers:
            yield netns.nameservers(now, was.nameservers)
    for part in (
        _services_gone,
        _links_gone,
        _links,
        _addresses,
        _routes,
        _rules,
        _neighbors,
        _forwarding,
        _port_vlans,
        _firewall,
        _items,
        _services,
    ):
        yield from part(kept, world)


def _spaces(kept: Kept, section: str, world: World) -> t.Iterator[tuple[str | None, dict[t.Hashable, t.Any]]]:
    for (space, kind), values in kept.sections.items():
        if kind == section and world.exists(space):
            yield space, values


def _links_gone(kept: Kept, world: World) -> Plan:
    """Remove the links that the plan made, also those in the place of others that can't be changed back."""
    for space, was in _spaces(kept, "link", world):
        for name in list(world.links(space)):
            link = world.link(space, name)
            if link is None or (space, "link", name) not in kept.planned:
                continue
            if name not in was or _is_another(world, space, link, was[name]):
                home = _home(kept, name, link)
                yield link_requests.move(space, link, home[0]) if home else link_requests.remove(space, link)


def _is_another(world: World, space: str | None, now: Link, was: Link) -> bool:
    if now.kind != was.kind:
        return True
    if was.lower is not None and now.lower_index and not world.is_lower(space, now, was.lower):
        return True
    return any(row.must_recreate(now, row.read(was)) for row in _rows(was) if row.read(was) is not None)


def _home(kept: Kept, name: str, link: Link) -> tuple[str | None] | None:
    """Where a link that can't be made again came from."""
    if link.kind:
        return None
    for (space, kind), values in kept.sections.items():
        if kind == "link" and name in values and not values[name].kind:
            return (space,)
    return None


def _links(kept: Kept, world: World) -> Plan:
    """Make the links that went, then set what differs: masters last, when all are there."""
    for space, was in _spaces(kept, "link", world):
        for name, link in was.items():
            if world.link(space, str(name)) is None and link.kind:
                yield from _made_again(kept, world, space, link)
    for space, was in _spaces(kept, "link", world):
        for name, link in was.items():
            now = world.link(space, str(name))
            if now is None:
                continue
            changed = [(row, row.read(link)) for row in _rows(link) if _to_restore(row, now, link)]
            master = (link.master or "") if link.master != now.master else None
            if changed or master is not None:
                yield link_requests.change(space, now, changed, master)
            now = world.link(space, str(name))
            if now is not None and link.master and link.port:
                port = [(row, row.read(link)) for row in PORT if _to_restore(row, now, link)]
                if port:
                    yield link_requests.change_port(space, now, port)


def _rows(link: Link) -> list[Option]:
    kind = ALL_KINDS.get(link.kind)
    return [*GENERAL, *(kind.options if kind is not None else ())]


def _to_restore(row: Option, now: Link, was: Link) -> bool:
    value = row.read(was)
    if value is None:
        return row.name == "alias" and bool(row.read(now))
    return not row.must_recreate(now, value) and row.differs(now, value)


def _made_again(kept: Kept, world: World, space: str | None, link: Link) -> Plan:
    kind = ALL_KINDS.get(link.kind)
    if kind is None:
        return
    lower = link.lower
    values = [
        (row, row.read(link))
        for row in _rows(link)
        if row.at_creation and row.read(link) not in (None, row.default)  # what a new link has, some kernels refuse
    ]
    peer = None
    if kind.peer:
        if lower is None or world.link(*lower) is not None:
            return
        far = kept.sections.get((lower.netns, "link"), {}).get(lower.name, Link(lower.name, link.kind))
        peer = link_requests.PeerEnd(
            lower, [(row, row.read(far)) for row in GENERAL if row.name in ("mac", "mtu") and row.read(far)]
        )
    elif kind.parent == "required" and lower is None:
        return
    yield link_requests.make(Reference(space, link.name), kind, values, None, lower if kind.parent else None, peer)


def _addresses(kept: Kept, world: World) -> Plan:
    for space, was in _spaces(kept, "address", world):
        now = world.section(space, "address")
        yield from _out_of_order(space, was, now)
        for key, value in was.items():
            link = world.link(space, value.interface)
            if key in now or link is None or (address.is_link_local(value.address) and link.enabled):
                continue  # a link that is up gets its link-local address from the kernel
            yield address.add(space, value.interface, value.address, not value.flags & IFA_F_NODAD)
        for key, value in list(now.items()):
            if key not in was and (space, "address", key) in kept.planned:
                yield address.remove(space, value.interface, value.address)


def _out_of_order(space: str | None, was: Section, now: Section) -> Plan:
    """Remove the IPv4 addresses of subnets whose first one, which the kernel prefers as a source, was another."""
    before = _first_of_subnets(was)
    for subnet, first in _first_of_subnets(now).items():
        if before.get(subnet, first) != first:
            for value in reversed([one for one in now.values() if _subnet(one) == subnet]):
                yield address.remove(space, value.interface, value.address)


def _first_of_subnets(addresses: Section) -> dict[t.Hashable, str]:
    found: dict[t.Hashable, str] = {}
    for value in addresses.values():
        if ":" not in value.address:
            found.setdefault(_subnet(value), value.address)
    return found


def _subnet(value: Address) -> t.Hashable:
    return value.interface, ipaddress.ip_interface(value.address).network


def _routes(kept: Kept, world: World) -> Plan:
    for space, was in _spaces(kept, "route", world):
        now = world.section(space, "route")
        for key, value in was.items():
            if value.protocol == RTPROT_KERNEL or value.table == RT_TABLE_LOCAL:
                continue  # comes back with its address
            there = all(not hop.interface or world.link(space, hop.interface) for hop in value.nexthops)
            if there and route.comparable(now.get(key)) != route.comparable(value):
                yield route.put(space, value, replace=key in now)
        for key, value in list(now.items()):
            if key not in was and (space, "route", key) in kept.planned:
                yield route.take(space, value)


def _rules(kept: Kept, world: World) -> Plan:
    for space, was in _spaces(kept, "rule", world):
        before = {rule.identity_of(value): value for value in was.values()}
        now = {rule.identity_of(value): (key, value) for key, value in world.section(space, "rule").items()}
        planned = {key for place, kind, key in kept.planned if place == space and kind == "rule"}
        ours = {key[:-1] for key in planned if isinstance(key, tuple)}
        for identity, (key, value) in now.items():
            if identity not in before and identity[:-1] in ours:
                yield rule.take(space, key, value)
        for identity, value in before.items():
            if identity not in now:
                yield rule.put(space, value)


def _neighbors(kept: Kept, world: World) -> Plan:
    for space, was in _spaces(kept, "neighbor", world):
        now = world.section(space, "neighbor")
        for key, value in was.items():
            if world.link(space, value.interface) is None:
                continue
            if neighbor.is_static(value) and now.get(key) != value:
                yield neighbor.put(space, value)
        for key, value in list(now.items()):
            if key not in was and (space, "neighbor", key) in kept.planned and neighbor.is_static(value):
                yield neighbor.take(space, value)


def _forwarding(kept: Kept, world: World) -> Plan:
    for space, was in _spaces(kept, "forwarding", world):
        now = world.section(space, "forwarding")
        for key, value in was.items():
            if key not in now and not value.learnt and world.link(space, value.interface) is not None:
                yield forwarding.operation(space, value, True)
        for key, value in list(now.items()):
            if key not in was and (space, "forwarding", key) in kept.planned:
                yield forwarding.operation(space, value, False)


def _port_vlans(kept: Kept, world: World) -> Plan:
    for space, was in _spaces(kept, port_vlans.SECTION, world):
        for name, link in kept.sections.get((space, "link"), {}).items():
            now = world.link(space, str(name))
            if link.master and now is not None and now.master == link.master:
                members = {one.id: (one.pvid, one.untagged) for one in was.values() if one.interface == name}
                yield from port_vlans.plan(world, Reference(space, str(name)), members)


def _firewall(kept: Kept, world: World) -> Plan:
    for space, was in _spaces(kept, "firewall", world):
        planned = {key for place, section, key in kept.planned if place == space and section == "firewall"}
        yield from firewall.plan_back(space, was, planned, world)


def _items(kept: Kept, world: World) -> Plan:
    for (space, section, key), value in kept.items.items():
        if not world.exists(space) or world.item(space, section, key) == value:
            continue
        if section == "sysctl" and value is not None:
            yield sysctl.write(space, str(key), value)


def _services_gone(kept: Kept, world: World) -> Plan:
    for space, was in _spaces(kept, "service", world):
        for name, value in list(world.section(space, "service").items()):
            if was.get(name) != value and (space, "service", name) in kept.planned:
                yield service.stop(space, value)


def _services(kept: Kept, world: World) -> Plan:
    """Last, because a service may need addresses; one that had ended by itself is not started."""
    for space, was in _spaces(kept, "service", world):
        for name, value in was.items():
            if value.running and world.section(space, "service").get(name) != value:
                yield service.start(space, value)


# In their order: what stands on something comes after it.
PARTS = (
    _services_gone,
    _links_gone,
    _links,
    _addresses,
    _routes,
    _rules,
    _neighbors,
    _forwarding,
    _port_vlans,
    _items,
    _services,
)
