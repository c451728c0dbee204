# SPDX-FileCopyrightText: The virtnet.linux authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The state of the machine as a plan sees it: what the kernel has, and on top what is planned so far."""

from __future__ import annotations

import typing as t

from .errors import NamespaceMissing
from .operation import Change, Operation
from .state import IFF_UP, PAIRS, Address, Forwarding, Link, Namespace, PortVlan, Reference, Rule

Section = dict[t.Hashable, t.Any]

# fib_default_rules_init() and fib6_rules_net_init(): priority and table; of action FR_ACT_TO_TBL and RTPROT_KERNEL.
FIRST_RULES = tuple(
    Rule(family, priority, 1, table, protocol=2)
    for family, rules in ((2, ((0, 255), (32766, 254), (32767, 253))), (10, ((0, 255), (32766, 254))))
    for priority, table in rules
)

# A namespace that is only planned has what the kernel puts in a new one.
NEW_NAMESPACE: t.Mapping[str, t.Callable[[], Section]] = {
    "link": lambda: {"lo": Link("lo", attributes={"IFLA_MTU": 65536})},
    "rule": lambda: {(rule.family, rule.priority): rule for rule in FIRST_RULES},
}


def _kept_while_down(value: t.Any) -> bool:
    """IPv4 addresses stay, IPv6 ones go with all routes and neighbours (addrconf_ifdown(), fib_disable_ip()).

    What a device or a bridge keeps itself, its forwarding table and the VLANs of its ports, stays.
    """
    return isinstance(value, (Forwarding, PortVlan)) or (isinstance(value, Address) and ":" not in value.address)


class Source(t.Protocol):
    """Where a world reads what the kernel has."""

    def names(self) -> list[str]:
        """The names of all namespaces."""

    def namespace(self, name: str) -> Namespace | None:
        """A named namespace, or None when there is none."""

    def section(self, netns: str | None, section: str) -> Section:
        """All things of one kind in a namespace, by key."""

    def item(self, netns: str | None, section: str, key: t.Hashable) -> t.Any:
        """One thing of a kind that is too numerous to read whole; None when there is none."""

    def nsid(self, netns: str | None, other: str | None) -> int | None:
        """The number by which one namespace knows another; None when it has none."""

    def same(self, one: str | None, other: str | None) -> bool:
        """Whether two names stand for one namespace."""


class World:
    """State by namespace, kind and key: read from the kernel once, when first asked for.

    :param lenient: take a namespace that does not exist for an empty one (check mode), and note it
        in `assumed`.
    """

    def __init__(self, source: Source, lenient: bool = False) -> None:
        self._source = source
        self._lenient = lenient
        self._namespaces: dict[str, Namespace | None] = {}
        self._new: set[str | None] = set()
        self._sections: dict[tuple[str | None, str], Section] = {}
        self._items: dict[tuple[str | None, str, t.Hashable], t.Any] = {}
        self._before: dict[tuple[str | None, str], Section] = {}
        self._gone: list[str] = []  # namespaces that the kernel still has, and that are planned to go
        self.assumed: list[str] = []

    # namespaces

    def names(self) -> list[str]:
        """The names of all namespaces that the kernel has."""
        return self._source.names()

    def namespace(self, name: str) -> Namespace | None:
        """A named namespace as it will be after what is planned so far."""
        if name not in self._namespaces:
            self._namespaces[name] = self._source.namespace(name)
        return self._namespaces[name]

    def exists(self, netns: str | None) -> bool:
        """Whether the namespace is there."""
        return netns is None or self.namespace(netns) is not None

    def require(self, netns: str | None) -> None:
        """See that the namespace is there.

        :raises NamespaceMissing: it is not, and this is not check mode.
        """
        if netns is None or self.exists(netns):
            return
        if not self._lenient:
            raise NamespaceMissing(netns)
        self.assumed.append(netns)
        self._namespaces[netns] = Namespace(netns)
        self._new.add(netns)

    def warnings(self) -> list[str]:
        """What was taken for there because a task before this one would make it."""
        told = "does not exist; in check mode it is taken for an empty one"
        return [f"the namespace {netns!r} {told}" for netns in self.assumed]

    def is_new(self, netns: str | None) -> bool:
        """Whether the namespace is only planned: nothing of it can be read."""
        return netns in self._new

    # what is in them

    def section(self, netns: str | None, section: str) -> Section:
        """All things of one kind in a namespace, by key."""
        place = (netns, section)
        if place not in self._sections:
            if netns in self._new or not self.exists(netns):
                self._sections[place] = NEW_NAMESPACE.get(section, dict)()
            else:
                self._sections[place] = self._source.section(netns, section)
                self._before[place] = dict(self._sections[place])
                if section == "link":
                    self._drop_children(netns, self._gone)
        return self._sections[place]

    def before(self, netns: str | None, section: str) -> Section | None:
        """What the kernel had when the section was read; None: it was not."""
        return self._before.get((netns, section))

    def item(self, netns: str | None, section: str, key: t.Hashable) -> t.Any:
        """One thing of a kind that is read one by one, such as a sysctl; None: there is none."""
        place = (netns, section, key)
        if place not in self._items:
            readable = self.exists(netns) and netns not in self._new
            self._items[place] = self._source.item(netns, section, key) if readable else None
        return self._items[place]

    def link(self, netns: str | None, name: str) -> Link | None:
        """An interface by name."""
        return t.cast("Link | None", self.section(netns, "link").get(name))

    def require_link(self, netns: str | None, name: str) -> Link | None:
        """An interface that has to be there; None: it is not.

        In a namespace that was taken for an empty one it is taken for there: whoever makes the one makes the other.
        """
        if netns in self.assumed:
            self.section(netns, "link").setdefault(name, Link(name))
        return self.link(netns, name)

    def links(self, netns: str | None) -> t.Mapping[str, Link]:
        """All interfaces of a namespace by name."""
        return t.cast("t.Mapping[str, Link]", self.section(netns, "link"))

    def nsid(self, netns: str | None, other: str | None) -> int | None:
        """The number by which one namespace knows another; None when it has none."""
        readable = all(self.exists(space) and not self.is_new(space) for space in (netns, other))
        return self._source.nsid(netns, other) if readable else None

    def is_lower(self, netns: str | None, link: Link, lower: Reference) -> bool:
        """Whether a link's parent or veth peer is the one named.

        An index alone names no interface: it counts in the namespace `lower_nsid`.
        """
        if link.lower is not None:
            return link.lower == lower
        target = self.link(lower.netns, lower.name) if self.exists(lower.netns) else None
        return target is not None and self._is_index_of(netns, link, lower.netns, target)

    def _is_index_of(self, netns: str | None, link: Link, where: str | None, target: Link) -> bool:
        # Before Linux 6.4 the kernel leaves IFLA_LINK out when both ends have the same index.
        index = link.lower_index or (link.index if link.lower_nsid is not None else 0)
        if not index or index != target.index:
            return False
        if link.lower_nsid is None:
            return self.same(netns, where)
        return self.nsid(netns, where) == link.lower_nsid

    def same(self, one: str | None, other: str | None) -> bool:
        """Whether two names stand for one namespace, as one path and another may."""
        if one == other:
            return True
        readable = all(self.exists(space) and not self.is_new(space) for space in (one, other))
        return readable and self._source.same(one, other)

    # what is planned

    def apply(self, operation: Operation) -> None:
        """Take what an operation will change as done."""
        staying = {change.key for change in operation.changes if change.section == "link" and change.value is not None}
        for change in operation.changes:
            gone = self.link(change.netns, str(change.key)) if change.section == "link" else None
            self._apply(change)
            if gone is not None and change.value is None and change.key not in staying:
                self._drop_above(Reference(change.netns, gone.name), gone)

    def _apply(self, change: Change) -> None:
        if change.section == "namespace":
            self._apply_namespace(str(change.key), change.value)
        elif (change.netns, change.section, change.key) in self._items:
            self._items[(change.netns, change.section, change.key)] = change.value
        elif change.section in ITEMWISE:
            self._items[(change.netns, change.section, change.key)] = change.value
        else:
            section = self.section(change.netns, change.section)
            if change.value is None:
                gone = section.pop(change.key, None)
                if isinstance(gone, Link):
                    self._drop_with_link(change.netns, gone.name)
            else:
                was, section[change.key] = section.get(change.key), change.value
                if isinstance(was, Link) and was.enabled and not change.value.enabled:
                    self._drop_with_link(change.netns, was.name, stays=_kept_while_down)

    def _apply_namespace(self, name: str, value: Namespace | None) -> None:
        was = self.namespace(name)
        self._namespaces[name] = value
        if was is not None and value is None and name not in self._new:
            self._gone.append(name)
            for space in [space for space, kind in self._sections if kind == "link" and space != name]:
                self._drop_children(space, [name])
        if value is None or was is None:
            for place in [place for place in self._sections if place[0] == name]:
                del self._sections[place]
            for item in [item for item in self._items if item[0] == name]:
                del self._items[item]
            (self._new.add if was is None else self._new.discard)(name)

    def _drop_children(self, netns: str | None, gone: t.Iterable[str]) -> None:
        """What goes from a namespace together with others: children whose parents are in those.

        The other ends of pairs go as well, but nobody asks for them: a removal waits until they are gone.
        """
        section = self._sections.get((netns, "link"), {})
        for link in list(section.values()):
            if link.lower_nsid is None or link.kind in PAIRS:
                continue
            if any(self._source.nsid(netns, other) == link.lower_nsid for other in gone):
                del section[link.name]
                self._drop_with_link(netns, link.name)

    def _drop_above(self, at: Reference, gone: Link) -> None:
        """What goes with an interface because it stands on it: the other end of a pair, children."""
        for (space, kind), section in list(self._sections.items()):
            for link in list(section.values()) if kind == "link" else ():
                if link.lower == at or (link.lower is None and self._is_index_of(space, link, at.netns, gone)):
                    section.pop(link.name, None)
                    self._drop_with_link(space, link.name)
                    self._drop_above(Reference(space, link.name), link)

    def _drop_with_link(
        self, netns: str | None, name: str, stays: t.Callable[[t.Any], bool] = lambda _value: False
    ) -> None:
        """What the kernel removes together with an interface, or when it goes down."""
        for (space, kind), section in self._sections.items():
            if space != netns:
                continue
            for key, value in list(section.items()):
                if stays(value):
                    continue
                if getattr(value, "interface", None) == name:
                    del section[key]
                elif kind == "route" and name in [hop.interface for hop in value.nexthops]:
                    del section[key]


ITEMWISE = frozenset(("sysctl",))

__all__ = ["IFF_UP", "ITEMWISE", "Section", "Source", "World"]
