"""A progress bar with the film above it: redrawn a few times a second, gone when it is done.

Nothing but moving up and erasing is asked of the terminal; the cursor stays as it is, so that
there is nothing to restore.
"""

import os
import time
from typing import Any, Callable, List, TextIO

from offkit.cli.glyphs import moves
from offkit.model.report import Bar

_PAUSE = 0.12  # seconds from one picture to the next
_SHARE = 20  # times as long as it takes is waited: who looks must not slow the work
_WAIT = 0.25  # what is done sooner needs no film
_WIDTH = 30  # of the bar
_SMALLEST = (60, 18)  # columns and lines of a terminal with room for it

Rows = Callable[[int], List[str]]


def fits(stream: TextIO) -> bool:
    """Whether ``stream`` is a terminal that can show it."""
    return moves(stream) and _room(stream)


def _room(stream: TextIO) -> bool:
    try:
        size = os.get_terminal_size(stream.fileno())
    except (OSError, ValueError):
        return False
    return size.columns >= _SMALLEST[0] and size.lines >= _SMALLEST[1]


class FilmBar(Bar):
    """``rows(done)`` is what is shown above the bar; nothing where it is empty."""

    def __init__(self, label: str, total: int, rows: Rows, stream: TextIO, plain: bool) -> None:
        self._label, self._total, self._rows, self._stream = label, total, rows, stream
        self._full, self._empty = ("#", "-") if plain else ("━", "─")
        self._done = self._drawn = 0  # units; lines on the screen above the cursor's
        self._next = time.monotonic() + _WAIT

    def advance(self, amount: int = 1) -> None:
        self._done += amount
        now = time.monotonic()
        if now >= self._next:
            began = time.perf_counter()
            self._draw(self._rows(self._done) if _room(self._stream) else [])
            self._next = now + max(_PAUSE, _SHARE * (time.perf_counter() - began))

    def __enter__(self) -> "Bar":
        return self

    def __exit__(self, *exc: Any) -> None:
        if exc[0] is None:
            self._done = max(self._done, self._total)
        self._draw([])
        self._stream.write("\n")

    def _draw(self, rows: List[str]) -> None:
        up = "\033[{}A".format(self._drawn) if self._drawn else ""
        lines = "".join("  {}\033[K\n".format(row) for row in rows)
        share = min(1.0, self._done / float(max(1, self._total)))
        full = int(share * _WIDTH)
        bar = "  {}  {}{}  {:3.0%}".format(
            self._label, self._full * full, self._empty * (_WIDTH - full), share
        )
        self._stream.write("\r{}{}{}\033[J".format(up, lines, bar))
        self._stream.flush()
        self._drawn = len(rows)
