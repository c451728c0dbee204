# SPDX-FileCopyrightText: The virtnet.linux authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""All kinds of links that the collection knows, by the kernel's names for them."""

from __future__ import annotations

from .kinds import bridge, ipvlan, macvlan, plain, veth, vlan, vrf, vxlan
from .link_tables import LinkKind

LINK_KINDS: dict[str, LinkKind] = plain.TABLES
ALL_KINDS: dict[str, LinkKind] = {
    **LINK_KINDS,
    **{
        kind.name: kind
        for kind in (
            bridge.TABLE,
            ipvlan.TABLE,
            ipvlan.TAP_TABLE,
            macvlan.TABLE,
            macvlan.TAP_TABLE,
            veth.TABLE,
            vlan.TABLE,
            vrf.TABLE,
            vxlan.TABLE,
        )
    },
}
