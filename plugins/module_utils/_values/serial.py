# SPDX-FileCopyrightText: The virtnet.linux authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kept state as JSON and back."""

from __future__ import annotations

import dataclasses
import typing as t

from . import firewall, state
from .kept import Kept

_CLASSES: dict[str, t.Any] = {
    name: cls
    for module in (state, firewall)
    for name, cls in vars(module).items()
    if isinstance(cls, type) and dataclasses.is_dataclass(cls)
}


def pack(value: t.Any) -> t.Any:
    """A value as JSON can hold it: classes, tuples and mappings are marked as such."""
    if dataclasses.is_dataclass(value):
        fields = {field.name: pack(getattr(value, field.name)) for field in dataclasses.fields(value)}
        return {"class": type(value).__name__, "fields": fields}
    if isinstance(value, state.Reference):
        return {"reference": [value.netns, value.name]}
    if isinstance(value, tuple):
        return {"tuple": [pack(item) for item in value]}
    if isinstance(value, t.Mapping):
        return {"mapping": [[pack(key), pack(item)] for key, item in value.items()]}
    if isinstance(value, list):
        return [pack(item) for item in value]
    return value


def unpack(value: t.Any) -> t.Any:
    """The value that `pack` made JSON of."""
    if isinstance(value, list):
        return [unpack(item) for item in value]
    if not isinstance(value, dict):
        return value
    if "class" in value:
        return _CLASSES[value["class"]](**{name: unpack(item) for name, item in value["fields"].items()})
    if "reference" in value:
        return state.Reference(*value["reference"])
    if "tuple" in value:
        return tuple(unpack(item) for item in value["tuple"])
    return {unpack(key): unpack(item) for key, item in value["mapping"]}


def pack_kept(kept: Kept) -> dict[str, t.Any]:
    """Kept state as JSON can hold it."""
    return {
        "namespaces": pack(kept.namespaces),
        "sections": pack(kept.sections),
        "items": pack(kept.items),
        "planned": [pack(place) for place in kept.planned],
    }


def unpack_kept(packed: t.Mapping[str, t.Any]) -> Kept:
    """The kept state that `pack_kept` made JSON of."""
    return Kept(
        namespaces=unpack(packed["namespaces"]),
        sections=unpack(packed["sections"]),
        items=unpack(packed["items"]),
        planned={unpack(place) for place in packed["planned"]},
    )
