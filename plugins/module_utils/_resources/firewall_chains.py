# SPDX-FileCopyrightText: The virtnet.linux authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Chains of ours: made with the first rule, removed with the last, and led to by a jump in iptables."""

from __future__ import annotations

import typing as t

from .._values.firewall import MARK, NFTABLES, Builtin, Chain, ChainKey, FirewallRule
from .._values.world import Section
from .firewall_words import chain_name, jump_rule, line, nft_chain, nft_rule


def rules_in(section: Section, backend: str, family: str, hook: str) -> list[FirewallRule]:
    """Our rules of a chain in their order."""
    found = [
        value
        for value in section.values()
        if isinstance(value, FirewallRule) and (value.backend, value.family, value.hook) == (backend, family, hook)
    ]
    return sorted(found, key=lambda rule: rule.order)


def chain_of(section: Section, backend: str, family: str, hook: str) -> Chain | None:
    """A chain of ours; None when there is none."""
    return t.cast("Chain | None", section.get(ChainKey("chain", backend, family, hook)))


def builtin_of(section: Section, backend: str, family: str) -> Builtin:
    """What iptables' own FORWARD is like; as a new one where there is none."""
    return t.cast(Builtin, section.get(ChainKey("builtin", backend, family, "forward"), Builtin()))


# nftables


def _nft_chains(section: Section, family: str) -> list[ChainKey]:
    return [key for key in section if isinstance(key, ChainKey) and key[:3] == ("chain", NFTABLES, family)]


def nft_chain_made(section: Section, family: str, hook: str, policy: str = "accept") -> list[str]:
    """Our chain with a policy, and our table where it is missing."""
    table = [] if _nft_chains(section, family) else [f"add table {family} {MARK}"]
    return [*table, nft_chain(family, hook, policy)]


def nft_chain_removed(section: Section, family: str, hook: str) -> list[str]:
    """Our chain gone with what is in it, and with the last chain the table."""
    if len(_nft_chains(section, family)) <= 1:
        return [f"delete table {family} {MARK}"]
    return [f"flush chain {family} {MARK} {hook}", f"delete chain {family} {MARK} {hook}"]


def nft_rule_removed(section: Section, rule: FirewallRule) -> list[str]:
    """By its number, or where it has none yet by writing the rest of the chain again."""
    place = f"{rule.family} {MARK} {rule.hook}"
    if rule.handle:
        return [f"delete rule {place} handle {rule.handle}"]
    rest = [other for other in rules_in(section, NFTABLES, rule.family, rule.hook) if other.key != rule.key]
    return [f"flush chain {place}", *(f"add rule {place} {nft_rule(other)}" for other in rest)]


# iptables


def entrance(section: Section, backend: str, family: str, hook: str) -> str:
    """The chain that has to jump to ours."""
    return builtin_of(section, backend, family).entrance if hook == "forward" else hook.upper()


def iptables_chain_made(section: Section, backend: str, family: str, hook: str) -> list[str]:
    """Our chain, made where it is missing, with the jump to it where it counts."""
    chain = chain_of(section, backend, family, hook)
    jump = line("-I", entrance(section, backend, family, hook), *jump_rule(hook))
    if chain is None:
        return [line("-N", chain_name(hook)), jump]
    if chain.jump is not None:
        return []
    return [*(line("-D", place, *jump_rule(hook)) for place in chain.stale), jump]


def iptables_chain_removed(chain: Chain, hook: str) -> list[str]:
    """Our chain gone with what is in it, and the jumps to it."""
    name, places = chain_name(hook), [*([chain.jump] if chain.jump else []), *chain.stale]
    return [*(line("-D", place, *jump_rule(hook)) for place in places), line("-F", name), line("-X", name)]
