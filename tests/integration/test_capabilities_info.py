# SPDX-FileCopyrightText: The virtnet.linux authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a machine can do, witnessed by iproute2, nft and iptables in a scratch namespace."""

from __future__ import annotations

import os
import shutil

import pytest

from tests.integration import witness
from tests.integration.running import Result, run_module, run_program, succeed

# What ip-link(8) must be told to make one.
WORDS: dict[str, tuple[str, ...]] = {
    "macvlan": ("link", "lower0"),
    "macvtap": ("link", "lower0"),
    "ipvlan": ("link", "lower0"),
    "ipvtap": ("link", "lower0"),
    "vlan": ("link", "lower0"),
    "macsec": ("link", "lower0"),
}
DETAILS: dict[str, tuple[str, ...]] = {
    "vlan": ("id", "7"),
    "vxlan": ("id", "7", "dstport", "4789"),
    "geneve": ("id", "7", "remote", "192.0.2.1"),
    "vrf": ("table", "7"),
    "gre": ("remote", "192.0.2.1"),
    "gretap": ("remote", "192.0.2.1"),
    "ipip": ("remote", "192.0.2.1"),
    "sit": ("remote", "192.0.2.1"),
    "ip6gre": ("remote", "2001:db8::1", "local", "2001:db8::2"),
    "ip6gretap": ("remote", "2001:db8::1", "local", "2001:db8::2"),
    "ip6tnl": ("remote", "2001:db8::1", "local", "2001:db8::2"),
}
KINDS = (
    "veth", "bridge", "dummy", "ifb", "nlmon", "vcan", "vxcan", "macvlan", "macvtap", "ipvlan", "ipvtap", "vlan",
    "vxlan", "geneve", "bond", "team", "vrf", "macsec", "wireguard", "gre", "gretap", "ip6gre", "ip6gretap", "ipip",
    "sit", "ip6tnl",
)  # fmt: skip


@pytest.fixture(scope="module")
def found() -> Result:
    return succeed("capabilities_info", {})


@pytest.fixture
def lower(netns: str) -> str:
    """A namespace with a device to stand on."""
    witness.shell("ip", "-n", netns, "link", "add", "lower0", "type", "veth", "peer", "name", "lower1")
    return netns


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_is_found_exactly_when_ip_can_make_one(lower: str, found: Result, kind: str) -> None:
    words = ("ip", "-n", lower, "link", "add", "x0", *WORDS.get(kind, ()), "type", kind, *DETAILS.get(kind, ()))
    assert witness.succeeds(*words) == (kind in found["kinds"])
    assert (kind in found["missing"]) != (kind in found["kinds"])


@pytest.mark.parametrize("mode", ["tun", "tap"])
def test_tun_and_tap_are_found_exactly_when_ip_can_make_one(netns: str, found: Result, mode: str) -> None:
    made = witness.succeeds("ip", "-n", netns, "tuntap", "add", "x0", "mode", mode)
    assert made == (mode in found["kinds"])


def test_a_missing_kind_comes_with_its_reason(found: Result) -> None:
    for kind, reason in found["missing"].items():
        assert reason.startswith(f"this kernel has no {kind!r} devices (")


@pytest.mark.parametrize("mode", ["private", "vepa", "bridge", "passthru", "source"])
def test_a_mode_of_macvlan_is_found_exactly_when_ip_can_make_one(lower: str, found: Result, mode: str) -> None:
    made = witness.succeeds("ip", "-n", lower, "link", "add", "x0", "link", "lower0", "type", "macvlan", "mode", mode)
    assert made == (mode in found["modes"].get("macvlan", ()))


@pytest.mark.parametrize("mode", ["l2", "l3", "l3s"])
def test_a_mode_of_ipvlan_is_found_exactly_when_ip_can_make_one(lower: str, found: Result, mode: str) -> None:
    made = witness.succeeds("ip", "-n", lower, "link", "add", "x0", "link", "lower0", "type", "ipvlan", "mode", mode)
    assert made == (mode in found["modes"].get("ipvlan", ()))


@pytest.mark.parametrize(
    "mode", ["balance-rr", "active-backup", "balance-xor", "broadcast", "802.3ad", "balance-tlb", "balance-alb"]
)
def test_a_mode_of_bond_is_found_exactly_when_ip_can_make_one(netns: str, found: Result, mode: str) -> None:
    made = witness.succeeds("ip", "-n", netns, "link", "add", "x0", "type", "bond", "mode", mode)
    assert made == (mode in found["modes"].get("bond", ()))


def test_vlan_filtering_is_found_exactly_when_a_bridge_has_vlans(netns: str, found: Result) -> None:
    witness.shell("ip", "-n", netns, "link", "add", "x0", "type", "bridge")
    has = witness.succeeds("bridge", "-n", netns, "vlan", "add", "vid", "7", "dev", "x0", "self")
    assert has == ("vlan_filtering" in found["bridge"])


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("netem", ("root", "netem", "delay", "1ms")),
        ("tbf", ("root", "tbf", "rate", "1mbit", "burst", "32kbit", "latency", "400ms")),
        ("htb", ("root", "htb")),
        ("fq_codel", ("root", "fq_codel")),
        ("prio", ("root", "prio")),
        ("sfq", ("root", "sfq")),
        ("fq", ("root", "fq")),
        ("pfifo", ("root", "pfifo")),
        ("ingress", ("ingress",)),
        ("clsact", ("clsact",)),
    ],
)
def test_a_qdisc_is_found_exactly_when_tc_can_add_it(
    lower: str, found: Result, kind: str, words: tuple[str, ...]
) -> None:
    added = witness.succeeds("tc", "-n", lower, "qdisc", "add", "dev", "lower0", *words)
    assert added == (kind in found["qdiscs"])


@pytest.mark.parametrize("family", ["ip", "ip6", "inet", "bridge"])
def test_a_family_of_nftables_is_found_exactly_when_nft_can_make_a_chain(
    netns: str, found: Result, family: str
) -> None:
    hook = "{ type filter hook forward priority 0 ; }"
    made = witness.succeeds("nft", f"add table {family} x; add chain {family} x y {hook}", netns=netns)
    assert made == (family in found["nat"]["families"])


@pytest.mark.parametrize("program", ["iptables-nft", "iptables-legacy"])
def test_a_flavour_of_iptables_is_found_exactly_when_it_can_masquerade(netns: str, found: Result, program: str) -> None:
    rule = ("-t", "nat", "-A", "POSTROUTING", "-j", "MASQUERADE")
    works = bool(shutil.which(program)) and witness.succeeds(program, *rule, netns=netns)
    assert works == (program in found["nat"]["backends"])


def test_programs_are_found_where_they_are(found: Result) -> None:
    for name, path in found["programs"].items():
        assert (path is None) == (shutil.which(name) is None)
        assert path is None or os.access(path, os.X_OK)
    assert found["programs"]["ip"]


def test_nothing_is_left_behind() -> None:
    before = witness.everything(None)
    result = succeed("capabilities_info", {})
    assert not result.changed
    assert witness.everything(None) == before


def test_check_mode_says_the_same(found: Result) -> None:
    check = succeed("capabilities_info", {}, check=True)
    assert {**check.values, "invocation": None} == {**found.values, "invocation": None}


def test_an_option_is_refused() -> None:
    assert run_module("capabilities_info", {"netns": "x"}).failed


def test_without_root_it_says_so() -> None:
    unprivileged = ("setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", "--bounding-set", "-all")
    result = run_program("capabilities_info", {}, before=unprivileged)
    assert result.failed
    assert "it needs root (become: true)" in result.msg
