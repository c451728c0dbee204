# SPDX-FileCopyrightText: The virtnet.linux authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The VLANs that a port of a bridge is a member of: the whole list, if one is given."""

from __future__ import annotations

import errno
import itertools
import typing as t

from .._values.errors import InvalidOption
from .._values.operation import Change, Index, Netlink, Operation
from .._values.state import Link, PortVlan, Reference
from .._values.world import World
from . import checks
from .former import FORMER, is_ours
from .resource import Options, Plan, in_namespace, typed

SECTION = "port_vlan"
VLANS_SPEC: dict[str, t.Any] = {
    "type": "list",
    "elements": "dict",
    "options": {
        "id": {"type": "str", "required": True},
        "pvid": {"type": "bool", "default": False},
        "untagged": {"type": "bool", "default": False},
    },
}

AF_BRIDGE = 7
PVID, UNTAGGED, RANGE_BEGIN, RANGE_END = 2, 4, 8, 16  # BRIDGE_VLAN_INFO_ flags
LACKING = "this kernel does not filter VLANs on bridges (CONFIG_BRIDGE_VLAN_FILTERING)"

Flags = tuple[bool, bool]  # pvid, untagged
Members = t.Mapping[int, Flags]
USUAL = "usual"  # what the bridge gives a port that joins


def parse(path: str, options: Options) -> Members | str | None:
    """The members from the options of a port; None: not asked. A list that is no longer given is led back."""
    given = options.get("vlans")
    known = options.get(FORMER) or {}
    if given is None and (known.get("options") or {}).get("vlans") is not None:
        given = None if is_ours(options) else (known.get("former") or {}).get("vlans")
        if given is None:
            return USUAL
    return None if given is None else _parsed(path + "vlans", given)


def _parsed(path: str, given: t.Iterable[Options]) -> Members:
    found: dict[int, Flags] = {}
    for entry in given:
        low, high = checks.span(path + ".id", str(entry["id"]), 1, 4094)
        pvid, untagged = bool(entry.get("pvid")), bool(entry.get("untagged"))
        if pvid and low != high:
            raise InvalidOption(path + ".pvid", entry["id"], "are several: a port has one VLAN for untagged frames")
        for vid in range(low, high + 1):
            if vid in found:
                raise InvalidOption(path + ".id", entry["id"], f"has VLAN {vid}, which is in the list already")
            found[vid] = (pvid, untagged)
    if sum(pvid for pvid, _untagged in found.values()) > 1:
        raise InvalidOption(path + ".pvid", True, "is given twice: a port has one VLAN for untagged frames")
    return found


def present(world: World, at: Reference) -> dict[int, Flags]:
    """The VLANs that a port is a member of."""
    section = world.section(at.netns, SECTION).values()
    return {one.id: (one.pvid, one.untagged) for one in section if one.interface == at.name}


def usual(bridge: Link | None) -> dict[int, Flags]:
    """What a bridge makes a port a member of that joins."""
    default = bridge.data.get("IFLA_BR_VLAN_DEFAULT_PVID", 1) if bridge is not None and bridge.kind == "bridge" else 0
    return {default: (True, True)} if default else {}


def joining(world: World, netns: str | None, name: str, master: str | None) -> list[Change]:
    """What is different when a link becomes a port of something, or of nothing."""
    was = present(world, Reference(netns, name)) if world.link(netns, name) is not None else {}
    becomes = usual(world.link(netns, master) if master else None)
    return _changes(Reference(netns, name), {**dict.fromkeys(was, None), **becomes})


def _changes(at: Reference, members: t.Mapping[int, Flags | None]) -> list[Change]:
    return [
        Change(at.netns, SECTION, (at.name, vid), None if flags is None else PortVlan(at.name, vid, *flags))
        for vid, flags in members.items()
    ]


def plan(world: World, at: Reference, asked: Members | str) -> Plan:
    """Close the gap of a port."""
    link = world.link(*at)
    master = world.link(at.netns, link.master) if link is not None and link.master else None
    wanted = usual(master) if isinstance(asked, str) else asked
    there = present(world, at)
    for low, high in _ranges(vid for vid in there if vid not in wanted):
        yield _operation(at, low, high, None)
    lacking = {vid: flags for vid, flags in wanted.items() if there.get(vid) != flags}
    for flags in sorted(set(lacking.values())):  # the one with the PVID last, which takes it from another
        for low, high in _ranges(vid for vid, has in lacking.items() if has == flags):
            yield _operation(at, low, high, flags)


def _ranges(vids: t.Iterable[int]) -> list[tuple[int, int]]:
    rows = (list(row) for _offset, row in itertools.groupby(enumerate(sorted(vids)), lambda pair: pair[1] - pair[0]))
    return [(row[0][1], row[-1][1]) for row in rows]


def _operation(at: Reference, low: int, high: int, flags: Flags | None) -> Operation:
    bits = (PVID if flags[0] else 0) | (UNTAGGED if flags[1] else 0) if flags is not None else 0
    infos = [(low, bits)] if low == high else [(low, bits | RANGE_BEGIN), (high, bits | RANGE_END)]
    attributes = [("IFLA_BRIDGE_VLAN_INFO", {"flags": each, "vid": vid}) for vid, each in infos]
    vids = str(low) if low == high else f"{low}-{high}"
    words: list[object] = ["vlan", "del" if flags is None else "add", "dev", at.name, "vid", vids]
    if flags is not None:
        words += [word for word, on in zip(("pvid", "untagged"), flags) if on]
    return Operation(
        f"{'take' if flags is None else 'make'} {at.name!r}{in_namespace(at.netns)} "
        f"{'from' if flags is None else 'a member of'} VLAN {vids}",
        Netlink(
            at.netns,
            "RTM_DELLINK" if flags is None else "RTM_SETLINK",
            (),
            {"family": AF_BRIDGE, "index": Index(at.name)},
            (("IFLA_AF_SPEC", {"attrs": attributes}),),
        ),
        (typed(at.netns, *words, tool="bridge"),),
        tuple(_changes(at, dict.fromkeys(range(low, high + 1), flags))),
        {errno.EOPNOTSUPP: f"port.vlans: {LACKING}"},
    )


def describe(members: Members) -> list[dict[str, t.Any]]:
    """Members as the option lists them."""
    found = []
    for flags in set(members.values()):
        for low, high in _ranges(vid for vid, has in members.items() if has == flags):
            vids = str(low) if low == high else f"{low}-{high}"
            found.append((low, {"id": vids, "pvid": flags[0], "untagged": flags[1]}))
    return [entry for _low, entry in sorted(found, key=lambda pair: pair[0])]
