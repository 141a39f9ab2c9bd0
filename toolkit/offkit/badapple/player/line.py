"""How far the terminal is behind: asked by a question that it answers when it has come to it.

Between the player and a far terminal lie buffers that take seconds of film at once. Whoever
fills them sees the film late; so frames wait until the terminal has come so far.
"""

from typing import Optional

_LATE = 0.2  # seconds beyond the shortest way there and back
_DEAF = 2.0  # seconds after which no answer comes any more


class Line:
    """Time is given, not asked for."""

    def __init__(self) -> None:
        self._asked: Optional[float] = None
        self._best: Optional[float] = None
        self._deaf = False

    def asks(self, now: float) -> bool:
        """Whether to put the question behind what is sent now."""
        if self._deaf or self._asked is not None:
            return False
        self._asked = now
        return True

    def answered(self, now: float) -> None:
        """The terminal says that it is there."""
        if self._asked is not None:
            took = now - self._asked
            self._best = took if self._best is None else min(self._best, took)
            self._asked = None

    @property
    def waits(self) -> bool:
        """Whether an answer is still to come, from a terminal that gives answers."""
        return self._asked is not None and self._best is not None

    def behind(self, now: float) -> bool:
        """Whether the next frame should wait, or be dropped."""
        if self._asked is None:
            return False
        since = now - self._asked
        if since > _DEAF:
            # A terminal that has never answered cannot; else the answer was lost on the way.
            self._deaf, self._asked = self._best is None, None
            return False
        return self._best is not None and since > self._best + _LATE
