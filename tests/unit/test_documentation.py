# SPDX-FileCopyrightText: The virtnet.linux authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What `ansible-doc` shows against what the modules really take and return."""

from __future__ import annotations

import functools
import json
import os
import subprocess
import sys
import typing as t
from pathlib import Path

import pytest
import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.virtnet.linux.plugins.module_utils._engine.plan import Entry, make_plan
from ansible_collections.virtnet.linux.plugins.module_utils._resources.registry import KINDS
from ansible_collections.virtnet.linux.plugins.module_utils._resources.resource import Kind
from ansible_collections.virtnet.linux.plugins.module_utils._values.state import Link, Namespace
from ansible_collections.virtnet.linux.plugins.module_utils._values.world import Section, World

ROOT = Path(__file__).resolve().parents[2]
COLLECTION = "virtnet.linux."
MODULES = sorted(path.stem for path in (ROOT / "plugins/modules").glob("*.py") if path.stem != "__init__")
RESOURCES = [name for name in MODULES if name in KINDS]


@functools.cache
def documented() -> dict[str, dict[str, t.Any]]:
    """What ansible-doc has of every module, fragments included."""
    command = [sys.executable, "-m", "ansible", "doc", "--json", "--type", "module"]
    found = subprocess.run(
        [*command, *(COLLECTION + name for name in MODULES)],
        env={**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".venv/collections")},
        capture_output=True,
        text=True,
        check=True,
    )
    return {name.removeprefix(COLLECTION): entry for name, entry in json.loads(found.stdout).items()}


def described(options: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Documented options as an argument spec, without their descriptions."""
    return {
        name: {
            "type": option["type"],
            "required": option.get("required", False),
            "default": option.get("default"),
            "choices": option.get("choices"),
            "elements": option.get("elements"),
            "options": described(option["suboptions"]) if "suboptions" in option else None,
        }
        for name, option in options.items()
    }


def specified(options: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """An argument spec with nothing left out."""
    return {
        name: {
            "type": option["type"],
            "required": option.get("required", False),
            "default": option.get("default"),
            "choices": option.get("choices"),
            "elements": option.get("elements"),
            "options": specified(option["options"]) if "options" in option else None,
        }
        for name, option in options.items()
    }


@pytest.mark.parametrize("module", RESOURCES)
def test_options_are_documented_as_they_are(module: str) -> None:
    assert described(documented()[module]["doc"]["options"]) == specified(KINDS[module].options)


def examples(module: str) -> list[dict[str, t.Any]]:
    return list(yaml.safe_load(documented()[module]["examples"]))


def rendered(value: t.Any) -> t.Any:
    """An option of an example, without what only Ansible can fill in."""
    return None if isinstance(value, str) and value.startswith("{{") else value


@pytest.mark.parametrize("module", RESOURCES)
def test_examples_are_valid(module: str) -> None:
    for task in examples(module):
        (name,) = set(task) - {"name", "loop", "register", "when"}
        kind = KINDS[name.removeprefix(COLLECTION)]
        options = {key: rendered(value) for key, value in task[name].items()}
        options.setdefault("name", "example") if "name" in kind.options else None
        options = {key: "example" if key == "name" and value is None else value for key, value in options.items()}
        validated = ArgumentSpecValidator(dict(kind.options)).validate(options)
        assert not validated.error_messages, task["name"]
        kind.parse(validated.validated_parameters)


@pytest.mark.parametrize("module", MODULES)
def test_examples_show_the_module_itself(module: str) -> None:
    assert all(COLLECTION + module in task for task in examples(module))


@pytest.mark.parametrize("module", MODULES)
def test_examples_are_named_by_sentences(module: str) -> None:
    assert all(" " in task["name"] and task["name"][0].isupper() for task in examples(module))


def test_the_action_group_is_all_modules_with_netns() -> None:
    runtime = yaml.safe_load((ROOT / "meta/runtime.yml").read_text())
    with_netns = [name for name in MODULES if "netns" in documented()[name]["doc"]["options"]]
    assert sorted(runtime["action_groups"]["in_netns"]) == with_netns


@pytest.mark.parametrize("module", MODULES)
def test_the_action_group_is_documented_where_it_counts(module: str) -> None:
    doc = documented()[module]["doc"]
    assert ("action_group" in doc["attributes"]) == ("netns" in doc["options"])


class Interfaces:
    """A kernel whose namespaces all exist and have the same two interfaces."""

    def names(self) -> list[str]:
        return []

    def namespace(self, name: str) -> Namespace | None:
        return Namespace(name)

    def section(self, netns: str | None, section: str) -> Section:
        if section != "link":
            return {}
        links = (Link("eth0", index=2), Link("eth1", index=3), Link("br0", kind="bridge", index=4))
        return {link.name: link for link in links}

    def item(self, netns: str | None, section: str, key: t.Hashable) -> t.Any:
        return "0"

    def nsid(self, netns: str | None, other: str | None) -> int | None:
        return None


PORT = {"master": "br0", "port": {"hairpin": True}}
# Of each module tasks that together have it return everything.
TASKS: dict[str, list[dict[str, t.Any]]] = {
    "netns": [{"name": "lab"}],
    "link": [
        {"name": "new", "kind": "dummy", **PORT},
        {"name": "new", "kind": "vxcan", "peer": {"name": "far"}},
        {"name": "new", "kind": "gre", "parent": "eth0", "options": {"remote": "192.0.2.1"}},
        {"name": "new", "kind": "geneve", "options": {"id": 1, "remote": "192.0.2.1"}},
        {"name": "new", "kind": "ipoib", "parent": "eth0"},
    ],
    "veth": [{"name": "new", "peer": {"name": "far"}, **PORT}],
    "bridge": [{"name": "new", **PORT}],
    "macvlan": [{"name": "new", "parent": "eth0", **PORT}],
    "vlan": [{"name": "new", "parent": "eth0", "id": 10, **PORT}],
    "vrf": [{"name": "new", "table": "10", **PORT}],
    "ipvlan": [{"name": "new", "parent": "eth0", **PORT}],
    "vxlan": [{"name": "new", "id": 1, "parent": "eth0", "fdb": [{"destination": "192.0.2.1"}], **PORT}],
    "route": [
        {"destination": "default", "gateway": "192.0.2.1"},
        {"destination": "default", "nexthops": [{"gateway": "192.0.2.1"}, {"interface": "eth1"}]},
    ],
    "rule": [{"source": "192.0.2.0/24", "table": "100"}],
    "neighbor": [{"interface": "eth0", "address": "192.0.2.1", "mac": "02:00:00:00:00:01"}],
}


def reported(kind: Kind, options: dict[str, t.Any]) -> dict[str, t.Any]:
    """What a module would return of its own thing, after a run that went well."""
    validated = ArgumentSpecValidator(dict(kind.options)).validate(options).validated_parameters
    world = World(Interfaces())
    entry = Entry(kind.parse(validated))
    make_plan([entry], world)
    found = entry.resource.report(world)
    assert found is not None
    return found


@pytest.mark.parametrize("module", TASKS)
def test_what_is_returned_is_documented(module: str) -> None:
    contains = documented()[module]["return"][module]["contains"]
    for options in TASKS[module]:
        assert set(reported(KINDS[module], options)) <= set(contains)


@pytest.mark.parametrize("module", TASKS)
def test_what_is_documented_is_returned(module: str) -> None:
    contains = documented()[module]["return"][module]["contains"]
    reports = [reported(KINDS[module], options) for options in TASKS[module]]
    assert set(contains) == {key for report in reports for key in report}
    always = {key for key, value in contains.items() if "returned" not in value}
    assert all(always <= set(report) for report in reports)


@pytest.mark.parametrize("module", [*RESOURCES, "topology"])
def test_commands_and_diff_are_documented(module: str) -> None:
    assert {"commands", "diff", module} <= set(documented()[module]["return"])
