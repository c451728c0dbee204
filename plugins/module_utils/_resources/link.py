# SPDX-FileCopyrightText: The virtnet.linux authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A link of any kind: made, compared, changed in place or made anew, removed."""

from __future__ import annotations

import dataclasses
import typing as t

from .._values.errors import InvalidOption, VirtnetError
from .._values.operation import Operation
from .._values.state import CYCLING, Link, Reference
from .._values.world import World
from . import checks, link_requests, port_vlans
from .enslaving import plan_master
from .former import completed, dropped, within
from .link_requests import PeerEnd, Values
from .link_settings import GENERAL_SPEC, PEER_SPEC, Settings, report_link, values_of
from .link_tables import LinkKind
from .move import plan_move
from .resource import STATE_SPEC, Kind, Options, Plan, in_namespace


class Extra(t.Protocol):
    """What a kind has besides its settings, such as the forwarding table of a VXLAN."""

    def plan(self, at: Reference, world: World) -> Plan:
        """The operations that close its gap, after those of the link itself."""

    def view(self, at: Reference, world: World) -> dict[str, t.Any]:
        """What is asked, as the world has it."""

    def report(self, at: Reference, world: World) -> dict[str, t.Any]:
        """What there is."""


@dataclasses.dataclass(frozen=True)
class LinkResource:
    """A link that a user named.

    :param kind: its kind; None for an interface that exists already, such as a NIC.
    :param data: the values of its kind that the user gave.
    :param peer: the settings of its other end, for kinds that come in pairs.
    :param ports: links that must be ports of it; with `exclusive_ports` no others.
    :param extra: what its kind has besides its settings.
    """

    settings: Settings
    kind: LinkKind | None
    data: Values = ()
    parent: Reference | None = None
    peer: Settings | None = None
    from_netns: str | None = None
    moves: bool = False
    ports: tuple[str, ...] | None = None
    exclusive_ports: bool = False
    dropped_ports: tuple[str, ...] = ()
    recreate: bool = False
    absent: bool = False
    extra: Extra | None = None

    @property
    def netns(self) -> str | None:
        """The namespace that it lives in."""
        return self.settings.at.netns

    @property
    def identity(self) -> tuple[t.Hashable, ...]:
        """A link is known by its name in its namespace."""
        return ("link", *self.settings.at)

    def plan(self, world: World) -> Plan:
        """Make the link or remove it, or change what differs."""
        if self.absent:
            yield from self._plan_absence(world)
            return
        for place in (self.settings, self.parent and Settings(self.parent, ()), self.peer):
            if place is not None:
                world.require(place.at.netns)
        link = yield from self._plan_move(world)
        if link is not None:
            reason = self._reason_to_recreate(world, link)
            if reason and not self.recreate:
                raise VirtnetError(f"{reason}; it would have to be made anew, which needs recreate: true")
            if reason:
                yield from self._plan_removal(world, link)
                link = None
        if link is None:
            yield from self._plan_room_for_peer(world)
            yield self._creation(world)
        data = [(row, value) for row, value in self.data if not row.must_recreate(self.settings.link(world), value)]
        yield from self.settings.plan(world, new=link is None, data=data)
        if self.peer is not None:
            yield from self.peer.plan(world, new=link is None)
        yield from self._plan_ports(world)
        if self.extra is not None:
            yield from self.extra.plan(self.settings.at, world)

    def _plan_absence(self, world: World) -> Plan:
        if not world.exists(self.netns):
            return
        link = world.link(*self.settings.at)
        if link is None:
            return
        if self.kind is None or link.kind != self.kind.name:
            found = f"a {link.kind} device" if link.kind else "a physical interface"
            raise VirtnetError(f"{link.name!r}{in_namespace(self.netns)} is {found}: it is not removed")
        yield from self._plan_removal(world, link)

    def _plan_removal(self, world: World, link: Link) -> Plan:
        if link.kind in CYCLING:  # they would lose what they are given back when they leave it before
            for port in [one for one in world.links(self.netns).values() if one.master == link.name]:
                yield from plan_master(world, self.netns, port, "")
        yield link_requests.remove(self.netns, link)

    def _plan_move(self, world: World) -> t.Generator[Operation, None, Link | None]:
        at = self.settings.at
        if world.link(*at) is None and self.moves:
            world.require(self.from_netns)
            there = Reference(self.from_netns, at.name)
            if world.require_link(*there) is None:
                raise VirtnetError(
                    f"there is no interface {at.name!r}{in_namespace(self.netns)}"
                    f" nor{in_namespace(self.from_netns) or ' in the namespace of the task'}"
                )
            keep = self.settings.addresses if self.settings.exclusive_addresses else None
            yield from plan_move(world, there, self.netns, keep)
        return world.link(*at) if self.kind is not None else world.require_link(*at)

    def _reason_to_recreate(self, world: World, link: Link) -> str | None:
        who = f"{link.name!r}{in_namespace(self.netns)}"
        if self.kind is None:
            return None
        if link.kind != self.kind.name:
            return f"{who} is of kind {link.kind or 'physical'!r}, not {self.kind.name!r}"
        for row, value in self.data:
            if row.must_recreate(link, value):
                return f"{row.name}: {who} has {row.read(link)!r}, not {value!r}"
        if self.parent is not None and not self._stands_on(world, link, self.parent):
            return f"parent: {who} does not stand on {self.parent.name!r}{in_namespace(self.parent.netns)}"
        if self.peer is not None and not world.is_lower(self.netns, link, self.peer.at):
            return f"peer: the other end of {who} is not {self.peer.at.name!r}{in_namespace(self.peer.at.netns)}"
        return None

    def _stands_on(self, world: World, link: Link, parent: Reference) -> bool:
        if self.kind is None or self.kind.parent_attribute == "IFLA_LINK":
            return world.is_lower(self.netns, link, parent)
        lower = world.link(*parent)
        if link.lower is not None:
            return link.lower == parent
        return lower is not None and link.data.get(self.kind.parent_attribute) == lower.index

    def _plan_room_for_peer(self, world: World) -> Plan:
        far = world.link(*self.peer.at) if self.peer is not None else None
        if self.peer is None or far is None:
            return
        if not self.recreate or far.kind != (self.kind.name if self.kind is not None else ""):
            who = f"{far.name!r}{in_namespace(self.peer.at.netns)}"
            raise VirtnetError(f"peer: there is an interface {who} already, which is not the other end of a new pair")
        yield link_requests.remove(self.peer.at.netns, far)

    def _creation(self, world: World) -> Operation:
        at = self.settings.at
        if self.kind is None:
            raise VirtnetError(f"there is no interface {at.name!r}{in_namespace(at.netns)}; give its kind to make it")
        if self.parent is not None and world.require_link(*self.parent) is None:
            raise VirtnetError(f"parent: there is no interface {self.parent.name!r}{in_namespace(self.parent.netns)}")
        given = {row.name for row, value in self.data}
        defaults = [
            (row, row.creation) for row in self.kind.options if row.creation is not None and row.name not in given
        ]
        peer = None
        if self.peer is not None:
            peer = PeerEnd(self.peer.at, self.peer.at_creation(enabled=False))
        master = self.settings.master or None
        if master and world.require_link(at.netns, master) is None:
            raise VirtnetError(f"master: there is no interface {master!r}{in_namespace(at.netns)}")
        general = [
            (row, value) for row, value in self.settings.at_creation(enabled=True) if row.name not in self.kind.later
        ]
        values = [*general, *self.data, *defaults]
        made = link_requests.make(at, self.kind, values, master, self.parent, peer)
        return dataclasses.replace(made, changes=(*made.changes, *port_vlans.joining(world, at.netns, at.name, master)))

    def _plan_ports(self, world: World) -> Plan:
        name, wanted = self.settings.at.name, self.ports or ()
        for port in wanted:
            link = world.require_link(self.netns, port)
            if link is None:
                raise VirtnetError(f"ports: there is no interface {port!r}{in_namespace(self.netns)}")
            if link.master != name:
                yield from plan_master(world, self.netns, link, name)
        if not self.exclusive_ports and not self.dropped_ports:
            return
        for link in list(world.links(self.netns).values()):
            unwanted = link.name in self.dropped_ports or (self.exclusive_ports and link.name not in wanted)
            if link.master == name and unwanted:
                yield from plan_master(world, self.netns, link, "")

    def view(self, world: World) -> dict[str, t.Any]:
        """What is asked, as the world has it."""
        if not world.exists(self.netns):
            return {"state": "absent"}
        link = world.link(*self.settings.at)
        if link is None or self.absent:
            return {"state": "absent" if link is None else "present"}
        seen = self.settings.view(world)
        seen.update({row.name: row.read(link) for row, _value in self.data})
        if self.kind is not None:
            seen["kind"] = link.kind or "physical"
        if self.parent is not None and world.exists(self.parent.netns):
            seen["parent"] = self.parent.name if self._stands_on(world, link, self.parent) else None
        if self.peer is not None and world.exists(self.peer.at.netns):
            joined = world.is_lower(self.netns, link, self.peer.at)
            where = {"name": self.peer.at.name, "netns": self.peer.at.netns}
            seen["peer"] = {**where, **(self.peer.view(world) if joined else {"state": "absent"})}
        if self.ports is not None:
            seen["ports"] = self._ports_seen(world)
        if self.extra is not None:
            seen.update(self.extra.view(self.settings.at, world))
        return seen

    def _ports_seen(self, world: World) -> list[str]:
        there = [link.name for link in world.links(self.netns).values() if link.master == self.settings.at.name]
        return sorted(name for name in there if self.exclusive_ports or name in (self.ports or ()))

    def report(self, world: World) -> dict[str, t.Any] | None:
        """The link as the kernel reports it, with the options of its kind."""
        if not world.exists(self.netns):
            return None
        found = report_link(world, self.settings.at)
        if found is None:
            return None
        link = self.settings.link(world)
        if self.kind is not None:
            found.update({row.name: row.read(link) for row in self.kind.options})
            if self.kind.ports:
                found["ports"] = sorted(x.name for x in world.links(self.netns).values() if x.master == link.name)
        if self.extra is not None:
            found.update(self.extra.report(self.settings.at, world))
        if self.parent is not None:
            found["parent"], found["parent_netns"] = self.parent.name, self.parent.netns
        if self.peer is not None:
            found["peer"] = report_link(world, self.peer.at) if world.exists(self.peer.at.netns) else None
        return found


RECREATE_SPEC: dict[str, t.Any] = {"recreate": {"type": "bool", "default": False}}
PARENT_SPEC: dict[str, t.Any] = {"parent": {"type": "str"}, "parent_netns": {"type": "str"}}
PORTS_SPEC: dict[str, t.Any] = {
    "ports": {"type": "list", "elements": "str"},
    "exclusive_ports": {"type": "bool", "default": False},
}
PEER_OPTION: dict[str, t.Any] = {"peer": {"type": "dict", "options": PEER_SPEC}}


def link_spec(kind: LinkKind | None) -> dict[str, t.Any]:
    """The argument spec of a module for one kind of link, from its table."""
    spec: dict[str, t.Any] = {"name": {"type": "str", "required": True}, **GENERAL_SPEC, **STATE_SPEC, **RECREATE_SPEC}
    if kind is None:
        return spec
    for row in kind.options:
        spec[row.name] = row.spec()
        if row.type == "list":
            spec[row.name]["elements"] = "str"
    if kind.parent:
        spec.update(PARENT_SPEC)
    if kind.peer:
        spec.update(PEER_OPTION)
    if kind.ports:
        spec.update(PORTS_SPEC)
    return spec


def parse_link(kind: LinkKind | None, options: Options, extra: Extra | None = None) -> LinkResource:
    """A link from validated options."""
    netns = checks.namespace("netns", options.get("netns"))
    settings = Settings.parse(options, netns)
    absent = options["state"] == "absent"
    parent, peer = options.get("parent"), options.get("peer")
    if kind is not None and kind.parent == "required" and not parent and not absent:
        raise VirtnetError(f"parent: {kind.name} {settings.at.name!r} needs a parent")
    parent_netns = options.get("parent_netns")
    if parent_netns is not None and not parent:
        raise VirtnetError("parent_netns: needs a parent")
    if kind is not None and kind.peer and peer is None and not absent:
        raise VirtnetError(f"peer: {kind.name} {settings.at.name!r} needs a peer")
    ports = options.get("ports")

    def port_name(port: str) -> str:
        return checks.interface("ports", port)

    if ports is not None and len(set(ports)) != len(ports):
        raise InvalidOption("ports", ports, "has a port twice")
    if kind is not None and settings.at.name in (ports or ()):
        raise InvalidOption("ports", settings.at.name, f"is the {kind.name} itself")
    if options.get("exclusive_ports") and ports is None:
        raise InvalidOption("exclusive_ports", True, "needs a list of ports")
    return LinkResource(
        settings=settings,
        kind=kind,
        data=values_of(kind.options, completed(options, kind.options)) if kind is not None else (),
        parent=Reference(
            checks.namespace("parent_netns", parent_netns) if parent_netns is not None else netns,
            checks.interface("parent", parent),
        )
        if parent
        else None,
        peer=_parse_peer(within(options, "peer"), settings.at) if peer else None,
        from_netns=checks.namespace("from_netns", options.get("from_netns")),
        moves=options.get("from_netns") is not None,
        ports=tuple(map(port_name, ports)) if ports is not None else None,
        dropped_ports=dropped(options, "ports", port_name),
        exclusive_ports=bool(options.get("exclusive_ports")),
        recreate=options["recreate"],
        absent=absent,
        extra=extra,
    )


def _parse_peer(options: Options, near: Reference) -> Settings:
    given = options.get("netns")
    netns = near.netns if given is None else checks.namespace("peer.netns", given)
    peer = Settings.parse(options, netns, "peer.")
    if peer.at == near:
        raise InvalidOption("peer.name", peer.at.name, "is the interface itself, the other end needs another name")
    return peer


LINK_IDENTITY = ("name", "netns")
LINK_NAMESPACES = ("netns", "parent_netns", "from_netns", "peer.netns")


def link_module(
    kind: LinkKind, parse: t.Callable[[Options], LinkResource] | None = None, more: Options | None = None
) -> Kind:
    """The module for one kind of link.

    :param parse: where the kind checks more than its table does.
    :param more: options that are not settings of the link itself.
    """
    return Kind(
        kind.name,
        {**link_spec(kind), **(more or {})},
        parse or (lambda options: parse_link(kind, options)),
        LINK_IDENTITY + (("parent", "parent_netns") if kind.parent else ()) + (("peer",) if kind.peer else ()),
        LINK_NAMESPACES,
    )
