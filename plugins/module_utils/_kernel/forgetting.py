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

STATISTICS = {4: "/proc/thread-self/net/stat/arp_cache", 6: "/proc/thread-self/net/stat/ndisc_cache"}
THRESHOLD = {version: f"/proc/sys/net/ipv{version}/neigh/default/gc_thresh3" for version in (4, 6)}
DEFAULT_THRESHOLD = 1024

Neighbour = tuple[int, int, bytes]  # family, ifindex, address


def learnt_neighbours(channels: Channels, netns: str | None) -> list[Neighbour]:
    """The neighbours of a namespace that nobody configured."""
    channel = channels.of(netns)
    found = []
    for message in channel.dump(request(channel, RTM_GETNEIGH, NLM_F_DUMP, struct.pack("=BxxxiHBB", 0, 0, 0, 0, 0))):
        family, index, state, flags, _type = struct.unpack_from("=BxxxiHBB", message, 16)
        if family not in (socket.AF_INET, socket.AF_INET6):
            continue
        if state & (NUD_PERMANENT | NUD_NOARP) or flags & (NTF_PROXY | NTF_EXT_LEARNED):
            continue
        address = attributes(message, 28).get(NDA_DST)
        if address is not None:
            found.append((family, index, address))
    return found


def forget_neighbours(channels: Channels, netns: str | None) -> None:
    """Remove learnt neighbours of a namespace, as `ip neigh flush` does."""
    channel = channels.of(netns)
    requests = [_deletion(channel, neighbour) for neighbour in learnt_neighbours(channels, netns)]
    for refused in channel.send(requests):
        if refused is not None and refused.errno != errno.ENOENT:  # gone by itself meanwhile
            raise refused


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


def neighbour_room(version: int) -> int | None:
    """How many more neighbours the kernel's table takes; None when that can't be seen from here.

    The limit (gc_thresh3, 1,024 by default) is one for all namespaces together; beyond it replies are
    lost without a word to the asker (neigh_alloc in net/core/neighbour.c).

    :param version: 4 or 6, each has a table of its own.
    """
    try:
        with open(STATISTICS[version], encoding="ascii") as lines:
            next(lines)
            entries = int(next(lines).split()[0], 16)
        with open(THRESHOLD[version], encoding="ascii") as file:
            return int(file.read()) - entries
    except (OSError, StopIteration):  # only the first namespace has these files
        return None
