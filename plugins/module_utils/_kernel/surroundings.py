# SPDX-FileCopyrightText: The virtnet.linux authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a namespace is like when questions are asked in it: addresses, ports not yet forwarding, ways out.

Read with hand-packed requests, since a task that asks 1,000 namespaces decodes only what it needs.
Structures: include/uapi/linux/{rtnetlink,if_addr,if_link,fib_rules}.h.
"""

from __future__ import annotations

import dataclasses
import ipaddress
import socket
import struct
import typing as t

from .netlink import Channel, Channels, attributes

NLM_F_REQUEST, NLM_F_DUMP = 0x1, 0x300
RTM_GETLINK, RTM_GETADDR, RTM_GETROUTE, RTM_GETRULE = 18, 22, 26, 34
IFF_UP, IFF_LOWER_UP = 0x1, 0x10000
IFA_ADDRESS, IFA_LOCAL, IFA_FLAGS = 1, 2, 8
IFA_F_DADFAILED, IFA_F_TENTATIVE, IFA_F_OPTIMISTIC = 0x08, 0x40, 0x04
RT_SCOPE_UNIVERSE = 0
IFLA_IFNAME, IFLA_MASTER, IFLA_PROTINFO, IFLA_BRPORT_STATE = 3, 10, 12, 1
BR_STATE_DISABLED, BR_STATE_LISTENING, BR_STATE_LEARNING = 0, 1, 2
RTA_DST, RTA_OIF, RTA_PREFSRC, FRA_DST = 1, 4, 7, 1
RTN_BLACKHOLE, FR_ACT_BLACKHOLE = 6, 6

IpAddress = t.Union[ipaddress.IPv4Address, ipaddress.IPv6Address]


@dataclasses.dataclass(frozen=True)
class Unready:
    """Something that keeps a namespace from answering yet.

    :ivar passing: it goes by itself; otherwise it may stay for ever (no carrier).
    """

    what: str
    passing: bool


@dataclasses.dataclass(frozen=True)
class WayOut:
    """Where the kernel would send a packet to an address."""

    interface: str
    source: str | None


def request(channel: Channel, kind: int, flags: int, payload: bytes) -> bytes:
    """A netlink message with its header."""
    return struct.pack("=IHHII", 16 + len(payload), kind, NLM_F_REQUEST | flags, channel.next_sequence(), 0) + payload


def _dump(channel: Channel, kind: int, payload: bytes) -> list[bytes]:
    return channel.dump(request(channel, kind, NLM_F_DUMP, payload))


def _addresses(channel: Channel) -> t.Iterator[tuple[int, int, int, IpAddress]]:
    """Every address: ifindex, flags, scope, address; in the kernel's order."""
    for message in _dump(channel, RTM_GETADDR, struct.pack("=BBBBI", 0, 0, 0, 0, 0)):
        family, _length, _flags, scope, index = struct.unpack_from("=BBBBI", message, 16)
        if family not in (socket.AF_INET, socket.AF_INET6):
            continue
        found = attributes(message, 24)
        raw = found.get(IFA_LOCAL) or found.get(IFA_ADDRESS)
        if raw is not None:
            flags = struct.unpack("=I", found[IFA_FLAGS])[0] if IFA_FLAGS in found else _flags
            yield index, flags, scope, ipaddress.ip_address(raw)


def global_addresses(channels: Channels, netns: str | None, version: int | None) -> list[str]:
    """The addresses of a namespace with global scope, IPv4 first, else in the kernel's order.

    :param version: 4 or 6 for those alone.
    """
    found = [address for _index, _flags, scope, address in _addresses(channels.of(netns)) if scope == RT_SCOPE_UNIVERSE]
    wanted = [address for address in found if version in (None, address.version)]
    return [str(address) for address in sorted(wanted, key=lambda address: address.version)]


def _links(channel: Channel) -> dict[int, tuple[str, int]]:
    """Name and flags of every link by its index."""
    links = {}
    for message in _dump(channel, RTM_GETLINK, struct.pack("=BxHiII", 0, 0, 0, 0, 0)):
        _family, _type, index, flags, _change = struct.unpack_from("=BxHiII", message, 16)
        links[index] = (attributes(message, 32)[IFLA_IFNAME].rstrip(b"\0").decode(), flags)
    return links


def tentative_addresses(channels: Channels, netns: str | None) -> list[Unready]:
    """IPv6 addresses that may not be used yet, for a second or two, since another host might have them."""
    channel = channels.of(netns)
    held_back = [
        (index, address)
        for index, flags, _scope, address in _addresses(channel)
        if flags & IFA_F_TENTATIVE and not flags & (IFA_F_DADFAILED | IFA_F_OPTIMISTIC)
    ]
    found = []
    links = _links(channel) if held_back else {}
    for index, address in held_back:
        name, flags = links.get(index, ("?", 0))
        if flags & IFF_UP:  # duplicate address detection starts when the link has carrier
            found.append(Unready(f"{address} on {name} is tentative", bool(flags & IFF_LOWER_UP)))
    return found


def ports_not_forwarding(channels: Channels, netns: str | None) -> list[Unready]:
    """Bridge ports that are up, have carrier, and no final state yet. Blocking is final."""
    channel = channels.of(netns)
    found = []
    for message in _dump(channel, RTM_GETLINK, struct.pack("=BxHiII", socket.AF_BRIDGE, 0, 0, 0, 0)):
        flags = struct.unpack_from("=I", message, 24)[0]
        described = attributes(message, 32)
        state = attributes(described.get(IFLA_PROTINFO, b""), 0).get(IFLA_BRPORT_STATE)
        if state is None or not flags & IFF_UP or not flags & IFF_LOWER_UP:
            continue
        name = described[IFLA_IFNAME].rstrip(b"\0").decode()
        if state[0] in (BR_STATE_LISTENING, BR_STATE_LEARNING):
            found.append(Unready(f"bridge port {name} does not forward yet", True))
        elif state[0] == BR_STATE_DISABLED and _is_up(channel, described.get(IFLA_MASTER)):
            # The bridge hears of carrier up to a second late (net/core/link_watch.c).
            found.append(Unready(f"bridge port {name} is disabled", False))
    return found


def _is_up(channel: Channel, index: bytes | None) -> bool:
    if index is None:
        return False
    return bool(_links(channel).get(struct.unpack("=I", index)[0], ("", 0))[1] & IFF_UP)


def way_out(channels: Channels, netns: str | None, address: IpAddress, interface: int) -> WayOut:
    """The interface and source address with which the kernel would ask for an address.

    :param interface: an ifindex that it must leave by, or 0.
    :raises KernelRefused: there is no route.
    """
    channel = channels.of(netns)
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    payload = struct.pack("=BBBBBBBBI", family, address.max_prefixlen, 0, 0, 0, 0, 0, 0, 0)
    payload += _attribute(RTA_DST, address.packed)
    if interface:
        payload += _attribute(RTA_OIF, struct.pack("=I", interface))
    found = attributes(channel.ask(request(channel, RTM_GETROUTE, 0, payload)), 28)
    name = _links(channel)[struct.unpack("=I", found[RTA_OIF])[0]][0]
    source = found.get(RTA_PREFSRC)
    return WayOut(name, str(ipaddress.ip_address(source)) if source else None)


def _attribute(kind: int, value: bytes) -> bytes:
    padding = b"\0" * (-len(value) % 4)
    return struct.pack("=HH", 4 + len(value), kind) + value + padding


def is_blackholed(channels: Channels, netns: str | None, address: IpAddress) -> bool:
    """Whether a blackhole route or rule covers an address.

    The kernel refuses a packet for a blackhole with EINVAL (fib_props in net/ipv4/fib_semantics.c),
    which it says of many other things too.
    """
    channel = channels.of(netns)
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    for message in _dump(channel, RTM_GETROUTE, struct.pack("=BBBBBBBBI", family, 0, 0, 0, 0, 0, 0, 0, 0)):
        if message[16 + 7] == RTN_BLACKHOLE and _covers(message[17], attributes(message, 28).get(RTA_DST), address):
            return True
    for message in _dump(channel, RTM_GETRULE, struct.pack("=BBBBBBBBI", family, 0, 0, 0, 0, 0, 0, 0, 0)):
        if message[16 + 7] == FR_ACT_BLACKHOLE and _covers(message[17], attributes(message, 28).get(FRA_DST), address):
            return True
    return False


def _covers(length: int, prefix: bytes | None, address: IpAddress) -> bool:
    if prefix is None:
        return length == 0
    return address in ipaddress.ip_network((prefix, length), strict=False)
