"""What cells look like: their gray levels, which mode they are of, and the colours there are."""

import hashlib

import numpy as np
import pytest

import films
from offkit.badapple.formats import levels, palette
from offkit.badapple.formats.cells import BRAILLE, CHARACTERS, HALF, INDEXED, SIXTEEN, TRUE, Cells, Grid, Look
from offkit.badapple.formats.painter import BLOCKS, Painter


def glyphs(text):
    return np.array([[ord(character) for character in text]], np.uint16)


@pytest.mark.parametrize(
    ("mode", "parts"), [(CHARACTERS, (1, 1)), (HALF, (2, 1)), (BRAILLE, (4, 2))], ids=["c", "h", "b"]
)
def test_parts_of_a_cell(mode, parts):
    """(high, wide)."""
    assert levels.parts(Look(Grid(1, 1), mode)) == parts


def test_a_character_is_the_middle_of_its_step():
    """Of as many as the ramp has."""
    seen = levels.gray(Cells(glyphs(" .#")), Look(Grid(1, 3), ramp=" .#"))
    assert seen.tolist() == [[128 // 3, 128, 5 * 128 // 3]]
    assert levels.UNKNOWN == 128
    assert levels.gray(Cells(glyphs("x")), Look(Grid(1, 1), ramp=" .#")).tolist() == [[128]]


def test_ramps_whose_name_nobody_knows():
    """The first of those that have a name decides; what is blank is black."""
    known = levels.ramp_levels("")
    assert [known[ord(one)] for one in " .@1#░7:%Ma"] == [0, 38, 243, 89, 192, 76, 58, 64, 217, 228, 213]
    assert (known[32], known[0x2007], known[0x2800], known[0x2588]) == (0, 0, 0, 230)
    assert (known.shape, known.dtype) == ((0x10000,), np.uint8)


def test_halves_of_a_cell():
    """Upper and lower, as ink alone, and in colours."""
    look = Look(Grid(1, 4), HALF)
    assert levels.gray(Cells(glyphs("\u2007▀▄█")), look).tolist() == [[0, 255, 0, 255], [0, 0, 255, 255]]
    ink, paper = np.array([[1, 9, 15, 0]], np.uint8), np.array([[2, 10, 12, 4]], np.uint8)
    seen = levels.gray(Cells(glyphs("▀▀▀▀"), ink, paper), look._replace(colour=SIXTEEN))
    assert seen.tolist() == [[61, 76, 255, 0], [120, 149, 110, 26]]


@pytest.mark.parametrize(
    ("code", "dots"),
    [
        (0x01, [[1, 0], [0, 0], [0, 0], [0, 0]]),
        (0x08, [[0, 1], [0, 0], [0, 0], [0, 0]]),
        (0x12, [[0, 0], [1, 1], [0, 0], [0, 0]]),
        (0x24, [[0, 0], [0, 0], [1, 1], [0, 0]]),
        (0x40, [[0, 0], [0, 0], [0, 0], [1, 0]]),
        (0x80, [[0, 0], [0, 0], [0, 0], [0, 1]]),
    ],
)
def test_dots_of_a_cell(code, dots):
    """As Unicode numbers them, in reading, and in painting what is seen."""
    look = Look(Grid(1, 1), BRAILLE)
    cells = Cells(np.array([[0x2800 + code]], np.uint16))
    assert (levels.gray(cells, look) == np.array(dots) * 255).all()
    assert Painter(look).cells(np.array(dots, np.uint8) * 255).glyphs.tolist() == [[0x2800 + code]]


def test_colours_count_as_luma():
    """BT.601, and as much of it as a character or a dot shows."""
    look = Look(Grid(1, 3), colour=TRUE, ramp=" #")
    ink = np.array([[(255, 0, 0), (0, 255, 0), (0, 0, 255)]], np.uint8)
    assert levels.gray(Cells(glyphs("###"), ink), look).tolist() == [
        [192 * 76 // 255, 192 * 149 // 255, 192 * 28 // 255]
    ]
    dots = levels.gray(Cells(glyphs("⣿⣿⠀"), ink), look._replace(mode=BRAILLE))
    assert dots[0].tolist() == [76, 76, 149, 149, 0, 0]


@pytest.mark.parametrize(
    ("text", "mode"),
    [
        ("⠀⣿⠁", BRAILLE),
        ("⠀⣿.", CHARACTERS),
        ("▀▄█\u2007", HALF),
        ("█▀", HALF),
        ("██", CHARACTERS),
        ("\u2007\u2007", HALF),
        (" ▀", CHARACTERS),
        ("⟿⟿", CHARACTERS),
        ("⤀⤀", CHARACTERS),
    ],
)
def test_which_mode_characters_are_of(text, mode):
    """By all of them; full blocks alone may be of a ramp."""
    assert levels.mode(glyphs(text)) == mode


def test_the_palette():
    """xterm's: sixteen, the cube, the grays."""
    colours = palette.colours()
    assert (colours.shape, colours.dtype) == ((256, 3), np.uint8)
    assert colours[[0, 1, 4, 7, 8, 12, 15]].tolist() == [
        [0, 0, 0],
        [205, 0, 0],
        [0, 0, 238],
        [229, 229, 229],
        [127, 127, 127],
        [92, 92, 255],
        [255, 255, 255],
    ]
    assert colours[[16, 17, 22, 52, 231]].tolist() == [[0] * 3, [0, 0, 95], [0, 95, 0], [95, 0, 0], [255] * 3]
    assert colours[[232, 233, 255]].tolist() == [[8] * 3, [18] * 3, [238] * 3]
    assert hashlib.sha256(colours.tobytes()).hexdigest()[:16] == "60107fb05d828b85"


@pytest.mark.parametrize(("colour", "digest"), [(SIXTEEN, "45b554a4ee14020a"), (INDEXED, "2ea8a31cdc7658f7")])
def test_the_nearest_in_the_palette(colour, digest):
    """Of every colour, by its five upper bits; whole numbers only, so the same everywhere."""
    steps = np.arange(32, dtype=np.uint8) * 8
    every = np.stack(np.meshgrid(steps, steps, steps, indexing="ij"), axis=-1)
    found = palette.nearest(every, colour)
    assert (found.shape, found.dtype) == ((32, 32, 32), np.uint8)
    assert np.array_equal(palette.nearest(every + 7, colour), found)
    assert hashlib.sha256(found.tobytes()).hexdigest()[:16] == digest


def test_blocks():
    """By bit 0: upper, bit 1: lower."""
    assert "".join(map(chr, BLOCKS)) == "\u2007▀▄█"


@pytest.mark.parametrize(
    ("mode", "grid", "limits"),
    [
        (HALF, Grid(1, 2), [[50, 154], [206, 102]]),
        (
            BRAILLE,
            Grid(1, 2),
            [[30, 134, 56, 160], [186, 82, 212, 108], [69, 173, 43, 147], [225, 121, 199, 95]],
        ),
    ],
)
@pytest.mark.parametrize("invert", [False, True])
def test_the_level_at_which_a_dot_is_lit(mode, grid, limits, invert):
    """Bayer's order, between what counts as black and as white; and over again in the next cell."""
    look = Look(Grid(2, 4), mode, invert=invert)
    high, wide = levels.parts(look)
    lit = []
    for level in range(256):
        cells = Painter(look).cells(np.full((2 * high, 4 * wide), 255 - level if invert else level, np.uint8))
        lit.append(levels.gray(cells, look) == 255)
    first = np.argmax(lit, axis=0) - 1
    assert first[: len(limits), : len(limits[0])].tolist() == limits
    assert (first == np.tile(limits, (2 * high // len(limits), 4 * wide // len(limits[0])))).all()


def test_whether_colours_are_wanted():
    """Only where there are some."""
    assert [Painter(Look(Grid(1, 1), colour=colour)).wants_colour for colour in films.COLOURS] == [
        False,
        True,
        True,
        True,
    ]


@pytest.mark.parametrize(("luma", "glyph"), [((), "+"), (("full",), "+"), (("limited",), "*")])
def test_luma_as_it_is_to_be_taken(luma, glyph):
    """Of full range unless it is said."""
    picture = np.full((4, 4), 150, np.uint8)
    assert Painter(Look(Grid(1, 1)), *luma).cells(picture).glyphs.tolist() == [[ord(glyph)]]


def test_a_dark_colour_as_light_as_it_can_be():
    """Its greatest channel full, rounded down but never beyond; black stays black."""
    picture = np.array([[[1, 0, 0], [3, 2, 1], [0, 0, 0], [0, 254, 7], [255, 128, 0]]], np.uint8)
    cells = Painter(Look(Grid(1, 5), colour=TRUE, ramp="ab")).cells(picture)
    assert cells.ink.tolist() == [[[0, 0, 255], [85, 170, 255], [0, 0, 0], [7, 255, 0], [0, 128, 255]]]
    assert cells.glyphs.tolist() == [[97, 97, 97, 98, 98]]


def test_what_shows_no_ink_takes_that_of_its_row():
    """In dots as in letters, from the left only, and never from the row before."""
    picture = np.zeros((2, 4, 3), np.uint8)
    picture[0, 0] = picture[1, 2] = (0, 0, 255)
    cells = Painter(Look(Grid(2, 4), colour=TRUE)).cells(picture)
    red, black = [255, 0, 0], [0, 0, 0]
    assert cells.ink.tolist() == [[red] * 4, [black, black, red, red]]
    dots = Painter(Look(Grid(2, 4), BRAILLE, TRUE)).cells(picture.repeat(4, axis=0).repeat(2, axis=1))
    assert dots.ink.tolist() == cells.ink.tolist()
    assert (dots.glyphs != 0x2800).tolist() == [[True] + [False] * 3, [False, False, True, False]]
