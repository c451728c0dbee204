# SPDX-FileCopyrightText: The virtnet.linux authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A check under way: what was sent, what came back, and whether anything more can come."""

from __future__ import annotations

import dataclasses
import ipaddress
import socket
import time
import typing as t

from .answers import REACHABLE, TIMEOUT, Obstacle
from .questions import Check

IpAddress = t.Union[ipaddress.IPv4Address, ipaddress.IPv6Address]


@dataclasses.dataclass(frozen=True)
class Target:
    """Where a check goes, once its name is resolved. `scope` is an ifindex, for link-local addresses."""

    address: IpAddress
    scope: int = 0

    @property
    def family(self) -> int:
        """AF_INET or AF_INET6."""
        return socket.AF_INET if self.address.version == 4 else socket.AF_INET6

    def sockaddr(self, port: int) -> t.Any:
        """As the socket calls want it."""
        text = str(self.address)
        return (text, port) if self.address.version == 4 else (text, port, 0, self.scope)


@dataclasses.dataclass
class Inquiry:
    """One check while it runs. Sequence numbers count its packets from 0.

    :ivar wanted: how many packets leave in all.
    :ivar enough: after how many answers nothing more is waited for.
    :ivar deadline: when answers are too late (monotonic clock); 0 until the last packet has left.
    """

    check: Check
    number: int
    target: Target | None = None
    wanted: int = 0
    enough: int = 0
    sent_at: dict[int, float] = dataclasses.field(default_factory=dict)
    answered: set[int] = dataclasses.field(default_factory=set)
    refused: set[int] = dataclasses.field(default_factory=set)
    duplicates: int = 0
    obstacle: Obstacle | None = None
    round_trip: float | None = None
    ttl: int | None = None
    responder: str | None = None
    mac: str | None = None
    peer: str | None = None
    peer_port: int | None = None
    connected: bool = False
    deadline: float = 0.0
    finished: bool = False

    def __post_init__(self) -> None:
        self.wanted = self.enough = self.check.count

    @property
    def destination(self) -> Target:
        """Where it goes, of a check whose name is resolved."""
        if self.target is None:
            raise AssertionError(f"{self.check.path} has no address yet")
        return self.target

    def sent(self, sequence: int) -> None:
        """A packet is about to leave."""
        self.sent_at[sequence] = time.time()

    def replied(self, sequence: int, when: float, responder: str, ttl: int | None) -> None:
        """A packet was answered; one answered twice is a duplicate. What comes too late is not heard."""
        if sequence not in self.sent_at or (self.deadline and time.monotonic() > self.deadline):
            return
        if sequence in self.answered:
            self.duplicates += 1
            return
        self.answered.add(sequence)
        if self.round_trip is None:
            self.round_trip = max(0.0, when - self.sent_at[sequence])
            self.responder, self.ttl = responder, ttl
        self._conclude()

    def hindered(self, sequence: int, obstacle: Obstacle) -> None:
        """Somebody on the way said why a packet can't be delivered; the first one to say so counts."""
        if self.deadline and time.monotonic() > self.deadline:
            return
        self.refused.add(sequence)
        if self.obstacle is None:
            self.obstacle = obstacle
        self._conclude()

    def stopped(self, obstacle: Obstacle) -> None:
        """The kernel refuses to send: asking again would get the same answer."""
        if self.obstacle is None:
            self.obstacle = obstacle
        self.finished = True

    def _conclude(self) -> None:
        if len(self.answered | self.refused) >= self.enough:
            self.finished = True

    @property
    def answer(self) -> str:
        """The answer as far as it is known: one reply is enough to be reachable."""
        if self.answered:
            return REACHABLE
        return self.obstacle.answer if self.obstacle is not None else TIMEOUT
