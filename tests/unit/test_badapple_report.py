"""The words that run-badapple reports with."""

import pytest

from offkit.badapple.formats.cells import Grid, Look
from offkit.cli import badapple_report

GRID = Grid(3, 4)


@pytest.mark.parametrize(
    ("look", "words"),
    [
        (Look(GRID), ""),
        (Look(GRID, "half"), ", half"),
        (Look(GRID, colour="16"), ", 16 colors"),
        (Look(GRID, "half", "true", invert=True), ", half, true color, inverted"),
    ],
)
def test_what_is_not_as_usual(look, words):
    """Mode, colours and inversion, and nothing of what is."""
    assert badapple_report._look(look) == words
