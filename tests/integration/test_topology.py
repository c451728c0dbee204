# SPDX-FileCopyrightText: The virtnet.linux authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A topology: a list as one transaction, whose record makes a changed list a three-way merge."""

from __future__ import annotations

import copy
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import time
import typing as t

import pytest

from tests.integration import networks, witness
from tests.integration.running import Result, run_module, run_program, succeed

PREFIX, NAME = "vnt-top-", "vnt-top"
RED = PREFIX + "red"
RECORD = pathlib.Path("/run/virtnet/topologies", f"{NAME}.json")

BASE: list[dict[str, t.Any]] = [
    {"netns": {"name": "red"}},
    {"netns": {"name": "blue"}},
    {"bridge": {"name": "br0", "netns": "red", "addresses": ["10.0.0.1/24"]}},
    {"veth": {"name": "v0", "netns": "red", "master": "br0", "peer": {"name": "e0", "netns": "blue"}}},
]


@pytest.fixture(autouse=True)
def clean() -> t.Iterator[None]:
    """No namespace is left behind."""
    yield
    run_module("topology", {"name": NAME, "state": "absent"})
    for name in witness.namespaces():
        if name.startswith(PREFIX):
            witness.shell("ip", "netns", "del", name)


def options(resources: list[dict[str, t.Any]]) -> dict[str, t.Any]:
    return {"name": NAME, "prefix": PREFIX, "resources": resources}


def build(resources: list[dict[str, t.Any]], check: bool = False) -> Result:
    return succeed("topology", options(resources), check)


def absent(check: bool = False) -> Result:
    return succeed("topology", {"name": NAME, "state": "absent"}, check)


def changed(place: int, **more: t.Any) -> list[dict[str, t.Any]]:
    """The base list with other options in one entry; None takes an option away."""
    resources = copy.deepcopy(BASE)
    ((_module, entry),) = resources[place].items()
    entry.update(more)
    for name in [name for name, value in more.items() if value is None]:
        del entry[name]
    return resources


def link(name: str, netns: str = RED) -> dict[str, t.Any]:
    found = witness.ip(netns, "link", "show", "dev", name)
    return found[0] if found else {}


def addresses(name: str, netns: str = RED) -> list[str]:
    shown = witness.ip(netns, "address", "show", "dev", name)
    return sorted(
        f"{one['local']}/{one['prefixlen']}"
        for entry in shown
        for one in entry["addr_info"]
        if one["scope"] == "global"
    )


def test_check_mode_says_what_the_run_does() -> None:
    predicted = build(BASE, check=True)
    assert predicted.changed and networks.network(PREFIX) == {}
    done = build(BASE)
    assert done.commands == predicted.commands
    assert done.diff == predicted.diff


def test_a_second_run_changes_nothing_and_shows_nothing() -> None:
    build(BASE)
    again = build(BASE)
    assert not again.changed and again.commands == []
    assert again.diff == {"before": {}, "after": {}}


def test_the_name_alone_takes_everything_down() -> None:
    build(BASE)
    assert absent(check=True).changed and RECORD.exists()
    assert absent().changed
    assert networks.network(PREFIX) == {} and not RECORD.exists()
    assert not absent().changed


def test_what_the_list_no_longer_has_is_taken_down() -> None:
    build(BASE)
    build(BASE[:3])
    assert not link("v0") and link("br0")
    assert not build(BASE[:3]).changed


def test_an_option_that_is_no_longer_given_goes_back_to_the_kernels_own() -> None:
    build(changed(2, stp=True, mtu=1300, forward_delay=4.0))
    build(BASE)
    bridge = link("br0")
    assert bridge["mtu"] == 1500
    assert bridge["linkinfo"]["info_data"]["stp_state"] == 0
    assert bridge["linkinfo"]["info_data"]["forward_delay"] == 1500


@pytest.mark.parametrize("owner", ["red", "blue"])
def test_a_child_goes_before_or_with_the_namespace_of_its_parent(owner: str) -> None:
    other = "blue" if owner == "red" else "red"
    parent = {"red": "v0", "blue": "e0"}[owner]
    build(
        [*changed(3, master=None), {"macvlan": {"name": "m0", "netns": other, "parent": parent, "parent_netns": owner}}]
    )
    absent()
    assert networks.network(PREFIX) == {}


def test_an_address_that_is_no_longer_given_goes() -> None:
    build(changed(2, addresses=["10.0.0.1/24", "10.0.1.1/24", "fd00::1/64"]))
    build(changed(2, addresses=["10.0.1.1/24"]))
    assert addresses("br0") == ["10.0.1.1/24"]


def test_a_parameter_of_a_new_namespace_that_is_no_longer_given_goes_back() -> None:
    build([*BASE, {"sysctl": {"netns": "red", "values": {"net.ipv4.ip_forward": 1}}}])
    build(BASE)
    assert witness.shell("sysctl", "-n", "net.ipv4.ip_forward", netns=RED).strip() == "0"


def test_a_pair_that_is_named_from_both_ends_is_one_pair() -> None:
    both = [*BASE, {"veth": {"name": "e0", "netns": "blue", "peer": {"name": "v0", "netns": "red"}}}]
    build(both)
    assert not build(both).changed
    assert absent().changed
    assert networks.network(PREFIX) == {}


def test_both_ends_of_a_pair_in_namespaces_that_stay_go_once() -> None:
    for name in ("red", "blue"):
        witness.shell("ip", "netns", "add", PREFIX + name)
    veth = {"name": "v0", "netns": "red", "peer": {"name": "e0", "netns": "blue"}}
    back = {"name": "e0", "netns": "blue", "peer": {"name": "v0", "netns": "red"}}
    build([{"veth": veth}, {"veth": back}])
    assert len(absent().commands) == 1
    assert not link("v0")


@pytest.mark.parametrize("check", [True, False])
@pytest.mark.parametrize(
    "entries",
    [
        [{"bridge": {"name": "br9", "netns": "red", "ports": ["v0"]}}],
        [{"veth": {"name": "e0", "netns": "blue", "peer": {"name": "v0", "netns": "red", "master": ""}}}],
        [{"sysctl": {"netns": "red", "values": {key: value}}}
         for key, value in (("net.ipv4.ip_forward", 1), ("net.ipv4.conf.all.forwarding", 0))],
    ],
)  # fmt: skip
def test_entries_that_contradict_each_other_are_both_named(entries: list[dict[str, t.Any]], check: bool) -> None:
    result = run_module("topology", options([*BASE, *entries]), check)
    assert result.failed
    assert re.match(r"resources\[\d\]\.\w+: contradicts resources\[\d\]\.\w+: .* undoes what that asks$", result.msg)
    assert networks.network(PREFIX) == {}


def test_a_port_that_is_no_longer_given_is_released() -> None:
    build(BASE)
    build(changed(3, master=None))
    assert "master" not in link("v0")


def adopted() -> list[dict[str, t.Any]]:
    """A bridge that was there before, with an address, an MTU and STP; and a list that changes it."""
    witness.shell("ip", "netns", "add", RED)
    witness.shell("ip", "-n", RED, "link", "add", "br0", "mtu", "1400", "type", "bridge", "stp_state", "1")
    witness.shell("ip", "-n", RED, "address", "add", "192.0.2.1/24", "dev", "br0")
    return [
        {"netns": {"name": "red"}},
        {
            "bridge": {
                "name": "br0",
                "netns": "red",
                "mtu": 1300,
                "stp": False,
                "addresses": ["192.0.2.1/24", "10.0.0.1/8"],
            }
        },
        {"sysctl": {"netns": "red", "values": {"net.ipv4.conf.br0.rp_filter": 2}}},
    ]


def test_what_was_there_before_is_put_back_and_never_removed() -> None:
    resources = adopted()
    before = networks.space(RED)
    build(resources)
    assert addresses("br0") == ["10.0.0.1/8", "192.0.2.1/24"]
    absent()
    assert networks.differences(before, networks.space(RED)) == []
    assert witness.shell("sysctl", "-n", "net.ipv4.conf.br0.rp_filter", netns=RED).strip() == "0"


def test_an_option_that_is_no_longer_given_goes_back_to_what_was_there_before() -> None:
    resources = adopted()
    build(resources)
    less = copy.deepcopy(resources)
    less[1]["bridge"] = {"name": "br0", "netns": "red"}
    build(less)
    assert link("br0")["mtu"] == 1400 and link("br0")["linkinfo"]["info_data"]["stp_state"] == 1
    assert addresses("br0") == ["192.0.2.1/24"]


def test_what_others_made_in_a_namespace_of_ours_goes_with_it_but_stays_while_it_stays() -> None:
    build(BASE)
    witness.shell("ip", "-n", RED, "link", "add", "ifb9", "type", "ifb")
    build(BASE[:3])
    assert link("ifb9")


def test_settings_of_an_interface_that_cannot_be_removed_are_led_back() -> None:
    lo = {"link": {"name": "lo", "netns": "red", "addresses": ["192.0.2.7/32"], "mtu": 1500}}
    build([*BASE, lo])
    assert "192.0.2.7/32" in addresses("lo")
    build(BASE)
    assert "192.0.2.7/32" not in addresses("lo") and link("lo")


def test_a_failure_names_the_entry_the_operation_and_the_kernels_words() -> None:
    route = {"route": {"netns": "red", "destination": "10.9.0.0/16", "gateway": "203.0.113.1"}}
    result = run_module("topology", options([*BASE, route]))
    assert result.failed
    assert result.msg.startswith("resources[4].route: cannot add route 10.9.0.0/16 via 203.0.113.1")
    assert RED in result.msg and "Nexthop has invalid gateway" in result.msg
    assert networks.network(PREFIX) == {} and not RECORD.exists()


@pytest.mark.parametrize(
    ("entry", "sentence"),
    [
        ({"veth": {"name": "v9", "peer": {"netns": "blue"}}}, "resources[4].veth.peer: missing required option 'name'"),
        ({"veth": {"nam": "v9"}}, "resources[4].veth: "),
        ({"vet": {"name": "v9"}}, "resources[4]: 'vet' is not a module; there are "),
        ({"netns": {"name": "a"}, "bridge": {"name": "b"}}, "resources[4]: an entry is one module's name"),
        ({"bridge": "br9"}, "resources[4].bridge: 'br9' is not a dictionary"),
        ({"bridge": {"name": "br9", "mtu": "big"}}, "resources[4].bridge"),
        ({"bridge": {"name": "br0", "netns": "red"}}, "resources[4].bridge: is the same thing as resources[2].bridge"),
        ({"bridge": {"name": "br9", "netns": "green"}}, "resources[4].bridge: there is no network namespace"),
        ({"route": {"destination": "10.0.0.1/8", "interface": "x"}}, "resources[4].route.destination: "),
    ],
)  # fmt: skip
def test_a_bad_entry_is_told_in_a_sentence_and_changes_nothing(entry: dict[str, t.Any], sentence: str) -> None:
    result = run_module("topology", options([*BASE, entry]))
    assert result.failed and result.msg.startswith(sentence), result.msg
    assert networks.network(PREFIX) == {}


def test_a_name_cannot_leave_the_directory_of_records() -> None:
    for name in ("../x", "a/b", "-x", ""):
        assert run_module("topology", {"name": name, "resources": BASE}).failed


def test_records_are_roots_alone() -> None:
    build(BASE)
    assert RECORD.stat().st_mode & 0o777 == 0o600
    assert RECORD.parent.stat().st_mode & 0o777 == 0o700
    assert json.loads(RECORD.read_text())["version"] == 1


def start(resources: list[dict[str, t.Any]]) -> subprocess.Popen[str]:
    """Run a topology in a process of its own."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.integration.running", "topology"],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdin is not None
    process.stdin.write(json.dumps(options(resources)))
    process.stdin.close()
    return process


def test_two_at_once_wait_for_each_other() -> None:
    runs = [start(BASE) for _number in range(3)]
    results = [json.loads(run.stdout.read()) for run in runs if run.stdout]
    for run in runs:
        run.wait()
    assert [result.get("msg") for result in results] == [None] * 3
    assert sorted(result["changed"] for result in results) == [False, False, True]


def test_a_run_that_is_killed_is_completed_by_the_next() -> None:
    many = [*BASE, *({"netns": {"name": f"n{number}"}} for number in range(60))]
    run = start(many)
    deadline = time.monotonic() + 20
    while not any(name.startswith(f"{PREFIX}n1") for name in witness.namespaces()) and time.monotonic() < deadline:
        time.sleep(0.002)
    os.kill(run.pid, signal.SIGKILL)
    run.wait()
    if run.stdout:
        run.stdout.close()
    build(many)
    assert not build(many).changed
    absent()
    assert networks.network(PREFIX) == {}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_run_that_is_told_to_end_leads_back_first(number: signal.Signals) -> None:
    run = start([*BASE, *({"netns": {"name": f"n{number}"}} for number in range(200))])
    deadline = time.monotonic() + 20
    while not any(name.startswith(f"{PREFIX}n1") for name in witness.namespaces()) and time.monotonic() < deadline:
        time.sleep(0.002)
    run.send_signal(number)
    assert run.stdout is not None
    with run.stdout:
        result = json.loads(run.stdout.read())
    run.wait()
    assert result["msg"] == f"interrupted by {number.name}; everything is as it was"
    assert networks.network(PREFIX) == {} and not RECORD.exists()


def test_a_resolv_conf_of_the_users_stays_when_the_namespace_goes() -> None:
    folder = pathlib.Path("/etc/netns", RED)
    folder.mkdir(parents=True)
    try:
        (folder / "resolv.conf").write_text("nameserver 192.0.2.1\n")
        build(BASE)
        absent()
        assert (folder / "resolv.conf").read_text() == "nameserver 192.0.2.1\n"
    finally:
        (folder / "resolv.conf").unlink(missing_ok=True)
        folder.rmdir()


def test_what_others_have_removed_needs_no_leading_back() -> None:
    forwarding = {"sysctl": {"netns": "red", "values": {"net.ipv4.conf.v0.proxy_arp": 1}}}
    route = {"route": {"netns": "red", "destination": "10.9.0.0/16", "interface": "br0"}}
    build([*BASE, forwarding, route])
    witness.shell("ip", "-n", RED, "link", "del", "v0")
    witness.shell("ip", "-n", RED, "link", "del", "br0")
    build(BASE[:2])
    assert not build(BASE[:2]).changed


def test_a_parameter_of_an_interface_that_the_list_makes_is_set() -> None:
    witness.shell("ip", "netns", "add", RED)
    sysctl = {"sysctl": {"netns": "red", "values": {"net.ipv4.conf.br0.proxy_arp": 1}}}
    resources = [{"netns": {"name": "red"}}, {"bridge": {"name": "br0", "netns": "red"}}, sysctl]
    build(resources, check=True)
    build(resources)
    assert witness.shell("sysctl", "-n", "net.ipv4.conf.br0.proxy_arp", netns=RED).strip() == "1"


def test_who_may_not_read_the_records_is_told_so() -> None:
    build(BASE)
    unprivileged = ("setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", "--bounding-set", "-all")
    for arguments in (options(BASE), {"name": NAME, "state": "absent"}):
        result = run_program("topology", arguments, before=unprivileged)
        assert result.failed and result.msg == "/run/virtnet: not permitted; this needs root (become: true)"


def test_a_child_makes_room_on_its_parent_before_another_is_made_there() -> None:
    def children(netns: str, mode: str) -> list[dict[str, t.Any]]:
        child = {"name": "m0", "netns": netns, "parent": "br0", "parent_netns": "red", "mode": mode}
        return [*BASE, {"netns": {"name": netns}}, {"macvlan": child}]

    build(children("one", "bridge"))
    build(children("two", "passthru"))
    assert link("m0", f"{PREFIX}two")
    build(BASE)
    build(children("three", "bridge"))
    absent()
    assert networks.network(PREFIX) == {}
