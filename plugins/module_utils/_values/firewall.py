# SPDX-FileCopyrightText: The virtnet.linux authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a firewall has, as values; the same for nftables and for both flavours of iptables."""

from __future__ import annotations

import dataclasses
import hashlib
import socket
import typing as t

SECTION = "firewall"  # a namespace's rules and chains, by the keys below
BACKENDS = "firewall_backends"  # of the machine: what works, with the program's name

NFTABLES, IPTABLES_NFT, IPTABLES_LEGACY = "nftables", "iptables-nft", "iptables-legacy"
IPTABLES = (IPTABLES_NFT, IPTABLES_LEGACY)
FAMILIES = ("ip", "ip6")

MARK = "virtnet"  # begins the comment of every rule of ours; the name of our nftables tables
CHAIN_PREFIX = "VIRTNET-"  # begins the name of every iptables chain of ours
POLICY_CHAIN = "VIRTNET-POLICY"  # never jumped to: remembers the policy that FORWARD had before
DOCKER_CHAIN = "DOCKER-USER"  # Docker jumps there before its own rules, and leaves it to the user

PORT_PROTOCOLS = ("tcp", "udp", "sctp", "dccp", "udplite")
# Written down because a small system has no /etc/protocols.
PROTOCOLS = {
    "icmp": 1,
    "igmp": 2,
    "tcp": 6,
    "udp": 17,
    "dccp": 33,
    "gre": 47,
    "esp": 50,
    "ah": 51,
    "ipv6-icmp": 58,
    "ospf": 89,
    "pim": 103,
    "vrrp": 112,
    "sctp": 132,
    "udplite": 136,
}
_PROTOCOL_NAMES = {number: name for name, number in PROTOCOLS.items()}


def protocol_name(value: str | int) -> str:
    """A protocol in its normal form: one of the names above, or else its number.

    :raises ValueError: there is no such protocol.
    """
    word = str(value).lower()
    word = {"icmpv6": "ipv6-icmp", "ipv6-icmp": "ipv6-icmp"}.get(word, word)
    if word in PROTOCOLS:
        return word
    try:
        number = int(word) if word.isdigit() else socket.getprotobyname(word)
    except OSError:
        raise ValueError(word) from None
    if not 1 <= number <= 255:
        raise ValueError(word)
    return _PROTOCOL_NAMES.get(number, str(number))


def protocol_number(name: str) -> int:
    """The number of a protocol in its normal form."""
    return PROTOCOLS[name] if name in PROTOCOLS else int(name)


@dataclasses.dataclass(frozen=True)
class Match:
    """Which packets: what is None matches all, a leading "!" negates.

    Addresses are CIDR, also of one host; ports are "80" or "80-90"; a "+" at the end of an interface's
    name stands for any ending, as iptables(8) has it; states are sorted.
    """

    source: str | None = None
    destination: str | None = None
    in_interface: str | None = None
    out_interface: str | None = None
    protocol: str | None = None
    destination_port: str | None = None
    ct_state: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class Verdict:
    """What happens to them."""

    action: str
    to_address: str | None = None
    to_port: str | None = None


def _digest(*parts: object) -> str:
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:12]


@dataclasses.dataclass(frozen=True)
class FirewallRule:
    """A rule of ours.

    :param family: "ip" or "ip6".
    :param hook: prerouting, output, postrouting (of NAT) or forward.
    :param order: lower ones come first in their chain.
    :param match_id: what it is known by in its chain.
    :param rule_id: of match and verdict together.
    :param handle: nftables' number for it; 0 while it is only planned.
    """

    backend: str
    family: str
    hook: str
    match: Match
    verdict: Verdict
    order: int
    match_id: str
    rule_id: str
    handle: int = 0
    packets: int = 0
    bytes: int = 0

    @property
    def key(self) -> RuleKey:
        """Where it is found in its section."""
        return RuleKey("rule", self.backend, self.family, self.hook, self.match_id)

    @property
    def comment(self) -> str:
        """What marks it as ours, and says what was sent: what is read back may look different."""
        return f"{MARK} order {self.order} match {self.match_id} rule {self.rule_id}"

    def same_as(self, other: FirewallRule | None) -> bool:
        """Whether another does the same in the same place."""
        return other is not None and (self.key, self.rule_id, self.order) == (other.key, other.rule_id, other.order)


class RuleKey(t.NamedTuple):
    """A rule of ours, by what it is."""

    what: str
    backend: str
    family: str
    hook: str
    match_id: str


class ChainKey(t.NamedTuple):
    """A chain of ours ("chain"), iptables' own FORWARD ("builtin"), the policy that it had ("former")."""

    what: str
    backend: str
    family: str
    hook: str


class BarriersKey(t.NamedTuple):
    """Other people's nftables chains that may drop what is forwarded."""

    what: str
    family: str


@dataclasses.dataclass(frozen=True)
class Chain:
    """A chain of ours.

    :param policy: of nftables' base chains: accept or drop.
    :param jump: which chain jumps to it, of iptables' chains; None: it is not jumped to where it would count.
    :param stale: chains that jump to it where it doesn't count.
    :param others: how many rules in it are not ours.
    """

    policy: str = "accept"
    jump: str | None = None
    stale: tuple[str, ...] = ()
    others: int = 0


@dataclasses.dataclass(frozen=True)
class Builtin:
    """iptables' own FORWARD chain.

    :param used: whether there are rules in it that are not ours.
    :param rules_drop: whether one of them may drop a packet.
    :param entrance: where a rule stands before all that may drop.
    """

    policy: str = "ACCEPT"
    used: bool = False
    rules_drop: bool = False
    entrance: str = "FORWARD"

    @property
    def drops(self) -> bool:
        """Whether a packet may be dropped there."""
        return self.rules_drop or self.policy != "ACCEPT"


@dataclasses.dataclass(frozen=True)
class Barrier:
    """A drop in somebody else's nftables chain, and the interfaces that it is limited to."""

    where: str
    policy: bool = False
    in_interface: str | None = None
    out_interface: str | None = None

    def may_drop(self, match: Match) -> bool:
        """Whether it may concern packets that match: not if the interfaces are others."""
        for own, other in ((match.in_interface, self.in_interface), (match.out_interface, self.out_interface)):
            if own and other and not own.startswith("!") and not own.endswith("+") and own != other:
                return False
        return True


def make_rule(backend: str, family: str, hook: str, match: Match, verdict: Verdict, order: int = 0) -> FirewallRule:
    """A rule that is wanted."""
    identity = dataclasses.astuple(match)
    return FirewallRule(
        backend, family, hook, match, verdict, order, _digest(identity), _digest(identity, dataclasses.astuple(verdict))
    )


def found_rule(
    backend: str, family: str, hook: str, match: Match, verdict: Verdict | None, comment: str, understood: bool
) -> FirewallRule | None:
    """A rule that was read; None when it is not ours.

    What is not wholly understood, because another version words it differently, is what its comment says.
    """
    words = comment.split()
    if len(words) != 7 or words[0] != MARK or not words[2].lstrip("-").isdigit():
        return None
    rule = make_rule(backend, family, hook, match, verdict or Verdict("accept"), int(words[2]))
    if understood and verdict is not None:
        return rule
    return dataclasses.replace(rule, match_id=words[4], rule_id=words[6])
