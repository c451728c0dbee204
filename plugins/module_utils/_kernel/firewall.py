# SPDX-FileCopyrightText: The virtnet.linux authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Readers of what a firewall has of ours, by section."""

from __future__ import annotations

import typing as t

from .._values.world import Section

FIREWALLS: dict[str, t.Callable[[t.Optional[str]], Section]] = {}
