"""From a picture to one value for each cell."""

import cv2
import numpy as np
import pytest

from offkit.badapple.formats import reduce
from offkit.badapple.formats.cells import Grid

SHAPES = [(384, 512), (387, 515), (44, 117), (20, 30), (1080, 1920), (96, 4), (1, 1), (10, 24), (11, 25)]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("channels", [0, 3])
def test_place_and_brightness_stay(shape, channels):
    """A picture dark above and light below stays one, whatever its size."""
    picture = np.zeros(shape + (channels,) if channels else shape, np.uint8)
    picture[shape[0] // 2 :] = 200
    gray = reduce.Reducer(Grid(10, 24)).gray(picture)
    assert gray.shape == (10, 24)
    assert (gray[6:] == 200).all()
    assert shape[0] == 1 or (gray[:4] == 0).all()


@pytest.mark.parametrize("shape", SHAPES)
def test_colours_stay_where_they_are(shape):
    """RGB, from BGR or from luma."""
    picture = np.full(shape + (3,), (10, 20, 30), np.uint8)
    assert (reduce.Reducer(Grid(10, 24)).colour(picture) == (30, 20, 10)).all()
    assert (reduce.Reducer(Grid(10, 24)).colour(picture[..., 0]) == 10).all()


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
        reduce.Reducer(cells).gray(picture),
        reduce.Reducer(cells).gray(cv2.cvtColor(picture, cv2.COLOR_GRAY2BGR)),
        reduce.Reducer(cells).colour(cv2.cvtColor(picture, cv2.COLOR_GRAY2BGR))[..., 1],
    ):
        assert np.abs(mean - gray).mean() < 2.5


def test_the_range_of_luma():
    """Limited range is stretched to all 256 levels; what lies outside of it is cut off."""
    levels = np.array([[0, 16, 126, 235, 255]], np.uint8)
    assert reduce.Reducer(Grid(1, 5), reduce.LIMITED).gray(levels).tolist() == [[0, 0, 128, 255, 255]]
    assert reduce.Reducer(Grid(1, 5), reduce.FULL).gray(levels).tolist() == levels.tolist()
    assert (
        reduce.Reducer(Grid(1, 5), reduce.LIMITED).gray(np.dstack([levels] * 3)).tolist() == levels.tolist()
    )


def test_a_picture_is_not_changed():
    """Not even where nothing is left to reduce."""
    picture = np.full((4, 6), 100, np.uint8)
    reduce.Reducer(Grid(4, 6), reduce.LIMITED).gray(picture)
    assert (picture == 100).all()


def test_pictures_of_many_sizes():
    """A video may change its size on the way."""
    reducer = reduce.Reducer(Grid(10, 24))
    for shape in [*SHAPES, *SHAPES]:
        assert (reducer.gray(np.full(shape, 77, np.uint8)) == 77).all()


@pytest.mark.parametrize(
    ("shape", "fine", "lines"),
    [
        ((384, 512), False, 88),  # of 8 lines a cell two, no further apart than 6
        ((384, 512), True, 352),
        ((1080, 1920), False, 352),
        ((2200, 640), False, 704),
        ((44, 117), False, None),
        ((87, 117), True, None),
        ((88, 117), False, 88),
        ((528, 117), False, 88),
        ((529, 117), False, 176),
    ],
)
def test_lines_that_are_taken(shape, fine, lines):
    """As many as twice the cells, and again twice, while they lie more than six apart; evenly."""
    plan = reduce.Reducer(Grid(44, 117), fine=fine)._plan(shape)
    picture = np.zeros(shape, np.uint8) + (np.arange(shape[0]) % 251).astype(np.uint8)[:, None]
    taken = plan.taken_from(picture)
    if lines is None:
        assert taken is picture
        return
    assert taken.shape == (lines, shape[1])
    middles = (np.arange(lines) + 0.5) * shape[0] / lines
    assert (taken[:, 0] == middles.astype(int) % 251).all()


@pytest.mark.parametrize(
    ("shape", "sizes", "last"),
    [
        ((384, 512), [(256, 44)], cv2.INTER_LINEAR),
        ((384, 468), [(234, 44)], cv2.INTER_LINEAR),
        ((384, 466), [(233, 44)], cv2.INTER_LINEAR),
        ((384, 233), [(233, 44)], cv2.INTER_LINEAR),
        ((384, 235), [(235, 44)], cv2.INTER_LINEAR),
        ((384, 234), [(117, 44)], cv2.INTER_LINEAR),
        ((384, 236), [(118, 44)], cv2.INTER_LINEAR),
        ((384, 703), [(703, 44)], cv2.INTER_AREA),
        ((384, 351), [(351, 44)], cv2.INTER_AREA),
        ((1080, 1920), [(960, 176), (480, 88), (240, 44)], cv2.INTER_LINEAR),
        ((44, 117), [], cv2.INTER_LINEAR),
        ((44, 351), [], cv2.INTER_AREA),
        ((87, 117), [], cv2.INTER_LINEAR),
    ],
)
def test_halves(shape, sizes, last):
    """In width, too, as long as that is even and no cell becomes narrower than a pixel; then one step."""
    plan = reduce.Reducer(Grid(44, 117))._plan(shape)
    assert [size for size, _ in plan.colours] == [size for size, _ in plan.planes] == sizes
    assert all(buffer.shape == size[::-1] for size, buffer in plan.planes)
    assert plan.plane.shape == (sizes[0][::-1] if sizes else shape)
    assert plan.last == last
    coloured = reduce.Reducer(Grid(44, 117))._plan(shape + (3,))
    assert [buffer.shape for _, buffer in coloured.colours] == [size[::-1] + (3,) for size in sizes]
    buffers = [buffer for plans in (plan, coloured) for _, buffer in plans.colours + plans.planes]
    assert all(buffer.dtype == np.uint8 for buffer in [*buffers, plan.plane, *reduce.TABLES.values()])


def test_arrays_are_kept():
    """One for all pictures: gray and colour are their own, and a plan is made once."""
    reducer = reduce.Reducer(Grid(4, 6))
    first = reducer.gray(np.zeros((40, 60), np.uint8))
    assert reducer.gray(np.full((48, 60), 9, np.uint8)) is first
    assert reducer.gray(np.full((4, 6), 7, np.uint8)) is first
    assert (first == 7).all()
    colours = reducer.colour(np.zeros((40, 60, 3), np.uint8))
    assert reducer.colour(np.full((4, 6), 5, np.uint8)) is colours
    assert reducer._plan((40, 60)) is reducer._plan((40, 60))


def test_pictures_are_of_full_range_unless_it_is_said():
    """Nothing is stretched."""
    levels = np.array([[0, 16, 235]], np.uint8)
    for found in (
        reduce.Reducer(Grid(1, 3)).gray(levels),
        reduce.Reducer(Grid(1, 3)).gray(levels),
        reduce.Reducer(Grid(1, 3)).colour(levels)[..., 0],
    ):
        assert found.tolist() == levels.tolist()
    assert reduce.Reducer(Grid(1, 3), reduce.LIMITED).colour(levels)[..., 2].tolist() == [[0, 0, 255]]


def test_gray_of_colours():
    """BT.601: green counts most, blue least; and the pieces of a picture are joined before."""
    for colour, gray in (((255, 0, 0), 29), ((0, 255, 0), 150), ((0, 0, 255), 76)):
        for shape in ((4, 6), (64, 96), (9, 6)):
            picture = np.full(shape + (3,), colour, np.uint8)
            assert (reduce.Reducer(Grid(4, 6)).gray(picture) == gray).all()
