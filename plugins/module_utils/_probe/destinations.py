# SPDX-FileCopyrightText: The virtnet.linux authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""From what a check calls its destination to an address; and the checks of a matrix."""

from __future__ import annotations

import typing as t

from .._kernel import resolver, surroundings
from .._kernel.netlink import Channels
from .._kernel.packets import Outgoing, index_of
from .._values.errors import InvalidOption, KernelRefused, VirtnetError
from . import reading
from .answers import UNRESOLVED, Obstacle
from .inquiry import Inquiry, Target
from .options import DEFAULT_PAYLOAD
from .questions import ARP, ICMP, Check, Questions

RESOLVING = 7.0  # seconds at most for all names of a namespace


def matrix_checks(channels: Channels, questions: Questions) -> list[Check]:
    """Every ordered pair of a matrix; both directions of a pair side by side, since they share what they learn.

    :raises VirtnetError: a namespace has no address to ask.
    """
    matrix = questions.matrix
    if matrix is None:
        return []
    addresses = {}
    for position, place in enumerate(matrix.among):
        found = surroundings.global_addresses(channels, place.netns, matrix.version)
        if not found:
            family = f"IPv{matrix.version} " if matrix.version else ""
            raise VirtnetError(f"matrix.among[{position}]: {place.netns!r} has no global {family}address")
        addresses[place] = found[0]
    checks = []
    for position, first in enumerate(matrix.among):
        for second in matrix.among[position + 1 :]:
            for source, destination in ((first, second), (second, first)):
                checks.append(
                    Check(
                        path=f"matrix {source} to {destination}",
                        place=source,
                        to=addresses[destination],
                        protocol=ICMP,
                        port=0,
                        listener=None,
                        outgoing=Outgoing(),
                        size=DEFAULT_PAYLOAD,
                        icmp_id=None,
                        count=questions.count,
                        timeout=questions.timeout,
                        facts=matrix.facts,
                        name=matrix.name,
                        outcome=matrix.outcome,
                        pair=(str(source), str(destination)),
                    )
                )
    return checks


def find_targets(inquiries: t.Sequence[Inquiry]) -> None:
    """Give each inquiry its address; a name that does not resolve is an answer of its own."""
    names: dict[str | None, dict[str, None]] = {}
    for inquiry in inquiries:
        check = inquiry.check
        address = reading.as_address(check.to)
        if address is None:
            names.setdefault(check.place.netns, {})[check.to] = None
        else:
            inquiry.target = Target(address, _scope(check, check.to))
    if not names:
        return
    resolved = {netns: resolver.resolve(netns, list(wanted), RESOLVING) for netns, wanted in names.items()}
    for inquiry in inquiries:
        if inquiry.target is None:
            check = inquiry.check
            _take(inquiry, resolved[check.place.netns].get(check.to, []))


def _take(inquiry: Inquiry, addresses: t.Sequence[str]) -> None:
    """The first address that the check's protocol and source can use."""
    check = inquiry.check
    source = reading.as_address(check.outgoing.source) if check.outgoing.source else None
    for text in addresses:
        address = reading.as_address(text)
        if address is None or (check.protocol == ARP and address.version == 6):
            continue
        if source is not None and source.version != address.version:
            continue
        inquiry.target = Target(address, _scope(check, text))
        return
    inquiry.stopped(Obstacle(UNRESOLVED, None, f"the name {check.to!r} does not resolve here"))


def _scope(check: Check, text: str) -> int:
    """The ifindex that a link-local address needs: of its zone (%eth0), else of the check's interface."""
    zone = text.partition("%")[2] or (check.outgoing.interface if text.lower().startswith("fe80:") else None)
    if not zone:
        return 0
    try:
        return int(zone) if zone.isdigit() else index_of(check.place.netns, zone)
    except KernelRefused as refused:
        raise VirtnetError(f"{check.path}.to: {refused.words}") from None


def require_same_family(inquiries: t.Sequence[Inquiry]) -> None:
    """A source address must be of the destination's family.

    :raises InvalidOption: it is not.
    """
    for inquiry in inquiries:
        outgoing, target = inquiry.check.outgoing, inquiry.target
        source = reading.as_address(outgoing.source) if outgoing.source else None
        if source is not None and target is not None and source.version != target.address.version:
            hint = f"is not of the family of the destination {target.address}"
            raise InvalidOption(f"{inquiry.check.path}.source", outgoing.source, hint)
