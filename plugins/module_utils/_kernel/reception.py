# SPDX-FileCopyrightText: The virtnet.linux authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading packets together with what the kernel knows about them: when, hop limit, direction, VLAN.

The kernel stamps a packet on arrival. Round trips measured with its stamps stay true when thousands
of answers wait to be read.
"""

from __future__ import annotations

import dataclasses
import socket
import struct
import typing as t

from .packets import IP_PKTINFO, PACKET_AUXDATA, PACKET_STATISTICS, SO_TIMESTAMPNS, SOL_PACKET

PACKET_OUTGOING = 4
IPPROTO_IP_TTL = 2  # the type of the control message that IP_RECVTTL asks for
IPV6_HOPLIMIT = 52
TP_STATUS_VLAN_VALID = 1 << 4
LARGEST = 65_600  # an IP packet and its frame header; locally, packets of 64 KiB pass unsegmented
ANCILLARY = 256

_TIMESPEC = struct.Struct("@ll")
_AUXDATA = struct.Struct("@IIIHHHH")
_INT = struct.Struct("@i")


@dataclasses.dataclass(frozen=True)
class Datagram:
    """A packet as a socket gives it, and its circumstances."""

    data: bytes
    source: t.Any
    time: float
    hop_limit: int | None
    packet_info: tuple[int, int, bytes] | None


@dataclasses.dataclass(frozen=True)
class ReceivedFrame:
    """A frame as a packet socket gives it, before anyone looks inside.

    :ivar time: seconds since the epoch.
    :ivar hardware: the kind of its interface, ARPHRD_*.
    :ivar protocol: its ethertype as the kernel sees it.
    :ivar vlan: the VLAN that was taken off before the socket saw the frame.
    """

    data: bytes
    time: float
    outgoing: bool
    hardware: int
    protocol: int
    vlan: int | None
    source_mac: bytes


def receive(sock: socket.socket) -> Datagram | None:
    """The next datagram; None when none waits. Errors of the connection are raised as OSError."""
    try:
        data, ancillary, _flags, source = sock.recvmsg(LARGEST, ANCILLARY)
    except BlockingIOError:
        return None
    time, hop_limit, packet_info = 0.0, None, None
    for level, kind, value in ancillary:
        if level == socket.SOL_SOCKET and kind == SO_TIMESTAMPNS:
            seconds, nanoseconds = _TIMESPEC.unpack_from(value)
            time = seconds + nanoseconds / 1e9
        elif (level == socket.IPPROTO_IP and kind == IPPROTO_IP_TTL) or (
            level == socket.IPPROTO_IPV6 and kind == IPV6_HOPLIMIT
        ):
            hop_limit = _INT.unpack_from(value)[0]
        elif kind in (IP_PKTINFO, socket.IPV6_PKTINFO):
            packet_info = (level, kind, value)
    return Datagram(data, source, time, hop_limit, packet_info)


def answer_from_same_address(sock: socket.socket, asked: Datagram, data: bytes) -> None:
    """Answer a datagram from the address that it came to, which may be a second one of the interface."""
    ancillary = []
    if asked.packet_info is not None:
        level, kind, value = asked.packet_info
        if kind == IP_PKTINFO:  # struct in_pktinfo: ifindex, address to use as source, address of the header
            ancillary = [(level, kind, struct.pack("i", 0) + value[4:8] + bytes(4))]
        else:
            ancillary = [(level, kind, value)]
    sock.sendmsg([data], ancillary, 0, asked.source)


def receive_frame(sock: socket.socket) -> ReceivedFrame | None:
    """The next frame; None when none waits."""
    try:
        data, ancillary, _flags, source = sock.recvmsg(LARGEST, ANCILLARY)
    except BlockingIOError:
        return None
    time, vlan = 0.0, None
    for level, kind, value in ancillary:
        if level == socket.SOL_SOCKET and kind == SO_TIMESTAMPNS:
            seconds, nanoseconds = _TIMESPEC.unpack_from(value)
            time = seconds + nanoseconds / 1e9
        elif level == SOL_PACKET and kind == PACKET_AUXDATA:
            status, _length, _snap, _mac, _net, tag, _tpid = _AUXDATA.unpack_from(value)
            if status & TP_STATUS_VLAN_VALID:
                vlan = tag & 0x0FFF
    _interface, protocol, packet_type, hardware, source_mac = source
    return ReceivedFrame(data, time, packet_type == PACKET_OUTGOING, hardware, protocol, vlan, source_mac)


def frames_lost(sock: socket.socket) -> int:
    """How many frames a packet socket had no room for since this was last asked."""
    _seen, lost = struct.unpack("II", sock.getsockopt(SOL_PACKET, PACKET_STATISTICS, 8))
    return int(lost)
