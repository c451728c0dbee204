# SPDX-FileCopyrightText: The virtnet.linux authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an earlier list asked for and this one doesn't: led back to its former value.

A topology gives a resource, beside its options, those that were recorded for it and what there was
before (the private option `former`). Other tasks know of nothing before: for them nothing is led back.
"""

from __future__ import annotations

import typing as t

from .option import Option
from .resource import Options

FORMER = "former"
ABSENT = ("absent", "stopped")  # the states of what is not there; the second is that of a service


def _recorded(options: Options) -> tuple[Options, Options]:
    known = options.get(FORMER) or {}
    return known.get("options") or {}, known.get("former") or {}


def is_ours(options: Options) -> bool:
    """Whether the thing was not there before the topology made it."""
    return _recorded(options)[1].get("state") in ABSENT


def completed(options: Options, rows: t.Iterable[Option]) -> Options:
    """Options, and for those no longer given their former values; what we made gets the kernel's own."""
    recorded, former = _recorded(options)
    back = {
        row.name: row.default if is_ours(options) else former.get(row.name)
        for row in rows
        if recorded.get(row.name) is not None and options.get(row.name) is None
    }
    return {**options, **{name: value for name, value in back.items() if value is not None}}


def master_of(options: Options) -> str | None:
    """The master asked for, or the former one if it is no longer asked for."""
    recorded, former = _recorded(options)
    if options.get("master") is not None or recorded.get("master") is None:
        return t.cast("str | None", options.get("master"))
    return t.cast("str", former.get("master") or "")


def dropped(options: Options, name: str, normal: t.Callable[[t.Any], t.Any]) -> tuple[t.Any, ...]:
    """Items of a list that were asked for, are no longer, and were not there before."""
    recorded, former = _recorded(options)
    keep = [normal(item) for source in (options, former) for item in source.get(name) or ()]
    return tuple(item for item in map(normal, recorded.get(name) or ()) if item not in keep)


def within(options: Options, name: str) -> Options:
    """The options of a part, such as `peer` or `port`, with what is known of that part."""
    recorded, former = _recorded(options)
    part: Options = options.get(name) or {}
    if not recorded.get(name):
        return part
    before = {"state": "absent"} if is_ours(options) else former.get(name) or {}
    return {**part, FORMER: {"options": recorded[name], "former": before}}
