"""Showing a conversion in the terminal, at its speed.

Nothing here waits for a slow terminal: the frame shown is the one whose time it is, and those
in between are dropped.
"""

import signal
import time
from collections import deque
from typing import Any, Deque, NamedTuple, Optional, Tuple

from offkit.theatre.player import controls, keys, panel
from offkit.theatre.player.ability import TRUE_COLOUR, Ability
from offkit.theatre.player.adapt import Adapter
from offkit.theatre.player.clock import RATE_UNKNOWN, Clock
from offkit.theatre.player.controls import Controls
from offkit.theatre.player.drawing import Drawing, Screen, blank
from offkit.theatre.player.line import Line
from offkit.theatre.player.source import Source
from offkit.theatre.player.terminal import ENDINGS, Lost, Terminal

_IDLE = 0.25  # seconds between looks at the terminal's size while nothing moves
_LOOK = 0.1  # and at what is being made
_ESC = 0.05  # seconds after which an Esc is not the begin of a sequence
_STOPPED = 2.0  # seconds too late by which we know that we were stopped
_ANSWER = 0.5  # seconds that the terminal gets at the end to answer what it was asked


class Played(NamedTuple):
    shown: int  # frames
    dropped: int
    finished: bool  # False when the viewer left
    interrupted: bool = False  # by Ctrl-C or a signal that ends programs


class Player:
    """One film on one terminal, which has been entered."""

    def __init__(self, terminal: Terminal, source: Source, ability: Ability, speed: float) -> None:
        self._terminal, self._source, self._ability = terminal, source, ability
        self._drawing, self._line, self._keys = Drawing(), Line(), keys.Keys()
        now = time.monotonic()
        self._clock = Clock(source.facts.fps if source.facts else RATE_UNKNOWN, now, speed)
        self._controls = Controls(self._clock)
        self._adapter: Optional[Adapter] = None
        self._size: Tuple[int, int] = (0, 0)
        self._frame = -1  # the last one shown
        self._jumped = True  # since then, by a key
        self._drawn: Any = None  # what the screen was drawn from
        self._begun = False
        self._waits = False  # for a frame that is not there yet
        self._times: Deque[float] = deque(maxlen=256)
        self._shown = self._dropped = 0
        self._looked = self._heard = now
        self._said = ""
        self._still: Optional[Screen] = None  # the last picture, to be seen while the next one is not there

    def say(self, text: str) -> None:
        """What is being done before there is a film, for whoever waits for it."""
        self._said = text

    def run(self, parent: Any) -> Played:
        """To the end. ``parent`` is a connection on which texts for ``say`` come; its end is
        the end of the film, too. Raises RequestError (VID010, VID022), Lost."""
        wait: Optional[float] = 0.0
        if self._line.asks(0, time.monotonic()):
            self._terminal.send(keys.QUESTION)
        while True:
            before = time.monotonic()
            typed, ready = self._terminal.listen(wait, [parent])
            now = time.monotonic()
            if wait is not None and now - before > wait + _STOPPED:
                self._clock.go(self._clock.position(before), now)
            if ready:
                try:
                    self.say(parent.recv())
                except (EOFError, OSError):
                    return self._played(interrupted=True)
            self._signals()
            self._press(typed, now)
            if self._controls.interrupted or self._controls.quit:
                return self._played(interrupted=self._controls.interrupted)
            if not self._source.complete and now - self._looked >= _LOOK:
                self._look(now)
            if self._at_end(now):
                self._show_last(now)
                return self._played(finished=True)
            wait = self._show(now)

    def await_answer(self) -> None:
        """Let the terminal answer, so that its answer is not typed to whoever comes next."""
        until = time.monotonic() + _ANSWER
        while self._line.waits and time.monotonic() < until:
            typed, _ = self._terminal.listen(_ANSWER / 10, [])
            for name in self._keys.feed(typed):
                if name == keys.ALIVE:
                    self._line.answered(time.monotonic())

    def _played(self, finished: bool = False, interrupted: bool = False) -> Played:
        return Played(self._shown, self._dropped, finished, interrupted)

    def _signals(self) -> None:
        for number in self._terminal.noted():
            if number in ENDINGS:
                self._controls.interrupted = True
            elif number == signal.SIGTSTP:
                self._controls.suspend = True
            elif number == signal.SIGCONT:
                self._terminal.take_over()
                self._drawing.forget()
                self._drawn = None

    def _press(self, typed: bytes, now: float) -> None:
        names = self._keys.feed(typed)
        if typed:
            self._heard = now
        elif now - self._heard >= _ESC:
            names = self._keys.flush()
        for name in names:
            if name == keys.ALIVE:
                self._line.answered(now)
            elif self._controls.press(name, now, self._source.frames):
                self._jumped = True
        if self._controls.suspend:
            self._controls.suspend = False
            place = self._clock.position(now)
            self.await_answer()
            self._terminal.suspend()
            self._clock.go(place, time.monotonic())
            self._controls.redraw = True
        if self._controls.redraw:
            self._controls.redraw = False
            self._drawing.forget()
            self._drawn = None

    def _look(self, now: float) -> None:
        had = self._source.look
        self._source.refresh()
        self._looked = now
        if self._source.look is not had:
            self._adapter = None
            if had is None and self._source.facts:
                self._clock = self._controls.clock = Clock(self._source.facts.fps, now, self._clock.speed)

    def _at_end(self, now: float) -> bool:
        if not self._source.complete or self._clock.frame(now) < self._source.frames:
            return False
        if self._controls.loop:
            self._clock.go(0, now)
            self._jumped = True
            return False
        if self._clock.paused:
            self._clock.go(self._source.frames - 1, now)
            return False
        return True

    def _show_last(self, now: float) -> None:
        """Whoever was busy when the last frame was due shows it all the same."""
        if not (self._terminal.busy or self._line.behind(now)):
            self._draw(self._source.frames - 1, now)

    def _show(self, now: float) -> Optional[float]:
        """Draw what is due, if the terminal can take it; seconds until there is something to do."""
        size = self._terminal.size()
        if size != self._size:
            self._size, self._adapter, self._drawn = size, None, None
            self._drawing.forget()
        if not self._begun:
            self._clock.go(0, now)  # the film begins when its first frame can be sent
        due = self._clock.frame(now)
        late = self._line.behind(now)
        if not (self._terminal.busy or late):
            self._draw(due, now)
        until = self._clock.until(due + 1, time.monotonic())
        wait = _IDLE if until is None else min(until, _IDLE)
        if self._keys.pending:
            wait = min(wait, _ESC)
        return wait if self._source.complete else min(wait, _LOOK)

    def _draw(self, due: int, now: float) -> None:
        viewer = self._controls
        switches = viewer.info, viewer.help, viewer.loop, self._clock.paused, self._clock.speed
        wanted = due, self._source.frames, self._size, switches, self._said
        if wanted == self._drawn and not self._waits:
            return
        self._begun = True
        there = due < self._source.frames or not self._source.complete
        cells = self._source.cells(due) if there else None
        self._waits = cells is None
        self._clock.wait(self._waits, now)
        screen = blank(*self._size)
        if cells is not None and self._source.look is not None:
            if self._adapter is None:
                room = panel.rows_for_film(len(screen.glyphs)), screen.glyphs.shape[1]
                self._adapter = Adapter(self._source.look, self._ability, *room)
            self._adapter.put(cells, screen)
            self._count(due, now)
            self._still = None if self._source.complete else Screen(*(part.copy() for part in screen))
        elif self._still is not None and self._still.glyphs.shape == screen.glyphs.shape:
            screen = Screen(*(part.copy() for part in self._still))
        state = self._state(due, now)
        panel.line(screen, state, self._ability)
        if viewer.info:
            panel.information(screen, state, self._what())
        if viewer.help:
            panel.box(screen, panel.table(controls.HELP))
        data = self._drawing.to(screen)
        if data:
            self._terminal.send(data + keys.QUESTION if self._line.asks(len(data), now) else data)
        self._drawn = wanted

    def _count(self, due: int, now: float) -> None:
        if due == self._frame:
            return
        if not self._jumped and due > self._frame:
            self._dropped += due - self._frame - 1
        self._frame, self._jumped = due, False
        self._shown += 1
        self._times.append(now)

    def _state(self, due: int, now: float) -> panel.State:
        message = ""
        if self._waits:
            message = "waiting for frame {}".format(due)
            if self._said:
                message = "{} ({})".format(message, self._said)
        return panel.State(
            due,
            self._source.frames,
            self._clock.fps,
            self._clock.speed,
            self._clock.paused,
            self._controls.loop,
            self._rate(now),
            self._dropped,
            message,
        )

    def _rate(self, now: float) -> float:
        """Frames a second, in the last one."""
        times = [one for one in self._times if one > now - 1]
        return (len(times) - 1) / (times[-1] - times[0]) if len(times) > 1 else 0.0

    def _what(self) -> str:
        colours = self._ability.colours
        shown = {0: "no colours", TRUE_COLOUR: "true colour"}.get(colours, "{} colours".format(colours))
        look = self._source.look
        if look is None:
            return shown
        return "{} x {} {}, terminal: {}".format(look.grid.columns, look.grid.rows, look.mode, shown)


def play(handle: int, source: Source, ability: Ability, speed: float, parent: Any) -> Played:
    """Play ``source`` on the terminal that ``handle`` is a non-blocking descriptor of.

    The terminal is given back whatever happens. Raises as ``Player.run``, without Lost: a
    terminal that is gone interrupts.
    """
    terminal = Terminal(handle)
    terminal.enter()
    try:
        player = Player(terminal, source, ability, speed)
        try:
            played = player.run(parent)
            player.await_answer()
            return played
        except Lost:
            return Played(0, 0, False, True)
    finally:
        terminal.leave()
