#!/usr/bin/python
# SPDX-FileCopyrightText: The virtnet.linux authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Find out what a machine can do with networks."""

from __future__ import annotations

DOCUMENTATION = r"""
module: capabilities_info
short_description: Find out what a machine can do with networks
version_added: 0.1.0
description:
  - Finds out which kinds of devices, modes and queueing disciplines the kernel has, what can hold NAT rules, and which
    programs are installed. By this a playbook decides what it can build, and says why it leaves something out.
  - Each thing is tried in a network namespace without a name, which is gone when the task ends. No device is left
    behind, and nothing is sent.
author:
  - The virtnet.linux authors (@virtnet)
extends_documentation_fragment:
  - virtnet.linux.attributes.info
requirements:
  - Linux, and root on the managed host (C(become=true))
  - Python 3.9 or newer on the managed host
options: {}
notes:
  - A trial may make the kernel load the module that brings a kind. RV(modules_loaded) says which modules were loaded.
  - The modules of tunnels (V(gre), V(ipip), V(sit) and their relatives) put a device into every namespace when they are
    loaded. If they are not loaded yet, they are only looked up, and the kind counts as there.
seealso:
  - module: virtnet.linux.link
  - module: virtnet.linux.nat
"""

EXAMPLES = r"""
- name: What can this machine do?
  virtnet.linux.capabilities_info:
  register: capabilities

# Then a task that needs dummy devices has
#   when: "'dummy' in capabilities.kinds"
# and one that says why it was left out shows
#   msg: "{{ capabilities.missing.dummy }}"
"""

RETURN = r"""
kernel:
  description: Which kernel it is.
  type: dict
  returned: success
  contains:
    release:
      description: Its release, as C(uname -r) prints it.
      type: str
      sample: 6.1.0-28-amd64
    machine:
      description: The machine's architecture, as C(uname -m) prints it.
      type: str
      sample: x86_64
kinds:
  description: The kinds of devices that the kernel has, of those that the collection knows.
  type: list
  elements: str
  returned: success
  sample: [veth, bridge, dummy, macvlan, ipvlan, vlan, vxlan, bond, tun, tap]
missing:
  description: The kinds that it has not, each with a sentence that says why.
  type: dict
  returned: success
  sample: {"macsec": "this kernel has no 'macsec' devices (module macsec: not found)"}
modes:
  description: For each kind that has modes and is there, the modes that work.
  type: dict
  returned: success
  sample:
    macvlan: [private, vepa, bridge, passthru, source]
    ipvlan: [l2, l3, l3s]
    bond: [balance-rr, active-backup, balance-xor, broadcast, 802.3ad, balance-tlb, balance-alb]
bridge:
  description:
    - What bridges can do that not every kernel is built with. V(vlan_filtering), V(multicast_snooping), and
      V(nf_call_iptables), by which bridged packets pass the rules of iptables.
  type: list
  elements: str
  returned: success
  sample: [vlan_filtering, multicast_snooping]
qdiscs:
  description: The queueing disciplines that the kernel has.
  type: list
  elements: str
  returned: success
  sample: [pfifo, bfifo, tbf, htb, fq_codel, netem, ingress, clsact]
nat:
  description: What can hold rules for NAT and forwarding.
  type: dict
  returned: success
  contains:
    backends:
      description: Those that work, kernel and program together. V(nftables), V(iptables-nft), V(iptables-legacy).
      type: list
      elements: str
      sample: [nftables, iptables-nft]
    families:
      description: The families of nftables that work. V(ip), V(ip6), V(inet), V(bridge).
      type: list
      elements: str
      sample: [ip, ip6, inet, bridge]
programs:
  description: For each program that modules or labs may need, its path. Null when it is not installed.
  type: dict
  returned: success
  sample: {"dnsmasq": "/usr/sbin/dnsmasq", "teamd": null}
modules_loaded:
  description: The kernel modules that the task has made the kernel load.
  type: list
  elements: str
  returned: success
  sample: [macvlan, vxlan]
"""

import typing as t

from ansible_collections.virtnet.linux.plugins.module_utils._kernel.capabilities import probe
from ansible_collections.virtnet.linux.plugins.module_utils._module import Module, run


def _find_out() -> dict[str, t.Any]:
    found = probe()
    return {
        "changed": False,
        "kernel": {"release": found.release, "machine": found.machine},
        "kinds": found.kinds,
        "missing": found.missing,
        "modes": found.modes,
        "bridge": found.bridge,
        "qdiscs": found.qdiscs,
        "nat": {"backends": found.backends, "families": found.families},
        "programs": found.programs,
        "modules_loaded": found.loaded,
    }


def main() -> None:
    """Try, and say what there is."""
    run(Module({}), _find_out)


if __name__ == "__main__":
    main()
