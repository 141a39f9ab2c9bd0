"""The conversion: every worker decodes its own stretch of the video and writes it where it belongs.

No picture travels between processes. The places of all frames are known beforehand (see
``script``), so workers write with pwrite(2) into one file and the result does not depend on how
many they are. Each stretch but the first begins by a seek, which some containers get wrong;
therefore neighbours compare their *seam*: both decode on from the frame before the cut until
the picture changes, and must agree on when that is and on both pictures. The number of frames
is what was decoded when the seams hold, whatever the header claims.
"""

import hashlib
import os
import shutil
from typing import Any, List, NamedTuple, Optional

import numpy as np

from offkit.badapple import crew
from offkit.badapple.decode import ALL_THREADS, Source, Video
from offkit.badapple.formats import characters
from offkit.badapple.formats.script import Script
from offkit.badapple.verify.readback import NEWLINE
from offkit.model.errors import EnvironmentProblem
from offkit.model.finding import ERROR, Finding
from offkit.model.report import Bar

LEAST = 12  # frames worth a process
_STILL = 250  # frames without any change after which a seam is given up
_BATCH = 1 << 18  # bytes a worker collects before it writes


class Seam(NamedTuple):
    """Where two stretches meet: SHA-256 of the picture before the cut and of the next other one."""

    before: bytes
    after: bytes  # empty at the end of the video
    at: int  # number of the frame that is ``after``


class Job(NamedTuple):
    video: str
    path: str  # of the file written
    script: Script  # with the number of frames that the header claims
    start: int
    stop: Optional[int]  # None: to the end of the video
    threads: int  # of the decoder


class Stretch(NamedTuple):
    """What a worker found."""

    start: int
    written: int  # frames
    ended: bool  # whether the video ended in it or at its very end
    opening: Optional[Seam]
    closing: Optional[Seam]


class Result(NamedTuple):
    script: Script  # with the true number of frames
    workers: int


def cuts(frames: int, workers: int) -> List[int]:
    """First frames of the stretches, the first one 0; fewer than ``workers`` for a short video."""
    count = max(1, min(workers, frames // LEAST))
    return [frames * index // count for index in range(count)]


def convert(
    video: Video, script: Script, path: str, workers: int, bar: Bar, method: Optional[str] = None
) -> Optional[Result]:
    """Write the conversion of ``video`` to ``path``, which is truncated first.

    None when the seams do not hold: this video cannot be cut, use ``workers=1``, which decodes
    straight through. Raises EnvironmentProblem (VID004, VID005).
    """
    starts = cuts(script.frames, workers)
    threads = 1 if len(starts) > 1 else ALL_THREADS
    stops: List[Optional[int]] = starts[1:] + [None]
    jobs = [Job(video.path, path, script, a, b, threads) for a, b in zip(starts, stops)]
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o666))
    except OSError as error:
        raise unwritable(path, error)
    frames = count(crew.run(work, jobs, bar, method))
    if frames is None:
        return None
    true = script._replace(frames=frames)
    try:
        _finish(path, script, true)
    except OSError as error:
        raise unwritable(path, error)
    return Result(true, len(jobs))


def count(stretches: List[Stretch]) -> Optional[int]:
    """The number of frames of the video, or None when two stretches do not meet.

    What lies behind the stretch in which the video ended does not count: seeking beyond the
    end is undefined.
    """
    for stretch, following in zip(stretches, stretches[1:]):
        if stretch.ended:
            return stretch.start + stretch.written
        if stretch.closing is None or stretch.closing != following.opening:
            return None
    return stretches[-1].start + stretches[-1].written


def unwritable(path: str, error: OSError) -> EnvironmentProblem:
    text = "cannot be written: {}".format(error.strerror or error)
    fix = "name a place with room and permission: -o DIR/badapple.txt"
    return EnvironmentProblem(text, [Finding("VID005", ERROR, path, text, (), fix)])


def _finish(path: str, claimed: Script, true: Script) -> None:
    """The right header, and nothing behind the last frame."""
    old, new = claimed.header(), true.header()
    with open(path, "r+b") as part:
        if len(old) != len(new):  # every frame moves by a digit
            moved = path + ".moved"
            try:
                part.seek(len(old))
                with open(moved, "wb") as target:
                    target.write(new)
                    shutil.copyfileobj(part, target, 1 << 20)
                os.replace(moved, path)
            finally:
                if os.path.exists(moved):
                    os.unlink(moved)
        else:
            part.write(new)
    os.truncate(path, true.size)


class _Watch:
    """Finds a seam: fed every picture from the one before the cut on."""

    def __init__(self, number: int, picture: Any) -> None:
        self._before = _digest(picture)
        self._limit = number + _STILL
        self.seam: Optional[Seam] = None
        self.open = True

    def feed(self, number: int, picture: Optional[Any]) -> None:
        """The picture with ``number``, None at the end of the video."""
        after = b"" if picture is None else _digest(picture)
        if after != self._before:
            self.seam = Seam(self._before, after, number)
        self.open = self.seam is None and number < self._limit


def _digest(picture: Any) -> bytes:
    return hashlib.sha256(np.ascontiguousarray(picture)).digest()


def work(job: Job, tell: crew.Tell) -> Stretch:
    """Convert one stretch; the body of a worker process."""
    source = Source(job.video, job.threads)
    try:
        handle = os.open(job.path, os.O_WRONLY | os.O_NOFOLLOW)
        try:
            return _stretch(job, source, _Writer(handle, job.script, job.start, tell))
        finally:
            os.close(handle)
    except OSError as error:
        raise unwritable(job.path, error)
    finally:
        source.close()


def _stretch(job: Job, source: Source, writer: "_Writer") -> Stretch:
    opening: Optional[_Watch] = None
    closing: Optional[_Watch] = None
    if job.start:
        source.seek(job.start - 1)
        picture = source.read()
        if picture is None:
            return Stretch(job.start, 0, True, None, None)
        opening = _Watch(job.start - 1, picture)
    number = job.start
    while True:
        mine = job.stop is None or number < job.stop
        if not (mine or (closing and closing.open) or (opening and opening.open)):
            ended = False
            break
        picture = source.read()
        for watch in (opening, closing):
            if watch and watch.open:
                watch.feed(number, picture)
        if picture is None:
            # An end further on, met on the way to a seam, is that of another stretch.
            ended = mine or number == job.stop
            break
        if mine:
            writer.add(picture)
            if number + 1 == job.stop:
                closing = _Watch(number, picture)
        number += 1
    writer.flush()
    return Stretch(
        job.start,
        writer.written,
        ended,
        opening.seam if opening else None,
        closing.seam if closing else None,
    )


class _Writer:
    """Turns pictures into frames of the file and writes them in batches."""

    def __init__(self, handle: int, script: Script, start: int, tell: crew.Tell) -> None:
        self._handle, self._script, self._start, self._tell = handle, script, start, tell
        rows, columns = script.grid
        self._lines: Any = np.full((rows, columns + 1), NEWLINE, np.uint8)
        self._codes = self._lines[:, :columns]
        self._batch: List[bytes] = []
        self._most = max(1, min(64, _BATCH // script.grid.size))
        self.written = 0

    def add(self, picture: Any) -> None:
        characters.write(characters.gray(picture), self._script.grid, self._codes)
        number = self._start + self.written + len(self._batch)
        self._batch.append(b"%d\n%b" % (number, self._lines.tobytes()))
        if len(self._batch) == self._most:
            self.flush()

    def flush(self) -> None:
        if not self._batch:
            return
        rest = memoryview(b"".join(self._batch))
        offset = self._script.offset(self._start + self.written)
        while len(rest):
            done = os.pwrite(self._handle, rest, offset)
            rest, offset = rest[done:], offset + done
        self.written += len(self._batch)
        self._tell(len(self._batch))
        self._batch = []
