# SPDX-FileCopyrightText: The virtnet.linux authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module ipvlan, witnessed by `ip -d link`, and refused by a kernel that has no such devices."""

from __future__ import annotations

import typing as t

import pytest

from tests.integration import links, witness
from tests.integration.lifecycle import Bad, Bed, Options, Setting, assert_clear, assert_unchanged, given
from tests.integration.links import NAME, LinkLifecycle, kind_field
from tests.integration.running import run_module, succeed

IPVLAN = pytest.mark.needs(kinds=["ipvlan", "ipvtap"])
FLAGS = ("bridge", "private", "vepa")


def seen_flag(netns: str, name: str) -> str:
    return ",".join(flag for flag in FLAGS if witness.info(netns, name).get(flag))


def flag(bed: Bed) -> str:
    return seen_flag(bed.netns, NAME)


def sibling(bed: Bed) -> tuple[t.Any, str]:
    return witness.info(bed.other, "iv9")["mode"], seen_flag(bed.other, "iv9")


@IPVLAN
class TestIpvlan(LinkLifecycle):
    module = "ipvlan"
    SETTINGS = (
        *(setting for setting in links.GENERAL if setting.option != "mac"),
        Setting("mode", ("l2", "l3"), kind_field("mode")),
        Setting("mode", ("l3s", "l2"), kind_field("mode"), beside={"flag": "private"}),
        Setting("mode", ("l2", "l3"), links.flag("NOARP"), (False, True)),
        Setting("flag", ("private", "vepa"), flag),
        Setting("flag", ("bridge", "private"), flag),
        Setting("flag", ("vepa", "bridge"), flag, beside={"mode": "l3s"}),
        Setting("arp", (True, False), links.flag("NOARP"), (False, True), beside={"mode": "l3"}),
        Setting(
            "parent", ("eth0", "eth1"), lambda bed: witness.link(bed.netns, NAME)["link"], beside={"recreate": True}
        ),
    )
    BAD = (
        *(bad for bad in links.BAD if "port " not in bad.label and not bad.label.startswith("mac ")),
        Bad("mac", {"mac": "02:00:00:00:00:01"}, "^mac: ipvlan 't0' has the MAC address of its parent and no other"),
        Bad("parent is missing", {"parent": None}, "^parent: ipvlan 't0' needs a parent"),
        Bad("parent that is not there", {"parent": "eth9"}, "^parent: there is no interface 'eth9' in namespace"),
        Bad("parent whose name is too long", {"parent": "x" * 16}, "^parent: .*1 to 15 bytes"),
        Bad("parent without Ethernet", {"parent": "lo"}, "cannot create ipvlan 't0' .*: \\S"),
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
        Bad("mode is unknown", {"mode": "l4"}, "mode must be one of: l2, l3, l3s"),
        Bad("flag is unknown", {"flag": "public"}, "flag must be one of: bridge, private, vepa"),
        Bad("tap is no switch", {"tap": "perhaps"}, "'tap' is of type str .*bool"),
        Bad("tap differs", {"tap": True}, "^'t0' .* is of kind 'ipvlan', not 'ipvtap'.*recreate: true", there=True),
        Bad("kind of what there is differs", {"name": "br8"}, "^'br8' .* is of kind 'bridge', not 'ipvlan'"),
        Bad("absent with another kind", {"name": "br8", "state": "absent"}, "'br8' .* is a bridge device: it is not"),
    )

    def prepare(self, bed: Bed) -> None:
        super().prepare(bed)
        for name in ("eth0", "eth1"):
            bed.ip(f"link add {name} type veth peer {name} netns {bed.other}")
            bed.ip(f"link set {name} up")

    def options(self, bed: Bed) -> Options:
        return {"netns": bed.netns, "name": NAME, "parent": "eth0", "mode": "l2"}

    def unanchored(self, bed: Bed) -> Options:
        return {**self.options(bed), "parent_netns": bed.netns}


@IPVLAN
class TestIpvlanWithASibling(TestIpvlan):
    """Another child, in a namespace that the task doesn't name."""

    SETTINGS = (
        Setting("mode", ("l2", "l3s"), sibling, (("l2", "private"), ("l3s", "private"))),
        Setting("flag", ("private", "vepa"), sibling, (("l2", "private"), ("l2", "vepa"))),
    )
    BAD = (
        Bad("another mode", {"mode": "l3"}, "^mode: 'l3' is not that of 'iv9' in namespace .*, which has 'l2'; all"),
        Bad("another flag", {"flag": "vepa"}, "^flag: 'vepa' is not that of 'iv9' .*, which has 'private'; all childr"),
    )

    def prepare(self, bed: Bed) -> None:
        super().prepare(bed)
        bed.ip(f"link add iv9 link eth0 netns {bed.other} type ipvlan mode l2 private")

    def test_it_takes_mode_and_flag_of_its_sibling(self, bed: Bed) -> None:
        self.prepare(bed)
        self.run(given({**self.options(bed), "mode": None}))
        assert (witness.info(bed.netns, NAME)["mode"], flag(bed)) == ("l2", "private")
        assert sibling(bed) == ("l2", "private")


@IPVLAN
class TestIpvlanOfAnotherNamespace(TestIpvlan):
    SETTINGS = (Setting("mode", ("l2", "l3"), kind_field("mode")),)
    BAD = (Bad("parent that is not there", {"parent": "eth9"}, "^parent: there is no interface 'eth9' in namespace"),)

    def prepare(self, bed: Bed) -> None:
        super().prepare(bed)
        bed.ip("link set eth0 up", bed.other)

    def options(self, bed: Bed) -> Options:
        return {"netns": bed.netns, "name": NAME, "parent": "eth0", "parent_netns": bed.other, "mode": "l2"}


@IPVLAN
class TestIpvtap(TestIpvlan):
    SETTINGS = (
        Setting("mode", ("l3", "l2"), kind_field("mode")),
        Setting("flag", ("vepa", "private"), flag),
        Setting("mtu", (1400, 1300), links.field("mtu")),
    )
    BAD = (
        Bad("tap differs", {"tap": False}, "^'t0' .* is of kind 'ipvtap', not 'ipvlan'.*recreate: true", there=True),
        Bad("mac", {"mac": "02:00:00:00:00:01"}, "^mac: ipvtap 't0' has the MAC address of its parent and no other"),
    )

    def options(self, bed: Bed) -> Options:
        return {**super().options(bed), "tap": True}

    def identity(self, bed: Bed) -> Options:
        return {**super().identity(bed), "tap": True}

    def exists(self, bed: Bed) -> bool:
        return bool(witness.link(bed.netns, NAME).get("linkinfo", {}).get("info_kind") == "ipvtap")


@pytest.fixture
def wire(bed: Bed) -> Bed:
    """A device that others can stand on."""
    bed.ip("link add eth0 type veth peer eth1")
    bed.ip("link set eth0 up")
    bed.ip("link set eth1 up")
    return bed


def topology(bed: Bed, *children: Options) -> Options:
    resources = [{"ipvlan": {"netns": bed.netns, "parent": "eth0", **child}} for child in children]
    return {"name": bed.netns, "resources": resources}


def modes(bed: Bed, *names: str) -> list[str]:
    return [witness.info(bed.netns, name)["mode"] for name in names]


@pytest.fixture
def dropped(wire: Bed) -> t.Iterator[None]:
    """The topology of a test is taken down after it."""
    yield
    succeed("topology", {"name": wire.netns, "state": "absent"})


@IPVLAN
def test_an_mtu_that_follows_the_parent_is_no_difference(wire: Bed) -> None:
    options = {"netns": wire.netns, "name": NAME, "parent": "eth0"}
    succeed("ipvlan", options)
    wire.ip("link set eth0 mtu 1400")
    assert_unchanged(succeed("ipvlan", options))
    assert witness.link(wire.netns, NAME)["mtu"] == 1400


@IPVLAN
@pytest.mark.usefixtures("dropped")
def test_a_topology_changes_the_mode_of_all_at_once_and_leads_it_back(wire: Bed) -> None:
    for mode in ("l2", "l3s", "l2"):
        asked = topology(wire, {"name": "iv1", "mode": mode}, {"name": "iv2", "mode": mode, "tap": True})
        succeed("topology", asked)
        assert modes(wire, "iv1", "iv2") == [mode, mode]
        assert_unchanged(succeed("topology", asked))
    succeed("topology", topology(wire, {"name": "iv2", "mode": "l2", "tap": True}))
    assert not witness.link(wire.netns, "iv1")


@IPVLAN
@pytest.mark.parametrize("there", [False, True])
@pytest.mark.usefixtures("dropped")
def test_children_of_two_modes_are_refused_in_one_topology(wire: Bed, there: bool) -> None:
    if there:
        succeed("topology", topology(wire, {"name": "iv1", "mode": "l2"}, {"name": "iv2", "mode": "l2"}))
    before = wire.seen()
    result = run_module("topology", topology(wire, {"name": "iv1", "mode": "l3"}, {"name": "iv2", "mode": "l2"}))
    assert_clear(result, "contradicts resources.0..ipvlan" if there else "mode: 'l2' is not that of 'iv1'")
    assert wire.seen() == before


@IPVLAN
@pytest.mark.usefixtures("dropped")
def test_a_failure_half_way_leads_back_the_mode_of_all(wire: Bed) -> None:
    succeed("topology", topology(wire, {"name": "iv1", "mode": "l2", "flag": "private"}, {"name": "iv2"}))
    before = wire.seen()
    wrong = {"name": "iv3", "addresses": ["192.0.2.1/24"]}
    asked = topology(wire, {"name": "iv1", "mode": "l3s"}, {"name": "iv2", "addresses": ["192.0.2.1/24"]}, wrong)
    assert_clear(run_module("topology", asked), "already assigned to an ipvlan device")
    assert wire.seen() == before


@IPVLAN
def test_what_is_there_is_described_so_that_it_can_be_built_again(wire: Bed) -> None:
    wire.ip("link add iv1 link eth0 type ipvlan mode l3s vepa")
    wire.ip("link add iv2 link eth0 type ipvtap mode l3s vepa")
    resources = succeed("topology_info", {"namespaces": [wire.netns]}).values["resources"]
    found = {entry["ipvlan"]["name"]: entry["ipvlan"] for entry in resources if "ipvlan" in entry}
    for name, tap in (("iv1", None), ("iv2", True)):
        shown = found[name]
        assert (shown["mode"], shown["flag"], shown.get("tap"), shown.get("mac")) == ("l3s", "vepa", tap, None)


@pytest.mark.parametrize(("tap", "kind"), [(False, "ipvlan"), (True, "ipvtap")])
def test_a_kernel_without_it_is_named_and_nothing_changes(wire: Bed, tap: bool, kind: str) -> None:
    if kind in succeed("capabilities_info", {}).values["kinds"]:
        pytest.skip(f"this kernel has {kind!r} devices")
    before = wire.seen()
    result = run_module("ipvlan", {"netns": wire.netns, "name": NAME, "parent": "eth0", "mode": "l2", "tap": tap})
    assert_clear(result, rf"this kernel has no '{kind}' devices \(module {kind}: not found\)")
    assert wire.seen() == before
