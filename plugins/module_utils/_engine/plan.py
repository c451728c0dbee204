# SPDX-FileCopyrightText: The virtnet.linux authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""From what is asked and what there is to the operations that close the gap.

Check mode and the real run share this; they differ only in what happens to the operations.
"""

from __future__ import annotations

import dataclasses
import typing as t

from .._resources.resource import Resource
from .._values.errors import VirtnetError
from .._values.operation import Operation
from .._values.world import World


@dataclasses.dataclass(frozen=True)
class Entry:
    """A resource and what it is called in messages: "resources[3].veth", or nothing when it is alone."""

    resource: Resource
    label: str = ""

    def error(self, words: object) -> VirtnetError:
        """An error that names the entry."""
        return VirtnetError(f"{self.label}: {words}" if self.label else str(words))


@dataclasses.dataclass(frozen=True)
class Step:
    """An operation of a plan and the entry that it is for."""

    entry: Entry
    operation: Operation


def make_plan(entries: t.Sequence[Entry], world: World) -> list[Step]:
    """The steps for all entries in their order; the world is then as it will be.

    What a later entry undoes of an earlier one is planned again, as ip_forward undoes the forwarding of an interface.

    :raises VirtnetError: one can't be done, or two contradict each other, in one sentence that names the entry.
    """
    steps = _plan_once(entries, world)
    again = _plan_once(entries, world) if steps else []
    if again:
        _reject_contradiction(_plan_once(entries, world))
    return steps + again


def _reject_contradiction(steps: t.Iterable[Step]) -> None:
    """See that no two entries go on changing one thing for ever.

    :raises VirtnetError: they do.
    """
    changing: dict[t.Hashable, Step] = {}
    for step in steps:
        for change in step.operation.changes:
            first = changing.setdefault(change[:3], step)
            if first.entry is not step.entry:
                raise step.entry.error(
                    f"contradicts {first.entry.label}: {step.operation.summary} undoes what that asks"
                )


def _plan_once(entries: t.Iterable[Entry], world: World) -> list[Step]:
    steps = []
    for entry in entries:
        try:
            for operation in entry.resource.plan(world):
                world.apply(operation)
                steps.append(Step(entry, operation))
        except VirtnetError as error:
            if not entry.label:
                raise
            raise entry.error(error) from None
    return steps


def commands_of(steps: t.Iterable[Step]) -> list[str]:
    """What a person would type for a plan."""
    return [command for step in steps for command in step.operation.commands]


def reject_duplicates(entries: t.Iterable[Entry]) -> None:
    """See that nothing is named twice.

    :raises VirtnetError: something is.
    """
    seen: dict[t.Hashable, Entry] = {}
    for entry in entries:
        first = seen.setdefault(entry.resource.identity, entry)
        if first is not entry:
            raise entry.error(f"is the same thing as {first.label}")
