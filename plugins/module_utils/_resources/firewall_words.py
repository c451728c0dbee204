# SPDX-FileCopyrightText: The virtnet.linux authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How nft(8) and iptables(8) are told a rule; the same words are performed and shown."""

from __future__ import annotations

import typing as t

from .._values.firewall import CHAIN_PREFIX, MARK, PORT_PROTOCOLS, FirewallRule, Match, protocol_number

TARGETS = {
    "masquerade": "MASQUERADE",
    "snat": "SNAT",
    "dnat": "DNAT",
    "redirect": "REDIRECT",
    "accept": "ACCEPT",
    "drop": "DROP",
    "reject": "REJECT",
}


def _negation(value: str) -> tuple[bool, str]:
    return value.startswith("!"), value.lstrip("!")


def _socket_address(address: str | None, port: str | None) -> str:
    """An address, a port, or both; an IPv6 address before a port stands in brackets."""
    if address is None:
        return f":{port}"
    if port is None:
        return address
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


# nftables


def nft_chain(family: str, hook: str, policy: str = "accept") -> str:
    """A base chain of ours, by the priority names that each hook has in nft(8)."""
    kind = "filter" if hook == "forward" else "nat"
    priority = {"forward": "filter", "postrouting": "srcnat"}.get(hook, "dstnat")
    if hook == "output":
        priority = "-100"  # the name dstnat is known at prerouting only
    return f"add chain {family} {MARK} {hook} {{ type {kind} hook {hook} priority {priority} ; policy {policy} ; }}"


def nft_rule(rule: FirewallRule) -> str:
    """Match, counter, verdict and comment."""
    return " ".join([*_nft_match(rule.match, rule.family), "counter", _nft_verdict(rule), f'comment "{rule.comment}"'])


def _nft_match(match: Match, family: str) -> t.Iterator[str]:
    for word, name in (("iifname", match.in_interface), ("oifname", match.out_interface)):
        if name:
            negated, name = _negation(name)
            name = f"{name[:-1]}*" if name.endswith("+") else name
            yield f'{word} {"!= " if negated else ""}"{name}"'
    for word, network in (("saddr", match.source), ("daddr", match.destination)):
        if network:
            negated, network = _negation(network)
            yield f"{family} {word} {'!= ' if negated else ''}{network}"
    if match.destination_port:
        negated, port = _negation(match.destination_port)
        yield f"{match.protocol} dport {'!= ' if negated else ''}{port}"
    elif match.protocol:
        negated, name = _negation(match.protocol)
        # By number: nft asks /etc/protocols for names, which a small system doesn't have.
        yield f"meta l4proto {'!= ' if negated else ''}{protocol_number(name)}"
    if match.ct_state:
        yield f"ct state {','.join(match.ct_state)}"


def _nft_verdict(rule: FirewallRule) -> str:
    verdict = rule.verdict
    if verdict.to_address is None and verdict.to_port is None:
        return verdict.action
    return f"{verdict.action} to {_socket_address(verdict.to_address, verdict.to_port)}"


# iptables


def line(*words: str) -> str:
    """A line of iptables-restore, which is also what follows `iptables -t TABLE`."""
    return " ".join(f'"{word}"' if " " in word else word for word in words)


def chain_name(hook: str) -> str:
    """The name of our chain for a hook."""
    return CHAIN_PREFIX + hook.upper()


def table_of(hook: str) -> str:
    """The table that a hook's rules are in."""
    return "filter" if hook == "forward" else "nat"


def jump_rule(hook: str) -> list[str]:
    """The rule that leads to our chain."""
    return ["-m", "comment", "--comment", MARK, "-j", chain_name(hook)]


def iptables_rule(rule: FirewallRule) -> list[str]:
    """Match, comment and target, as `-A` and `-D` take them."""
    match, words = rule.match, []
    for option, value in (
        ("-s", match.source),
        ("-d", match.destination),
        ("-i", match.in_interface),
        ("-o", match.out_interface),
        ("-p", _iptables_protocol(match.protocol)),
    ):
        if value:
            negated, value = _negation(value)
            words += [*(["!"] if negated else []), option, value]
    if match.destination_port:
        negated, port = _negation(match.destination_port)
        words += ["-m", str(match.protocol), *(["!"] if negated else []), "--dport", port.replace("-", ":")]
    if match.ct_state:
        words += ["-m", "conntrack", "--ctstate", ",".join(match.ct_state).upper()]
    words += ["-m", "comment", "--comment", rule.comment, "-j", TARGETS[rule.verdict.action]]
    return words + _iptables_target(rule)


def _iptables_protocol(name: str | None) -> str | None:
    """A protocol that iptables knows without /etc/protocols."""
    if name is None or name.lstrip("!") in (*PORT_PROTOCOLS[:3], "udplite", "icmp", "ipv6-icmp", "esp", "ah"):
        return name
    negated, name = _negation(name)
    return ("!" if negated else "") + str(protocol_number(name))


def _iptables_target(rule: FirewallRule) -> list[str]:
    verdict = rule.verdict
    if verdict.action in ("masquerade", "redirect"):
        return ["--to-ports", verdict.to_port] if verdict.to_port else []
    option = {"snat": "--to-source", "dnat": "--to-destination"}.get(verdict.action)
    return [option, _socket_address(verdict.to_address, verdict.to_port)] if option else []
