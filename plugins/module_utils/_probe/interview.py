# SPDX-FileCopyrightText: The virtnet.linux authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole of one task: get ready, watch, ask, listen on, judge."""

from __future__ import annotations

import dataclasses
import time
import typing as t

from .._kernel.netlink import Channels
from .._values.errors import KernelRefused, VirtnetError
from . import destinations, readiness, report, slices, verdicts
from .asking import Asker
from .crowd import Crowd
from .inquiry import Inquiry
from .loop import Loop
from .questions import Questions, WatchPoint
from .watching import Watched, Watcher

AFTERMATH = 0.05  # seconds for what an answer sets off (the end of a connection) to pass where is watched


@dataclasses.dataclass(frozen=True)
class Findings:
    """What came out: the result for the task, and a line for each difference."""

    result: dict[str, t.Any]
    failures: tuple[str, ...]
    asked: int


def interview(questions: Questions) -> Findings:
    """Ask the network everything.

    :raises VirtnetError: something can't be asked: a namespace, interface or source is not there, a port is taken.
    """
    readiness.require_namespaces(questions)
    channels = Channels()
    loop = Loop()
    try:
        among = readiness.concerned(questions)
        ipv6 = readiness.asks_ipv6(channels, questions)
        unready = readiness.settle(channels, among, questions.settle, ipv6)
        if questions.fresh:
            readiness.start_afresh(channels, questions.prefix, among)
        checks = [*questions.checks, *destinations.matrix_checks(channels, questions)]
        inquiries = [Inquiry(check, number) for number, check in enumerate(checks)]
        start, watched = _watch_and_ask(questions, inquiries, loop, channels, among)
    finally:
        loop.close()
        channels.close()
    return _findings(questions, inquiries, watched, start, unready)


def _watch_and_ask(
    questions: Questions,
    inquiries: t.Sequence[Inquiry],
    loop: Loop,
    channels: Channels,
    among: t.Sequence[str | None],
) -> tuple[float, list[Watched]]:
    watchers: list[Watcher] = []
    start, begun = time.time(), time.monotonic()
    try:
        for point in questions.watch:
            watchers.append(_watcher(point))
            loop.register(watchers[-1].socket, watchers[-1].read)
        destinations.find_targets(inquiries)
        if any(inquiry.target is not None and inquiry.target.address.version == 6 for inquiry in inquiries):
            readiness.settle(channels, among, questions.settle, ipv6=True)  # a name had an IPv6 address
        destinations.require_same_family(inquiries)
        one_by_one = [[inquiry] for inquiry in inquiries]
        crowd = Crowd(loop, channels, among)
        for together in one_by_one if questions.serial else slices.slices(inquiries, slices.file_budget()):
            Asker(loop, channels, together, crowd).ask()
        crowd.disperse()
        if watchers:
            end = max(time.monotonic() + (AFTERMATH if inquiries else 0.0), begun + questions.duration)
            loop.run(lambda: False, lambda: end)
        return start, [watcher.result() for watcher in watchers]
    finally:
        for watcher in watchers:
            watcher.close()


def _watcher(point: WatchPoint) -> Watcher:
    try:
        return Watcher(point)
    except KernelRefused as refused:
        raise VirtnetError(f"{point.path}.interface: {refused.words}") from None


def _findings(
    questions: Questions,
    inquiries: t.Sequence[Inquiry],
    watched: t.Sequence[Watched],
    start: float,
    unready: t.Sequence[str],
) -> Findings:
    judged = [verdicts.judge(inquiry) for inquiry in inquiries]
    result: dict[str, t.Any] = {
        "checks": [report.check_result(verdict) for verdict in judged],
        "watched": [report.watch_result(place, start) for place in watched],
        "unready": list(unready),
    }
    if questions.matrix is not None:
        result["table"] = report.table(judged, [str(place) for place in questions.matrix.among])
    failures = [verdicts.failure_of(verdict) for verdict in judged if not verdict.ok]
    for place in watched:
        failures += [verdicts.failure_of_sighting(place, item) for item in place.sightings if not item.ok]
    asked = len(judged) + sum(len(place.sightings) for place in watched)
    return Findings(result, tuple(failures), asked)
