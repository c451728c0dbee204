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
    stays = was is not None and was.order == rule.order
    others = [other for other in there if other.key != rule.key]
    if after is not None:
        position = max((place + 1 for place, other in enumerate(others) if other.key in after), default=0)
    elif stays:
        position = [other.key for other in there].index(rule.key)
    else:
        position = sum(other.order <= rule.order for other in others)
    make = _nft_lines if rule.backend == NFTABLES else _iptables_lines
    lines = make(section, rule, was, position, len(others))
    # A rule that moves becomes the newest of its order, here as in the kernel.
    changes = [Change(netns, SECTION, rule.key, None)] if was is not None and not stays else []
    changes += [Change(netns, SECTION, rule.key, rule), _hooked(netns, section, rule)]
    summary = f"{'add' if was is None else 'replace'} the {describe(rule)}"
    return operation(world, _place(netns, rule), summary, lines, changes)


def _nft_lines(section: Section, rule: FirewallRule, was: FirewallRule | None, position: int, count: int) -> list[str]:
    there = chain_of(section, NFTABLES, rule.family, rule.hook) is not None
    lines = [] if there else nft_chain_made(section, rule.family, rule.hook)
    if was is not None:
        lines += nft_rule_removed(section, was)
    place = f"{rule.family} {MARK} {rule.hook}"
    if position == count:
        return [*lines, f"add rule {place} {nft_rule(rule)}"]
    return [*lines, f"insert rule {place} index {position} {nft_rule(rule)}"]


def _iptables_lines(
    section: Section, rule: FirewallRule, was: FirewallRule | None, position: int, count: int
) -> list[str]:
    lines = iptables_chain_made(section, rule.backend, rule.family, rule.hook)
    name = chain_name(rule.hook)
    if was is not None:
        lines.append(line("-D", name, *iptables_rule(was)))
    verb = ["-A", name] if position == count else ["-I", name, str(position + 1)]
    return [*lines, line(*verb, *iptables_rule(rule))]


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
