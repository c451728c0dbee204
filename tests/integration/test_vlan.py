# SPDX-FileCopyrightText: The virtnet.linux authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module vlan, witnessed by `ip -d link`, and by what is on the wire."""

from __future__ import annotations

import typing as t

import pytest

from tests.integration import links, witness
from tests.integration.lifecycle import Bad, Bed, Options, Setting, assert_clear, assert_unchanged
from tests.integration.links import NAME, LinkLifecycle, kind_field
from tests.integration.running import Result, run_module, succeed

here = pytest.mark.needs(kinds=["vlan"])


def qos(direction: str) -> t.Callable[[Bed], dict[int, int]]:
    return lambda bed: {pair["from"]: pair["to"] for pair in witness.info(bed.netns, NAME).get(direction, ())}


def reorders(bed: Bed) -> bool:
    return "REORDER_HDR" in witness.info(bed.netns, NAME).get("flags", ())


def make_wires(bed: Bed) -> None:
    for name in ("eth0", "eth1"):
        bed.ip(f"link add {name} type veth peer {name} netns {bed.other}")
        bed.ip(f"link set {name} up")
        bed.ip(f"link set {name} up", bed.other)


@here
class TestVlan(LinkLifecycle):
    module = "vlan"
    SETTINGS = (
        *links.GENERAL,
        Setting("id", (10, 4094), kind_field("id"), beside={"recreate": True}),
        Setting("protocol", ("802.1Q", "802.1ad"), kind_field("protocol"), beside={"recreate": True}),
        Setting("ingress_qos", ({"1": 3, "7": 0}, {2: 4294967295}), qos("ingress_qos"), ({1: 3}, {2: 4294967295})),
        Setting("ingress_qos", ({}, {"0": 5}), qos("ingress_qos"), ({}, {0: 5})),
        Setting("egress_qos", ({"0": 1, "65536": 7}, {"65536": 6}), qos("egress_qos"), ({0: 1, 65536: 7}, {65536: 6})),
        Setting("egress_qos", ({"6": 5}, {}), qos("egress_qos"), ({6: 5}, {})),
        Setting("reorder_header", (False, True), reorders),
        Setting(
            "parent", ("eth0", "eth1"), lambda bed: witness.link(bed.netns, NAME)["link"], beside={"recreate": True}
        ),
    )
    BAD = (
        *(bad for bad in links.BAD if "port " not in bad.label),
        Bad("parent is missing", {"parent": None}, "^parent: vlan 't0' needs a parent"),
        Bad("parent that is not there", {"parent": "eth9"}, "^parent: there is no interface 'eth9' in namespace"),
        Bad("parent that has no tags", {"parent": "lo"}, "^parent: its frames have no room for a VLAN tag"),
        Bad("parent differs", {"parent": "eth1"}, "^parent: 't0' .* does not stand on 'eth1'.*recreate: true", True),
        Bad("parent in no namespace", {"parent_netns": "vnt-none"}, "^there is no network namespace 'vnt-none'"),
        Bad("id is missing", {"id": None}, "^id: a vlan needs the number in its tag"),
        Bad("id is no number", {"id": "ten"}, "'id' is of type str .*int"),
        Bad("id too large", {"id": 4095}, "^id: 4095 is not between 0 and 4094"),
        Bad("id below zero", {"id": -1}, "^id: -1 is not between 0 and 4094"),
        Bad("id differs", {"id": 11}, "^id: 't0' .* has 10, not 11.*recreate: true", there=True),
        Bad("id is taken", {"name": "t1"}, "cannot create vlan 't1'.*: \\S", there=True),
        Bad("protocol is unknown", {"protocol": "802.1x"}, "protocol must be one of: 802.1Q, 802.1ad"),
        Bad("protocol differs", {"protocol": "802.1ad"}, "^protocol: 't0' .* has '802.1Q', not '802.1ad'", there=True),
        Bad("ingress_qos is no dictionary", {"ingress_qos": 5}, "'ingress_qos' is of type int .*dict"),
        Bad(
            "ingress_qos from above 7", {"ingress_qos": {"8": 1}}, "^ingress_qos: {'8': 1} .*from a priority of 0 to 7 "
        ),
        Bad("ingress_qos to no number", {"ingress_qos": {"7": "high"}}, "^ingress_qos: {'7': 'high'} does not lead"),
        Bad("egress_qos to above 7", {"egress_qos": {"0": 8}}, "^egress_qos: {'0': 8} .* to one of 0 to 7"),
        Bad("egress_qos is no dictionary", {"egress_qos": 5}, "'egress_qos' is of type int .*dict"),
        Bad("reorder_header is no switch", {"reorder_header": "perhaps"}, "'reorder_header' is of type str .*bool"),
        Bad("mtu above the parent's", {"mtu": 1501}, "t0.*: \\S"),
        Bad("kind of what there is differs", {"name": "br8"}, "^'br8' .* is of kind 'bridge', not 'vlan'"),
        Bad("absent with another kind", {"name": "br8", "state": "absent"}, "'br8' .* is a bridge device: it is not"),
    )

    def prepare(self, bed: Bed) -> None:
        super().prepare(bed)
        make_wires(bed)

    def options(self, bed: Bed) -> Options:
        return {"netns": bed.netns, "name": NAME, "parent": "eth0", "id": 10}

    def unanchored(self, bed: Bed) -> Options:
        return {**self.options(bed), "parent_netns": bed.netns}


class TestVlanOfAnotherNamespace(TestVlan):
    SETTINGS = (Setting("reorder_header", (False, True), reorders),)
    BAD = (Bad("parent that is not there", {"parent": "eth9"}, "^parent: there is no interface 'eth9' in namespace"),)

    def options(self, bed: Bed) -> Options:
        return {**super().options(bed), "parent_netns": bed.other}


@pytest.fixture
def wire(bed: Bed) -> Bed:
    """Two namespaces on a cable."""
    make_wires(bed)
    return bed


def ends(wire: Bed, near: int, far: int) -> None:
    for netns, tag, number in ((wire.netns, near, 1), (wire.other, far, 2)):
        options = {"netns": netns, "name": NAME, "parent": "eth0", "id": tag, "recreate": True}
        succeed("vlan", {**options, "addresses": [f"192.0.2.{number}/24"]})


@here
@pytest.mark.parametrize(("far", "reached"), [(10, True), (20, False)])
def test_the_tag_decides_whether_two_ends_reach_each_other(wire: Bed, far: int, reached: bool) -> None:
    ends(wire, 10, far)
    assert witness.succeeds("ping", "-c", "1", "-W", "1", "192.0.2.2", netns=wire.netns) == reached


@here
def test_a_parent_that_is_down_is_told(wire: Bed) -> None:
    wire.ip("link set eth0 down")
    options = {"netns": wire.netns, "name": NAME, "parent": "eth0", "id": 10}
    assert_clear(run_module("vlan", options), "^enabled: its parent 'eth0' in namespace 'vnt.*' is down")
    succeed("vlan", {**options, "enabled": False})
    assert witness.link(wire.netns, NAME)


@here
def test_an_address_that_follows_the_parent_is_no_difference(wire: Bed) -> None:
    options = {"netns": wire.netns, "name": NAME, "parent": "eth0", "id": 10}
    succeed("vlan", options)
    wire.ip("link set eth0 address 02:00:00:00:00:77 mtu 1400")
    assert witness.link(wire.netns, NAME)["address"] == "02:00:00:00:00:77"
    assert_unchanged(succeed("vlan", options))


@here
def test_a_topology_leads_the_maps_back(wire: Bed) -> None:
    vlan = {"name": NAME, "netns": wire.netns, "parent": "eth0", "id": 10}

    def build(**more: t.Any) -> Result:
        return succeed("topology", {"name": wire.netns, "resources": [{"vlan": {**vlan, **more}}]})

    build(ingress_qos={"1": 2}, egress_qos={"3": 4}, reorder_header=False)
    build()
    assert (qos("ingress_qos")(wire), qos("egress_qos")(wire), reorders(wire)) == ({}, {}, True)
    assert_unchanged(build())
    succeed("topology", {"name": wire.netns, "state": "absent"})
    assert not witness.link(wire.netns, NAME)


@here
def test_a_failure_leads_the_tag_and_the_maps_back(wire: Bed) -> None:
    wire.ip(f"link add link eth0 name {NAME} type vlan id 10 ingress-qos-map 1:2 egress-qos-map 3:4")
    before = witness.info(wire.netns, NAME)
    changed = {"name": NAME, "netns": wire.netns, "parent": "eth0", "id": 20, "ingress_qos": {}, "recreate": True}
    refused = {"name": "t1", "netns": wire.netns, "parent": "eth0", "id": 20}
    resources = [{"vlan": changed}, {"vlan": refused}]
    assert_clear(run_module("topology", {"name": wire.netns, "resources": resources}), "cannot create vlan 't1'")
    assert witness.info(wire.netns, NAME) == before
    assert not witness.link(wire.netns, "t1")


@here
def test_topology_info_says_what_makes_it_again(wire: Bed) -> None:
    options = {"name": NAME, "parent": "eth0", "id": 10, "protocol": "802.1ad", "egress_qos": {"3": 4}}
    succeed("vlan", {**options, "netns": wire.netns})
    found = succeed("topology_info", {"namespaces": [wire.netns, wire.other]})["resources"]
    (told,) = [entry["vlan"] for entry in found if "vlan" in entry]
    assert {name: told[name] for name in options} == options


def test_a_kernel_without_is_told(wire: Bed) -> None:
    if "vlan" in succeed("capabilities_info", {})["kinds"]:
        pytest.skip("this kernel has 'vlan' devices")
    options = {"netns": wire.netns, "name": NAME, "parent": "eth0", "id": 10}
    assert_clear(run_module("vlan", options), r"this kernel has no 'vlan' devices \(module 8021q: not found\)")
