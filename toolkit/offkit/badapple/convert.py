"""The conversion: every worker decodes its own stretch of the video and writes it where it belongs.

No picture travels between processes. Where frames have a fixed size, all places are known
beforehand and workers write with pwrite(2) into the one file; else each writes a part of its
own, and the kernel joins them. Either way the result does not depend on how many they are.
Each stretch but the first begins by a seek, which some containers get wrong; therefore
neighbours compare their *seam* (see ``seam``). The number of frames is what was decoded when
the seams hold, whatever the header claims.
"""

import os
import time
from typing import Any, Callable, List, NamedTuple, Optional, Sequence

from offkit.badapple import parts
from offkit.badapple.formats.base import Format
from offkit.badapple.formats.painter import Painter
from offkit.badapple.processes import pool
from offkit.badapple.seam import Seam, Watch
from offkit.badapple.video.decode import Source, Video
from offkit.badapple.video.keyframes import stretches
from offkit.badapple.writer import Share, Writer
from offkit.model.errors import EnvironmentProblem
from offkit.model.finding import ERROR, Finding
from offkit.model.report import Bar

Run = Callable[[pool.Work, Sequence[Any], Bar, Optional[str]], List[Any]]  # as pool.run


class Job(NamedTuple):
    """One worker's stretch: frames ``start`` to ``stop`` (None: to the end of the video)."""

    video: Video
    path: str  # of the whole
    part: Optional[int]  # of which this worker writes a file of its own; None: all write into the one
    form: Format
    start: int
    stop: Optional[int]
    base: int = 0  # where frame 0 begins in a file written by all

    @property
    def written(self) -> str:
        """The path of the file that this worker writes."""
        return self.path if self.part is None else parts.name(self.path, self.part)

    @property
    def place(self) -> int:
        """Where its first frame begins in that file."""
        return 0 if self.part is not None else self.base + int(self.form.offset(self.start) or 0)


class Stretch(NamedTuple):
    """What a worker found."""

    share: Share
    ended: bool  # whether the video ended in it or at its very end
    opening: Optional[Seam]
    closing: Optional[Seam]


class Result(NamedTuple):
    frames: int  # those that are in the video
    claimed: int  # by its header, 0 when it does not say
    per_worker: List[Share]

    @property
    def workers(self) -> int:
        return len(self.per_worker)

    @property
    def lost(self) -> int:
        return max(0, self.claimed - self.frames)


def convert(
    video: Video,
    form: Format,
    path: str,
    workers: int,
    bar: Bar,
    method: Optional[str] = None,
    run: Optional[Run] = None,
) -> Optional[Result]:
    """Write the conversion of ``video`` to ``path``, which is truncated first.

    ``run`` works on all stretches at once, in place of ``pool.run``; ``method`` is how processes are
    started for it. From the beginning ``path`` has the head that the header's number of frames makes.
    Parts are named after ``path``, a number added, and are gone afterwards.
    None when the seams do not hold: this video cannot be cut, use ``workers=1``, which decodes
    straight through. Raises EnvironmentProblem (VID004, VID005).
    """
    head = form.head(video.frames)
    apart = form.offset(0) is None  # each worker's frames in a file of their own
    jobs = [
        Job(video, path, index if apart else None, form, start, stop, len(head))
        for index, (start, stop) in enumerate(stretches(video.frames, workers, video.keys))
    ]
    names = [job.written for job in jobs if apart]
    try:
        parts.begin(path, head)
        for name in names:
            parts.begin(name, b"")
        found = joined((run or pool.run)(work, jobs, bar, method))
        if found is None:
            return None
        frames = found[-1].share.start + found[-1].share.frames
        if apart:
            parts.join(path, form.head(frames), names[: len(found)], form.foot(frames))
        else:
            end = len(head) + int(form.offset(frames) or 0)
            parts.finish(path, len(head), form.head(frames), end, form.foot(frames))
        return Result(frames, video.frames, [stretch.share for stretch in found])
    except OSError as error:
        raise unwritable(path, error)
    finally:
        parts.discard(names)


def joined(stretches: List[Stretch]) -> Optional[List[Stretch]]:
    """The stretches that make up the video, or None when two neighbours do not meet.

    What lies behind the stretch in which the video ended does not count: seeking beyond the
    end is undefined.
    """
    for index, (stretch, following) in enumerate(zip(stretches, stretches[1:])):
        if stretch.ended:
            return stretches[: index + 1]
        if stretch.closing is None or stretch.closing != following.opening:
            return None
    return stretches


def unwritable(path: str, error: OSError) -> EnvironmentProblem:
    text = "cannot be written: {}".format(error.strerror or error)
    fix = "choose a writable place with enough space with -o"
    return EnvironmentProblem(text, [Finding("VID005", ERROR, path, text, (), fix)])


def work(job: Job, tell: pool.Tell) -> Stretch:
    """Convert one stretch; the body of a worker process."""
    began = time.perf_counter()
    painters = [Painter(job.form.look, job.video.luma) for _ in range(2 if job.form.delta else 1)]
    # More decoder threads decode the damaged parts of a video differently, and the number of workers
    # must not decide over that: one, as far as this OpenCV can be told.
    source = Source(job.video.path, 1, bool(job.video.luma) and not painters[0].wants_colour)
    try:
        handle = os.open(job.written, os.O_WRONLY | os.O_NOFOLLOW)
        try:
            paint = [painter.cells for painter in painters]
            return _stretch(job, source, Writer(handle, job.form, job.start, job.place, paint, tell), began)
        finally:
            os.close(handle)
    except OSError as error:
        raise unwritable(job.path, error)
    finally:
        source.close()


def _stretch(job: Job, source: Source, writer: Writer, began: float) -> Stretch:
    opening: Optional[Watch] = None
    closing: Optional[Watch] = None
    ended = False
    if job.start:
        source.seek(job.start - 1)
        picture = source.read()
        if picture is None:
            return Stretch(writer.share(began), True, None, None)
        opening = Watch(job.start - 1, picture, source.moment)
        writer.prepare(picture)
    number = job.start
    while True:
        mine = job.stop is None or number < job.stop
        if not (mine or (closing and closing.open) or (opening and opening.open)):
            break
        picture = source.read()
        for watch in (opening, closing):
            if watch and watch.open:
                watch.feed(number, picture, source.moment)
        if picture is None:
            # An end further on, met on the way to a seam, is that of another stretch.
            ended = mine or number == job.stop
            break
        if mine:
            writer.add(picture)
            if number + 1 == job.stop:
                closing = Watch(number, picture, source.moment)
        number += 1
    writer.flush()
    return Stretch(
        writer.share(began),
        ended,
        opening.seam if opening else None,
        closing.seam if closing else None,
    )
