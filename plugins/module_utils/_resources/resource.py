# SPDX-FileCopyrightText: The virtnet.linux authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every kind of thing has in common."""

from __future__ import annotations

import dataclasses
import shlex
import typing as t

from .._values.kept import Place
from .._values.operation import Operation
from .._values.world import World

Plan = t.Iterator[Operation]
Options = t.Mapping[str, t.Any]

STATE_SPEC: dict[str, t.Any] = {"state": {"type": "str", "choices": ["present", "absent"], "default": "present"}}


class Resource(t.Protocol):
    """Something that a user named, validated, with the state that it should have."""

    @property
    def identity(self) -> tuple[t.Hashable, ...]:
        """What it is known by: two resources with one identity are the same thing."""

    @property
    def netns(self) -> str | None:
        """The namespace that it lives in."""

    def plan(self, world: World) -> Plan:
        """The operations that close the gap; the world follows them as they are yielded.

        :raises VirtnetError: it can't be done, in one sentence.
        """

    def report(self, world: World) -> dict[str, t.Any] | None:
        """The thing as the kernel reports it, for the task's result; None when there is none."""

    def view(self, world: World) -> dict[str, t.Any]:
        """What is asked for, as the world has it: before and after the plan these make the diff."""


def _whole(options: Options) -> list[Options]:
    return [options]


def _always(_options: Options) -> bool:
    return True


def _as_it_is(_options: Options, former: Options, _replaced: t.Mapping[Place, t.Any]) -> Options:
    return former


@dataclasses.dataclass(frozen=True)
class Kind:
    """A kind of resource: the module's name, its options, and how options become a resource.

    :param identity: the options that name the thing.
    :param namespaces: the options that hold a namespace's name; "peer.netns" is one within another.
    :param learn: what was before, completed by what could be read only while it was being replaced.
    :param removable: whether options name something that can be removed.
    :param split: one set of options as several, where a module names several things.
    """

    name: str
    options: Options
    parse: t.Callable[[Options], Resource]
    identity: tuple[str, ...]
    namespaces: tuple[str, ...] = ("netns",)
    learn: t.Callable[[Options, Options, t.Mapping[Place, t.Any]], Options] = _as_it_is
    removable: t.Callable[[Options], bool] = _always
    split: t.Callable[[Options], list[Options]] = _whole


def typed(netns: str | None, *words: object, tool: str = "ip") -> str:
    """A command as a person would type it, in a namespace; each word is quoted if the shell needs it."""
    quoted = [shlex.quote(str(word)) for word in words]
    if netns is None:
        return " ".join([tool, *quoted])
    if netns.startswith("/"):
        return " ".join(["nsenter", shlex.quote(f"--net={netns}"), tool, *quoted])
    if tool in ("ip", "bridge"):
        return " ".join([tool, "-n", shlex.quote(netns), *quoted])
    return " ".join(["ip", "netns", "exec", shlex.quote(netns), tool, *quoted])


def in_namespace(netns: str | None) -> str:
    """The end of a sentence that says where."""
    return f" in namespace {netns!r}" if netns else ""
