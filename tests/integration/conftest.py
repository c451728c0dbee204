# SPDX-FileCopyrightText: The virtnet.linux authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Scratch namespaces: a test touches nothing else on the machine."""

from __future__ import annotations

import functools
import gc
import itertools
import os
import pathlib
import shutil
import typing as t

import pytest
from ansible_collections.virtnet.linux.plugins.filter.lacking import lacking

pytest.register_assert_rewrite("tests.integration.lifecycle", "tests.integration.links")

from tests.integration import witness

_numbers = itertools.count()


def pytest_configure(config: pytest.Config) -> None:
    """The mark of tests that not every kernel can run."""
    config.addinivalue_line("markers", "needs(kinds=…): what the machine must have, as the filter `lacking` takes it")


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip what this machine can't run, and say why."""
    for mark in item.iter_markers("needs"):
        if missing := lacking(mark.kwargs, _capabilities()):
            pytest.skip("; ".join(missing))


@functools.cache
def _capabilities() -> dict[str, t.Any]:
    from tests.integration.running import succeed

    return succeed("capabilities_info", {}).values


@pytest.fixture(scope="session", autouse=True)
def as_root() -> None:
    """These tests make network namespaces."""
    if os.geteuid():
        pytest.fail("the integration tests need root")
    gc.freeze()  # what was imported is not looked at again, each time that a test has ended


class Names:
    """Names for namespaces that nobody else uses; whatever exists under them is removed in the end."""

    def __init__(self) -> None:
        self._given: list[str] = []

    def unused(self) -> str:
        """A name of which there is no namespace yet."""
        name = f"vnt{os.getpid()}x{next(_numbers)}"
        self._given.append(name)
        return name

    def made(self) -> str:
        """The name of a new namespace."""
        name = self.unused()
        witness.shell("ip", "netns", "add", name)
        return name

    def adopt(self, name: str) -> None:
        """Clean up under a name that was derived from one given here."""
        self._given.append(name)

    def remove(self) -> None:
        """Remove what exists."""
        gc.collect()  # a socket that nobody holds any more keeps its namespace alive until it is collected
        for name in self._given:
            if os.path.lexists(f"/run/netns/{name}"):
                witness.shell("ip", "netns", "del", name)
            shutil.rmtree(pathlib.Path("/etc/netns", name), ignore_errors=True)


@pytest.fixture
def names() -> t.Iterator[Names]:
    """Names for namespaces, made or not, that are cleaned up after the test."""
    found = Names()
    yield found
    found.remove()


@pytest.fixture
def netns(names: Names) -> str:
    """A new, empty namespace."""
    return names.made()


@pytest.fixture
def unused_netns(names: Names) -> str:
    """A name of which there is no namespace."""
    return names.unused()


@pytest.fixture
def bed(names: Names) -> t.Any:
    """Two new namespaces; see `lifecycle.Bed`."""
    from tests.integration.lifecycle import Bed

    return Bed(names)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """The tables of a module's class: a test for each of its options, and for each bad value."""
    for argument, table in (("setting", "SETTINGS"), ("bad", "BAD")):
        if argument in metafunc.fixturenames and metafunc.cls is not None:
            metafunc.parametrize(argument, getattr(metafunc.cls, table), ids=str)
