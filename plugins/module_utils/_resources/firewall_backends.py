# SPDX-FileCopyrightText: The virtnet.linux authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Chooses between nftables and iptables: an accept has to stand where the drop is decided."""

from __future__ import annotations

import typing as t

from .._values.errors import ProgramMissing, VirtnetError
from .._values.firewall import (
    BACKENDS,
    IPTABLES,
    NFTABLES,
    SECTION,
    Barrier,
    BarriersKey,
    ChainKey,
    Match,
)
from .._values.world import Section, World
from .firewall_chains import builtin_of, chain_of, rules_in
from .resource import in_namespace

ALL = (NFTABLES, *IPTABLES)
CHOICES = ("auto", "nftables", "iptables")


def allowed(world: World, asked: str) -> list[str]:
    """The backends that may be used, the preferred one first.

    :raises ProgramMissing: none is installed.
    """
    have = world.section(None, BACKENDS)
    found = [str(name) for name in have if asked == "auto" or (name == NFTABLES) == (asked == "nftables")]
    if found:
        return found
    if asked == "nftables" and have:
        raise VirtnetError("backend: nftables does not work here: its program nft or the kernel's part is missing")
    raise ProgramMissing(
        "iptables" if asked == "iptables" else "nft", "iptables" if asked == "iptables" else "nftables"
    )


def for_nat(world: World, netns: str | None, family: str, hook: str, asked: str, found: str | None) -> str:
    """Where a rule of NAT goes: where it is, else where its neighbours are, else the preferred one."""
    return _settled(world.section(netns, SECTION), allowed(world, asked), family, hook, found, asked)


def _settled(section: Section, options: t.Sequence[str], family: str, hook: str, found: str | None, asked: str) -> str:
    if found in options:
        return str(found)
    ours = [name for name in options if chain_of(section, name, family, hook) is not None]
    used = [name for name in options if hook == "forward" and builtin_of(section, name, family).used]
    return [*ours, *used, *options][0]


def for_forward(
    world: World, netns: str | None, family: str, match: Match, action: str, asked: str, found: str | None
) -> str:
    """Where a rule for forwarded packets goes.

    :raises VirtnetError: it is an accept that would have no effect.
    """
    section, options = world.section(netns, SECTION), allowed(world, asked)
    if action != "accept":
        return _settled(section, options, family, "forward", found, asked)
    for barrier in barriers(section, family):
        if barrier.may_drop(match):
            raise VirtnetError(
                f"action: an accept would have no effect{in_namespace(netns)}: {barrier.where} may drop the packets, "
                "and in nftables a drop in one chain is final; the accept has to be put there"
            )
    dropping = [name for name in IPTABLES if builtin_of(section, name, family).drops]
    if len(dropping) > 1:
        raise VirtnetError(
            f"action: an accept would have no effect{in_namespace(netns)}: both iptables-legacy and iptables-nft have "
            "a FORWARD chain that drops"
        )
    if dropping and dropping[0] not in options:
        raise VirtnetError(
            f"backend: an accept in {asked} would have no effect{in_namespace(netns)}: the FORWARD chain of "
            f"{dropping[0]} may drop the packets; use backend: iptables or auto"
        )
    chosen = dropping[0] if dropping else _settled(section, options, family, "forward", found, asked)
    _reject_own_drops(section, family, chosen, netns)
    return chosen


def _reject_own_drops(section: Section, family: str, chosen: str, netns: str | None) -> None:
    """A drop of ours in another backend is as final as anybody else's."""
    for name in ALL:
        chain = chain_of(section, name, family, "forward")
        if name == chosen or chain is None:
            continue
        drops = chain.policy == "drop" or any(
            rule.verdict.action != "accept" for rule in rules_in(section, name, family, "forward")
        )
        if drops:
            raise VirtnetError(
                f"action: an accept in {chosen} would have no effect{in_namespace(netns)}: drops made with this module "
                f"are in {name}; remove those first, so that they go where the accept has to be"
            )


def barriers(section: Section, family: str) -> tuple[Barrier, ...]:
    """Other people's drops in nftables."""
    return t.cast("tuple[Barrier, ...]", section.get(BarriersKey("barriers", family), ()))


def former_key(backend: str, family: str) -> ChainKey:
    """Where it is noted which policy iptables' FORWARD had before."""
    return ChainKey("former", backend, family, "forward")
