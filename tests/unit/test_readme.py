# SPDX-FileCopyrightText: The virtnet.linux authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The README names what there is, and nothing else."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "README.md").read_text()


def table(heading: str) -> set[str]:
    """The first words in the first column of a table, by the heading of that column."""
    rows = TEXT.partition(f"| {heading} |")[2].partition("\n\n")[0].splitlines()[2:]
    return {re.split(r"[` ]+", row.strip("| "))[1] for row in rows}


def test_every_module_is_in_the_table() -> None:
    assert table("module") == {file.stem for file in ROOT.glob("plugins/modules/*.py")}


def test_every_playbook_is_in_the_table() -> None:
    assert table("playbook") == {f"virtnet.linux.{file.stem}" for file in ROOT.glob("playbooks/*.yml")}


def test_every_lab_is_in_the_table() -> None:
    assert table("lab") == {role.name.removeprefix("lab_") for role in ROOT.glob("roles/lab_*")}


@pytest.mark.parametrize("block", re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL))
def test_playbooks_in_the_text_are_playbooks(block: str) -> None:
    (play,) = yaml.safe_load(block)
    assert play["tasks"]


@pytest.mark.parametrize("target", re.findall(r"\]\(([^)#]+)\)", TEXT))
def test_links_lead_somewhere(target: str) -> None:
    assert (ROOT / target).is_file()
