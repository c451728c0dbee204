# SPDX-FileCopyrightText: The virtnet.linux authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module vxlan, witnessed by `ip -d link`, `bridge fdb` and packets."""

from __future__ import annotations

from tests.integration import links, witness
from tests.integration.lifecycle import Bad, Bed, Options, Setting, assert_unchanged
from tests.integration.links import NAME, LinkLifecycle, kind_field
from tests.integration.running import succeed

Entries = list[tuple[str, str]]


def table(bed: Bed) -> Entries:
    found = witness.bridge(bed.netns, "fdb", "show", "dev", NAME)
    return sorted((entry["mac"], entry["dst"]) for entry in found if "dst" in entry)


ANY = "00:00:00:00:00:00"
ANEW = {"recreate": True}


def far(*addresses: str) -> list[dict[str, str]]:
    return [{"destination": address} for address in addresses]


class TestVxlan(LinkLifecycle):
    module = "vxlan"
    SETTINGS = (
        *links.GENERAL,
        *links.PORT,
        Setting("id", (42, 16777215), kind_field("id"), beside=ANEW),
        Setting("local", ("192.0.2.1", "192.0.2.9"), kind_field("local")),
        Setting("remote", ("192.0.2.2", "192.0.2.3"), kind_field("remote")),
        Setting("group", ("239.1.1.1", "239.1.1.2"), kind_field("group"), beside={"parent": "eth0"}),
        Setting("parent", ("eth0", "eth1"), kind_field("link"), beside=ANEW),
        Setting("destination_port", (4789, 8472), kind_field("port"), beside=ANEW),
        Setting("ttl", (4, 64), kind_field("ttl")),
        Setting("learning", (False, True), kind_field("learning")),
        Setting(
            "fdb",
            (far("192.0.2.2", "192.0.2.3"), [{"mac": "02-00-00-00-00-05", "destination": "192.0.2.3"}]),
            table,
            ([(ANY, "192.0.2.2"), (ANY, "192.0.2.3")], [("02:00:00:00:00:05", "192.0.2.3")]),
            beside={"exclusive_fdb": True},
        ),
        Setting("fdb", ([], far("192.0.2.2")), table, ([], [(ANY, "192.0.2.2")]), beside={"exclusive_fdb": True}),
    )
    BAD = (
        *links.BAD,
        Bad("id is missing", {"id": None}, "^id: a vxlan needs the number of its network"),
        Bad("id too great", {"id": 16777216}, "^id: 16777216 is not between 0 and 16777215"),
        Bad("id differs", {"id": 43}, "^id: 't0' .* has 42, not 43.*recreate: true", there=True),
        Bad("local is no address", {"local": "me"}, "^local: 'me' is not an IP address"),
        Bad("remote is no address", {"remote": "you"}, "^remote: 'you' is not an IP address"),
        Bad("remote is a multicast group", {"remote": "239.1.1.1"}, "^remote: '239.1.1.1' is a multicast address"),
        Bad("remote of another family", {"local": "192.0.2.1", "remote": "2001:db8::2"}, "^remote: .*another family"),
        Bad("group is no address", {"parent": "eth0", "group": "all"}, "^group: 'all' is not an IP address"),
        Bad(
            "group is no multicast group",
            {"parent": "eth0", "group": "192.0.2.2"},
            "^group: .* is not a multicast addr",
        ),
        Bad("group without parent", {"group": "239.1.1.1"}, "^parent: a multicast group needs the device"),
        Bad(
            "group beside remote",
            {"remote": "192.0.2.2", "group": "239.1.1.1"},
            "^group: give either a remote or a group",
        ),
        Bad("parent that is not there", {"parent": "eth9"}, "^parent: there is no interface 'eth9' in namespace"),
        Bad(
            "parent differs",
            {"parent": "eth1"},
            "^parent: 't0' .* does not stand on 'eth1'.*recreate: true",
            there=True,
        ),
        Bad(
            "parent in no namespace", {"parent": "eth0", "parent_netns": "vnt-none"}, "no network namespace 'vnt-none'"
        ),
        Bad("parent_netns without parent", {"parent_netns": "red"}, "^parent_netns: needs a parent"),
        Bad("destination_port zero", {"destination_port": 0}, "^destination_port: 0 is not between 1 and 65535"),
        Bad("ttl too great", {"ttl": 256}, "^ttl: 256 is not between 0 and 255"),
        Bad("learning is no switch", {"learning": "perhaps"}, "'learning' is of type str .*bool"),
        Bad("fdb without destination", {"fdb": [{"mac": ANY}]}, "missing required arguments: destination found in fdb"),
        Bad("fdb with no address", {"fdb": far("you")}, "^fdb.destination: 'you' is not an IP address"),
        Bad("fdb with no MAC", {"fdb": [{"mac": "red", "destination": "192.0.2.2"}]}, "^fdb.mac: 'red' is not a MAC"),
        Bad("fdb entry twice", {"fdb": far("192.0.2.2", "192.0.2.2")}, "^fdb: .* has an entry twice"),
        Bad("exclusive_fdb alone", {"exclusive_fdb": True}, "^exclusive_fdb: True needs a list of entries in fdb"),
        Bad("kind of what there is differs", {"name": "br8"}, "^'br8' .* is of kind 'bridge', not 'vxlan'"),
        Bad("absent with another kind", {"name": "br8", "state": "absent"}, "'br8' .* is a bridge device: it is not"),
    )

    def prepare(self, bed: Bed) -> None:
        super().prepare(bed)
        for name in ("eth0", "eth1"):
            bed.ip(f"link add {name} type veth peer {name} netns {bed.other}")
            bed.ip(f"link set {name} up")
            bed.ip(f"link set {name} up", bed.other)

    def options(self, bed: Bed) -> Options:
        return {"netns": bed.netns, "name": NAME, "id": 42}

    def identity(self, bed: Bed) -> Options:
        return {"netns": bed.netns, "name": NAME}


class TestVxlanOverIPv6(TestVxlan):
    SETTINGS = (
        Setting("local", ("2001:db8::1", "2001:db8::9"), kind_field("local6")),
        Setting("remote", ("2001:db8::2", "2001:DB8::3"), kind_field("remote6"), ("2001:db8::2", "2001:db8::3")),
        Setting("group", ("ff05::1", "ff05::2"), kind_field("group6"), beside={"parent": "eth0"}),
        Setting("fdb", (far("2001:db8::2"), far("2001:db8::3")), table, beside={"exclusive_fdb": True},
                seen=([(ANY, "2001:db8::2")], [(ANY, "2001:db8::3")])),
    )  # fmt: skip
    BAD = (
        Bad("remote of another family", {"local": "2001:db8::1", "remote": "192.0.2.2"}, "^remote: .*another family"),
        Bad(
            "to another family", {"local": "192.0.2.1"}, "^local: 't0' .* has '2001:db8::1', not.*recreate", there=True
        ),
    )

    def options(self, bed: Bed) -> Options:
        return {"netns": bed.netns, "name": NAME, "id": 42, "local": "2001:db8::1"}


def underlay(bed: Bed) -> None:
    bed.ip(f"link add eth0 type veth peer eth0 netns {bed.other}")
    for number, netns in enumerate((bed.netns, bed.other), 1):
        bed.ip("link set eth0 up", netns)
        bed.ip(f"address add 192.0.2.{number}/24 dev eth0", netns)


def end(netns: str, number: int, **more: object) -> Options:
    return {
        "netns": netns, "name": NAME, "id": 42, "local": f"192.0.2.{number}", "mtu": 1450,
        "addresses": [f"198.51.100.{number}/24"], **more,
    }  # fmt: skip


def test_two_ends_reach_each_other_by_remote(bed: Bed) -> None:
    underlay(bed)
    succeed("vxlan", end(bed.netns, 1, remote="192.0.2.2"))
    succeed("vxlan", end(bed.other, 2, remote="192.0.2.1"))
    assert witness.succeeds("ping", "-c", "1", "-W", "2", "198.51.100.2", netns=bed.netns)


def test_two_ends_reach_each_other_by_forwarding_table(bed: Bed) -> None:
    underlay(bed)
    succeed("vxlan", end(bed.netns, 1, fdb=far("192.0.2.2")))
    succeed("vxlan", end(bed.other, 2, fdb=far("192.0.2.1")))
    assert witness.succeeds("ping", "-c", "1", "-W", "2", "198.51.100.2", netns=bed.netns)


def test_two_ends_reach_each_other_by_multicast(bed: Bed) -> None:
    underlay(bed)
    for number, netns in enumerate((bed.netns, bed.other), 1):
        succeed("vxlan", end(netns, number, group="239.1.1.1", parent="eth0"))
    assert witness.succeeds("ping", "-c", "1", "-W", "2", "198.51.100.2", netns=bed.netns)


def test_the_port_is_that_of_iana(netns: str) -> None:
    succeed("vxlan", {"netns": netns, "name": NAME, "id": 42})
    assert witness.info(netns, NAME)["port"] == 4789


def test_the_entry_of_the_remote_is_not_removed_as_another(bed: Bed) -> None:
    options = end(bed.netns, 1, remote="192.0.2.2", fdb=far("192.0.2.3"), exclusive_fdb=True)
    succeed("vxlan", options)
    assert table(bed) == [(ANY, "192.0.2.2"), (ANY, "192.0.2.3")]
    assert_unchanged(succeed("vxlan", options))


def test_entries_are_added_to_those_there(bed: Bed) -> None:
    succeed("vxlan", end(bed.netns, 1, fdb=far("192.0.2.2")))
    succeed("vxlan", end(bed.netns, 1, fdb=far("192.0.2.3")))
    assert table(bed) == [(ANY, "192.0.2.2"), (ANY, "192.0.2.3")]


def test_tunnel_packets_leave_where_the_parent_is(bed: Bed) -> None:
    underlay(bed)
    inner = bed.names.made()
    succeed("vxlan", {**end(inner, 1, remote="192.0.2.2"), "parent": "eth0", "parent_netns": bed.netns})
    succeed("vxlan", end(bed.other, 2, remote="192.0.2.1"))
    assert witness.succeeds("ping", "-c", "1", "-W", "2", "198.51.100.2", netns=inner)


def test_a_parent_in_another_namespace_is_found_again(bed: Bed) -> None:
    underlay(bed)
    options = {**end(bed.names.made(), 1, remote="192.0.2.2"), "parent": "eth0", "parent_netns": bed.netns}
    succeed("vxlan", options)
    assert_unchanged(succeed("vxlan", options))


def test_the_forwarding_table_is_returned(bed: Bed) -> None:
    found = succeed("vxlan", end(bed.netns, 1, fdb=far("192.0.2.2")))["vxlan"]
    assert found["fdb"] == [{"mac": ANY, "destination": "192.0.2.2"}]
