# SPDX-FileCopyrightText: The virtnet.linux authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the kernel has its own idea of what was asked: check mode tells the truth and a second run changes nothing."""

from __future__ import annotations

import typing as t

import pytest

from tests.integration import witness
from tests.integration.lifecycle import assert_clear, assert_unchanged
from tests.integration.running import Result, run_module, succeed

Options = dict[str, t.Any]


def settle(module: str, options: Options) -> Result:
    """Check, run, run again; the run did what the check said, and the second run nothing."""
    predicted = succeed(module, options, check=True)
    done = succeed(module, options)
    assert (predicted.commands, predicted.diff) == (done.commands, done.diff)
    assert_unchanged(run_module(module, options))
    return done


@pytest.fixture
def router(netns: str) -> str:
    """A namespace with an interface that is up and has addresses."""
    for words in (
        "link add v0 up type veth peer name v1",
        "link set v1 up",
        "address add 192.0.2.1/24 dev v0",
        "address add 2001:db8::1/64 dev v0 nodad",
    ):
        witness.shell("ip", "-n", netns, *words.split())
    return netns


@pytest.mark.parametrize(
    ("destination", "gateway"), [("198.51.100.0/24", "192.0.2.2"), ("2001:db8:9::/64", "2001:db8::2")]
)
@pytest.mark.parametrize("kind", ["blackhole", "unreachable", "prohibit", "throw"])
def test_a_route_that_leads_nowhere_is_given_a_gateway(router: str, destination: str, gateway: str, kind: str) -> None:
    route = {"netns": router, "destination": destination}
    settle("route", {**route, "type": kind})
    settle("route", {**route, "gateway": gateway})
    (shown,) = witness.ip(router, "-6" if ":" in gateway else "-4", "route", "show", destination)
    assert (shown["type"], shown["gateway"]) == ("unicast", gateway)


def test_a_link_local_gateway_needs_its_interface(router: str) -> None:
    route = {"netns": router, "destination": "2001:db8:9::/64", "gateway": "fe80::1"}
    assert_clear(run_module("route", route), "^gateway: 'fe80::1' is a link-local address: say on which interface")
    settle("route", {**route, "interface": "v0"})


def rules(netns: str) -> list[str]:
    return witness.shell("ip", "-n", netns, "rule", "show").splitlines()[1:-2]


@pytest.mark.parametrize("mark", ["0", "0x0/0xff", "0x11/0xf0", "0/0"])
def test_a_mark_of_nothing_is_found_again(netns: str, mark: str) -> None:
    rule = {"netns": netns, "fwmark": mark, "table": "100"}
    settle("rule", rule)
    assert len(rules(netns)) == 1
    settle("rule", {**rule, "state": "absent"})
    assert rules(netns) == []


def test_absent_with_a_table_removes_only_rules_that_lead_there(netns: str) -> None:
    for table in ("100", "200"):
        witness.shell("ip", "-n", netns, "rule", "add", "from", "192.0.2.1", "lookup", table)
    settle("rule", {"netns": netns, "source": "192.0.2.1", "table": "100", "state": "absent"})
    (left,) = rules(netns)
    assert left.endswith("lookup 200")


def test_absent_removes_all_rules_with_these_selectors_at_once(netns: str) -> None:
    for table in ("100", "200"):
        witness.shell("ip", "-n", netns, "rule", "add", "from", "192.0.2.1", "lookup", table)
    settle("rule", {"netns": netns, "source": "192.0.2.1", "state": "absent"})
    assert rules(netns) == []


def test_of_several_rules_the_one_that_fits_is_meant(netns: str) -> None:
    for table in ("100", "200"):
        witness.shell("ip", "-n", netns, "rule", "add", "from", "192.0.2.1", "lookup", table)
    for table in ("100", "200"):
        assert_unchanged(run_module("rule", {"netns": netns, "source": "192.0.2.1", "table": table}))


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"table": "5", "goto": 300}, "^goto: 300 is only for action: goto"),
        ({"action": "goto", "goto": 50, "priority": 100}, "^goto: 50 is not behind the rule's own priority 100"),
        ({"action": "prohibit", "table": "5"}, "^table: '5' is only for action: lookup, not for prohibit"),
        ({"table": "5", "priority": -1}, "^priority: -1 is not between 0 and 4294967295$"),
    ],
)
def test_a_rule_that_contradicts_itself_is_told_so(netns: str, options: Options, sentence: str) -> None:
    assert_clear(run_module("rule", {"netns": netns, **options}), sentence)


@pytest.mark.parametrize("address", ["::ffff:192.0.2.9/128", "2001:DB8:0::0009/64", "192.0.2.9/255.255.255.0"])
def test_an_address_is_known_in_any_notation(router: str, address: str) -> None:
    settle("link", {"netns": router, "name": "v0", "addresses": [address]})


@pytest.mark.parametrize(
    ("module", "options", "sentence"),
    [
        ("link", {"name": "v0", "addresses": ["0.0.0.0/0"]}, "^addresses: .* is not an address that an interface can"),
        ("link", {"name": "v0", "addresses": ["fe80::5%v0/64"]}, "^addresses: .* names an interface behind '%'"),
        ("route", {"destination": "default", "gateway": "fe80::1%v0"}, "^gateway: .* names an interface behind '%'"),
        ("neighbor", {"interface": "v0", "address": "fe80::1%v0", "mac": "02:00:5e:00:00:01"}, "^address: .* behind"),
    ],
)
def test_an_address_that_nobody_can_have_is_told(router: str, module: str, options: Options, sentence: str) -> None:
    assert_clear(run_module(module, {"netns": router, **options}), sentence)


@pytest.mark.parametrize("path", ["/run/netns/{}", "/var/run/netns/{}", "/run/netns/../netns//{}"])
def test_a_namespace_is_known_by_its_name_also_where_it_is_given_by_its_path(netns: str, path: str) -> None:
    other = path.format(netns)
    settle("veth", {"name": "v0", "netns": other, "peer": {"name": "v1", "netns": netns}})
    settle("macvlan", {"name": "m0", "netns": other, "parent": "v0", "parent_netns": netns})
    bridges = [{"bridge": {"name": "br0", "netns": space}} for space in (netns, other)]
    result = run_module("topology", {"name": netns, "resources": bridges})
    assert_clear(result, r"^resources\[1\].bridge: is the same thing as resources\[0\].bridge")


def test_ipv6_addresses_that_go_when_a_link_is_taken_down_are_given_back_at_once(router: str) -> None:
    settle("link", {"netns": router, "name": "v0", "enabled": False, "addresses": ["2001:db8::1/64", "192.0.2.1/24"]})


def test_the_forwarding_of_an_interface_is_written_after_that_of_all(router: str) -> None:
    values = {"net.ipv4.conf.v0.forwarding": 0, "net.ipv4.ip_forward": 1}
    settle("sysctl", {"netns": router, "values": values})
    assert witness.shell("sysctl", "-n", "net.ipv4.conf.v0.forwarding", netns=router).strip() == "0"


@pytest.mark.parametrize(
    ("module", "options"),
    [
        ("link", {"name": "eth0", "mtu": 1400, "enabled": True}),
        ("veth", {"name": "v0", "peer": {"name": "v1"}, "master": "br0", "port": {"hairpin": True}}),
        ("bridge", {"name": "br0", "ports": ["v0"]}),
        ("macvlan", {"name": "m0", "parent": "v0"}),
        ("vxlan", {"name": "x0", "id": 4, "parent": "v0"}),
        ("route", {"destination": "default", "interface": "v0"}),
        ("neighbor", {"interface": "v0", "address": "192.0.2.1", "mac": "02:00:5e:00:00:01"}),
        ("sysctl", {"values": {"net/ipv4/conf/v0/forwarding": 1}}),
    ],
)
def test_a_task_can_be_checked_before_what_it_needs_is_there(unused_netns: str, module: str, options: Options) -> None:
    result = succeed(module, {"netns": unused_netns, **options}, check=True)
    assert result.changed and result.commands


@pytest.mark.parametrize("name", ["all", "default", "eth%d"])
def test_a_name_with_a_meaning_of_its_own_is_refused(netns: str, name: str) -> None:
    veth = {"netns": netns, "name": name, "peer": {"name": "v1"}}
    assert_clear(run_module("veth", veth), f"^name: '{name}' is not an interface name")


@pytest.mark.parametrize("name", ["up", "dev", "via", "type", "name", "netns", "peer", "alias", "a$b;c", "#", "'", "é"])
def test_a_name_that_is_a_word_of_the_shell_or_of_ip_can_be_typed(netns: str, names: t.Any, name: str) -> None:
    other = names.made()
    topology = [
        {"veth": {"name": name, "alias": name, "addresses": ["192.0.2.1/24"], "peer": {"name": "x"}}},
        {"bridge": {"name": "br0", "ports": [name]}},
        {"route": {"destination": "198.51.100.0/24", "interface": name}},
        {"neighbor": {"interface": name, "address": "192.0.2.2", "mac": "02:00:5e:00:00:01"}},
        {"rule": {"incoming_interface": name, "outgoing_interface": name, "table": "5"}},
    ]
    for entry in topology:
        ((module, options),) = entry.items()
        typed = succeed(module, {"netns": other, **options}).commands
        witness.shell("bash", "-ec", "\n".join(command.replace(other, netns) for command in typed))
        assert_unchanged(run_module(module, {"netns": netns, **options}))


@pytest.mark.parametrize(
    ("module", "options", "sentence"),
    [
        ("veth", {"name": "v0", "peer": 1}, "^peer: 1 is not a dictionary of name, netns, "),
        ("veth", {"name": "v0", "peer": ["v1"]}, r"^peer: \['v1'\] is not a dictionary of name, netns, "),
        ("veth", {"name": "v0", "peer": "v1"}, "^peer: 'v1' is not a dictionary of name, netns, "),
        (
            "veth",
            {"name": "v0", "peer": {"name": "v1", "port": True}},
            r"^peer\.port: True is not a dictionary of ",
        ),
        ("sysctl", {"values": "v1"}, "^values: 'v1' is not a dictionary$"),
        (
            "route",
            {"destination": "default", "nexthops": "v1"},
            r"^nexthops\[0\]: 'v1' is not a dictionary of gateway, ",
        ),
    ],
    ids=str,
)
def test_what_should_be_a_dictionary_and_is_none_is_told(module: str, options: Options, sentence: str) -> None:
    assert_clear(run_module(module, options), sentence)
    entry = run_module("topology", {"name": "vnt-none", "resources": [{module: options}]}, check=True)
    assert_clear(entry, rf"^resources\[0\]\.{module}\.{sentence[1:]}")


@pytest.mark.parametrize(
    ("module", "options"),
    [
        ("forward", {"action": "accept", "order": True}),
        ("vxlan", {"name": "x0", "id": True}),
        ("route", {"destination": "default", "interface": "lo", "metric": True}),
        ("rule", {"table": "main", "priority": True}),
        ("service", {"name": "x", "command": ["sleep", "9"], "ready": {"tcp": True}}),
        ("netns", {"name": "vnt-none", "attach_pid": True}),
    ],
    ids=str,
)
def test_a_truth_value_is_no_number(netns: str, module: str, options: Options) -> None:
    place = {} if module == "netns" else {"netns": netns}
    result = run_module(module, {**place, **options})
    assert_clear(result, r"^[\w.]+: True is not (a number|the number of a process)$")
    assert witness.shell("nft", "list", "ruleset", netns=netns) == ""
