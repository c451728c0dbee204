# SPDX-FileCopyrightText: The virtnet.linux authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stages of `make test`, in their order."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator

from . import ansible_test, scenarios
from .checkout import BUILD, copy_tracked_files
from .environments import CORE_2_20, CORE_2_21, DEVELOPMENT, OLDEST, Environment
from .steps import Stage, Step


def _made(environments: Iterable[Environment]) -> Iterator[Environment]:
    """Those environments that this machine has a Python for, made; says which are left out."""
    for environment in environments:
        if environment.available():
            environment.make()
            yield environment
        else:
            print(f"   not with {environment}: this machine has no Python {environment.python}", flush=True)


def lint() -> list[Step]:
    def tool(name: str, needs: str | None = None) -> Step:
        program, *words = name.split()
        return Step(name, [DEVELOPMENT.program(program), *words], DEVELOPMENT.variables(), needs=needs)

    return [
        tool("ansible-lint"),
        tool("mypy --package ansible_collections.virtnet.linux.plugins", needs="plugins/**/*.py"),
        tool("mypy --package tests.suite"),
        tool("ruff check"),
        tool("ruff format --check"),
        tool("yamllint --strict ."),
        # In a copy, since it takes what git ignores below a folder that is still untracked for sources.
        Step("reuse lint", [DEVELOPMENT.program("reuse"), "lint"], cwd=copy_tracked_files(BUILD / "reuse")),
        tool("antsibull-changelog lint"),
    ]


def _pytest(environment: Environment, folder: str) -> Step:
    return Step(
        str(environment),
        [environment.program("python"), "-m", "pytest", "-q", "-rs", "--color=no", folder],
        environment.variables(),
        needs=f"{folder}/**/test_*.py",
    )


def unit() -> list[Step]:
    return [_pytest(environment, "tests/unit") for environment in _made([DEVELOPMENT, OLDEST, CORE_2_20, CORE_2_21])]


def sanity() -> list[Step]:
    return [ansible_test.sanity(environment) for environment in _made([DEVELOPMENT, CORE_2_21])]


def package() -> list[Step]:
    collection = copy_tracked_files(BUILD / "package")
    dist = BUILD / "dist"
    shutil.rmtree(dist, ignore_errors=True)
    tarball = str(dist / "virtnet-linux-*.tar.gz")
    env = DEVELOPMENT.variables()
    galaxy = f"{DEVELOPMENT.program('ansible-galaxy')} collection"
    importer = f"{DEVELOPMENT.program('python')} -m galaxy_importer.main"
    # Away from the checkout and its configuration, as on a user's machine.
    installed = {**env, "ANSIBLE_COLLECTIONS_PATH": str(BUILD / "installed")}
    installed["ANSIBLE_STDOUT_CALLBACK"] = "virtnet.linux.lab"
    del installed["ANSIBLE_CONFIG"]
    labs = [DEVELOPMENT.program("ansible-playbook"), "virtnet.linux.labs"]
    return [
        Step("build", ["sh", "-c", f"{galaxy} build --output-path {dist}"], env, collection),
        Step("install", ["sh", "-c", f"{galaxy} install --offline -p {BUILD / 'installed'} --force {tarball}"], env),
        Step("galaxy-importer", ["sh", "-c", f"{importer} {tarball}"], env, BUILD, faults=r"^(WARNING|ERROR|CRITICAL)"),
        Step("the installed labs", labs, installed, BUILD),
        Step("the installed labs again", labs, installed, BUILD),
    ]


def integration() -> list[Step]:
    return [_pytest(environment, "tests/integration") for environment in _made([DEVELOPMENT, OLDEST])]


STAGES = (
    Stage("lint", "style, types, licences and changelog", lint, workers=2),
    Stage("unit", "planning and comparison, with each version of what the collection stands on", unit, workers=2),
    Stage("sanity", "ansible-test sanity, nothing ignored", sanity, workers=2),
    Stage("package", "the collection as a user installs it", package),
    Stage("integration", "module by module on the running kernel", integration),
    Stage("molecule", "lab by lab", scenarios.steps),
)
