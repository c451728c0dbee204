# SPDX-FileCopyrightText: The virtnet.linux authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the kernel has, as values: one class for each kind of thing, in the kernel's own terms."""

from __future__ import annotations

import dataclasses
import typing as t

NAMESERVERS_MARK = "# Kept by virtnet.linux.\n"

IFF_UP, IFF_NOARP, IFF_PROMISC = 0x1, 0x80, 0x100  # include/uapi/linux/if.h
IFA_F_SECONDARY, IFA_F_NODAD, IFA_F_TENTATIVE, IFA_F_PERMANENT = 0x01, 0x02, 0x40, 0x80  # include/uapi/linux/if_addr.h
NUD_PERMANENT, NUD_NOARP = 0x80, 0x40  # include/uapi/linux/neighbour.h
PAIRS = ("veth", "vxcan")  # kinds that come in pairs
CYCLING = ("vrf",)  # kinds whose ports are taken down and up when they join or leave


class Reference(t.NamedTuple):
    """An interface by name, in a namespace (None: the one that the task runs in)."""

    netns: str | None
    name: str


class Deferred(t.Mapping[str, t.Any]):
    """Attributes that are decoded when somebody asks, because most links are never asked."""

    def __init__(self, decode: t.Callable[[], t.Mapping[str, t.Any]]) -> None:
        self._decode = decode
        self._found: t.Mapping[str, t.Any] | None = None

    def _all(self) -> t.Mapping[str, t.Any]:
        if self._found is None:
            self._found = self._decode()
        return self._found

    def __getitem__(self, name: str) -> t.Any:
        return self._all()[name]

    def __iter__(self) -> t.Iterator[str]:
        return iter(self._all())

    def __len__(self) -> int:
        return len(self._all())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, t.Mapping) and dict(self) == dict(other)

    __hash__ = None  # type: ignore[assignment]


@dataclasses.dataclass(frozen=True)
class Link:
    """A network interface.

    :param index: the kernel's number for it in its namespace; 0 while it is only planned.
    :param attributes: top-level attributes by their IFLA_ names.
    :param data: attributes of its kind (IFLA_INFO_DATA).
    :param port: its settings as a port of a bridge (IFLA_INFO_SLAVE_DATA).
    :param master: name of the device that it is a port of.
    :param lower_index: index of its parent or veth peer, in the namespace `lower_nsid` (None: its own).
    :param lower: the same by name, when it is known.
    """

    name: str
    kind: str = ""
    index: int = 0
    flags: int = 0
    attributes: t.Mapping[str, t.Any] = dataclasses.field(default_factory=dict)
    data: t.Mapping[str, t.Any] = dataclasses.field(default_factory=dict)
    port: t.Mapping[str, t.Any] = dataclasses.field(default_factory=dict)
    master: str | None = None
    lower_index: int = 0
    lower_nsid: int | None = None
    lower: Reference | None = None

    @property
    def enabled(self) -> bool:
        """Whether it is administratively up."""
        return bool(self.flags & IFF_UP)


@dataclasses.dataclass(frozen=True)
class Address:
    """An IP address on an interface: `address` is CIDR, `flags` are IFA_F_ bits."""

    interface: str
    address: str
    flags: int = 0
    scope: int = 0
    peer: str | None = None

    @property
    def tentative(self) -> bool:
        """Whether duplicate address detection is still going on."""
        return bool(self.flags & IFA_F_TENTATIVE)


@dataclasses.dataclass(frozen=True)
class NextHop:
    """One way of a route: `flags` are RTNH_F_ bits."""

    gateway: str | None = None
    interface: str | None = None
    weight: int = 1
    flags: int = 0


@dataclasses.dataclass(frozen=True)
class Route:
    """A route: `destination` is CIDR, `type`, `scope` and `protocol` are the kernel's numbers."""

    family: int
    destination: str
    table: int
    metric: int
    type: int
    scope: int = 0
    protocol: int = 3
    source: str | None = None
    mtu: int | None = None
    nexthops: tuple[NextHop, ...] = ()


@dataclasses.dataclass(frozen=True)
class Rule:
    """A policy rule: selectors and action by their FRA_ names, `action` is an FR_ACT_ number.

    :param protocol: who made it, an RTPROT_ number.
    """

    family: int
    priority: int | None
    action: int
    table: int
    selectors: t.Mapping[str, t.Any] = dataclasses.field(default_factory=dict)
    protocol: int = dataclasses.field(default=0, compare=False)


@dataclasses.dataclass(frozen=True)
class Neighbor:
    """An entry of the neighbour table: `state` are NUD_ bits."""

    interface: str
    address: str
    mac: str | None = None
    state: int = 0
    proxy: bool = False


@dataclasses.dataclass(frozen=True)
class Forwarding:
    """An entry of a device's forwarding table, such as a VXLAN's: where frames for `mac` are sent.

    :param learnt: from a frame that came, and not written by somebody.
    """

    interface: str
    mac: str
    destination: str
    learnt: bool = dataclasses.field(default=False, compare=False)


@dataclasses.dataclass(frozen=True)
class Switching:
    """An entry of a bridge's forwarding table: behind which port a MAC address is.

    :param learnt: from a frame that came, and not the port's own or written by somebody.
    """

    bridge: str
    port: str
    mac: str
    vlan: int | None = None
    learnt: bool = False


@dataclasses.dataclass(frozen=True)
class PortVlan:
    """A VLAN that a port of a bridge is a member of.

    :param pvid: whether untagged frames that come in belong to it.
    :param untagged: whether its frames go out without a tag.
    """

    interface: str
    id: int
    pvid: bool = False
    untagged: bool = False


@dataclasses.dataclass(frozen=True)
class Namespace:
    """A named network namespace and the name servers kept for it in /etc/netns.

    :param marked: whether the file with the name servers was written by this collection: only then it goes with
        the namespace.
    """

    name: str
    nameservers: tuple[str, ...] | None = None
    marked: bool = False


@dataclasses.dataclass(frozen=True)
class Service:
    """A process that runs in a namespace; two are equal when they were started alike.

    :param running: False: only a part of it is left, or it never said that it was ready.
    :param ready: the signs that it was to give, and `timeout` the seconds that it had for them.
    :param pid: of its first process; 0 when that has ended, or while it is only planned.
    :param log: path of its log.
    """

    name: str
    command: tuple[str, ...]
    environment: tuple[tuple[str, str], ...] = ()
    running: bool = True
    ready: tuple[tuple[str, t.Any], ...] = dataclasses.field(default=(), compare=False)
    timeout: float = dataclasses.field(default=10.0, compare=False)
    pid: int = dataclasses.field(default=0, compare=False)
    log: str = dataclasses.field(default="", compare=False)
