# SPDX-FileCopyrightText: The virtnet.linux authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Macvlan and macvtap interfaces."""

from __future__ import annotations

import typing as t

from ..._values.errors import VirtnetError
from .. import checks
from ..former import FORMER
from ..link import LinkResource, link_module, parse_link
from ..link_tables import LinkKind
from ..option import Codec, Option
from ..resource import Options

MACVLAN_MODES = ("private", "vepa", "bridge", "passthru", "source")


def _passthru_is_involved(current: t.Any, wanted: t.Any) -> bool:
    """macvlan_changelink() refuses to change to and from passthru."""
    return "passthru" in (current, wanted)


def _listed_macs(found: t.Any) -> list[str]:
    if "attrs" in found:
        return [mac for _name, mac in found["attrs"]]
    macs = found.get("IFLA_MACVLAN_MACADDR", [])
    return sorted(macs if isinstance(macs, list) else [macs])


_SET = "set"  # replaces the whole list (macvlan_changelink_sources())
_SOURCE_MACS = Codec(
    lambda macs: {"attrs": [("IFLA_MACVLAN_MACADDR", mac) for mac in macs]},
    _listed_macs,
    lambda macs: ("set", *macs) if macs else ("flush",),
)


def _sorted_macs(path: str, macs: list[str]) -> list[str]:
    return sorted({checks.mac(path, mac) for mac in macs})


TABLE = LinkKind(
    "macvlan",
    (
        Option(
            "mode", "str", "IFLA_MACVLAN_MODE", "mode", choices=MACVLAN_MODES,
            fixed=_passthru_is_involved, default="vepa",
        ),
        Option(
            "source_macs", "list", "IFLA_MACVLAN_MACADDR_DATA", "macaddr", _SOURCE_MACS, check=_sorted_macs,
            companions=(("IFLA_MACVLAN_MACADDR_MODE", _SET),), default=[],
        ),
    ),
    parent="required",
)  # fmt: skip

TAP_TABLE = LinkKind("macvtap", TABLE.options, parent="required", made_by=("macvlan", {"tap": True}))


def _parse_macvlan(options: Options) -> LinkResource:
    if options.get("source_macs") is not None and options.get("mode") != "source":
        raise VirtnetError("source_macs: only mode source has a list of them")
    known = options.get(FORMER)
    if known and options.get("mode") != "source":  # they go with the mode, and with another one they are refused
        options = {**options, FORMER: {**known, "options": {**(known.get("options") or {}), "source_macs": None}}}
    return parse_link(TAP_TABLE if options.get("tap") else TABLE, options)


MODULE = link_module(TABLE, _parse_macvlan, {"tap": {"type": "bool", "default": False}})
