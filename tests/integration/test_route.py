# SPDX-FileCopyrightText: The virtnet.linux authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module route, witnessed by `ip route`."""

from __future__ import annotations

import typing as t

import pytest

from tests.integration import witness
from tests.integration.lifecycle import (
    Bad,
    Bed,
    NamespacedLifecycle,
    Options,
    Setting,
    assert_clear,
    assert_unchanged,
)
from tests.integration.running import run_module, succeed

DESTINATION = "198.51.100.0/24"


def routes(bed: Bed, destination: str = DESTINATION, table: str = "all", family: str = "-4") -> list[dict[str, t.Any]]:
    return witness.ip(bed.netns, family, "route", "show", "exact", destination, "table", table)


def field(name: str, default: t.Any = None) -> t.Callable[[Bed], t.Any]:
    return lambda bed: routes(bed)[0].get(name, default)


def hops(bed: Bed) -> list[tuple[str, int]]:
    return sorted((hop["gateway"], hop["weight"]) for hop in routes(bed)[0]["nexthops"])


class RouterBed(NamespacedLifecycle):
    """A namespace with two interfaces that are up and have addresses."""

    module = "route"

    def prepare(self, bed: Bed) -> None:
        for number, name in enumerate(("eth0", "eth1")):
            bed.ip(f"link add {name} type veth peer name {name} netns {bed.other}")
            bed.ip(f"link set {name} up")
            bed.ip(f"link set {name} up", bed.other)
            bed.ip(f"address add 192.0.{number + 2}.1/24 dev {name}")
            bed.ip(f"address add 2001:db8:{number}::1/64 dev {name} nodad")


class TestRoute(RouterBed):
    SETTINGS = (
        Setting("gateway", ("192.0.2.2", "192.0.3.2"), field("gateway")),
        Setting("interface", ("eth0", "eth1"), field("dev"), beside={"gateway": None}),
        Setting("source", ("192.0.2.1", "192.0.3.1"), field("prefsrc")),
        Setting("mtu", (1400, 1300), lambda bed: routes(bed)[0]["metrics"][0]["mtu"]),
        Setting("scope", ("link", "global"), field("scope"), beside={"interface": "eth0", "gateway": None}),
        Setting("type", ("blackhole", "prohibit"), field("type"), beside={"gateway": None}),
        Setting("type", ("unreachable", "throw"), field("type"), beside={"gateway": None}),
        Setting(
            "nexthops",
            (
                [{"gateway": "192.0.2.2", "weight": 2}, {"gateway": "192.0.3.2"}],
                [{"gateway": "192.0.2.3"}, {"gateway": "192.0.3.2", "weight": 5}],
            ),
            hops,
            ([("192.0.2.2", 2), ("192.0.3.2", 1)], [("192.0.2.3", 1), ("192.0.3.2", 5)]),
            beside={"gateway": None},
        ),
    )
    BAD = (
        Bad("destination is no network", {"destination": "somewhere"}, "^destination: 'somewhere' is not a network"),
        Bad(
            "destination with host bits",
            {"destination": "198.51.100.1/24"},
            "^destination: .*host bits.*198.51.100.0/24",
        ),
        Bad("gateway is no address", {"gateway": "router"}, "^gateway: 'router' is not an IP address"),
        Bad(
            "gateway with a prefix length", {"gateway": "192.0.2.2/24"}, "^gateway: '192.0.2.2/24' is not an IP address"
        ),
        Bad("gateway of another family", {"gateway": "2001:db8::2"}, "^gateway: .*another family"),
        Bad("gateway that can't be reached", {"gateway": "203.0.113.1"}, r"via 203.0.113.1 in namespace .*: Nexthop"),
        Bad(
            "interface that is not there",
            {"interface": "eth9"},
            "^interface: there is no interface 'eth9' in namespace",
        ),
        Bad("interface whose name is too long", {"interface": "x" * 16}, "^interface: .*1 to 15 bytes"),
        Bad("source is no address", {"source": "me"}, "^source: 'me' is not an IP address"),
        Bad("source of another family", {"source": "2001:db8::1"}, "^source: .*another family"),
        Bad("source that is not ours", {"source": "203.0.113.1"}, r"src 203.0.113.1 .*: Invalid prefsrc"),
        Bad("table is no number", {"table": "blue"}, "^table: 'blue' is not a table"),
        Bad("table zero", {"table": "0"}, "^table: '0' is not a table"),
        Bad("metric is no number", {"metric": "low"}, "'metric' is of type str .*int"),
        Bad("metric below zero", {"metric": -1}, "^metric: -1 is not between"),
        Bad("scope is unknown", {"scope": "galaxy"}, "scope must be one of: global"),
        Bad("type is unknown", {"type": "wormhole"}, "type must be one of: unicast"),
        Bad("type with a gateway it can't have", {"type": "blackhole"}, "^type: a blackhole route leads nowhere"),
        Bad("onlink without an interface", {"onlink": True}, "^onlink: needs a gateway and an interface"),
        Bad("onlink is no switch", {"onlink": "perhaps"}, "'onlink' .*boolean|onlink.*bool"),
        Bad("nexthops beside a gateway", {"nexthops": [{"gateway": "192.0.2.2"}]}, "^nexthops: give either"),
        Bad("nexthops with nothing in it", {"gateway": None, "nexthops": [{}]}, "^nexthops: each needs a gateway"),
        Bad("nexthops is empty", {"gateway": None, "nexthops": []}, "nexthops.*needs"),
        Bad(
            "nexthops with an unknown key",
            {"gateway": None, "nexthops": [{"via": "192.0.2.2"}]},
            r"Unsupported parameters .* nexthops\.via",
        ),
        Bad(
            "nexthops with a weight too great",
            {"gateway": None, "nexthops": [{"gateway": "192.0.2.2", "weight": 257}, {"gateway": "192.0.3.2"}]},
            "^nexthops.weight: 257 is not between 1 and 256",
        ),
        Bad("mtu too small", {"mtu": 10}, "^mtu: 10 is not between 68"),
        Bad("family is unknown", {"family": "ipx"}, "family must be one of: ipv4, ipv6"),
        Bad(
            "family is not that of the destination",
            {"family": "ipv6"},
            "^family: 'ipv6' is not that of the destination",
        ),
        Bad("netns is no name", {"netns": "a b"}, "^netns: 'a b' is not a namespace name"),
        Bad("state is unknown", {"state": "perhaps"}, "state must be one of: present, absent"),
        Bad("no way to go", {"gateway": None}, "^gateway, interface or nexthops: a route needs one of them"),
    )

    def options(self, bed: Bed) -> Options:
        return {"netns": bed.netns, "destination": DESTINATION, "gateway": "192.0.2.2"}

    def unanchored(self, bed: Bed) -> Options:
        return {"netns": bed.netns, "destination": DESTINATION, "type": "blackhole"}

    def identity(self, bed: Bed) -> Options:
        return {"netns": bed.netns, "destination": DESTINATION}

    def exists(self, bed: Bed) -> bool:
        return bool(routes(bed))


class TestIPv6Route(RouterBed):
    SETTINGS = (
        Setting("gateway", ("2001:db8::2", "2001:db8:1::2"), lambda bed: six(bed)["gateway"]),
        Setting("mtu", (1400, 1300), lambda bed: six(bed)["metrics"][0]["mtu"]),
        Setting(
            "nexthops",
            (
                [{"gateway": "2001:db8::2", "weight": 2}, {"gateway": "2001:db8:1::2"}],
                [{"gateway": "2001:db8::3"}, {"gateway": "2001:db8:1::2", "weight": 5}],
            ),
            lambda bed: sorted((hop["gateway"], hop["weight"]) for hop in six(bed)["nexthops"]),
            ([("2001:db8:1::2", 1), ("2001:db8::2", 2)], [("2001:db8:1::2", 5), ("2001:db8::3", 1)]),
            beside={"gateway": None},
        ),
    )
    BAD = (
        Bad("gateway of another family", {"gateway": "192.0.2.2"}, "^gateway: .*another family"),
        Bad("gateway that can't be reached", {"gateway": "2001:db8:9::1"}, r"via 2001:db8:9::1 .*: \S"),
        Bad("mtu too small", {"mtu": 1279}, "^mtu: 1279 is not between 1280"),
        Bad(
            "destination with host bits", {"destination": "2001:db8::1/64"}, "^destination: .*host bits.*2001:db8::/64"
        ),
    )

    def options(self, bed: Bed) -> Options:
        return {"netns": bed.netns, "destination": "2001:db8:FFFF::/64", "gateway": "2001:db8::2"}

    def unanchored(self, bed: Bed) -> Options:
        return {"netns": bed.netns, "destination": "2001:db8:ffff::/64", "type": "blackhole"}

    def identity(self, bed: Bed) -> Options:
        return {"netns": bed.netns, "destination": "2001:db8:ffff::/64"}

    def exists(self, bed: Bed) -> bool:
        return bool(routes(bed, "2001:db8:ffff::/64", family="-6"))


def six(bed: Bed) -> dict[str, t.Any]:
    return routes(bed, "2001:db8:ffff::/64", family="-6")[0]


@pytest.fixture
def router(bed: Bed) -> Bed:
    RouterBed().prepare(bed)
    return bed


def test_the_default_route_leads_out(router: Bed) -> None:
    router.ip("address add 192.0.2.2/24 dev eth0", router.other)
    router.ip("address add 203.0.113.1/32 dev eth0", router.other)
    succeed("route", {"netns": router.netns, "destination": "default", "gateway": "192.0.2.2"})
    assert witness.succeeds("ping", "-c", "1", "-W", "2", "203.0.113.1", netns=router.netns)


def test_a_default_route_takes_the_family_of_its_gateway(router: Bed) -> None:
    succeed("route", {"netns": router.netns, "destination": "default", "gateway": "2001:db8::2"})
    assert routes(router, "default", family="-6")[0]["gateway"] == "2001:db8::2"


def test_a_link_local_gateway_needs_its_interface(router: Bed) -> None:
    options = {"netns": router.netns, "destination": "default", "gateway": "fe80::1"}
    assert_clear(run_module("route", options), "^gateway: .fe80::1. is a link-local address")
    succeed("route", {**options, "interface": "eth0"})
    assert_unchanged(succeed("route", {**options, "interface": "eth0"}))


def test_a_gateway_on_the_link_needs_no_address_there(router: Bed) -> None:
    options = {
        "netns": router.netns, "destination": DESTINATION, "gateway": "203.0.113.1", "interface": "eth0", "onlink": True
    }  # fmt: skip
    succeed("route", options)
    assert "onlink" in routes(router)[0]["flags"]
    assert_unchanged(succeed("route", options))


def test_routes_of_two_metrics_stand_beside_each_other(router: Bed) -> None:
    options = {"netns": router.netns, "destination": DESTINATION, "gateway": "192.0.2.2"}
    succeed("route", options)
    succeed("route", {**options, "metric": 100})
    assert sorted(route.get("metric", 0) for route in routes(router)) == [0, 100]


def test_an_exclusive_route_is_the_only_one(router: Bed) -> None:
    options = {"netns": router.netns, "destination": DESTINATION, "gateway": "192.0.2.2"}
    succeed("route", {**options, "metric": 100})
    result = succeed("route", {**options, "exclusive": True})
    assert [route.get("metric", 0) for route in routes(router)] == [0]
    assert result.diff["before"]["others"][0]["metric"] == 100
    assert_unchanged(succeed("route", {**options, "exclusive": True}))


def test_a_route_in_another_table_is_another_one(router: Bed) -> None:
    options = {"netns": router.netns, "destination": DESTINATION, "gateway": "192.0.2.2"}
    succeed("route", options)
    succeed("route", {**options, "table": "1000", "gateway": "192.0.3.2"})
    assert [route["gateway"] for route in routes(router, table="1000")] == ["192.0.3.2"]
    assert [route["gateway"] for route in routes(router, table="main")] == ["192.0.2.2"]


def test_absent_leaves_routes_of_other_metrics(router: Bed) -> None:
    options = {"netns": router.netns, "destination": DESTINATION, "gateway": "192.0.2.2", "metric": 100}
    succeed("route", options)
    assert_unchanged(succeed("route", {"netns": router.netns, "destination": DESTINATION, "state": "absent"}))
    assert routes(router)


def test_what_is_not_given_stays(router: Bed) -> None:
    router.ip(f"route add {DESTINATION} via 192.0.2.2 mtu 1400 src 192.0.2.1")
    succeed("route", {"netns": router.netns, "destination": DESTINATION, "gateway": "192.0.2.3"})
    found = routes(router)[0]
    assert (found["gateway"], found["prefsrc"], found["metrics"][0]["mtu"]) == ("192.0.2.3", "192.0.2.1", 1400)


def test_a_local_route_takes_in_a_whole_network(router: Bed) -> None:
    options = {"netns": router.netns, "destination": DESTINATION, "type": "local", "interface": "lo", "table": "local"}
    router.ip("link set lo up")
    succeed("route", options)
    assert witness.succeeds("ping", "-c", "1", "-W", "2", "198.51.100.77", netns=router.netns)
    assert_unchanged(succeed("route", options))
