# SPDX-FileCopyrightText: The virtnet.linux authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files that `ip netns exec` puts over /etc (ip-netns(8)): here, the name servers."""

from __future__ import annotations

import os

from .._values.state import NAMESERVERS_MARK

DIRECTORY = "/etc/netns"


def nameservers(name: str) -> tuple[tuple[str, ...] | None, bool]:
    """The name servers kept for a namespace, and whether they were written here; None: it has no file of its own."""
    if name.startswith("/"):
        return None, False
    try:
        with open(f"{DIRECTORY}/{name}/resolv.conf", encoding="utf-8") as file:
            text = file.read()
    except FileNotFoundError:
        return None, False
    words = [line.split() for line in text.splitlines()]
    return tuple(line[1] for line in words if len(line) > 1 and line[0] == "nameserver"), text.startswith(
        NAMESERVERS_MARK
    )


def write_nameservers(name: str, servers: tuple[str, ...] | None) -> None:
    """Keep name servers for a namespace, or (None) none; its folder goes when nothing else is in it."""
    folder = f"{DIRECTORY}/{name}"
    path = f"{folder}/resolv.conf"
    if servers is None:
        try:
            os.unlink(path)
            os.rmdir(folder)
        except OSError:
            pass  # not there, or somebody else keeps files beside it
        return
    os.makedirs(folder, mode=0o755, exist_ok=True)
    with open(path + ".new", "w", encoding="utf-8") as file:
        file.write(NAMESERVERS_MARK)
        file.writelines(f"nameserver {server}\n" for server in servers)
    os.replace(path + ".new", path)
