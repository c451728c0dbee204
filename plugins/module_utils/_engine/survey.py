# SPDX-FileCopyrightText: The virtnet.linux authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the kernel has in several namespaces, as one graph and as a list of resources."""

from __future__ import annotations

import dataclasses
import typing as t

from .._kernel import namespaces
from .._kernel.netlink import Channels
from .._kernel.read import KernelSource
from .._resources import checks, neighbor, route, rule
from .._resources.describe import describe
from .._resources.describe_links import Names
from .._resources.graph import Graph, Space, is_pair
from .._resources.link_kinds import ALL_KINDS
from .._resources.link_settings import describe_link
from .._resources.resource import Options
from .._values.errors import InvalidOption
from .._values.state import Reference
from .._values.world import World

SPEC: dict[str, t.Any] = {
    "prefix": {"type": "str"},
    "namespaces": {"type": "list", "elements": "str"},
}
OWN = ""  # the key of the namespace that the task runs in


def survey(options: Options, check: bool) -> dict[str, t.Any]:
    """The module's work: its options to its result; in check mode a namespace that is to come is an empty one."""
    prefix, named = options.get("prefix"), namespaces.names()
    spaces = _asked(options, named)
    world = World(KernelSource(Channels()), lenient=check)
    for space in spaces:
        world.require(space)
    graph = Graph(world, spaces, [None, *named])

    def shown(space: Space) -> str | None:
        """A namespace's name without the prefix; the others by a path, which topology sets no prefix before."""
        if space is None or not prefix or space.startswith("/"):
            return space
        return space[len(prefix) :] if space.startswith(prefix) else namespaces.path_of(space)

    resources, left_out = describe(graph, Names(shown))
    result = {
        "changed": False,
        "namespaces": _contents(graph, shown),
        "edges": [
            {"kind": edge.kind, "from": _end(edge.source, shown), "to": _end(edge.target, shown)}
            for edge in graph.edges()
        ],
        "resources": resources,
        "left_out": left_out,
        "warnings": world.warnings(),
    }
    if prefix is not None and not spaces:
        result["warnings"] = [f"prefix: there is no network namespace whose name begins with {prefix!r}"]
    return result


def _asked(options: Options, named: t.Sequence[str]) -> list[Space]:
    prefix, asked = options.get("prefix"), options.get("namespaces")
    if asked is not None:
        if not asked:
            raise InvalidOption("namespaces", asked, "names no namespace")
        if len(set(asked)) != len(asked):
            raise InvalidOption("namespaces", asked, "has a name twice")
        return [checks.namespace("namespaces", name) for name in asked]
    if prefix is None:
        return [None]
    if not prefix:
        raise InvalidOption("prefix", prefix, "is empty")
    return [name for name in named if name.startswith(prefix)]


def _end(at: Reference, shown: t.Callable[[Space], str | None]) -> dict[str, t.Any]:
    return {"netns": shown(at.netns), "link": at.name}


def _contents(graph: Graph, shown: t.Callable[[Space], str | None]) -> dict[str, t.Any]:
    found = {}
    for space in graph.spaces:
        section = graph.world.section
        found[shown(space) or OWN] = {
            "links": _links(graph, space, shown),
            "routes": [route.describe(one) for one in section(space, "route").values()],
            "rules": [rule.describe(one) for one in section(space, "rule").values()],
            "neighbors": [neighbor.describe(one) for one in section(space, "neighbor").values()],
            "fdb": [dataclasses.asdict(one) for one in section(space, "switching").values()],
        }
    return found


def _links(graph: Graph, space: Space, shown: t.Callable[[Space], str | None]) -> dict[str, t.Any]:
    addresses: dict[str, list[str]] = {}
    for address in graph.world.section(space, "address").values():
        addresses.setdefault(address.interface, []).append(address.address)
    found = {}
    for name, link in graph.world.links(space).items():
        described = describe_link(link, shown(space), addresses.get(name, ()))
        kind = ALL_KINDS.get(link.kind)
        if kind is not None:
            described.update({row.name: row.read(link) for row in kind.options})
        lower = graph.lower(Reference(space, name), link)
        if lower is not None:
            described["peer" if is_pair(link) else "parent"] = _end(lower, shown)
        found[name] = described
    return found
