"""The origin's design with processes: pictures and texts go through queues, pickled (see ``origin``)."""

import os
import resource
import signal
import time
from contextlib import contextmanager, suppress
from typing import Any, Dict, Iterator, List, Optional

from offkit.badapple.formats.cells import Grid
from offkit.badapple.processes import pool
from offkit.badapple.video.decode import Source
from offkit.model.errors import EnvironmentProblem
from offkit.model.finding import ERROR, Finding
from origin import ROOM, Advance, Job, Run, Writer, text

_PATIENCE = 1.0  # seconds between two looks at whether the others still live


def processes(job: Job, workers: int, advance: Advance, method: Optional[str] = None) -> Run:
    """One process reads, ``workers`` processes convert, this one writes; pickles between them.

    Raises EnvironmentProblem: VID011 where there are no semaphores, which a
    multiprocessing.Queue needs, VID004 when a process cannot be started or ends early.
    """
    import multiprocessing

    context: Any = multiprocessing.get_context(method or pool.start_method())
    began = time.perf_counter()
    try:
        frames = context.Queue(ROOM * workers)
        texts = context.Queue(ROOM * workers)
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
        with _watch(crowd), Writer(job) as writer:
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


def _spent() -> float:
    """Processor seconds of this process so far."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


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
    fix = "raise the limits: ulimit -u (processes)"
    return EnvironmentProblem(text, [Finding("VID004", ERROR, "bench-badapple", text, (), fix)])


def _no_queues(error: Exception) -> EnvironmentProblem:
    text = "the origin's design cannot be measured: its queues need semaphores ({})".format(error)
    fix = "mount -t tmpfs -o mode=1777 tmpfs /dev/shm"
    return EnvironmentProblem(text, [Finding("VID011", ERROR, "/dev/shm", text, ("sem_open(3)",), fix)])
