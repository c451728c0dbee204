# SPDX-FileCopyrightText: The virtnet.linux authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lines of nft or of iptables-restore as one operation: all of them are carried out, or none."""

from __future__ import annotations

import re
import shlex
import typing as t

from .._values.firewall import BACKENDS, NFTABLES
from .._values.operation import Change, Operation, RunProgram
from .._values.world import World
from .resource import in_namespace, typed


class Place(t.NamedTuple):
    """Where lines belong; the table counts for iptables only."""

    netns: str | None
    backend: str
    family: str
    table: str


def operation(
    world: World, place: Place, summary: str, lines: t.Sequence[str], changes: t.Sequence[Change]
) -> Operation:
    """The lines, performed in one step and shown one by one."""
    summary += in_namespace(place.netns)
    if place.backend == NFTABLES:
        request = RunProgram(place.netns, ("nft", "-f", "-"), "".join(f"{line}\n" for line in lines), "nftables")
        return Operation(summary, request, tuple(_typed_nft(place.netns, line) for line in lines), tuple(changes))
    name: str = world.section(None, BACKENDS)[place.backend]
    if place.family == "ip6":
        name = name.replace("iptables", "ip6tables", 1)
    # -n: the rest of the table stays. -w: somebody else may be at it.
    request = RunProgram(
        place.netns,
        (f"{name}-restore", "-n", "-w"),
        "".join(f"{line}\n" for line in (f"*{place.table}", *lines, "COMMIT")),
        "iptables",
    )
    words = [["-w", "-t", place.table, *shlex.split(line)] for line in lines]
    return Operation(summary, request, tuple(typed(place.netns, *each, tool=name) for each in words), tuple(changes))


def _typed_nft(netns: str | None, line: str) -> str:
    # nft joins its arguments with spaces: one quoted argument reads better than many quoted words.
    plain = re.fullmatch(r"[\w ./:,@%+=-]+", line)
    return typed(netns, *(line.split(" ") if plain else [line]), tool="nft")
