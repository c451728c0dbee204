# SPDX-FileCopyrightText: The virtnet.linux authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Signs that a service is ready: a socket, a file, a line in its log.

Sockets are read from /proc and not connected to: a server that serves one client, or logs each, would notice.
"""

from __future__ import annotations

import os
import re
import typing as t

from . import processes

TCP_LISTEN, UDP_OPEN = "0A", "07"  # include/net/tcp_states.h; an unconnected UDP socket is in TCP_CLOSE
LOG_LIMIT = 1 << 20  # bytes of the log that are searched

Sign = tuple[str, t.Any]
Fingerprint = t.Optional[tuple[int, int]]


def fingerprint(path: str) -> Fingerprint:
    """What tells whether a file has been made or written since; None: there is none."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_ino, found.st_ctime_ns


class Signs:
    """The signs that a service is to give, looked for again and again.

    Made before the service starts, so that a file of an earlier one is not taken for its own.
    """

    def __init__(self, identity: str, signs: t.Sequence[Sign], log: str) -> None:
        self._identity = identity
        self._signs = signs
        self._log = log
        self._before = {value: fingerprint(value) for sign, value in signs if sign == "file"}

    def missing(self, pid: int) -> str | None:
        """The first sign that has not been given, as words; None: all have.

        :param pid: of its first process.
        """
        for sign, value in self._signs:
            if sign in ("tcp", "udp"):
                given = self._has_socket(pid, sign, value)
                words = f"none of its processes listens on {sign} port {value}"
            elif sign == "file":
                found = fingerprint(value)
                given = found is not None and found != self._before[value]
                words = f"it has not written the file {value}"
            else:
                given = re.search(value, read_log(self._log), re.MULTILINE) is not None
                words = f"nothing in its log matches {value!r}"
            if not given:
                return words
        return None

    def _has_socket(self, pid: int, protocol: str, port: int) -> bool:
        """Whether a socket of the service has the port: another's may have it, in the machine's own namespace."""
        inodes = _inodes(pid, protocol, port)
        if not inodes:
            return False
        wanted = {f"socket:[{inode}]" for inode in inodes}
        return any(wanted & _open_files(member) for member in processes.members(self._identity))


def _inodes(pid: int, protocol: str, port: int) -> set[str]:
    """The inodes of all sockets that wait on a port, in the namespace of a process (proc(5), /proc/net/tcp)."""
    state = TCP_LISTEN if protocol == "tcp" else UDP_OPEN
    found = set()
    for table in (protocol, f"{protocol}6"):
        try:
            with open(f"/proc/{pid}/net/{table}", encoding="ascii") as file:
                rows = [line.split() for line in file.readlines()[1:]]
        except OSError:
            continue  # the process has ended, or this kernel has no IPv6
        found |= {row[9] for row in rows if row[3] == state and int(row[1].rpartition(":")[2], 16) == port}
    return found


def _open_files(pid: int) -> set[str]:
    found = set()
    try:
        for entry in os.listdir(f"/proc/{pid}/fd"):
            found.add(os.readlink(f"/proc/{pid}/fd/{entry}"))
    except OSError:
        pass  # it has ended, or closed a file, meanwhile
    return found


def read_log(path: str) -> str:
    """The last mebibyte of a log."""
    try:
        with open(path, "rb") as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - LOG_LIMIT))
            return file.read().decode(errors="replace")
    except OSError:
        return ""


def last_words(path: str, lines: int = 5) -> str:
    """The end of a log as the end of a sentence."""
    found = [line.strip() for line in read_log(path).splitlines() if line.strip()][-lines:]
    return f"; its log ends: {' | '.join(found)}" if found else "; it logged nothing"
