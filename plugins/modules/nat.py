#!/usr/bin/python
# SPDX-FileCopyrightText: The virtnet.linux authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Manage rules that translate network addresses."""

from __future__ import annotations

DOCUMENTATION = r"""
module: nat
short_description: Manage rules that translate network addresses
version_added: 0.1.0
description:
  - Adds, changes and removes rules of network address translation, through nftables or iptables.
  - A rule is known by its family, by where it is done, and by which packets it is for. V(masquerade) and V(snat) are
    done when a packet leaves, V(dnat) and V(redirect) before it is routed. Another action or target for the same packets
    replaces it.
author:
  - The virtnet.linux authors (@virtnet)
extends_documentation_fragment:
  - virtnet.linux.attributes
  - virtnet.linux.requirements
  - virtnet.linux.netns
  - virtnet.linux.state
  - virtnet.linux.firewall
options:
  action:
    description:
      - V(masquerade) gives packets the address of the interface that they leave by as their source, V(snat) that of
        O(to_address).
      - V(dnat) sends packets to O(to_address), V(redirect) to this machine.
    type: str
    choices: [masquerade, snat, dnat, redirect]
    required: true
  to_address:
    description:
      - The new source for O(action=snat), the new destination for O(action=dnat), and required for both, unless
        O(state=absent).
    type: str
  to_port:
    description:
      - The new port, that is the source's for O(action=masquerade) and O(action=snat), the destination's for the others.
        A range as in V(1024-2048) lets the kernel choose within it. If it is not given, the port stays where it can.
      - Needs O(protocol) to be one that has ports.
    type: str
  local:
    description:
      - Whether packets that the machine itself sends are translated too. For O(action=dnat) and O(action=redirect).
      - They come in by no interface, so that O(in_interface) can't be given together with it. All that matches is
        translated, wherever it was going to, so that a O(destination) is advisable.
      - If it is not given, what there is for such packets stays, and nothing is added.
    type: bool
  family:
    description:
      - The family of the packets. It is not needed where O(source), O(destination) or O(to_address) tells it, and is
        V(ipv4) where none of them does.
    type: str
    choices: [ipv4, ipv6]
seealso:
  - name: nft(8)
    description: Manual page of nftables.
    link: https://www.netfilter.org/projects/nftables/manpage.html
  - name: iptables-extensions(8)
    description: Manual page with the targets DNAT, MASQUERADE, REDIRECT and SNAT.
    link: https://man7.org/linux/man-pages/man8/iptables-extensions.8.html
  - module: virtnet.linux.forward
  - module: virtnet.linux.sysctl
  - module: virtnet.linux.topology
"""

EXAMPLES = r"""
- name: What is behind this namespace reaches the outside with its address
  virtnet.linux.nat:
    netns: host
    action: masquerade
    source: 192.168.45.0/24
    out_interface: eth0

- name: Containers too, but not among each other
  virtnet.linux.nat:
    netns: host
    action: masquerade
    source: 172.17.0.0/16
    out_interface: "!docker0"

- name: A web server behind it, also for programs on the namespace itself
  virtnet.linux.nat:
    netns: host
    action: dnat
    destination: 10.0.2.15
    protocol: tcp
    destination_port: 8080
    to_address: 192.168.45.3
    to_port: 80
    local: true

- name: Name lookups of the clients are answered here, whomever they ask
  virtnet.linux.nat:
    netns: host
    action: redirect
    in_interface: br0
    protocol: udp
    destination_port: 53

- name: A fixed address for IPv6
  virtnet.linux.nat:
    netns: host
    action: snat
    source: fd00:45::/64
    out_interface: eth0
    to_address: 2001:db8::15

- name: The web server is gone
  virtnet.linux.nat:
    netns: host
    action: dnat
    destination: 10.0.2.15
    protocol: tcp
    destination_port: 8080
    state: absent
"""

RETURN = r"""
commands:
  description: What a person would type to do the same, in order. Also in check mode, and empty when nothing differs.
  type: list
  elements: str
  returned: success
  sample:
    - ip netns exec host nft add table ip virtnet
    - ip netns exec host nft 'add chain ip virtnet postrouting { type nat hook postrouting priority srcnat ; policy accept ; }'
    - ip netns exec host nft 'add rule ip virtnet postrouting oifname "eth0" ip saddr 192.168.45.0/24 counter masquerade'
diff:
  description: The rule as it was before and as it is after. In check mode, as it would be after.
  type: dict
  returned: success
  contains:
    before:
      description: As it was. V(absent) as C(state) when it was not there. Empty when nothing differs.
      type: dict
      sample: {"state": "absent"}
    after:
      description: As it is now. Empty when nothing differs.
      type: dict
      sample: {"state": "present", "action": "masquerade", "source": "192.168.45.0/24", "out_interface": "eth0"}
nat:
  description:
    - The rule as the kernel has it after the task. Null when there is none.
  type: dict
  returned: success, except in check mode when something would change
  contains:
    netns:
      description: The namespace that it is in, as named in the task. Null for the one that the module runs in.
      type: str
      sample: host
    action:
      description: What it does.
      type: str
      sample: masquerade
    to_address:
      description: The new source or destination. Null for V(masquerade) and V(redirect).
      type: str
      sample: 192.168.45.3
    to_port:
      description: The new port or a range of them. Null when the port is not changed.
      type: str
      sample: "80"
    local:
      description: Whether packets of the machine itself are translated too.
      type: bool
      returned: for V(dnat) and V(redirect)
      sample: true
    family:
      description: Its family.
      type: str
      sample: ipv4
    source:
      description: The network that packets come from, with its prefix length. Null for all.
      type: str
      sample: 192.168.45.0/24
    destination:
      description: The network that packets go to, with its prefix length. Null for all.
      type: str
      sample: 10.0.2.15/32
    in_interface:
      description: The interface that packets came in by. Null for all.
      type: str
    out_interface:
      description: The interface that packets go out by. Null for all.
      type: str
      sample: eth0
    protocol:
      description: The protocol. Null for all.
      type: str
      sample: tcp
    destination_port:
      description: The port that packets go to, or a range of them. Null for all.
      type: str
      sample: "8080"
    backend:
      description: Where it is kept, V(nftables) or V(iptables).
      type: str
      sample: nftables
    program:
      description: The same with iptables' flavour, that is V(nftables), V(iptables-nft) or V(iptables-legacy).
      type: str
      sample: iptables-legacy
    hooks:
      description: Where it is done, that is V(prerouting), V(output) or V(postrouting).
      type: list
      elements: str
      sample: [prerouting, output]
    packets:
      description: How many packets it was applied to. Of a connection only the first counts.
      type: int
      sample: 3
    bytes:
      description: How many bytes these packets had.
      type: int
      sample: 252
"""

from ansible_collections.virtnet.linux.plugins.module_utils._module import run_kind
from ansible_collections.virtnet.linux.plugins.module_utils._resources.nat import NAT


def main() -> None:
    """Run the module."""
    run_kind(NAT)


if __name__ == "__main__":
    main()
