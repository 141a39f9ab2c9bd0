"""The design this workload descends from, built again from its description, to measure against.

One reader decodes and puts whole pictures on a queue, pickled; N workers take them and make
characters with a loop over the cells; one writer, the coordinator, gets the texts on a second
queue, brings them into order and writes: see ``pipeline``. Linear and with threads, which are
here, the same work is done without pickling.

The work of a frame: BGR to gray, one cv2.resize to the grid (both in C), and for every cell an
index into the picture, an int, a call, a division, a look-up and a string that grows. A cell
costs 0.4 to 0.8 µs on a processor of 2023; the origin's own times (35 and 51 s for 6572 frames
of 44 × 117 cells) come to about 0.9 and 1.4 µs. The decoder has as many threads as it likes,
as there.
"""

import queue
import threading
import time
from contextlib import suppress
from typing import Any, Callable, Dict, NamedTuple

import cv2

from offkit.badapple.formats.cells import Grid
from offkit.badapple.video.decode import Source

RAMP = " .:-=+*#%@"
ROOM = 2  # pictures a queue holds for each worker, so that memory does not grow with the video
_PATIENCE = 1.0  # seconds between two looks at whether the others have ended

Advance = Callable[[int], None]


class Job(NamedTuple):
    """What to convert: the first ``frames`` pictures of ``video``, to the text file ``path``."""

    video: str
    path: str
    grid: Grid
    frames: int


class Run(NamedTuple):
    """How it went. Seconds of wall time, and of the processor per kind of process."""

    frames: int
    starting: float  # until everybody was started
    working: float  # from then on
    reader: float = 0.0  # CPU; the three are 0 where one process does everything
    workers: float = 0.0  # of all of them together
    writer: float = 0.0


def character(level: int) -> str:
    """The character for a gray level, 0 to 255."""
    place = int(level / 256 * len(RAMP))
    return RAMP[min(place, len(RAMP) - 1)]


def text(picture: Any, grid: Grid) -> str:
    """The rows of one BGR picture, character by character."""
    gray = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)
    small = cv2.resize(gray, (grid.columns, grid.rows))
    rows = ""
    for row in range(grid.rows):
        for column in range(grid.columns):
            rows += character(int(small[row][column]))
        rows += "\n"
    return rows


class Writer:
    """Texts in any order into a file in the right one."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._early: Dict[int, str] = {}
        self.written = 0

    def __enter__(self) -> "Writer":
        self._file = open(self._job.path, "w", encoding="ascii")
        self._file.write("total frame: {}\n".format(self._job.frames))
        return self

    def __exit__(self, *exc: Any) -> None:
        self._file.close()

    def add(self, number: int, rows: str) -> None:
        self._early[number] = rows
        while self.written in self._early:
            self._file.write("{}\n{}".format(self.written, self._early.pop(self.written)))
            self.written += 1


def linear(job: Job, advance: Advance) -> Run:
    """Everything one after the other, in this process."""
    began = time.perf_counter()
    source = Source(job.video)
    with Writer(job) as writer:
        while writer.written < job.frames:
            picture = source.read()
            if picture is None:
                break
            writer.add(writer.written, text(picture, job.grid))
            advance(1)
    source.close()
    return Run(writer.written, 0.0, time.perf_counter() - began)


def threads(job: Job, workers: int, advance: Advance) -> Run:
    """One thread reads, ``workers`` threads convert, this one writes; queues between them."""
    began = time.perf_counter()
    frames: Any = queue.Queue(ROOM * workers)
    texts: Any = queue.Queue(ROOM * workers)
    over = threading.Event()
    crowd = [threading.Thread(target=_thread_reads, args=(job, workers, frames, over), daemon=True)]
    crowd += [
        threading.Thread(target=_thread_converts, args=(job.grid, frames, texts, over), daemon=True)
        for _ in range(workers)
    ]
    try:
        for thread in crowd:
            thread.start()
        started = time.perf_counter()
        with Writer(job) as writer:
            ended = 0
            while ended < workers:
                item = texts.get()
                if item is None:
                    ended += 1
                elif isinstance(item, BaseException):
                    raise item
                else:
                    writer.add(*item)
                    advance(1)
        return Run(writer.written, started - began, time.perf_counter() - started)
    finally:
        over.set()
        for thread in crowd:
            if thread.ident is not None:
                thread.join()


def _thread_reads(job: Job, workers: int, frames: Any, over: Any) -> None:
    source = Source(job.video)
    for number in range(job.frames):
        picture = source.read()
        # Source hands out the same memory each time, and a queue of threads does not copy.
        if picture is None or not _put(frames, (number, picture.copy()), over):
            break
    source.close()
    for _ in range(workers):
        _put(frames, None, over)


def _thread_converts(grid: Grid, frames: Any, texts: Any, over: Any) -> None:
    try:
        while True:
            item = _get(frames, over)
            if item is None:
                break
            _put(texts, (item[0], text(item[1], grid)), over)
        _put(texts, None, over)
    except Exception as error:
        _put(texts, error, over)


def _put(room: Any, item: Any, over: Any) -> bool:
    """Whether ``item`` found room before everything was over."""
    while not over.is_set():
        with suppress(queue.Full):
            room.put(item, timeout=_PATIENCE)
            return True
    return False


def _get(room: Any, over: Any) -> Any:
    while not over.is_set():
        with suppress(queue.Empty):
            return room.get(timeout=_PATIENCE)
    return None
