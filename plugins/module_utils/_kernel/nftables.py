# SPDX-FileCopyrightText: The virtnet.linux authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads nftables' ruleset, which nft prints as JSON (libnftables-json(5))."""

from __future__ import annotations

import dataclasses
import ipaddress
import json
import typing as t

from .._values.firewall import (
    MARK,
    NFTABLES,
    Barrier,
    Chain,
    ChainKey,
    Match,
    Verdict,
    found_rule,
    protocol_name,
)
from .._values.world import Section
from . import programs

Json = t.Any
Place = tuple[str, str, str]  # family, table, chain
_ADDRESS_FIELDS = {"saddr": "source", "daddr": "destination"}
_INTERFACES = {"iifname": "in_interface", "oifname": "out_interface"}
_NAT = ("masquerade", "snat", "dnat", "redirect")


@dataclasses.dataclass
class Ruleset:
    """All chains with their rules, as nft words them."""

    chains: dict[Place, Json] = dataclasses.field(default_factory=dict)
    rules: dict[Place, list[Json]] = dataclasses.field(default_factory=dict)
    maps: dict[Place, Json] = dataclasses.field(default_factory=dict)

    def tables(self, family: str) -> set[str]:
        """The names of a family's tables that have chains."""
        return {table for chain_family, table, _chain in self.chains if chain_family == family}


def read(netns: str | None) -> Ruleset:
    """The whole ruleset of a namespace."""
    return parse(programs.run(netns, ["nft", "-j", "list", "ruleset"]))


def parse(text: str) -> Ruleset:
    """A ruleset from nft's JSON."""
    ruleset = Ruleset()
    for entry in json.loads(text)["nftables"] if text.strip() else ():
        for what, value in entry.items():
            if what == "chain":
                ruleset.chains[(value["family"], value["table"], value["name"])] = value
            elif what == "rule":
                ruleset.rules.setdefault((value["family"], value["table"], value["chain"]), []).append(value)
            elif what == "map":
                ruleset.maps[(value["family"], value["table"], value["name"])] = value
    return ruleset


# rules of ours


def ours(ruleset: Ruleset) -> Section:
    """Our chains and rules."""
    found: Section = {}
    for (family, table, name), chain in ruleset.chains.items():
        if table != MARK or family not in ("ip", "ip6"):
            continue
        others = 0
        for raw in ruleset.rules.get((family, table, name), ()):
            match, verdict, counter, understood = _understand(raw["expr"], family)
            rule = found_rule(NFTABLES, family, name, match, verdict, raw.get("comment", ""), understood)
            if rule is None:
                others += 1
                continue
            found[rule.key] = dataclasses.replace(
                rule, handle=raw["handle"], packets=counter.get("packets", 0), bytes=counter.get("bytes", 0)
            )
        found[ChainKey("chain", NFTABLES, family, name)] = Chain(chain.get("policy", "accept"), others=others)
    return found


def _understand(expressions: t.Sequence[Json], family: str) -> tuple[Match, Verdict | None, Json, bool]:
    """A rule's match, verdict and counter, and whether that is all of it."""
    match, verdict, understood = Match(), None, True
    counter: Json = {}
    for expression in expressions:
        [(kind, value)] = expression.items()
        try:
            if kind == "match":
                match = dataclasses.replace(match, **_condition(value))
            elif kind == "counter":
                counter = value or {}
            elif kind in ("accept", "drop", "reject"):
                verdict = Verdict(kind)
            elif kind in _NAT:
                verdict = _nat(kind, value or {})
            else:
                understood = False
        except (KeyError, ValueError, TypeError, AttributeError):
            understood = False
    return match, verdict, counter, understood


def _condition(value: Json) -> dict[str, t.Any]:
    left, right, negated = value["left"], value["right"], "!" if value["op"] == "!=" else ""
    if "meta" in left:
        key = left["meta"]["key"]
        if key == "l4proto":
            return {"protocol": negated + protocol_name(right)}
        name = f"{right[:-1]}+" if right.endswith("*") else right
        return {_INTERFACES[key]: negated + name}
    if "ct" in left and left["ct"]["key"] == "state":
        states: Json = right["set"] if isinstance(right, dict) else right
        return {"ct_state": tuple(sorted([states] if isinstance(states, str) else states))}
    payload = left["payload"]
    if payload["field"] in _ADDRESS_FIELDS:
        return {_ADDRESS_FIELDS[payload["field"]]: negated + _network(right)}
    if payload["field"] in ("protocol", "nexthdr"):
        return {"protocol": negated + protocol_name(right)}
    if payload["field"] != "dport":
        raise KeyError(payload["field"])
    return {"protocol": protocol_name(payload["protocol"]), "destination_port": negated + _ports(right)}


def _network(right: Json) -> str:
    if isinstance(right, dict):
        prefix = right["prefix"]
        return str(ipaddress.ip_network(f"{prefix['addr']}/{prefix['len']}").with_prefixlen)
    return str(ipaddress.ip_network(right).with_prefixlen)


def _ports(value: Json) -> str:
    if isinstance(value, dict):
        low, high = value["range"]
        return f"{low}-{high}"
    return str(int(value))


def _nat(kind: str, value: Json) -> Verdict:
    port = value.get("port")
    return Verdict(kind, value.get("addr"), None if port is None else _ports(port))


# rules of others


def barriers(ruleset: Ruleset, family: str, known: t.Collection[str]) -> tuple[Barrier, ...]:
    """The drops at the forward hook that are neither ours nor in one of the known tables (iptables' own)."""
    found: list[Barrier] = []
    for place, chain in ruleset.chains.items():
        foreign = place[0] == "inet" or (place[0] == family and place[1] != MARK and place[1] not in known)
        if not foreign or chain.get("hook") != "forward":
            continue
        where = f"chain '{place[2]}' of table '{place[0]} {place[1]}'"
        if chain.get("policy") == "drop":
            found.append(Barrier(where, policy=True))
        found += _drops(ruleset, place, Barrier(where), set())
    return tuple(dict.fromkeys(found))


def _drops(ruleset: Ruleset, place: Place, path: Barrier, seen: set[tuple[Place, Barrier]]) -> t.Iterator[Barrier]:
    """The drops that a packet may meet from a chain on, limited to the interfaces matched on the way."""
    if (place, path) in seen:
        return
    seen.add((place, path))
    for rule in ruleset.rules.get(place, ()):
        here = path
        for expression in rule["expr"]:
            try:
                condition = _condition(expression["match"]) if "match" in expression else {}
            except (KeyError, ValueError, TypeError, AttributeError):
                condition = {}
            for option in _INTERFACES.values():
                name = condition.get(option, "!")
                if not name.startswith("!") and not name.endswith("+"):
                    here = dataclasses.replace(here, **{option: name})
        for verdict, target in _verdicts(ruleset, place, rule["expr"]):
            if verdict in ("drop", "reject"):
                yield here
            else:
                yield from _drops(ruleset, (place[0], place[1], target), here, seen)


def _verdicts(ruleset: Ruleset, place: Place, value: Json) -> t.Iterator[tuple[str, str]]:
    """All verdicts within an expression, also those in maps."""
    if isinstance(value, list):
        for item in value:
            yield from _verdicts(ruleset, place, item)
    elif isinstance(value, dict):
        for key, item in value.items():
            if key in ("drop", "reject"):
                yield key, ""
            elif key in ("jump", "goto") and isinstance(item, dict):
                yield key, item["target"]
            else:
                yield from _verdicts(ruleset, place, item)
    elif isinstance(value, str) and value.startswith("@"):
        named = ruleset.maps.get((place[0], place[1], value[1:]))
        if named is not None:
            yield from _verdicts(ruleset, place, named.get("elem", []))
