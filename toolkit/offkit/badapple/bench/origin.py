"""The design this workload descends from, built again from its description, to measure against.

One reader decodes and puts whole pictures on a queue, pickled; N workers take them and make
characters with a loop over the cells; one writer, the coordinator, gets the texts on a second
queue, brings them into order and writes. Linear and with threads it does the same work
without pickling. The work of a frame: BGR to gray, one cv2.resize to the grid (both in C), and for every
cell an index into the picture, an int, a call, a division, a look-up and a string that grows. A
cell costs 0.4 to 0.8 µs here; the origin's own times (35 and 51 s for 6572 frames of 44 × 117
cells) come to about 0.9 and 1.4 µs. The decoder has as many threads as it likes, as there.
"""

import os
import queue
import resource
import signal
import threading
import time
from contextlib import contextmanager, suppress
from typing import Any, Callable, Dict, Iterator, List, NamedTuple, Optional

import cv2

from offkit.badapple import crew
from offkit.badapple.decode import Source
from offkit.badapple.formats.cells import Grid
from offkit.model.errors import EnvironmentProblem
from offkit.model.finding import ERROR, Finding

RAMP = " .:-=+*#%@"
_ROOM = 2  # pictures a queue holds for each worker, so that memory does not grow with the video
_PATIENCE = 1.0  # seconds between two looks at whether the others still live

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


def linear(job: Job, advance: Advance) -> Run:
    """Everything one after the other, in this process."""
    began = time.perf_counter()
    source = Source(job.video)
    with _Writer(job) as writer:
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
    frames: Any = queue.Queue(_ROOM * workers)
    texts: Any = queue.Queue(_ROOM * workers)
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
        with _Writer(job) as writer:
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


def processes(job: Job, workers: int, advance: Advance, method: Optional[str] = None) -> Run:
    """One process reads, ``workers`` processes convert, this one writes; pickles between them.

    Raises EnvironmentProblem: VID011 where there are no semaphores, which a
    multiprocessing.Queue needs, VID004 when a process cannot be started or ends early.
    """
    import multiprocessing

    context: Any = multiprocessing.get_context(method or crew.start_method())
    began = time.perf_counter()
    try:
        frames = context.Queue(_ROOM * workers)
        texts = context.Queue(_ROOM * workers)
    except (ImportError, OSError) as error:
        raise _no_queues(error)
    crowd = [context.Process(target=_reads, args=(job, workers, frames, texts, os.getpid()), daemon=True)]
    crowd += [
        context.Process(target=_converts, args=(job.grid, frames, texts, os.getpid()), daemon=True)
        for _ in range(workers)
    ]
    try:
        try:
            for process in crowd:
                process.start()
        except OSError as error:
            raise _failed("a process cannot be started: {}".format(error.strerror))
        started = time.perf_counter()
        used = _spent()
        bills: Dict[str, float] = {"reader": 0.0, "worker": 0.0}
        with _watch(crowd), _Writer(job) as writer:
            ended = 0
            while ended < len(crowd):
                item = texts.get()
                if isinstance(item[0], str):
                    bills[item[0]] += item[1]
                    ended += 1
                else:
                    writer.add(*item)
                    advance(1)
        return Run(
            writer.written,
            started - began,
            time.perf_counter() - started,
            bills["reader"],
            bills["worker"],
            _spent() - used,
        )
    finally:
        _end(crowd)
        for one in (frames, texts):
            one.close()
            one.cancel_join_thread()


class _Writer:
    """Texts in any order into a file in the right one."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._early: Dict[int, str] = {}
        self.written = 0

    def __enter__(self) -> "_Writer":
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


def _spent() -> float:
    """Processor seconds of this process so far."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


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


def _reads(job: Job, workers: int, frames: Any, texts: Any, parent: int) -> None:
    """The life of the reading process."""
    _watch_parent(parent)
    source = Source(job.video)
    for number in range(job.frames):
        picture = source.read()
        if picture is None:
            break
        frames.put((number, picture.copy()))  # the queue's own thread pickles it later
    source.close()
    for _ in range(workers):
        frames.put(None)
    frames.close()
    frames.join_thread()  # whose work is to be on the bill
    texts.put(("reader", _spent()))


def _converts(grid: Grid, frames: Any, texts: Any, parent: int) -> None:
    """The life of a converting process."""
    _watch_parent(parent)
    while True:
        item = frames.get()
        if item is None:
            break
        texts.put((item[0], text(item[1], grid)))
    texts.put(("worker", _spent()))


def _watch_parent(parent: int) -> None:
    """End this process once the coordinator is gone: nobody reads the queues then, nobody ends us.

    By a timer, because a queue is read without a time limit once a pickle has begun to arrive.
    """
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # they reach the coordinator, who ends us

    def look(number: int, frame: Any) -> None:
        if os.getppid() != parent:
            os._exit(1)  # an ordinary exit would wait until the queues are read

    signal.signal(signal.SIGALRM, look)
    signal.setitimer(signal.ITIMER_REAL, _PATIENCE, _PATIENCE)


@contextmanager
def _watch(crowd: List[Any]) -> Iterator[None]:
    """Raise as soon as a process has failed, whatever is being waited for meanwhile."""

    def look(number: int, frame: Any) -> None:
        for process in crowd:
            if process.exitcode:
                signal.setitimer(signal.ITIMER_REAL, 0)
                raise _failed("a process ended with exit status {} too early".format(process.exitcode))

    before = signal.signal(signal.SIGALRM, look)
    signal.setitimer(signal.ITIMER_REAL, _PATIENCE, _PATIENCE)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _end(crowd: List[Any]) -> None:
    for process in crowd:
        if process.pid is not None and process.is_alive():
            with suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGKILL)
    for process in crowd:
        if process.pid is not None:
            process.join()


def _failed(why: str) -> EnvironmentProblem:
    text = "the origin's design: " + why
    fix = "measure fewer processes, --bench 1,2, or raise the limits: ulimit -u (processes)"
    return EnvironmentProblem(text, [Finding("VID004", ERROR, "--bench", text, (), fix)])


def _no_queues(error: Exception) -> EnvironmentProblem:
    text = "the origin's design cannot be measured: its queues need semaphores ({})".format(error)
    fix = "mount -t tmpfs -o mode=1777 tmpfs /dev/shm"
    return EnvironmentProblem(text, [Finding("VID011", ERROR, "/dev/shm", text, ("sem_open(3)",), fix)])
