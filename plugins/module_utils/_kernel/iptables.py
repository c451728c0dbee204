# SPDX-FileCopyrightText: The virtnet.linux authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads what iptables-save prints, which is the same text for both flavours apart from its headers."""

from __future__ import annotations

import dataclasses
import ipaddress
import shlex
import typing as t

from .._values.firewall import (
    CHAIN_PREFIX,
    DOCKER_CHAIN,
    POLICY_CHAIN,
    Builtin,
    Chain,
    ChainKey,
    Match,
    Verdict,
    found_rule,
    protocol_name,
)
from .._values.world import Section
from . import programs

_ACTIONS = {
    "MASQUERADE": "masquerade",
    "SNAT": "snat",
    "DNAT": "dnat",
    "REDIRECT": "redirect",
    "ACCEPT": "accept",
    "DROP": "drop",
    "REJECT": "reject",
}
_HARMLESS = ("ACCEPT", "RETURN", "LOG", "NFLOG", "MARK", "CONNMARK", "TRACE", "")
_OPTIONS = {"-s": "source", "-d": "destination", "-i": "in_interface", "-o": "out_interface", "-p": "protocol"}
_TABLES = {"prerouting": "nat", "output": "nat", "postrouting": "nat", "forward": "filter"}
_MODULES = {*("tcp", "udp", "sctp", "dccp", "udplite"), "comment", "conntrack", "state"}


@dataclasses.dataclass
class SavedRule:
    """A rule as a list of words."""

    words: list[str]
    packets: int = 0
    bytes: int = 0

    @property
    def target(self) -> str:
        """The chain or the action that it leads to; empty when it only counts."""
        for option in ("-j", "-g"):
            if option in self.words[:-1]:
                return self.words[self.words.index(option) + 1]
        return ""


@dataclasses.dataclass
class Table:
    """A table: the policies of its chains ("-" for those that users made) and their rules."""

    policies: dict[str, str] = dataclasses.field(default_factory=dict)
    rules: dict[str, list[SavedRule]] = dataclasses.field(default_factory=dict)


def read(netns: str | None, program: str) -> dict[str, Table]:
    """All tables of a namespace, of one family and flavour."""
    return parse(programs.run(netns, [f"{program}-save", "-c"]))


def parse(text: str) -> dict[str, Table]:
    """Tables from what iptables-save prints, with or without counters."""
    tables: dict[str, Table] = {}
    table = Table()
    for line in text.splitlines():
        if line.startswith("*"):
            table = tables.setdefault(line[1:], Table())
        elif line.startswith(":"):
            name, policy = line[1:].split()[:2]
            table.policies[name] = policy
            table.rules.setdefault(name, [])
        elif line.startswith(("[", "-A ")):
            words = shlex.split(line)
            packets, size = 0, 0
            if words[0].startswith("["):
                packets, size = (int(number) for number in words.pop(0).strip("[]").split(":"))
            table.rules.setdefault(words[1], []).append(SavedRule(words[2:], packets, size))
    return tables


def ours(tables: t.Mapping[str, Table], backend: str, family: str) -> Section:
    """Our chains and rules, and what FORWARD is like."""
    found: Section = {}
    for hook, place in _TABLES.items():
        table, name = tables.get(place, Table()), CHAIN_PREFIX + hook.upper()
        if name in table.rules:
            rules, others = table.rules[name], 0
            for saved in rules:
                match, verdict, comment, understood = _understand(saved.words)
                rule = found_rule(backend, family, hook, match, verdict, comment, understood)
                if rule is None:
                    others += 1
                    continue
                found[rule.key] = dataclasses.replace(rule, packets=saved.packets, bytes=saved.bytes)
            jump, stale = _jumps(table, name)
            found[ChainKey("chain", backend, family, hook)] = Chain(jump=jump, stale=stale, others=others)
    filters = tables.get("filter")
    if filters is not None and "FORWARD" in filters.policies:
        found[ChainKey("builtin", backend, family, "forward")] = _builtin(filters)
        for saved in filters.rules.get(POLICY_CHAIN, ()):
            found[ChainKey("former", backend, family, "forward")] = saved.target
    return found


def _jumps(table: Table, name: str) -> tuple[str | None, tuple[str, ...]]:
    """Which chain jumps to ours where it counts, and which do elsewhere."""
    entrance = name[len(CHAIN_PREFIX) :]
    counts = entrance
    if entrance == "FORWARD":
        counts = _builtin(table).entrance
    jump, stale = None, []
    for chain, rules in table.rules.items():
        for position, saved in enumerate(rules):
            if saved.target != name:
                continue
            first = all(before.target in _HARMLESS for before in rules[:position])
            if chain == counts and jump is None and (first or entrance != "FORWARD"):
                jump = chain
            else:
                stale.append(chain)
    return jump, tuple(stale)


def _builtin(table: Table) -> Builtin:
    rules = [saved for saved in table.rules.get("FORWARD", ()) if not saved.target.startswith(CHAIN_PREFIX)]
    policy = table.policies.get("FORWARD", "ACCEPT")
    decisive = [saved.target for saved in rules if saved.target not in _HARMLESS]
    docker = bool(decisive) and decisive[0] == DOCKER_CHAIN
    return Builtin(policy, bool(rules), _may_drop(table, "FORWARD", set()), DOCKER_CHAIN if docker else "FORWARD")


def _may_drop(table: Table, chain: str, seen: set[str]) -> bool:
    """Whether a rule of somebody else's may drop what enters a chain."""
    if chain in seen or chain.startswith(CHAIN_PREFIX):
        return False
    seen.add(chain)
    return any(
        _may_drop(table, saved.target, seen) if saved.target in table.rules else saved.target not in _HARMLESS
        for saved in table.rules.get(chain, ())
    )


def _understand(words: t.Sequence[str]) -> tuple[Match, Verdict | None, str, bool]:
    """A rule's match, verdict and comment, and whether that is all of it."""
    found: dict[str, t.Any] = {}
    verdict, comment, understood, negated = None, "", True, ""
    rest = iter(words)
    for word in rest:
        if word == "!":
            negated = "!"
            continue
        value = next(rest, "")
        try:
            if word in _OPTIONS:
                found[_OPTIONS[word]] = negated + _value(word, value)
            elif word == "--dport":
                found["destination_port"] = negated + value.replace(":", "-")
            elif word in ("--ctstate", "--state") and not negated:
                found["ct_state"] = tuple(sorted(value.lower().split(",")))
            elif word == "--comment":
                comment = value
            elif word == "-j":
                verdict = Verdict(_ACTIONS[value])
            elif word in ("--to-source", "--to-destination", "--to-ports") and verdict is not None:
                verdict = _target(verdict.action, word, value)
            elif not (word == "-m" and value in _MODULES) and word != "--reject-with":
                understood = False
        except (KeyError, ValueError):
            understood = False
        negated = ""
    return Match(**found), verdict, comment, understood


def _value(option: str, value: str) -> str:
    if option in ("-s", "-d"):
        return str(ipaddress.ip_network(value).with_prefixlen)
    return protocol_name(value) if option == "-p" else value


def _target(action: str, option: str, value: str) -> Verdict:
    """The address and port of --to-source, --to-destination and --to-ports."""
    if option == "--to-ports":
        return Verdict(action, None, value)
    if value.startswith("["):
        address, _bracket, port = value[1:].partition("]")
        return Verdict(action, address, port.lstrip(":") or None)
    if value.count(":") > 1:
        return Verdict(action, value)
    address, _colon, port = value.partition(":")
    return Verdict(action, address or None, port or None)
