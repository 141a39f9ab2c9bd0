"""The built-in film: a pure function of the frame's number."""

import numpy as np
import pytest

from offkit.badapple.shadowplay import film
from offkit.badapple.shadowplay.film import Film


@pytest.mark.parametrize("number", [0, 29, 30, 35, 64, 100, 125, 155, 179])
def test_a_picture_depends_on_nothing_else(number):
    """Drawn twice, and after others, it is the same; size and type are those of the clip."""
    first = Film(film.SHORT).picture(number)
    Film(film.FULL).picture(number + 400)
    again = Film(film.SHORT).picture(number)
    assert first.shape == (film.HEIGHT, film.WIDTH)
    assert first.dtype == np.uint8
    assert (first == again).all()


def test_every_scene_is_a_picture():
    """Neither empty nor full: light and dark both have a share, in scenes and in wipes, all film long."""
    for number in list(range(0, film.SHORT, 7)) + list(range(0, film.FULL, 331)):
        shown = Film(film.SHORT if number < film.SHORT else film.FULL).picture(number)[: film.STAGE]
        assert 0.02 < (shown > 128).mean() < 0.98, number


def test_neighbours_differ():
    """Something moves in each frame, so that a lost one is seen."""
    shown = Film(film.SHORT)
    pictures = [shown.picture(number)[: film.STAGE] for number in range(film.SHORT)]
    same = [number for number in range(1, film.SHORT) if (pictures[number] == pictures[number - 1]).all()]
    assert same == []


def test_the_second_round_is_not_the_first():
    """A long film shows its scenes mirrored and in negative."""
    shown = Film(film.FULL)
    first, second = shown.picture(80), shown.picture(80 + 6 * shown.scene_length)
    assert not (first[: film.STAGE] == second[: film.STAGE]).all()
