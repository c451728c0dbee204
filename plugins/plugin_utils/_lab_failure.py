# SPDX-FileCopyrightText: The virtnet.linux authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Says what there is to say about a failed task."""

from __future__ import annotations

import json
import typing as t

TOLD_ELSEWHERE = {
    "ansible_loop_var",
    "attempts",
    "changed",
    "checks",
    "commands",
    "delta",
    "deprecations",
    "diff",
    "end",
    "exception",
    "failed",
    "invocation",
    "msg",
    "start",
    "stderr_lines",
    "stdout_lines",
    "table",
    "unready",
    "warnings",
    "watched",
}
"""Keys of a result that are shown in other ways, or that say nothing about why a task has failed."""

_PREFIXES = ("Task failed: ", "Module failed: ", "Action failed: ")


def failure_lines(result: t.Any) -> list[str]:
    """The message, the place that Ansible points at, and all else that the module has returned."""
    values = result.result
    message = str(values.get("msg") or values.get("censored") or "it failed, and does not say why").strip()
    for prefix in _PREFIXES:
        message = message.removeprefix(prefix)
    lines = message.splitlines()
    if context := _source_context(getattr(result, "exception", None), str(result.task.get_path() or "")):
        lines += ["", *context.rstrip().splitlines(), ""]
    for key, value in values.items():
        if key in TOLD_ELSEWHERE or key.startswith("_ansible") or value in (None, "", [], {}):
            continue
        text = value.strip() if isinstance(value, str) else json.dumps(value, default=str, ensure_ascii=False)
        if "\n" in text:
            lines += [f"{key}:", *(f"  {line}" for line in text.splitlines())]
        else:
            lines.append(f"{key}: {text}")
    return lines


def _source_context(exception: t.Any, task: str) -> str:
    """Where Ansible says that an error comes from, such as the line of an undefined variable.

    A module's own failure comes from the task alone, whose place is shown anyway.

    :param task: the place of the task, as PATH:LINE.
    """
    innermost = ""
    event = getattr(exception, "event", None)
    while event is not None:
        innermost = str(getattr(event, "formatted_source_context", None) or innermost)
        event = getattr(getattr(event, "chain", None), "event", None)
    return "" if f"{task}:" in innermost.partition("\n")[0] else innermost
