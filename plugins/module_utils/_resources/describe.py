# SPDX-FileCopyrightText: The virtnet.linux authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the kernel has as a list that `topology` accepts: modules and their options, in an order that can be built.

What every new interface, route or rule has anyway is left out. So is what the kernel makes by itself, and what
no module can say; the latter is told.
"""

from __future__ import annotations

import ipaddress
import typing as t

from .._values.state import Neighbor, Reference, Route, Rule
from . import neighbor, route, rule
from .describe_links import Entry, LinkDescriber, Names
from .graph import Graph, Space, is_pair
from .resource import in_namespace

# include/uapi/linux/rtnetlink.h: of routes that somebody else keeps, and of types that nobody writes.
_LEARNT_PROTOCOLS = (1, 2, 9, 16)  # redirect, kernel, ra, dhcp
_KERNELS_TYPES = (2, 3, 4, 5)  # local, broadcast, anycast, multicast
_TABLE_LOCAL = 255
_DEFAULT_RULES = ((0, 255), (32766, 254), (32767, 253))  # priority and table
_VRF_PRIORITY = 1000


def describe(graph: Graph, names: Names) -> tuple[list[Entry], list[str]]:
    """The list, and a sentence for each thing that is not in it because no module can say it."""
    left_out: list[str] = []
    links = LinkDescriber(graph, names, left_out)
    rest = _Rest(graph, names, left_out)
    entries = [rest.namespace(space) for space in graph.spaces if space is not None]
    for at in _in_order(graph):
        entries += links.entries(at)
    for space in graph.spaces:
        entries += [*rest.routes(space), *rest.rules(space), *rest.neighbors(space)]
    return entries, left_out


def _in_order(graph: Graph) -> list[Reference]:
    """All links, each after what it stands on and what it is a port of; of a pair, one end."""
    order: dict[Reference, None] = {}
    begun: set[Reference] = set()

    def master(at: Reference) -> Reference | None:
        link = graph.world.link(*at)
        return Reference(at.netns, link.master) if link is not None and link.master else None

    def visit(at: Reference) -> None:
        link = graph.world.link(*at) if graph.has(at.netns) else None
        if link is None or at in begun:
            return
        begun.add(at)
        lower = graph.lower(at, link)
        far = lower if is_pair(link) else None
        for needed in (master(at), master(far) if far is not None else lower):
            if needed is not None:
                visit(needed)
        if lower is not None and far is None:
            for port in graph.ports(lower):  # a bridge has its ports' MTU, and a VXLAN takes that when it is made
                visit(Reference(lower.netns, port.name))
        if far is not None:
            begun.add(far)
        order[far if far is not None and far.netns is None else at] = None  # no option names the task's own namespace

    for at, _link in graph.links():
        visit(at)
    return list(order)


class _Rest:
    """Describes what is not a link."""

    def __init__(self, graph: Graph, names: Names, left_out: list[str]) -> None:
        self._world = graph.world
        self._names = names
        self._left_out = left_out

    def namespace(self, space: str) -> Entry:
        """A namespace."""
        options: dict[str, t.Any] = {"name": self._names.shown(space)}
        lo, there = self._world.link(space, "lo"), self._world.namespace(space)
        if lo is not None and not lo.enabled:
            options["loopback"] = False
        switches = [f"net/ipv6/conf/{scope}/disable_ipv6" for scope in ("all", "default")]
        if all(self._world.item(space, "sysctl", switch) == "1" for switch in switches):
            options["ipv6"] = False
        if there is not None and there.nameservers is not None:
            options["nameservers"] = list(there.nameservers)
        return {"netns": options}

    def routes(self, space: Space) -> list[Entry]:
        """The routes that somebody has written; those through a gateway after the way to it."""
        kept = [one for one in self._world.section(space, "route").values() if self._is_kept(space, one)]
        kept.sort(key=lambda one: any(hop.gateway for hop in one.nexthops))
        return [{"route": self._names.placed(space, **_route_options(one))} for one in kept]

    def _is_kept(self, space: Space, one: Route) -> bool:
        if one.protocol in _LEARNT_PROTOCOLS or one.type in _KERNELS_TYPES or one.table == _TABLE_LOCAL:
            return False
        where = f"route to {one.destination}{in_namespace(space)}"
        if one.type not in route.TYPES.values():
            self._left_out.append(f"{where}: no module can say its type, {one.type}")
            return False
        for hop in one.nexthops:
            if hop.gateway and ipaddress.ip_address(hop.gateway).version != (6 if one.family == route.AF_INET6 else 4):
                self._left_out.append(f"{where}: no module can say its gateway of another family, {hop.gateway}")
                return False
        return True

    def rules(self, space: Space) -> list[Entry]:
        """The rules, without those that every namespace starts with."""
        entries = []
        for one in self._world.section(space, "rule").values():
            if not one.selectors and (one.priority, one.table) in _DEFAULT_RULES:
                continue
            if one.action not in rule.ACTIONS.values() or (one.action == rule.ACTIONS["lookup"] and not one.table):
                if one.priority != _VRF_PRIORITY:  # the kernel's own, for all VRFs (vrf_add_fib_rules())
                    self._left_out.append(f"rule {one.priority}{in_namespace(space)}: no module can say its action")
                continue
            entries.append({"rule": self._names.placed(space, **_rule_options(one))})
        return entries

    def neighbors(self, space: Space) -> list[Entry]:
        """The permanent neighbours, and those answered for; of NUD_NOARP most are the kernel's."""
        return [
            {"neighbor": self._names.placed(space, **_neighbor_options(one))}
            for one in self._world.section(space, "neighbor").values()
            if one.proxy or (one.state == neighbor.NUD["permanent"] and one.mac)
        ]


def _route_options(one: Route) -> dict[str, t.Any]:
    six = one.family == route.AF_INET6
    usual = {
        "table": "main",
        "metric": route.IPV6_METRIC if six else 0,
        "type": "unicast",
        "scope": route.scope_name(route.usual_scope(one.type, one.nexthops, one.family)),
        "onlink": False,
    }
    told = {name: value for name, value in route.describe(one).items() if value is not None}
    told = {name: value for name, value in told.items() if usual.get(name) != value}
    if told.get("type") in route.DEVICELESS:
        told.pop("interface", None)  # IPv6 has them on lo
    if told["destination"] != "default" or not six:
        del told["family"]
    if "nexthops" in told:
        told["nexthops"] = [
            {name: value for name, value in hop.items() if value is not None and (name, value) != ("weight", 1)}
            for hop in told["nexthops"]
        ]
    return told


def _rule_options(one: Rule) -> dict[str, t.Any]:
    told = {name: value for name, value in rule.describe(one).items() if value is not None and value is not False}
    if told["action"] == "lookup":
        del told["action"]
    if told["family"] == "ipv4" or "source" in told or "destination" in told:
        del told["family"]
    if "tos" in told:
        told["tos"] = str(told["tos"])
    return told


def _neighbor_options(one: Neighbor) -> dict[str, t.Any]:
    told: dict[str, t.Any] = {"interface": one.interface, "address": one.address}
    return {**told, "proxy": True} if one.proxy else {**told, "mac": one.mac}
