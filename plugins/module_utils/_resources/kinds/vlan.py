# SPDX-FileCopyrightText: The virtnet.linux authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""VLANs: interfaces whose frames carry a tag on their parent."""

from __future__ import annotations

import typing as t

from ..._values.errors import InvalidOption, VirtnetError
from ..link import LinkResource, link_module, parse_link
from ..link_tables import LinkKind
from ..option import Codec, Option
from ..resource import Options

ETHERTYPES = {"802.1Q": 0x8100, "802.1ad": 0x88A8}
REORDER_HEADER = 1  # VLAN_FLAG_REORDER_HDR

_PROTOCOL = Codec(
    ETHERTYPES.__getitem__,
    lambda found: next((name for name, number in ETHERTYPES.items() if number == found), None),
    str,
)
_REORDERED = Codec(
    lambda value: {"flags": REORDER_HEADER if value else 0, "mask": REORDER_HEADER},
    lambda found: bool(found["flags"] & REORDER_HEADER),
    lambda value: "on" if value else "off",
)

PRIORITIES = 7  # the highest in a tag
MAPPING = "IFLA_VLAN_QOS_MAPPING"


def _pairs(found: t.Any) -> dict[str, int]:
    """A map as the kernel reports it, or as it is written; what is mapped to 0 is not mapped."""
    listed = [value for _name, value in found["attrs"]] if "attrs" in found else found.get(MAPPING, [])
    pairs = listed if isinstance(listed, list) else [listed]
    return {str(pair["from"]): pair["to"] for pair in sorted(pairs, key=_from) if pair["to"]}


def _from(pair: t.Mapping[str, int]) -> int:
    return pair["from"]


_MAP = Codec(
    lambda value: {"attrs": [(MAPPING, {"from": int(key), "to": to}) for key, to in value.items()]},
    _pairs,
    lambda value: tuple(f"{key}:{to}" for key, to in value.items()),
)


def _map(high_from: int, high_to: int) -> t.Callable[[str, t.Any], dict[str, int]]:
    def check(path: str, value: t.Mapping[t.Any, t.Any]) -> dict[str, int]:
        found = {}
        for key, to in value.items():
            if not str(key).isdigit() or not str(to).isdigit() or int(key) > high_from or int(to) > high_to:
                raise InvalidOption(
                    path, {key: to}, f"does not lead from a priority of 0 to {high_from} to one of 0 to {high_to}"
                )
            found[int(key)] = int(to)
        return {str(key): to for key, to in sorted(found.items()) if to}

    return check


def _with_zeros(found: t.Mapping[str, int], wanted: t.Mapping[str, int]) -> dict[str, int]:
    """The kernel keeps what is not named (vlan_changelink()): what is to go is mapped to 0."""
    return {**{key: 0 for key in found if key not in wanted}, **wanted}


TABLE = LinkKind(
    "vlan",
    (
        Option("protocol", "str", "IFLA_VLAN_PROTOCOL", "protocol", _PROTOCOL, choices=tuple(ETHERTYPES), fixed=True),
        Option("id", "int", "IFLA_VLAN_ID", "id", low=0, high=4094, fixed=True),
        Option("reorder_header", "bool", "IFLA_VLAN_FLAGS", "reorder_hdr", _REORDERED, default=True),
        Option(
            "ingress_qos", "dict", "IFLA_VLAN_INGRESS_QOS", "ingress-qos-map", _MAP, default={}, unreported={},
            check=_map(PRIORITIES, 2**32 - 1), amend=_with_zeros,
        ),
        Option(
            "egress_qos", "dict", "IFLA_VLAN_EGRESS_QOS", "egress-qos-map", _MAP, default={}, unreported={},
            check=_map(2**32 - 1, PRIORITIES), amend=_with_zeros,
        ),
    ),
    parent="required",
    module="8021q",
    explain={"8021q: VLANs not supported on device": "parent: its frames have no room for a VLAN tag"},
)  # fmt: skip


def _parse_vlan(options: Options) -> LinkResource:
    if options.get("id") is None and options["state"] == "present":
        raise VirtnetError("id: a vlan needs the number in its tag")
    return parse_link(TABLE, options)


MODULE = link_module(TABLE, _parse_vlan)
