# SPDX-FileCopyrightText: The virtnet.linux authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Operations on firewall rules: put them where they belong, take them away with all that only they needed."""

from __future__ import annotations

import dataclasses
import typing as t

from .._values.firewall import MARK, NFTABLES, SECTION, Chain, ChainKey, FirewallRule
from .._values.operation import Change, Operation
from .._values.world import Section, World
from .firewall_chains import (
    chain_of,
    entrance,
    iptables_chain_made,
    iptables_chain_removed,
    nft_chain_made,
    nft_chain_removed,
    nft_rule_removed,
    rules_in,
)
from .firewall_operation import Place, operation
from .firewall_words import chain_name, iptables_rule, line, nft_rule, table_of
from .forward_policy import plan_policy_back
from .resource import Plan

Netns = t.Optional[str]


def put(world: World, netns: Netns, rule: FirewallRule, after: t.Collection[t.Hashable] | None = None) -> Operation:
    """Add a rule, or replace the one for the same match, in one step.

    :param after: the rules that come before it; None: those of a lower order and older ones of the same.
    """
    section = world.section(netns, SECTION)
    was = t.cast("FirewallRule | None", section.get(rule.key))
    there = rules_in(section, rule.backend, rule.family, rule.hook)
    position = _position(there, rule, was, after)
    make = _nft_lines if rule.backend == NFTABLES else _iptables_lines
    behind = [other for other in there[position:] if other.key != rule.key]
    changes = [_hooked(netns, section, rule)]
    for one in (rule, *behind):  # taken out and put in again: they stand in the world as in the kernel
        changes += [Change(netns, SECTION, one.key, None), Change(netns, SECTION, one.key, one)]
    summary = f"{'add' if was is None else 'replace'} the {describe(rule)}"
    return operation(world, _place(netns, rule), summary, make(section, there, rule, was, position), changes)


def _position(
    there: t.Sequence[FirewallRule],
    rule: FirewallRule,
    was: FirewallRule | None,
    after: t.Collection[t.Hashable] | None,
) -> int:
    """Before which of the rules that are there it goes, the one that it replaces included."""
    if after is not None:
        return max((place + 1 for place, other in enumerate(there) if other.key in after), default=0)
    if was is not None and was.order == rule.order:
        return [other.key for other in there].index(rule.key)
    return sum(other.order <= rule.order for other in there)


def _nft_lines(
    section: Section, there: t.Sequence[FirewallRule], rule: FirewallRule, was: FirewallRule | None, position: int
) -> list[str]:
    place = f"{rule.family} {MARK} {rule.hook}"
    if was is not None and not was.handle:  # planned in this run: only by writing the chain anew
        rules = [*there[:position], rule, *there[position:]]
        return [f"flush chain {place}", *(f"add rule {place} {nft_rule(one)}" for one in rules if one is not was)]
    known = chain_of(section, NFTABLES, rule.family, rule.hook) is not None
    lines = [] if known else nft_chain_made(section, rule.family, rule.hook)
    if position == len(there):
        lines.append(f"add rule {place} {nft_rule(rule)}")
    else:
        lines.append(f"insert rule {place} index {position} {nft_rule(rule)}")
    # Last, because nft 1.0.6 counts a rule that an earlier line has removed.
    return lines + ([] if was is None else nft_rule_removed(section, was))


def _iptables_lines(
    section: Section, there: t.Sequence[FirewallRule], rule: FirewallRule, was: FirewallRule | None, position: int
) -> list[str]:
    lines = iptables_chain_made(section, rule.backend, rule.family, rule.hook)
    name = chain_name(rule.hook)
    if position == len(there):
        lines.append(line("-A", name, *iptables_rule(rule)))
    else:
        lines.append(line("-I", name, str(position + 1), *iptables_rule(rule)))
    if was is not None:
        lines.append(line("-D", name, *iptables_rule(was)))
    return lines


def take(world: World, netns: Netns, rule: FirewallRule) -> Operation:
    """Remove a rule, and with the last one the chain and the table."""
    section = world.section(netns, SECTION)
    chain = chain_of(section, rule.backend, rule.family, rule.hook) or Chain()
    last = len(rules_in(section, rule.backend, rule.family, rule.hook)) == 1 and not chain.others
    changes = [Change(netns, SECTION, rule.key, None)]
    if rule.backend == NFTABLES:
        last = last and chain.policy == "accept"
        lines = nft_chain_removed(section, rule.family, rule.hook) if last else nft_rule_removed(section, rule)
    elif last:
        lines = iptables_chain_removed(chain, rule.hook)
    else:
        lines = [line("-D", chain_name(rule.hook), *iptables_rule(rule))]
    if last:
        changes.append(Change(netns, SECTION, ChainKey("chain", rule.backend, rule.family, rule.hook), None))
    return operation(world, _place(netns, rule), f"remove the {describe(rule)}", lines, changes)


def is_hooked(section: Section, rule: FirewallRule) -> bool:
    """Whether packets come to a rule of ours before others of iptables can drop them."""
    chain = chain_of(section, rule.backend, rule.family, rule.hook)
    return chain is not None and (rule.backend == NFTABLES or chain.jump is not None)


def lead(world: World, netns: Netns, rule: FirewallRule) -> Operation:
    """Lead packets to our chain again, where others have removed the jump or put rules before it."""
    section = world.section(netns, SECTION)
    lines = iptables_chain_made(section, rule.backend, rule.family, rule.hook)
    summary = f"put the jump to {chain_name(rule.hook)} first"
    return operation(world, _place(netns, rule), summary, lines, [_hooked(netns, section, rule)])


def _place(netns: Netns, rule: FirewallRule) -> Place:
    return Place(netns, rule.backend, rule.family, table_of(rule.hook))


def _hooked(netns: Netns, section: Section, rule: FirewallRule) -> Change:
    chain = chain_of(section, rule.backend, rule.family, rule.hook) or Chain()
    jump = None if rule.backend == NFTABLES else entrance(section, rule.backend, rule.family, rule.hook)
    key = ChainKey("chain", rule.backend, rule.family, rule.hook)
    return Change(netns, SECTION, key, dataclasses.replace(chain, jump=jump, stale=()))


def describe(rule: FirewallRule) -> str:
    """A rule in a message."""
    match = rule.match
    words = [rule.verdict.action, "rule"]
    for word, value in (
        ("from", match.source),
        ("to", match.destination),
        ("coming in by", match.in_interface),
        ("going out by", match.out_interface),
        ("for", match.protocol),
        ("port", match.destination_port),
    ):
        if value:
            words += [word, value]
    return " ".join(words)


def plan_back(netns: Netns, was: Section, planned: t.Collection[t.Hashable], world: World) -> Plan:
    """From what there is to what was kept."""
    for key, rule in list(world.section(netns, SECTION).items()):
        if isinstance(rule, FirewallRule) and key not in was and key in planned:
            yield take(world, netns, rule)
    for key, rule in was.items():
        if isinstance(rule, FirewallRule) and not rule.same_as(world.section(netns, SECTION).get(key)):
            chain = [other.key for other in rules_in(was, rule.backend, rule.family, rule.hook)]
            after = set(chain[: chain.index(rule.key)])
            yield put(world, netns, dataclasses.replace(rule, handle=0), after)
    yield from plan_policy_back(netns, was, planned, world)
