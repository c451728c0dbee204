# SPDX-FileCopyrightText: The virtnet.linux authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kinds of the module `link`: those without a module of their own."""

from __future__ import annotations

import typing as t

from ..._values.errors import InvalidOption, VirtnetError
from ..former import FORMER
from ..link import (
    LINK_IDENTITY,
    LINK_NAMESPACES,
    PARENT_SPEC,
    PEER_OPTION,
    LinkResource,
    link_spec,
    parse_link,
)
from ..link_tables import LinkKind
from ..option import Codec, Option
from ..resource import Kind, Options
from . import tunnels

_IPOIB_MODES = ("datagram", "connected")
_IPOIB_MODE = Codec(_IPOIB_MODES.index, lambda found: _IPOIB_MODES[found], str)
_SIMULATED = "netdevsim: this kernel makes them through /sys/bus/netdevsim, which no module does"
CAN_FD_MTU = 72

TABLES = {
    kind.name: kind
    for kind in (
        LinkKind("dummy"),
        LinkKind("ifb"),
        LinkKind("nlmon"),
        LinkKind("vcan", mtu=CAN_FD_MTU),
        LinkKind("vxcan", peer="VETH_INFO_PEER", mtu=CAN_FD_MTU),
        LinkKind("tun", tuntap=True),
        LinkKind("tap", module="tun", tuntap=True),
        LinkKind(
            "netdevsim",
            explain={'Please use: echo "[ID] [PORT_COUNT] [NUM_QUEUES]" > /sys/bus/netdevsim/new_device': _SIMULATED},
        ),
        LinkKind(
            "ipoib",
            (
                Option("pkey", "int", "IFLA_IPOIB_PKEY", "pkey", low=0, high=65535, fixed=True),
                Option("mode", "str", "IFLA_IPOIB_MODE", "mode", _IPOIB_MODE, choices=_IPOIB_MODES),
            ),
            parent="required",
            module="ib_ipoib",
        ),
        *tunnels.TABLES,
    )
}


def _checked(kind: LinkKind | None, given: t.Mapping[str, t.Any]) -> Options:
    """The options of a kind, which no argument spec can know."""
    rows = {row.name: row for row in kind.options} if kind is not None else {}
    found = {}
    for name, value in given.items():
        if kind is None or name not in rows:
            has = f"which has {', '.join(rows)}" if rows else "which has none"
            raise InvalidOption("options", name, f"is no option of {kind.name}, {has}" if kind else "needs a kind")
        path, row = f"options.{name}", rows[name]
        if row.choices and value not in row.choices:
            raise InvalidOption(path, value, f"is none of {', '.join(row.choices)}")
        if row.type == "int":
            if not str(value).isdigit():
                raise InvalidOption(path, value, "is not a number")
            value = int(value)
        found[name] = row.normal(path, value)
    return found


def _flat(options: Options, kind: LinkKind | None) -> Options:
    """The options of the kind beside the others; so they are recorded, but not what was there before."""
    found = {**options, **_checked(kind, options.get("options") or {})}
    known = options.get(FORMER)
    if known:
        recorded = known.get("options") or {}
        found[FORMER] = {**known, "options": {**recorded, **(recorded.get("options") or {})}}
    return found


def _parse_link(options: Options) -> LinkResource:
    name = options.get("kind")
    if name is None and options["state"] == "absent":
        raise VirtnetError("state: an interface without a kind is not removed; give its kind")
    if name is not None and options.get("from_netns") is not None:
        raise VirtnetError("from_netns: only an interface that exists already is moved: give no kind")
    kind = TABLES[name] if name else None
    for option, has in (("peer", kind and kind.peer), ("parent", kind and kind.parent)):
        if options.get(option) and not has:
            raise VirtnetError(
                f"{option}: {f'{name} interfaces have' if name else 'an interface without a kind has'} none"
            )
    return parse_link(kind, _flat(options, kind))


def _has_kind(options: Options) -> bool:
    return options.get("kind") is not None


MODULE = Kind(
    "link",
    {
        **link_spec(None),
        "kind": {"type": "str", "choices": sorted(TABLES)},
        "options": {"type": "dict"},
        **PARENT_SPEC,
        **PEER_OPTION,
        "from_netns": {"type": "str"},
    },
    _parse_link,
    (*LINK_IDENTITY, "kind", "peer"),
    LINK_NAMESPACES,
    removable=_has_kind,
)
