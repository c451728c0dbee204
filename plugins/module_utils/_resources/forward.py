# SPDX-FileCopyrightText: The virtnet.linux authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A rule about packets that are forwarded, or the policy for those that no rule decides about."""

from __future__ import annotations

import dataclasses
import typing as t

from .._values.errors import VirtnetError
from .._values.firewall import SECTION, FirewallRule, Match, Verdict, make_rule
from .._values.world import World
from . import checks
from .firewall import is_hooked, lead, put, take
from .firewall_backends import for_forward
from .firewall_options import (
    FAMILY_NAMES,
    MATCH_OPTIONS,
    MATCH_SPEC,
    describe_match,
    find,
    parse_families,
    parse_match,
    reject_options,
)
from .former import completed
from .forward_policy import dropping, plan_former, plan_policy
from .option import Option
from .resource import Kind, Options, Plan, Resource

ACTIONS = ("accept", "drop", "reject")
STATES = ("new", "established", "related", "invalid", "untracked")
ORDER = 100  # of a new rule, when none is given
_ORDER = Option("order", "int", "", "", default=ORDER)


@dataclasses.dataclass(frozen=True)
class ForwardResource:
    """A rule that a user named; an order of None is not compared."""

    netns: str | None
    families: tuple[str, ...]
    match: Match
    action: str
    order: int | None = None
    backend: str = "auto"
    absent: bool = False

    @property
    def identity(self) -> tuple[t.Hashable, ...]:
        """A rule is known by its family and match."""
        return ("forward", self.netns, self.families, self.match)

    def _like(self, family: str, backend: str = "", order: int = ORDER) -> FirewallRule:
        return make_rule(backend, family, "forward", self.match, Verdict(self.action), order)

    def _found(self, world: World) -> list[FirewallRule]:
        if not world.exists(self.netns):
            return []
        section = world.section(self.netns, SECTION)
        return [rule for family in self.families for rule in find(section, self._like(family))]

    def plan(self, world: World) -> Plan:
        """Add, replace or remove the rule, where it counts."""
        if self.absent:
            for rule in self._found(world):
                yield take(world, self.netns, rule)
            return
        world.require(self.netns)
        for family in self.families:
            yield from self._plan_family(world, family)

    def _plan_family(self, world: World, family: str) -> Plan:
        section = world.section(self.netns, SECTION)
        found = find(section, self._like(family))
        there = found[0].backend if found else None
        backend = for_forward(world, self.netns, family, self.match, self.action, self.backend, there)
        order = self.order if self.order is not None else found[0].order if found else ORDER
        wanted = self._like(family, backend, order)
        for rule in found:
            if rule.backend != backend:
                yield take(world, self.netns, rule)
        if not wanted.same_as(section.get(wanted.key)):
            yield put(world, self.netns, wanted)
        elif not is_hooked(section, wanted):
            yield lead(world, self.netns, wanted)

    def view(self, world: World) -> dict[str, t.Any]:
        """The rule as the world has it."""
        found = self._found(world)
        return {"state": "present", **_describe(found)} if found else {"state": "absent"}

    def report(self, world: World) -> dict[str, t.Any] | None:
        """The rule as the kernel has it, with its counters and where it is."""
        found = self._found(world)
        if not found:
            return None
        return {
            "netns": self.netns,
            **_describe(found),
            "program": found[0].backend,
            "packets": sum(rule.packets for rule in found),
            "bytes": sum(rule.bytes for rule in found),
        }


def _describe(found: t.Sequence[FirewallRule]) -> dict[str, t.Any]:
    first = found[0]
    seen = {
        "action": first.verdict.action,
        "order": first.order,
        **describe_match(first),
        "ct_state": list(first.match.ct_state),
    }
    if len({rule.family for rule in found}) > 1:
        seen["family"] = "both"
    return seen


@dataclasses.dataclass(frozen=True)
class PolicyResource:
    """What happens to packets that no rule decides about."""

    netns: str | None
    families: tuple[str, ...]
    policy: str
    backend: str = "auto"
    absent: bool = False

    @property
    def identity(self) -> tuple[t.Hashable, ...]:
        """There is one for each family."""
        return ("forward policy", self.netns, self.families)

    def plan(self, world: World) -> Plan:
        """Set the policy, or go back to the one that was there before."""
        if self.absent and not world.exists(self.netns):
            return
        world.require(self.netns)
        for family in self.families:
            if self.absent:
                yield from plan_former(world, self.netns, family)
            else:
                yield from plan_policy(world, self.netns, family, self.policy, self.backend)

    def view(self, world: World) -> dict[str, t.Any]:
        """The policy as the world has it."""
        found = self.report(world)
        return {"state": "absent"} if found is None else {"state": "present", "policy": found["policy"]}

    def report(self, world: World) -> dict[str, t.Any] | None:
        """The policy, and where packets are dropped by it."""
        if not world.exists(self.netns):
            return None
        section = world.section(self.netns, SECTION)
        places = sorted({name for family in self.families for name in dropping(section, family)})
        return {"netns": self.netns, "policy": "drop" if places else "accept", "programs": places}


def parse(options: Options) -> Resource:
    """A rule or a policy from validated options."""
    options = completed(options, [_ORDER])
    match = parse_match(options)
    families = parse_families(options, match)
    netns, absent = checks.namespace("netns", options.get("netns")), options["state"] == "absent"
    backend = options.get("backend") or "auto"
    if options.get("policy"):
        names = [*(field.name for field in dataclasses.fields(Match)), "action"]
        reject_options(options, names, "belongs to a rule, and policy is for the packets that no rule decides about")
        if options.get("order") is not None:
            raise VirtnetError("order: belongs to a rule, and policy is for the packets that no rule decides about")
        return PolicyResource(netns, families, options["policy"], backend, absent)
    action = options.get("action")
    if action is None and not absent:
        raise VirtnetError("action: say what is to happen to the packets, accept, drop or reject (or give a policy)")
    order = options.get("order")
    if order is not None:
        checks.between("order", order, -(2**31), 2**31 - 1)
    return ForwardResource(netns, families, match, action or "accept", order, backend, absent)


FORWARD = Kind(
    "forward",
    {
        "action": {"type": "str", "choices": list(ACTIONS)},
        "ct_state": {"type": "list", "elements": "str", "choices": list(STATES)},
        "order": {"type": "int"},
        "policy": {"type": "str", "choices": ["accept", "drop"]},
        "family": {"type": "str", "choices": [*FAMILY_NAMES, "both"]},
        **MATCH_SPEC,
    },
    parse,
    ("netns", "family", "policy", *MATCH_OPTIONS, "ct_state"),
)
