#!/usr/bin/python
# SPDX-FileCopyrightText: The virtnet.linux authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Set kernel parameters of a namespace."""

from __future__ import annotations

DOCUMENTATION = r"""
module: sysctl
short_description: Set kernel parameters of a namespace
version_added: 0.1.0
description:
  - Sets kernel parameters below C(/proc/sys), such as C(net.ipv4.ip_forward), as C(sysctl -w) does inside a namespace.
  - Nothing is written to C(/etc/sysctl.d). Namespaces do not outlive a restart either.
author:
  - The virtnet.linux authors (@virtnet)
extends_documentation_fragment:
  - virtnet.linux.attributes
  - virtnet.linux.requirements
  - virtnet.linux.netns
options:
  values:
    description:
      - The parameters and their values.
      - A parameter is written with dots, as in V(net.ipv4.ip_forward), or with slashes, as in
        V(net/ipv4/conf/eth0.5/forwarding), which is needed where the name of an interface has a dot.
      - Booleans are written as 1 and 0. A list is written with a space between its items, as in
        V([4096, 87380, 6291456]). White space does not count in the comparison.
      - A parameter that the kernel does not have is an error, which says when it was removed if that is known. The
        parameters of an interface are only there while the interface is.
    type: dict
    required: true
notes:
  - Setting C(net.ipv4.ip_forward), or C(forwarding) of C(all), sets C(forwarding) of every interface as well. These are
    set first, whatever their place in the list.
  - What is set for C(conf.default) counts for interfaces that are made later.
  - Only parameters below C(net) belong to a namespace. All others are those of the whole machine, and most can't be set
    in a container.
seealso:
  - name: sysctl(8)
    description: Manual page of the command that does the same.
    link: https://man7.org/linux/man-pages/man8/sysctl.8.html
  - name: IP sysctl
    description: What the parameters of the network mean.
    link: https://docs.kernel.org/networking/ip-sysctl.html
  - module: ansible.posix.sysctl
  - module: virtnet.linux.netns
  - module: virtnet.linux.topology
"""

EXAMPLES = r"""
- name: The namespace is a router
  virtnet.linux.sysctl:
    netns: router
    values:
      net.ipv4.ip_forward: true
      net.ipv6.conf.all.forwarding: true

- name: It answers for others on one interface, whose name has a dot
  virtnet.linux.sysctl:
    netns: router
    values:
      net/ipv4/conf/eth0.5/proxy_arp: 1

- name: Bridged packets do not pass through iptables, and programs may use low ports
  virtnet.linux.sysctl:
    netns: host
    values:
      net.bridge.bridge-nf-call-iptables: 0
      net.ipv4.ip_local_port_range: [1024, 65535]
"""

RETURN = r"""
commands:
  description: What a person would type to do the same, in order. Also in check mode, and empty when nothing differs.
  type: list
  elements: str
  returned: success
  sample: ["ip netns exec router sysctl -w net/ipv4/ip_forward=1"]
diff:
  description: What was asked for, as it was before and as it is after. In check mode, as it would be after.
  type: dict
  returned: success
  contains:
    before:
      description: The values as they were. Empty when nothing differs.
      type: dict
      sample: {"values": {"net.ipv4.ip_forward": "0"}}
    after:
      description: As it is now. Empty when nothing differs.
      type: dict
      sample: {"values": {"net.ipv4.ip_forward": "1"}}
sysctl:
  description:
    - The parameters that were asked for, written as in O(values), with the values that the kernel has after the task,
      as text.
  type: dict
  returned: success, except in check mode when something would change
  sample: {"net.ipv4.ip_forward": "1"}
"""

from ansible_collections.virtnet.linux.plugins.module_utils._module import run_kind
from ansible_collections.virtnet.linux.plugins.module_utils._resources.sysctl import SYSCTL


def main() -> None:
    """Run the module."""
    run_kind(SYSCTL)


if __name__ == "__main__":
    main()
