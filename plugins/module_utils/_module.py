# SPDX-FileCopyrightText: The virtnet.linux authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The glue between AnsibleModule and the engine; the one place where an error becomes a failed task."""

from __future__ import annotations

import typing as t

from ansible.module_utils.basic import AnsibleModule

from ._engine.plan import Entry
from ._engine.transaction import Transaction
from ._resources.resource import Kind
from ._values.errors import VirtnetError


def run_kind(kind: Kind) -> None:
    """Run a module that manages one resource."""
    module = AnsibleModule(argument_spec=dict(kind.options), supports_check_mode=True)
    run(module, lambda: _manage(module, kind))


def run(module: AnsibleModule, work: t.Callable[[], dict[str, t.Any]]) -> None:
    """Exit with what a piece of work returns, or fail with the sentence that it raises."""
    try:
        result = work()
    except VirtnetError as error:
        module.fail_json(msg=str(error))
    for warning in result.pop("warnings", ()):
        module.warn(warning)
    module.exit_json(**result)


def _manage(module: AnsibleModule, kind: Kind) -> dict[str, t.Any]:
    entry = Entry(kind.parse(module.params))
    with Transaction(module.check_mode) as transaction:
        outcome = transaction.run([entry])
        result = outcome.result()
        result["diff"] = {"before": outcome.before.get("", {}), "after": outcome.after.get("", {})}
        if not module.check_mode or not outcome.changed:
            result[kind.name] = entry.resource.report(transaction.world())
    return result
