# SPDX-FileCopyrightText: The virtnet.linux authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The modules for links: what each adds to the table of its kind."""

from __future__ import annotations

from .._values.errors import InvalidOption, VirtnetError
from .checks import family_of
from .former import FORMER
from .forwarding import FDB_SPEC, parse_forwarding_table
from .link import LINK_IDENTITY, LINK_NAMESPACES, LinkResource, link_module, link_spec, parse_link
from .link_tables import BRIDGE as BRIDGE_TABLE
from .link_tables import LINK_KINDS
from .link_tables import MACVLAN as MACVLAN_TABLE
from .link_tables import MACVTAP as MACVTAP_TABLE
from .link_tables import VETH as VETH_TABLE
from .link_tables import VXLAN as VXLAN_TABLE
from .resource import Kind, Options

MIN_FORWARD_DELAY = 2  # seconds, while STP is on (BR_MIN_FORWARD_DELAY)


def _parse_bridge(options: Options) -> LinkResource:
    delay = options.get("forward_delay")
    if options.get("stp") and delay is not None and delay < MIN_FORWARD_DELAY:
        raise InvalidOption("forward_delay", delay, "is too short: with STP on it is at least 2 seconds")
    return parse_link(BRIDGE_TABLE, options)


def _parse_macvlan(options: Options) -> LinkResource:
    if options.get("source_macs") is not None and options.get("mode") != "source":
        raise VirtnetError("source_macs: only mode source has a list of them")
    known = options.get(FORMER)
    if known and options.get("mode") != "source":  # they go with the mode, and with another one they are refused
        options = {**options, FORMER: {**known, "options": {**(known.get("options") or {}), "source_macs": None}}}
    return parse_link(MACVTAP_TABLE if options.get("tap") else MACVLAN_TABLE, options)


def _parse_vxlan(options: Options) -> LinkResource:
    if options.get("id") is None and options["state"] == "present":
        raise VirtnetError("id: a vxlan needs the number of its network (VNI)")
    if options.get("remote") and options.get("group"):
        raise VirtnetError("group: give either a remote or a group")
    if options.get("group") and not options.get("parent"):
        raise VirtnetError("parent: a multicast group needs the device that it is joined on")
    resource = parse_link(VXLAN_TABLE, options, parse_forwarding_table(options))
    given = {row.name: value for row, value in resource.data}
    for far in ("remote", "group"):
        if far in given and "local" in given and family_of(given[far]) != family_of(given["local"]):
            raise InvalidOption(far, given[far], "is of another family than local")
    return resource


def _parse_link(options: Options) -> LinkResource:
    kind = options.get("kind")
    if kind is None and options["state"] == "absent":
        raise VirtnetError("state: an interface without a kind is not removed; give its kind")
    if kind is not None and options.get("from_netns") is not None:
        raise VirtnetError("from_netns: only an interface that exists already is moved: give no kind")
    return parse_link(LINK_KINDS.get(kind) if kind else None, options)


def _has_kind(options: Options) -> bool:
    return options.get("kind") is not None


BRIDGE = link_module(BRIDGE_TABLE, _parse_bridge)
VETH = link_module(VETH_TABLE)
MACVLAN = link_module(MACVLAN_TABLE, _parse_macvlan, {"tap": {"type": "bool", "default": False}})
VXLAN = link_module(VXLAN_TABLE, _parse_vxlan, FDB_SPEC)
LINK = Kind(
    "link",
    {**link_spec(None), "kind": {"type": "str", "choices": sorted(LINK_KINDS)}, "from_netns": {"type": "str"}},
    _parse_link,
    (*LINK_IDENTITY, "kind"),
    LINK_NAMESPACES,
    removable=_has_kind,
)
