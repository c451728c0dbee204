# SPDX-FileCopyrightText: The virtnet.linux authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Asking over TCP: connect, and where the module listens itself, exchange a line."""

from __future__ import annotations

import errno
import os
import select
import socket
import struct
import time

from .._kernel import packets
from . import answers, tokens
from .answers import Obstacle
from .echo import IcmpChannel
from .inquiry import Inquiry
from .loop import Loop


class TcpAsker:
    """One connection attempt."""

    def __init__(self, loop: Loop, ear: IcmpChannel, inquiry: Inquiry) -> None:
        check, target = inquiry.check, inquiry.destination
        self._loop, self._ear, self._inquiry = loop, ear, inquiry
        self.socket: socket.socket = packets.open_tcp(check.place.netns, target.family, check.outgoing)
        if check.outgoing.source_port and check.listener is None:
            # A reset instead of TIME_WAIT: the port must be free for the next run.
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    def ask(self) -> None:
        """Begin to connect.

        :raises OSError: the kernel refuses at once.
        """
        check = self._inquiry.check
        number = self.socket.connect_ex(self._inquiry.destination.sockaddr(check.port))
        if number not in (0, errno.EINPROGRESS):
            raise OSError(number, os.strerror(number))
        source_port = self.socket.getsockname()[1]
        self._ear.flows[(socket.IPPROTO_TCP, source_port, check.port)] = self._inquiry
        self._loop.register(self.socket, self._concluded, select.EPOLLOUT)

    def _concluded(self) -> None:
        """Connected, or refused with a reason; an ICMP error that gave the reason is heard first."""
        number = self.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if number:
            self._ear.read()
            if not self._inquiry.finished:
                self._inquiry.hindered(0, self._refusal(number))
            self.close()
            return
        self._inquiry.connected = True
        if self._inquiry.check.listener is None:
            self._inquiry.replied(0, time.time(), str(self._inquiry.destination.address), None)
            self.close()
            return
        self._inquiry.round_trip = time.time() - self._inquiry.sent_at[0]
        self.socket.send(tokens.token(self._inquiry.number))
        self._loop.modify(self.socket, self._heard, select.EPOLLIN)

    def _refusal(self, number: int) -> Obstacle:
        if number == errno.ECONNREFUSED:
            return Obstacle(answers.REFUSED, str(self._inquiry.destination.address), "connection refused")
        return answers.of_errno(number, os.strerror(number))

    def _heard(self) -> None:
        """The listener answered, or the connection ended without an answer."""
        try:
            data = self.socket.recv(256)
        except BlockingIOError:
            return
        except OSError as problem:
            data = b""
            self._inquiry.hindered(0, answers.of_errno(problem.errno or 0, problem.strerror or ""))
        if tokens.number_in(data) == self._inquiry.number:
            self._inquiry.responder = str(self._inquiry.destination.address)
            self._inquiry.replied(0, time.time(), self._inquiry.responder, None)
        self.close()

    def close(self) -> None:
        """Close the connection."""
        if self.socket.fileno() >= 0:
            self._loop.unregister(self.socket)
            self.socket.close()
