"""The frame number in the picture."""

import cv2
import numpy as np
import pytest

from offkit.badapple.formats import levels
from offkit.badapple.formats.cells import Grid, Look
from offkit.badapple.formats.painter import Painter
from offkit.badapple.shadowplay import strip

NUMBERS = [0, 1, 2, 255, 6571, 21845, strip.LIMIT - 1]


@pytest.mark.parametrize("number", NUMBERS)
def test_it_is_read_from_blocks(number):
    """What is written is what is read."""
    assert strip.read(strip.blocks(number)[None]).tolist() == [number]


@pytest.mark.parametrize("number", [-1, strip.LIMIT])
def test_numbers_that_do_not_fit(number):
    """No number is silently cut."""
    with pytest.raises(ValueError, match="does not fit"):
        strip.blocks(number)


@pytest.mark.parametrize("block", range(strip.BLOCKS))
def test_one_wrong_block_is_noticed(block):
    """Each pair is bright and dark; a pair alike is damage."""
    levels = strip.blocks(6571).astype(int)
    levels[block] = strip.BRIGHT - levels[block]
    assert strip.read(levels[None]).tolist() == [strip.UNREADABLE]


@pytest.mark.parametrize("bit", range(16))
def test_one_wrong_bit_is_noticed(bit):
    """A pair turned round breaks the parity."""
    levels = strip.blocks(6571).reshape(-1, 2).copy()
    levels[bit] = levels[bit, ::-1]
    assert strip.read(levels.reshape(1, -1)).tolist() == [strip.UNREADABLE]


@pytest.mark.parametrize("grid", [Grid(44, 117), Grid(65, 173), Grid(32, 85)])
@pytest.mark.parametrize("number", NUMBERS)
def test_it_outlives_jpeg_and_characters(number, grid):
    """Lossy, darkened, reduced to characters: still legible from the last row of the text."""
    picture = np.full((384, 512), 128, np.uint8)
    strip.stamp(picture, number)
    coded = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 40])[1]
    picture = (cv2.imdecode(coded, cv2.IMREAD_GRAYSCALE) * 0.8).astype(np.uint8)
    look = Look(grid)
    seen = levels.gray(Painter(look).cells(picture), look)
    assert strip.read(seen[-1][strip.columns(grid.columns)][None]).tolist() == [number]


def test_too_few_columns():
    """A block of less than two columns cannot be told from its neighbour."""
    assert strip.columns(63) is None
    assert len(strip.columns(64)) == strip.BLOCKS
