"""A pool of worker processes, each of which does one job, and the coordinator that waits for them.

Only pipes connect them: no queue, lock or shared memory, so nothing here needs semaphores or
/dev/shm. A worker that dies is noticed by the end of its pipe, and a worker whose coordinator
dies is stopped by its own next message.
"""

import multiprocessing
import os
import signal
import sys
import traceback
from contextlib import suppress
from multiprocessing import connection
from typing import Any, Callable, Dict, List, Optional, Sequence, Tuple

from offkit.edges import signals
from offkit.model.errors import EnvironmentProblem, OffkitError
from offkit.model.finding import ERROR, Finding
from offkit.model.report import Bar

Tell = Callable[[int], None]
Work = Callable[[Any, Tell], Any]

_PROGRESS, _RESULT, _PROBLEM, _BUG = range(4)
_ENDING = (signal.SIGINT, *signals.ENDINGS)


def start_method() -> str:
    """``fork`` where it is safe: on Linux, by a process with one thread. Else ``spawn``."""
    if sys.platform.startswith("linux"):
        try:
            if len(os.listdir("/proc/self/task")) == 1:
                return "fork"
        except OSError:
            pass  # no /proc: nobody knows
    return "spawn"


def run(work: Work, jobs: Sequence[Any], bar: Bar, method: Optional[str] = None) -> List[Any]:
    """``work(job, tell)`` for every job, each in its own process at once; the results in order.

    ``work`` is a module's function; it calls ``tell(n)`` now and then for ``n`` more units
    done. Raises what a worker raised if that is an OffkitError, EnvironmentProblem (VID004)
    when one is killed, RuntimeError for a bug in one. No worker is left behind in any case.
    """
    method = method or start_method()
    context: Any = multiprocessing.get_context(method)
    workers: List[Any] = []
    waiting: Dict[Any, int] = {}
    results: List[Any] = [None] * len(jobs)
    try:
        for index, job in enumerate(jobs):
            # A forked worker has copies of the coordinator's ends. It closes them, or it would
            # never learn that the coordinator is gone.
            copies = list(waiting) if method == "fork" else None
            with signals.held():  # a worker that is started is a worker that is known
                mine, theirs, worker = _start(context, work, job, index, copies)
                workers.append(worker)
                waiting[mine] = index
            theirs.close()
        while waiting:
            ready: List[Any] = connection.wait(list(waiting))
            for pipe in ready:
                index = waiting[pipe]
                try:
                    kind, value = pipe.recv()
                except (EOFError, OSError):
                    raise _died(workers[index], index, len(jobs))
                if kind == _PROGRESS:
                    bar.advance(value)
                elif kind == _PROBLEM:
                    raise value
                elif kind == _BUG:
                    raise RuntimeError("in a worker process:\n" + value)
                else:
                    results[index] = value
                    del waiting[pipe]
                    pipe.close()
        for worker in workers:
            worker.join()
    finally:
        with signals.held():
            for worker in workers:
                if worker.is_alive():
                    with suppress(ProcessLookupError):
                        os.kill(worker.pid, signal.SIGKILL)
            for worker in workers:
                worker.join()
        for pipe in waiting:
            pipe.close()
    return results


def _start(
    context: Any, work: Work, job: Any, index: int, copies: Optional[List[Any]]
) -> Tuple[Any, Any, Any]:
    """(the coordinator's end of the pipe, the worker's end, the worker)."""
    try:
        mine, theirs = context.Pipe(duplex=False)
        foreign = [] if copies is None else copies + [mine]
        worker = context.Process(target=_serve, args=(work, job, theirs, foreign), daemon=True)
        worker.start()
    except OSError as error:
        name = "worker {}".format(index + 1)
        text = "{} cannot be started: {}".format(name, error.strerror)
        fix = "use fewer processes, -j 1, or raise the limits: ulimit -u (processes), ulimit -n (files)"
        raise EnvironmentProblem(text, [Finding("VID004", ERROR, name, text, (), fix)])
    return mine, theirs, worker


def _died(worker: Any, index: int, count: int) -> OffkitError:
    worker.join()
    code = worker.exitcode
    if code is not None and code < 0:
        try:
            how = "was killed by {}".format(signal.Signals(-code).name)
        except ValueError:
            how = "was killed by signal {}".format(-code)
    else:
        how = "ended with exit status {} and no result".format(code)
    text = "worker {} of {} {}".format(index + 1, count, how)
    fixes = {
        -signal.SIGKILL: "usually the out-of-memory killer (dmesg says so): use fewer processes, -j 1",
        -signal.SIGILL: "the processor lacks an instruction that numpy or OpenCV was built with",
    }
    fix = fixes.get(code, "run it again with -j 1; offkit doctor checks the libraries")
    return EnvironmentProblem(text, [Finding("VID004", ERROR, "processes", text, (), fix)])


def _serve(work: Work, job: Any, pipe: Any, foreign: List[Any]) -> None:
    """A worker's life.

    Ctrl-C, a hang-up and a service's stop reach the whole group of processes. They are for the
    coordinator, which then ends the workers; one that went first would look like a failure.
    """
    for number in _ENDING:
        signal.signal(number, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _ENDING)
    for end in foreign:
        end.close()
    try:
        try:
            answer = (_RESULT, work(job, lambda amount: pipe.send((_PROGRESS, amount))))
        except BrokenPipeError:
            raise
        except OffkitError as problem:
            answer = (_PROBLEM, problem)
        except MemoryError:
            answer = (_PROBLEM, EnvironmentProblem("out of memory", fix="use fewer processes: -j 1"))
        except Exception:
            answer = (_BUG, traceback.format_exc())
        pipe.send(answer)
    except BrokenPipeError:
        os._exit(1)  # nobody listens any more
