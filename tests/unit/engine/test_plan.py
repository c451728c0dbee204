# SPDX-FileCopyrightText: The virtnet.linux authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""From what is asked and what there is to operations; on machines that are only imagined."""

from __future__ import annotations

import pytest
from ansible_collections.virtnet.linux.plugins.module_utils._engine.plan import reject_duplicates
from ansible_collections.virtnet.linux.plugins.module_utils._values.errors import VirtnetError
from ansible_collections.virtnet.linux.plugins.module_utils._values.state import IFF_UP, Link, Reference

from tests.unit.engine.imagined import Machine, pair, parsed, plan, typed

BRIDGE = {"name": "br0", "netns": "red"}


def bridge(**data: object) -> Link:
    return Link("br0", "bridge", 2, IFF_UP, {"IFLA_MTU": 1500, "IFLA_ADDRESS": "02:00:00:00:00:01"}, data)


def test_a_missing_bridge_is_made_up_and_with_its_options_in_one_command() -> None:
    assert typed(Machine().space("red"), ("bridge", {**BRIDGE, "stp": True, "forward_delay": 4})) == [
        "ip -n red link add name br0 up type bridge stp_state 1 forward_delay 400"
    ]


def test_what_is_as_asked_needs_nothing() -> None:
    machine = Machine().space("red").link("red", bridge(IFLA_BR_STP_STATE=1))
    assert typed(machine, ("bridge", {**BRIDGE, "stp": True, "mtu": 1500, "mac": "02-00-00-00-00-01"})) == []


def test_only_what_differs_is_changed() -> None:
    machine = Machine().space("red").link("red", bridge(IFLA_BR_STP_STATE=1, IFLA_BR_PRIORITY=32768))
    asked = {**BRIDGE, "stp": True, "priority": 4096, "mtu": 1400}
    assert typed(machine, ("bridge", asked)) == ["ip -n red link set dev br0 mtu 1400 type bridge priority 4096"]


def test_what_is_not_asked_is_not_compared() -> None:
    machine = Machine().space("red").link("red", bridge(IFLA_BR_STP_STATE=1)).address("red", "br0", "10.0.0.9/24")
    assert typed(machine, ("bridge", BRIDGE)) == []


def test_a_timer_that_the_kernel_rounds_by_a_tick_is_as_asked() -> None:
    machine = Machine().space("red").link("red", bridge(IFLA_BR_AGEING_TIME=3000))
    assert typed(machine, ("bridge", {**BRIDGE, "ageing_time": 30.01})) == []
    assert typed(machine, ("bridge", {**BRIDGE, "ageing_time": 30.02})) != []


def test_an_existing_link_is_left_down() -> None:
    machine = Machine().space("red").link("red", Link("br0", "bridge", 2))
    assert typed(machine, ("bridge", BRIDGE)) == []
    assert typed(machine, ("bridge", {**BRIDGE, "enabled": True})) == ["ip -n red link set dev br0 up"]


def test_a_link_of_another_kind_is_refused_unless_it_may_be_made_anew() -> None:
    machine = Machine().space("red").link("red", Link("br0", "ifb", 2))
    with pytest.raises(VirtnetError, match=r"of kind 'ifb', not 'bridge'.*recreate"):
        plan(machine, ("bridge", BRIDGE))
    assert typed(machine, ("bridge", {**BRIDGE, "recreate": True})) == [
        "ip -n red link del dev br0",
        "ip -n red link add name br0 up type bridge",
    ]


def test_exclusive_addresses_leave_the_link_local_one() -> None:
    machine = Machine().space("red").link("red", bridge())
    for cidr in ("10.0.0.1/24", "10.0.0.2/24", "fe80::1/64"):
        machine.address("red", "br0", cidr)
    asked = {**BRIDGE, "addresses": ["10.0.0.1/24"], "exclusive_addresses": True}
    assert typed(machine, ("bridge", asked)) == ["ip -n red address del 10.0.0.2/24 dev br0"]


def test_the_other_end_of_a_pair_is_brought_up_where_it_is() -> None:
    machine = Machine().space("red").space("blue")
    veth = {"name": "v0", "netns": "red", "peer": {"name": "v1", "netns": "blue", "addresses": ["10.0.0.2/24"]}}
    assert typed(machine, ("veth", veth)) == [
        "ip -n red link add name v0 up type veth peer name v1 netns blue",
        "ip -n blue link set dev v1 up",
        "ip -n blue address add 10.0.0.2/24 dev v1",
    ]


def test_a_pair_is_recognised_by_both_ends() -> None:
    machine = pair(Machine().space("red").space("blue"), Reference("red", "v0"), Reference("blue", "v1"))
    assert typed(machine, ("veth", {"name": "v0", "netns": "red", "peer": {"name": "v1", "netns": "blue"}})) == []
    machine.link("blue", Link("v2", "veth", 99))
    with pytest.raises(VirtnetError, match=r"the other end of 'v0'.*is not 'v2'"):
        plan(machine, ("veth", {"name": "v0", "netns": "red", "peer": {"name": "v2", "netns": "blue"}}))


def test_a_list_sees_what_it_plans_itself() -> None:
    commands = typed(
        Machine(),
        ("netns", {"name": "red"}),
        ("bridge", BRIDGE),
        ("veth", {"name": "v0", "netns": "red", "master": "br0", "peer": {"name": "v1"}}),
        ("route", {"netns": "red", "destination": "default", "interface": "v1"}),
    )
    assert commands[0] == "ip netns add red"
    assert commands[-1] == "ip -n red route add default dev v1"


def test_a_namespace_that_lacks_is_an_error_and_in_check_mode_an_empty_one() -> None:
    with pytest.raises(VirtnetError, match=r"resources\[0\].bridge: there is no network namespace 'red'"):
        plan(Machine(), ("bridge", BRIDGE))
    assert len(plan(Machine(), ("bridge", BRIDGE), check=True)) == 1


def test_absent_in_a_namespace_that_lacks_is_met_already() -> None:
    assert plan(Machine(), ("bridge", {**BRIDGE, "state": "absent"})) == []


def test_a_physical_interface_leaves_a_namespace_before_it_goes() -> None:
    machine = Machine().space("red").link("red", Link("eth1", "", 3))
    assert typed(machine, ("netns", {"name": "red", "state": "absent"})) == [
        "ip -n red link set dev eth1 netns $$",
        "ip netns del red",
    ]


def test_parents_elsewhere_bear_their_children_there() -> None:
    machine = Machine().space("red").link(None, Link("eth0", "", 2, IFF_UP))
    asked = {"name": "mv0", "netns": "red", "parent": "eth0", "parent_netns": "/proc/1/ns/net", "mode": "bridge"}
    machine.spaces["/proc/1/ns/net"] = machine.spaces[None]
    assert typed(machine, ("macvlan", asked)) == [
        "nsenter --net=/proc/1/ns/net ip link add link eth0 name mv0 up netns red type macvlan mode bridge"
    ]


def test_the_same_thing_twice_is_refused() -> None:
    entries = [
        parsed(("netns", {"name": "red"}), "resources[0].netns"),
        parsed(("netns", {"name": "red"}), "resources[1].netns"),
    ]
    with pytest.raises(VirtnetError, match=r"resources\[1\].netns: is the same thing as resources\[0\].netns"):
        reject_duplicates(entries)


@pytest.mark.parametrize(
    ("name", "options", "sentence"),
    [
        ("bridge", {"name": "a-name-of-16-byte"}, "name: .* is not an interface name: 1 to 15 bytes"),
        ("bridge", {"name": "a/b"}, "name: 'a/b' is not an interface name"),
        ("bridge", {"name": "br0", "netns": "../x"}, "netns: '../x' is not a namespace name"),
        ("bridge", {"name": "br0", "addresses": ["10.0.0.1"]}, "addresses: '10.0.0.1' has no prefix length"),
        ("bridge", {"name": "br0", "mac": "01:00:00:00:00:01"}, "mac: .* is a multicast MAC address"),
        ("bridge", {"name": "br0", "forward_delay": 31}, "forward_delay: 31.0 is not between 0 and 30"),
        ("bridge", {"name": "br0", "stp": True, "forward_delay": 1}, "forward_delay: 1.0 is too short"),
        ("bridge", {"name": "br0", "exclusive_addresses": True}, "exclusive_addresses: True needs a list"),
        ("veth", {"name": "v0"}, "peer: veth 'v0' needs a peer"),
        ("macvlan", {"name": "m0"}, "parent: macvlan 'm0' needs a parent"),
        ("macvlan", {"name": "m0", "parent": "e", "source_macs": []}, "source_macs: only mode source"),
        ("vxlan", {"name": "x0"}, "id: a vxlan needs"),
        ("vxlan", {"name": "x0", "id": 1, "remote": "239.1.1.1"}, "remote: '239.1.1.1' is a multicast address"),
        ("route", {"destination": "10.22.0.1/24", "interface": "e"}, "has host bits set; the network is 10.22.0.0/24"),
        ("route", {"destination": "10.0.0.0/8"}, "gateway, interface or nexthops: a route needs one"),
        ("route", {"destination": "10.0.0.0/8", "gateway": "fd00::1"}, "gateway: .* of another family"),
        ("route", {"destination": "10.0.0.0/8", "type": "blackhole", "interface": "e"}, "leads nowhere"),
        ("rule", {"source": "10.0.0.0/8"}, "table: a rule that looks up needs a table"),
        ("rule", {"source": "10.0.0.0/8", "destination": "fd00::/8", "table": "9"}, "of another family"),
        ("neighbor", {"interface": "e", "address": "10.0.0.1"}, "mac: an entry needs a MAC address"),
        ("sysctl", {"values": {"ip_forward": 1}}, "is not a kernel parameter"),
        ("sysctl", {"values": {"net/../../etc/passwd": 1}}, "is not a kernel parameter"),
    ],
)  # fmt: skip
def test_a_bad_value_is_told_in_a_sentence_that_names_the_option(
    name: str, options: dict[str, object], sentence: str
) -> None:
    with pytest.raises(VirtnetError, match=sentence):
        parsed((name, options))
