# SPDX-FileCopyrightText: The virtnet.linux authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What there is according to iproute2 and /proc, which know nothing of this collection."""

from __future__ import annotations

import json
import subprocess
import typing as t


def shell(*words: str, netns: str | None = None, check: bool = True) -> str:
    """Run a program, in a namespace if one is given, and return what it prints."""
    inside = ["ip", "netns", "exec", netns] if netns else []
    done = subprocess.run([*inside, *words], capture_output=True, text=True, check=False, timeout=60)
    if check and done.returncode:
        raise AssertionError(f"{' '.join(words)}: {done.stderr or done.stdout}")
    return done.stdout


def succeeds(*words: str, netns: str | None = None) -> bool:
    """Whether a program ends with success."""
    inside = ["ip", "netns", "exec", netns] if netns else []
    return not subprocess.run([*inside, *words], capture_output=True, check=False, timeout=60).returncode


def ip(netns: str | None, *words: str) -> list[dict[str, t.Any]]:
    """What `ip -j -d` shows; nothing where ip fails, as it does for an interface that is not there."""
    return _listed("ip", netns, *words)


def bridge(netns: str | None, *words: str) -> list[dict[str, t.Any]]:
    """What `bridge -j -d` shows."""
    return _listed("bridge", netns, *words)


def _listed(program: str, netns: str | None, *words: str) -> list[dict[str, t.Any]]:
    where = ["-n", netns] if netns else []
    done = subprocess.run([program, "-j", "-d", *where, *words], capture_output=True, text=True, check=False)
    return list(json.loads(done.stdout or "[]"))


def namespaces() -> list[str]:
    """The names of all named namespaces."""
    return sorted(entry["name"] for entry in ip(None, "netns", "list"))


def link(netns: str | None, name: str) -> dict[str, t.Any]:
    """An interface, addresses included; empty when there is none."""
    found = [entry for entry in ip(netns, "address", "show") if entry.get("ifname") == name]
    return found[0] if found else {}


def addresses(netns: str | None, name: str, scope: str | None = None) -> list[str]:
    """The addresses of an interface as CIDR, without those that the kernel itself gives (fe80::/64)."""
    found = link(netns, name).get("addr_info", [])
    return sorted(
        f"{entry['local']}/{entry['prefixlen']}"
        for entry in found
        if not entry["local"].startswith("fe80:") and scope in (None, entry["scope"])
    )


def info(netns: str | None, name: str) -> dict[str, t.Any]:
    """What an interface has by its kind."""
    return dict(link(netns, name).get("linkinfo", {}).get("info_data", {}))


def port(netns: str | None, name: str) -> dict[str, t.Any]:
    """What an interface has as a port of a bridge."""
    return dict(link(netns, name).get("linkinfo", {}).get("info_slave_data", {}))


def sysctl(netns: str | None, key: str) -> str:
    """A kernel parameter, its key with slashes."""
    return shell("cat", f"/proc/sys/{key}", netns=netns).strip()


def everything(netns: str | None) -> dict[str, t.Any]:
    """All that iproute2 shows of a namespace and that does not change by itself."""
    links = ip(netns, "link", "show")
    for entry in links:
        for key in ("stats", "stats64", "hello_timer", "gc_timer"):
            entry.pop(key, None)
        for timers in entry.get("linkinfo", {}).values():
            for key in [key for key in timers if "timer" in key] if isinstance(timers, dict) else ():
                del timers[key]
    return {
        "links": links,
        "addresses": {entry["ifname"]: addresses(netns, entry["ifname"]) for entry in links},
        "routes": [*ip(netns, "-4", "route", "show", "table", "all"), *ip(netns, "-6", "route", "show")],
        "rules": [*ip(netns, "-4", "rule"), *ip(netns, "-6", "rule")],
        "neighbours": ip(netns, "neigh", "show", "nud", "permanent"),
        "forwarding": [entry for entry in bridge(netns, "fdb", "show") if "dst" in entry],
    }
