# SPDX-FileCopyrightText: The virtnet.linux authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which operations lead from what runs to what should run."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest
from ansible_collections.virtnet.linux.plugins.module_utils._resources import restore, service
from ansible_collections.virtnet.linux.plugins.module_utils._values.kept import Kept
from ansible_collections.virtnet.linux.plugins.module_utils._values.operation import StartService, StopService
from ansible_collections.virtnet.linux.plugins.module_utils._values.state import Namespace, Service
from ansible_collections.virtnet.linux.plugins.module_utils._values.world import Section, World

RUNNING = Service("dns", ("dnsmasq", "-k"), (("A", "1"),), pid=7, log="/run/log")


class Machine:
    """A source with one namespace and the services in it."""

    def __init__(self, *services: Service) -> None:
        self._services: Section = {one.name: one for one in services}

    def names(self) -> list[str]:
        return ["lab"]

    def namespace(self, name: str) -> Namespace | None:
        return Namespace(name) if name == "lab" else None

    def section(self, netns: str | None, section: str) -> Section:
        return dict(self._services if section == "service" else {})

    def item(self, netns: str | None, section: str, key: t.Hashable) -> t.Any:
        return None

    def nsid(self, netns: str | None, other: str | None) -> int | None:
        return None


def asked(**options: t.Any) -> service.ServiceResource:
    given = {"name": "dns", "netns": "lab", "command": ["dnsmasq", "-k"], "state": "started", **options}
    return service.parse(given)


def planned(resource: service.ServiceResource, *running: Service) -> list[t.Any]:
    return [operation.request for operation in resource.plan(World(Machine(*running)))]


def test_what_does_not_run_is_started() -> None:
    assert planned(asked(environment={"A": 1})) == [StartService("lab", "dns", ("dnsmasq", "-k"), (("A", "1"),))]


def test_what_runs_as_asked_is_left_alone() -> None:
    assert planned(asked(), RUNNING) == []
    assert planned(asked(environment={"A": "1"}, ready={"tcp": 53, "timeout": 3.0}), RUNNING) == []


@pytest.mark.parametrize("change", [{"command": ["dnsmasq"]}, {"environment": {}}, {"environment": {"A": "2"}}])
def test_what_runs_otherwise_is_stopped_and_started(change: dict[str, t.Any]) -> None:
    stop, start = planned(asked(**change), RUNNING)
    assert stop == StopService("lab", "dns")
    assert isinstance(start, StartService)


def test_what_is_half_gone_is_stopped_and_started() -> None:
    stop, start = planned(asked(), dataclasses.replace(RUNNING, running=False))
    assert (type(stop), type(start)) == (StopService, StartService)


def test_what_should_not_run_is_stopped_also_when_it_is_half_gone() -> None:
    assert planned(asked(state="stopped", command=None)) == []
    for one in (RUNNING, dataclasses.replace(RUNNING, running=False)):
        assert planned(asked(state="stopped", command=None), one) == [StopService("lab", "dns")]


def test_the_way_back_stops_what_was_started_and_starts_what_was_stopped() -> None:
    place = ("lab", "service", "dns")
    kept = Kept(sections={place[:2]: {}}, planned={place})
    assert [one.request for one in restore.plan_back(kept, World(Machine(RUNNING)))] == [StopService("lab", "dns")]
    kept = Kept(sections={place[:2]: {"dns": RUNNING}}, planned={place})
    (start,) = restore.plan_back(kept, World(Machine()))
    assert start.request == StartService("lab", "dns", RUNNING.command, RUNNING.environment)
    assert not list(restore.plan_back(kept, World(Machine(dataclasses.replace(RUNNING, pid=9)))))


def test_the_way_back_leaves_services_that_were_not_planned_alone() -> None:
    kept = Kept(sections={("lab", "service"): {}}, planned={("lab", "service", "other")})
    assert not list(restore.plan_back(kept, World(Machine(RUNNING))))


def test_a_command_is_quoted_for_the_shell() -> None:
    (operation,) = asked(command=["echo", "a b", "$x"], environment={"C": "d e"}).plan(World(Machine()))
    assert operation.commands == (
        "install -d -m 700 /run/virtnet /run/virtnet/services /run/virtnet/services/lab",
        "ip netns exec lab env 'C=d e' nohup echo 'a b' '$x' </dev/null >/run/virtnet/services/lab/dns.log 2>&1 "
        "& echo $! >/run/virtnet/services/lab/dns.pid",
    )
