# SPDX-FileCopyrightText: The virtnet.linux authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a frame is: its kind, addresses, hop limit, VLAN and VNI. Checksums are not looked at: the kernel
fills them in after packet sockets have seen a frame that it sends itself."""

from __future__ import annotations

import dataclasses
import socket
import struct

from .._kernel.reception import ReceivedFrame

ARP_REQUEST, ARP_REPLY = "arp_request", "arp_reply"
ICMP_REQUEST, ICMP_REPLY, ICMP_ERROR = "icmp_request", "icmp_reply", "icmp_error"
SOLICITATION, ADVERTISEMENT = "neighbor_solicitation", "neighbor_advertisement"
TCP, UDP, LACP, STP, MACSEC, CAN, OTHER = "tcp", "udp", "lacp", "stp", "macsec", "can", "other"
KINDS = (
    ARP_REQUEST,
    ARP_REPLY,
    ICMP_REQUEST,
    ICMP_REPLY,
    ICMP_ERROR,
    SOLICITATION,
    ADVERTISEMENT,
    TCP,
    UDP,
    LACP,
    STP,
    MACSEC,
    CAN,
    OTHER,
)

ARPHRD_ETHER, ARPHRD_LOOPBACK = 1, 772  # include/uapi/linux/if_arp.h
ETH_P_IP, ETH_P_ARP, ETH_P_8021Q, ETH_P_IPV6, ETH_P_8021AD = 0x0800, 0x0806, 0x8100, 0x86DD, 0x88A8
ETH_P_SLOW, ETH_P_MACSEC = 0x8809, 0x88E5
ETH_P_CAN, ETH_P_CANFD, ETH_P_CANXL = 0x000C, 0x000D, 0x000E
SLOW_LACP = 1  # IEEE 802.3 57A
LLC_STP = b"\x42\x42\x03"
VXLAN_PORTS = (4789, 8472)  # IANA's, and the kernel's default
VXLAN_VNI_VALID = 0x08

_ICMP_KINDS = {8: ICMP_REQUEST, 0: ICMP_REPLY, 3: ICMP_ERROR, 4: ICMP_ERROR, 11: ICMP_ERROR, 12: ICMP_ERROR}
_ICMPV6_KINDS = {
    128: ICMP_REQUEST,
    129: ICMP_REPLY,
    1: ICMP_ERROR,
    2: ICMP_ERROR,
    3: ICMP_ERROR,
    4: ICMP_ERROR,
    135: SOLICITATION,
    136: ADVERTISEMENT,
}
# IPv6 headers that stand between the fixed one and the payload (RFC 8200 4.1)
_EXTENSIONS = (0, 43, 60)
_FRAGMENT = 44


@dataclasses.dataclass(frozen=True)
class Content:
    """What is in a frame. Addresses of ARP are those that it speaks of."""

    kind: str = OTHER
    source: str | None = None
    destination: str | None = None
    ttl: int | None = None
    source_port: int | None = None
    destination_port: int | None = None
    icmp_id: int | None = None
    vni: int | None = None
    inner: Frame | None = None


@dataclasses.dataclass(frozen=True)
class Frame:
    """A frame that was seen. `time` is in seconds since the epoch, `inner` what a VXLAN carries."""

    time: float
    direction: str
    source_mac: str | None
    destination_mac: str | None
    vlan: int | None
    content: Content


def colons(mac: bytes) -> str:
    """A MAC address as people write it."""
    return mac.hex(":")


def look_at(received: ReceivedFrame) -> Frame:
    """Say what a received frame is; a truncated or unknown one is 'other'."""
    direction = "out" if received.outgoing else "in"
    if received.hardware in (ARPHRD_ETHER, ARPHRD_LOOPBACK):
        return _ethernet(received.data, received.time, direction, received.vlan)
    content = _payload(received.protocol, received.data)
    return Frame(received.time, direction, None, None, received.vlan, content)


def _ethernet(data: bytes, time: float, direction: str, vlan: int | None) -> Frame:
    if len(data) < 14:
        return Frame(time, direction, None, None, vlan, Content())
    protocol, offset = int.from_bytes(data[12:14], "big"), 14
    while protocol in (ETH_P_8021Q, ETH_P_8021AD) and len(data) >= offset + 4:
        tag, protocol = struct.unpack_from("!HH", data, offset)
        vlan = vlan if vlan is not None else tag & 0x0FFF  # the outermost tells
        offset += 4
    content = _payload(protocol, data[offset:])
    return Frame(time, direction, colons(data[6:12]), colons(data[:6]), vlan, content)


def _payload(protocol: int, data: bytes) -> Content:
    try:
        if protocol == ETH_P_IP:
            return _ipv4(data)
        if protocol == ETH_P_IPV6:
            return _ipv6(data)
        if protocol == ETH_P_ARP:
            return _arp(data)
        if protocol == ETH_P_SLOW and data[0] == SLOW_LACP:
            return Content(LACP)
    except (struct.error, IndexError, OSError):  # shorter than it says
        return Content()
    if protocol == ETH_P_MACSEC:
        return Content(MACSEC)
    if protocol in (ETH_P_CAN, ETH_P_CANFD, ETH_P_CANXL):
        return Content(CAN)
    if data[:3] == LLC_STP:
        return Content(STP)
    return Content()


def _arp(data: bytes) -> Content:
    hardware_length, protocol_length, operation = struct.unpack_from("!4xBBH", data)
    if protocol_length != 4 or operation not in (1, 2):
        return Content()
    sender = 8 + hardware_length
    target = sender + 4 + hardware_length
    return Content(
        ARP_REQUEST if operation == 1 else ARP_REPLY,
        source=socket.inet_ntoa(data[sender : sender + 4]),
        destination=socket.inet_ntoa(data[target : target + 4]),
    )


def _ipv4(data: bytes) -> Content:
    fragment, ttl, protocol = struct.unpack_from("!6xHBB", data)
    source, destination = socket.inet_ntoa(data[12:16]), socket.inet_ntoa(data[16:20])
    if fragment & 0x1FFF:  # not the first fragment: no ports in it
        return Content(OTHER, source, destination, ttl)
    return _transport(protocol, data[(data[0] & 0x0F) * 4 :], source, destination, ttl)


def _ipv6(data: bytes) -> Content:
    following, ttl = struct.unpack_from("!6xBB", data)
    source = socket.inet_ntop(socket.AF_INET6, data[8:24])
    destination = socket.inet_ntop(socket.AF_INET6, data[24:40])
    offset = 40
    while following in _EXTENSIONS:
        following, offset = data[offset], offset + 8 + data[offset + 1] * 8
    if following == _FRAGMENT:
        if struct.unpack_from("!2xH", data, offset)[0] & 0xFFF8:
            return Content(OTHER, source, destination, ttl)
        following, offset = data[offset], offset + 8
    return _transport(following, data[offset:], source, destination, ttl)


def _transport(protocol: int, data: bytes, source: str, destination: str, ttl: int) -> Content:
    if protocol in (socket.IPPROTO_ICMP, socket.IPPROTO_ICMPV6):
        kinds = _ICMP_KINDS if protocol == socket.IPPROTO_ICMP else _ICMPV6_KINDS
        kind = kinds.get(data[0], OTHER)
        echo = kind in (ICMP_REQUEST, ICMP_REPLY)
        identifier = struct.unpack_from("!4xH", data)[0] if echo else None
        return Content(kind, source, destination, ttl, icmp_id=identifier)
    if protocol == socket.IPPROTO_TCP:
        ports = struct.unpack_from("!HH", data)
        return Content(TCP, source, destination, ttl, ports[0], ports[1])
    if protocol == socket.IPPROTO_UDP:
        ports = struct.unpack_from("!HH", data)
        vni, inner = _vxlan(data[8:]) if ports[1] in VXLAN_PORTS else (None, None)
        return Content(UDP, source, destination, ttl, ports[0], ports[1], None, vni, inner)
    return Content(OTHER, source, destination, ttl)


def _vxlan(data: bytes) -> tuple[int | None, Frame | None]:
    """VNI and inner frame (RFC 7348 5); nothing when it is no VXLAN after all."""
    if len(data) < 8 or not data[0] & VXLAN_VNI_VALID:
        return None, None
    return int.from_bytes(data[4:7], "big"), _ethernet(data[8:], 0.0, "", None)
