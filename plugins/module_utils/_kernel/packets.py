# SPDX-FileCopyrightText: The virtnet.linux authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sockets that send and hear packets inside a namespace: ICMP, TCP, UDP, ARP, and whole frames.

A socket belongs to the namespace that it was made in, for as long as it lives; only making it
needs the thread to be there. All sockets returned here are non-blocking, and the caller closes
them. Numbers are from include/uapi/linux/{in,in6,icmp,icmpv6,if_packet}.h; Python has no names
for most of them.
"""

from __future__ import annotations

import ctypes
import dataclasses
import errno
import os
import socket
import struct
import typing as t

from .._values.errors import KernelRefused, NotPermitted
from . import namespaces

SOL_RAW, ICMP_FILTER = 255, 1
ICMP6_FILTER = 1  # at level IPPROTO_ICMPV6
IP_PKTINFO, IP_MTU_DISCOVER, IP_RECVTTL = 8, 10, 12
IPV6_MTU_DISCOVER = 23
PMTUDISC_DO = 2
SO_RCVBUFFORCE = 33
SO_TIMESTAMPNS = 35
SO_ATTACH_FILTER = 26
SOL_PACKET, PACKET_STATISTICS, PACKET_AUXDATA = 263, 6, 8
ETH_P_ALL, ETH_P_ARP = 0x0003, 0x0806
RECEIVE_BUFFER = 4 << 20  # bytes; the default holds some 270 small packets, a hub hears thousands

# What an asker wants to hear: echo reply, and the errors (RFC 792, RFC 4443).
ICMP_HEARD = (0, 3, 4, 5, 11, 12)
ICMPV6_HEARD = (1, 2, 3, 4, 129)

# Classic BPF (Documentation/networking/filter.rst): the operation is at offset 6 of ARP, 2 is a reply.
ARP_REPLIES = b"".join(
    struct.pack("=HBBI", *instruction)
    for instruction in ((0x28, 0, 0, 6), (0x15, 0, 1, 2), (0x06, 0, 0, 0xFFFF), (0x06, 0, 0, 0))
)


@dataclasses.dataclass(frozen=True)
class Outgoing:
    """How packets leave: what the tools call -I, -S, -M do and the source port."""

    interface: str | None = None
    source: str | None = None
    dont_fragment: bool = False
    source_port: int = 0


def _where(netns: str | None) -> str:
    return f"namespace {netns!r}" if netns is not None else "this namespace"


def _make(netns: str | None, family: int, kind: int, protocol: int) -> socket.socket:
    try:
        with namespaces.inside(netns):
            return socket.socket(family, kind | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC, protocol)
    except PermissionError:
        raise NotPermitted("sending raw packets needs root (become: true)") from None


def _enlarge(sock: socket.socket) -> None:
    try:
        sock.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, RECEIVE_BUFFER)
    except PermissionError:  # in a user namespace; then what is lost is told by the statistics
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)


def _bind_to_interface(sock: socket.socket, interface: str | None, netns: str | None) -> None:
    if interface is None:
        return
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, interface.encode() + b"\0")
    except OSError as problem:
        if problem.errno == errno.ENODEV:
            raise KernelRefused(errno.ENODEV, f"there is no interface {interface!r} in {_where(netns)}") from None
        raise


def _bind(sock: socket.socket, address: str, port: int, netns: str | None) -> None:
    """Bind, with the reason in words when the kernel refuses."""
    try:
        sock.bind(_sockaddr(sock, address, port, netns))
    except OSError as problem:
        reasons = {
            errno.EADDRNOTAVAIL: f"{_where(netns)} has no address {address}",
            errno.EADDRINUSE: f"port {port} is taken already in {_where(netns)}",
        }
        number = problem.errno or errno.EIO
        words = reasons.get(number, f"binding to {address} port {port} in {_where(netns)}: {problem.strerror}")
        raise KernelRefused(number, words) from None


def _sockaddr(sock: socket.socket, address: str, port: int, netns: str | None) -> t.Any:
    if sock.family == socket.AF_INET:
        return (address, port)
    plain, _percent, scope = address.partition("%")
    return (plain, port, 0, index_of(netns, scope) if scope else 0)


def index_of(netns: str | None, interface: str) -> int:
    """The ifindex of an interface in a namespace.

    :raises KernelRefused: there is no such interface.
    """
    with namespaces.inside(netns):
        try:
            return socket.if_nametoindex(interface)
        except OSError:
            words = f"there is no interface {interface!r} in {_where(netns)}"
            raise KernelRefused(errno.ENODEV, words) from None


def _prepare(sock: socket.socket, netns: str | None, outgoing: Outgoing, ports: bool) -> None:
    try:
        sock.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        _bind_to_interface(sock, outgoing.interface, netns)
        if sock.family == socket.AF_INET:
            sock.setsockopt(socket.IPPROTO_IP, IP_RECVTTL, 1)
            if outgoing.dont_fragment:
                sock.setsockopt(socket.IPPROTO_IP, IP_MTU_DISCOVER, PMTUDISC_DO)
        else:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVHOPLIMIT, 1)
            if outgoing.dont_fragment:
                sock.setsockopt(socket.IPPROTO_IPV6, IPV6_MTU_DISCOVER, PMTUDISC_DO)
        if outgoing.source or (ports and outgoing.source_port):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            anywhere = "0.0.0.0" if sock.family == socket.AF_INET else "::"
            _bind(sock, outgoing.source or anywhere, outgoing.source_port if ports else 0, netns)
    except BaseException:
        sock.close()
        raise


def open_icmp(netns: str | None, family: int, outgoing: Outgoing) -> socket.socket:
    """A raw socket for ICMP or ICMPv6 that hears echo replies and errors, and no requests.

    Raw and not a ping socket (SOCK_DGRAM): net.ipv4.ping_group_range is closed in a new namespace,
    for root as well (ping_init_sock in net/ipv4/ping.c), and a raw socket also hears the errors
    that concern TCP and UDP. SO_BINDTODEVICE filters what is heard by inet_iif(), which for a reply
    from this same namespace is the interface of its address and not lo, so that it is heard.
    """
    protocol = socket.IPPROTO_ICMP if family == socket.AF_INET else socket.IPPROTO_ICMPV6
    sock = _make(netns, family, socket.SOCK_RAW, protocol)
    _prepare(sock, netns, outgoing, ports=False)
    _enlarge(sock)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
    if family == socket.AF_INET:
        sock.setsockopt(SOL_RAW, ICMP_FILTER, struct.pack("I", 0xFFFFFFFF & ~sum(1 << kind for kind in ICMP_HEARD)))
    else:
        blocked = (1 << 256) - 1
        for kind in ICMPV6_HEARD:
            blocked &= ~(1 << kind)
        words = [blocked >> (32 * place) & 0xFFFFFFFF for place in range(8)]
        sock.setsockopt(socket.IPPROTO_ICMPV6, ICMP6_FILTER, struct.pack("8I", *words))
    return sock


def open_tcp(netns: str | None, family: int, outgoing: Outgoing) -> socket.socket:
    """A TCP socket that is about to connect."""
    sock = _make(netns, family, socket.SOCK_STREAM, 0)
    _prepare(sock, netns, outgoing, ports=True)
    return sock


def open_udp(netns: str | None, family: int, outgoing: Outgoing) -> socket.socket:
    """A UDP socket that is about to connect."""
    sock = _make(netns, family, socket.SOCK_DGRAM, 0)
    _prepare(sock, netns, outgoing, ports=True)
    return sock


def open_listener(netns: str | None, family: int, kind: int, address: str | None, port: int) -> socket.socket:
    """A socket that others are answered on: listening (TCP), or with packet information (UDP).

    :param kind: socket.SOCK_STREAM or socket.SOCK_DGRAM.
    :raises KernelRefused: the port is taken, or the address is not there.
    """
    sock = _make(netns, family, kind, 0)
    try:
        anywhere = "0.0.0.0" if family == socket.AF_INET else "::"
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        if kind == socket.SOCK_STREAM:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # connections of an earlier run in TIME_WAIT
        elif family == socket.AF_INET:
            sock.setsockopt(socket.IPPROTO_IP, IP_PKTINFO, 1)
        else:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, 1)
        _bind(sock, address or anywhere, port, netns)
        if kind == socket.SOCK_STREAM:
            sock.listen(4096)
    except BaseException:
        sock.close()
        raise
    return sock


def open_arp(netns: str | None, interface: str) -> socket.socket:
    """A packet socket that sends ARP on one interface and hears the replies.

    Requests are broadcast, and everybody would hear everybody's: they are left out in the kernel.
    """
    return _open_packet(netns, interface, socket.SOCK_DGRAM, ETH_P_ARP, ARP_REPLIES)


def open_watch(netns: str | None, interface: str) -> socket.socket:
    """A packet socket that sees every frame on one interface, both ways."""
    return _open_packet(netns, interface, socket.SOCK_RAW, ETH_P_ALL)


def _open_packet(netns: str | None, interface: str, kind: int, protocol: int, program: bytes = b"") -> socket.socket:
    sock = _make(netns, socket.AF_PACKET, kind, 0)  # protocol 0 hears nothing until it is bound
    try:
        _enlarge(sock)
        if program:
            instructions = ctypes.create_string_buffer(program, len(program))
            filter_program = struct.pack("@HP", len(program) // 8, ctypes.addressof(instructions))
            sock.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, filter_program)
        sock.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        sock.setsockopt(SOL_PACKET, PACKET_AUXDATA, 1)
        sock.bind((interface, protocol))
    except OSError as problem:
        sock.close()
        if problem.errno == errno.ENODEV:
            raise KernelRefused(errno.ENODEV, f"there is no interface {interface!r} in {_where(netns)}") from None
        number = problem.errno or errno.EIO
        raise KernelRefused(number, f"{interface} in {_where(netns)}: {os.strerror(number)}") from None
    return sock
