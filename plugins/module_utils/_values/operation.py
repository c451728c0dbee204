# SPDX-FileCopyrightText: The virtnet.linux authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is to be done: requests to the outside, and operations, which are requests with their typed form."""

from __future__ import annotations

import dataclasses
import typing as t


class Index(t.NamedTuple):
    """Stands for the index of an interface, looked up when the request is sent."""

    name: str


class NamespaceDescriptor(t.NamedTuple):
    """Stands for an open descriptor of a namespace, opened when the request is sent."""

    netns: str | None


@dataclasses.dataclass(frozen=True)
class Netlink:
    """A routing netlink message: `message` names it as rtnetlink(7) does, such as RTM_NEWLINK.

    Header fields and attributes may hold `Index` and `NamespaceDescriptor`.
    """

    netns: str | None
    message: str
    flags: tuple[str, ...] = ()
    header: t.Mapping[str, t.Any] = dataclasses.field(default_factory=dict)
    attributes: tuple[tuple[str, t.Any], ...] = ()


@dataclasses.dataclass(frozen=True)
class MakeNamespace:
    """Make a named namespace, or name that of a running process."""

    name: str
    attach_pid: int | None = None


@dataclasses.dataclass(frozen=True)
class MakeTunTap:
    """Make a persistent TUN or TAP device, which netlink can't."""

    netns: str | None
    name: str
    mode: str


@dataclasses.dataclass(frozen=True)
class RemoveNamespace:
    """Take a namespace's name away and wait until its virtual links are gone."""

    name: str


@dataclasses.dataclass(frozen=True)
class WriteNameservers:
    """Keep name servers for a namespace in /etc/netns (None: keep none)."""

    name: str
    nameservers: tuple[str, ...] | None


@dataclasses.dataclass(frozen=True)
class WriteSysctl:
    """Write one kernel parameter; `key` has slashes, as below /proc/sys."""

    netns: str | None
    key: str
    value: str


@dataclasses.dataclass(frozen=True)
class RunProgram:
    """Run a program in a namespace, with a text on its standard input."""

    netns: str | None
    arguments: tuple[str, ...]
    stdin: str = ""
    package: str = ""


@dataclasses.dataclass(frozen=True)
class StartService:
    """Start a process in a namespace and wait until it says it is ready.

    :param ready: the signs to wait for (tcp, udp, file or log) with their values; none: that it runs.
    :param timeout: seconds to wait for them.
    """

    netns: str | None
    name: str
    command: tuple[str, ...]
    environment: tuple[tuple[str, str], ...] = ()
    ready: tuple[tuple[str, t.Any], ...] = ()
    timeout: float = 10.0


@dataclasses.dataclass(frozen=True)
class StopService:
    """End a service and everything that it started."""

    netns: str | None
    name: str


Request = t.Union[
    Netlink,
    MakeNamespace,
    MakeTunTap,
    RemoveNamespace,
    WriteNameservers,
    WriteSysctl,
    RunProgram,
    StartService,
    StopService,
]


class Change(t.NamedTuple):
    """What an operation makes of one thing: `value` None means that it is gone."""

    netns: str | None
    section: str
    key: t.Hashable
    value: t.Any


@dataclasses.dataclass(frozen=True)
class Operation:
    """One step: how to do it, and how a person would type it.

    :param summary: what it does, for messages: "create bridge 'br0'".
    :param commands: what a person would type in a shell, in order.
    :param changes: what is different afterwards.
    :param explain: by errno, or by the kernel's words, a clearer sentence than the kernel's.
    """

    summary: str
    request: Request
    commands: tuple[str, ...]
    changes: tuple[Change, ...] = ()
    explain: t.Mapping[int | str, str] = dataclasses.field(default_factory=dict)
