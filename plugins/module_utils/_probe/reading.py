# SPDX-FileCopyrightText: The virtnet.linux authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading a dictionary of options, with a sentence for everything that is wrong with one of them."""

from __future__ import annotations

import ipaddress
import math
import re
import typing as t

from .._values.errors import InvalidOption, VirtnetError
from .questions import SOME

IpAddress = t.Union[ipaddress.IPv4Address, ipaddress.IPv6Address]

_TRUE = (True, 1, "yes", "true", "on", "1")
_FALSE = (False, 0, "no", "false", "off", "0")
LONGEST_INTERFACE_NAME = 15  # IFNAMSIZ without its end


def as_address(text: str) -> IpAddress | None:
    """The address that a text stands for, without its zone; None when it is none."""
    try:
        return ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None


def as_peer(entry: Entry, key: str) -> tuple[str, int | None]:
    """ADDRESS, ADDRESS:PORT or [ADDRESS]:PORT."""
    text = entry.required(key)
    address = as_address(text.strip("[]"))
    if address is not None:
        return str(address), None
    host, _colon, port = text.rpartition(":")
    address = as_address(host.strip("[]"))
    if address is None or not port.isdigit() or int(port) > 65_535:
        raise entry.wrong(key, "is neither an address nor ADDRESS:PORT")
    return str(address), int(port)


class Entry:
    """A dictionary among the options, and where it stands."""

    def __init__(self, path: str, options: t.Mapping[str, t.Any]) -> None:
        self.path = path
        self._options = options

    def _at(self, key: str) -> str:
        return f"{self.path}.{key}" if self.path else key

    def wrong(self, key: str, hint: str) -> InvalidOption:
        """What is wrong with an option's value."""
        return InvalidOption(self._at(key), self._options.get(key), hint)

    def given(self, key: str) -> bool:
        """Whether the user gave it."""
        return self._options.get(key) is not None

    def _child(self, path: str, value: t.Any, keys: t.Sequence[str]) -> Entry:
        if not isinstance(value, dict):
            raise InvalidOption(path, value, "should be a dictionary")
        for key in value:
            if key not in keys:
                raise VirtnetError(f"{path}: unknown option {key!r}; it can have {', '.join(keys)}")
        return Entry(path, value)

    def entry(self, key: str, keys: t.Sequence[str]) -> Entry | None:
        """A dictionary inside, its keys checked."""
        return self._child(self._at(key), self._options[key], keys) if self.given(key) else None

    def entries(self, key: str, keys: t.Sequence[str]) -> list[Entry]:
        """A list of dictionaries inside, their keys checked."""
        value = self._options.get(key)
        if value is None:
            return []
        if not isinstance(value, list):
            raise self.wrong(key, "should be a list of dictionaries")
        return [self._child(f"{self._at(key)}[{place}]", item, keys) for place, item in enumerate(value)]

    def text(self, key: str) -> str | None:
        """A text, or None when it is not given."""
        value = self._options.get(key)
        if value is None:
            return None
        if isinstance(value, (dict, list, bool)) or (str(value) == "" and key != "prefix"):
            raise self.wrong(key, "should be a text")
        return str(value)

    def required(self, key: str) -> str:
        """A text that must be there."""
        value = self.text(key)
        if value is None:
            raise VirtnetError(f"{self.path}: missing required option {key!r}")
        return value

    def texts(self, key: str) -> list[str]:
        """A list of texts that must be there."""
        value = self._options.get(key)
        if not isinstance(value, list) or not all(isinstance(item, str) and item for item in value):
            raise self.wrong(key, "should be a list of namespaces")
        return list(value)

    def choice(self, key: str, choices: t.Sequence[str], default: str) -> str:
        """One of some words."""
        value = self._options.get(key)
        if value is None:
            return default
        if value not in choices:
            raise self.wrong(key, f"should be one of {', '.join(choices)}")
        return str(value)

    def number(self, key: str, lowest: int, highest: int, default: int = 0) -> int:
        """A whole number in a range."""
        value = self._options.get(key)
        if value is None:
            return default
        try:
            number = int(value) if not isinstance(value, (bool, float)) else None
        except (TypeError, ValueError):
            number = None
        if number is None or not lowest <= number <= highest:
            raise self.wrong(key, f"should be a whole number from {lowest} to {highest}")
        return number

    def amount(self, key: str) -> int | None:
        """A number of packets, or 'some': one or more."""
        if self._options.get(key) == "some":
            return SOME
        try:
            return self.number(key, 0, 1_000_000) if self.given(key) else None
        except InvalidOption:
            raise self.wrong(key, "should be a whole number, or 'some' for one or more") from None

    def seconds(self, key: str, default: float) -> float:
        """A time in seconds, fractions allowed."""
        value = self._options.get(key)
        if value is None:
            return default
        try:
            number = float(value) if not isinstance(value, bool) else math.nan
        except (TypeError, ValueError):
            number = math.nan
        if not 0 <= number <= 86_400:
            raise self.wrong(key, "should be a number of seconds")
        return number

    def flag(self, key: str, default: bool) -> bool:
        """Yes or no."""
        value = self._options.get(key)
        if value is None:
            return default
        word = value.lower() if isinstance(value, str) else value
        if word in _TRUE:
            return True
        if word in _FALSE:
            return False
        raise self.wrong(key, "should be true or false")

    def interface(self, key: str) -> str | None:
        """An interface's name."""
        name = self.text(key)
        if name is not None and (len(name.encode()) > LONGEST_INTERFACE_NAME or re.search(r"[\s/\0]", name)):
            raise self.wrong(
                key, f"is not an interface's name: at most {LONGEST_INTERFACE_NAME} bytes, no blank, no slash"
            )
        return name

    def mac(self, key: str) -> str | None:
        """A MAC address in any case and notation, as lower-case bytes with colons."""
        value = self.text(key)
        if value is None:
            return None
        digits = re.sub(r"[:.\-]", "", value).lower()
        if not re.fullmatch(r"[0-9a-f]{12}", digits):
            raise self.wrong(key, "is not a MAC address")
        return ":".join(digits[place : place + 2] for place in range(0, 12, 2))
