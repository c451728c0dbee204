# SPDX-FileCopyrightText: The virtnet.linux authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What this machine can do, found out by trying in a network namespace that is thrown away.

A question may make the kernel load a module. Some modules put a device of their own into the machine's
first namespace when they are loaded: bonding, dummy and ifb are loaded beforehand with the parameter that
says no; those of tunnels, which have no such parameter, are looked up and not loaded.
"""

from __future__ import annotations

import ctypes
import json
import os
import typing as t

from .._values.capabilities import Capabilities
from .._values.errors import VirtnetError
from . import namespaces, programs
from .device_kinds import Prober

WITHOUT_DEVICES = {"bonding": "max_bonds=0", "dummy": "numdummies=0", "ifb": "numifbs=0"}
PROGRAMS = (
    "ip", "bridge", "tc", "ss", "nft", "iptables", "iptables-nft", "iptables-legacy", "teamd", "teamdctl", "dnsmasq",
    "udhcpc", "dhcpcd", "conntrack", "ethtool", "ping", "arping", "tcpdump", "modprobe",
)  # fmt: skip
FAMILIES = {"ip": "nat", "ip6": "nat", "inet": "nat", "bridge": "filter"}  # nftables' bridge family has no NAT

_libc = ctypes.CDLL(None, use_errno=True)


def probe() -> Capabilities:
    """What this machine can do.

    :raises VirtnetError: it can't be tried, for lack of privileges.
    """
    before = _modules()
    kernel = os.uname()
    _load_without_devices(before)
    found = _in_another_namespace(lambda: _probe(before))
    return Capabilities(
        release=kernel.release,
        machine=kernel.machine,
        programs={name: programs.find(name) for name in PROGRAMS},
        loaded=sorted(_modules() - before),
        **found,
    )


def _probe(loaded: t.AbstractSet[str]) -> dict[str, t.Any]:
    prober = Prober()
    kinds, missing = prober.find_kinds(lambda module: _could_be_loaded(module, loaded))
    families = _families()
    return {
        "kinds": kinds,
        "missing": missing,
        "modes": prober.find_modes(kinds),
        "bridge": prober.find_bridge_features(),
        "qdiscs": prober.find_qdiscs(),
        "families": families,
        "backends": _backends(families),
    }


def _in_another_namespace(work: t.Callable[[], dict[str, t.Any]]) -> dict[str, t.Any]:
    """What a piece of work returns that a child does in a nameless network namespace, which goes with it."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            if _libc.unshare(namespaces.CLONE_NEWNET) != 0:
                number = ctypes.get_errno()
                answer = {"error": f"make a network namespace: {os.strerror(number)}; it needs root (become: true)"}
            else:
                answer = work()
        except BaseException as error:
            answer = {"error": f"{type(error).__name__}: {error}"}
        with os.fdopen(writer, "w", encoding="utf-8") as pipe:
            json.dump(answer, pipe)
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader, encoding="utf-8") as pipe:
        text = pipe.read()
    os.waitpid(child, 0)
    found: dict[str, t.Any] = json.loads(text)
    if "error" in found:
        raise VirtnetError(found["error"])
    return found


# kernel modules


def _modules() -> set[str]:
    """The kernel modules that are loaded; none when the kernel was built without modules."""
    try:
        with open("/proc/modules", encoding="ascii") as file:
            return {line.split()[0] for line in file}
    except FileNotFoundError:
        return set()


def _load_without_devices(loaded: t.AbstractSet[str]) -> None:
    for module, parameter in WITHOUT_DEVICES.items():
        if module not in loaded and _could_be_loaded(module, loaded):
            _succeeds("modprobe", "-q", module, parameter)


def _could_be_loaded(module: str, loaded: t.AbstractSet[str]) -> bool | None:
    """Whether a module is there and not loaded; None: it is loaded or built in, or there are no modules."""
    folder = f"/lib/modules/{os.uname().release}"
    if module in loaded or not os.path.isdir(folder) or programs.find("modprobe") is None:
        return None
    try:
        with open(f"{folder}/modules.builtin", encoding="utf-8") as file:
            if any(line.rstrip().endswith(f"/{module}.ko") for line in file):
                return None
    except FileNotFoundError:
        pass
    return _succeeds("modprobe", "-n", "-q", module)


# firewalls


def _families() -> list[str]:
    """The families of nftables in which a chain can be made."""
    if programs.find("nft") is None:
        return []
    return [family for family, kind in FAMILIES.items() if _has_family(family, kind)]


def _has_family(family: str, kind: str) -> bool:
    chain = f"add chain {family} virtnet x {{ type {kind} hook postrouting priority 100; }}\n"
    return _succeeds("nft", "-f", "-", stdin=f"add table {family} virtnet\n{chain}")


def _backends(families: t.Container[str]) -> list[str]:
    """What can hold our NAT rules."""
    found = ["nftables"] if "ip" in families else []
    return found + [name for name in ("iptables-nft", "iptables-legacy") if _succeeds(name, "-t", "nat", "-S")]


def _succeeds(program: str, *arguments: str, stdin: str = "") -> bool:
    try:
        programs.run(None, [program, *arguments], stdin)
    except (OSError, VirtnetError):
        return False
    return True
