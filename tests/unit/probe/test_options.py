# SPDX-FileCopyrightText: The virtnet.linux authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of `reachability`: what is read from them, and the sentence for each wrong one."""

from __future__ import annotations

import inspect
from typing import Any

import pytest
import yaml
from ansible_collections.virtnet.linux.plugins.module_utils._probe import answers, frames, options
from ansible_collections.virtnet.linux.plugins.module_utils._probe.questions import SOME, Check, FrameExpectation
from ansible_collections.virtnet.linux.plugins.module_utils._values.errors import VirtnetError
from ansible_collections.virtnet.linux.plugins.modules import reachability


def check(**given: Any) -> Check:
    return options.read_questions({"checks": [{"to": "10.0.0.1", **given}]}).checks[0]


def expectation(**given: Any) -> FrameExpectation:
    watch = [{"interface": "eth0", "expect": [given]}]
    return options.read_questions({"watch": watch}).watch[0].expectations[0]


def sentence(**given: Any) -> str:
    with pytest.raises(VirtnetError) as raised:
        options.read_questions(given)
    return str(raised.value)


def test_prefix_goes_before_names_and_not_before_paths() -> None:
    read = options.read_questions(
        {
            "prefix": "lab-",
            "netns": "gw",
            "checks": [
                {"from": "a", "to": "10.0.0.1", "protocol": "tcp", "port": 1, "listener": {"netns": "b"}},
                {"from": "/run/netns/x", "to": "10.0.0.1"},
                {"to": "10.0.0.1"},
            ],
            "watch": [{"netns": "c", "interface": "eth0"}, {"interface": "eth0"}],
        }
    )
    assert [item.place.netns for item in read.checks] == ["lab-a", "/run/netns/x", "lab-gw"]
    listener = read.checks[0].listener
    assert listener is not None and listener.place.netns == "lab-b" and listener.port == 1
    assert [item.place.netns for item in read.watch] == ["lab-c", "lab-gw"]


def test_without_any_namespace_it_is_the_own_one() -> None:
    assert check().place.netns is None


def test_count_and_timeout_are_the_task_s_unless_the_check_has_its_own() -> None:
    read = options.read_questions(
        {"count": 5, "timeout": 0.5, "checks": [{"to": "::1"}, {"to": "::1", "count": 1, "timeout": 3}]}
    )
    assert [(item.count, item.timeout) for item in read.checks] == [(5, 0.5), (1, 3.0)]


def test_tcp_makes_one_connection_whatever_the_count() -> None:
    assert check(protocol="tcp", port=80, count=7).count == 1


def test_port_is_the_listener_s_where_none_is_given() -> None:
    assert check(protocol="udp", listener={"port": 53}).port == 53


@pytest.mark.parametrize("notation", ["02:AB:00:00:00:01", "02-ab-00-00-00-01", "02ab.0000.0001"])
def test_mac_addresses_in_any_notation(notation: str) -> None:
    assert expectation(source_mac=notation).source_mac == "02:ab:00:00:00:01"


def test_addresses_are_compared_in_their_shortest_form() -> None:
    assert expectation(source="2001:DB8:0::0:1").source == "2001:db8::1"


@pytest.mark.parametrize(("given", "read"), [(None, SOME), ("some", SOME), (0, 0), ("3", 3)])
def test_count_of_frames(given: Any, read: int) -> None:
    assert expectation(count=given).count == read


@pytest.mark.parametrize(
    ("given", "peer", "port"),
    [
        ("10.0.0.1", "10.0.0.1", None),
        ("10.0.0.1:56303", "10.0.0.1", 56303),
        ("2001:DB8::1", "2001:db8::1", None),
        ("[2001:db8::1]:99", "2001:db8::1", 99),
    ],
)
def test_peer_with_and_without_its_port(given: str, peer: str, port: int | None) -> None:
    facts = check(protocol="tcp", port=1, listener={}, peer_sees=given).facts
    assert (facts.peer_sees, facts.peer_port) == (peer, port)


BAD_CHECKS = [
    ({"expect": "maybe"}, "checks[0].expect: 'maybe' should be one of reachable, unreachable, timeout"),
    ({"protocol": "sctp"}, "checks[0].protocol: 'sctp' should be one of icmp, arp, tcp, udp"),
    ({"to": "10.0.0.0/8"}, "checks[0].to: '10.0.0.0/8' is neither an address nor a name"),
    ({"to": None}, "checks[0]: missing required option 'to'"),
    ({"to": "::1", "protocol": "arp"}, "checks[0].to: '::1' is an IPv6 address, and ARP asks for IPv4 addresses"),
    ({"protocol": "tcp"}, "checks[0]: protocol tcp needs a port"),
    ({"port": 80}, "checks[0].port: 80 needs protocol tcp or udp, and the protocol here is icmp"),
    ({"protocol": "tcp", "port": 70000}, "checks[0].port: 70000 should be a whole number from 1 to 65535"),
    ({"protocol": "tcp", "listener": {}}, "checks[0].listener: missing required option 'port'"),
    ({"protocol": "tcp", "listener": {"port": 1, "x": 1}}, "checks[0].listener: unknown option 'x'"),
    ({"protocol": "tcp", "listener": 80}, "checks[0].listener: 80 should be a dictionary"),
    ({"protocol": "tcp", "port": 1, "peer_sees": "10.0.0.1"}, "checks[0].peer_sees: '10.0.0.1' needs a listener"),
    (
        {"protocol": "tcp", "port": 1, "listener": {}, "peer_sees": "x"},
        "checks[0].peer_sees: 'x' is neither an address",
    ),
    ({"protocol": "tcp", "port": 1, "icmp_id": 5}, "checks[0].icmp_id: 5 needs protocol icmp"),
    ({"protocol": "arp", "size": 5}, "checks[0].size: 5 needs protocol icmp or udp"),
    ({"icmp_id": 65536}, "checks[0].icmp_id: 65536 should be a whole number from 0 to 65535"),
    ({"interface": "much-too-long-name"}, "checks[0].interface: 'much-too-long-name' is not an interface's name"),
    ({"source": "nobody"}, "checks[0].source: 'nobody' is not an address"),
    ({"responder": "nobody"}, "checks[0].responder: 'nobody' is not an address"),
    ({"size": -1}, "checks[0].size: -1 should be a whole number from 0 to 65507"),
    ({"size": True}, "checks[0].size: True should be a whole number"),
    ({"dont_fragment": "perhaps"}, "checks[0].dont_fragment: 'perhaps' should be true or false"),
    ({"ttl": 256}, "checks[0].ttl: 256 should be a whole number from 0 to 255"),
    ({"duplicates": "many"}, "checks[0].duplicates: 'many' should be a whole number, or 'some' for one or more"),
    ({"timeout": "soon"}, "checks[0].timeout: 'soon' should be a number of seconds"),
    ({"timeout": -1}, "checks[0].timeout: -1 should be a number of seconds"),
    ({"expct": "reachable"}, "checks[0]: unknown option 'expct'; it can have from, to, protocol"),
    ({"from": ["a"]}, "checks[0].from: ['a'] should be a text"),
]


@pytest.mark.parametrize(("given", "expected"), BAD_CHECKS)
def test_wrong_key_of_a_check_is_named_with_its_place(given: dict[str, Any], expected: str) -> None:
    assert sentence(checks=[{"to": "10.0.0.1", **given}]).startswith(expected)


BAD_TASKS = [
    ({}, "nothing is asked: give checks, matrix or watch"),
    ({"checks": [{"to": "::1"}, "x"]}, "checks[1]: 'x' should be a dictionary"),
    ({"count": 0, "checks": [{"to": "::1"}]}, "count: 0 should be a whole number from 1 to 10000"),
    ({"matrix": {"among": ["a"]}}, "matrix.among: ['a'] needs at least two namespaces"),
    ({"matrix": {"among": ["a", "a"]}}, "matrix.among: ['a', 'a'] names a namespace twice"),
    ({"matrix": {}}, "matrix.among: None should be a list of namespaces"),
    ({"matrix": {"among": ["a", "b"], "family": "ipx"}}, "matrix.family: 'ipx' should be one of ipv4, ipv6"),
    ({"watch": [{"netns": "a"}]}, "watch[0]: missing required option 'interface'"),
]


@pytest.mark.parametrize(("given", "expected"), BAD_TASKS)
def test_wrong_option_of_the_task_is_named(given: dict[str, Any], expected: str) -> None:
    assert sentence(**given) == expected


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"frame": "ping"}, "watch[0].expect[0].frame: 'ping' should be one of arp_request"),
        ({"source": "x"}, "watch[0].expect[0].source: 'x' is not an address"),
        ({"source_mac": "02:00"}, "watch[0].expect[0].source_mac: '02:00' is not a MAC address"),
        ({"vlan": 4095}, "watch[0].expect[0].vlan: 4095 should be a whole number from 0 to 4094"),
        ({"direction": "up"}, "watch[0].expect[0].direction: 'up' should be one of in, out"),
        ({"count": -1}, "watch[0].expect[0].count: -1 should be a whole number, or 'some'"),
    ],
)
def test_wrong_key_of_an_expectation_is_named_with_its_place(given: dict[str, Any], expected: str) -> None:
    assert sentence(watch=[{"interface": "eth0", "expect": [given]}]).startswith(expected)


def test_documentation_and_reader_know_the_same_keys_and_choices() -> None:
    documented = yaml.safe_load(reachability.DOCUMENTATION)["options"]
    assert set(documented) == set(reachability.ARGUMENT_SPEC)
    inner = {name: documented[name]["suboptions"] for name in ("checks", "matrix", "watch")}
    assert set(inner["checks"]) == set(options.CHECK_KEYS)
    assert set(inner["checks"]["listener"]["suboptions"]) == set(options.LISTENER_KEYS)
    assert set(inner["matrix"]) == set(options.MATRIX_KEYS)
    assert set(inner["watch"]) == set(options.WATCH_KEYS)
    assert set(inner["watch"]["expect"]["suboptions"]) == set(options.EXPECTATION_KEYS)
    assert inner["checks"]["expect"]["choices"] == list(answers.EXPECTABLE)
    assert inner["watch"]["expect"]["suboptions"]["frame"]["choices"] == [*frames.KINDS, options.ANY]


def test_every_documented_default_is_the_one_that_is_read() -> None:
    documented = yaml.safe_load(reachability.DOCUMENTATION)["options"]
    read = options.read_questions({"checks": [{"to": "::1"}]})
    for name in ("count", "timeout", "serial", "settle", "fresh", "duration", "prefix"):
        assert documented[name]["default"] == getattr(read, name) == reachability.ARGUMENT_SPEC[name]["default"]
    assert inspect.getdoc(reachability.main)
