"""Short films of cells for the tests of formats, and a way to write them."""

import numpy as np

from offkit.badapple.formats import catalogue
from offkit.badapple.formats.base import Facts
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
)
from offkit.badapple.formats.painter import Painter
from offkit.model.errors import RequestError

MODES = (CHARACTERS, HALF, BRAILLE)
COLOURS = (MONO, SIXTEEN, INDEXED, TRUE)
FACTS = Facts(30.0, 64, 48)
GRID = Grid(6, 16)


def picture(number, height=48, width=64):
    """A disc that wanders over a coloured gradient, (height, width, 3) BGR."""
    rows, columns = np.mgrid[:height, :width]
    shown = np.empty((height, width, 3), np.uint8)
    shown[..., 0] = columns * 255 // width
    shown[..., 1] = (rows * 3 + number * 5) % 256
    disc = (columns - 2 * number % width) ** 2 + (rows - height // 2) ** 2 < (height // 4) ** 2
    shown[..., 2] = np.where(disc, 255, 0)
    return shown


def kept(cells):
    """A copy that the painter does not overwrite."""
    return Cells(*(None if array is None else array.copy() for array in cells))


def cells(look, frames):
    """Frames of the wandering disc."""
    painter = Painter(look)
    return [kept(painter.cells(picture(number))) for number in range(frames)]


def records(form, film, start=0):
    """The bytes of every frame."""
    return [
        form.frame(start + place, film[start + place], film[start + place - 1] if start + place else None)
        for place in range(len(film) - start)
    ]


def write(path, name, look, film, facts=FACTS):
    """The file of a film, and its format."""
    form = catalogue.make(name, look, facts)
    frames = records(form, film)
    path.write_bytes(form.head(len(film)) + b"".join(frames) + form.foot(len(film)))
    return form


def read(path):
    """Every frame of the file."""
    reader = catalogue.open_reader(str(path))
    try:
        return [reader.cells(number) for number in range(reader.frames)]
    finally:
        reader.close()


def problems(path):
    """Codes of what reading the file raises; none where it can be read."""
    try:
        read(path)
    except RequestError as error:
        return [finding.code for finding in error.findings]
    return []


def assert_same(found, expected):
    for one, other in zip(found, expected):
        assert (one is None) == (other is None)
        if other is not None:
            assert one.dtype == other.dtype
            assert np.array_equal(one, other)
