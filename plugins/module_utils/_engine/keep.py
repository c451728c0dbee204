# SPDX-FileCopyrightText: The virtnet.linux authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keeps the state of everything that a plan touches, so that it can be planned back."""

from __future__ import annotations

import dataclasses
import typing as t

from .._resources.graph import Graph
from .._resources.sysctl import followers
from .._values.errors import VirtnetError
from .._values.kept import Kept
from .._values.state import Reference
from .._values.world import ITEMWISE, World
from .plan import Step

# What the kernel may change along the way when anything in a namespace changes.
_SECTIONS = ("link", "address", "route", "rule", "neighbor", "forwarding", "port_vlan")


def keep(world: World, pristine: World, steps: t.Iterable[Step]) -> Kept:
    """What the kernel has of all that the steps touch, before the first of them.

    :param world: the world that was planned in: what it has read is not read again.
    :param pristine: a world without plans, for what was not read yet.
    """
    kept = Kept()
    touched: set[str | None] = set()
    leaving: set[Reference] = set()
    for step in steps:
        for change in step.operation.changes:
            kept.planned.add(change[:3])
            touched.add(str(change.key) if change.section == "namespace" else change.netns)
            if change.section == "link" and change.value is None:
                leaving.add(Reference(change.netns, str(change.key)))
            elif change.section == "namespace" and change.value is None and pristine.exists(str(change.key)):
                leaving.update(Reference(str(change.key), name) for name in pristine.links(str(change.key)))
    lowers = _lowers(pristine, leaving)
    touched.update(at.netns for at in lowers)
    for netns in touched:
        if not pristine.exists(netns):
            kept.namespaces[str(netns)] = None
            continue
        if netns is not None:
            kept.namespaces[netns] = pristine.namespace(netns)
        changed = {section for place, section, _key in kept.planned if place == netns and section != "namespace"}
        for section in {*_SECTIONS, *changed} - ITEMWISE:
            kept.sections[(netns, section)] = dict(world.before(netns, section) or pristine.section(netns, section))
    for at, lower in lowers.items():
        links = kept.sections[(at.netns, "link")]
        if at.name in links:  # another may have come since the plan was made
            links[at.name] = dataclasses.replace(links[at.name], lower=lower)
    _keep_items(kept, pristine)
    return kept


def _lowers(pristine: World, leaving: set[Reference]) -> dict[Reference, Reference]:
    """What the links that go stand on, and those that go with them because they stand on one of these.

    It must be known before: what is made again has another index, in a namespace with another number.
    """
    if not leaving:
        return {}
    graph = Graph(pristine, [None, *_readable(pristine)], ())
    lowers = {at: graph.lower(at, link) for at, link in graph.links()}
    going = set(leaving)
    while True:
        above = {at for at, lower in lowers.items() if lower in going} - going
        if not above:
            return {at: lower for at, lower in lowers.items() if at in going and lower is not None}
        going |= above


def _readable(pristine: World) -> t.Iterator[str]:
    """All namespaces; somebody else's may go at any moment."""
    for name in pristine.names():
        try:
            pristine.links(name)
        except VirtnetError:
            continue
        yield name


def _keep_items(kept: Kept, pristine: World) -> None:
    for netns, section, key in list(kept.planned):
        if section not in ITEMWISE or not pristine.exists(netns):
            continue
        keys = [key]
        if section == "sysctl":
            keys += followers(str(key), pristine.links(netns))
        for one in keys:
            kept.items[(netns, section, one)] = pristine.item(netns, section, one)
