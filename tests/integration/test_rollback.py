# SPDX-FileCopyrightText: The virtnet.linux authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever fails on the way, the machine is as it was: each operation is made to fail in turn."""

from __future__ import annotations

import os
import pathlib
import re
import signal
import typing as t

import pytest
from ansible_collections.virtnet.linux.plugins.module_utils._engine.transaction import Transaction
from ansible_collections.virtnet.linux.plugins.module_utils._kernel.namespaces import Maker
from ansible_collections.virtnet.linux.plugins.module_utils._kernel.perform import OperationFailed, Performer
from ansible_collections.virtnet.linux.plugins.module_utils._kernel.records import Store
from ansible_collections.virtnet.linux.plugins.module_utils._values.errors import KernelRefused, VirtnetError
from ansible_collections.virtnet.linux.plugins.module_utils._values.operation import Operation

from tests.integration import networks, witness
from tests.integration.generated import Drawing
from tests.integration.running import Result, run_module, succeed

PREFIX = "vnt-back-"
NAME = "vnt-back"
STEP = 4  # of a long change, every fourth operation fails: a failure costs a whole way back


class Failing(Performer):
    """Performs, until the operation at `place` fails: before it acts, or after, with its answer lost."""

    place = 0
    acts = False
    failed = False

    def perform(self, operations: t.Sequence[Operation]) -> None:
        cls = type(self)
        if cls.failed or cls.place >= len(operations):
            super().perform(operations)
            return
        super().perform(operations[: cls.place + int(cls.acts)])
        cls.failed = True
        raise OperationFailed(operations[cls.place], cls.place, KernelRefused(5, "a fault was injected"))


def run(resources: list[dict[str, t.Any]]) -> Result:
    return run_module("topology", {"name": NAME, "prefix": PREFIX, "resources": resources})


def run_with_fault(
    monkeypatch: pytest.MonkeyPatch, resources: list[dict[str, t.Any]], place: int, acts: bool
) -> Result:
    """Run a topology whose operation at `place` fails."""
    faulty = type("Faulty", (Failing,), {"place": place, "acts": acts, "failed": False})
    with monkeypatch.context() as patch:
        patch.setattr(Transaction, "_performer", lambda transaction: faulty(transaction.channels, transaction.replaced))
        return run(resources)


@pytest.fixture(autouse=True)
def clean() -> t.Iterator[None]:
    """No namespace is left behind."""
    yield
    run_module("topology", {"name": NAME, "state": "absent"})
    for name in witness.namespaces():
        if name.startswith(PREFIX):
            witness.shell("ip", "netns", "del", name)


@pytest.mark.parametrize("acts", [False, True], ids=["before it acts", "after it acted"])
@pytest.mark.parametrize("seed", [1])
def test_a_build_that_fails_leaves_nothing(monkeypatch: pytest.MonkeyPatch, seed: int, acts: bool) -> None:
    resources = Drawing(seed).draw()
    planned = run_module("topology", {"name": NAME, "prefix": PREFIX, "resources": resources}, check=True)
    assert not planned.failed, planned.msg
    for place in range(len(planned.commands)):
        result = run_with_fault(monkeypatch, resources, place, acts)
        if not result.failed:  # some operations have several commands: there are fewer of them
            break
        assert "resources[" in result.msg and "a fault was injected" in result.msg
        assert networks.network(PREFIX) == {}, planned.commands[place]
    assert place > 10


@pytest.mark.parametrize("acts", [False, True], ids=["before it acts", "after it acted"])
@pytest.mark.parametrize("seeds", [(3, 4), (5, 7)], ids=str)
def test_a_change_that_fails_leads_back(monkeypatch: pytest.MonkeyPatch, seeds: tuple[int, int], acts: bool) -> None:
    first, second = (Drawing(seed).draw() for seed in seeds)
    succeed("topology", {"name": NAME, "prefix": PREFIX, "resources": first})
    before = networks.network(PREFIX)
    place = int(acts)
    while True:
        result = run_with_fault(monkeypatch, second, place, acts)
        if not result.failed:
            break
        assert "a fault was injected" in result.msg, result.msg
        assert "could not be restored" not in result.msg, result.msg
        assert networks.differences(before, networks.network(PREFIX)) == [], f"operation {place}: {result.msg}"
        place += STEP
    assert place > 10 * STEP


def test_a_killed_run_is_led_back_by_the_next() -> None:
    first, second = Drawing(1).draw(), Drawing(2).draw()
    succeed("topology", {"name": NAME, "prefix": PREFIX, "resources": first})
    before = networks.network(PREFIX)
    child = os.fork()
    if not child:
        Failing.perform = _perform_some_and_die  # type: ignore[method-assign]
        Transaction._performer = lambda transaction: Failing(transaction.channels, transaction.replaced)  # type: ignore[method-assign]
        run(second)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    assert networks.differences(before, networks.network(PREFIX)) != []
    result = run([{"veth": {"name": "v0", "netns": "nowhere", "peer": {"name": "v1"}}}])
    assert result.failed and "nowhere" in result.msg
    assert networks.differences(before, networks.network(PREFIX)) == []


@pytest.mark.parametrize("moment", ["write", "remove"])
def test_a_run_that_is_killed_at_its_end_is_led_back_or_complete(moment: str) -> None:
    """Between the last operation and the end there is no moment at which the next run doesn't know what was made."""
    child = os.fork()
    if not child:
        genuine = getattr(Store, moment)

        def die(store: Store, name: str, *record: t.Any) -> None:
            if store.path(name).startswith("/run/virtnet/topologies") == (moment == "write"):
                os.kill(os.getpid(), signal.SIGKILL)
            genuine(store, name, *record)

        setattr(Store, moment, die)
        run([{"netns": {"name": "a"}}])
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    succeed("topology", {"name": NAME, "state": "absent"})
    assert networks.network(PREFIX) == {}


def test_a_record_that_cannot_be_written_is_a_failure_that_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    genuine = Store.write

    def full(store: Store, name: str, record: t.Mapping[str, t.Any]) -> None:
        if "/topologies/" in store.path(name):
            raise VirtnetError("cannot write: no space left on device")
        genuine(store, name, record)

    monkeypatch.setattr(Store, "write", full)
    assert "no space left" in run([{"netns": {"name": "a"}}]).msg
    assert networks.network(PREFIX) == {}


def test_a_record_that_is_none_is_told_and_not_used(tmp_path: pathlib.Path) -> None:
    succeed("topology", {"name": NAME, "prefix": PREFIX, "resources": [{"netns": {"name": "a"}}]})
    record = pathlib.Path(Store("topologies").path(NAME))
    kept = record.read_text(encoding="utf-8")
    try:
        record.write_text('{"version": 1, "ent', encoding="utf-8")
        assert re.search(r"\.json holds no record; to go on without it, remove it$", run([]).msg)
        record.unlink()
        (tmp_path / "elsewhere").write_text(kept, encoding="utf-8")
        record.symlink_to(tmp_path / "elsewhere")
        assert re.search(r"\.json is not used: Too many levels of symbolic links$", run([]).msg)
    finally:
        record.unlink()
        record.write_text(kept, encoding="utf-8")
    assert [*networks.network(PREFIX)] == ["a"]


def _perform_some_and_die(performer: Performer, operations: t.Sequence[Operation]) -> None:
    Performer.perform(performer, operations[: len(operations) // 2])
    os.kill(os.getpid(), signal.SIGKILL)


# What stands before, and what a list does to it before its last entry fails.
STANDING = """
link add br0 up address 02:00:5e:00:00:01 type bridge
address add 192.0.2.1/24 dev br0
address add 192.0.2.2/24 dev br0
link add v0 up master br0 address 02:00:5e:00:00:02 type veth peer name e0 address 02:00:5e:00:00:03
link set dev v0 type bridge_slave hairpin on cost 33
link set e0 up
link add link e0 name m0 up address 02:00:5e:00:00:04 type macvlan mode bridge
link add w0 up address 02:00:5e:00:00:05 type veth peer name w1 address 02:00:5e:00:00:06
link add x0 up address 02:00:5e:00:00:07 type vxlan id 7 dstport 4789 local 192.0.2.1
rule add from 192.0.2.2 lookup 77
""".strip().splitlines()
FAILING = {"route": {"netns": "old", "destination": "198.51.100.0/24", "gateway": "203.0.113.1"}}


@pytest.mark.parametrize(
    "entry",
    [
        {"link": {"name": "br0", "kind": "ifb", "recreate": True}},
        {"veth": {"name": "v0", "recreate": True, "peer": {"name": "e9"}}},
        {"vxlan": {"name": "x0", "id": 9, "recreate": True}},
        {"macvlan": {"name": "m0", "parent": "w0", "recreate": True}},
        {"link": {"name": "br0", "addresses": ["192.0.2.2/24"], "exclusive_addresses": True}},
        {"bridge": {"name": "br0", "ports": ["w0"], "exclusive_ports": True}},
        {"rule": {"priority": 0, "table": "5"}},
        {"veth": {"name": "e0", "state": "absent"}},
        {"link": {"name": "br0", "enabled": False, "mtu": 1300, "mac": "02:00:5e:00:00:99"}},
    ],
    ids=lambda entry: "{}-{}".format(*(next(iter(entry)), "-".join(next(iter(entry.values()))))),
)
def test_what_stood_before_stands_again(entry: dict[str, t.Any]) -> None:
    old = PREFIX + "old"
    witness.shell("ip", "netns", "add", old)
    for words in STANDING:
        witness.shell("ip", "-n", old, *words.split())
    before = networks.network(PREFIX)
    ((module, options),) = entry.items()
    result = run([{module: {"netns": "old", **options}}, FAILING])
    assert result.msg.startswith("resources[1].route: cannot add") and "could not be restored" not in result.msg
    assert networks.differences(before, networks.network(PREFIX)) == []


def test_the_file_of_a_namespace_that_was_never_mounted_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    file = pathlib.Path("/run/netns", PREFIX + "half")

    def make_half(_maker: Maker, _name: str) -> None:
        file.touch()
        raise KernelRefused(5, "a fault was injected")

    monkeypatch.setattr(Maker, "create", make_half)
    assert "a fault was injected" in run([{"netns": {"name": "half"}}]).msg
    assert not file.exists()


def test_a_namespace_that_is_made_again_has_its_rules_once() -> None:
    for name in ("old", "gone"):
        witness.shell("ip", "netns", "add", PREFIX + name)
    before = networks.network(PREFIX)
    assert run([{"netns": {"name": "gone", "state": "absent"}}, FAILING]).failed
    assert networks.differences(before, networks.network(PREFIX)) == []
