# SPDX-FileCopyrightText: The virtnet.linux authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab of the scenario that runs, and ways to ask its network that know nothing of this collection."""

from __future__ import annotations

import json
import os
import re
import shlex
import typing as t
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[1]

Options = t.Mapping[str, t.Any]


@dataclass(frozen=True)
class Ping:
    """What ping has said."""

    received: int
    ttls: frozenset[int]
    text: str


@dataclass(frozen=True)
class Lab:
    """A lab that stands on a host.

    :param prefix: what the names of its namespaces begin with.
    """

    host: t.Any
    prefix: str

    def netns(self, name: str) -> str:
        """The real name of one of its namespaces."""
        return f"{self.prefix}{name}"

    def run(self, netns: str | None, command: str) -> str:
        """What a command prints in a namespace, errors included."""
        inside = f"ip netns exec {self.netns(netns)} " if netns else ""
        done = self.host.run(f"{inside}{command}")
        return str(done.stdout + done.stderr)

    def json(self, netns: str, command: str) -> t.Any:
        """What ip or bridge print with -j."""
        program, _space, rest = command.partition(" ")
        return json.loads(self.run(None, f"{program} -n {self.netns(netns)} -d -j {rest}") or "[]")

    def ping(self, options: Options) -> Ping:
        """Ping as a person would."""
        return _read_ping(self.run(options["from"], _ping_command(options)))

    def capture(self, options: Options) -> tuple[list[str], Ping]:
        """The frames that tcpdump sees while somebody pings, and what ping says."""
        pinging = f"ip netns exec {self.netns(options['ping']['from'])} {_ping_command(options['ping'])}"
        script = _CAPTURE.format(
            netns=self.netns(options["netns"]),
            interface=options["interface"],
            filter=shlex.quote(options["filter"]),
            packets=options["packets"],
            ping=pinging,
        )
        frames, _line, ping = self.run(None, f"sh -c {shlex.quote(script)}").partition("=====\n")
        # Its last line is empty, once it has been told to end.
        return [line for line in frames.splitlines() if line], _read_ping(ping)

    def connect(self, options: Options) -> tuple[str, str]:
        """What a client prints that connects by TCP, and from where a server sees it come."""
        script = _CONNECT.format(
            server=self.netns(options["server"]["netns"]),
            server_port=options["server"]["port"],
            client=self.netns(options["from"]),
            address=options["to"],
            port=options["port"],
        )
        client, _line, server = self.run(None, f"sh -c {shlex.quote(script)}").partition("=====\n")
        return client.strip(), server.strip()


_CONNECT = """
folder=$(mktemp -d)
ip netns exec {server} timeout 5 python3 -u -c 'import socket
listening = socket.create_server(("", {server_port}))
print("listens")
connection, peer = listening.accept()
print(peer[0])
connection.sendall(b"hello")' >$folder/server 2>&1 &
for turn in $(seq 100); do grep -qs listens $folder/server && break; sleep 0.05; done
ip netns exec {client} python3 -c 'import socket
print(socket.create_connection(("{address}", {port}), 2).recv(9).decode())' 2>&1 | tail -n 1
kill $! 2>/dev/null; wait $! 2>/dev/null
echo =====; grep -v listens $folder/server
rm -r $folder
"""

# tcpdump is asked when it listens; what it prints is waited for, since it is written later than ping sees its reply.
_CAPTURE = """
folder=$(mktemp -d)
ip netns exec {netns} tcpdump -nn -p -l --immediate-mode -i {interface} {filter} >$folder/frames 2>$folder/log &
for turn in $(seq 100); do grep -qs 'listening on' $folder/log && break; sleep 0.05; done
{ping} >$folder/ping 2>&1
for turn in $(seq 20); do [ $(wc -l <$folder/frames) -gt {packets} ] && break; sleep 0.02; done
kill $!; wait $! 2>/dev/null
cat $folder/frames; echo =====; cat $folder/ping
rm -r $folder
"""


def _ping_command(options: Options) -> str:
    more = f"-I {options['interface']} " if "interface" in options else ""
    return f"ping -n -c {options.get('count', 2)} -i 0.2 -W {options.get('wait', 1)} {more}{options['to']}"


def _read_ping(text: str) -> Ping:
    received = re.search(r"(\d+) received", text)
    return Ping(
        int(received[1]) if received else 0, frozenset(int(ttl) for ttl in re.findall(r"ttl=(\d+)", text)), text
    )


def read_scenario() -> dict[str, t.Any]:
    """The scenario's lab.yml."""
    folder = os.environ.get("MOLECULE_SCENARIO_DIRECTORY")
    if not folder:
        pytest.fail("these tests are run by molecule", pytrace=False)
    return dict(yaml.safe_load(Path(folder, "lab.yml").read_text()))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test that wants a witness runs for each in lab.yml."""
    if "witness" in metafunc.fixturenames:
        found = read_scenario()["witnesses"]
        metafunc.parametrize("witness", found, ids=[_name(witness) for witness in found])


def _name(witness: Options) -> str:
    ((kind, options),) = witness.items()
    return " ".join([kind, *(str(value) for value in options.values() if isinstance(value, (str, int)))])


@pytest.fixture
def scenario() -> dict[str, t.Any]:
    """The scenario's lab.yml."""
    return read_scenario()


@pytest.fixture
def lab(host: t.Any, scenario: dict[str, t.Any]) -> Lab:
    """The lab as it stands."""
    name = f"lab_{scenario['lab']}"
    defaults = yaml.safe_load((ROOT / "roles" / name / "defaults" / "main.yml").read_text())
    return Lab(host, {**defaults, **scenario}[f"{name}_prefix"])
