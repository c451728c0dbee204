# SPDX-FileCopyrightText: The virtnet.linux authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Starts a process under the conditions of `ip netns exec` (netns_switch() in iproute2's lib/namespace.c).

In its own mount namespace it gets a fresh /sys, which shows the network devices of its namespace, and the files
of /etc/netns/NAME over those of /etc. Nothing connects it with the process that starts it: it has a session of its
own, and no descriptor is left open, since Ansible waits until its module's output is closed.
"""

from __future__ import annotations

import ctypes
import dataclasses
import os
import signal
import typing as t

from .._values.errors import KernelRefused
from . import namespaces
from .processes import MARK

CLONE_NEWNS = 0x20000
MS_RDONLY, MS_BIND, MS_REC, MS_SLAVE = 0x1, 0x1000, 0x4000, 1 << 19
MNT_DETACH = 2
ETC = "/etc/netns"

_libc = ctypes.CDLL(None, use_errno=True)


@dataclasses.dataclass(frozen=True)
class Launch:
    """What is to be started, and where.

    :param program: path of the program.
    :param environment: the whole of it.
    :param identity: what its mount namespace is marked with.
    :param hidden: directory that the mark is mounted on, where the process sees nothing then.
    """

    netns: str | None
    program: str
    arguments: tuple[str, ...]
    environment: t.Mapping[str, str]
    identity: str
    hidden: str


def spawn(launch: Launch, log: int) -> int:
    """The process id of a program that has begun in a namespace; it is a child of this process.

    :param log: descriptor for what it prints.
    :raises KernelRefused: it could not be started.
    """
    target = namespaces.open_namespace(launch.netns)
    reader, writer = os.pipe()
    try:
        child = os.fork()
        if child == 0:
            _become(launch, target, log, writer)
    finally:
        os.close(writer)
        os.close(target)
    with os.fdopen(reader, "rb") as pipe:
        failure = pipe.read()  # ends when the program begins, because the descriptor is closed then
    if failure:
        os.waitpid(child, 0)
        number, _space, words = failure.decode(errors="replace").partition(" ")
        raise KernelRefused(int(number), words)
    return child


def _become(launch: Launch, target: int, log: int, writer: int) -> t.NoReturn:
    """In the child: enter everything and become the program, or write to the parent why not."""
    what = "start"
    try:
        os.setsid()
        for ignored in (signal.SIGPIPE, signal.SIGXFSZ):  # Python ignores these, and exec() would keep that
            signal.signal(ignored, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        os.umask(0o022)
        os.chdir("/")
        null = os.open(os.devnull, os.O_RDONLY)
        os.dup2(null, 0)
        os.dup2(log, 1)
        os.dup2(log, 2)
        what = f"enter network namespace {launch.netns!r}"
        namespaces.enter(target, launch.netns)
        what = "give it a mount namespace"
        _separate_mounts(launch)
        _close_all_but(writer)
        what = f"execute {launch.program}"
        os.execve(launch.program, launch.arguments, dict(launch.environment))
    except BaseException as error:
        number, words = getattr(error, "errno", 0) or 0, getattr(error, "strerror", None) or str(error)
        os.write(writer, f"{number} {what}: {words}".encode())
    finally:
        os._exit(127)


def _separate_mounts(launch: Launch) -> None:
    if _libc.unshare(CLONE_NEWNS) != 0 or _libc.mount(b"", b"/", b"none", MS_SLAVE | MS_REC, None) != 0:
        if launch.netns is None:
            return  # a container may forbid it; without a namespace to enter only the mark is lost
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    mark = f"{MARK}{launch.identity}".encode()
    _libc.mount(mark, os.fsencode(launch.hidden), b"tmpfs", MS_RDONLY, b"size=4k,mode=700")
    if launch.netns is None:
        return
    read_only = MS_RDONLY if os.statvfs("/sys").f_flag & os.ST_RDONLY else 0
    _libc.umount2(b"/sys", MNT_DETACH)
    if _libc.mount(launch.netns.encode(), b"/sys", b"sysfs", read_only, None) != 0:
        raise OSError(ctypes.get_errno(), f"mount /sys: {os.strerror(ctypes.get_errno())}")
    _bind_configuration(launch.netns)


def _bind_configuration(netns: str) -> None:
    folder = f"{ETC}/{netns}"
    if netns.startswith("/") or not os.path.isdir(folder):
        return
    for entry in os.listdir(folder):
        source, place = f"{folder}/{entry}", f"/etc/{entry}"
        if _libc.mount(os.fsencode(source), os.fsencode(place), b"none", MS_BIND, None) != 0:
            # Like ip, go on: the file to be covered may not exist. The words go to the log.
            os.write(2, f"{source} is not bound over {place}: {os.strerror(ctypes.get_errno())}\n".encode())


def _close_all_but(kept: int) -> None:
    for entry in os.listdir("/proc/self/fd"):
        descriptor = int(entry)
        if descriptor > 2 and descriptor != kept:
            try:
                os.close(descriptor)
            except OSError:
                pass  # the one that the directory was listed with
