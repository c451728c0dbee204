# SPDX-FileCopyrightText: The virtnet.linux authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""TUN and TAP devices, made as `ip tuntap` does: by an ioctl, since netlink refuses (tun_validate())."""

from __future__ import annotations

import fcntl
import os
import struct

from .._values.operation import MakeTunTap
from . import namespaces

DEVICE = "/dev/net/tun"
# include/uapi/linux/if_tun.h
TUNSETIFF, TUNSETPERSIST = 0x400454CA, 0x400454CB
IFF_NO_PI = 0x1000
MODES = {"tun": 0x1, "tap": 0x2}

_IFREQ = struct.Struct("16sH22x")


def make(request: MakeTunTap) -> None:
    """Make a device that stays when nobody holds it."""
    with namespaces.inside(request.netns):
        descriptor = os.open(DEVICE, os.O_RDWR | os.O_CLOEXEC)
        try:
            flags = MODES[request.mode] | IFF_NO_PI
            fcntl.ioctl(descriptor, TUNSETIFF, _IFREQ.pack(request.name.encode(), flags))
            fcntl.ioctl(descriptor, TUNSETPERSIST, 1)
        finally:
            os.close(descriptor)
