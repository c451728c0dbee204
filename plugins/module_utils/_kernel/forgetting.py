# SPDX-FileCopyrightText: The virtnet.linux authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Forgetting what the kernel learnt: neighbours and tracked connections.

Both outlive a change of the network and would answer for what was there before.
"""

from __future__ import annotations

import errno
import os
import socket
import struct
import typing as t

from .._values.errors import KernelRefused
from . import namespaces
from .netlink import Channel, Channels, attributes
from .surroundings import NLM_F_DUMP, request

RTM_DELNEIGH, RTM_GETNEIGH = 29, 30
NLM_F_ACK = 0x4
NUD_NOARP, NUD_PERMANENT = 0x40, 0x80
NTF_PROXY, NTF_EXT_LEARNED = 0x08, 0x10
NDA_DST = 1
NETLINK_NETFILTER, NFNL_SUBSYS_CTNETLINK, IPCTNL_MSG_CT_DELETE = 12, 1, 2

ARP_STATISTICS = "/proc/thread-self/net/stat/arp_cache"
NDISC_STATISTICS = "/proc/thread-self/net/stat/ndisc_cache"
THRESHOLD = "/proc/sys/net/{}/neigh/default/gc_thresh3"
DEFAULT_THRESHOLD = 1024

Neighbour = tuple[int, int, bytes]  # family, ifindex, address


def learnt_neighbours(channels: Channels, netns: str | None) -> set[Neighbour]:
    """The neighbours of a namespace that nobody configured."""
    channel = channels.of(netns)
    found = set()
    for message in channel.dump(request(channel, RTM_GETNEIGH, NLM_F_DUMP, struct.pack("=BxxxiHBB", 0, 0, 0, 0, 0))):
        family, index, state, flags, _type = struct.unpack_from("=BxxxiHBB", message, 16)
        if family not in (socket.AF_INET, socket.AF_INET6):
            continue
        if state & (NUD_PERMANENT | NUD_NOARP) or flags & (NTF_PROXY | NTF_EXT_LEARNED):
            continue
        address = attributes(message, 28).get(NDA_DST)
        if address is not None:
            found.add((family, index, address))
    return found


def forget_neighbours(channels: Channels, netns: str | None, keep: t.AbstractSet[Neighbour] = frozenset()) -> int:
    """Remove learnt neighbours of a namespace, as `ip neigh flush` does; those to keep stay.

    :returns: how many were removed.
    """
    channel = channels.of(netns)
    requests = [_deletion(channel, neighbour) for neighbour in learnt_neighbours(channels, netns) - keep]
    for refused in channel.send(requests):
        if refused is not None and refused.errno != errno.ENOENT:  # gone by itself meanwhile
            raise refused
    return len(requests)


def _deletion(channel: Channel, neighbour: Neighbour) -> bytes:
    family, index, address = neighbour
    destination = struct.pack("=HH", 4 + len(address), NDA_DST) + address
    return request(channel, RTM_DELNEIGH, NLM_F_ACK, struct.pack("=BxxxiHBB", family, index, 0, 0, 0) + destination)


def forget_connections(netns: str | None) -> None:
    """Empty the connection tracking table, as `conntrack -F`; a kernel without one has nothing to forget.

    A deletion that names no tuple empties the table (ctnetlink_del_conntrack in
    net/netfilter/nf_conntrack_netlink.c).
    """
    try:
        with namespaces.inside(netns):
            sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, NETLINK_NETFILTER)
    except OSError as problem:
        if problem.errno == errno.EPROTONOSUPPORT:  # no netfilter in this kernel
            return
        raise
    with sock:
        kind = NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_DELETE
        sock.send(struct.pack("=IHHII", 20, kind, 1 | NLM_F_ACK, 1, 0) + struct.pack("=BBH", 0, 0, 0))
        (number,) = struct.unpack_from("=i", sock.recv(4096), 16)
    if -number not in (0, errno.EINVAL, errno.EOPNOTSUPP):  # EINVAL: nf_conntrack_netlink is not there
        raise KernelRefused(-number, f"emptying the connection tracking table: {os.strerror(-number)}")


def neighbour_room() -> int | None:
    """How many more neighbours the kernel's tables take; None when that can't be seen from here.

    The limit (gc_thresh3, 1,024 by default) is one for all namespaces together; beyond it replies are
    lost without a word to the asker (neigh_alloc in net/core/neighbour.c).
    """
    rooms = []
    for family, statistics in (("ipv4", ARP_STATISTICS), ("ipv6", NDISC_STATISTICS)):
        try:
            with open(statistics, encoding="ascii") as lines:
                next(lines)
                entries = int(next(lines).split()[0], 16)
        except (OSError, StopIteration):
            continue
        rooms.append(_threshold(family) - entries)
    return min(rooms) if rooms else None


def _threshold(family: str) -> int:
    try:
        with open(THRESHOLD.format(family), encoding="ascii") as file:
            return int(file.read())
    except OSError:
        return DEFAULT_THRESHOLD
