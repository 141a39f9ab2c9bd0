"""Progress on a terminal: one line, redrawn in place; ``film_bar`` has the one that shows pictures.

It is never wider than the terminal, whose next line it would get into, and it makes way for whatever else is
written: ``aside``.
"""

import collections
import threading
import time
from contextlib import contextmanager
from typing import Any, Deque, Iterator, List, Optional, Set, TextIO, Tuple

from offkit.cli.glyphs import is_ascii, visible
from offkit.cli.streams import width
from offkit.model import words
from offkit.model.report import Bar

_PAUSE = 0.1  # seconds between two pictures: who looks must not slow the work
_WINDOW = 3.0  # seconds that the speed is the mean of
_BAR = 30  # columns of the bar, where there is room
_NAME = 14  # that it leaves for what is asked for
_SHORTEST = 8  # of either
_UNKNOWN_WIDTH = 60  # columns of a terminal that does not say

_shown: List["LiveLine"] = []  # the one that is on the screen


@contextmanager
def aside() -> Iterator[None]:
    """For the length of the block, the line is not on the screen, and does not come back."""
    if not _shown:
        yield
        return
    with _shown[-1].hidden():
        yield


class LiveLine(Bar):
    """How far something is, where ``total`` is known; else what is asked for, which is erased at the end.

    Whoever works only counts: where nobody knows the end, a thread draws, so that it is also seen what is
    waited for.
    """

    def __init__(self, label: str, total: int, unit: str, stream: TextIO) -> None:
        self._label, self._total, self._unit, self._stream = label, total, unit, stream
        self._lock = threading.Lock()
        self._done, self._at = 0, ""
        self._known: Set[str] = set()
        self._drawn, self._next = False, 0.0
        self._marks: Deque[Tuple[float, int]] = collections.deque([(time.monotonic(), 0)])
        self._ended = threading.Event()
        self._drawer: Optional[threading.Thread] = None

    def advance(self, amount: int = 1) -> None:
        with self._lock:
            self._done += amount
            if self._total and time.monotonic() >= self._next:
                self._draw(self._at)

    def at(self, what: str) -> None:
        self._at = what

    def doing(self, label: str) -> None:
        self._label = label

    def know(self, name: str) -> None:
        self._known.add(name)

    def __enter__(self) -> "Bar":
        _shown.append(self)
        if not self._total:
            self._drawer = threading.Thread(target=self._keep_drawing, daemon=True)
            self._drawer.start()
        return self

    def __exit__(self, *exc: Any) -> None:
        self._ended.set()
        if self._drawer is not None:
            self._drawer.join()
        with self._lock:
            if self._total:
                self._done = max(self._done, self._total) if exc[0] is None else self._done
                self._draw("")
                self._stream.write("\n")
            else:
                self._erase()
        _shown.remove(self)

    @contextmanager
    def hidden(self) -> Iterator[None]:
        """For the length of the block, nothing is drawn, and it is erased."""
        with self._lock:
            self._erase()
            yield

    def _keep_drawing(self) -> None:
        while not self._ended.wait(_PAUSE):
            with self._lock:
                self._draw(self._at)

    def _erase(self) -> None:
        if self._drawn:
            self._stream.write("\r\033[K")
            self._stream.flush()
            self._drawn = False

    def _draw(self, what: str) -> None:
        now = time.monotonic()
        self._next = now + _PAUSE
        self._marks.append((now, self._done))
        while now - self._marks[0][0] > _WINDOW and len(self._marks) > 2:
            self._marks.popleft()
        self._stream.write("\r" + self._text(what, (width(self._stream) or _UNKNOWN_WIDTH) - 1) + "\033[K")
        self._stream.flush()
        self._drawn = True

    def _text(self, what: str, columns: int) -> str:
        """Of at most so many columns: what matters less is left out, and what is asked for is cut."""
        text, more = "  " + self._label, ""
        for field in self._fields():
            if len(text) + len(more) + 2 + len(field) <= columns:
                more += "  " + field
        room, what = columns - len(text) - len(more) - 2, visible(what)
        if self._total and room >= _SHORTEST:
            reserved = min(len(what), _NAME) + 2
            length = min(_BAR, room - reserved if room - reserved >= _SHORTEST else room)
            text += "  " + self._bar(length)
            room -= length + 2
        if what and room >= _SHORTEST:
            more += "  " + (what if len(what) <= room else what[: room - 3] + "...")
        return (text + more)[:columns]

    def _bar(self, length: int) -> str:
        full, empty = ("#", "-") if is_ascii(self._stream) else ("━", "─")
        done = int(self._share() * length)
        return full * done + empty * (length - done)

    def _share(self) -> float:
        return min(1.0, self._done / float(self._total))

    def _fields(self) -> List[str]:
        """What matters most is first."""
        found = ["{:4.0%}".format(self._share())] if self._total else []
        if self._known:
            found.append("{} known".format(len(self._known)))
        if self._unit == "B" and (self._total or self._done):
            of = " of " + words.size(self._total) if self._total else ""
            found.append(words.size(self._done) + of)
        (since, before), (now, done) = self._marks[0], self._marks[-1]
        speed = (done - before) / (now - since) if now > since else 0.0
        if speed > 0 and self._unit == "B":
            found.append(words.size(speed) + "/s")
        if speed > 0 and self._total > self._done:
            found.append(words.clock((self._total - self._done) / speed))
        return found
