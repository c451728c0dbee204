# SPDX-FileCopyrightText: The virtnet.linux authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role that puts on a managed host what modules and labs need."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import typing as t
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = yaml.safe_load((ROOT / "roles/prerequisites/vars/main.yml").read_text())["prerequisites_packages"]

debian = pytest.mark.skipif(not Path("/usr/bin/dpkg-query").exists(), reason="this is not a Debian system")


def play(folder: Path, *words: str, **variables: t.Any) -> tuple[int, str]:
    """Run the role in a play of its own."""
    playbook = folder / "play.yml"
    playbook.write_text(
        yaml.safe_dump([{"hosts": "localhost", "gather_facts": False, "roles": ["virtnet.linux.prerequisites"]}])
    )
    program = Path(sys.executable).with_name("ansible-playbook")
    command = [str(program), str(playbook), "-e", json.dumps(variables), *words]
    env = {**os.environ, "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg")}
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300, env=env)
    return done.returncode, done.stdout + done.stderr


@debian
def test_a_debian_machine_that_has_all_is_left_as_it_is(tmp_path: Path) -> None:
    # kmod brings modprobe, which a kernel without modules has no use for.
    names = {"prerequisites_packages": {"Debian": {**PACKAGES["Debian"], "modules": ["nftables", "iptables"]}}}
    status, text = play(tmp_path, prerequisites_pyroute2=False, **names)
    assert status == 0, text
    assert re.search(r"changed=0 ", text), text
    for program in ("nft", "iptables", "ip", "dnsmasq"):
        assert subprocess.run(["sh", "-c", f"command -v {program}"], check=False, capture_output=True).returncode == 0


@debian
def test_check_mode_says_what_would_be_installed(tmp_path: Path) -> None:
    status, text = play(tmp_path, "--check")
    assert status == 0, text
    missing = [name for name in PACKAGES["Debian"]["pyroute2"] if not _installed(name)]
    assert ("changed: [localhost]" in text) == bool(missing or not _installed("kmod")), text
    assert [name for name in PACKAGES["Debian"]["pyroute2"] if not _installed(name)] == missing


def test_an_unknown_distribution_is_told_what_it_needs(tmp_path: Path) -> None:
    status, text = play(tmp_path, ansible_facts={"os_family": "Slackware"})
    assert status != 0
    assert "known for the families Debian and RedHat" in " ".join(text.split())
    assert "pyroute2 0.7.2 or newer" in " ".join(text.split())


def test_the_table_has_what_execution_environments_get() -> None:
    families = {"dpkg": "Debian", "rpm": "RedHat"}
    for line in (ROOT / "bindep.txt").read_text().splitlines():
        name, _space, platform = line.partition(" ")
        for key, family in families.items():
            if name and name != "#" and (not platform or f"platform:{key}" in platform):
                assert name in [known for names in PACKAGES[family].values() for known in names], f"{name} for {family}"


def _installed(package: str) -> bool:
    done = subprocess.run(["dpkg-query", "-W", "-f", "${db:Status-Status}", package], capture_output=True, check=False)
    return done.stdout == b"installed"
