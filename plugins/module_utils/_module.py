# SPDX-FileCopyrightText: The virtnet.linux authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The glue between AnsibleModule and the engine; the one place where an error becomes a failed task."""

from __future__ import annotations

import typing as t

from ansible.module_utils.basic import AnsibleModule

from ._engine.plan import Entry
from ._engine.spec import NO_DICTIONARY, not_a_dictionary
from ._engine.transaction import Transaction
from ._resources.resource import Kind
from ._values.errors import VirtnetError


class Module(AnsibleModule):
    """An AnsibleModule that names the option whose value should be a dictionary and is none.

    ansible-core's own words for it name no option, and for a number there is only a TypeError: it looks into the value
    before it looks at what it is (set_fallbacks() in module_utils/common/parameters.py).
    """

    params: dict[str, t.Any]

    def __init__(self, argument_spec: t.Mapping[str, t.Any], **rules: t.Any) -> None:
        try:
            super().__init__(argument_spec=dict(argument_spec), supports_check_mode=True, **rules)
        except TypeError:
            sentence = not_a_dictionary(argument_spec, self._given)
            if sentence is None:
                raise
            self.params = {}  # what is secret among them is not known yet
            self.fail_json(msg=sentence)

    def _load_params(self) -> None:
        super()._load_params()
        self._given = dict(self.params)  # validation puts into `params` what it has converted so far

    def fail_json(self, msg: str, **result: t.Any) -> t.NoReturn:
        """Fail, in a better sentence where there is one."""
        sentence = not_a_dictionary(self.argument_spec, self._given) if NO_DICTIONARY in msg else None
        super().fail_json(msg=sentence or msg, **result)
        raise SystemExit(1)  # for the types: that never returns


def run_kind(kind: Kind) -> None:
    """Run a module that manages one resource."""
    module = Module(kind.options)
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
