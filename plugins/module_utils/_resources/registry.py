# SPDX-FileCopyrightText: The virtnet.linux authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""All kinds of resources by their modules' names: what a topology may list."""

from __future__ import annotations

from .forward import FORWARD
from .kinds import bridge, ipvlan, macvlan, plain, veth, vlan, vrf, vxlan
from .nat import NAT
from .neighbor import NEIGHBOR
from .netns import NETNS
from .resource import Kind
from .route import ROUTE
from .rule import RULE
from .service import SERVICE
from .sysctl import SYSCTL

KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        NETNS,
        plain.MODULE,
        veth.MODULE,
        bridge.MODULE,
        macvlan.MODULE,
        vlan.MODULE,
        vrf.MODULE,
        ipvlan.MODULE,
        vxlan.MODULE,
        ROUTE,
        RULE,
        NEIGHBOR,
        SYSCTL,
        SERVICE,
        NAT,
        FORWARD,
    )
}
