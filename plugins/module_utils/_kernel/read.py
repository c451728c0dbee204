# SPDX-FileCopyrightText: The virtnet.linux authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads what the kernel has, as values.

Messages are split by hand at the top level, which takes a tenth of the time of a full decode; what
is nested is decoded by pyroute2 when somebody asks for it.
"""

from __future__ import annotations

import ipaddress
import os
import socket
import struct
import sys
import typing as t

from .._values import state
from .._values.errors import KernelRefused, NamespaceMissing
from .._values.world import Section
from . import files, messages, namespaces, services, sysctl
from .firewall import FIREWALLS
from .netlink import NLM_F_DUMP, Channel, Channels, attributes, each_attribute

AF_BRIDGE = 7
RTEXT_FILTER_BRVLAN, RTEXT_FILTER_SKIP_STATS = 2, 8
RTM_F_CLONED = 0x200
RTAX_MTU = 2
NTF_PROXY = 8

_LINK = struct.Struct("=BxHiII")
_ADDR = struct.Struct("=BBBBI")
_ROUTE = struct.Struct("=BBBBBBBBI")
_NEIGH = struct.Struct("=BxxxiHBB")
_U32 = struct.Struct("=I")
_BODY = 16


def _text(raw: bytes) -> str:
    return raw.rstrip(b"\0").decode(errors="replace")


# Attribute numbers of include/uapi/linux/if_link.h that every link has, with their decoding.
_TOP_LEVEL: t.Mapping[int, tuple[str, t.Callable[[bytes], t.Any]]] = {
    1: ("IFLA_ADDRESS", lambda raw: raw.hex(":")),
    4: ("IFLA_MTU", lambda raw: _U32.unpack(raw)[0]),
    13: ("IFLA_TXQLEN", lambda raw: _U32.unpack(raw)[0]),
    16: ("IFLA_OPERSTATE", lambda raw: raw[0]),
    20: ("IFLA_IFALIAS", _text),
    30: ("IFLA_PROMISCUITY", lambda raw: _U32.unpack(raw)[0]),
    33: ("IFLA_CARRIER", lambda raw: raw[0]),
}
_AF_SPEC, _VLAN_INFO = 26, 2
_IFNAME, _IFLINK, _MASTER, _LINKINFO, _LINK_NETNSID = 3, 5, 10, 18, 37
_INFO_KIND, _INFO_DATA = 1, 2
_TUN_TYPE = 3
_NDA_VLAN, _NDA_MASTER = 5, 9  # include/uapi/linux/neighbour.h


def _address(raw: bytes) -> str:
    return socket.inet_ntop(socket.AF_INET if len(raw) == 4 else socket.AF_INET6, raw)


def _nested(data: bytes, name: str) -> t.Callable[[], t.Mapping[str, t.Any]]:
    def decode() -> t.Mapping[str, t.Any]:
        info = messages.plain(messages.decode("RTM_NEWLINK", data).get_attr("IFLA_LINKINFO")) or {}
        found = info.get(name)
        return found if isinstance(found, dict) else {}

    return decode


class KernelSource:
    """What `World` reads from: one netlink socket for each namespace, and /proc/sys."""

    def __init__(self, channels: Channels) -> None:
        self._channels = channels
        self._names: dict[str | None, dict[int, str]] = {}
        self._nsids: dict[tuple[str | None, str | None], int | None] = {}

    # namespaces

    def names(self) -> list[str]:
        """The names of all namespaces."""
        return namespaces.names()

    def namespace(self, name: str) -> state.Namespace | None:
        """A named namespace, or one by its path; None when there is none."""
        if not namespaces.exists(name):
            return None
        return state.Namespace(name, *files.nameservers(name))

    def nsid(self, netns: str | None, other: str | None) -> int | None:
        """The number by which `netns` knows `other` (RTM_GETNSID); None when it has none."""
        place = (netns, other)
        if place not in self._nsids:
            self._nsids[place] = self._read_nsid(netns, other)
        return self._nsids[place]

    def _read_nsid(self, netns: str | None, other: str | None) -> int | None:
        channel = self._channels.of(netns)
        try:
            descriptor = namespaces.open_namespace(other)
        except NamespaceMissing:
            return None
        request = [("NETNSA_FD", descriptor)]
        try:
            answer = channel.ask(messages.encode("RTM_GETNSID", 0, channel.next_sequence(), {"family": 0}, request))
        except KernelRefused:  # it has just been removed
            return None
        finally:
            os.close(descriptor)
        raw = attributes(answer, _BODY + 4).get(1)
        number = struct.unpack("=i", raw)[0] if raw else -1
        return None if number < 0 else int(number)

    def same(self, one: str | None, other: str | None) -> bool:
        """Whether two names stand for one namespace."""
        return namespaces.same(one, other)

    # sections

    def section(self, netns: str | None, section: str) -> Section:
        """All things of one kind in a namespace, by key."""
        if section in FIREWALLS:
            return FIREWALLS[section](netns)
        reader: t.Callable[[str | None], Section] = getattr(self, "_" + section)
        return reader(netns)

    def item(self, netns: str | None, section: str, key: t.Hashable) -> t.Any:
        """One sysctl; None when this kernel has none."""
        return sysctl.read(netns, str(key)) if section == "sysctl" else None

    def _service(self, netns: str | None) -> Section:
        return services.of_namespace(netns)

    def _dump(self, netns: str | None, message: str, header: t.Mapping[str, t.Any], attrs: t.Any = ()) -> list[bytes]:
        channel: Channel = self._channels.of(netns)
        return channel.dump(messages.encode(message, NLM_F_DUMP, channel.next_sequence(), header, attrs))

    def _link(self, netns: str | None) -> Section:
        dump = self._dump(netns, "RTM_GETLINK", {}, [("IFLA_EXT_MASK", RTEXT_FILTER_SKIP_STATS)])
        raw = [(data, attributes(data, _BODY + _LINK.size)) for data in dump]
        names = {_LINK.unpack_from(data, _BODY)[2]: _text(found[_IFNAME]) for data, found in raw}
        self._names[netns] = names
        return {link.name: link for link in (_link_value(data, found, names) for data, found in raw)}

    def _name(self, netns: str | None, index: int) -> str:
        names = self._names.get(netns)
        if names is None or index not in names:
            self._link(netns)
            names = self._names[netns]
        return names.get(index, f"if{index}")

    def _address(self, netns: str | None) -> Section:
        found: Section = {}
        for data in self._dump(netns, "RTM_GETADDR", {}):
            family, length, flags, scope, index = _ADDR.unpack_from(data, _BODY)
            attrs = attributes(data, _BODY + _ADDR.size)
            local, far = attrs.get(2, attrs.get(1, b"")), attrs.get(1)
            if 8 in attrs:
                flags = _U32.unpack(attrs[8])[0]
            if family not in (socket.AF_INET, socket.AF_INET6) or not local:
                continue
            interface, cidr = self._name(netns, index), f"{_address(local)}/{length}"
            peer = _address(far) if far and far != local else None
            found[(interface, cidr)] = state.Address(interface, cidr, flags, scope, peer)
        return found

    def _route(self, netns: str | None) -> Section:
        found: Section = {}
        for family in (socket.AF_INET, socket.AF_INET6):
            for data in self._dump(netns, "RTM_GETROUTE", {"family": family}):
                route = self._route_value(netns, data)
                if route is not None:
                    found.setdefault((route.family, route.destination, route.table, route.metric), route)
        return found

    def _route_value(self, netns: str | None, data: bytes) -> state.Route | None:
        family, length, _src, _tos, table, protocol, scope, kind, flags = _ROUTE.unpack_from(data, _BODY)
        if flags & RTM_F_CLONED:
            return None
        attrs = attributes(data, _BODY + _ROUTE.size)
        zero = b"\0" * (4 if family == socket.AF_INET else 16)
        metrics = attributes(attrs[8], 0) if 8 in attrs else {}
        return state.Route(
            family=family,
            destination=f"{_address(attrs.get(1, zero))}/{length}",
            table=_U32.unpack(attrs[15])[0] if 15 in attrs else table,
            metric=_U32.unpack(attrs[6])[0] if 6 in attrs else 0,
            type=kind,
            scope=scope,
            protocol=protocol,
            source=_address(attrs[7]) if 7 in attrs else None,
            mtu=_U32.unpack(metrics[RTAX_MTU])[0] if RTAX_MTU in metrics else None,
            nexthops=self._nexthops(netns, attrs, flags),
        )

    def _nexthops(self, netns: str | None, attrs: dict[int, bytes], flags: int) -> tuple[state.NextHop, ...]:
        if 9 not in attrs:
            if 4 not in attrs and 5 not in attrs:
                return ()
            return (self._nexthop(netns, attrs, _U32.unpack(attrs[4])[0] if 4 in attrs else 0, 1, flags),)
        hops, raw, offset = [], attrs[9], 0
        while offset + 8 <= len(raw):
            length, hop_flags, weight, index = struct.unpack_from("=HBBi", raw, offset)
            hops.append(
                self._nexthop(netns, attributes(raw[: offset + length], offset + 8), index, weight + 1, hop_flags)
            )
            offset += (length + 3) & ~3
        return tuple(hops)

    def _nexthop(
        self, netns: str | None, attrs: dict[int, bytes], index: int, weight: int, flags: int
    ) -> state.NextHop:
        gateway = _address(attrs[5]) if 5 in attrs else _address(attrs[18][2:]) if 18 in attrs else None
        return state.NextHop(gateway, self._name(netns, index) if index else None, weight, flags)

    def _rule(self, netns: str | None) -> Section:
        found: Section = {}
        for family in (socket.AF_INET, socket.AF_INET6):
            for place, data in enumerate(self._dump(netns, "RTM_GETRULE", {"family": family})):
                decoded = messages.plain(dict(messages.decode("RTM_NEWRULE", data)))
                found[(family, place)] = _rule_value(family, decoded)
        return found

    def _neighbor(self, netns: str | None) -> Section:
        found: Section = {}
        for flags in (0, NTF_PROXY):
            for data in self._dump(netns, "RTM_GETNEIGH", {"family": 0, "flags": flags}):
                family, index, nud, entry_flags, _kind = _NEIGH.unpack_from(data, _BODY)
                attrs = attributes(data, _BODY + _NEIGH.size)
                if family not in (socket.AF_INET, socket.AF_INET6) or 1 not in attrs:
                    continue
                interface, address = self._name(netns, index) if index else "", _address(attrs[1])
                proxy = bool(entry_flags & NTF_PROXY)
                mac = attrs[2].hex(":") if attrs.get(2) and not proxy else None
                found[(interface, address, proxy)] = state.Neighbor(interface, address, mac, nud, proxy)
        return found

    def _forwarding(self, netns: str | None) -> Section:
        found: Section = {}
        for data in self._dump(netns, "RTM_GETNEIGH", {"family": AF_BRIDGE}):
            _family, index, nud, _flags, _kind = _NEIGH.unpack_from(data, _BODY)
            attrs = attributes(data, _BODY + _NEIGH.size)
            if 1 not in attrs or 2 not in attrs:
                continue
            learnt = not nud & (state.NUD_PERMANENT | state.NUD_NOARP)
            entry = state.Forwarding(self._name(netns, index), attrs[2].hex(":"), _address(attrs[1]), learnt)
            found[(entry.interface, entry.mac, entry.destination)] = entry
        return found

    def _switching(self, netns: str | None) -> Section:
        found: Section = {}
        for data in self._dump(netns, "RTM_GETNEIGH", {"family": AF_BRIDGE}):
            _family, index, nud, _flags, _kind = _NEIGH.unpack_from(data, _BODY)
            attrs = attributes(data, _BODY + _NEIGH.size)
            if _NDA_MASTER not in attrs or 2 not in attrs:
                continue
            bridge = self._name(netns, _U32.unpack(attrs[_NDA_MASTER])[0])
            vlan = int.from_bytes(attrs[_NDA_VLAN], sys.byteorder) if _NDA_VLAN in attrs else None
            learnt = not nud & (state.NUD_PERMANENT | state.NUD_NOARP)
            entry = state.Switching(bridge, self._name(netns, index), attrs[2].hex(":"), vlan, learnt)
            found[(entry.bridge, entry.port, entry.mac, entry.vlan)] = entry
        return found

    def _port_vlan(self, netns: str | None) -> Section:
        found: Section = {}
        asked = [("IFLA_EXT_MASK", RTEXT_FILTER_BRVLAN)]
        for data in self._dump(netns, "RTM_GETLINK", {"family": AF_BRIDGE}, asked):
            name = self._name(netns, _LINK.unpack_from(data, _BODY)[2])
            spec = attributes(data, _BODY + _LINK.size).get(_AF_SPEC, b"")
            for kind, raw in each_attribute(spec, 0):
                if kind == _VLAN_INFO:
                    flags, vid = struct.unpack_from("=HH", raw)
                    found[(name, vid)] = state.PortVlan(name, vid, bool(flags & 2), bool(flags & 4))
        return found


def _kind(info: dict[int, bytes]) -> str:
    """The kind of a link; one name stands for TUN and TAP (tun_fill_info())."""
    kind = _text(info.get(_INFO_KIND, b""))
    if kind == "tun" and attributes(info.get(_INFO_DATA, b""), 0).get(_TUN_TYPE) == b"\2":
        return "tap"
    return kind


def _link_value(data: bytes, found: dict[int, bytes], names: dict[int, str]) -> state.Link:
    _family, _type, index, flags, _change = _LINK.unpack_from(data, _BODY)
    info = attributes(found[_LINKINFO], 0) if _LINKINFO in found else {}
    master = _U32.unpack(found[_MASTER])[0] if _MASTER in found else 0
    return state.Link(
        name=_text(found[_IFNAME]),
        kind=_kind(info),
        index=index,
        flags=flags,
        attributes={name: read(found[number]) for number, (name, read) in _TOP_LEVEL.items() if number in found},
        data=state.Deferred(_nested(data, "IFLA_INFO_DATA")) if 2 in info else {},
        port=state.Deferred(_nested(data, "IFLA_INFO_SLAVE_DATA")) if 5 in info else {},
        master=names.get(master, f"if{master}") if master else None,
        lower_index=_U32.unpack(found[_IFLINK])[0] if _IFLINK in found else 0,
        lower_nsid=struct.unpack("=i", found[_LINK_NETNSID])[0] if _LINK_NETNSID in found else None,
    )


# FRA_ attributes that select; the others say what to do or are counters.
_SELECTORS = (
    "FRA_SRC", "FRA_DST", "FRA_IIFNAME", "FRA_OIFNAME", "FRA_FWMARK", "FRA_FWMASK", "FRA_UID_RANGE",
    "FRA_IP_PROTO", "FRA_SPORT_RANGE", "FRA_DPORT_RANGE", "FRA_GOTO", "FRA_SUPPRESS_PREFIXLEN",
)  # fmt: skip
FIB_RULE_INVERT = 2
_NO_SUPPRESSION = 0xFFFFFFFF


def _rule_value(family: int, decoded: dict[str, t.Any]) -> state.Rule:
    attrs = {slot[0]: slot[1] for slot in decoded.get("attrs", ())}
    attrs.update({key: value for key, value in decoded.items() if key.startswith("FRA_")})
    selectors = {name: attrs[name] for name in _SELECTORS if name in attrs}
    for name, length in (("FRA_SRC", decoded["src_len"]), ("FRA_DST", decoded["dst_len"])):
        if name in selectors:
            selectors[name] = f"{ipaddress.ip_address(selectors[name])}/{length}"
    if "FRA_FWMASK" in selectors:  # a mark of 0 is left out (fib_nl_fill_rule())
        selectors.setdefault("FRA_FWMARK", 0)
    if selectors.get("FRA_SUPPRESS_PREFIXLEN") == _NO_SUPPRESSION:
        del selectors["FRA_SUPPRESS_PREFIXLEN"]
    if decoded["tos"]:
        selectors["tos"] = decoded["tos"]
    if decoded["flags"] & FIB_RULE_INVERT:
        selectors["invert"] = True
    return state.Rule(
        family,
        attrs.get("FRA_PRIORITY", 0),
        decoded["action"],
        attrs.get("FRA_TABLE", decoded["table"]),
        selectors,
        attrs.get("FRA_PROTOCOL", 0),
    )
