"""The one line of progress: what is on it, how wide it gets, and that it makes way."""

import contextlib
import io
import sys
import threading

import pytest

from offkit.cli import live_line, render
from offkit.cli.live_line import LiveLine

ERASED = "\r\033[K"


class Terminal(io.StringIO):
    """A stream that a terminal reads, so many columns wide; ``drawn`` is set when something was written."""

    encoding = "utf-8"

    def __init__(self, terminal=True):
        super().__init__()
        self.terminal, self.drawn = terminal, threading.Event()

    def isatty(self):
        return self.terminal

    def write(self, text):
        self.drawn.set()
        return super().write(text)


@pytest.fixture
def clock(monkeypatch):
    """Seconds that pass when the test says so; ``columns`` of the terminal."""

    class Clock:
        now, columns = 0.0, 80

    monkeypatch.setattr(live_line.time, "monotonic", lambda: Clock.now)
    monkeypatch.setattr(live_line, "width", lambda stream: Clock.columns)
    return Clock


def rows(stream):
    """What was drawn, picture by picture."""
    return [row for row in stream.getvalue().replace("\033[K", "").split("\r") if row]


def test_what_is_on_the_line(clock):
    """How far it is, how fast, for how long still, and what it is at; in the end as far as it came."""
    out = Terminal()
    clock.columns = 100
    with LiveLine("downloading 2 wheels", 4000000, "B", out) as bar:
        bar.at("numpy.whl")
        clock.now = 1.0
        bar.advance(1000000)
        bar.advance(1)  # in the same tenth of a second
        clock.now = 2.0
        bar.advance(999999)
        bar.advance(2000000)
    assert rows(out) == [
        "  downloading 2 wheels  ━━━━━━──────────────────   25%  1.0 MB of 4.0 MB  1.0 MB/s  0:03  numpy.whl",
        "  downloading 2 wheels  ━━━━━━━━━━━━────────────   50%  2.0 MB of 4.0 MB  1.0 MB/s  0:02  numpy.whl",
        "  downloading 2 wheels  ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━  100%  4.0 MB of 4.0 MB  2.0 MB/s\n",
    ]
    assert out.getvalue().endswith("\n")


def test_what_is_asked_for(clock):
    """Where nobody knows the end: each name counts once; the line is erased in the end."""
    out = Terminal()
    line = LiveLine("asking", 0, "B", out)
    line._keep_drawing = lambda: None
    with line as bar:
        for name in ("alpha", "beta", "alpha"):
            bar.at(name)
            bar.know(name)
        bar.advance(2000)
        clock.now = 1.0
        line._draw(line._at)
    assert rows(out) == ["  asking  2 known  2.0 kB  2.0 kB/s  alpha"]
    assert out.getvalue().endswith(ERASED)
    line.doing("trial 2: pre-releases")
    line.at("numpy")
    assert line._text("numpy", 79).startswith("  trial 2: pre-releases  ")


@pytest.mark.parametrize("columns", [20, 33, 40, 60, 80, 132])
@pytest.mark.parametrize("total", [0, 4000000])
@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_never_wider_than_the_terminal(clock, columns, total, encoding):
    """However long a name is; what matters less is left out."""
    out = Terminal()
    out.encoding = encoding
    line = LiveLine("downloading 12 wheels", total, "B", out)
    line._keep_drawing = lambda: None
    clock.columns = columns
    with line as bar:
        bar.at("x" * 200 + "\n")
        bar.know("x")
        clock.now = 1.0
        bar.advance(1000000)
        line._draw(line._at)
        assert all(len(row) < columns for row in rows(out))
        assert out.getvalue().count("\n") == 0
    if encoding == "ascii":
        out.getvalue().encode("ascii")


def test_a_terminal_that_does_not_say_how_wide_it_is(clock):
    """Sixty columns are safe."""
    out = Terminal()
    clock.columns = 0
    line = LiveLine("asking", 0, "", out)
    line._draw("x" * 200)
    assert len(rows(out)[0]) == 59


def test_it_is_drawn_while_nothing_happens():
    """A server that does not answer: what was asked of it is on the screen all the same."""
    out = Terminal()
    with LiveLine("asking", 0, "B", out) as bar:
        bar.at("alpha")
        assert out.drawn.wait(60)
    assert rows(out)[0] in ("  asking", "  asking  alpha")
    assert out.getvalue().endswith(ERASED)
    assert [one for one in threading.enumerate() if one.name == bar._drawer.name] == []


@pytest.fixture
def terminal(monkeypatch):
    """Make stderr a terminal, and stdout a pipe."""

    def replace():
        out, err = Terminal(False), Terminal()
        monkeypatch.setattr(sys, "stdout", out)
        monkeypatch.setattr(sys, "stderr", err)
        monkeypatch.setenv("TERM", "xterm")
        monkeypatch.setenv("NO_COLOR", "1")
        return out, err

    return replace


def test_it_makes_way(terminal, clock):
    """Whatever is written, on either stream, finds an empty line."""
    out, err = terminal()
    console = render.console()
    with console.bar("packing", 10, "B") as bar:
        for number, say in enumerate((console.step, console.warn, render.line)):
            clock.now += 1
            bar.advance(1)
            before = err.getvalue()
            assert not before.endswith(ERASED)
            say("told")
            assert err.getvalue()[len(before) :].startswith(ERASED), number
        console.warn("told again")  # nothing is erased twice
    assert err.getvalue().count(ERASED + "! told\n! told again\n") == 0
    assert out.getvalue() == "told\n"
    assert live_line._shown == []


def test_an_error_finds_an_empty_line(terminal, clock):
    """And no line is left that nobody draws any more."""
    _, err = terminal()
    with contextlib.suppress(KeyboardInterrupt), render.console().bar("packing", 10, "B") as bar:
        clock.now = 1.0
        bar.advance(1)
        raise KeyboardInterrupt
    assert live_line._shown == []
    assert err.getvalue().endswith("\n")
    assert " 10%" in rows(err)[-1]


@pytest.mark.parametrize("how", ["pipe", "quiet", "json", "dumb", "none"])
def test_where_there_is_none(terminal, monkeypatch, how):
    """In pipes, with -q, with --json, and on what cannot write over a line."""
    _, err = terminal()
    err.terminal = how != "pipe"
    monkeypatch.setenv("TERM", {"dumb": "dumb", "none": ""}.get(how, "xterm"))
    console = render.console(json=how == "json", quiet=how == "quiet")
    for total in (0, 10):
        with console.bar("x", total, "B") as bar:
            bar.at("x")
            bar.know("x")
            bar.advance(10)
    assert err.getvalue() == ""
