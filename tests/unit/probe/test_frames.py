# SPDX-FileCopyrightText: The virtnet.linux authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Frames told apart, from bytes written by hand."""

from __future__ import annotations

import dataclasses
import struct
from typing import Any

import pytest
from ansible_collections.virtnet.linux.plugins.module_utils._kernel.reception import ReceivedFrame
from ansible_collections.virtnet.linux.plugins.module_utils._probe import frames, options, watching

MACS = bytes.fromhex("0200000000b0") + bytes.fromhex("0200000000a0")  # destination, source


def ethernet(protocol: int, payload: bytes) -> bytes:
    return MACS + struct.pack("!H", protocol) + payload


def ipv4(protocol: int, payload: bytes, fragment: int = 0) -> bytes:
    header = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(payload), 0, fragment, 63, protocol, 0)
    return header + bytes([10, 0, 0, 1]) + bytes([10, 0, 0, 2]) + payload


def ipv6(following: int, payload: bytes) -> bytes:
    addresses = bytes.fromhex("20010db8" + "0" * 23 + "1") + bytes.fromhex("20010db8" + "0" * 23 + "2")
    return struct.pack("!IHBB", 6 << 28, len(payload), following, 64) + addresses + payload


def look(data: bytes, hardware: int = 1, protocol: int = 0, vlan: int | None = None) -> frames.Frame:
    return frames.look_at(ReceivedFrame(data, 1.0, False, hardware, protocol, vlan, b""))


ECHO = struct.pack("!BBHHH", 8, 0, 0, 77, 1)
KINDS = [
    (ethernet(0x0800, ipv4(1, ECHO)), "icmp_request"),
    (ethernet(0x0800, ipv4(1, b"\0" + ECHO[1:])), "icmp_reply"),
    (ethernet(0x0800, ipv4(1, b"\x03" + ECHO[1:])), "icmp_error"),
    (ethernet(0x0800, ipv4(1, b"\x0b" + ECHO[1:])), "icmp_error"),
    (ethernet(0x0800, ipv4(1, b"\x05" + ECHO[1:])), "other"),
    (ethernet(0x0800, ipv4(1, ECHO, fragment=185)), "other"),
    (ethernet(0x0800, ipv4(1, ECHO, fragment=0x2000)), "icmp_request"),
    (ethernet(0x86DD, ipv6(58, b"\x80" + ECHO[1:])), "icmp_request"),
    (ethernet(0x86DD, ipv6(58, b"\x81" + ECHO[1:])), "icmp_reply"),
    (ethernet(0x86DD, ipv6(58, b"\x01" + ECHO[1:])), "icmp_error"),
    (ethernet(0x86DD, ipv6(58, b"\x87" + ECHO[1:])), "neighbor_solicitation"),
    (ethernet(0x86DD, ipv6(58, b"\x88" + ECHO[1:])), "neighbor_advertisement"),
    (ethernet(0x86DD, ipv6(0, b"\x3a\0" + bytes(6) + b"\x8f" + ECHO[1:])), "other"),
    (ethernet(0x86DD, ipv6(44, b"\x3a\0\0\x01" + bytes(4) + b"\x80" + ECHO[1:])), "icmp_request"),
    (ethernet(0x86DD, ipv6(44, b"\x3a\0\x05\xa8" + bytes(4) + b"\x80" + ECHO[1:])), "other"),
    (ethernet(0x0800, ipv4(6, struct.pack("!HH", 1, 2) + bytes(16))), "tcp"),
    (ethernet(0x0800, ipv4(17, struct.pack("!HHHH", 1, 2, 8, 0))), "udp"),
    (ethernet(0x8809, b"\x01\x01"), "lacp"),
    (ethernet(0x8809, b"\x03\x01"), "other"),
    (ethernet(38, b"\x42\x42\x03" + bytes(35)), "stp"),
    (ethernet(0x88E5, bytes(40)), "macsec"),
    (ethernet(0x88CC, bytes(40)), "other"),
    (b"short", "other"),
    (ethernet(0x0800, b"\x45"), "other"),
    (ethernet(0x0806, b"\0\1"), "other"),
    (ethernet(0x8809, b""), "other"),
]


@pytest.mark.parametrize(("data", "kind"), KINDS)
def test_kind_of_a_frame(data: bytes, kind: str) -> None:
    assert look(data).content.kind == kind


def test_can_frames_are_known_by_their_protocol() -> None:
    assert look(bytes(16), hardware=280, protocol=0x000C).content.kind == "can"


def test_packets_of_a_device_without_link_header() -> None:
    frame = look(ipv4(1, ECHO), hardware=65534, protocol=0x0800)
    assert (frame.content.kind, frame.content.source, frame.source_mac) == ("icmp_request", "10.0.0.1", None)


def test_what_an_echo_request_tells() -> None:
    frame = look(ethernet(0x0800, ipv4(1, ECHO)))
    content = frame.content
    assert (frame.source_mac, frame.destination_mac) == ("02:00:00:00:00:a0", "02:00:00:00:00:b0")
    assert (content.source, content.destination, content.ttl, content.icmp_id) == ("10.0.0.1", "10.0.0.2", 63, 77)


def test_arp_tells_of_whom_it_speaks() -> None:
    body = struct.pack("!HHBBH", 1, 0x0800, 6, 4, 2) + MACS[6:] + bytes([10, 0, 0, 1]) + MACS[:6] + bytes([10, 0, 0, 2])
    content = look(ethernet(0x0806, body)).content
    assert (content.kind, content.source, content.destination) == ("arp_reply", "10.0.0.1", "10.0.0.2")


def test_vlan_is_the_outermost_tag_wherever_it_is() -> None:
    tagged = MACS + struct.pack("!HHHHH", 0x88A8, 0x2000 | 20, 0x8100, 10, 0x0800) + ipv4(1, ECHO)
    assert look(tagged).vlan == 20
    assert look(tagged, vlan=30).vlan == 30
    assert look(tagged).content.kind == "icmp_request"


def vxlan(port: int, flags: int = 8) -> bytes:
    inner = ethernet(0x0800, ipv4(1, ECHO))
    body = struct.pack("!HHHH", 5555, port, 0, 0) + bytes([flags, 0, 0, 0]) + (42 << 8).to_bytes(4, "big") + inner
    return ethernet(0x0800, ipv4(17, body))


@pytest.mark.parametrize("port", [4789, 8472])
def test_vxlan_tells_its_vni_and_what_is_inside(port: int) -> None:
    content = look(vxlan(port)).content
    assert (content.kind, content.vni) == ("udp", 42)
    assert content.inner is not None and content.inner.content.kind == "icmp_request"


def test_udp_that_only_looks_like_vxlan() -> None:
    assert look(vxlan(4789, flags=0)).content.vni is None
    assert look(vxlan(4790)).content.vni is None


def matches(seen: frames.Frame, /, **wanted: Any) -> bool:
    questions = options.read_questions({"watch": [{"interface": "x", "expect": [wanted]}]})
    return watching.matches(questions.watch[0].expectations[0], seen)


@pytest.mark.parametrize(
    ("wanted", "other"),
    [
        ({"frame": "icmp_request"}, {"frame": "icmp_reply"}),
        ({"frame": "any"}, {"frame": "tcp"}),
        ({"source": "10.0.0.1"}, {"source": "10.0.0.2"}),
        ({"destination": "10.0.0.2"}, {"destination": "10.0.0.1"}),
        ({"source_mac": "02-00-00-00-00-A0"}, {"source_mac": "02:00:00:00:00:b0"}),
        ({"destination_mac": "0200.0000.00b0"}, {"destination_mac": "02:00:00:00:00:a0"}),
        ({"ttl": 63}, {"ttl": 64}),
        ({"icmp_id": 77}, {"icmp_id": 78}),
        ({"direction": "in"}, {"direction": "out"}),
        ({}, {"vlan": 1}),
        ({}, {"vni": 1}),
        ({}, {"source_port": 1}),
    ],
)
def test_each_condition_narrows(wanted: dict[str, Any], other: dict[str, Any]) -> None:
    frame = look(ethernet(0x0800, ipv4(1, ECHO)))
    assert matches(frame, **wanted)
    assert not matches(frame, **other)


def test_vni_speaks_of_the_frame_inside_and_without_it_of_the_one_outside() -> None:
    frame = look(vxlan(4789))
    assert matches(frame, vni=42, frame="icmp_request")
    assert matches(frame, vni=42, frame="udp")
    assert not matches(frame, vni=43)
    assert not matches(frame, frame="icmp_request")


def test_summary_counts_alike_frames() -> None:
    frame = look(ethernet(0x0800, ipv4(1, ECHO)))
    later = dataclasses.replace(frame, time=2.0)
    assert watching.summary([frame, later]) == "icmp_request 10.0.0.1 > 10.0.0.2 x2"
    assert watching.summary([]) == "nothing"
