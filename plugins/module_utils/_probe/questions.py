# SPDX-FileCopyrightText: The virtnet.linux authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is asked of the network: checks, places to watch, and what should come out. Values only."""

from __future__ import annotations

import dataclasses

from .._kernel.packets import Outgoing

ICMP, ARP, TCP, UDP = "icmp", "arp", "tcp", "udp"
PROTOCOLS = (ICMP, ARP, TCP, UDP)
SOME = -1  # 'some' where a number is expected: one or more
IPV4, IPV6 = "ipv4", "ipv6"


@dataclasses.dataclass(frozen=True)
class Place:
    """A namespace, as the user calls it and as the machine does."""

    name: str | None
    netns: str | None

    def __str__(self) -> str:
        return self.name if self.name is not None else "here"


@dataclasses.dataclass(frozen=True)
class Listener:
    """Where this process itself listens during a check."""

    place: Place
    address: str | None
    port: int


@dataclasses.dataclass(frozen=True)
class Facts:
    """What must hold of an answer; None: anything."""

    answer: str
    ttl: int | None = None
    responder: str | None = None
    duplicates: int | None = None
    received: int | None = None
    peer_sees: str | None = None
    peer_port: int | None = None


@dataclasses.dataclass(frozen=True)
class Check:
    """One question. `path` is where it stands in the options (checks[3]); times are in seconds."""

    path: str
    place: Place
    to: str
    protocol: str
    port: int
    listener: Listener | None
    outgoing: Outgoing
    size: int
    icmp_id: int | None
    count: int
    timeout: float
    facts: Facts
    name: str | None
    outcome: str | None
    pair: tuple[str, str] | None = None


@dataclasses.dataclass(frozen=True)
class FrameExpectation:
    """Frames that should be seen; None: any. count SOME: one or more."""

    path: str
    frame: str
    source: str | None
    destination: str | None
    source_mac: str | None
    destination_mac: str | None
    ttl: int | None
    vlan: int | None
    vni: int | None
    direction: str | None
    source_port: int | None
    destination_port: int | None
    icmp_id: int | None
    count: int
    name: str | None
    outcome: str | None


@dataclasses.dataclass(frozen=True)
class WatchPoint:
    """An interface whose frames are looked at meanwhile."""

    path: str
    place: Place
    interface: str
    expectations: tuple[FrameExpectation, ...]
    name: str | None
    outcome: str | None


@dataclasses.dataclass(frozen=True)
class Matrix:
    """Every ordered pair among some namespaces."""

    among: tuple[Place, ...]
    facts: Facts
    version: int | None
    name: str | None
    outcome: str | None


@dataclasses.dataclass(frozen=True)
class Questions:
    """Everything one task asks."""

    prefix: str
    checks: tuple[Check, ...]
    matrix: Matrix | None
    watch: tuple[WatchPoint, ...]
    count: int
    timeout: float
    duration: float
    serial: bool
    settle: float
    fresh: bool
