"""Where a video is cut."""

import itertools
import random

import pytest

from offkit.badapple.video.keyframes import LEAST, SKIPPED, cuts, waste

KEYS = tuple(range(0, 6572, 250))


def worst(starts, frames, keys):
    """Cost of the worker with the most to do."""
    stops = [*starts[1:], frames]
    return max(stop - start + SKIPPED * waste(start, keys) for start, stop in zip(starts, stops))


def test_a_seek_begins_sixteen_frames_ahead():
    """The worker's first seek is to the frame before its own: from the key frame at least 17 before."""
    assert [waste(start, KEYS) for start in (0, 1, 17, 249, 250, 266, 267, 300)] == [
        0,
        1,
        17,
        249,
        250,
        266,
        17,
        50,
    ]
    assert waste(300, ()) == 0


def test_even_where_nothing_is_known():
    """Equal shares, from 0, none too small."""
    assert cuts(100, 4) == [0, 25, 50, 75]
    assert cuts(30, 8) == [0, 15]
    assert cuts(0, 8) == [0]
    assert cuts(6572, 1, KEYS) == [0]


@pytest.mark.parametrize(
    ("workers", "most"), [(2, 3311), (4, 1760), (8, 970), (16, 510), (27, 270), (32, 270)]
)
def test_behind_key_frames(workers, most):
    """A cut just before one costs a whole group of pictures, even cuts hit that sooner or later."""
    found = cuts(6572, workers, KEYS)
    assert worst(found, 6572, KEYS) <= most
    assert worst(found, 6572, KEYS) <= worst(cuts(6572, workers), 6572, KEYS)


@pytest.mark.parametrize("seed", range(300))
def test_any_video(seed):
    """Starts ascend from 0, there are not too many, none is empty, and even cuts are no better."""
    dice = random.Random(seed)
    frames = dice.choice([dice.randrange(60), dice.randrange(20000)])
    steps = [dice.choice([1, dice.randrange(1, 600)]) for _ in range(dice.randrange(100))]
    keys = tuple(itertools.accumulate([0, *steps]))
    workers = dice.choice([1, 2, 3, 17, 64, 500])
    found = cuts(frames, workers, keys)
    assert found[0] == 0
    assert len(found) <= max(1, min(workers, frames // LEAST))
    lengths = [b - a for a, b in zip(found, [*found[1:], frames])]
    assert all(length > 0 for length in lengths) or frames == 0
    assert worst(found, frames, keys) <= worst(cuts(frames, workers), frames, keys) + 1


def test_no_cuts_are_better():
    """Against all there are, for short videos."""
    for keys in [(0,), (0, 30), (0, 20, 45, 50), tuple(range(60))]:
        for workers in (2, 3):
            places = itertools.combinations(range(1, 60), workers - 1)
            best = min(worst([0, *place], 60, keys) for place in places)
            assert worst(cuts(60, workers, keys), 60, keys) <= best + 1


@pytest.mark.parametrize(
    ("frames", "workers", "keys", "starts"),
    [
        (23, 8, (), [0]),
        (24, 8, (), [0, 12]),
        (100, 3, (), [0, 33, 66]),
        (100, 0, (), [0]),
        (100, 3, (0,), [0, 81, 97]),
        (100, 2, (0, 50), [0, 67]),
        (300, 2, (0, 140), [0, 157]),
    ],
)
def test_where_exactly(frames, workers, keys, starts):
    """A picture that is only decoded costs 0.8 of one that is converted, too; a process is worth 12."""
    assert (LEAST, SKIPPED) == (12, 0.8)
    assert cuts(frames, workers, keys) == starts
