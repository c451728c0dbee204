# SPDX-FileCopyrightText: The virtnet.linux authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Routing netlink sockets, one for each namespace: dumps, and requests sent in batches."""

from __future__ import annotations

import collections
import errno
import os
import resource
import socket
import struct
import typing as t

from .._values.errors import KernelRefused, NotPermitted
from . import namespaces

NETLINK_ROUTE = 0
SOL_NETLINK, NETLINK_CAP_ACK, NETLINK_EXT_ACK, NETLINK_GET_STRICT_CHK = 270, 10, 11, 12
SO_SNDBUFFORCE, SO_RCVBUFFORCE = 32, 33
NLMSG_ERROR, NLMSG_DONE = 2, 3
NLM_F_ACK, NLM_F_DUMP_INTR, NLM_F_CAPPED, NLM_F_ACK_TLVS = 0x4, 0x10, 0x100, 0x200
NLM_F_DUMP = 0x300
NLMSGERR_ATTR_MSG = 1
BUFFER = 1 << 18  # a dump comes in pieces of at most 32 KiB
BATCH = 64  # the default receive buffer holds 256 acknowledgements

_HEADER = struct.Struct("IHHII")
_ATTRIBUTE = struct.Struct("HH")
_buffer = bytearray(BUFFER)  # shared: 1,000 sockets with a buffer each would be 250 MB


class Message(t.NamedTuple):
    """One netlink message, whole, and its payload after the netlink header."""

    type: int
    flags: int
    sequence: int
    data: bytes


def attributes(data: bytes, offset: int) -> dict[int, bytes]:
    """Top-level attributes by number; of a number that comes twice the last one."""
    return dict(each_attribute(data, offset))


def each_attribute(data: bytes, offset: int) -> t.Iterator[tuple[int, bytes]]:
    """Top-level attributes, number and value, in their order."""
    end = len(data)
    while offset + 4 <= end:
        length, kind = _ATTRIBUTE.unpack_from(data, offset)
        if length < 4:
            break
        yield kind & 0x3FFF, data[offset + 4 : offset + length]
        offset += (length + 3) & ~3


class Channel:
    """A netlink socket in one namespace."""

    def __init__(self, netns: str | None) -> None:
        with namespaces.inside(netns):
            self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, NETLINK_ROUTE)
        self._socket.bind((0, 0))
        for option in (NETLINK_CAP_ACK, NETLINK_EXT_ACK, NETLINK_GET_STRICT_CHK):
            try:
                self._socket.setsockopt(SOL_NETLINK, option, 1)
            except OSError:
                pass  # before Linux 4.12 or 4.20: errors have no words, dumps are not filtered
        self._sequence = 0

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()

    def next_sequence(self) -> int:
        """A sequence number for the next message."""
        self._sequence += 1
        return self._sequence

    def _receive(self) -> t.Iterator[Message]:
        size = self._socket.recv_into(_buffer)
        data = bytes(memoryview(_buffer)[:size])
        offset = 0
        while offset + 16 <= size:
            length, kind, flags, sequence, _pid = _HEADER.unpack_from(data, offset)
            yield Message(kind, flags, sequence, data[offset : offset + length])
            offset += (length + 3) & ~3

    def dump(self, request: bytes) -> list[bytes]:
        """All messages that answer a dump request; read again when it was interrupted by a change."""
        for _attempt in range(10):
            self._socket.send(request)
            found: list[bytes] = []
            interrupted = done = False
            while not done:
                for message in self._receive():
                    interrupted = interrupted or bool(message.flags & NLM_F_DUMP_INTR)
                    if message.type in (NLMSG_DONE, NLMSG_ERROR):
                        done = True
                        raise_error(message)
                    else:
                        found.append(message.data)
            if not interrupted:
                break
        return found

    def ask(self, request: bytes) -> bytes:
        """The one message that answers a request.

        :raises KernelRefused: the kernel answered with an error.
        """
        self._socket.send(request)
        for message in self._receive():
            if message.type == NLMSG_ERROR:
                raise_error(message)
            return message.data
        raise KernelRefused(errno.EPROTO, "no answer from the kernel")

    def send(self, requests: t.Sequence[bytes]) -> list[KernelRefused | None]:
        """Send requests that ask for acknowledgement, and return what became of each.

        The kernel goes on after a request that fails; each has its own verdict.
        """
        verdicts: list[KernelRefused | None] = []
        for start in range(0, len(requests), BATCH):
            verdicts += self._send_batch(requests[start : start + BATCH])
        return verdicts

    def _send_batch(self, batch: t.Sequence[bytes]) -> list[KernelRefused | None]:
        numbers = {_HEADER.unpack_from(request)[3]: place for place, request in enumerate(batch)}
        verdicts: list[KernelRefused | None] = [None] * len(batch)
        self._socket.send(b"".join(batch))
        waiting = len(batch)
        while waiting:
            for message in self._receive():
                place = numbers.get(message.sequence)
                if message.type != NLMSG_ERROR or place is None:
                    continue
                waiting -= 1
                try:
                    raise_error(message)
                except KernelRefused as refused:
                    verdicts[place] = refused
        return verdicts


def raise_error(message: Message) -> None:
    """Raise what an NLMSG_ERROR or NLMSG_DONE message says, unless it says success."""
    if len(message.data) < 20:
        return
    (number,) = struct.unpack_from("i", message.data, 16)
    if number >= 0:
        return
    words = os.strerror(-number)
    if message.flags & NLM_F_ACK_TLVS and message.type == NLMSG_ERROR:
        (inner,) = struct.unpack_from("I", message.data, 20)
        offset = 36 if message.flags & NLM_F_CAPPED else 20 + ((inner + 3) & ~3)
        explained = attributes(message.data, offset).get(NLMSGERR_ATTR_MSG)
        if explained:
            words = explained.rstrip(b"\0").decode(errors="replace")
    if -number == errno.EPERM:
        raise NotPermitted(f"the kernel says {words!r}: changing networks needs root (become: true)")
    raise KernelRefused(-number, words)


class Channels:
    """The sockets in use, by namespace; the oldest are closed before the file limit is reached."""

    def __init__(self) -> None:
        limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
        self._most = max(8, min(512, limit // 2 if limit > 0 else 512))
        self._open: collections.OrderedDict[str | None, Channel] = collections.OrderedDict()

    def of(self, netns: str | None) -> Channel:
        """The socket in a namespace, opened when it is first needed."""
        channel = self._open.get(netns)
        if channel is None:
            while len(self._open) >= self._most:
                self._open.popitem(last=False)[1].close()
            channel = self._open[netns] = Channel(netns)
        else:
            self._open.move_to_end(netns)
        return channel

    def forget(self, netns: str | None) -> None:
        """Close the socket in a namespace: an open socket keeps a namespace alive."""
        channel = self._open.pop(netns, None)
        if channel is not None:
            channel.close()

    def close(self) -> None:
        """Close all sockets."""
        for netns in list(self._open):
            self.forget(netns)
