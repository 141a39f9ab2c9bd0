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

from offkit.badapple.player import terminal


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
