"""What is told while a film is on the terminal: to the film, and to the terminal afterwards."""

from typing import Any, Callable, List, Optional

from offkit.model.report import Bar, Reporter
from offkit.theatre.player.player_process import PlayerProcess


class Deferred(Reporter):
    """Keeps what ``report`` has to say until the film is over; progress goes on from where it is then."""

    def __init__(self, report: Reporter, film: PlayerProcess) -> None:
        self._report, self.film = report, film
        self._kept: List[Callable[[], None]] = []

    def step(self, text: str) -> None:
        self._tell(text, lambda: self._report.step(text))

    def note(self, text: str) -> None:
        self._tell("", lambda: self._report.note(text))

    def warn(self, text: str) -> None:
        self._tell(text, lambda: self._report.warn(text))

    def bar(self, label: str, total: int, unit: str = "") -> Bar:
        return _Bar(self, label, total, lambda: self._report.bar(label, total, unit))

    def is_alone(self) -> bool:
        """Whether the film is over; what was kept is said then."""
        if self.film.plays:
            return False
        kept, self._kept = self._kept, []
        for say in kept:
            say()
        return True

    def _tell(self, text: str, say: Callable[[], None]) -> None:
        self._kept.append(say)
        if not self.is_alone() and text:
            self.film.say(text)


class _Bar(Bar):
    """Shows itself when the film is over."""

    def __init__(self, deferred: Deferred, label: str, total: int, make: Callable[[], Bar]) -> None:
        self._deferred, self._label, self._total, self._make = deferred, label, total, make
        self._shown: Optional[Bar] = None
        self._done = self._said = 0

    def advance(self, amount: int = 1) -> None:
        self._done += amount
        if self._shown is not None:
            self._shown.advance(amount)
        elif self._deferred.is_alone():
            self._shown = self._make().__enter__()
            self._shown.advance(self._done)
        else:
            percent = 100 * self._done // max(1, self._total)
            if percent > self._said:
                self._said = percent
                self._deferred.film.say("{}: {} %".format(self._label, percent))

    def __exit__(self, *exc: Any) -> None:
        if self._shown is not None:
            self._shown.__exit__(*exc)
