# SPDX-FileCopyrightText: The virtnet.linux authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a person sees of a lab: results go in as Ansible has them, and the text that comes out is compared."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field
from types import SimpleNamespace

import pytest
from ansible_collections.virtnet.linux.plugins.callback import lab as callback

DRAWING = "┌ ns1 ┐      ┌ ns2 ┐\n│     ├──────┤     │\n└─────┘      └─────┘\n"


@dataclass
class Screen:
    """Collects what is displayed."""

    verbosity: int = 0
    columns: int = 80
    lines: list[str] = field(default_factory=list)

    def display(self, text: str, color: str | None = None, **_rest: t.Any) -> None:
        self.lines += text.split("\n")


@dataclass
class Task:
    """As much of a task as is looked at."""

    name: str
    action: str
    entry: str = "check"
    lab: str = "pair"
    loop: t.Any = None
    when: t.Any = None
    vars: dict[str, t.Any] = field(default_factory=dict)
    ignore_errors: bool = False
    delegate_to: str | None = None

    @property
    def resolved_action(self) -> str:
        return self.action

    @property
    def _uuid(self) -> int:
        return id(self)

    @property
    def _role(self) -> t.Any:
        return SimpleNamespace(get_name=lambda: f"virtnet.linux.lab_{self.lab}") if self.lab else None

    def get_name(self) -> str:
        return f"virtnet.linux.lab_{self.lab} : {self.name}"

    def get_path(self) -> str:
        return f"/collection/roles/lab_{self.lab}/tasks/{self.entry}.yml:7"


class Told:
    """A run of a playbook, event by event."""

    def __init__(self, verbosity: int = 0, glyphs: str = "unicode") -> None:
        self.plugin = callback.CallbackModule()
        self.screen = Screen(verbosity)
        self.plugin._display = self.screen
        self.plugin._plugin_options = {"glyphs": glyphs}

    def begin(self, task: Task, *hosts: str) -> None:
        self.plugin.v2_playbook_on_task_start(task, False)
        for host in hosts or ("localhost",):
            self.plugin.v2_runner_on_start(_host(host), task)

    def ok(self, task: Task, host: str = "localhost", **values: t.Any) -> None:
        self.begin(task, host)
        self.plugin.v2_runner_on_ok(_result(task, values, host))

    def failed(self, task: Task, ignore_errors: bool = False, exception: t.Any = None, **values: t.Any) -> None:
        self.begin(task)
        self.plugin.v2_runner_on_failed(_result(task, values, exception=exception), ignore_errors)

    def introduce(self, **more: t.Any) -> None:
        said = {"lab": "pair", "title": "Two namespaces", "document": "003, 4", "drawing": DRAWING, **more}
        self.ok(Task("Introduce it", "ansible.builtin.debug", lab=""), msg=said)

    def end(self, **failures: int) -> str:
        stats = SimpleNamespace(
            processed=dict.fromkeys(failures or {"localhost": 0}, 1),
            summarize=lambda host: {"failures": failures.get(host, 0), "unreachable": 0},
        )
        self.plugin.v2_playbook_on_stats(stats)
        return self.text

    @property
    def text(self) -> str:
        return "\n".join(self.screen.lines)


def _host(name: str) -> t.Any:
    return SimpleNamespace(get_name=lambda: name)


def _result(task: Task, values: dict[str, t.Any], host: str = "localhost", exception: t.Any = None) -> t.Any:
    return SimpleNamespace(task=task, result=values, host=_host(host), exception=exception)


def answer(**facts: t.Any) -> dict[str, t.Any]:
    """A check's result, as the module returns it."""
    usual = {"name": None, "outcome": None, "from": "ns1", "to": "10.0.0.2", "address": "10.0.0.2", "protocol": "icmp"}
    counted = {"port": None, "expected": "reachable", "answer": "reachable", "ok": True, "differences": [], "mac": None}
    found = {"rtt_ms": 0.071, "ttl": 64, "responder": "10.0.0.2", "sent": 2, "received": 2, "duplicates": 0}
    asked = {"address": facts["to"]} if str(facts.get("to", "")).startswith("10.") else {}
    return {**usual, **counted, **found, "peer_sees": None, "detail": None, **asked, **facts}


def silence(**facts: t.Any) -> dict[str, t.Any]:
    nothing = {"answer": "timeout", "rtt_ms": None, "ttl": None, "responder": None, "received": 0}
    return answer(**{**nothing, **facts})


def sighting(frame: str, seen: int, count: int | str = "some", **conditions: t.Any) -> dict[str, t.Any]:
    ok = seen > 0 if count == "some" else seen == count
    return {"name": None, "outcome": None, "frame": frame, "count": count, "seen": seen, "ok": ok, **conditions}


def place(
    *expectations: dict[str, t.Any], frames: t.Sequence[dict[str, t.Any]] = (), **more: t.Any
) -> dict[str, t.Any]:
    usual = {"name": None, "outcome": None, "netns": "host", "interface": "eth0", "lost": 0}
    return {**usual, "frames": list(frames), "expectations": list(expectations), **more}


def asks(name: str = "As it is built", **more: t.Any) -> Task:
    return Task(name, "virtnet.linux.reachability", **more)


def builds(name: str = "Two namespaces are joined", **more: t.Any) -> Task:
    return Task(name, "virtnet.linux.topology", **{"entry": "main", **more})


@pytest.fixture
def told() -> Told:
    return Told()


def test_a_lab_is_told_from_its_title_to_its_summary(told: Told) -> None:
    told.ok(builds(), changed=True, commands=["ip netns add ns1"])
    told.introduce(kernel="Linux 6.18")
    told.ok(asks(), checks=[answer(outcome="O30"), silence(to="10.0.0.99", expected="timeout", name="nobody is there")])
    told.ok(Task("The ends differ", "ansible.builtin.assert", vars={"outcome": "003.32"}), msg="All assertions passed")
    told.ok(Task("Everything goes", "virtnet.linux.topology", entry="teardown"), changed=True)
    lines = told.end().splitlines()
    assert lines[:-1] == [
        "",
        "pair: Two namespaces",
        "document 003, 4",
        "",
        "    ┌ ns1 ┐      ┌ ns2 ┐",
        "    │     ├──────┤     │",
        "    └─────┘      └─────┘",
        "",
        "  · Two namespaces are joined",
        "",
        "  As it is built",
        "    ✓ ns1  → 10.0.0.2   reachable, ttl 64  0.07 ms  O30",
        "    ✓ ns1  → 10.0.0.99  timeout                     nobody is there",
        "    ✓ The ends differ  003.32",
        "",
    ]
    words = lines[-1].strip().split(" · ")
    assert words[0] == "3 of 3 as documented"
    assert words[1].startswith("built in ") and words[2].startswith("checked in ")
    assert words[3:] == ["taken down", "Linux 6.18"]


def test_a_lab_that_is_not_taken_down_is_said_to_stand(told: Told) -> None:
    told.ok(builds())
    told.ok(asks(), checks=[answer()])
    assert "left standing" in told.end()


def test_another_answer_is_shown_with_what_was_expected_and_why(told: Told) -> None:
    wrong = silence(ok=False, differences=["expected reachable, got timeout"], outcome="O30")
    refused = answer(
        to="10.0.0.3",
        expected="timeout",
        answer="network_unreachable",
        ok=False,
        differences=["expected timeout, got network_unreachable"],
        ttl=None,
        rtt_ms=None,
        responder="10.0.0.254",
        received=0,
        detail="the kernel says 'Network is unreachable'",
    )
    told.failed(asks(), checks=[wrong, refused], msg="2 of 2 answers differ:\n…", changed=False)
    lines = told.end(localhost=1).splitlines()
    assert lines[1:9] == [
        "  As it is built",
        "    ✗ ns1  → 10.0.0.2  timeout; expected reachable                             O30",
        "        2 sent, 0 received",
        "    ✗ ns1  → 10.0.0.3  network unreachable, from 10.0.0.254; expected timeout",
        "        2 sent, 0 received",
        "        the kernel says 'Network is unreachable'",
        "      /collection/roles/lab_pair/tasks/check.yml:7",
        "",
    ]
    assert lines[9].startswith("  0 of 2 as documented · ended at 'As it is built'")


def test_a_fact_beside_the_answer_that_differs_is_named(told: Told) -> None:
    told.failed(asks(), checks=[answer(ttl=63, ok=False, differences=["expected ttl 64, got 63"])], msg="…")
    assert "✗ ns1  → 10.0.0.2  reachable, ttl 63; expected ttl 64, got 63  0.07 ms" in told.text


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"to": "www.example.org"}, "ns1  → www.example.org (10.0.0.2)  reachable"),
        (
            {"protocol": "tcp", "port": 80, "ttl": None, "peer_sees": "10.0.0.9"},
            "10.0.0.2 tcp 80  reachable, seen as 10.0.0.9",
        ),
        ({"protocol": "arp", "ttl": None, "mac": "02:00:00:00:00:01"}, "10.0.0.2 arp  reachable, at 02:00:00:00:00:01"),
        ({"duplicates": 2}, "reachable, ttl 64, 2× twice"),
        ({"from": None}, "(here)  → 10.0.0.2"),
    ],
)
def test_an_answer_is_told_with_all_that_is_known_of_it(told: Told, facts: dict[str, t.Any], words: str) -> None:
    told.ok(asks(), checks=[answer(**facts)])
    told.end()
    assert words in told.text


def test_what_a_wire_saw_stands_below_the_answers(told: Told) -> None:
    seen = [
        sighting("icmp_request", 2, 2, source="10.0.0.1", direction="out"),
        sighting("icmp_reply", 0, 0),
        sighting("arp_request", 1, outcome="O03", name="asked once"),
    ]
    told.ok(asks(), checks=[silence(expected="timeout")], watched=[place(*seen, name="the wire")])
    told.end()
    assert told.screen.lines[1:6] == [
        "  As it is built",
        "    ✓ ns1  → 10.0.0.2  timeout",
        "      ✓ host eth0  saw echo request from 10.0.0.1 going out ×2  the wire",
        "      ✓ host eth0  saw no echo reply",
        "      ✓ host eth0  saw ARP request ×1                           asked once  O03",
    ]


def test_frames_that_were_not_expected_are_shown(told: Told) -> None:
    frame = {"direction": "in", "frame": "tcp", "source": "10.0.0.1", "destination": "10.0.0.2", "ttl": 64}
    frames = [{**frame, "source_port": 4000, "destination_port": 80}] * 3
    told.failed(asks(), checks=[answer()], watched=[place(sighting("tcp", 3, 0), frames=frames)], msg="…")
    assert told.screen.lines[-5:-1] == [
        "    ✓ ns1  → 10.0.0.2  reachable, ttl 64  0.07 ms",
        "      ✗ host eth0  saw tcp ×3, expected none",
        "          it saw:",
        "            10.0.0.1:4000 > 10.0.0.2:80  tcp, ttl 64, in ×3",
    ]


def test_a_large_matrix_is_one_line_and_the_pairs_that_differ(told: Told) -> None:
    names = [f"h{number}" for number in range(5)]
    pairs = [(source, to) for source in names for to in names if source != to]
    checks = [answer(**{"from": source, "to": to}) for source, to in pairs]
    checks[3] = silence(**{"from": "h0", "to": "h4"}, ok=False, differences=["expected reachable, got timeout"])
    table = [{"from": source, "to": {to: "reachable" for to in names if to != source}} for source in names]
    told.failed(asks(), checks=checks, table=table, msg="…")
    told.end(localhost=1)
    assert "✓ every pair  19 of 20 as expected" in told.text
    assert "✗ h0  → h4 (10.0.0.2)  timeout; expected reachable" in told.text
    assert "19 of 20 as documented" in told.text


def test_a_failing_assertion_is_shown_with_what_does_not_hold(told: Told) -> None:
    task = Task("The MAC is the veth's", "ansible.builtin.assert", vars={"outcome": "O20"})
    told.failed(task, msg="Assertion failed", assertion="mac == other", evaluated_to=False)
    assert "    ✗ The MAC is the veth's  O20" in told.screen.lines
    assert "        this does not hold: mac == other" in told.screen.lines


def test_a_task_that_names_the_outcome_it_proves_is_a_claim(told: Told) -> None:
    task = Task("A second child is refused", "virtnet.linux.macvlan", loop="{{ modes }}", vars={"outcome": "O36"})
    told.begin(task)
    told.plugin.v2_runner_item_on_ok(_result(task, {"failed_when_result": False, "msg": "Invalid", "item": "vepa"}))
    told.plugin.v2_runner_item_on_failed(
        _result(task, {"failed_when_result": True, "msg": "it works", "item": "bridge"})
    )
    assert "    ✓ A second child is refused (vepa)  O36" in told.screen.lines
    assert "    ✗ A second child is refused (bridge)  O36" in told.screen.lines
    assert "        it works" in told.screen.lines
    assert "1 of 2 as documented" in told.end(localhost=1)


def test_a_module_that_fails_is_shown_whole_even_before_the_lab_is_introduced(told: Told) -> None:
    told.failed(builds(), msg="Task failed: Module failed: resources[0].netns: no\nsecond line", rc=3, changed=False)
    lines = told.end(localhost=1).splitlines()
    assert lines[:5] == [
        "  ✗ Two namespaces are joined",
        "      resources[0].netns: no",
        "      second line",
        "      rc: 3",
        "      /collection/roles/lab_pair/tasks/main.yml:7",
    ]


def test_an_error_of_ansible_is_shown_with_the_place_it_comes_from(told: Told) -> None:
    cause = SimpleNamespace(formatted_source_context="Origin: /x/vars.yml:3:1\n\n3 a: '{{ b }}'", chain=None)
    outer = SimpleNamespace(formatted_source_context="Origin: /x/check.yml:1:1", chain=SimpleNamespace(event=cause))
    told.failed(asks(), msg="Task failed: 'b' is undefined", exception=SimpleNamespace(event=outer))
    assert "      'b' is undefined" in told.screen.lines
    assert "      Origin: /x/vars.yml:3:1" in told.screen.lines
    assert "Origin: /x/check.yml:1:1" not in told.text


def test_a_program_that_fails_is_shown_with_its_output(told: Told) -> None:
    told.failed(
        Task("Run", "ansible.builtin.command", lab=""),
        msg="non-zero return code",
        stdout="a\nb",
        stdout_lines=["a", "b"],
        stderr="oops",
        rc=1,
    )
    assert told.screen.lines[:7] == [
        "  ✗ Run",
        "      non-zero return code",
        "      stdout:",
        "        a",
        "        b",
        "      stderr: oops",
        "      rc: 1",
    ]


def test_a_failure_that_is_ignored_says_so_and_does_not_end_the_story(told: Told) -> None:
    told.failed(builds("It is tried"), ignore_errors=True, msg="no")
    told.ok(asks(), checks=[answer()])
    text = told.end()
    assert "(ignored) /collection/roles/lab_pair/tasks/main.yml:7" in text
    assert "ended at" not in text


def test_rounds_of_a_loop_that_fail_are_shown(told: Told) -> None:
    task = builds("Each", loop="{{ names }}")
    told.begin(task)
    told.plugin.v2_runner_item_on_failed(_result(task, {"msg": "no room", "item": "b"}))
    told.plugin.v2_runner_on_failed(_result(task, {"msg": "One or more items failed", "results": []}))
    assert "  ✗ Each (b)" in told.screen.lines
    assert "      no room" in told.screen.lines
    assert "ended at 'Each (b)'" in told.end(localhost=1)


def test_a_host_that_cannot_be_reached_is_named(told: Told) -> None:
    task = builds()
    told.begin(task)
    told.plugin.v2_runner_on_unreachable(_result(task, {"msg": "ssh: no route", "unreachable": True}, "far"))
    text = told.end()
    assert "✗ Two namespaces are joined: far can't be reached" in text
    assert "ssh: no route" in text


def test_answers_of_several_hosts_are_told_apart(told: Told) -> None:
    task = asks()
    told.begin(task, "one", "two")
    for host in ("one", "two"):
        told.plugin.v2_runner_on_ok(_result(task, {"checks": [answer()]}, host))
    text = told.end()
    assert text.count("As it is built") == 1
    assert "    one:" in told.screen.lines and "    two:" in told.screen.lines
    assert "2 of 2 as documented" in text


def test_quiet_tasks_are_shown_and_commands_typed_with_v() -> None:
    quiet, verbose = Told(), Told(verbosity=1)
    for told in (quiet, verbose):
        told.ok(builds(), changed=True, commands=["ip netns add ns1"])
        told.ok(Task("A fact", "ansible.builtin.set_fact"), changed=False)
        frames = [{"direction": "in", "frame": "arp_request", "source": "10.0.0.1", "destination": "10.0.0.2"}]
        told.ok(asks(), checks=[], watched=[place(sighting("arp_request", 1), frames=frames)])
        told.end()
    assert "A fact" not in quiet.text and "ip netns add" not in quiet.text and "10.0.0.1 >" not in quiet.text
    assert "  · A fact" in verbose.screen.lines
    assert "      ip netns add ns1" in verbose.screen.lines
    assert "          10.0.0.1 > 10.0.0.2  ARP request, in" in verbose.screen.lines


def test_labs_after_each_other_each_have_their_summary(told: Told) -> None:
    for lab in ("pair", "chain"):
        told.ok(builds(lab=lab))
        told.introduce(lab=lab, brief=True)
        told.ok(asks(lab=lab), checks=[answer(), answer()])
        told.ok(Task("Everything goes", "virtnet.linux.topology", entry="teardown", lab=lab))
    lines = [line for line in told.end().splitlines() if line]
    assert [line for line in lines if not line.startswith("  2 of 2 as documented")] == [
        "pair: Two namespaces",
        "document 003, 4",
        "chain: Two namespaces",
        "document 003, 4",
    ]
    assert len(lines) == 6


def test_a_brief_story_still_tells_what_is_not_as_documented(told: Told) -> None:
    told.ok(builds())
    told.introduce(brief=True)
    told.failed(asks(), checks=[answer(), silence(ok=False, differences=["expected reachable, got timeout"])], msg="…")
    assert "  As it is built" in told.screen.lines
    assert "✗ ns1  → 10.0.0.2  timeout; expected reachable" in told.text
    assert "✓" not in told.text


def test_in_check_mode_nothing_was_asked_and_that_is_said(told: Told) -> None:
    task = asks()
    told.begin(task)
    values = {"skipped": True, "msg": "check mode: nothing was sent", "checks": [], "watched": []}
    told.plugin.v2_runner_on_skipped(_result(task, values))
    assert "check mode: nothing was sent" in told.end()


def test_differences_are_shown(told: Told) -> None:
    task = builds()
    told.begin(task)
    diff = {"before": {"mtu": 1500}, "after": {"mtu": 9000}}
    told.plugin.v2_on_file_diff(_result(task, {"changed": True, "diff": diff}))
    told.end()
    assert '      -    "mtu": 1500' in told.text and '      +    "mtu": 9000' in told.text


def test_everything_is_ascii_where_it_has_to_be() -> None:
    told = Told(glyphs="ascii")
    told.ok(builds())
    told.introduce()
    told.ok(asks(), checks=[answer()], watched=[place(sighting("tcp", 2))])
    text = told.end()
    assert text.isascii()
    assert "    + ns1 +      + ns2 +" in text
    assert "    ok ns1  -> 10.0.0.2  reachable, ttl 64  0.07 ms" in text


@pytest.mark.parametrize(("encoding", "plain"), [("utf-8", False), ("ascii", True), ("latin-1", True), (None, True)])
def test_signs_follow_the_encoding_of_the_output(encoding: str | None, plain: bool) -> None:
    assert callback.glyphs_for(encoding).plain is plain


def test_a_message_of_a_playbook_is_shown(told: Told) -> None:
    told.ok(Task("Say", "ansible.builtin.debug", lab=""), msg=["first line", "second line"])
    told.ok(Task("Say", "ansible.builtin.debug", lab=""), msg={"any": "thing"})
    assert told.screen.lines[:2] == ["  first line", "  second line"]
    assert '"any": "thing"' in told.text
