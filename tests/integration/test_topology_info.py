# SPDX-FileCopyrightText: The virtnet.linux authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Networks made by iproute2, read as a graph, and built again from what was read."""

from __future__ import annotations

import subprocess
import time
import typing as t

import pytest

from tests.integration import witness
from tests.integration.conftest import Names
from tests.integration.running import Result, run_module, succeed

# One namespace is left, the other right, the third has nothing but its lo.
NETWORK = """
-n {left} link set lo up
-n {right} link set lo up
-n {left} link add br0 mtu 1400 type bridge forward_delay 400 stp_state 1 priority 4096
-n {left} link add name west address 02:00:00:00:00:0a type veth peer name east netns {right} address 02:00:00:00:00:0b
-n {left} link set west master br0 mtu 1400 up
-n {left} link set west type bridge_slave hairpin on priority 7
-n {left} link set br0 up alias "the middle of it"
-n {right} link set east mtu 1400 txqueuelen 50 up
-n {left} address add 192.0.2.1/24 dev br0
-n {left} address add 192.0.2.7/24 dev br0
-n {left} address add 2001:db8::1/64 dev br0 nodad
-n {right} address add 192.0.2.2/24 dev east
-n {right} address add 2001:db8::2/64 dev east nodad
-n {right} address add 198.51.100.1/32 dev lo
-n {left} link add link br0 name mv0 type macvlan mode private
-n {left} link set mv0 netns {right}
-n {right} link set mv0 name upper up
-n {right} address add 203.0.113.2/24 dev upper
-n {left} link add vx0 type vxlan id 42 local 192.0.2.1 remote 192.0.2.2 dstport 4789 dev br0 nolearning
-n {left} link set vx0 up
-n {left} link add ifb7 type ifb
-n {left} link add solo type veth peer name pair
-n {left} link set solo up
-n {left} link set pair up
-n {left} address add 10.1.0.1/24 dev solo
-n {left} route add 10.2.0.0/16 via 192.0.2.2 metric 7
-n {left} route add 10.3.0.0/16 dev solo
-n {left} route add blackhole 10.4.0.0/16
-n {left} route add 10.5.0.0/16 nexthop via 192.0.2.2 weight 3 nexthop via 10.1.0.9
-n {left} route add 10.6.0.0/16 via 192.0.2.2 table 77 mtu 1300 src 192.0.2.7
-n {left} route add 10.7.0.0/16 via 172.16.0.1 dev br0 onlink
-n {left} -6 route add 2001:db8:7::/48 via 2001:db8::2
-n {left} -6 route add unreachable 2001:db8:8::/48
-n {left} -6 route add default via 2001:db8::2
-n {right} route add default via 192.0.2.1
-n {left} rule add from 192.0.2.0/24 fwmark 0x10/0xf0 table 77 priority 100
-n {left} rule add iif br0 tos 0x10 ipproto tcp dport 80-90 prohibit priority 101
-n {left} -6 rule add not from all to 2001:db8:9::/48 lookup main suppress_prefixlength 0 priority 102
-n {left} -6 rule add oif solo table 77 priority 103
-n {right} neigh add 192.0.2.99 lladdr 02:00:00:00:00:99 dev east
-n {right} neigh add proxy 192.0.2.98 dev east
"""


class Network:
    """Three namespaces with a common prefix."""

    def __init__(self, names: Names, script: str = NETWORK) -> None:
        self.prefix = names.made()  # itself the third
        self.left, self.right = f"{self.prefix}-left", f"{self.prefix}-right"
        for name in (self.left, self.right):
            names.adopt(name)
            witness.shell("ip", "netns", "add", name)
        for line in script.strip().format(left=self.left, right=self.right).splitlines():
            witness.shell("sh", "-c", f"ip {line}")


@pytest.fixture
def network(names: Names) -> Network:
    return Network(names)


def comparable(netns: str) -> dict[str, t.Any]:
    """A namespace as iproute2 sees it, without what two equal ones differ in: numbers, and names of others."""
    found = witness.everything(netns)
    for link in found["links"]:
        for key in ("ifindex", "link_netnsid", "link_index", "link_netns", "stats", "num_tx_queues", "num_rx_queues"):
            link.pop(key, None)
        for part in link.get("linkinfo", {}).values():
            for key in ("root_id", "bridge_id", "designated_bridge", "designated_root", "group_addr"):
                part.pop(key, None) if isinstance(part, dict) else None
    found["links"].sort(key=lambda link: str(link["ifname"]))
    found["neighbours"] += witness.ip(netns, "neigh", "show", "proxy")
    found["routes"] = sorted(str(sorted(route.items())) for route in found["routes"] if not _is_link_local(route))
    return found


def _is_link_local(route: dict[str, t.Any]) -> bool:
    return str(route["dst"]).startswith(("fe80", "ff00"))


def survey(**options: t.Any) -> Result:
    return succeed("topology_info", options)


def ends(result: Result, kind: str) -> set[tuple[str, str]]:
    """The edges of a kind, each end as namespace:link."""
    return {
        (f"{edge['from']['netns']}:{edge['from']['link']}", f"{edge['to']['netns']}:{edge['to']['link']}")
        for edge in result["edges"]
        if edge["kind"] == kind
    }


def only(result: Result, module: str, **wanted: t.Any) -> dict[str, t.Any]:
    """The one entry of a module with these options."""
    found = [entry[module] for entry in result["resources"] if module in entry]
    (one,) = [one for one in found if all(one.get(name) == value for name, value in wanted.items())]
    return dict(one)


def test_every_connection_is_found_across_namespaces(network: Network) -> None:
    result = survey(prefix=f"{network.prefix}-")
    peers = {frozenset(pair) for pair in ends(result, "peer")}
    assert peers == {frozenset({"left:west", "right:east"}), frozenset({"left:solo", "left:pair"})}
    assert ends(result, "parent") == {("right:upper", "left:br0"), ("left:vx0", "left:br0")}
    assert ends(result, "port") == {("left:west", "left:br0")}


def test_links_are_what_ip_shows(network: Network) -> None:
    result = survey(namespaces=[network.left, network.right])
    for netns in (network.left, network.right):
        shown = {link["ifname"]: link for link in witness.ip(netns, "link", "show")}
        links = result["namespaces"][netns]["links"]
        assert set(links) == set(shown)
        for name, link in links.items():
            assert link["index"] == shown[name]["ifindex"]
            assert link["mtu"] == shown[name]["mtu"]
            assert link["master"] == shown[name].get("master")
            assert link["enabled"] == ("UP" in shown[name]["flags"])
            assert [one for one in link["addresses"] if not one.startswith("fe80")] == witness.addresses(netns, name)


def test_routes_rules_and_neighbours_are_all_there(network: Network) -> None:
    found = survey(namespaces=[network.left])["namespaces"][network.left]
    destinations = {(route["destination"], route["table"]) for route in found["routes"]}
    assert {("10.6.0.0/16", "77"), ("192.0.2.0/24", "main"), ("192.0.2.1/32", "local")} <= destinations
    shown = witness.ip(network.left, "-4", "rule") + witness.ip(network.left, "-6", "rule")
    assert sorted(rule["priority"] for rule in found["rules"]) == sorted(rule["priority"] for rule in shown)
    right = survey(namespaces=[network.right])["namespaces"][network.right]
    assert {"192.0.2.99", "192.0.2.98"} <= {one["address"] for one in right["neighbors"]}


def test_a_topology_of_the_resources_has_nothing_to_change(network: Network, names: Names) -> None:
    result = survey(prefix=f"{network.prefix}-")
    assert not result["left_out"]
    options = {"name": names.unused(), "prefix": f"{network.prefix}-", "resources": result["resources"]}
    again = succeed("topology", options, check=True)
    assert again.commands == []
    assert not again.changed


def test_the_resources_build_an_equal_network_elsewhere(network: Network, names: Names) -> None:
    resources = survey(prefix=f"{network.prefix}-")["resources"]
    name = names.unused()
    for part in ("left", "right"):
        names.adopt(f"{name}-{part}")
    succeed("topology", {"name": name, "prefix": f"{name}-", "resources": resources})
    try:
        for part in ("left", "right"):
            assert comparable(f"{name}-{part}") == comparable(f"{network.prefix}-{part}")
        assert survey(prefix=f"{name}-")["resources"] == resources
    finally:
        succeed("topology", {"name": name, "state": "absent"})


def test_what_a_new_thing_has_anyway_is_not_said(network: Network) -> None:
    result = survey(prefix=f"{network.prefix}-")
    bridge = only(result, "bridge", name="br0")
    assert set(bridge) == {
        "name", "netns", "stp", "forward_delay", "priority", "alias", "addresses", "dad",
    } | ({"mac"} & set(bridge))  # fmt: skip
    assert only(result, "route", destination="10.3.0.0/16") == {
        "netns": "left",
        "destination": "10.3.0.0/16",
        "interface": "solo",
    }
    assert only(result, "netns", name="left") == {"name": "left"}


def test_the_kernels_own_is_not_in_the_resources(network: Network) -> None:
    result = survey(prefix=f"{network.prefix}-")
    destinations = {entry["route"]["destination"] for entry in result["resources"] if "route" in entry}
    assert not {"192.0.2.0/24", "2001:db8::/64", "fe80::/64", "192.0.2.1/32"} & destinations
    priorities = {entry["rule"]["priority"] for entry in result["resources"] if "rule" in entry}
    assert priorities == {100, 101, 102, 103}
    for entry in result["resources"]:
        for options in entry.values():
            assert not any(address.startswith("fe80") for address in options.get("addresses", ()))


def test_ipv6_and_name_servers_of_a_namespace_are_said(names: Names) -> None:
    netns = names.unused()
    succeed("netns", {"name": netns, "ipv6": False, "nameservers": ["192.0.2.53"], "loopback": False})
    result = survey(namespaces=[netns])
    assert result["resources"] == [
        {"netns": {"name": netns, "loopback": False, "ipv6": False, "nameservers": ["192.0.2.53"]}}
    ]


def test_the_far_end_outside_of_what_was_asked_is_named(network: Network) -> None:
    result = survey(namespaces=[network.right])
    assert ends(result, "peer") == {(f"{network.right}:east", f"{network.left}:west")}
    assert ends(result, "parent") == {(f"{network.right}:upper", f"{network.left}:br0")}
    assert only(result, "veth", name="east")["peer"] == {"name": "west", "netns": network.left}


def test_a_far_end_outside_of_the_prefix_is_named_by_its_path(network: Network) -> None:
    witness.shell(
        "ip", "-n", network.left, "link", "add", "out", "type", "veth", "peer", "name", "in", "netns", network.prefix
    )
    result = survey(prefix=f"{network.prefix}-")
    assert ("left:out", f"/run/netns/{network.prefix}:in") in ends(result, "peer")
    options = {"name": network.prefix, "prefix": f"{network.prefix}-", "resources": result["resources"]}
    assert not succeed("topology", options, check=True).changed


def test_a_far_end_in_the_namespace_of_the_task_comes_first(names: Names) -> None:
    netns = names.made()
    outside = f"t{netns[-12:]}"
    witness.shell("ip", "link", "add", outside, "type", "veth", "peer", "name", "eth0", "netns", netns)
    witness.shell("ip", "-n", netns, "link", "set", "eth0", "txqueuelen", "7")
    try:
        result = survey(namespaces=[netns])
        first = only(result, "veth", name=outside)
        assert first["peer"]["netns"] == netns
        assert "netns" not in first
        assert not succeed("topology", {"name": netns, "resources": result["resources"]}, check=True).changed
    finally:
        witness.shell("ip", "link", "del", outside)


def test_a_parent_in_the_namespace_of_the_task_is_found(names: Names) -> None:
    netns = names.made()
    lower = f"t{netns[-12:]}"
    witness.shell("ip", "link", "add", lower, "type", "bridge")
    try:
        witness.shell("ip", "link", "add", "link", lower, "name", f"x{lower[1:]}", "type", "macvlan")
        witness.shell("ip", "link", "set", f"x{lower[1:]}", "netns", netns, "name", "eth0")
        result = survey(namespaces=[netns])
        assert ends(result, "parent") == {(f"{netns}:eth0", f"None:{lower}")}
        assert not succeed("topology", {"name": netns, "resources": result["resources"]}, check=True).changed
    finally:
        witness.shell("ip", "link", "del", lower)


def test_a_far_end_in_a_namespace_without_a_name_is_told(names: Names) -> None:
    netns, other = names.made(), names.made()
    witness.shell("ip", "-n", netns, "link", "add", "eth0", "type", "veth", "peer", "name", "eth0", "netns", other)
    # A process keeps the namespace alive when its name is gone.
    script = f"ip netns del {other}; exec python3 -c 'import sys; print(1, flush=True); sys.stdin.read()'"
    with subprocess.Popen(
        ["nsenter", f"--net=/run/netns/{other}", "sh", "-c", script],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as keeper:
        assert keeper.stdout is not None and keeper.stdout.readline() == b"1\n"
        result = survey(namespaces=[netns])
        keeper.communicate()
    assert result["edges"] == []
    assert result["left_out"] == [f"eth0 in namespace {netns!r}: its other end is in a namespace without a name"]


def test_without_options_it_reads_the_namespace_that_it_runs_in() -> None:
    result = survey()
    assert list(result["namespaces"]) == [""]
    assert set(result["namespaces"][""]["links"]) == {link["ifname"] for link in witness.ip(None, "link")}
    assert not any("netns" in entry for entry in result["resources"])


def test_a_namespace_with_many_links_takes_little_time(netns: str) -> None:
    lines = ["link add hub type bridge", "link set hub up"]
    for number in range(300):
        lines += [
            f"link add p{number} type veth peer name q{number}",
            f"link set p{number} master hub up",
            f"address add 10.0.{number // 250}.{number % 250 + 1}/24 dev q{number}",
        ]
    subprocess.run(["ip", "-n", netns, "-batch", "-"], input="\n".join(lines), text=True, check=True)
    begin = time.monotonic()
    result = survey(namespaces=[netns])
    assert time.monotonic() - begin < 3
    assert len(ends(result, "peer")) == 300
    assert len(ends(result, "port")) == 300
    assert not succeed("topology", {"name": netns, "resources": result["resources"]}, check=True).changed


def test_it_changes_nothing_in_check_mode_or_without(network: Network) -> None:
    before = witness.everything(network.left)
    first = succeed("topology_info", {"namespaces": [network.left]}, check=True)
    assert not first.changed
    assert survey(namespaces=[network.left])["resources"] == first["resources"]
    assert witness.everything(network.left) == before


def test_a_prefix_that_no_namespace_has_gets_a_warning(names: Names) -> None:
    prefix = names.unused()
    result = survey(prefix=prefix)
    assert result["resources"] == []
    (warning,) = result.warnings
    assert f"prefix: there is no network namespace whose name begins with {prefix!r}" in warning


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"namespaces": ["vntnowhere"]}, "there is no network namespace 'vntnowhere'"),
        ({"namespaces": ["a/b"]}, "namespaces: 'a/b' is not a namespace name"),
        ({"namespaces": []}, "namespaces: [] names no namespace"),
        ({"namespaces": ["a", "a"]}, "namespaces: ['a', 'a'] has a name twice"),
        ({"prefix": ""}, "prefix: '' is empty"),
        ({"prefix": "a", "namespaces": ["b"]}, "parameters are mutually exclusive: prefix|namespaces"),
    ],
)
def test_a_bad_value_gets_one_clear_sentence(options: dict[str, t.Any], words: str) -> None:
    result = run_module("topology_info", options)
    assert result.failed
    assert words in result.msg


def test_the_table_of_a_bridge_says_behind_which_port_an_address_was_seen(names: Names) -> None:
    switch, left, right = names.made(), names.made(), names.made()
    for place, netns in ((1, left), (2, right)):
        port = ["link", "add", f"p{place}", "type", "veth", "peer", "name", "eth0", "netns", netns]
        witness.shell("ip", "-n", switch, *port)
        witness.shell("ip", "-n", netns, "address", "add", f"10.0.0.{place}/24", "dev", "eth0")
        witness.shell("ip", "-n", netns, "link", "set", "eth0", "up")
    witness.shell("ip", "-n", switch, "link", "add", "br0", "up", "type", "bridge")
    for place in (1, 2):
        witness.shell("ip", "-n", switch, "link", "set", f"p{place}", "master", "br0", "up")
    witness.shell("ping", "-c1", "-W5", "10.0.0.2", netns=left)
    macs = [witness.ip(netns, "link", "show", "dev", "eth0")[0]["address"] for netns in (left, right)]
    found = run_module("topology_info", {"namespaces": [switch]})["namespaces"][switch]["fdb"]
    assert {(one["port"], one["mac"]) for one in found if one["learnt"]} == {("p1", macs[0]), ("p2", macs[1])}


def test_in_check_mode_a_namespace_that_is_to_come_is_an_empty_one(names: Names) -> None:
    netns = names.unused()
    result = run_module("topology_info", {"namespaces": [netns]}, check=True)
    assert not result.failed, result.msg
    assert list(result["namespaces"][netns]["links"]) == ["lo"]
    assert any(netns in warning for warning in result.warnings)
    assert run_module("topology_info", {"namespaces": [netns]}).failed
