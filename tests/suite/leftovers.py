# SPDX-FileCopyrightText: The virtnet.linux authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What tests must leave as it was: the machine's own namespace, other namespaces, processes and our files."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

PROCESSES = {"dnsmasq", "linux.uml", "ping", "tcpdump", "teamd"}
"""Programs that labs and tests start. Whatever runs in another network namespace is noticed under any name."""

VOLATILE = {"expires", "handle", "stats", "stats64", "valid_life_time", "preferred_life_time", "packets", "bytes"}
"""Keys of JSON answers whose values change by themselves."""

PATIENCE = 10
"""Seconds that the kernel may take to clean up: it removes a namespace's links after `ip netns del` has returned."""

Snapshot = Mapping[str, "frozenset[str]"]


def snapshot() -> Snapshot:
    """Everything that is compared: for each aspect, one line for each thing there."""
    return {
        "namespace": _files("/run/netns"),
        "link": _json("ip", "-j", "-d", "link"),
        "address": _json("ip", "-j", "addr"),
        "IPv4 rule": _json("ip", "-j", "-4", "rule"),
        "IPv6 rule": _json("ip", "-j", "-6", "rule"),
        "IPv4 route": _json("ip", "-j", "-4", "route", "show", "table", "all"),
        "IPv6 route": _json("ip", "-j", "-6", "route", "show", "table", "all"),
        "nftables": _json("nft", "-j", "list", "ruleset"),
        "iptables": _iptables(),
        "sysctl": _sysctls(),
        "process": _processes(),
        "file": _files("/run/virtnet", "/etc/netns"),
    }


def wait_for(before: Snapshot) -> list[str]:
    """The differences that remain after a while, one line each; none if all is as it was."""
    deadline = time.monotonic() + PATIENCE
    while (found := differences(before, snapshot())) and time.monotonic() < deadline:
        time.sleep(0.2)
    return found


def differences(before: Snapshot, after: Snapshot) -> list[str]:
    found = []
    for aspect, things in before.items():
        found += [f"left behind, {aspect}: {thing}" for thing in sorted(after[aspect] - things)]
        found += [f"gone, {aspect}: {thing}" for thing in sorted(things - after[aspect])]
    return found


def _output(*command: str) -> str:
    if not shutil.which(command[0]):
        return ""
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout


def _json(*command: str) -> frozenset[str]:
    answer = json.loads(_output(*command) or "[]")
    entries = answer["nftables"] if isinstance(answer, dict) else answer
    return frozenset(json.dumps(_lasting(entry), sort_keys=True) for entry in entries)


def _lasting(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _lasting(entry) for key, entry in value.items() if key not in VOLATILE}
    if isinstance(value, list):
        return [_lasting(entry) for entry in value]
    return value


def _iptables() -> frozenset[str]:
    """The rules of the older backend; those of the newer one are in nftables."""
    saved = _output("iptables-legacy-save") + _output("ip6tables-legacy-save")
    # Comments hold the time, a chain's line ends with its counters.
    return frozenset(re.sub(r" \[\d+:\d+\]$", "", line) for line in saved.splitlines() if not line.startswith("#"))


def _sysctls() -> frozenset[str]:
    """What labs are tempted to set: forwarding, filters and the defaults for new interfaces."""
    found = set()
    for family in (Path("/proc/sys/net/ipv4"), Path("/proc/sys/net/ipv6")):
        for name in ("ip_forward", "conf/all/*", "conf/default/*"):
            for file in family.glob(name):
                try:
                    found.add(f"{file}={file.read_text().strip()}")
                except OSError:
                    continue  # some can only be written, or have no value yet
    return frozenset(found)


def _processes() -> frozenset[str]:
    own_namespace = Path("/proc/self/ns/net").readlink()
    found = set()
    for process in Path("/proc").glob("[0-9]*"):
        try:
            name = (process / "comm").read_text().strip()
            elsewhere = (process / "ns/net").readlink() != own_namespace
            command = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
        except OSError:
            continue  # it has ended meanwhile
        if elsewhere or name in PROCESSES:
            found.add(f"{process.name} {command}")
    return frozenset(found)


def _files(*folders: str) -> frozenset[str]:
    # os.walk passes over a folder that has gone since it was listed.
    walks = (entry for folder in folders for entry in os.walk(folder))
    return frozenset(os.path.join(path, name) for path, below, files in walks for name in (*below, *files))
