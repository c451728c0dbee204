# SPDX-FileCopyrightText: The virtnet.linux authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""From a task's options to questions; what is wrong is named by its path, such as checks[2].expect."""

from __future__ import annotations

import typing as t

from .._kernel.packets import Outgoing
from .._values.errors import VirtnetError
from . import answers, reading
from .frames import KINDS
from .questions import (
    ARP,
    ICMP,
    IPV4,
    IPV6,
    PROTOCOLS,
    SOME,
    TCP,
    UDP,
    Check,
    Facts,
    FrameExpectation,
    Listener,
    Matrix,
    Place,
    Questions,
    WatchPoint,
)
from .reading import Entry

LARGEST_PAYLOAD = 65_507
DEFAULT_PAYLOAD = 56  # as ping(8)
ANY = "any"


def read_questions(options: t.Mapping[str, t.Any]) -> Questions:
    """Validate a task's options.

    :raises InvalidOption: names the option, the value and what would be right.
    """
    top = Entry("", options)
    prefix = top.text("prefix") or ""
    count, timeout = top.number("count", 1, 10_000, 2), top.seconds("timeout", 1.0)
    default = _place(top.text("netns"), prefix)
    checks = tuple(_check(entry, prefix, default, count, timeout) for entry in top.entries("checks", CHECK_KEYS))
    matrix = top.entry("matrix", MATRIX_KEYS)
    questions = Questions(
        prefix=prefix,
        checks=checks,
        matrix=_matrix(matrix, prefix) if matrix is not None else None,
        watch=tuple(_watch(entry, prefix, default) for entry in top.entries("watch", WATCH_KEYS)),
        count=count,
        timeout=timeout,
        duration=top.seconds("duration", 0.0),
        serial=top.flag("serial", False),
        settle=top.seconds("settle", 5.0),
        fresh=top.flag("fresh", False),
    )
    if not (questions.checks or questions.matrix or questions.watch):
        raise VirtnetError("nothing is asked: give checks, matrix or watch")
    return questions


CHECK_KEYS = (
    "from",
    "to",
    "protocol",
    "listener",
    "port",
    "interface",
    "source",
    "size",
    "dont_fragment",
    "icmp_id",
    "source_port",
    "count",
    "timeout",
    "expect",
    "ttl",
    "responder",
    "duplicates",
    "received",
    "peer_sees",
    "name",
    "outcome",
)
LISTENER_KEYS = ("netns", "address", "port")
MATRIX_KEYS = ("among", "expect", "ttl", "family", "name", "outcome")
WATCH_KEYS = ("netns", "interface", "expect", "name", "outcome")
EXPECTATION_KEYS = (
    "frame",
    "source",
    "destination",
    "source_mac",
    "destination_mac",
    "ttl",
    "vlan",
    "vni",
    "direction",
    "source_port",
    "destination_port",
    "icmp_id",
    "count",
    "name",
    "outcome",
)


def _place(name: str | None, prefix: str) -> Place:
    if name is None:
        return Place(None, None)
    return Place(name, name if name.startswith("/") else prefix + name)


def _check(entry: Entry, prefix: str, default: Place, count: int, timeout: float) -> Check:
    protocol = entry.choice("protocol", PROTOCOLS, ICMP)
    listener = _listener(entry, prefix, protocol)
    port = entry.number("port", 1, 65_535, 0)
    for key in ("port", "listener", "source_port", "peer_sees"):
        if entry.given(key) and protocol not in (TCP, UDP):
            raise entry.wrong(key, f"needs protocol tcp or udp, and the protocol here is {protocol}")
    if protocol in (TCP, UDP) and not port:
        if listener is None:
            raise VirtnetError(f"{entry.path}: protocol {protocol} needs a port")
        port = listener.port
    if entry.given("peer_sees") and listener is None:
        raise entry.wrong("peer_sees", "needs a listener, which is what sees the peer")
    if entry.given("icmp_id") and protocol != ICMP:
        raise entry.wrong("icmp_id", f"needs protocol icmp, and the protocol here is {protocol}")
    for key in ("size", "dont_fragment"):
        if entry.given(key) and protocol not in (ICMP, UDP):
            raise entry.wrong(key, f"needs protocol icmp or udp, and the protocol here is {protocol}")
    name = entry.text("from")
    return Check(
        path=entry.path,
        place=_place(name, prefix) if name is not None else default,
        to=_destination(entry, protocol),
        protocol=protocol,
        port=port,
        listener=listener,
        outgoing=_outgoing(entry),
        size=entry.number("size", 0, LARGEST_PAYLOAD, DEFAULT_PAYLOAD),
        icmp_id=entry.number("icmp_id", 0, 65_535) if entry.given("icmp_id") else None,
        count=1 if protocol == TCP else entry.number("count", 1, 10_000, count),
        timeout=entry.seconds("timeout", timeout),
        facts=_facts(entry),
        name=entry.text("name"),
        outcome=entry.text("outcome"),
    )


def _destination(entry: Entry, protocol: str) -> str:
    to = entry.required("to")
    address = reading.as_address(to)
    if address is not None and protocol == ARP and address.version == 6:
        raise entry.wrong("to", "is an IPv6 address, and ARP asks for IPv4 addresses")
    if address is None and any(sign in to for sign in " /:\n"):
        raise entry.wrong("to", "is neither an address nor a name")
    return to


def _outgoing(entry: Entry) -> Outgoing:
    source = entry.text("source")
    if source is not None and reading.as_address(source) is None:
        raise entry.wrong("source", "is not an address")
    return Outgoing(
        interface=entry.interface("interface"),
        source=source,
        dont_fragment=entry.flag("dont_fragment", False),
        source_port=entry.number("source_port", 1, 65_535, 0),
    )


def _listener(entry: Entry, prefix: str, protocol: str) -> Listener | None:
    inner = entry.entry("listener", LISTENER_KEYS)
    if inner is None:
        return None
    address = inner.text("address")
    if address is not None and reading.as_address(address) is None:
        raise inner.wrong("address", "is not an address")
    port = inner.number("port", 1, 65_535, 0) or entry.number("port", 1, 65_535, 0)
    if not port:
        raise VirtnetError(f"{inner.path}: missing required option 'port'")
    return Listener(_place(inner.text("netns"), prefix), address, port)


def _facts(entry: Entry) -> Facts:
    responder = entry.text("responder")
    if responder is not None and reading.as_address(responder) is None:
        raise entry.wrong("responder", "is not an address")
    peer, peer_port = None, None
    if entry.given("peer_sees"):
        peer, peer_port = reading.as_peer(entry, "peer_sees")
    return Facts(
        answer=entry.choice("expect", answers.EXPECTABLE, answers.REACHABLE),
        ttl=entry.number("ttl", 0, 255) if entry.given("ttl") else None,
        responder=responder,
        duplicates=entry.amount("duplicates"),
        received=entry.amount("received"),
        peer_sees=peer,
        peer_port=peer_port,
    )


def _matrix(entry: Entry, prefix: str) -> Matrix:
    among = entry.texts("among")
    if len(among) < 2:
        raise entry.wrong("among", "needs at least two namespaces")
    if len(set(among)) < len(among):
        raise entry.wrong("among", "names a namespace twice")
    family = entry.choice("family", (IPV4, IPV6), "")
    return Matrix(
        among=tuple(_place(name, prefix) for name in among),
        facts=_facts(entry),
        version={IPV4: 4, IPV6: 6}.get(family),
        name=entry.text("name"),
        outcome=entry.text("outcome"),
    )


def _watch(entry: Entry, prefix: str, default: Place) -> WatchPoint:
    name = entry.text("netns")
    interface = entry.interface("interface")
    if interface is None:
        raise VirtnetError(f"{entry.path}: missing required option 'interface'")
    return WatchPoint(
        path=entry.path,
        place=_place(name, prefix) if name is not None else default,
        interface=interface,
        expectations=tuple(_expectation(inner) for inner in entry.entries("expect", EXPECTATION_KEYS)),
        name=entry.text("name"),
        outcome=entry.text("outcome"),
    )


def _address_of(entry: Entry, key: str) -> str | None:
    value = entry.text(key)
    if value is None:
        return None
    address = reading.as_address(value)
    if address is None:
        raise entry.wrong(key, "is not an address")
    return str(address)


def _expectation(entry: Entry) -> FrameExpectation:
    def number(key: str, highest: int) -> int | None:
        return entry.number(key, 0, highest) if entry.given(key) else None

    count = entry.amount("count")
    return FrameExpectation(
        path=entry.path,
        frame=entry.choice("frame", (*KINDS, ANY), ANY),
        source=_address_of(entry, "source"),
        destination=_address_of(entry, "destination"),
        source_mac=entry.mac("source_mac"),
        destination_mac=entry.mac("destination_mac"),
        ttl=number("ttl", 255),
        vlan=number("vlan", 4094),
        vni=number("vni", (1 << 24) - 1),
        direction=entry.choice("direction", ("in", "out"), "") or None,
        source_port=number("source_port", 65_535),
        destination_port=number("destination_port", 65_535),
        icmp_id=number("icmp_id", 65_535),
        count=SOME if count is None else count,
        name=entry.text("name"),
        outcome=entry.text("outcome"),
    )
