# SPDX-FileCopyrightText: The virtnet.linux authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A router between two networks, and what nft, iptables, ping and sockets say about its firewall.

inside eth0 ──────── lan  router  wan ──────── eth0 outside
10.77.1.2       10.77.1.1         10.77.2.1       10.77.2.2
fd77:1::2       fd77:1::1         fd77:2::1       fd77:2::2
"""

from __future__ import annotations

import json
import socket
import threading
import time
import typing as t

import pytest
from ansible_collections.virtnet.linux.plugins.module_utils._kernel import firewall, namespaces

from tests.integration import witness
from tests.integration.conftest import Names

BACKENDS = ("nftables", "iptables-nft", "iptables-legacy")
INSIDE = {4: "10.77.1.2", 6: "fd77:1::2"}
ROUTER = {4: "10.77.2.1", 6: "fd77:2::1"}
OUTSIDE = {4: "10.77.2.2", 6: "fd77:2::2"}
LAN = {4: "10.77.1.0/24", 6: "fd77:1::/64"}
_ALL = firewall._backends()


def restrict(monkeypatch: pytest.MonkeyPatch, *backends: str) -> None:
    """Let the machine have these backends alone."""
    monkeypatch.setattr(firewall, "_backends", lambda: tuple(one for one in _ALL if one[0] in backends))


def version_of(request: pytest.FixtureRequest) -> int:
    """The version of IP that a test is about."""
    callspec = getattr(request.node, "callspec", None)
    return int(callspec.params.get("version", 4)) if callspec else 4


class Router:
    """The three namespaces of the drawing."""

    def __init__(self, names: Names, return_route: bool, version: int = 4) -> None:
        self.inside, self.netns, self.outside = names.made(), names.made(), names.made()
        for netns in (self.inside, self.netns, self.outside):
            # A tentative link-local address can't ask for neighbours. The greater of both counts.
            for scope in ("all", "default"):
                witness.shell("sh", "-c", f"echo 0 > /proc/sys/net/ipv6/conf/{scope}/accept_dad", netns=netns)
        self._link(self.inside, "lan", 1)
        self._link(self.outside, "wan", 2)
        for key in ("ipv4/ip_forward", "ipv6/conf/all/forwarding"):
            witness.shell("sh", "-c", f"echo 1 > /proc/sys/net/{key}", netns=self.netns)
        for netns, number in ((self.inside, 1), (self.outside, 2)):
            if netns == self.inside or return_route:
                witness.shell("ip", "-n", netns, "route", "add", "default", "via", f"10.77.{number}.1")
                witness.shell("ip", "-n", netns, "-6", "route", "add", "default", "via", f"fd77:{number}::1")
        if version == 6:
            self._wait_for_neighbours()

    def _wait_for_neighbours(self) -> None:
        """A new interface has no link-local address for a second, and asks for no neighbour without one."""
        for address in (INSIDE[6], OUTSIDE[6]):
            for _attempt in range(20):
                if witness.succeeds("ping", "-c1", "-W0.5", address, netns=self.netns):
                    break
                time.sleep(0.2)
            else:
                raise AssertionError(f"{address} does not answer the router")

    def _link(self, far: str, name: str, number: int) -> None:
        script = (
            f"link add {name} type veth peer name eth0 netns {far}",
            f"link set {name} up",
            f"address add 10.77.{number}.1/24 dev {name}",
            f"address add fd77:{number}::1/64 dev {name} nodad",
        )
        for line in script:
            witness.shell("ip", "-n", self.netns, *line.split())
        for line in (f"address add 10.77.{number}.2/24 dev eth0", f"address add fd77:{number}::2/64 dev eth0 nodad"):
            witness.shell("ip", "-n", far, *line.split())
        witness.shell("ip", "-n", far, "link", "set", "eth0", "up")
        for netns in (self.netns, far):
            witness.shell("ip", "-n", netns, "link", "set", "lo", "up")

    def passes(self, version: int = 4) -> bool:
        """Whether a ping from inside comes back from outside."""
        return witness.succeeds("ping", "-c1", "-W1", "-i0.2", OUTSIDE[version], netns=self.inside)

    def shell(self, *words: str) -> str:
        return witness.shell(*words, netns=self.netns)


def is_passed(source: str, target: str, address: str, port: int, listening: tuple[str, int]) -> str | None:
    """Connect from one namespace; the peer's address as the other sees it, or None if nothing arrives.

    :param listening: address and port of the server in the namespace `target`.
    """
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with namespaces.inside(target):
        server = socket.create_server(listening, family=family)
    seen: list[str] = []

    def serve() -> None:
        try:
            connection, peer = server.accept()
        except OSError:
            return
        with connection:
            seen.append(f"{peer[0]} {peer[1]}")
            connection.sendall(b"hello")

    server.settimeout(0.8)
    thread = threading.Thread(target=serve)
    thread.start()
    try:
        with namespaces.inside(source):
            client = socket.socket(family)
        with client:
            client.settimeout(0.7)
            client.connect((address, port))
            assert client.recv(5) == b"hello"
    except OSError:
        return None
    finally:
        thread.join()
        server.close()
    return seen[0]


# witnesses


def ruleset(netns: str) -> list[dict[str, t.Any]]:
    """nft's ruleset, without what changes by itself."""
    entries = json.loads(witness.shell("nft", "-j", "-s", "list", "ruleset", netns=netns))["nftables"]
    return [_still(entry) for entry in entries if "metainfo" not in entry]


def _still(value: t.Any) -> t.Any:
    if isinstance(value, dict):
        return {key: _still(item) for key, item in value.items() if key not in ("handle", "packets", "bytes")}
    return [_still(item) for item in value] if isinstance(value, list) else value


def saved(netns: str) -> list[str]:
    """What the four iptables-save say of rules and chains, without counters."""
    lines = []
    for family in ("iptables", "ip6tables"):
        for flavour in ("nft", "legacy"):
            text = witness.shell(f"{family}-{flavour}-save", netns=netns)
            lines += [f"{family}-{flavour} {line.split('[')[0]}" for line in text.splitlines() if line[0] in ":-"]
    return lines


def firewall_of(netns: str) -> dict[str, t.Any]:
    """All that there is."""
    return {"nftables": ruleset(netns), "iptables": saved(netns)}


def ours(netns: str) -> list[str]:
    """Everything that bears our name."""
    found = [json.dumps(entry) for entry in ruleset(netns)] + saved(netns)
    return [line for line in found if "virtnet" in line.lower()]


def rules(netns: str, hook: str) -> list[str]:
    """Our rules at a hook in their order, in whichever backend, without their comments."""
    text = witness.shell("nft", "-s", "list", "ruleset", netns=netns).split("table ip virtnet {")
    found = []
    if len(text) > 1 and f"chain {hook} {{" in text[1]:
        chain = text[1].split(f"chain {hook} {{")[1].split("}\n")[0]
        found = [line.split(" comment")[0].strip() for line in chain.splitlines() if "comment" in line]
    chain_name = f"-A VIRTNET-{hook.upper()} "
    return found + [
        line.split(chain_name)[1] for line in saved(netns) if line.startswith("iptables") and chain_name in line
    ]
