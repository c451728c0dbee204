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


def addresses(netns: str | None, name: str) -> list[str]:
    """The addresses of an interface as CIDR, without those that the kernel itself gives (fe80::/64)."""
    return _addresses(link(netns, name))


def _addresses(found: dict[str, t.Any]) -> list[str]:
    addresses = [f"{entry['local']}/{entry['prefixlen']}" for entry in found.get("addr_info", ())]
    return sorted(address for address in addresses if not address.startswith("fe80:"))


def info(netns: str | None, name: str) -> dict[str, t.Any]:
    """What an interface has by its kind."""
    return dict(link(netns, name).get("linkinfo", {}).get("info_data", {}))


def port(netns: str | None, name: str) -> dict[str, t.Any]:
    """What an interface has as a port of a bridge."""
    return dict(link(netns, name).get("linkinfo", {}).get("info_slave_data", {}))


def sysctl(netns: str | None, key: str) -> str:
    """A kernel parameter, its key with slashes."""
    return shell("cat", f"/proc/sys/{key}", netns=netns).strip()


# What changes by itself when a link has just come up.
_RESTLESS = (
    "operstate",
    "state",
    "topology_change",
    "topology_change_detected",
    "topology_change_ack",
    "config_pending",
)
_FLAGS = ("UP", "NOARP", "PROMISC")
_KERNELS_OWN = ("fe80::/64", "ff00::/8", "multicast ff00::/8", "::1")


_EVERYTHING = (
    "ip -j -d address show",
    "ip -j -d -4 route show table all",
    "ip -j -d -6 route show table all",
    "ip -j -d -4 rule show",
    "ip -j -d -6 rule show",
    "ip -j -d neigh show nud permanent",
    "ip -j -d neigh show proxy",
    "bridge -j -d fdb show",
)


def everything(netns: str | None) -> dict[str, t.Any]:
    """All that iproute2 shows of a namespace and that does not change by itself."""
    # In one shell: a process that Python starts costs three times as much.
    printed = shell("sh", "-c", "; echo ---; ".join(_EVERYTHING), netns=netns).split("---")
    links, routes4, routes6, rules4, rules6, permanent, proxies, entries = [
        json.loads(text) if text.strip() else [] for text in printed
    ]
    return {
        "links": [_restful({**entry, "addr_info": None}) for entry in links],
        "addresses": {entry["ifname"]: _addresses(entry) for entry in links},
        "routes": [{**route, "flags": None} for route in [*routes4, *routes6] if not _comes_by_itself(route)],
        "rules": [*rules4, *rules6],
        "neighbours": [*permanent, *proxies],
        "forwarding": [entry for entry in entries if "dst" in entry],
    }


def _comes_by_itself(route: dict[str, t.Any]) -> bool:
    return ":" in route["dst"] and (route.get("table") == "local" or route["dst"] in _KERNELS_OWN)


def _restful(found: t.Any) -> t.Any:
    if not isinstance(found, dict):
        return found
    kept = {key: _restful(value) for key, value in found.items() if key not in _RESTLESS and "timer" not in key}
    if "flags" in kept:
        kept["flags"] = [flag for flag in kept["flags"] if flag in _FLAGS]
    return kept
