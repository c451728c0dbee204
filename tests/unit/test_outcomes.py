# SPDX-FileCopyrightText: The virtnet.linux authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every documented outcome that a lab can show is shown by one, under its name.

`python -m tests.unit.test_outcomes` prints the rows that nothing proves yet.
"""

from __future__ import annotations

import re
import typing as t
from collections import Counter
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
LISTED = yaml.safe_load((ROOT / "tests" / "outcomes.yml").read_text())
OUTCOMES: dict[str, dict[str, t.Any]] = LISTED["outcomes"]

OUTCOME = re.compile(r"O\d\d")
TABLE_ROW = re.compile(r"\d{3}(-[a-z]+)?\.\d+")


def scalars(found: t.Any) -> t.Iterator[str]:
    """All strings in YAML, keys left out."""
    if isinstance(found, dict):
        for value in found.values():
            yield from scalars(value)
    elif isinstance(found, list):
        for value in found:
            yield from scalars(value)
    elif isinstance(found, str):
        yield found


def values_of(found: t.Any, key: str) -> t.Iterator[t.Any]:
    """All values of a key, at whatever depth."""
    if isinstance(found, dict):
        if key in found:
            yield found[key]
        found = list(found.values())
    if isinstance(found, list):
        for value in found:
            yield from values_of(value, key)


def named(text: str) -> list[str]:
    """The rows that a string names: it is one, or it is a template that has some in quotes."""
    if OUTCOME.fullmatch(text) or TABLE_ROW.fullmatch(text):
        return [text]
    if "{{" not in text:
        return []
    return [
        word
        for word in re.findall(r"['\"]([^'\"]*)['\"]", text)
        if OUTCOME.fullmatch(word) or TABLE_ROW.fullmatch(word)
    ]


def documents(lab: Path) -> list[t.Any]:
    """What a lab's tasks and variables say."""
    return [yaml.safe_load(file.read_text()) for folder in ("tasks", "vars") for file in (lab / folder).glob("*.yml")]


def proven() -> dict[str, Counter[str]]:
    """For each lab, how often it names which row."""
    found = {}
    for lab in sorted(ROOT.glob("roles/lab_*")):
        rows = [row for document in documents(lab) for text in scalars(document) for row in named(text)]
        found[lab.name.removeprefix("lab_")] = Counter(rows)
    return found


def rows_of(spans: t.Sequence[str]) -> list[int]:
    """The numbers in [1-4, 45-54]."""
    ends = [(span.partition("-")[0], span.partition("-")[2] or span.partition("-")[0]) for span in map(str, spans)]
    return [number for first, last in ends for number in range(int(first), int(last) + 1)]


def rows_in(tables: t.Mapping[str, t.Sequence[str]]) -> list[str]:
    """The names of rows in {"003": [1-4, 7]}."""
    return [f"{table}.{number}" for table, spans in tables.items() for number in rows_of(spans)]


def table_rows() -> dict[str, str]:
    """Every row of the tables, and its lab."""
    return {
        f"{table}.{number}": lab
        for table, labs in LISTED["tables"].items()
        for lab, spans in labs.items()
        for number in rows_of(spans)
    }


PROVEN = proven()
LABS = sorted(PROVEN)


def can_be_proven(row: str) -> bool:
    """Whether the row's lab is there, and some kernel can show it."""
    return OUTCOMES[row]["lab"] in PROVEN and OUTCOMES[row]["kernel"] != "neither"


ALL = sum(PROVEN.values(), Counter[str]())


def claims_of(row: str) -> int:
    """How many checks name an outcome, or a row of a table that is a part of it."""
    return ALL[row] + sum(other in ALL for other in rows_in(LISTED["covers"].get(row, {})))


@pytest.mark.parametrize("lab", LABS)
def test_every_row_that_a_lab_names_exists(lab: str) -> None:
    assert not {row for row in PROVEN[lab] if row not in OUTCOMES and row not in table_rows()}


@pytest.mark.parametrize("lab", LABS)
def test_every_outcome_that_a_check_names_is_a_row(lab: str) -> None:
    role = ROOT / "roles" / f"lab_{lab}"
    values = [value for document in documents(role) for value in values_of(document, "outcome")]
    assert not [value for value in values if not named(str(value)) and "{{" not in str(value)]


@pytest.mark.parametrize("row", [row for row in OUTCOMES if can_be_proven(row)])
def test_every_outcome_is_proven(row: str) -> None:
    listed = OUTCOMES[row]
    assert claims_of(row) >= listed["claims"], f"{row} ({listed['row']}) is named by {claims_of(row)} checks"


def test_every_outcome_has_its_lab_by_now() -> None:
    if waiting := [f"{row} (lab_{OUTCOMES[row]['lab']})" for row in OUTCOMES if not can_be_proven(row)]:
        pytest.skip(f"nothing proves these yet: {', '.join(waiting)}")


def test_what_outcomes_cover_are_rows() -> None:
    covered = [row for tables in LISTED["covers"].values() for row in rows_in(tables)]
    assert not {row for row in [*covered, *rows_in(LISTED["beside"])] if row not in table_rows() and "003." not in row}


@pytest.mark.parametrize("lab", LABS)
def test_a_lab_proves_something(lab: str) -> None:
    assert PROVEN[lab]


def main() -> None:
    """Print what nothing proves yet."""
    missing = [row for row, listed in OUTCOMES.items() if claims_of(row) < listed["claims"]]
    for row in missing:
        listed = OUTCOMES[row]
        print(f"{row}  lab_{listed['lab']:15}  {claims_of(row)} of {listed['claims']} checks: {listed['row']}")
    rows = table_rows()
    known = {other for row in OUTCOMES if row not in missing for other in rows_in(LISTED["covers"].get(row, {}))}
    known |= {*ALL, *rows_in(LISTED["beside"])}
    for lab in sorted(set(rows.values())):
        left = [row for row, its in rows.items() if its == lab and row not in known]
        print(f"lab_{lab:15}  {', '.join(left) or 'every row of the tables'}")


if __name__ == "__main__":
    main()
