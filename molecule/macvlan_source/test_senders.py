# SPDX-FileCopyrightText: The virtnet.linux authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whom the children hear."""

from __future__ import annotations

import typing as t


def test_a_child_hears_the_sender_that_is_named_to_it(lab: t.Any) -> None:
    (gateway,) = lab.json("gateway", "ip link show lan")
    senders = "ip link set macvlan1 type macvlan macaddr"
    lab.run("liuye1", f"{senders} add {gateway['address']}")
    try:
        assert lab.ping({"from": "liuye1", "to": "10.0.2.2"}).received == 2
        assert lab.ping({"from": "liuye2", "to": "10.0.2.2"}).received == 0
    finally:
        lab.run("liuye1", f"{senders} flush")
