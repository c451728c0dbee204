# SPDX-FileCopyrightText: The virtnet.linux authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Asking in slices where a process may not have as many files open as there are checks."""

from __future__ import annotations

import os
import resource
import typing as t

from .inquiry import Inquiry
from .questions import ARP, ICMP, TCP

RESERVE = 64  # descriptors for reading namespaces, and for libraries
PLENTY = 65_536


def file_budget() -> int:
    """How many more files this process may open; its own soft limit is raised as far as it may."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = PLENTY if hard == resource.RLIM_INFINITY else min(hard, PLENTY)
    if soft != resource.RLIM_INFINITY and soft < most:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
        except (ValueError, OSError):
            most = soft
    return max(16, most - len(os.listdir("/proc/self/fd")) - RESERVE)


def slices(inquiries: t.Sequence[Inquiry], budget: int) -> t.Iterator[list[Inquiry]]:
    """Cut where the sockets of the next check would go beyond the budget."""
    current: list[Inquiry] = []
    shared: set[t.Hashable] = set()
    used = 0
    for inquiry in inquiries:
        keys, own = _sockets(inquiry)
        if current and used + len(keys - shared) + own > budget:
            yield current
            current, shared, used = [], set(), 0
        used += len(keys - shared) + own
        shared |= keys
        current.append(inquiry)
    if current:
        yield current


def _sockets(inquiry: Inquiry) -> tuple[set[t.Hashable], int]:
    """The sockets that a check shares with others, and how many it has for itself."""
    check = inquiry.check
    netns, outgoing = check.place.netns, check.outgoing
    if check.protocol == ICMP:
        return {(netns, outgoing, ":" in check.to)}, 0
    if check.protocol == ARP:
        return {(netns, outgoing.interface)}, 0
    keys: set[t.Hashable] = {(netns, ":" in check.to)}
    if check.listener is not None:
        keys.add((check.protocol, check.listener))
    accepted = check.listener is not None and check.protocol == TCP
    return keys, 2 if accepted else 1
