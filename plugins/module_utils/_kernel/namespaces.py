# SPDX-FileCopyrightText: The virtnet.linux authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Network namespaces: enter, make, remove and list them, as iproute2 does (ip-netns(8)).

A namespace is named as ip-netns(8) names it (a file in /run/netns), by an absolute path, or is
None: the one that this process runs in.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import fcntl
import os
import typing as t

from .._values.errors import KernelRefused, NamespaceMissing, NotPermitted

DIRECTORY = "/run/netns"
NSFS_MAGIC = 0x6E736673  # include/uapi/linux/magic.h
CLONE_NEWNET = 0x40000000
MS_BIND, MS_REC, MS_SHARED = 0x1000, 0x4000, 0x100000
MNT_DETACH = 2
THREAD_NAMESPACE = "/proc/thread-self/ns/net"

_libc = ctypes.CDLL(None, use_errno=True)


def _check(result: int, what: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        if number in (errno.EPERM, errno.EACCES):
            raise NotPermitted(f"{what}: not permitted; network namespaces need root (become: true)")
        raise KernelRefused(number, f"{what}: {os.strerror(number)}")


def path_of(netns: str | None) -> str | None:
    """The file that stands for a namespace; None stays None."""
    if netns is None or netns.startswith("/"):
        return netns
    return f"{DIRECTORY}/{netns}"


def is_alive(path: str) -> bool:
    """Whether the file is a mounted namespace and not a stale or foreign file."""

    class StatFs(ctypes.Structure):
        _fields_ = [("f_type", ctypes.c_long), ("rest", ctypes.c_byte * 256)]

    result = StatFs()
    done = _libc.statfs(os.fsencode(path), ctypes.byref(result)) == 0
    return bool(done and result.f_type == NSFS_MAGIC)


def exists(netns: str | None) -> bool:
    """Whether the namespace is there to be entered."""
    path = path_of(netns)
    return path is None or is_alive(path)


def names() -> list[str]:
    """The names of all living namespaces in /run/netns, sorted."""
    try:
        entries = os.listdir(DIRECTORY)
    except FileNotFoundError:
        return []
    return sorted(name for name in entries if is_alive(f"{DIRECTORY}/{name}"))


def open_namespace(netns: str | None) -> int:
    """A descriptor of the namespace; the caller closes it.

    :raises NamespaceMissing: there is none of that name.
    """
    path = path_of(netns)
    try:
        return os.open(path or THREAD_NAMESPACE, os.O_RDONLY | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        raise NamespaceMissing(str(netns)) from None


def enter(descriptor: int, netns: str | None = None) -> None:
    """Move the calling thread into an open namespace (setns(2))."""
    if _libc.setns(descriptor, CLONE_NEWNET) != 0:
        number = ctypes.get_errno()
        if number == errno.EINVAL:  # a file that no namespace is mounted on
            raise NamespaceMissing(str(netns))
        _check(-1 if number else 0, "enter network namespace")


@contextlib.contextmanager
def inside(netns: str | None) -> t.Iterator[None]:
    """Run a block with the calling thread in a namespace, and come back whatever happens.

    :raises NamespaceMissing: there is none of that name.
    """
    if netns is None:
        yield
        return
    home = os.open(THREAD_NAMESPACE, os.O_RDONLY | os.O_CLOEXEC)
    try:
        target = open_namespace(netns)
        try:
            enter(target, netns)
        finally:
            os.close(target)
        try:
            yield
        finally:
            _check(_libc.setns(home, CLONE_NEWNET), "return to the first network namespace")
    finally:
        os.close(home)


def _prepare_directory() -> None:
    """Make /run/netns a shared mount, so that namespaces made here are seen everywhere."""
    os.makedirs(DIRECTORY, mode=0o755, exist_ok=True)
    lock = os.open(DIRECTORY, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        path = DIRECTORY.encode()
        if _libc.mount(b"", path, b"none", MS_SHARED | MS_REC, None) != 0:
            if ctypes.get_errno() != errno.EINVAL:
                _check(-1, f"share {DIRECTORY}")
            _check(_libc.mount(path, path, b"none", MS_BIND | MS_REC, None), f"bind {DIRECTORY}")
            _check(_libc.mount(b"", path, b"none", MS_SHARED | MS_REC, None), f"share {DIRECTORY}")
    finally:
        os.close(lock)


class Maker:
    """Makes namespaces; prepares /run/netns once for all of them."""

    def __init__(self) -> None:
        self._prepared = False

    def create(self, name: str, before_any_link: t.Callable[[], None] | None = None) -> None:
        """Make a named namespace, empty but for lo.

        :param before_any_link: called inside it, before anything else can be.
        :raises KernelRefused: EEXIST when the name is taken.
        """
        if not self._prepared:
            _prepare_directory()
            self._prepared = True
        path = f"{DIRECTORY}/{name}"
        home = os.open(THREAD_NAMESPACE, os.O_RDONLY | os.O_CLOEXEC)
        try:
            if os.path.lexists(path) and not is_alive(path):
                os.unlink(path)  # what a killed run left: no namespace is mounted on it
            os.close(os.open(path, os.O_RDONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0))
            try:
                _check(_libc.unshare(CLONE_NEWNET), "make a network namespace")
                try:
                    _check(
                        _libc.mount(THREAD_NAMESPACE.encode(), os.fsencode(path), b"none", MS_BIND, None),
                        f"mount {path}",
                    )
                    if before_any_link is not None:
                        before_any_link()
                finally:
                    _check(_libc.setns(home, CLONE_NEWNET), "return to the first network namespace")
            except BaseException:
                _libc.umount2(os.fsencode(path), MNT_DETACH)
                os.unlink(path)
                raise
        except FileExistsError:
            raise KernelRefused(errno.EEXIST, f"namespace {name!r} exists already") from None
        finally:
            os.close(home)


def attach(name: str, pid: int) -> None:
    """Name the namespace of a running process (as `ip netns attach`)."""
    _prepare_directory()
    path = f"{DIRECTORY}/{name}"
    try:
        os.close(os.open(path, os.O_RDONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0))
    except FileExistsError:
        raise KernelRefused(errno.EEXIST, f"namespace {name!r} exists already") from None
    try:
        _check(_libc.mount(b"/proc/%d/ns/net" % pid, os.fsencode(path), b"none", MS_BIND, None), f"attach {name}")
    except BaseException:
        os.unlink(path)
        raise


def remove(name: str) -> None:
    """Take a name away; the namespace goes when nothing else holds it."""
    path = f"{DIRECTORY}/{name}"
    if _libc.umount2(os.fsencode(path), MNT_DETACH) != 0 and ctypes.get_errno() != errno.EINVAL:
        _check(-1, f"unmount {path}")
    os.unlink(path)


def sweep(names: t.Iterable[str]) -> None:
    """Remove the files of namespaces that a killed run was about to make: nothing is mounted on them yet."""
    for name in names:
        path = f"{DIRECTORY}/{name}"
        if os.path.isfile(path) and not is_alive(path):
            os.unlink(path)


def same(first: str | None, second: str | None) -> bool:
    """Whether two names stand for one namespace."""
    one, other = (os.stat(path_of(netns) or THREAD_NAMESPACE) for netns in (first, second))
    return (one.st_dev, one.st_ino) == (other.st_dev, other.st_ino)
