# SPDX-FileCopyrightText: The virtnet.linux authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Validates the entries of a topology by their modules' own argument specs."""

from __future__ import annotations

import re
import typing as t

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.common.validation import check_type_dict

from .._resources.resource import Kind, Options
from .._values.errors import VirtnetError

_REQUIRED = re.compile(r"missing required arguments: (?P<names>.*?)(?: found in (?P<path>.*))?$")
_UNKNOWN = re.compile(r"(?P<name>.*?)\. Supported parameters include: (?P<known>.*)\.$", re.DOTALL)
_FOUND_IN = re.compile(r" found in '?(?P<path>[\w -> ]+?)'?\.?(?P<rest>$| and)")

# What ansible-core says of a value that should be a dictionary, without the option's name. Of a number it says
# nothing: it looks into the value before it looks at what it is, a TypeError (set_fallbacks() in
# module_utils/common/parameters.py).
NO_DICTIONARY = "dictionary requested"


def not_a_dictionary(specs: t.Mapping[str, t.Any], values: t.Mapping[str, t.Any], within: str = "") -> str | None:
    """The sentence about the first option that should be a dictionary, or a list of them, and is not; None: all are."""
    for name, spec in specs.items():
        value, listed = values.get(name), spec.get("type") == "list"
        if value is None or "dict" not in (spec.get("type"), spec.get("elements")):
            continue
        for place, item in enumerate(value if listed and isinstance(value, list) else [value]):
            path = f"{within}{name}[{place}]" if listed else f"{within}{name}"
            if isinstance(item, dict):
                deeper = not_a_dictionary(spec.get("options") or {}, item, f"{path}.")
                if deeper:
                    return deeper
            elif not isinstance(item, str) or _is_no_dictionary(item):
                known = ", ".join(spec.get("options") or ())
                return f"{path}: {item!r} is not a dictionary{f' of {known}' if known else ''}"
    return None


def _is_no_dictionary(text: str) -> bool:
    """Ansible takes JSON, and words such as key=value, for a dictionary as well."""
    try:
        check_type_dict(text)
    except TypeError:
        return True
    return False


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
        try:
            result = self._validators[name].validate(options)
            message = result.error_messages[0] if result.error_messages else None
        except TypeError:
            message = NO_DICTIONARY
        if message is None:
            return kind, label, result.validated_parameters
        wrong = not_a_dictionary(kind.options, options) if NO_DICTIONARY in message else None
        raise VirtnetError(f"{label}.{wrong}" if wrong else _sentence(label, message))


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
