# SPDX-FileCopyrightText: The virtnet.linux authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Asking over UDP: a datagram, and whatever comes back from there."""

from __future__ import annotations

import socket

from .._kernel import packets, reception
from . import answers, tokens
from .echo import IcmpChannel
from .inquiry import Inquiry
from .loop import Loop


class UdpAsker:
    """A connected UDP socket of one check."""

    def __init__(self, loop: Loop, ear: IcmpChannel, inquiry: Inquiry) -> None:
        check, target = inquiry.check, inquiry.destination
        self._loop, self._ear, self._inquiry = loop, ear, inquiry
        self.socket: socket.socket = packets.open_udp(check.place.netns, target.family, check.outgoing)
        self._payload = tokens.token(inquiry.number).ljust(check.size, b"\0")
        self._target = target
        self._connected = False

    def ask(self) -> None:
        """Send one datagram.

        :raises OSError: the kernel refuses to send it.
        """
        port = self._inquiry.check.port
        if not self._connected:
            self.socket.connect(self._target.sockaddr(port))
            self._connected = True
            self._ear.flows[(socket.IPPROTO_UDP, self.socket.getsockname()[1], port)] = self._inquiry
            self._loop.register(self.socket, self.read)
        self.read()  # an ICMP error for an earlier datagram would be taken for this one's
        self.socket.send(self._payload)

    def read(self) -> None:
        """Take what came back. UDP has no sequence numbers: an answer too many is a duplicate."""
        while True:
            try:
                datagram = reception.receive(self.socket)
            except OSError as problem:
                self._hindered(problem)
                continue
            if datagram is None:
                return
            inquiry = self._inquiry
            unanswered = [number for number in inquiry.sent_at if number not in inquiry.answered]
            sequence = min(unanswered) if unanswered else max(inquiry.sent_at, default=0)
            inquiry.replied(sequence, datagram.time, str(self._target.address), datagram.hop_limit)

    def _hindered(self, problem: OSError) -> None:
        """An ICMP error reached the socket; the raw socket knows who sent it."""
        self._ear.read()
        if self._inquiry.obstacle is None:
            obstacle = answers.of_errno(problem.errno or 0, problem.strerror or "")
            if obstacle.answer == answers.REFUSED:
                obstacle = answers.Obstacle(answers.PORT_UNREACHABLE, None, obstacle.detail)
            self._inquiry.hindered(max(self._inquiry.sent_at, default=0), obstacle)

    def close(self) -> None:
        """Close the socket."""
        if self.socket.fileno() >= 0:
            self._loop.unregister(self.socket)
            self.socket.close()
