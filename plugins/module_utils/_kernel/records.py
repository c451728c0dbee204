# SPDX-FileCopyrightText: The virtnet.linux authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files under /run/virtnet: what a topology made, and the journal of a run that is under way.

They are root's alone, and links in their place are not followed.
"""

from __future__ import annotations

import fcntl
import json
import os
import typing as t

from .._values.errors import NotPermitted, VirtnetError

DIRECTORY = "/run/virtnet"


def open_directory(name: str) -> int:
    """A descriptor of a directory below /run/virtnet, made if it lacks.

    :raises VirtnetError: something else stands in its place.
    """
    while True:
        try:
            return _open_directory(name)
        except FileNotFoundError:
            continue  # another task has just removed the empty directory


def _not_permitted(path: str) -> NotPermitted:
    return NotPermitted(f"{path}: not permitted; this needs root (become: true)")


def _open_directory(name: str) -> int:
    path = DIRECTORY
    for part in ("", name):
        path = f"{path}/{part}" if part else path
        try:
            os.mkdir(path, 0o700)
        except FileExistsError:
            pass
        except PermissionError:
            raise _not_permitted(path) from None
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except PermissionError:
            raise _not_permitted(path) from None
        except NotADirectoryError:
            raise VirtnetError(f"{path} is not a directory; it is not used") from None
        found = os.fstat(descriptor)
        if found.st_uid != os.geteuid() or found.st_mode & 0o022:
            os.close(descriptor)
            raise _not_permitted(path) if os.geteuid() else VirtnetError(f"{path} is not root's alone; it is not used")
        os.fchmod(descriptor, 0o700)
        if part:
            break
        os.close(descriptor)
    return descriptor


def open_in(name: str, file: str, flags: int) -> tuple[int, int]:
    """A descriptor of a directory below /run/virtnet, and one of a file in it that is made if it lacks."""
    while True:
        directory = open_directory(name)
        try:
            return directory, os.open(file, flags | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600, dir_fd=directory)
        except FileNotFoundError:
            os.close(directory)  # another task has just removed the empty directory
        except BaseException:
            os.close(directory)
            raise


class Store:
    """Records of one sort, by name."""

    def __init__(self, sort: str) -> None:
        self._sort = sort

    def path(self, name: str) -> str:
        """Where a record is, for messages."""
        return f"{DIRECTORY}/{self._sort}/{name}.json"

    def read(self, name: str) -> dict[str, t.Any] | None:
        """A record; None when there is none."""
        if not os.path.isdir(f"{DIRECTORY}/{self._sort}"):
            return None
        directory = open_directory(self._sort)
        try:
            file = os.open(f"{name}.json", os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=directory)
        except FileNotFoundError:
            return None
        except OSError as error:  # ELOOP: a symbolic link stands in its place
            raise VirtnetError(f"{self.path(name)} is not used: {error.strerror}") from None
        finally:
            os.close(directory)
        with os.fdopen(file, encoding="utf-8") as opened:
            try:
                found = json.load(opened)
            except ValueError:
                found = None
        if not isinstance(found, dict):
            raise VirtnetError(f"{self.path(name)} holds no record; to go on without it, remove it")
        return found

    def write(self, name: str, record: t.Mapping[str, t.Any]) -> None:
        """Write a record whole, or not at all.

        :raises VirtnetError: it can't be written, as when the file system is full.
        """
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
        try:
            directory, file = open_in(self._sort, f"{name}.json.new", flags)
            try:
                with os.fdopen(file, "w", encoding="utf-8") as opened:
                    opened.write(json.dumps(record))  # in one piece: json.dump() writes in many, in Python
                os.rename(f"{name}.json.new", f"{name}.json", src_dir_fd=directory, dst_dir_fd=directory)
            finally:
                os.close(directory)
        except OSError as error:
            raise VirtnetError(f"{self.path(name)} can't be written: {error.strerror}") from None

    def remove(self, name: str) -> None:
        """Remove a record, and the directory when it was the last."""
        if not os.path.isdir(f"{DIRECTORY}/{self._sort}"):
            return
        directory = open_directory(self._sort)
        try:
            os.unlink(f"{name}.json", dir_fd=directory)
        except FileNotFoundError:
            pass
        finally:
            os.close(directory)
        for path in (f"{DIRECTORY}/{self._sort}", DIRECTORY):
            try:
                os.rmdir(path)
            except OSError:
                return  # others keep records in it, or something is mounted there


class Lock:
    """Held while a topology is worked on, so that a second run waits for the first."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __enter__(self) -> None:
        while True:
            directory, self._file = open_in("locks", self._name, os.O_RDWR | os.O_CREAT)
            try:
                fcntl.flock(self._file, fcntl.LOCK_EX)
                if os.stat(self._name, dir_fd=directory).st_ino == os.fstat(self._file).st_ino:
                    return
            except FileNotFoundError:
                pass  # the one who held it has removed it
            finally:
                os.close(directory)
            os.close(self._file)

    def __exit__(self, *_exception: object) -> None:
        for path, take in ((f"{DIRECTORY}/locks/{self._name}", os.unlink), (f"{DIRECTORY}/locks", os.rmdir),
                           (DIRECTORY, os.rmdir)):  # fmt: skip
            try:
                take(path)
            except OSError:
                break  # others hold locks or keep records
        os.close(self._file)
