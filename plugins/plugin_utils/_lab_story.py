# SPDX-FileCopyrightText: The virtnet.linux authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is known of one run of a lab: which one, how far it has come, what held, and how long it took."""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass, field

from ansible_collections.virtnet.linux.plugins.plugin_utils._lab_glyphs import Glyphs

BUILD, CHECK, TEARDOWN = "build", "check", "teardown"

_PHASES = {"main": BUILD, "check": CHECK, "teardown": TEARDOWN}
_WORDS = {BUILD: "built", CHECK: "checked"}


@dataclass
class Story:
    """One run of a lab, from building to taking it down.

    :param lab: its name, without lab_.
    :param introduced: whether its title and drawing have been shown; what is told before waits for that.
    :param brief: only what is not as documented is told.
    """

    lab: str = ""
    title: str = ""
    introduced: bool = False
    brief: bool = False
    kernel: str = ""
    phase: str = ""
    kept: int = 0
    broken: int = 0
    failed_at: str = ""
    waiting: list[str] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)

    def enter(self, phase: str) -> None:
        """A task of this phase begins."""
        self.phase = phase
        self.seconds.setdefault(phase, 0.0)

    def spend(self, seconds: float) -> None:
        """Time has gone by in the phase that is on."""
        self.seconds[self.phase] = self.seconds.get(self.phase, 0.0) + seconds

    def fail(self, task: str) -> None:
        """A task has failed; the first one tells why the story ends."""
        self.failed_at = self.failed_at or task

    def summary(self, glyphs: Glyphs) -> str:
        """One line: what held, how long it took, and whether the lab still stands."""
        claims = self.kept + self.broken
        words = [f"{self.kept} of {claims} as documented"] if claims else []
        if self.failed_at:
            words.append(f"ended at '{self.failed_at}'")
        words += [f"{word} in {self.seconds[phase]:.1f} s" for phase, word in _WORDS.items() if phase in self.seconds]
        if TEARDOWN in self.seconds:
            words.append("taken down")
        elif self.lab and BUILD in self.seconds:
            words.append("left standing")
        if self.kernel:
            words.append(self.kernel)
        return f" {glyphs.separator} ".join(words)


def lab_of(task: t.Any) -> str:
    """The lab that a task belongs to; empty for tasks outside of roles called lab_."""
    role = getattr(task, "_role", None)
    found = re.fullmatch(r"(?:\w+\.\w+\.)?lab_(\w+)", role.get_name()) if role is not None else None
    return found.group(1) if found else ""


def phase_of(task: t.Any, otherwise: str) -> str:
    """The phase that a lab's task belongs to: its entry point, or, in a file that one includes, what is on."""
    found = re.search(r"/tasks/(\w+)\.ya?ml:", task.get_path() or "")
    return _PHASES.get(found.group(1), otherwise) if found else otherwise
