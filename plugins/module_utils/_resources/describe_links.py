# SPDX-FileCopyrightText: The virtnet.linux authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Links as entries of a topology's list: what a new link has anyway is left out."""

from __future__ import annotations

import typing as t

from .._values.state import IFA_F_NODAD, IFA_F_PERMANENT, Address, Link, Reference
from . import port_vlans
from .address import is_link_local
from .forwarding import ANY_MAC
from .graph import Graph, Space, is_pair
from .link_kinds import ALL_KINDS, LINK_KINDS
from .link_settings import PEER_SPEC
from .link_tables import GENERAL, PORT, LinkKind
from .option import Option
from .resource import in_namespace

Entry = dict[str, dict[str, t.Any]]

OWN_PATH = "/proc/self/ns/net"  # the namespace of the task, where an option can't be left out
_USUAL_MTU = 1500
_VXLAN_HEADERS = (50, 70)  # bytes that vxlan_config_apply() takes from the parent's MTU for IPv4 and IPv6
_COSTS_OF_SPEEDS = (2, 4, 19, 100)  # port_cost() in net/bridge/br_if.c
_LOOPBACK = ("127.0.0.1/8", "::1/128")


class Names:
    """How namespaces are named in a list.

    :param shown: the name; None: it is left out, for the namespace of the task.
    """

    def __init__(self, shown: t.Callable[[Space], str | None]) -> None:
        self.shown = shown

    def placed(self, space: Space, **options: t.Any) -> dict[str, t.Any]:
        """Options, with the namespace that they count in where a reader looks for it."""
        shown = self.shown(space)
        first = {"name": options.pop("name")} if "name" in options else {}
        return {**first, **({} if shown is None else {"netns": shown}), **options}


class LinkDescriber:
    """Describes the links of a graph.

    :param left_out: takes a sentence for each thing that can't be said.
    """

    def __init__(self, graph: Graph, names: Names, left_out: list[str]) -> None:
        self._graph = graph
        self._world = graph.world
        self._names = names
        self._left_out = left_out
        self._addresses: dict[Reference, list[Address]] = {}
        for space in graph.spaces:
            for address in self._world.section(space, "address").values():
                self._addresses.setdefault(Reference(space, address.interface), []).append(address)

    def entries(self, at: Reference) -> list[Entry]:
        """What makes a link; of a pair, both ends."""
        link = self._world.links(at.netns)[at.name]
        kind = ALL_KINDS.get(link.kind)
        if link.name == "lo" or not link.kind:
            return self._found_link(at, link)
        who = f"{link.name}{in_namespace(at.netns)}"
        if kind is None:
            self._left_out.append(f"{who}: no module makes links of kind {link.kind!r}")
            return []
        if link.name == kind.fallback and not link.enabled:
            return []  # nobody made it
        lower = self._graph.lower(at, link)
        options = self._names.placed(at.netns, name=link.name)
        data = {row.name: row.read(link) for row in kind.options if _is_told(row, row.read(link), row.creation)}
        module, told = kind.made_by or ("link" if kind.name in LINK_KINDS else kind.name, {})
        options.update(
            {"kind": kind.name, **({"options": data} if data else {})} if module == "link" else {**told, **data}
        )
        options.update(self._settings(at, link, lower))
        if kind.parent and lower is not None:
            options["parent"] = lower.name
            if lower.netns != at.netns:
                options["parent_netns"] = self._names.shown(lower.netns) or OWN_PATH
        elif kind.parent == "required":
            self._left_out.append(f"{who}: its parent is in a namespace without a name")
            return []
        if kind.name == "vxlan":
            options.update(self._fdb(at, link))
        if kind.peer:
            return self._pair(module, kind, options, at, lower)
        return [{module: options}]

    def _found_link(self, at: Reference, link: Link) -> list[Entry]:
        """An interface that nobody makes: it is only told what it has besides."""
        settings = {"enabled": link.enabled, **self._settings(at, link, None)}
        if link.name == "lo":
            settings = {name: value for name, value in settings.items() if name in ("addresses", "dad", "alias")}
            if not settings:
                return []
        settings.pop("mac", None)
        return [{"link": self._names.placed(at.netns, name=link.name, **settings)}]

    def _pair(
        self, module: str, kind: LinkKind, options: dict[str, t.Any], at: Reference, peer: Reference | None
    ) -> list[Entry]:
        if peer is None:
            who = f"{at.name}{in_namespace(at.netns)}"
            self._left_out.append(f"{who}: its other end is in a namespace without a name")
            return []
        far = self._world.links(peer.netns)[peer.name]
        told: dict[str, t.Any] = {"name": peer.name}
        if peer.netns != at.netns:
            told["netns"] = self._names.shown(peer.netns) or OWN_PATH
        settings = self._settings(peer, far, at)
        told.update({name: value for name, value in settings.items() if name in PEER_SPEC})
        more = {name: value for name, value in settings.items() if name not in PEER_SPEC}
        entries = [{module: {**options, "peer": told}}]
        if more:  # what only the first end of a pair can be told
            end = {
                "name": at.name,
                **({} if peer.netns == at.netns else {"netns": self._names.shown(at.netns) or OWN_PATH}),
            }
            shared = {"addresses": told["addresses"]} if "dad" in more else {}
            if shared:
                del told["addresses"]
            entries.append({module: {**self._names.placed(peer.netns, name=peer.name), **more, **shared, "peer": end}})
        return entries

    def _settings(self, at: Reference, link: Link, lower: Reference | None) -> dict[str, t.Any]:
        """What an interface has that a new one has not; nothing of one outside the graph, which is only named."""
        if not self._graph.has(at.netns):
            return {}
        told = {row.name: row.read(link) for row in GENERAL if _is_told(row, row.read(link), None)}
        if not self._tells_mac(at, link, lower):
            told.pop("mac", None)
        if link.attributes.get("IFLA_MTU") == self._usual_mtu(at, link, lower):
            told.pop("mtu", None)
        addresses = [one for one in self._addresses.get(at, ()) if self._is_kept(one)]
        if addresses:
            told["addresses"] = [one.address for one in addresses]
        if any(one.flags & IFA_F_NODAD for one in addresses):
            told["dad"] = False
        if link.master:
            told["master"] = link.master
            port = {row.name: row.read(link) for row in PORT if _is_told(row, row.read(link), None)}
            if port.get("cost") in _COSTS_OF_SPEEDS:
                del port["cost"]
            vlans = port_vlans.present(self._world, at)
            if vlans != port_vlans.usual(self._world.link(at.netns, link.master)) and vlans:
                port["vlans"] = port_vlans.describe(vlans)
            if port:
                told["port"] = port
        return told

    def _tells_mac(self, at: Reference, link: Link, lower: Reference | None) -> bool:
        """Whether the MAC address is its own: a bridge takes a port's, a macvlan in passthru its parent's."""
        if not link.attributes.get("IFLA_ADDRESS") or link.name == "lo":
            return False
        below = self._world.link(*lower) if lower is not None and not is_pair(link) else None
        derived = [*self._graph.ports(at), *([below] if below is not None else [])]
        return link.attributes["IFLA_ADDRESS"] not in [one.attributes.get("IFLA_ADDRESS") for one in derived]

    def _usual_mtu(self, at: Reference, link: Link, lower: Reference | None) -> int:
        kind = ALL_KINDS.get(link.kind)
        if link.name == "lo" or kind is None:
            return int(link.attributes.get("IFLA_MTU", 0))
        if kind.mtu:
            return kind.mtu
        if kind.ports:
            return min((int(one.attributes["IFLA_MTU"]) for one in self._graph.ports(at)), default=_USUAL_MTU)
        below = self._world.link(*lower) if lower is not None and not kind.peer else None
        if below is None:
            return _USUAL_MTU
        mtu = int(below.attributes["IFLA_MTU"])
        if kind.name == "vxlan":
            six = any(name in link.data for name in ("IFLA_VXLAN_GROUP6", "IFLA_VXLAN_LOCAL6"))
            return mtu - _VXLAN_HEADERS[six]
        return mtu

    def _is_kept(self, one: Address) -> bool:
        """Whether an address was given by somebody, and not by the kernel or by a protocol for a time."""
        if is_link_local(one.address) or one.address in _LOOPBACK or not one.flags & IFA_F_PERMANENT:
            return False
        if one.peer is not None:
            self._left_out.append(f"{one.interface}: no module can say the peer {one.peer} of address {one.address}")
            return False
        return True

    def _fdb(self, at: Reference, link: Link) -> dict[str, t.Any]:
        """The forwarding table of a VXLAN, without what it learnt and what the kernel made of `remote`."""
        remote = {link.data.get(name) for name in ("IFLA_VXLAN_GROUP", "IFLA_VXLAN_GROUP6")}
        found = [
            {"mac": entry.mac, "destination": entry.destination}
            for entry in self._world.section(at.netns, "forwarding").values()
            if entry.interface == at.name
            and not entry.learnt
            and not (entry.mac == ANY_MAC and entry.destination in remote)
        ]
        return {"fdb": found} if found else {}


def _is_told(row: Option, value: t.Any, creation: t.Any) -> bool:
    """Whether an option is worth a word: it differs from what a new link has."""
    usual = row.default if creation is None else creation
    return value is not None and value != usual
