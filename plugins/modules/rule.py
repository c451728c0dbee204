#!/usr/bin/python
# SPDX-FileCopyrightText: The virtnet.linux authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Manage policy routing rules."""

from __future__ import annotations

DOCUMENTATION = r"""
module: rule
short_description: Manage policy routing rules
version_added: 0.1.0
description:
  - Adds, changes and removes the rules that say which routing table is asked for which packet, as C(ip rule) does.
  - A rule is known by its selectors, that is by which packets it is for, and by its O(priority) if one is given. What
    it does with them is changed where it differs.
author:
  - The virtnet.linux authors (@virtnet)
extends_documentation_fragment:
  - virtnet.linux.attributes
  - virtnet.linux.requirements
  - virtnet.linux.netns
  - virtnet.linux.state
options:
  priority:
    description:
      - Rules are asked in the order of their priorities, the lowest first. From 0 to 4294967295.
      - If it is not given, it is not compared, and a new rule gets one from the kernel, that is one less than the
        second lowest of all, usually 32765.
      - If it is given, a rule with the same selectors and another priority is another rule, and stays.
    type: int
  source:
    description:
      - The network that the packet comes from, as in V(192.0.2.0/24). An address alone is the network of one host.
      - A selector that is not given is for all packets. This holds for all others too.
    type: str
  destination:
    description: The network that the packet goes to, of the same family as O(source).
    type: str
  incoming_interface:
    description:
      - Name of the interface that the packet came in by. V(lo) is for packets of this machine itself.
      - The interface need not be there.
    type: str
  outgoing_interface:
    description: Name of the interface that the sending socket is bound to. The interface need not be there.
    type: str
  fwmark:
    description:
      - The packet's mark, which a firewall or a program gave it, as a number, decimal or in hex as in V(0x10). With a
        mask as in V(0x10/0xff) only these bits count.
    type: str
  tos:
    description: The packet's type of service, as a number from 0 to 255, decimal or in hex. V(0) is for all packets.
    type: str
  ip_protocol:
    description:
      - The packet's protocol, that is V(icmp), V(tcp), V(udp), V(ipv6-icmp), V(sctp) or a number from 1 to 255.
    type: str
  source_port:
    description: The packet's source port, from 1 to 65535, or a range of them as in V(1000-2000).
    type: str
  destination_port:
    description: The packet's destination port, from 1 to 65535, or a range of them as in V(1000-2000).
    type: str
  uid_range:
    description: The numbers of the users whose sockets send the packet, as in V(1000-1999), or one number.
    type: str
  invert:
    description: Whether the rule is for packets that do B(not) match the other selectors.
    type: bool
    default: false
  table:
    description:
      - The routing table to ask, as a number from 1 to 4294967295, or V(main), V(local) or V(default). Other names are
        not known.
      - Required for O(action=lookup), unless O(state=absent), and only for it.
    type: str
  action:
    description:
      - What becomes of the packet. V(lookup) asks a table, and goes on with the next rule if that has no route.
        V(blackhole) drops it silently, V(unreachable) and V(prohibit) with an error. V(goto) goes on with another rule.
    type: str
    choices: [lookup, goto, blackhole, unreachable, prohibit]
    default: lookup
  goto:
    description:
      - The priority of the rule to go on with. It must be greater than that of this rule. Required for O(action=goto),
        and only for it.
    type: int
  suppress_prefixlength:
    description:
      - A route that O(table) has does not count if its prefix is this long or shorter. V(0) ignores default routes.
        From 0 to 32, and to 128 for IPv6.
      - A rule is known by this as well, so that there may be one with it and one without.
    type: int
  family:
    description:
      - The family of the packets. It is not needed where O(source) or O(destination) tells it, and is V(ipv4) where
        neither does. A rule for both is two tasks.
    type: str
    choices: [ipv4, ipv6]
notes:
  - The three rules that every namespace starts with (C(0), C(32766), C(32767)) are only found with their O(priority).
  - O(state=absent) removes all rules with these selectors, those alone that do the same if O(table) or another
    O(action) is given, and the one alone that has O(priority) if that is given.
seealso:
  - name: ip-rule(8)
    description: Manual page of the command that does the same.
    link: https://man7.org/linux/man-pages/man8/ip-rule.8.html
  - module: virtnet.linux.route
  - module: virtnet.linux.sysctl
  - module: virtnet.linux.topology
"""

EXAMPLES = r"""
- name: Packets from this subnet take another way
  virtnet.linux.rule:
    netns: router
    source: 192.0.2.0/24
    table: "100"

- name: What is not marked goes through the tunnel
  virtnet.linux.rule:
    netns: router
    fwmark: "0xca6c"
    invert: true
    table: "51820"
    priority: 100

- name: Except where a route more precise than the default one is known
  virtnet.linux.rule:
    netns: router
    table: main
    suppress_prefixlength: 0
    priority: 99

- name: Web traffic over IPv6 is refused
  virtnet.linux.rule:
    netns: router
    family: ipv6
    ip_protocol: tcp
    destination_port: 80-443
    action: prohibit

- name: The subnet is nothing special any more
  virtnet.linux.rule:
    netns: router
    source: 192.0.2.0/24
    state: absent
"""

RETURN = r"""
commands:
  description: What a person would type to do the same, in order. Also in check mode, and empty when nothing differs.
  type: list
  elements: str
  returned: success
  sample: ["ip -n router rule add from 192.0.2.0/24 lookup 100"]
diff:
  description: What was asked for, as it was before and as it is after. In check mode, as it would be after.
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
      sample: {"state": "present", "source": "192.0.2.0/24", "action": "lookup", "table": "100"}
rule:
  description:
    - The rule as the kernel reports it after the task. Null when there is none.
  type: dict
  returned: success, except in check mode when something would change
  contains:
    netns:
      description: The namespace that it is in, as named in the task. Null for the one that the module runs in.
      type: str
      sample: lab
    family:
      description: Its family.
      type: str
      sample: ipv4
    priority:
      description: Its priority.
      type: int
      sample: 32765
    action:
      description: What it does.
      type: str
      sample: lookup
    table:
      description: The table that it looks into, by name for the kernel's own three. Null when it does something else.
      type: str
      sample: "100"
    source:
      description: The network of the packet's source. Null for all.
      type: str
      sample: 192.0.2.0/24
    destination:
      description: The network of the packet's destination. Null for all.
      type: str
    incoming_interface:
      description: The interface that the packet came in by. Null for all.
      type: str
    outgoing_interface:
      description: The interface that the sending socket is bound to. Null for all.
      type: str
    fwmark:
      description: The packet's mark in hex, with a mask if not all of its bits count. Null for all.
      type: str
      sample: 0x10/0xff
    tos:
      description: The packet's type of service. Null for all.
      type: int
    ip_protocol:
      description: The packet's protocol, by name for those that the option knows. Null for all.
      type: str
      sample: tcp
    source_port:
      description: The packet's source port or a range of them. Null for all.
      type: str
    destination_port:
      description: The packet's destination port or a range of them. Null for all.
      type: str
    uid_range:
      description: The numbers of the users whose sockets send. Null for all.
      type: str
    invert:
      description: Whether it counts for packets that do not match.
      type: bool
      sample: false
    goto:
      description: The priority of the rule that it goes on with. Null when it does something else.
      type: int
    suppress_prefixlength:
      description: The prefix length up to which what it finds does not count. Null when everything counts.
      type: int
"""

from ansible_collections.virtnet.linux.plugins.module_utils._module import run_kind
from ansible_collections.virtnet.linux.plugins.module_utils._resources.rule import RULE


def main() -> None:
    """Run the module."""
    run_kind(RULE)


if __name__ == "__main__":
    main()
