# SPDX-FileCopyrightText: The virtnet.linux authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs a module as Ansible does: options in as JSON, a result out as JSON.

In this process, because a new one costs half a second before it does anything. As a program of its own with
`python -m tests.integration.running NAME`, options on standard input.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import os
import re
import subprocess
import sys
import typing as t
from dataclasses import dataclass, field

from ansible.module_utils.common import warnings
from ansible.module_utils.testing import patch_module_args

MODULES = "ansible_collections.virtnet.linux.plugins.modules."


@dataclass(frozen=True)
class Result:
    """What a module returned.

    :param values: everything, also what has no attribute of its own here.
    """

    values: dict[str, t.Any]
    options: dict[str, t.Any] = field(default_factory=dict)

    @property
    def failed(self) -> bool:
        return bool(self.values.get("failed"))

    @property
    def changed(self) -> bool:
        return bool(self.values.get("changed"))

    @property
    def msg(self) -> str:
        return str(self.values.get("msg", ""))

    @property
    def commands(self) -> list[str]:
        return list(self.values["commands"])

    @property
    def diff(self) -> dict[str, t.Any]:
        return dict(self.values["diff"])

    @property
    def warnings(self) -> list[str]:
        return [str(warning) for warning in self.values.get("warnings", ())]

    def __getitem__(self, key: str) -> t.Any:
        return self.values[key]

    def __str__(self) -> str:
        return json.dumps({"options": self.options, "result": self.values}, indent=2)


def run_module(name: str, options: t.Mapping[str, t.Any], check: bool = False, diff: bool = True) -> Result:
    """Run a module; a failed one is returned like any other.

    :param check: in check mode.
    :param diff: in diff mode.
    """
    module = importlib.import_module(MODULES + name)
    arguments = {**options, "_ansible_check_mode": check, "_ansible_diff": diff}
    getattr(warnings, "_global_warnings", {}).clear()  # those of earlier runs in this process are returned again
    printed, warned = io.StringIO(), io.StringIO()
    outputs = (contextlib.redirect_stdout(printed), contextlib.redirect_stderr(warned))
    with outputs[0], outputs[1], patch_module_args(arguments), contextlib.suppress(SystemExit):
        module.main()
    values = json.loads(printed.getvalue())
    # Where the controller's side of Ansible has been imported too, warnings are printed and not returned.
    values.setdefault("warnings", []).extend(re.findall(r"\[WARNING\]: (.*)", warned.getvalue()))
    return Result(values, dict(options))


def run_program(name: str, options: t.Mapping[str, t.Any], before: t.Sequence[str] = (), check: bool = False) -> Result:
    """Run a module in a process of its own.

    :param before: the words before the program, such as those of setpriv(1).
    """
    words = [*before, sys.executable, "-m", "tests.integration.running", name, *(["check"] if check else [])]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    done = subprocess.run(
        words, input=json.dumps(options), capture_output=True, text=True, check=False, timeout=60, env=env
    )
    assert done.stdout, done.stderr
    return Result(json.loads(done.stdout), dict(options))


def succeed(name: str, options: t.Mapping[str, t.Any], check: bool = False) -> Result:
    """Run a module that should not fail."""
    result = run_module(name, options, check)
    assert not result.failed, result.msg
    return result


if __name__ == "__main__":
    print(json.dumps(run_module(sys.argv[1], json.load(sys.stdin), "check" in sys.argv[2:]).values))
