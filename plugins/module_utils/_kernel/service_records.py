# SPDX-FileCopyrightText: The virtnet.linux authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is known of services after the playbook has ended: /run/virtnet/services/NAMESPACE/NAME.json.

Beside it stand the service's log and, for people, a file with its process id. All are root's alone, and
links in their place are not followed.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import typing as t
import urllib.parse

from .._values.errors import VirtnetError
from .records import DIRECTORY, open_directory

SORT = "services"
OWN = "-"  # the directory of the namespace that the task runs in; no namespace's name begins so
NAME_MAX = 255
_SUFFIXES = (".json", ".json.new", ".log", ".pid")


@dataclasses.dataclass(frozen=True)
class Record:
    """A service as it was started.

    :param identity: what marks all its processes; of no other service, ever.
    :param pid: of its first process; 0 until there is one.
    :param start_time: of that process, in ticks since the machine started (proc(5), /proc/PID/stat).
    :param boot: of which start of the machine.
    :param answered: whether it said that it was ready.
    """

    identity: str
    command: tuple[str, ...]
    environment: tuple[tuple[str, str], ...]
    ready: tuple[tuple[str, t.Any], ...]
    timeout: float
    pid: int = 0
    start_time: int = 0
    boot: str = ""
    answered: bool = False

    @classmethod
    def of(cls, stored: t.Mapping[str, t.Any]) -> Record:
        """A record from what JSON has kept."""
        return cls(
            **{
                **stored,
                "command": tuple(stored["command"]),
                "environment": tuple((key, value) for key, value in stored["environment"]),
                "ready": tuple((sign, value) for sign, value in stored["ready"]),
            }
        )


def folder(netns: str | None) -> str:
    """The name of the directory for a namespace."""
    if netns is None:
        return OWN
    quoted = urllib.parse.quote(netns, safe="")
    return quoted if len(quoted) <= NAME_MAX else hashlib.sha256(netns.encode()).hexdigest()


def path_of(netns: str | None, name: str, suffix: str) -> str:
    """The path of one of a service's files, such as its ".log"."""
    return f"{DIRECTORY}/{SORT}/{folder(netns)}/{name}{suffix}"


def _open(netns: str | None) -> int | None:
    """The folder of a namespace's records; None when it has none."""
    if not os.path.isdir(f"{DIRECTORY}/{SORT}"):
        return None
    above = open_directory(SORT)
    try:
        return os.open(folder(netns), os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=above)
    except FileNotFoundError:
        return None
    except NotADirectoryError:
        raise VirtnetError(f"{DIRECTORY}/{SORT}/{folder(netns)} is not a directory; it is not used") from None
    finally:
        os.close(above)


def _make(netns: str | None) -> int:
    """The same, made if it lacks."""
    while True:
        above = open_directory(SORT)
        try:
            os.mkdir(folder(netns), 0o700, dir_fd=above)
        except (FileExistsError, FileNotFoundError):
            pass  # it is there, or another task has just removed the directory that it goes into
        finally:
            os.close(above)
        made = _open(netns)
        if made is not None:
            return made


def names(netns: str | None) -> list[str]:
    """The names of all services that there is a record of in a namespace."""
    directory = _open(netns)
    if directory is None:
        return []
    try:
        return sorted(name[: -len(".json")] for name in os.listdir(directory) if name.endswith(".json"))
    finally:
        os.close(directory)


def read(netns: str | None, name: str) -> Record | None:
    """A service's record; None when there is none, or none that can be read."""
    directory = _open(netns)
    if directory is None:
        return None
    try:
        with _file(directory, f"{name}.json", os.O_RDONLY) as opened:
            return Record.of(json.load(opened))
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None
    finally:
        os.close(directory)


def write(netns: str | None, name: str, record: Record) -> None:
    """Write a service's record whole, or not at all."""
    directory = _make(netns)
    try:
        with _file(directory, f"{name}.json.new", os.O_WRONLY | os.O_CREAT | os.O_TRUNC) as opened:
            json.dump(dataclasses.asdict(record), opened)
        os.rename(f"{name}.json.new", f"{name}.json", src_dir_fd=directory, dst_dir_fd=directory)
        with _file(directory, f"{name}.pid", os.O_WRONLY | os.O_CREAT | os.O_TRUNC) as opened:
            opened.write(f"{record.pid}\n")
    finally:
        os.close(directory)


def new_log(netns: str | None, name: str) -> int:
    """A descriptor of a service's log, empty."""
    directory = _make(netns)
    try:
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
        return os.open(f"{name}.log", flags, 0o600, dir_fd=directory)
    finally:
        os.close(directory)


def remove(netns: str | None, name: str) -> None:
    """Remove a service's files, and the directories that are empty then."""
    directory = _open(netns)
    if directory is None:
        return
    try:
        for suffix in _SUFFIXES:
            try:
                os.unlink(f"{name}{suffix}", dir_fd=directory)
            except FileNotFoundError:
                pass
    finally:
        os.close(directory)
    for path in (f"{DIRECTORY}/{SORT}/{folder(netns)}", f"{DIRECTORY}/{SORT}", DIRECTORY):
        try:
            os.rmdir(path)
        except OSError:
            return  # others keep something there


def forget(netns: str) -> None:
    """Remove what is left of the services of a namespace that is gone: those that ended by themselves."""
    for name in names(netns):
        remove(netns, name)


def _file(directory: int, name: str, flags: int) -> t.TextIO:
    descriptor = os.open(name, flags | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600, dir_fd=directory)
    return t.cast("t.TextIO", os.fdopen(descriptor, "w" if flags & os.O_WRONLY else "r", encoding="utf-8"))
