# SPDX-FileCopyrightText: The virtnet.linux authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every module promises: check mode predicts, a run changes, a second run doesn't, a bad value is told in words.

A module's tests are a class below `Lifecycle` that says what to make and what to look at, with a table of its options
and a table of what can go wrong.
"""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass

from tests.integration import witness
from tests.integration.conftest import Names
from tests.integration.running import Result, run_module, succeed

Options = dict[str, t.Any]


class Bed:
    """Two new namespaces to act in."""

    def __init__(self, names: Names) -> None:
        self.names = names
        self.netns, self.other = names.made(), names.made()

    def ip(self, words: str, netns: str | None = None) -> None:
        """Type a command of iproute2 in the first namespace, or in another one."""
        witness.shell("ip", "-n", netns or self.netns, *words.split())

    def seen(self) -> dict[str, t.Any]:
        """All that there is, to see that nothing has changed."""
        return {name: witness.everything(name) for name in (self.netns, self.other)}


@dataclass(frozen=True)
class Setting:
    """An option that can be changed and changed back.

    :param values: two of its values.
    :param look: what an independent witness sees of it.
    :param seen: what that is for each of the values, if not the values themselves.
    :param beside: options that are given along with it; like `option` they may be within another.
    """

    option: str
    values: tuple[t.Any, t.Any]
    look: t.Callable[[Bed], t.Any]
    seen: tuple[t.Any, t.Any] | None = None
    beside: t.Mapping[str, t.Any] | None = None

    def __str__(self) -> str:
        return self.option

    def expected(self, which: int) -> t.Any:
        return (self.seen or self.values)[which]

    def merged(self, options: Options, which: int) -> Options:
        """Options with this one among them, which may be one within another: "peer.mtu"."""
        for path, value in {**(self.beside or {}), self.option: self.values[which]}.items():
            options = _with(options, path.split("."), value)
        return given(options)


def _with(options: Options, path: t.Sequence[str], value: t.Any) -> Options:
    first, *rest = path
    return {**options, first: _with(options.get(first) or {}, rest, value) if rest else value}


@dataclass(frozen=True)
class Bad:
    """Options that can't be met.

    :param options: in addition to the module's own; None takes one of these away.
    :param sentence: a pattern that what the module says must have.
    """

    label: str
    options: t.Mapping[str, t.Any]
    sentence: str
    there: bool = False
    """Whether the thing exists already."""

    def __str__(self) -> str:
        return self.label


def given(options: t.Mapping[str, t.Any]) -> Options:
    """Options without those that are None, which a playbook would not write either."""
    return {name: value for name, value in options.items() if value is not None}


# What the kernel changes by itself a moment after a link is up: its state, and link-local addresses.
PASSING = ("operstate", "carrier", "addresses")


def lasting(found: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """What a module returned, without what may be different a moment later."""
    kept = {name: value for name, value in found.items() if name not in PASSING}
    return {name: lasting(value) if isinstance(value, dict) else value for name, value in kept.items()}


def assert_clear(result: Result, sentence: str) -> None:
    """See that a module failed with one sentence that says this."""
    assert result.failed, result
    assert re.search(sentence, result.msg), result.msg
    assert "Traceback" not in str(result.values)
    assert "\n" not in result.msg
    assert len(result.msg) < 400, result.msg


def assert_unchanged(result: Result) -> None:
    """See that a module found nothing to do."""
    assert not result.changed, result
    assert result.commands == []
    assert result.diff["before"] == result.diff["after"]


class Lifecycle:
    """The tests that every module passes."""

    module: str
    SETTINGS: t.Sequence[Setting] = ()
    BAD: t.Sequence[Bad] = ()

    def prepare(self, bed: Bed) -> None:
        """What has to be there before."""

    def options(self, bed: Bed) -> Options:
        """A thing to make."""
        raise NotImplementedError

    def identity(self, bed: Bed) -> Options:
        """What is enough to remove it."""
        raise NotImplementedError

    def exists(self, bed: Bed) -> bool:
        """Whether a witness sees it."""
        raise NotImplementedError

    def run(self, options: Options, check: bool = False) -> Result:
        return succeed(self.module, options, check)

    def absent(self, bed: Bed) -> Options:
        return {**self.identity(bed), "state": "absent"}

    # making it

    def test_check_mode_makes_nothing(self, bed: Bed) -> None:
        self.prepare(bed)
        before = bed.seen()
        self.run(self.options(bed), check=True)
        assert bed.seen() == before

    def test_check_mode_predicts_what_the_run_does(self, bed: Bed) -> None:
        self.prepare(bed)
        predicted = self.run(self.options(bed), check=True)
        done = self.run(self.options(bed))
        assert (predicted.changed, predicted.commands, predicted.diff) == (True, done.commands, done.diff)

    def test_a_run_makes_it(self, bed: Bed) -> None:
        self.prepare(bed)
        result = self.run(self.options(bed))
        assert result.changed and self.exists(bed)

    def test_the_diff_shows_that_it_was_not_there(self, bed: Bed) -> None:
        self.prepare(bed)
        diff = self.run(self.options(bed)).diff
        assert (diff["before"]["state"], diff["after"]["state"]) == ("absent", "present")

    def test_the_commands_make_the_same(self, bed: Bed) -> None:
        self.prepare(bed)
        for command in self.run(self.options(bed), check=True).commands:
            witness.shell("sh", "-c", command)
        assert_unchanged(self.run(self.options(bed)))

    def test_a_second_run_changes_nothing(self, bed: Bed) -> None:
        self.prepare(bed)
        self.run(self.options(bed))
        assert_unchanged(self.run(self.options(bed)))

    def test_check_mode_after_a_run_shows_nothing(self, bed: Bed) -> None:
        self.prepare(bed)
        self.run(self.options(bed))
        assert_unchanged(self.run(self.options(bed), check=True))

    def test_it_is_returned(self, bed: Bed) -> None:
        self.prepare(bed)
        result = self.run(self.options(bed))
        assert result[self.module]
        assert lasting(result[self.module]) == lasting(self.run(self.options(bed))[self.module])

    # changing it

    def test_an_option_is_changed_and_changed_back(self, bed: Bed, setting: Setting) -> None:
        self.prepare(bed)
        self.run(setting.merged(self.options(bed), 0))
        seen = [setting.look(bed)]
        for which in (1, 0):
            self.run(setting.merged(self.options(bed), which))
            seen.append(setting.look(bed))
        assert seen == [setting.expected(0), setting.expected(1), setting.expected(0)]

    def test_an_option_is_compared(self, bed: Bed, setting: Setting) -> None:
        self.prepare(bed)
        self.run(setting.merged(self.options(bed), 0))
        assert_unchanged(self.run(setting.merged(self.options(bed), 0)))
        changed = self.run(setting.merged(self.options(bed), 1))
        assert changed.changed and changed.diff["before"] != changed.diff["after"]
        assert_unchanged(self.run(setting.merged(self.options(bed), 1)))

    def test_an_option_is_only_predicted_in_check_mode(self, bed: Bed, setting: Setting) -> None:
        self.prepare(bed)
        self.run(setting.merged(self.options(bed), 0))
        predicted = self.run(setting.merged(self.options(bed), 1), check=True)
        assert setting.look(bed) == setting.expected(0)
        done = self.run(setting.merged(self.options(bed), 1))
        assert (predicted.changed, predicted.commands, predicted.diff) == (True, done.commands, done.diff)

    # removing it

    def test_absent_removes_it(self, bed: Bed) -> None:
        self.prepare(bed)
        self.run(self.options(bed))
        assert self.run(self.absent(bed)).changed
        assert not self.exists(bed)

    def test_absent_is_only_predicted_in_check_mode(self, bed: Bed) -> None:
        self.prepare(bed)
        self.run(self.options(bed))
        predicted = self.run(self.absent(bed), check=True)
        assert self.exists(bed)
        done = self.run(self.absent(bed))
        assert (predicted.changed, predicted.commands, predicted.diff) == (True, done.commands, done.diff)

    def test_absent_again_changes_nothing(self, bed: Bed) -> None:
        self.prepare(bed)
        assert_unchanged(self.run(self.absent(bed)))

    # what can't be met

    def test_a_bad_value_gets_a_clear_sentence_and_changes_nothing(self, bed: Bed, bad: Bad) -> None:
        self.prepare(bed)
        if bad.there:
            self.run(self.options(bed))
        before = bed.seen()
        assert_clear(run_module(self.module, given({**self.options(bed), **bad.options})), bad.sentence)
        assert bed.seen() == before


class NamespacedLifecycle(Lifecycle):
    """The tests that every module with the option netns passes besides."""

    def test_a_namespace_that_is_not_there_is_an_error(self, bed: Bed) -> None:
        self.prepare(bed)
        result = run_module(self.module, {**self.options(bed), "netns": bed.names.unused()})
        assert_clear(result, "^there is no network namespace 'vnt")

    def test_check_mode_warns_of_a_namespace_that_is_not_there(self, bed: Bed) -> None:
        name = bed.names.unused()
        self.prepare(bed)
        result = run_module(self.module, {**self.unanchored(bed), "netns": name}, check=True)
        assert not result.failed, result.msg
        assert result.changed and any(name in warning for warning in result.warnings)

    def unanchored(self, bed: Bed) -> Options:
        """A thing that needs nothing in its namespace."""
        return self.options(bed)

    def test_absent_is_met_in_a_namespace_that_is_not_there(self, bed: Bed) -> None:
        assert_unchanged(self.run({**self.absent(bed), "netns": bed.names.unused()}))

    def test_a_namespace_can_be_named_by_its_path(self, bed: Bed) -> None:
        self.prepare(bed)
        self.run({**self.options(bed), "netns": f"/run/netns/{bed.netns}"})
        assert self.exists(bed)
        assert_unchanged(self.run(self.options(bed)))
