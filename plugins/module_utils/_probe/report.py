# SPDX-FileCopyrightText: The virtnet.linux authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The task's result: plain dictionaries and lists, as RETURN of the module documents them."""

from __future__ import annotations

import typing as t

from .frames import Frame
from .questions import SOME
from .verdicts import Verdict
from .watching import Sighting, Watched


def check_result(verdict: Verdict) -> dict[str, t.Any]:
    """A check and its answer."""
    inquiry, check = verdict.inquiry, verdict.inquiry.check
    obstacle = inquiry.obstacle
    answered = bool(inquiry.answered)
    return {
        "name": check.name,
        "outcome": check.outcome,
        "from": check.place.name,
        "to": check.to if check.pair is None else check.pair[1],
        "address": str(inquiry.target.address) if inquiry.target is not None else None,
        "protocol": check.protocol,
        "port": check.port or None,
        "expected": check.facts.answer,
        "answer": inquiry.answer,
        "ok": verdict.ok,
        "differences": list(verdict.differences),
        "rtt_ms": round(inquiry.round_trip * 1000, 3) if inquiry.round_trip is not None else None,
        "ttl": inquiry.ttl,
        "responder": inquiry.responder or (obstacle.responder if obstacle is not None else None),
        "mac": inquiry.mac,
        "sent": len(inquiry.sent_at),
        "received": len(inquiry.answered),
        "duplicates": inquiry.duplicates,
        "peer_sees": inquiry.peer,
        "peer_port": inquiry.peer_port,
        "detail": obstacle.detail if obstacle is not None and not answered else None,
    }


def watch_result(watched: Watched, start: float) -> dict[str, t.Any]:
    """A place, all frames that it saw, and its expectations."""
    return {
        "name": watched.point.name,
        "outcome": watched.point.outcome,
        "netns": watched.point.place.name,
        "interface": watched.point.interface,
        "frames": [frame_result(frame, start) for frame in watched.frames],
        "expectations": [_sighting_result(sighting) for sighting in watched.sightings],
        "lost": watched.lost,
    }


def frame_result(frame: Frame, start: float) -> dict[str, t.Any]:
    """A frame; its time is in seconds since the task began to watch."""
    content = frame.content
    described: dict[str, t.Any] = {
        "time": round(frame.time - start, 6),
        "direction": frame.direction,
        "frame": content.kind,
        "source": content.source,
        "destination": content.destination,
        "source_mac": frame.source_mac,
        "destination_mac": frame.destination_mac,
        "ttl": content.ttl,
        "vlan": frame.vlan,
        "vni": content.vni,
        "icmp_id": content.icmp_id,
        "source_port": content.source_port,
        "destination_port": content.destination_port,
    }
    if content.inner is not None:
        inside = frame_result(content.inner, 0.0)
        described["inner"] = {key: value for key, value in inside.items() if key not in ("time", "direction")}
    return described


def _sighting_result(sighting: Sighting) -> dict[str, t.Any]:
    expectation = sighting.expectation
    return {
        "name": expectation.name,
        "outcome": expectation.outcome,
        "frame": expectation.frame,
        "source": expectation.source,
        "destination": expectation.destination,
        "source_mac": expectation.source_mac,
        "destination_mac": expectation.destination_mac,
        "ttl": expectation.ttl,
        "vlan": expectation.vlan,
        "vni": expectation.vni,
        "direction": expectation.direction,
        "source_port": expectation.source_port,
        "destination_port": expectation.destination_port,
        "icmp_id": expectation.icmp_id,
        "count": "some" if expectation.count == SOME else expectation.count,
        "seen": sighting.seen,
        "ok": sighting.ok,
    }


def table(verdicts: t.Sequence[Verdict], names: t.Sequence[str]) -> list[dict[str, t.Any]]:
    """A row a source: what each destination answered it."""
    rows: dict[str, dict[str, str]] = {name: {} for name in names}
    for verdict in verdicts:
        if verdict.inquiry.check.pair is not None:
            source, destination = verdict.inquiry.check.pair
            rows[source][destination] = verdict.inquiry.answer
    return [{"from": name, "to": {to: row[to] for to in names if to in row}} for name, row in rows.items()]
