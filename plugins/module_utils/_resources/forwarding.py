# SPDX-FileCopyrightText: The virtnet.linux authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The forwarding table of a VXLAN: to which far end frames for a MAC address go."""

from __future__ import annotations

import typing as t

from .._values.errors import InvalidOption
from .._values.operation import Change, Index, Netlink, Operation
from .._values.state import Forwarding
from .._values.world import World
from . import checks
from .former import dropped
from .link import LinkResource
from .resource import Options, Plan, in_namespace, typed

AF_BRIDGE = 7
NTF_SELF = 2
NUD_PERMANENT, NUD_NOARP = 0x80, 0x40
ANY_MAC = "00:00:00:00:00:00"  # the default destination: a copy goes to each (head-end replication)

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


def parse_fdb(options: Options) -> t.Callable[[LinkResource, World], Plan] | None:
    """What a VXLAN plans for its forwarding table; None: nothing was asked."""
    entries, exclusive = options.get("fdb"), bool(options.get("exclusive_fdb"))
    if entries is None and exclusive:
        raise InvalidOption("exclusive_fdb", True, "needs a list of entries in fdb")
    wanted = [_normal(entry) for entry in entries or ()]
    if len(set(wanted)) != len(wanted):
        raise InvalidOption("fdb", entries, "has an entry twice")
    unwanted = dropped(options, "fdb", _normal)
    if entries is None and not unwanted:
        return None
    remote = options.get("remote")

    def plan(link: LinkResource, world: World) -> Plan:
        name = link.settings.at.name
        found = [
            (entry.mac, entry.destination)
            for entry in world.section(link.netns, "forwarding").values()
            if entry.interface == name and (entry.mac, entry.destination) != (ANY_MAC, remote)  # the kernel's own
        ]
        for entry in wanted:
            if entry not in found and entry != (ANY_MAC, remote):
                yield operation(link.netns, Forwarding(name, *entry), True)
        for entry in found:
            if entry in unwanted or (exclusive and entry not in wanted):
                yield operation(link.netns, Forwarding(name, *entry), False)

    return plan


def _normal(entry: Options) -> tuple[str, str]:
    mac = checks.any_mac("fdb.mac", entry.get("mac") or ANY_MAC)
    return mac, checks.address("fdb.destination", entry["destination"])


def operation(netns: str | None, entry: Forwarding, add: bool) -> Operation:
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
