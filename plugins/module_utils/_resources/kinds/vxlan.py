# SPDX-FileCopyrightText: The virtnet.linux authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""VXLAN tunnels."""

from __future__ import annotations

import ipaddress
import typing as t

from ..._values.errors import InvalidOption, VirtnetError
from .. import checks
from ..forwarding import FDB_SPEC, parse_forwarding_table
from ..link import LinkResource, link_module, parse_link
from ..link_tables import LinkKind
from ..option import BARE, Codec, Option
from ..resource import Options


def _far_end(multicast: bool) -> dict[str, t.Any]:
    """remote and group are one attribute: what differs is whether the address is a multicast one."""

    def check(path: str, value: str) -> str:
        value = checks.address(path, value)
        if ipaddress.ip_address(value).is_multicast != multicast:
            raise InvalidOption(path, value, "is not a multicast address" if multicast else "is a multicast address")
        return value

    def decode(found: str) -> str | None:
        return found if ipaddress.ip_address(found).is_multicast == multicast else None

    return {"codec": Codec(str, decode, str), "check": check}


def _other_family(current: t.Any, wanted: t.Any) -> bool:
    return current is not None and (":" in current) != (":" in wanted)


TABLE = LinkKind(
    "vxlan",
    (
        Option("id", "int", "IFLA_VXLAN_ID", "id", low=0, high=2**24 - 1, fixed=True),
        Option(
            "local", "str", "IFLA_VXLAN_LOCAL", "local", attribute6="IFLA_VXLAN_LOCAL6", check=checks.address,
            fixed=_other_family,
        ),
        Option(
            "remote", "str", "IFLA_VXLAN_GROUP", "remote", attribute6="IFLA_VXLAN_GROUP6", fixed=_other_family,
            **_far_end(multicast=False),
        ),
        Option(
            "group", "str", "IFLA_VXLAN_GROUP", "group", attribute6="IFLA_VXLAN_GROUP6", fixed=_other_family,
            **_far_end(multicast=True),
        ),
        Option("destination_port", "int", "IFLA_VXLAN_PORT", "dstport", low=1, high=65535, fixed=True, creation=4789),
        Option("ttl", "int", "IFLA_VXLAN_TTL", "ttl", low=0, high=255, default=0),
        Option("learning", "bool", "IFLA_VXLAN_LEARNING", "learning", BARE, default=True),
    ),
    parent="optional",
    parent_attribute="IFLA_VXLAN_LINK",
)  # fmt: skip


def _parse_vxlan(options: Options) -> LinkResource:
    if options.get("id") is None and options["state"] == "present":
        raise VirtnetError("id: a vxlan needs the number of its network (VNI)")
    if options.get("remote") and options.get("group"):
        raise VirtnetError("group: give either a remote or a group")
    if options.get("group") and not options.get("parent"):
        raise VirtnetError("parent: a multicast group needs the device that it is joined on")
    resource = parse_link(TABLE, options, parse_forwarding_table(options))
    given = {row.name: value for row, value in resource.data}
    for far in ("remote", "group"):
        if far in given and "local" in given and checks.family_of(given[far]) != checks.family_of(given["local"]):
            raise InvalidOption(far, given[far], "is of another family than local")
    return resource


MODULE = link_module(TABLE, _parse_vxlan, FDB_SPEC)
