# SPDX-FileCopyrightText: The virtnet.linux authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a machine can do with networks."""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass(frozen=True)
class Capabilities:
    """What a kernel has, and what is installed.

    :param missing: by device kind that was looked for and is not there, the reason.
    :param modes: by device kind, those of its modes that work.
    :param bridge: what a bridge can do besides: vlan_filtering, multicast_snooping, nf_call_iptables.
    :param backends: what can hold our NAT rules.
    :param families: of nftables, those in which a chain can be made.
    :param programs: by name, the path; None: not installed.
    :param loaded: kernel modules that were not loaded before.
    """

    release: str
    machine: str
    kinds: list[str]
    missing: dict[str, str]
    modes: dict[str, list[str]]
    bridge: list[str]
    qdiscs: list[str]
    backends: list[str]
    families: list[str]
    programs: dict[str, str | None]
    loaded: list[str]
