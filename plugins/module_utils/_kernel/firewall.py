# SPDX-FileCopyrightText: The virtnet.linux authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads what a firewall has of ours, with as few programs as can be, and finds out which backends work."""

from __future__ import annotations

import errno
import functools
import os
import socket
import struct
import typing as t

from .._values import firewall as values
from .._values.errors import NotPermitted
from .._values.firewall import FAMILIES, IPTABLES_LEGACY, IPTABLES_NFT, NFTABLES, BarriersKey
from .._values.world import Section
from . import iptables, namespaces, nftables, programs

# include/uapi/linux/netfilter/nfnetlink.h and nf_tables.h
NETLINK_NETFILTER = 12
NFNL_MSG_BATCH_BEGIN = 0x10
NFNL_SUBSYS_NFTABLES = 10
NFT_MSG_NEWTABLE, NFT_MSG_NEWCHAIN = 0, 3
NFTA_TABLE_NAME = 1
NFTA_CHAIN_TABLE, NFTA_CHAIN_NAME, NFTA_CHAIN_HOOK, NFTA_CHAIN_TYPE = 1, 3, 4, 7
NFTA_HOOK_HOOKNUM, NFTA_HOOK_PRIORITY = 1, 2
NF_INET_POST_ROUTING = 4
NLM_F_REQUEST, NLM_F_ACK, NLM_F_CREATE, NLA_F_NESTED = 0x1, 0x4, 0x400, 0x8000
NLMSG_ERROR = 2


def read(netns: str | None) -> Section:
    """Our rules and chains in a namespace, and what of others' decides over forwarding."""
    found: Section = {}
    have = backends(None)
    ruleset = nftables.read(netns) if NFTABLES in have else nftables.Ruleset()
    found.update(nftables.ours(ruleset))
    for family in FAMILIES:
        known: set[str] = set()
        named = {"nat", "filter"} & ruleset.tables(family)
        if IPTABLES_NFT in have and (named or NFTABLES not in have):
            tables = iptables.read(netns, program(have[IPTABLES_NFT], family))
            known = set(tables)
            found.update(iptables.ours(tables, IPTABLES_NFT, family))
        if IPTABLES_LEGACY in have and _legacy_tables(netns, family):
            tables = iptables.read(netns, program(have[IPTABLES_LEGACY], family))
            found.update(iptables.ours(tables, IPTABLES_LEGACY, family))
        found[BarriersKey("barriers", family)] = nftables.barriers(ruleset, family, known)
    return found


def program(name: str, family: str) -> str:
    """The program for a family: ip6tables where it is iptables for IPv4."""
    return name.replace("iptables", "ip6tables", 1) if family == "ip6" else name


def _legacy_tables(netns: str | None, family: str) -> bool:
    """Whether a namespace has tables of iptables-legacy: asking the program would take a fork."""
    with namespaces.inside(netns):
        try:
            with open(f"/proc/thread-self/net/{family}_tables_names", encoding="ascii") as file:
                return bool(file.read().strip())
        except OSError:
            return False


# what the machine has


@functools.cache
def _backends() -> tuple[tuple[str, str], ...]:
    kernel = has_nf_tables()
    found: list[tuple[str, str]] = []
    if kernel and programs.find("nft"):
        found.append((NFTABLES, "nft"))
    usual = _flavour("iptables")
    for flavour in sorted(values.IPTABLES, key=lambda flavour: flavour != usual):
        if flavour == IPTABLES_NFT and not kernel:
            continue
        if programs.find(flavour):
            found.append((flavour, flavour))
        elif usual == flavour:
            found.append((flavour, "iptables"))
    return tuple(found)


def backends(_netns: str | None) -> Section:
    """The backends that work here and their programs; of iptables' flavours the usual one is first."""
    return dict(_backends())


def _flavour(name: str) -> str | None:
    path = programs.find(name)
    if path is None:
        return None
    return IPTABLES_NFT if "nft" in os.path.basename(os.path.realpath(path)) else IPTABLES_LEGACY


def has_nf_tables() -> bool:
    """Whether this kernel has nftables' NAT for IPv4: some have its bridge family alone.

    Asks for a chain in a batch that has no end, which the kernel checks and drops (as `nft --check`).

    :raises NotPermitted: the task is not root.
    """
    table = _attribute(NFTA_TABLE_NAME, b"virtnet-question\0")
    hook = _attribute(NFTA_HOOK_HOOKNUM, struct.pack(">I", NF_INET_POST_ROUTING))
    hook += _attribute(NFTA_HOOK_PRIORITY, struct.pack(">i", 100))
    chain = _attribute(NFTA_CHAIN_TABLE, b"virtnet-question\0") + _attribute(NFTA_CHAIN_NAME, b"question\0")
    chain += _attribute(NFTA_CHAIN_HOOK | NLA_F_NESTED, hook) + _attribute(NFTA_CHAIN_TYPE, b"nat\0")
    batch = _message(NFNL_MSG_BATCH_BEGIN, NLM_F_REQUEST, socket.AF_UNSPEC, NFNL_SUBSYS_NFTABLES, b"", 1)
    flags = NLM_F_REQUEST | NLM_F_CREATE | NLM_F_ACK
    for sequence, (kind, body) in enumerate(((NFT_MSG_NEWTABLE, table), (NFT_MSG_NEWCHAIN, chain)), 2):
        batch += _message(NFNL_SUBSYS_NFTABLES << 8 | kind, flags, socket.AF_INET, 0, body, sequence)
    try:
        with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_NETFILTER) as sock:
            sock.settimeout(5)
            sock.bind((0, 0))
            sock.send(batch)
            return _all_accepted(sock, 2)
    except OSError:
        return False


def _all_accepted(sock: socket.socket, wanted: int) -> bool:
    seen = 0
    while seen < wanted:
        answer = sock.recv(65536)
        offset = 0
        while offset < len(answer):
            length, kind = struct.unpack_from("=IH", answer, offset)
            if kind == NLMSG_ERROR:
                number = -struct.unpack_from("=i", answer, offset + 16)[0]
                if number in (errno.EPERM, errno.EACCES):
                    raise NotPermitted("reading and changing the firewall needs root (become: true)")
                if number:
                    return False
                seen += 1
            offset += (length + 3) & ~3
    return True


def _attribute(kind: int, value: bytes) -> bytes:
    return struct.pack("=HH", len(value) + 4, kind) + value + b"\0" * (-len(value) % 4)


def _message(kind: int, flags: int, family: int, resource: int, body: bytes, sequence: int) -> bytes:
    body = struct.pack(">BBH", family, 0, resource) + body
    return struct.pack("=IHHII", len(body) + 16, kind, flags, sequence, 0) + body


FIREWALLS: dict[str, t.Callable[[str | None], Section]] = {
    values.SECTION: read,
    values.BACKENDS: backends,
}
