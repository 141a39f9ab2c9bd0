"""What a terminal can show, and how any conversion is shown on it."""

import os
import subprocess
import sys

import numpy as np
import pytest

from offkit.badapple.formats import palette
from offkit.badapple.formats.cells import (
    BRAILLE,
    CHARACTERS,
    HALF,
    INDEXED,
    MONO,
    SIXTEEN,
    TRUE,
    Cells,
    Grid,
    Look,
)
from offkit.badapple.formats.painter import Painter
from offkit.model.errors import UsageError
from offkit.theatre.player import ability as abilities
from offkit.theatre.player import adapt, panel
from offkit.theatre.player.ability import ALL, ASCII, BLOCKS, TRUE_COLOUR, Ability, ability
from offkit.theatre.player.adapt import Adapter, fitted
from offkit.theatre.player.drawing import RGB, blank

UTF = {"LANG": "en_US.UTF-8"}


@pytest.mark.parametrize(
    ("environ", "terminfo", "expected"),
    [
        ({"TERM": "xterm-256color", "COLORTERM": "truecolor"}, 256, (TRUE_COLOUR, ALL)),
        ({"TERM": "xterm-256color", "COLORTERM": "24bit", "NO_COLOR": "1"}, 256, (0, ALL)),
        ({"TERM": "xterm-256color", "NO_COLOR": ""}, 256, (256, ALL)),
        ({"TERM": "xterm-256color"}, None, (256, ALL)),
        ({"TERM": "xterm-direct"}, 1 << 24, (TRUE_COLOUR, ALL)),
        ({"TERM": "xterm"}, 8, (8, ALL)),
        ({"TERM": "xterm"}, None, (8, ALL)),
        ({"TERM": "xterm-16color"}, 16, (16, ALL)),
        ({"TERM": "linux", "COLORTERM": "truecolor"}, 8, (8, BLOCKS)),
        ({"TERM": "screen", "COLORTERM": "truecolor"}, 8, (8, ALL)),
        ({"TERM": "screen", "COLORTERM": "truecolor", "TMUX": "/tmp/x"}, 8, (TRUE_COLOUR, ALL)),
        ({"TERM": "vt100", "COLORTERM": "truecolor"}, 0, (0, ALL)),
        ({"TERM": "vt220"}, None, (0, ALL)),
        ({"TERM": "xterm", "LC_ALL": "C"}, 8, (8, ASCII)),
        ({"TERM": "xterm", "LC_ALL": "", "LC_CTYPE": "POSIX"}, 8, (8, ASCII)),
        ({"TERM": "xterm", "LANG": "C.utf8"}, 8, (8, ALL)),
    ],
)
def test_what_the_environment_says(environ, terminfo, expected):
    """COLORTERM, TERM, terminfo, NO_COLOR and the locale."""
    assert ability(dict(UTF, **environ), "UTF-8", terminfo) == Ability(*expected)


def test_no_locale_is_what_python_makes_of_it():
    """ISO 8859-1 is no UTF-8 either."""
    assert ability({"TERM": "xterm"}, "utf-8", 8).glyphs == ALL
    assert ability({"TERM": "xterm"}, "ANSI_X3.4-1968", 8).glyphs == ASCII
    assert ability({"TERM": "xterm", "LANG": "de_DE"}, "ISO-8859-1", 8).glyphs == ASCII


@pytest.mark.parametrize("environ", [{}, {"TERM": ""}, {"TERM": "dumb"}, {"TERM": "unknown"}])
def test_a_terminal_without_a_cursor(environ):
    """It is told so, and what to do."""
    with pytest.raises(UsageError, match="move its cursor") as raised:
        ability(environ, "UTF-8", None)
    assert "cat" in raised.value.fix


@pytest.mark.parametrize(
    ("room", "expected"),
    [
        ((44, 117), (44, 117)),
        ((200, 300), (44, 117)),
        ((40, 110), (44, 117)),  # a little is cut off
        ((23, 80), (23, 61)),
        ((59, 40), (15, 40)),
        ((1, 1), (1, 1)),
    ],
)
def test_how_many_cells_are_shown(room, expected):
    """All, or nearly all, or all made smaller; the proportions stay."""
    assert fitted(Grid(44, 117), *room) == expected


def picture(colour):
    """A gradient from left to right, with a light disc."""
    rows, columns = np.mgrid[0:96, 0:128]
    gray = (columns * 2).astype(np.uint8)
    gray[(rows - 48) ** 2 + (columns - 40) ** 2 < 900] = 255
    return np.stack((gray, gray // 2, 255 - gray), axis=2) if colour else gray


LOOKS = [
    Look(Grid(12, 32), mode, colour, ramp, invert)
    for mode in (CHARACTERS, HALF, BRAILLE)
    for colour in (MONO, SIXTEEN, INDEXED, TRUE)
    for ramp, invert in ((" .:-=+*#%@", False), (" ░▒▓█", True))
]


@pytest.mark.parametrize("look", LOOKS, ids=lambda look: "-".join((look.mode, look.colour, str(look.invert))))
def test_any_look_on_any_terminal(look):
    """No glyph and no colour that it cannot show, and what is light in the frame is light on it."""
    cells = Painter(look).cells(picture(look.colour != MONO))
    for colours in (0, 8, 16, 256, TRUE_COLOUR):
        for glyphs, last in ((ASCII, 0x7E), (BLOCKS, 0x25FF), (ALL, 0xFFFF)):
            for rows, columns in ((14, 40), (6, 16), (1, 1), (11, 3)):
                screen = blank(rows, columns)
                Adapter(look, Ability(colours, glyphs), rows, columns).put(cells, screen)
                assert int(screen.glyphs.max()) <= last
                most = max(screen.ink.max(), screen.paper.max())
                assert most < max(colours, 0) or (colours == TRUE_COLOUR and most >= RGB)


@pytest.mark.parametrize("mode", [CHARACTERS, HALF, BRAILLE])
@pytest.mark.parametrize("colour", [MONO, SIXTEEN, INDEXED, TRUE])
def test_what_can_be_shown_is_shown_as_it_is(mode, colour):
    """Cell by cell, in the middle."""
    look = Look(Grid(12, 32), mode, colour)
    cells = Painter(look).cells(picture(colour != MONO))
    screen = blank(16, 40)
    Adapter(look, Ability(TRUE_COLOUR, ALL), 16, 40).put(cells, screen)
    shown = np.where(cells.glyphs == 0x2007, 32, cells.glyphs)
    assert (screen.glyphs[2:14, 4:36] == shown).all()
    assert (screen.glyphs[:2] == 32).all()
    if cells.ink is not None and colour == TRUE:
        assert (screen.ink[2:14, 4:36] & 0xFF == cells.ink[..., 2]).all()
    elif cells.ink is not None:
        assert (screen.ink[2:14, 4:36] == cells.ink).all()


@pytest.mark.parametrize("mode", [HALF, BRAILLE])
def test_blocks_and_dots_become_characters_of_their_density(mode):
    """On an ASCII terminal a gradient stays a gradient."""
    look = Look(Grid(12, 32), mode)
    screen = blank(12, 32)
    gradient = np.broadcast_to(np.arange(0, 256, 2, dtype=np.uint8), (96, 128))
    Adapter(look, Ability(0, ASCII), 12, 32).put(Painter(look).cells(np.ascontiguousarray(gradient)), screen)
    density = [" .:-=+*#%@".index(chr(code)) for code in screen.glyphs[5]]
    assert np.corrcoef(density, range(32))[0, 1] > 0.8


def test_brightness_outlives_its_colours():
    """Dark blue and white of the same character are told apart without colours."""
    glyphs = np.full((1, 2), ord("@"), np.uint16)
    look = Look(Grid(1, 2), CHARACTERS, SIXTEEN)
    screen = blank(1, 2)
    Adapter(look, Ability(0, ALL), 1, 2).put(Cells(glyphs, np.array([[4, 15]], np.uint8)), screen)
    dark, light = (" .:-=+*#%@".index(chr(code)) for code in screen.glyphs[0])
    assert dark < 3 < light
    assert (screen.ink == -1).all()


def test_eight_colours():
    """Bright ones are their plain ones."""
    look = Look(Grid(1, 3), CHARACTERS, TRUE)
    colours = palette.colours()[[9, 14, 8]][None]
    screen = blank(1, 3)
    Adapter(look, Ability(8, ALL), 1, 3).put(Cells(np.full((1, 3), ord("@"), np.uint16), colours), screen)
    assert screen.ink[0, :2].tolist() == [1, 6]
    assert screen.ink.max() < 8


STATE = panel.State(1500, 6000, 30.0, 1.5, False, True, 29.5, 3)


@pytest.mark.parametrize("glyphs", [ASCII, ALL])
@pytest.mark.parametrize(("rows", "columns"), [(8, 1), (8, 2), (8, 20), (24, 80), (60, 200), (7, 80), (1, 1)])
def test_words_fit_any_screen(rows, columns, glyphs):
    """The line, the numbers and the help, cut where they must be."""
    for state in (STATE, STATE._replace(message="waiting for frame 7"), STATE._replace(frame=0, frames=0)):
        screen = blank(rows, columns)
        panel.line(screen, state, Ability(256, glyphs))
        panel.information(screen, state, "what")
        panel.box(screen, panel.table((("left", "right"), ("a", "b"))))
        assert glyphs == ALL or screen.glyphs.max() < 127


def test_what_the_line_says():
    """Where the film is, how long it is, what is switched on."""
    screen = blank(8, 60)
    panel.line(screen, STATE, Ability(8, ASCII))
    text = "".join(map(chr, screen.glyphs[7]))
    assert text.startswith(" > 0:50 ====")
    assert text.endswith("- 3:20 1.5x loop ")
    assert panel.clock_time(3723 * 25, 25.0) == "1:02:03"


@pytest.mark.parametrize(
    ("glyphs", "begin", "signs", "end"),
    [
        (ASCII, (" > 0:50 ", " | 0:50 "), "=-", " 3:20 1.5x loop "),
        (ALL, (" \u25b8 0:50 ", " \u2016 0:50 "), "\u2501\u2500", " 3:20 1.5x \u21bb "),
    ],
)
def test_the_signs_of_the_line(glyphs, begin, signs, end):
    """As much of it is full as has been shown, in signs that the terminal has; what is left is gray."""
    for paused, left in zip((False, True), begin):
        screen = blank(24, 80)
        panel.line(screen, STATE._replace(paused=paused), Ability(256, glyphs))
        width = 80 - len(left) - len(end)
        done = width * 1501 // 6000
        shown = left + signs[0] * done + signs[1] * (width - done) + end
        assert "".join(map(chr, screen.glyphs[23])) == shown
        gray = [-1] * (len(left) + done) + [244] * (width - done) + [-1] * len(end)
        assert screen.ink[23].tolist() == gray
        assert (screen.glyphs[:23] == 32).all()


@pytest.mark.parametrize(("colours", "gray"), [(0, -1), (8, -1), (16, 8), (256, 244), (TRUE_COLOUR, 244)])
def test_the_gray_of_what_is_left(colours, gray):
    """One of its colours, none where gray is not among them."""
    screen = blank(8, 80)
    panel.line(screen, STATE._replace(frame=0), Ability(colours, ASCII))
    assert set(screen.ink[7].tolist()) == {-1, gray}


@pytest.mark.parametrize(
    ("frame", "frames", "full"),
    [(0, 58, 0), (1, 58, 1), (29, 58, 15), (57, 58, 29), (99, 58, 29), (0, 0, 29)],
)
def test_a_narrow_line_is_nothing_but_itself(frame, frames, full):
    """Without times beside it, from nearly empty to full and never beyond."""
    state = STATE._replace(frame=frame, frames=frames, fps=1.0, speed=1.0, loop=False)
    narrow, wide = blank(8, 29), blank(8, 30)
    for screen in (narrow, wide):
        panel.line(screen, state, Ability(8, ASCII))
    assert "".join(map(chr, narrow.glyphs[7])) == "=" * full + "-" * (29 - full)
    assert "".join(map(chr, wide.glyphs[7])).startswith(" > ")


def test_words_in_the_place_of_the_line():
    """What the film waits for; on a screen of a few rows there is no line."""
    screen = blank(8, 12)
    panel.line(screen, STATE._replace(message="waiting for it"), Ability(8, ASCII))
    assert "".join(map(chr, screen.glyphs[7])) == " waiting fo "
    low = blank(7, 60)
    panel.line(low, STATE, Ability(8, ASCII))
    assert (low.glyphs == 32).all()
    assert [panel.rows_for_film(rows) for rows in (7, 8, 24)] == [7, 7, 23]


def test_the_numbers_above():
    """Frames, speed, what is shown of how much, and what was left out."""
    screen = blank(8, 80)
    panel.information(screen, STATE, "what")
    said = " frame 1500 of 6000  1.5x  29.5 of 45 fps  3 dropped  what "
    assert "".join(map(chr, screen.glyphs[0])) == said.ljust(80)
    narrow = blank(8, 12)
    panel.information(narrow, STATE, "what")
    assert "".join(map(chr, narrow.glyphs[0])) == " frame 1500 "


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (7, ["......", "      ", "  a   ", "  bc  ", "      ", "......", "......"]),
        (4, ["      ", "  a   ", "  bc  ", "      "]),
        (3, ["  a   ", "  bc  ", "......"]),
        (1, ["  a   "]),
    ],
)
def test_a_box_in_the_middle(rows, expected):
    """With a margin, and without its empty rows where there is no room for them."""
    screen = blank(rows, 12)
    screen.glyphs[:] = ord(".")
    panel.box(screen, ["a", "bc"])
    shown = ["".join(map(chr, row)) for row in screen.glyphs]
    assert shown == ["..." + row + "..." for row in expected]
    narrow = blank(4, 5)
    panel.box(narrow, ["a", "bcde"])
    assert ["".join(map(chr, row)) for row in narrow.glyphs][1:3] == ["  a  ", "  bcd"]


def test_a_terminal_without_a_cursor_is_not_asked(monkeypatch):
    """terminfo knows nothing of it, and may say so on it."""
    asked = []
    monkeypatch.setattr(abilities, "terminfo_colours", lambda screen: asked.append(screen) or 256)
    for term in ("dumb", ""):
        with pytest.raises(UsageError):
            abilities.of(1, {"TERM": term})
    assert asked == []
    assert abilities.of(7, {"TERM": "xterm"}).colours == 256
    assert asked == [7]


@pytest.mark.parametrize("colour", [SIXTEEN, INDEXED])
def test_of_colours_that_are_equally_near_the_first_is_taken(colour):
    """So that a palette's order, and nothing else, decides."""
    first, last = (0, 16) if colour == SIXTEEN else (16, 256)
    steps = np.arange(32)
    levels = (steps << 3) | (steps >> 2)
    some = levels[::5]
    pictures = np.stack(np.meshgrid(some, some, some, indexing="ij"), axis=-1).reshape(-1, 3)
    given = palette.colours()[first:last].astype(int)
    apart = (((pictures[:, None] - given) ** 2) * (30, 59, 11)).sum(axis=2)
    expected = apart.argmin(axis=1) + first
    assert (palette.nearest(pictures.astype(np.uint8), colour) == expected).all()


@pytest.mark.parametrize(
    ("environ", "terminfo", "colours"),
    [
        ({}, 7, 0),
        ({}, 8, 8),
        ({}, 15, 8),
        ({}, 16, 16),
        ({}, 255, 16),
        ({}, 256, 256),
        ({}, TRUE_COLOUR - 1, 256),
        ({}, TRUE_COLOUR, TRUE_COLOUR),
        ({"TERM": "xterm-direct2"}, 8, TRUE_COLOUR),
        ({"TERM": "rxvt-16color"}, None, 16),
        ({"TERM": "rxvt-256color"}, None, 256),
        ({"TERM": "xterm-mono"}, None, 0),
        ({"TERM": "ansi-m"}, None, 0),
        ({"TERM": "cons25-m"}, None, 0),
        ({"TERM": "mono"}, None, 0),
        ({"TERM": "vt100"}, 8, 8),
        ({"COLORTERM": "yes"}, 8, 8),
        ({"COLORTERM": "24bit"}, 8, TRUE_COLOUR),
        ({"COLORTERM": "truecolor"}, 7, 0),
        ({"TERM": "linux-16color", "COLORTERM": "24bit", "TMUX": "x"}, 16, 16),
        ({"TERM": "screen.xterm", "COLORTERM": "24bit", "TMUX": ""}, 8, 8),
        ({"TERM": "tmux", "COLORTERM": "24bit"}, 8, TRUE_COLOUR),
    ],
)
def test_how_many_colours(environ, terminfo, colours):
    """The most that terminfo, the name and COLORTERM promise, but for those that hand on what they are told."""
    assert ability(dict({"TERM": "xterm"}, **environ), "UTF-8", terminfo).colours == colours


@pytest.mark.parametrize(
    ("environ", "encoding", "glyphs"),
    [
        ({"LANG": "de_DE.UTF-8"}, "ascii", ALL),
        ({"LANG": "de_DE.utf8"}, "ascii", ALL),
        ({"LANG": "de_DE"}, "utf-8", ALL),
        ({"LANG": "C"}, "utf-8", ASCII),
        ({"LANG": "POSIX"}, "utf-8", ASCII),
        ({"LANG": "de_DE"}, "latin-1", ASCII),
        ({"LC_ALL": "C", "LC_CTYPE": "C.UTF-8", "LANG": "C.UTF-8"}, "utf-8", ASCII),
        ({"LC_CTYPE": "C", "LANG": "C.UTF-8"}, "utf-8", ASCII),
        ({"LC_CTYPE": "C.UTF-8", "LANG": "C"}, "utf-8", ALL),
        ({}, "UTF-8", ALL),
        ({}, "ascii", ASCII),
        ({"TERM": "linux-basic"}, "UTF-8", BLOCKS),
        ({"TERM": "linux", "LANG": "C"}, "UTF-8", ASCII),
    ],
)
def test_which_glyphs(environ, encoding, glyphs):
    """The first variable of the locale that says something decides; a console has no braille."""
    assert ability(dict({"TERM": "xterm"}, **environ), encoding, 8).glyphs == glyphs


@pytest.mark.parametrize(
    ("term", "word"), [(None, "not set"), ("", "not set"), ("emacs", "emacs"), ("dumb", "dumb")]
)
def test_a_terminal_whose_cursor_stands(term, word):
    """What TERM is, and two ways out; asked or not."""
    environ = {} if term is None else {"TERM": term}
    for ask in (lambda: ability(environ, "UTF-8", None), lambda: abilities.of(1, environ)):
        with pytest.raises(UsageError) as caught:
            ask()
        assert caught.value.message == "--play needs a terminal that can move its cursor, and TERM is " + word
        assert caught.value.fix == (
            "in a real terminal: TERM=xterm offkit run-badapple --play …; else 'cat' shows the file"
        )


def test_what_terminfo_knows(monkeypatch):
    """Nothing of a terminal that nobody described, and nothing where Python has no curses."""
    code = "from offkit.theatre.player import ability; print(ability.terminfo_colours(1))"
    found = {}
    for term in ("no-such-terminal", "vt100"):
        environ = dict(os.environ, TERM=term, PYTHONPATH=os.pathsep.join(sys.path))
        found[term] = subprocess.check_output([sys.executable, "-c", code], env=environ).decode().strip()
    assert found["no-such-terminal"] == "None"
    assert found["vt100"] in ("0", "None")  # the second on a machine without descriptions
    monkeypatch.setitem(sys.modules, "curses", None)
    assert abilities.terminfo_colours(1) is None


@pytest.mark.parametrize(
    ("room", "expected"),
    [
        ((88, 88), (100, 100)),
        ((87, 100), (87, 87)),
        ((100, 87), (87, 87)),
        ((50, 1000), (50, 50)),
        ((1000, 25), (25, 25)),
    ],
)
def test_how_much_may_be_cut_off(room, expected):
    """Twelve of a hundred rows or columns."""
    assert fitted(Grid(100, 100), *room) == expected


def test_the_middle_of_a_frame_in_the_middle_of_a_screen():
    """Whichever is larger, in each direction."""
    assert adapt._overlap((5, 7), (3, 10)) == (
        (slice(1, 4), slice(0, 7)), (slice(0, 3), slice(1, 8)),
    )  # fmt: skip
    assert adapt._overlap((2, 9), (2, 4)) == ((slice(0, 2), slice(2, 6)), (slice(0, 2), slice(0, 4)))


HALVES = Cells(
    np.array([[0x2580, 0x2588, 0x2007]], np.uint16),
    np.array([[[10, 20, 30], [40, 50, 60], [1, 2, 3]]], np.uint8),
    np.array([[[100, 110, 120], [130, 140, 150], [4, 5, 6]]], np.uint8),
)


def test_what_a_frame_looks_like():
    """Ink where the glyph is, paper where it is not; as BGR, gray where there are no colours, and as ink
    alone where there is nothing else."""
    look = Look(Grid(1, 3), HALF, TRUE)
    adapter = Adapter(look, Ability(8, ASCII), 1, 3)
    assert adapter._picture(HALVES).tolist() == [
        [[30, 20, 10], [60, 50, 40], [6, 5, 4]], [[120, 110, 100], [60, 50, 40], [6, 5, 4]],
    ]  # fmt: skip
    adapter = Adapter(look, Ability(0, ALL), 1, 3)
    assert adapter._picture(HALVES).tolist() == [[18, 48, 4], [108, 48, 4]]
    assert adapter._picture(HALVES._replace(paper=None)).tolist() == [[18, 48, 0], [0, 48, 0]]
    assert adapter._picture(HALVES._replace(ink=None)).tolist() == [[255, 255, 0], [0, 255, 0]]
    mono = Adapter(look._replace(colour=MONO, invert=True), Ability(8, ASCII), 1, 3)
    assert mono._picture(HALVES).tolist() == [[255, 255, 0], [0, 255, 0]]
    placed = Cells(HALVES.glyphs, np.array([[1, 15, 0]], np.uint8), np.array([[2, 0, 0]], np.uint8))
    sixteen = Adapter(look._replace(colour=SIXTEEN), Ability(0, ALL), 1, 3)
    assert sixteen._picture(placed).tolist() == [[61, 255, 0], [120, 255, 0]]


def test_true_colours_and_places():
    """As the screen has them; places of the palette as they are."""
    look = Look(Grid(1, 3), HALF, TRUE)
    screen = blank(1, 3)
    Adapter(look, Ability(TRUE_COLOUR, ALL), 1, 3).put(HALVES, screen)
    assert screen.glyphs.tolist() == [[0x2580, 0x2588, 32]]
    assert screen.ink.tolist() == [[RGB + 0x0A141E, RGB + 0x28323C, RGB + 0x010203]]
    assert screen.paper.tolist() == [[RGB + 0x646E78, RGB + 0x828C96, RGB + 0x040506]]
    placed = Cells(HALVES.glyphs, np.array([[100, 255, 16]], np.uint8))
    Adapter(look._replace(colour=INDEXED), Ability(256, ALL), 1, 3).put(placed, screen)
    assert screen.ink.tolist() == [[100, 255, 16]]
    assert screen.paper[0, 0] == RGB + 0x646E78
    Adapter(look, Ability(256, ALL), 1, 3).put(HALVES, screen)
    assert screen.ink.tolist() == palette.nearest(HALVES.ink, INDEXED).tolist()


BAYER = ((0, 8, 2, 10), (12, 4, 14, 6), (3, 11, 1, 9), (15, 7, 13, 5))


@pytest.mark.parametrize("colours", [8, 16])
@pytest.mark.parametrize("mode", [HALF, CHARACTERS])
def test_few_colours_are_dithered(colours, mode):
    """Pixel by pixel after Bayer's pattern; characters, whose ink is one, by its middle."""
    rng = np.random.RandomState(3)
    ink, paper = rng.randint(0, 256, (2, 3, 6, 3)).astype(np.uint8)
    glyphs = np.full((3, 6), 0x2580 if mode == HALF else ord("@"), np.uint16)
    screen = blank(3, 6)
    look = Look(Grid(3, 6), mode, TRUE)
    Adapter(look, Ability(colours, ALL), 3, 6).put(Cells(glyphs, ink, paper), screen)
    for part, (given, shown) in enumerate(((ink, screen.ink), (paper, screen.paper))):
        for row in range(3):
            for column in range(6):
                limit = (BAYER[2 * (row % 2) + part][column % 4] + 0.5) / 16 if mode == HALF else 0.5
                rgb = given[row, column].astype(float)
                if colours == 8:
                    expected = sum(1 << place for place in range(3) if rgb[place] > limit * 255)
                else:
                    noisy = (rgb + (0.5 - limit) * 90).clip(0, 255).astype(np.uint8)
                    expected = palette.nearest(noisy, SIXTEEN)
                assert shown[row, column] == expected


@pytest.mark.parametrize(
    ("mode", "colour", "can", "painted"),
    [
        (BRAILLE, MONO, (8, ALL), (BRAILLE, MONO, True)),
        (BRAILLE, MONO, (8, BLOCKS), (CHARACTERS, MONO, False)),
        (HALF, TRUE, (8, BLOCKS), (HALF, TRUE, True)),
        (HALF, TRUE, (8, ASCII), (CHARACTERS, TRUE, False)),
        (HALF, TRUE, (0, ALL), (CHARACTERS, MONO, False)),
        (HALF, MONO, (0, ALL), (HALF, MONO, True)),
        (BRAILLE, SIXTEEN, (0, ALL), (BRAILLE, MONO, False)),
        (CHARACTERS, INDEXED, (8, ASCII), (CHARACTERS, TRUE, True)),
        (CHARACTERS, MONO, (0, ASCII), (CHARACTERS, MONO, True)),
    ],
)
def test_how_a_frame_is_painted_again(mode, colour, can, painted):
    """In a mode that the terminal has, without colours where it has none; as it is where it can be."""
    adapter = Adapter(Look(Grid(4, 8), mode, colour), Ability(*can), 4, 8)
    assert (adapter._mode, adapter._painted.colour, adapter._as_it_is) == painted
    assert not Adapter(Look(Grid(4, 8), mode, colour), Ability(*can), 2, 4)._as_it_is


@pytest.mark.parametrize(
    ("ramp", "glyphs", "shown"),
    [
        (" .:#", ASCII, " .:#"),
        (" ░▒▓█", ALL, " ░▒▓█"),
        (" ░▒▓█", BLOCKS, " ░▒▓█"),
        (" ░▒▓█", ASCII, " .:-=+*#%@"),
        (" \u25ff", BLOCKS, " \u25ff"),
        (" \u2600", BLOCKS, " .:-=+*#%@"),
        (" ~", ASCII, " ~"),
        (" \x7f", ASCII, " .:-=+*#%@"),
    ],
)
def test_characters_that_a_terminal_has(ramp, glyphs, shown):
    """Those of the conversion, if it has them all."""
    adapter = Adapter(Look(Grid(4, 8), CHARACTERS, MONO, ramp), Ability(0, glyphs), 4, 8)
    assert adapter._painted.ramp == shown


def test_two_columns():
    """The left one as wide as its longest word, three blanks, the right one."""
    assert panel.table((("a", "b c"), ("long", "d"))) == ["a      b c", "long   d"]
