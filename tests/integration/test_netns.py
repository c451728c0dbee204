# SPDX-FileCopyrightText: The virtnet.linux authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module netns, witnessed by `ip netns`, /proc/sys and /etc/netns."""

from __future__ import annotations

import os
import pathlib
import subprocess
import typing as t

import pytest

from tests.integration import witness
from tests.integration.conftest import Names
from tests.integration.lifecycle import Bad, Bed, Lifecycle, Options, Setting, assert_clear, assert_unchanged
from tests.integration.running import run_program, succeed


def resolver(name: str) -> pathlib.Path:
    return pathlib.Path("/etc/netns", name, "resolv.conf")


def servers(name: str) -> list[str]:
    return [line.split()[1] for line in resolver(name).read_text().splitlines() if line.startswith("nameserver")]


class NewBed(Bed):
    """A name that nothing has yet, beside the namespaces."""

    def __init__(self, names: Names) -> None:
        super().__init__(names)
        self.name = names.unused()

    def seen(self) -> dict[str, t.Any]:
        # Of the names alone those given here: other tests may run at the same time.
        there = self.name in witness.namespaces()
        return {"there": there, "resolver": resolver(self.name).exists(), "in it": there and super().seen()}


@pytest.fixture
def bed(names: Names) -> NewBed:
    return NewBed(names)


class TestNetns(Lifecycle):
    module = "netns"
    SETTINGS = (
        Setting("loopback", (False, True), lambda bed: "UP" in witness.link(bed.name, "lo")["flags"]),
        Setting(
            "ipv6",
            (False, True),
            lambda bed: [witness.sysctl(bed.name, f"net/ipv6/conf/{it}/disable_ipv6") for it in ("all", "default")],
            (["1", "1"], ["0", "0"]),
        ),
        Setting("nameservers", (["192.0.2.53", "2001:db8::53"], ["198.51.100.53"]), lambda bed: servers(bed.name)),
    )
    BAD = (
        Bad("name with a slash", {"name": "a/b"}, "^name: 'a/b' is not a namespace name: no space or '/'"),
        Bad("name with a space", {"name": "a b"}, "^name: 'a b' is not a namespace name"),
        Bad("name is empty", {"name": ""}, "^name: '' is not a namespace name: 1 to 255 bytes"),
        Bad("name too long", {"name": "x" * 256}, "^name: .* is not a namespace name: 1 to 255 bytes"),
        Bad("name missing", {"name": None}, "missing required arguments: name"),
        Bad("loopback is no switch", {"loopback": "perhaps"}, "'loopback' is of type str .*bool"),
        Bad("ipv6 is no switch", {"ipv6": "perhaps"}, "'ipv6' is of type str .*bool"),
        Bad("attach_pid is no number", {"attach_pid": "init"}, "'attach_pid' is of type str .*int"),
        Bad("attach_pid of no process", {"attach_pid": 2**31 - 1}, "^attach_pid: there is no process 2147483647"),
        Bad("attach_pid below one", {"attach_pid": 0}, "^attach_pid: 0 is not the number of a process"),
        Bad("nameserver is no address", {"nameservers": ["dns"]}, "^nameservers: 'dns' is not an IP address"),
        Bad("state is unknown", {"state": "perhaps"}, "state must be one of: present, absent"),
    )

    def options(self, bed: NewBed) -> Options:
        return {"name": bed.name}

    def identity(self, bed: NewBed) -> Options:
        return {"name": bed.name}

    def exists(self, bed: NewBed) -> bool:
        return bed.name in witness.namespaces()


def test_a_new_namespace_has_its_loopback_up(unused_netns: str) -> None:
    succeed("netns", {"name": unused_netns})
    assert witness.succeeds("ping", "-c", "1", "127.0.0.1", netns=unused_netns)


def test_an_existing_namespace_keeps_its_loopback_as_it_is(netns: str) -> None:
    assert_unchanged(succeed("netns", {"name": netns}))
    assert "UP" not in witness.link(netns, "lo")["flags"]


def test_without_ipv6_no_interface_ever_gets_a_link_local_address(bed: NewBed) -> None:
    succeed("netns", {"name": bed.name, "ipv6": False})
    witness.shell("ip", "-n", bed.name, "link", "add", "eth0", "type", "veth", "peer", "eth1")
    witness.shell("ip", "-n", bed.name, "link", "set", "eth0", "up")
    witness.shell("ip", "-n", bed.name, "link", "set", "eth1", "up")
    assert [one for one in witness.link(bed.name, "eth0")["addr_info"] if one["family"] == "inet6"] == []


def test_name_servers_are_those_that_a_process_inside_sees(unused_netns: str) -> None:
    succeed("netns", {"name": unused_netns, "nameservers": ["192.0.2.53"]})
    assert "nameserver 192.0.2.53" in witness.shell("cat", "/etc/resolv.conf", netns=unused_netns)


def test_name_servers_go_with_their_namespace(unused_netns: str) -> None:
    succeed("netns", {"name": unused_netns, "nameservers": ["192.0.2.53"]})
    succeed("netns", {"name": unused_netns, "state": "absent"})
    assert not resolver(unused_netns).parent.exists()


def test_no_name_server_at_all_is_an_empty_list(unused_netns: str) -> None:
    succeed("netns", {"name": unused_netns, "nameservers": []})
    assert servers(unused_netns) == []
    assert_unchanged(succeed("netns", {"name": unused_netns, "nameservers": []}))


def test_files_of_the_user_beside_the_name_servers_stay(unused_netns: str) -> None:
    succeed("netns", {"name": unused_netns, "nameservers": ["192.0.2.53"]})
    (resolver(unused_netns).parent / "hosts").write_text("192.0.2.1 host\n")
    succeed("netns", {"name": unused_netns, "state": "absent"})
    assert [path.name for path in resolver(unused_netns).parent.iterdir()] == ["hosts"]


@pytest.fixture
def process() -> t.Iterator[subprocess.Popen[bytes]]:
    """A process in a namespace without a name, as a container has."""
    running = subprocess.Popen(["unshare", "--net", "sh", "-c", "echo ready; exec sleep 60"], stdout=subprocess.PIPE)
    assert running.stdout is not None
    running.stdout.readline()
    yield running
    running.kill()
    running.communicate()


def test_the_namespace_of_a_process_gets_a_name(unused_netns: str, process: subprocess.Popen[bytes]) -> None:
    options = {"name": unused_netns, "attach_pid": process.pid}
    succeed("netns", options)
    assert os.path.samefile(f"/run/netns/{unused_netns}", f"/proc/{process.pid}/ns/net")
    assert_unchanged(succeed("netns", options))


def test_the_namespace_of_a_process_is_left_as_it_is(unused_netns: str, process: subprocess.Popen[bytes]) -> None:
    succeed("netns", {"name": unused_netns, "attach_pid": process.pid})
    assert "UP" not in witness.link(unused_netns, "lo")["flags"]


def test_the_process_keeps_its_namespace_when_the_name_goes(
    unused_netns: str, process: subprocess.Popen[bytes]
) -> None:
    before = os.stat(f"/proc/{process.pid}/ns/net").st_ino
    succeed("netns", {"name": unused_netns, "attach_pid": process.pid})
    succeed("netns", {"name": unused_netns, "state": "absent"})
    assert unused_netns not in witness.namespaces()
    assert os.stat(f"/proc/{process.pid}/ns/net").st_ino == before


def test_the_far_ends_are_gone_when_a_namespace_has_been_removed(bed: Bed) -> None:
    bed.ip(f"link add near type veth peer far netns {bed.other}")
    succeed("netns", {"name": bed.other, "state": "absent"})
    assert not witness.link(bed.netns, "near")


def test_without_root_it_says_so(unused_netns: str) -> None:
    result = run_program("netns", {"name": unused_netns}, before=("setpriv", "--bounding-set=-net_admin,-sys_admin"))
    assert_clear(result, "root")
    assert unused_netns not in witness.namespaces()


def test_a_name_left_over_from_a_namespace_that_is_gone_is_taken_over(unused_netns: str) -> None:
    pathlib.Path("/run/netns", unused_netns).touch()
    assert succeed("netns", {"name": unused_netns}).changed
    assert witness.link(unused_netns, "lo")
