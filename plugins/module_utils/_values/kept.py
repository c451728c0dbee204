# SPDX-FileCopyrightText: The virtnet.linux authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""State kept before a change, to be led back to."""

from __future__ import annotations

import dataclasses
import typing as t

from .state import Namespace
from .world import Section

Place = tuple[t.Optional[str], str, t.Hashable]


@dataclasses.dataclass
class Kept:
    """What there was.

    :param namespaces: by name; None: it was not there.
    :param sections: all things of a kind in a namespace.
    :param items: things that are read one by one.
    :param planned: what the plan was going to touch: only of this, what was not there is removed.
    """

    namespaces: dict[str, Namespace | None] = dataclasses.field(default_factory=dict)
    sections: dict[tuple[str | None, str], Section] = dataclasses.field(default_factory=dict)
    items: dict[Place, t.Any] = dataclasses.field(default_factory=dict)
    planned: set[Place] = dataclasses.field(default_factory=set)
