# SPDX-FileCopyrightText: The virtnet.linux authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Scenarios are data: what they say must be understood, and no lab may be without one."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
SCENARIOS = sorted(file.parent for file in ROOT.glob("molecule/*/lab.yml"))
LABS = sorted(role.name.removeprefix("lab_") for role in ROOT.glob("roles/lab_*"))


def read(file: Path) -> dict[str, t.Any]:
    return dict(yaml.safe_load(file.read_text()))


@pytest.mark.parametrize("lab", LABS)
def test_every_lab_has_a_scenario(lab: str) -> None:
    assert [scenario for scenario in SCENARIOS if read(scenario / "lab.yml")["lab"] == lab]


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_a_scenario_sets_only_what_its_lab_knows(scenario: Path) -> None:
    settings = read(scenario / "lab.yml")
    defaults = read(ROOT / "roles" / f"lab_{settings['lab']}" / "defaults" / "main.yml")
    assert settings.keys() - {"lab", "witnesses"} <= defaults.keys()


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_a_scenario_is_found_by_molecule_and_has_witnesses(scenario: Path) -> None:
    assert (scenario / "molecule.yml").is_file()
    witnesses = read(scenario / "lab.yml")["witnesses"]
    kinds = {kind for witness in witnesses for kind in witness}
    assert kinds & {"ping", "capture"} or any("candump" in witness["prints"]["command"] for witness in witnesses)
