# SPDX-FileCopyrightText: The virtnet.linux authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A list of resources as one transaction, with a record of what it made."""

from __future__ import annotations

import typing as t

from .._kernel.records import Lock, Store
from .._resources.checks import new_namespace
from .._resources.former import ABSENT
from .._resources.resource import Kind, Options, Resource
from .._values.errors import VirtnetError
from .._values.kept import Kept
from .._values.serial import pack_kept, unpack_kept
from .._values.world import World
from . import merge
from .merge import Asked
from .plan import Entry, reject_duplicates
from .spec import Validator
from .transaction import Outcome, Transaction

RECORDS, JOURNALS = "topologies", "journals"


class TopologyJournal:
    """The journal of a run: the state before, and the record that goes with it.

    The new record is written before the journal goes: there is no moment at which what was made is known to neither.

    :param record: the record before the run.
    :param write: writes the record after it.
    """

    def __init__(self, name: str, record: t.Mapping[str, t.Any] | None, write: t.Callable[[], None]) -> None:
        self._name = name
        self._record = record
        self._write = write

    def open(self, kept: Kept) -> None:
        """Write the state before, so that a kill can be led back from."""
        Store(JOURNALS).write(self._name, {"kept": pack_kept(kept), "record": self._record})

    def done(self) -> None:
        """All is done."""
        self._write()
        Store(JOURNALS).remove(self._name)

    def undone(self) -> None:
        """All is undone."""
        write_record(self._name, self._record)
        Store(JOURNALS).remove(self._name)


def write_record(name: str, record: t.Mapping[str, t.Any] | None) -> None:
    """Write what a topology has made; None: nothing."""
    if record is None:
        Store(RECORDS).remove(name)
    else:
        Store(RECORDS).write(name, record)


class Topology:
    """A named list of resources."""

    def __init__(self, name: str, kinds: t.Mapping[str, Kind]) -> None:
        self._name = new_namespace("name", name)
        self._kinds = kinds

    def parse(self, resources: t.Sequence[t.Any], prefix: str = "") -> list[Asked]:
        """The things of a list, validated; a prefix goes before every namespace's name.

        :raises VirtnetError: in a sentence that names the entry.
        """
        validator = Validator(self._kinds)
        asked: list[Asked] = []
        for place, entry in enumerate(resources):
            kind, label, options = validator.entry(f"resources[{place}]", entry)
            try:
                for part in kind.split(prefixed(kind, options, prefix)):
                    asked.append(Asked(label, kind, part, kind.parse(part)))
            except VirtnetError as error:
                raise VirtnetError(f"{label}.{error}") from None
        reject_duplicates([Entry(one.resource, one.label) for one in asked])
        return asked

    def run(self, asked: t.Sequence[Asked], check: bool) -> Outcome:
        """Bring about the list; what an earlier one had and this one hasn't is led back.

        :raises VirtnetError: it could not be done, and everything is as it was.
        """
        if check:
            return self._run(asked, check)
        with Lock(self._name):
            self._recover()
            return self._run(asked, check)

    def _run(self, asked: t.Sequence[Asked], check: bool) -> Outcome:
        record = Store(RECORDS).read(self._name)
        recorded = [
            merge.recall(f"record[{place}].{entry['module']}", self._kinds, entry)
            for place, entry in enumerate((record or {}).get("entries", ()))
        ]
        known = {one.resource.identity: one for one in recorded}
        merged: list[Asked] = []

        def write() -> None:
            self._write([one.learned(transaction.replaced) for one in merged])

        with Transaction(check, TopologyJournal(self._name, record, write)) as transaction:
            world = transaction.world()
            merged = [
                merge.with_former(one, known.get(one.resource.identity), one.resource.view(world)) for one in asked
            ]
            first, last = merge.order(recorded, merged)
            asking = [Entry(one.resource, one.label) for one in merged]
            entries = _leaving(first, world) + asking + _leaving(last, world)
            outcome = transaction.run(entries)
        if not check and not outcome.changed:
            write()  # otherwise it was written before the journal went
        interrupted = check and Store(JOURNALS).read(self._name) is not None
        if interrupted:
            outcome.warnings.append("an earlier run was interrupted; before anything else it is led back")
        return outcome

    def _write(self, merged: t.Sequence[Asked]) -> None:
        write_record(self._name, {"version": 1, "entries": [one.record() for one in merged]} if merged else None)

    def _recover(self) -> None:
        """Lead back a run that was killed."""
        journal = Store(JOURNALS).read(self._name)
        if journal is None:
            return
        with Transaction(check=False) as transaction:
            problem = transaction.roll_back(unpack_kept(journal["kept"]))
        if problem:
            run = f"an earlier run of topology {self._name!r}"
            raise VirtnetError(
                f"{run} was interrupted and can't be led back: {problem}"
                f" (to go on from what there is, remove {Store(JOURNALS).path(self._name)})"
            )
        write_record(self._name, journal["record"])
        Store(JOURNALS).remove(self._name)


def _leaving(dropped: t.Iterable[Asked], world: World) -> list[Entry]:
    """What leads back the things that a list no longer has, as far as they are still there."""
    entries = [(merge.gone(one), one.label) for one in dropped]
    return [
        Entry(resource, label) for resource, label in entries if resource is not None and _is_there(resource, world)
    ]


def _is_there(resource: Resource, world: World) -> bool:
    """Whether there is something to lead back: others may have removed it."""
    view = resource.view(world)
    known = view.get("values", view)
    return view.get("state") not in ABSENT and any(value is not None for value in known.values())


def prefixed(kind: Kind, options: Options, prefix: str) -> Options:
    """Options with the prefix before each namespace's name; an absolute path is left as it is."""
    if not prefix:
        return options
    changed = dict(options)
    for path in kind.namespaces:
        owner, _dot, name = path.rpartition(".")
        if owner and changed.get(owner):
            changed[owner] = {**changed[owner]}
        holder = changed.get(owner) if owner else changed
        if isinstance(holder, dict) and holder.get(name) and not holder[name].startswith("/"):
            holder[name] = prefix + holder[name]
    return changed


def run_topology(options: Options, kinds: t.Mapping[str, Kind], check: bool) -> dict[str, t.Any]:
    """The module's work: its options to its result."""
    topology = Topology(options["name"], kinds)
    asked = topology.parse(options["resources"] or (), options["prefix"]) if options["state"] == "present" else []
    outcome = topology.run(asked, check)
    result = outcome.result()
    result["topology"] = {
        "name": options["name"],
        "prefix": options["prefix"],
        "namespaces": [one.options["name"] for one in asked if one.kind.name == "netns"],
        "resources": len(asked),
    }
    return result
