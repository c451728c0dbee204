# SPDX-FileCopyrightText: The virtnet.linux authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Processes as proc(5) shows them: which belong to a service, and how they are ended.

A service's processes are found by two marks that children inherit: a variable in their environment, and
the name of a mount in their mount namespace. A process that goes to the background, starts a session of its
own or clears its environment still has the second; one that changes its root still has the first. What
descends from a marked process belongs to it as well. No cgroup is needed: not every container may make one.
"""

from __future__ import annotations

import os
import signal
import time
import typing as t

VARIABLE = "VIRTNET_SERVICE"
MARK = "virtnet-service-"
GRACE = 3.0  # seconds between SIGTERM and SIGKILL
_STEP = 0.02
_GONE = ("Z", "X")  # a zombie has ended; its parent has only not asked yet


class Stat(t.NamedTuple):
    """The part of /proc/PID/stat that is used; `start_time` is in ticks since the machine started."""

    state: str
    parent: int
    start_time: int


def stat(pid: int) -> Stat | None:
    """What a process is doing; None when there is none."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            fields = file.read().rpartition(")")[2].split()  # the name before it may hold anything
    except (FileNotFoundError, ProcessLookupError):
        return None
    return Stat(fields[0], int(fields[1]), int(fields[19]))


def boot() -> str:
    """Which start of the machine this is: process ids and start times count from it."""
    with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
        return file.read().strip()


def is_alive(pid: int, start_time: int) -> bool:
    """Whether a process still runs, and its number is not somebody else's by now."""
    found = stat(pid)
    return found is not None and found.start_time == start_time and found.state not in _GONE


def in_namespace(pid: int, path: str) -> bool:
    """Whether a process is in the network namespace that a file stands for."""
    try:
        one, other = os.stat(f"/proc/{pid}/ns/net"), os.stat(path)
    except OSError:
        return False
    return (one.st_dev, one.st_ino) == (other.st_dev, other.st_ino)


def members(identity: str) -> list[int]:
    """All living processes of a service."""
    parents: dict[int, int] = {}
    marked: set[int] = set()
    mounts: dict[int, bool] = {_mount_namespace("self"): False}
    for entry in os.listdir("/proc"):
        found = stat(int(entry)) if entry.isdigit() else None
        if found is None or found.state in _GONE:
            continue
        parents[int(entry)] = found.parent
        if _is_marked(int(entry), identity, mounts):
            marked.add(int(entry))
    size = -1
    while size != len(marked):
        size = len(marked)
        marked.update(pid for pid, parent in parents.items() if parent in marked)
    return sorted(marked - {os.getpid()})


def _is_marked(pid: int, identity: str, mounts: dict[int, bool]) -> bool:
    """:param mounts: by mount namespace, whether it has the mark: most processes share one."""
    try:
        with open(f"/proc/{pid}/environ", "rb") as file:
            if f"{VARIABLE}={identity}".encode() in file.read().split(b"\0"):
                return True
        namespace = _mount_namespace(str(pid))
        if namespace not in mounts:
            with open(f"/proc/{pid}/mountinfo", "rb") as file:
                found = f" {MARK}{identity} ".encode() in file.read()
            if not found and os.readlink(f"/proc/{pid}/root") != "/":
                return False  # it sees only its own part of the namespace; another process may see more
            mounts[namespace] = found
        return mounts[namespace]
    except OSError:
        return False  # ended meanwhile, or a process that not even root may look at


def _mount_namespace(pid: str) -> int:
    return os.stat(f"/proc/{pid}/ns/mnt").st_ino


def end(identity: str, grace: float = GRACE) -> list[int]:
    """End all processes of a service: ask, wait, then kill. Returns those that do not go."""
    found = members(identity)
    _signal(found, signal.SIGTERM)
    _signal(found, signal.SIGCONT)  # a stopped process gets SIGTERM only when it goes on
    deadline = time.monotonic() + grace
    while found and time.monotonic() < deadline:
        time.sleep(_STEP)
        found = _remaining(identity, found)
    deadline = time.monotonic() + grace
    while found and time.monotonic() < deadline:
        _signal(found, signal.SIGKILL)
        time.sleep(_STEP)
        found = members(identity)  # those that were started meanwhile, too
    return found


def _remaining(identity: str, known: list[int]) -> list[int]:
    """Those still there; all processes are looked through only when the known ones are gone."""
    for pid in known:
        _reap(pid)
    left = [pid for pid in known if (found := stat(pid)) is not None and found.state not in _GONE]
    return left or members(identity)


def _signal(pids: t.Iterable[int], number: signal.Signals) -> None:
    for pid in pids:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            pass


def _reap(pid: int) -> None:
    """Take the exit status of a process that was started by this one."""
    try:
        os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        pass
