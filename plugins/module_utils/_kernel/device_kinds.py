# SPDX-FileCopyrightText: The virtnet.linux authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Finds out which kinds of devices, modes and queueing disciplines a kernel has, by trying each.

To be run in a network namespace that is thrown away. Attribute numbers: include/uapi/linux/if_link.h.
"""

from __future__ import annotations

import errno
import fcntl
import os
import struct
import typing as t

from .._values.errors import KernelRefused
from .netlink import NLM_F_ACK, Channel, attributes
from .surroundings import request

RTM_NEWLINK, RTM_DELLINK, RTM_GETLINK, RTM_NEWQDISC, RTM_DELQDISC = 16, 17, 18, 36, 37
NLM_F_EXCL, NLM_F_CREATE = 0x200, 0x400
IFLA_IFNAME, IFLA_LINK, IFLA_LINKINFO, IFLA_INFO_KIND, IFLA_INFO_DATA = 3, 5, 18, 1, 2
IFF_UP = 1
TCA_KIND = 1
TC_H_ROOT, TC_H_INGRESS = 0xFFFFFFFF, 0xFFFFFFF1
TUNSETIFF, IFF_TUN, IFF_TAP, IFF_NO_PI = 0x400454CA, 0x1, 0x2, 0x1000

PARENT, PROBE = "parent0", "probe0"


class Kind(t.NamedTuple):
    """How a kind of device is tried.

    :param module: the kernel module that brings it, if it is called otherwise.
    :param data: attributes without which the kernel makes none.
    :param fallback: loading the module puts a device into every namespace, such as tunl0, for good.
    """

    module: str = ""
    data: bytes = b""
    parent: bool = False
    fallback: bool = False


def _attribute(number: int, value: bytes) -> bytes:
    return struct.pack("=HH", 4 + len(value), number) + value + b"\0" * (-len(value) % 4)


def _u8(number: int, value: int) -> bytes:
    return _attribute(number, struct.pack("=B", value))


def _u16(number: int, value: int) -> bytes:
    return _attribute(number, struct.pack("=H", value))


def _u32(number: int, value: int) -> bytes:
    return _attribute(number, struct.pack("=I", value))


KINDS: t.Mapping[str, Kind] = {
    "veth": Kind(),
    "bridge": Kind(),
    "dummy": Kind(),
    "ifb": Kind(),
    "nlmon": Kind(),
    "vcan": Kind(),
    "vxcan": Kind(),
    "netdevsim": Kind(),
    "ipoib": Kind("ib_ipoib", parent=True),
    "macvlan": Kind(parent=True),
    "macvtap": Kind(parent=True),
    "ipvlan": Kind(parent=True),
    "ipvtap": Kind(parent=True),
    "vlan": Kind("8021q", _u16(1, 7), parent=True),
    "vxlan": Kind(data=_u32(1, 7)),
    "geneve": Kind(data=_u32(1, 7) + _attribute(2, bytes((192, 0, 2, 1)))),
    "bond": Kind("bonding"),
    "team": Kind(),
    "vrf": Kind(data=_u32(1, 7)),
    "macsec": Kind(parent=True),
    "wireguard": Kind(),
    "gre": Kind("ip_gre", fallback=True),
    "gretap": Kind("ip_gre", fallback=True),
    "ip6gre": Kind("ip6_gre", fallback=True),
    "ip6gretap": Kind("ip6_gre", fallback=True),
    "ipip": Kind(fallback=True),
    "sit": Kind(fallback=True),
    "ip6tnl": Kind("ip6_tunnel", fallback=True),
}

# Attribute of the mode, how it is packed, and its numbers.
MODES: t.Mapping[str, tuple[t.Callable[[int], bytes], t.Mapping[str, int]]] = {
    "macvlan": (lambda mode: _u32(1, mode), {"private": 1, "vepa": 2, "bridge": 4, "passthru": 8, "source": 16}),
    "macvtap": (lambda mode: _u32(1, mode), {"private": 1, "vepa": 2, "bridge": 4, "passthru": 8, "source": 16}),
    "ipvlan": (lambda mode: _u16(1, mode), {"l2": 0, "l3": 1, "l3s": 2}),
    "ipvtap": (lambda mode: _u16(1, mode), {"l2": 0, "l3": 1, "l3s": 2}),
    "bond": (
        lambda mode: _u8(1, mode),
        {
            "balance-rr": 0,
            "active-backup": 1,
            "balance-xor": 2,
            "broadcast": 3,
            "802.3ad": 4,
            "balance-tlb": 5,
            "balance-alb": 6,
        },
    ),
}

# A bridge reports an attribute only if the kernel was built with what it is about (br_fill_info()); of VLANs that
# is the default PVID, while it always says whether it filters.
BRIDGE = {"vlan_filtering": 39, "multicast_snooping": 23, "nf_call_iptables": 36}

QDISCS = (
    "pfifo", "bfifo", "pfifo_fast", "prio", "sfq", "tbf", "htb", "hfsc", "drr", "ets", "fq", "fq_codel", "codel",
    "pie", "cake", "red", "netem", "mqprio", "ingress", "clsact",
)  # fmt: skip


class Prober:
    """Tries things in the network namespace that it is made in."""

    def __init__(self) -> None:
        self._channel = Channel(None)
        self._parent = 0

    def find_kinds(self, avoid: t.Callable[[str], bool | None]) -> tuple[list[str], dict[str, str]]:
        """The kinds that there are, and why the others are not.

        :param avoid: whether a module could be loaded but is not, for kinds whose module is not to be
            loaded for a question; None: try.
        """
        found, missing = [], {}
        for name, kind in KINDS.items():
            known = avoid(kind.module or name) if kind.fallback else None
            if known or (known is None and self._try(name, kind.data, self._parent_index() if kind.parent else 0)):
                found.append(name)
            else:
                missing[name] = f"this kernel has no {name!r} devices (module {kind.module or name}: not found)"
            self._remove()
        for name, flag in (("tun", IFF_TUN), ("tap", IFF_TAP)):
            reason = _try_tun(flag)
            if reason:
                missing[name] = f"this kernel has no {name!r} devices ({reason})"
            else:
                found.append(name)
        return found, missing

    def find_modes(self, kinds: t.Container[str]) -> dict[str, list[str]]:
        """Of the kinds that there are, the modes that work."""
        found = {}
        for name, (pack, modes) in MODES.items():
            if name in kinds:
                parent = self._parent_index() if KINDS[name].parent else 0
                found[name] = [mode for mode, number in modes.items() if self._has_mode(name, pack(number), parent)]
        return found

    def find_bridge_features(self) -> list[str]:
        """What a bridge can do besides."""
        if self._make("bridge", b"", 0) is not None:
            return []
        answer = self._channel.ask(
            request(self._channel, RTM_GETLINK, 0, _link_header(0) + _attribute(IFLA_IFNAME, f"{PROBE}\0".encode()))
        )
        info = attributes(attributes(answer, 32)[IFLA_LINKINFO], 0)
        reported = attributes(info.get(IFLA_INFO_DATA, b""), 0)
        self._remove()
        return [name for name, number in BRIDGE.items() if number in reported]

    def find_qdiscs(self) -> list[str]:
        """The queueing disciplines that there are."""
        index = self._parent_index()
        return [name for name in QDISCS if index and self._has_qdisc(name, index)]

    def _try(self, kind: str, data: bytes, parent: int) -> bool:
        refused = self._make(kind, data, parent)
        # rtnl_newlink() says EOPNOTSUPP of a kind that it does not know; any other word comes from the kind itself.
        return refused is None or refused.errno != errno.EOPNOTSUPP

    def _has_mode(self, kind: str, data: bytes, parent: int) -> bool:
        made = self._make(kind, data, parent) is None
        self._remove()
        return made

    def _make(self, kind: str, data: bytes, parent: int, name: str = PROBE) -> KernelRefused | None:
        info = _attribute(IFLA_INFO_KIND, kind.encode()) + (_attribute(IFLA_INFO_DATA, data) if data else b"")
        payload = _link_header(0) + _attribute(IFLA_IFNAME, f"{name}\0".encode())
        payload += (_u32(IFLA_LINK, parent) if parent else b"") + _attribute(IFLA_LINKINFO, info)
        return self._send(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, payload)

    def _remove(self) -> None:
        self._send(RTM_DELLINK, 0, _link_header(0) + _attribute(IFLA_IFNAME, f"{PROBE}\0".encode()))

    def _send(self, message: int, flags: int, payload: bytes) -> KernelRefused | None:
        return self._channel.send([request(self._channel, message, NLM_F_ACK | flags, payload)])[0]

    def _parent_index(self) -> int:
        """The index of a device for others to stand on; 0: none could be made."""
        for kind in () if self._parent else ("veth", "dummy", "bridge"):
            if self._make(kind, b"", 0, PARENT) is None:
                answer = self._channel.ask(
                    request(
                        self._channel, RTM_GETLINK, 0, _link_header(0) + _attribute(IFLA_IFNAME, f"{PARENT}\0".encode())
                    )
                )
                self._parent = int(struct.unpack_from("=i", answer, 20)[0])
                self._send(RTM_NEWLINK, 0, _link_header(self._parent, IFF_UP))
                break
        return self._parent

    def _has_qdisc(self, kind: str, index: int) -> bool:
        parent = TC_H_INGRESS if kind in ("ingress", "clsact") else TC_H_ROOT
        handle = TC_H_INGRESS & 0xFFFF0000 if parent == TC_H_INGRESS else 0x10000
        payload = struct.pack("=BxxxiIII", 0, index, handle, parent, 0) + _attribute(TCA_KIND, f"{kind}\0".encode())
        refused = self._send(RTM_NEWQDISC, NLM_F_CREATE | NLM_F_EXCL, payload)
        self._send(RTM_DELQDISC, 0, struct.pack("=BxxxiIII", 0, index, handle, parent, 0))
        # qdisc_create() says ENOENT of a kind that it does not know; most others want options, and say EINVAL.
        return refused is None or refused.errno != errno.ENOENT


def _link_header(index: int, flags: int = 0) -> bytes:
    return struct.pack("=BxHiII", 0, 0, index, flags, flags)


def _try_tun(flag: int) -> str:
    """Make a tun or tap device, which goes with its descriptor; returns why it can't be done."""
    try:
        descriptor = os.open("/dev/net/tun", os.O_RDWR | os.O_CLOEXEC)
    except OSError as error:
        return f"/dev/net/tun: {error.strerror}"
    try:
        fcntl.ioctl(descriptor, TUNSETIFF, struct.pack("16sH22x", PROBE.encode(), flag | IFF_NO_PI))
    except OSError as error:
        return f"/dev/net/tun: {error.strerror}"
    finally:
        os.close(descriptor)
    return ""
