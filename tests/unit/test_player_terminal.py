"""The terminal that --play draws on, and what is none."""

import importlib.util
import os
import pty
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
