# SPDX-FileCopyrightText: The virtnet.linux authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tunnels, for the module `link`: GRE, IP in IP, GENEVE.

The kernel reads a change as a whole new set of parameters (ipgre_changelink(), ipip_changelink()), and what is not sent
is 0. So a tunnel has what it was made with.
"""

from __future__ import annotations

import typing as t

from ..._values.errors import InvalidOption
from .. import checks
from ..link_tables import LinkKind
from ..option import PLAIN, Codec, Option

GRE_KEY = 0x2000
_NAME = "IFLA_{}_{}"


def _family(version: int) -> t.Callable[[str, str], str]:
    def check(path: str, value: str) -> str:
        value = checks.address(path, value)
        if (":" in value) != (version == 6):
            raise InvalidOption(path, value, f"is not an IPv{version} address")
        return value

    return check


def _ends(prefix: str, version: int) -> tuple[Option, Option]:
    return (
        Option("local", "str", _NAME.format(prefix, "LOCAL"), "local", _ADDRESS, fixed=True, check=_family(version)),
        Option("remote", "str", _NAME.format(prefix, "REMOTE"), "remote", _ADDRESS, fixed=True, check=_family(version)),
    )


_NONE = ("0.0.0.0", "::")
_ADDRESS = Codec(str, lambda found: None if found in _NONE else found, str)


_HEXADECIMAL = Codec(int, int, "{:#x}".format)  # which iproute2 takes a type of service for, whatever it looks like


def _byte(prefix: str, name: str, attribute: str, word: str, codec: Codec = PLAIN) -> Option:
    return Option(name, "int", _NAME.format(prefix, attribute), word, codec, low=0, high=255, fixed=True, default=0)


def _key() -> Option:
    flags = {"value": GRE_KEY}
    return Option(
        "key", "int", "IFLA_GRE_OKEY", "key", low=0, high=2**32 - 1, fixed=True,
        companions=(("IFLA_GRE_IFLAGS", flags), ("IFLA_GRE_OFLAGS", flags)), also="IFLA_GRE_IKEY", default=0,
    )  # fmt: skip


def _tunnel(name: str, prefix: str, *more: Option, fallback: str = "", version: int = 4, module: str = "") -> LinkKind:
    ttl = "hoplimit" if version == 6 else "ttl"
    rows: tuple[Option, ...] = (*_ends(prefix, version), _byte(prefix, "ttl", "TTL", ttl))
    if version == 4:
        rows += (_byte(prefix, "tos", "TOS", "tos", _HEXADECIMAL),)
    return LinkKind(
        name,
        (*rows, *more),
        parent="optional",
        parent_attribute=_NAME.format(prefix, "LINK"),
        module=module,
        fallback=fallback or f"{name}0",
    )


TABLES = (
    _tunnel("gre", "GRE", _key(), module="ip_gre"),
    _tunnel("gretap", "GRE", _key(), module="ip_gre"),
    _tunnel("ipip", "IPIP", fallback="tunl0"),
    _tunnel("sit", "SIT"),
    _tunnel("ip6tnl", "IP6TNL", version=6, module="ip6_tunnel"),
    LinkKind(
        "geneve",
        (
            Option("id", "int", "IFLA_GENEVE_ID", "id", low=0, high=2**24 - 1, fixed=True),
            Option(
                "remote", "str", "IFLA_GENEVE_REMOTE", "remote", attribute6="IFLA_GENEVE_REMOTE6", fixed=True,
                check=checks.address,
            ),
            _byte("GENEVE", "ttl", "TTL", "ttl"),
            _byte("GENEVE", "tos", "TOS", "tos", _HEXADECIMAL),
            Option(
                "destination_port", "int", "IFLA_GENEVE_PORT", "dstport", low=1, high=65535, fixed=True, default=6081,
            ),
        ),
    ),
)  # fmt: skip
