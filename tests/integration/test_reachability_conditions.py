# SPDX-FileCopyrightText: The virtnet.linux authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What happens around the questions of `reachability`: settling, forgetting, names, crowds, limits, the task."""

from __future__ import annotations

import json
import os
import pathlib
import resource
import subprocess
import time
from collections.abc import Iterator
from typing import Any

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.virtnet.linux.plugins.module_utils._probe import slices
from ansible_collections.virtnet.linux.plugins.modules import reachability

from tests.integration.reachability_bed import Bed, routed, scratch

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="namespaces need root")


@pytest.fixture
def line() -> Iterator[Bed]:
    with scratch("a", "r", "b") as bed:
        routed(bed)
        yield bed


def star(bed: Bed, hosts: int) -> list[str]:
    """Hosts on one bridge in namespace h, 10.0.0.1/16 and up."""
    names = [f"n{number}" for number in range(hosts)]
    bed.add("h", *names)
    bed.ip("h", "link add br0 type bridge mcast_snooping 0", "link set br0 up")
    for number, name in enumerate(names):
        address = f"10.0.{(number + 1) // 256}.{(number + 1) % 256}/16"
        bed.sysctl(name, "net.ipv6.conf.default.disable_ipv6", "1")
        bed.ip(
            name,
            f"link add eth0 type veth peer name p{number} netns NS:h",
            f"addr add {address} dev eth0",
            "link set eth0 up",
        )
        bed.ip("h", f"link set p{number} master br0 up")
    return names


def test_ipv6_question_waits_for_duplicate_address_detection() -> None:
    with scratch("a", "b") as bed:
        bed.ip(
            "a", "link add e0x type veth peer name e1x netns NS:b", "addr add 2001:db8::1/64 dev e0x", "link set e0x up"
        )
        bed.ip("b", "addr add 2001:db8::2/64 dev e1x", "link set e1x up")
        assert "tentative" in bed.shell("b", "ip", "-6", "addr")
        assert bed.check(to="2001:db8::2")["answer"] == "reachable"
    with scratch("a", "b") as bed:
        bed.ip(
            "a", "link add e0x type veth peer name e1x netns NS:b", "addr add 2001:db8::1/64 dev e0x", "link set e0x up"
        )
        bed.ip("b", "addr add 2001:db8::2/64 dev e1x", "link set e1x up")
        findings = bed.ask(checks=[{"from": "a", "to": "2001:db8::2"}], settle=0, count=1, timeout=0.2)
        assert findings.result["checks"][0]["answer"] != "reachable"
        assert any("tentative" in reason for reason in findings.result["unready"])


def test_questions_wait_until_spanning_tree_lets_ports_forward() -> None:
    with scratch() as bed:
        names = star(bed, 2)
        bed.ip("h", "link set br0 type bridge stp_state 1 forward_delay 200", "link set p0 down", "link set p0 up")
        findings = bed.ask(checks=[{"from": names[0], "to": "10.0.0.2"}], settle=0, count=1, timeout=0.2)
        assert findings.result["checks"][0]["answer"] == "timeout"
        findings = bed.ask(checks=[{"from": names[0], "to": "10.0.0.2"}], settle=10, count=1)
        assert findings.failures == ()


def test_port_without_carrier_is_not_waited_for() -> None:
    with scratch() as bed:
        names = star(bed, 3)
        bed.ip(names[2], "link set eth0 down")
        bed.ask(checks=[{"from": names[0], "to": "10.0.0.2"}], count=1)
        begun = time.monotonic()
        assert bed.ask(checks=[{"from": names[0], "to": "10.0.0.2"}], count=1, settle=20).failures == ()
        assert time.monotonic() - begun < 1
        bed.ip("h", "link set br0 down")
        begun = time.monotonic()
        bed.ask(checks=[{"from": names[0], "to": "10.0.0.2"}], count=1, settle=20, timeout=0.1)
        assert time.monotonic() - begun < 1


def test_port_that_has_just_got_carrier_is_waited_for() -> None:
    with scratch() as bed:
        names = star(bed, 2)
        for _time in range(10):
            bed.ip(names[1], "link set eth0 down")
            bed.ip("h", "link set p1 down", "link set p1 up")
            bed.ip(names[1], "link set eth0 up")
            findings = bed.ask(checks=[{"from": names[0], "to": "10.0.0.2"}], count=1, timeout=0.5, fresh=True)
            assert findings.failures == ()


def test_fresh_forgets_what_was_learnt_and_keeps_what_was_configured(line: Bed) -> None:
    line.shell("r", "nft", "add table ip n; add chain ip n c { type filter hook forward priority 0; }")
    line.shell("r", "nft", "add rule ip n c ct state new counter")
    line.shell("a", "ping", "-c1", "10.2.0.1")
    line.ip("a", "neigh add 10.1.0.66 lladdr 02:00:00:00:00:66 nud permanent dev eth0")
    table = line.shell("r", "conntrack", "-L")
    assert "icmp" in table
    before = line.shell("a", "ip", "neigh")
    assert "10.1.0.254" in before
    line.ask(checks=[{"from": "b", "to": "10.2.0.254"}], fresh=True, count=1)  # all under the prefix, a and r too
    after = line.shell("a", "ip", "neigh")
    assert "10.1.0.66" in after and "10.1.0.254" not in after
    assert "src=10.1.0.1" not in line.shell("r", "conntrack", "-L")


def test_learnt_neighbours_stay_without_fresh(line: Bed) -> None:
    line.shell("a", "ping", "-c1", "10.2.0.1")
    line.ask(checks=[{"from": "b", "to": "10.2.0.254"}], count=1)
    assert "10.1.0.254" in line.shell("a", "ip", "neigh")


def test_names_resolve_with_the_files_of_the_namespace(line: Bed) -> None:
    folder = pathlib.Path("/etc/netns", line.full("a"))
    folder.mkdir(parents=True)
    try:
        (folder / "hosts").write_text("10.2.0.1 far.example\n2001:db8:2::1 six.example\n")
        (folder / "resolv.conf").write_text("nameserver 10.1.0.254\n")
        found = line.check(to="far.example")
        assert (found["answer"], found["address"]) == ("reachable", "10.2.0.1")
        assert line.check(to="six.example")["address"] == "2001:db8:2::1"
        unknown = line.check(to="none.example", expect="unresolved")
        assert unknown["ok"] and unknown["address"] is None
        assert "far.example" not in pathlib.Path("/etc/hosts").read_text()
    finally:
        for file in folder.iterdir():
            file.unlink()
        folder.rmdir()


def test_names_resolve_at_the_nameserver_of_the_namespace(line: Bed) -> None:
    folder = pathlib.Path("/etc/netns", line.full("a"))
    folder.mkdir(parents=True)
    words = ["--keep-in-foreground", "--no-resolv", "--no-hosts", "--no-daemon", "--conf-file=/dev/null"]
    words += ["--address=/www.example/10.2.0.1", "--bind-interfaces", "--listen-address=10.1.0.254"]
    server = subprocess.Popen(["ip", "netns", "exec", line.full("r"), "dnsmasq", *words], stderr=subprocess.DEVNULL)
    try:
        (folder / "resolv.conf").write_text("nameserver 10.1.0.254\n")
        deadline = time.monotonic() + 5
        while ":53 " not in line.shell("r", "ss", "-lun") and time.monotonic() < deadline:
            time.sleep(0.05)
        assert line.check(to="www.example", ttl=63)["ok"]
    finally:
        server.terminate()
        server.wait(timeout=10)
        (folder / "resolv.conf").unlink()
        folder.rmdir()


def test_everybody_asks_everybody_beyond_the_room_of_the_neighbour_table() -> None:
    with scratch() as bed:
        names = star(bed, 40)  # 1,560 pairs; the table has room for 1,024
        for count in (2, 2, 1):  # what one task taught must not be in the way of the next
            findings = bed.ask(matrix={"among": names, "expect": "reachable", "ttl": 64}, count=count)
            assert findings.failures == ()
            assert {check["received"] for check in findings.result["checks"]} == {count}
        learnt = sum(len(bed.shell(name, "ip", "-4", "neigh").splitlines()) for name in names)
        assert learnt < 100  # of those who ask next, nobody finds the table full
        assert findings.asked == 40 * 39
        row = findings.result["table"][0]
        assert (row["from"], len(row["to"]), set(row["to"].values())) == ("n0", 39, {"reachable"})
        bed.ip("h", "link set p0 down")
        findings = bed.ask(matrix={"among": names[:3], "expect": "reachable"}, count=1, timeout=0.3)
        assert findings.result["table"][0]["to"] == {"n1": "timeout", "n2": "timeout"}
        assert findings.result["table"][1]["to"]["n2"] == "reachable"


def test_more_errors_than_a_router_says_at_once(line: Bed) -> None:
    checks = [{"from": "a", "to": f"10.99.0.{number}", "expect": "network_unreachable"} for number in range(1, 6)]
    assert line.ask(checks=checks, count=1, timeout=0.3).failures == ()


def test_checks_beyond_the_limit_of_open_files(line: Bed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slices, "file_budget", lambda: 20)
    checks = [{"from": "a", "to": "10.2.0.1", "protocol": "tcp", "port": 9, "expect": "refused"}] * 100
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (len(os.listdir("/proc/self/fd")) + 32, hard))
    try:
        assert line.ask(checks=checks).failures == ()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_serial_asks_one_after_the_other(line: Bed) -> None:
    checks = [{"from": "a", "to": "10.1.0.254"}, {"from": "a", "to": "10.2.0.1"}]
    findings = line.ask(checks=checks, serial=True, watch=[{"netns": "a", "interface": "eth0"}])
    requests = [frame for frame in findings.result["watched"][0]["frames"] if frame["frame"] == "icmp_request"]
    assert [frame["destination"] for frame in requests] == ["10.1.0.254"] * 2 + ["10.2.0.1"] * 2


def task(capsys: pytest.CaptureFixture[str], check_mode: bool = False, **options: Any) -> dict[str, Any]:
    """The module as Ansible runs it; its result."""
    with patch_module_args({**options, "_ansible_check_mode": check_mode}), pytest.raises(SystemExit):
        reachability.main()
    result: dict[str, Any] = json.loads(capsys.readouterr().out)
    return result


def test_task_fails_and_returns_all_results_all_the_same(line: Bed, capsys: pytest.CaptureFixture[str]) -> None:
    checks = [{"from": "a", "to": "10.2.0.1"}, {"from": "a", "to": "10.2.0.1", "expect": "timeout"}]
    result = task(capsys, prefix=line.prefix, checks=checks)
    assert result["failed"] is True
    assert result["msg"].startswith("1 of 2 answers differ:\nchecks[1] a -> 10.2.0.1: expected timeout, got reachable")
    assert [check["ok"] for check in result["checks"]] == [True, False]
    assert result["changed"] is False


def test_check_mode_sends_nothing_and_needs_no_namespace(line: Bed, capsys: pytest.CaptureFixture[str]) -> None:
    checks = [{"from": "a", "to": "10.2.0.1"}, {"from": "nope", "to": "10.2.0.1"}]
    result = task(capsys, check_mode=True, prefix=line.prefix, checks=checks)
    assert (result["changed"], result["msg"]) == (False, "check mode: nothing was sent")
    assert "failed" not in result
    assert "10.1.0.254" not in line.shell("a", "ip", "neigh")


def test_wrong_option_is_named_in_check_mode_too(capsys: pytest.CaptureFixture[str]) -> None:
    result = task(capsys, check_mode=True, checks=[{"from": "a", "to": "10.2.0.1", "expect": "maybe"}])
    assert result["msg"].startswith("checks[0].expect: 'maybe' should be one of reachable, unreachable, timeout")


def test_nothing_is_left_open_after_asking(line: Bed) -> None:
    line.check(to="10.2.0.1")
    before = sorted(os.listdir("/proc/self/fd"))
    line.ask(
        checks=[
            {"from": "a", "to": "10.2.0.1"},
            {"from": "a", "to": "10.1.0.254", "protocol": "arp"},
            {"from": "a", "to": "10.2.0.1", "protocol": "tcp", "listener": {"netns": "b", "port": 5}},
            {"from": "a", "to": "10.2.0.1", "protocol": "udp", "listener": {"netns": "b", "port": 5}},
        ],
        watch=[{"netns": "a", "interface": "eth0"}],
    )
    assert sorted(os.listdir("/proc/self/fd")) == before
    assert os.readlink("/proc/thread-self/ns/net") == os.readlink("/proc/self/ns/net")
