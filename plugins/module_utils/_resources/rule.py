# SPDX-FileCopyrightText: The virtnet.linux authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Policy rules, known by all their selectors."""

from __future__ import annotations

import dataclasses
import typing as t

from .._values.errors import InvalidOption, VirtnetError
from .._values.operation import Change, Netlink, Operation
from .._values.state import Rule
from .._values.world import World
from . import checks
from .resource import STATE_SPEC, Kind, Options, Plan, in_namespace, typed
from .route import AF_INET6, FAMILIES, TABLES, table_number

# enum fr_act of include/uapi/linux/fib_rules.h
ACTIONS = {"lookup": 1, "goto": 2, "blackhole": 6, "unreachable": 7, "prohibit": 8}
PROTOCOLS = {"icmp": 1, "tcp": 6, "udp": 17, "ipv6-icmp": 58, "sctp": 132}
FIB_RULE_INVERT = 2


@dataclasses.dataclass(frozen=True)
class RuleResource:
    """A rule that a user named; `selectors` by their FRA_ names, in the form that is read back."""

    netns: str | None
    family: int
    selectors: t.Mapping[str, t.Any]
    action: str
    table: int
    priority: int | None = None
    absent: bool = False

    @property
    def identity(self) -> tuple[t.Hashable, ...]:
        """A rule is known by all its selectors, and by its priority if one is given."""
        return ("rule", self.netns, self.family, _selecting(self.selectors), self.priority)

    def _found(self, world: World) -> tuple[t.Hashable, Rule] | None:
        """The rule: of several with its selectors, the one that needs no change."""
        found = self._all(world)
        return next((one for one in found if self._fits(one[1])), found[0] if found else None)

    def _all(self, world: World) -> list[tuple[t.Hashable, Rule]]:
        """All rules with these selectors, and with the priority if one is given."""
        return [
            (key, rule)
            for key, rule in world.section(self.netns, "rule").items()
            if rule.family == self.family
            and _selecting(rule.selectors) == _selecting(self.selectors)
            and (rule.priority == self.priority if self.priority is not None else not self._is_first(rule))
        ]

    def _is_first(self, rule: Rule) -> bool:
        """Whether it is one of the three that every namespace starts with."""
        return not self.selectors and rule.priority in (0, 32766, 32767)

    def _unwanted(self, world: World) -> list[tuple[t.Hashable, Rule]]:
        """What `absent` removes: with a table or an action given, only rules that lead there."""
        if not world.exists(self.netns):
            return []
        leads = self.table or self.action != "lookup"
        return [one for one in self._all(world) if not leads or self._fits(one[1])]

    def plan(self, world: World) -> Plan:
        """Add, replace or remove the rule."""
        if self.absent:
            for key, rule in self._unwanted(world):
                yield take(self.netns, key, rule)
            return
        world.require(self.netns)
        found = self._found(world)
        if found is not None and self._fits(found[1]):
            return
        if found is not None:
            yield take(self.netns, *found)
        priority = self.priority if found is None or self.priority is not None else found[1].priority
        table = self.table if self.action == "lookup" else 0
        yield put(self.netns, Rule(self.family, priority, ACTIONS[self.action], table, self.selectors))

    def _fits(self, rule: Rule) -> bool:
        if rule.action != ACTIONS[self.action]:
            return False
        if self.action == "goto":
            return self.selectors.get("FRA_GOTO") in (None, rule.selectors.get("FRA_GOTO"))
        return self.action != "lookup" or rule.table == self.table

    def view(self, world: World) -> dict[str, t.Any]:
        """The rule as the world has it."""
        if self.absent:
            unwanted = self._unwanted(world)
            found = unwanted[0] if unwanted else None
        else:
            found = self._found(world) if world.exists(self.netns) else None
        return {"state": "absent"} if found is None else {"state": "present", **describe(found[1])}

    def report(self, world: World) -> dict[str, t.Any] | None:
        """The rule as the kernel reports it."""
        found = self._found(world) if world.exists(self.netns) else None
        return None if found is None else {"netns": self.netns, **describe(found[1])}


def put(netns: str | None, rule: Rule) -> Operation:
    """Add a rule."""
    return Operation(
        f"add rule {' '.join(_selector_words(rule)) or 'from all'}{in_namespace(netns)}",
        _message(netns, "RTM_NEWRULE", ("create", "exclusive"), rule),
        (typed(netns, *_words("add", rule)),),
        (Change(netns, "rule", identity_of(rule), rule),),
    )


def take(netns: str | None, key: t.Hashable, rule: Rule) -> Operation:
    """Remove a rule."""
    return Operation(
        f"remove rule {' '.join(_selector_words(rule)) or 'from all'}{in_namespace(netns)}",
        _message(netns, "RTM_DELRULE", (), rule),
        (typed(netns, *_words("del", rule)),),
        (Change(netns, "rule", key, None),),
    )


def identity_of(rule: Rule) -> tuple[t.Hashable, ...]:
    """What makes two rules different; the last part is the priority, None until the kernel chooses one."""
    return (rule.family, _frozen(rule.selectors), rule.action, rule.table, rule.priority)


def _selecting(selectors: t.Mapping[str, t.Any]) -> t.Hashable:
    """The selectors alone: where a rule goes on is not one of them, though the kernel has it beside them."""
    return _frozen({name: value for name, value in selectors.items() if name != "FRA_GOTO"})


def _frozen(value: t.Any) -> t.Hashable:
    if isinstance(value, t.Mapping):
        return tuple(sorted((key, _frozen(item)) for key, item in value.items()))
    return value if isinstance(value, t.Hashable) else str(value)


def _message(netns: str | None, message: str, flags: tuple[str, ...], rule: Rule) -> Netlink:
    selectors = dict(rule.selectors)
    header: dict[str, t.Any] = {
        "family": rule.family,
        "table": rule.table if rule.table < 256 else 0,
        "action": rule.action,
        "tos": selectors.pop("tos", 0),
        "flags": FIB_RULE_INVERT if selectors.pop("invert", False) else 0,
    }
    attributes: list[tuple[str, t.Any]] = []
    for name, field in (("FRA_SRC", "src_len"), ("FRA_DST", "dst_len")):
        if name in selectors:
            network, length = selectors.pop(name).split("/")
            header[field] = int(length)
            attributes.append((name, network))
    attributes += list(selectors.items())
    if rule.table:
        attributes.append(("FRA_TABLE", rule.table))
    if rule.priority is not None:
        attributes.append(("FRA_PRIORITY", rule.priority))
    if rule.protocol and message == "RTM_NEWRULE":
        attributes.append(("FRA_PROTOCOL", rule.protocol))
    return Netlink(netns, message, flags, header, tuple(attributes))


def _selector_words(rule: Rule) -> list[str]:
    """As ip-rule(8) is told."""
    found = rule.selectors
    words = ["not"] if found.get("invert") else []
    for name, word in (("FRA_SRC", "from"), ("FRA_DST", "to"), ("FRA_IIFNAME", "iif"), ("FRA_OIFNAME", "oif")):
        if name in found:
            words += [word, str(found[name])]
    if "FRA_FWMARK" in found:
        words += ["fwmark", _mark(found)]
    if "tos" in found:
        words += ["tos", f"{found['tos']:#x}"]
    if "FRA_IP_PROTO" in found:
        words += ["ipproto", str(found["FRA_IP_PROTO"])]
    for name, word in (("FRA_SPORT_RANGE", "sport"), ("FRA_DPORT_RANGE", "dport"), ("FRA_UID_RANGE", "uidrange")):
        if name in found:
            low, high = found[name].split(":")
            words += [word, f"{low}-{high}" if low != high or word == "uidrange" else low]
    if "FRA_SUPPRESS_PREFIXLEN" in found:
        words += ["suppress_prefixlength", str(found["FRA_SUPPRESS_PREFIXLEN"])]
    return words


def _mark(selectors: t.Mapping[str, t.Any]) -> str:
    mask = selectors.get("FRA_FWMASK", 0xFFFFFFFF)
    return f"{selectors['FRA_FWMARK']:#x}" + (f"/{mask:#x}" if mask != 0xFFFFFFFF else "")


def _words(verb: str, rule: Rule) -> list[object]:
    actions = {number: name for name, number in ACTIONS.items()}
    words: list[object] = ["-6"] if rule.family == AF_INET6 else []
    words += ["rule", verb, *_selector_words(rule)]
    if rule.priority is not None:
        words += ["priority", rule.priority]
    action = actions[rule.action]
    if action == "lookup":
        words += ["lookup", rule.table]
    elif action == "goto":
        words += ["goto", rule.selectors["FRA_GOTO"]]
    else:
        words.append(action)
    return [*words, "protocol", rule.protocol] if rule.protocol and verb == "add" else words


def describe(rule: Rule) -> dict[str, t.Any]:
    """A rule as options."""
    actions = {number: name for name, number in ACTIONS.items()}
    tables = {number: name for name, number in TABLES.items()}
    protocols = {number: name for name, number in PROTOCOLS.items()}
    found = rule.selectors
    number = found.get("FRA_IP_PROTO")

    def span(name: str) -> str | None:
        if name not in found:
            return None
        low, high = found[name].split(":")
        return str(low) if low == high else f"{low}-{high}"

    return {
        "family": "ipv6" if rule.family == AF_INET6 else "ipv4",
        "priority": rule.priority,
        "action": actions.get(rule.action, str(rule.action)),
        "table": tables.get(rule.table, str(rule.table)) if rule.table else None,
        "source": found.get("FRA_SRC"),
        "destination": found.get("FRA_DST"),
        "incoming_interface": found.get("FRA_IIFNAME"),
        "outgoing_interface": found.get("FRA_OIFNAME"),
        "fwmark": _mark(found) if "FRA_FWMARK" in found else None,
        "tos": found.get("tos"),
        "ip_protocol": protocols.get(number, str(number)) if number else None,
        "source_port": span("FRA_SPORT_RANGE"),
        "destination_port": span("FRA_DPORT_RANGE"),
        "uid_range": span("FRA_UID_RANGE"),
        "invert": bool(found.get("invert")),
        "goto": found.get("FRA_GOTO"),
        "suppress_prefixlength": found.get("FRA_SUPPRESS_PREFIXLEN"),
    }


def parse(options: Options) -> RuleResource:
    """A rule from validated options."""
    family, selectors = _selectors(options)
    action, priority, absent = options.get("action") or "lookup", options.get("priority"), options["state"] == "absent"
    if priority is not None:
        checks.between("priority", priority, 0, 2**32 - 1)
    table = options.get("table")
    if action == "lookup" and table is None and not absent:
        raise VirtnetError("table: a rule that looks up needs a table")
    goto = options.get("goto")
    if action == "goto":
        if goto is None and not absent:
            raise VirtnetError("goto: the action goto needs the priority to go to")
        if goto is not None and priority is not None and goto <= priority:
            raise InvalidOption("goto", goto, f"is not behind the rule's own priority {priority}: rules only go on")
        if goto is not None:
            selectors["FRA_GOTO"] = checks.between("goto", goto, 1, 2**32 - 1)
    elif goto is not None:
        raise InvalidOption("goto", goto, "is only for action: goto")
    if table is not None and action != "lookup":
        raise InvalidOption("table", table, f"is only for action: lookup, not for {action}")
    return RuleResource(
        netns=checks.namespace("netns", options.get("netns")),
        family=family,
        selectors=selectors,
        action=action,
        table=table_number("table", table) if table is not None else 0,
        priority=priority,
        absent=absent,
    )


def _selectors(options: Options) -> tuple[int, dict[str, t.Any]]:
    found: dict[str, t.Any] = {}
    families = set()
    for option, name in (("source", "FRA_SRC"), ("destination", "FRA_DST")):
        if options.get(option):
            network = checks.network(option, options[option])
            families.add(checks.family_of(network))
            if not network.endswith("/0"):
                found[name] = network
    if len(families) > 1:
        raise InvalidOption("destination", options["destination"], "is of another family than the source")
    asked = FAMILIES.get(options.get("family") or "")
    family = asked or (families.pop() if families else FAMILIES["ipv4"])
    if asked is not None and families and families != {asked}:
        raise InvalidOption("family", options["family"], "is not that of the addresses")
    for option, name in (("incoming_interface", "FRA_IIFNAME"), ("outgoing_interface", "FRA_OIFNAME")):
        if options.get(option):
            found[name] = checks.interface(option, options[option])
    if options.get("fwmark") is not None:
        mark, _slash, mask = str(options["fwmark"]).partition("/")
        number, bits = _number("fwmark", mark), _number("fwmark", mask or "0xffffffff")
        if number or bits:  # 0/0 is every packet
            found["FRA_FWMARK"], found["FRA_FWMASK"] = number, bits
    if options.get("tos") is not None:
        tos = _number("tos", str(options["tos"]))
        if tos:
            found["tos"] = checks.between("tos", tos, 0, 255)
    if options.get("ip_protocol"):
        name = options["ip_protocol"]
        if name not in PROTOCOLS and not name.isdigit():
            raise InvalidOption("ip_protocol", name, f"is not a number or one of {', '.join(PROTOCOLS)}")
        found["FRA_IP_PROTO"] = PROTOCOLS.get(name) or checks.between("ip_protocol", int(name), 1, 255)
    for option, name, most in (
        ("source_port", "FRA_SPORT_RANGE", 65535),
        ("destination_port", "FRA_DPORT_RANGE", 65535),
        ("uid_range", "FRA_UID_RANGE", 2**32 - 2),
    ):
        if options.get(option):
            low, high = checks.span(option, options[option], 0 if option == "uid_range" else 1, most)
            found[name] = f"{low}:{high}"  # as pyroute2 has it
    if options.get("invert"):
        found["invert"] = True
    if options.get("suppress_prefixlength") is not None:
        found["FRA_SUPPRESS_PREFIXLEN"] = checks.between(
            "suppress_prefixlength", options["suppress_prefixlength"], 0, 32 if family == 2 else 128
        )
    return family, found


def _number(option: str, value: str) -> int:
    try:
        return int(checks.between(option, int(value, 0), 0, 2**32 - 1))
    except ValueError:
        raise InvalidOption(option, value, "is not a number") from None


RULE = Kind(
    "rule",
    {
        "netns": {"type": "str"},
        "priority": {"type": "int"},
        "source": {"type": "str"},
        "destination": {"type": "str"},
        "incoming_interface": {"type": "str"},
        "outgoing_interface": {"type": "str"},
        "fwmark": {"type": "str"},
        "tos": {"type": "str"},
        "ip_protocol": {"type": "str"},
        "source_port": {"type": "str"},
        "destination_port": {"type": "str"},
        "uid_range": {"type": "str"},
        "invert": {"type": "bool", "default": False},
        "table": {"type": "str"},
        "action": {"type": "str", "choices": list(ACTIONS), "default": "lookup"},
        "goto": {"type": "int"},
        "suppress_prefixlength": {"type": "int"},
        "family": {"type": "str", "choices": list(FAMILIES)},
        **STATE_SPEC,
    },
    parse,
    ("netns", "family", "priority", "source", "destination"),
)
