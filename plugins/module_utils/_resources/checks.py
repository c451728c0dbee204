# SPDX-FileCopyrightText: The virtnet.linux authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks of option values, each with one clear sentence; they return the normal form."""

from __future__ import annotations

import ipaddress
import posixpath
import re
import socket
import typing as t

from .._values.errors import InvalidOption

IFNAMSIZ = 16  # include/uapi/linux/if.h, with the final zero
ALIAS_MAX = 254  # IFALIASZ less the final zero, and less than that (dev_set_alias())
NAME_MAX = 255  # a namespace is a file in /run/netns
NAMED_NAMESPACES = ("/run/netns", "/var/run/netns")
OWN_NAMESPACE = ("/proc/self/ns/net", "/proc/thread-self/ns/net")
_HEX = re.compile(r"[0-9a-f]{12}")
_FORBIDDEN = re.compile(r"[\s/:\x00]")


def interface(option: str, name: str) -> str:
    """An interface name as the kernel takes it (dev_valid_name())."""
    if not name or len(name.encode()) >= IFNAMSIZ:
        raise InvalidOption(option, name, "is not an interface name: 1 to 15 bytes")
    if name in (".", "..") or name.startswith("-") or _FORBIDDEN.search(name):
        raise InvalidOption(option, name, "is not an interface name: no space, '/' or ':', no leading '-'")
    if name in ("all", "default") or "%" in name:
        raise InvalidOption(option, name, "is not an interface name: 'all', 'default' and '%' mean something else")
    return name


def alias(option: str, text: str) -> str:
    """A text for people as the kernel takes it (IFALIASZ); an empty one for none."""
    if "\0" in text:
        raise InvalidOption(option, text, "has a zero byte")
    if len(text.encode()) > ALIAS_MAX:
        raise InvalidOption(option, text, f"is too long: at most {ALIAS_MAX} bytes")
    return text


def namespace(option: str, name: str | None) -> str | None:
    """A namespace's name or absolute path; None is the one that the task runs in.

    What has a name is known by it, also where it is given by its path: one thing must not have two names.
    """
    if name is None:
        return None
    if not name.startswith("/"):
        return new_namespace(option, name)
    if "\0" in name or "\n" in name:
        raise InvalidOption(option, name, "is not a path")
    path = posixpath.normpath(name)
    if path in OWN_NAMESPACE:
        return None
    folder, base = posixpath.split(path)
    return base if folder in NAMED_NAMESPACES else path


def new_namespace(option: str, name: str) -> str:
    """A name for a namespace: a plain file name."""
    if not name or len(name.encode()) > NAME_MAX:
        raise InvalidOption(option, name, "is not a namespace name: 1 to 255 bytes")
    if name in (".", "..") or name.startswith("-") or re.search(r"[\s/\x00]", name):
        raise InvalidOption(option, name, "is not a namespace name: no space or '/', no leading '-'")
    return name


def mac(option: str, value: str) -> str:
    """A unicast MAC address in any notation, as six lower-case pairs with colons."""
    digits = re.sub(r"[:.\-]", "", value).lower()
    if not _HEX.fullmatch(digits):
        raise InvalidOption(option, value, "is not a MAC address such as 02:00:00:00:00:01")
    if int(digits[:2], 16) & 1:
        raise InvalidOption(option, value, "is a multicast MAC address; an interface needs a unicast one")
    if digits == "0" * 12:
        raise InvalidOption(option, value, "is all zero; an interface needs a MAC address of its own")
    return ":".join(digits[at : at + 2] for at in range(0, 12, 2))


def any_mac(option: str, value: str) -> str:
    """A MAC address of any kind, also all zero or multicast."""
    digits = re.sub(r"[:.\-]", "", value).lower()
    if not _HEX.fullmatch(digits):
        raise InvalidOption(option, value, "is not a MAC address such as 02:00:00:00:00:01")
    return ":".join(digits[at : at + 2] for at in range(0, 12, 2))


def cidr_address(option: str, value: str) -> str:
    """An address with its prefix length, such as 192.0.2.1/24."""
    if "/" not in value:
        raise InvalidOption(option, value, "has no prefix length: write it as 192.0.2.1/24")
    _reject_zone(option, value)
    try:
        found = ipaddress.ip_interface(value)
    except ValueError:
        raise InvalidOption(option, value, "is not an address with a prefix length, such as 192.0.2.1/24") from None
    if found.ip.is_unspecified:
        raise InvalidOption(option, value, "is not an address that an interface can have")
    return f"{_text(found.ip)}/{found.network.prefixlen}"


def address(option: str, value: str) -> str:
    """An IP address without prefix length."""
    _reject_zone(option, value)
    try:
        return _text(ipaddress.ip_address(value))
    except ValueError:
        raise InvalidOption(option, value, "is not an IP address") from None


def _reject_zone(option: str, value: str) -> None:
    if "%" in value:
        raise InvalidOption(option, value, "names an interface behind '%': leave it out, it is given by itself")


def _text(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> str:
    """An address as it is read back (inet_ntop(3)): ::ffff:192.0.2.1 and not ::ffff:c000:201."""
    return socket.inet_ntop(socket.AF_INET if address.version == 4 else socket.AF_INET6, address.packed)


def network(option: str, value: str, strict: bool = True) -> str:
    """A network as CIDR; an address alone is the network of one host."""
    try:
        found = ipaddress.ip_network(value, strict=strict)
        return f"{_text(found.network_address)}/{found.prefixlen}"
    except ValueError:
        pass
    try:
        right = ipaddress.ip_interface(value).network
    except ValueError:
        raise InvalidOption(option, value, "is not a network such as 192.0.2.0/24") from None
    raise InvalidOption(option, value, f"has host bits set; the network is {right}")


def between(option: str, value: t.Any, low: float, high: float) -> t.Any:
    """A number in a range."""
    if isinstance(value, bool):  # Ansible takes it for a whole number
        raise InvalidOption(option, value, "is not a number")
    if not low <= value <= high:
        raise InvalidOption(option, value, f"is not between {number(low)} and {number(high)}")
    return value


def number(value: float) -> str:
    """A number for people: 4294967295, 0.5."""
    return str(int(value)) if value == int(value) else str(value)


def family_of(value: str) -> int:
    """AF_INET or AF_INET6 of an address or network in normal form."""
    return 10 if ":" in value else 2


def span(option: str, value: str, low: int, high: int) -> tuple[int, int]:
    """A number or a range such as 1000-2000."""
    first, _dash, last = str(value).partition("-")
    if not first.isdigit() or not (last or first).isdigit():
        raise InvalidOption(option, value, "is not a number or a range such as 1000-2000")
    start, end = int(first), int(last or first)
    if not low <= start <= end <= high:
        raise InvalidOption(option, value, f"is not between {low} and {high}")
    return start, end
