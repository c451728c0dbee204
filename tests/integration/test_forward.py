# SPDX-FileCopyrightText: The virtnet.linux authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module forward, witnessed by nft, iptables-save and ping: an accept takes effect, or says that it can't."""

from __future__ import annotations

import typing as t

import pytest

from tests.integration import firewalls, witness
from tests.integration.conftest import Names
from tests.integration.firewalls import BACKENDS, INSIDE, OUTSIDE, Router, is_passed, ours, rules, version_of
from tests.integration.lifecycle import Bad, Bed, NamespacedLifecycle, Options, Setting, assert_clear, assert_unchanged
from tests.integration.running import Result, run_module, succeed

FLAVOURS = BACKENDS[1:]
PROGRAMS = {4: "iptables", 6: "ip6tables"}


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """The only backend that there is."""
    firewalls.restrict(monkeypatch, request.param)
    return str(request.param)


@pytest.fixture
def router(names: Names, request: pytest.FixtureRequest) -> Router:
    """Both sides know the way to the other."""
    return Router(names, True, version_of(request))


def forward(netns: str, **options: t.Any) -> Result:
    return succeed("forward", {"netns": netns, **options})


def action(bed: Bed) -> str:
    return rules(bed.netns, "forward")[0].split()[-1]


class ForwardLifecycle(NamespacedLifecycle):
    """Mail is not forwarded."""

    module = "forward"
    backend = ""

    @pytest.fixture(autouse=True)
    def only_backend(self, monkeypatch: pytest.MonkeyPatch) -> None:
        firewalls.restrict(monkeypatch, self.backend)

    def options(self, bed: Bed) -> Options:
        return {**self.identity(bed), "action": "drop"}

    def identity(self, bed: Bed) -> Options:
        return {"netns": bed.netns, "protocol": "tcp", "destination_port": "25", "in_interface": "!eth0",
                "ct_state": ["related", "new"], "source": "!192.0.2.0/24"}  # fmt: skip

    def exists(self, bed: Bed) -> bool:
        return bool(rules(bed.netns, "forward"))

    def test_check_mode_leaves_the_firewall_alone(self, bed: Bed) -> None:
        self.run(self.options(bed), check=True)
        assert firewalls.firewall_of(bed.netns)["nftables"] == []

    def test_absent_leaves_nothing_of_ours(self, bed: Bed) -> None:
        self.run({**self.options(bed), "source": None, "family": "both"})
        self.run({**self.options(bed), "source": None, "family": "both", "state": "absent"})
        assert ours(bed.netns) == []


def first_rule(bed: Bed) -> bool:
    return "25" in rules(bed.netns, "forward")[0]


class TestForwardInNftables(ForwardLifecycle):
    backend = "nftables"
    SETTINGS = (
        Setting("action", ("drop", "accept"), action),
        Setting("order", (5, 500), lambda bed: "order 500" in str(firewalls.ruleset(bed.netns)), (False, True)),
    )
    BAD = (
        Bad("a rule and a policy", {"policy": "drop"}, "^source: belongs to a rule, and policy is for"),
        Bad("no such state", {"ct_state": ["open"]}, "value of ct_state must be one or more of"),
        Bad("order too high", {"order": 2**31}, "^order: 2147483648 is not between"),
        Bad("unknown protocol", {"protocol": "tpc"}, "^protocol: 'tpc' is not a protocol"),
        Bad("port without protocol", {"protocol": None}, "^destination_port: '25' needs a protocol"),
        Bad("family against addresses", {"family": "ipv6"}, "is of IPv4, and family is ipv6"),
        Bad("both against addresses", {"family": "both"}, "is of IPv4, and family is both"),
        Bad("interface too long", {"out_interface": "x" * 16}, "^out_interface: 'x{16}' is not an interface name"),
        Bad("no such action", {"action": "masquerade"}, "value of action must be one of"),
        Bad("a backend that is not there", {"backend": "iptables"}, "the program 'iptables' is not installed"),
    )  # fmt: skip


class TestForwardInIptables(ForwardLifecycle):
    backend = "iptables-nft"
    SETTINGS = (Setting("action", ("drop", "accept"), action, ("DROP", "ACCEPT")),)
    BAD = (Bad("a backend that is not there", {"backend": "nftables"}, "^backend: nftables does not work here"),)


class TestForwardInLegacyIptables(ForwardLifecycle):
    backend = "iptables-legacy"
    SETTINGS = TestForwardInIptables.SETTINGS
    BAD = (Bad("a backend that is not there", {"backend": "nftables"}, "^backend: nftables does not work here"),)


# an accept takes effect


@pytest.mark.parametrize("version", [4, 6])
@pytest.mark.parametrize("flavour", FLAVOURS)
def test_an_accept_overrides_a_policy_of_drop(router: Router, flavour: str, version: int) -> None:
    program = flavour.replace("iptables", PROGRAMS[version])
    router.shell(program, "-P", "FORWARD", "DROP")
    assert not router.passes(version)
    family = f"ipv{version}"
    result = forward(router.netns, action="accept", family=family)
    assert result["forward"]["program"] == flavour
    assert router.passes(version)
    assert_unchanged(forward(router.netns, action="accept", family=family))
    forward(router.netns, action="accept", family=family, state="absent")
    assert ours(router.netns) == [] and not router.passes(version)


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_an_accept_stands_in_dockers_chain_for_it(router: Router, flavour: str) -> None:
    for line in (
        "-P FORWARD DROP",
        "-N DOCKER-USER",
        "-N DOCKER-FORWARD",
        "-A FORWARD -j DOCKER-USER",
        "-A FORWARD -j DOCKER-FORWARD",
        "-A DOCKER-USER -j RETURN",
        "-A DOCKER-FORWARD -j DROP",
    ):
        router.shell(flavour, *line.split())
    before = firewalls.firewall_of(router.netns)
    forward(router.netns, action="accept")
    assert router.passes()
    assert any("-A DOCKER-USER -m comment --comment virtnet -j VIRTNET-FORWARD" in line for line in ours(router.netns))
    assert_unchanged(forward(router.netns, action="accept"))
    forward(router.netns, action="accept", state="absent")
    assert firewalls.firewall_of(router.netns) == before


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_an_accept_is_put_first_again_after_somebody_came_before(router: Router, flavour: str) -> None:
    router.shell(flavour, "-A", "FORWARD", "-j", "DROP")
    forward(router.netns, action="accept")
    assert router.passes()
    router.shell(flavour, "-I", "FORWARD", "-j", "REJECT")
    assert not router.passes()
    assert forward(router.netns, action="accept").changed
    assert router.passes()
    assert_unchanged(forward(router.netns, action="accept"))


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_an_accept_moves_to_where_a_new_drop_is_decided(router: Router, flavour: str) -> None:
    assert forward(router.netns, action="accept")["forward"]["program"] == "nftables"
    router.shell(flavour, "-P", "FORWARD", "DROP")
    assert not router.passes()
    assert forward(router.netns, action="accept")["forward"]["program"] == flavour
    assert router.passes()
    assert "virtnet" not in router.shell("nft", "list", "tables")


@pytest.mark.parametrize(
    ("table", "says"),
    [
        (
            "table inet fw { chain through { type filter hook forward priority 0; policy drop; }; }",
            "'through' of table 'inet fw'",
        ),
        (
            "table ip fw { chain through { type filter hook forward priority 0; reject; }; }",
            "'through' of table 'ip fw'",
        ),
        (
            "table ip fw { chain x { drop; }; chain through { type filter hook forward priority 0; jump x; }; }",
            "'through' of table 'ip fw'",
        ),
        (
            "table ip fw { chain x { drop; }; chain through { type filter hook forward priority 0; "
            "iifname vmap { lan : jump x }; }; }",
            "'through' of table 'ip fw'",
        ),
    ],
    ids=["policy", "rule", "jump", "map"],
)
def test_an_accept_that_another_chain_would_drop_is_an_error(router: Router, table: str, says: str) -> None:
    router.shell("nft", table)
    assert not router.passes()
    before = firewalls.firewall_of(router.netns)
    result = run_module("forward", {"netns": router.netns, "action": "accept"})
    assert_clear(result, says)
    assert "would have no effect" in result.msg
    assert firewalls.firewall_of(router.netns) == before
    assert forward(router.netns, action="drop").changed  # a drop is always final


def test_a_drop_on_other_interfaces_does_not_matter(router: Router) -> None:
    router.shell("nft", "table ip fw { chain through { type filter hook forward priority 0; iifname virbr0 drop; }; }")
    forward(router.netns, action="accept", in_interface="lan")
    assert run_module("forward", {"netns": router.netns, "action": "accept", "out_interface": "lan"}).failed


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_an_accept_in_nftables_where_iptables_drops_is_an_error(router: Router, flavour: str) -> None:
    router.shell(flavour, "-P", "FORWARD", "DROP")
    result = run_module("forward", {"netns": router.netns, "action": "accept", "backend": "nftables"})
    assert_clear(result, f"^backend: an accept in nftables would have no effect.* FORWARD chain of {flavour}")


# rules


def test_the_first_rule_that_matches_decides(router: Router, backend: str) -> None:
    forward(router.netns, action="drop", order=500)
    assert not router.passes()
    forward(router.netns, action="accept", protocol="icmp")
    assert router.passes()
    forward(router.netns, action="reject", protocol="icmp", source=INSIDE[4], order=-5)
    assert not router.passes()
    assert len(rules(router.netns, "forward")) == 3
    forward(router.netns, action="reject", protocol="icmp", source=INSIDE[4], order=200)
    assert router.passes()
    assert_unchanged(forward(router.netns, action="reject", protocol="icmp", source=INSIDE[4]))


@pytest.mark.parametrize("version", [4, 6])
def test_reject_tells_the_sender(router: Router, backend: str, version: int) -> None:
    forward(router.netns, action="reject", in_interface="lan", out_interface="wan", family="both")
    printed = witness.shell("ping", "-c1", "-W1", OUTSIDE[version], netns=router.inside, check=False)
    assert "Destination Port Unreachable" in printed or "Port unreachable" in printed
    forward(router.netns, action="drop", in_interface="lan", out_interface="wan", family="both")
    printed = witness.shell("ping", "-c1", "-W1", OUTSIDE[version], netns=router.inside, check=False)
    assert "nreachable" not in printed and "100% packet loss" in printed


def test_answers_pass_and_new_connections_do_not(router: Router, backend: str) -> None:
    forward(router.netns, action="accept", ct_state=["established", "related"])
    forward(router.netns, action="accept", in_interface="lan", ct_state=["new"])
    forward(router.netns, policy="drop")
    outward = (router.inside, router.outside, OUTSIDE[4], 80, (OUTSIDE[4], 80))
    inward = (router.outside, router.inside, INSIDE[4], 80, (INSIDE[4], 80))
    assert is_passed(*outward) is not None
    assert is_passed(*inward) is None
    result = forward(router.netns, action="accept", ct_state=["related", "established"])
    assert_unchanged(result)
    assert result["forward"]["packets"] > 0


def test_a_family_of_both_is_two_rules(netns: str, backend: str) -> None:
    result = forward(netns, action="drop", family="both")
    assert result["forward"]["family"] == "both"
    assert_unchanged(forward(netns, action="drop"))
    forward(netns, action="drop", state="absent")
    assert forward(netns, action="drop", family="both").diff["before"]["family"] == "ipv6"
    forward(netns, state="absent", family="both")
    assert ours(netns) == []


# the policy


def test_a_policy_is_set_and_led_back(router: Router, backend: str) -> None:
    assert_unchanged(forward(router.netns, policy="accept"))
    predicted = run_module("forward", {"netns": router.netns, "policy": "drop"}, check=True)
    result = forward(router.netns, policy="drop")
    assert predicted.commands == result.commands and result.diff["before"]["policy"] == "accept"
    assert not router.passes()
    assert_unchanged(forward(router.netns, policy="drop"))
    assert forward(router.netns, policy="drop", state="absent").changed
    assert router.passes() and ours(router.netns) == []
    assert_unchanged(forward(router.netns, policy="drop", state="absent"))


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_a_policy_of_iptables_goes_back_to_what_it_was(router: Router, flavour: str) -> None:
    router.shell(flavour, "-P", "FORWARD", "DROP")
    before = firewalls.firewall_of(router.netns)
    assert_unchanged(forward(router.netns, policy="drop"))
    assert forward(router.netns, policy="accept").changed
    assert router.passes()
    assert_unchanged(forward(router.netns, policy="accept"))
    assert forward(router.netns, policy="accept", state="absent").changed
    assert firewalls.firewall_of(router.netns) == before


def test_a_rule_and_the_policy_of_one_chain_are_removed_in_any_order(netns: str, backend: str) -> None:
    for first, second in (({"policy": "drop"}, {}), ({}, {"policy": "drop"})):
        forward(netns, policy="drop")
        forward(netns, action="accept")
        forward(netns, state="absent", **first)
        forward(netns, state="absent", **second)
        assert ours(netns) == []


def test_a_policy_of_accept_against_somebody_elses_drop_is_an_error(netns: str) -> None:
    witness.shell(
        "nft", "table inet fw { chain c { type filter hook forward priority 0; policy drop; }; }", netns=netns
    )
    assert_clear(
        run_module("forward", {"netns": netns, "policy": "accept"}), "^policy: accept would have no effect.*inet fw"
    )


def test_a_rule_without_an_action_is_an_error(netns: str) -> None:
    assert_clear(
        run_module("forward", {"netns": netns, "protocol": "tcp"}), "^action: say what is to happen to the packets"
    )


def test_a_policy_with_an_order_is_an_error(netns: str) -> None:
    assert_clear(run_module("forward", {"netns": netns, "policy": "accept", "order": 5}), "^order: belongs to a rule")


def test_a_topology_leads_rules_and_policy_back(netns: str, backend: str) -> None:
    forward(netns, action="drop", protocol="icmp", order=7)
    before = firewalls.firewall_of(netns)
    listed = [
        {"forward": {"netns": netns, "policy": "drop"}},
        {"forward": {"netns": netns, "action": "accept", "protocol": "icmp", "order": 9}},
        {"forward": {"netns": netns, "action": "accept", "ct_state": ["established"]}},
    ]
    failing = run_module(
        "topology",
        {
            "name": netns,
            "resources": [*listed, {"route": {"netns": netns, "destination": "default", "gateway": "192.0.2.1"}}],
        },
    )
    assert_clear(failing, r"^resources\[3\].route")
    assert comparable(netns) == sorted(str(entry) for part in before.values() for entry in part)
    succeed("topology", {"name": netns, "resources": listed})
    assert len(rules(netns, "forward")) == 2
    assert not succeed("topology", {"name": netns, "resources": listed}).changed
    succeed("topology", {"name": netns, "state": "absent"})
    assert comparable(netns) == sorted(str(entry) for part in before.values() for entry in part)


def comparable(netns: str) -> list[str]:
    return sorted(str(entry) for part in firewalls.firewall_of(netns).values() for entry in part)
