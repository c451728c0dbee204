# SPDX-FileCopyrightText: The virtnet.linux authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rows of the tables: one option of a link, from the playbook to the kernel and to iproute2.

The argument spec, the comparison, the request, the returned state and the printed command all come
from the row.
"""

from __future__ import annotations

import dataclasses
import typing as t

from .._values.state import Link
from . import checks


@dataclasses.dataclass(frozen=True)
class Codec:
    """Between a user's value, the kernel's value and iproute2's word for it."""

    encode: t.Callable[[t.Any], t.Any]
    decode: t.Callable[[t.Any], t.Any]
    word: t.Callable[[t.Any], str | tuple[str, ...]]


def _same(value: t.Any) -> t.Any:
    return value


PLAIN = Codec(_same, _same, str)
FLAG = Codec(int, bool, lambda value: "1" if value else "0")
SWITCH = Codec(int, bool, lambda value: "on" if value else "off")
BARE = Codec(int, bool, str)  # iproute2 has the word alone, or with "no" before it
# Bridge timers are USER_HZ ticks, hundredths of a second, in netlink and in iproute2's words.
CENTISECONDS = Codec(lambda value: round(value * 100), lambda value: value / 100, lambda value: str(round(value * 100)))


@dataclasses.dataclass(frozen=True)
class Option:
    """A row.

    :param name: the option in the playbook.
    :param type: its type in Ansible's argument spec.
    :param attribute: netlink attribute, empty where `bit` is used.
    :param attribute6: its counterpart for IPv6 values, for kinds that have two.
    :param companions: attributes that are sent along with it.
    :param also: an attribute that is given the same value.
    :param place: which attributes it is among: of every link, of its kind, or of a bridge port.
    :param bit: the IFF_ flag; `inverted` when the flag means no.
    :param word: iproute2's word; empty where the value itself is one.
    :param fixed: whether the link must be made anew to change it: always, or from one value to another.
    :param tolerance: difference in the kernel's unit that counts as equal, because the kernel rounds.
    :param creation: the value given to a new link when the user gives none.
    :param default: what the kernel gives a new link; None: it depends.
    :param at_creation: whether the kernel takes it in the request that makes the link.
    :param unreported: what it means when the kernel reports nothing of it.
    :param amend: from what there is and what is wanted, what the kernel is told where it keeps what is not named.
    :param lacking: the sentence for a kernel that has the kind and not the option.
    :param check: raises InvalidOption, or returns the normal form.
    """

    name: str
    type: str
    attribute: str
    word: str
    codec: Codec = PLAIN
    attribute6: str = ""
    companions: tuple[tuple[str, t.Any], ...] = ()
    also: str = ""
    place: str = "data"
    bit: int = 0
    inverted: bool = False
    choices: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None
    fixed: bool | t.Callable[[t.Any, t.Any], bool] = False
    tolerance: int = 0
    creation: t.Any = None
    default: t.Any = None
    at_creation: bool = True
    unreported: t.Any = None
    amend: t.Callable[[t.Any, t.Any], t.Any] | None = None
    lacking: str = ""
    check: t.Callable[[str, t.Any], t.Any] | None = None

    def spec(self) -> dict[str, t.Any]:
        """Its entry in the argument spec."""
        entry: dict[str, t.Any] = {"type": self.type}
        if self.choices:
            entry["choices"] = list(self.choices)
        return entry

    def normal(self, path: str, value: t.Any) -> t.Any:
        """The value in its normal form.

        :raises InvalidOption: it is out of range or malformed.
        """
        if self.low is not None and self.high is not None:
            checks.between(path, value, self.low, self.high)
        return self.check(path, value) if self.check is not None else value

    def read(self, link: Link) -> t.Any:
        """The value that a link has; None when the kernel reports none."""
        if self.bit:
            return bool(link.flags & self.bit) != self.inverted
        found = self._found(link)
        return self.unreported if found is None else self.codec.decode(found)

    def differs(self, link: Link, wanted: t.Any) -> bool:
        """Whether a link has another value than the wanted one."""
        if self.tolerance:
            found = self._found(link)
            return found is None or abs(found - self.codec.encode(wanted)) > self.tolerance
        found = self.read(link)
        return bool(wanted) if found is None else bool(found != wanted)

    def must_recreate(self, link: Link, wanted: t.Any) -> bool:
        """Whether only a new link can have the wanted value."""
        if not self.differs(link, wanted):
            return False
        return self.fixed(self.read(link), wanted) if callable(self.fixed) else self.fixed

    def told(self, link: Link, wanted: t.Any) -> t.Any:
        """What makes the wanted value of what a link has."""
        return wanted if self.amend is None else self.amend(self.read(link), wanted)

    def words(self, value: t.Any) -> list[str]:
        """How iproute2 is told."""
        if self.word == "up":
            return ["up" if value else "down"]
        if self.codec is BARE:
            return [self.word if value else f"no{self.word}"]
        words = self.codec.word(value)
        return [*([self.word] if self.word else []), *((words,) if isinstance(words, str) else words)]

    def request(self, value: t.Any) -> list[tuple[str, t.Any]]:
        """The attributes that tell the kernel."""
        names = [self._attribute(value), *([self.also] if self.also else [])]
        return [*self.companions, *((name, self.codec.encode(value)) for name in names)]

    def set_in(self, link: Link, value: t.Any) -> Link:
        """The link as it is when the kernel has taken the value."""
        if self.bit:
            on = value != self.inverted
            return dataclasses.replace(link, flags=link.flags | self.bit if on else link.flags & ~self.bit)
        changed = {**self._attributes(link), self._attribute(value): self.codec.encode(value)}
        if self.place == "link":
            return dataclasses.replace(link, attributes=changed)
        if self.place == "port":
            return dataclasses.replace(link, port=changed)
        return dataclasses.replace(link, data=changed)

    def _attributes(self, link: Link) -> t.Mapping[str, t.Any]:
        return {"link": link.attributes, "data": link.data, "port": link.port}[self.place]

    def _attribute(self, value: t.Any) -> str:
        return self.attribute6 if self.attribute6 and ":" in value else self.attribute

    def _found(self, link: Link) -> t.Any:
        attributes = self._attributes(link)
        return attributes.get(self.attribute, attributes.get(self.attribute6))
