# SPDX-FileCopyrightText: The virtnet.linux authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Resolving names as `ip netns exec` would: with the files of /etc/netns/NAME in place of those of /etc.

A forked child with a mount namespace of its own does it, so that the C library reads the files it
always reads (resolv.conf, hosts, nsswitch.conf) and the parent keeps its own.
"""

from __future__ import annotations

import ctypes
import os
import select
import signal
import socket
import time
import typing as t

from . import namespaces

CLONE_NEWNS = 0x20000
MS_BIND, MS_SLAVE, MS_REC = 0x1000, 1 << 19, 0x4000
ETC = "/etc/netns"

_libc = ctypes.CDLL(None, use_errno=True)


def resolve(netns: str | None, names: t.Sequence[str], seconds: float) -> dict[str, list[str]]:
    """The addresses of names, as seen in a namespace, in the order getaddrinfo(3) prefers.

    :param seconds: how long to wait at most; a name without an answer by then is missing.
    """
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.close(reader)
            _answer(netns, names, writer)
        finally:
            os._exit(0)
    os.close(writer)
    try:
        text = _read_until(reader, time.monotonic() + seconds)
    finally:
        os.close(reader)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    found: dict[str, list[str]] = {}
    for line in text.splitlines():
        name, *addresses = line.split(" ")
        if addresses:
            found[name] = addresses
    return found


def _read_until(reader: int, deadline: float) -> str:
    pieces = []
    poll = select.poll()
    poll.register(reader, select.POLLIN)
    while poll.poll(max(0.0, deadline - time.monotonic()) * 1000):
        piece = os.read(reader, 65536)
        if not piece:
            break
        pieces.append(piece)
    return b"".join(pieces).decode()


def _answer(netns: str | None, names: t.Sequence[str], writer: int) -> None:
    """In the child: enter the namespace, put its files over /etc, write a line for each name."""
    if netns is not None:
        target = namespaces.open_namespace(netns)
        namespaces.enter(target, netns)
        _bind_configuration(netns)
    os.environ["RES_OPTIONS"] = "timeout:1 attempts:3"  # resolv.conf(5); the default would wait 5 s each
    for name in names:
        try:
            answers = socket.getaddrinfo(name, None, type=socket.SOCK_DGRAM)
        except OSError:
            answers = []
        addresses = [str(answer[4][0]) for answer in answers]
        os.write(writer, (" ".join([name, *addresses]) + "\n").encode())


def _bind_configuration(netns: str) -> None:
    """As bind_etc() in iproute2's lib/namespace.c."""
    folder = f"{ETC}/{netns}"
    if netns.startswith("/") or not os.path.isdir(folder):
        return
    if _libc.unshare(CLONE_NEWNS) != 0 or _libc.mount(b"", b"/", b"none", MS_SLAVE | MS_REC, None) != 0:
        raise OSError(ctypes.get_errno(), "private mount namespace")
    for entry in os.listdir(folder):
        place = f"/etc/{entry}"
        if os.path.exists(place):
            _libc.mount(os.fsencode(f"{folder}/{entry}"), os.fsencode(place), b"none", MS_BIND, None)
