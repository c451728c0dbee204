# SPDX-FileCopyrightText: The virtnet.linux authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What ping, ip and tcpdump find in a lab, as the scenario's lab.yml says.

| witness    | what it says                                                                                       |
| ---------- | -------------------------------------------------------------------------------------------------- |
| `ping`     | `from` a namespace `to` an address every packet is answered, with this `ttl`; or `replies: 0`, and |
|            | with `error`, what ping says                                                                       |
| `capture`  | so many `packets` go by an `interface` in `netns` that fit tcpdump's `filter`, during a `ping`     |
| `connect`  | a TCP connection `from` a namespace `to` an address and `port` reaches a `server` (its `netns` and |
|            | `port`), which sees it `seen_as` coming from there; or the client prints `error`                   |
| `neighbor` | after a ping to the address `asking`, `netns` has for the neighbour `to` the MAC address of the    |
|            | interface `interface_of` in `netns_of`                                                             |
| `link`     | what `ip -d -j address` has of an interface, by its own keys, at whatever depth                    |
| `prints`   | a `command` in `netns` prints something that fits the regular expression `pattern`; with           |
|            | `absent: true`, nothing that does                                                                  |
"""

from __future__ import annotations

import re
import typing as t

Options = t.Mapping[str, t.Any]


def test_the_scenario_has_witnesses(scenario: Options) -> None:
    assert scenario["witnesses"]


def test_witness(lab: t.Any, witness: Options) -> None:
    ((kind, options),) = witness.items()
    KINDS[kind](lab, options)


def ping(lab: t.Any, options: Options) -> None:
    judge(lab.ping(options), options)


def capture(lab: t.Any, options: Options) -> None:
    frames, said = lab.capture(options)
    judge(said, options["ping"])
    assert len(frames) == options["packets"], "\n".join(frames)


def connect(lab: t.Any, options: Options) -> None:
    client, server = lab.connect(options)
    if "error" in options:
        assert options["error"] in client, client
    else:
        assert (client, server) == ("hello", options["seen_as"])


def neighbor(lab: t.Any, options: Options) -> None:
    lab.ping({"from": options["netns"], "to": options["asking"]})
    (owner,) = lab.json(options["netns_of"], f"ip link show {options['interface_of']}")
    known = {entry["dst"]: entry.get("lladdr") for entry in lab.json(options["netns"], "ip neigh show")}
    assert known.get(options["to"]) == owner["address"], known


def link(lab: t.Any, options: Options) -> None:
    (found,) = [entry for entry in lab.json(options["netns"], "ip address show") if entry["ifname"] == options["name"]]
    for key, value in options.items():
        if key not in ("netns", "name"):
            assert value in values_of(found, key), f"{key}: {found}"


def prints(lab: t.Any, options: Options) -> None:
    text = lab.run(options["netns"], options["command"])
    assert bool(re.search(options["pattern"], text)) is not options.get("absent", False), text


def judge(found: t.Any, wanted: Options) -> None:
    """Compare what ping said with what it should say."""
    negative = "error" in wanted
    replies = wanted.get("replies", 0 if negative else wanted.get("count", 2))
    assert found.received == replies, found.text
    if negative:
        assert wanted["error"] in found.text
    if "ttl" in wanted:
        assert found.ttls == {wanted["ttl"]}, found.text


def values_of(found: t.Any, key: str) -> list[t.Any]:
    """All values of a key, at whatever depth."""
    if isinstance(found, list):
        return [value for entry in found for value in values_of(entry, key)]
    if isinstance(found, dict):
        own = [found[key]] if key in found else []
        return own + [value for entry in found.values() for value in values_of(entry, key)]
    return []


KINDS: dict[str, t.Callable[[t.Any, Options], None]] = {
    "ping": ping,
    "capture": capture,
    "connect": connect,
    "neighbor": neighbor,
    "link": link,
    "prints": prints,
}
