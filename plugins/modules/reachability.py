#!/usr/bin/python
# SPDX-FileCopyrightText: The virtnet.linux authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ask the network, and compare its answers with what is expected."""

from __future__ import annotations

DOCUMENTATION = r"""
module: reachability
short_description: Ask the network, and compare its answers with what is expected
version_added: 0.1.0
description:
  - Sends real packets from inside network namespaces, all checks at once, and compares every answer with what is
    expected of it. ICMP echo, ARP, TCP and UDP, over IPv4 and IPv6.
  - Tells apart the ways in which something can't be reached, with who said so.
  - Watches interfaces meanwhile, and counts the frames that were expected to be seen there.
  - Fails when an answer differs, naming each one with the evidence. All results are returned in that case too.
author:
  - The virtnet.linux authors (@virtnet)
attributes:
  action_group:
    description: Use C(group/virtnet.linux.in_netns) in C(module_defaults) to set defaults for this module.
    support: full
    membership:
      - virtnet.linux.in_netns
  check_mode:
    support: full
    description: Nothing is sent in check mode, and nothing is said about the network. Namespaces that are not there
      are no error then. The options are validated.
  diff_mode:
    support: none
    description: Will return details on what has changed (or possibly needs changing in check_mode), when in diff mode.
  platform:
    support: full
    platforms: linux
    description: Target OS/families that can be operated against.
options:
  netns:
    description:
      - The namespace to ask from where a check has no O(checks[].from), and to watch in where O(watch[].netns) is not
        given. By name, or an absolute path. Not given, it is the one that the module runs in.
    type: str
  prefix:
    description:
      - Goes before every namespace that is named in the other options, except absolute paths, as in
        M(virtnet.linux.topology).
    type: str
    default: ''
  checks:
    description: What is asked.
    type: list
    elements: dict
    suboptions:
      from:
        description: The namespace that asks.
        type: str
      to:
        description:
          - An address, or a name, which is resolved as C(ip netns exec) would in the asking namespace, that is with
            the files of C(/etc/netns/NAME) in place of those of C(/etc).
          - A link-local address needs a zone, as in V(fe80::1%eth0), or O(checks[].interface).
        type: str
        required: true
      protocol:
        description:
          - V(icmp) sends echo requests, as ping does.
          - V(arp) asks who has the address, as arping does, on O(checks[].interface) or where the route leads.
          - V(tcp) makes one connection, whatever O(count) says.
          - V(udp) sends datagrams, and anything that comes back makes it reachable.
        type: str
        choices: [icmp, arp, tcp, udp]
        default: icmp
      port:
        description:
          - Port to ask, for V(tcp) and V(udp). Not given, it is that of O(checks[].listener).
        type: int
      listener:
        description:
          - The module itself listens here during the check and answers, so that a path is asked and not a server.
            The source that it sees is returned as C(peer_sees). Only for V(tcp) and V(udp).
        type: dict
        suboptions:
          netns:
            description: The namespace to listen in.
            type: str
          address:
            description: The address to listen on. Not given, it is all of them.
            type: str
          port:
            description: The port to listen on. Not given, it is O(checks[].port).
            type: int
      interface:
        description: The interface that packets leave by and answers come in by, as C(ping -I).
        type: str
      source:
        description: The source address.
        type: str
      source_port:
        description: The source port, for V(tcp) and V(udp).
        type: int
      size:
        description: Bytes of payload, as C(ping -s), for V(icmp) and V(udp).
        type: int
        default: 56
      dont_fragment:
        description: Don't fragment packets, neither here nor on the way, as C(ping -M do).
        type: bool
        default: false
      icmp_id:
        description:
          - The identifier of the echo requests, as C(ping -e). Not given, each check has a new one, so that no
            connection that was tracked earlier decides.
        type: int
      count:
        description: Packets of this check. Not given, it is O(count).
        type: int
      timeout:
        description: Seconds to wait after this check's last packet. Not given, it is O(timeout).
        type: float
      expect:
        description:
          - The answer that is expected.
          - V(unreachable) stands for any of those below it.
          - V(timeout) is silence.
          - V(network_unreachable) is no route, here or, when there is a responder, on the way.
          - V(host_unreachable) is a neighbour that does not answer. The check waits for the three seconds that the
            kernel takes to find out, even when O(timeout) is shorter. C(lo) must be up in the asking namespace.
          - V(port_unreachable) is an ICMP error of the destination, or of a firewall.
          - V(prohibited) is a prohibit route or rule, or a firewall that says so.
          - V(blackhole) is a blackhole route or rule in the asking namespace. One on the way is a V(timeout).
          - V(refused) is a TCP reset.
          - V(too_big) is a packet that must not be fragmented and is too big for an interface here or on the way.
          - V(ttl_exceeded) is a packet that went round in circles.
          - V(unresolved) is a name that has no address.
        type: str
        choices:
          - reachable
          - unreachable
          - timeout
          - network_unreachable
          - host_unreachable
          - port_unreachable
          - prohibited
          - blackhole
          - refused
          - too_big
          - ttl_exceeded
          - unresolved
        default: reachable
      ttl:
        description: The hop limit that the first reply must have left.
        type: int
      responder:
        description: The address that must have sent the first reply, or the error.
        type: str
      duplicates:
        description: How many replies too many there must be. A number, or V(some) for one or more.
        type: raw
      received:
        description: How many packets must have been answered. A number, or V(some) for one or more.
        type: raw
      peer_sees:
        description:
          - The source that O(checks[].listener) must have seen, as V(ADDRESS) or V(ADDRESS:PORT).
        type: str
      name:
        description: A short label, shown with the result.
        type: str
      outcome:
        description: Which documented outcome this proves, such as V(O06). Passed on to the result.
        type: str
  count:
    description: Packets of each check, 0.2 seconds apart.
    type: int
    default: 2
  timeout:
    description: Seconds to wait after the last packet of a check. Fractions are allowed.
    type: float
    default: 1.0
  matrix:
    description:
      - Every ordered pair of some namespaces, each asked by ICMP at its first global address, IPv4 before IPv6.
    type: dict
    suboptions:
      among:
        description: The namespaces, at least two.
        type: list
        elements: str
        required: true
      expect:
        description: The answer that is expected of every pair, as in O(checks[].expect).
        type: str
        default: reachable
      ttl:
        description: The hop limit that the first reply must have left.
        type: int
      family:
        description: Take the first address of this family.
        type: str
        choices: [ipv4, ipv6]
      name:
        description: A short label, shown with each result.
        type: str
      outcome:
        description: Which documented outcome this proves. Passed on to each result.
        type: str
  watch:
    description:
      - Interfaces whose frames are looked at from before the first packet until after the last answer, or for
        O(duration) if that is longer. Interfaces are not put into promiscuous mode.
    type: list
    elements: dict
    suboptions:
      netns:
        description: The namespace of the interface.
        type: str
      interface:
        description: The interface.
        type: str
        required: true
      name:
        description: A short label, shown with the result.
        type: str
      outcome:
        description: Which documented outcome this proves. Passed on to the result.
        type: str
      expect:
        description: Frames that should be seen, or not.
        type: list
        elements: dict
        suboptions:
          frame:
            description:
              - What kind of frame. Echo requests, replies and errors of IPv6 are V(icmp_request), V(icmp_reply) and
                V(icmp_error) too. V(other) is everything that has no name here, such as later fragments.
            type: str
            choices:
              - arp_request
              - arp_reply
              - icmp_request
              - icmp_reply
              - icmp_error
              - neighbor_solicitation
              - neighbor_advertisement
              - tcp
              - udp
              - lacp
              - stp
              - macsec
              - can
              - other
              - any
            default: any
          source:
            description: Source address; of ARP, the sender's.
            type: str
          destination:
            description: Destination address; of ARP, the one asked for or answered.
            type: str
          source_mac:
            description: Source MAC address of the frame, in any case and notation.
            type: str
          destination_mac:
            description: Destination MAC address of the frame, in any case and notation.
            type: str
          ttl:
            description: Hop limit as it is in the frame.
            type: int
          vlan:
            description: VLAN of the outermost tag.
            type: int
          vni:
            description:
              - VXLAN network identifier. The other conditions then speak of the frame inside, or of the VXLAN packet
                around it, whichever fits.
            type: int
          direction:
            description: As the interface sees it. Not given, it is both.
            type: str
            choices: [in, out]
          source_port:
            description: TCP or UDP source port.
            type: int
          destination_port:
            description: TCP or UDP destination port.
            type: int
          icmp_id:
            description: Identifier of an echo request or reply.
            type: int
          count:
            description:
              - How many must be seen. A number, or V(some) for one or more. On C(lo) each frame counts once.
            type: raw
            default: some
          name:
            description: A short label, shown with the result.
            type: str
          outcome:
            description: Which documented outcome this proves. Passed on to the result.
            type: str
  duration:
    description: Seconds to watch at least, for frames that nobody asked for, such as those of LACP and STP.
    type: float
    default: 0.0
  serial:
    description: Ask one check after the other, where one answer would disturb another.
    type: bool
    default: false
  settle:
    description:
      - Seconds to wait at most until all bridge ports forward and, when IPv6 is asked, no address is tentative, in the
        namespaces that are named here and in all others under O(prefix). What is still not ready then is returned as
        RV(unready).
    type: float
    default: 5.0
  fresh:
    description:
      - Forget learnt neighbours and tracked connections first, so that earlier answers don't decide. In all namespaces
        under O(prefix); without one, in those that are named here; never in the one that the module runs in.
      - Neighbours that were configured stay.
    type: bool
    default: false
requirements:
  - root
notes:
  - A task that asks is never a change, also with O(fresh=true).
  - The kernel has room for 1,024 learnt neighbours of all namespaces together (C(gc_thresh3)), and loses replies
    beyond. When many checks fill that table, what the namespaces concerned have learnt is forgotten to make room.
  - A host sends only few ICMP errors at once to another (C(icmp_ratelimit)), a router without a route two, and then
    one in one or two seconds. Where one is expected and none came, the check asks again after two seconds, so that
    C(sent) can be more than O(count).
seealso:
  - module: virtnet.linux.topology
"""

EXAMPLES = r"""
- name: Three answers, told apart
  virtnet.linux.reachability:
    prefix: bridge-nat-
    checks:
      - {from: liuye, to: 10.0.2.2, ttl: 63}
      - {from: gateway, to: 10.9.9.9, expect: network_unreachable}
      - {from: liuye, to: 192.168.45.99, expect: host_unreachable}

- name: The source is translated on its way, and nothing leaves untranslated
  virtnet.linux.reachability:
    prefix: bridge-nat-
    fresh: true
    checks:
      - {from: liuye, to: 10.0.2.2}
    watch:
      - netns: gateway
        interface: lan
        expect:
          - {frame: icmp_request, source: 10.0.2.15, count: 2}
          - {frame: icmp_request, source: 192.168.45.3, count: 0}

- name: Whom a server behind a port forward sees
  virtnet.linux.reachability:
    checks:
      - from: outside
        to: 10.211.55.6
        protocol: tcp
        port: 8080
        listener: {netns: red, port: 80}
        peer_sees: 10.211.55.1

- name: Everybody reaches everybody
  virtnet.linux.reachability:
    matrix:
      among: [h1, h2, h3]

- name: Spanning tree speaks every two seconds
  virtnet.linux.reachability:
    watch:
      - {netns: h1, interface: eth0, expect: [{frame: stp, count: some}]}
    duration: 3
"""

RETURN = r"""
msg:
  description: How many answers are as expected, or those that differ, one a line.
  type: str
  returned: always
  sample: "1 of 3 answers differ:\nchecks[0] liuye -> 10.0.2.2: expected reachable, got timeout (2 sent, 0 received)"
checks:
  description: Every check, then every pair of the matrix, with its answer. Empty in check mode.
  type: list
  elements: dict
  returned: always
  contains:
    name:
      description: The check's label.
      type: str
    outcome:
      description: The documented outcome that it proves.
      type: str
    from:
      description: The namespace that asked, as named in the task. None is the module's own.
      type: str
    to:
      description: What was asked, as named in the task; in a matrix, the namespace.
      type: str
    address:
      description: The address that was asked.
      type: str
    protocol:
      description: The protocol.
      type: str
    port:
      description: The port that was asked.
      type: int
    expected:
      description: The answer that was expected.
      type: str
    answer:
      description: The answer. Beside those that can be expected there is V(error), when the kernel refused the question
        for another reason, which RV(checks[].detail) names.
      type: str
    ok:
      description: Whether everything is as expected.
      type: bool
    differences:
      description: What is not, in words.
      type: list
      elements: str
    rtt_ms:
      description: Milliseconds until the first reply, or until the connection stood.
      type: float
    ttl:
      description: The hop limit that the first reply had left. TCP and ARP tell none.
      type: int
    responder:
      description: Who sent the first reply or the error. None when the asking kernel refused to send.
      type: str
    mac:
      description: The MAC address that answered an ARP request.
      type: str
    sent:
      description: Packets sent. 0 when the kernel refused to.
      type: int
    received:
      description: Packets answered.
      type: int
    duplicates:
      description: Replies too many.
      type: int
    peer_sees:
      description: The source address that the listener saw.
      type: str
    peer_port:
      description: The source port that the listener saw.
      type: int
    detail:
      description: Why it was not reachable, in the words of the kernel or of the ICMP error.
      type: str
watched:
  description: Every place that was watched.
  type: list
  elements: dict
  returned: always
  contains:
    name:
      description: The place's label.
      type: str
    outcome:
      description: The documented outcome that it proves.
      type: str
    netns:
      description: The namespace, as named in the task.
      type: str
    interface:
      description: The interface.
      type: str
    lost:
      description: Frames that there was no room for.
      type: int
    frames:
      description: Every frame seen, in order.
      type: list
      elements: dict
      contains:
        time:
          description: Seconds since the task began to watch.
          type: float
        direction:
          description: V(in) or V(out).
          type: str
        frame:
          description: Its kind, as in O(watch[].expect[].frame).
          type: str
        source:
          description: Source address.
          type: str
        destination:
          description: Destination address.
          type: str
        source_mac:
          description: Source MAC address.
          type: str
        destination_mac:
          description: Destination MAC address.
          type: str
        ttl:
          description: Hop limit.
          type: int
        vlan:
          description: VLAN.
          type: int
        vni:
          description: VXLAN network identifier.
          type: int
        icmp_id:
          description: Identifier of an echo request or reply.
          type: int
        source_port:
          description: TCP or UDP source port.
          type: int
        destination_port:
          description: TCP or UDP destination port.
          type: int
        inner:
          description: The frame inside a VXLAN packet, with the same keys.
          type: dict
          returned: for VXLAN
    expectations:
      description: Every expectation with its conditions.
      type: list
      elements: dict
      contains:
        count:
          description: How many were expected, a number or V(some).
          type: raw
        seen:
          description: How many were seen.
          type: int
        ok:
          description: Whether that is as expected.
          type: bool
table:
  description: A row a source of the matrix. Its C(to) is a dictionary of answers by destination.
  type: list
  elements: dict
  returned: with O(matrix)
  sample: [{from: h1, to: {h2: reachable, h3: timeout}}]
unready:
  description: What was not ready when the time of O(settle) was over.
  type: list
  elements: str
  returned: always
"""

import typing as t

from ansible_collections.virtnet.linux.plugins.module_utils._module import Module
from ansible_collections.virtnet.linux.plugins.module_utils._probe.interview import interview
from ansible_collections.virtnet.linux.plugins.module_utils._probe.options import read_questions
from ansible_collections.virtnet.linux.plugins.module_utils._values.errors import VirtnetError

# What is inside checks, matrix and watch is validated where it is read, so that errors say which entry is wrong.
ARGUMENT_SPEC: dict[str, dict[str, t.Any]] = {
    "netns": {"type": "str"},
    "prefix": {"type": "str", "default": ""},
    "checks": {"type": "list", "elements": "dict"},
    "count": {"type": "int", "default": 2},
    "timeout": {"type": "float", "default": 1.0},
    "matrix": {"type": "dict"},
    "watch": {"type": "list", "elements": "dict"},
    "duration": {"type": "float", "default": 0.0},
    "serial": {"type": "bool", "default": False},
    "settle": {"type": "float", "default": 5.0},
    "fresh": {"type": "bool", "default": False},
}


def main() -> None:
    """Ask, and fail when an answer differs."""
    module = Module(ARGUMENT_SPEC)
    try:
        questions = read_questions(module.params)
        if module.check_mode:
            module.exit_json(
                changed=False, skipped=True, msg="check mode: nothing was sent", checks=[], watched=[], unready=[]
            )
        findings = interview(questions)
    except VirtnetError as error:
        module.fail_json(msg=str(error))
    if findings.failures:
        headline = f"{len(findings.failures)} of {findings.asked} answers differ:"
        module.fail_json(msg="\n".join([headline, *findings.failures]), changed=False, **findings.result)
    module.exit_json(changed=False, msg=f"{findings.asked} answers as expected", **findings.result)


if __name__ == "__main__":
    main()
