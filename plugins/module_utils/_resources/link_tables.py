# SPDX-FileCopyrightText: The virtnet.linux authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tables that all links share, and what the table of a kind consists of (see `kinds`)."""

from __future__ import annotations

import dataclasses
import typing as t

from .._values.state import IFF_NOARP, IFF_PROMISC, IFF_UP
from . import checks
from .option import SWITCH, Option

# What every link has (ip-link(8), "ip link set").
GENERAL = (
    Option("mac", "str", "IFLA_ADDRESS", "address", place="link", check=checks.mac),
    Option("mtu", "int", "IFLA_MTU", "mtu", place="link", low=68, high=65536, default=1500),
    Option("txqueuelen", "int", "IFLA_TXQLEN", "txqueuelen", place="link", low=0, high=2**31 - 1, default=1000),
    # rtnl_create_link() doesn't take an alias; do_setlink() does.
    Option("alias", "str", "IFLA_IFALIAS", "alias", place="link", at_creation=False, default="", check=checks.alias),
    Option("arp", "bool", "", "arp", SWITCH, place="link", bit=IFF_NOARP, inverted=True, default=True),
    Option("promisc", "bool", "", "promisc", SWITCH, place="link", bit=IFF_PROMISC, default=False),
    Option("enabled", "bool", "", "up", place="link", bit=IFF_UP, default=True),
)


ENABLED = next(row for row in GENERAL if row.name == "enabled")


def _port_switch(name: str, attribute: str, word: str, default: bool = False) -> Option:
    return Option(name, "bool", attribute, word, SWITCH, place="port", default=default)


# What a port of a bridge has (ip-link(8), "bridge_slave"; bridge(8), "bridge link set").
PORT = (
    _port_switch("hairpin", "IFLA_BRPORT_MODE", "hairpin"),
    _port_switch("isolated", "IFLA_BRPORT_ISOLATED", "isolated"),
    _port_switch("learning", "IFLA_BRPORT_LEARNING", "learning", default=True),
    _port_switch("flood", "IFLA_BRPORT_UNICAST_FLOOD", "flood", default=True),
    _port_switch("multicast_flood", "IFLA_BRPORT_MCAST_FLOOD", "mcast_flood", default=True),
    Option("cost", "int", "IFLA_BRPORT_COST", "cost", place="port", low=1, high=65535),
    Option("priority", "int", "IFLA_BRPORT_PRIORITY", "priority", place="port", low=0, high=63, default=32),
    _port_switch("guard", "IFLA_BRPORT_GUARD", "guard"),
    _port_switch("root_block", "IFLA_BRPORT_PROTECT", "root_block"),
    _port_switch("fast_leave", "IFLA_BRPORT_FAST_LEAVE", "fastleave"),
    _port_switch("proxy_arp", "IFLA_BRPORT_PROXYARP", "proxy_arp"),
    _port_switch("neigh_suppress", "IFLA_BRPORT_NEIGH_SUPPRESS", "neigh_suppress"),
)


@dataclasses.dataclass(frozen=True)
class LinkKind:
    """A kind of link.

    :param name: the kernel's name for it (IFLA_INFO_KIND).
    :param options: its own options.
    :param parent: whether it stands on a lower device: "", "optional" or "required".
    :param peer: the attribute that holds its other end, for kinds that come in pairs.
    :param parent_attribute: the attribute that names the lower device.
    :param ports: whether other links can be ports of it.
    :param mtu: that of a new one, where it is another than 1500 and not that of a parent or a port.
    :param later: settings of every link that are given to it only once it is there.
    :param fallback: the device that the kernel puts into every namespace together with the first of its kind.
    :param explain: clearer sentences than the kernel's, by its words.
    :param module: the kernel module that brings it, if it is not called like the kind.
    :param tuntap: whether it is made through /dev/net/tun, bare, and set up afterwards.
    :param made_by: the module of the collection that makes it and the options that say so, if it is not called
        like the kind.
    """

    name: str
    options: tuple[Option, ...] = ()
    parent: str = ""
    peer: str = ""
    parent_attribute: str = "IFLA_LINK"
    ports: bool = False
    mtu: int = 0
    later: tuple[str, ...] = ()
    fallback: str = ""
    explain: t.Mapping[str, str] = dataclasses.field(default_factory=dict)
    module: str = ""
    tuntap: bool = False
    made_by: tuple[str, t.Mapping[str, t.Any]] | None = None

    @property
    def missing(self) -> str:
        """The sentence for a kernel that lacks it."""
        return f"this kernel has no {self.name!r} devices (module {self.module or self.name}: not found)"
