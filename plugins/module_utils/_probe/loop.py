# SPDX-FileCopyrightText: The virtnet.linux authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One thread that waits for many sockets and for the time: epoll and a heap of what is due."""

from __future__ import annotations

import heapq
import itertools
import select
import socket
import time
import typing as t

Action = t.Callable[[], None]

LONGEST_WAIT = 0.25  # seconds; a bound on how late 'finished' is noticed


class Loop:
    """Calls readers when their socket has something, and actions when they are due."""

    def __init__(self) -> None:
        self._poll = select.epoll()
        self._readers: dict[int, Action] = {}
        self._due: list[tuple[float, int, Action]] = []
        self._order = itertools.count()

    def register(self, sock: socket.socket, reader: Action, events: int = select.EPOLLIN) -> None:
        """Call `reader` whenever the socket has one of `events`, an error or an end."""
        self._readers[sock.fileno()] = reader
        self._poll.register(sock.fileno(), events)

    def modify(self, sock: socket.socket, reader: Action, events: int) -> None:
        """From now on wait for something else."""
        self._readers[sock.fileno()] = reader
        self._poll.modify(sock.fileno(), events)

    def unregister(self, sock: socket.socket) -> None:
        """Wait for this socket no more; one that is closed or unknown is fine."""
        if self._readers.pop(sock.fileno(), None) is not None:
            self._poll.unregister(sock.fileno())

    def at(self, when: float, action: Action) -> None:
        """Call `action` at a time of the monotonic clock; those due at once keep their order."""
        heapq.heappush(self._due, (when, next(self._order), action))

    def read_ready(self, seconds: float) -> bool:
        """Wait so long for sockets and call their readers; whether there were any."""
        ready = self._poll.poll(max(0.0, seconds))
        for descriptor, _events in ready:
            reader = self._readers.get(descriptor)
            if reader is not None:  # an earlier reader of this round may have closed it
                reader()
        return bool(ready)

    def run(self, finished: t.Callable[[], bool], until: t.Callable[[], float]) -> None:
        """Go on until `finished` says so or the time of `until` has come; both are asked again each time."""
        while not finished():
            now = time.monotonic()
            if now >= until() and not (self._due and self._due[0][0] <= now):
                return
            if self._due and self._due[0][0] <= now:
                heapq.heappop(self._due)[2]()
                if next(self._order) % 16 == 0:  # answers are read while questions still leave
                    self.read_ready(0)
                continue
            following = self._due[0][0] if self._due else now + LONGEST_WAIT
            self.read_ready(min(following, until(), now + LONGEST_WAIT) - now)

    def clear(self) -> None:
        """Forget what is due."""
        self._due.clear()

    def close(self) -> None:
        """Give the epoll descriptor back; the sockets are their owners'."""
        self._poll.close()
