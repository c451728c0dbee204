# SPDX-FileCopyrightText: The virtnet.linux authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A rule that translates addresses, known by its family, hook and match."""

from __future__ import annotations

import dataclasses
import typing as t

from .._values.errors import InvalidOption, VirtnetError
from .._values.firewall import SECTION, FirewallRule, Match, Verdict, make_rule
from .._values.world import World
from . import checks
from .firewall import is_hooked, lead, put, take
from .firewall_backends import for_nat
from .firewall_options import (
    FAMILY_NAMES,
    MATCH_OPTIONS,
    MATCH_SPEC,
    describe_match,
    find,
    parse_families,
    parse_match,
    ports,
    reject_options,
    require_ports,
)
from .former import completed
from .option import Option
from .resource import Kind, Options, Plan

# What is translated to another source is known when a packet leaves; to another destination, before it is routed.
HOOKS = {"masquerade": "postrouting", "snat": "postrouting", "dnat": "prerouting", "redirect": "prerouting"}

_LOCAL = Option("local", "bool", "", "", default=False)


@dataclasses.dataclass(frozen=True)
class NatResource:
    """A rule that a user named.

    :param local: whether packets of the machine itself are translated too; None: not asked.
    """

    netns: str | None
    family: str
    match: Match
    verdict: Verdict
    local: bool | None = None
    backend: str = "auto"
    absent: bool = False

    @property
    def _hook(self) -> str:
        return HOOKS[self.verdict.action]

    @property
    def identity(self) -> tuple[t.Hashable, ...]:
        """A rule is known by its family, hook and match."""
        return ("nat", self.netns, self.family, self._hook, self.match)

    def _like(self, hook: str, backend: str = "") -> FirewallRule:
        return make_rule(backend, self.family, hook, self.match, self.verdict)

    def _hooks(self) -> tuple[str, ...]:
        return (self._hook, "output") if self._hook == "prerouting" else (self._hook,)

    def _found(self, world: World) -> list[FirewallRule]:
        if not world.exists(self.netns):
            return []
        section = world.section(self.netns, SECTION)
        return [rule for hook in self._hooks() for rule in find(section, self._like(hook))]

    def plan(self, world: World) -> Plan:
        """Add, replace or remove the rule, at one hook or two."""
        if self.absent:
            for rule in self._found(world):
                yield take(world, self.netns, rule)
            return
        world.require(self.netns)
        yield from self._plan_hook(world, self._hook)
        if self._hook == "prerouting" and self.local:
            yield from self._plan_hook(world, "output")
        elif self.local is False:
            for rule in find(world.section(self.netns, SECTION), self._like("output")):
                yield take(world, self.netns, rule)

    def _plan_hook(self, world: World, hook: str) -> Plan:
        section = world.section(self.netns, SECTION)
        found = find(section, self._like(hook))
        there = found[0].backend if found else None
        wanted = self._like(hook, for_nat(world, self.netns, self.family, hook, self.backend, there))
        for rule in found:
            if rule.backend != wanted.backend:
                yield take(world, self.netns, rule)
        if not wanted.same_as(section.get(wanted.key)):
            yield put(world, self.netns, wanted)
        elif not is_hooked(section, wanted):
            yield lead(world, self.netns, wanted)

    def view(self, world: World) -> dict[str, t.Any]:
        """The rule as the world has it."""
        found = self._found(world)
        return {"state": "present", **self._describe(found)} if found else {"state": "absent"}

    def report(self, world: World) -> dict[str, t.Any] | None:
        """The rule as the kernel has it, with its counters and where it is."""
        found = self._found(world)
        if not found:
            return None
        return {
            "netns": self.netns,
            **self._describe(found),
            "hooks": [rule.hook for rule in found],
            "program": found[0].backend,
            "packets": sum(rule.packets for rule in found),
            "bytes": sum(rule.bytes for rule in found),
        }

    def _describe(self, found: t.Sequence[FirewallRule]) -> dict[str, t.Any]:
        seen = {**dataclasses.asdict(found[0].verdict), **describe_match(found[0])}
        if self._hook == "prerouting":
            seen["local"] = any(rule.hook == "output" for rule in found)
        return seen


def parse(options: Options) -> NatResource:
    """A rule from validated options."""
    options = completed(options, [_LOCAL])
    match, action = parse_match(options), options["action"]
    verdict = _verdict(options, match, action)
    families = parse_families(options, match, verdict.to_address)
    _check_hook(options, match, action)
    return NatResource(
        netns=checks.namespace("netns", options.get("netns")),
        family=families[0],
        match=match,
        verdict=verdict,
        local=options.get("local"),
        backend=options.get("backend") or "auto",
        absent=options["state"] == "absent",
    )


def _verdict(options: Options, match: Match, action: str) -> Verdict:
    address, port = options.get("to_address"), options.get("to_port")
    if action in ("masquerade", "redirect"):
        reject_options(
            options, ["to_address"], f"{action} takes the address of the interface; use snat or dnat for another"
        )
    elif options["state"] == "present":
        if action == "snat" and address is None:
            raise VirtnetError("to_address: snat needs the address that packets are to come from")
        if action == "dnat" and address is None:
            raise VirtnetError("to_address: dnat needs the address that packets are to go to")
    if port is not None:
        require_ports("to_port", port, match.protocol)
        port = ports("to_port", port)
    return Verdict(action, None if address is None else checks.address("to_address", address), port)


def _check_hook(options: Options, match: Match, action: str) -> None:
    if HOOKS[action] == "postrouting":
        if match.in_interface:
            raise InvalidOption(
                "in_interface", options["in_interface"], f"is not known any more where {action} is done"
            )
        reject_options(options, ["local"], f"{action} is done to packets of the machine itself in any case")
        return
    if match.out_interface:
        raise InvalidOption("out_interface", options["out_interface"], f"is not known yet where {action} is done")
    if match.in_interface and options.get("local"):
        raise InvalidOption(
            "in_interface",
            options["in_interface"],
            "and local contradict each other: packets of the machine itself come in by none",
        )


NAT = Kind(
    "nat",
    {
        "action": {"type": "str", "choices": list(HOOKS), "required": True},
        "to_address": {"type": "str"},
        "to_port": {"type": "str"},
        "local": {"type": "bool"},
        "family": {"type": "str", "choices": list(FAMILY_NAMES)},
        **MATCH_SPEC,
    },
    parse,
    ("netns", "family", "action", *MATCH_OPTIONS),
)
