# SPDX-FileCopyrightText: The virtnet.linux authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The commands that a topology returns, typed into a shell, build the same network.

So iproute2, nft and iptables are a witness for every operation of the collection. What the comparison
leaves out is listed in networks.py.
"""

from __future__ import annotations

import os
import pathlib
import shutil
import subprocess
import typing as t

import pytest

from tests.integration import networks, witness
from tests.integration.generated import Drawing
from tests.integration.running import run_module, succeed

BUILT, TYPED = (f"vnt{os.getpid()}{which}-" for which in ("built", "typed"))

NAME = TYPED.rstrip("-")


def clear(prefix: str) -> None:
    """Remove a network that was typed."""
    for name in witness.namespaces():
        if name.startswith(prefix):
            witness.shell("ip", "netns", "del", name)
    for folder in pathlib.Path("/etc/netns").glob(f"{prefix}*"):
        shutil.rmtree(folder)


def type_in(commands: t.Sequence[str]) -> bool:
    """Type commands into a shell, with other namespaces; whether all succeeded."""
    script = "\n".join(["set -e", *(command.replace(BUILT, TYPED) for command in commands)])
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=False, timeout=120)
    if done.returncode:
        print(done.stderr)
    return not done.returncode


@pytest.fixture(autouse=True)
def clean() -> t.Iterator[None]:
    """Neither network is left behind."""
    yield
    run_module("topology", {"name": NAME, "state": "absent"})
    clear(TYPED)


def build(seed: int) -> tuple[list[str], networks.Network]:
    """Build a generated topology; its commands and the network."""
    options = {"name": NAME, "prefix": BUILT, "resources": Drawing(seed).draw()}
    result = succeed("topology", options)
    again = succeed("topology", options)
    assert not again.changed, again.commands
    return result.commands, networks.network(BUILT)


@pytest.mark.parametrize("seed", range(1, 13))
def test_the_commands_build_the_same_network(seed: int) -> None:
    commands, built = build(seed)
    assert type_in(commands)
    assert networks.differences(built, networks.network(TYPED)) == []


@pytest.mark.parametrize("seed", [1, 2])
def test_a_command_that_is_left_out_is_noticed(seed: int) -> None:
    commands, built = build(seed)
    unnoticed = []
    for left_out in range(len(commands)):
        rest = commands[:left_out] + commands[left_out + 1 :]
        if type_in(rest) and not networks.differences(built, networks.network(TYPED)):
            unnoticed.append(commands[left_out])
        clear(TYPED)
    assert unnoticed == []
