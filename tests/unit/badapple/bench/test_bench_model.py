"""The arithmetic of the bench: what measured costs come to on so many cores."""

import pytest

from offkit.badapple.bench import model
from offkit.badapple.bench.model import Costs, Load, Machine
from offkit.badapple.bench.numbers import Sample, ratio, sample

PLENTY = Machine(cores=64.0, memory=0.0, cache=0.0, disk=0.0)
LOAD = Load(frames=6000, pixels=512 * 384, size=30 * 10**6, colour=False)
COSTS = Costs(decode=600e-6, hand_out=50e-6, convert=100e-6, write=10e-6)


def test_a_frame_costs_what_its_steps_cost():
    """One worker on one core: frames times the sum."""
    found = model.predict(LOAD, COSTS, PLENTY._replace(cores=1.0), 1)
    assert found.seconds == pytest.approx(6000 * 760e-6)
    assert (found.workers, found.wasted) == (1, 0)


def test_work_is_divided_among_workers_until_the_cores_run_out():
    """Twice the workers take half the time on enough cores, and no less on one."""
    two, four = (model.predict(LOAD, COSTS, PLENTY, count) for count in (2, 4))
    assert two.seconds == pytest.approx(2 * four.seconds)
    assert two.limit == model.DECODER
    crowded = model.predict(LOAD, COSTS, PLENTY._replace(cores=2.0), 4)
    assert crowded.seconds == pytest.approx(two.seconds)
    assert crowded.limit == model.CORES


def test_more_cores_never_take_longer():
    """Until starting processes takes more than they do: here it takes nothing."""
    seconds = [
        model.predict(LOAD, COSTS, PLENTY._replace(cores=count), count).seconds for count in range(1, 65)
    ]
    assert seconds == sorted(seconds, reverse=True)
    assert seconds[0] == pytest.approx(64 * seconds[-1], rel=0.01)


def test_decoder_threads_work_while_pictures_are_converted():
    """Faster by as much as they are, by no more than the cores, and not than the worker's own thread."""
    alone = 6000 * 760e-6
    assert model.predict(LOAD, COSTS, PLENTY, 1, 1.5).seconds == pytest.approx(alone / 1.5)
    assert model.predict(LOAD, COSTS, PLENTY._replace(cores=1.0), 1, 8).seconds == pytest.approx(alone)
    assert model.predict(LOAD, COSTS, PLENTY, 1, 60).seconds == pytest.approx(6000 * 160e-6)


@pytest.mark.parametrize(
    ("machine", "costs", "limit"),
    [
        (PLENTY._replace(disk=1e6), COSTS, model.DISK),
        (PLENTY._replace(memory=1e8), COSTS, model.MEMORY),
        (PLENTY._replace(cores=3.0), COSTS, model.CORES),
        (PLENTY, COSTS._replace(starting=1.0), model.STARTING),
        (PLENTY, COSTS._replace(convert=1e-3), model.CONVERSION),
        (PLENTY, COSTS, model.DECODER),
    ],
)
def test_the_limit_is_named(machine, costs, limit):
    """The bound that alone would take longest."""
    found = model.predict(LOAD, costs, machine, 8)
    assert found.limit == limit
    assert found.seconds >= max(found.bounds.values()) - 1e-9


def test_memory_is_only_used_beyond_the_caches():
    """What all workers hold fits into a large cache."""
    slow = PLENTY._replace(memory=1e8, cache=1e9)
    assert model.predict(LOAD, COSTS, slow, 8).limit == model.DECODER
    assert model.predict(LOAD, COSTS, slow._replace(cache=0.0), 8).limit == model.MEMORY


def test_seeks_waste_what_lies_between_a_key_frame_and_the_cut():
    """Known key frames cost less than guessed ones; with none nothing is wasted."""
    known = LOAD._replace(keys=tuple(range(0, 6000, 250)))
    guessed = LOAD._replace(seek=150.0)
    wasted = [model.predict(load, COSTS, PLENTY, 16).wasted for load in (LOAD, known, guessed)]
    assert (wasted[0], wasted[2]) == (0, 15 * 150)
    assert 0 < wasted[1] < wasted[2]
    assert sum(frames for frames, _ in model.stretches(known, 16)) == 6000


def test_a_short_video_has_fewer_workers():
    """As many as the conversion would start."""
    assert model.predict(LOAD._replace(frames=40), COSTS, PLENTY, 64).workers == 3


@pytest.mark.parametrize(
    ("mask", "quota", "siblings", "worth"), [(8, 0, 1, 8), (8, 0, 2, 5.2), (8, 1.5, 2, 1.5), (1, 0, 1, 1)]
)
def test_what_processors_are_worth(mask, quota, siblings, worth):
    """The second thread of a core adds a third, a quota holds."""
    assert model.capacity(mask, quota, siblings) == pytest.approx(worth)


def test_a_wider_machine_has_more_memory_up_to_a_socket():
    """In proportion, never less than what was measured, without bound only where more was."""
    here = Machine(2.0, 20e9, 1e6, 1e8)
    assert model.wider(here, 4) == Machine(4.0, 40e9, 1e6, 1e8)
    assert model.wider(here, 64).memory == 60e9
    assert model.wider(here, 1).memory == 20e9
    assert model.wider(here._replace(memory=90e9), 64).memory == 90e9


def test_samples():
    """Median of odd and even numbers, spread against it, nothing from nothing."""
    assert (sample([3.0, 1.0, 2.0]).median, sample([1.0, 2.0]).median) == (2.0, 1.5)
    assert sample([0.9, 1.0, 1.2]).spread == pytest.approx(0.3)
    assert (Sample().median, Sample().spread, ratio(1, 0)) == (0.0, 0.0, 0.0)


@pytest.mark.parametrize("part", [0.0, 0.4, 1.0])
def test_the_part_that_is_not_shared(part):
    """Amdahl's law, backwards."""
    times = [(count, 50.0 * (part + (1 - part) / count)) for count in (1, 4, 8, 32)]
    assert model.serial_part(times) == pytest.approx(part)
    assert model.serial_part(times[:1]) == 0.0
