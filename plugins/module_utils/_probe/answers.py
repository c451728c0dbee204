# SPDX-FileCopyrightText: The virtnet.linux authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The answers that a network can give, and how the kernel and ICMP say them."""

from __future__ import annotations

import dataclasses
import errno

REACHABLE, UNREACHABLE, TIMEOUT = "reachable", "unreachable", "timeout"
NETWORK_UNREACHABLE, HOST_UNREACHABLE, PORT_UNREACHABLE = "network_unreachable", "host_unreachable", "port_unreachable"
PROHIBITED, BLACKHOLE, REFUSED, TOO_BIG = "prohibited", "blackhole", "refused", "too_big"
TTL_EXCEEDED, UNRESOLVED, ERROR = "ttl_exceeded", "unresolved", "error"

# What the network itself may say, apart from 'reachable'; 'error' is the kernel's refusal of the question.
NEGATIVE = (
    TIMEOUT,
    NETWORK_UNREACHABLE,
    HOST_UNREACHABLE,
    PORT_UNREACHABLE,
    PROHIBITED,
    BLACKHOLE,
    REFUSED,
    TOO_BIG,
    TTL_EXCEEDED,
    UNRESOLVED,
)
EXPECTABLE = (REACHABLE, UNREACHABLE, *NEGATIVE)

# Answers that arrive as ICMP errors, which routers limit (icmp(7), icmp_ratelimit).
BY_ICMP = frozenset((NETWORK_UNREACHABLE, HOST_UNREACHABLE, PORT_UNREACHABLE, PROHIBITED, TOO_BIG, TTL_EXCEEDED))


@dataclasses.dataclass(frozen=True)
class Obstacle:
    """Why a packet did not get there.

    :ivar responder: who said so; None when the asking kernel refused to send.
    """

    answer: str
    responder: str | None
    detail: str


# RFC 792, RFC 1122 3.2.2.1, RFC 1812 5.2.7.1
_UNREACHABLE_V4 = {
    0: (NETWORK_UNREACHABLE, "network unreachable"),
    1: (HOST_UNREACHABLE, "host unreachable"),
    2: (PORT_UNREACHABLE, "protocol unreachable"),
    3: (PORT_UNREACHABLE, "port unreachable"),
    4: (TOO_BIG, "fragmentation needed"),
    5: (NETWORK_UNREACHABLE, "source route failed"),
    6: (NETWORK_UNREACHABLE, "network unknown"),
    7: (HOST_UNREACHABLE, "host unknown"),
    8: (HOST_UNREACHABLE, "host isolated"),
    9: (PROHIBITED, "network prohibited"),
    10: (PROHIBITED, "host prohibited"),
    11: (NETWORK_UNREACHABLE, "network unreachable for this type of service"),
    12: (HOST_UNREACHABLE, "host unreachable for this type of service"),
    13: (PROHIBITED, "packet filtered"),
    14: (PROHIBITED, "host precedence violation"),
    15: (PROHIBITED, "precedence cutoff"),
}

# RFC 4443 3.1
_UNREACHABLE_V6 = {
    0: (NETWORK_UNREACHABLE, "no route"),
    1: (PROHIBITED, "administratively prohibited"),
    2: (NETWORK_UNREACHABLE, "beyond scope of source address"),
    3: (HOST_UNREACHABLE, "address unreachable"),
    4: (PORT_UNREACHABLE, "port unreachable"),
    5: (PROHIBITED, "source address failed policy"),
    6: (PROHIBITED, "reject route"),
}

_LOCAL = {
    errno.ENETUNREACH: NETWORK_UNREACHABLE,
    errno.ENETDOWN: NETWORK_UNREACHABLE,
    errno.EHOSTUNREACH: HOST_UNREACHABLE,
    errno.EACCES: PROHIBITED,  # a prohibit route (fib_props in net/ipv4/fib_semantics.c)
    errno.EPERM: PROHIBITED,  # a firewall's drop in the output hook
    errno.EMSGSIZE: TOO_BIG,
    errno.ETIMEDOUT: TIMEOUT,
    errno.ECONNREFUSED: REFUSED,
}


def of_icmp(version: int, kind: int, code: int, value: int, responder: str) -> Obstacle | None:
    """What an ICMP error means; None for one that is no obstacle (a redirect).

    :param value: the last four bytes of its header: the MTU where there is one.
    """
    if version == 4 and kind == 3:
        answer, detail = _UNREACHABLE_V4.get(code, (NETWORK_UNREACHABLE, f"unreachable, code {code}"))
        if code == 4:
            detail += f", mtu {value & 0xFFFF}"
        return Obstacle(answer, responder, detail)
    if version == 6 and kind == 1:
        answer, detail = _UNREACHABLE_V6.get(code, (NETWORK_UNREACHABLE, f"unreachable, code {code}"))
        return Obstacle(answer, responder, detail)
    if version == 6 and kind == 2:
        return Obstacle(TOO_BIG, responder, f"packet too big, mtu {value}")
    if (version, kind) in ((4, 11), (6, 3)):
        return Obstacle(TTL_EXCEEDED, responder, "time to live exceeded")
    if (version, kind) in ((4, 12), (6, 4)):
        return Obstacle(ERROR, responder, "parameter problem")
    return None


def of_errno(number: int, words: str) -> Obstacle:
    """What the asking kernel's own refusal means. EINVAL may be a blackhole: ask the routes first."""
    return Obstacle(_LOCAL.get(number, ERROR), None, f"the kernel says {words!r}")
