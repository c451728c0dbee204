# SPDX-FileCopyrightText: The virtnet.linux authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module sysctl, witnessed by /proc/sys."""

from __future__ import annotations

import pytest

from tests.integration import witness
from tests.integration.lifecycle import Bad, Bed, NamespacedLifecycle, Options, Setting, assert_clear, assert_unchanged
from tests.integration.running import run_module, run_program, succeed

FORWARD = "net/ipv4/ip_forward"


class TestSysctl(NamespacedLifecycle):
    module = "sysctl"
    SETTINGS = (
        Setting(
            "values",
            ({"net.ipv4.ip_forward": 1}, {"net.ipv4.ip_forward": 0}),
            lambda bed: witness.sysctl(bed.netns, FORWARD),
            ("1", "0"),
        ),
        Setting(
            "values",
            ({"net/ipv4/ip_forward": True}, {"net/ipv4/ip_forward": False}),
            lambda bed: witness.sysctl(bed.netns, FORWARD),
            ("1", "0"),
        ),
        Setting(
            "values",
            ({"net.ipv4.ip_local_port_range": [2000, 3000]}, {"net.ipv4.ip_local_port_range": "4000  5000"}),
            lambda bed: witness.sysctl(bed.netns, "net/ipv4/ip_local_port_range").split(),
            (["2000", "3000"], ["4000", "5000"]),
        ),
        Setting(
            "values",
            ({"net.ipv4.conf.eth0.rp_filter": 2}, {"net.ipv4.conf.eth0.rp_filter": 0}),
            lambda bed: witness.sysctl(bed.netns, "net/ipv4/conf/eth0/rp_filter"),
            ("2", "0"),
        ),
        Setting(
            "values",
            ({"net/ipv4/conf/eth0.5/proxy_arp": 1}, {"net/ipv4/conf/eth0.5/proxy_arp": 0}),
            lambda bed: witness.sysctl(bed.netns, "net/ipv4/conf/eth0.5/proxy_arp"),
            ("1", "0"),
        ),
        Setting(
            "values",
            ({"net.ipv6.conf.all.forwarding": 1}, {"net.ipv6.conf.all.forwarding": 0}),
            lambda bed: witness.sysctl(bed.netns, "net/ipv6/conf/all/forwarding"),
            ("1", "0"),
        ),
    )
    BAD = (
        Bad("values are missing", {"values": None}, "missing required arguments: values"),
        Bad("values are no dictionary", {"values": ["net.ipv4.ip_forward"]}, "'values' is of type list .*dict"),
        Bad("values name nothing", {"values": {}}, "^values: .* names no parameter"),
        Bad("unknown", {"values": {"net.ipv4.warp": 1}}, "^values: this kernel has no parameter 'net.ipv4.warp'"),
        Bad("removed", {"values": {"net.ipv4.tcp_tw_recycle": 1}}, "^values: .*tcp_tw_recycle.*removed in Linux 4.12"),
        Bad(
            "of no interface",
            {"values": {"net.ipv4.conf.eth9.rp_filter": 1}},
            "^values: .*eth9.* is there an interface 'eth9'",
        ),
        Bad("outside", {"values": {"../../etc/passwd": 1}}, "^values: '../../etc/passwd' is not a kernel parameter"),
        Bad("no key", {"values": {"forward": 1}}, "^values: 'forward' is not a kernel parameter"),
        Bad("a directory", {"values": {"net.ipv4": 1}}, "^values: this kernel has no parameter 'net.ipv4'"),
        Bad(
            "a value that is none",
            {"values": {"net.ipv4.ip_forward": None}},
            "^values.net.ipv4.ip_forward: None is not",
        ),
        Bad(
            "a value that is a dictionary",
            {"values": {"net.ipv4.ip_forward": {"a": 1}}},
            "^values.net.ipv4.ip_forward: ",
        ),
        Bad(
            "a value that the kernel refuses",
            {"values": {"net.ipv4.ip_forward": "on"}},
            "ip_forward.*: Invalid argument",
        ),
        Bad(
            "twice",
            {"values": {"net.ipv4.ip_forward": 1, "net/ipv4/ip_forward": 0}},
            "^values: 'net/ipv4/ip_forward' is given twice",
        ),
        Bad(
            "one of two",
            {"values": {"net.ipv4.ip_forward": 1, "net.ipv4.conf.all.rp_filter": "x"}},
            "rp_filter.*: Invalid argument",
        ),
        Bad("netns is no name", {"netns": "a b"}, "^netns: 'a b' is not a namespace name"),
    )

    def prepare(self, bed: Bed) -> None:
        for name in ("eth0", "eth0.5"):
            bed.ip(f"link add {name} type veth peer {name} netns {bed.other}")
        for key in (FORWARD, "net/ipv6/conf/all/forwarding"):
            witness.shell("sh", "-c", f"echo 0 > /proc/sys/{key}", netns=bed.netns)

    def options(self, bed: Bed) -> Options:
        return {"netns": bed.netns, "values": {"net.ipv4.ip_forward": 1}}

    def exists(self, bed: Bed) -> bool:
        return witness.sysctl(bed.netns, FORWARD) == "1"

    # A parameter is always there.
    test_the_diff_shows_that_it_was_not_there = None
    test_absent_removes_it = None
    test_absent_is_only_predicted_in_check_mode = None
    test_absent_again_changes_nothing = None
    test_absent_is_met_in_a_namespace_that_is_not_there = None


@pytest.fixture
def router(bed: Bed) -> Bed:
    TestSysctl().prepare(bed)
    return bed


def test_a_failure_puts_back_what_was_set_before(router: Bed) -> None:
    values = {"net.ipv4.ip_forward": 1, "net.ipv4.conf.eth0.rp_filter": "x"}
    assert_clear(run_module("sysctl", {"netns": router.netns, "values": values}), "rp_filter")
    assert witness.sysctl(router.netns, FORWARD) == "0"
    assert witness.sysctl(router.netns, "net/ipv4/conf/eth0/forwarding") == "0"


def test_what_is_set_for_one_interface_holds_though_forwarding_is_set_for_all(router: Bed) -> None:
    options = {"netns": router.netns, "values": {"net.ipv4.conf.eth0.forwarding": 0, "net.ipv4.ip_forward": 1}}
    succeed("sysctl", options)
    assert witness.sysctl(router.netns, "net/ipv4/conf/eth0/forwarding") == "0"
    assert_unchanged(succeed("sysctl", options))


def test_the_namespace_beside_is_left_alone(router: Bed) -> None:
    before = witness.sysctl(router.other, FORWARD)
    succeed("sysctl", {"netns": router.netns, "values": {"net.ipv4.ip_forward": not int(before)}})
    assert witness.sysctl(router.other, FORWARD) == before


def test_values_are_returned_under_the_names_that_were_given(router: Bed) -> None:
    values = {"net.ipv4.ip_forward": True, "net/ipv4/conf/eth0/proxy_arp": 1}
    found = succeed("sysctl", {"netns": router.netns, "values": values})["sysctl"]
    assert found == {"net.ipv4.ip_forward": "1", "net/ipv4/conf/eth0/proxy_arp": "1"}


def test_without_root_it_says_so(router: Bed) -> None:
    options = {"netns": router.netns, "values": {"net.ipv4.ip_forward": 1}}
    result = run_program("sysctl", options, before=("setpriv", "--bounding-set=-net_admin,-sys_admin"))
    assert_clear(result, "root")
    assert witness.sysctl(router.netns, FORWARD) == "0"
