# SPDX-FileCopyrightText: The virtnet.linux authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Topologies drawn by lot, from the kinds that the running kernel has."""

from __future__ import annotations

import random
import typing as t

from tests.integration.networks import MAC

Resources = list[dict[str, t.Any]]


class Drawing:
    """One topology; the same seed draws the same."""

    def __init__(self, seed: int, size: int = 4) -> None:
        self._random = random.Random(seed)
        self._spaces = [f"n{number}" for number in range(size)]
        self._links: dict[str, list[str]] = {name: [] for name in self._spaces}
        self._subnets: dict[tuple[str, str], int] = {}
        self._count = 0

    def draw(self) -> Resources:
        """The list for `topology`."""
        resources: Resources = [{"netns": self._netns(name)} for name in self._spaces]
        makers = (self._bridge, self._veth, self._veth, self._veth, self._macvlan, self._vxlan, self._bare)
        for _number in range(self._random.randint(6, 14)):
            resources += self._random.choice(makers)()
        resources += self._routes() + self._rules() + self._neighbors() + self._sysctls() + self._firewall()
        return resources

    # parts

    def _maybe(self, **options: t.Any) -> dict[str, t.Any]:
        return {name: value for name, value in options.items() if self._random.random() < 0.4}

    def _name(self, kind: str) -> str:
        self._count += 1
        return f"{kind}{self._count}"

    def _mac(self) -> str:
        self._count += 1
        return f"{MAC}:00:{self._count // 256:02x}:{self._count % 256:02x}"

    def _addresses(self, netns: str, link: str) -> dict[str, t.Any]:
        self._count += 1
        subnet = self._count
        self._subnets[(netns, link)] = subnet
        chosen = [f"10.{subnet // 256}.{subnet % 256}.1/24"]
        if self._random.random() < 0.3:
            chosen.append(f"10.{subnet // 256}.{subnet % 256}.9/24")
        if self._random.random() < 0.5:
            chosen.append(f"fd00:{subnet:x}::1/64")
        return {"addresses": chosen}

    def _general(self) -> dict[str, t.Any]:
        return self._maybe(
            mac=self._mac(),
            txqueuelen=self._random.randint(1, 2000),
            alias=self._random.choice(["plain", "with a space", "it's"]),
            promisc=True,
            arp=self._random.random() < 0.7,
        )

    def _netns(self, name: str) -> dict[str, t.Any]:
        return {"name": name, **self._maybe(loopback=self._random.random() < 0.5, nameservers=["192.0.2.53"])}

    def _bridge(self) -> Resources:
        netns, name = self._random.choice(self._spaces), self._name("br")
        self._links[netns].append(name)
        settings = self._maybe(
            stp=self._random.random() < 0.5,
            forward_delay=self._random.choice([2, 4.5, 20]),
            hello_time=self._random.choice([1, 2.5]),
            max_age=12,
            ageing_time=self._random.choice([0, 60, 299.5]),
            priority=self._random.choice([0, 4096, 40960]),
            multicast_snooping=False,
            group_forward_mask=8,
            mtu=1400,
        )
        return [
            {"bridge": {"name": name, "netns": netns, **settings, **self._general(), **self._addresses(netns, name)}}
        ]

    def _bridges(self, netns: str) -> list[str]:
        return [name for name in self._links[netns] if name.startswith("br")]

    def _veth(self) -> Resources:
        here, there = self._random.choice(self._spaces), self._random.choice(self._spaces)
        name, peer = self._name("v"), self._name("p")
        options: dict[str, t.Any] = {"name": name, "netns": here, **self._general()}
        bridges = self._bridges(here)
        if bridges and self._random.random() < 0.7:
            options["master"] = self._random.choice(bridges)
            options["port"] = self._maybe(hairpin=True, isolated=True, learning=False, cost=77, priority=5, flood=False)
        else:
            options.update(self._addresses(here, name))
        far = {"name": peer, "netns": there, **self._maybe(mtu=1300, mac=self._mac()), **self._addresses(there, peer)}
        self._links[here].append(name)
        self._links[there].append(peer)
        return [{"veth": {**options, "peer": far}}]

    def _macvlan(self) -> Resources:
        owner, netns = self._random.choice(self._spaces), self._random.choice(self._spaces)
        parents = [name for name in self._links[owner] if name[0] in "vp" and (owner, name) in self._subnets]
        if not parents:
            return []
        name = self._name("mv")
        mode = self._random.choice(["private", "vepa", "bridge", "source"])
        options = {"name": name, "netns": netns, "parent": self._random.choice(parents), "parent_netns": owner}
        if mode == "source" and self._random.random() < 0.7:
            options["source_macs"] = [self._mac(), self._mac()]
        return [{"macvlan": {**options, "mode": mode, **self._addresses(netns, name)}}]

    def _vxlan(self) -> Resources:
        netns, name, number = self._random.choice(self._spaces), self._name("vx"), self._count
        options = self._maybe(local="10.9.9.1", ttl=9, learning=False, destination_port=4790)
        if self._random.random() < 0.5:
            options["remote"] = "10.9.9.2"
        fdb = [{"mac": self._mac(), "destination": "10.9.9.3"}, {"destination": "10.9.9.4"}]
        return [{"vxlan": {"name": name, "netns": netns, "id": number, **options, **self._maybe(fdb=fdb)}}]

    def _bare(self) -> Resources:
        netns, kind = self._random.choice(self._spaces), self._random.choice(["ifb", "tap"])
        return [{"link": {"name": self._name(kind), "kind": kind, "netns": netns, **self._general()}}]

    def _gateways(self) -> list[tuple[str, str, str]]:
        """Namespace, interface and an address behind it, of each interface with a subnet."""
        return [
            (netns, link, f"10.{subnet // 256}.{subnet % 256}.2") for (netns, link), subnet in self._subnets.items()
        ]

    def _routes(self) -> Resources:
        found: Resources = []
        for number, (netns, link, gateway) in enumerate(self._gateways()):
            route: dict[str, t.Any] = {"netns": netns, "destination": f"172.16.{number}.0/24"}
            route.update(self._random.choice([{"gateway": gateway}, {"interface": link}]))
            route.update(self._maybe(metric=100 + number, table="100", mtu=1200))
            found.append({"route": route})
            if self._random.random() < 0.2:
                kind = self._random.choice(["blackhole", "unreachable", "prohibit", "throw"])
                found.append({"route": {"netns": netns, "destination": f"172.17.{number}.0/24", "type": kind}})
        return self._random.sample(found, k=min(len(found), 8))

    def _rules(self) -> Resources:
        found: Resources = []
        for number in range(self._random.randint(0, 4)):
            rule: dict[str, t.Any] = {"netns": self._random.choice(self._spaces), "source": f"10.0.{number}.0/24"}
            rule.update(self._random.choice([{"table": "100"}, {"action": "prohibit"}, {"action": "blackhole"}]))
            rule.update(
                self._maybe(priority=500 + number, fwmark="0x7/0xff", destination_port="80-90", ip_protocol="tcp")
            )
            found.append({"rule": rule})
        return found

    def _neighbors(self) -> Resources:
        chosen = [place for place in self._gateways() if self._random.random() < 0.3]
        return [
            {"neighbor": {"netns": netns, "interface": link, "address": address, "mac": self._mac()}}
            for netns, link, address in chosen
        ]

    def _sysctls(self) -> Resources:
        values = self._maybe(**{"net.ipv4.ip_forward": 1, "net.ipv6.conf.all.forwarding": 1})
        return [{"sysctl": {"netns": self._random.choice(self._spaces), "values": values}}] if values else []

    def _firewall(self) -> Resources:
        found: Resources = []
        if self._random.random() < 0.5:
            netns = self._random.choice(self._spaces)
            found.append(
                {"nat": {"netns": netns, "action": "masquerade", "source": "10.0.0.0/8", "out_interface": "eth0"}}
            )
            found.append(
                {"forward": {"netns": netns, "action": "accept", "in_interface": "eth0", "ct_state": ["established"]}}
            )
        return found
