# SPDX-FileCopyrightText: The virtnet.linux authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Routes, known by destination, table and metric; everything else is changed in place."""

from __future__ import annotations

import dataclasses
import ipaddress
import typing as t

from .._values.errors import InvalidOption, VirtnetError
from .._values.operation import Change, Index, Netlink, Operation
from .._values.state import NextHop, Route
from .._values.world import World
from . import checks
from .former import is_ours
from .resource import STATE_SPEC, Kind, Options, Plan, in_namespace, typed

AF_INET, AF_INET6 = 2, 10
FAMILIES = {"ipv4": AF_INET, "ipv6": AF_INET6}
# include/uapi/linux/rtnetlink.h
TYPES = {"unicast": 1, "local": 2, "blackhole": 6, "unreachable": 7, "prohibit": 8, "throw": 9}
SCOPES = {"global": 0, "site": 200, "link": 253, "host": 254, "nowhere": 255}
TABLES = {"default": 253, "main": 254, "local": 255}
RTPROT_BOOT = 3
RTNH_F_ONLINK = 4
IPV6_METRIC = 1024  # IP6_RT_PRIO_USER: what the kernel gives a route that asks for none
DEVICELESS = ("blackhole", "unreachable", "prohibit", "throw")
_DEVICELESS_TYPES = tuple(TYPES[name] for name in DEVICELESS)


def table_number(option: str, table: str) -> int:
    """A table's number, from its number or one of the kernel's three names."""
    if table in TABLES:
        return TABLES[table]
    if table.isdigit() and 0 < int(table) < 2**32:
        return int(table)
    raise InvalidOption(option, table, "is not a table: main, local, default or a number from 1")


@dataclasses.dataclass(frozen=True)
class RouteResource:
    """A route that a user named; None: not asked.

    :param type: by name; None: unicast for a new route.
    :param exact: what is not asked is not kept either: the route is the asker's own.
    """

    netns: str | None
    family: int
    destination: str
    table: int
    metric: int
    type: str | None = None
    scope: str | None = None
    source: str | None = None
    mtu: int | None = None
    nexthops: tuple[NextHop, ...] = ()
    exclusive: bool = False
    absent: bool = False
    exact: bool = False

    @property
    def identity(self) -> tuple[t.Hashable, ...]:
        """A route is known by destination, table and metric."""
        return ("route", self.netns, *self._key)

    @property
    def _key(self) -> tuple[t.Hashable, ...]:
        return (self.family, self.destination, self.table, self.metric)

    def _found(self, world: World) -> Route | None:
        return t.cast("Route | None", world.section(self.netns, "route").get(self._key))

    def plan(self, world: World) -> Plan:
        """Add, replace or remove the route."""
        if self.absent:
            found = self._found(world) if world.exists(self.netns) else None
            if found is not None:
                yield take(self.netns, found)
            return
        world.require(self.netns)
        for hop in self.nexthops:
            if hop.interface is not None and world.require_link(self.netns, hop.interface) is None:
                raise VirtnetError(f"interface: there is no interface {hop.interface!r}{in_namespace(self.netns)}")
        found = self._found(world)
        wanted = self._wanted(None if self.exact else found)
        differs = found is None or (
            comparable(found) != comparable(self._filled(wanted, found)) if self.exact else self._differs(found)
        )
        if differs:
            yield put(self.netns, wanted, replace=found is not None)
        if self.exclusive:
            for route in self._others(world):
                yield take(self.netns, route)

    def _others(self, world: World) -> list[Route]:
        """The other routes to this destination in this table."""
        return [
            route
            for route in world.section(self.netns, "route").values()
            if (route.family, route.destination, route.table) == (self.family, self.destination, self.table)
            and route.metric != self.metric
        ]

    def _wanted(self, found: Route | None) -> Route:
        """The whole route: what is asked, and for the rest what is there already."""
        kind = TYPES[self.type] if self.type else self._kept_type(found)
        hops = self.nexthops or (found.nexthops if found else ())
        if kind in _DEVICELESS_TYPES:
            hops = ()
        return Route(
            family=self.family,
            destination=self.destination,
            table=self.table,
            metric=self.metric,
            type=kind,
            scope=SCOPES[self.scope] if self.scope else usual_scope(kind, hops, self.family),
            protocol=found.protocol if found else RTPROT_BOOT,
            source=self.source or (found.source if found else None),
            mtu=self.mtu or (found.mtu if found else None),
            nexthops=hops,
        )

    def _kept_type(self, found: Route | None) -> int:
        """The type where none is asked: a route that is to lead somewhere can't stay one that leads nowhere."""
        if found is None or (self.nexthops and found.type in _DEVICELESS_TYPES):
            return TYPES["unicast"]
        return found.type

    @staticmethod
    def _filled(wanted: Route, found: Route) -> Route:
        """What is wanted, with what the kernel chose by itself: the interface of a gateway."""
        if len(wanted.nexthops) != len(found.nexthops):
            return wanted
        hops = tuple(
            dataclasses.replace(one, interface=one.interface or other.interface)
            for one, other in zip(wanted.nexthops, found.nexthops)
        )
        return dataclasses.replace(wanted, nexthops=hops, protocol=found.protocol)

    def _differs(self, found: Route) -> bool:
        return (
            (self.type is not None and TYPES[self.type] != found.type)
            or (self.scope is not None and self.family == AF_INET and SCOPES[self.scope] != found.scope)
            or (self.source is not None and self.source != found.source)
            or (self.mtu is not None and self.mtu != found.mtu)
            or (bool(self.nexthops) and not _same_hops(self.nexthops, found.nexthops))
        )

    def view(self, world: World) -> dict[str, t.Any]:
        """The route as the world has it."""
        found = self._found(world) if world.exists(self.netns) else None
        seen: dict[str, t.Any] = {"state": "absent"} if found is None else {"state": "present", **describe(found)}
        if self.exclusive and not self.absent and world.exists(self.netns):
            seen["others"] = [describe(route) for route in self._others(world)]
        return seen

    def report(self, world: World) -> dict[str, t.Any] | None:
        """The route as the kernel reports it."""
        found = self._found(world) if world.exists(self.netns) else None
        return None if found is None else {"netns": self.netns, **describe(found)}


def put(netns: str | None, route: Route, replace: bool) -> Operation:
    """Add a route, or replace the one with its destination, table and metric."""
    verb = "replace" if replace else "add"
    return Operation(
        f"{verb} route {' '.join(str(word) for word in _route_words(verb, route))}{in_namespace(netns)}",
        _message(netns, "RTM_NEWROUTE", route, ("create", "replace" if replace else "exclusive")),
        (typed(netns, *_words(verb, route)),),
        (Change(netns, "route", (route.family, route.destination, route.table, route.metric), route),),
    )


def take(netns: str | None, route: Route) -> Operation:
    """Remove a route."""
    return Operation(
        f"remove route {_named(route)}{in_namespace(netns)}",
        _message(netns, "RTM_DELROUTE", route, ()),
        (typed(netns, *_words("del", route)),),
        (Change(netns, "route", (route.family, route.destination, route.table, route.metric), None),),
    )


def comparable(route: Route | None) -> t.Any:
    """What makes two routes different: not whether a link has carrier."""
    if route is None:
        return None
    hops = tuple(dataclasses.replace(hop, flags=hop.flags & RTNH_F_ONLINK) for hop in route.nexthops)
    return dataclasses.replace(route, nexthops=hops)


def usual_scope(kind: int, hops: tuple[NextHop, ...], family: int) -> int:
    """The scope that ip-route(8) chooses; IPv6 has but one."""
    if family == AF_INET6:
        return SCOPES["global"]
    if kind == TYPES["local"]:
        return SCOPES["host"]
    if kind == TYPES["unicast"] and not any(hop.gateway for hop in hops):
        return SCOPES["link"]
    return SCOPES["global"]


def scope_name(number: int) -> str:
    """A scope's name; its number where it has none."""
    return next((name for name, known in SCOPES.items() if known == number), str(number))


def _same_hops(asked: tuple[NextHop, ...], found: tuple[NextHop, ...]) -> bool:
    """Whether a route goes the ways asked for; of a way, only what was given is compared."""
    if len(asked) != len(found):
        return False
    for one, other in zip(sorted(asked, key=_hop_order), sorted(found, key=_hop_order)):
        if one.gateway != other.gateway:
            return False
        if one.interface is not None and one.interface != other.interface:
            return False
        if (len(asked) > 1 and one.weight != other.weight) or (one.flags and not other.flags & one.flags):
            return False
    return True


def _hop_order(hop: NextHop) -> tuple[str, str]:
    return (hop.gateway or "", hop.interface or "")


def _named(route: Route) -> str:
    return f"to {route.destination}" + (f" in table {route.table}" if route.table != TABLES["main"] else "")


def _message(netns: str | None, message: str, route: Route, flags: tuple[str, ...]) -> Netlink:
    network, length = route.destination.split("/")
    gone = message == "RTM_DELROUTE"
    header: dict[str, t.Any] = {
        "family": route.family,
        "dst_len": int(length),
        "table": route.table if route.table < 256 else 0,
        "proto": 0 if gone else route.protocol,
        "scope": SCOPES["nowhere"] if gone else route.scope,
        "type": route.type,
    }
    attributes: list[tuple[str, t.Any]] = [("RTA_TABLE", route.table)]
    if int(length):
        attributes.append(("RTA_DST", network))
    if route.metric:
        attributes.append(("RTA_PRIORITY", route.metric))
    if not gone:
        if route.source:
            attributes.append(("RTA_PREFSRC", route.source))
        if route.mtu:
            attributes.append(("RTA_METRICS", {"attrs": [("RTAX_MTU", route.mtu)]}))
        if len(route.nexthops) > 1:
            attributes.append(("RTA_MULTIPATH", [_multipath(hop) for hop in route.nexthops]))
        for hop in route.nexthops if len(route.nexthops) == 1 else ():
            header["flags"] = hop.flags & RTNH_F_ONLINK
            attributes += _hop_attributes(hop)
            if hop.interface:
                attributes.append(("RTA_OIF", Index(hop.interface)))
    return Netlink(netns, message, flags, header, tuple(attributes))


def _hop_attributes(hop: NextHop) -> list[tuple[str, t.Any]]:
    return [("RTA_GATEWAY", hop.gateway)] if hop.gateway else []


def _multipath(hop: NextHop) -> dict[str, t.Any]:
    return {
        "oif": Index(hop.interface) if hop.interface else 0,
        "hops": hop.weight - 1,
        "flags": hop.flags & RTNH_F_ONLINK,
        "attrs": _hop_attributes(hop),
    }


def _words(verb: str, route: Route) -> list[object]:
    """As ip-route(8) is told."""
    family: list[object] = ["-6"] if route.family == AF_INET6 else []
    return [*family, "route", verb, *_route_words(verb, route)]


def _route_words(verb: str, route: Route) -> list[object]:
    names = {number: name for name, number in TYPES.items()}
    words: list[object] = []
    if route.type != TYPES["unicast"]:
        words.append(names[route.type])
    words.append(route.destination if not route.destination.endswith("/0") else "default")
    if verb != "del":
        hops = route.nexthops
        words += _hop_words(hops[0]) if len(hops) == 1 else []
        if route.source:
            words += ["src", route.source]
    if route.table != TABLES["main"]:
        words += ["table", route.table]
    if route.metric:
        words += ["metric", route.metric]
    if verb != "del":
        if route.scope != usual_scope(route.type, route.nexthops, route.family):
            words += ["scope", route.scope]
        if route.mtu:
            words += ["mtu", route.mtu]
        for hop in route.nexthops if len(route.nexthops) > 1 else ():
            words += ["nexthop", *_hop_words(hop), "weight", hop.weight]
    return words


def _hop_words(hop: NextHop) -> list[object]:
    words: list[object] = ["via", hop.gateway] if hop.gateway else []
    words += ["dev", hop.interface] if hop.interface else []
    return [*words, *(["onlink"] if hop.flags & RTNH_F_ONLINK else [])]


def describe(route: Route) -> dict[str, t.Any]:
    """A route as options."""
    types = {number: name for name, number in TYPES.items()}
    scopes = {number: name for name, number in SCOPES.items()}
    tables = {number: name for name, number in TABLES.items()}
    found: dict[str, t.Any] = {
        "destination": "default" if route.destination.endswith("/0") else route.destination,
        "family": "ipv6" if route.family == AF_INET6 else "ipv4",
        "table": tables.get(route.table, str(route.table)),
        "metric": route.metric,
        "type": types.get(route.type, str(route.type)),
        "scope": scopes.get(route.scope, str(route.scope)),
        "source": route.source,
        "mtu": route.mtu,
    }
    if len(route.nexthops) > 1:
        found["nexthops"] = [
            {"gateway": hop.gateway, "interface": hop.interface, "weight": hop.weight} for hop in route.nexthops
        ]
    else:
        hop = route.nexthops[0] if route.nexthops else NextHop()
        found.update(gateway=hop.gateway, interface=hop.interface, onlink=bool(hop.flags & RTNH_F_ONLINK))
    return found


def parse(options: Options) -> RouteResource:
    """A route from validated options."""
    family, destination = _destination(options)
    hops = _parse_hops(options, family)
    kind, absent = options.get("type"), options["state"] == "absent"
    if kind in DEVICELESS and hops:
        raise VirtnetError(f"type: a {kind} route leads nowhere: it has no gateway and no interface")
    if not hops and not absent and kind not in DEVICELESS:
        raise VirtnetError("gateway, interface or nexthops: a route needs one of them")
    source, metric, mtu = options.get("source"), options.get("metric"), options.get("mtu")
    if source is not None:
        source = checks.address("source", source)
        if checks.family_of(source) != family:
            raise InvalidOption("source", source, "is of another family than the destination")
    if mtu is not None:
        checks.between("mtu", mtu, 68 if family == AF_INET else 1280, 65535)
    if metric is not None:
        checks.between("metric", metric, 0, 2**32 - 1)
    return RouteResource(
        netns=checks.namespace("netns", options.get("netns")),
        family=family,
        destination=destination,
        table=table_number("table", options.get("table") or "main"),
        metric=metric or (IPV6_METRIC if family == AF_INET6 else 0),
        type=kind,
        scope=options.get("scope"),
        source=source,
        mtu=mtu,
        nexthops=hops,
        exclusive=bool(options.get("exclusive")),
        absent=absent,
        exact=is_ours(options),
    )


def _destination(options: Options) -> tuple[int, str]:
    """The family and the network; `default` takes the family of what else is given, else IPv4."""
    asked = FAMILIES.get(options.get("family") or "")
    destination = options["destination"]
    if destination != "default":
        network = checks.network("destination", destination)
        family = checks.family_of(network)
        if asked not in (None, family):
            raise InvalidOption("family", options["family"], f"is not that of the destination {destination}")
        return family, network
    hints = [options.get("gateway"), options.get("source")]
    hints += [hop.get("gateway") for hop in options.get("nexthops") or ()]
    found = {checks.family_of(hint) for hint in hints if hint}
    family = asked or (found.pop() if found else AF_INET)
    return family, "::/0" if family == AF_INET6 else "0.0.0.0/0"


def _parse_hops(options: Options, family: int) -> tuple[NextHop, ...]:
    hops = options.get("nexthops")
    single = options.get("gateway") or options.get("interface")
    if hops is not None and single:
        raise VirtnetError("nexthops: give either these, or gateway and interface")
    flags = RTNH_F_ONLINK if options.get("onlink") else 0
    if flags and not (options.get("gateway") and options.get("interface")):
        raise VirtnetError("onlink: needs a gateway and an interface")
    if hops is None:
        hops = [{"gateway": options.get("gateway"), "interface": options.get("interface")}] if single else []
    return tuple(_parse_hop(hop, family, flags) for hop in hops)


def _parse_hop(hop: Options, family: int, flags: int) -> NextHop:
    gateway, interface = hop.get("gateway"), hop.get("interface")
    if not gateway and not interface:
        raise VirtnetError("nexthops: each needs a gateway or an interface")
    if gateway:
        gateway = checks.address("gateway", gateway)
        if checks.family_of(gateway) != family:
            raise InvalidOption("gateway", gateway, "is of another family than the destination")
        if not interface and ipaddress.ip_address(gateway).is_link_local and family == AF_INET6:
            raise InvalidOption("gateway", gateway, "is a link-local address: say on which interface it is")
    weight = hop.get("weight") or 1
    checks.between("nexthops.weight", weight, 1, 256)
    return NextHop(gateway or None, checks.interface("interface", interface) if interface else None, weight, flags)


ROUTE = Kind(
    "route",
    {
        "netns": {"type": "str"},
        "destination": {"type": "str", "required": True},
        "gateway": {"type": "str"},
        "interface": {"type": "str"},
        "source": {"type": "str"},
        "table": {"type": "str", "default": "main"},
        "metric": {"type": "int"},
        "scope": {"type": "str", "choices": list(SCOPES)},
        "type": {"type": "str", "choices": list(TYPES)},
        "onlink": {"type": "bool", "default": False},
        "nexthops": {
            "type": "list",
            "elements": "dict",
            "options": {
                "gateway": {"type": "str"},
                "interface": {"type": "str"},
                "weight": {"type": "int", "default": 1},
            },
        },
        "mtu": {"type": "int"},
        "family": {"type": "str", "choices": list(FAMILIES)},
        "exclusive": {"type": "bool", "default": False},
        **STATE_SPEC,
    },
    parse,
    ("netns", "destination", "table", "metric", "family"),
)
