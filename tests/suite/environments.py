# SPDX-FileCopyrightText: The virtnet.linux authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Pythons of this machine, and virtual environments with the versions that the collection has to work with."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from .checkout import BUILD, COLLECTIONS, ROOT, VENV

REQUIREMENTS = ("pytest", "pytest-testinfra", "hypothesis", "pyyaml")


@dataclass(frozen=True)
class Environment:
    """A Python with an ansible-core and a pyroute2."""

    python: str
    ansible_core: str
    pyroute2: str

    def __str__(self) -> str:
        return f"Python {self.python}, ansible-core {self.ansible_core}, pyroute2 {self.pyroute2}"

    @property
    def path(self) -> Path:
        return BUILD / "venvs" / f"{self.python}-{self.ansible_core}-{self.pyroute2}"

    def program(self, name: str) -> str:
        return str(self.path / "bin" / name)

    def variables(self) -> dict[str, str]:
        """The process environment in which its programs run and find the collection."""
        return {
            **os.environ,
            "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS),
            "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
            "ANSIBLE_FORCE_COLOR": "false",
            "PATH": f"{self.path / 'bin'}{os.pathsep}{os.environ['PATH']}",
            "VIRTUAL_ENV": str(self.path),
        }

    def available(self) -> bool:
        return self.python in interpreters()

    def make(self) -> None:
        """Makes the environment, unless it is there already."""
        own = ("ansible-core", "pyroute2")
        constraints = "\n".join(line for name, line in _constraints().items() if name not in own)
        stamp = self.path / "made"
        content = hashlib.sha256(f"{constraints}{REQUIREMENTS}".encode()).hexdigest()
        if stamp.exists() and stamp.read_text() == content:
            return
        make = [interpreters()[self.python], "-m", "venv", "--clear", str(self.path)]
        subprocess.run(make, check=True)
        constraints_file = self.path / "constraints.txt"
        constraints_file.write_text(constraints)
        install = [self.program("python"), "-m", "pip", "install", "-qq", "--disable-pip-version-check"]
        wanted = [f"ansible-core=={self.ansible_core}", f"pyroute2=={self.pyroute2}", *REQUIREMENTS]
        subprocess.run([*install, "--constraint", str(constraints_file), *wanted], check=True)
        stamp.write_text(content)


class Development(Environment):
    """The environment in .venv, which set-up has made: the newest of all that this Python can have."""

    @property
    def path(self) -> Path:
        return VENV

    def available(self) -> bool:
        return True

    def make(self) -> None:
        pass


def _constraints() -> dict[str, str]:
    lines = (ROOT / "constraints.txt").read_text().split()
    return {line.partition("==")[0].lower(): line for line in lines}


def _pinned(package: str) -> str:
    return _constraints()[package].partition("==")[2]


@cache
def interpreters() -> dict[str, str]:
    """A working interpreter for each version of Python that is found: 3.11 → its path.

    pyenv puts a shim for each of its Pythons on the PATH, of which only the active ones work; the others are looked up
    in its own folder.
    """
    found = {}
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    for minor in range(9, 15):
        version = f"3.{minor}"
        in_pyenv = sorted(str(path) for path in pyenv.glob(f"{version}.*/bin/python{version}"))
        for candidate in filter(None, [shutil.which(f"python{version}"), *in_pyenv]):
            probe = [candidate, "-c", "import sys, ensurepip; print(sys.executable)"]
            answer = subprocess.run(probe, capture_output=True, text=True, check=False)
            if answer.returncode == 0:
                found[version] = answer.stdout.strip()
                break
    return found


def _python_of_venv() -> str:
    print_version = "import sys; print('%d.%d' % sys.version_info[:2])"
    python = str(VENV / "bin" / "python")
    return subprocess.run([python, "-c", print_version], check=True, capture_output=True, text=True).stdout.strip()


DEVELOPMENT = Development(_python_of_venv(), _pinned("ansible-core"), _pinned("pyroute2"))
# Debian 12's pyroute2, the oldest to support.
OLDEST = Environment("3.11", _pinned("ansible-core"), "0.7.2")
CORE_2_20 = Environment("3.12", "2.20.10", _pinned("pyroute2"))
CORE_2_21 = Environment("3.13", "2.21.5", _pinned("pyroute2"))
