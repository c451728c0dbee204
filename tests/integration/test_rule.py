# SPDX-FileCopyrightText: The virtnet.linux authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module rule, witnessed by `ip rule` and by where packets go."""

from __future__ import annotations

import typing as t

import pytest

from tests.integration import witness
from tests.integration.lifecycle import Bad, Bed, NamespacedLifecycle, Options, Setting, assert_unchanged
from tests.integration.running import succeed

INITIAL = (0, 32766, 32767)


def rules(bed: Bed, family: str = "-4") -> list[dict[str, t.Any]]:
    return [rule for rule in witness.ip(bed.netns, family, "rule", "show") if rule["priority"] not in INITIAL]


def only(name: str, default: t.Any = None) -> t.Callable[[Bed], t.Any]:
    """A field of the only rule."""

    def look(bed: Bed) -> t.Any:
        (rule,) = rules(bed)
        return rule.get(name, default)

    return look


def action(bed: Bed) -> str:
    (rule,) = rules(bed)
    return str(rule.get("action", "goto" if "goto" in rule else "lookup"))


class TestRule(NamespacedLifecycle):
    """What a rule does can be changed; the selectors, by which it is known, have tests of their own."""

    module = "rule"
    SETTINGS = (
        Setting("table", ("200", "main"), only("table")),
        Setting("table", ("4294967295", "local"), only("table")),
        Setting("action", ("blackhole", "prohibit"), action, beside={"table": None}),
        Setting("action", ("unreachable", "blackhole"), action, beside={"table": None}),
        Setting("goto", (32766, 32767), only("goto"), beside={"action": "goto", "table": None}),
    )
    BAD = (
        Bad("priority is no number", {"priority": "first"}, "'priority' is of type str .*int"),
        Bad("priority below zero", {"priority": -1}, "^priority: -1 is not between 0"),
        Bad("source is no network", {"source": "here"}, "^source: 'here' is not a network"),
        Bad("source with host bits", {"source": "192.0.2.1/24"}, "^source: .*host bits.*192.0.2.0/24"),
        Bad("destination is no network", {"destination": "there"}, "^destination: 'there' is not a network"),
        Bad("destination of another family", {"destination": "2001:db8::/64"}, "^destination: .*another family"),
        Bad("incoming_interface too long", {"incoming_interface": "x" * 16}, "^incoming_interface: .*1 to 15 bytes"),
        Bad("outgoing_interface too long", {"outgoing_interface": "x" * 16}, "^outgoing_interface: .*1 to 15 bytes"),
        Bad("fwmark is no number", {"fwmark": "red"}, "^fwmark: 'red' is not a number"),
        Bad("fwmark with a bad mask", {"fwmark": "1/red"}, "^fwmark: 'red' is not a number"),
        Bad("fwmark too great", {"fwmark": "0x100000000"}, "^fwmark: .* is not between"),
        Bad("tos is no number", {"tos": "low"}, "^tos: 'low' is not a number"),
        Bad("tos too great", {"tos": "256"}, "^tos: 256 is not between 0 and 255"),
        Bad("ip_protocol is unknown", {"ip_protocol": "smoke"}, "^ip_protocol: 'smoke' is not a number or one of"),
        Bad("ip_protocol too great", {"ip_protocol": "256"}, "^ip_protocol: 256 is not between 1 and 255"),
        Bad("source_port is no number", {"source_port": "http"}, "^source_port: 'http' is not a number or a range"),
        Bad("source_port turned", {"source_port": "20-10"}, "^source_port: '20-10' is not"),
        Bad(
            "destination_port too great",
            {"destination_port": "65536"},
            "^destination_port: '65536' is not between 1 and",
        ),
        Bad("uid_range is no number", {"uid_range": "root"}, "^uid_range: 'root' is not a number or a range"),
        Bad("invert is no switch", {"invert": "perhaps"}, "'invert' is of type str .*bool"),
        Bad("table is no number", {"table": "blue"}, "^table: 'blue' is not a table: main, local, default or a number"),
        Bad("table is missing", {"table": None}, "^table: a rule that looks up needs a table"),
        Bad("action is unknown", {"action": "sing"}, "action must be one of: lookup, goto"),
        Bad("table with another action", {"action": "blackhole"}, "^table: '100' is only for action: lookup"),
        Bad("goto is missing", {"action": "goto", "table": None}, "^goto: the action goto needs the priority to go to"),
        Bad("goto backwards", {"action": "goto", "goto": 5, "priority": 10, "table": None}, "^goto: 5 is not behind"),
        Bad("goto with another action", {"goto": 200}, "^goto: 200 is only for action: goto"),
        Bad(
            "suppress_prefixlength too great",
            {"suppress_prefixlength": 33},
            "^suppress_prefixlength: 33 is not between",
        ),
        Bad("family is unknown", {"family": "ipx"}, "family must be one of: ipv4, ipv6"),
        Bad("family is not that of the source", {"family": "ipv6"}, "^family: 'ipv6' is not that of the addresses"),
        Bad("netns is no name", {"netns": "a b"}, "^netns: 'a b' is not a namespace name"),
        Bad("state is unknown", {"state": "perhaps"}, "state must be one of: present, absent"),
    )

    def options(self, bed: Bed) -> Options:
        return {"netns": bed.netns, "source": "192.0.2.0/24", "table": "100"}

    def identity(self, bed: Bed) -> Options:
        return {"netns": bed.netns, "source": "192.0.2.0/24"}

    def exists(self, bed: Bed) -> bool:
        return bool(rules(bed))


SELECTORS: list[tuple[Options, dict[str, t.Any]]] = [
    ({"source": "192.0.2.0/24"}, {"src": "192.0.2.0", "srclen": 24}),
    ({"source": "192.0.2.1"}, {"src": "192.0.2.1"}),
    ({"source": "2001:DB8::/64"}, {"src": "2001:db8::", "srclen": 64}),
    ({"destination": "198.51.100.0/24"}, {"dst": "198.51.100.0", "dstlen": 24}),
    ({"incoming_interface": "eth0"}, {"iif": "eth0"}),
    ({"outgoing_interface": "eth0"}, {"oif": "eth0"}),
    ({"fwmark": "16"}, {"fwmark": "0x10"}),
    ({"fwmark": "0x10/0xff"}, {"fwmark": "0x10", "fwmask": "0xff"}),
    ({"tos": "0x10"}, {"tos": "0x10"}),
    ({"ip_protocol": "tcp"}, {"ipproto": "tcp"}),
    ({"ip_protocol": "50"}, {"ipproto": "esp"}),
    ({"ip_protocol": "udp", "source_port": "53"}, {"sport": 53}),
    ({"ip_protocol": "udp", "destination_port": "1000-2000"}, {"dport_start": 1000, "dport_end": 2000}),
    ({"uid_range": "1000-1999"}, {"uid_start": 1000, "uid_end": 1999}),
    ({"uid_range": "0"}, {"uid_start": 0, "uid_end": 0}),
    ({"source": "192.0.2.0/24", "invert": True}, {"not": None}),
    ({"suppress_prefixlength": 0}, {"suppress_prefixlen": 0}),
    ({"family": "ipv6"}, {}),
    ({"priority": 100}, {"priority": 100}),
]
IDS = [", ".join(f"{name}={value}" for name, value in options.items()) for options, _shown in SELECTORS]


def family_of(options: Options) -> str:
    return "-6" if options.get("family") == "ipv6" or ":" in options.get("source", "") else "-4"


@pytest.mark.parametrize(("options", "shown"), SELECTORS, ids=IDS)
def test_a_selector_is_what_the_kernel_has(bed: Bed, options: Options, shown: dict[str, t.Any]) -> None:
    succeed("rule", {"netns": bed.netns, "table": "100", **options})
    (rule,) = rules(bed, family_of(options))
    assert {name: rule.get(name) for name in shown} == shown


@pytest.mark.parametrize("options", [options for options, _shown in SELECTORS], ids=IDS)
def test_a_rule_is_found_again_by_its_selectors(bed: Bed, options: Options) -> None:
    succeed("rule", {"netns": bed.netns, "table": "100", **options})
    assert_unchanged(succeed("rule", {"netns": bed.netns, "table": "100", **options}))


@pytest.mark.parametrize("options", [options for options, _shown in SELECTORS], ids=IDS)
def test_a_rule_is_removed_by_its_selectors(bed: Bed, options: Options) -> None:
    succeed("rule", {"netns": bed.netns, "table": "100", **options})
    succeed("rule", {"netns": bed.netns, **options, "state": "absent"})
    assert rules(bed, family_of(options)) == []


@pytest.mark.parametrize("options", [options for options, _shown in SELECTORS], ids=IDS)
def test_the_command_makes_the_same_rule(bed: Bed, options: Options) -> None:
    given = {"netns": bed.netns, "table": "100", **options}
    for command in succeed("rule", given, check=True).commands:
        witness.shell("sh", "-c", command)
    assert_unchanged(succeed("rule", given))


@pytest.mark.parametrize("options", [options for options, _shown in SELECTORS], ids=IDS)
def test_what_is_returned_of_a_rule_are_its_options(bed: Bed, options: Options) -> None:
    found = succeed("rule", {"netns": bed.netns, "table": "100", **options})["rule"]
    again = {name: value for name, value in found.items() if value is not None and value is not False}
    assert_unchanged(succeed("rule", again))


def test_a_priority_that_is_not_given_is_not_compared(bed: Bed) -> None:
    bed.ip("rule add from 192.0.2.0/24 lookup 100 priority 77")
    assert_unchanged(succeed("rule", {"netns": bed.netns, "source": "192.0.2.0/24", "table": "100"}))


def test_a_rule_whose_table_changes_keeps_its_priority(bed: Bed) -> None:
    bed.ip("rule add from 192.0.2.0/24 lookup 100 priority 77")
    succeed("rule", {"netns": bed.netns, "source": "192.0.2.0/24", "table": "200"})
    assert [(rule["priority"], rule["table"]) for rule in rules(bed)] == [(77, "200")]


def test_a_rule_that_looked_up_is_made_to_refuse(bed: Bed) -> None:
    succeed("rule", {"netns": bed.netns, "source": "192.0.2.0/24", "table": "100"})
    succeed("rule", {"netns": bed.netns, "source": "192.0.2.0/24", "action": "prohibit"})
    assert action(bed) == "prohibit"


def test_rules_with_other_priorities_are_other_rules(bed: Bed) -> None:
    for priority in (10, 20):
        succeed("rule", {"netns": bed.netns, "source": "192.0.2.0/24", "table": "100", "priority": priority})
    assert sorted(rule["priority"] for rule in rules(bed)) == [10, 20]


def test_absent_with_a_priority_leaves_the_others(bed: Bed) -> None:
    for priority in (10, 20):
        bed.ip(f"rule add from 192.0.2.0/24 lookup 100 priority {priority}")
    succeed("rule", {"netns": bed.netns, "source": "192.0.2.0/24", "priority": 10, "state": "absent"})
    assert [rule["priority"] for rule in rules(bed)] == [20]


def test_the_rules_that_every_namespace_starts_with_stay(bed: Bed) -> None:
    assert_unchanged(succeed("rule", {"netns": bed.netns, "state": "absent"}))
    assert sorted(rule["priority"] for rule in witness.ip(bed.netns, "rule", "show")) == list(INITIAL)


def test_packets_take_the_table_that_the_rule_names(bed: Bed) -> None:
    bed.ip("link set lo up")
    bed.ip("address add 192.0.2.1/32 dev lo")
    bed.ip("route add prohibit 203.0.113.0/24 table 100")
    bed.ip("route add blackhole 203.0.113.0/24 table main")
    succeed("rule", {"netns": bed.netns, "source": "192.0.2.1", "table": "100"})
    asked = witness.shell("ip", "route", "get", "203.0.113.1", "from", "192.0.2.1", netns=bed.netns, check=False)
    assert "prohibit" in asked or not asked
    assert not witness.succeeds("ping", "-c", "1", "-W", "1", "-I", "192.0.2.1", "203.0.113.1", netns=bed.netns)
