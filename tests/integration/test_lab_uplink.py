# SPDX-FileCopyrightText: The virtnet.linux authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Labs that go out by an interface of the machine, run on a machine that is a namespace.

Ansible itself runs inside it, so that a lab takes it for the machine:

┌ machine ────────────┐      ┌ lan ─────────────────────┐
│ 192.0.2.10     eth0 ├──────┤ eth0 192.0.2.1           │
└─────────────────────┘      │ lo   198.51.100.53       │
  default via 192.0.2.1      └──────────────────────────┘
"""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys
import typing as t
from dataclasses import dataclass, field

import pytest

from tests.integration import witness
from tests.integration.conftest import Names

MACHINE, LAN, FAR = "192.0.2.10", "192.0.2.1", "198.51.100.53"
TIME_LIMIT = 120  # seconds


@dataclass(frozen=True)
class Lab:
    """A lab that takes an uplink.

    :param namespace: from which of its namespaces the lab reaches the world.
    :param variables: what a user gives beside the uplink's name.
    """

    name: str
    namespace: str
    variables: dict[str, t.Any] = field(default_factory=dict)

    @property
    def role(self) -> str:
        return f"lab_{self.name}"


LABS = [
    Lab("masquerade", "ns1", {"lab_masquerade_target": FAR}),
    Lab("bridge_nat", "liuye", {"lab_bridge_nat_address_internet": f"{FAR}/32", "lab_bridge_nat_name": ""}),
    Lab(
        "macvlan",
        "liuye1",
        {
            "lab_macvlan_address_host": f"{MACHINE}/24",
            "lab_macvlan_address_child1": "192.0.2.11/24",
            "lab_macvlan_address_child2": "192.0.2.12/24",
            "lab_macvlan_address_host_child": "192.0.2.13/24",
            "lab_macvlan_address_gateway": f"{LAN}/24",
            "lab_macvlan_address_internet": f"{FAR}/32",
        },
    ),
]


@pytest.fixture
def machine(names: Names) -> str:
    """A namespace that is like a machine on a LAN: an eth0, a default route, and forwarding off."""
    machine, lan = names.made(), names.made()
    for netns in (machine, lan):
        witness.shell("sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=1", netns=netns)
        witness.shell("sysctl", "-qw", "net.ipv6.conf.default.disable_ipv6=1", netns=netns)
        witness.shell("sysctl", "-qw", "net.ipv4.ip_forward=0", netns=netns)
        witness.shell("ip", "link", "set", "lo", "up", netns=netns)
    witness.shell("ip", "link", "add", "eth0", "type", "veth", "peer", "name", "eth0", "netns", lan, netns=machine)
    for netns, address in ((machine, MACHINE), (lan, LAN)):
        witness.shell("ip", "address", "add", f"{address}/24", "dev", "eth0", netns=netns)
        witness.shell("ip", "link", "set", "eth0", "up", netns=netns)
    witness.shell("ip", "address", "add", f"{FAR}/32", "dev", "lo", netns=lan)
    witness.shell("ip", "route", "add", "default", "via", LAN, netns=machine)
    return machine


def play(machine: str, playbook: str, lab: Lab, prefix: str, **variables: t.Any) -> str:
    """Run a playbook inside a namespace; what it printed.

    By nsenter and not by `ip netns exec`, whose mounts would hide the lab's namespaces from everybody else.
    """
    given = {
        "lab": lab.name,
        f"{lab.role}_uplink": "eth0",
        f"{lab.role}_prefix": prefix,
        "ansible_python_interpreter": sys.executable,
        **lab.variables,
        **variables,
    }
    program = pathlib.Path(sys.executable).with_name("ansible-playbook")
    done = subprocess.run(
        ["nsenter", f"--net=/run/netns/{machine}", program, playbook, "-e", json.dumps(given)],
        env={**os.environ, "ANSIBLE_STDOUT_CALLBACK": "ansible.builtin.default"},
        capture_output=True,
        text=True,
        check=False,
        timeout=TIME_LIMIT,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def state(machine: str, prefix: str) -> dict[str, t.Any]:
    """What a lab could leave behind."""
    forwarding = ("net/ipv4/ip_forward", "net/ipv4/conf/eth0/forwarding", "net/ipv4/conf/default/forwarding")
    return {
        **witness.everything(machine),
        "sysctls": {key: witness.sysctl(machine, key) for key in forwarding},
        "nftables": witness.shell("nft", "list", "ruleset", netns=machine),
        "resolver": pathlib.Path("/etc/resolv.conf").read_bytes(),
        "namespaces": [name for name in witness.namespaces() if name.startswith(prefix)],
    }


@pytest.mark.parametrize("lab", LABS, ids=lambda lab: lab.name)
def test_lab_goes_out_by_the_machine_s_own_interface_and_leaves_no_trace(lab: Lab, machine: str, names: Names) -> None:
    prefix = f"{names.unused()}-"
    before = state(machine, prefix)
    try:
        play(machine, "virtnet.linux.lab", lab, prefix, lab_keep=True)
        assert witness.succeeds("ping", "-c1", "-W2", FAR, netns=f"{prefix}{lab.namespace}")
        assert state(machine, prefix) != before
    finally:
        play(machine, "virtnet.linux.teardown", lab, prefix)
    assert state(machine, prefix) == before
