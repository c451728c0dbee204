# SPDX-FileCopyrightText: The virtnet.linux authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Signals that end a process, such as a lost connection's: what was begun is led back first."""

from __future__ import annotations

import signal
import threading
import types
import typing as t

ENDING = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)


class Interrupted(KeyboardInterrupt):
    """A signal came. Not an Exception: nobody between here and the transaction may take it for his own."""


def _interrupt(number: int, _frame: types.FrameType | None) -> None:
    raise Interrupted(f"interrupted by {signal.Signals(number).name}")


class Interruptible:
    """While it is entered, signals that would end the process raise `Interrupted`."""

    def __enter__(self) -> Interruptible:
        self._former: dict[signal.Signals, t.Any] = {}
        if threading.current_thread() is threading.main_thread():  # others can't set handlers
            self._former = {number: signal.signal(number, _interrupt) for number in ENDING}
        return self

    def hold(self) -> None:
        """From now on let signals pass: going back is not interrupted."""
        for number in self._former:
            signal.signal(number, signal.SIG_IGN)

    def __exit__(self, *_exception: object) -> None:
        for number, handler in self._former.items():
            signal.signal(number, handler)
