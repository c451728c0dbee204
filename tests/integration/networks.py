# SPDX-FileCopyrightText: The virtnet.linux authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A network as iproute2, nft and /proc show it, in a form in which two can be compared.

What is left out, because it differs between two networks that are the same:
indices, statistics, timers and identifiers of the kernel's own; MAC addresses that the kernel drew by
lot (those of the tests begin with 02:00:5e); link-local addresses and what the kernel derives from
addresses by itself (routes of protocol kernel, the local table); learnt neighbours; counters and
handles of firewall rules; the state of carrier, which follows a link with a delay.
"""

from __future__ import annotations

import json
import pathlib
import subprocess
import typing as t

from tests.integration import witness

Network = dict[str, t.Any]

MAC = "02:00:5e"
_SYSCTLS = ("net.ipv4.ip_forward", "net.ipv6.conf.all.forwarding", "net.ipv6.conf.all.disable_ipv6")
_LINK_NOISE = {
    "ifindex", "link_index", "link_netnsid", "operstate", "stats64", "flags", "parentbus", "parentdev", "qdisc",
    "num_tx_queues", "num_rx_queues", "gso_max_size", "gso_max_segs", "tso_max_size", "tso_max_segs", "gro_max_size",
    "linkmode", "group", "link", "altnames", "promiscuity", "broadcast", "inet6_addr_gen_mode", "min_mtu", "max_mtu",
}  # fmt: skip
_DATA_NOISE = {
    "bridge_id", "root_id", "root_port", "root_path_cost", "hello_timer", "tcn_timer", "topology_change_timer",
    "gc_timer", "topology_change", "topology_change_detected", "no", "designated_port", "designated_cost",
    "hold_timer", "message_age_timer", "forward_delay_timer", "state", "port_id", "port_no",
    "topology_change_ack",
    "config_pending", "mcast_hash_elasticity", "link_index", "fdb_n_learned",
}  # fmt: skip


def network(prefix: str) -> Network:
    """All namespaces whose names begin with a prefix, by the rest of their names."""
    names = [name for name in witness.namespaces() if name.startswith(prefix)]
    return {name[len(prefix) :]: space(name, prefix) for name in names}


def space(netns: str | None, prefix: str = "") -> Network:
    """One namespace."""
    return {
        "links": {link["ifname"]: _link(netns, link, prefix) for link in witness.ip(netns, "link")},
        "addresses": _addresses(netns),
        "routes": sorted(map(_text, _routes(netns))),
        "rules": sorted(_text(rule) for family in ("-4", "-6") for rule in witness.ip(netns, family, "rule")),
        "neighbors": sorted(map(_text, _neighbors(netns))),
        "forwarding": sorted(map(_text, _forwarding(netns))),
        "sysctls": {key: _sysctl(netns, key) for key in _SYSCTLS},
        "firewall": _firewall(netns),
        "nameservers": _nameservers(netns),
    }


def _text(value: t.Any) -> str:
    return json.dumps(value, sort_keys=True)


def _link(netns: str | None, link: dict[str, t.Any], prefix: str) -> dict[str, t.Any]:
    found = {key: value for key, value in link.items() if key not in _LINK_NOISE}
    found["flags"] = sorted(set(link["flags"]) & {"UP", "NOARP", "PROMISC"})
    if "link" in link or "link_index" in link:
        found["lower"] = _lower(netns, link, prefix)
    if not link.get("address", "").startswith(MAC):
        found.pop("address", None)
    info = found.get("linkinfo", {})
    for part in ("info_data", "info_slave_data"):
        if part in info:
            noise = _DATA_NOISE if part == "info_data" else {*_DATA_NOISE, "id"}  # a VXLAN's id is its network
            info[part] = {key: value for key, value in info[part].items() if key not in noise}
    return found


def _lower(netns: str | None, link: dict[str, t.Any], prefix: str) -> str:
    """The parent or peer by name, found where it is."""
    if "link" in link:
        return str(link["link"])
    numbers = {entry["nsid"]: entry.get("name", "") for entry in witness.ip(netns, "netns", "list-id")}
    where = numbers.get(link.get("link_netnsid"))
    names = {other["ifindex"]: other["ifname"] for other in witness.ip(where, "link")} if where else {}
    return f"{where[len(prefix) :] if where else 'elsewhere'}/{names.get(link['link_index'])}"


def _addresses(netns: str | None) -> list[str]:
    found = []
    for link in witness.ip(netns, "address"):
        for address in link.get("addr_info", ()):
            if address["scope"] != "link":
                what = {key: address.get(key) for key in ("local", "prefixlen", "address", "nodad", "secondary")}
                found.append(_text({"dev": link["ifname"], **what}))
    return sorted(found)


def _routes(netns: str | None) -> list[dict[str, t.Any]]:
    found = []
    for family in ("-4", "-6"):
        for route in witness.ip(netns, family, "route", "show", "table", "all"):
            if route.get("protocol") != "kernel" and route.get("table") != "local":
                route["flags"] = sorted({"onlink"} & set(route.get("flags", ())))
                for hop in route.get("nexthops", ()):
                    hop["flags"] = sorted({"onlink"} & set(hop.get("flags", ())))
                found.append({"family": family, **route})
    return found


def _neighbors(netns: str | None) -> list[dict[str, t.Any]]:
    static = [entry for state in ("permanent", "noarp") for entry in witness.ip(netns, "neigh", "show", "nud", state)]
    proxies = witness.ip(netns, "neigh", "show", "proxy")
    return [entry for entry in static if not entry["dst"].startswith(("ff", "224.", "fe80"))] + proxies


def _forwarding(netns: str | None) -> list[dict[str, t.Any]]:
    return [entry for entry in witness.bridge(netns, "fdb") if "dst" in entry]


def _sysctl(netns: str | None, key: str) -> str:
    inside = ["ip", "netns", "exec", netns] if netns else []
    return subprocess.run([*inside, "sysctl", "-n", key], capture_output=True, text=True, check=False).stdout.strip()


def _firewall(netns: str | None) -> list[str]:
    inside = ["ip", "netns", "exec", netns] if netns else []
    done = subprocess.run([*inside, "nft", "-j", "list", "ruleset"], capture_output=True, text=True, check=False)
    entries = json.loads(done.stdout or '{"nftables": []}')["nftables"]
    legacy = subprocess.run([*inside, "iptables-legacy-save"], capture_output=True, text=True, check=False).stdout
    rules = [_text(_without_handles(entry)) for entry in entries if "metainfo" not in entry]
    return rules + [line.split("[")[0] for line in legacy.splitlines() if not line.startswith("#")]


def _without_handles(value: t.Any) -> t.Any:
    if isinstance(value, dict):
        return {
            key: None if key == "counter" else _without_handles(item) for key, item in value.items() if key != "handle"
        }
    return [_without_handles(item) for item in value] if isinstance(value, list) else value


def _nameservers(netns: str | None) -> str:
    path = pathlib.Path("/etc/netns", netns or ".none", "resolv.conf")
    return path.read_text() if path.exists() else ""


def differences(one: t.Any, other: t.Any, where: str = "") -> list[str]:
    """Where two networks differ, one line each."""
    if isinstance(one, dict) and isinstance(other, dict):
        keys = sorted({*one, *other})
        return [line for key in keys for line in differences(one.get(key), other.get(key), f"{where}/{key}")]
    if isinstance(one, list) and isinstance(other, list):
        lost = [f"{where}: only the first has {item}" for item in one if item not in other]
        return lost + [f"{where}: only the second has {item}" for item in other if item not in one]
    return [] if one == other else [f"{where}: {one!r} is not {other!r}"]
