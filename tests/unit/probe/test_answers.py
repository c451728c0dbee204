# SPDX-FileCopyrightText: The virtnet.linux authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers: what ICMP and errno mean, what counts as a reply, what differs from what was expected."""

from __future__ import annotations

import errno
import socket
import time
from typing import Any

import pytest
from ansible_collections.virtnet.linux.plugins.module_utils._probe import (
    answers,
    echo,
    options,
    slices,
    tokens,
    verdicts,
)
from ansible_collections.virtnet.linux.plugins.module_utils._probe.answers import Obstacle
from ansible_collections.virtnet.linux.plugins.module_utils._probe.inquiry import Inquiry


def inquiry(**given: Any) -> Inquiry:
    check = options.read_questions({"checks": [{"to": "10.0.0.2", **given}]}).checks[0]
    made = Inquiry(check, 0)
    for sequence in range(check.count):
        made.sent(sequence)
    return made


@pytest.mark.parametrize(
    ("version", "kind", "code", "answer"),
    [
        (4, 3, 0, "network_unreachable"),
        (4, 3, 1, "host_unreachable"),
        (4, 3, 3, "port_unreachable"),
        (4, 3, 4, "too_big"),
        (4, 3, 9, "prohibited"),
        (4, 3, 13, "prohibited"),
        (4, 11, 0, "ttl_exceeded"),
        (6, 1, 0, "network_unreachable"),
        (6, 1, 1, "prohibited"),
        (6, 1, 3, "host_unreachable"),
        (6, 1, 4, "port_unreachable"),
        (6, 2, 0, "too_big"),
        (6, 3, 0, "ttl_exceeded"),
    ],
)
def test_icmp_errors(version: int, kind: int, code: int, answer: str) -> None:
    found = answers.of_icmp(version, kind, code, 1400, "10.0.0.9")
    assert found is not None and (found.answer, found.responder) == (answer, "10.0.0.9")


def test_redirect_is_no_obstacle() -> None:
    assert answers.of_icmp(4, 5, 0, 0, "10.0.0.9") is None


@pytest.mark.parametrize(
    ("number", "answer"),
    [
        (errno.ENETUNREACH, "network_unreachable"),
        (errno.EHOSTUNREACH, "host_unreachable"),
        (errno.EACCES, "prohibited"),
        (errno.EMSGSIZE, "too_big"),
        (errno.EINVAL, "error"),
    ],
)
def test_refusals_of_the_kernel(number: int, answer: str) -> None:
    assert answers.of_errno(number, "words").answer == answer


def test_one_reply_of_two_is_reachable() -> None:
    asked = inquiry()
    asked.replied(0, time.time(), "10.0.0.2", 64)
    assert (asked.answer, asked.finished) == ("reachable", False)
    asked.hindered(1, Obstacle("host_unreachable", "10.0.0.1", ""))
    assert (asked.answer, asked.finished) == ("reachable", True)


def test_second_reply_to_one_packet_is_a_duplicate() -> None:
    asked = inquiry()
    for _time in range(3):
        asked.replied(0, time.time(), "10.0.0.2", 64)
    assert (len(asked.answered), asked.duplicates, asked.finished) == (1, 2, False)


def test_reply_to_what_was_never_sent_or_comes_too_late_is_not_heard() -> None:
    asked = inquiry()
    asked.replied(9, time.time(), "10.0.0.2", 64)
    asked.deadline = time.monotonic() - 1
    asked.replied(0, time.time(), "10.0.0.2", 64)
    asked.hindered(0, Obstacle("prohibited", None, ""))
    assert asked.answer == "timeout"


def test_unreachable_stands_for_every_other_answer_but_error() -> None:
    for answer in (*answers.NEGATIVE, "error"):
        asked = inquiry(expect="unreachable")
        if answer != "timeout":
            asked.stopped(Obstacle(answer, None, ""))
        assert verdicts.judge(asked).ok == (answer != "error")
    reached = inquiry(expect="unreachable")
    reached.replied(0, time.time(), "10.0.0.2", 64)
    assert not verdicts.judge(reached).ok


@pytest.mark.parametrize(
    ("fact", "value", "wrong"),
    [
        ("ttl", 64, 63),
        ("responder", "10.0.0.2", "10.0.0.3"),
        ("received", 1, 2),
        ("received", "some", 0),
        ("duplicates", 1, 0),
        ("duplicates", "some", 2),
    ],
)
def test_each_fact_must_hold(fact: str, value: Any, wrong: Any) -> None:
    def verdict(expected: Any) -> verdicts.Verdict:
        asked = inquiry(**{fact: expected})
        for _time in range(2):
            asked.replied(0, time.time(), "10.0.0.2", 64)
        return verdicts.judge(asked)

    assert verdict(value).ok
    assert not verdict(wrong).ok


def test_failure_is_one_line_with_the_evidence() -> None:
    asked = inquiry(**{"from": "a", "expect": "timeout", "name": "far"})
    asked.hindered(0, Obstacle("prohibited", "10.0.0.9", "packet filtered"))
    line = verdicts.failure_of(verdicts.judge(asked))
    assert line == (
        "checks[0] a -> 10.0.0.2 (far): expected timeout, got prohibited "
        "(2 sent, 0 received, packet filtered from 10.0.0.9)"
    )


@pytest.mark.parametrize("size", [0, 1, 7, 8, 9, 56, 1473])
def test_echo_request_has_a_right_checksum_and_the_size_asked_for(size: int) -> None:
    packet = echo.request(4, 0x1234, 65_537, size)
    assert len(packet) == 8 + size
    assert echo.checksum(packet) == 0  # a packet with its checksum in place sums up to nothing (RFC 1071)
    assert packet[4:8] == b"\x12\x34\x00\x01"


def test_quoted_packet_is_found_behind_its_options() -> None:
    header = bytes([0x46, 0, 0, 0, 0, 0, 0, 0, 64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2]) + bytes(4)
    quoted = echo.quotation(4, header + b"12345678")
    assert quoted is not None
    assert (quoted[0], str(quoted[1]), quoted[2]) == (socket.IPPROTO_UDP, "10.0.0.2", b"12345678")
    assert echo.quotation(4, header + b"1234") is None
    assert echo.quotation(4, b"") is None


def test_token_tells_its_check_and_foreign_lines_tell_nothing() -> None:
    assert tokens.number_in(tokens.token(4031) + bytes(50)) == 4031
    for foreign in (b"", b"hello\n", tokens.token(1)[:-1], tokens.token(1).replace(b" 1", b" x")):
        assert tokens.number_in(foreign) is None


def test_slices_share_what_checks_share() -> None:
    pings = [inquiry(**{"from": "a"}) for _number in range(10)]
    assert [len(part) for part in slices.slices(pings, 2)] == [10]
    spread = [inquiry(**{"from": f"n{number}"}) for number in range(10)]
    assert [len(part) for part in slices.slices(spread, 4)] == [4, 4, 2]
    connections = [inquiry(**{"from": "a", "protocol": "tcp", "port": 1}) for _number in range(10)]
    assert [len(part) for part in slices.slices(connections, 6)] == [5, 5]
