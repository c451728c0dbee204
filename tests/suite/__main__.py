# SPDX-FileCopyrightText: The virtnet.linux authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the tests: python -m tests.suite [STAGE ...], all stages if none is named."""

from __future__ import annotations

import argparse
import sys
import time

from . import leftovers
from .checkout import LOGS
from .stages import STAGES
from .steps import Result, Tally, run_stage


def main() -> int:
    parser = argparse.ArgumentParser(prog="tests.suite", description=__doc__)
    parser.add_argument("stage", nargs="*", metavar="STAGE", help=", ".join(stage.name for stage in STAGES))
    wanted = parser.parse_args().stage
    if unknown := set(wanted) - {stage.name for stage in STAGES}:
        parser.error(f"no such stage: {', '.join(sorted(unknown))}")

    LOGS.mkdir(parents=True, exist_ok=True)
    before = leftovers.snapshot()
    results: list[Result] = []
    for stage in STAGES:
        if not wanted or stage.name in wanted:
            results += run_stage(stage)
    results.append(_look_for_leftovers(before))

    _print_table(results)
    print(sum((result.tally for result in results), Tally()), flush=True)
    return 1 if any(result.outcome == "failed" for result in results) else 0


def _look_for_leftovers(before: leftovers.Snapshot) -> Result:
    print("\n== leftovers: the machine is as it was before", flush=True)
    started = time.monotonic()
    found = leftovers.wait_for(before)
    for line in found or ["nothing was left behind"]:
        print(f"   {line}", flush=True)
    # Counts as a test: it is the last one.
    tally = Tally(failed=1) if found else Tally(passed=1)
    return Result("leftovers", "machine", "failed" if found else "passed", time.monotonic() - started, tally)


def _print_table(results: list[Result]) -> None:
    width = max(len(result.step) for result in results)
    print("\n== what ran")
    for result in results:
        counted = str(result.tally) if result.tally != Tally() else ""
        print(f"   {result.stage:11}  {result.step:{width}}  {result.outcome:16}  {result.seconds:6.1f} s  {counted}")
    print()


if __name__ == "__main__":
    sys.exit(main())
