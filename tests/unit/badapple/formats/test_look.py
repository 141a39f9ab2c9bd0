"""How pictures become cells: grids and ramps."""

import pytest

from offkit.badapple.formats import look
from offkit.badapple.formats.cells import Grid
from offkit.model.errors import UsageError


@pytest.mark.parametrize(
    ("width", "height", "columns", "rows", "expected"),
    [
        (512, 384, 0, 0, Grid(44, 117)),
        (512, 384, 80, 0, Grid(30, 80)),
        (512, 384, 0, 65, Grid(65, 173)),
        (1920, 1080, 0, 0, Grid(44, 156)),
        (10, 4000, 1, 0, Grid(200, 1)),
        (4000, 1, 0, 0, Grid(1, 4000)),
        (1, 4000, 0, 0, Grid(44, 1)),
        (512, 384, 0, 1500, Grid(1500, 4000)),
    ],
)
def test_cells_are_twice_as_high_as_wide(width, height, columns, rows, expected):
    """Either side given, the other follows, and neither vanishes."""
    assert look.grid(width, height, columns, rows) == expected


@pytest.mark.parametrize(("aspect", "expected"), [(1.0, Grid(44, 59)), (2.5, Grid(44, 147))])
def test_cells_of_other_terminals(aspect, expected):
    """Square ones, and slim ones."""
    assert look.grid(512, 384, aspect=aspect) == expected


@pytest.mark.parametrize(
    "sizes", [(80, 24), (-1, 0), (0, 4001), (0, 0, 0.0), (0, 0, float("nan")), (0, 0, 9.0)]
)
def test_sizes_nobody_means(sizes):
    """Both sides, less than nothing, more than any terminal; cells of no shape."""
    with pytest.raises(UsageError, match=r"--width|--height|--cell-aspect"):
        look.grid(512, 384, *sizes)


@pytest.mark.parametrize(
    ("size", "asked", "why", "fix"),
    [
        ((512, 384), (0, 4000), "--height 4000 makes 10667 x 4000", "--height 1500 or less"),
        ((10, 4000), (100, 0), "--width 100 makes 100 x 20000", "--width 20 or less"),
        ((8000, 1), (0, 1), "--height 1 makes 16000 x 1", "give the other one"),
    ],
)
def test_no_picture_is_squeezed(size, asked, why, fix):
    """Where the other side would be too long, that is said, and what would do."""
    with pytest.raises(UsageError, match=why) as caught:
        look.grid(*size, *asked)
    assert caught.value.fix == fix


def test_a_name_that_is_nearly_right():
    """Its letters could be a ramp, and would be a strange one."""
    with pytest.raises(UsageError) as caught:
        look.ramp("standrad")
    assert caught.value.fix.startswith("did you mean standard?")


@pytest.mark.parametrize("name", sorted(look.RAMPS))
def test_every_ramp_with_a_name_is_a_good_one(name):
    """What is refused from others is not in ours."""
    assert look.ramp(look.RAMPS[name]) == look.RAMPS[name] == look.ramp(name)


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        ("", "0 characters"),
        ("#", "1 character"),
        ("".join(chr(0x100 + n) for n in range(257)), "257"),
        (" .. ", "more than once"),
        (" \t#", "control"),
        (" \u200b#", "control"),
        (" \u0301#", "combines"),
        (" \u4e00", "two cells"),
        (" \U0001f600", "beyond"),
        (" \ud800", "not a character"),
    ],
)
def test_characters_that_do_not_fill_a_cell(asked, why):
    """Each by its code point, because it may not be printable."""
    with pytest.raises(UsageError, match=why):
        look.ramp(asked)


def test_characters_that_python_did_not_decode():
    """In the C locale 3.6 hands out the bytes of an argument, each as a surrogate."""
    assert look.ramp(" ░▒▓█".encode().decode("ascii", "surrogateescape")) == " ░▒▓█"
