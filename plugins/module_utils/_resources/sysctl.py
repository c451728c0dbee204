# SPDX-FileCopyrightText: The virtnet.linux authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kernel parameters of a namespace."""

from __future__ import annotations

import dataclasses
import re
import typing as t

from .._values.errors import InvalidOption, VirtnetError
from .._values.kept import Place
from .._values.operation import Change, Operation, WriteSysctl
from .._values.world import World
from . import checks
from .resource import Kind, Options, Plan, in_namespace, typed

# Parameters that documents still name and that kernels no longer have.
REMOVED = {
    "net/ipv4/tcp_tw_recycle": "it was removed in Linux 4.12 (commit 4396e46187ca)",
    "net/ipv4/tcp_low_latency": "it was removed in Linux 6.0; it had no effect since 4.14",
    "net/ipv4/tcp_max_ssthresh": "it was removed in Linux 2.6.39",
    "net/ipv4/route/max_size": "it was removed in Linux 6.3; it had no effect since 3.6",
}
# Setting one of these rewrites the same parameter of every interface (devinet_sysctl_forward(),
# addrconf_fixup_forwarding()): they are written before any other.
_FIRST = ("net/ipv4/ip_forward", "net/ipv4/conf/all/forwarding", "net/ipv6/conf/all/forwarding")
_KEY = re.compile(r"[A-Za-z0-9_.:@+*/-]+")


def followers(key: str, interfaces: t.Iterable[str]) -> list[str]:
    """The parameters that the kernel rewrites when this one is set."""
    if key not in _FIRST:
        return []
    family = key.split("/")[1]
    same = [first for first in _FIRST if first.split("/")[1] == family]
    return same + [f"net/{family}/conf/{name}/forwarding" for name in ("default", *interfaces)]


def path_of(option: str, key: str) -> str:
    """A key with slashes, as below /proc/sys; a key that has a slash is taken for one already.

    :raises InvalidOption: it is not a key.
    """
    path = key if "/" in key else key.replace(".", "/")
    parts = path.split("/")
    if not _KEY.fullmatch(key) or any(part in ("", ".", "..") for part in parts) or len(parts) < 2:
        raise InvalidOption(option, key, "is not a kernel parameter such as net.ipv4.ip_forward")
    return path


def normal(value: t.Any) -> str:
    """A value as it is read back: fields with one space between, booleans as 1 and 0."""
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, (list, tuple)):
        return " ".join(str(item) for item in value)
    return " ".join(str(value).split())


def write(netns: str | None, key: str, value: str, interfaces: t.Iterable[str] = ()) -> Operation:
    """Set one parameter.

    :param interfaces: those that the kernel sets along with it.
    """
    return Operation(
        f"set {key} to {value!r}{in_namespace(netns)}",
        WriteSysctl(netns, key, value),
        (typed(netns, "-w", f"{key}={value}", tool="sysctl"),),
        tuple(Change(netns, "sysctl", one, value) for one in (key, *followers(key, interfaces))),
    )


@dataclasses.dataclass(frozen=True)
class SysctlResource:
    """Parameters and the values that they should have.

    :param values: by their paths, with slashes.
    :param written: how the user wrote each.
    """

    netns: str | None
    values: t.Mapping[str, str]
    written: t.Mapping[str, str] = dataclasses.field(default_factory=dict)

    @property
    def identity(self) -> tuple[t.Hashable, ...]:
        """Known by the parameters that it sets."""
        return ("sysctl", self.netns, tuple(sorted(self.values)))

    def plan(self, world: World) -> Plan:
        """Write what differs."""
        world.require(self.netns)
        for key in sorted(self.values, key=lambda key: (key not in _FIRST, key)):
            value = self.values[key]
            found = world.item(self.netns, "sysctl", key)
            if found is None and not world.is_new(self.netns) and not _of_planned_link(key, world, self.netns):
                raise VirtnetError(f"values: this kernel has no parameter {key!r}{_why(key, self.netns)}")
            if found != value:
                yield write(self.netns, key, value, world.links(self.netns) if key in _FIRST else ())

    def view(self, world: World) -> dict[str, t.Any]:
        """The parameters as the world has them."""
        return {"values": {self.written.get(key, key): world.item(self.netns, "sysctl", key) for key in self.values}}

    def report(self, world: World) -> dict[str, t.Any] | None:
        """The parameters as the kernel has them."""
        return t.cast("dict[str, t.Any]", self.view(world).get("values", {}))


_OF_LINK = re.compile(r"net/(?:ipv4|ipv6)/(?:conf|neigh)/([^/]+)/.*")


def _of_planned_link(key: str, world: World, netns: str | None) -> bool:
    """Whether a parameter comes into being with an interface that is still to be made."""
    found = _OF_LINK.fullmatch(key)
    link = world.link(netns, found.group(1)) if found else None
    return link is not None and not link.index


def _why(key: str, netns: str | None) -> str:
    if key in REMOVED:
        return f": {REMOVED[key]}"
    found = _OF_LINK.fullmatch(key)
    if found and found.group(1) not in ("all", "default"):
        return f"{in_namespace(netns)}; is there an interface {found.group(1)!r}?"
    return in_namespace(netns)


def parse(options: Options) -> SysctlResource:
    """Parameters from validated options."""
    if not options["values"]:
        raise InvalidOption("values", options["values"], "names no parameter")
    values: dict[str, str] = {}
    written: dict[str, str] = {}
    for key, value in options["values"].items():
        path = path_of("values", str(key))
        if isinstance(value, dict) or value is None or "\n" in str(value):
            raise InvalidOption(f"values.{key}", value, "is not a value for a kernel parameter")
        if path in values:
            raise InvalidOption("values", key, "is given twice")
        values[path], written[path] = normal(value), str(key)
    return SysctlResource(checks.namespace("netns", options.get("netns")), values, written)


def _split(options: Options) -> list[Options]:
    """One set of options for each parameter, because each is led back by itself."""
    if not options["values"]:
        return [options]
    return [{**options, "values": {key: value}} for key, value in options["values"].items()]


def _learn(options: Options, former: Options, replaced: t.Mapping[Place, t.Any]) -> Options:
    netns = checks.namespace("netns", options.get("netns"))
    values = {
        key: replaced.get((netns, "sysctl", path_of("values", key))) if value is None else value
        for key, value in former["values"].items()
    }
    return {**former, "values": values}


SYSCTL = Kind(
    "sysctl",
    {"netns": {"type": "str"}, "values": {"type": "dict", "required": True}},
    parse,
    ("netns",),
    learn=_learn,
    split=_split,
)
