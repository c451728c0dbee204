# SPDX-FileCopyrightText: The virtnet.linux authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Entries of the neighbour table: static ones, and addresses answered for by proxy."""

from __future__ import annotations

import dataclasses
import ipaddress
import typing as t

from .._values.errors import VirtnetError
from .._values.operation import Change, Index, Netlink, Operation
from .._values.state import Neighbor
from .._values.world import World
from . import checks
from .resource import STATE_SPEC, Kind, Options, Plan, in_namespace, typed

NUD = {"permanent": 0x80, "noarp": 0x40, "reachable": 0x02, "stale": 0x04}  # include/uapi/linux/neighbour.h
# What the kernel makes of an entry by itself; nobody can ask for it.
_PASSING = {"none": 0, "incomplete": 0x01, "delay": 0x08, "probe": 0x10, "failed": 0x20}
_NAMES = {number: name for name, number in {**NUD, **_PASSING}.items()}
NTF_PROXY = 8


@dataclasses.dataclass(frozen=True)
class NeighborResource:
    """An entry that a user named."""

    netns: str | None
    interface: str
    address: str
    mac: str | None
    nud: str
    proxy: bool
    absent: bool = False

    @property
    def identity(self) -> tuple[t.Hashable, ...]:
        """An entry is known by its interface and address; one by proxy is another."""
        return ("neighbor", self.netns, self.interface, self.address, self.proxy)

    @property
    def _key(self) -> tuple[t.Hashable, ...]:
        return (self.interface, self.address, self.proxy)

    def _found(self, world: World) -> Neighbor | None:
        return t.cast("Neighbor | None", world.section(self.netns, "neighbor").get(self._key))

    def plan(self, world: World) -> Plan:
        """Add, replace or remove the entry."""
        if self.absent:
            if world.exists(self.netns) and self._found(world) is not None:
                yield take(self.netns, Neighbor(self.interface, self.address, proxy=self.proxy))
            return
        world.require(self.netns)
        if world.require_link(self.netns, self.interface) is None:
            raise VirtnetError(f"interface: there is no interface {self.interface!r}{in_namespace(self.netns)}")
        found = self._found(world)
        wanted = Neighbor(self.interface, self.address, self.mac, 0 if self.proxy else NUD[self.nud], self.proxy)
        if found is None or (not self.proxy and (found.mac, found.state) != (wanted.mac, wanted.state)):
            yield put(self.netns, wanted)

    def view(self, world: World) -> dict[str, t.Any]:
        """The entry as the world has it; one that the kernel merely learnt, or looks for, is not the user's."""
        found = self._found(world) if world.exists(self.netns) else None
        if found is None or (not is_static(found) and found.state != NUD[self.nud]):
            return {"state": "absent"}
        return {"state": "present", **describe(found)}

    def report(self, world: World) -> dict[str, t.Any] | None:
        """The entry as the kernel reports it."""
        found = self._found(world) if world.exists(self.netns) else None
        return None if found is None else {"netns": self.netns, **describe(found)}


def is_static(entry: Neighbor) -> bool:
    """Whether an entry was made by somebody: not learnt, and not one of the kernel's own for multicast."""
    if ipaddress.ip_address(entry.address).is_multicast:
        return False
    return entry.proxy or entry.state in (NUD["permanent"], NUD["noarp"])


def put(netns: str | None, entry: Neighbor) -> Operation:
    """Add or replace an entry."""
    return _request(netns, entry, "RTM_NEWNEIGH", ("create", "replace"), entry)


def take(netns: str | None, entry: Neighbor) -> Operation:
    """Remove an entry."""
    return _request(netns, entry, "RTM_DELNEIGH", (), None)


def _request(
    netns: str | None, entry: Neighbor, message: str, flags: tuple[str, ...], value: Neighbor | None
) -> Operation:
    header: dict[str, t.Any] = {
        "family": checks.family_of(entry.address),
        "ifindex": Index(entry.interface),
        "state": value.state if value is not None else 0,
        "flags": NTF_PROXY if entry.proxy else 0,
    }
    attributes: list[tuple[str, t.Any]] = [("NDA_DST", entry.address)]
    words: list[object] = ["neigh", "replace" if value is not None else "del"]
    words += ["proxy", entry.address] if entry.proxy else [entry.address]
    if value is not None and value.mac is not None:
        attributes.append(("NDA_LLADDR", value.mac))
        words += ["lladdr", value.mac]
    words += ["dev", entry.interface]
    if value is not None and not entry.proxy:
        words += ["nud", _NAMES.get(value.state, value.state)]
    verb = "set" if value is not None else "remove"
    return Operation(
        f"{verb} the neighbour {entry.address} on {entry.interface!r}{in_namespace(netns)}",
        Netlink(netns, message, flags, header, tuple(attributes)),
        (typed(netns, *words),),
        (Change(netns, "neighbor", (entry.interface, entry.address, entry.proxy), value),),
    )


def describe(entry: Neighbor) -> dict[str, t.Any]:
    """An entry as options."""
    return {
        "address": entry.address,
        "interface": entry.interface,
        "mac": entry.mac,
        "nud": None if entry.proxy else _NAMES.get(entry.state, str(entry.state)),
        "proxy": entry.proxy,
    }


def parse(options: Options) -> NeighborResource:
    """An entry from validated options."""
    proxy, absent = bool(options.get("proxy")), options["state"] == "absent"
    mac, nud = options.get("mac"), options.get("nud") or "permanent"
    if not proxy and not absent and mac is None:
        raise VirtnetError("mac: an entry needs a MAC address (or proxy: true)")
    if proxy and mac is not None:
        raise VirtnetError("mac: an entry by proxy has none: the interface answers with its own")
    return NeighborResource(
        netns=checks.namespace("netns", options.get("netns")),
        interface=checks.interface("interface", options["interface"]),
        address=checks.address("address", options["address"]),
        mac=None if mac is None else checks.any_mac("mac", mac),
        nud=nud if nud in NUD else "stale",
        proxy=proxy,
        absent=absent,
    )


NEIGHBOR = Kind(
    "neighbor",
    {
        "netns": {"type": "str"},
        "interface": {"type": "str", "required": True},
        "address": {"type": "str", "required": True},
        "mac": {"type": "str"},
        "nud": {"type": "str", "choices": list(NUD), "default": "permanent"},
        "proxy": {"type": "bool", "default": False},
        **STATE_SPEC,
    },
    parse,
    ("netns", "interface", "address", "proxy"),
)
