#!/usr/bin/python
# SPDX-FileCopyrightText: The virtnet.linux authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Manage rules about packets that are forwarded."""

from __future__ import annotations

DOCUMENTATION = r"""
module: forward
short_description: Manage rules about packets that are forwarded
version_added: 0.1.0
description:
  - Adds, changes and removes rules that accept, drop or reject packets which are forwarded from one interface to
    another, through nftables or iptables. Or sets the policy, which is for the packets that no rule decides about.
  - An accept takes effect. Where iptables' C(FORWARD) chain drops, as Docker's does, the rule is put there, before all
    that may drop, and if Docker has its chain C(DOCKER-USER) for such rules, into that one. Where a chain of somebody
    else's in nftables may drop the packets, nothing can be done from outside of it, and the module says so and fails.
  - A rule is known by its family and by which packets it is for. Another O(action) for the same packets replaces it.
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
      - What becomes of the packets. V(reject) tells the sender that the port is unreachable, V(drop) tells nothing.
      - Required, unless O(policy) is given or O(state=absent).
    type: str
    choices: [accept, drop, reject]
  ct_state:
    description:
      - What the packet is to the connections that the kernel tracks. V(new) begins one, V(established) belongs to one
        that was answered, V(related) begins one that another one announced, and errors count as such, V(invalid) fits
        to none, V(untracked) was exempted.
    type: list
    elements: str
    choices: [new, established, related, invalid, untracked]
  order:
    description:
      - Rules with a lower order come first, and of those with the same order the older one. The first that matches
        decides. It may be negative.
      - If it is not given, it is not compared, and a new rule gets 100.
      - Orders count among the rules of this module only.
    type: int
  policy:
    description:
      - What becomes of packets that no rule decides about.
      - With iptables it is the policy of its C(FORWARD) chain, which may not be in use, and otherwise that of a chain of
        this collection in nftables. V(accept) removes a V(drop) from wherever it is.
      - With O(state=absent) the policy becomes again what it was before this module changed it. Which of the two is given
        does not count then.
      - It can't be given together with the options of a rule.
    type: str
    choices: [accept, drop]
  family:
    description:
      - The family of the packets. It is not needed where O(source) or O(destination) tells it, and is V(ipv4) where
        neither does. V(both) makes a rule for each of them.
    type: str
    choices: [ipv4, ipv6, both]
notes:
  - The kernel forwards nothing at all before it is told to, see M(virtnet.linux.sysctl) and C(net.ipv4.ip_forward).
seealso:
  - name: nft(8)
    description: Manual page of nftables.
    link: https://www.netfilter.org/projects/nftables/manpage.html
  - name: iptables(8)
    description: Manual page of iptables.
    link: https://man7.org/linux/man-pages/man8/iptables.8.html
  - name: Docker and iptables
    description: What the chain DOCKER-USER is for.
    link: https://docs.docker.com/engine/network/packet-filtering-firewalls/
  - module: virtnet.linux.nat
  - module: virtnet.linux.sysctl
  - module: virtnet.linux.topology
"""

EXAMPLES = r"""
- name: The bridge's machines may go out, also where Docker drops what it doesn't know
  virtnet.linux.forward:
    action: accept
    in_interface: demobridge
    family: both

- name: And get answers
  virtnet.linux.forward:
    action: accept
    out_interface: demobridge
    ct_state: [established, related]
    family: both

- name: One of them may not
  virtnet.linux.forward:
    netns: router
    action: reject
    source: 192.168.45.9
    order: 50

- name: Nobody sends mail by himself
  virtnet.linux.forward:
    netns: router
    action: drop
    protocol: tcp
    destination_port: 25

- name: Whatever is not accepted is dropped
  virtnet.linux.forward:
    netns: router
    policy: drop

- name: It is as it was before
  virtnet.linux.forward:
    netns: router
    policy: drop
    state: absent

- name: He may again
  virtnet.linux.forward:
    netns: router
    source: 192.168.45.9
    state: absent
"""

RETURN = r"""
commands:
  description: What a person would type to do the same, in order. Also in check mode, and empty when nothing differs.
  type: list
  elements: str
  returned: success
  sample:
    - iptables-nft -w -t filter -N VIRTNET-FORWARD
    - iptables-nft -w -t filter -I DOCKER-USER -m comment --comment virtnet -j VIRTNET-FORWARD
    - iptables-nft -w -t filter -A VIRTNET-FORWARD -i demobridge -j ACCEPT
diff:
  description: The rule or the policy as it was before and as it is after. In check mode, as it would be after.
  type: dict
  returned: success
  contains:
    before:
      description: As it was. V(absent) as C(state) when the rule was not there. Empty when nothing differs.
      type: dict
      sample: {"state": "absent"}
    after:
      description: As it is now. Empty when nothing differs.
      type: dict
      sample: {"state": "present", "action": "accept", "order": 100, "in_interface": "demobridge"}
forward:
  description:
    - The rule, or the policy if that was asked for, as the kernel has it after the task. Null when there is no rule.
  type: dict
  returned: success, except in check mode when something would change
  contains:
    netns:
      description: The namespace that it is in, as named in the task. Null for the one that the module runs in.
      type: str
      sample: router
    policy:
      description: The policy.
      type: str
      returned: for a policy
      sample: drop
    programs:
      description: Where the policy is to drop, that is V(nftables), V(iptables-nft) or V(iptables-legacy).
      type: list
      elements: str
      returned: for a policy
      sample: [nftables]
    action:
      description: What the rule does.
      type: str
      returned: for a rule
      sample: accept
    order:
      description: Its order.
      type: int
      returned: for a rule
      sample: 100
    family:
      description: Its family. V(both) when there is one for each.
      type: str
      returned: for a rule
      sample: ipv4
    source:
      description: The network that packets come from, with its prefix length. Null for all.
      type: str
      returned: for a rule
      sample: 192.168.45.9/32
    destination:
      description: The network that packets go to, with its prefix length. Null for all.
      type: str
      returned: for a rule
    in_interface:
      description: The interface that packets came in by. Null for all.
      type: str
      returned: for a rule
      sample: demobridge
    out_interface:
      description: The interface that packets go out by. Null for all.
      type: str
      returned: for a rule
    protocol:
      description: The protocol. Null for all.
      type: str
      returned: for a rule
      sample: tcp
    destination_port:
      description: The port that packets go to, or a range of them. Null for all.
      type: str
      returned: for a rule
      sample: "25"
    ct_state:
      description: What the packet is to the connections that the kernel tracks. Empty for all.
      type: list
      elements: str
      returned: for a rule
      sample: [established, related]
    backend:
      description: Where it is kept, V(nftables) or V(iptables).
      type: str
      returned: for a rule
      sample: iptables
    program:
      description: The same with iptables' flavour, that is V(nftables), V(iptables-nft) or V(iptables-legacy).
      type: str
      returned: for a rule
      sample: iptables-nft
    packets:
      description: How many packets it decided about, of both families.
      type: int
      returned: for a rule
      sample: 12
    bytes:
      description: How many bytes these packets had.
      type: int
      returned: for a rule
      sample: 1008
"""

from ansible_collections.virtnet.linux.plugins.module_utils._module import run_kind
from ansible_collections.virtnet.linux.plugins.module_utils._resources.forward import FORWARD


def main() -> None:
    """Run the module."""
    run_kind(FORWARD)


if __name__ == "__main__":
    main()
