"""What is sent to a terminal makes it show what it should, and not more is sent than that takes."""

import random

import numpy as np
import pytest

from offkit.badapple.player.drawing import RGB, Drawing, Screen, blank
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
