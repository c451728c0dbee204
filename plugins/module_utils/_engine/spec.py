# SPDX-FileCopyrightText: The virtnet.linux authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Validates the entries of a topology by their modules' own argument specs."""

from __future__ import annotations

import re
import typing as t

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from .._resources.resource import Kind, Options
from .._values.errors import VirtnetError

_REQUIRED = re.compile(r"missing required arguments: (?P<names>.*?)(?: found in (?P<path>.*))?$")
_UNKNOWN = re.compile(r"(?P<name>.*?)\. Supported parameters include: (?P<known>.*)\.$", re.DOTALL)
_FOUND_IN = re.compile(r" found in '?(?P<path>[\w -> ]+?)'?\.?(?P<rest>$| and)")


class Validator:
    """Validates options; keeps one validator for each kind."""

    def __init__(self, kinds: t.Mapping[str, Kind]) -> None:
        self._kinds = kinds
        self._validators: dict[str, ArgumentSpecValidator] = {}

    def entry(self, label: str, entry: t.Any) -> tuple[Kind, str, Options]:
        """The kind of an entry, its full label, and its options with defaults.

        :raises VirtnetError: in a sentence that names the entry.
        """
        if not isinstance(entry, dict) or len(entry) != 1:
            example = "netns: {name: red}"
            raise VirtnetError(f"{label}: an entry is one module's name with its options, such as {example!r}")
        ((name, options),) = entry.items()
        kind = self._kinds.get(name)
        if kind is None:
            raise VirtnetError(f"{label}: {name!r} is not a module; there are {', '.join(sorted(self._kinds))}")
        label = f"{label}.{name}"
        if not isinstance(options, dict):
            raise VirtnetError(f"{label}: {options!r} is not a dictionary of the module's options")
        if name not in self._validators:
            self._validators[name] = ArgumentSpecValidator(dict(kind.options))
        result = self._validators[name].validate(options)
        if result.error_messages:
            raise VirtnetError(_sentence(label, result.error_messages[0]))
        return kind, label, result.validated_parameters


def _sentence(label: str, message: str) -> str:
    """Ansible's message with the place in front: resources[3].veth.peer: missing required option 'name'."""
    required = _REQUIRED.match(message)
    if required:
        place = ".".join([label, *(required["path"] or "").replace(" -> ", ".").split()])
        names = ", ".join(repr(name) for name in required["names"].split(", "))
        return f"{place}: missing required option {names}"
    unknown = _UNKNOWN.match(message)
    if unknown:
        return f"{label}: there is no option {unknown['name']!r}; there are {unknown['known']}"
    found = _FOUND_IN.search(message)
    if found:
        rest = _FOUND_IN.sub(lambda match: match["rest"], message)
        return f"{label}.{found['path'].replace(' -> ', '.')}: {rest}"
    return f"{label}: {message}"
