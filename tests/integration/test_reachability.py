# SPDX-FileCopyrightText: The virtnet.linux authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What `reachability` answers, against networks made with `ip`, and against ping."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from typing import Any

import pytest
from ansible_collections.virtnet.linux.plugins.module_utils._values.errors import VirtnetError

from tests.integration.reachability_bed import Bed, routed, scratch

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="namespaces need root")

FAR = {4: "10.2.0.1", 6: "2001:db8:2::1"}
NEAR_ROUTER = {4: "10.1.0.254", 6: "2001:db8:1::254"}
NOWHERE = {4: "10.99.0.1", 6: "2001:db8:99::1"}
VERSIONS = (4, 6)
PROTOCOLS: tuple[dict[str, Any], ...] = ({}, {"protocol": "tcp", "port": 9}, {"protocol": "udp", "port": 9})


@pytest.fixture(scope="module")
def line() -> Iterator[Bed]:
    with scratch("a", "r", "b") as bed:
        routed(bed, ipv6_ready=True)
        yield bed


@pytest.fixture(params=VERSIONS, ids=("IPv4", "IPv6"))
def version(request: pytest.FixtureRequest) -> int:
    number: int = request.param
    return number


@pytest.mark.parametrize("size", [0, 3, 56, 1400, 3000])
def test_echo_is_answered_with_the_ttl_that_ping_sees(line: Bed, version: int, size: int) -> None:
    printed = line.shell("a", "ping", "-c1", "-W1", "-s56", FAR[version])
    result = line.check(to=FAR[version], size=size, count=2)
    found = re.search(r"ttl=(\d+)", printed)
    assert found is not None
    assert result["ttl"] == int(found[1]) == 63
    assert (result["answer"], result["sent"], result["received"], result["responder"]) == (
        "reachable",
        2,
        2,
        FAR[version],
    )
    assert 0 < result["rtt_ms"] < 200


def test_router_without_a_route_says_so_and_is_named(line: Bed, version: int) -> None:
    for protocol in PROTOCOLS:
        result = line.check(
            to=NOWHERE[version], expect="network_unreachable", responder=NEAR_ROUTER[version], **protocol
        )
        assert result["ok"], result


def test_no_route_here_is_network_unreachable_without_a_responder(line: Bed, version: int) -> None:
    for protocol in PROTOCOLS:
        result = line.check(source_namespace="r", to=NOWHERE[version], expect="network_unreachable", **protocol)
        assert result["ok"], result
        assert (result["responder"], result["sent"]) == (None, 0)


@pytest.mark.parametrize(
    ("kind", "answer"),
    [("blackhole", "blackhole"), ("prohibit", "prohibited"), ("unreachable", "host_unreachable")],
)
def test_route_types_here_are_told_apart(line: Bed, version: int, kind: str, answer: str) -> None:
    line.ip("a", f"route add {kind} {NOWHERE[version]}")
    try:
        for protocol in PROTOCOLS:
            result = line.check(to=NOWHERE[version], expect=answer, **protocol)
            assert result["ok"], result
            assert result["responder"] is None
    finally:
        line.ip("a", f"route del {kind} {NOWHERE[version]}")


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("blackhole", {4: ("timeout", None), 6: ("timeout", None)}),
        ("prohibit", {4: ("prohibited", NEAR_ROUTER[4]), 6: ("prohibited", NEAR_ROUTER[6])}),
        ("unreachable", {4: ("host_unreachable", NEAR_ROUTER[4]), 6: ("network_unreachable", NEAR_ROUTER[6])}),
    ],
)
def test_route_types_on_the_way_are_told_apart(
    line: Bed, version: int, kind: str, expected: dict[int, tuple[str, str | None]]
) -> None:
    line.ip("r", f"route add {kind} {NOWHERE[version]}")
    try:
        result = line.check(to=NOWHERE[version], expect=expected[version][0])
        assert (result["answer"], result["responder"]) == expected[version]
    finally:
        line.ip("r", f"route del {kind} {NOWHERE[version]}")


def test_invalid_argument_is_a_blackhole_only_where_there_is_one(line: Bed) -> None:
    result = line.check(to="0.0.0.1", source="127.0.0.1")  # a martian destination: EINVAL for another reason
    assert result["answer"] != "blackhole"


def test_silent_neighbour_is_host_unreachable_though_the_timeout_is_short(line: Bed, version: int) -> None:
    silent = {4: "10.1.0.77", 6: "2001:db8:1::77"}[version]
    checks = [{"from": "a", "to": silent, "expect": "host_unreachable", **protocol} for protocol in PROTOCOLS]
    findings = line.ask(checks=checks, timeout=0.2, fresh=True)
    assert findings.failures == ()
    impatient = line.check(to=silent, timeout=0.2)
    assert impatient["answer"] in ("timeout", "host_unreachable")


def test_closed_ports_refuse_each_in_their_way(line: Bed, version: int) -> None:
    assert line.check(to=FAR[version], protocol="tcp", port=9, expect="refused", responder=FAR[version])["ok"]
    udp = line.check(
        to=FAR[version], protocol="udp", port=9, expect="port_unreachable", responder=FAR[version], count=2
    )
    assert udp["ok"], udp


@pytest.mark.parametrize(
    ("reject", "protocol", "answer"),
    [
        ("tcp reset", "tcp", "refused"),
        ("icmpx port-unreachable", "tcp", "port_unreachable"),
        ("icmpx admin-prohibited", "tcp", "prohibited"),
        ("icmpx admin-prohibited", "icmp", "prohibited"),
        ("icmpx host-unreachable", "udp", "host_unreachable"),
    ],
)
def test_firewall_on_the_way_says_what_it_does(
    line: Bed, version: int, reject: str, protocol: str, answer: str
) -> None:
    match = {"tcp": "tcp dport 9", "udp": "udp dport 9", "icmp": "meta l4proto { icmp, ipv6-icmp }"}[protocol]
    line.shell("r", "nft", "add table inet t; add chain inet t f { type filter hook forward priority 0; }")
    try:
        line.shell("r", "nft", f"add rule inet t f {match} reject with {reject}")
        port = {"port": 9} if protocol != "icmp" else {}
        result = line.check(to=FAR[version], protocol=protocol, expect=answer, **port)
        assert result["ok"], result
        if answer != "refused":
            assert result["responder"] == NEAR_ROUTER[version]
    finally:
        line.shell("r", "nft", "delete table inet t")


def test_firewall_here_prohibits_and_dropping_on_the_way_is_silence(line: Bed) -> None:
    for place in ("a", "r"):
        hook = {"a": "output", "r": "forward"}[place]
        line.shell(
            place, "nft", f"add table ip t; add chain ip t c {{ type filter hook {hook} priority 0; policy drop; }}"
        )
        try:
            assert line.check(to=FAR[4])["answer"] == {"a": "prohibited", "r": "timeout"}[place]
        finally:
            line.shell(place, "nft", "delete table ip t")


def test_too_big_here_and_on_the_way(line: Bed, version: int) -> None:
    here = line.check(to=FAR[version], size=1600, dont_fragment=True, expect="too_big")
    assert here["ok"] and here["responder"] is None, here
    line.ip("r", "link set rb mtu 1400")
    try:
        there = line.check(to=FAR[version], size=1420, dont_fragment=True, expect="too_big", count=2)
        assert there["ok"] and there["responder"] == NEAR_ROUTER[version], there
        assert "1400" in there["detail"]
    finally:
        line.ip("r", "link set rb mtu 1500")
        line.shell("a", "ip", f"-{version}", "route", "flush", "cache")


def test_checks_with_one_identifier_are_told_apart_by_where_they_go(line: Bed, version: int) -> None:
    checks = [{"from": "a", "to": to, "icmp_id": 99, "received": 2} for to in (FAR[version], NEAR_ROUTER[version])]
    assert line.ask(checks=checks).failures == ()


def test_routing_loop_exceeds_the_ttl(line: Bed) -> None:
    line.ip("r", "route add 10.98.0.0/24 via 10.2.0.1")  # where b sends it back
    line.sysctl("b", "net.ipv4.ip_forward", "1")
    line.sysctl("b", "net.ipv4.conf.all.send_redirects", "0")
    try:
        result = line.check(to="10.98.0.1", expect="ttl_exceeded")
        assert result["ok"] and result["responder"] in ("10.1.0.254", "10.2.0.1"), result
    finally:
        line.ip("r", "route del 10.98.0.0/24")
        line.sysctl("b", "net.ipv4.ip_forward", "0")


def test_arp_tells_whose_mac_answers(line: Bed) -> None:
    mac = line.shell("r", "ip", "-o", "link", "show", "ra").split("link/ether ")[1].split()[0]
    result = line.check(to=NEAR_ROUTER[4], protocol="arp", count=2)
    assert (result["answer"], result["mac"], result["received"]) == ("reachable", mac, 2)
    assert line.check(to="10.1.0.77", protocol="arp", interface="eth0")["answer"] == "timeout"
    assert line.check(to="10.99.0.1", protocol="arp", source_namespace="r")["answer"] == "network_unreachable"


def test_listener_is_reached_and_tells_the_source(line: Bed, version: int) -> None:
    for protocol in ("tcp", "udp"):
        result = line.check(
            to=FAR[version],
            protocol=protocol,
            listener={"netns": "b", "port": 7007},
            source_port=40_001,
            count=2,
        )
        mine = {4: "10.1.0.1", 6: "2001:db8:1::1"}[version]
        assert (result["answer"], result["peer_sees"], result["peer_port"]) == ("reachable", mine, 40_001), result


def test_listener_sees_the_translated_source(line: Bed) -> None:
    line.shell("r", "nft", "add table ip n; add chain ip n p { type nat hook postrouting priority srcnat; }")
    line.shell("r", "nft", "add rule ip n p oifname rb masquerade")
    try:
        for protocol in ("tcp", "udp"):
            result = line.check(
                to=FAR[4], protocol=protocol, listener={"netns": "b", "port": 7008}, peer_sees="10.2.0.254"
            )
            assert result["ok"], result
            wrong = line.check(
                to=FAR[4], protocol=protocol, listener={"netns": "b", "port": 7008}, peer_sees="10.1.0.1"
            )
            assert not wrong["ok"]
    finally:
        line.shell("r", "nft", "delete table ip n")


def test_link_local_address_is_asked_by_zone_or_interface(line: Bed) -> None:
    address = line.shell("r", "ip", "-o", "-6", "addr", "show", "ra", "scope", "link").split()[3].split("/")[0]
    for asked in ({"to": f"{address}%eth0"}, {"to": address, "interface": "eth0"}):
        for protocol, answer in zip(PROTOCOLS, ("reachable", "refused", "port_unreachable")):
            assert line.check(expect=answer, **asked, **protocol)["ok"]


def test_udp_listener_answers_from_the_address_that_was_asked(line: Bed) -> None:
    line.ip("b", "addr add 10.2.0.9/24 dev eth0")
    try:
        result = line.check(to="10.2.0.9", protocol="udp", listener={"netns": "b", "port": 7009})
        assert result["answer"] == "reachable", result
    finally:
        line.ip("b", "addr del 10.2.0.9/24 dev eth0")


def test_answers_go_unheard_on_another_interface_than_asked() -> None:
    """Two links between two hosts, the way back by the other one: ping -I does not hear it either."""
    with scratch("a", "b") as bed:
        for number in (1, 2):
            bed.ip("a", f"link add e{number}x type veth peer name f{number}x netns NS:b", f"link set e{number}x up")
            bed.ip("b", f"link set f{number}x up")
        bed.ip("a", "addr add 10.5.0.1/32 dev lo", "addr add 10.5.1.1/24 dev e1x", "addr add 10.5.2.1/24 dev e2x")
        bed.ip("b", "addr add 10.5.1.2/24 dev f1x", "addr add 10.5.2.2/24 dev f2x", "route add 10.5.0.1 via 10.5.2.1")
        options = {"to": "10.5.1.2", "source": "10.5.0.1"}
        assert bed.check(**options)["answer"] == "reachable"
        assert bed.check(interface="e1x", **options)["answer"] == "timeout"
        assert "100% packet loss" in bed.shell(
            "a", "ping", "-c1", "-W1", "-I", "e1x", "-I", "10.5.0.1", "10.5.1.2", check=False
        )


def test_missing_interface_source_and_namespace_are_named(line: Bed) -> None:
    for check, sentence in (
        ({"to": FAR[4], "interface": "nope0"}, "checks[0]: there is no interface 'nope0'"),
        ({"to": FAR[4], "source": "10.77.0.1"}, "has no address 10.77.0.1"),
        ({"to": FAR[4], "source": "2001:db8:1::1"}, "checks[0].source: '2001:db8:1::1' is not of the family"),
        ({"to": FAR[4], "source_namespace": "nope"}, "checks[0].from: there is no network namespace"),
        (
            {"to": FAR[4], "protocol": "tcp", "listener": {"netns": "b", "address": "10.77.0.1", "port": 5}},
            "checks[0].listener",
        ),
    ):
        with pytest.raises(VirtnetError) as raised:
            line.check(**check)
        assert sentence in str(raised.value)


def test_failure_names_each_difference_with_its_evidence(line: Bed) -> None:
    findings = line.ask(
        checks=[
            {"from": "a", "to": FAR[4], "ttl": 64, "name": "far", "outcome": "O99"},
            {"from": "a", "to": NOWHERE[4]},
            {"from": "a", "to": FAR[4], "received": 2},
        ]
    )
    assert len(findings.failures) == 2
    assert findings.failures[0] == "checks[0] a -> 10.2.0.1 (far): expected ttl 64, got 63 (2 sent, 2 received)"
    assert "expected reachable, got network_unreachable" in findings.failures[1]
    assert "from 10.1.0.254" in findings.failures[1]
    assert findings.result["checks"][0]["outcome"] == "O99"
