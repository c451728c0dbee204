# SPDX-FileCopyrightText: The virtnet.linux authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the interfaces of several namespaces hang together: peers, parents and ports, as the kernel has them."""

from __future__ import annotations

import collections
import dataclasses
import itertools
import typing as t

from .._values.state import Link, Reference
from .._values.world import World
from .link_kinds import ALL_KINDS

PEER, PARENT, PORT = "peer", "parent", "port"
Space = t.Optional[str]


@dataclasses.dataclass(frozen=True)
class Edge:
    """A connection: from a child to its parent, from a port to what it is a port of, or between two ends."""

    kind: str
    source: Reference
    target: Reference


class Graph:
    """The interfaces of some namespaces, and what each stands on.

    The kernel names what a link stands on by an index, and the namespace of that by a number which only the
    link's own namespace knows (IFLA_LINK, IFLA_LINK_NETNSID). To ask each namespace for its number of each other
    would be a million questions for 1,000 of them: the likely ones are asked first, and what is known is kept.

    :param spaces: the namespaces that are described.
    :param others: where else the far end of a link may be.
    """

    def __init__(self, world: World, spaces: t.Sequence[Space], others: t.Sequence[Space]) -> None:
        self.world = world
        self.spaces = spaces
        self._described = frozenset(spaces)
        self._elsewhere = [space for space in others if space not in self._described]
        self._names: dict[Space, dict[int, str]] = {}
        self._holders: dict[tuple[Space, int], tuple[Space] | None] = {}
        self._recent: collections.deque[Space] = collections.deque(maxlen=4)
        self._crossing: dict[tuple[int, int], list[Space]] = collections.defaultdict(list)
        self._ports: dict[Reference, list[Link]] = collections.defaultdict(list)
        for at, link in self.links():
            if link.master is not None:
                self._ports[Reference(at.netns, link.master)].append(link)
            if link.lower_nsid is not None:
                self._crossing[(link.index, _lower_index(link))].append(at.netns)

    def has(self, space: Space) -> bool:
        """Whether a namespace is among those that are described."""
        return space in self._described

    def links(self) -> t.Iterator[tuple[Reference, Link]]:
        """All interfaces, by name: their indices differ where the same is made again."""
        for space in self.spaces:
            for name, link in sorted(self.world.links(space).items()):
                yield Reference(space, name), link

    def ports(self, at: Reference) -> t.Sequence[Link]:
        """The ports of a link."""
        return self._ports.get(at, ())

    def lower(self, at: Reference, link: Link) -> Reference | None:
        """The parent or the other end of a link; None: it has none, or it is in a namespace without a name."""
        index = _lower_index(link)
        if not index:
            return None
        holder: tuple[Space] | None = (at.netns,)
        if link.lower_nsid is not None:
            holder = self._holder(at.netns, link.lower_nsid, self._crossing[(index, link.index)])
        if holder is None:
            return None
        name = self._names_of(holder[0]).get(index)
        return Reference(holder[0], name) if name is not None else None

    def edges(self) -> t.Iterator[Edge]:
        """All connections; of a pair, one."""
        paired: set[Reference] = set()
        for at, link in self.links():
            if link.master is not None:
                yield Edge(PORT, at, Reference(at.netns, link.master))
            lower = self.lower(at, link)
            if lower is None or at in paired:
                continue
            if is_pair(link):
                paired.add(lower)
                yield Edge(PEER, at, lower)
            else:
                yield Edge(PARENT, at, lower)

    def _names_of(self, space: Space) -> dict[int, str]:
        if space not in self._names:
            self._names[space] = {link.index: link.name for link in self.world.links(space).values()}
        return self._names[space]

    def _holder(self, space: Space, number: int, likely: t.Iterable[Space]) -> tuple[Space] | None:
        """The namespace that another knows by a number."""
        place = (space, number)
        if place not in self._holders:
            candidates = itertools.chain([*self._recent], likely, self.spaces, self._elsewhere)
            found = next((one for one in candidates if self.world.nsid(space, one) == number), _NOWHERE)
            self._holders[place] = None if found is _NOWHERE else (t.cast(Space, found),)
            if found is not _NOWHERE and found not in self._recent:
                self._recent.append(t.cast(Space, found))
        return self._holders[place]


_NOWHERE = object()


def is_pair(link: Link) -> bool:
    """Whether what a link stands on is its other end."""
    kind = ALL_KINDS.get(link.kind)
    return kind is not None and bool(kind.peer)


def _lower_index(link: Link) -> int:
    kind = ALL_KINDS.get(link.kind)
    if kind is None:
        return link.lower_index
    if kind.parent_attribute != "IFLA_LINK":
        return int(link.data.get(kind.parent_attribute) or 0)
    if not link.lower_index and link.lower_nsid is not None and (kind.peer or kind.parent):
        return link.index  # before Linux 6.4, IFLA_LINK is left out when both have the same index
    return link.lower_index
