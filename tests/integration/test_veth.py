# SPDX-FileCopyrightText: The virtnet.linux authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module veth, witnessed by `ip link` at both ends."""

from __future__ import annotations

import typing as t

from tests.integration import links, witness
from tests.integration.lifecycle import Bad, Bed, Options, Setting, assert_clear, assert_unchanged
from tests.integration.links import NAME, LinkLifecycle
from tests.integration.running import run_module, succeed

FAR = "t1"


def far(name: str, default: t.Any = None) -> t.Callable[[Bed], t.Any]:
    return lambda bed: witness.link(bed.other, FAR).get(name, default)


def far_flag(name: str) -> t.Callable[[Bed], t.Any]:
    return lambda bed: name in witness.link(bed.other, FAR)["flags"]


def far_port(name: str) -> t.Callable[[Bed], t.Any]:
    return lambda bed: witness.port(bed.other, FAR)[name]


PEER = (
    Setting("peer.mac", ("02:00:00:00:00:01", "02:00:00:00:00:02"), far("address")),
    Setting("peer.mtu", (1400, 1300), far("mtu")),
    Setting("peer.txqueuelen", (500, 100), far("txqlen")),
    Setting("peer.alias", ("to the left", "to the right"), far("ifalias")),
    Setting("peer.arp", (False, True), far_flag("NOARP"), (True, False)),
    Setting("peer.promisc", (True, False), far_flag("PROMISC")),
    Setting("peer.enabled", (False, True), far_flag("UP")),
    Setting("peer.master", ("br8", "br9"), far("master")),
    Setting("peer.master", ("br8", ""), far("master"), ("br8", None)),
    Setting(
        "peer.addresses",
        (["192.0.2.1/24", "2001:db8::1/64"], ["192.0.2.2/24"]),
        lambda bed: witness.addresses(bed.other, FAR),
        beside={"peer.exclusive_addresses": True},
    ),
    Setting("peer.port.hairpin", (True, False), far_port("hairpin"), beside={"peer.master": "br8"}),
    Setting("peer.port.cost", (7, 9), far_port("cost"), beside={"peer.master": "br8"}),
)


def bad_peer(label: str, options: dict[str, t.Any], sentence: str, there: bool = False) -> Bad:
    return Bad(label, {"peer": {"name": FAR, **options}}, sentence, there)


class TestVeth(LinkLifecycle):
    module = "veth"
    SETTINGS = (*links.GENERAL, *links.PORT)
    BAD = (
        *links.BAD,
        Bad("peer is missing", {"peer": None}, "^peer: veth 't0' needs a peer"),
        Bad("peer without a name", {"peer": {}}, "^peer: .*needs|missing required arguments: name found in peer"),
        Bad("peer with an unknown key", {"peer": {"name": FAR, "mt": 1}}, r"Unsupported parameters .* peer\.mt"),
        bad_peer("peer name too long", {"name": "x" * 16}, "^peer.name: 'x{16}' is not an interface name"),
        bad_peer("peer in no namespace", {"netns": "vnt-none"}, "there is no network namespace 'vnt-none'"),
        bad_peer("peer netns is no name", {"netns": "a b"}, "^peer.netns: 'a b' is not a namespace name"),
        bad_peer(
            "peer is there already", {"name": "br8"}, "^peer: there is an interface 'br8' in namespace .* already"
        ),
        bad_peer("peer is the same", {"name": NAME}, "^peer.name: 't0' is the interface itself"),
        bad_peer("peer of another one", {"name": "t9"}, "^peer: the other end of 't0' .* is not 't9'.*recreate", True),
        bad_peer("peer mac is none", {"mac": "red"}, "^peer.mac: 'red' is not a MAC address"),
        bad_peer("peer mtu too small", {"mtu": 67}, "^peer.mtu: 67 is not between"),
        bad_peer("peer address", {"addresses": ["192.0.2.1"]}, "^peer.addresses: '192.0.2.1' has no prefix length"),
        bad_peer("peer master that is not there", {"master": "br7"}, "^peer.master: there is no interface 'br7'"),
        bad_peer(
            "peer port without a master", {"port": {"hairpin": True}}, "^peer.port: 't1' is not a port of a bridge"
        ),
        bad_peer("peer port out of range", {"port": {"cost": 0}}, "^peer.port.cost: 0 is not between"),
    )

    def options(self, bed: Bed) -> Options:
        return {"netns": bed.netns, "name": NAME, "peer": {"name": FAR}}


class TestVethToAnotherNamespace(LinkLifecycle):
    module = "veth"
    SETTINGS = PEER
    BAD = (
        Bad("peer is missing", {"peer": None}, "^peer: veth 't0' needs a peer"),
        Bad("peer in the wrong namespace", {"peer": {"name": FAR}}, "^peer: the other end of 't0'", there=True),
    )

    def prepare(self, bed: Bed) -> None:
        super().prepare(bed)
        for name in ("br8", "br9"):
            bed.ip(f"link add {name} type bridge", bed.other)
            bed.ip(f"link set {name} up", bed.other)

    def options(self, bed: Bed) -> Options:
        return {"netns": bed.netns, "name": NAME, "peer": {"name": FAR, "netns": bed.other}}


def pair(bed: Bed) -> Options:
    return {
        "netns": bed.netns, "name": NAME, "addresses": ["192.0.2.1/24"],
        "peer": {"name": FAR, "netns": bed.other, "addresses": ["192.0.2.2/24"]},
    }  # fmt: skip


def test_both_ends_reach_each_other(bed: Bed) -> None:
    succeed("veth", pair(bed))
    assert witness.succeeds("ping", "-c", "1", "-W", "2", "192.0.2.2", netns=bed.netns)


def test_both_ends_may_have_the_same_name(bed: Bed) -> None:
    options = {"netns": bed.netns, "name": NAME, "peer": {"name": NAME, "netns": bed.other}}
    succeed("veth", options)
    assert_unchanged(succeed("veth", options))


def test_the_other_end_can_be_asked_for_first(bed: Bed) -> None:
    succeed("veth", pair(bed))
    turned = {"netns": bed.other, "name": FAR, "peer": {"name": NAME, "netns": bed.netns}}
    assert_unchanged(succeed("veth", turned))


def test_removing_one_end_removes_the_other(bed: Bed) -> None:
    succeed("veth", pair(bed))
    succeed("veth", {"netns": bed.other, "name": FAR, "state": "absent"})
    assert (witness.link(bed.netns, NAME), witness.link(bed.other, FAR)) == ({}, {})


def test_a_pair_is_made_anew_where_the_other_end_differs(bed: Bed) -> None:
    succeed("veth", pair(bed))
    options = {"netns": bed.netns, "name": NAME, "peer": {"name": "t9", "netns": bed.other}}
    result = succeed("veth", {**options, "recreate": True})
    assert result.diff["before"]["peer"]["state"] == "absent"
    assert (witness.link(bed.other, "t9")["ifname"], witness.link(bed.other, FAR)) == ("t9", {})


def test_an_end_that_waits_in_a_namespace_that_is_not_there_is_named(bed: Bed) -> None:
    missing = bed.names.unused()
    result = run_module("veth", {**pair(bed), "peer": {"name": FAR, "netns": missing}})
    assert_clear(result, f"^there is no network namespace '{missing}'")
    assert not witness.link(bed.netns, NAME)


def test_a_failure_at_the_far_end_takes_the_pair_down_again(bed: Bed) -> None:
    options = pair(bed)
    options["peer"]["mtu"] = 65536
    before = bed.seen()
    assert_clear(run_module("veth", options), "mtu|create veth")
    assert bed.seen() == before


def test_both_ends_are_returned(bed: Bed) -> None:
    found = succeed("veth", pair(bed))["veth"]
    assert "192.0.2.1/24" in found["addresses"]
    assert (found["peer"]["name"], found["peer"]["netns"]) == (FAR, bed.other)
    assert "192.0.2.2/24" in found["peer"]["addresses"]
