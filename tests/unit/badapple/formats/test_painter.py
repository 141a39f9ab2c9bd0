"""From pictures to cells, and what the cells look like."""

import numpy as np
import pytest

import films
from offkit.badapple.formats import levels, palette, sgr
from offkit.badapple.formats import look as looks
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


def test_the_ramp_goes_from_dark_to_light():
    """All 256 levels in ten equal steps."""
    shades = np.arange(256, dtype=np.uint8)[None]
    text = "".join(map(chr, Painter(Look(Grid(1, 256))).cells(shades).glyphs[0]))
    assert text[0] + text[128] + text[-1] == " +@"
    assert sorted(text, key=looks.DEFAULT_RAMP.index) == list(text)
    assert [text.count(c) for c in looks.DEFAULT_RAMP] == [26, 26, 25, 26, 25, 26, 26, 25, 26, 25]


@pytest.mark.parametrize("colour", films.COLOURS)
@pytest.mark.parametrize("mode", films.MODES)
@pytest.mark.parametrize("invert", [False, True])
def test_cells_look_like_the_picture(mode, colour, invert):
    """In every mode and colour, a gradient and a white disc on black stay what they are."""
    look = Look(Grid(12, 32), mode, colour, invert=invert)
    gray = np.zeros((96, 128), np.uint8)
    gray[:, :64] = np.arange(96)[:, None] * 255 // 95
    gray[24:72, 80:112] = 255
    picture = np.repeat(gray[..., None], 3, axis=2)
    seen = levels.gray(Painter(look).cells(picture if colour != MONO else gray), look).astype(int)
    high, wide = levels.parts(look)
    assert seen.shape == (12 * high, 32 * wide)
    coarse = seen.reshape(12, high, 32, wide).mean(axis=(1, 3))
    wanted = gray.reshape(12, 8, 32, 4).mean(axis=(1, 3))
    apart = np.abs((255 - wanted if invert else wanted) - coarse)
    # Two pixels a cell in few colours have few levels for a gradient; else a step of the ramp.
    assert apart.mean() < (
        30 if mode == HALF and colour in (MONO, SIXTEEN) else 18 if mode == CHARACTERS else 12
    )
    assert apart[4:8, 21:27].max() <= 26  # the white block
    assert apart[:2, 28:].max() <= 26  # what is black


def test_colours_are_the_picture_s():
    """Glyph and ink together have the level; the ink alone has the hue."""
    picture = np.zeros((16, 32, 3), np.uint8)
    picture[:, :16] = (0, 0, 100)  # BGR: a dark red
    picture[:, 16:] = (200, 100, 0)
    for mode in (CHARACTERS, BRAILLE):
        cells = Painter(Look(Grid(4, 8), mode, TRUE)).cells(picture)
        lit = cells.glyphs[:, :4] != 0x2800
        assert (cells.ink[:, :4][lit] == (255, 0, 0)).all()
        assert abs(cells.ink[0, 7].astype(int) - (0, 127, 255)).max() <= 1
    cells = Painter(Look(Grid(4, 8), HALF, TRUE)).cells(picture)
    assert (cells.ink[:, :4] == (100, 0, 0)).all()
    assert (cells.paper[:, 4:] == (0, 100, 200)).all()


def test_blanks_take_the_ink_of_their_neighbour():
    """So that no colour is written for nothing."""
    picture = np.zeros((4, 16, 3), np.uint8)
    picture[:, :8] = (0, 0, 255)
    cells = Painter(Look(Grid(1, 8), colour=INDEXED)).cells(picture)
    assert (cells.ink == 196).all()
    assert cells.glyphs.tolist() == [[64] * 4 + [32] * 4]


@pytest.mark.parametrize(("colour", "first"), [(SIXTEEN, 0), (INDEXED, 16)])
def test_a_colour_of_the_palette_is_its_own_nearest(colour, first):
    """But for the 16 that the user may have changed, and twins."""
    rgb = palette.colours()[first : 16 if colour == SIXTEEN else 256]
    found = palette.colours()[palette.nearest(rgb, colour)]
    assert np.abs(found.astype(int) - rgb).max() <= 10  # a little more than a step of the table


def test_one_painter_for_pictures_of_changing_size():
    """Some videos change in the middle."""
    painter = Painter(Look(films.GRID))
    small = films.kept(painter.cells(films.picture(3)))
    painter.cells(films.picture(3, 480, 641))
    films.assert_same(painter.cells(films.picture(3)), small)


def test_levels_of_a_text_whose_ramp_is_unknown():
    """The named ramps together."""
    glyphs = np.array([[32, ord("."), ord("@"), 0x2588, ord("É")]], np.uint16)
    seen = levels.gray(Cells(glyphs), Look(Grid(1, 5), ramp=""))[0]
    assert seen[0] == 0
    assert seen[0] < seen[1] < levels.UNKNOWN < seen[2]
    assert seen[3] > 200
    assert seen[4] == levels.UNKNOWN


def test_words_of_a_sequence():
    """Four bytes each, whatever their number is worth, and nothing but the text comes out."""
    made = sgr.words(b"\033[0m", b"\n", b"", b"ab")
    assert (made.dtype, made.shape) == (sgr.WORD, (4,))
    assert made.tobytes() == b"\033[0m\n\0\0\0\0\0\0\0ab\0\0"
    assert sgr.text(made) == b"\033[0m\nab"
    numbers = sgr.numbers(b";", 12)
    assert numbers.dtype == sgr.WORD
    assert sgr.text(numbers) == b"0;1;2;3;4;5;6;7;8;9;10;11;"
