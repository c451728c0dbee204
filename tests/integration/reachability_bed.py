# SPDX-FileCopyrightText: The virtnet.linux authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Scratch namespaces for asking questions in, built with `ip` alone.

      2001:db8:1::/64                      2001:db8:2::/64
        10.1.0.0/24                          10.2.0.0/24
a .1 ──── eth0 · ra ──── .254 r .254 ──── rb · eth0 ──── .1 b
"""

from __future__ import annotations

import contextlib
import itertools
import os
import subprocess
import time
from collections.abc import Iterator, Mapping
from typing import Any

from ansible_collections.virtnet.linux.plugins.module_utils._probe.interview import Findings, interview
from ansible_collections.virtnet.linux.plugins.module_utils._probe.options import read_questions

_numbers = itertools.count()


class Bed:
    """Namespaces under a prefix of their own."""

    def __init__(self) -> None:
        self.prefix = f"rb{os.getpid()}x{next(_numbers)}-"
        self._made: list[str] = []

    def full(self, name: str) -> str:
        return self.prefix + name

    def add(self, *names: str) -> None:
        for name in names:
            run("ip", "netns", "add", self.full(name))
            self._made.append(name)
            self.ip(name, "link set lo up")
            self.sysctl(name, "net.ipv4.ip_forward", "0")
            for key in ("all", "default"):
                self.sysctl(name, f"net.ipv4.conf.{key}.rp_filter", "0")

    def ip(self, name: str, *commands: str) -> None:
        """Lines of `ip -batch` in a namespace; NS:name stands for a namespace's full name."""
        text = "\n".join(commands).replace("NS:", self.prefix)
        subprocess.run(["ip", "-n", self.full(name), "-batch", "-"], input=text, text=True, check=True)

    def shell(self, name: str, *words: str, check: bool = True) -> str:
        """A program in a namespace; what it prints."""
        return run("ip", "netns", "exec", self.full(name), *words, check=check)

    def sysctl(self, name: str, key: str, value: str) -> None:
        path = "/proc/sys/" + key.replace(".", "/")
        self.shell(name, "sh", "-c", f"test ! -e {path} || echo {value} > {path}")

    def ask(self, **options: Any) -> Findings:
        """Ask as the module does."""
        return interview(read_questions({"prefix": self.prefix, **options}))

    def check(self, **check: Any) -> Mapping[str, Any]:
        """Ask one thing, once and not for long unless `count` and `timeout` say so; its result."""
        check = {"count": 1, "timeout": 0.5, **check}
        check["from"] = check.pop("source_namespace", "a")
        findings = self.ask(checks=[check])
        result: Mapping[str, Any] = findings.result["checks"][0]
        return result

    def remove(self) -> None:
        for name in self._made:
            run("ip", "netns", "del", self.full(name), check=False)


def run(*words: str, check: bool = True) -> str:
    done = subprocess.run(words, capture_output=True, text=True, timeout=30, check=False)
    if check and done.returncode:
        raise AssertionError(f"{' '.join(words)}: {done.stderr}{done.stdout}")
    return done.stdout


@contextlib.contextmanager
def scratch(*names: str) -> Iterator[Bed]:
    bed = Bed()
    try:
        bed.add(*names)
        yield bed
    finally:
        bed.remove()


def routed(bed: Bed, ipv6_ready: bool = False) -> None:
    """The drawing above; IPv4 and IPv6, forwarding on."""
    for name, other, net in (("a", "ra", 1), ("b", "rb", 2)):
        bed.ip(
            name,
            f"link add eth0 type veth peer name {other} netns NS:r",
            f"addr add 10.{net}.0.1/24 dev eth0",
            f"addr add 2001:db8:{net}::1/64 dev eth0 nodad",
            "link set eth0 up",
        )
        bed.ip(
            "r",
            f"addr add 10.{net}.0.254/24 dev {other}",
            f"addr add 2001:db8:{net}::254/64 dev {other} nodad",
            f"link set {other} up",
        )
        bed.ip(name, f"route add default via 10.{net}.0.254", f"route add default via 2001:db8:{net}::254")
    bed.sysctl("r", "net.ipv4.ip_forward", "1")
    bed.sysctl("r", "net.ipv6.conf.all.forwarding", "1")
    deadline = time.monotonic() + 5
    while ipv6_ready and time.monotonic() < deadline and any(_is_tentative(bed, name) for name in "arb"):
        time.sleep(0.05)  # a router without a link-local address can't ask for its neighbours


def _is_tentative(bed: Bed, name: str) -> bool:
    return "tentative" in bed.shell(name, "ip", "-6", "addr")
