# SPDX-FileCopyrightText: The virtnet.linux authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kernel parameters below /proc/sys; those of the network follow the thread's namespace."""

from __future__ import annotations

import errno
import os

from .._values.errors import KernelRefused, NotPermitted
from . import namespaces

DIRECTORY = "/proc/sys"


def read(netns: str | None, key: str) -> str | None:
    """A parameter's value, its fields separated by single spaces; None when this kernel has none.

    :param key: with slashes, as below /proc/sys.
    """
    with namespaces.inside(netns):
        try:
            with open(f"{DIRECTORY}/{key}", encoding="ascii", errors="replace") as file:
                return " ".join(file.read().split())
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            return None
        except OSError as error:
            raise KernelRefused(error.errno or 0, f"read {key}: {error.strerror}") from None


def write(netns: str | None, key: str, value: str) -> None:
    """Set a parameter.

    :raises KernelRefused: the kernel doesn't take the value.
    """
    with namespaces.inside(netns):
        try:
            descriptor = os.open(f"{DIRECTORY}/{key}", os.O_WRONLY | os.O_CLOEXEC)
            try:
                os.write(descriptor, value.encode() + b"\n")
            finally:
                os.close(descriptor)
        except OSError as error:
            if error.errno in (errno.EPERM, errno.EACCES):
                raise NotPermitted(f"writing {key} is not permitted; it needs root (become: true)") from None
            raise KernelRefused(error.errno or 0, f"{error.strerror}") from None
