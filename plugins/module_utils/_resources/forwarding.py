# SPDX-FileCopyrightText: The virtnet.linux authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The forwarding table of a VXLAN: to which far end frames for a MAC address go."""

from __future__ import annotations

import dataclasses
import typing as t

from .._values.errors import InvalidOption
from .._values.operation import Change, Index, Netlink, Operation
from .._values.state import Forwarding, Reference
from .._values.world import World
from . import checks
from .former import dropped
from .resource import Options, Plan, in_namespace, typed

AF_BRIDGE = 7
NTF_SELF = 2
NUD_PERMANENT, NUD_NOARP = 0x80, 0x40
ANY_MAC = "00:00:00:00:00:00"  # the default destination: a copy goes to each (head-end replication)

Entry = tuple[str, str]  # a MAC address and the far end that it is behind

FDB_SPEC: dict[str, t.Any] = {
    "fdb": {
        "type": "list",
        "elements": "dict",
        "options": {
            "mac": {"type": "str", "default": ANY_MAC},
            "destination": {"type": "str", "required": True},
        },
    },
    "exclusive_fdb": {"type": "bool", "default": False},
}


@dataclasses.dataclass(frozen=True)
class ForwardingTable:
    """What a VXLAN should forward where.

    :param wanted: MAC addresses and the far ends that they are behind; None: nothing was asked.
    :param unwanted: what an earlier list asked for and this one does not.
    :param exclusive: whether there may be no others.
    :param remote: the far end for which the kernel itself has an entry.
    """

    wanted: tuple[Entry, ...] | None = None
    unwanted: tuple[Entry, ...] = ()
    exclusive: bool = False
    remote: str | None = None

    def plan(self, at: Reference, world: World) -> Plan:
        """Add the entries that lack; remove those no longer wanted, and all others if the list is exclusive."""
        wanted, found = self.wanted or (), _entries(at, world)
        for entry in wanted:
            if entry not in found and not self._is_the_kernels(entry):
                yield operation(at.netns, Forwarding(at.name, *entry), True)
        for entry in found:
            if self._is_the_kernels(entry):
                continue
            if entry in self.unwanted or (self.exclusive and entry not in wanted):
                yield operation(at.netns, Forwarding(at.name, *entry), False)

    def view(self, at: Reference, world: World) -> dict[str, t.Any]:
        """What is asked, as the world has it."""
        if self.wanted is None:
            return {}
        shown = [entry for entry in _entries(at, world) if self.exclusive or entry in self.wanted]
        return {"fdb": _described(shown)}

    def report(self, at: Reference, world: World) -> dict[str, t.Any]:
        """The whole table."""
        return {"fdb": _described(_entries(at, world))}

    def _is_the_kernels(self, entry: Entry) -> bool:
        return entry == (ANY_MAC, self.remote)


def _entries(at: Reference, world: World) -> list[Entry]:
    there = world.section(at.netns, "forwarding").values()
    return [(entry.mac, entry.destination) for entry in there if entry.interface == at.name]


def _described(entries: t.Iterable[Entry]) -> list[dict[str, str]]:
    return [{"mac": mac, "destination": destination} for mac, destination in sorted(entries)]


def parse_forwarding_table(options: Options) -> ForwardingTable:
    """A forwarding table from validated options."""
    entries, exclusive = options.get("fdb"), bool(options.get("exclusive_fdb"))
    if entries is None and exclusive:
        raise InvalidOption("exclusive_fdb", True, "needs a list of entries in fdb")
    wanted = tuple(_normal(entry) for entry in entries or ())
    if len(set(wanted)) != len(wanted):
        raise InvalidOption("fdb", entries, "has an entry twice")
    remote = options.get("remote")
    return ForwardingTable(
        wanted=None if entries is None else wanted,
        unwanted=dropped(options, "fdb", _normal),
        exclusive=exclusive,
        remote=None if remote is None else checks.address("remote", remote),
    )


def _normal(entry: Options) -> Entry:
    mac = checks.any_mac("fdb.mac", entry.get("mac") or ANY_MAC)
    return mac, checks.address("fdb.destination", entry["destination"])


def operation(netns: str | None, entry: Forwarding, add: bool) -> Operation:
    """Add an entry, or remove it."""
    verb = "append" if add else "del"
    return Operation(
        f"{'add' if add else 'remove'} forwarding of {entry.mac} to {entry.destination}"
        f" on {entry.interface!r}{in_namespace(netns)}",
        Netlink(
            netns,
            "RTM_NEWNEIGH" if add else "RTM_DELNEIGH",
            ("create", "append") if add else (),
            {
                "family": AF_BRIDGE,
                "ifindex": Index(entry.interface),
                "state": NUD_PERMANENT | NUD_NOARP,
                "flags": NTF_SELF,
            },
            (("NDA_LLADDR", entry.mac), ("NDA_DST", entry.destination)),
        ),
        (typed(netns, "fdb", verb, entry.mac, "dev", entry.interface, "dst", entry.destination, tool="bridge"),),
        (Change(netns, "forwarding", (entry.interface, entry.mac, entry.destination), entry if add else None),),
    )
