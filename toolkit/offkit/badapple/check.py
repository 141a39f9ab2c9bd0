"""Whether a conversion is what it must be, read back from the file that was written.

Three questions, each its own function of findings: is the file whole and in order (every
frame); does it show the built-in film (every frame, by its own number in the picture and by
its characters); does it show the user's video (sample frames, decoded straight through without
a seek, to the character)?
"""

import os
from typing import Any, List, NamedTuple, Optional, Tuple

import numpy as np

from offkit.badapple import characters, crew, strip
from offkit.badapple.convert import cuts
from offkit.badapple.decode import ALL_THREADS, Source
from offkit.badapple.film import HEIGHT, Film
from offkit.badapple.readback import Block, blocks, label_numbers
from offkit.badapple.script import Script
from offkit.model.finding import ERROR, Finding
from offkit.model.report import Bar

# The clip went through a lossy codec: a character may be a neighbour of the one expected
# anywhere, and further away in this share of a frame's cells.
TOLERANCE = 0.01
_SAMPLES = 48
_SHOWN = 5  # frames named in a finding


class Reading(NamedTuple):
    """Frames ``start`` to ``stop`` of a file, to be read by one worker."""

    path: str
    script: Script
    start: int
    stop: int
    film: Optional[Film]


class Tally(NamedTuple):
    """What a worker read: numbers of the frames that are wrong, by what is wrong with them."""

    damaged: List[int]  # number line, newlines, or characters outside the ramp
    misplaced: List[Tuple[int, int]]  # (frame, the number in its picture)
    different: List[Tuple[int, float]]  # (frame, share of cells that differ)
    worst: float  # greatest share of differing cells in any frame


class Replay(NamedTuple):
    """Sample frames to be compared with the video decoded straight through."""

    video: str
    path: str
    script: Script
    samples: Tuple[int, ...]


class Replayed(NamedTuple):
    frames: int  # pictures in the video
    different: List[int]


def text(path: str, script: Script, film: Optional[Film], workers: int, bar: Bar) -> Tally:
    """Read every frame of the conversion at ``path``; against ``film``, too, when it shows that."""
    starts = cuts(script.frames, workers)
    jobs = [Reading(path, script, a, b, film) for a, b in zip(starts, starts[1:] + [script.frames])]
    tallies: List[Tally] = crew.run(read, jobs, bar)
    return Tally(
        [number for tally in tallies for number in tally.damaged],
        [pair for tally in tallies for pair in tally.misplaced],
        [pair for tally in tallies for pair in tally.different],
        max(tally.worst for tally in tallies),
    )


def video(path: str, script: Script, source: str, bar: Bar) -> Replayed:
    """Decode ``source`` once more from its beginning, and compare sample frames exactly."""
    job = Replay(source, path, script, samples(script.frames))
    (replayed,) = crew.run(replay, [job], bar)
    return replayed  # type: ignore[no-any-return]


def samples(frames: int) -> Tuple[int, ...]:
    """Frames to compare: the first, the last, and others spread evenly."""
    return tuple(sorted({(frames - 1) * index // (_SAMPLES - 1) for index in range(_SAMPLES)}))


def legible(script: Script) -> bool:
    """Whether the strip's blocks are cells of their own: the last row lies in it, two columns a block."""
    rows, columns = script.grid
    return rows * strip.HEIGHT >= HEIGHT and strip.columns(columns) is not None


def read(job: Reading, tell: crew.Tell) -> Tally:
    """Check a range of frames; the body of a worker process."""
    tally = Tally([], [], [], 0.0)
    if os.path.getsize(job.path) < job.script.offset(job.stop):
        return tally._replace(damaged=list(range(job.start, job.stop)))
    data = np.memmap(job.path, np.uint8, "r")
    for block in blocks(data, job.script, job.start, job.stop, 64):
        numbers = np.arange(block.first, block.first + len(block.labels))
        found = characters.steps(block.codes)
        whole = (label_numbers(block.labels) == numbers) & (found != characters.NO_STEP).all(axis=(1, 2))
        tally.damaged.extend(int(n) for n in numbers[~(whole & block.newlines)])
        if job.film:
            tally = _compare(job, block, found, tally)
        tell(len(numbers))
    return tally


def _compare(job: Reading, block: Block, found: Any, tally: Tally) -> Tally:
    """One block against the film: the number in the picture, and the characters."""
    film, grid = job.film, job.script.grid
    assert film is not None
    numbers = range(block.first, block.first + len(block.labels))
    if legible(job.script):
        seen = strip.read(characters.levels(block.codes[:, -1, :][:, strip.columns(grid.columns)]))
        tally.misplaced.extend((n, int(s)) for n, s in zip(numbers, seen) if n != s)
    codes: Any = np.empty((grid.rows, grid.columns), np.uint8)
    worst = tally.worst
    for number, have in zip(numbers, found):
        if number >= film.frames:
            share = 1.0
        else:
            characters.write(film.picture(number), grid, codes)
            apart = np.abs(characters.steps(codes).astype(np.int16) - have)
            share = float(np.count_nonzero(apart > 1)) / apart.size
        worst = max(worst, share)
        if share > TOLERANCE:
            tally.different.append((number, share))
    return tally._replace(worst=worst)


def replay(job: Replay, tell: crew.Tell) -> Replayed:
    """Decode the whole video in order, comparing the samples; the body of a worker process."""
    source = Source(job.video, ALL_THREADS)
    script, wanted = job.script, set(job.samples)
    data = np.memmap(job.path, np.uint8, "r")
    codes: Any = np.empty((script.grid.rows, script.grid.columns), np.uint8)
    different = []
    number = 0
    while True:
        if number in wanted:
            picture = source.read()
            if picture is None:
                break
            characters.write(characters.gray(picture), script.grid, codes)
            block = next(blocks(data, script, number, number + 1))
            if not np.array_equal(block.codes[0], codes):
                different.append(number)
        elif not source.skip():
            break
        number += 1
        if number % 64 == 0:
            tell(64)
    tell(number % 64)
    source.close()
    return Replayed(number, different)


def tally_findings(path: str, tally: Tally) -> List[Finding]:
    """VID010, VID008 and VID009 for what is wrong with the file at ``path``."""
    found = []
    if tally.damaged:
        message = "frames are damaged in the file (number line, row ends or characters): " + _some(
            tally.damaged
        )
        found.append(
            Finding("VID010", ERROR, path, message, (), "the disk or its file system is at fault: see dmesg")
        )
    if tally.misplaced:
        places = [
            "{} shows {}".format(at, "no number" if seen == strip.UNREADABLE else seen)
            for at, seen in tally.misplaced[:_SHOWN]
        ]
        message = "{} frames are missing or out of order: {}".format(len(tally.misplaced), ", ".join(places))
        found.append(Finding("VID008", ERROR, path, message, ("the number in each picture",), _SUSPECT))
    if tally.different:
        places = ["{} ({:.1%} of its cells)".format(at, share) for at, share in tally.different[:_SHOWN]]
        message = "{} frames do not show what was drawn: {}".format(len(tally.different), ", ".join(places))
        found.append(Finding("VID009", ERROR, path, message, ("every frame, drawn again",), _SUSPECT))
    return found


_SUSPECT = "offkit doctor checks OpenCV; a clip in ~/.cache/offkit may be removed, it is made again"


def replay_findings(script: Script, source: str, replayed: Replayed) -> List[Finding]:
    """VID008 and VID009 where the straight decoding disagrees with the conversion."""
    found = []
    if replayed.frames != script.frames:
        message = "decoded straight through it has {} frames, the conversion {}".format(
            replayed.frames, script.frames
        )
        found.append(
            Finding("VID008", ERROR, source, message, ("the whole video, without a seek",), "try -j 1")
        )
    if replayed.different:
        message = "frames differ from the video decoded straight through: " + _some(replayed.different)
        found.append(
            Finding("VID009", ERROR, source, message, ("the whole video, without a seek",), "try -j 1")
        )
    return found


def _some(numbers: List[int]) -> str:
    shown = ", ".join(str(number) for number in numbers[:_SHOWN])
    return shown if len(numbers) <= _SHOWN else "{} and {} more".format(shown, len(numbers) - _SHOWN)
