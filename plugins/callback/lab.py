# SPDX-FileCopyrightText: The virtnet.linux authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Shows a lab as a person wants to see it."""

from __future__ import annotations

DOCUMENTATION = r"""
name: lab
type: stdout
short_description: A lab as a story, with its drawing, what answered, and a summary
version_added: 0.1.0
author:
  - The virtnet.linux authors (@virtnet)
description:
  - Shows what a lab claims and what the network answered, a line for each, in place of a line for each task.
  - Everything that M(virtnet.linux.reachability) asked is shown with its answer, and so is what it saw on the wires.
    A task of a lab that asserts, or that names in its variable C(outcome) what it proves, is a line of its own, and
      its name is the claim. Other tasks are one line.
  - Failures are shown whole, of every module, and with the place in the playbook. So are errors of Ansible itself.
  - With C(-v) the commands are shown that a person would have typed, with what was seen on every wire, and tasks that
    are otherwise left out. With C(-vvv) results are shown whole.
  - Without a terminal, or with E(NO_COLOR), the text has no colours.
requirements:
  - set as stdout in configuration
options:
  glyphs:
    description:
      - The signs that lines and drawings are made of.
      - V(auto) takes those of Unicode where the encoding of the output has them.
    type: str
    choices: [auto, unicode, ascii]
    default: auto
    env:
      - name: VIRTNET_LAB_GLYPHS
    ini:
      - section: callback_lab
        key: glyphs
"""

EXAMPLES = r"""
# ANSIBLE_STDOUT_CALLBACK=virtnet.linux.lab ansible-playbook virtnet.linux.lab -e lab=bridge_nat

# Or in ansible.cfg:
# [defaults]
# stdout_callback = virtnet.linux.lab
"""

import os
import sys
import textwrap
import time
import typing as t

from ansible import constants as C
from ansible.playbook.task_include import TaskInclude
from ansible.plugins.callback import CallbackBase
from ansible.utils.color import stringc
from ansible_collections.virtnet.linux.plugins.plugin_utils._lab_failure import failure_lines
from ansible_collections.virtnet.linux.plugins.plugin_utils._lab_glyphs import ASCII, UNICODE, Glyphs, glyphs_for
from ansible_collections.virtnet.linux.plugins.plugin_utils._lab_lines import Line, aligned, answers
from ansible_collections.virtnet.linux.plugins.plugin_utils._lab_story import CHECK, TEARDOWN, Story, lab_of, phase_of

SILENT = {"assert", "find", "gather_facts", "include_vars", "meta", "set_fact", "setup", "validate_argument_spec"}
"""Modules that have nothing to say to somebody who looks at a lab."""


class CallbackModule(CallbackBase):
    """Turns Ansible's events into the story of a lab."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "stdout"
    CALLBACK_NAME = "virtnet.linux.lab"

    def __init__(self) -> None:
        super().__init__()
        self._story = Story()
        self._hosts: set[str] = set()
        self._heading = ""
        self._open = False
        self._since = time.monotonic()

    # What begins

    def v2_playbook_on_play_start(self, play: t.Any) -> None:
        """A play has a heading only for those who want to know more."""
        self._hosts = set()
        if self._display.verbosity:
            self._say(f"play: {play.get_name()}")

    def v2_playbook_on_task_start(self, task: t.Any, is_conditional: bool) -> None:
        """Enter the story that the task belongs to."""
        self._since = time.monotonic()
        lab = lab_of(task)
        if lab:
            phase = phase_of(task, self._story.phase)
            if lab != self._story.lab or (self._story.phase == TEARDOWN and phase != TEARDOWN):
                self._close_story()
                self._story = Story(lab)
            self._story.enter(phase)
        elif self._story.phase == TEARDOWN:
            self._close_story()
        if self._display.verbosity >= 2:
            self._print_task_path(task)
        # What takes seconds says beforehand what it is about.
        if _module(task) == "reachability" and not task.when and not self._story.brief:
            self._head(_name(task), task)

    def v2_playbook_on_handler_task_start(self, task: t.Any) -> None:
        """A handler is a task like any other."""
        self.v2_playbook_on_task_start(task, False)

    def v2_runner_on_start(self, host: t.Any, task: t.Any) -> None:
        """Hosts are named once there are several."""
        self._hosts.add(host.get_name())

    # What has gone well

    def v2_runner_on_ok(self, result: t.Any) -> None:
        """Say what the task has to say."""
        self._spend()
        if not (result.task.loop and "results" in result.result):
            self._succeed(result)

    def v2_runner_item_on_ok(self, result: t.Any) -> None:
        """A round of a loop is told like a task."""
        self._succeed(result, f" ({self._get_item_label(result.result)})")

    def v2_runner_on_skipped(self, result: t.Any) -> None:
        """Skipping is the play's own business, unless it is check mode that keeps a module from asking."""
        self._spend()
        self._handle_warnings(result.result)
        name = _name(result.task)
        if _module(result.task) == "reachability" and "checks" in result.result:
            self._head(name, result.task)
            self._line(f"    {result.result.get('msg', 'skipped')}", C.COLOR_SKIP)
        elif self._display.verbosity:
            reason = result.result.get("false_condition") or result.result.get("skip_reason") or ""
            self._line(f"  {self._glyphs.step} {name}: skipped {reason}".rstrip(), C.COLOR_SKIP)

    def v2_on_file_diff(self, result: t.Any) -> None:
        """Show differences, as --diff asks for."""
        results = result.result.get("results") if result.task.loop else None
        for found in results if isinstance(results, list) else [result.result]:
            if found.get("diff") and found.get("changed") and (text := self._get_diff(found["diff"])):
                self._step(_name(result.task), result)
                self._line(textwrap.indent(text.rstrip("\n"), "      "))

    # What has not

    def v2_runner_on_failed(self, result: t.Any, ignore_errors: bool = False) -> None:
        """Show the whole failure; of a loop, its rounds have shown theirs."""
        self._spend()
        if result.task.loop and "results" in result.result:
            self._story.fail(_name(result.task))
            return
        self._fail(result, ignore_errors)

    def v2_runner_item_on_failed(self, result: t.Any) -> None:
        """Show the failure of one round of a loop."""
        self._fail(result, bool(result.task.ignore_errors), f" ({self._get_item_label(result.result)})")

    def v2_runner_on_unreachable(self, result: t.Any) -> None:
        """Say which host can't be reached, and why."""
        self._spend()
        self._handle_warnings(result.result)
        name = _name(result.task)
        self._line(f"  {self._glyphs.broken} {name}: {self.host_label(result)} can't be reached", C.COLOR_UNREACHABLE)
        self._line(textwrap.indent("\n".join(failure_lines(result)), "      "), C.COLOR_UNREACHABLE)
        self._story.fail(name)

    def v2_runner_retry(self, result: t.Any) -> None:
        """A retry is no failure yet."""
        left = result.result.get("retries", 0) - result.result.get("attempts", 0)
        self._line(f"  {self._glyphs.step} {_name(result.task)}: again, {left} attempts left", C.COLOR_DEBUG)

    def v2_playbook_on_no_hosts_matched(self) -> None:
        """Nothing will happen."""
        self._say("no hosts matched", C.COLOR_SKIP)

    def v2_playbook_on_no_hosts_remaining(self) -> None:
        """All hosts have failed, and have said so."""

    def v2_playbook_on_stats(self, stats: t.Any) -> None:
        """Close with the summary, and with what went wrong outside of any lab."""
        self._close_story()
        for host in sorted(stats.processed):
            counted = stats.summarize(host)
            wrong = {key: counted[key] for key in ("failures", "unreachable") if counted[key]}
            if wrong and len(stats.processed) > 1:
                said = ", ".join(f"{number} {key}" for key, number in wrong.items())
                self._say(f"  {host}: {said}", C.COLOR_ERROR)

    # How it is told

    @property
    def _glyphs(self) -> Glyphs:
        wanted = self._plugin_options.get("glyphs", "auto")
        return {"unicode": UNICODE, "ascii": ASCII}.get(wanted) or glyphs_for(getattr(sys.stdout, "encoding", None))

    def _succeed(self, result: t.Any, item: str = "") -> None:
        self._handle_warnings(result.result)
        task, values, module = result.task, result.result, _module(result.task)
        if isinstance(task, TaskInclude) or module == "include_role":
            return
        name = f"{_name(task)}{item}"
        verbose = self._display.verbosity > 0
        if module == "debug":
            self._debug(result)
        elif module == "reachability" and "checks" in values:
            if not self._story.brief:
                self._head(name, task)
            self._claims(answers(values, self._glyphs, verbose), result)
        elif _is_claim(task):
            self._claims([Line(True, (name,), _outcome(task))], result)
        elif verbose or not self._is_quiet(module):
            self._step(name, result)
        if verbose:
            for command in values.get("commands") or ():
                self._line(f"      {command}", C.COLOR_VERBOSE)
        if self._display.verbosity >= 3:
            self._line(textwrap.indent(self._dump_results(values, indent=2), "      "), C.COLOR_VERBOSE)

    def _is_quiet(self, module: str) -> bool:
        """Whether a task that went well is left out. Taking down is a word in the summary."""
        return module in SILENT or module.endswith("_info") or self._story.phase == TEARDOWN or self._story.brief

    def _fail(self, result: t.Any, ignored: bool, item: str = "") -> None:
        self._handle_warnings(result.result)
        task, values, module = result.task, result.result, _module(result.task)
        name = f"{_name(task)}{item}"
        self._release()
        if values.get("checks") and module == "reachability":
            self._head(name, task)
            self._claims(answers(values, self._glyphs, self._display.verbosity > 0), result)
        elif module == "assert" and "assertion" in values and lab_of(task):
            evidence = (*str(values["msg"]).splitlines(), f"this does not hold: {values['assertion']}")
            self._claims([Line(False, (name,), _outcome(task), evidence)], result)
        elif _is_claim(task):
            self._claims([Line(False, (name,), _outcome(task), tuple(failure_lines(result)))], result)
        else:
            self._step(name, result, self._glyphs.broken, C.COLOR_ERROR)
            for line in failure_lines(result):
                self._line(f"      {line}", C.COLOR_ERROR)
        self._line(f"      {'(ignored) ' if ignored else ''}{_place(task)}", C.COLOR_DEBUG)
        if self._display.verbosity >= 3:
            self._handle_exception(values)
            self._line(textwrap.indent(self._dump_results(values, indent=2), "      "), C.COLOR_VERBOSE)
        if not ignored:
            self._story.fail(name)

    def _debug(self, result: t.Any) -> None:
        values = result.result
        self._clean_results(values, result.task.action)
        said = values.get("msg")
        if isinstance(said, dict) and {"lab", "title", "drawing"} <= said.keys():
            self._introduce(said)
            return
        if isinstance(said, list) and all(isinstance(line, str) for line in said):
            said = "\n".join(said)
        if not isinstance(said, str):
            said = self._dump_results(values if said is None else {"msg": said}, indent=2)
        self._line(textwrap.indent(said.rstrip("\n"), "  "))

    def _introduce(self, said: t.Mapping[str, t.Any]) -> None:
        """The lab's title, where it is from, and its drawing."""
        story = self._story
        story.title, story.introduced, story.brief = str(said["title"]), True, bool(said.get("brief"))
        story.kernel = str(said.get("kernel") or "")
        self._say()
        self._say(f"{said['lab']}: {story.title}", C.COLOR_HIGHLIGHT)
        if said.get("document"):
            self._say(f"document {said['document']}", C.COLOR_DEBUG)
        if story.brief:
            story.waiting.clear()
            return
        self._say()
        self._say(textwrap.indent(self._glyphs.drawing(str(said["drawing"]).rstrip("\n")), "    "))
        self._release()

    def _claims(self, lines: t.Sequence[Line], result: t.Any) -> None:
        """Lines with a sign each, counted for the summary."""
        if len(self._hosts) > 1:
            self._line(f"    {self.host_label(result)}:")
        for line, text in zip(lines, aligned(lines)):
            if line.ok:
                self._story.kept += line.claims
            else:
                self._story.broken += line.claims
            if line.ok and self._story.brief:
                continue
            sign, color = (self._glyphs.kept, C.COLOR_OK) if line.ok else (self._glyphs.broken, C.COLOR_ERROR)
            indent = "      " if len(line.columns) == 2 else "    "
            self._line(f"{indent}{stringc(sign, color)} {text if line.ok else stringc(text, color)}")
            for evidence in line.evidence:
                self._line(f"{indent}    {evidence}", C.COLOR_DEBUG if line.ok else C.COLOR_ERROR)
        self._open = True

    def _head(self, name: str, task: t.Any) -> None:
        """A small heading, once a task."""
        if self._heading == task._uuid:
            return
        self._heading = task._uuid
        self._line("")
        self._line(f"  {name}", C.COLOR_HIGHLIGHT)
        self._open = True

    def _step(self, name: str, result: t.Any, sign: str = "", color: str | None = None) -> None:
        """One line for a task."""
        if self._open:
            self._line("")
            self._open = False
        host = f" [{self.host_label(result)}]" if len(self._hosts) > 1 else ""
        self._line(f"  {sign or self._glyphs.step} {name}{host}", color)

    def _line(self, text: str, color: str | None = None) -> None:
        """Say it now, or, before a lab has been introduced, when it has been."""
        text = stringc(text, color) if color and text else text
        if self._story.lab and not self._story.introduced:
            self._story.waiting.append(text)
        else:
            self._say(text)

    def _release(self) -> None:
        """Say what had to wait."""
        self._story.introduced = True
        if self._story.waiting and self._story.waiting[0]:
            self._say()
        for text in self._story.waiting:
            self._say(text)
        self._story.waiting.clear()

    def _say(self, text: str = "", color: str | None = None) -> None:
        self._display.display(text, color=color)

    def _spend(self) -> None:
        now = time.monotonic()
        self._story.spend(now - self._since)
        self._since = now

    def _close_story(self) -> None:
        story = self._story
        if story.lab:
            self._release()
            if CHECK in story.seconds or story.failed_at or self._display.verbosity:
                self._say()
                color = C.COLOR_ERROR if story.broken or story.failed_at else C.COLOR_OK
                self._say(f"  {story.summary(self._glyphs)}", color)
        self._story = Story()


def _name(task: t.Any) -> str:
    """A task's name without that of its role."""
    return str(task.name or task.get_name()).strip()


def _is_claim(task: t.Any) -> bool:
    """Whether a task says by itself that something is as documented: it asserts, or names what it proves."""
    return bool(lab_of(task)) and (_module(task) == "assert" or bool(_outcome(task)))


def _outcome(task: t.Any) -> str:
    return str((task.vars or {}).get("outcome") or "")


def _module(task: t.Any) -> str:
    """The name of the task's module, without its collection."""
    return str(getattr(task, "resolved_action", None) or task.action).rpartition(".")[2]


def _place(task: t.Any) -> str:
    """Where the task is written: a path that is as short as it can be, and the line."""
    path, colon, line = str(task.get_path() or "").rpartition(":")
    path = os.path.realpath(path)
    below = os.path.relpath(path)
    return f"{path if below.startswith('..') else below}{colon}{line}"
