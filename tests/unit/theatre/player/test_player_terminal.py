"""The terminal that --play draws on, and what is none."""

import fcntl
import importlib.util
import os
import pty
import select
import signal
import struct
import sys
import termios

import pytest

from offkit.theatre.player import terminal


@pytest.fixture
def pair():
    """The two ends of a pseudo-terminal."""
    ends = pty.openpty()
    yield ends
    for end in ends:
        os.close(end)


@pytest.fixture
def pipe():
    ends = os.pipe()
    yield ends
    for end in ends:
        os.close(end)


def test_a_terminal_is_opened_again(pair):
    """The same one, with a description of its own, which does not block."""
    handle = terminal.opened(pair[1])
    try:
        assert os.ttyname(handle) == os.ttyname(pair[1])
        assert not os.get_blocking(handle)
        assert os.get_blocking(pair[1])
        assert terminal.modes(handle) == termios.tcgetattr(pair[1])
    finally:
        os.close(handle)


def test_what_is_no_terminal(pipe, monkeypatch):
    """It cannot be opened as one, and has no modes."""
    monkeypatch.setattr(terminal, "_name", lambda descriptor: os.devnull)
    before = len(os.listdir("/proc/self/fd"))
    assert terminal.opened(pipe[0]) is None
    assert len(os.listdir("/proc/self/fd")) == before
    assert terminal.modes(pipe[0]) is None


def test_a_python_without_termios(pair, monkeypatch):
    """It plays all the same: a terminal has no modes then that could be kept."""
    monkeypatch.setitem(sys.modules, "termios", None)
    spec = importlib.util.spec_from_file_location("without_termios", terminal.__file__)
    without = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(without)
    assert without.modes(pair[1]) is None


def test_a_terminal_without_a_name(pipe):
    """As docker exec gives it; the process has it all the same."""
    assert terminal._name(pipe[0]) == "/dev/tty"


@pytest.fixture
def screen(pair):
    """Entered, on a terminal of its own."""
    handle = terminal.opened(pair[1])
    entered = terminal.Terminal(handle)
    entered.enter()
    yield entered
    entered.leave()
    os.close(handle)


def test_what_was_typed_is_heard(screen, pair, pipe):
    """As it is; and which of the others has something to read. Nothing is heard twice."""
    assert screen.listen(0, [pipe[0]]) == (b"", [])
    os.write(pipe[1], b"x")
    assert screen.listen(None, [pipe[0]]) == (b"", [pipe[0]])
    os.write(pair[0], b"q")
    assert screen.listen(None, []) == (b"q", [])
    assert screen.listen(0, [pipe[0]]) == (b"", [pipe[0]])


def test_a_signal_ends_the_waiting(screen):
    """It is noted once, and the next one wakes again."""
    for _ in range(2):
        os.kill(os.getpid(), signal.SIGWINCH)
        assert screen.listen(None, []) == (b"", [])
        assert screen.noted() == [signal.SIGWINCH]
        assert screen.noted() == []
        assert select.select([screen._wake[0]], [], [], 0)[0] == []


def test_what_waits_is_sent_while_it_listens(screen, pair):
    """What the player begins with goes first."""
    assert screen.busy
    screen.listen(0, [])
    assert not screen.busy
    screen.send(b"abc")
    assert not screen.busy
    sent = terminal.ENTER + b"abc"
    with os.fdopen(os.dup(pair[0]), "rb") as there:  # what is written comes out in any number of pieces
        assert there.read(len(sent)) == sent


@pytest.mark.parametrize(
    ("error", "lost"),
    [(None, True), (OSError(5, "Input/output error"), True), (BlockingIOError(11, ""), False)],
)
def test_a_terminal_that_has_nothing_to_read(screen, pair, monkeypatch, error, lost):
    """At its end, or when reading fails, it is lost; where somebody else was quicker it is not."""
    handle = screen._handle

    def read(one, size):
        assert one == handle
        if error is not None:
            raise error
        return b""

    os.write(pair[0], b"q")
    with monkeypatch.context() as patch:
        patch.setattr(os, "read", read)
        if lost:
            with pytest.raises(terminal.Lost):
                screen.listen(None, [])
        else:
            assert screen.listen(None, []) == (b"", [])


def test_a_terminal_that_cannot_be_written(screen, monkeypatch):
    """Lost as well, but for a line that is only full: that is sent later."""

    def refuses(error):
        def write(handle, data):
            raise error

        return write

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", refuses(OSError(5, "Input/output error")))
        with pytest.raises(terminal.Lost):
            screen.send(b"x")
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", refuses(BlockingIOError(11, "")))
        screen.send(b"y")
        assert screen.busy


def test_the_size_of_a_terminal(screen, pair, pipe):
    """As it says; 24 rows and 80 columns where it says nothing, or not both."""
    sizes = []
    for rows, columns in ((0, 0), (30, 0), (0, 100), (30, 100)):
        fcntl.ioctl(pair[1], termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        sizes.append(screen.size())
    assert sizes == [(24, 80)] * 3 + [(30, 100)]
    assert terminal.Terminal(pipe[0]).size() == (24, 80)


def read_all(end):
    """What came on the far end so far; the end is known by a mark."""
    found = b""
    while not found.endswith(b"<mark>"):
        found += os.read(end, 4096)
    return found[: -len(b"<mark>")]


def test_how_a_terminal_is_taken_and_given_back(pair):
    """Keys as they come, unseen, none of which stops or quits us; afterwards all is as it was."""
    before = termios.tcgetattr(pair[1])
    handle = terminal.opened(pair[1])
    entered = terminal.Terminal(handle)
    entered.enter()
    taken = termios.tcgetattr(pair[1])
    assert taken[3] == before[3] & ~(termios.ECHO | termios.ICANON)
    assert before[3] & termios.ECHO
    assert before[3] & termios.ICANON
    assert (taken[6][termios.VMIN], taken[6][termios.VTIME]) in ((1, 0), (b"\x01", b"\x00"))
    assert (taken[6][termios.VSUSP], taken[6][termios.VQUIT]) == (b"\0", b"\0")
    assert taken[6][termios.VINTR] == before[6][termios.VINTR]
    assert taken[:3] == before[:3]
    entered.leave()
    assert termios.tcgetattr(pair[1]) == before
    os.write(pair[1], b"<mark>")
    assert read_all(pair[0]) == b""  # what it begins with was not sent: there is nothing to leave
    entered.enter()
    entered.send(b"x")
    entered.leave()
    os.close(handle)
    os.write(pair[1], b"<mark>")
    assert read_all(pair[0]) == terminal.ENTER + b"x" + terminal.LEAVE
    assert terminal.ENTER == b"\033[?1049h\033[?25l\033[?7l\033[0m\033[2J"
    assert terminal.LEAVE == b"\033[0m\033[?7h\033[?25h\033[?1049l"


def test_signals_while_a_film_is_on(pair):
    """They are noted, in order; those that were ignored stay so, but for Ctrl-C; afterwards all is as it was."""
    numbers = [
        signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGTSTP, signal.SIGCONT, signal.SIGWINCH,
    ]  # fmt: skip
    kept = {number: signal.signal(number, signal.SIG_DFL) for number in numbers}
    try:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        before = [signal.getsignal(number) for number in numbers]
        mask = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
        entered = terminal.Terminal(pair[1])
        entered.enter()
        try:
            wake = entered._wake
            assert [os.get_blocking(end) for end in wake] == [False, False]
            for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGTSTP, signal.SIGCONT):
                os.kill(os.getpid(), number)
            assert sorted(entered.noted()) == sorted(
                [signal.SIGTERM, signal.SIGINT, signal.SIGTSTP, signal.SIGCONT]
            )
        finally:
            entered.leave()
        assert [signal.getsignal(number) for number in numbers] == before
        assert signal.SIGTERM in signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        woken = signal.set_wakeup_fd(-1)
        signal.set_wakeup_fd(woken)
        assert woken not in wake
        for end in wake:
            with pytest.raises(OSError, match="Bad file descriptor"):
                os.fstat(end)
        assert terminal.ENDINGS == (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
    finally:
        for number, handler in kept.items():
            signal.signal(number, handler)


def test_a_line_that_takes_nothing(pair):
    """It is waited for so long and no longer; one that is closed not at all."""
    handle = terminal.opened(pair[1])
    assert terminal.write(handle, b"x" * 10, 0.01) is True
    assert terminal.write(handle, b"", 0.01) is True
    assert terminal.write(handle, b"x" * (1 << 20), 0.01) is False
    os.close(handle)
    assert terminal.write(handle, b"x", 0.01) is False


def test_a_terminal_of_the_shell(pair, monkeypatch):
    """Its modes are its own again, and stay; whose job we are nobody knows, they are set."""
    before = termios.tcgetattr(pair[1])
    other = terminal.modes(pair[1])
    other[3] &= ~termios.ECHO
    monkeypatch.setattr(os, "tcgetpgrp", lambda handle: os.getpgrp() + 1)
    terminal.restore(pair[1], other)
    assert termios.tcgetattr(pair[1]) == before
    monkeypatch.setattr(os, "tcgetpgrp", lambda handle: os.getpgrp())
    terminal.restore(pair[1], None)
    assert termios.tcgetattr(pair[1]) == before
    terminal.restore(pair[1], other)
    assert termios.tcgetattr(pair[1])[3] == other[3]
    monkeypatch.undo()
    terminal.restore(pair[1], before)
    assert termios.tcgetattr(pair[1]) == before
    os.write(pair[1], b"<mark>")
    assert read_all(pair[0]) == terminal.LEAVE * 4


def test_a_terminal_that_is_gone_is_left_alone(pipe):
    """No error where nothing can be given back."""
    before = signal.getsignal(signal.SIGTTOU)
    terminal.restore(pipe[1], None)
    terminal.restore(pipe[1], [0, 0, 0, 0, 0, 0, [b"\0"] * 32])
    assert os.read(pipe[0], 4096) == terminal.LEAVE * 2
    assert signal.getsignal(signal.SIGTTOU) == before


@pytest.mark.parametrize("alone", [True, False])
def test_a_stop_of_the_whole_job(screen, pair, monkeypatch, alone):
    """The terminal is given back before and taken again behind it; without a shell nothing happens."""
    done = []

    def kill(pid, number):
        done.append((pid, number, termios.tcgetattr(pair[1])[3] & termios.ECHO != 0))

    monkeypatch.setattr(os, "kill", kill)
    monkeypatch.setattr(os, "getpgrp", lambda: 7)
    monkeypatch.setattr(os, "getsid", lambda pid: 7 if alone else pid + 8)
    monkeypatch.setattr(terminal, "_is_ours", lambda handle: True)
    screen.listen(0, [])
    assert not screen.busy
    screen.suspend()
    assert done == ([] if alone else [(0, signal.SIGSTOP, True)])
    assert screen.busy is (not alone)
    assert not termios.tcgetattr(pair[1])[3] & termios.ECHO


def test_what_was_not_taken_is_sent_later(screen, pair, monkeypatch):
    """In its order, whatever part of it the line takes at once."""
    real, sizes = os.write, [3, 2, None]

    def write(handle, data):
        size = sizes.pop(0) if sizes else len(data)
        if size is None:
            raise BlockingIOError(11, "")
        return real(handle, bytes(data)[:size])

    screen.listen(0, [])
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", write)
        screen.send(b"abcdefgh")
        assert screen.busy
        screen.send(b"ij")
    assert not screen.busy
    os.write(pair[1], b"<mark>")
    assert read_all(pair[0]) == terminal.ENTER + b"abcdefghij"


def test_the_name_of_a_terminal(pair, monkeypatch):
    """By it it is opened where /proc is not there; what is there and no terminal is closed again."""
    assert terminal._name(pair[1]) == os.ttyname(pair[1])
    real, tried = os.open, []

    def open_(path, flags):
        tried.append((path, flags))
        if path.startswith("/proc"):
            raise FileNotFoundError(2, "No such file or directory")
        return real(path, flags)

    monkeypatch.setattr(os, "open", open_)
    handle = terminal.opened(pair[1])
    assert os.ttyname(handle) == os.ttyname(pair[1])
    os.close(handle)
    flags = os.O_RDWR | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
    assert tried == [("/proc/self/fd/{}".format(pair[1]), flags), (os.ttyname(pair[1]), flags)]


def test_before_it_is_entered(pair):
    """Nothing waits, nothing was noted."""
    new = terminal.Terminal(pair[1])
    assert (new.busy, new.noted()) == (False, [])
