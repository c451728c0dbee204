# SPDX-FileCopyrightText: The virtnet.linux authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Before anything is asked: which namespaces are concerned, are they ready, and do they start afresh."""

from __future__ import annotations

import time
import typing as t

from .._kernel import forgetting, namespaces, surroundings
from .._kernel.netlink import Channels
from .._values.errors import VirtnetError
from . import reading
from .questions import Check, Place, Questions

POLL = 0.02  # seconds
LINKWATCH = 1.2  # seconds: the kernel notices carrier up to one second late (net/core/link_watch.c)


def places(questions: Questions) -> t.Iterator[tuple[str, Place]]:
    """Every namespace that the questions name, with the option that names it."""
    for check in questions.checks:
        yield f"{check.path}.from", check.place
        if check.listener is not None:
            yield f"{check.path}.listener.netns", check.listener.place
    if questions.matrix is not None:
        for position, place in enumerate(questions.matrix.among):
            yield f"matrix.among[{position}]", place
    for point in questions.watch:
        yield f"{point.path}.netns", point.place


def require_namespaces(questions: Questions) -> None:
    """Every namespace must be there.

    :raises VirtnetError: names the option and the namespace.
    """
    known: set[str | None] = set()
    for option, place in places(questions):
        if place.netns in known:
            continue
        if not namespaces.exists(place.netns):
            raise VirtnetError(f"{option}: there is no network namespace {place.netns!r}")
        known.add(place.netns)


def concerned(questions: Questions) -> list[str | None]:
    """The namespaces that the questions name, and all others under their prefix."""
    named: dict[str | None, None] = {place.netns: None for _option, place in places(questions)}
    if questions.prefix:
        named.update((name, None) for name in namespaces.names() if name.startswith(questions.prefix))
    return list(named)


def asks_ipv6(channels: Channels, questions: Questions) -> bool:
    """Whether an address is asked that duplicate address detection may still hold back."""
    if any(address is not None and address.version == 6 for address in map(_literal, questions.checks)):
        return True
    matrix = questions.matrix
    if matrix is None or matrix.version is not None:
        return matrix is not None and matrix.version == 6
    return not all(surroundings.global_addresses(channels, place.netns, 4) for place in matrix.among)


def _literal(check: Check) -> reading.IpAddress | None:
    return reading.as_address(check.to)


def settle(channels: Channels, among: t.Sequence[str | None], seconds: float, ipv6: bool) -> list[str]:
    """Wait until bridge ports forward and, where IPv6 is asked, addresses are no longer tentative.

    What may last for ever (a port without carrier) is waited for only as long as the kernel may take
    to notice its carrier.

    :returns: what is not ready after all that time.
    """
    start = time.monotonic()
    waiting = list(among)
    while True:
        elapsed = time.monotonic() - start
        reasons: list[str] = []
        still = []
        for netns in waiting:
            unready = surroundings.ports_not_forwarding(channels, netns)
            if ipv6:
                unready += surroundings.tentative_addresses(channels, netns)
            found = [item for item in unready if item.passing or elapsed < LINKWATCH]
            if found:
                still.append(netns)
                reasons += [f"{netns or 'this namespace'}: {item.what}" for item in found]
        if not reasons or elapsed >= seconds:
            return reasons
        waiting = still
        time.sleep(min(POLL, max(0.0, seconds - elapsed)))


def start_afresh(channels: Channels, prefix: str, among: t.Sequence[str | None]) -> None:
    """Forget learnt neighbours and tracked connections of the namespaces under a prefix.

    Never in the namespace that the module runs in: its connections are not ours to forget.
    """
    for netns in among:
        if netns is None or not netns.startswith(prefix):
            continue
        forgetting.forget_neighbours(channels, netns)
        forgetting.forget_connections(netns)
