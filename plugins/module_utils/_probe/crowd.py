# SPDX-FileCopyrightText: The virtnet.linux authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Not overflowing the kernel's neighbour table when very many ask each other.

The table has room for 1,024 learnt neighbours of all namespaces together (gc_thresh3), and entries
younger than five seconds are never given up (neigh_forced_gc in net/core/neighbour.c). 64 hosts that
all ask each other need 4,032, and beyond the limit replies are lost silently. So when the table is
nearly full, what the namespaces concerned have learnt is forgotten.
"""

from __future__ import annotations

import time
import typing as t

from .._kernel import forgetting
from .._kernel.netlink import Channels
from .loop import Loop

STEP = 32  # packets between two looks at the table
RESERVE = 192  # entries that so many packets may take, several routers on the way included
QUIET = 0.005  # seconds without an answer: all that come at once have come
PATIENCE = 0.1  # seconds to wait for those asked, before what they need is forgotten


class Crowd:
    """Keeps room in the neighbour table while packets are sent."""

    def __init__(self, loop: Loop, channels: Channels, namespaces: t.Sequence[str | None]) -> None:
        self._loop, self._channels = loop, channels
        self._namespaces = [netns for netns in namespaces if netns is not None]
        self._sent = 0
        self._since = 0
        self._opaque = False

    def make_room(self, version: int) -> None:
        """To be called before each packet.

        :param version: 4 or 6.
        """
        if self._sent % STEP == 0 and self._room(version) < RESERVE:
            end = time.monotonic() + PATIENCE
            while self._loop.read_ready(QUIET) and time.monotonic() < end:
                pass
            self._forget()
            # IPv6 multicast fills the table too; that is not ours to forget, and the kernel gives it up by itself.
            self._opaque = self._room(version) < RESERVE
        self._sent += 1
        self._since += 1

    def _room(self, version: int) -> int:
        room = forgetting.neighbour_room(version) if not self._opaque else None
        # Where the table tells nothing: a packet may teach both ends.
        return room if room is not None else forgetting.DEFAULT_THRESHOLD - 2 * self._since

    def _forget(self) -> None:
        for netns in self._namespaces:
            forgetting.forget_neighbours(self._channels, netns)
        self._since = 0

    def disperse(self) -> None:
        """At the end of a crowd's questions: leave room for those who ask next."""
        if self._sent > RESERVE:
            self._forget()
