# SPDX-FileCopyrightText: The virtnet.linux authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Three states merged: what was recorded, what there is, what is asked for.

What the list no longer has is taken down if it was made here, and put back to its former value if it
was only changed. What was there before is adopted, changed where asked, and never removed.
"""

from __future__ import annotations

import dataclasses
import typing as t

from .._resources.former import ABSENT, FORMER
from .._resources.resource import Kind, Options, Resource
from .._values.kept import Place


@dataclasses.dataclass(frozen=True)
class Asked:
    """One thing of a list: its module, its validated options and the resource made of them.

    :param former: what was asked for as it was before any run of this topology.
    """

    label: str
    kind: Kind
    options: Options
    resource: Resource
    former: Options = dataclasses.field(default_factory=dict)

    @property
    def made(self) -> bool:
        """Whether it was not there before."""
        return self.former.get("state") in ABSENT

    def named(self, path: str) -> t.Any:
        """The value of an option; "peer.netns" is one within another."""
        value: t.Any = self.options
        for part in path.split("."):
            value = value.get(part) if isinstance(value, dict) else None
        return value

    def learned(self, replaced: t.Mapping[Place, t.Any]) -> Asked:
        """The same, knowing what was there before that could be read only while it was being done."""
        return dataclasses.replace(self, former=self.kind.learn(self.options, self.former, replaced))

    def record(self) -> dict[str, t.Any]:
        """As it is written to the topology's record."""
        given = {name: value for name, value in self.options.items() if value is not None}
        return {"module": self.kind.name, "options": given, "former": dict(self.former)}


def recall(label: str, kinds: t.Mapping[str, Kind], entry: t.Mapping[str, t.Any]) -> Asked:
    """An entry of a record."""
    kind = kinds[entry["module"]]
    options = {name: entry["options"].get(name) for name in kind.options}
    return Asked(label, kind, options, kind.parse(options), entry["former"])


def with_former(asked: Asked, recorded: Asked | None, now: Options) -> Asked:
    """What is asked, knowing what there was before, and what an earlier list asked that this one doesn't."""
    if recorded is None:
        return dataclasses.replace(asked, former=now)
    former = recorded.former if recorded.made else {**now, **recorded.former}
    dropped = {"options": recorded.options, "former": former}
    options = {**asked.options, FORMER: dropped}
    return dataclasses.replace(asked, former=former, resource=asked.kind.parse(options))


def gone(recorded: Asked) -> Resource | None:
    """The resource that leads back what a list no longer has; None: what was before is not known."""
    if recorded.made and recorded.kind.removable(recorded.options):
        (absent,) = {*ABSENT} & {*recorded.kind.options["state"]["choices"]}
        return recorded.kind.parse({**recorded.options, "state": absent})
    back = {name: _known(value) for name, value in recorded.former.items() if name != "state" and value is not None}
    kept = {name: recorded.options.get(name) for name in recorded.kind.identity}
    none = {name: spec.get("default") for name, spec in recorded.kind.options.items()}
    dropped = {"options": recorded.options, "former": recorded.former}
    options = {**none, **kept, **back, FORMER: dropped}
    if any(spec.get("required") and not options.get(name) for name, spec in recorded.kind.options.items()):
        return None
    return recorded.kind.parse(options)


def _known(value: t.Any) -> t.Any:
    return {name: item for name, item in value.items() if item is not None} if isinstance(value, dict) else value


def order(recorded: t.Sequence[Asked], asked: t.Sequence[Asked]) -> tuple[list[Asked], list[Asked]]:
    """What is to go before anything is made, and what only after: namespaces take much with them.

    What stands in a namespace that goes, goes with it; but not what has its parent or its other end in one that
    stays: there it would be in the way of what is made.
    """
    wanted = {one.resource.identity for one in asked}
    dropped = [one for one in reversed(recorded) if one.resource.identity not in wanted]
    spaces = {one.options["name"] for one in dropped if one.kind.name == "netns" and one.made}
    first = [one for one in dropped if one.kind.name != "netns" and not _places(one) <= spaces]
    return first, [one for one in dropped if one.kind.name == "netns"]


def _places(one: Asked) -> set[t.Any]:
    """The namespaces that a thing has a part in."""
    return {one.resource.netns, *(value for value in map(one.named, one.kind.namespaces) if value)}
