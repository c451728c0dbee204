# SPDX-FileCopyrightText: The virtnet.linux authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a machine lacks of what something needs."""

from __future__ import annotations

DOCUMENTATION = r"""
name: lacking
short_description: What a machine lacks of what something needs
version_added: 0.1.0
author:
  - The virtnet.linux authors (@virtnet)
description:
  - Compares needs with what M(virtnet.linux.capabilities_info) has found out about a machine.
  - The labs of this collection say what they need in a variable, such as C(lab_macvlan_needs).
options:
  _input:
    description:
      - What is needed, by the names that M(virtnet.linux.capabilities_info) has for it. Nothing else may be in it.
      - C(kinds), C(bridge), C(qdiscs) and C(programs) are lists, C(modes) is a dictionary of lists.
      - C(nat) is V(true) where any backend will do, or a list of backends of which one is needed.
    type: dict
    required: true
  capabilities:
    description: The result of M(virtnet.linux.capabilities_info).
    type: dict
    required: true
seealso:
  - module: virtnet.linux.capabilities_info
"""

EXAMPLES = r"""
- name: What can this machine do?
  virtnet.linux.capabilities_info:
  register: machine

- name: Say why not
  ansible.builtin.debug:
    msg: "{{ needs | virtnet.linux.lacking(machine) }}"
  vars:
    needs:
      kinds: [bridge, ipvlan]
      modes: {macvlan: [vepa]}
      programs: [dnsmasq]
      nat: true
"""

RETURN = r"""
_value:
  description: A sentence for each thing that is missing, which is none where the machine has all of it.
  type: list
  elements: str
  sample: ["this kernel has no 'ipvlan' devices (module ipvlan: not found)", "there is no program 'dnsmasq'"]
"""

import typing as t

from ansible.errors import AnsibleFilterError

Names = t.Mapping[str, t.Any]


def lacking(needs: Names, capabilities: Names) -> list[str]:
    """A sentence for each need that the machine doesn't meet."""
    if unknown := needs.keys() - {"kinds", "modes", "bridge", "qdiscs", "programs", "nat"}:
        raise AnsibleFilterError(f"lacking: there is no such need as {', '.join(sorted(unknown))}")
    found = [
        capabilities["missing"].get(kind, f"this kernel has no '{kind}' devices")
        for kind in needs.get("kinds", ())
        if kind not in capabilities["kinds"]
    ]
    for kind, modes in needs.get("modes", {}).items():
        has = capabilities["modes"].get(kind, ())
        found += [f"'{kind}' devices have no mode '{mode}' here" for mode in modes if mode not in has]
    for key, sentence in (("bridge", "bridges have no '{}' here"), ("qdiscs", "this kernel has no qdisc '{}'")):
        found += [sentence.format(name) for name in needs.get(key, ()) if name not in capabilities[key]]
    found += [
        f"there is no program '{name}'" for name in needs.get("programs", ()) if not capabilities["programs"].get(name)
    ]
    return [*found, *_lacking_nat(needs.get("nat", False), capabilities["nat"]["backends"])]


def _lacking_nat(wanted: bool | list[str], backends: t.Sequence[str]) -> list[str]:
    if not wanted or (backends if wanted is True else set(wanted) & set(backends)):
        return []
    of = "" if wanted is True else f" ({' or '.join(wanted)})"
    return [f"nothing here can hold NAT rules{of}: neither nftables nor iptables works"]


class FilterModule:
    """What Ansible looks for."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """The filters of this file."""
        return {"lacking": lacking}
