# SPDX-FileCopyrightText: The virtnet.linux authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module nat, witnessed by nft, iptables-save, and by what the other end of a connection sees."""

from __future__ import annotations

import typing as t

import pytest

from tests.integration import firewalls, witness
from tests.integration.conftest import Names
from tests.integration.firewalls import (
    BACKENDS,
    INSIDE,
    LAN,
    OUTSIDE,
    ROUTER,
    Router,
    is_passed,
    ours,
    rules,
    version_of,
)
from tests.integration.lifecycle import Bad, Bed, NamespacedLifecycle, Options, Setting, assert_clear, assert_unchanged
from tests.integration.running import Result, run_module, succeed

WEB = {"action": "dnat", "protocol": "tcp", "destination_port": "8080", "to_address": "192.0.2.80"}


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """The only backend that there is."""
    firewalls.restrict(monkeypatch, request.param)
    return str(request.param)


@pytest.fixture
def router(names: Names, request: pytest.FixtureRequest) -> Router:
    """Outside knows no way to the inside."""
    return Router(names, False, version_of(request))


def nat(netns: str, **options: t.Any) -> Result:
    return succeed("nat", {"netns": netns, **options})


def rule(hook: str) -> t.Callable[[Bed], t.Any]:
    return lambda bed: rules(bed.netns, hook)


class NatLifecycle(NamespacedLifecycle):
    """A web server behind the namespace."""

    module = "nat"
    backend = ""

    @pytest.fixture(autouse=True)
    def only_backend(self, monkeypatch: pytest.MonkeyPatch) -> None:
        firewalls.restrict(monkeypatch, self.backend)

    def options(self, bed: Bed) -> Options:
        return {**self.identity(bed), "to_address": "192.0.2.80", "local": True}

    def identity(self, bed: Bed) -> Options:
        return {"netns": bed.netns, **WEB, "destination": "198.51.100.1", "to_address": None}

    def exists(self, bed: Bed) -> bool:
        return bool(rules(bed.netns, "prerouting"))

    def test_check_mode_leaves_the_firewall_alone(self, bed: Bed) -> None:
        self.run(self.options(bed), check=True)
        assert firewalls.firewall_of(bed.netns)["nftables"] == []

    def test_absent_leaves_nothing_of_ours(self, bed: Bed) -> None:
        self.run(self.options(bed))
        self.run({**self.options(bed), "destination": "198.51.100.2"})
        assert len(rules(bed.netns, "output")) == 2
        self.run(self.absent(bed))
        assert len(rules(bed.netns, "output")) == 1
        self.run({**self.absent(bed), "destination": "198.51.100.2"})
        assert ours(bed.netns) == []


class TestNatInNftables(NatLifecycle):
    backend = "nftables"
    SETTINGS = (
        Setting(
            "to_address",
            ("192.0.2.80", "192.0.2.81"),
            rule("prerouting"),
            (
                ["ip daddr 198.51.100.1 tcp dport 8080 counter dnat to 192.0.2.80"],
                ["ip daddr 198.51.100.1 tcp dport 8080 counter dnat to 192.0.2.81"],
            ),
        ),
        Setting("local", (True, False), lambda bed: bool(rules(bed.netns, "output"))),
        Setting(
            "to_port",
            ("80", "8000-8010"),
            lambda bed: rules(bed.netns, "prerouting")[0].rpartition(":")[2],
        ),
    )
    BAD = (
        Bad("unknown protocol", {"protocol": "tpc"}, "^protocol: 'tpc' is not a protocol such as tcp"),
        Bad("protocol number too high", {"protocol": "256"}, "^protocol: '256' is not a protocol"),
        Bad("port without protocol", {"protocol": None}, "^destination_port: '8080' needs a protocol that has ports"),
        Bad("port of a protocol without", {"protocol": "icmp"}, "^destination_port: '8080' needs .* not icmp$"),
        Bad("port 0", {"destination_port": "0"}, "^destination_port: '0' is not a port or a range"),
        Bad("port too high", {"destination_port": "65536"}, "^destination_port: '65536' is not a port"),
        Bad("range backwards", {"destination_port": "90-80"}, "^destination_port: '90-80' is not a port or a range"),
        Bad("port in words", {"destination_port": "http"}, "^destination_port: 'http' is not a port"),
        Bad("target port", {"to_port": "80,81"}, "^to_port: '80,81' is not a port or a range"),
        Bad("no target", {"to_address": None}, "^to_address: dnat needs the address"),
        Bad("snat without target", {"action": "snat", "to_address": None, "local": None}, "^to_address: snat needs"),
        Bad("target with a prefix", {"to_address": "192.0.2.1/24"}, "^to_address: '192.0.2.1/24' is not an IP address"),
        Bad("target of a redirect", {"action": "redirect"}, "^to_address: redirect takes the address of the interface"),
        Bad("target of another family", {"to_address": "fd00::1"}, "^to_address: 'fd00::1' is of IPv6, and dest"),
        Bad("family against addresses", {"family": "ipv6"}, "^destination: .* is of IPv4, and family is ipv6"),
        Bad("source of another family", {"source": "fd00::/64"}, "is of IPv4, and source is of IPv6"),
        Bad("host bits", {"source": "192.0.2.1/24"}, "^source: '192.0.2.1/24' has host bits set; .* 192.0.2.0/24"),
        Bad("no network", {"source": "somewhere"}, "^source: 'somewhere' is not a network"),
        Bad("not everything", {"source": "!0.0.0.0/0"}, "^source: '!0.0.0.0/0' matches no packet at all"),
        Bad("interface too long", {"in_interface": "x" * 16, "local": None}, "^in_interface: 'x{16}' is not an "),
        Bad("star", {"in_interface": "eth*", "local": None}, "^in_interface: 'eth\\*' has a character that"),
        Bad("output interface", {"out_interface": "eth0"}, "^out_interface: 'eth0' is not known yet where dnat"),
        Bad("input interface", {"action": "snat", "in_interface": "eth0", "local": None}, "^in_interface: .* any more"),
        Bad("local input", {"in_interface": "eth0"}, "^in_interface: 'eth0' and local contradict each other"),
        Bad("local masquerade", {"action": "masquerade", "to_address": None}, "^local: masquerade is done to"),
        Bad("icmp of IPv6", {"protocol": "icmp", "destination_port": None, "family": "ipv6", "destination": None,
                             "to_address": "fd00::1"}, "is of IPv4"),
        Bad("no such action", {"action": "nat"}, "value of action must be one of"),
        Bad("no such backend", {"backend": "pf"}, "value of backend must be one of"),
        Bad("a backend that is not there", {"backend": "iptables"}, "the program 'iptables' is not installed"),
    )  # fmt: skip


class TestNatInIptables(NatLifecycle):
    backend = "iptables-nft"
    SETTINGS = TestNatInNftables.SETTINGS[1:2]
    BAD = (Bad("a backend that is not there", {"backend": "nftables"}, "^backend: nftables does not work here"),)


class TestNatInLegacyIptables(NatLifecycle):
    backend = "iptables-legacy"
    SETTINGS = TestNatInNftables.SETTINGS[1:2]
    BAD = (Bad("a backend that is not there", {"backend": "nftables"}, "^backend: nftables does not work here"),)


# what packets say


@pytest.mark.parametrize("version", [4, 6])
def test_masquerade_gives_packets_the_routers_address(router: Router, backend: str, version: int) -> None:
    assert not router.passes(version)
    nat(router.netns, action="masquerade", source=LAN[version], out_interface="wan")
    seen = is_passed(router.inside, router.outside, OUTSIDE[version], 80, (OUTSIDE[version], 80))
    assert seen is not None and seen.split()[0] == ROUTER[version]
    assert router.passes(version)
    nat(router.netns, action="masquerade", source=LAN[version], out_interface="wan", state="absent")
    assert is_passed(router.inside, router.outside, OUTSIDE[version], 80, (OUTSIDE[version], 80)) is None


@pytest.mark.parametrize("version", [4, 6])
def test_snat_gives_packets_an_address_and_a_port(router: Router, backend: str, version: int) -> None:
    nat(
        router.netns,
        action="snat",
        out_interface="!lan",
        protocol="tcp",
        to_address=ROUTER[version],
        to_port="7000-7003",
    )
    seen = is_passed(router.inside, router.outside, OUTSIDE[version], 80, (OUTSIDE[version], 80))
    assert seen is not None and seen.split()[0] == ROUTER[version] and 7000 <= int(seen.split()[1]) <= 7003


@pytest.mark.parametrize("version", [4, 6])
def test_dnat_leads_to_the_inside_from_elsewhere_and_from_the_machine_itself(
    router: Router, backend: str, version: int
) -> None:
    options = {"destination": ROUTER[version], "protocol": "tcp", "destination_port": "8080", "action": "dnat"}
    target = {"to_address": INSIDE[version], "to_port": "80"}
    server = (router.inside, ROUTER[version], 8080, (INSIDE[version], 80))
    nat(router.netns, **options, **target)
    assert str(is_passed(router.outside, *server)).split()[0] == OUTSIDE[version]
    assert is_passed(router.netns, *server) is None
    nat(router.netns, **options, **target, local=True)
    assert is_passed(router.netns, *server) is not None
    result = nat(router.netns, **options, **target)
    assert_unchanged(result)
    assert result["nat"]["hooks"] == ["prerouting", "output"] and result["nat"]["packets"] >= 2
    nat(router.netns, **options, **target, local=False)
    assert is_passed(router.netns, *server) is None
    assert is_passed(router.outside, *server) is not None


def test_redirect_leads_to_the_machine_itself(router: Router, backend: str) -> None:
    nat(router.netns, action="redirect", in_interface="la+", protocol="tcp", destination_port="80", to_port="9000")
    seen = is_passed(router.inside, router.netns, OUTSIDE[4], 80, ("10.77.1.1", 9000))
    assert seen is not None and seen.split()[0] == INSIDE[4]
    assert is_passed(router.netns, router.outside, OUTSIDE[4], 80, (OUTSIDE[4], 80)) is not None


# how a rule is known


def test_another_action_for_the_same_packets_replaces_the_rule(netns: str, backend: str) -> None:
    nat(netns, action="masquerade", source="192.0.2.0/24")
    nat(netns, action="masquerade", source="198.51.100.0/24")
    result = nat(netns, action="snat", source="192.0.2.0/24", to_address="203.0.113.1")
    assert result.changed and result.diff["before"]["action"] == "masquerade"
    first, second = rules(netns, "postrouting")
    assert "192.0.2.0/24" in first and "snat" in first.lower() and "203.0.113.1" in first
    assert "198.51.100.0/24" in second and "masquerade" in second.lower()


def test_a_rule_is_found_in_the_backend_that_has_it(netns: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for first in BACKENDS:
        firewalls.restrict(monkeypatch, first)
        nat(netns, action="masquerade", source="192.0.2.0/24", protocol="gre")
        firewalls.restrict(monkeypatch, *BACKENDS)
        result = nat(netns, action="masquerade", source="192.0.2.0/24", protocol="47")
        assert_unchanged(result)
        assert result["nat"]["program"] == first
        assert nat(netns, action="masquerade", source="192.0.2.0/24", protocol="gre", state="absent").changed
        assert ours(netns) == []


def test_a_rule_is_moved_to_the_backend_that_is_asked_for(netns: str) -> None:
    nat(netns, action="masquerade", source="192.0.2.0/24", backend="nftables")
    nat(netns, action="masquerade", source="192.0.2.0/24", backend="iptables")
    assert firewalls.ruleset(netns)[0]["table"]["name"] == "nat"
    (line,) = rules(netns, "postrouting")
    assert line.startswith("-s 192.0.2.0/24")
    assert_unchanged(nat(netns, action="masquerade", source="192.0.2.0/24"))


def test_rules_of_others_stay(netns: str) -> None:
    witness.shell("iptables-nft", "-t", "nat", "-A", "POSTROUTING", "-s", "10.0.0.0/8", "-j", "MASQUERADE", netns=netns)
    witness.shell(
        "nft", "table ip other { chain c { type nat hook postrouting priority 90; masquerade; }; }", netns=netns
    )
    witness.shell("iptables-legacy", "-t", "nat", "-A", "PREROUTING", "-j", "ACCEPT", netns=netns)
    before = firewalls.firewall_of(netns)
    for backend in ("iptables", "nftables"):
        nat(netns, action="masquerade", source="192.0.2.0/24", backend=backend)
        nat(netns, action="masquerade", source="192.0.2.0/24", state="absent")
        assert firewalls.firewall_of(netns) == before


def test_a_rule_that_was_removed_by_hand_comes_back(netns: str, backend: str) -> None:
    before = nat(netns, action="masquerade", source="192.0.2.0/24")
    if backend == "nftables":
        witness.shell("nft", "flush", "chain", "ip", "virtnet", "postrouting", netns=netns)
    else:
        witness.shell(backend, "-t", "nat", "-F", "POSTROUTING", netns=netns)
    again = nat(netns, action="masquerade", source="192.0.2.0/24")
    assert again.changed
    assert_unchanged(nat(netns, action="masquerade", source="192.0.2.0/24"))
    assert again["nat"] == before["nat"]


def test_a_failing_topology_leads_the_rules_back(netns: str, backend: str) -> None:
    for number in (1, 2, 3):
        nat(netns, action="masquerade", source=f"192.0.{number}.0/24")
    before = firewalls.firewall_of(netns)
    result = run_module(
        "topology",
        {
            "name": netns,
            "resources": [
                {"nat": {"netns": netns, "action": "masquerade", "source": "192.0.1.0/24", "state": "absent"}},
                {"nat": {"netns": netns, "action": "snat", "source": "192.0.2.0/24", "to_address": "192.0.9.9"}},
                {"nat": {"netns": netns, **WEB, "local": True}},
                {"route": {"netns": netns, "destination": "default", "gateway": "192.0.2.1"}},
            ],
        },
    )
    assert_clear(result, r"^resources\[3\].route")
    if backend == "nftables":  # iptables-nft's own chains stay once it has made them
        assert firewalls.firewall_of(netns)["nftables"] == before["nftables"]
    assert sorted(firewalls.firewall_of(netns)["iptables"]) == sorted(before["iptables"])


def test_a_machine_without_programs_is_told_which_to_install(netns: str, monkeypatch: pytest.MonkeyPatch) -> None:
    firewalls.restrict(monkeypatch)
    result = run_module("nat", {"netns": netns, "action": "masquerade"})
    assert_clear(result, "^the program 'nft' is not installed .it is in the package nftables")
