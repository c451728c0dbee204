# SPDX-FileCopyrightText: The virtnet.linux authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A machine that is only imagined: state in, plans out, no kernel and no root."""

from __future__ import annotations

import typing as t

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.virtnet.linux.plugins.module_utils._engine.plan import Entry, Step, commands_of, make_plan
from ansible_collections.virtnet.linux.plugins.module_utils._resources.registry import KINDS
from ansible_collections.virtnet.linux.plugins.module_utils._values.state import (
    IFF_UP,
    Address,
    Link,
    Namespace,
    Reference,
)
from ansible_collections.virtnet.linux.plugins.module_utils._values.world import Section, World

Resource = tuple[str, dict[str, t.Any]]


class Machine:
    """What a `World` reads from: namespaces with what is put into them."""

    def __init__(self) -> None:
        self.spaces: dict[str | None, dict[str, Section]] = {None: {}}
        self.items: dict[tuple[str | None, str, t.Hashable], t.Any] = {}

    def space(self, name: str) -> Machine:
        """Add a namespace."""
        self.spaces[name] = {"link": {"lo": Link("lo", flags=IFF_UP, index=1)}}
        return self

    def link(self, netns: str | None, link: Link) -> Machine:
        """Add an interface; its index is the next one."""
        links = self.spaces[netns].setdefault("link", {})
        links[link.name] = link
        return self

    def address(self, netns: str | None, interface: str, cidr: str) -> Machine:
        """Add an address."""
        self.spaces[netns].setdefault("address", {})[(interface, cidr)] = Address(interface, cidr)
        return self

    def names(self) -> list[str]:
        return [name for name in self.spaces if name is not None]

    def namespace(self, name: str) -> Namespace | None:
        return Namespace(name) if name in self.spaces else None

    def section(self, netns: str | None, section: str) -> Section:
        return dict(self.spaces[netns].get(section, {}))

    def item(self, netns: str | None, section: str, key: t.Hashable) -> t.Any:
        return self.items.get((netns, section, key))

    def nsid(self, netns: str | None, other: str | None) -> int | None:
        return None if netns == other else sorted(self.spaces, key=str).index(other)

    def same(self, one: str | None, other: str | None) -> bool:
        return one == other


def parsed(resource: Resource, label: str = "") -> Entry:
    """A resource from a module's name and its options, validated by its own spec."""
    name, options = resource
    result = ArgumentSpecValidator(dict(KINDS[name].options)).validate(options)
    assert not result.error_messages, result.error_messages
    return Entry(KINDS[name].parse(result.validated_parameters), label)


def plan(machine: Machine, *resources: Resource, check: bool = False) -> list[Step]:
    """The steps for some resources, on a machine."""
    entries = [parsed(resource, f"resources[{place}].{resource[0]}") for place, resource in enumerate(resources)]
    return make_plan(entries, World(machine, lenient=check))


def typed(machine: Machine, *resources: Resource, check: bool = False) -> list[str]:
    """The commands of a plan."""
    return commands_of(plan(machine, *resources, check=check))


def pair(machine: Machine, near: Reference, far: Reference) -> Machine:
    """Add a veth pair that is up."""
    spaces = sorted(machine.spaces, key=str)
    crossing = near.netns != far.netns
    for at, other, index, peer in ((near, far, 11, 12), (far, near, 12, 11)):
        number = spaces.index(other.netns) if crossing else None
        machine.link(
            at.netns, Link(at.name, "veth", index, IFF_UP, {"IFLA_MTU": 1500}, lower_index=peer, lower_nsid=number)
        )
    return machine
