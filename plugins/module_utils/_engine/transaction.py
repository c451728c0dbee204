# SPDX-FileCopyrightText: The virtnet.linux authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plan, apply, verify, and on any failure back to where it began."""

from __future__ import annotations

import dataclasses
import typing as t

from .._kernel import namespaces
from .._kernel.netlink import Channels
from .._kernel.perform import OperationFailed, Performer
from .._kernel.read import KernelSource
from .._resources.restore import plan_back
from .._values.errors import KernelRefused, VirtnetError
from .._values.kept import Kept, Place
from .._values.operation import Operation
from .._values.world import World
from .keep import keep
from .plan import Entry, Step, commands_of, make_plan
from .signals import Interrupted, Interruptible

PASSES = 3  # what one pass makes the kernel undo (a link that goes down loses its routes), the next one redoes


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What a run did, or in check mode would do.

    :param before: by the entry's label, what was asked for as it was; only where something differs.
    :param after: the same as it is now.
    :param views: of every entry, as it was before.
    """

    changed: bool
    commands: list[str]
    before: dict[str, t.Any]
    after: dict[str, t.Any]
    warnings: list[str]
    views: list[dict[str, t.Any]]

    def result(self) -> dict[str, t.Any]:
        """What every module returns of a run."""
        return {
            "changed": self.changed,
            "commands": self.commands,
            "diff": {"before": self.before, "after": self.after},
            "warnings": self.warnings,
        }


class Journal(t.Protocol):
    """Where the kept state is written before the first operation, so that it survives a kill."""

    def open(self, kept: Kept) -> None:
        """Called before the first operation."""

    def done(self) -> None:
        """Called when all is done; if this fails, all is undone."""

    def undone(self) -> None:
        """Called when all is undone."""


class Transaction:
    """One run of the engine; keeps its netlink sockets between its steps.

    `replaced` has the values that were overwritten where they could be read only while it was being done.
    """

    def __init__(self, check: bool, journal: Journal | None = None) -> None:
        self._check = check
        self._journal = journal
        self.channels = Channels()
        self.replaced: dict[Place, t.Any] = {}

    def __enter__(self) -> Transaction:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.channels.close()  # an open socket keeps a removed namespace alive

    def world(self) -> World:
        """The kernel's state, read anew."""
        return World(KernelSource(self.channels), lenient=self._check)

    def run(self, entries: t.Sequence[Entry]) -> Outcome:
        """Bring about what the entries ask for, or in check mode say what would be done.

        :raises VirtnetError: it could not be done, and everything is as it was, unless it says otherwise.
        """
        world = self.world()
        views = [self._view(entry, world) for entry in entries]
        steps = make_plan(entries, world)
        touched = {id(step.entry) for step in steps}
        before: dict[str, t.Any] = {}
        after: dict[str, t.Any] = {}
        for entry, view in zip(entries, views):
            if id(entry) in touched:
                _add_view(before, entry.label, view)
                _add_view(after, entry.label, self._view(entry, world))
        commands = commands_of(steps)
        if steps and not self._check:
            commands += self._apply(entries, steps, world)
        return Outcome(bool(steps), commands, before, after, world.warnings(), views)

    @staticmethod
    def _view(entry: Entry, world: World) -> dict[str, t.Any]:
        try:
            return entry.resource.view(world)
        except VirtnetError as error:
            raise entry.error(error) from None

    def _apply(self, entries: t.Sequence[Entry], steps: list[Step], world: World) -> list[str]:
        """Perform the steps and verify; returns the commands of what had to be done after the first pass."""
        kept = keep(world, self.world(), steps)
        if self._journal is not None:
            self._journal.open(kept)
        with Interruptible() as signals:
            try:
                extra = self._perform_all(entries, steps)
                if self._journal is not None:
                    self._journal.done()
            except BaseException as error:
                signals.hold()
                self._back(kept, error)
                if self._journal is not None:
                    self._journal.undone()
                if isinstance(error, Interrupted):
                    raise VirtnetError(f"{error}; everything is as it was") from None
                raise
        return extra

    def _perform_all(self, entries: t.Sequence[Entry], steps: list[Step]) -> list[str]:
        extra: list[str] = []
        for _attempt in range(PASSES):
            self._perform(steps)
            steps = make_plan(entries, self.world())
            if not steps:
                return extra
            extra += commands_of(steps)
        raise steps[0].entry.error(f"the kernel does not keep it: {steps[0].operation.summary} has no effect")

    def _perform(self, steps: t.Sequence[Step]) -> None:
        try:
            self._performer().perform([step.operation for step in steps])
        except OperationFailed as failed:
            step = steps[failed.position]
            explain, cause = failed.operation.explain, failed.cause
            known = explain.get(cause.words) or explain.get(cause.errno) if isinstance(cause, KernelRefused) else None
            raise step.entry.error(known or str(failed)) from None

    def _performer(self) -> Performer:
        return Performer(self.channels, self.replaced)

    def _back(self, kept: Kept, error: BaseException) -> None:
        """Lead the machine back; says so in the error if that fails too."""
        self.channels.close()  # what was interrupted may have left its answers unread
        problem = self.roll_back(kept)
        if problem and isinstance(error, (VirtnetError, Interrupted)):
            raise VirtnetError(f"{error}; and the state before could not be restored: {problem}") from None

    def roll_back(self, kept: Kept) -> str:
        """Plan from what there is to what was kept, and do it; returns what could not be done."""
        problem = ""
        for _attempt in range(PASSES):
            world = self.world()
            operations: list[Operation] = []
            for operation in plan_back(kept, world):
                world.apply(operation)
                operations.append(operation)
            if not operations:
                made = [str(key) for _place, section, key in kept.planned if section == "namespace"]
                namespaces.sweep(name for name in made if kept.namespaces.get(name) is None)
                return ""
            problem = ""
            while operations:  # what fails is left out, and planned again in the next pass
                try:
                    self._performer().perform(operations)
                    operations = []
                except OperationFailed as failed:
                    problem = problem or str(failed)  # the first; others may follow from it
                    operations = operations[failed.position + 1 :]
        return problem or "it does not stay as it was"


def _add_view(views: dict[str, t.Any], label: str, view: t.Mapping[str, t.Any]) -> None:
    """Add a view under an entry's label; an entry that names several things has one for each."""
    seen = views.setdefault(label, {})
    for name, value in view.items():
        if isinstance(value, dict) and isinstance(seen.get(name), dict):
            seen[name] = {**seen[name], **value}
        else:
            seen[name] = value
