# SPDX-FileCopyrightText: The virtnet.linux authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Molecule's scenarios, and why a host can't run one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from .checkout import COLLECTIONS, ROOT
from .environments import DEVELOPMENT
from .steps import Step


def steps() -> list[Step]:
    """A step for each scenario, so that all run whatever becomes of one; $SCENARIO names the only one wanted."""
    scenarios = sorted(file.parent.name for file in ROOT.glob("molecule/*/molecule.yml"))
    if wanted := os.environ.get("SCENARIO"):
        if wanted not in scenarios:
            raise SystemExit(f"there is no scenario '{wanted}'; there are {', '.join(scenarios)}")
        scenarios = [wanted]
    host = os.environ.get("SCENARIO_HOST") or "machine"
    capabilities = _capabilities(host)
    command = [DEVELOPMENT.program("molecule"), "test", "--scenario-name"]
    env = {**DEVELOPMENT.variables(), "NO_COLOR": "1", "SCENARIO_HOST": host}
    return [Step(scenario, [*command, scenario], env, lacks=_lacks(scenario, capabilities)) for scenario in scenarios]


def _lacks(scenario: str, capabilities: Mapping[str, Any]) -> str:
    # What the labs themselves ask; it is found where set-up has put the collection.
    if str(COLLECTIONS) not in sys.path:
        sys.path.append(str(COLLECTIONS))
    from ansible_collections.virtnet.linux.plugins.filter.lacking import lacking

    lab = yaml.safe_load((ROOT / "molecule" / scenario / "lab.yml").read_text())["lab"]
    needs = yaml.safe_load((ROOT / "roles" / f"lab_{lab}" / "vars" / "main.yml").read_text())[f"lab_{lab}_needs"]
    return "; ".join(lacking(needs, capabilities))


def _capabilities(host: str) -> Mapping[str, Any]:
    """What capabilities_info says of a host of the inventory."""
    with tempfile.TemporaryDirectory() as folder:
        command = [DEVELOPMENT.program("ansible"), "--inventory", str(ROOT / "molecule/shared/inventory.yml")]
        command += ["--module-name", "virtnet.linux.capabilities_info", "--tree", folder, host]
        done = subprocess.run(
            command, cwd=ROOT, env=DEVELOPMENT.variables(), capture_output=True, text=True, check=False
        )
        if done.returncode:
            hint = " (make guest starts it)" if host == "guest" else ""
            raise SystemExit(f"the host '{host}' does not answer{hint}: {done.stdout}{done.stderr}")
        return dict(json.loads(Path(folder, host).read_text()))
