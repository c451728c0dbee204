# SPDX-FileCopyrightText: The virtnet.linux authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module bridge, witnessed by `ip -d link` and `bridge`."""

from __future__ import annotations

import pytest

from tests.integration import links, witness
from tests.integration.lifecycle import Bad, Bed, Options, Setting, assert_clear, assert_unchanged
from tests.integration.links import NAME, LinkLifecycle, kind_field
from tests.integration.running import run_module, succeed


def ports(bed: Bed) -> list[str]:
    return sorted(entry["ifname"] for entry in witness.ip(bed.netns, "link", "show", "master", NAME))


def filters_vlans() -> bool:
    return witness.succeeds("unshare", "-n", "ip", "link", "add", "probe", "type", "bridge", "vlan_filtering", "1")


# iproute2 shows times in hundredths of a second.
TIMES = (
    Setting("forward_delay", (4, 20.5), kind_field("forward_delay"), (400, 2050)),
    Setting("forward_delay", (0, 30), kind_field("forward_delay"), (0, 3000)),
    Setting("hello_time", (1, 5.5), kind_field("hello_time"), (100, 550)),
    Setting("max_age", (6, 40), kind_field("max_age"), (600, 4000)),
    Setting("ageing_time", (0, 1000000), kind_field("ageing_time"), (0, 100000000)),
)

VLANS = (
    Setting("vlan_filtering", (True, False), kind_field("vlan_filtering"), (1, 0)),
    Setting("default_pvid", (0, 4094), kind_field("vlan_default_pvid")),
)


class TestBridge(LinkLifecycle):
    module = "bridge"
    SETTINGS = (
        *links.GENERAL,
        *TIMES,
        *(VLANS if filters_vlans() else ()),
        Setting("stp", (True, False), kind_field("stp_state"), (1, 0)),
        Setting("priority", (0, 65535), kind_field("priority")),
        Setting("multicast_snooping", (False, True), kind_field("mcast_snooping"), (0, 1)),
        Setting("group_forward_mask", (8, 65528), kind_field("group_fwd_mask"), ("0x8", "0xfff8")),
        Setting("nf_call_iptables", (True, False), kind_field("nf_call_iptables"), (1, 0)),
        Setting("ports", (["p1", "p2"], ["p2"]), ports, beside={"exclusive_ports": True}),
        Setting("ports", ([], ["p1"]), ports, beside={"exclusive_ports": True}),
    )
    BAD = (
        *(bad for bad in links.BAD if "port " not in bad.label),
        Bad("stp is no switch", {"stp": "perhaps"}, "'stp' is of type str .*bool"),
        Bad("forward_delay is no number", {"forward_delay": "soon"}, "'forward_delay' is of type str .*float"),
        Bad("forward_delay too long", {"forward_delay": 30.1}, "^forward_delay: 30.1 is not between 0 and 30"),
        Bad("forward_delay too short for STP", {"stp": True, "forward_delay": 1.5}, "^forward_delay: 1.5 is too short"),
        Bad("hello_time too short", {"hello_time": 0.5}, "^hello_time: 0.5 is not between 1 and 10"),
        Bad("max_age too short", {"max_age": 5}, "^max_age: 5.0 is not between 6 and 40"),
        Bad("ageing_time below zero", {"ageing_time": -1}, "^ageing_time: -1.0 is not between 0"),
        Bad("priority too great", {"priority": 65536}, "^priority: 65536 is not between 0 and 65535"),
        Bad("vlan_filtering is no switch", {"vlan_filtering": "perhaps"}, "'vlan_filtering' is of type str .*bool"),
        Bad("default_pvid too great", {"default_pvid": 4095}, "^default_pvid: 4095 is not between 0 and 4094"),
        Bad(
            "multicast_snooping is no switch", {"multicast_snooping": "x"}, "'multicast_snooping' is of type str .*bool"
        ),
        Bad("group_forward_mask too great", {"group_forward_mask": 65536}, "^group_forward_mask: 65536 is not between"),
        Bad("group_forward_mask of STP", {"group_forward_mask": 1}, "^group_forward_mask: 1 .*bits 0 to 2"),
        Bad("nf_call_iptables is no switch", {"nf_call_iptables": "x"}, "'nf_call_iptables' is of type str .*bool"),
        Bad("a port that is not there", {"ports": ["p9"]}, "^ports: there is no interface 'p9' in namespace"),
        Bad("a port twice", {"ports": ["p1", "p1"]}, "^ports: .* has a port twice"),
        Bad("a port that is itself", {"ports": [NAME]}, "^ports: 't0' is the bridge itself"),
        Bad("a port whose name is too long", {"ports": ["x" * 16]}, "^ports: .*1 to 15 bytes"),
        Bad("a port that is a bridge", {"ports": ["br8"]}, "cannot set master of 'br8' .*: .*bridge"),
        Bad("exclusive_ports alone", {"exclusive_ports": True}, "^exclusive_ports: True needs a list of ports"),
        Bad(
            "kind of what there is differs", {"name": "p1"}, "^'p1' .* is of kind 'veth', not 'bridge'.*recreate: true"
        ),
        Bad(
            "absent with another kind", {"name": "p1", "state": "absent"}, "'p1' .* is a veth device: it is not removed"
        ),
    )

    def prepare(self, bed: Bed) -> None:
        super().prepare(bed)
        for name in ("p1", "p2"):
            bed.ip(f"link add {name} type veth peer {name} netns {bed.other}")
            bed.ip(f"link set {name} up")
            bed.ip(f"link set {name} up", bed.other)

    def options(self, bed: Bed) -> Options:
        return {"netns": bed.netns, "name": NAME}


@pytest.fixture
def hosts(bed: Bed) -> Bed:
    """Two hosts, by ports that are there and belong to no bridge."""
    for name, address in (("p1", "192.0.2.1"), ("p2", "192.0.2.2")):
        host = bed.names.made()
        bed.ip(f"link add {name} type veth peer eth0 netns {host}")
        bed.ip(f"link set {name} up")
        bed.ip("link set eth0 up", host)
        bed.ip(f"address add {address}/24 dev eth0", host)
        setattr(bed, name, host)
    return bed


def test_hosts_on_a_bridge_reach_each_other(hosts: Bed) -> None:
    succeed("bridge", {"netns": hosts.netns, "name": NAME, "ports": ["p1", "p2"]})
    witness.shell("sh", "-c", "echo 0 > /proc/sys/net/bridge/bridge-nf-call-iptables || true", netns=hosts.netns)
    assert witness.succeeds("ping", "-c", "1", "-W", "2", "192.0.2.2", netns=hosts.p1)  # type: ignore[attr-defined]


def test_ports_are_added_to_those_there(hosts: Bed) -> None:
    succeed("bridge", {"netns": hosts.netns, "name": NAME, "ports": ["p1"]})
    succeed("bridge", {"netns": hosts.netns, "name": NAME, "ports": ["p2"]})
    assert ports(hosts) == ["p1", "p2"]


def test_a_port_moves_from_one_bridge_to_another(hosts: Bed) -> None:
    succeed("bridge", {"netns": hosts.netns, "name": "br8", "ports": ["p1"]})
    succeed("bridge", {"netns": hosts.netns, "name": NAME, "ports": ["p1"]})
    assert ports(hosts) == ["p1"]


def test_removing_a_bridge_leaves_its_ports(hosts: Bed) -> None:
    succeed("bridge", {"netns": hosts.netns, "name": NAME, "ports": ["p1"]})
    succeed("bridge", {"netns": hosts.netns, "name": NAME, "state": "absent"})
    assert "master" not in witness.link(hosts.netns, "p1")


def test_the_kernels_rounding_is_no_difference(netns: str) -> None:
    options = {"netns": netns, "name": NAME, "forward_delay": 29.99, "ageing_time": 0.01, "max_age": 6.01}
    succeed("bridge", options)
    assert_unchanged(succeed("bridge", options))


def test_a_delay_that_stp_lengthens_is_an_error_also_when_stp_is_on_already(netns: str) -> None:
    succeed("bridge", {"netns": netns, "name": NAME, "stp": True})
    assert_clear(run_module("bridge", {"netns": netns, "name": NAME, "forward_delay": 1}), "forward_delay")
    assert witness.info(netns, NAME)["forward_delay"] == 1500


@pytest.mark.skipif(filters_vlans(), reason="this kernel filters VLANs on bridges")
@pytest.mark.parametrize("options", [{"vlan_filtering": True}, {"default_pvid": 5}], ids=str)
def test_a_kernel_that_can_not_filter_vlans_is_told_in_words(netns: str, options: Options) -> None:
    (option,) = options
    result = run_module("bridge", {"netns": netns, "name": NAME, **options})
    assert_clear(result, f"{option}.*this kernel")
    assert not witness.link(netns, NAME)


def test_a_mac_that_was_given_stays_when_ports_come(hosts: Bed) -> None:
    options = {"netns": hosts.netns, "name": NAME, "mac": "fe:00:00:00:00:01", "ports": ["p1"]}
    succeed("bridge", options)
    assert witness.link(hosts.netns, NAME)["address"] == "fe:00:00:00:00:01"
    assert_unchanged(succeed("bridge", options))


def test_an_mtu_that_was_given_stays_when_ports_come(hosts: Bed) -> None:
    options = {"netns": hosts.netns, "name": NAME, "mtu": 1300, "ports": ["p1"]}
    succeed("bridge", options)
    assert witness.link(hosts.netns, NAME)["mtu"] == 1300
    assert_unchanged(succeed("bridge", options))


def test_the_ports_are_returned(hosts: Bed) -> None:
    found = succeed("bridge", {"netns": hosts.netns, "name": NAME, "ports": ["p2", "p1"], "stp": True})["bridge"]
    assert (found["ports"], found["stp"], found["forward_delay"]) == (["p1", "p2"], True, 15.0)
