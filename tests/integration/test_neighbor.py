# SPDX-FileCopyrightText: The virtnet.linux authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module neighbor, witnessed by `ip neigh` and by who answers."""

from __future__ import annotations

import typing as t

import pytest

from tests.integration import witness
from tests.integration.lifecycle import Bad, Bed, NamespacedLifecycle, Options, Setting, assert_unchanged
from tests.integration.running import run_module, succeed

MAC, OTHER_MAC = "02:00:00:00:00:05", "02:00:00:00:00:06"


class WithInterface(NamespacedLifecycle):
    module = "neighbor"
    address = "192.0.2.9"

    def prepare(self, bed: Bed) -> None:
        for name in ("eth0", "eth1"):
            bed.ip(f"link add {name} type veth peer {name} netns {bed.other}")
            bed.ip(f"link set {name} up")
            bed.ip(f"link set {name} up", bed.other)

    def identity(self, bed: Bed) -> Options:
        return {"netns": bed.netns, "interface": "eth0", "address": self.address}

    def options(self, bed: Bed) -> Options:
        return {**self.identity(bed), "mac": MAC}

    def entries(self, bed: Bed, *words: str) -> list[dict[str, t.Any]]:
        found = witness.ip(bed.netns, "neigh", "show", *words, "dev", "eth0", "nud", "all")
        return [entry for entry in found if entry["dst"] == self.address]

    def exists(self, bed: Bed) -> bool:
        return bool(self.entries(bed))

    test_check_mode_warns_of_a_namespace_that_is_not_there = None  # it has no interface either


def field(name: str, address: str = "192.0.2.9") -> t.Callable[[Bed], t.Any]:
    def look(bed: Bed) -> t.Any:
        found = witness.ip(bed.netns, "neigh", "show", "dev", "eth0", "nud", "all")
        return next(entry[name] for entry in found if entry["dst"] == address)

    return look


class TestNeighbor(WithInterface):
    SETTINGS = (
        Setting("mac", (MAC, "0200.0000.0006"), field("lladdr"), (MAC, OTHER_MAC)),
        Setting("nud", ("noarp", "permanent"), field("state"), (["NOARP"], ["PERMANENT"])),
        Setting("nud", ("stale", "reachable"), field("state"), (["STALE"], ["REACHABLE"])),
    )
    BAD = (
        Bad("interface is missing", {"interface": None}, "missing required arguments: interface"),
        Bad(
            "interface that is not there",
            {"interface": "eth9"},
            "^interface: there is no interface 'eth9' in namespace",
        ),
        Bad("interface whose name is too long", {"interface": "x" * 16}, "^interface: .*1 to 15 bytes"),
        Bad("address is none", {"address": "router"}, "^address: 'router' is not an IP address"),
        Bad(
            "address with a prefix length", {"address": "192.0.2.9/24"}, "^address: '192.0.2.9/24' is not an IP address"
        ),
        Bad("mac is missing", {"mac": None}, "^mac: an entry needs a MAC address"),
        Bad("mac is none", {"mac": "red"}, "^mac: 'red' is not a MAC address"),
        Bad("mac beside proxy", {"proxy": True}, "^mac: an entry by proxy has none"),
        Bad("nud is unknown", {"nud": "doubtful"}, "nud must be one of: permanent, noarp"),
        Bad("proxy is no switch", {"proxy": "perhaps"}, "'proxy' is of type str .*bool"),
        Bad("netns is no name", {"netns": "a b"}, "^netns: 'a b' is not a namespace name"),
        Bad("state is unknown", {"state": "perhaps"}, "state must be one of: present, absent"),
    )


class TestIPv6Neighbor(WithInterface):
    address = "2001:db8::9"
    SETTINGS = (Setting("mac", (MAC, OTHER_MAC), field("lladdr", "2001:db8::9")),)
    BAD = (Bad("mac is missing", {"mac": None}, "^mac: an entry needs a MAC address"),)


class TestProxy(WithInterface):
    SETTINGS = (
        Setting(
            "interface",
            ("eth0", "eth1"),
            lambda bed: sorted(entry["dev"] for entry in witness.ip(bed.netns, "neigh", "show", "proxy"))[-1],
        ),
    )
    BAD = (Bad("mac beside it", {"mac": MAC}, "^mac: an entry by proxy has none"),)

    def identity(self, bed: Bed) -> Options:
        return {**super().identity(bed), "proxy": True}

    def options(self, bed: Bed) -> Options:
        return self.identity(bed)

    def exists(self, bed: Bed) -> bool:
        return any(entry["dst"] == self.address for entry in witness.ip(bed.netns, "neigh", "show", "proxy"))

    # An interface is part of what it is known by: it is not changed but added.
    test_an_option_is_changed_and_changed_back = None


@pytest.fixture
def wire(bed: Bed) -> Bed:
    WithInterface().prepare(bed)
    bed.ip("address add 192.0.2.1/24 dev eth0")
    bed.ip("address add 192.0.2.2/24 dev eth0", bed.other)
    return bed


def test_an_entry_of_another_mac_leads_astray(wire: Bed) -> None:
    assert witness.succeeds("ping", "-c", "1", "-W", "1", "192.0.2.2", netns=wire.netns)
    succeed("neighbor", {"netns": wire.netns, "interface": "eth0", "address": "192.0.2.2", "mac": MAC})
    assert not witness.succeeds("ping", "-c", "1", "-W", "1", "192.0.2.2", netns=wire.netns)


def test_an_interface_answers_by_proxy(wire: Bed) -> None:
    witness.shell("sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward", netns=wire.netns)
    wire.ip("route add 192.0.2.99/32 dev eth1")
    succeed("neighbor", {"netns": wire.netns, "interface": "eth0", "address": "192.0.2.99", "proxy": True})
    witness.succeeds("ping", "-c", "1", "-W", "1", "192.0.2.99", netns=wire.other)
    found = [entry for entry in witness.ip(wire.other, "neigh", "show", "dev", "eth0") if entry["dst"] == "192.0.2.99"]
    assert [entry.get("lladdr") for entry in found] == [witness.link(wire.netns, "eth0")["address"]]


def test_an_entry_by_proxy_and_one_of_ours_stand_beside_each_other(wire: Bed) -> None:
    options = {"netns": wire.netns, "interface": "eth0", "address": "192.0.2.9"}
    succeed("neighbor", {**options, "mac": MAC})
    succeed("neighbor", {**options, "proxy": True})
    succeed("neighbor", {**options, "proxy": True, "state": "absent"})
    assert_unchanged(succeed("neighbor", {**options, "mac": MAC}))


def test_what_was_learnt_is_made_permanent(wire: Bed) -> None:
    witness.succeeds("ping", "-c", "1", "-W", "1", "192.0.2.2", netns=wire.netns)
    mac = witness.link(wire.other, "eth0")["address"]
    succeed("neighbor", {"netns": wire.netns, "interface": "eth0", "address": "192.0.2.2", "mac": mac})
    (entry,) = witness.ip(wire.netns, "neigh", "show", "192.0.2.2", "dev", "eth0", "nud", "all")
    assert entry["state"] == ["PERMANENT"]


def test_check_mode_takes_a_namespace_that_is_not_there_with_its_interfaces(bed: Bed) -> None:
    options = {"netns": bed.names.unused(), "interface": "eth0", "address": "192.0.2.9", "mac": MAC}
    result = run_module("neighbor", options, check=True)
    assert not result.failed, result.msg
    assert result.changed
