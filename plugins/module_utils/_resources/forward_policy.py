# SPDX-FileCopyrightText: The virtnet.linux authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The policy of forwarding: what happens to packets that no rule decides about.

In nftables it is the policy of our own chain. In iptables it is that of FORWARD itself; the one that it had
before is noted in the kernel, by a rule in a chain that nothing jumps to.
"""

from __future__ import annotations

import dataclasses
import typing as t

from .._values.errors import VirtnetError
from .._values.firewall import FAMILIES, IPTABLES, NFTABLES, POLICY_CHAIN, SECTION, Chain, ChainKey
from .._values.operation import Change, Operation
from .._values.world import Section, World
from .firewall_backends import allowed, barriers, former_key
from .firewall_chains import builtin_of, chain_of, nft_chain_made, nft_chain_removed, rules_in
from .firewall_operation import Place, operation
from .firewall_words import line
from .resource import Plan, in_namespace

_NOTE = ["-m", "comment", "--comment", "virtnet policy that FORWARD had", "-j"]


def dropping(section: Section, family: str) -> list[str]:
    """The backends whose policy is to drop."""
    chain = chain_of(section, NFTABLES, family, "forward")
    found = [NFTABLES] if chain is not None and chain.policy == "drop" else []
    return found + [name for name in IPTABLES if builtin_of(section, name, family).policy == "DROP"]


def plan_policy(world: World, netns: str | None, family: str, policy: str, asked: str) -> Plan:
    """Bring a policy about.

    :raises VirtnetError: accept, where somebody else's nftables chain drops.
    """
    section = world.section(netns, SECTION)
    there = dropping(section, family)
    if policy == "drop":
        options = allowed(world, asked)
        if not there or (asked != "auto" and not set(there) & set(options)):
            ours = [name for name in options if chain_of(section, name, family, "forward") is not None]
            used = [name for name in options if builtin_of(section, name, family).used]
            yield change(world, netns, family, [*ours, *used, *options][0], "drop")
        return
    for barrier in barriers(section, family):
        if barrier.policy:
            raise VirtnetError(
                f"policy: accept would have no effect{in_namespace(netns)}: the policy of {barrier.where} is drop, "
                "and it is not one of this collection's"
            )
    for name in there:
        yield change(world, netns, family, name, "accept")


def plan_former(world: World, netns: str | None, family: str) -> Plan:
    """Go back to the policy that there was before it was changed here."""
    section = world.section(netns, SECTION)
    chain = chain_of(section, NFTABLES, family, "forward")
    if chain is not None and chain.policy == "drop":
        yield change(world, netns, family, NFTABLES, "accept")
    for name in IPTABLES:
        former = section.get(former_key(name, family))
        if former is not None:
            yield change(world, netns, family, name, former.lower())


def change(world: World, netns: str | None, family: str, backend: str, policy: str) -> Operation:
    """Set the policy in one backend."""
    section = world.section(netns, SECTION)
    place = Place(netns, backend, family, "filter")
    summary = f"set the policy of forwarding to {policy}"
    if backend == NFTABLES:
        key = ChainKey("chain", NFTABLES, family, "forward")
        chain = chain_of(section, NFTABLES, family, "forward")
        if policy == "accept" and not rules_in(section, NFTABLES, family, "forward") and not (chain or Chain()).others:
            lines = nft_chain_removed(section, family, "forward")
            return operation(world, place, summary, lines, [Change(netns, SECTION, key, None)])
        lines = nft_chain_made(section, family, "forward", policy)
        after = dataclasses.replace(chain or Chain(), policy=policy)
        return operation(world, place, summary, lines, [Change(netns, SECTION, key, after)])
    return _change_builtin(world, place, summary, policy.upper(), None)


def _change_builtin(world: World, place: Place, summary: str, policy: str, former: str | None) -> Operation:
    """Set FORWARD's policy, and note which one it had, or forget it when it is that again."""
    netns, backend, family, _table = place
    section = world.section(netns, SECTION)
    noted = section.get(former_key(backend, family))
    was = builtin_of(section, backend, family)
    note = former or noted or was.policy
    lines = [line("-P", "FORWARD", policy)]
    if note == policy:
        if noted is not None:
            lines += [line("-F", POLICY_CHAIN), line("-X", POLICY_CHAIN)]
    elif noted is None:
        lines += [line("-N", POLICY_CHAIN), line("-A", POLICY_CHAIN, *_NOTE, note)]
    key = ChainKey("builtin", backend, family, "forward")
    changes = [
        Change(netns, SECTION, key, dataclasses.replace(was, policy=policy)),
        Change(netns, SECTION, former_key(backend, family), None if note == policy else note),
    ]
    return operation(world, place, summary, lines, changes)


def plan_policy_back(netns: str | None, was: Section, planned: t.Collection[t.Hashable], world: World) -> Plan:
    """From the policies that there are to those that were kept."""
    for family in FAMILIES:
        section = world.section(netns, SECTION)
        key = ChainKey("chain", NFTABLES, family, "forward")
        before, now = (chain.policy if chain else "accept" for chain in (was.get(key), section.get(key)))
        if key in planned and before != now:
            yield change(world, netns, family, NFTABLES, before)
        for name in IPTABLES:
            key = ChainKey("builtin", name, family, "forward")
            policy, former = builtin_of(was, name, family).policy, was.get(former_key(name, family))
            if key in planned and policy != builtin_of(world.section(netns, SECTION), name, family).policy:
                place = Place(netns, name, family, "filter")
                yield _change_builtin(
                    world, place, f"set the policy of forwarding to {policy}", policy, former or policy
                )
