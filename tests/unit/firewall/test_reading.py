# SPDX-FileCopyrightText: The virtnet.linux authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What nft and iptables-save print, read back to what was meant."""

from __future__ import annotations

import json
import typing as t

import pytest
from ansible_collections.virtnet.linux.plugins.module_utils._kernel import iptables, nftables
from ansible_collections.virtnet.linux.plugins.module_utils._resources.firewall_words import (
    iptables_rule,
    line,
    table_of,
)
from ansible_collections.virtnet.linux.plugins.module_utils._values.firewall import (
    Barrier,
    Builtin,
    Chain,
    ChainKey,
    FirewallRule,
    Match,
    Verdict,
    make_rule,
    protocol_name,
)

RULES = (
    ("postrouting", Match(source="192.0.2.0/24", out_interface="!br0"), Verdict("masquerade")),
    ("postrouting", Match(source="!192.0.2.1/32", protocol="tcp"), Verdict("snat", "203.0.113.1", "1000-2000")),
    ("postrouting", Match(protocol="gre"), Verdict("masquerade")),
    (
        "prerouting",
        Match(in_interface="eth+", protocol="udp", destination_port="50-60"),
        Verdict("redirect", None, "53"),
    ),
    ("prerouting", Match(protocol="tcp", destination_port="!80"), Verdict("dnat", "203.0.113.1", "81")),
    ("output", Match(destination="198.51.100.0/24"), Verdict("dnat", "203.0.113.1")),
    ("forward", Match(ct_state=("established", "related")), Verdict("accept")),
    ("forward", Match(protocol="!icmp", ct_state=("invalid",)), Verdict("drop")),
    ("forward", Match(), Verdict("reject")),
)


@pytest.mark.parametrize(("hook", "match", "verdict"), RULES, ids=str)
def test_a_rule_of_iptables_is_read_as_it_was_written(hook: str, match: Match, verdict: Verdict) -> None:
    rule = make_rule("iptables-legacy", "ip", hook, match, verdict, -7)
    text = f"*{table_of(hook)}\n[3:252] -A VIRTNET-{hook.upper()} {line(*iptables_rule(rule))}\nCOMMIT\n"
    found = iptables.ours(iptables.parse(text), "iptables-legacy", "ip")
    read = found[rule.key]
    assert isinstance(read, FirewallRule)
    assert (read.match, read.verdict, read.order, read.rule_id) == (match, verdict, -7, rule.rule_id)
    assert (read.packets, read.bytes) == (3, 252)


def test_iptables_with_ipv6_targets() -> None:
    for verdict in (Verdict("dnat", "fd00::1", "80"), Verdict("dnat", "fd00::1")):
        rule = make_rule("iptables-nft", "ip6", "prerouting", Match(protocol="tcp"), verdict)
        text = f"*nat\n-A VIRTNET-PREROUTING {line(*iptables_rule(rule))}\n"
        assert iptables.ours(iptables.parse(text), "iptables-nft", "ip6")[rule.key].verdict == verdict


def forward(*lines: str, policy: str = "ACCEPT") -> dict[t.Any, t.Any]:
    chains = (f":FORWARD {policy} [0:0]", ":DOCKER-USER - [0:0]", ":OTHER - [0:0]", ":VIRTNET-FORWARD - [0:0]")
    text = "\n".join(("*filter", *chains, *(f"-A {one}" for one in lines), "COMMIT"))
    return iptables.ours(iptables.parse(text), "iptables-nft", "ip")


@pytest.mark.parametrize(
    ("lines", "policy", "drops", "entrance"),
    [
        ((), "ACCEPT", False, "FORWARD"),
        ((), "DROP", True, "FORWARD"),
        (("FORWARD -i a -j ACCEPT",), "ACCEPT", False, "FORWARD"),
        (("FORWARD -j REJECT",), "ACCEPT", True, "FORWARD"),
        (("FORWARD -j OTHER", "OTHER -j DROP"), "ACCEPT", True, "FORWARD"),
        (("FORWARD -j OTHER", "OTHER -j RETURN"), "ACCEPT", False, "FORWARD"),
        (("OTHER -j DROP",), "ACCEPT", False, "FORWARD"),
        (("FORWARD -j VIRTNET-FORWARD", "VIRTNET-FORWARD -j DROP"), "ACCEPT", False, "FORWARD"),
        (("FORWARD -j DOCKER-USER", "FORWARD -j OTHER", "OTHER -j DROP"), "DROP", True, "DOCKER-USER"),
        (("FORWARD -j OTHER", "FORWARD -j DOCKER-USER", "OTHER -j DROP"), "DROP", True, "FORWARD"),
        (("FORWARD -j NFQUEUE",), "ACCEPT", True, "FORWARD"),
    ],
)
def test_forward_drops_where_a_packet_may_be_dropped(
    lines: tuple[str, ...], policy: str, drops: bool, entrance: str
) -> None:
    builtin = forward(*lines, policy=policy)[ChainKey("builtin", "iptables-nft", "ip", "forward")]
    assert isinstance(builtin, Builtin)
    assert (builtin.drops, builtin.entrance) == (drops, entrance)


@pytest.mark.parametrize(
    ("lines", "jump", "stale"),
    [
        (("FORWARD -j VIRTNET-FORWARD", "FORWARD -j DROP"), "FORWARD", ()),
        (("FORWARD -j ACCEPT", "FORWARD -j VIRTNET-FORWARD"), "FORWARD", ()),
        (("FORWARD -j DROP", "FORWARD -j VIRTNET-FORWARD"), None, ("FORWARD",)),
        (("FORWARD -j VIRTNET-FORWARD", "FORWARD -j DOCKER-USER"), None, ("FORWARD",)),
        (("FORWARD -j DOCKER-USER", "DOCKER-USER -j VIRTNET-FORWARD"), "DOCKER-USER", ()),
        (("FORWARD -j DROP",), None, ()),
    ],
)
def test_a_jump_counts_where_it_stands_before_all_that_may_drop(
    lines: tuple[str, ...], jump: str | None, stale: tuple[str, ...]
) -> None:
    chain = forward(*lines)[ChainKey("chain", "iptables-nft", "ip", "forward")]
    assert isinstance(chain, Chain)
    assert (chain.jump, chain.stale) == (jump, stale)


# nftables


def expressions(*parts: t.Any, comment: str = "") -> nftables.Ruleset:
    chain = {"family": "ip", "table": "virtnet", "name": "forward", "hook": "forward", "policy": "drop"}
    rule = {
        "family": "ip",
        "table": "virtnet",
        "chain": "forward",
        "handle": 9,
        "expr": list(parts),
        "comment": comment,
    }
    return nftables.parse(json.dumps({"nftables": [{"chain": chain}, {"rule": rule}]}))


def meta(key: str, right: t.Any, op: str = "==") -> dict[str, t.Any]:
    return {"match": {"op": op, "left": {"meta": {"key": key}}, "right": right}}


def payload(protocol: str, field: str, right: t.Any, op: str = "==") -> dict[str, t.Any]:
    return {"match": {"op": op, "left": {"payload": {"protocol": protocol, "field": field}}, "right": right}}


def state(right: t.Any) -> dict[str, t.Any]:
    return {"match": {"op": "in", "left": {"ct": {"key": "state"}}, "right": right}}


@pytest.mark.parametrize(
    ("parts", "match"),
    [
        ([meta("iifname", "eth0")], Match(in_interface="eth0")),
        ([meta("oifname", "eth*", "!=")], Match(out_interface="!eth+")),
        ([payload("ip", "saddr", "192.0.2.1")], Match(source="192.0.2.1/32")),
        (
            [payload("ip", "daddr", {"prefix": {"addr": "192.0.2.0", "len": 24}}, "!=")],
            Match(destination="!192.0.2.0/24"),
        ),
        ([meta("l4proto", "tcp"), payload("tcp", "dport", 80)], Match(protocol="tcp", destination_port="80")),
        ([payload("udp", "dport", {"range": [50, 60]})], Match(protocol="udp", destination_port="50-60")),
        ([payload("ip", "protocol", "icmp")], Match(protocol="icmp")),
        ([meta("l4proto", 47)], Match(protocol="gre")),
        ([state("new")], Match(ct_state=("new",))),
        ([state(["related", "established"])], Match(ct_state=("established", "related"))),
        ([state({"set": ["related", "established"]})], Match(ct_state=("established", "related"))),
    ],
)
def test_a_rule_of_nftables_is_read_in_any_wording(parts: list[t.Any], match: Match) -> None:
    rule = make_rule("nftables", "ip", "forward", match, Verdict("accept"), 100)
    found = nftables.ours(
        expressions(*parts, {"counter": {"packets": 1, "bytes": 84}}, {"accept": None}, comment=rule.comment)
    )
    read = found[rule.key]
    assert (read.match, read.rule_id, read.handle, read.packets) == (match, rule.rule_id, 9, 1)


def test_what_is_not_understood_is_what_its_comment_says() -> None:
    rule = make_rule("nftables", "ip", "forward", Match(protocol="tcp"), Verdict("reject"), 100)
    found = nftables.ours(expressions({"something new": {}}, {"reject": None}, comment=rule.comment))
    assert found[rule.key].rule_id == rule.rule_id


def test_a_rule_that_was_changed_by_hand_is_another_one() -> None:
    rule = make_rule("nftables", "ip", "forward", Match(protocol="tcp"), Verdict("accept"), 100)
    found = nftables.ours(expressions(meta("l4proto", "tcp"), {"drop": None}, comment=rule.comment))
    assert found[rule.key].rule_id != rule.rule_id


def test_rules_in_our_chain_that_are_not_ours_are_counted() -> None:
    found = nftables.ours(expressions({"accept": None}, comment="virtnet is not what wrote this"))
    assert list(found.values()) == [Chain("drop", others=1)]


def test_a_drop_counts_for_the_interfaces_on_the_way_to_it() -> None:
    def entry(chain: str, *parts: t.Any) -> t.Any:
        return {"rule": {"family": "inet", "table": "fw", "chain": chain, "expr": list(parts)}}

    chains: list[t.Any] = [
        {"chain": {"family": "inet", "table": "fw", "name": "base", "hook": "forward", "policy": "accept"}},
        {"chain": {"family": "inet", "table": "fw", "name": "guests"}},
        {"chain": {"family": "inet", "table": "fw", "name": "in", "hook": "input", "policy": "drop"}},
    ]
    rules = [
        entry("base", meta("iifname", "virbr0"), {"jump": {"target": "guests"}}),
        entry("guests", meta("oifname", "eth0"), {"reject": None}),
        entry("guests", {"jump": {"target": "guests"}}),
        entry("in", {"drop": None}),
    ]
    found = nftables.barriers(nftables.parse(json.dumps({"nftables": chains + rules})), "ip", set())
    assert found == (Barrier("chain 'base' of table 'inet fw'", False, "virbr0", "eth0"),)
    assert found[0].may_drop(Match()) and found[0].may_drop(Match(in_interface="virbr0", out_interface="eth+"))
    assert found[0].may_drop(Match(in_interface="!lan"))
    assert not found[0].may_drop(Match(in_interface="lan"))


@pytest.mark.parametrize(
    ("value", "name"), [("TCP", "tcp"), ("6", "tcp"), (58, "ipv6-icmp"), ("icmpv6", "ipv6-icmp"), ("99", "99")]
)
def test_a_protocol_has_one_name(value: str | int, name: str) -> None:
    assert protocol_name(value) == name
