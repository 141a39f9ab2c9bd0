"""From a picture to characters."""

import numpy as np
import pytest

from offkit.badapple.formats import characters
from offkit.badapple.formats.script import Grid
from offkit.model.errors import UsageError


@pytest.mark.parametrize(
    ("width", "height", "columns", "rows", "expected"),
    [
        (512, 384, 0, 0, Grid(44, 117)),
        (512, 384, 80, 0, Grid(30, 80)),
        (512, 384, 0, 65, Grid(65, 173)),
        (1920, 1080, 0, 0, Grid(44, 156)),
        (10, 4000, 1, 0, Grid(200, 1)),
        (4000, 1, 0, 1, Grid(1, 4000)),
    ],
)
def test_cells_are_twice_as_high_as_wide(width, height, columns, rows, expected):
    """Either side given, the other follows, and neither vanishes."""
    assert characters.grid(width, height, columns, rows) == expected


@pytest.mark.parametrize(("columns", "rows"), [(80, 24), (-1, 0), (0, 4001)])
def test_sizes_nobody_means(columns, rows):
    """Both sides, less than nothing, more than any terminal."""
    with pytest.raises(UsageError, match=r"--width|--height"):
        characters.grid(512, 384, columns, rows)


def test_the_ramp_goes_from_dark_to_light():
    """All 256 levels in ten equal steps."""
    levels = np.arange(256, dtype=np.uint8)[None]
    codes = np.empty((1, 256), np.uint8)
    characters.write(levels, Grid(1, 256), codes)
    text = codes.tobytes()
    assert text[:1] + text[128:129] + text[-1:] == b" +@"
    assert sorted(text, key=characters.RAMP.index) == list(text)
    assert [text.count(c) for c in characters.RAMP] == [26, 26, 25, 26, 25, 26, 26, 25, 26, 25]


def test_steps_know_what_is_no_character_of_ours():
    """For the check of a file."""
    assert characters.steps(np.frombuffer(b" .@\nA", np.uint8)).tolist() == [0, 1, 9, 255, 255]
