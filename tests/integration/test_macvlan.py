# SPDX-FileCopyrightText: The virtnet.linux authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module macvlan, witnessed by `ip -d link`."""

from __future__ import annotations

import pytest

from tests.integration import links, witness
from tests.integration.lifecycle import Bad, Bed, Options, Setting, assert_clear, assert_unchanged
from tests.integration.links import NAME, LinkLifecycle, kind_field
from tests.integration.running import run_module, succeed

MACS = ["02:00:00:00:00:05", "02:00:00:00:00:06"]


def sources(bed: Bed) -> list[str]:
    found = witness.info(bed.netns, NAME).get("macaddr_data", witness.info(bed.netns, NAME).get("macaddr", []))
    return sorted(entry["mac"] if isinstance(entry, dict) else entry for entry in found)


class TestMacvlan(LinkLifecycle):
    module = "macvlan"
    SETTINGS = (
        *links.GENERAL,
        Setting("mode", ("private", "vepa"), kind_field("mode")),
        Setting("mode", ("bridge", "source"), kind_field("mode")),
        Setting("mode", ("bridge", "passthru"), kind_field("mode"), beside={"recreate": True}),
        Setting(
            "source_macs",
            (MACS, ["02-00-00-00-00-07"]),
            sources,
            (MACS, ["02:00:00:00:00:07"]),
            beside={"mode": "source"},
        ),
        Setting("source_macs", ([], MACS), sources, beside={"mode": "source"}),
        Setting(
            "parent", ("eth0", "eth1"), lambda bed: witness.link(bed.netns, NAME)["link"], beside={"recreate": True}
        ),
    )
    BAD = (
        *(bad for bad in links.BAD if "port " not in bad.label),
        Bad("parent is missing", {"parent": None}, "^parent: macvlan 't0' needs a parent"),
        Bad("parent that is not there", {"parent": "eth9"}, "^parent: there is no interface 'eth9' in namespace"),
        Bad("parent whose name is too long", {"parent": "x" * 16}, "^parent: .*1 to 15 bytes"),
        Bad("parent without Ethernet", {"parent": "lo"}, "cannot create macvlan 't0' .*: \\S"),
        Bad(
            "parent differs",
            {"parent": "eth1"},
            "^parent: 't0' .* does not stand on 'eth1'.*recreate: true",
            there=True,
        ),
        Bad("parent in no namespace", {"parent_netns": "vnt-none"}, "^there is no network namespace 'vnt-none'"),
        Bad("parent_netns is no name", {"parent_netns": "a b"}, "^parent_netns: 'a b' is not a namespace name"),
        Bad(
            "parent_netns without parent",
            {"parent": None, "parent_netns": "x", "state": "absent"},
            "^parent_netns: needs",
        ),
        Bad("mode is unknown", {"mode": "public"}, "mode must be one of: private, vepa"),
        Bad(
            "to passthru",
            {"mode": "passthru"},
            "^mode: 't0' .* has 'bridge', not 'passthru'.*recreate: true",
            there=True,
        ),
        Bad("source_macs in another mode", {"source_macs": MACS}, "^source_macs: only mode source has a list of them"),
        Bad("source_macs with no MAC", {"mode": "source", "source_macs": ["red"]}, "^source_macs: 'red' is not a MAC"),
        Bad("mtu above the parent's", {"mtu": 1501}, "t0.*: \\S"),
        Bad("kind of what there is differs", {"name": "br8"}, "^'br8' .* is of kind 'bridge', not 'macvlan'"),
        Bad("absent with another kind", {"name": "br8", "state": "absent"}, "'br8' .* is a bridge device: it is not"),
    )

    def prepare(self, bed: Bed) -> None:
        super().prepare(bed)
        for name in ("eth0", "eth1"):
            bed.ip(f"link add {name} type veth peer {name} netns {bed.other}")
            bed.ip(f"link set {name} up")
            bed.ip(f"link set {name} up", bed.other)

    def options(self, bed: Bed) -> Options:
        return {"netns": bed.netns, "name": NAME, "parent": "eth0", "mode": "bridge"}

    def unanchored(self, bed: Bed) -> Options:
        return {**self.options(bed), "parent_netns": bed.netns}


class TestMacvlanOfAnotherNamespace(TestMacvlan):
    SETTINGS = (Setting("mode", ("private", "vepa"), kind_field("mode")),)
    BAD = (Bad("parent that is not there", {"parent": "eth9"}, "^parent: there is no interface 'eth9' in namespace"),)

    def prepare(self, bed: Bed) -> None:
        super().prepare(bed)
        bed.ip("link set eth0 down", bed.other)
        bed.ip("link set eth0 up", bed.other)

    def options(self, bed: Bed) -> Options:
        return {"netns": bed.netns, "name": NAME, "parent": "eth0", "parent_netns": bed.other, "mode": "bridge"}


class TestMacvtap(TestMacvlan):
    SETTINGS = (
        Setting("mode", ("private", "bridge"), kind_field("mode")),
        Setting("mtu", (1400, 1300), links.field("mtu")),
        Setting("source_macs", (MACS, []), sources, beside={"mode": "source"}),
    )
    BAD = (
        Bad("tap is no switch", {"tap": "perhaps"}, "'tap' is of type str .*bool"),
        Bad("tap differs", {"tap": False}, "^'t0' .* is of kind 'macvtap', not 'macvlan'.*recreate: true", there=True),
    )

    def options(self, bed: Bed) -> Options:
        return {**super().options(bed), "tap": True}

    def identity(self, bed: Bed) -> Options:
        return {**super().identity(bed), "tap": True}

    def exists(self, bed: Bed) -> bool:
        return bool(witness.link(bed.netns, NAME).get("linkinfo", {}).get("info_kind") == "macvtap")


@pytest.fixture
def wire(bed: Bed) -> Bed:
    """A device that others can stand on."""
    bed.ip("link add eth0 type veth peer eth1")
    bed.ip("link set eth0 up")
    bed.ip("link set eth1 up")
    return bed


def child(bed: Bed, number: int, mode: str) -> str:
    """The namespace of a new child of eth0."""
    netns = bed.names.made()
    options = {"netns": netns, "name": NAME, "parent": "eth0", "parent_netns": bed.netns, "mode": mode}
    succeed("macvlan", {**options, "addresses": [f"192.0.2.{number}/24"]})
    return netns


@pytest.mark.parametrize(("mode", "reached"), [("bridge", True), ("private", False), ("vepa", False)])
def test_the_mode_decides_whether_children_reach_each_other(wire: Bed, mode: str, reached: bool) -> None:
    one = child(wire, 1, mode)
    child(wire, 2, mode)
    assert witness.succeeds("ping", "-c", "1", "-W", "1", "192.0.2.2", netns=one) == reached


def test_a_second_passthru_is_refused_and_nothing_changed(wire: Bed) -> None:
    child(wire, 1, "passthru")
    before = wire.seen()
    options = {"netns": wire.other, "name": NAME, "parent": "eth0", "parent_netns": wire.netns, "mode": "passthru"}
    assert_clear(run_module("macvlan", options), "cannot create macvlan 't0'")
    assert wire.seen() == before


def test_the_parent_of_one_that_is_removed_need_not_be_named(wire: Bed) -> None:
    options = {"netns": wire.netns, "name": NAME, "parent": "eth0"}
    succeed("macvlan", options)
    succeed("macvlan", {"netns": wire.netns, "name": NAME, "state": "absent"})
    assert not witness.link(wire.netns, NAME)


def test_the_parent_is_returned(wire: Bed) -> None:
    found = succeed("macvlan", {"netns": wire.netns, "name": NAME, "parent": "eth0", "mode": "private"})["macvlan"]
    assert (found["parent"], found["parent_netns"], found["mode"]) == ("eth0", wire.netns, "private")


def test_an_mtu_that_follows_the_parent_down_is_no_difference(wire: Bed) -> None:
    options = {"netns": wire.netns, "name": NAME, "parent": "eth0"}
    succeed("macvlan", options)
    wire.ip("link set eth0 mtu 1400")
    assert_unchanged(succeed("macvlan", options))
