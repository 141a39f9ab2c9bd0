"""How far the terminal is behind: asked by a question that it answers when it has come to it.

Between the player and a far terminal lie buffers that take seconds of film at once. Whoever
fills them sees the film late. So no more bytes are on the way than the line takes in a moment,
as the answers tell, but always one frame. The first question goes ahead of the first frame: how
long its answer takes is the way there and back.
"""

from collections import deque
from typing import Deque, NamedTuple, Optional

_LATE = 0.2  # seconds beyond the shortest way there and back
_START = 1 << 12  # bytes that are on the way before anything is known
_LEAST = 1 << 10
_FIRST = 0.7  # seconds that the first answer is waited for
_DEAF = 3.0  # seconds after which a terminal that has never answered never will
_LOST = 10.0  # seconds after which an answer was lost on the way


class _Question(NamedTuple):
    asked: float
    size: int  # bytes sent with it
    ahead: int  # bytes on the way then, its own too


class Line:
    """Time is given, not asked for."""

    def __init__(self) -> None:
        self._open: Deque[_Question] = deque()
        self._flight = 0  # bytes on the way
        self._window = float(_START)
        self._best: Optional[float] = None
        self._deaf = False

    def asks(self, size: int, now: float) -> bool:
        """``size`` bytes are sent now; whether to put the question behind them."""
        if self._deaf:
            return False
        self._flight += size
        self._open.append(_Question(now, size, self._flight))
        return True

    def answered(self, now: float) -> None:
        """The terminal has come to the first question that is open."""
        if not self._open:
            return
        question = self._open.popleft()
        self._flight -= question.size
        took = now - question.asked
        self._best = took if self._best is None else min(self._best, took)
        if question.ahead:
            each_second = question.ahead / max(0.001, took - self._best)
            self._window = max(
                _LEAST, min(2 * max(self._window, question.ahead), each_second * (self._best + _LATE))
            )

    @property
    def waits(self) -> bool:
        """Whether an answer is still to come, from a terminal that gives answers."""
        return bool(self._open) and self._best is not None

    def behind(self, now: float) -> bool:
        """Whether the next frame should wait, or be dropped."""
        if not self._open:
            return False
        since = now - self._open[0].asked
        if self._best is None:
            self._deaf = since > _DEAF
        if self._deaf or since > _LOST:
            self._open.clear()
            self._flight = 0
            return False
        return since < _FIRST if self._best is None else self._flight >= self._window
