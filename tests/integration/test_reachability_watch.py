# SPDX-FileCopyrightText: The virtnet.linux authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What `reachability` sees on a wire, against tcpdump and against frames made by hand."""

from __future__ import annotations

import os
import re
import signal
import socket
import struct
import subprocess
import threading
import time
from collections.abc import Iterator

import pytest
from ansible_collections.virtnet.linux.plugins.module_utils._kernel.namespaces import inside

from tests.integration.reachability_bed import Bed, routed, scratch

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="namespaces need root")


@pytest.fixture(scope="module")
def line() -> Iterator[Bed]:
    with scratch("a", "r", "b") as bed:
        routed(bed)
        yield bed


def test_frames_are_those_that_tcpdump_sees(line: Bed) -> None:
    words = ["ip", "netns", "exec", line.full("b"), "tcpdump", "-nel", "--immediate-mode", "-i", "eth0", "icmp or arp"]
    capture = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert capture.stderr is not None and capture.stdout is not None
    while "listening on" not in capture.stderr.readline():
        pass
    findings = line.ask(
        checks=[{"from": "a", "to": "10.2.0.1"}], watch=[{"netns": "b", "interface": "eth0"}], fresh=True
    )
    time.sleep(0.3)
    capture.send_signal(signal.SIGTERM)
    printed, _errors = capture.communicate(timeout=10)
    seen = [
        (frame["source_mac"], frame["destination_mac"], frame["frame"])
        for frame in findings.result["watched"][0]["frames"]
        if frame["frame"].startswith(("icmp", "arp"))
    ]
    kinds = {"who-has": "arp_request", "is-at": "arp_reply", "echo request": "icmp_request", "echo reply": "icmp_reply"}
    expected = []
    for text in filter(None, printed.splitlines()):
        macs = re.findall(r"(?:[0-9a-f]{2}:){5}[0-9a-f]{2}|Broadcast", text)[:2]
        kind = next(kind for said, kind in kinds.items() if said in text)
        expected.append((macs[0], macs[1].replace("Broadcast", "ff:ff:ff:ff:ff:ff"), kind))
    assert len(expected) >= 6
    assert seen == expected


def test_expectations_count_by_kind_source_and_direction(line: Bed) -> None:
    line.shell("r", "nft", "add table ip n; add chain ip n p { type nat hook postrouting priority srcnat; }")
    line.shell("r", "nft", "add rule ip n p oifname rb masquerade")
    try:
        findings = line.ask(
            checks=[{"from": "a", "to": "10.2.0.1"}],
            watch=[
                {
                    "netns": "b",
                    "interface": "eth0",
                    "expect": [
                        {"frame": "icmp_request", "source": "10.2.0.254", "ttl": 63, "direction": "in", "count": 2},
                        {"frame": "icmp_request", "source": "10.1.0.1", "count": 0},
                        {"frame": "icmp_reply", "direction": "in", "count": 0},
                        {"frame": "icmp_reply", "direction": "out"},
                        {"frame": "icmp_reply", "count": 3, "name": "wrong", "outcome": "O99"},
                    ],
                }
            ],
        )
    finally:
        line.shell("r", "nft", "delete table ip n")
    expectations = findings.result["watched"][0]["expectations"]
    assert [item["ok"] for item in expectations] == [True, True, True, True, False]
    assert [item["seen"] for item in expectations] == [2, 0, 0, 2, 2]
    assert len(findings.failures) == 1
    assert findings.failures[0].startswith(
        "watch[0].expect[4] b eth0: expected 3 of icmp_reply, saw 2 (wrong); it saw "
    )
    assert "icmp_request 10.2.0.254 > 10.2.0.1 x2" in findings.failures[0]


def test_both_ends_of_a_veth_in_one_stack_answer_on_lo_only() -> None:
    """Document 003, experiment 1: asked on veth1a, heard by veth1b, answered on lo."""
    with scratch("a") as bed:
        bed.ip("a", "link add veth1a type veth peer name veth1b", "addr add 10.244.1.2 dev veth1a")
        bed.ip("a", "addr add 10.244.1.3 dev veth1b", "link set veth1a up", "link set veth1b up")
        for name in ("veth1a", "veth1b"):
            bed.sysctl("a", f"net.ipv4.conf.{name}.rp_filter", "0")
        check = {"to": "10.244.1.3", "interface": "veth1a"}
        assert bed.check(expect="timeout", **check)["ok"]
        bed.sysctl("a", "net.ipv4.conf.veth1b.accept_local", "1")
        findings = bed.ask(
            checks=[{"from": "a", **check}],
            watch=[
                {
                    "netns": "a",
                    "interface": "veth1b",
                    "expect": [{"frame": "icmp_request", "count": 2}, {"frame": "icmp_reply", "count": 0}],
                },
                {
                    "netns": "a",
                    "interface": "lo",
                    "expect": [{"frame": "icmp_reply", "count": 2}, {"frame": "icmp_request", "count": 0}],
                },
            ],
            fresh=True,
        )
        assert findings.failures == ()
        assert " 2 received" in bed.shell("a", "ping", "-c2", "-i0.2", "-I", "veth1a", "10.244.1.3")
        findings = bed.ask(
            checks=[{"from": "a", "to": "10.244.1.3"}],
            watch=[{"netns": "a", "interface": "veth1b", "expect": [{"frame": "icmp_request", "count": 0}]}],
        )
        assert findings.failures == ()


def test_two_answers_to_one_question_are_duplicates() -> None:
    with scratch("a", "h", "b", "c") as bed:
        bed.ip("h", "link add br0 type bridge", "link set br0 up")
        for name in "abc":
            bed.ip(
                name,
                f"link add eth0 type veth peer name p{name} netns NS:h",
                "link set eth0 address 02:00:00:00:00:0b" if name in "bc" else "link set eth0 up",
            )
            bed.ip(name, f"addr add 10.7.0.{1 if name == 'a' else 2}/24 dev eth0", "link set eth0 up")
            bed.ip("h", f"link set p{name} master br0 up")
        bed.ip("h", "link set br0 type bridge ageing_time 0")
        result = bed.check(to="10.7.0.2", count=2, duplicates="some", received=2)
        assert result["ok"] and result["duplicates"] >= 1, result
        assert not bed.check(to="10.7.0.2", count=2, duplicates=0)["ok"]


def test_tagged_and_encapsulated_frames_are_told_by_vlan_and_vni(line: Bed) -> None:
    with inside(line.full("a")):
        raw = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
        raw.bind(("eth0", 0))
    mac = bytes.fromhex("02000000000102000000000 2".replace(" ", ""))
    arp = struct.pack("!HHBBH", 1, 0x0800, 6, 4, 1) + mac[6:] + bytes([10, 1, 0, 1]) + bytes(6) + bytes([10, 1, 0, 9])
    tagged = mac + struct.pack("!HHH", 0x8100, 10, 0x0806) + arp
    lacp = bytes.fromhex("0180c2000002") + mac[6:] + b"\x88\x09\x01\x01" + bytes(108)
    stp = bytes.fromhex("0180c2000000") + mac[6:] + struct.pack("!H", 38) + b"\x42\x42\x03" + bytes(35)
    macsec = mac + b"\x88\xe5" + bytes(40)

    def send() -> None:
        for frame in (tagged, lacp, stp, macsec):
            raw.send(frame)

    later = threading.Timer(0.2, send)
    later.start()
    findings = line.ask(
        watch=[
            {
                "netns": "r",
                "interface": "ra",
                "expect": [
                    {"frame": "arp_request", "vlan": 10, "source_mac": "02-00-00-00-00-02", "count": 1},
                    {"frame": "arp_request", "vlan": 11, "count": 0},
                    {"frame": "lacp", "count": 1},
                    {"frame": "stp", "count": 1},
                    {"frame": "macsec", "count": 1},
                ],
            }
        ],
        duration=0.6,
    )
    later.join()
    raw.close()
    assert findings.failures == ()


def test_vxlan_shows_its_vni_and_the_frame_inside() -> None:
    with scratch("a", "b") as bed:
        bed.ip("a", "link add eth0 type veth peer name eth0 netns NS:b")
        for name, own, other in (("a", 1, 2), ("b", 2, 1)):
            bed.sysctl(name, "net.ipv6.conf.default.disable_ipv6", "1")
            bed.ip(name, f"addr add 10.8.0.{own}/24 dev eth0", "link set eth0 up")
            bed.ip(name, f"link add vx0 type vxlan id 42 dev eth0 remote 10.8.0.{other} dstport 4789")
            bed.ip(name, f"addr add 10.42.0.{own}/24 dev vx0", "link set vx0 up")
        findings = bed.ask(
            checks=[{"from": "a", "to": "10.42.0.2"}],
            watch=[
                {
                    "netns": "b",
                    "interface": "eth0",
                    "expect": [
                        {"frame": "icmp_request", "vni": 42, "source": "10.42.0.1", "count": 2},
                        {"frame": "udp", "vni": 42, "source": "10.8.0.1"},
                        {"frame": "icmp_request", "vni": 43, "count": 0},
                        {"frame": "icmp_request", "count": 0},
                    ],
                }
            ],
        )
        assert findings.failures == ()


def test_same_identifier_from_two_hosts_becomes_two_on_the_wire(line: Bed) -> None:
    line.shell("r", "nft", "add table ip n; add chain ip n p { type nat hook postrouting priority srcnat; }")
    line.shell("r", "nft", "add rule ip n p oifname rb snat to 10.2.0.254")
    line.ip("a", "addr add 10.1.0.2/24 dev eth0")
    try:
        findings = line.ask(
            checks=[
                {"from": "a", "to": "10.2.0.1", "icmp_id": 4242, "received": 2, "source": source}
                for source in ("10.1.0.1", "10.1.0.2")
            ],
            watch=[{"netns": "b", "interface": "eth0"}, {"netns": "a", "interface": "eth0"}],
            fresh=True,
        )
    finally:
        line.ip("a", "addr del 10.1.0.2/24 dev eth0")
        line.shell("r", "nft", "delete table ip n")
    assert findings.failures == ()
    identifiers = [
        {frame["icmp_id"] for frame in place["frames"] if frame["frame"] == "icmp_request"}
        for place in findings.result["watched"]
    ]
    assert identifiers[1] == {4242}
    assert len(identifiers[0]) == 2
