"""Which frame is due. Time is given, not asked for."""

from typing import Optional

SPEEDS = (0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0)
RATE_UNKNOWN = 30.0
_ROUND = 1e-6  # of a frame: what adding times loses


class Clock:
    """A position in frames that moves with time, unless it is paused or waits for a frame."""

    def __init__(self, fps: float, now: float, speed: float = 1.0) -> None:
        self.fps = fps if 0 < fps <= 1000 else RATE_UNKNOWN
        self.speed = speed
        self._since, self._from = now, 0.0
        self.paused = False
        self._waiting = False

    @property
    def moves(self) -> bool:
        return not (self.paused or self._waiting)

    def position(self, now: float) -> float:
        """Frames, with the part of the one that is being shown."""
        if not self.moves:
            return self._from
        return self._from + max(0.0, now - self._since) * self.fps * self.speed

    def frame(self, now: float) -> int:
        return int(self.position(now) + _ROUND)

    def until(self, frame: int, now: float) -> Optional[float]:
        """Seconds until ``frame`` is due, 0 when it is; None while the clock stands."""
        if not self.moves:
            return None
        return max(0.0, (frame - self.position(now)) / (self.fps * self.speed))

    def go(self, frame: float, now: float) -> None:
        """Be at ``frame`` now."""
        self._since, self._from = now, max(0.0, frame)

    def toggle(self, now: float) -> None:
        """Pause, or go on."""
        self.go(self.position(now), now)
        self.paused = not self.paused

    def wait(self, waits: bool, now: float) -> None:
        """Stand while a frame is not there yet."""
        if waits != self._waiting:
            self.go(self.position(now), now)
            self._waiting = waits

    def run_at(self, speed: float, now: float) -> None:
        """``speed`` times as fast as filmed."""
        self.go(self.position(now), now)
        self.speed = speed

    def faster(self, now: float) -> None:
        self.run_at(min((one for one in SPEEDS if one > self.speed), default=SPEEDS[-1]), now)

    def slower(self, now: float) -> None:
        self.run_at(max((one for one in SPEEDS if one < self.speed), default=SPEEDS[0]), now)
