# SPDX-FileCopyrightText: The virtnet.linux authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""ansible-test sanity, in virtual environments that it makes itself."""

from __future__ import annotations

import os
import re
from pathlib import Path

from .checkout import BUILD, copy_tracked_files
from .environments import Environment, interpreters
from .steps import Step

OLDEST_PYTHON = "3.9"

BOOTSTRAP = """\
import subprocess, sys
subprocess.check_call([sys.executable, "-m", "ensurepip", "--upgrade", "--default-pip"])
"""


def sanity(environment: Environment) -> Step:
    """The whole of sanity with the environment's ansible-core, once in a copy of the collection of its own."""
    provide_pip_bootstrap(environment)
    name = f"ansible-core {environment.ansible_core}, Python {environment.python}"
    command = [environment.program("ansible-test"), "sanity", "--color", "no"]
    command += ["--controller", f"origin:python=venv/{environment.python}"]
    # Modules also run on the oldest Python that a managed host may have: the compile and import tests.
    for version in (OLDEST_PYTHON, environment.python):
        if version in interpreters():
            command += ["--target-python", version]
    workspace = BUILD / f"sanity-{environment.ansible_core}"
    env = dict(environment.variables())
    # It looks for Pythons on the PATH alone, and takes the first that has the name, whether it works or not.
    env["PATH"] = os.pathsep.join([*(str(Path(found).parent) for found in interpreters().values()), env["PATH"]])
    return Step(
        name,
        command,
        env,
        copy_tracked_files(workspace),
        faults="All targets skipped",
        tells=r"^(?!WARNING: Location|FATAL: Command)(ERROR|FATAL|WARNING)|^[a-z-]+$",
    )


def provide_pip_bootstrap(environment: Environment) -> None:
    """Puts a pip bootstrap into ansible-test's cache, unless it has one, so that it needn't download it.

    The file is named after the version of pip that this ansible-test wants, which is pinned in its own sources. Python
    brings a pip of its own, which does as well.
    """
    (pins,) = environment.path.glob("lib/python*/site-packages/ansible_test/_internal/python_requirements.py")
    source = pins.read_text()
    for version in re.findall(r"""['"]?pip['"]?\s*[:=]=?\s*['"](\d+(?:\.\d+)+)['"]""", source):
        cached = Path.home() / ".ansible" / "test" / "cache" / f"get_pip_{version.replace('.', '_')}.py"
        if not cached.exists():
            cached.parent.mkdir(parents=True, exist_ok=True)
            cached.write_text(BOOTSTRAP)
