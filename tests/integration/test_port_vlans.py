# SPDX-FileCopyrightText: The virtnet.linux authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The VLANs of a bridge's port, an option of all modules for interfaces, witnessed by `bridge vlan`."""

from __future__ import annotations

import typing as t

import pytest

from tests.integration import witness
from tests.integration.lifecycle import Bad, Bed, Options, assert_clear, assert_unchanged
from tests.integration.running import Result, run_module, succeed

here = pytest.mark.needs(bridge=["vlan_filtering"])
NAME = "p0"
Vlans = list[dict[str, t.Any]]


@pytest.fixture
def switch(bed: Bed) -> Bed:
    """A bridge that keeps VLANs apart."""
    bed.ip("link add br0 up type bridge vlan_filtering 1")
    return bed


def settle(bed: Bed, vlans: Vlans | None, check: bool = False) -> Result:
    return succeed("veth", options(bed, vlans), check)


def options(bed: Bed, vlans: t.Any) -> Options:
    port = {} if vlans is None else {"port": {"vlans": vlans}}
    return {"name": NAME, "netns": bed.netns, "master": "br0", "peer": {"name": "eth0", "netns": bed.other}, **port}


def seen(bed: Bed) -> dict[tuple[int, int], list[str]]:
    """First and last VLAN of each row, and its flags."""
    rows = [row for port in witness.bridge(bed.netns, "vlan", "show", "dev", NAME) for row in port.get("vlans", ())]
    return {(row["vlan"], row.get("vlanEnd", row["vlan"])): row.get("flags", []) for row in rows}


ACCESS = [{"id": 10, "pvid": True, "untagged": True}]
TRUNK = [{"id": 1, "pvid": True, "untagged": True}, {"id": "10-20"}, {"id": "30", "untagged": True}]
SEEN = {
    "access": {(10, 10): ["PVID", "Egress Untagged"]},
    "trunk": {(1, 1): ["PVID", "Egress Untagged"], (10, 20): [], (30, 30): ["Egress Untagged"]},
    "none": {},
}


@here
@pytest.mark.parametrize(("first", "then"), [("access", "trunk"), ("trunk", "none"), ("none", "access")])
def test_the_list_is_changed_and_changed_back(switch: Bed, first: str, then: str) -> None:
    lists: dict[str, Vlans] = {"access": ACCESS, "trunk": TRUNK, "none": []}
    for name in (first, then, first):
        predicted = settle(switch, lists[name], check=True)
        done = settle(switch, lists[name])
        assert (predicted.changed, predicted.commands, predicted.diff) == (True, done.commands, done.diff)
        assert seen(switch) == SEEN[name]
        assert_unchanged(settle(switch, lists[name]))


@here
def test_what_is_not_given_is_not_touched(switch: Bed) -> None:
    settle(switch, TRUNK)
    assert_unchanged(settle(switch, None))
    assert seen(switch) == SEEN["trunk"]


@here
def test_the_members_are_returned(switch: Bed) -> None:
    assert settle(switch, TRUNK)["veth"]["port"]["vlans"] == [
        {"id": "1", "pvid": True, "untagged": True},
        {"id": "10-20", "pvid": False, "untagged": False},
        {"id": "30", "pvid": False, "untagged": True},
    ]


@here
def test_the_commands_make_the_same(switch: Bed) -> None:
    for command in settle(switch, TRUNK, check=True).commands:
        witness.shell("sh", "-c", command)
    assert seen(switch) == SEEN["trunk"]
    assert_unchanged(settle(switch, TRUNK))


@here
def test_the_pvid_moves(switch: Bed) -> None:
    settle(switch, [{"id": 5, "pvid": True}, {"id": 6}])
    settle(switch, [{"id": 5}, {"id": 6, "pvid": True}])
    assert seen(switch) == {(5, 5): [], (6, 6): ["PVID"]}


@here
def test_a_topology_gives_the_port_what_the_bridge_gives(switch: Bed) -> None:
    def build(vlans: Vlans | None) -> Result:
        return succeed("topology", {"name": switch.netns, "resources": [{"veth": options(switch, vlans)}]})

    build(TRUNK)
    build(None)
    assert seen(switch) == {(1, 1): ["PVID", "Egress Untagged"]}
    assert_unchanged(build(None))
    succeed("topology", {"name": switch.netns, "state": "absent"})


@here
def test_a_failure_leads_the_members_back(switch: Bed) -> None:
    settle(switch, TRUNK)
    refused = {"macvlan": {"netns": switch.netns, "name": "t1", "parent": "lo"}}
    resources = [{"veth": options(switch, ACCESS)}, refused]
    assert_clear(run_module("topology", {"name": switch.netns, "resources": resources}), "cannot create macvlan 't1'")
    assert seen(switch) == SEEN["trunk"]


@here
def test_a_failure_gives_a_port_that_left_its_members_again(switch: Bed) -> None:
    settle(switch, TRUNK)
    left = {"veth": {**options(switch, None), "master": ""}}
    refused = {"macvlan": {"netns": switch.netns, "name": "t1", "parent": "lo"}}
    result = run_module("topology", {"name": switch.netns, "resources": [left, refused]})
    assert_clear(result, "cannot create macvlan 't1'")
    assert seen(switch) == SEEN["trunk"]


@here
def test_topology_info_says_what_makes_it_again(switch: Bed) -> None:
    settle(switch, ACCESS)
    found = succeed("topology_info", {"namespaces": [switch.netns, switch.other]})["resources"]
    (told,) = [entry["veth"] for entry in found if "veth" in entry]
    assert told["port"] == {"vlans": [{"id": "10", "pvid": True, "untagged": True}]}


@here
def test_the_other_end_of_a_pair_has_them_too(switch: Bed) -> None:
    far = {"name": NAME, "netns": switch.netns, "master": "br0", "port": {"vlans": ACCESS}}
    pair = {"name": "eth0", "netns": switch.other, "peer": far}
    succeed("veth", pair)
    assert seen(switch) == SEEN["access"]
    assert_unchanged(succeed("veth", pair))


BAD = (
    Bad("id is missing", {"vlans": [{"pvid": True}]}, "id"),
    Bad("id is no number", {"vlans": [{"id": "ten"}]}, "^port.vlans.id: 'ten' is not a number or a range"),
    Bad("id too large", {"vlans": [{"id": 4095}]}, "^port.vlans.id: '4095' is not between 1 and 4094"),
    Bad("range backwards", {"vlans": [{"id": "20-10"}]}, "^port.vlans.id: '20-10' is not between"),
    Bad(
        "id twice", {"vlans": [{"id": 10}, {"id": "9-11"}]}, "^port.vlans.id: '9-11' has VLAN 10, which is in the list"
    ),
    Bad("two pvids", {"vlans": [{"id": 1, "pvid": True}, {"id": 2, "pvid": True}]}, "^port.vlans.pvid: .* given twice"),
    Bad("pvid of a range", {"vlans": [{"id": "1-2", "pvid": True}]}, "^port.vlans.pvid: '1-2' are several"),
    Bad("untagged is no switch", {"vlans": [{"id": 1, "untagged": "perhaps"}]}, "'untagged' is of type str"),
    Bad("no list", {"vlans": 5}, "vlans"),
)


@pytest.mark.parametrize("bad", BAD, ids=str)
def test_a_bad_value_gets_a_clear_sentence_and_changes_nothing(bed: Bed, bad: Bad) -> None:
    bed.ip("link add br0 up type bridge")
    before = bed.seen()
    assert_clear(run_module("veth", {**options(bed, None), "port": bad.options}), bad.sentence)
    assert bed.seen() == before


def test_a_kernel_without_is_told(bed: Bed) -> None:
    if "vlan_filtering" in succeed("capabilities_info", {})["bridge"]:
        pytest.skip("this kernel filters VLANs on bridges")
    bed.ip("link add br0 up type bridge")
    result = run_module("veth", options(bed, ACCESS))
    assert_clear(result, r"port.vlans: this kernel does not filter VLANs on bridges \(CONFIG_BRIDGE_VLAN_FILTERING\)$")
    assert not witness.link(bed.netns, NAME)
