# SPDX-FileCopyrightText: The virtnet.linux authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Removes namespaces and waits for what the kernel clears away afterwards.

`ip netns del` returns before the kernel has removed the far ends of veth pairs (cleanup_net() runs
in a work queue): a peer is still seen for some 25 ms, on slow machines half a second.
"""

from __future__ import annotations

import errno
import time
import typing as t

from .._values.errors import KernelRefused, NamespaceMissing
from . import messages, namespaces
from .netlink import Channels
from .read import KernelSource

PATIENCE = 10.0  # seconds


def remove_namespaces(channels: Channels, names: t.Sequence[str]) -> None:
    """Remove named namespaces, and return when the far ends of their links are gone."""
    far_ends = _far_ends(channels, set(names))
    for name in names:
        channels.forget(name)
        namespaces.remove(name)
    deadline = time.monotonic() + PATIENCE
    for netns, index in far_ends:
        while _has_link(channels, netns, index) and time.monotonic() < deadline:
            time.sleep(0.002)


def _far_ends(channels: Channels, leaving: set[str]) -> list[tuple[str | None, int]]:
    """Where the veth peers of the leaving namespaces stand, in namespaces that stay."""
    source = KernelSource(channels)
    staying: list[str | None] = [None, *(name for name in namespaces.names() if name not in leaving)]
    found = []
    for name in sorted(leaving):
        peers: dict[int, list[int]] = {}
        for link in source.section(name, "link").values():
            if link.kind == "veth" and link.lower_nsid is not None:
                peers.setdefault(link.lower_nsid, []).append(link.lower_index or link.index)
        if not peers:
            continue
        for netns in staying:
            number = source.nsid(name, netns)
            found += [(netns, index) for index in peers.pop(number, ())] if number is not None else []
            if not peers:
                break
    return found


def _has_link(channels: Channels, netns: str | None, index: int) -> bool:
    try:
        channel = channels.of(netns)
        channel.ask(messages.encode("RTM_GETLINK", 0, channel.next_sequence(), {"index": index}, ()))
    except NamespaceMissing:  # somebody else has removed it meanwhile
        return False
    except KernelRefused as refused:
        return refused.errno != errno.ENODEV
    return True
