# SPDX-FileCopyrightText: The virtnet.linux authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What there is as a list for `topology`; on machines that are only imagined."""

from __future__ import annotations

from ansible_collections.virtnet.linux.plugins.module_utils._resources.describe import Names, describe
from ansible_collections.virtnet.linux.plugins.module_utils._resources.graph import Graph
from ansible_collections.virtnet.linux.plugins.module_utils._values.state import Link
from ansible_collections.virtnet.linux.plugins.module_utils._values.world import World

from tests.unit.engine.imagined import Machine


def test_a_kind_that_no_module_makes_is_told() -> None:
    machine = Machine().space("red").link("red", Link("wg0", "wireguard", 3))
    resources, left_out = describe(Graph(World(machine), ["red"], [None, "red"]), Names(str))
    assert left_out == ["wg0 in namespace 'red': no module makes links of kind 'wireguard'"]
    assert [list(entry) for entry in resources] == [["netns"]]
