"""Whether every processor computes, and shared memory and semaphores work between processes.

One process for each processor that may be used, put on it and nowhere else. Each writes what
it computed, with numpy and with OpenCV, into memory that all of them share, and counts in one
place of it, which only comes out right when a semaphore keeps them apart.
"""

import hashlib
import multiprocessing
import os
import tempfile
import time
from typing import Any, List, NamedTuple, Optional, Tuple

import cv2
import numpy as np

from offkit.badapple.processes import limits, pool
from offkit.edges import leftovers
from offkit.model.finding import ERROR, WARNING, Finding
from offkit.model.report import Bar
from offkit.model.words import several

SHARED = "/dev/shm"  # where Linux keeps POSIX shared memory and semaphores (shm_overview(7))
_ROUNDS = 200  # of counting
_DIGEST = 32  # bytes
_COUNTER = 8


class Task(NamedTuple):
    path: str  # of the shared memory
    number: int  # of the process, and of its place in the memory
    processor: Optional[int]  # None where the system cannot put a process on one
    semaphore: Optional[Any]


class Worked(NamedTuple):
    """What one process has done."""

    processor: Optional[int]
    cpu_seconds: float
    trouble: str  # why it could not work there; empty if it did


class Proof(NamedTuple):
    worked: List[Worked]
    holds: List[str]  # one line each
    findings: List[Finding]


def prove(most: int, method: str, directory: str = SHARED) -> Proof:
    """Try every processor, ``most`` at a time.

    Shared memory is made in ``directory``, which is left as it was, or where that cannot be in a
    file on the disk.

    VID011 where shared memory or semaphores cannot be had, VID016 for a processor that cannot
    be used, VID020 where something wrong was computed. Raises EnvironmentProblem (VID004).
    """
    semaphore, refused = _semaphore(method)
    chosen = limits.processors()
    path, memory, full = _memory(directory, _COUNTER + _DIGEST * len(chosen))
    lacking = refused + full
    if memory is None:
        return Proof([], [], lacking)
    try:
        tasks = [Task(path, at, one, semaphore) for at, one in enumerate(chosen)]
        worked: List[Worked] = []
        for start in range(0, len(tasks), most):
            worked += pool.run(work, tasks[start : start + most], Bar(), method)
    finally:
        os.unlink(path)
    findings = _judged(worked, memory, bool(semaphore))
    return Proof(worked, _holds(worked, findings, lacking), lacking + findings)


def _memory(directory: str, size: int) -> Tuple[str, Any, List[Finding]]:
    """(path, memory, VID011 where it is not in ``directory``); memory is None where none can be had."""
    findings: List[Finding] = []
    for place in (directory, _elsewhere()):
        try:
            leftovers.sweep(place)
            path = os.path.join(place, leftovers.name("shared", "memory"))
            return path, _shared(path, size), findings
        except OSError as error:
            if place == directory:
                text = "shared memory cannot be made there: {}; {}".format(error.strerror, _WITHOUT)
                findings.append(Finding("VID011", WARNING, place, text, ("shm_open(3)",), _MOUNT))
    return "", None, findings


_WITHOUT = "programs that use it will fail, but this workload does not need it"
_MOUNT = "mount -o remount,mode=1777 /dev/shm, or with more room: size=1g"


def _judged(worked: List[Worked], memory: Any, counted: bool) -> List[Finding]:
    """VID016 for each that could not work, VID020 for what is wrong in the memory."""
    findings: List[Finding] = []
    wanted, wrong = np.frombuffer(computed(), np.uint8), []
    able = [one for one in worked if not one.trouble]
    for index, one in enumerate(worked):
        if one.trouble:
            text = "processor {} cannot be used: {}".format(one.processor, one.trouble)
            findings.append(Finding("VID016", WARNING, "processors", text, ("sched_setaffinity(2)",), _OFF))
        elif not np.array_equal(_place(memory, index), wanted):
            wrong.append("any" if one.processor is None else str(one.processor))
    if wrong:
        text = "a result differs from the others, or did not reach shared memory: processor "
        looked = ("numpy and OpenCV, the same on each",)
        findings.append(Finding("VID020", ERROR, "processors", text + ", ".join(wrong), looked, _BROKEN))
    total = int(_counter(memory)[0])
    if counted and total != _ROUNDS * len(able):
        text = "a semaphore does not keep processes apart: {} counts became {}".format(
            _ROUNDS * len(able), total
        )
        findings.append(Finding("VID020", ERROR, SHARED, text, ("sem_wait(3)",), _BROKEN))
    return findings


def _holds(worked: List[Worked], findings: List[Finding], lacking: List[Finding]) -> List[str]:
    able = [one for one in worked if not one.trouble]
    if not able or any(finding.code == "VID020" for finding in findings):
        return []
    computes = "{} the same".format(several(len(able), "processor computes", "processors compute"))
    return [computes + ("" if lacking else ", through shared memory and a semaphore")]


_OFF = "it may have been taken offline: cat /sys/devices/system/cpu/online"
_BROKEN = "test memory and processors (memtest86+, mcelog, dmesg) before trusting this server with anything"


def work(task: Task, tell: pool.Tell) -> Worked:
    """Compute on one processor; the body of a worker process."""
    if task.processor is not None:
        try:
            os.sched_setaffinity(0, {task.processor})
        except OSError as error:
            return Worked(task.processor, 0.0, str(error.strerror))
    memory = np.memmap(task.path, np.uint8, "r+")
    _place(memory, task.number)[:] = np.frombuffer(computed(), np.uint8)
    if task.semaphore:
        counter = _counter(memory)
        for _ in range(_ROUNDS):
            with task.semaphore:
                counter[0] += 1
    return Worked(task.processor, time.process_time(), "")


def computed() -> bytes:
    """SHA-256 of what whole-number arithmetic of numpy and OpenCV gives: the same everywhere."""
    numbers = np.random.RandomState(6572).randint(0, 256, (384, 512)).astype(np.uint8)
    small = cv2.resize(numbers, (256, 192), interpolation=cv2.INTER_AREA)
    rows = small.astype(np.int64)
    return hashlib.sha256(np.ascontiguousarray(rows @ rows.T).tobytes() + small.tobytes()).digest()


def _semaphore(method: str) -> Tuple[Optional[Any], List[Finding]]:
    """A semaphore, or VID011 when multiprocessing's locks and queues do not work here."""
    try:
        return multiprocessing.get_context(method).Semaphore(1), []
    except (ImportError, OSError) as error:
        text = (
            "multiprocessing's Lock, Queue and Pool do not work here ({}); "
            "programs that use them will fail, but this workload does not need them".format(error)
        )
        fix = (
            "mount it: mount -t tmpfs -o mode=1777 tmpfs /dev/shm\n"
            "or, when a self-compiled Python lacks SemLock, compile it again where /dev/shm is"
        )
        return None, [Finding("VID011", WARNING, SHARED, text, ("sem_open(3)", SHARED), fix)]


def _elsewhere() -> str:
    try:
        return tempfile.gettempdir()
    except FileNotFoundError:
        return os.curdir  # none can be written: this cannot either


def _shared(path: str, size: int) -> Any:
    """New shared memory of zeros. Raises OSError, also where there is no room: writing would be SIGBUS."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    try:
        os.posix_fallocate(handle, 0, size)
        return np.memmap(path, np.uint8, "r+")
    except OSError:
        os.unlink(path)
        raise
    finally:
        os.close(handle)


def _counter(memory: Any) -> Any:
    return memory[:_COUNTER].view(np.int64)


def _place(memory: Any, index: int) -> Any:
    return memory[_COUNTER + index * _DIGEST :][:_DIGEST]
