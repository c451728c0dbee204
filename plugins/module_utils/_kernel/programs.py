# SPDX-FileCopyrightText: The virtnet.linux authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the few programs that there is no netlink for, from argument lists, with a time limit."""

from __future__ import annotations

import os
import subprocess
import typing as t

from .._values.errors import KernelRefused, ProgramMissing
from .._values.operation import RunProgram
from . import namespaces

TIMEOUT = 30.0  # seconds
PATH = "/usr/sbin:/usr/bin:/sbin:/bin"
PACKAGES = {
    "nft": "nftables",
    "iptables-save": "iptables",
    "iptables-restore": "iptables",
    "ip6tables-save": "iptables",
    "ip6tables-restore": "iptables",
    "dnsmasq": "dnsmasq-base",
    "teamd": "libteam-utils",
    "teamdctl": "libteam-utils",
}


def find(program: str) -> str | None:
    """The path of an installed program; None when it is not installed."""
    for folder in PATH.split(":"):
        path = f"{folder}/{program}"
        if os.access(path, os.X_OK):
            return path
    return None


def run(netns: str | None, arguments: t.Sequence[str], stdin: str = "") -> str:
    """What a program prints, run in a namespace.

    :raises ProgramMissing: it is not installed.
    :raises KernelRefused: it failed or ran out of time; the words are its own.
    """
    path = find(arguments[0])
    if path is None:
        raise ProgramMissing(arguments[0], PACKAGES.get(arguments[0], arguments[0]))
    with namespaces.inside(netns):
        try:
            # run_command() belongs to an AnsibleModule, of which this room knows nothing.
            done = subprocess.run(  # pylint: disable=ansible-bad-function
                [path, *arguments[1:]],
                input=stdin,
                capture_output=True,
                text=True,
                timeout=TIMEOUT,
                check=False,
                env={"PATH": PATH, "LC_ALL": "C"},
            )
        except subprocess.TimeoutExpired:
            raise KernelRefused(110, f"{arguments[0]} did not end within {TIMEOUT:g} s") from None
    if done.returncode != 0:
        words = " ".join(done.stderr.split()) or f"exit status {done.returncode}"
        raise KernelRefused(0, f"{arguments[0]} says: {words}")
    return done.stdout


def run_request(request: RunProgram) -> None:
    """Perform a RunProgram request."""
    run(request.netns, request.arguments, request.stdin)
