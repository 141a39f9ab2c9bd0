"""What the machine is and what else it does, as far as /proc and /sys tell; unknown is no error."""

import os
import re
from typing import List, NamedTuple, Optional, Set, Tuple

from offkit.badapple.bench import model
from offkit.badapple.processes import limits
from offkit.edges import proc

_SIBLINGS = "sys/devices/system/cpu/cpu{}/topology/thread_siblings_list"
_CACHE = "sys/devices/system/cpu/cpu{}/cache/index{}"


class Machine(NamedTuple):
    name: str  # of the processor; "" when nobody tells
    online: int
    mask: int  # processors this process may use
    quota: Optional[float]  # processors' worth of time granted by control groups
    siblings: int  # threads of each core among those of the mask; 1 when not known
    known: bool  # whether siblings are told
    cache: int  # bytes of the last level, as many times as it is there; 0 when not known
    load: Optional[float]  # average of the last minute, before anything was measured

    @property
    def cores(self) -> float:
        """Whole cores' worth of work that can be done at once."""
        return model.capacity(self.mask, self.quota or 0.0, self.siblings)


class Ticks(NamedTuple):
    """Time since boot of all processors, in seconds (proc_stat(5))."""

    busy: float
    stolen: float  # by the hypervisor, for others


def look(root: str = "/") -> Machine:
    """The machine; ``root`` is where /proc and /sys are, for tests."""
    found = limits.measure(root)
    usable = [number for number in limits.processors() if number is not None]
    each = siblings(usable, root)
    load = proc.told(os.path.join(root, "proc/loadavg")).split()
    return Machine(
        _model_name(root),
        found.online,
        found.mask,
        found.quota,
        each or 1,
        bool(each),
        cache(usable, root),
        float(load[0]) if load and re.match(r"\d+\.\d+$", load[0]) else None,
    )


def siblings(usable: List[int], root: str = "/") -> int:
    """Processors of ``usable`` to each core they are on, rounded; 0 when nobody tells."""
    cores = {proc.told(os.path.join(root, _SIBLINGS.format(processor))).strip() for processor in usable}
    return max(1, round(len(usable) / len(cores))) if cores and "" not in cores else 0


def cache(usable: List[int], root: str = "/") -> int:
    """Bytes of the last-level caches that processors of ``usable`` have; 0 when nobody tells."""
    found: Set[Tuple[int, str]] = set()
    for processor in usable:
        levels = []
        for index in range(8):
            folder = os.path.join(root, _CACHE.format(processor, index))
            size = re.match(r"(\d{1,9})K$", proc.told(os.path.join(folder, "size")))
            level = proc.told(os.path.join(folder, "level")).strip()
            if size and level.isdecimal():
                shared = proc.told(os.path.join(folder, "shared_cpu_list")).strip()
                levels.append((int(level), int(size.group(1)) << 10, shared))
        if levels:
            found.add(max(levels)[1:])
    return sum(size for size, _ in found)


def ticks(root: str = "/") -> Optional[Ticks]:
    """None where there is no /proc/stat."""
    matched = re.match(r"cpu +(\d+(?: \d+){6,})", proc.told(os.path.join(root, "proc/stat")))
    if not matched:
        return None
    user, nice, system, _idle, _wait, irq, soft, *rest = map(int, matched.group(1).split())
    hertz = os.sysconf("SC_CLK_TCK")
    return Ticks((user + nice + system + irq + soft) / hertz, (rest[0] if rest else 0) / hertz)


def _model_name(root: str) -> str:
    matched = re.search(r"^model name\s*:\s*(.+)$", proc.told(os.path.join(root, "proc/cpuinfo")), re.M)
    return matched.group(1).strip() if matched else os.uname().machine
