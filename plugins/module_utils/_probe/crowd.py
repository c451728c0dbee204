# SPDX-FileCopyrightText: The virtnet.linux authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Not overflowing the kernel's neighbour table when very many ask each other.

The table has room for 1,024 learnt neighbours of all namespaces together (gc_thresh3), and entries
younger than five seconds are never given up (neigh_forced_gc in net/core/neighbour.c). 64 hosts that
all ask each other need 4,032, and beyond the limit replies are lost silently. So when the table is
nearly full, what was learnt by checks already answered is forgotten again.
"""

from __future__ import annotations

import time
import typing as t

from .._kernel import forgetting
from .._kernel.forgetting import Neighbour
from .._kernel.netlink import Channels
from .loop import Loop

FEW = 128  # checks that can't fill the table
STEP = 32  # how many are sent between two looks at the table
RESERVE = 192  # entries that STEP checks may take, several routers on the way included
QUIET = 0.005  # seconds without an answer: all that come at once have come
PATIENCE = 0.1  # seconds to wait for those asked, before what they need is forgotten


class Crowd:
    """Keeps room in the neighbour table while checks are sent."""

    def __init__(self, loop: Loop, channels: Channels, namespaces: t.Sequence[str | None], size: int) -> None:
        self._loop, self._channels, self._namespaces = loop, channels, namespaces
        self._sent = 0
        self._since = 0
        self._active = size > FEW
        self._before: dict[str | None, frozenset[Neighbour]] = {}
        if self._active:
            for netns in namespaces:
                self._before[netns] = frozenset(forgetting.learnt_neighbours(channels, netns))

    def make_room(self) -> None:
        """To be called before the first packet of a check."""
        self._sent += 1
        self._since += 1
        if not self._active or self._sent % STEP:
            return
        room = forgetting.neighbour_room()
        if room is None:  # out of sight from this namespace: two new ones a check
            room = forgetting.DEFAULT_THRESHOLD - 2 * self._since
        if room >= RESERVE:
            return
        end = time.monotonic() + PATIENCE
        while self._loop.read_ready(QUIET) and time.monotonic() < end:
            pass
        for netns in self._namespaces:
            forgetting.forget_neighbours(self._channels, netns, self._before[netns])
        self._since = 0
