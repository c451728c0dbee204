# SPDX-FileCopyrightText: The virtnet.linux authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""VRFs: masters whose ports look up their routes in a table of their own."""

from __future__ import annotations

from ..._values.errors import VirtnetError
from ..link import LinkResource, link_module, parse_link
from ..link_tables import LinkKind
from ..option import Option
from ..resource import Options
from ..route import table_number

TABLE = LinkKind(
    "vrf",
    (Option("table", "str", "IFLA_VRF_TABLE", "table", fixed=True, check=table_number),),
    ports=True,
    mtu=65575,  # IP6_MAX_MTU (vrf_setup())
)


def _parse_vrf(options: Options) -> LinkResource:
    if options.get("table") is None and options["state"] == "present":
        raise VirtnetError("table: a vrf needs the number of its routing table")
    return parse_link(TABLE, options)


MODULE = link_module(TABLE, _parse_vrf)
