"""The built-in film: a pure function of the frame's number."""

import os

import cv2
import numpy as np
import pytest

from offkit.badapple.shadowplay import film
from offkit.badapple.shadowplay.film import Film

MOSAIC = os.path.join(os.path.dirname(os.path.abspath(__file__)), "film.png")


def mosaic():
    """Pictures of every scene and wipe, and of the long film's four turns, at a sixteenth of their size.
    When they are meant to change: cv2.imwrite(MOSAIC, mosaic()), and another film.VERSION."""
    tiles = [Film(film.SHORT).picture(number) for number in range(5, film.SHORT, 8)]
    tiles += [Film(film.FULL).picture(number) for number in range(70, film.FULL, 271)]
    small = [tile.reshape(film.HEIGHT // 16, 16, -1, 16).mean(axis=(1, 3)) for tile in tiles]
    small += [np.zeros_like(small[0])] * (-len(small) % 8)
    rows = [np.hstack(small[start : start + 8]) for start in range(0, len(small), 8)]
    return np.round(np.vstack(rows)).astype(np.uint8)


def test_the_pictures_are_those_of_this_version():
    """A cached clip is the same film, whichever offkit and OpenCV drew it; edges may differ by a hair."""
    known = cv2.imread(MOSAIC, cv2.IMREAD_GRAYSCALE)
    assert film.VERSION == 1
    assert np.abs(known.astype(int) - mosaic()).max() <= 2


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


@pytest.mark.parametrize(
    ("number", "inks", "more"),
    [
        (15, [0, 12, 34, 92, 150, 205, 238], []),
        (45, [0, 22, 88, 238], []),
        (75, [0, 26, 30, 60, 104, 150, 238], []),
        (105, [0, 60, 150, 238], []),
        (135, [0, 120, 238], [70, 200]),
        (165, [0, 66, 118, 168, 214, 252], []),
    ],
)
def test_what_is_drawn_with_which_ink(number, inks, more):
    """To the level: edges are blended, areas are not."""
    shown = Film(film.SHORT).picture(number)[: film.STAGE]
    pixels = np.bincount(shown.ravel(), minlength=256)
    assert np.flatnonzero(pixels > 1000).tolist() == inks
    for ink in more:
        beside = np.delete(pixels[ink - 3 : ink + 4], 3)
        assert pixels[ink] > 2 * beside.max()


def test_how_long_the_films_are():
    """Six scenes of one second, or as long as the clip that is known for it; always 30 frames a second."""
    assert (film.SHORT, film.FULL, film.FPS, film.WIDTH, film.HEIGHT) == (180, 6572, 30.0, 512, 384)
    assert film.STAGE == 372
    assert [Film(frames).scene_length for frames in (1, 360, 361, 6572)] == [30, 30, 164, 164]
