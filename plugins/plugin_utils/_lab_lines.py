# SPDX-FileCopyrightText: The virtnet.linux authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Says in words what the module reachability has returned: a line for each claim, and lines of evidence below it."""

from __future__ import annotations

import itertools
import typing as t
from dataclasses import dataclass

from ansible_collections.virtnet.linux.plugins.plugin_utils._lab_glyphs import Glyphs

Result = t.Mapping[str, t.Any]

TIME = 3
"""The column of an answer that has the round trip, and is padded on its left."""

MATRIX_LINES = 12
"""A matrix with more pairs than this is told in one line, and the pairs that differ."""

_OWN_MACHINE = "(here)"


@dataclass(frozen=True)
class Line:
    """One claim and whether it held.

    :param columns: what is shown in columns, one below the other's: who asked whom, and what came of it.
    :param note: what the claim is about, and which documented outcome it is.
    :param evidence: lines below it.
    :param claims: how many claims the line stands for.
    """

    ok: bool
    columns: tuple[str, ...]
    note: str = ""
    evidence: tuple[str, ...] = ()
    claims: int = 1


def answers(result: Result, glyphs: Glyphs, verbose: bool = False) -> list[Line]:
    """All that a result of reachability says: its checks, its matrix, and what was seen meanwhile.

    :param verbose: with the frames and details of what is as expected, too.
    """
    checks = list(result.get("checks") or ())
    lines = [check_line(check, glyphs, verbose) for check in checks]
    pairs = sum(len(row["to"]) for row in result.get("table") or ())
    if pairs > MATRIX_LINES:
        lines = _matrix(lines, pairs)
    for place in result.get("watched") or ():
        lines += _sightings(place, glyphs, verbose)
    return lines


def check_line(check: Result, glyphs: Glyphs, verbose: bool = False) -> Line:
    """One check: who asked whom, and the answer."""
    answer = _answer(check, glyphs)
    evidence = []
    if not check["ok"]:
        answer = f"{answer}; {', '.join(_unlike(check))}" if _unlike(check) else answer
        evidence += [f"{check['sent']} sent, {check['received']} received"]
    if check.get("detail") and (verbose or not check["ok"]):
        evidence += [str(check["detail"])]
    who = str(check.get("from") or _OWN_MACHINE)
    time = f"{check['rtt_ms']:.2f} ms" if check.get("rtt_ms") is not None else ""
    columns = (who, f"{glyphs.arrow} {_destination(check)}", answer, time)
    return Line(bool(check["ok"]), columns, _note(check), tuple(evidence))


def _destination(check: Result) -> str:
    words = str(check["to"])
    if check.get("address") and check["address"] != words:
        words += f" ({check['address']})"
    protocol = check.get("protocol") or "icmp"
    if protocol != "icmp":
        words += f" {protocol}"
    if check.get("port") is not None:
        words += f" {check['port']}"
    return words


def _answer(check: Result, glyphs: Glyphs) -> str:
    words = [str(check["answer"]).replace("_", " ")]
    if check.get("ttl") is not None:
        words.append(f"ttl {check['ttl']}")
    responder = check.get("responder")
    if responder and responder not in (check["to"], check.get("address")):
        words.append(f"from {responder}")
    if check.get("mac"):
        words.append(f"at {check['mac']}")
    if check.get("peer_sees"):
        words.append(f"seen as {check['peer_sees']}")
    if check.get("duplicates"):
        words.append(f"{check['duplicates']}{glyphs.times} twice")
    return ", ".join(words)


def _unlike(check: Result) -> list[str]:
    """What was expected instead: the answer itself stands beside it already."""
    answer, expected = f", got {check['answer']}", check.get("expected")
    return [
        f"expected {str(expected).replace('_', ' ')}" if difference.endswith(answer) else difference
        for difference in check.get("differences") or ()
    ]


def _note(entry: Result) -> str:
    return "  ".join(str(entry[key]) for key in ("name", "outcome") if entry.get(key))


def _matrix(lines: list[Line], pairs: int) -> list[Line]:
    alone, matrix = lines[:-pairs], lines[-pairs:]
    broken = [line for line in matrix if not line.ok]
    kept = pairs - len(broken)
    whole = Line(True, ("every pair", f"{kept} of {pairs} as expected"), matrix[0].note, claims=kept)
    return [*alone, *([whole] if kept else []), *broken]


def _sightings(place: Result, glyphs: Glyphs, verbose: bool) -> list[Line]:
    where = " ".join(filter(None, [place.get("netns") or _OWN_MACHINE, place["interface"]]))
    lines: list[Line] = []
    for expectation in place["expectations"]:
        seen, wanted = expectation["seen"], expectation["count"]
        evidence = []
        if expectation["ok"]:
            words = f"saw {_frames(expectation, seen, glyphs)}"
        else:
            count = f"expected {wanted}" if wanted else "expected none"
            words = f"saw {_frames(expectation, seen, glyphs)}, {count}"
            evidence = ["it saw:", *(f"  {line}" for line in frame_lines(place, glyphs))]
        # What the place is about is said once.
        name = expectation.get("name") or (None if lines else place.get("name"))
        note = _note({"name": name, "outcome": expectation.get("outcome") or place.get("outcome")})
        lines.append(Line(bool(expectation["ok"]), (where, words), note, tuple(evidence)))
    if verbose and not any(line.evidence for line in lines):
        said = tuple(frame_lines(place, glyphs))
        lines = [*lines[:-1], Line(lines[-1].ok, lines[-1].columns, lines[-1].note, said)] if lines else lines
    if place.get("lost"):
        lines.append(Line(False, (where, f"there was no room for {place['lost']} frames"), claims=0))
    return lines


def _frames(expectation: Result, seen: int, glyphs: Glyphs) -> str:
    """The frames that an expectation speaks of: 'echo request from 10.0.2.15 ×2'."""
    kind = "frame" if expectation["frame"] == "any" else _kind(expectation["frame"])
    words = [kind if seen else f"no {kind}"]
    for key, word in (
        ("source", "from"),
        ("source_mac", "from"),
        ("destination", "to"),
        ("destination_mac", "to"),
        ("source_port", "from port"),
        ("destination_port", "to port"),
        ("icmp_id", "id"),
        ("ttl", "ttl"),
        ("vlan", "vlan"),
        ("vni", "vni"),
    ):
        if expectation.get(key) is not None:
            words.append(f"{word} {expectation[key]}")
    if expectation.get("direction"):
        words.append({"in": "coming in", "out": "going out"}[expectation["direction"]])
    return " ".join([*words, *([f"{glyphs.times}{seen}"] if seen else [])])


def _kind(frame: str) -> str:
    return frame.replace("icmp_re", "echo_re").replace("arp", "ARP").replace("icmp", "ICMP").replace("_", " ")


def frame_lines(place: Result, glyphs: Glyphs) -> list[str]:
    """The frames that were seen, alike ones counted: '192.168.45.3 > 47.88.251.173  echo request, ttl 63 ×2'."""
    counted: dict[str, int] = {}
    for frame in place["frames"]:
        ends = [
            f"{address}{'' if port is None else f':{port}'}"
            for address, port in (
                (frame.get("source") or frame.get("source_mac"), frame.get("source_port")),
                (frame.get("destination") or frame.get("destination_mac"), frame.get("destination_port")),
            )
        ]
        words = [f"{' > '.join(ends)}  {_kind(frame['frame'])}"]
        words += [f"{key} {frame[key]}" for key in ("ttl", "vlan", "vni") if frame.get(key) is not None]
        if frame.get("direction"):
            words.append(frame["direction"])
        line = ", ".join(words)
        counted[line] = counted.get(line, 0) + 1
    return [f"{line}{f' {glyphs.times}{count}' if count > 1 else ''}" for line, count in counted.items()] or ["nothing"]


def aligned(lines: t.Sequence[Line]) -> list[str]:
    """The lines as text. Those that follow each other and have as many columns stand below each other."""
    texts: list[str] = []
    for columns, group in itertools.groupby(lines, lambda line: len(line.columns)):
        alike = list(group)
        widths = [max(len(line.columns[column]) for line in alike) for column in range(columns)]
        for line in alike:
            cells = [
                f"{cell:>{width}}" if column == TIME else f"{cell:{width}}"
                for column, (cell, width) in enumerate(zip(line.columns, widths))
                if width
            ]
            texts.append("  ".join([*cells, line.note]).rstrip())
    return texts
