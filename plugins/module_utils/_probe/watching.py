# SPDX-FileCopyrightText: The virtnet.linux authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Watching interfaces while questions are asked, and counting what was expected to be seen."""

from __future__ import annotations

import collections
import dataclasses
import socket
import typing as t

from .._kernel import packets, reception
from . import frames
from .frames import Frame
from .questions import SOME, FrameExpectation, WatchPoint


@dataclasses.dataclass(frozen=True)
class Sighting:
    """An expectation and how often it was met."""

    expectation: FrameExpectation
    seen: int

    @property
    def ok(self) -> bool:
        """Whether as many were seen as expected."""
        return self.seen >= 1 if self.expectation.count == SOME else self.seen == self.expectation.count


@dataclasses.dataclass(frozen=True)
class Watched:
    """All that one place saw, in order."""

    point: WatchPoint
    frames: tuple[Frame, ...]
    sightings: tuple[Sighting, ...]
    lost: int


class Watcher:
    """A packet socket on one interface, and the frames that it got so far."""

    def __init__(self, point: WatchPoint) -> None:
        self.point = point
        self.socket: socket.socket = packets.open_watch(point.place.netns, point.interface)
        self._frames: list[Frame] = []

    def read(self) -> None:
        """Take what has arrived. On lo each frame comes twice, out and in; it is counted coming in."""
        while True:
            received = reception.receive_frame(self.socket)
            if received is None:
                return
            if not (received.outgoing and received.hardware == frames.ARPHRD_LOOPBACK):
                self._frames.append(frames.look_at(received))

    def result(self) -> Watched:
        """What was seen up to now."""
        self.read()
        sightings = tuple(
            Sighting(expectation, sum(matches(expectation, frame) for frame in self._frames))
            for expectation in self.point.expectations
        )
        return Watched(self.point, tuple(self._frames), sightings, reception.frames_lost(self.socket))

    def close(self) -> None:
        """Close the socket."""
        self.socket.close()


def matches(expectation: FrameExpectation, frame: Frame) -> bool:
    """Whether a frame is what an expectation speaks of.

    One with a VNI speaks of the VXLAN packet itself or of the frame inside, whichever fits.
    """
    if expectation.direction not in (None, frame.direction):
        return False
    if expectation.vni is None:
        return _fits(expectation, frame)
    if frame.content.vni != expectation.vni:
        return False
    inner = frame.content.inner
    return _fits(expectation, frame) or (inner is not None and _fits(expectation, inner))


def _fits(expectation: FrameExpectation, frame: Frame) -> bool:
    content = frame.content
    pairs: tuple[tuple[t.Any, t.Any], ...] = (
        (None if expectation.frame == "any" else expectation.frame, content.kind),
        (expectation.source, content.source),
        (expectation.destination, content.destination),
        (expectation.source_mac, frame.source_mac),
        (expectation.destination_mac, frame.destination_mac),
        (expectation.ttl, content.ttl),
        (expectation.vlan, frame.vlan),
        (expectation.source_port, content.source_port),
        (expectation.destination_port, content.destination_port),
        (expectation.icmp_id, content.icmp_id),
    )
    return all(wanted is None or wanted == seen for wanted, seen in pairs)


def summary(seen: t.Iterable[Frame], most: int = 6) -> str:
    """What was seen, in a few words: 'icmp_request 10.0.0.1 > 10.0.0.2 x2, …'."""
    counts = collections.Counter(
        (
            frame.content.kind,
            frame.content.source or frame.source_mac,
            frame.content.destination or frame.destination_mac,
        )
        for frame in seen
    )
    if not counts:
        return "nothing"
    words = [f"{kind} {source or '?'} > {to or '?'} x{number}" for (kind, source, to), number in counts.items()]
    return ", ".join(words[:most]) + (f" and {len(words) - most} other kinds" if len(words) > most else "")
