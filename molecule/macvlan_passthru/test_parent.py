# SPDX-FileCopyrightText: The virtnet.linux authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What becomes of the parent."""

from __future__ import annotations

import typing as t


def test_the_child_has_the_mac_of_its_parent_which_hears_everything(lab: t.Any) -> None:
    (parent,) = lab.json("host", "ip link show enp0s3")
    (child,) = lab.json("liuye1", "ip link show macvlan1")
    assert child["address"] == parent["address"]
    assert parent["promiscuity"] >= 1
