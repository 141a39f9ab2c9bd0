"""Whether a conversion is what it must be, read back from the file that was written.

Three questions: is the file whole and in order (every frame); does it show the built-in film
(every frame, by its own number in the picture and by its cells); does it show the user's video
(sample frames, decoded straight through without a seek, to the cell)?
"""

import hashlib
from array import array
from typing import Any, List, NamedTuple, Optional, Tuple

import numpy as np

from offkit.badapple.formats import catalogue
from offkit.badapple.formats.base import Format, Reader
from offkit.badapple.formats.cells import CHARACTERS, HALF, MONO, Cells, Look
from offkit.badapple.formats.painter import BLOCKS, FIRST_BRAILLE, UPPER, Painter
from offkit.badapple.processes import pool
from offkit.badapple.shadowplay.film import Film
from offkit.badapple.verify.likeness import Likeness
from offkit.badapple.verify.tally import Replayed, Tally
from offkit.badapple.video.decode import Source, decoder_threads
from offkit.badapple.video.keyframes import stretches
from offkit.model.errors import RequestError
from offkit.model.report import Bar
from offkit.model.words import several

_DOUBTS = 3  # decodings more where samples differ
_SAMPLES = 48
_TOLD = 16  # frames after which progress is told


class Reading(NamedTuple):
    """Frames ``start`` to ``stop`` of a file, to be read by one worker."""

    path: str
    reader: catalogue.Open
    look: Look
    start: int
    stop: int
    film: Optional[Film]


class Replay(NamedTuple):
    """Sample frames to be compared with the video decoded straight through."""

    video: str
    path: str
    reader: catalogue.Open
    look: Look
    luma: str  # as they were painted, see decode.Video
    samples: Tuple[int, ...]


def file(
    path: str,
    form: Format,
    frames: int,
    film: Optional[Film],
    workers: int,
    bar: Bar,
    method: Optional[str] = None,
) -> Tally:
    """Read every frame of the conversion at ``path``; against ``film``, too, when it shows that."""
    trouble = _trouble(path, form, frames)
    if trouble:
        return Tally(list(range(frames)), [], [], 0.0, trouble)
    reader = catalogue.reader(form.name)
    jobs = [
        Reading(path, reader, form.look, start, stop or frames, film)
        for start, stop in stretches(frames, workers)
    ]
    tallies: List[Tally] = pool.run(read, jobs, bar, method)
    return Tally(
        [number for tally in tallies for number in tally.damaged],
        [pair for tally in tallies for pair in tally.misplaced],
        [pair for tally in tallies for pair in tally.different],
        max(tally.worst for tally in tallies),
    )


def _trouble(path: str, form: Format, frames: int) -> str:
    """Why the file is no conversion of this form and length; empty when it is."""
    try:
        reader = catalogue.open_reader(path)
    except RequestError as problem:
        return problem.message
    found, grid = reader.frames, reader.look.grid
    reader.close()
    if found != frames:
        return "it claims to have {}, {} were written".format(several(found, "frame"), frames)
    if grid != form.look.grid:
        return "it has {} rows of {} cells, {} of {} were written".format(*(grid + form.look.grid))
    return ""


def video(job: Replay, bar: Bar, method: Optional[str] = None) -> Replayed:
    """Decode the video once more from its beginning, and compare sample frames.

    Several decoder threads conceal what is damaged in a video differently each time, and not
    every OpenCV can be told to use one. So where samples differ there, it is decoded again.
    """
    replayed: Replayed = pool.run(replay, [job], bar, method)[0]
    for _ in range(_DOUBTS if replayed.different and decoder_threads(1) > 1 else 0):
        again: Replayed = pool.run(replay, [job], Bar(), method)[0]
        if again.seen != replayed.seen:
            return replayed._replace(unsteady=True)
    return replayed


def samples(frames: int) -> Tuple[int, ...]:
    """Frames to compare: the first, the last, and others spread evenly."""
    return tuple(sorted({(frames - 1) * index // (_SAMPLES - 1) for index in range(_SAMPLES)}))


def read(job: Reading, tell: pool.Tell) -> Tally:
    """Check a range of frames; the body of a worker process."""
    tally = Tally([], [], [], 0.0)
    known = _known(job.look)
    likeness = Likeness(job.look) if job.film else None
    reader = job.reader(job.path, False)
    for number in range(job.start, job.stop):
        cells = _whole(reader, number, known)
        if cells is None:
            tally.damaged.append(number)
        elif likeness and job.film:
            tally = _compared(tally, number, cells, likeness, job.film)
        if (number + 1 - job.start) % _TOLD == 0:
            tell(_TOLD)
    tell((job.stop - job.start) % _TOLD)
    reader.close()
    return tally


def _whole(reader: Reader, number: int, known: Any) -> Optional[Cells]:
    """The cells of a frame, None where it is damaged."""
    try:
        cells = reader.cells(number)
    except RequestError:
        return None
    return cells if cells is not None and known[cells.glyphs].all() else None


def _known(look: Look) -> Any:
    """(65536,) bool: the characters that a look has."""
    known: Any = np.zeros(0x10000, bool)
    if look.mode == CHARACTERS:
        known[[ord(character) for character in look.ramp]] = True
    elif look.mode == HALF:
        known[list(BLOCKS) if look.colour == MONO else UPPER] = True
    else:
        known[FIRST_BRAILLE : FIRST_BRAILLE + 256] = True
    return known


def _compared(tally: Tally, number: int, cells: Cells, likeness: Likeness, film: Film) -> Tally:
    """One frame against the film: the number in the picture, and the picture."""
    if likeness.legible:
        shown = likeness.number(cells)
        if shown != number:
            tally.misplaced.append((number, shown))
    share = likeness.share(cells, film.picture(number)) if number < film.frames else 1.0
    if share > likeness.tolerance:
        tally.different.append((number, share))
    return tally._replace(worst=max(tally.worst, share))


def replay(job: Replay, tell: pool.Tell) -> Replayed:
    """Decode the whole video in order, comparing the samples; the body of a worker process."""
    painter = Painter(job.look, job.luma)
    source = Source(job.video, 1, bool(job.luma) and not painter.wants_colour)
    reader, known, wanted = job.reader(job.path, False), _known(job.look), set(job.samples)
    different = []
    number = 0
    moments, digest = array("d"), hashlib.sha256()
    while True:
        if number in wanted:
            picture = source.read()
            if picture is None:
                break
            cells = painter.cells(picture)
            for layer in cells:
                digest.update(np.ascontiguousarray(layer) if layer is not None else b"")
            if not _same(_whole(reader, number, known), cells):
                different.append(number)
        elif not source.skip():
            break
        moments.append(source.moment)
        number += 1
        if number % 64 == 0:
            tell(64)
    tell(number % 64)
    reader.close()
    source.close()
    # Some of the last pictures of a decoder have no time, and those of others are out of order.
    times: Any = np.sort(np.array(moments)) if number else np.zeros(1)
    gap = float(np.diff(times).max()) if number > 1 else 0.0
    return Replayed(number, different, float(times[-1]), gap, digest.digest())


def _same(have: Optional[Cells], want: Cells) -> bool:
    return have is not None and all(np.array_equal(one, other) for one, other in zip(have, want))
