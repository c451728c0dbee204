# SPDX-FileCopyrightText: The virtnet.linux authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The signs that the story of a lab is told with, and plainer ones for places that can't show them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Glyphs:
    """One sign for each meaning.

    :param plain: what is drawn with something else where only ASCII can be shown.
    """

    kept: str
    broken: str
    step: str
    arrow: str
    times: str
    separator: str
    plain: bool = False

    def drawing(self, text: str) -> str:
        """A text with its lines and boxes drawn in these signs, of the same width."""
        return text.translate(_PLAINER).encode("ascii", "replace").decode() if self.plain else text


UNICODE = Glyphs(kept="✓", broken="✗", step="·", arrow="→", times="×", separator="·")
ASCII = Glyphs(kept="ok", broken="NO", step="-", arrow="->", times="x", separator="-", plain=True)

_PLAINER = str.maketrans(
    {
        **dict.fromkeys("─━═╌┄┈–—", "-"),
        **dict.fromkeys("│┃║╎┆┊", "|"),
        **dict.fromkeys("┌┐└┘├┤┬┴┼╭╮╰╯╔╗╚╝╠╣╦╩╬╞╡╪┏┓┗┛", "+"),
        **dict.fromkeys("→▶►▷", ">"),
        **dict.fromkeys("←◀◄◁", "<"),
        **dict.fromkeys("↑▲△", "^"),
        **dict.fromkeys("↓▼▽", "v"),
        "·": ".",
        "•": "*",
        "●": "o",
        "×": "x",
        "✓": "+",
        "✗": "x",
        "…": ".",
        "\u2019": "'",
        "\u201c": '"',
        "\u201d": '"',
    }
)


def glyphs_for(encoding: str | None) -> Glyphs:
    """The signs that an encoding has."""
    try:
        "".join([UNICODE.kept, UNICODE.broken, UNICODE.arrow, "┌"]).encode(encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return ASCII
    return UNICODE
