# SPDX-FileCopyrightText: The virtnet.linux authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keeps the state of everything that a plan touches, so that it can be planned back."""

from __future__ import annotations

import typing as t

from .._resources.sysctl import followers
from .._values.kept import Kept
from .._values.world import ITEMWISE, World

# What the kernel may change along the way when anything in a namespace changes.
_SECTIONS = ("link", "address", "route", "rule", "neighbor")


def keep(world: World, pristine: World, steps: t.Iterable[t.Any]) -> Kept:
    """What the kernel has of all that the steps touch, before the first of them.

    :param world: the world that was planned in: what it has read is not read again.
    :param pristine: a world without plans, for what was not read yet.
    """
    kept = Kept()
    touched: set[str | None] = set()
    for step in steps:
        for change in step.operation.changes:
            kept.planned.add(change[:3])
            if change.section == "namespace":
                name = str(change.key)
                kept.namespaces[name] = pristine.namespace(name)
                touched.add(name)
            else:
                touched.add(change.netns)
    for netns in touched:
        if not pristine.exists(netns):
            kept.namespaces[str(netns)] = None
            continue
        if netns is not None:
            kept.namespaces.setdefault(netns, pristine.namespace(netns))
        changed = {section for place, section, _key in kept.planned if place == netns and section != "namespace"}
        for section in {*_SECTIONS, *changed} - ITEMWISE:
            kept.sections[(netns, section)] = dict(world.before(netns, section) or pristine.section(netns, section))
    _keep_items(kept, pristine)
    return kept


def _keep_items(kept: Kept, pristine: World) -> None:
    for netns, section, key in list(kept.planned):
        if section not in ITEMWISE or not pristine.exists(netns):
            continue
        keys = [key]
        if section == "sysctl":
            keys += followers(str(key), pristine.links(netns))
        for one in keys:
            kept.items[(netns, section, one)] = pristine.item(netns, section, one)
