# SPDX-FileCopyrightText: The virtnet.linux authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the modules for interfaces have in common: their options, witnessed by `ip link`, and what can go wrong."""

from __future__ import annotations

import typing as t

from tests.integration import witness
from tests.integration.lifecycle import Bad, Bed, NamespacedLifecycle, Options, Setting

NAME = "t0"
Look = t.Callable[[Bed], t.Any]


def field(name: str, default: t.Any = None) -> Look:
    return lambda bed: witness.link(bed.netns, NAME).get(name, default)


def flag(name: str) -> Look:
    return lambda bed: name in witness.link(bed.netns, NAME)["flags"]


def kind_field(name: str, default: t.Any = None) -> Look:
    return lambda bed: witness.info(bed.netns, NAME).get(name, default)


def port_field(name: str) -> Look:
    return lambda bed: witness.port(bed.netns, NAME)[name]


def addresses(bed: Bed) -> list[str]:
    return witness.addresses(bed.netns, NAME)


GENERAL = (
    Setting(
        "mac",
        ("02:00:00:00:00:01", "02-00-00-00-00-0A"),
        field("address"),
        ("02:00:00:00:00:01", "02:00:00:00:00:0a"),
    ),
    Setting("mtu", (1400, 1300), field("mtu")),
    Setting("txqueuelen", (500, 100), field("txqlen")),
    Setting("alias", ("to the left", "to the right"), field("ifalias")),
    Setting("arp", (False, True), flag("NOARP"), (True, False)),
    Setting("promisc", (True, False), flag("PROMISC")),
    Setting("enabled", (False, True), flag("UP")),
    Setting(
        "addresses",
        (["192.0.2.1/24", "192.0.2.2/24", "2001:db8::1/64"], ["192.0.2.2/24"]),
        addresses,
        beside={"exclusive_addresses": True},
    ),
)


def _port(name: str, values: tuple[t.Any, t.Any], word: str) -> Setting:
    return Setting(f"port.{name}", values, port_field(word), beside={"master": "br8"})


PORT = (
    Setting("master", ("br8", "br9"), field("master")),
    Setting("master", ("br8", ""), field("master"), ("br8", None)),
    _port("hairpin", (True, False), "hairpin"),
    _port("isolated", (True, False), "isolated"),
    _port("learning", (False, True), "learning"),
    _port("flood", (False, True), "flood"),
    _port("multicast_flood", (False, True), "mcast_flood"),
    _port("cost", (7, 65535), "cost"),
    _port("priority", (0, 63), "priority"),
    _port("guard", (True, False), "guard"),
    _port("root_block", (True, False), "root_block"),
    _port("fast_leave", (True, False), "fastleave"),
    _port("proxy_arp", (True, False), "proxy_arp"),
    _port("neigh_suppress", (True, False), "neigh_suppress"),
)

BAD = (
    Bad("name too long", {"name": "x" * 16}, "^name: 'x{16}' is not an interface name: 1 to 15 bytes"),
    Bad("name with a slash", {"name": "a/b"}, "^name: 'a/b' is not an interface name"),
    Bad("name is empty", {"name": ""}, "^name: '' is not an interface name"),
    Bad("netns is no name", {"netns": "a b"}, "^netns: 'a b' is not a namespace name"),
    Bad("netns is a path to nothing", {"netns": "/run/netns/none"}, "no network namespace '.*none'"),
    Bad("mac is none", {"mac": "02:00:00"}, "^mac: '02:00:00' is not a MAC address"),
    Bad("mac is a multicast one", {"mac": "01:00:5e:00:00:01"}, "^mac: .* is a multicast MAC address"),
    Bad("mac is all zero", {"mac": "00:00:00:00:00:00"}, "^mac: .* is all zero"),
    Bad("mtu is no number", {"mtu": "large"}, "'mtu' is of type str .*int"),
    Bad("mtu too small", {"mtu": 67}, "^mtu: 67 is not between 68 and 65536"),
    Bad("mtu too large", {"mtu": 65537}, "^mtu: 65537 is not between 68 and 65536"),
    Bad("txqueuelen below zero", {"txqueuelen": -1}, "^txqueuelen: -1 is not between 0"),
    Bad("alias too long", {"alias": "x" * 255}, "^alias: .*254 bytes"),
    Bad("enabled is no switch", {"enabled": "perhaps"}, "'enabled' is of type str .*bool"),
    Bad("arp is no switch", {"arp": "perhaps"}, "'arp' is of type str .*bool"),
    Bad("promisc is no switch", {"promisc": "perhaps"}, "'promisc' is of type str .*bool"),
    Bad("recreate is no switch", {"recreate": "perhaps"}, "'recreate' is of type str .*bool"),
    Bad("dad is no switch", {"dad": "perhaps"}, "'dad' is of type str .*bool"),
    Bad("address without prefix length", {"addresses": ["192.0.2.1"]}, "^addresses: '192.0.2.1' has no prefix length"),
    Bad("address is none", {"addresses": ["192.0.2.1/33"]}, "^addresses: '192.0.2.1/33' is not an address"),
    Bad("address twice", {"addresses": ["192.0.2.1/24", "192.0.2.1/24"]}, "^addresses: .* has an address twice"),
    Bad(
        "exclusive_addresses alone",
        {"addresses": None, "exclusive_addresses": True},
        "^exclusive_addresses: True needs a list of addresses",
    ),
    Bad("master that is not there", {"master": "br7"}, "^master: there is no interface 'br7' in namespace"),
    Bad("master whose name is too long", {"master": "x" * 16}, "^master: .*1 to 15 bytes"),
    Bad("port without a master", {"port": {"hairpin": True}}, "^port: 't0' is not a port of a bridge; give its master"),
    Bad(
        "port is no switch",
        {"master": "br8", "port": {"hairpin": "perhaps"}},
        "'hairpin' is of type str found in 'port'",
    ),
    Bad("port with an unknown key", {"port": {"hairpins": True}}, r"Unsupported parameters .* port\.hairpins"),
    Bad("port cost out of range", {"master": "br8", "port": {"cost": 0}}, "^port.cost: 0 is not between 1 and 65535"),
    Bad(
        "port priority out of range", {"master": "br8", "port": {"priority": 64}}, "^port.priority: 64 is not between 0"
    ),
    Bad("state is unknown", {"state": "perhaps"}, "state must be one of: present, absent"),
)


class LinkLifecycle(NamespacedLifecycle):
    """A namespace with two bridges that the interface can be a port of."""

    def prepare(self, bed: Bed) -> None:
        for name in ("br8", "br9"):
            bed.ip(f"link add {name} type bridge")
            bed.ip(f"link set {name} up")

    def identity(self, bed: Bed) -> Options:
        return {"netns": bed.netns, "name": NAME}

    def exists(self, bed: Bed) -> bool:
        return bool(witness.link(bed.netns, NAME))
