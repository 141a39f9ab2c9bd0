"""Measurements, each of which says one number and disturbs nobody for long.

What is measured happens in processes of ``pool``, so that Ctrl-C, a killed worker or a missing
/dev/shm are dealt with where they are for the conversion.
"""

import mmap
import os
import resource
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Callable, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np

from offkit.badapple import convert
from offkit.badapple.bench.model import Costs
from offkit.badapple.formats.base import Format
from offkit.badapple.formats.painter import Painter
from offkit.badapple.processes import pool
from offkit.badapple.video import keyframes
from offkit.badapple.video.decode import Source, Video
from offkit.edges import leftovers
from offkit.model.report import Bar

_TOGETHER = 0.05  # seconds until all of a few processes wait at the start
_BUFFER = 24 << 20  # bytes copied by each process: beyond most caches, below what a worker may use
_CHUNK = 4 << 20
_SEEKS = (83, 47, 11, 29, 66)  # hundredths of the video, in no order that decoding would follow


class Lap(NamedTuple):
    """Seconds of wall time and of CPU, those of child processes included."""

    wall: float
    cpu: float


class Span(NamedTuple):
    """Frames ``start`` to ``stop`` (None: to the end) of a video."""

    video: Video
    start: int
    stop: Optional[int]


class Task(NamedTuple):
    """A conversion to ``path``; ``amount``: of its first frames, or of the threads that make it."""

    video: Video
    form: Format
    path: str
    amount: int


Converted = Tuple[Optional[convert.Result], Lap]  # the result is None for a video that cannot be cut


def lap(work: Callable[[], Any]) -> Tuple[Any, Lap]:
    """What ``work`` returns, and what it took."""
    used, began = cpu(), time.perf_counter()
    result = work()
    return result, Lap(time.perf_counter() - began, cpu() - used)


def cpu() -> float:
    """CPU seconds of this process and of those that it has waited for."""
    total = 0.0
    for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN):
        used = resource.getrusage(who)
        total += used.ru_utime + used.ru_stime
    return total


def floor(video: Video, workers: int) -> Lap:
    """Decoding alone: every frame grabbed, none handed out.

    The same processes, cuts and seeks as of the conversion.
    """
    stretches = keyframes.stretches(video.frames, workers, video.keys)
    return lap(lambda: pool.run(_grab, [Span(video, *stretch) for stretch in stretches], Bar()))[1]


def _grab(span: Span, tell: pool.Tell) -> int:
    source = Source(span.video.path, 1)
    if span.start:
        source.seek(span.start)
    done = 0
    while (span.stop is None or span.start + done < span.stop) and source.skip():
        done += 1
    source.close()
    return done


def conversion(video: Video, form: Format, path: str, workers: int) -> Converted:
    """A conversion to ``path`` by ``workers`` processes."""
    return lap(lambda: convert.convert(video, form, path, workers, Bar()))


def threaded(video: Video, form: Format, path: str, threads: int) -> Converted:
    """The same by threads of one process, which is not this one: one that has threads cannot be forked."""
    return lap(lambda: pool.run(_convert, [Task(video, form, path, threads)], Bar())[0])


def _convert(task: Task, tell: pool.Tell) -> Optional[convert.Result]:
    return convert.convert(task.video, task.form, task.path, task.amount, Bar(), run=_in_threads)


def _in_threads(work: pool.Work, jobs: Sequence[Any], bar: Bar, method: Optional[str]) -> List[Any]:
    with ThreadPoolExecutor(len(jobs)) as threads:
        return list(threads.map(lambda job: work(job, bar.advance), jobs))


def seeking(video: Video) -> float:
    """CPU seconds of a seek, on average over a few that are spread over the video."""
    return float(pool.run(_seek, [video], Bar())[0])


def _seek(video: Video, tell: pool.Tell) -> float:
    source = Source(video.path, 1)
    source.skip()
    before = time.process_time()
    for part in _SEEKS:
        source.seek(video.frames * part // 100)
        source.skip()
    spent = time.process_time() - before
    source.close()
    return spent / len(_SEEKS)


def costs(video: Video, form: Format, path: str, frames: int) -> Costs:
    """What a frame costs in one process, over the first ``frames`` ones.

    All in seconds of a processor, so that other processes at work here do not count. The own thread's
    steps are timed one by one; what else the process used is decoding, whichever threads did it.
    ``path`` is written to.
    """
    found: Costs = pool.run(_cost, [Task(video, form, path, frames)], Bar())[0]
    return found


def _cost(task: Task, tell: pool.Tell) -> Costs:
    painter = Painter(task.form.look, task.video.luma)
    luma = bool(task.video.luma) and not painter.wants_colour
    before = time.process_time()
    source = Source(task.video.path, 1, luma)
    source.skip()
    opening = time.process_time() - before
    handed = painted = written = 0.0
    count = 0
    handle = os.open(task.path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o666)
    before = time.process_time()
    while count < task.amount and source.skip():
        a = _own_time()
        picture = source.picture()
        b = _own_time()
        frame = task.form.frame(count, painter.cells(picture), None)
        c = _own_time()
        os.write(handle, frame)
        handed, painted, written = handed + b - a, painted + c - b, written + _own_time() - c
        count += 1
    used = time.process_time() - before
    os.close(handle)
    source.close()
    each = max(1, count)
    own = handed + painted + written
    return Costs(max(0.0, used - own) / each, handed / each, painted / each, written / each, opening)


def _own_time() -> float:
    """time.thread_time() of Python 3.7."""
    return time.clock_gettime(time.CLOCK_THREAD_CPUTIME_ID)


def starting(workers: int) -> Tuple[float, float]:
    """(seconds once, seconds for each process) of starting processes that do nothing."""

    def fastest(count: int) -> float:
        return min(lap(lambda: pool.run(_nothing, [0] * count, Bar()))[1].wall for _ in range(3))

    one, many = fastest(1), fastest(workers)
    each = max(0.0, many - one) / (workers - 1) if workers > 1 else one
    return max(0.0, one - each), each


def _nothing(job: int, tell: pool.Tell) -> int:
    return job


def memory(workers: int, seconds: float) -> float:
    """Bytes a second that ``workers`` processes together copy in memory, in so many seconds."""
    begin = time.monotonic() + _TOGETHER + 0.01 * workers  # CLOCK_MONOTONIC is one for all processes
    return float(sum(pool.run(_copy, [(begin, seconds)] * workers, Bar())))


def _copy(job: Tuple[float, float], tell: pool.Tell) -> float:
    begin, seconds = job
    # Anonymous mappings, touched before the clock runs.
    source: Any = np.frombuffer(mmap.mmap(-1, _BUFFER), np.uint8)
    target: Any = np.frombuffer(mmap.mmap(-1, _BUFFER), np.uint8)
    source[:] = 1
    np.copyto(target, source)
    time.sleep(max(0.0, begin - time.monotonic()))
    began, spent, done = time.perf_counter(), 0.0, 0
    while spent < seconds:
        np.copyto(target, source)
        done += _BUFFER
        spent = time.perf_counter() - began
    return done / spent


def disk(directory: str, size: int) -> float:
    """Bytes a second written to a file in ``directory``, fsync(2) included. Raises OSError."""
    path = os.path.join(directory, leftovers.name("disk", "part"))
    data = os.urandom(min(size, _CHUNK))
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
    try:
        began, done = time.perf_counter(), 0
        while done < size:
            done += os.write(handle, data)
        os.fsync(handle)
        return done / (time.perf_counter() - began)
    finally:
        os.close(handle)
        os.unlink(path)
