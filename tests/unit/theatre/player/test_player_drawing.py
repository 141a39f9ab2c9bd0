"""What is sent to a terminal makes it show what it should, and not more is sent than that takes."""

import random

import numpy as np
import pytest

from offkit.theatre.player.drawing import RGB, Drawing, Screen, blank
from terminal_model import Model

ALPHABET = [32, 32, ord("#"), 0xE9, 0x2580, 0x28FF]
COLOURS = [-1, 0, 7, 8, 15, 16, 255, RGB, RGB + 0xFFFFFF, RGB + 0x01020A]


def random_screen(rng, shape, before=None):
    """A screen of anything; with ``before``, that one with a few cells changed."""

    def some(values, dtype):
        return np.array([[rng.choice(values) for _ in range(shape[1])] for _ in range(shape[0])], dtype)

    new = Screen(some(ALPHABET, np.uint16), some(COLOURS, np.int32), some(COLOURS, np.int32))
    if before is None:
        return new
    kept = np.array([[rng.random() < 0.8 for _ in range(shape[1])] for _ in range(shape[0])])
    return Screen(*(np.where(kept, old, one) for old, one in zip(before, new)))


def assert_shows(model, screen):
    assert (model.glyphs == screen.glyphs).all()
    assert (model.paper == screen.paper).all()
    inked = screen.glyphs != 32
    assert (model.ink == screen.ink)[inked].all()


@pytest.mark.parametrize("seed", range(12))
def test_any_screen_becomes_any_other(seed):
    """By a model of a terminal that has nothing but what was sent."""
    rng = random.Random(seed)
    shape = rng.randint(1, 9), rng.randint(1, 17)
    model, drawing, screen = Model(*shape), Drawing(), None
    for _ in range(12):
        screen = random_screen(rng, shape, screen if rng.random() < 0.7 else None)
        model.feed(drawing.to(screen))
        assert_shows(model, screen)
        assert drawing.to(screen) == b""


def test_a_screen_that_is_overwritten_by_the_next():
    """The arrays are the caller's."""
    screen, drawing, model = blank(2, 3), Drawing(), Model(2, 3)
    for code in (65, 66, 67):
        screen.glyphs[1, 1] = code
        model.feed(drawing.to(screen))
        assert chr(code) in model.text()


def test_a_resize_draws_everything():
    """The terminal is cleared; so it is after somebody else drew on it."""
    drawing = Drawing()
    drawing.to(random_screen(random.Random(1), (3, 4)))
    for shape in ((5, 2), (1, 1)):
        screen, model = random_screen(random.Random(2), shape), Model(*shape)
        model.glyphs[:] = 88
        model.feed(drawing.to(screen))
        assert_shows(model, screen)
    drawing.forget()
    model.glyphs[:] = 88
    model.feed(drawing.to(screen))
    assert_shows(model, screen)


def test_one_changed_cell_costs_a_few_bytes():
    """A jump and a character, also at the far corner; a short gap is cheaper sent again."""
    screen, drawing = blank(60, 200), Drawing()
    drawing.to(screen)
    screen.glyphs[59, 199] = 64
    assert drawing.to(screen) == b"\033[60;200H@"
    screen.glyphs[0, [3, 6, 20]] = 65
    assert drawing.to(screen) == b"\033[1;4HA  A\033[1;21HA"


def test_runs_share_a_colour_and_blanks_have_none():
    """The ink changes once for both words."""
    screen, drawing = blank(1, 8), Drawing()
    drawing.to(screen)
    screen.glyphs[0] = np.frombuffer(b"ab  cd  ", np.uint8)
    screen.ink[0] = [9, 9, 3, 4, 9, 9, 1, 2]
    assert drawing.to(screen) == b"\033[1;1H\033[91mab  cd"


def test_a_screen_larger_than_any():
    """Beyond 999 rows or columns nothing is drawn."""
    assert blank(2000, 5).glyphs.shape == (999, 5)


def test_what_cannot_be_pointed_at():
    """A row or column beyond the 999th stays blank."""
    assert blank(2000, 3).glyphs.shape == (999, 3)
    assert blank(3, 1000).paper.shape == (3, 999)
    assert blank(999, 998).ink.shape == (999, 998)


@pytest.mark.parametrize(
    ("ink", "paper", "sent"),
    [
        (-1, -1, b""),
        (0, 7, b"\033[30m\033[47m"),
        (8, 15, b"\033[90m\033[107m"),
        (16, 255, b"\033[38;5;16m\033[48;5;255m"),
        (RGB, RGB + 0x0A1464, b"\033[38;2;0;0;0m\033[48;2;10;20;100m"),
        (RGB + 0xFFFE01, -1, b"\033[38;2;255;254;1m"),
        (-1, 3, b"\033[43m"),
    ],
)
def test_how_a_colour_is_sent(ink, paper, sent):
    """The shortest sequence that every terminal with that many colours knows; back by 39 and 49."""
    screen, drawing = blank(1, 3), Drawing()
    assert drawing.to(screen) == b"\033[0m\033[2J"
    screen.glyphs[0] = [65, 66, 67]
    screen.ink[0, :2], screen.paper[0, :2] = ink, paper
    back = (b"\033[39m" if ink != -1 else b"") + (b"\033[49m" if paper != -1 else b"")
    assert drawing.to(screen) == b"\033[1;1H" + sent + b"AB" + back + b"C"


@pytest.mark.parametrize(("gap", "joined"), [(1, True), (2, True), (3, True), (4, True), (5, False)])
def test_gaps_that_are_sent_again(gap, joined):
    """Up to four cells, within a row."""
    screen, drawing = blank(2, 12), Drawing()
    screen.glyphs[:] = ord(".")
    drawing.to(screen)
    screen.glyphs[0, [1, 2 + gap]] = ord("#")
    between = b"." * gap if joined else b"\033[1;%dH" % (3 + gap)
    assert drawing.to(screen) == b"\033[1;2H#" + between + b"#"
    screen.glyphs[0, 11] = screen.glyphs[1, 0] = ord("#")
    assert drawing.to(screen) == b"\033[1;12H#\033[2;1H#"


def test_the_style_outlives_a_frame():
    """What is set already is not set again; after a clearing nothing is set."""
    screen, drawing = blank(1, 2), Drawing()
    drawing.to(screen)
    for glyphs, sent in (("A ", b"\033[1;1H\033[31mA"), ("B ", b"\033[1;1HB"), ("BC", b"\033[1;2HC")):
        screen.glyphs[0] = [ord(one) for one in glyphs]
        screen.ink[0] = 1
        assert drawing.to(screen) == sent
    drawing.forget()
    assert drawing.to(screen) == b"\033[0m\033[2J\033[1;1H\033[31mBC"
    screen.paper[0, 0] = 4
    assert drawing.to(screen) == b"\033[1;1H\033[44mB"
    screen.glyphs[0, 0], screen.ink[0, 0] = 32, 5
    assert drawing.to(screen) == b"\033[1;1H "
    screen.ink[0, 0] = 6  # of a blank nobody sees it
    assert drawing.to(screen) == b""


def test_what_a_blank_screen_is():
    """Blanks in the terminal's own colours, each layer with cells of its own."""
    screen = blank(2, 3)
    assert [part.dtype.name for part in screen] == ["uint16", "int32", "int32"]
    assert [part.tolist() for part in screen] == [[[value] * 3] * 2 for value in (32, -1, -1)]
    screen.ink[0, 0] = 7
    assert screen.paper[0, 0] == -1
