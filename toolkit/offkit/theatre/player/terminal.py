"""The terminal while a film is on it: the alternate screen, unbuffered keys, and the way back.

Signals only leave a note and wake the player, so nothing is ever interrupted half-way. The
terminal is written through a description of its own that never blocks (its flags are nobody
else's), so a slow line delays nothing but itself.
"""

import contextlib
import os
import select
import signal
from typing import Any, Dict, List, Optional, Tuple

try:
    import termios
except ImportError:  # a Python compiled without it plays all the same, but hears no keys
    termios = None  # type: ignore[assignment]

ENTER = b"\033[?1049h\033[?25l\033[?7l\033[0m\033[2J"  # alternate screen, no cursor, no wrapping
LEAVE = b"\033[0m\033[?7h\033[?25h\033[?1049l"
ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
_NOTED = ENDINGS + (signal.SIGTSTP, signal.SIGCONT, signal.SIGWINCH)
_PATIENCE = 1.0  # seconds that a line gets to take the last bytes


class Lost(Exception):
    """The terminal is gone: closed, or its line hung up."""


def opened(descriptor: int) -> Optional[int]:
    """A new description of the terminal at ``descriptor`` that does not block; None without one."""
    for path in ("/proc/self/fd/{}".format(descriptor), _name(descriptor)):
        with contextlib.suppress(OSError):
            handle = os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
            if os.isatty(handle):
                return handle
            os.close(handle)
    return None


def _name(descriptor: int) -> str:
    try:
        return os.ttyname(descriptor)
    except OSError:  # a container's terminal, from outside
        return "/dev/tty"


def modes(handle: int) -> Optional[List[Any]]:
    """How the terminal treats its input, for ``restore``."""
    try:
        return termios.tcgetattr(handle) if termios else None
    except termios.error:
        return None


def restore(handle: int, before: Optional[List[Any]], entered: bool = True) -> None:
    """Leave the alternate screen, if it was ``entered``, and set ``before``; a terminal that is gone is
    left alone.

    Where a shell has taken the terminal back already, the modes are its own and stay.
    """
    if entered:
        write(handle, LEAVE, _PATIENCE)
    if before is not None and _is_ours(handle):
        with contextlib.suppress(termios.error), _ignored(signal.SIGTTOU):
            termios.tcsetattr(handle, termios.TCSAFLUSH, before)


def write(handle: int, data: bytes, seconds: float) -> bool:
    """Write all of ``data``, waiting ``seconds`` at most whenever the line is full; whether it went."""
    rest = memoryview(data)
    with contextlib.suppress(OSError), _ignored(signal.SIGTTOU):
        while len(rest):
            if not select.select([], [handle], [], seconds)[1]:
                return False
            with contextlib.suppress(BlockingIOError):
                rest = rest[os.write(handle, rest) :]
        return True
    return False


@contextlib.contextmanager
def _ignored(number: int) -> Any:
    before = signal.signal(number, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(number, before)


def _is_ours(handle: int) -> bool:
    """Whether this program is in the terminal's foreground, or the terminal is not its session's."""
    try:
        return os.tcgetpgrp(handle) == os.getpgrp()
    except OSError:
        return True


class Terminal:
    """Between ``enter`` and ``leave``. Raises Lost when the terminal is gone."""

    def __init__(self, handle: int) -> None:
        self._handle = handle
        self._before: Optional[List[Any]] = None
        self._handlers: Dict[int, Any] = {}
        self._noted: List[int] = []
        self._rest = b""
        self._entered = False  # something of ENTER was sent
        self._wake: Tuple[int, int] = (-1, -1)
        self._wakeup = -1
        self._mask: Any = ()

    def enter(self) -> None:
        """Signals may be blocked until here, and are so again after ``leave``."""
        self._before = modes(self._handle)
        self._wake = os.pipe()
        for end in self._wake:
            os.set_blocking(end, False)
        self._wakeup = signal.set_wakeup_fd(self._wake[1])
        for number in _NOTED:
            if signal.getsignal(number) != signal.SIG_IGN or number == signal.SIGINT:
                self._handlers[number] = signal.signal(number, self._note)
        self._mask = signal.pthread_sigmask(signal.SIG_UNBLOCK, _NOTED)
        self.take_over()

    def leave(self) -> None:
        """Give everything back."""
        restore(self._handle, self._before, self._entered)
        signal.pthread_sigmask(signal.SIG_SETMASK, self._mask)
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(self._wakeup)
        for end in self._wake:
            os.close(end)

    def take_over(self) -> None:
        """The alternate screen, and keys as they come; the kernel does not suspend or quit us by key."""
        if self._before is not None:
            raw: List[Any] = [list(part) if isinstance(part, list) else part for part in self._before]
            raw[3] &= ~(termios.ECHO | termios.ICANON)
            raw[6][termios.VMIN], raw[6][termios.VTIME] = 1, 0
            for place in (termios.VSUSP, termios.VQUIT):
                raw[6][place] = b"\0"
            with contextlib.suppress(termios.error):
                termios.tcsetattr(self._handle, termios.TCSADRAIN, raw)
        self._rest = ENTER

    def suspend(self) -> None:
        """Give the terminal back and stop, with the whole job as its key would; then take it again."""
        if os.getpgrp() == os.getsid(0):
            return  # no shell stands behind us that could let us go on
        restore(self._handle, self._before, self._entered)
        self._entered = False
        os.kill(0, signal.SIGSTOP)
        self.take_over()

    def _note(self, number: int, frame: Any) -> None:
        self._noted.append(number)

    def noted(self) -> List[int]:
        """Signals since the last call."""
        noted, self._noted = self._noted, []
        return noted

    def size(self) -> Tuple[int, int]:
        """(rows, columns), 24 and 80 where the terminal does not say."""
        with contextlib.suppress(OSError):
            columns, rows = os.get_terminal_size(self._handle)
            if rows and columns:
                return rows, columns
        return 24, 80

    @property
    def busy(self) -> bool:
        """Whether the line has not yet taken what was sent."""
        return bool(self._rest)

    def send(self, data: bytes) -> None:
        self._rest += data
        self._flush()

    def _flush(self) -> None:
        try:
            while self._rest:
                self._rest = self._rest[os.write(self._handle, self._rest) :]
                self._entered = True
        except BlockingIOError:
            pass
        except OSError:
            raise Lost()

    def listen(self, seconds: Optional[float], other: List[Any]) -> Tuple[bytes, List[Any]]:
        """What was typed, and which of ``other`` has something to read, within ``seconds`` (None:
        whenever). Returns early on a signal; sends on what waits to be sent."""
        reading = [self._handle, self._wake[0]] + other
        ready = select.select(reading, [self._handle] if self._rest else [], [], seconds)
        if ready[1]:
            self._flush()
        if self._wake[0] in ready[0]:
            with contextlib.suppress(BlockingIOError):
                os.read(self._wake[0], 4096)
        typed = b""
        if self._handle in ready[0]:
            try:
                typed = os.read(self._handle, 4096)
            except BlockingIOError:
                typed = b""
            except OSError:
                raise Lost()
            else:
                if not typed:
                    raise Lost()
        return typed, [one for one in other if one in ready[0]]
