# SPDX-FileCopyrightText: The virtnet.linux authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A named network namespace."""

from __future__ import annotations

import dataclasses
import errno
import typing as t

from .._values.errors import InvalidOption
from .._values.operation import Change, MakeNamespace, Operation, RemoveNamespace, WriteNameservers
from .._values.state import NAMESERVERS_MARK, Link, Namespace
from .._values.world import World
from . import checks, link_requests, service
from .link_kinds import ALL_KINDS
from .link_tables import ENABLED
from .resource import STATE_SPEC, Kind, Options, Plan, typed
from .sysctl import write

# Written before any link exists: a link takes "default", and lo is there already.
_IPV6_SWITCHES = tuple(f"net/ipv6/conf/{scope}/disable_ipv6" for scope in ("all", "default"))


@dataclasses.dataclass(frozen=True)
class NetnsResource:
    """A namespace that a user named; None: not asked."""

    name: str
    loopback: bool | None = None
    ipv6: bool | None = None
    attach_pid: int | None = None
    nameservers: tuple[str, ...] | None = None
    absent: bool = False

    netns: t.ClassVar[None] = None

    @property
    def identity(self) -> tuple[t.Hashable, ...]:
        """A namespace is known by its name."""
        return ("netns", self.name)

    def plan(self, world: World) -> Plan:
        """Make or remove the namespace, or change what differs."""
        there = world.namespace(self.name)
        if self.absent:
            if there is not None:
                yield from self._plan_removal(world, there)
            return
        if there is None:
            yield self._creation()
        loopback = self.loopback if there is not None or self.loopback is not None else self.attach_pid is None
        if self.ipv6 is not None:
            for key in _IPV6_SWITCHES:
                value = str(int(not self.ipv6))
                if world.item(self.name, "sysctl", key) != value:
                    yield write(self.name, key, value)
        if loopback is not None:
            lo = world.link(self.name, "lo")
            if lo is not None and lo.enabled != loopback:
                yield link_requests.change(self.name, lo, [(ENABLED, loopback)])
        now = world.namespace(self.name)
        if self.nameservers is not None and now is not None and now.nameservers != self.nameservers:
            yield nameservers(now, self.nameservers)

    def _creation(self) -> Operation:
        command = typed(None, "netns", "add", self.name)
        if self.attach_pid is not None:
            command = typed(None, "netns", "attach", self.name, self.attach_pid)
        return Operation(
            f"create namespace {self.name!r}",
            MakeNamespace(self.name, self.attach_pid),
            (command,),
            (Change(None, "namespace", self.name, Namespace(self.name)),),
            {errno.ENOENT: f"attach_pid: there is no process {self.attach_pid}"} if self.attach_pid else {},
        )

    def _plan_removal(self, world: World, there: Namespace) -> Plan:
        for running in list(world.section(self.name, "service").values()):
            yield service.stop(self.name, running)  # it would go on in a namespace that nobody can name
        for link in list(world.links(self.name).values()):
            if not link.kind and link.name != "lo":  # a NIC must not be lost with its namespace
                yield link_requests.move(self.name, link, None)
            elif link.lower_nsid is not None and _is_child(link):
                # The kernel removes it some time after the namespace, and until then its parent is taken.
                yield link_requests.remove(self.name, link)
        if there.marked:
            yield nameservers(there, None)
        yield Operation(
            f"remove namespace {self.name!r}",
            RemoveNamespace(self.name),
            (typed(None, "netns", "del", self.name),),
            (Change(None, "namespace", self.name, None),),
        )

    def view(self, world: World) -> dict[str, t.Any]:
        """What is asked, as the world has it."""
        there = world.namespace(self.name)
        if there is None:
            return {"state": "absent"}
        seen: dict[str, t.Any] = {"state": "present"}
        if self.absent:
            return seen
        if self.ipv6 is not None:
            seen["ipv6"] = world.item(self.name, "sysctl", _IPV6_SWITCHES[0]) == "0"
        lo = world.link(self.name, "lo")
        seen["loopback"] = lo is not None and lo.enabled
        if self.nameservers is not None:
            seen["nameservers"] = list(there.nameservers or ())
        return seen

    def report(self, world: World) -> dict[str, t.Any] | None:
        """The namespace as it is."""
        there = world.namespace(self.name)
        if there is None:
            return None
        lo = world.link(self.name, "lo")
        return {
            "name": self.name,
            "loopback": lo is not None and lo.enabled,
            "ipv6": world.item(self.name, "sysctl", _IPV6_SWITCHES[0]) == "0",
            "nameservers": list(there.nameservers or ()),
            "links": sorted(world.links(self.name)),
        }


def _is_child(link: Link) -> bool:
    kind = ALL_KINDS.get(link.kind)
    return kind is not None and bool(kind.parent)


def nameservers(namespace: Namespace, servers: tuple[str, ...] | None) -> Operation:
    """Keep name servers for a namespace in /etc/netns; None: keep none."""
    folder = f"/etc/netns/{namespace.name}"
    if servers is None:
        command = f"rm {folder}/resolv.conf && rmdir --ignore-fail-on-non-empty {folder}"
    else:
        lines = NAMESERVERS_MARK.replace("\n", "\\n") + "".join(f"nameserver {server}\\n" for server in servers)
        command = f"mkdir -p {folder} && printf '{lines}' > {folder}/resolv.conf"
    changed = dataclasses.replace(namespace, nameservers=servers, marked=servers is not None)
    return Operation(
        f"write the name servers of namespace {namespace.name!r}",
        WriteNameservers(namespace.name, servers),
        (command,),
        (Change(None, "namespace", namespace.name, changed),),
    )


def parse(options: Options) -> NetnsResource:
    """A namespace from validated options."""
    servers = options.get("nameservers")
    pid = options.get("attach_pid")
    if pid is not None and (isinstance(pid, bool) or pid < 1):
        raise InvalidOption("attach_pid", pid, "is not the number of a process")
    return NetnsResource(
        name=checks.new_namespace("name", options["name"]),
        loopback=options.get("loopback"),
        ipv6=options.get("ipv6"),
        attach_pid=pid,
        nameservers=None if servers is None else tuple(checks.address("nameservers", server) for server in servers),
        absent=options["state"] == "absent",
    )


NETNS = Kind(
    "netns",
    {
        "name": {"type": "str", "required": True},
        "loopback": {"type": "bool"},
        "ipv6": {"type": "bool"},
        "attach_pid": {"type": "int"},
        "nameservers": {"type": "list", "elements": "str"},
        **STATE_SPEC,
    },
    parse,
    ("name",),
    namespaces=("name",),
)
