# SPDX-FileCopyrightText: The virtnet.linux authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a machine lacks, in sentences."""

from __future__ import annotations

import typing as t

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.virtnet.linux.plugins.filter.lacking import lacking

MACHINE: dict[str, t.Any] = {
    "kinds": ["veth", "bridge", "macvlan"],
    "missing": {"ipvlan": "this kernel has no 'ipvlan' devices (module ipvlan: not found)"},
    "modes": {"macvlan": ["bridge", "vepa"]},
    "bridge": ["multicast_snooping"],
    "qdiscs": ["tbf"],
    "nat": {"backends": ["nftables"]},
    "programs": {"dnsmasq": "/usr/sbin/dnsmasq", "teamd": None},
}


@pytest.mark.parametrize(
    "needs",
    [
        {},
        {"kinds": ["veth", "macvlan"], "modes": {"macvlan": ["vepa"]}},
        {"nat": True, "programs": ["dnsmasq"], "qdiscs": ["tbf"], "bridge": ["multicast_snooping"]},
        {"nat": ["iptables-nft", "nftables"]},
        {"nat": False},
    ],
)
def test_a_machine_that_has_all_lacks_nothing(needs: dict[str, t.Any]) -> None:
    assert lacking(needs, MACHINE) == []


@pytest.mark.parametrize(
    ("needs", "sentence"),
    [
        ({"kinds": ["ipvlan"]}, "this kernel has no 'ipvlan' devices (module ipvlan: not found)"),
        ({"kinds": ["odd"]}, "this kernel has no 'odd' devices"),
        ({"modes": {"macvlan": ["source"]}}, "'macvlan' devices have no mode 'source' here"),
        ({"modes": {"ipvlan": ["l3"]}}, "'ipvlan' devices have no mode 'l3' here"),
        ({"bridge": ["vlan_filtering"]}, "bridges have no 'vlan_filtering' here"),
        ({"qdiscs": ["netem"]}, "this kernel has no qdisc 'netem'"),
        ({"programs": ["teamd"]}, "there is no program 'teamd'"),
        (
            {"nat": ["iptables-nft"]},
            "nothing here can hold NAT rules (iptables-nft): neither nftables nor iptables works",
        ),
    ],
)
def test_what_is_missing_is_said_in_a_sentence(needs: dict[str, t.Any], sentence: str) -> None:
    assert lacking(needs, MACHINE) == [sentence]


def test_a_need_that_nobody_knows_is_an_error() -> None:
    with pytest.raises(AnsibleFilterError, match="no such need as kind"):
        lacking({"kind": ["veth"]}, MACHINE)
