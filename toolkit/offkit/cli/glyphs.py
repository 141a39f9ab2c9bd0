"""What a stream can show: glyphs, ASCII where its encoding is, and colour, for terminals without NO_COLOR."""

import os
from typing import TextIO

_COLOURS = {"red": "31", "green": "32", "yellow": "33", "dim": "2", "bold": "1"}
_LONGEST = 4096  # characters of a line; a path may have as many (limits.h, PATH_MAX)
_GLYPHS = {"ok": ("✓", "+"), "bad": ("✗", "x"), "warn": ("!", "!"), "info": ("·", "-"), "step": ("→", "->")}


def is_ascii(stream: TextIO) -> bool:
    """Whether it has to do with ASCII."""
    try:
        "→✓━".encode(stream.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return True
    return False


def moves(stream: TextIO) -> bool:
    """Whether a line of it can be written over: a terminal, and no dumb one."""
    return stream.isatty() and os.environ.get("TERM", "dumb") not in ("", "dumb")


def glyph(name: str, stream: TextIO) -> str:
    """One of ok, bad, warn, info, step."""
    return _GLYPHS[name][1 if is_ascii(stream) else 0]


def paint(text: str, colour: str, stream: TextIO) -> str:
    """In red, green, yellow, dim or bold (ECMA-48), where that is wanted."""
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb" or not stream.isatty():
        return text
    return "\033[{}m{}\033[0m".format(_COLOURS[colour], text)


def visible(text: str) -> str:
    """Without control characters: a file's name must not colour a terminal or forge a line. And no longer
    than anybody reads."""
    if len(text) > _LONGEST:
        text = "{} ... ({} characters)".format(text[:_LONGEST], len(text))
    return "".join(
        char if char.isprintable() or "\udc80" <= char <= "\udcff" else repr(char)[1:-1] for char in text
    )
