"""What the keys do."""

from offkit.theatre.player import keys
from offkit.theatre.player.clock import Clock

HELP = (
    ("space", "pause"),
    ("left right", "5 seconds"),
    ("up down", "30 seconds"),
    ("home end", "begin, end"),
    ("0 ... 9", "tenths of the film"),
    (", .", "one frame"),
    ("- +", "slower, faster"),
    ("l", "loop"),
    ("i", "statistics"),
    ("q", "quit"),
)

_SECONDS = {"left": -5, "right": 5, "down": -30, "up": 30, "pgdn": -30, "pgup": 30}


class Controls:
    """A clock in the viewer's hands, and what the viewer wants to see."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.loop = self.info = self.help = False
        self.quit = self.interrupted = self.suspend = self.redraw = False

    def press(self, name: str, now: float, frames: int) -> bool:
        """A key of ``keys.Keys``; whether it moved the film to another place."""
        last = max(0, frames - 1)
        if name in _SECONDS:
            self._to(self.clock.position(now) + _SECONDS[name] * self.clock.fps, last, now)
        elif name.isdecimal():
            self._to(frames * int(name) // 10, last, now)
        elif name == "home":
            self._to(0, last, now)
        elif name == "end":
            self._stand(last, last, now)
        elif name in (".", ","):
            self._stand(self.clock.frame(now) + (1 if name == "." else -1), last, now)
        else:
            self._switch(name, now)
            return False
        return True

    def _to(self, frame: float, last: int, now: float) -> None:
        self.clock.go(min(max(0, frame), last), now)

    def _stand(self, frame: int, last: int, now: float) -> None:
        if not self.clock.paused:
            self.clock.toggle(now)
        self._to(frame, last, now)

    def _switch(self, name: str, now: float) -> None:
        if name == "space":
            self.clock.toggle(now)
        elif name in ("+", "="):
            self.clock.faster(now)
        elif name in ("-", "_"):
            self.clock.slower(now)
        elif name in ("l", "L"):
            self.loop = not self.loop
        elif name in ("i", "I"):
            self.info = not self.info
        elif name == "?" or (name == keys.ESC and self.help):
            self.help = not self.help
        elif name in ("q", "Q", keys.ESC):
            self.quit = True
        elif name in ("interrupt", "suspend", "redraw"):
            setattr(self, {"interrupt": "interrupted"}.get(name, name), True)
