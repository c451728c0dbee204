# SPDX-FileCopyrightText: The virtnet.linux authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Processes in namespaces, witnessed by ps, ss and /proc."""

from __future__ import annotations

import os
import pathlib
import signal
import socket
import subprocess
import time
import typing as t

import pytest

from tests.integration import witness
from tests.integration.conftest import Names
from tests.integration.running import Result, run_module, succeed

RECORDS = pathlib.Path("/run/virtnet/services")
DNS = [
    "dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--pid-file=", "--no-resolv", "--no-hosts",
    "--log-facility=-", "--address=/www.example.com/192.0.2.80",
]  # fmt: skip
# Three that start something: one in a session of its own, one without environment, one that ignores SIGTERM.
FAMILY = """
setsid sleep 1000 &
env -i setsid sh -c 'sleep 1000 & sleep 1000' &
sh -c 'trap "" TERM; sleep 1000; sleep 1000' &
echo all are there
exec sleep 1000
"""


def pids(netns: str) -> set[int]:
    return {int(pid) for pid in witness.shell("ip", "netns", "pids", netns).split()}


def command_line(pid: int) -> list[str]:
    return pathlib.Path(f"/proc/{pid}/cmdline").read_text().split("\0")[:-1]


def listening(netns: str, protocol: str) -> str:
    return witness.shell("ss", "-Hln", f"--{protocol}", netns=netns)


def wait_until(condition: t.Callable[[], bool], seconds: float = 5.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.fixture
def place(names: Names) -> t.Iterator[str]:
    """A namespace whose services are stopped after the test."""
    netns = names.made()
    yield netns
    for record in (RECORDS / netns).glob("*.json"):
        run_module("service", {"name": record.stem, "netns": netns, "state": "stopped"})
    left = pids(netns)
    for pid in left:
        os.kill(pid, signal.SIGKILL)
    assert not left
    assert not (RECORDS / netns).exists()


def dns(netns: str, **options: t.Any) -> dict[str, t.Any]:
    return {"name": "dns", "netns": netns, "command": DNS, "ready": {"tcp": 53, "udp": 53}, **options}


def sleeper(netns: str, *words: str, **options: t.Any) -> dict[str, t.Any]:
    return {"name": "sleeper", "netns": netns, "command": ["sleep", *(words or ["1000"])], **options}


def shell(netns: str, script: str, **options: t.Any) -> dict[str, t.Any]:
    return {"name": "script", "netns": netns, "command": ["sh", "-c", script], **options}


def running_pid(result: Result) -> int:
    return int(result["service"]["pid"])


def test_a_started_service_listens_when_the_task_ends(place: str) -> None:
    result = succeed("service", dns(place))
    assert result.changed
    assert ":53 " in listening(place, "tcp")
    assert ":53 " in listening(place, "udp")
    assert command_line(running_pid(result)) == DNS
    assert pids(place) == {running_pid(result)}


def test_a_second_run_finds_the_service_and_changes_nothing(place: str) -> None:
    first = succeed("service", dns(place))
    second = succeed("service", dns(place))
    assert not second.changed
    assert not second.commands
    assert second["service"] == first["service"]
    assert pids(place) == {running_pid(first)}


def test_check_mode_starts_nothing_and_says_what_would_be_started(place: str) -> None:
    check = succeed("service", dns(place), check=True)
    assert check.changed
    assert not pids(place)
    assert not (RECORDS / place).exists()
    assert check.commands == succeed("service", dns(place)).commands


def test_check_mode_ends_nothing(place: str) -> None:
    before = succeed("service", dns(place))
    for options in (dns(place, state="stopped"), dns(place, command=[*DNS, "--bogus-priv"])):
        assert succeed("service", options, check=True).changed
        assert pids(place) == {running_pid(before)}


def test_the_typed_commands_start_the_same_process(place: str) -> None:
    commands = succeed("service", dns(place, environment={"COLOUR": "light blue"}), check=True).commands
    subprocess.run(["bash", "-c", "\n".join(commands)], check=True, timeout=20)
    typed = int((RECORDS / place / "dns.pid").read_text())
    assert command_line(typed) == DNS
    assert b"COLOUR=light blue" in pathlib.Path(f"/proc/{typed}/environ").read_bytes().split(b"\0")
    assert pids(place) == {typed}
    subprocess.run(["kill", str(typed)], check=True)
    wait_until(lambda: not pids(place))
    for file in (RECORDS / place).iterdir():
        file.unlink()
    (RECORDS / place).rmdir()


def test_a_killed_service_is_started_again(place: str) -> None:
    first = running_pid(succeed("service", sleeper(place)))
    os.kill(first, signal.SIGKILL)
    wait_until(lambda: not pids(place))
    again = succeed("service", sleeper(place))
    assert again.changed
    assert pids(place) == {running_pid(again)}


def test_children_that_outlive_their_service_are_ended_before_it_is_started_again(place: str) -> None:
    options = shell(place, "sleep 1000 & exec sleep 2000")
    first = running_pid(succeed("service", options))
    wait_until(lambda: len(pids(place)) == 2)
    os.kill(first, signal.SIGKILL)
    wait_until(lambda: len(pids(place)) == 1)
    (orphan,) = pids(place)
    succeed("service", options)
    wait_until(lambda: len(pids(place)) == 2)
    assert orphan not in pids(place)


def test_children_that_outlive_their_service_are_ended_when_it_is_stopped(place: str) -> None:
    options = shell(place, "sleep 1000 & exec sleep 2000")
    os.kill(running_pid(succeed("service", options)), signal.SIGKILL)
    wait_until(lambda: len(pids(place)) == 1)
    assert succeed("service", {**options, "state": "stopped"}).changed
    assert not pids(place)


def test_stopping_ends_everything_that_was_started(place: str) -> None:
    succeed("service", shell(place, FAMILY, ready={"log": "^all are there$"}))
    wait_until(lambda: len(pids(place)) >= 6)
    begin = time.monotonic()
    assert succeed("service", {"name": "script", "netns": place, "state": "stopped"}).changed
    assert not pids(place)
    assert time.monotonic() - begin < 5
    assert not (RECORDS / place).exists()


def test_stopping_what_does_not_run_changes_nothing(place: str) -> None:
    result = succeed("service", {"name": "dns", "netns": place, "state": "stopped"})
    assert not result.changed
    assert result["service"] is None


def test_in_a_namespace_that_is_not_there_a_service_is_stopped_already(unused_netns: str) -> None:
    assert not succeed("service", {"name": "dns", "netns": unused_netns, "state": "stopped"}).changed


@pytest.mark.parametrize("change", [{"command": [*DNS, "--bogus-priv"]}, {"environment": {"COLOUR": "blue"}}])
def test_another_command_or_environment_restarts_the_service(place: str, change: dict[str, t.Any]) -> None:
    first = running_pid(succeed("service", dns(place)))
    changed = succeed("service", dns(place, **change))
    assert changed.changed
    assert pids(place) == {running_pid(changed)} != {first}
    assert not succeed("service", dns(place, **change)).changed
    assert succeed("service", dns(place, environment={})).changed


def test_an_environment_that_is_not_given_is_kept(place: str) -> None:
    first = succeed("service", sleeper(place, environment={"COLOUR": "blue"}))
    assert not succeed("service", sleeper(place)).changed
    changed = succeed("service", sleeper(place, "2000"))
    assert changed["service"]["environment"] == first["service"]["environment"] == {"COLOUR": "blue"}


def test_other_signs_of_readiness_restart_nothing(place: str) -> None:
    succeed("service", dns(place))
    assert not succeed("service", dns(place, ready={"tcp": 53, "timeout": 3})).changed


def test_a_service_that_ends_too_soon_is_an_error_with_status_and_last_words(place: str) -> None:
    result = run_module("service", shell(place, "echo hello; echo no such thing >&2; exit 3", ready={"tcp": 53}))
    assert result.failed
    assert result.msg == (
        f"cannot start service 'script' in namespace {place!r}: it ended with exit status 3 before it was ready; "
        "its log ends: hello | no such thing"
    )
    assert not (RECORDS / place).exists()


def test_a_program_that_goes_to_the_background_is_an_error_and_is_ended(place: str) -> None:
    result = run_module("service", shell(place, "sleep 1000 &"))
    assert "exit status 0 (a service has to stay in the foreground)" in result.msg
    assert not pids(place)


def test_a_service_that_is_killed_at_its_start_is_an_error_with_the_signal(place: str) -> None:
    assert "by signal 9" in run_module("service", shell(place, "kill -9 $$")).msg


@pytest.mark.parametrize(
    ("sign", "words"),
    [
        ({"tcp": 53}, "none of its processes listens on tcp port 53"),
        ({"udp": 53}, "none of its processes listens on udp port 53"),
        ({"file": "/run/never-there"}, "it has not written the file /run/never-there"),
        ({"log": "^ready$"}, "nothing in its log matches '^ready$'"),
    ],
)
def test_a_service_that_is_never_ready_is_an_error_and_nothing_is_left(
    place: str, sign: dict[str, t.Any], words: str
) -> None:
    result = run_module("service", shell(place, "echo not ready; sleep 1000", ready={**sign, "timeout": 0.3}))
    assert result.msg == (
        f"cannot start service 'script' in namespace {place!r}: it is not ready after 0.3 s: {words}; "
        "its log ends: not ready"
    )
    assert not pids(place)
    assert not (RECORDS / place).exists()


def test_a_restart_that_fails_brings_the_old_service_back(place: str) -> None:
    succeed("service", sleeper(place))
    assert run_module("service", {**sleeper(place), "command": ["sh", "-c", "exit 1"]}).failed
    (pid,) = pids(place)
    assert command_line(pid) == ["sleep", "1000"]
    assert not succeed("service", sleeper(place)).changed


def test_a_socket_of_another_process_is_no_sign(place: str) -> None:
    other = subprocess.Popen(["ip", "netns", "exec", place, *DNS])
    try:
        wait_until(lambda: ":53 " in listening(place, "tcp"))
        assert run_module("service", sleeper(place, ready={"tcp": 53, "timeout": 0.3})).failed
    finally:
        other.terminate()
        other.wait()


def test_a_file_of_an_earlier_run_is_no_sign(place: str, tmp_path: pathlib.Path) -> None:
    sign = tmp_path / "ready"
    sign.touch()
    assert run_module("service", sleeper(place, ready={"file": str(sign), "timeout": 0.3})).failed
    succeed("service", shell(place, f"sleep 0.3; touch {sign}; exec sleep 1000", ready={"file": str(sign)}))


def test_its_output_is_in_its_log(place: str) -> None:
    result = succeed("service", shell(place, "echo out; echo err >&2; exec sleep 1000", ready={"log": "err"}))
    assert pathlib.Path(result["service"]["log"]).read_text() == "out\nerr\n"


def test_the_log_of_a_service_that_ended_by_itself_is_kept(place: str) -> None:
    result = succeed("service", shell(place, "echo first; sleep 0.3; echo last", ready={"log": "first"}))
    wait_until(lambda: not pids(place))
    assert pathlib.Path(result["service"]["log"]).read_text() == "first\nlast\n"
    assert not succeed("service", shell(place, "", state="stopped", command=None)).changed
    for file in (RECORDS / place).iterdir():
        assert file.name in ("script.json", "script.log", "script.pid")
    succeed("netns", {"name": place, "state": "absent"})
    assert not (RECORDS / place).exists()
    witness.shell("ip", "netns", "add", place)


def test_nothing_connects_it_with_the_task(place: str) -> None:
    inherited = os.open("/dev/null", os.O_RDONLY)
    os.set_inheritable(inherited, True)
    reader, writer = socket.socketpair()
    writer.set_inheritable(True)
    try:
        pid = running_pid(succeed("service", sleeper(place)))
    finally:
        os.close(inherited)
        reader.close()
        writer.close()
    files = {entry.name: os.readlink(entry) for entry in pathlib.Path(f"/proc/{pid}/fd").iterdir()}
    log = str(RECORDS / place / "sleeper.log")
    assert files == {"0": "/dev/null", "1": log, "2": log}
    assert os.getsid(pid) == pid
    environment = pathlib.Path(f"/proc/{pid}/environ").read_text().split("\0")[:-1]
    assert sorted(entry.partition("=")[0] for entry in environment) == ["HOME", "PATH", "VIRTNET_SERVICE"]


def test_it_has_the_conditions_of_ip_netns_exec(place: str) -> None:
    witness.shell("ip", "-n", place, "link", "add", "probe0", "type", "ifb")
    configuration = pathlib.Path("/etc/netns", place)
    configuration.mkdir(parents=True)
    (configuration / "resolv.conf").write_text("nameserver 192.0.2.53\n")
    script = "cat /etc/resolv.conf; ls /sys/class/net; echo done; exec sleep 1000"
    result = succeed("service", shell(place, script, ready={"log": "^done$"}))
    said = pathlib.Path(result["service"]["log"]).read_text()
    assert "nameserver 192.0.2.53\n" in said
    assert said == witness.shell("sh", "-c", script.replace("exec sleep 1000", ""), netns=place)


def test_removing_a_namespace_ends_its_services(place: str) -> None:
    pid = running_pid(succeed("service", sleeper(place)))
    result = succeed("netns", {"name": place, "state": "absent"})
    assert result.commands[0] == f"kill {pid}"
    assert not os.path.exists(f"/proc/{pid}")
    assert not (RECORDS / place).exists()
    witness.shell("ip", "netns", "add", place)


def test_a_service_in_an_earlier_namespace_of_the_name_is_ended_and_started_in_the_new_one(place: str) -> None:
    first = running_pid(succeed("service", sleeper(place)))
    witness.shell("ip", "netns", "del", place)
    witness.shell("ip", "netns", "add", place)
    assert not pids(place)
    second = running_pid(succeed("service", sleeper(place)))
    assert pids(place) == {second}
    assert not os.path.exists(f"/proc/{first}")


def test_a_service_that_a_killed_task_has_left_unready_is_started_anew(place: str) -> None:
    options = shell(place, "echo waiting; sleep 1000", ready={"log": "never", "timeout": 60})
    child = os.fork()
    if child == 0:
        run_module("service", options)
        os._exit(0)
    wait_until(lambda: bool(pids(place)) and (RECORDS / place / "script.log").exists())
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    left = pids(place)
    assert left
    started = succeed("service", {**options, "ready": {"log": "waiting"}})
    assert started.changed
    assert not left & pids(place)


def test_a_service_lives_without_a_named_namespace(names: Names) -> None:
    name = names.unused()
    options = {"name": name, "command": ["sleep", "1000"]}
    try:
        result = succeed("service", options)
        assert os.readlink(f"/proc/{running_pid(result)}/ns/net") == os.readlink("/proc/self/ns/net")
        assert not succeed("service", options).changed
    finally:
        succeed("service", {"name": name, "state": "stopped"})
    assert not os.path.exists(f"/proc/{running_pid(result)}")


def test_services_are_part_of_a_topology(names: Names) -> None:
    netns, topology = names.unused(), names.unused()
    space: dict[str, t.Any] = {"netns": {"name": netns}}
    listed = [space, {"service": sleeper(netns)}]
    succeed("topology", {"name": topology, "resources": listed})
    try:
        (pid,) = pids(netns)
        assert not succeed("topology", {"name": topology, "resources": listed}).changed
        broken = {"route": {"netns": netns, "destination": "default", "gateway": "192.0.2.1"}}
        assert run_module(
            "topology", {"name": topology, "resources": [space, {"service": sleeper(netns, "2000")}, broken]}
        ).failed
        (back,) = pids(netns)
        assert command_line(back) == ["sleep", "1000"]
        succeed("topology", {"name": topology, "resources": [space]})
        assert not pids(netns)
        succeed("topology", {"name": topology, "resources": listed})
        (pid,) = pids(netns)
    finally:
        succeed("topology", {"name": topology, "state": "absent"})
    assert not os.path.exists(f"/proc/{pid}")
    assert netns not in witness.namespaces()


def test_records_are_of_root_alone(place: str) -> None:
    succeed("service", sleeper(place))
    for path in (RECORDS.parent, RECORDS, RECORDS / place):
        assert path.stat().st_mode & 0o777 == 0o700
    for file in (RECORDS / place).iterdir():
        assert file.stat().st_mode & 0o777 == 0o600


def test_a_link_in_place_of_the_directory_is_not_followed(place: str, tmp_path: pathlib.Path) -> None:
    succeed("service", {**sleeper(place), "name": "other"})  # the directory above is there, made as it should be
    (RECORDS / place).rename(tmp_path / "real")
    (RECORDS / place).symlink_to(tmp_path)
    try:
        assert "is not a directory; it is not used" in run_module("service", sleeper(place)).msg
        assert len(pids(place)) == 1
        assert [entry.name for entry in tmp_path.iterdir()] == ["real"]
    finally:
        (RECORDS / place).unlink()
        (tmp_path / "real").rename(RECORDS / place)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"name": "../evil"}, "name: '../evil' is not a service's name"),
        ({"name": "-x"}, "name: '-x' is not a service's name"),
        ({"name": "a.json"}, "name: 'a.json' is not a service's name"),
        ({"name": ""}, "name: '' is not a service's name"),
        ({"netns": "a/b"}, "netns: 'a/b' is not a namespace name"),
        ({"netns": "vntnowhere"}, "there is no network namespace 'vntnowhere'"),
        ({"command": []}, "command: service 'sleeper' needs a command"),
        ({"command": None}, "command: service 'sleeper' needs a command"),
        ({"command": ["./here"]}, "command: './here' is not a program: give its name, or its absolute path"),
        ({"command": ["vnt-no-such"]}, "the program 'vnt-no-such' is not installed"),
        ({"command": ["/etc/passwd"]}, "the program '/etc/passwd' is not installed"),
        ({"environment": {"a=b": "c"}}, "environment: 'a=b' is not a name for a variable"),
        ({"environment": {"a": True}}, "environment.a: True is not a text; put it in quotes"),
        ({"environment": {"VIRTNET_SERVICE": "x"}}, "environment: 'VIRTNET_SERVICE' is not a name for a variable"),
        ({"ready": {"timeout": 3}}, "names no sign to wait for: tcp, udp, file, log"),
        ({"ready": {"tcp": 0}}, "ready.tcp: 0 is not between 1 and 65535"),
        ({"ready": {"udp": 65536}}, "ready.udp: 65536 is not between 1 and 65535"),
        ({"ready": {"file": "relative"}}, "ready.file: 'relative' is not an absolute path"),
        ({"ready": {"log": "("}}, "ready.log: '(' is not a regular expression: "),
        ({"ready": {"tcp": 53, "timeout": -1}}, "ready.timeout: -1.0 is not between 0 and 3600"),
    ],
)
def test_a_bad_value_gets_one_clear_sentence_and_changes_nothing(
    place: str, change: dict[str, t.Any], words: str
) -> None:
    result = run_module("service", {**sleeper(place), **change})
    assert result.failed
    assert words in result.msg
    assert "\n" not in result.msg
    assert not pids(place)
