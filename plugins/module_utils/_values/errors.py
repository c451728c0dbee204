# SPDX-FileCopyrightText: The virtnet.linux authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can go wrong, as sentences for the person at the terminal."""

from __future__ import annotations


class VirtnetError(Exception):
    """Anything that ends a task with a message and no traceback."""


class InvalidOption(VirtnetError):
    """An option's value is not usable: names the option, the value and what would be right."""

    def __init__(self, option: str, value: object, hint: str) -> None:
        super().__init__(f"{option}: {value!r} {hint}")


class NamespaceMissing(VirtnetError):
    """The network namespace to act in does not exist."""

    def __init__(self, netns: str) -> None:
        super().__init__(f"there is no network namespace {netns!r}")
        self.netns = netns


class NotPermitted(VirtnetError):
    """The task does not have the privileges that the operation needs."""


class ProgramMissing(VirtnetError):
    """A program that the task needs is not installed.

    :param package: which package has it; None: not known.
    """

    def __init__(self, program: str, package: str | None) -> None:
        where = f" (it is in the package {package})" if package else ""
        super().__init__(f"the program {program!r} is not installed{where}")


class KernelRefused(VirtnetError):
    """The kernel answered an operation with an error.

    :param errno: the kernel's error number, positive.
    :param words: the kernel's own explanation (extended acknowledgement) or the errno's text.
    """

    def __init__(self, errno: int, words: str) -> None:
        super().__init__(words)
        self.errno = errno
        self.words = words
