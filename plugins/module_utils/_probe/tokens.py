# SPDX-FileCopyrightText: The virtnet.linux authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What our TCP and UDP packets say, so that a listener knows which check it hears."""

from __future__ import annotations

import os

RUN = os.urandom(4).hex()
_START = f"virtnet {RUN} ".encode()


def token(number: int) -> bytes:
    """The line that check `number` sends."""
    return _START + str(number).encode() + b"\n"


def number_in(data: bytes) -> int | None:
    """The check that a packet belongs to; None when it isn't one of ours, or not yet whole."""
    line, end, _rest = data.partition(b"\n")
    if not end or not line.startswith(_START) or not line[len(_START) :].isdigit():
        return None
    return int(line[len(_START) :])
