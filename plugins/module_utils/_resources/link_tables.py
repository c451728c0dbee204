# SPDX-FileCopyrightText: The virtnet.linux authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tables of link kinds: an option of a kind is one row, written here and nowhere else."""

from __future__ import annotations

import dataclasses
import ipaddress
import typing as t

from .._values.errors import InvalidOption
from .._values.state import IFF_NOARP, IFF_PROMISC, IFF_UP
from . import checks
from .option import BARE, CENTISECONDS, FLAG, SWITCH, Codec, Option

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
    :param later: settings of every link that are given to it only once it is there.
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
    later: tuple[str, ...] = ()
    module: str = ""
    tuntap: bool = False
    made_by: tuple[str, t.Mapping[str, t.Any]] | None = None

    @property
    def missing(self) -> str:
        """The sentence for a kernel that lacks it."""
        return f"this kernel has no {self.name!r} devices (module {self.module or self.name}: not found)"


def _timer(name: str, attribute: str, low: float, high: float, default: float) -> Option:
    return Option(name, "float", attribute, name, CENTISECONDS, low=low, high=high, tolerance=1, default=default)


# Without CONFIG_BRIDGE_VLAN_FILTERING one of them is refused and the other ignored.
_NO_VLANS = "this kernel does not filter VLANs on bridges (CONFIG_BRIDGE_VLAN_FILTERING)"
_RESTRICTED = 0b111  # BR_GROUPFWD_RESTRICTED: STP, pause frames and LACP


def _without_restricted(path: str, mask: int) -> int:
    if mask & _RESTRICTED:
        raise InvalidOption(
            path, mask, "has one of the bits 0 to 2 (STP, pause frames, LACP), which no bridge forwards"
        )
    return mask


BRIDGE = LinkKind(
    "bridge",
    (
        Option("stp", "bool", "IFLA_BR_STP_STATE", "stp_state", FLAG, default=False),
        _timer("forward_delay", "IFLA_BR_FORWARD_DELAY", 0, 30, 15),
        _timer("hello_time", "IFLA_BR_HELLO_TIME", 1, 10, 2),
        _timer("max_age", "IFLA_BR_MAX_AGE", 6, 40, 20),
        _timer("ageing_time", "IFLA_BR_AGEING_TIME", 0, 1_000_000, 300),
        Option("priority", "int", "IFLA_BR_PRIORITY", "priority", low=0, high=65535, default=32768),
        Option(
            "vlan_filtering", "bool", "IFLA_BR_VLAN_FILTERING", "vlan_filtering", FLAG,
            default=False, lacking=_NO_VLANS,
        ),
        Option(
            "default_pvid", "int", "IFLA_BR_VLAN_DEFAULT_PVID", "vlan_default_pvid",
            low=0, high=4094, default=1, lacking=_NO_VLANS,
        ),
        Option("multicast_snooping", "bool", "IFLA_BR_MCAST_SNOOPING", "mcast_snooping", FLAG, default=True),
        Option(
            "group_forward_mask", "int", "IFLA_BR_GROUP_FWD_MASK", "group_fwd_mask",
            low=0, high=65535, default=0, check=_without_restricted,
        ),
        Option("nf_call_iptables", "bool", "IFLA_BR_NF_CALL_IPTABLES", "nf_call_iptables", FLAG, default=False),
    ),
    ports=True,
    later=("mtu",),  # an MTU from the creation is lost to the first port (br_mtu_auto_adjust())
)  # fmt: skip

MACVLAN_MODES = ("private", "vepa", "bridge", "passthru", "source")


def _passthru_is_involved(current: t.Any, wanted: t.Any) -> bool:
    """macvlan_changelink() refuses to change to and from passthru."""
    return "passthru" in (current, wanted)


def _listed_macs(found: t.Any) -> list[str]:
    if "attrs" in found:
        return [mac for _name, mac in found["attrs"]]
    macs = found.get("IFLA_MACVLAN_MACADDR", [])
    return sorted(macs if isinstance(macs, list) else [macs])


_SET = "set"  # replaces the whole list (macvlan_changelink_sources())
_SOURCE_MACS = Codec(
    lambda macs: {"attrs": [("IFLA_MACVLAN_MACADDR", mac) for mac in macs]},
    _listed_macs,
    lambda macs: ("set", *macs) if macs else ("flush",),
)


def _sorted_macs(path: str, macs: list[str]) -> list[str]:
    return sorted({checks.mac(path, mac) for mac in macs})


MACVLAN = LinkKind(
    "macvlan",
    (
        Option(
            "mode", "str", "IFLA_MACVLAN_MODE", "mode", choices=MACVLAN_MODES,
            fixed=_passthru_is_involved, default="vepa",
        ),
        Option(
            "source_macs", "list", "IFLA_MACVLAN_MACADDR_DATA", "macaddr", _SOURCE_MACS, check=_sorted_macs,
            companions=(("IFLA_MACVLAN_MACADDR_MODE", _SET),), default=[],
        ),
    ),
    parent="required",
)  # fmt: skip

MACVTAP = LinkKind("macvtap", MACVLAN.options, parent="required", made_by=("macvlan", {"tap": True}))

VETH = LinkKind("veth", peer="VETH_INFO_PEER")


def _far_end(multicast: bool) -> dict[str, t.Any]:
    """remote and group are one attribute: what differs is whether the address is a multicast one."""

    def check(path: str, value: str) -> str:
        value = checks.address(path, value)
        if ipaddress.ip_address(value).is_multicast != multicast:
            raise InvalidOption(path, value, "is not a multicast address" if multicast else "is a multicast address")
        return value

    def decode(found: str) -> str | None:
        return found if ipaddress.ip_address(found).is_multicast == multicast else None

    return {"codec": Codec(str, decode, str), "check": check}


def _other_family(current: t.Any, wanted: t.Any) -> bool:
    return current is not None and (":" in current) != (":" in wanted)


VXLAN = LinkKind(
    "vxlan",
    (
        Option("id", "int", "IFLA_VXLAN_ID", "id", low=0, high=2**24 - 1, fixed=True),
        Option(
            "local", "str", "IFLA_VXLAN_LOCAL", "local", attribute6="IFLA_VXLAN_LOCAL6", check=checks.address,
            fixed=_other_family,
        ),
        Option(
            "remote", "str", "IFLA_VXLAN_GROUP", "remote", attribute6="IFLA_VXLAN_GROUP6", fixed=_other_family,
            **_far_end(multicast=False),
        ),
        Option(
            "group", "str", "IFLA_VXLAN_GROUP", "group", attribute6="IFLA_VXLAN_GROUP6", fixed=_other_family,
            **_far_end(multicast=True),
        ),
        Option("destination_port", "int", "IFLA_VXLAN_PORT", "dstport", low=1, high=65535, fixed=True, creation=4789),
        Option("ttl", "int", "IFLA_VXLAN_TTL", "ttl", low=0, high=255, default=0),
        Option("learning", "bool", "IFLA_VXLAN_LEARNING", "learning", BARE, default=True),
    ),
    parent="optional",
    parent_attribute="IFLA_VXLAN_LINK",
)  # fmt: skip

# The kinds of the module `link`: those without a module of their own.
LINK_KINDS = {
    kind.name: kind
    for kind in (
        LinkKind("dummy"),
        LinkKind("ifb"),
        LinkKind("nlmon"),
        LinkKind("vcan"),
        LinkKind("tun", tuntap=True),
        LinkKind("tap", module="tun", tuntap=True),
    )
}

ALL_KINDS = {**LINK_KINDS, **{kind.name: kind for kind in (BRIDGE, MACVLAN, MACVTAP, VETH, VXLAN)}}
