"""A progress bar with the film above it: what is on the screen while it runs, and afterwards."""

import contextlib
import io
import os
import re

import numpy as np
import pytest

from clip_maker import write_clip
from offkit.badapple import convert, preview
from offkit.badapple.formats.base import Facts
from offkit.badapple.formats.cells import Look
from offkit.badapple.formats.look import DEFAULT_RAMP, grid
from offkit.badapple.formats.painter import Painter
from offkit.badapple.formats.text import Text
from offkit.badapple.shadowplay import film
from offkit.badapple.video import decode
from offkit.cli import film_bar, render
from offkit.model.report import Bar


class Screen(io.StringIO):
    """Enough of a terminal to know what is on it."""

    size = os.terminal_size((80, 24))

    def isatty(self):
        return True

    def fileno(self):
        return 2

    def lines(self):
        rows, at = [""], 0
        for move, text in re.findall(r"(\033\[\d*[AKJ]|\r|\n)|([^\033\r\n]+)", self.getvalue()):
            if text:
                rows[at] = text + rows[at][len(text) :]
            elif move == "\n":
                at += 1
                rows += [""] * (at == len(rows))
            elif move.endswith("A"):
                at -= int(move[2:-1])
            elif move.endswith("J"):
                del rows[at + 1 :]
        return rows


@pytest.fixture
def screen(monkeypatch):
    shown = Screen()
    monkeypatch.setattr(film_bar.os, "get_terminal_size", lambda handle: shown.size)
    monkeypatch.setattr(film_bar.time, "monotonic", lambda: moments.pop(0))
    moments = [float(second) for second in range(100)]
    return shown


def test_the_film_is_above_the_bar(screen):
    """Redrawn in its place; in the end nothing but the bar is left."""
    with film_bar.FilmBar("frames", 10, lambda done: ["one", "at {}".format(done)], screen, False) as bar:
        bar.advance(2)
        bar.advance(3)
        assert [line.strip() for line in screen.lines()] == [
            "one",
            "at 5",
            "frames  {}{}  50%".format("━" * 15, "─" * 15),
        ]
    assert [line.strip() for line in screen.lines()] == ["frames  {}  100%".format("━" * 30), ""]


def test_nothing_to_show_and_more_than_was_claimed(screen):
    """A header that claims too little, or nothing; and a terminal of ASCII."""
    with film_bar.FilmBar("frames", 0, lambda done: [], screen, True) as bar:
        bar.advance(7)
    assert screen.lines()[0].strip() == "frames  {}  100%".format("#" * 30)


def test_it_ends_where_it_was_interrupted(screen):
    """The film is gone, the bar says how far it came."""
    bar = film_bar.FilmBar("frames", 10, lambda done: ["one"], screen, True)
    with contextlib.suppress(KeyboardInterrupt), bar:
        bar.advance(3)
        raise KeyboardInterrupt
    assert screen.lines()[0].strip() == "frames  {}{}  30%".format("#" * 9, "-" * 21)


def test_a_terminal_that_becomes_too_small(screen):
    """No film any more."""
    with film_bar.FilmBar("frames", 10, lambda done: ["one"], screen, True) as bar:
        bar.advance(3)
        screen.size = os.terminal_size((40, 24))
        bar.advance(3)
        assert len(screen.lines()) == 1


@pytest.mark.parametrize(
    ("term", "size", "expected"),
    [
        ("xterm", (80, 24), True),
        ("dumb", (80, 24), False),
        ("xterm", (59, 24), False),
        ("xterm", (80, 17), False),
    ],
)
def test_where_there_is_room(screen, monkeypatch, term, size, expected):
    """Wide and high enough, and able to move its cursor."""
    monkeypatch.setenv("TERM", term)
    screen.size = os.terminal_size(size)
    assert film_bar.fits(screen) == expected
    assert not film_bar.fits(io.StringIO())


@pytest.mark.parametrize(("json", "quiet"), [(True, False), (False, True)])
def test_not_where_nobody_wants_it(screen, monkeypatch, json, quiet):
    """With --json and -q there is an ordinary bar, or none."""
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(render.sys, "stderr", screen)
    monkeypatch.setattr(render, "_mode", render._mode)
    bar = render.console(json, quiet).watch("frames", 10, lambda done: ["one"])
    assert not isinstance(bar, film_bar.FilmBar)
    assert isinstance(render.console().watch("frames", 10, lambda done: ["one"]), film_bar.FilmBar)


def test_what_is_shown_of_a_conversion(tmp_path):
    """The last frame of the first process; nothing where there is nothing."""
    clip = write_clip(tmp_path / "a.mp4", 40)
    form = Text(Look(grid(film.WIDTH, film.HEIGHT)), Facts(30.0, film.WIDTH, film.HEIGHT))
    path = str(tmp_path / "a.txt")
    waiting = preview.Preview(path, form.look, 4 / 3.0, 2, True)
    assert waiting.rows(10) == []
    convert.convert(decode.probe(clip), form, path, 2, Bar(), "fork")
    seen = preview.Preview(path, form.look, 4 / 3.0, 2, False)
    rows = seen.rows(20)
    assert (len(rows), {len(row) for row in rows}) == (12, {32})
    assert rows != seen.rows(40)
    assert seen.rows(1000) == []
    seen.close()
    with open(path, "r+b") as out:
        out.seek(200)
        out.write(b"\0\0")
    assert preview.Preview(path, form.look, 4 / 3.0, 1, False).rows(1) == []


def halves(look):
    """What is shown of a frame that is dark on the left and light on the right."""
    picture = np.zeros((96, 128), np.uint8)
    picture[:, 64:] = 255

    class Film:
        def __init__(self):
            self.asked = []

        def cells(self, number):
            self.asked.append(number)
            return Painter(look).cells(picture)

        def close(self):
            self.asked.append("close")

    return Film()


@pytest.mark.parametrize("invert", [False, True])
def test_dark_is_shown_dark(monkeypatch, invert):
    """As the picture is, also of a conversion for light paper."""
    look = Look(grid(128, 96), ramp=" @", invert=invert)
    film = halves(look)
    monkeypatch.setattr(preview.catalogue, "open_reader", lambda path, growing: film)
    seen = preview.Preview("a.txt", look, 4 / 3.0, 2, True)
    rows = seen.rows(20)
    assert len(rows) == preview.ROWS
    for row in rows:
        assert max(map(DEFAULT_RAMP.index, row[:15])) < min(map(DEFAULT_RAMP.index, row[17:]))
    assert film.asked == [9]
    seen.rows(0)
    assert film.asked == [9, 0]
    seen.close()
    assert film.asked == [9, 0, "close"]
    preview.Preview("a.txt", look, 4 / 3.0, 2, True).close()  # nothing was opened


@pytest.mark.parametrize(("aspect", "columns"), [(4 / 3.0, 32), (0.01, 1), (16 / 9.0, 43), (9.0, 64)])
def test_the_proportions_of_what_is_shown(monkeypatch, aspect, columns):
    """A character is twice as high as wide; at most 64 of them."""
    look = Look(grid(128, 96))
    film = halves(look)
    monkeypatch.setattr(preview.catalogue, "open_reader", lambda path, growing: film)
    rows = preview.Preview("a.txt", look, aspect, 0, True).rows(3)
    assert film.asked == [2]
    assert [len(row) for row in rows] == [columns] * preview.ROWS


def test_every_picture_is_sent_at_once(screen, monkeypatch):
    """Nothing waits in a buffer; not more often than it may, nor before it is worth while."""
    sent = []
    monkeypatch.setattr(screen, "flush", lambda: sent.append(screen.getvalue()))
    with film_bar.FilmBar("frames", 4, lambda done: [], screen, True) as bar:
        bar.advance()
        assert len(sent) == 1
        assert "25%" in sent[-1]
    assert len(sent) == 2
    assert "100%" in sent[-1]
    assert screen.getvalue() == sent[-1] + "\n"


def test_a_terminal_that_cannot_be_asked(screen, monkeypatch):
    """Has no room; nor has one of which nothing is known."""
    monkeypatch.setenv("TERM", "xterm")
    for error in (OSError(), ValueError()):

        def refuse(handle, error=error):
            raise error

        monkeypatch.setattr(film_bar.os, "get_terminal_size", refuse)
        assert film_bar.fits(screen) is False
    monkeypatch.setattr(film_bar.os, "get_terminal_size", lambda handle: os.terminal_size((60, 18)))
    assert film_bar.fits(screen) is True
    monkeypatch.delenv("TERM")
    assert film_bar.fits(screen) is False
    monkeypatch.setenv("TERM", "")
    assert film_bar.fits(screen) is False
