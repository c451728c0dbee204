# SPDX-FileCopyrightText: The virtnet.linux authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pairs of virtual Ethernet interfaces."""

from __future__ import annotations

from ..link import link_module
from ..link_tables import LinkKind

TABLE = LinkKind("veth", peer="VETH_INFO_PEER")

MODULE = link_module(TABLE)
