# SPDX-FileCopyrightText: The virtnet.linux authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Listening during a check, answering, and remembering which source was seen."""

from __future__ import annotations

import select
import socket
import typing as t

from .._kernel import packets, reception
from .._values.errors import KernelRefused, VirtnetError
from . import reading, tokens
from .inquiry import Inquiry
from .loop import Loop
from .questions import TCP

Key = tuple[t.Optional[str], int, int, t.Optional[str], int]  # namespace, family, socket kind, address, port


def key_of(inquiry: Inquiry) -> Key:
    """Checks with the same key share a listener."""
    listener = inquiry.check.listener
    if listener is None:
        raise AssertionError(f"{inquiry.check.path} has no listener")
    family = int(inquiry.destination.family)
    if listener.address is not None:
        address = reading.as_address(listener.address)
        family = int(socket.AF_INET6 if address is not None and address.version == 6 else socket.AF_INET)
    kind = int(socket.SOCK_STREAM if inquiry.check.protocol == TCP else socket.SOCK_DGRAM)
    return listener.place.netns, family, kind, listener.address, listener.port


class Listeners:
    """All sockets that this process is answered on."""

    def __init__(self, loop: Loop, inquiries: t.Mapping[int, Inquiry]) -> None:
        self._loop = loop
        self._inquiries = inquiries
        self._sockets: dict[Key, socket.socket] = {}
        self._connections: set[socket.socket] = set()

    def open_for(self, inquiry: Inquiry) -> None:
        """Make sure that the listener of a check is there.

        :raises VirtnetError: its port is taken, or its address is not there.
        """
        key = key_of(inquiry)
        if key in self._sockets:
            return
        try:
            sock = packets.open_listener(*key)
        except KernelRefused as refused:
            raise VirtnetError(f"{inquiry.check.path}.listener: {refused.words}") from None
        self._sockets[key] = sock
        stream = key[2] == socket.SOCK_STREAM
        self._loop.register(sock, lambda: self._accept(sock) if stream else self._echo(sock))

    def _accept(self, sock: socket.socket) -> None:
        while True:
            try:
                connection, peer = sock.accept()
            except OSError:  # none waits, or it was reset before it was accepted
                return
            connection.setblocking(False)
            self._connections.add(connection)
            self._loop.register(connection, self._reader(connection, peer), select.EPOLLIN)

    def _reader(self, connection: socket.socket, peer: t.Any) -> t.Callable[[], None]:
        return lambda: self._hear(connection, peer)

    def _hear(self, connection: socket.socket, peer: t.Any) -> None:
        """Answer a line, and close first: TIME_WAIT stays here and not on the asker's port."""
        try:
            data = connection.recv(256)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        inquiry = self._remember(data, peer)
        if inquiry is not None:
            connection.send(tokens.token(inquiry.number))
        self._loop.unregister(connection)
        self._connections.discard(connection)
        connection.close()

    def _echo(self, sock: socket.socket) -> None:
        while True:
            try:
                datagram = reception.receive(sock)
            except OSError:  # an ICMP error for an earlier answer
                continue
            if datagram is None:
                return
            if self._remember(datagram.data, datagram.source) is not None:
                try:
                    reception.answer_from_same_address(sock, datagram, datagram.data)
                except OSError:
                    pass  # no way back: the asker's timeout tells

    def _remember(self, data: bytes, peer: t.Any) -> Inquiry | None:
        number = tokens.number_in(data)
        inquiry = self._inquiries.get(number) if number is not None else None
        if inquiry is not None:
            inquiry.peer, inquiry.peer_port = str(peer[0]).partition("%")[0], int(peer[1])
        return inquiry

    def close(self) -> None:
        """Close everything."""
        for sock in (*self._sockets.values(), *self._connections):
            self._loop.unregister(sock)
            sock.close()
        self._sockets.clear()
        self._connections.clear()
