"""Showing a conversion in the terminal, at its speed.

Nothing here waits for a slow terminal: the frame shown is the one whose time it is, and those
in between are dropped. The terminal is given back as it was, whatever happens.
"""

import contextlib
import os
import select
import shutil
import signal
import sys
import time
from typing import Any, List, NamedTuple, Optional, Tuple

from offkit.badapple.formats.script import Script
from offkit.model.errors import UsageError

try:
    import termios
    import tty
except ImportError:  # a Python compiled without it plays all the same, but hears no keys
    termios = tty = None  # type: ignore[assignment]

_ENTER = b"\033[?1049h\033[?25l\033[2J"  # alternate screen, no cursor, clear
_LEAVE = b"\033[0m\033[?25h\033[?1049l"
_HOME = b"\033[H"
_CLEAR = b"\033[2J\033[H"
_RATE_UNKNOWN = 30.0
_QUIT, _PAUSE = b"qQ\x1b", b" "


class Played(NamedTuple):
    shown: int  # frames
    dropped: int
    finished: bool  # False when the viewer left


class Clock:
    """Which frame is due. Time is given, not asked for."""

    def __init__(self, fps: float, now: float) -> None:
        self.fps = fps if 0 < fps <= 1000 else _RATE_UNKNOWN
        self._start = now
        self._paused: Optional[float] = None

    @property
    def paused(self) -> bool:
        return self._paused is not None

    def frame(self, now: float) -> int:
        return int(((self._paused or now) - self._start) * self.fps + 1e-6)

    def until(self, frame: int, now: float) -> float:
        """Seconds until ``frame`` is due, 0 when it is."""
        return max(0.0, self._start + frame / self.fps - now)

    def toggle(self, now: float) -> None:
        if self._paused is None:
            self._paused = now
        else:
            self._start += now - self._paused
            self._paused = None


def cropped(text: bytes, rows: int, columns: int, width: int, height: int) -> bytes:
    """The rows of a frame as terminal output, cut to a screen and centred in it.

    ``text`` holds ``rows`` lines of ``columns`` characters and a newline. When it is too big
    the middle is shown.
    """
    seen_rows, seen_columns = min(rows, height), min(columns, width)
    top, left = (rows - seen_rows) // 2, (columns - seen_columns) // 2
    below, indent = (height - seen_rows) // 2, (width - seen_columns) // 2
    lines = []
    for row in range(seen_rows):
        start = (top + row) * (columns + 1) + left
        lines.append(b"\033[%d;%dH%b" % (below + row + 1, indent + 1, text[start : start + seen_columns]))
    return b"".join(lines)


def descriptors() -> Tuple[int, Optional[int]]:
    """(screen, keyboard or None): those of this program's own terminal.

    Raises UsageError when stdout is none.
    """
    if not sys.stdout.isatty():
        raise UsageError(
            "--play needs a terminal, and stdout is none", fix="leave --play out, or do not redirect stdout"
        )
    sys.stdout.flush()
    hears = sys.stdin is not None and sys.stdin.isatty()
    return sys.stdout.fileno(), sys.stdin.fileno() if hears else None


def play(path: str, shown: Script, screen: int, keyboard: Optional[int]) -> Played:
    """Play ``path`` on the descriptor ``screen``; q, Esc and Ctrl-C leave, space pauses.

    ``keyboard`` is a terminal's descriptor, or None. KeyboardInterrupt is a way to leave, too.
    """
    terminal = _Terminal(screen, keyboard if termios else None)
    with open(path, "rb") as source:
        terminal.enter()
        try:
            return _loop(source, shown, terminal)
        finally:
            terminal.leave()


def _loop(source: Any, shown: Script, terminal: "_Terminal") -> Played:
    clock = Clock(shown.fps, time.monotonic())
    last, count = -1, 0
    size = (0, 0)
    while True:
        frame = clock.frame(time.monotonic())
        if frame >= shown.frames:
            return Played(count, shown.frames - count, True)
        now_size = terminal.size()
        if frame != last or now_size != size:
            source.seek(shown.offset(frame) + len(str(frame)) + 1)
            text = source.read(shown.grid.size)
            picture = cropped(text, shown.grid.rows, shown.grid.columns, now_size[0], now_size[1])
            terminal.write((_CLEAR if now_size != size else _HOME) + picture)
            count += frame != last
            last, size = frame, now_size
        wait = 0.25 if clock.paused else clock.until(last + 1, time.monotonic())
        for key in terminal.keys(wait):
            if key in _QUIT:
                return Played(count, last + 1 - count, False)
            if key in _PAUSE:
                clock.toggle(time.monotonic())


class _Left(BaseException):
    """A signal that ends the program came; the terminal is restored on the way out."""


class _Terminal:
    """The alternate screen and unbuffered keys, between enter() and leave()."""

    def __init__(self, screen: int, keyboard: Optional[int]) -> None:
        self._screen, self._keyboard = screen, keyboard
        self._modes: Optional[List[Any]] = None
        self._handlers: Any = {}
        self._signal = 0

    def enter(self) -> None:
        if self._keyboard is not None:
            self._modes = termios.tcgetattr(self._keyboard)
        for number, handler in (
            (signal.SIGTERM, self._end),
            (signal.SIGHUP, self._end),
            (signal.SIGTSTP, self._suspend),
        ):
            self._handlers[number] = signal.signal(number, handler)
        self._take()

    def leave(self) -> None:
        self._give_back()
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        if self._signal:
            os.kill(os.getpid(), self._signal)

    def _take(self) -> None:
        if self._keyboard is not None:
            tty.setcbreak(self._keyboard)
        self.write(_ENTER)

    def _give_back(self) -> None:
        with contextlib.suppress(OSError):  # the terminal is gone
            self.write(_LEAVE)
        if self._keyboard is not None and self._modes is not None:
            with contextlib.suppress(termios.error):
                termios.tcsetattr(self._keyboard, termios.TCSADRAIN, self._modes)

    def _end(self, number: int, frame: Any) -> None:
        self._signal = number
        raise _Left()

    def _suspend(self, number: int, frame: Any) -> None:
        self._give_back()
        os.kill(os.getpid(), signal.SIGSTOP)
        self._take()

    def size(self) -> Tuple[int, int]:
        """(columns, rows) of the screen."""
        try:
            return tuple(os.get_terminal_size(self._screen))  # type: ignore[return-value]
        except OSError:
            return tuple(shutil.get_terminal_size())  # type: ignore[return-value]

    def write(self, data: bytes) -> None:
        rest = memoryview(data)
        while len(rest):
            rest = rest[os.write(self._screen, rest) :]

    def keys(self, wait: float) -> List[bytes]:
        """Keys pressed within ``wait`` seconds; returns at the first."""
        if self._keyboard is None:
            time.sleep(wait)
            return []
        ready, _, _ = select.select([self._keyboard], [], [], wait)
        if not ready:
            return []
        data = os.read(self._keyboard, 64)
        if not data:  # hung up
            self._keyboard = None
        if data.startswith(b"\033") and len(data) > 1:
            return []  # an arrow or function key, not Esc
        return [data[index : index + 1] for index in range(len(data))]
