# SPDX-FileCopyrightText: The virtnet.linux authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings that every link shares, for a link itself and for the other end of a pair."""

from __future__ import annotations

import dataclasses
import typing as t

from .._values.errors import InvalidOption, VirtnetError
from .._values.state import Link, Reference
from .._values.world import World
from . import checks, link_requests, port_vlans
from .address import plan_addresses, present
from .enslaving import plan_master
from .former import completed, dropped, master_of, within
from .link_requests import Values
from .link_tables import ENABLED, GENERAL, PORT
from .option import Option
from .resource import Options, Plan, in_namespace

PORT_SPEC: dict[str, t.Any] = {
    "type": "dict",
    "options": {**{row.name: row.spec() for row in PORT}, "vlans": port_vlans.VLANS_SPEC},
}

GENERAL_SPEC: dict[str, t.Any] = {
    "netns": {"type": "str"},
    **{row.name: row.spec() for row in GENERAL},
    "addresses": {"type": "list", "elements": "str"},
    "exclusive_addresses": {"type": "bool", "default": False},
    "dad": {"type": "bool", "default": True},
    "master": {"type": "str"},
    "port": PORT_SPEC,
}

PEER_SPEC: dict[str, t.Any] = {"name": {"type": "str", "required": True}, **GENERAL_SPEC}


def values_of(rows: t.Iterable[Option], options: Options, path: str = "") -> Values:
    """The rows that a user gave values for, with the values in normal form."""
    return [(row, row.normal(path + row.name, options[row.name])) for row in rows if options.get(row.name) is not None]


@dataclasses.dataclass(frozen=True)
class Settings:
    """What is asked of an interface, whatever its kind; None: not asked.

    :param at: where it is and its name.
    :param enabled: up or down; not given, a new link is brought up and an old one left as it is.
    :param path: of the options within the module's, for messages: "peer.".
    """

    at: Reference
    general: Values
    port: Values = ()
    vlans: port_vlans.Members | str | None = None
    master: str | None = None
    addresses: tuple[str, ...] | None = None
    exclusive_addresses: bool = False
    dropped_addresses: tuple[str, ...] = ()
    dad: bool = True
    path: str = ""

    @classmethod
    def parse(cls, options: Options, netns: str | None, path: str = "") -> Settings:
        """Settings from validated options.

        :param path: of the options within the module's, for messages: "peer.".
        """
        options = completed(options, GENERAL)
        addresses = options.get("addresses")
        if options.get("exclusive_addresses") and addresses is None:
            raise InvalidOption(path + "exclusive_addresses", True, "needs a list of addresses")
        master = master_of(options)
        if master:
            checks.interface(path + "master", master)

        def normal_address(value: str) -> str:
            return checks.cidr_address(path + "addresses", value)

        if addresses is not None:
            addresses = tuple(normal_address(value) for value in addresses)
            if len(set(addresses)) != len(addresses):
                raise InvalidOption(path + "addresses", list(addresses), "has an address twice")
        return cls(
            at=Reference(netns, checks.interface(path + "name", options["name"])),
            general=values_of(GENERAL, options, path),
            port=values_of(PORT, completed(within(options, "port"), PORT), path + "port."),
            vlans=port_vlans.parse(path + "port.", within(options, "port")),
            master=master,
            addresses=addresses,
            exclusive_addresses=bool(options.get("exclusive_addresses")),
            dropped_addresses=dropped(options, "addresses", normal_address),
            dad=options.get("dad") is not False,
            path=path,
        )

    def at_creation(self, enabled: bool) -> Values:
        """What the request that makes the link can hold."""
        values = [(row, value) for row, value in self.general if row.at_creation and row is not ENABLED]
        if enabled and {row.name: value for row, value in self.general}.get("enabled", True):
            values.append((ENABLED, True))
        return values

    def plan(self, world: World, new: bool, data: Values = ()) -> Plan:
        """Close the gap of a link that exists, or that has just been planned.

        :param new: whether it has just been made: it is brought up unless told otherwise.
        :param data: values of its kind that are to be changed as well.
        """
        link = self.link(world)
        wanted = list(self.general)
        if new and ENABLED not in [row for row, _value in wanted]:
            wanted.append((ENABLED, True))
        changed = [(row, value) for row, value in [*wanted, *data] if row.differs(link, value)]
        master = self.master if self.master is not None and (self.master or None) != link.master else None
        if master and world.require_link(self.at.netns, master) is None:
            raise VirtnetError(f"{self.path}master: there is no interface {master!r}{in_namespace(self.at.netns)}")
        if master is not None:
            keep = self.addresses if self.exclusive_addresses else None
            yield from plan_master(world, self.at.netns, link, master, changed, keep)
        elif changed:
            yield link_requests.change(self.at.netns, link, changed)
        yield from self._plan_port(world)
        if self.addresses is not None or self.dropped_addresses:
            yield from plan_addresses(
                world, self.at, self.addresses or (), self.dropped_addresses, self.exclusive_addresses, self.dad
            )

    def _plan_port(self, world: World) -> Plan:
        link = self.link(world)
        if (not self.port and self.vlans is None) or (not link.master and self.master == ""):
            return
        if not link.master:
            raise VirtnetError(f"{self.path}port: {link.name!r} is not a port of a bridge; give its master")
        changed = [(row, value) for row, value in self.port if row.differs(link, value)]
        if changed:
            yield link_requests.change_port(self.at.netns, link, changed)
        if self.vlans is not None:
            yield from port_vlans.plan(world, self.at, self.vlans)

    def link(self, world: World) -> Link:
        """The link, which is known to exist."""
        link = world.link(*self.at)
        if link is None:
            raise VirtnetError(f"there is no interface {self.at.name!r}{in_namespace(self.at.netns)}")
        return link

    def view(self, world: World) -> dict[str, t.Any]:
        """What is asked, as the world has it."""
        link = world.link(*self.at)
        if link is None:
            return {"state": "absent"}
        seen = {row.name: row.read(link) for row, _value in self.general}
        if self.master is not None:
            seen["master"] = link.master or ""
        if self.port:
            seen["port"] = {row.name: row.read(link) for row, _value in self.port}
        if self.vlans is not None:
            seen["port"] = {**seen.get("port", {}), "vlans": port_vlans.describe(port_vlans.present(world, self.at))}
        if self.addresses is not None:
            there = present(world, *self.at)
            seen["addresses"] = sorted(cidr for cidr in there if self.exclusive_addresses or cidr in self.addresses)
        return {"state": "present", "enabled": link.enabled, **seen}


OPERSTATES = ("unknown", "notpresent", "down", "lowerlayerdown", "testing", "dormant", "up")  # RFC 2863


def report_link(world: World, at: Reference) -> dict[str, t.Any] | None:
    """A link as the kernel reports it."""
    link = world.link(*at)
    if link is None:
        return None
    found = describe_link(link, at.netns, present(world, *at))
    if "port" in found:
        found["port"]["vlans"] = port_vlans.describe(port_vlans.present(world, at))
    return found


def describe_link(link: Link, netns: str | None, addresses: t.Iterable[str]) -> dict[str, t.Any]:
    """A link by the names of the options that every link has, and its state."""
    found: dict[str, t.Any] = {"name": link.name, "netns": netns, "kind": link.kind or None, "index": link.index}
    found.update({row.name: row.read(link) for row in GENERAL})
    found["operstate"] = OPERSTATES[link.attributes.get("IFLA_OPERSTATE", 0)]
    found["carrier"] = bool(link.attributes.get("IFLA_CARRIER"))
    found["master"] = link.master
    found["addresses"] = sorted(addresses)
    if link.master and any(name.startswith("IFLA_BRPORT") for name in link.port):
        found["port"] = {row.name: row.read(link) for row in PORT}
    return found
