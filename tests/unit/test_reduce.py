"""From a picture to one value for each cell."""

import cv2
import numpy as np
import pytest

from offkit.badapple import reduce
from offkit.badapple.formats.cells import Grid

SHAPES = [(384, 512), (387, 515), (44, 117), (20, 30), (1080, 1920), (96, 4), (1, 1), (10, 24), (11, 25)]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("channels", [0, 3])
def test_place_and_brightness_stay(shape, channels):
    """A picture dark above and light below stays one, whatever its size."""
    picture = np.zeros(shape + (channels,) if channels else shape, np.uint8)
    picture[shape[0] // 2 :] = 200
    gray = reduce.gray(picture, Grid(10, 24))
    assert gray.shape == (10, 24)
    assert (gray[6:] == 200).all()
    assert shape[0] == 1 or (gray[:4] == 0).all()


@pytest.mark.parametrize("shape", SHAPES)
def test_colours_stay_where_they_are(shape):
    """RGB, from BGR or from luma."""
    picture = np.full(shape + (3,), (10, 20, 30), np.uint8)
    assert (reduce.colour(picture, Grid(10, 24)) == (30, 20, 10)).all()
    assert (reduce.colour(picture[..., 0], Grid(10, 24)) == 10).all()


def waves(height, width):
    """A picture of soft and of hard edges, without noise."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    soft = 128 + 100 * np.sin(x / width * 9) * np.cos(y / height * 7)
    soft[(x - width / 2) ** 2 + (y - height / 2) ** 2 < (height / 4) ** 2] = 255
    return soft.astype(np.uint8)


@pytest.mark.parametrize("cells", [Grid(44, 117), Grid(88, 117), Grid(176, 234), Grid(30, 80), Grid(24, 64)])
@pytest.mark.parametrize("shape", [(384, 512), (120, 160), (720, 960)])
def test_close_to_the_mean_of_all_pixels(shape, cells):
    """Within a few levels of INTER_AREA on average, in gray and in colour."""
    picture = waves(*shape)
    how = cv2.INTER_AREA if shape[0] >= cells.rows else cv2.INTER_LINEAR
    mean = cv2.resize(picture, cells[::-1], interpolation=how).astype(np.int16)
    for gray in (
        reduce.gray(picture, cells),
        reduce.gray(cv2.cvtColor(picture, cv2.COLOR_GRAY2BGR), cells),
        reduce.colour(cv2.cvtColor(picture, cv2.COLOR_GRAY2BGR), cells)[..., 1],
    ):
        assert np.abs(mean - gray).mean() < 2.5


def test_the_range_of_luma():
    """Limited range is stretched to all 256 levels; what lies outside of it is cut off."""
    levels = np.array([[0, 16, 126, 235, 255]], np.uint8)
    assert reduce.gray(levels, Grid(1, 5), reduce.LIMITED).tolist() == [[0, 0, 128, 255, 255]]
    assert reduce.gray(levels, Grid(1, 5), reduce.FULL).tolist() == levels.tolist()
    assert reduce.gray(np.dstack([levels] * 3), Grid(1, 5), reduce.LIMITED).tolist() == levels.tolist()


def test_a_picture_is_not_changed():
    """Not even where nothing is left to reduce."""
    picture = np.full((4, 6), 100, np.uint8)
    reduce.gray(picture, Grid(4, 6), reduce.LIMITED)
    assert (picture == 100).all()


def test_pictures_of_many_sizes():
    """A video may change its size on the way."""
    reducer = reduce.Reducer(Grid(10, 24))
    for shape in [*SHAPES, *SHAPES]:
        assert (reducer.gray(np.full(shape, 77, np.uint8)) == 77).all()
