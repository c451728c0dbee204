# SPDX-FileCopyrightText: The virtnet.linux authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Asking who has an address, as arping(8): ARP requests on one interface (RFC 826)."""

from __future__ import annotations

import ipaddress
import socket
import struct

from .._kernel import packets, reception
from .frames import colons
from .inquiry import Inquiry

REQUEST, REPLY = 1, 2
BROADCAST = b"\xff" * 6
_HEADER = struct.Struct("!HHBBH")


class ArpChannel:
    """A packet socket for ARP on one interface of one namespace."""

    def __init__(self, netns: str | None, interface: str) -> None:
        self.socket: socket.socket = packets.open_arp(netns, interface)
        self.interface = interface
        self.mac: bytes = self.socket.getsockname()[4]
        self._asked: dict[bytes, list[Inquiry]] = {}

    def ask(self, inquiry: Inquiry, source: str | None) -> None:
        """Broadcast one request."""
        target = inquiry.destination.address.packed
        waiting = self._asked.setdefault(target, [])
        if inquiry not in waiting:
            waiting.append(inquiry)
        sender = ipaddress.IPv4Address(source).packed if source else bytes(4)
        packet = _HEADER.pack(1, 0x0800, 6, 4, REQUEST) + self.mac + sender + bytes(6) + target
        self.socket.sendto(packet, (self.interface, packets.ETH_P_ARP, 0, 0, BROADCAST))

    def read(self) -> None:
        """Take every reply that has arrived and is for us."""
        while True:
            received = reception.receive_frame(self.socket)
            if received is None:
                return
            data = received.data
            if received.outgoing or len(data) < 28 or _HEADER.unpack_from(data)[4] != REPLY or data[18:24] != self.mac:
                continue
            for inquiry in self._asked.get(data[14:18], ()):
                inquiry.mac = inquiry.mac or colons(data[8:14])
                open_requests = [number for number in inquiry.sent_at if number not in inquiry.answered]
                # ARP has no sequence numbers: a reply too many is a duplicate.
                sequence = min(open_requests) if open_requests else max(inquiry.sent_at)
                inquiry.replied(sequence, received.time, socket.inet_ntoa(data[14:18]), None)

    def close(self) -> None:
        """Close the socket."""
        self.socket.close()
