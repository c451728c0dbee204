# SPDX-FileCopyrightText: The virtnet.linux authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module vrf, witnessed by `ip -d link`, `ip route` and `ip vrf`."""

from __future__ import annotations

import typing as t

import pytest

from tests.integration import links, witness
from tests.integration.lifecycle import Bad, Bed, Options, Setting, assert_clear, assert_unchanged
from tests.integration.links import NAME, LinkLifecycle, kind_field
from tests.integration.running import run_module, succeed

here = pytest.mark.needs(kinds=["vrf"])


def ports(bed: Bed) -> list[str]:
    return sorted(entry["ifname"] for entry in witness.ip(bed.netns, "link", "show", "master", NAME))


def make_rules(bed: Bed) -> None:
    """The kernel makes them with the first VRF of a namespace, and never again."""
    bed.ip("link add first type vrf table 99")
    bed.ip("link del first")


@here
class TestVrf(LinkLifecycle):
    module = "vrf"
    SETTINGS = (
        *(setting for setting in links.GENERAL if setting.option != "addresses"),
        Setting("addresses", (["192.0.2.1/32", "2001:db8::1/128"], ["192.0.2.2/32"]), links.addresses,
                beside={"exclusive_addresses": True}),
        Setting("table", ("10", 4294967295), kind_field("table"), (10, 4294967295), beside={"recreate": True}),
        Setting("table", ("main", "11"), kind_field("table"), (254, 11), beside={"recreate": True}),
        Setting("ports", (["eth0"], ["eth1"]), ports, beside={"exclusive_ports": True}),
        Setting("ports", (["eth0", "eth1"], []), ports, beside={"exclusive_ports": True}),
    )  # fmt: skip
    BAD = (
        *(bad for bad in links.BAD if "port " not in bad.label),
        Bad("table is missing", {"table": None}, "^table: a vrf needs the number of its routing table"),
        Bad("table is none", {"table": "blue"}, "^table: 'blue' is not a table"),
        Bad("table 0", {"table": "0"}, "^table: '0' is not a table"),
        Bad("table differs", {"table": "11"}, "^table: 't0' .* has 10, not 11.*recreate: true", there=True),
        Bad("port that is not there", {"ports": ["eth9"]}, "^ports: there is no interface 'eth9' in namespace"),
        Bad("port twice", {"ports": ["eth0", "eth0"]}, "^ports: .* has a port twice"),
        Bad("port is itself", {"ports": [NAME]}, "^ports: 't0' is the vrf itself"),
        Bad("exclusive_ports alone", {"exclusive_ports": True}, "^exclusive_ports: True needs a list of ports"),
        Bad("kind of what there is differs", {"name": "br8"}, "^'br8' .* is of kind 'bridge', not 'vrf'"),
        Bad("absent with another kind", {"name": "br8", "state": "absent"}, "'br8' .* is a bridge device: it is not"),
    )

    def prepare(self, bed: Bed) -> None:
        super().prepare(bed)
        make_rules(bed)
        for name in ("eth0", "eth1"):
            bed.ip(f"link add {name} type veth peer {name} netns {bed.other}")
            bed.ip(f"link set {name} up")

    def options(self, bed: Bed) -> Options:
        return {"netns": bed.netns, "name": NAME, "table": "10"}


WAYS = "route add 198.51.100.0/24 via 192.0.2.2 dev eth0|route add 203.0.113.0/24 dev eth0 table 7"
WAYS6 = "route add 2001:db8:9::/64 via 2001:db8::2 dev eth0"


@pytest.fixture
def port(bed: Bed) -> Bed:
    """An interface with addresses, routes and a neighbour."""
    make_rules(bed)
    bed.ip(f"link add eth0 type veth peer eth0 netns {bed.other}")
    bed.ip("link set eth0 up", bed.other)
    bed.ip("link set eth0 up")
    bed.ip("address add 192.0.2.1/24 dev eth0")
    bed.ip("address add 2001:db8::1/64 dev eth0 nodad")
    for words in (*WAYS.split("|"), f"-6 {WAYS6}", "neigh add 192.0.2.9 lladdr 02:00:00:00:00:09 dev eth0"):
        bed.ip(words)
    return bed


def standing(bed: Bed) -> dict[str, t.Any]:
    """What somebody gave the interface."""
    routes = [*witness.ip(bed.netns, "-4", "route", "show", "table", "all"),
              *witness.ip(bed.netns, "-6", "route", "show", "table", "all")]  # fmt: skip
    given = sorted(
        (way["dst"], way.get("table", "main")) for way in routes if way.get("protocol") in ("boot", "static")
    )
    neighbours = witness.ip(bed.netns, "neigh", "show", "nud", "permanent")
    return {
        "addresses": witness.addresses(bed.netns, "eth0"),
        "routes": given,
        "neighbours": sorted(entry["dst"] for entry in neighbours if entry["dev"] == "eth0"),
    }


@here
@pytest.mark.parametrize("way", ["ports", "master"])
def test_a_port_keeps_what_it_was_given(port: Bed, way: str) -> None:
    before = standing(port)
    assert len(before["routes"]) == 3 and len(before["addresses"]) == 2 and before["neighbours"] == ["192.0.2.9"]
    options = {"netns": port.netns, "name": NAME, "table": "10"}
    if way == "ports":
        result = succeed("vrf", {**options, "ports": ["eth0"]})
    else:
        succeed("vrf", options)
        result = succeed("link", {"netns": port.netns, "name": "eth0", "master": NAME})
    assert result.changed and standing(port) == before
    connected = [way["dst"] for way in witness.ip(port.netns, "route", "show", "table", "10")]
    assert "192.0.2.0/24" in connected


@here
@pytest.mark.parametrize("leave", [{"ports": [], "exclusive_ports": True}, {"state": "absent"}])
def test_a_port_that_leaves_keeps_what_it_was_given(port: Bed, leave: Options) -> None:
    before = standing(port)
    options = {"netns": port.netns, "name": NAME, "table": "10"}
    succeed("vrf", {**options, "ports": ["eth0"]})
    succeed("vrf", {**options, **leave})
    assert "master" not in witness.link(port.netns, "eth0")
    assert standing(port) == before


@here
def test_a_port_that_is_down_keeps_its_addresses(port: Bed) -> None:
    port.ip("link set eth0 down")
    port.ip("address add 2001:db8::5/64 dev eth0 nodad")
    before = standing(port)
    succeed("vrf", {"netns": port.netns, "name": NAME, "table": "10", "ports": ["eth0"]})
    assert standing(port) == before and "UP" not in witness.link(port.netns, "eth0")["flags"]


@here
def test_a_port_loses_the_addresses_that_are_not_wanted(port: Bed) -> None:
    succeed("vrf", {"netns": port.netns, "name": NAME, "table": "10"})
    wanted = {"addresses": ["2001:db8::1/64"], "exclusive_addresses": True}
    succeed("link", {"netns": port.netns, "name": "eth0", "master": NAME, **wanted})
    assert witness.addresses(port.netns, "eth0") == ["2001:db8::1/64"]


@here
def test_a_topology_gives_the_port_back(port: Bed) -> None:
    before = port.seen()
    vrf = {"netns": port.netns, "name": NAME, "table": "10", "ports": ["eth0"]}
    via = {"destination": "default", "table": "10", "gateway": "192.0.2.2"}
    route = {"netns": port.netns, "interface": "eth0", **via}
    resources = [{"vrf": vrf}, {"route": route}]
    succeed("topology", {"name": port.netns, "resources": resources})
    assert_unchanged(succeed("topology", {"name": port.netns, "resources": resources}))
    succeed("topology", {"name": port.netns, "state": "absent"})
    assert port.seen() == before


@here
def test_a_failure_leads_the_port_back(port: Bed) -> None:
    before = port.seen()
    vrf = {"netns": port.netns, "name": NAME, "table": "10", "ports": ["eth0"]}
    refused = {"netns": port.netns, "name": "eth0.1", "parent": "lo", "mode": "bridge"}
    result = run_module("topology", {"name": port.netns, "resources": [{"vrf": vrf}, {"macvlan": refused}]})
    assert_clear(result, "cannot create macvlan 'eth0.1'")
    assert port.seen() == before


@here
def test_a_vrf_made_anew_has_its_ports_again(port: Bed) -> None:
    before = standing(port)
    options = {"netns": port.netns, "name": NAME, "ports": ["eth0"], "recreate": True}
    succeed("vrf", {**options, "table": "10"})
    succeed("vrf", {**options, "table": "11"})
    assert ports(port) == ["eth0"] and standing(port) == before


@here
def test_topology_info_says_what_makes_it_again(port: Bed) -> None:
    succeed("vrf", {"netns": port.netns, "name": NAME, "table": "10", "ports": ["eth0"]})
    found = succeed("topology_info", {"namespaces": [port.netns, port.other]})["resources"]
    (told,) = [entry["vrf"] for entry in found if "vrf" in entry]
    assert (told["table"], "mtu" in told) == (10, False)
    assert not [entry for entry in found if "rule" in entry]


@here
def test_two_vrfs_have_the_same_addresses(bed: Bed) -> None:
    far = [bed.other, bed.names.made()]
    resources: list[dict[str, t.Any]] = []
    for number, netns in enumerate(far, 1):
        peer = {"netns": netns, "name": "eth0", "addresses": [f"192.0.2.{number + 1}/24"]}
        port = {"netns": bed.netns, "name": f"eth{number}", "master": f"vrf{number}", "addresses": ["192.0.2.1/24"]}
        resources += [{"vrf": {"netns": bed.netns, "name": f"vrf{number}", "table": str(number)}}]
        resources += [{"veth": {**port, "peer": peer}}]
    succeed("topology", {"name": bed.netns, "resources": resources})
    ping = ("ping", "-c", "1", "-W", "1", "-I")
    reached = [witness.succeeds(*ping, vrf, "192.0.2.2", netns=bed.netns) for vrf in ("vrf1", "vrf2")]
    succeed("topology", {"name": bed.netns, "state": "absent"})
    assert reached == [True, False]


def test_a_kernel_without_is_told(netns: str) -> None:
    if "vrf" in succeed("capabilities_info", {})["kinds"]:
        pytest.skip("this kernel has 'vrf' devices")
    options = {"netns": netns, "name": NAME, "table": "10"}
    assert_clear(run_module("vrf", options), r"this kernel has no 'vrf' devices \(module vrf: not found\)")
