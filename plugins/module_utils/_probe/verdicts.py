# SPDX-FileCopyrightText: The virtnet.linux authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Comparing answers with what was expected, and saying what differs, with the evidence."""

from __future__ import annotations

import dataclasses
import typing as t

from . import answers, reading, watching
from .inquiry import Inquiry
from .questions import SOME, Check
from .watching import Sighting, Watched


@dataclasses.dataclass(frozen=True)
class Verdict:
    """A check's answer, and in which facts it differs from what was expected."""

    inquiry: Inquiry
    differences: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """Whether everything is as expected."""
        return not self.differences


def judge(inquiry: Inquiry) -> Verdict:
    """Compare one check's answer with the facts that must hold."""
    facts = inquiry.check.facts
    differences = []
    if not _answers(facts.answer, inquiry.answer):
        differences.append(f"expected {facts.answer}, got {inquiry.answer}")
    responder = inquiry.responder or (inquiry.obstacle.responder if inquiry.obstacle is not None else None)
    compared: tuple[tuple[str, t.Any, t.Any], ...] = (
        ("ttl", facts.ttl, inquiry.ttl),
        ("responder", _normal(facts.responder), _normal(responder)),
        ("peer_sees", _normal(facts.peer_sees), _normal(inquiry.peer)),
        ("peer_sees port", facts.peer_port, inquiry.peer_port),
    )
    differences += [
        f"expected {what} {wanted}, got {found if found is not None else 'none'}"
        for what, wanted, found in compared
        if wanted is not None and wanted != found
    ]
    for what, number, seen in (
        ("duplicates", facts.duplicates, inquiry.duplicates),
        ("received", facts.received, len(inquiry.answered)),
    ):
        if number is not None and not (seen >= 1 if number == SOME else seen == number):
            differences.append(f"expected {'some' if number == SOME else number} {what}, got {seen}")
    return Verdict(inquiry, tuple(differences))


def _answers(expected: str, answer: str) -> bool:
    if expected == answers.UNREACHABLE:
        return answer in answers.NEGATIVE
    return expected == answer


def _normal(address: str | None) -> str | None:
    found = reading.as_address(address) if address is not None else None
    return str(found) if found is not None else address


def describe(check: Check) -> str:
    """A check in a few words: 'checks[3] liuye -> 10.0.2.2 tcp port 80'."""
    words = check.path if check.pair is not None else f"{check.path} {check.place} -> {check.to}"
    if check.protocol != "icmp":
        words += f" {check.protocol}"
    if check.port:
        words += f" port {check.port}"
    return f"{words} ({check.name})" if check.name else words


def failure_of(verdict: Verdict) -> str:
    """One line: what was asked, what differs, and how one knows."""
    inquiry = verdict.inquiry
    evidence = [f"{len(inquiry.sent_at)} sent, {len(inquiry.answered)} received"]
    if inquiry.target is not None and str(inquiry.target.address) != inquiry.check.to:
        evidence.append(f"asked {inquiry.target.address}")
    if inquiry.obstacle is not None:
        by = f" from {inquiry.obstacle.responder}" if inquiry.obstacle.responder else ""
        evidence.append(inquiry.obstacle.detail + by)
    if inquiry.connected and not inquiry.answered:
        evidence.append("connected, but the listener did not answer")
    if inquiry.peer:
        evidence.append(f"the listener saw {inquiry.peer} port {inquiry.peer_port}")
    return f"{describe(inquiry.check)}: {'; '.join(verdict.differences)} ({', '.join(evidence)})"


def failure_of_sighting(watched: Watched, sighting: Sighting) -> str:
    """One line: where was watched, what was expected, and what was seen instead."""
    expectation, point = sighting.expectation, watched.point
    narrowed = [
        f"{field.name} {value}"
        for field in dataclasses.fields(expectation)
        if field.name not in ("path", "frame", "count", "name", "outcome")
        and (value := getattr(expectation, field.name)) is not None
    ]
    wanted = " ".join([expectation.frame, *narrowed])
    count = "some" if expectation.count == SOME else str(expectation.count)
    line = f"{expectation.path} {point.place} {point.interface}: expected {count} of {wanted}, saw {sighting.seen}"
    if expectation.name:
        line += f" ({expectation.name})"
    line += f"; it saw {watching.summary(watched.frames)}"
    return f"{line}, and lost {watched.lost} frames" if watched.lost else line
