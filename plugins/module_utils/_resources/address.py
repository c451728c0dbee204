# SPDX-FileCopyrightText: The virtnet.linux authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Addresses of an interface: those that must be there, and, if asked, no others."""

from __future__ import annotations

import ipaddress
import typing as t

from .._values.operation import Change, Index, Netlink, Operation
from .._values.state import IFA_F_NODAD, IFA_F_SECONDARY, Address, Reference
from .._values.world import World
from .checks import family_of
from .resource import Plan, in_namespace, typed

_LINK_LOCAL = ipaddress.ip_network("fe80::/64")
RT_SCOPE_HOST = 254


def present(world: World, netns: str | None, interface: str) -> dict[str, Address]:
    """The addresses of an interface by CIDR."""
    return {
        address.address: address
        for address in world.section(netns, "address").values()
        if address.interface == interface
    }


def plan_addresses(
    world: World, at: Reference, wanted: t.Sequence[str], dropped: t.Sequence[str], exclusive: bool, dad: bool
) -> Plan:
    """Add the addresses that lack; remove those no longer wanted, and all others if the list is exclusive."""
    there = present(world, *at)
    for cidr in wanted:
        if cidr not in there:
            yield add(at.netns, at.name, cidr, dad)
    unwanted = [
        one
        for one in there.values()
        if one.address in dropped or (exclusive and one.address not in wanted and not is_link_local(one.address))
    ]
    for one in sorted(unwanted, key=_is_first):  # the others of its subnet would be gone already
        yield remove(at.netns, at.name, one.address)
        yield from _plan_lost(world, at, one, there)


def _is_first(one: Address) -> bool:
    return not one.flags & IFA_F_SECONDARY


def _plan_lost(world: World, at: Reference, removed: Address, there: t.Mapping[str, Address]) -> Plan:
    """Give back what the kernel drops with the first address of an IPv4 subnet: all others (__inet_del_ifa())."""
    if ":" in removed.address or not _is_first(removed):
        return
    promotes = (world.item(at.netns, "sysctl", f"net/ipv4/conf/{it}/promote_secondaries") for it in ("all", at.name))
    if any(value not in (None, "0") for value in promotes):
        return
    subnet = ipaddress.ip_interface(removed.address).network
    for cidr in present(world, *at):
        follows = cidr not in there or not _is_first(there[cidr])
        if follows and ipaddress.ip_interface(cidr).network == subnet:
            yield add(at.netns, at.name, cidr)


def is_link_local(cidr: str) -> bool:
    """Whether the kernel itself gives such an address (fe80::/64)."""
    return ipaddress.ip_interface(cidr).network == _LINK_LOCAL


def _message(netns: str | None, message: str, interface: str, cidr: str, flags: tuple[str, ...], bits: int) -> Netlink:
    local, length = cidr.split("/")
    attributes: list[tuple[str, t.Any]] = [("IFA_LOCAL", local), ("IFA_ADDRESS", local)]
    if bits:
        attributes.append(("IFA_FLAGS", bits))
    scope = RT_SCOPE_HOST if local.startswith("127.") else 0  # as ip-address(8) chooses it
    header = {"family": family_of(local), "prefixlen": int(length), "index": Index(interface), "scope": scope}
    return Netlink(netns, message, flags, header, tuple(attributes))


def add(netns: str | None, interface: str, cidr: str, dad: bool = True) -> Operation:
    """Give an interface an address; without duplicate address detection if `dad` is false."""
    nodad = not dad and ":" in cidr
    return Operation(
        f"add address {cidr} to {interface!r}{in_namespace(netns)}",
        _message(netns, "RTM_NEWADDR", interface, cidr, ("create", "exclusive"), IFA_F_NODAD if nodad else 0),
        (typed(netns, "address", "add", cidr, "dev", interface, *(["nodad"] if nodad else [])),),
        (Change(netns, "address", (interface, cidr), Address(interface, cidr)),),
    )


def remove(netns: str | None, interface: str, cidr: str) -> Operation:
    """Take an address from an interface."""
    return Operation(
        f"remove address {cidr} from {interface!r}{in_namespace(netns)}",
        _message(netns, "RTM_DELADDR", interface, cidr, (), 0),
        (typed(netns, "address", "del", cidr, "dev", interface),),
        (Change(netns, "address", (interface, cidr), None),),
    )
