"""The player as a process of its own, whose parent gives the terminal back whatever happens.

The parent converts meanwhile, or only waits; when the player has ended without giving the terminal
back (killed, crashed), the parent does it.
"""

import contextlib
import multiprocessing
import os
import signal
import traceback
from typing import Any, NamedTuple, Optional

from offkit.badapple.processes import pool
from offkit.edges import signals
from offkit.model.errors import EnvironmentProblem, OffkitError, UsageError
from offkit.model.finding import ERROR, Finding
from offkit.theatre.player import ability, play, terminal
from offkit.theatre.player.ability import Ability
from offkit.theatre.player.play import Played
from offkit.theatre.player.source import Source

_SCREEN = 1  # stdout
_PATIENCE = 3.0  # seconds that a player gets to end
_STOPPING = (signal.SIGQUIT, signal.SIGTSTP)  # besides those that end programs


class Film(NamedTuple):
    """What to play; see ``source.Source``."""

    output: str
    part: Optional[str] = None
    maker: int = 0
    speed: float = 1.0


class PlayerProcess:
    """A film that is played by a process beside this one. Use as a context manager: afterwards it has
    ended, and the terminal is as it was."""

    def __init__(self, film: Film) -> None:
        """Raises UsageError when stdout is no terminal, or one that no film can be shown on."""
        if not os.isatty(_SCREEN):
            raise UsageError(
                "--play needs a terminal, and stdout is not one",
                fix="leave --play out, or do not redirect stdout",
            )
        can = ability.of(_SCREEN, os.environ)
        handle = terminal.opened(_SCREEN)
        if handle is None:
            raise EnvironmentProblem(
                "the terminal cannot be opened a second time, which --play needs",
                fix="/dev/pts or /proc is not mounted here: mount it, or leave --play out",
            )
        self._handle, self._modes = handle, terminal.modes(handle)
        self._answer: Any = None
        self._restored = False
        self._stops = signal.getsignal(signal.SIGTSTP)
        try:
            with signals.held(*_STOPPING):
                context: Any = multiprocessing.get_context(pool.start_method())
                self._pipe, theirs = context.Pipe()
                work = (film, can, theirs, self._pipe)
                self._process = context.Process(target=_body, args=work, daemon=True)
                self._process.start()
                theirs.close()
                signal.signal(signal.SIGTSTP, self._pass_on)
        except KeyboardInterrupt:  # it came meanwhile, and the film is on
            self.close()
            raise

    def __enter__(self) -> "PlayerProcess":
        return self

    def __exit__(self, *exc: Any) -> None:
        self.close()

    def _pass_on(self, number: int, frame: Any) -> None:
        """The player stops all of us, after it has given the terminal back."""
        if self._process.is_alive():
            os.kill(self._process.pid, number)

    @property
    def plays(self) -> bool:
        """Whether the film is still on the screen; when it is not, the terminal is given back."""
        if not self._restored and (self._pipe.poll() or not self._process.is_alive()):
            self._end()
        return not self._restored

    def say(self, text: str) -> None:
        """For whoever waits for the first frame."""
        with contextlib.suppress(OSError):
            self._pipe.send(text)

    def wait(self) -> None:
        """Until the film is over; then the terminal is given back."""
        if not self._restored:
            self._pipe.poll(None)
            self._end()

    def played(self) -> Played:
        """Wait for the end of the film. Raises OffkitError where it could not go on (VID010, VID021,
        VID022), KeyboardInterrupt where the viewer wanted all of it to end."""
        self.wait()
        if isinstance(self._answer, OffkitError):
            raise self._answer
        if isinstance(self._answer, str):
            raise RuntimeError("in the player:\n" + self._answer)
        if self._answer.interrupted:
            raise KeyboardInterrupt
        return self._answer  # type: ignore[no-any-return]

    def close(self) -> None:
        """End the film where it is."""
        with signals.held(*_STOPPING):
            if not self._restored:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(self._process.pid, signal.SIGTERM)
                self._end()
            signal.signal(signal.SIGTSTP, self._stops)
            self._pipe.close()
            os.close(self._handle)

    def _end(self) -> None:
        """Take the answer; give the terminal back if the player did not."""
        with signals.held(*_STOPPING):
            try:
                self._answer = self._pipe.recv() if self._pipe.poll(_PATIENCE) else None
            except (EOFError, OSError):
                self._answer = None
            self._process.join(_PATIENCE)
            if self._process.is_alive():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(self._process.pid, signal.SIGKILL)
                self._process.join()
            if self._answer is None:
                terminal.restore(self._handle, self._modes)
                self._answer = _killed(self._process.exitcode)
            self._restored = True


def _killed(code: Optional[int]) -> EnvironmentProblem:
    how = "ended with exit status {}".format(code)
    if code is not None and code < 0:
        how = "was killed by signal {}".format(-code)
    text = "the player {}; the terminal was given back".format(how)
    fix = "play it again; 'reset' helps a terminal that still looks strange"
    return EnvironmentProblem(text, [Finding("VID021", ERROR, "player", text, (), fix)])


def _body(film: Film, can: Ability, pipe: Any, foreign: Any) -> None:
    """The player's life. Signals are blocked until it can note them (terminal.Terminal)."""
    foreign.close()
    answer: Any = None
    try:
        handle = terminal.opened(_SCREEN)
        if handle is None:
            raise OSError("the terminal is gone")
        source = Source(film.output, film.part, film.maker)
        answer = play.play(handle, source, can, film.speed, pipe)
    except OffkitError as problem:
        answer = problem
    except Exception:
        answer = traceback.format_exc()
    with contextlib.suppress(OSError):
        pipe.send(answer)
    pipe.close()
    os._exit(0)
