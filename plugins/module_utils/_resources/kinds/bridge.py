# SPDX-FileCopyrightText: The virtnet.linux authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bridges."""

from __future__ import annotations

from ..._values.errors import InvalidOption
from ..link import LinkResource, link_module, parse_link
from ..link_tables import LinkKind
from ..option import CENTISECONDS, FLAG, Option
from ..resource import Options


def _timer(name: str, attribute: str, low: float, high: float, default: float) -> Option:
    return Option(name, "float", attribute, name, CENTISECONDS, low=low, high=high, tolerance=1, default=default)


# Without CONFIG_BRIDGE_VLAN_FILTERING one of them is refused and the other ignored.
_NO_VLANS = "this kernel does not filter VLANs on bridges (CONFIG_BRIDGE_VLAN_FILTERING)"
_RESTRICTED = 0b111  # BR_GROUPFWD_RESTRICTED: STP, pause frames and LACP


def _without_restricted(path: str, mask: int) -> int:
    if mask & _RESTRICTED:
        raise InvalidOption(
            path, mask, "has one of the bits 0 to 2 (STP, pause frames, LACP), which no bridge forwards"
        )
    return mask


TABLE = LinkKind(
    "bridge",
    (
        Option("stp", "bool", "IFLA_BR_STP_STATE", "stp_state", FLAG, default=False),
        _timer("forward_delay", "IFLA_BR_FORWARD_DELAY", 0, 30, 15),
        _timer("hello_time", "IFLA_BR_HELLO_TIME", 1, 10, 2),
        _timer("max_age", "IFLA_BR_MAX_AGE", 6, 40, 20),
        _timer("ageing_time", "IFLA_BR_AGEING_TIME", 0, 1_000_000, 300),
        Option("priority", "int", "IFLA_BR_PRIORITY", "priority", low=0, high=65535, default=32768),
        Option(
            "vlan_filtering", "bool", "IFLA_BR_VLAN_FILTERING", "vlan_filtering", FLAG,
            default=False, lacking=_NO_VLANS,
        ),
        Option(
            "default_pvid", "int", "IFLA_BR_VLAN_DEFAULT_PVID", "vlan_default_pvid",
            low=0, high=4094, default=1, lacking=_NO_VLANS,
        ),
        Option("multicast_snooping", "bool", "IFLA_BR_MCAST_SNOOPING", "mcast_snooping", FLAG, default=True),
        Option(
            "group_forward_mask", "int", "IFLA_BR_GROUP_FWD_MASK", "group_fwd_mask",
            low=0, high=65535, default=0, check=_without_restricted,
        ),
        Option("nf_call_iptables", "bool", "IFLA_BR_NF_CALL_IPTABLES", "nf_call_iptables", FLAG, default=False),
    ),
    ports=True,
    later=("mtu",),  # an MTU from the creation is lost to the first port (br_mtu_auto_adjust())
)  # fmt: skip


MIN_FORWARD_DELAY = 2  # seconds, while STP is on (BR_MIN_FORWARD_DELAY)


def _parse_bridge(options: Options) -> LinkResource:
    delay = options.get("forward_delay")
    if options.get("stp") and delay is not None and delay < MIN_FORWARD_DELAY:
        raise InvalidOption("forward_delay", delay, "is too short: with STP on it is at least 2 seconds")
    return parse_link(TABLE, options)


MODULE = link_module(TABLE, _parse_bridge)
