# SPDX-FileCopyrightText: The virtnet.linux authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Asking many checks at once: sockets shared where packets leave the same way, sends paced, answers read."""

from __future__ import annotations

import dataclasses
import errno
import os
import time
import typing as t

from .._kernel import surroundings
from .._kernel.netlink import Channels
from .._kernel.packets import Outgoing, index_of
from .._values.errors import KernelRefused, VirtnetError
from . import answers, echo
from .arp import ArpChannel
from .crowd import Crowd
from .datagrams import UdpAsker
from .echo import IcmpChannel
from .inquiry import Inquiry
from .listeners import Listeners
from .loop import Loop
from .questions import ARP, ICMP, TCP, UDP
from .streams import TcpAsker

INTERVAL = 0.2  # seconds between the packets of one check
NEIGHBOUR_FAILURE = 5.0  # seconds: three requests a second apart fail after 3.1 s (mcast_solicit, retrans_time)
RETRY = 0.02  # seconds, when the kernel has no room for a packet
DUPLICATES = 0.2  # seconds in which the last packet's duplicates arrive
LINGER = 0.01
# Seconds until a host that has said too many ICMP errors to another says the next one. For a missing route both
# ip_error() in net/ipv4/route.c and icmp_ratelimit take a second's worth from one bucket, and what the first took is
# lost when the second finds too little.
RATE_LIMIT = 2.1


class Asker:
    """Asks a set of checks at once and waits for their answers."""

    def __init__(self, loop: Loop, channels: Channels, inquiries: t.Sequence[Inquiry], crowd: Crowd) -> None:
        self._loop, self._channels, self._crowd = loop, channels, crowd
        self._inquiries = [inquiry for inquiry in inquiries if not inquiry.finished]
        self._icmp: dict[tuple[str | None, int, Outgoing], IcmpChannel] = {}
        self._arp: dict[tuple[str | None, str], ArpChannel] = {}
        self._own: list[TcpAsker | UdpAsker] = []
        self._listeners = Listeners(loop, {inquiry.number: inquiry for inquiry in inquiries})
        self._last_sent = 0.0
        self._identifier = int.from_bytes(os.urandom(2), "big")

    def ask(self) -> None:
        """Send everything, and return when all is answered or no answer can come any more."""
        try:
            sends = [(inquiry, self._prepare(inquiry)) for inquiry in self._inquiries]
            start = time.monotonic()
            for inquiry, send in sends:
                self._loop.at(start, self._sending(inquiry, send, 0))
            self._wait()
            self._ask_starved(sends)
            self._linger()
        finally:
            self.close()

    def _wait(self) -> None:
        pending = list(self._inquiries)

        def finished() -> bool:
            while pending and pending[-1].finished:
                pending.pop()
            return not pending

        def until() -> float:
            # Unsent packets have no deadline yet; theirs is set when the last one leaves.
            return max((inquiry.deadline or float("inf")) for inquiry in pending if not inquiry.finished)

        latest = _Cached(until)
        self._loop.run(finished, latest)
        self._loop.clear()

    def _ask_starved(self, sends: t.Sequence[tuple[Inquiry, t.Callable[[int], None]]]) -> None:
        """Ask once more where an ICMP error was expected and none came, and again as long as that brings some.

        A host says two to six errors at once to another and then one in one or two seconds, and so many
        in all (icmp_ratelimit, icmp_msgs_per_sec; icmpv4_xrlim_allow in net/ipv4/icmp.c). The errors of
        a task just before count too.
        """
        while True:
            starved = [(inquiry, send) for inquiry, send in sends if _is_starved(inquiry)]
            if not starved:
                return
            when = max(time.monotonic(), self._last_sent + RATE_LIMIT)
            for inquiry, send in starved:
                inquiry.wanted, inquiry.enough, inquiry.deadline = len(inquiry.sent_at) + 1, 1, 0.0
                self._loop.at(when, self._sending(inquiry, send, len(inquiry.sent_at)))
            self._wait()
            if not any(inquiry.obstacle is not None for inquiry, _send in starved):
                return

    def _linger(self) -> None:
        """Let duplicates of the last packet arrive."""
        wanted = any(inquiry.check.facts.duplicates is not None or inquiry.duplicates for inquiry in self._inquiries)
        end = time.monotonic() + (DUPLICATES if wanted else LINGER)
        self._loop.run(lambda: False, lambda: end)

    def _sending(self, inquiry: Inquiry, send: t.Callable[[int], None], sequence: int) -> t.Callable[[], None]:
        return lambda: self._send(inquiry, send, sequence)

    def _send(self, inquiry: Inquiry, send: t.Callable[[int], None], sequence: int) -> None:
        self._crowd.make_room(inquiry.destination.address.version)
        inquiry.sent(sequence)
        try:
            send(sequence)
        except OSError as problem:
            del inquiry.sent_at[sequence]
            if problem.errno in (errno.ENOBUFS, errno.EAGAIN):
                self._loop.at(time.monotonic() + RETRY, self._sending(inquiry, send, sequence))
            else:
                inquiry.stopped(self._refusal(inquiry, problem))
            return
        now = self._last_sent = time.monotonic()
        if sequence + 1 < inquiry.wanted:
            self._loop.at(now + INTERVAL, self._sending(inquiry, send, sequence + 1))
        else:
            patient = inquiry.check.facts.answer == answers.HOST_UNREACHABLE
            inquiry.deadline = now + max(inquiry.check.timeout, NEIGHBOUR_FAILURE if patient else 0.0)

    def _refusal(self, inquiry: Inquiry, problem: OSError) -> answers.Obstacle:
        """What the kernel means by refusing: a blackhole is one of the many cases of EINVAL."""
        number = problem.errno or 0
        words = os.strerror(number)
        if number == errno.EINVAL and inquiry.target is not None:
            netns, address = inquiry.check.place.netns, inquiry.target.address
            if surroundings.is_blackholed(self._channels, netns, address):
                return answers.Obstacle(answers.BLACKHOLE, None, f"a blackhole route or rule ({words!r})")
        return answers.of_errno(number, words)

    def _prepare(self, inquiry: Inquiry) -> t.Callable[[int], None]:
        """Open what a check needs, and return what sends its packet number n."""
        try:
            if inquiry.check.listener is not None:
                self._listeners.open_for(inquiry)
            if inquiry.check.protocol == ICMP:
                return self._echo(inquiry)
            if inquiry.check.protocol == ARP:
                return self._arp_request(inquiry)
            ear = self._channel(inquiry, Outgoing())
            asker = (TcpAsker if inquiry.check.protocol == TCP else UdpAsker)(self._loop, ear, inquiry)
        except KernelRefused as refused:
            raise VirtnetError(f"{inquiry.check.path}: {refused.words}") from None
        self._own.append(asker)
        return lambda _sequence: asker.ask()

    def _channel(self, inquiry: Inquiry, outgoing: Outgoing) -> IcmpChannel:
        netns, family = inquiry.check.place.netns, inquiry.destination.family
        channel = self._icmp.get((netns, family, outgoing))
        if channel is None:
            channel = IcmpChannel(netns, family, outgoing)
            self._icmp[(netns, family, outgoing)] = channel
            self._loop.register(channel.socket, channel.read)
        return channel

    def _echo(self, inquiry: Inquiry) -> t.Callable[[int], None]:
        check, target = inquiry.check, inquiry.destination
        channel = self._channel(inquiry, dataclasses.replace(check.outgoing, source_port=0))
        # A new identifier for each check: a connection tracked earlier must not decide.
        self._identifier = (self._identifier + 1) & 0xFFFF
        identifier = check.icmp_id if check.icmp_id is not None else self._identifier
        channel.expect(identifier, inquiry)
        destination = target.sockaddr(0)
        version, size, sock = target.address.version, check.size, channel.socket

        def send(sequence: int) -> None:
            sock.sendto(echo.request(version, identifier, sequence, size), destination)

        return send

    def _arp_request(self, inquiry: Inquiry) -> t.Callable[[int], None]:
        check, target = inquiry.check, inquiry.destination
        netns, interface, source = check.place.netns, check.outgoing.interface, check.outgoing.source
        if interface is None or source is None:
            index = index_of(netns, interface) if interface is not None else 0
            try:
                way = surroundings.way_out(self._channels, netns, target.address, index)
                interface, source = interface or way.interface, source or way.source
            except KernelRefused as refused:
                if interface is None:
                    return _refused(refused)
        channel = self._arp.get((netns, interface))
        if channel is None:
            channel = self._arp[(netns, interface)] = ArpChannel(netns, interface)
            self._loop.register(channel.socket, channel.read)
        asked = channel
        return lambda _sequence: asked.ask(inquiry, source)

    def close(self) -> None:
        """Close all sockets of these checks."""
        self._listeners.close()
        for asker in self._own:
            asker.close()
        channels: list[IcmpChannel | ArpChannel] = [*self._icmp.values(), *self._arp.values()]
        for channel in channels:
            self._loop.unregister(channel.socket)
            channel.close()


class _Cached:
    """A time that only grows later: computed again when it has passed."""

    def __init__(self, compute: t.Callable[[], float]) -> None:
        self._compute, self._value = compute, 0.0

    def __call__(self) -> float:
        if self._value <= time.monotonic():
            self._value = self._compute()
            if self._value == float("inf"):  # something is still to be sent
                self._value = time.monotonic() + INTERVAL
        return self._value


def _refused(refused: KernelRefused) -> t.Callable[[int], None]:
    def send(_sequence: int) -> None:
        raise OSError(refused.errno, refused.words)

    return send


def _is_starved(inquiry: Inquiry) -> bool:
    expected = inquiry.check.facts.answer
    return (
        expected in answers.BY_ICMP
        and inquiry.check.protocol in (ICMP, UDP)  # TCP repeats itself
        and inquiry.answer == answers.TIMEOUT
        and bool(inquiry.sent_at)
    )
