# SPDX-FileCopyrightText: The virtnet.linux authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Operations on links: make, change, move, remove. What they say to the kernel comes from the tables."""

from __future__ import annotations

import dataclasses
import errno
import typing as t

from .._values.errors import VirtnetError
from .._values.operation import Change, Index, MakeTunTap, NamespaceDescriptor, Netlink, Operation
from .._values.state import IFF_NOARP, Link, Reference
from .link_tables import LinkKind
from .option import Option
from .resource import in_namespace, typed

Values = t.Sequence[tuple[Option, t.Any]]


def _header(values: Values) -> dict[str, t.Any]:
    bits = [(option.bit, value != option.inverted) for option, value in values if option.bit]
    if not bits:
        return {}
    return {"flags": sum(bit for bit, on in bits if on), "change": sum(bit for bit, _on in bits)}


def _attributes(values: Values, place: str) -> list[tuple[str, t.Any]]:
    chosen = [(option, value) for option, value in values if option.place == place and not option.bit]
    return [attribute for option, value in chosen for attribute in option.request(value)]


def _words(values: Values, place: str) -> list[str]:
    return [word for option, value in values if option.place == place for word in option.words(value)]


def _with(link: Link, values: Values) -> Link:
    for option, value in values:
        link = option.set_in(link, value)
    return link


@dataclasses.dataclass(frozen=True)
class PeerEnd:
    """The other end of a pair at its creation."""

    at: Reference
    values: Values


def make(
    at: Reference,
    kind: LinkKind,
    values: Values,
    master: str | None = None,
    parent: Reference | None = None,
    peer: PeerEnd | None = None,
) -> Operation:
    """Make a link. A child is made where its parent is, and lands in its own namespace in one step."""
    if kind.tuntap:
        return _make_tuntap(at, kind)
    birthplace = parent.netns if parent is not None else at.netns
    attributes = [("IFLA_IFNAME", at.name), *_attributes(values, "link")]
    words: list[object] = ["link", "add"]
    data = _attributes(values, "data")
    kind_words = _words(values, "data")
    if parent is not None:
        attributes_of_parent = data if kind.parent_attribute != "IFLA_LINK" else attributes
        attributes_of_parent.append((kind.parent_attribute, Index(parent.name)))
        if kind.parent_attribute == "IFLA_LINK":
            words += ["link", parent.name]
        else:
            kind_words = [*kind_words, "dev", parent.name]
    words += ["name", at.name, *_words(values, "link")]
    if birthplace != at.netns:
        attributes.append(("IFLA_NET_NS_FD", NamespaceDescriptor(at.netns)))
        words += ["netns", at.netns or OWN]
    if master:
        attributes.append(("IFLA_MASTER", Index(master)))
        words += ["master", master]
    words += ["type", kind.name, *kind_words]
    link = dataclasses.replace(_with(Link(at.name, kind.name), values), master=master, lower=parent)
    changes = [Change(at.netns, "link", at.name, link)]
    if peer is not None:
        data.append((kind.peer, {"attrs": _peer_attributes(peer, at)}))
        words += ["peer", "name", peer.at.name, *_words(peer.values, "link")]
        if peer.at.netns != at.netns:
            words += ["netns", peer.at.netns or OWN]
        far = _with(Link(peer.at.name, kind.name, lower=at), peer.values)
        changes = [
            changes[0]._replace(value=dataclasses.replace(link, lower=peer.at)),
            Change(peer.at.netns, "link", peer.at.name, far),
        ]
    info: list[tuple[str, t.Any]] = [("IFLA_INFO_KIND", kind.name)]
    if data:
        info.append(("IFLA_INFO_DATA", {"attrs": data}))
    attributes.append(("IFLA_LINKINFO", {"attrs": info}))
    return Operation(
        f"create {kind.name} {at.name!r}{in_namespace(at.netns)}",
        Netlink(birthplace, "RTM_NEWLINK", ("create", "exclusive"), _header(values), tuple(attributes)),
        (typed_with_own(birthplace, *words),),
        tuple(changes),
        _explained(kind, values, parent),
    )


def _explained(kind: LinkKind, values: Values, parent: Reference | None) -> dict[int | str, str]:
    known: dict[int | str, str] = {errno.EOPNOTSUPP: _lacking(values) or kind.missing}
    known.update(kind.explain)
    if parent is not None:
        known[errno.ENETDOWN] = f"enabled: its parent {parent.name!r}{in_namespace(parent.netns)} is down"
    return known


def _make_tuntap(at: Reference, kind: LinkKind) -> Operation:
    bare = Link(at.name, kind.name, flags=IFF_NOARP if kind.name == "tun" else 0)
    return Operation(
        f"create {kind.name} {at.name!r}{in_namespace(at.netns)}",
        MakeTunTap(at.netns, at.name, kind.name),
        (typed(at.netns, "tuntap", "add", "dev", at.name, "mode", kind.name),),
        (Change(at.netns, "link", at.name, bare),),
        dict.fromkeys((errno.ENOENT, errno.ENODEV, errno.ENXIO), kind.missing),
    )


def _lacking(values: Values) -> str:
    """What a kernel lacks that has the kind and refuses one of these; empty: nothing that is known."""
    return next((f"{option.name}: {option.lacking}" for option, _value in values if option.lacking), "")


class _Own(str):
    """The namespace of the shell that a command is typed in: the word is not quoted."""


OWN = _Own("$$")


def typed_with_own(netns: str | None, *words: object) -> str:
    """As `typed`, with the shell's own process standing for its namespace."""
    return typed(netns, *words).replace("'$$'", "$$")


def _peer_attributes(peer: PeerEnd, near: Reference) -> list[tuple[str, t.Any]]:
    attributes = [("IFLA_IFNAME", peer.at.name), *_attributes(peer.values, "link")]
    if peer.at.netns != near.netns:
        attributes.append(("IFLA_NET_NS_FD", NamespaceDescriptor(peer.at.netns)))
    return attributes


def change(netns: str | None, link: Link, values: Values, master: str | None = None) -> Operation:
    """Change settings of a link and what it is a port of ("": of nothing), in one request."""
    unknown = [(option, value) for option, value in values if option.place == "data" and option.read(link) is None]
    if link.index and _lacking(unknown):  # the kernel would ignore it
        raise VirtnetError(_lacking(unknown))
    changed = _with(link, values)
    values = [(option, option.told(link, value)) for option, value in values]
    attributes: list[tuple[str, t.Any]] = [("IFLA_IFNAME", link.name), *_attributes(values, "link")]
    words: list[object] = ["link", "set", "dev", link.name, *_words(values, "link")]
    if master is not None:
        attributes.append(("IFLA_MASTER", Index(master) if master else 0))
        words += ["master", master] if master else ["nomaster"]
        changed = dataclasses.replace(changed, master=master or None, port=changed.port if master else {})
    data = _attributes(values, "data")
    if data:
        info = [("IFLA_INFO_KIND", link.kind), ("IFLA_INFO_DATA", {"attrs": data})]
        attributes.append(("IFLA_LINKINFO", {"attrs": info}))
        words += ["type", link.kind, *_words(values, "data")]
    what = [option.name for option, _value in values] + (["master"] if master is not None else [])
    return Operation(
        f"set {', '.join(what)} of {link.name!r}{in_namespace(netns)}",
        Netlink(netns, "RTM_NEWLINK", (), _header(values), tuple(attributes)),
        (typed(netns, *words),),
        (Change(netns, "link", link.name, changed),),
        {errno.EOPNOTSUPP: _lacking(values)} if _lacking(values) else {},
    )


def change_port(netns: str | None, link: Link, values: Values) -> Operation:
    """Change the settings that a link has as a port of a bridge."""
    info = [("IFLA_INFO_SLAVE_KIND", "bridge"), ("IFLA_INFO_SLAVE_DATA", {"attrs": _attributes(values, "port")})]
    return Operation(
        f"set port {', '.join(option.name for option, _value in values)} of {link.name!r}{in_namespace(netns)}",
        Netlink(netns, "RTM_NEWLINK", (), {}, (("IFLA_IFNAME", link.name), ("IFLA_LINKINFO", {"attrs": info}))),
        (typed(netns, "link", "set", "dev", link.name, "type", "bridge_slave", *_words(values, "port")),),
        (Change(netns, "link", link.name, _with(link, values)),),
    )


def move(netns: str | None, link: Link, target: str | None) -> Operation:
    """Move a link to another namespace; it arrives there down and without addresses."""
    arrived = dataclasses.replace(link, index=0, master=None, port={}, flags=link.flags & ~1)
    return Operation(
        f"move {link.name!r} to {f'namespace {target!r}' if target else 'the namespace of the task'}",
        Netlink(
            netns, "RTM_NEWLINK", (), {}, (("IFLA_IFNAME", link.name), ("IFLA_NET_NS_FD", NamespaceDescriptor(target)))
        ),
        (typed_with_own(netns, "link", "set", "dev", link.name, "netns", target or OWN),),
        (Change(netns, "link", link.name, None), Change(target, "link", link.name, arrived)),
    )


def remove(netns: str | None, link: Link) -> Operation:
    """Remove a link; with one end of a pair the other goes too."""
    changes = [Change(netns, "link", link.name, None)]
    if link.lower is not None and link.kind in ("veth", "vxcan"):
        changes.append(Change(link.lower.netns, "link", link.lower.name, None))
    return Operation(
        f"remove {link.name!r}{in_namespace(netns)}",
        Netlink(netns, "RTM_DELLINK", (), {}, (("IFLA_IFNAME", link.name),)),
        (typed(netns, "link", "del", "dev", link.name),),
        tuple(changes),
    )
