# SPDX-FileCopyrightText: The virtnet.linux authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""ICMP and ICMPv6: echo requests and replies, and the errors that concern any packet of ours."""

from __future__ import annotations

import ipaddress
import os
import socket
import struct
import typing as t

from .._kernel import packets, reception
from .._kernel.packets import Outgoing
from . import answers
from .inquiry import Inquiry

ECHO_REQUEST = {4: 8, 6: 128}
ECHO_REPLY = {4: 0, 6: 129}
COOKIE = os.urandom(8)  # tells our replies from those to other programs that chose the same identifier

Flow = tuple[int, int, int]  # protocol, source port, destination port


def checksum(data: bytes) -> int:
    """The Internet checksum (RFC 1071)."""
    if len(data) % 2:
        data += b"\0"
    total: int = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def request(version: int, identifier: int, sequence: int, size: int) -> bytes:
    """An echo request with `size` bytes of payload. The kernel fills in the checksum of ICMPv6."""
    payload = (COOKIE + bytes(size - len(COOKIE))) if size > len(COOKIE) else COOKIE[:size]
    kind = ECHO_REQUEST[version]
    blank = struct.pack("!BBHHH", kind, 0, 0, identifier, sequence & 0xFFFF) + payload
    if version == 6:
        return blank
    return blank[:2] + struct.pack("!H", checksum(blank)) + blank[4:]


class IcmpChannel:
    """A raw ICMP socket in one namespace, shared by all checks that leave it the same way."""

    def __init__(self, netns: str | None, family: int, outgoing: Outgoing) -> None:
        self.socket: socket.socket = packets.open_icmp(netns, family, outgoing)
        self.version = 4 if family == socket.AF_INET else 6
        self.echoes: dict[int, list[Inquiry]] = {}
        self.flows: dict[Flow, Inquiry] = {}

    def expect(self, identifier: int, inquiry: Inquiry) -> None:
        """From now on, packets with this identifier concern this check."""
        self.echoes.setdefault(identifier, []).append(inquiry)

    def read(self) -> None:
        """Take everything that has arrived."""
        while True:
            datagram = reception.receive(self.socket)
            if datagram is None:
                return
            data, hop_limit = datagram.data, datagram.hop_limit
            if self.version == 4:
                hop_limit = data[8]
                data = data[(data[0] & 0x0F) * 4 :]
            if len(data) < 8:
                continue
            if data[0] == ECHO_REPLY[self.version]:
                self._reply(data, hop_limit, str(datagram.source[0]), datagram.time)
            else:
                self._error(data, str(datagram.source[0]))

    def _reply(self, data: bytes, hop_limit: int | None, source: str, when: float) -> None:
        identifier, sequence = struct.unpack_from("!HH", data, 4)
        if not COOKIE.startswith(data[8 : 8 + len(COOKIE)]):
            return
        inquiry = self._owner(identifier, sequence, ipaddress.ip_address(source.partition("%")[0]))
        if inquiry is not None:
            inquiry.replied(_whole(inquiry, sequence), when, source, hop_limit)

    def _owner(self, identifier: int, sequence: int, address: t.Any) -> Inquiry | None:
        """Whose packet it was: checks with one identifier (icmp_id) are told apart by where they went."""
        candidates = self.echoes.get(identifier, ())
        for inquiry in candidates:
            if len(candidates) == 1 or (inquiry.target is not None and inquiry.target.address == address):
                return inquiry
        return None

    def _error(self, data: bytes, responder: str) -> None:
        """An ICMP error quotes the packet that it is about (RFC 792, RFC 4443 3)."""
        (value,) = struct.unpack_from("!I", data, 4)
        obstacle = answers.of_icmp(self.version, data[0], data[1], value, responder)
        quoted = quotation(self.version, data[8:])
        if obstacle is None or quoted is None:
            return
        protocol, destination, start = quoted
        if protocol in (socket.IPPROTO_ICMP, socket.IPPROTO_ICMPV6):
            kind, identifier, sequence = struct.unpack_from("!B3xHH", start)
            inquiry = self._owner(identifier, sequence, destination)
            if inquiry is not None and kind == ECHO_REQUEST[self.version]:
                inquiry.hindered(_whole(inquiry, sequence), obstacle)
        else:
            source_port, destination_port = struct.unpack_from("!HH", start)
            inquiry = self.flows.get((protocol, source_port, destination_port))
            if inquiry is not None:
                inquiry.hindered(len(inquiry.answered | inquiry.refused), obstacle)

    def close(self) -> None:
        """Close the socket."""
        self.socket.close()


def _whole(inquiry: Inquiry, sequence: int) -> int:
    """The packet's number: the wire has 16 bits for it."""
    return next((number for number in inquiry.sent_at if number & 0xFFFF == sequence), sequence)


def quotation(version: int, packet: bytes) -> tuple[int, t.Any, bytes] | None:
    """Protocol, destination and first 8 bytes of the payload of a quoted packet; None if it is cut off."""
    if version == 4:
        start = (packet[0] & 0x0F) * 4 if packet else 0
        if start < 20 or len(packet) < start + 8:
            return None
        return packet[9], ipaddress.ip_address(packet[16:20]), packet[start : start + 8]
    if len(packet) < 48:
        return None
    return packet[6], ipaddress.ip_address(packet[24:40]), packet[40:48]
