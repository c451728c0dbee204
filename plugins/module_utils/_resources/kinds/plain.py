# SPDX-FileCopyrightText: The virtnet.linux authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kinds of the module `link`: those without a module of their own."""

from __future__ import annotations

from ..._values.errors import VirtnetError
from ..link import LINK_IDENTITY, LINK_NAMESPACES, LinkResource, link_spec, parse_link
from ..link_tables import LinkKind
from ..resource import Kind, Options

TABLES = {
    kind.name: kind
    for kind in (
        LinkKind("dummy"),
        LinkKind("ifb"),
        LinkKind("nlmon"),
        LinkKind("vcan"),
        LinkKind("tun", tuntap=True),
        LinkKind("tap", module="tun", tuntap=True),
    )
}


def _parse_link(options: Options) -> LinkResource:
    kind = options.get("kind")
    if kind is None and options["state"] == "absent":
        raise VirtnetError("state: an interface without a kind is not removed; give its kind")
    if kind is not None and options.get("from_netns") is not None:
        raise VirtnetError("from_netns: only an interface that exists already is moved: give no kind")
    return parse_link(TABLES.get(kind) if kind else None, options)


def _has_kind(options: Options) -> bool:
    return options.get("kind") is not None


MODULE = Kind(
    "link",
    {**link_spec(None), "kind": {"type": "str", "choices": sorted(TABLES)}, "from_netns": {"type": "str"}},
    _parse_link,
    (*LINK_IDENTITY, "kind"),
    LINK_NAMESPACES,
    removable=_has_kind,
)
