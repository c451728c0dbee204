# SPDX-FileCopyrightText: The virtnet.linux authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kinds of the module link that have a peer or options, witnessed by `ip -d link`."""

from __future__ import annotations

import typing as t

import pytest

from tests.integration import witness
from tests.integration.lifecycle import Bad, Bed, Options, assert_clear, assert_unchanged
from tests.integration.running import run_module, succeed

NAME = "t0"
V4 = {"local": "192.0.2.1", "remote": "192.0.2.2", "ttl": 64, "tos": 16}
V6 = {"local": "2001:db8::1", "remote": "2001:db8::2", "ttl": 64}
WITH_KEY = {**V4, "key": 7}
KEY = {"ikey": "0.0.0.7", "okey": "0.0.0.7"}
GENEVE = {"id": 9, "remote": "192.0.2.2", "ttl": 64, "destination_port": 6082}
SEEN_V4 = {"local": "192.0.2.1", "remote": "192.0.2.2", "ttl": 64, "tos": "0x10"}

# The options of each kind, and what the witness sees of them.
TUNNELS: dict[str, tuple[Options, Options]] = {
    "gre": (WITH_KEY, {**SEEN_V4, **KEY}),
    "gretap": (WITH_KEY, {**SEEN_V4, **KEY}),
    "ipip": (V4, SEEN_V4),
    "sit": (V4, SEEN_V4),
    "ip6tnl": (V6, V6),
    "geneve": (GENEVE, {"id": 9, "remote": "192.0.2.2", "ttl": 64, "port": 6082}),
}
KINDS = [pytest.param(kind, marks=pytest.mark.needs(kinds=[kind])) for kind in TUNNELS]


def make_first(bed: Bed, kind: str) -> None:
    """With the first one, the kernel gives every namespace another one."""
    if kind != "geneve":
        bed.ip(f"link add first type {kind} local {TUNNELS[kind][0]['local']} remote {TUNNELS[kind][0]['remote']}")
        bed.ip("link del first")


def options(bed: Bed, kind: str) -> Options:
    return {"netns": bed.netns, "name": NAME, "kind": kind, "options": TUNNELS[kind][0]}


def info(bed: Bed) -> dict[str, t.Any]:
    found = witness.info(bed.netns, NAME)
    return {name: value[0] if isinstance(value, list) else value for name, value in found.items()}


@pytest.mark.parametrize("kind", KINDS)
def test_a_tunnel_is_made_compared_and_removed(bed: Bed, kind: str) -> None:
    make_first(bed, kind)
    predicted = succeed("link", options(bed, kind), check=True)
    done = succeed("link", options(bed, kind))
    assert (predicted.changed, predicted.commands, predicted.diff) == (True, done.commands, done.diff)
    seen, expected = info(bed), TUNNELS[kind][1]
    assert {name: seen.get(name) for name in expected} == expected
    assert_unchanged(succeed("link", options(bed, kind)))
    other = {**options(bed, kind), "options": {**TUNNELS[kind][0], "ttl": 32}}
    assert_clear(run_module("link", other), "^ttl: 't0' .* has 64, not 32.*recreate: true")
    succeed("link", {**other, "recreate": True})
    assert info(bed)["ttl"] == 32
    succeed("link", {"netns": bed.netns, "name": NAME, "kind": kind, "state": "absent"})
    assert not witness.link(bed.netns, NAME)


@pytest.mark.parametrize("kind", KINDS)
def test_the_commands_make_the_same(bed: Bed, kind: str) -> None:
    for command in succeed("link", options(bed, kind), check=True).commands:
        witness.shell("sh", "-c", command)
    assert_unchanged(succeed("link", options(bed, kind)))


@pytest.mark.needs(kinds=["gre"])
def test_a_topology_knows_what_it_made_and_topology_info_says_it_again(bed: Bed) -> None:
    resources = [{"link": options(bed, "gre")}]
    succeed("topology", {"name": bed.netns, "resources": resources})
    assert_unchanged(succeed("topology", {"name": bed.netns, "resources": resources}))
    found = succeed("topology_info", {"namespaces": [bed.netns]})["resources"]
    (told,) = [entry["link"] for entry in found if entry.get("link", {}).get("name") == NAME]
    assert told["options"] == WITH_KEY
    succeed("topology", {"name": bed.netns, "state": "absent"})
    assert not witness.link(bed.netns, NAME)


@pytest.mark.needs(kinds=["vxcan"])
def test_a_pair_for_can_joins_two_namespaces(bed: Bed) -> None:
    pair = {"netns": bed.netns, "name": NAME, "kind": "vxcan", "peer": {"netns": bed.other, "name": "far0"}}
    predicted = succeed("link", pair, check=True)
    done = succeed("link", pair)
    assert (predicted.changed, predicted.commands, predicted.diff) == (True, done.commands, done.diff)
    for netns, name in ((bed.netns, NAME), (bed.other, "far0")):
        found = witness.link(netns, name)
        assert found["linkinfo"]["info_kind"] == "vxcan" and "UP" in found["flags"]
    assert_unchanged(succeed("link", pair))
    found = succeed("topology_info", {"namespaces": [bed.netns, bed.other]})["resources"]
    (told,) = [entry["link"] for entry in found if "link" in entry]
    assert told["kind"] == "vxcan" and told["peer"]["name"] in (NAME, "far0")
    succeed("link", {"netns": bed.netns, "name": NAME, "kind": "vxcan", "state": "absent"})
    assert not witness.link(bed.other, "far0")


BAD = (
    Bad(
        "no such option", {"kind": "gre", "options": {"colour": 1}}, "^options: 'colour' is no option of gre, which has"
    ),
    Bad("kind without options", {"kind": "dummy", "options": {"id": 1}}, "^options: 'id' is no option of dummy, which"),
    Bad("options without a kind", {"options": {"id": 1}}, "^options: 'id' needs a kind"),
    Bad("no number", {"kind": "gre", "options": {"key": "red"}}, "^options.key: 'red' is not a number"),
    Bad("out of range", {"kind": "ipip", "options": {"ttl": 256}}, "^options.ttl: 256 is not between 0 and 255"),
    Bad("no address", {"kind": "sit", "options": {"local": "here"}}, "^options.local: 'here' is not an IP address"),
    Bad("other family", {"kind": "ipip", "options": {"local": "::1"}}, "^options.local: '::1' is not an IPv4 address"),
    Bad(
        "unknown mode", {"kind": "ipoib", "options": {"mode": "fast"}}, "^options.mode: 'fast' is none of datagram, co"
    ),
    Bad("peer of a kind without", {"kind": "dummy", "peer": {"name": "x0"}}, "^peer: dummy interfaces have none"),
    Bad("peer is missing", {"kind": "vxcan"}, "^peer: vxcan 't0' needs a peer"),
    Bad("parent of a kind without", {"kind": "dummy", "parent": "lo"}, "^parent: dummy interfaces have none"),
    Bad("parent is missing", {"kind": "ipoib"}, "^parent: ipoib 't0' needs a parent"),
)


@pytest.mark.parametrize("bad", BAD, ids=str)
def test_a_bad_value_gets_a_clear_sentence_and_changes_nothing(bed: Bed, bad: Bad) -> None:
    before = bed.seen()
    assert_clear(run_module("link", {"netns": bed.netns, "name": NAME, **bad.options}), bad.sentence)
    assert bed.seen() == before


MORE: dict[str, Options] = {
    **{kind: {"options": given} for kind, (given, _seen) in TUNNELS.items()},
    "vxcan": {"peer": {"name": "far0"}},
    "netdevsim": {},
    "ipoib": {"parent": "eth0"},
}


@pytest.mark.parametrize("kind", MORE)
def test_a_kernel_without_is_told(bed: Bed, kind: str) -> None:
    found = succeed("capabilities_info", {})
    if kind in found["kinds"]:
        pytest.skip(f"this kernel has {kind!r} devices")
    bed.ip("link add eth0 type bridge")
    result = run_module("link", {"netns": bed.netns, "name": NAME, "kind": kind, **MORE[kind]})
    assert_clear(result, rf"^this kernel has no '{kind}' devices \(module \w+: not found\)$")
