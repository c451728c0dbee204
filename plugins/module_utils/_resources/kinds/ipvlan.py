# SPDX-FileCopyrightText: The virtnet.linux authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ipvlan and ipvtap interfaces.

Mode and flag belong to the parent (struct ipvl_port): a new child without a mode makes it l3 for all
(ipvlan_link_new()), and a change of one child changes all.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ..._values.errors import VirtnetError
from ..._values.operation import Change, Operation
from ..._values.state import IFF_NOARP, Link, Reference
from ..._values.world import World
from .. import link_requests
from ..link import LinkResource, link_module, parse_link
from ..link_requests import Values
from ..link_tables import LinkKind
from ..option import Codec, Option
from ..resource import Options, Plan, in_namespace

MODES = ("l2", "l3", "l3s")  # enum ipvlan_mode
FLAGS = ("bridge", "private", "vepa")  # 0, IPVLAN_F_PRIVATE, IPVLAN_F_VEPA


def _numbered(names: tuple[str, ...]) -> Codec:
    return Codec(names.index, lambda found: names[found] if found < len(names) else None, str)


MODE = Option("mode", "str", "IFLA_IPVLAN_MODE", "mode", _numbered(MODES), choices=MODES, default="l3")
# iproute2 has the flag's name alone, without a word before it.
FLAG = Option("flag", "str", "IFLA_IPVLAN_FLAGS", "", _numbered(FLAGS), choices=FLAGS, default="bridge")

# ipvlan_open() sets or clears NOARP after the mode, so that it is given once the interface is up.
TABLE = LinkKind("ipvlan", (MODE, FLAG), parent="required", later=("arp",))
TAP_TABLE = dataclasses.replace(TABLE, name="ipvtap", made_by=("ipvlan", {"tap": True}))
_KINDS = (TABLE.name, TAP_TABLE.name)


@dataclasses.dataclass(frozen=True)
class IpvlanResource(LinkResource):
    """A child that shares mode and flag with the other children of its parent."""

    def plan(self, world: World) -> Plan:
        """As for any link, with mode and flag as they are, or will be, for all children of the parent."""
        if self.absent or self.parent is None:
            yield from super().plan(world)
            return
        world.require(self.netns)
        world.require(self.parent.netns)
        link = world.link(*self.settings.at)
        siblings = self._siblings(world, self.parent)
        if link is not None and not self._reason_to_recreate(world, link):
            changed = [(row, value) for row, value in self.data if row.differs(link, value)]
            if changed:
                yield self._change_of_all(world, link, siblings)
            yield from super().plan(world)
            return
        for at, sibling in siblings[:1]:
            self._see_that_it_fits(at, sibling)
        yield from LinkResource.plan(self._as_siblings(siblings), world)

    def _siblings(self, world: World, parent: Reference) -> list[tuple[Reference, Link]]:
        """The other children of the parent, which may be in any namespace."""
        found: list[tuple[Reference, Link]] = []
        for space in dict.fromkeys([self.netns, parent.netns, None, *world.names()]):
            for at, link in _children(world, space, parent):
                itself = at.name == self.settings.at.name and world.same(space, self.netns)
                if not itself and not any(at.name == one.name and world.same(space, one.netns) for one, _link in found):
                    found.append((at, link))
        return found

    def _see_that_it_fits(self, at: Reference, sibling: Link) -> None:
        for row, value in self.data:
            if row.differs(sibling, value):
                raise VirtnetError(
                    f"{row.name}: {value!r} is not that of {at.name!r}{in_namespace(at.netns)}, which has "
                    f"{row.read(sibling)!r}; all children of {self.parent and self.parent.name!r} share one {row.name}"
                )

    def _as_siblings(self, siblings: t.Sequence[tuple[Reference, Link]]) -> IpvlanResource:
        """With the mode and the flag that are there: the kernel would take its own for all."""
        if not siblings:
            return self
        return dataclasses.replace(self, data=_completed(self.data, siblings[0][1]))

    def _change_of_all(self, world: World, link: Link, siblings: t.Sequence[tuple[Reference, Link]]) -> Operation:
        """Change mode and flag, which iproute2 takes for `bridge` when it is not told."""
        data = _completed(self.data, link)
        operation = link_requests.change(self.netns, link, data)
        changes = [
            Change(at.netns, "link", at.name, _changed(child, data))
            for at, child in [(self.settings.at, link), *siblings]
        ]
        return dataclasses.replace(operation, changes=tuple(changes))


def _children(world: World, space: str | None, parent: Reference) -> list[tuple[Reference, Link]]:
    try:
        links = world.links(space)
    except VirtnetError:  # somebody else's namespace may go at any moment
        return []
    return [
        (Reference(space, name), link)
        for name, link in links.items()
        if link.kind in _KINDS and world.is_lower(space, link, parent)
    ]


def _completed(data: Values, link: Link) -> Values:
    given = {row.name for row, _value in data}
    return [*data, *((row, row.read(link)) for row in (MODE, FLAG) if row.name not in given and row.read(link))]


def _changed(link: Link, data: Values) -> Link:
    """As ipvlan_set_port_mode() leaves a child."""
    was = MODE.read(link)
    for row, value in data:
        link = row.set_in(link, value)
    if MODE.read(link) == was:
        return link
    flags = link.flags & ~IFF_NOARP if MODE.read(link) == "l2" else link.flags | IFF_NOARP
    return dataclasses.replace(link, flags=flags)


def _parse_ipvlan(options: Options) -> LinkResource:
    table = TAP_TABLE if options.get("tap") else TABLE
    if options.get("mac") is not None:
        raise VirtnetError(f"mac: {table.name} {options['name']!r} has the MAC address of its parent and no other")
    plain = parse_link(table, options)
    return IpvlanResource(**{field.name: getattr(plain, field.name) for field in dataclasses.fields(plain)})


MODULE = link_module(TABLE, _parse_ipvlan, {"tap": {"type": "bool", "default": False}})
