"""What this server allows a program: processors, processes, open files, memory.

Limits are set in several places that do not know each other: the affinity mask, setrlimit(2),
and control groups, of version 1 and 2, each of which counts for all groups below it. The least
of them holds. ``measure`` looks, ``allowed`` decides: how many workers, and VID016 for what
kept them from being more.
"""

import errno
import math
import os
import resource
from typing import Any, Iterator, List, NamedTuple, Optional, Sequence, Tuple

from offkit.badapple.processes import cgroups
from offkit.edges import proc
from offkit.model.finding import WARNING, Finding
from offkit.model.words import several

_BASE = 70 << 20  # bytes of a worker with Python, numpy and OpenCV, less what fork shares
_PICTURES = 30  # that a decoder holds: 16 of reference, those that wait, those being converted
_THREAD = 136 << 20  # bytes that a thread maps at once: its stack, and glibc's arena with room to align
_SPARE_FILES = 32
_SPARE_PROCESSES = 2
MORE_PROCESSES = "more process or thread", "more processes or threads"


class Limits(NamedTuple):
    """What is left for this program; None where nothing limits or nobody tells."""

    online: int  # processors that the machine runs
    mask: int  # processors that this process may be put on
    quota: Optional[float]  # processors' worth of time that control groups grant
    processes: Optional[int]  # processes and threads that can still be started
    files: Optional[int]  # files that one process can still open
    address_space: Optional[int]  # bytes that one process can still map
    memory: Optional[int]  # bytes that can still be used


class Allowed(NamedTuple):
    workers: int
    findings: List[Finding]


def measure(root: str = "/") -> Limits:
    """The limits of this process. ``root``: where /proc and /sys are, for tests."""
    granted = cgroups.measure(root)
    mask = len(processors())
    return Limits(
        max(mask, os.sysconf("SC_NPROCESSORS_ONLN")),
        mask,
        granted.quota,
        _least(_processes(root), granted.processes),
        _files(root),
        _address_space(root),
        _least(_available(root), granted.memory),
    )


def processors() -> Sequence[Optional[int]]:
    """Numbers of the processors this process may use (sched_getaffinity(2)); None for each where no
    system tells."""
    if hasattr(os, "sched_getaffinity"):
        return sorted(os.sched_getaffinity(0))
    return [None] * (os.cpu_count() or 1)


def worker_memory(width: int, height: int, threads: int) -> int:
    """Bytes that a worker may come to use, with a decoder of ``threads`` threads."""
    return _BASE + width * height * 3 // 2 * (_PICTURES + 2 * (threads - 1))


def cores(limits: Limits) -> int:
    """Workers that can run at once."""
    return max(1, min(limits.mask, math.ceil(limits.quota) if limits.quota else limits.mask))


def allowed(limits: Limits, asked: int, threads: int, memory: int, most: int = 1 << 20) -> Allowed:
    """How many workers there can be, with ``threads`` decoder threads and ``memory`` bytes each.

    ``most`` is as many as there is work for. ``asked`` 0 means one for every processor that may be
    used; another number is held against the limits that make workers fail, never against the
    number of processors.
    """
    findings: List[Finding] = []
    workers = cores(limits)
    if limits.mask < limits.online:
        findings.append(
            _limit(
                "processors",
                "{} of {} processors may be used (affinity mask)".format(limits.mask, limits.online),
                ("sched_getaffinity(2)", "/proc/self/status: Cpus_allowed_list"),
                "if that is not intended: taskset, cpuset of the container, or CPUAffinity of the service",
            )
        )
    if limits.quota and limits.quota < limits.mask:
        findings.append(
            _limit(
                "processors",
                "a control group grants the time of {:.2g} of {} processors".format(
                    limits.quota, limits.mask
                ),
                ("/proc/self/cgroup", "/sys/fs/cgroup: cpu.max, cpu.cfs_quota_us"),
                "if that is not intended: the container's --cpus, or CPUQuota of the service or slice",
            )
        )
    wanted = workers = min(asked or workers, most)
    each = threads + 1 if threads > 1 else 2  # the decoder's, and the worker's own
    for scarce in _scarce(limits, each, memory):
        if scarce.enough < workers:
            workers = max(1, scarce.enough)
            text = "{}; asked for: {}{}; used: {}".format(
                scarce.left, several(wanted, "process", "processes"), scarce.need, workers
            )
            findings.append(_limit(scarce.subject, text, scarce.looked, scarce.fix))
    stacks = threads * _THREAD if threads > 1 else 0
    if limits.address_space is not None and limits.address_space < memory + stacks:
        findings.append(
            _limit(
                "address space",
                "a process can map {} MB more, a worker needs about {}".format(
                    limits.address_space >> 20, (memory + stacks) >> 20
                ),
                ("getrlimit(2): RLIMIT_AS",),
                "ulimit -v unlimited, or a smaller video",
            )
        )
    return Allowed(workers, findings)


class _Scarce(NamedTuple):
    """What every worker takes some of."""

    subject: str
    enough: int  # for so many workers
    left: str
    need: str  # of each worker
    looked: Tuple[str, ...]
    fix: str


def _scarce(limits: Limits, each: int, memory: int) -> Iterator[_Scarce]:
    """What is limited, for workers that have ``each`` threads and ``memory`` bytes."""
    if limits.processes is not None:
        yield _Scarce(
            "processes",
            (limits.processes - _SPARE_PROCESSES) // each,
            several(limits.processes, *MORE_PROCESSES) + " can be started",
            " with {} each".format(several(each, "thread")),
            ("getrlimit(2): RLIMIT_NPROC", "/sys/fs/cgroup: pids.max"),
            "ulimit -u N, /etc/security/limits.d, TasksMax of the service, or --pids-limit of the container",
        )
    if limits.files is not None:
        yield _Scarce(
            "open files",
            (limits.files - _SPARE_FILES) // 2,
            several(limits.files, "more file") + " can be opened",
            "",
            ("getrlimit(2): RLIMIT_NOFILE",),
            "ulimit -n N, or nofile in /etc/security/limits.d",
        )
    if limits.memory is not None:
        yield _Scarce(
            "memory",
            limits.memory // memory,
            "{} MB are left".format(limits.memory >> 20),
            " of about {} MB each".format(memory >> 20),
            ("/proc/meminfo: MemAvailable", "/sys/fs/cgroup: memory.max, memory.limit_in_bytes"),
            "stop what uses it, or raise MemoryMax of the service or slice, or --memory of the container",
        )


def _limit(subject: str, message: str, looked: Tuple[str, ...], fix: str) -> Finding:
    return Finding("VID016", WARNING, subject, message, looked, fix)


def _least(*values: Optional[int]) -> Optional[int]:
    known = [value for value in values if value is not None]
    return min(known) if known else None


def _available(root: str) -> Optional[int]:
    for line in proc.told(os.path.join(root, "proc/meminfo")).splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) << 10
    return None


def _processes(root: str) -> Optional[int]:
    """Processes and threads left to this user; root's are not counted (setrlimit(2))."""
    limit = _soft(resource.RLIMIT_NPROC)
    if limit is None or os.geteuid() == 0:
        return None
    used, proc = 0, os.path.join(root, "proc")
    for name in _listed(proc):
        if name.isdecimal():
            try:
                if os.stat(os.path.join(proc, name)).st_uid == os.geteuid():
                    used += len(_listed(os.path.join(proc, name, "task")))
            except OSError:
                pass  # it ended just now
    return max(0, limit - used)


def _files(root: str) -> Optional[int]:
    limit = _soft(resource.RLIMIT_NOFILE)
    if limit is None:
        return None
    try:
        # The limit is one more than the highest number. Listing takes one itself, which is counted.
        used = sum(int(fd) < limit for fd in os.listdir(os.path.join(root, "proc/self/fd")))
    except OSError as error:
        return 0 if error.errno == errno.EMFILE else limit
    return max(0, limit - used)


def _address_space(root: str) -> Optional[int]:
    limit = _soft(resource.RLIMIT_AS)
    pages = proc.told(os.path.join(root, "proc/self/statm")).split()
    used = int(pages[0]) * os.sysconf("SC_PAGE_SIZE") if pages else 0
    return None if limit is None else max(0, limit - used)


def _soft(kind: Any) -> Optional[int]:
    soft = resource.getrlimit(kind)[0]
    return None if soft in (resource.RLIM_INFINITY, -1) else int(soft)


def _listed(directory: str) -> List[str]:
    try:
        return os.listdir(directory)
    except OSError:
        return []
