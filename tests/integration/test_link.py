# SPDX-FileCopyrightText: The virtnet.linux authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module link, witnessed by `ip link` and `ip address`."""

from __future__ import annotations

import pytest

from tests.integration import links, witness
from tests.integration.lifecycle import Bad, Bed, Lifecycle, Options, assert_clear, assert_unchanged
from tests.integration.links import NAME, LinkLifecycle
from tests.integration.running import run_module, run_program, succeed


def lacks(kind: str) -> bool:
    return not witness.succeeds("unshare", "-n", "ip", "link", "add", "probe", "type", kind)


class TestLink(LinkLifecycle):
    module = "link"
    SETTINGS = (*(setting for setting in links.GENERAL if setting.option != "mac"), *links.PORT)  # an ifb keeps its MAC
    BAD = (
        *links.BAD,
        Bad("kind is unknown", {"kind": "warp"}, "kind must be one of: dummy"),
        Bad(
            "kind of what there is differs", {"name": "br8"}, "^'br8' .* is of kind 'bridge', not 'ifb'.*recreate: true"
        ),
        Bad("from_netns beside a kind", {"from_netns": "red"}, "^from_netns: only an interface that exists already"),
        Bad("from_netns is no name", {"kind": None, "from_netns": "a b"}, "^from_netns: 'a b' is not a namespace name"),
        Bad("nothing to set up", {"kind": None}, "^there is no interface 't0' in namespace .* give its kind"),
        Bad(
            "absent without a kind", {"kind": None, "state": "absent"}, "^state: an interface without a kind is not rem"
        ),
        Bad("absent with another kind", {"name": "br8", "state": "absent"}, "'br8' .* is a bridge device: it is not"),
    )

    def options(self, bed: Bed) -> Options:
        return {"netns": bed.netns, "name": NAME, "kind": "ifb"}

    def identity(self, bed: Bed) -> Options:
        return self.options(bed)


class TestNIC(Lifecycle):
    """An interface that exists; where the kernel has no other, lo and veth stand for a NIC."""

    module = "link"
    SETTINGS = (*links.GENERAL, *links.PORT)
    BAD = (Bad("absent", {"state": "absent"}, "^state: an interface without a kind is not removed"),)

    def prepare(self, bed: Bed) -> None:
        LinkLifecycle().prepare(bed)
        bed.ip(f"link add {NAME} type veth peer far netns {bed.other}")

    def options(self, bed: Bed) -> Options:
        return {"netns": bed.netns, "name": NAME, "enabled": True, "addresses": ["192.0.2.1/24"]}

    def identity(self, bed: Bed) -> Options:
        return {**self.options(bed), "kind": "ifb"}

    def exists(self, bed: Bed) -> bool:
        return witness.addresses(bed.netns, NAME) == ["192.0.2.1/24"]

    # It neither comes nor goes.
    test_the_diff_shows_that_it_was_not_there = None
    test_absent_removes_it = None
    test_absent_is_only_predicted_in_check_mode = None
    test_absent_again_changes_nothing = None


@pytest.mark.parametrize("kind", [kind for kind in ("dummy", "nlmon", "vcan", "ifb") if lacks(kind)])
def test_a_kind_that_the_kernel_lacks_is_named(netns: str, kind: str) -> None:
    result = run_module("link", {"netns": netns, "name": NAME, "kind": kind})
    assert_clear(result, f"this kernel has no '{kind}' devices")
    assert not witness.link(netns, NAME)


def test_without_root_it_says_so(netns: str) -> None:
    options = {"netns": netns, "name": NAME, "kind": "ifb"}
    result = run_program("link", options, before=("setpriv", "--bounding-set=-net_admin,-sys_admin"))
    assert_clear(result, "root")
    assert not witness.link(netns, NAME)


def test_lo_is_set_up_in_place(netns: str) -> None:
    options = {"netns": netns, "name": "lo", "enabled": True, "addresses": ["192.0.2.80/32"]}
    succeed("link", options)
    assert witness.succeeds("ping", "-c", "1", "192.0.2.80", netns=netns)
    assert_unchanged(succeed("link", options))


def moved(bed: Bed) -> Options:
    """An interface with an address and a route is to be taken from one namespace into the other."""
    bed.ip(f"link add {NAME} type veth peer far")
    bed.ip(f"link set {NAME} up")
    bed.ip("link set far up")
    bed.ip(f"address add 192.0.2.1/24 dev {NAME}")
    bed.ip(f"address add 2001:db8::1/64 dev {NAME} nodad")
    bed.ip("route add 198.51.100.0/24 via 192.0.2.2")
    return {"netns": bed.other, "from_netns": bed.netns, "name": NAME}


def test_an_interface_is_taken_out_of_another_namespace(bed: Bed) -> None:
    options = moved(bed)
    assert succeed("link", options).changed
    assert (witness.link(bed.netns, NAME), witness.link(bed.other, NAME)["ifname"]) == ({}, NAME)


def test_check_mode_leaves_an_interface_where_it_is(bed: Bed) -> None:
    options = moved(bed)
    before = bed.seen()
    predicted = succeed("link", options, check=True)
    assert bed.seen() == before
    assert predicted.commands == succeed("link", options).commands


def test_a_second_run_finds_the_interface_where_it_went(bed: Bed) -> None:
    options = moved(bed)
    succeed("link", options)
    assert_unchanged(succeed("link", options))


def test_an_interface_that_moves_keeps_its_addresses_and_routes(bed: Bed) -> None:
    succeed("link", moved(bed))
    assert witness.addresses(bed.other, NAME) == ["192.0.2.1/24", "2001:db8::1/64"]
    assert witness.ip(bed.other, "route", "show", "198.51.100.0/24")[0]["gateway"] == "192.0.2.2"


def test_an_interface_that_moves_loses_addresses_that_are_not_wanted(bed: Bed) -> None:
    succeed("link", {**moved(bed), "addresses": ["203.0.113.1/24"], "exclusive_addresses": True})
    assert witness.addresses(bed.other, NAME) == ["203.0.113.1/24"]


def test_an_interface_of_the_modules_own_namespace_is_named_by_path(bed: Bed) -> None:
    options = {**moved(bed), "from_netns": "/proc/self/ns/net"}
    result = run_program("link", options, before=("ip", "netns", "exec", bed.netns))
    assert result.changed, result
    assert witness.addresses(bed.other, NAME) == ["192.0.2.1/24", "2001:db8::1/64"]


def test_an_interface_that_is_in_neither_namespace_is_an_error(bed: Bed) -> None:
    result = run_module("link", {"netns": bed.other, "from_netns": bed.netns, "name": NAME})
    assert_clear(result, f"^there is no interface 't0' in namespace '{bed.other}' nor in namespace '{bed.netns}'")


def test_another_kind_is_made_anew_when_that_is_allowed(netns: str) -> None:
    witness.shell("ip", "-n", netns, "link", "add", NAME, "type", "veth", "peer", "far")
    result = succeed("link", {"netns": netns, "name": NAME, "kind": "ifb", "recreate": True})
    assert witness.link(netns, NAME)["linkinfo"]["info_kind"] == "ifb"
    assert (result.diff["before"]["kind"], result.diff["after"]["kind"]) == ("veth", "ifb")


def test_a_removed_alias_is_gone(netns: str) -> None:
    options = {"netns": netns, "name": NAME, "kind": "ifb", "alias": "for now"}
    succeed("link", options)
    succeed("link", {**options, "alias": ""})
    assert "ifalias" not in witness.link(netns, NAME)
    assert_unchanged(succeed("link", {**options, "alias": ""}))


def test_addresses_that_are_not_listed_stay(netns: str) -> None:
    options = {"netns": netns, "name": NAME, "kind": "ifb", "addresses": ["192.0.2.1/24"]}
    succeed("link", options)
    witness.shell("ip", "-n", netns, "address", "add", "192.0.2.9/24", "dev", NAME)
    assert_unchanged(succeed("link", options))
    assert witness.addresses(netns, NAME) == ["192.0.2.1/24", "192.0.2.9/24"]


def test_a_second_address_outlives_the_first_of_its_subnet(netns: str) -> None:
    options = {"netns": netns, "name": NAME, "kind": "ifb"}
    succeed("link", {**options, "addresses": ["192.0.2.1/24", "192.0.2.2/24", "192.0.2.3/24"]})
    succeed("link", {**options, "addresses": ["192.0.2.2/24", "192.0.2.3/24"], "exclusive_addresses": True})
    assert witness.addresses(netns, NAME) == ["192.0.2.2/24", "192.0.2.3/24"]


def test_addresses_without_duplicate_detection_can_be_used_at_once(netns: str) -> None:
    options = {"netns": netns, "name": NAME, "kind": "ifb", "addresses": ["2001:db8::1/64"], "dad": False}
    succeed("link", options)
    found = [one for one in witness.link(netns, NAME)["addr_info"] if one["local"] == "2001:db8::1"]
    assert found[0].get("nodad") and not found[0].get("tentative")


def test_an_interface_that_goes_down_keeps_the_addresses_that_it_is_given(netns: str) -> None:
    options = {"netns": netns, "name": NAME, "kind": "ifb", "addresses": ["2001:db8::1/64"], "dad": False}
    succeed("link", options)
    succeed("link", {**options, "enabled": False})
    assert witness.addresses(netns, NAME) == ["2001:db8::1/64"]
    assert_unchanged(succeed("link", {**options, "enabled": False}))


def test_an_existing_interface_that_is_down_stays_down(netns: str) -> None:
    witness.shell("ip", "-n", netns, "link", "add", NAME, "type", "ifb")
    assert_unchanged(succeed("link", {"netns": netns, "name": NAME, "kind": "ifb"}))
    assert "UP" not in witness.link(netns, NAME)["flags"]


@pytest.mark.parametrize("kind", ["tun", "tap"])
def test_a_device_for_a_program_is_made_and_removed(netns: str, kind: str) -> None:
    options = {"netns": netns, "name": NAME, "kind": kind, "mtu": 1400, "addresses": ["192.0.2.1/24"]}
    predicted = succeed("link", options, check=True)
    assert predicted.changed and not witness.link(netns, NAME)
    assert succeed("link", options).commands == predicted.commands
    made = witness.link(netns, NAME)
    assert made["linkinfo"]["info_data"]["type"] == kind and made["linkinfo"]["info_data"]["persist"]
    assert made["mtu"] == 1400
    assert not succeed("link", options).changed
    succeed("link", {"netns": netns, "name": NAME, "kind": kind, "state": "absent"})
    assert not witness.link(netns, NAME)
