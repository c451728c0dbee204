# SPDX-FileCopyrightText: The virtnet.linux authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbooks as a user runs them, with the callback that shows labs."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import typing as t
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.integration import witness

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Run:
    """What a playbook has come to."""

    status: int
    text: str

    @property
    def changed(self) -> int:
        """How many tasks made changes, as Ansible's own summary has it."""
        return sum(int(number) for number in re.findall(r"changed=(\d+)", self.text))


def play(name: str, *words: str, callback: str = "ansible.builtin.default", **variables: t.Any) -> Run:
    """Run a playbook: one of the collection, or a file by its path."""
    program = Path(sys.executable).with_name("ansible-playbook")
    env = {**os.environ, "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"), "ANSIBLE_STDOUT_CALLBACK": callback}
    playbook = name if os.path.isabs(name) else f"virtnet.linux.{name}"
    command = [str(program), playbook, "-e", json.dumps(variables), *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300, env=env, cwd=ROOT)
    return Run(done.returncode, done.stdout + done.stderr)


def show(name: str, *words: str, **variables: t.Any) -> Run:
    """Run a playbook with the callback that shows labs."""
    return play(name, *words, callback="virtnet.linux.lab", **variables)


def standing(prefix: str) -> list[str]:
    """The namespaces that there are under a prefix."""
    return [name for name in witness.namespaces() if name.startswith(prefix)]


def test_a_lab_is_shown_from_its_drawing_to_its_summary() -> None:
    run = show("lab", lab="router")
    assert run.status == 0, run.text
    assert "router: " in run.text and "┌ ns1" in run.text
    assert re.search(r"✓ ns1 +→ 10\.244\.2\.3 +reachable, ttl 63 +[\d.]+ ms +O21", run.text)
    assert re.search(r"(\d+) of \1 as documented · built in [\d.]+ s · checked in [\d.]+ s · taken down", run.text)
    assert "TASK" not in run.text and "PLAY" not in run.text and "\x1b" not in run.text
    assert not standing("router-")


def test_a_lab_whose_network_is_another_is_shown_to_fail_and_taken_down() -> None:
    # Without a route back, ns2's answers go nowhere.
    run = show("lab", lab="router", lab_router_forwards=0)
    assert run.status != 0
    assert re.search(r"✗ ns1 +→ 10\.244\.2\.3 +timeout; expected reachable", run.text)
    assert "roles/lab_router/tasks/check.yml:" in run.text
    assert "ended at 'As it is built'" in run.text
    assert not standing("router-")


def test_a_lab_that_is_kept_stands_until_it_is_taken_down() -> None:
    try:
        run = show("lab", lab="router", lab_keep=True)
        assert run.status == 0 and "left standing" in run.text, run.text
        assert standing("router-")
    finally:
        down = play("teardown", lab="router")
    assert down.status == 0 and down.changed == 1, down.text
    assert not standing("router-")


def test_a_lab_that_is_unknown_is_answered_with_those_that_there_are() -> None:
    run = show("lab", lab="nonesuch")
    assert run.status != 0
    assert re.search(r"Say which lab: .*\brouter\b", run.text)


def test_labs_run_one_after_the_other_and_go_on_after_one_that_fails() -> None:
    run = show("labs", labs=["router", "proxy_arp"], lab_router_forwards=0)
    assert run.status != 0
    assert re.search(r"router +failed +[\d.]+ s  As it is built: ", run.text), run.text
    assert re.search(r"proxy_arp +passed", run.text)
    assert "1 of 2 labs failed: router" in run.text
    assert not standing("router-") and not standing("proxy-arp-")


def test_a_lab_that_the_machine_cannot_run_is_skipped_with_the_reason() -> None:
    nothing: dict[str, t.Any] = {"kinds": [], "missing": {"veth": "no veth here"}, "modes": {}, "bridge": []}
    nothing |= {"qdiscs": [], "programs": {}, "nat": {"backends": []}, "kernel": {"release": "0.0"}}
    run = show("labs", labs=["router"], lab_machine=nothing)
    assert run.status == 0, run.text
    assert re.search(r"router +skipped .* no veth here", run.text)


def test_the_labs_that_are_asked_for_must_be_there() -> None:
    run = show("labs", labs=["router", "nonesuch"])
    assert run.status != 0 and "There is no lab nonesuch" in run.text


@pytest.fixture
def tutorial() -> t.Iterator[str]:
    """The prefix of the tutorial's namespaces, of which none is left."""
    prefix = "tutorial-"
    yield prefix
    for name in standing(prefix):
        witness.shell("ip", "netns", "del", name)


def test_the_tutorial_builds_asks_and_takes_down(tutorial: str) -> None:
    run = show("tutorial_container")
    assert run.status == 0, run.text
    for question in ("First question", "Second question", "Third question"):
        assert question in run.text
    assert not standing(tutorial)


def test_the_tutorial_can_be_checked_on_a_machine_that_has_none_of_it(tutorial: str) -> None:
    run = play("tutorial_container", "--check")
    assert run.status == 0 and run.changed > 10, run.text
    assert not standing(tutorial)


def test_the_tutorial_stands_as_the_document_says_and_a_second_run_changes_nothing(tutorial: str) -> None:
    first = play("tutorial_container", "--skip-tags", "teardown")
    assert first.status == 0 and first.changed > 10, first.text
    red = f"{tutorial}red"
    assert " ttl=62 " in witness.shell("ping", "-n", "-c", "1", "223.5.5.5", netns=red)
    ports = {entry["ifname"] for entry in witness.ip(f"{tutorial}host", "link", "show", "master", "br0")}
    assert ports == {"veth-red-br", "veth-blue-br"}
    again = play("tutorial_container", "--skip-tags", "teardown")
    assert again.status == 0 and again.changed == 0, again.text
    down = play("tutorial_container", "--tags", "teardown")
    assert down.status == 0 and down.changed == 1, down.text
    assert not standing(tutorial)
    assert play("tutorial_container", "--tags", "teardown").changed == 0


def test_the_playbooks_of_the_readme_do_what_it_says(tmp_path: Path) -> None:
    offices, closing = re.findall(r"```yaml\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    (tmp_path / "offices.yml").write_text(offices)
    (tmp_path / "closing.yml").write_text(closing)
    try:
        tried = play(str(tmp_path / "offices.yml"), "--check")
        assert tried.status == 0 and tried.changed == 1 and not standing("offices-"), tried.text
        built = play(str(tmp_path / "offices.yml"))
        assert built.status == 0 and built.changed == 1, built.text
        assert " ttl=63 " in witness.shell("ping", "-n", "-c", "1", "192.0.2.130", netns="offices-north")
        again = play(str(tmp_path / "offices.yml"))
        assert again.status == 0 and again.changed == 0, again.text
    finally:
        closed = play(str(tmp_path / "closing.yml"))
    assert closed.status == 0 and closed.changed == 1, closed.text
    assert not standing("offices-")
