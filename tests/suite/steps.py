# SPDX-FileCopyrightText: The virtnet.linux authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A step is one command with a log of its own; a stage is a heading and the steps below it."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from .checkout import LOGS, ROOT

TIME_LIMIT = 1800
"""Seconds after which a step has hung."""

_running: set[subprocess.Popen[bytes]] = set()


@dataclass(frozen=True)
class Step:
    name: str
    command: Sequence[str]
    env: Mapping[str, str] | None = None
    cwd: Path = ROOT
    needs: str | None = None
    """A pattern for files in the checkout without which there is nothing to run."""
    faults: str | None = None
    """A pattern for lines that are a failure, whatever the exit code is."""
    tells: str = ""
    """A pattern for the lines that are worth showing after a failure."""
    lacks: str = ""
    """Why it can't be run here; empty: it can."""


@dataclass(frozen=True)
class Stage:
    name: str
    title: str
    steps: Callable[[], Sequence[Step]]
    workers: int = 1
    """How many steps may run at the same time."""


@dataclass(frozen=True)
class Tally:
    """What pytest runs have counted. Any other step that fails counts as one failure."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0

    def __add__(self, other: Tally) -> Tally:
        return Tally(self.passed + other.passed, self.failed + other.failed, self.skipped + other.skipped)

    def __str__(self) -> str:
        skipped = f", {self.skipped} skipped" if self.skipped else ""
        return f"{self.passed} passed, {self.failed} failed{skipped}"

    @classmethod
    def of(cls, log: str) -> Tally:
        """Adds up the closing lines of all pytest runs in a log: '=== 1 failed, 3 passed in 0.12s ==='."""
        total = cls()
        for line in re.findall(r"^.*\d (?:passed|failed|skipped|errors?)\b.* in [\d.]+s.*$", log, re.MULTILINE):
            count = {word: int(number) for number, word in re.findall(r"(\d+) (passed|failed|skipped|error)", line)}
            failed = count.get("failed", 0) + count.get("error", 0)
            total += cls(count.get("passed", 0), failed, count.get("skipped", 0))
        return total


@dataclass(frozen=True)
class Result:
    stage: str
    step: str
    outcome: str
    """passed, failed, skipped, or 'nothing here yet'"""
    seconds: float = 0
    tally: Tally = field(default_factory=Tally)


def run_stage(stage: Stage) -> list[Result]:
    """Runs the stage's steps, each to its end whatever the others do, and tells about them as they end."""
    print(f"\n== {stage.name}: {stage.title}", flush=True)
    started = time.monotonic()
    with ThreadPoolExecutor(stage.workers) as pool:
        try:
            results = list(pool.map(lambda step: _run(stage, step), stage.steps()))
        except KeyboardInterrupt:
            for process in list(_running):
                _end(process)
            raise
    print(f"   {stage.name} took {time.monotonic() - started:.0f} s", flush=True)
    return results


def _run(stage: Stage, step: Step) -> Result:
    if step.needs and not any(ROOT.glob(step.needs)):
        _tell([f"   {step.name}: nothing here yet ({step.needs})"])
        return Result(stage.name, step.name, "nothing here yet")
    if step.lacks:
        _tell([f"   {step.name} skipped: {step.lacks}"])
        return Result(stage.name, step.name, "skipped")
    log_file = LOGS / f"{stage.name}-{re.sub('[^a-z0-9.]+', '-', step.name.lower())}.log"
    started = time.monotonic()
    succeeded = _execute(step, log_file)
    seconds = time.monotonic() - started
    log = log_file.read_text(errors="replace")
    if step.faults and re.search(step.faults, log, re.MULTILINE):
        succeeded = False
    tally = Tally.of(log)
    if not succeeded and not tally.failed:
        tally += Tally(failed=1)
    result = Result(stage.name, step.name, "passed" if succeeded else "failed", seconds, tally)
    # What was skipped should be seen, with its reason; a failure as a whole.
    shown = "^SKIPPED" if succeeded else step.tells
    lines = [line for line in log.splitlines() if re.search(shown, line)]
    counted = f": {tally}" if tally != Tally() else ""
    _tell([f"   {step.name} {result.outcome}{counted} ({seconds:.1f} s)", *(f"     {line}" for line in lines)])
    return result


def _tell(lines: Sequence[str]) -> None:
    # In one write: another step may be telling at the same time.
    print("".join(f"{line}\n" for line in lines), end="", flush=True)


def _execute(step: Step, log_file: Path) -> bool:
    with log_file.open("w") as log:
        # A session of its own, so that a step can be ended together with all that it has started.
        process = subprocess.Popen(
            step.command,
            cwd=step.cwd,
            env=step.env,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        _running.add(process)
        try:
            return process.wait(TIME_LIMIT) == 0
        except subprocess.TimeoutExpired:
            _end(process)
            log.write(f"\nEnded after {TIME_LIMIT} s\n")
            return False
        finally:
            _running.discard(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    """Ends a step and what it has started, with a chance to clean up."""
    os.killpg(process.pid, signal.SIGINT)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(10)
    # What a shell has put into the background takes no notice of SIGINT.
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
