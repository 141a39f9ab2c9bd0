"""Whether a conversion is what it must be, read back from the file that was written.

Three questions, each its own function of findings: is the file whole and in order (every
frame); does it show the built-in film (every frame, by its own number in the picture and by
its characters); does it show the user's video (sample frames, decoded straight through without
a seek, to the character)?
"""

import os
from typing import Any, List, NamedTuple, Optional, Tuple

import numpy as np

from offkit.badapple import crew
from offkit.badapple.counting import count
from offkit.badapple.decode import ALL_THREADS, Source, probe
from offkit.badapple.formats import characters
from offkit.badapple.formats.script import Script
from offkit.badapple.keyframes import cuts
from offkit.badapple.shadowplay import strip
from offkit.badapple.shadowplay.film import HEIGHT, Film
from offkit.badapple.verify.readback import Block, blocks, label_numbers
from offkit.model.finding import ERROR, INFO, WARNING, Finding
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
    last: float = 0.0  # when the last picture is shown, in seconds
    gap: float = 0.0  # the longest time between two pictures


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
    luma = probe(job.video).luma
    source = Source(job.video, ALL_THREADS, bool(luma))
    script, wanted = job.script, set(job.samples)
    data = np.memmap(job.path, np.uint8, "r")
    codes: Any = np.empty((script.grid.rows, script.grid.columns), np.uint8)
    different = []
    number = 0
    last = gap = 0.0
    while True:
        if number in wanted:
            picture = source.read()
            if picture is None:
                break
            characters.write(picture, script.grid, codes, luma)
            block = next(blocks(data, script, number, number + 1))
            if not np.array_equal(block.codes[0], codes):
                different.append(number)
        elif not source.skip():
            break
        moment = source.moment
        if number:
            gap = max(gap, moment - last)
        last = moment
        number += 1
        if number % 64 == 0:
            tell(64)
    tell(number % 64)
    source.close()
    return Replayed(number, different, last, gap)


def tally_findings(path: str, tally: Tally) -> List[Finding]:
    """VID010, VID008 and VID009 for what is wrong with the file at ``path``."""
    found = []
    if tally.damaged:
        message = "{} damaged in the file (number line, row ends or characters): {}".format(
            _are(len(tally.damaged)), _some(tally.damaged)
        )
        found.append(
            Finding("VID010", ERROR, path, message, (), "the disk or its file system is at fault: see dmesg")
        )
    if tally.misplaced:
        places = [
            "{} shows {}".format(at, "no number" if seen == strip.UNREADABLE else seen)
            for at, seen in tally.misplaced[:_SHOWN]
        ]
        message = "{} missing or out of order: {}".format(_are(len(tally.misplaced)), ", ".join(places))
        found.append(Finding("VID008", ERROR, path, message, ("the number in each picture",), _SUSPECT))
    if tally.different:
        places = ["{} ({:.1%} of its cells)".format(at, share) for at, share in tally.different[:_SHOWN]]
        message = "{} not what was drawn: {}".format(_are(len(tally.different)), ", ".join(places))
        found.append(Finding("VID009", ERROR, path, message, ("every frame, drawn again",), _SUSPECT))
    return found


_SUSPECT = "run it again, with -j 1 too; offkit doctor checks OpenCV, dmesg tells of a bad disk or memory"
_STRAIGHT = ("the whole video, without a seek",)
# One process has tried by then: what is left is a decoder that does not repeat itself.
_UNSTEADY = (
    "damaged parts of a video decode differently each time: compare its sha256sum with the original's\n"
    "if it is whole, the disk or the memory may not be: see dmesg"
)


def loss(source: str, claimed: int, fps: float, frames: int, replayed: Optional[Replayed]) -> List[Finding]:
    """VID006 when a video has another number of frames than its header claims.

    Headers round, and some containers count fields or hidden frames. So the number alone
    accuses nobody: up to a hundredth, or more frames than claimed, is worth knowing, more is
    a warning. It is an error when more than a tenth is lost and the pictures' times
    show where: a hole between two of them, or an end long before the claimed one.
    ``replayed`` is None when the video was not decoded a second time.
    """
    lost = claimed - frames
    if not lost:
        return []
    text = "its header claims {}, it has {}".format(count(claimed, "frame"), frames)
    if lost <= max(2, claimed // 100):
        return [Finding("VID006", INFO, source, text)]
    text += ": {:.0%} cannot be decoded".format(float(lost) / claimed)
    severity = WARNING
    looked = _STRAIGHT if replayed else ()
    if replayed is None or not fps:
        pass  # nobody knows where
    elif replayed.gap > _HOLE * max(replayed.last, 1 / fps) / max(frames, 1):
        severity = ERROR
        text += ", and {:.1f} s are without a picture".format(replayed.gap)
    elif replayed.last < 0.95 * claimed / fps:
        severity = ERROR
        text += ", and it ends at {:.1f} of {:.1f} s".format(replayed.last, claimed / fps)
    else:
        text = "its header claims {}, it has {}, from beginning to end".format(
            count(claimed, "frame"), frames
        )
    if lost * 10 <= claimed:
        severity = WARNING
    return [Finding("VID006", severity, source, text, looked, _LOST)]


_HOLE = 5  # times the usual distance of two pictures
_LOST = (
    "compare its size and sha256sum with the original's: it is damaged or incomplete,\n"
    "unless it was cut without encoding it again, which hides frames and keeps their number"
)


def replay_findings(script: Script, source: str, replayed: Replayed) -> List[Finding]:
    """VID008 and VID009 where the straight decoding disagrees with the conversion."""
    found = []
    if replayed.frames != script.frames:
        message = "decoded straight through it has {}, the conversion {}".format(
            count(replayed.frames, "frame"), script.frames
        )
        found.append(Finding("VID008", ERROR, source, message, _STRAIGHT, _UNSTEADY))
    if replayed.different:
        message = "samples differ from the video decoded straight through: frame " + _some(replayed.different)
        found.append(Finding("VID009", ERROR, source, message, _STRAIGHT, _UNSTEADY))
    return found


def _are(number: int) -> str:
    return "{} {}".format(count(number, "frame"), "is" if number == 1 else "are")


def _some(numbers: List[int]) -> str:
    shown = ", ".join(str(number) for number in numbers[:_SHOWN])
    return shown if len(numbers) <= _SHOWN else "{} and {} more".format(shown, len(numbers) - _SHOWN)
