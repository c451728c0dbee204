# SPDX-FileCopyrightText: The virtnet.linux authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What `nat` and `forward` have in common: which packets, of which family, in which backend."""

from __future__ import annotations

import dataclasses
import typing as t

from .._values.errors import InvalidOption, VirtnetError
from .._values.firewall import IPTABLES, NFTABLES, PORT_PROTOCOLS, FirewallRule, Match, protocol_name
from .._values.world import Section
from . import checks
from .firewall_backends import ALL, CHOICES
from .resource import STATE_SPEC, Options

FAMILY_NAMES = {"ipv4": "ip", "ipv6": "ip6"}
_LONG = {short: long for long, short in FAMILY_NAMES.items()}
MATCH_OPTIONS = ("source", "destination", "in_interface", "out_interface", "protocol", "destination_port")
MATCH_SPEC: dict[str, t.Any] = {
    "netns": {"type": "str"},
    **{name: {"type": "str"} for name in MATCH_OPTIONS},
    "backend": {"type": "str", "choices": list(CHOICES), "default": "auto"},
    **STATE_SPEC,
}
# A protocol that one family alone has.
_OF_FAMILY = {"icmp": "ipv4", "igmp": "ipv4", "ipv6-icmp": "ipv6"}


def parse_match(options: Options) -> Match:
    """Which packets, in the form that is read back.

    :raises InvalidOption: an option is malformed.
    """
    protocol, port = _protocol(options.get("protocol")), options.get("destination_port")
    if port is not None:
        require_ports("destination_port", port, protocol)
    return Match(
        source=_network("source", options.get("source")),
        destination=_network("destination", options.get("destination")),
        in_interface=_interface("in_interface", options.get("in_interface")),
        out_interface=_interface("out_interface", options.get("out_interface")),
        protocol=protocol,
        destination_port=None if port is None else _negated(port, lambda value: ports("destination_port", value)),
        ct_state=tuple(sorted(set(options.get("ct_state") or ()))),
    )


def _negated(value: str, normal: t.Callable[[str], str]) -> str:
    """A value in its normal form, with its leading "!" if it has one."""
    return "!" + normal(value[1:].strip()) if value.startswith("!") else normal(value)


def _network(option: str, value: str | None) -> str | None:
    if value is None:
        return None
    found = _negated(value, lambda network: checks.network(option, network))
    if not found.endswith("/0"):
        return found
    if found.startswith("!"):
        raise InvalidOption(option, value, "matches no packet at all")
    return None


def _interface(option: str, value: str | None) -> str | None:
    if value is None:
        return None

    def normal(name: str) -> str:
        if any(sign in name for sign in '*"\\'):
            raise InvalidOption(
                option, value, "has a character that nftables takes for its own; a + at the end stands for any ending"
            )
        return checks.interface(option, name)

    return _negated(value, normal)


def _protocol(value: str | None) -> str | None:
    if value is None:
        return None

    def normal(name: str) -> str:
        try:
            return protocol_name(name)
        except ValueError:
            raise InvalidOption(
                "protocol", value, "is not a protocol such as tcp, udp or icmp, or a number up to 255"
            ) from None

    return _negated(value, normal)


def ports(option: str, value: str) -> str:
    """A port or a range of ports."""
    try:
        low, high = checks.span(option, value, 1, 65535)
    except InvalidOption:
        raise InvalidOption(option, value, "is not a port or a range such as 1024-2048, between 1 and 65535") from None
    return str(low) if low == high else f"{low}-{high}"


def require_ports(option: str, value: str, protocol: str | None) -> None:
    """See that the protocol is one that has ports."""
    if protocol is None:
        raise InvalidOption(option, value, "needs a protocol that has ports, such as protocol: tcp")
    if protocol not in PORT_PROTOCOLS:
        raise InvalidOption(
            option, value, f"needs a protocol that has ports ({', '.join(PORT_PROTOCOLS)}), not {protocol}"
        )


def parse_families(options: Options, match: Match, to_address: str | None = None) -> tuple[str, ...]:
    """The families, as nftables names them: that of the addresses, else the one asked for, else IPv4.

    :raises InvalidOption: they contradict each other.
    """
    asked, needed = options.get("family"), {}
    for option, value in (("source", match.source), ("destination", match.destination), ("to_address", to_address)):
        if value is not None:
            needed[option] = "ipv6" if ":" in value else "ipv4"
    if match.protocol in _OF_FAMILY:
        needed["protocol"] = _OF_FAMILY[str(match.protocol)]
    first = next(iter(needed), None)
    for option, family in needed.items():
        if asked is not None and family != asked:
            raise InvalidOption(option, options[option], f"is of {_title(family)}, and family is {asked}")
        if first is not None and family != needed[first]:
            raise InvalidOption(
                option, options[option], f"is of {_title(family)}, and {first} is of {_title(needed[first])}"
            )
    if asked == "both":
        return tuple(FAMILY_NAMES.values())
    return (FAMILY_NAMES[needed[first] if first is not None else asked or "ipv4"],)


def _title(family: str) -> str:
    return family.replace("ipv", "IPv")


def find(section: Section, like: FirewallRule) -> list[FirewallRule]:
    """The rules for the same match, in whichever backend they are."""
    found = []
    for backend in ALL:
        rule = section.get(dataclasses.replace(like, backend=backend).key)
        if rule is not None:
            found.append(rule)
    return found


def describe_match(rule: FirewallRule) -> dict[str, t.Any]:
    """Which packets a rule is for, as options."""
    seen = dataclasses.asdict(rule.match)
    del seen["ct_state"]
    return {"family": _LONG[rule.family], **seen, "backend": NFTABLES if rule.backend not in IPTABLES else "iptables"}


def reject_options(options: Options, names: t.Iterable[str], why: str) -> None:
    """See that options that would mean nothing are not given."""
    for name in names:
        if options.get(name):
            raise VirtnetError(f"{name}: {why}")
