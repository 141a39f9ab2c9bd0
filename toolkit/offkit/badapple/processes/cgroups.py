"""What control groups, of version 1 and 2, leave to this process.

A group's limits count for all groups below it, so the least of all on the way up holds.
"""

import os
from typing import Iterator, NamedTuple, Optional, Tuple

from offkit.edges import proc

_UNLIMITED_V1 = 1 << 60  # "no limit" of memory in version 1 is the greatest number of whole pages


class Granted(NamedTuple):
    """None where nothing limits."""

    quota: Optional[float]  # processors' worth of time
    processes: Optional[int]  # processes and threads that can still be started
    memory: Optional[int]  # bytes that can still be used


def measure(root: str = "/") -> Granted:
    """What is left now. ``root``: where /proc and /sys are, for tests."""
    groups = list(_groups(root))
    quotas = [_quota(*group) for group in groups]
    tasks = [_left(group, "pids.max", "pids.current") for kind, group in groups if kind in ("", "pids")]
    memory = [_memory(*group) for group in groups]
    return Granted(
        min([quota for quota in quotas if quota is not None], default=None),
        min([task for task in tasks if task is not None], default=None),
        min([left for left in memory if left is not None], default=None),
    )


def _groups(root: str) -> Iterator[Tuple[str, str]]:
    """(controllers, directory) of each control group this process is in, and of those above it.

    ``controllers`` is "" for version 2. In a container the path told is the host's, or below a
    root that is mounted elsewhere: what does not exist is left out, the top is always tried.
    """
    base = os.path.join(root, "sys/fs/cgroup")
    for line in proc.told(os.path.join(root, "proc/self/cgroup")).splitlines():
        _, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        for hierarchy in [base, base + "/unified"] if not controllers else [base + "/" + controllers]:
            names = [name for name in path.split("/") if name and name != ".."]
            above = [os.path.join(hierarchy, *names[:length]) for length in range(len(names), -1, -1)]
            for directory in filter(os.path.isdir, above):
                for controller in controllers.split(","):
                    yield controller, directory


def _quota(controller: str, directory: str) -> Optional[float]:
    if controller not in ("", "cpu"):
        return None
    if controller:
        quota = _number(os.path.join(directory, "cpu.cfs_quota_us"))
        period = _number(os.path.join(directory, "cpu.cfs_period_us"))
    else:
        words = proc.told(os.path.join(directory, "cpu.max")).split() + ["", ""]
        quota, period = (int(word) if word.isdecimal() else None for word in words[:2])
    return float(quota) / period if quota and period and quota > 0 else None


def _memory(controller: str, directory: str) -> Optional[int]:
    """Bytes left; what only caches files can be had at any time."""
    if controller == "":
        names, cached = ("memory.max", "memory.current"), "file"
    elif controller == "memory":
        names, cached = ("memory.limit_in_bytes", "memory.usage_in_bytes"), "total_cache"
    else:
        return None
    left = _left(directory, *names)
    if left is None:
        return None
    for line in proc.told(os.path.join(directory, "memory.stat")).splitlines():
        name, _, value = line.partition(" ")
        if name == cached and value.isdecimal():
            left += int(value)
    return left


def _left(directory: str, most: str, used: str) -> Optional[int]:
    limit = _number(os.path.join(directory, most))
    if limit is None or limit >= _UNLIMITED_V1:
        return None
    return max(0, limit - (_number(os.path.join(directory, used)) or 0))


def _number(path: str) -> Optional[int]:
    text = proc.told(path).strip()
    return int(text) if text.lstrip("-").isdecimal() else None
