"""What speaks against measurements: VID019 says that they lie too far apart or that others were at work."""

from typing import List, Optional, Tuple

from offkit.badapple.bench import machine
from offkit.badapple.bench.outcome import LINEAR, PROCESSES, Row
from offkit.model.finding import WARNING, Finding
from offkit.model.words import several

_SPREAD = 0.10  # of the median, above which measurements are called noisy


def others(
    before: Optional[machine.Ticks], after: Optional[machine.Ticks], own: float, wall: float
) -> Tuple[float, float]:
    """Processors that others kept busy meanwhile, and that a hypervisor took away."""
    if not (before and after):
        return 0.0, 0.0
    return max(0.0, after.busy - before.busy - own) / wall, (after.stolen - before.stolen) / wall


def reasons(here: machine.Machine, rows: List[Row], others: Tuple[float, float]) -> List[str]:
    """What speaks against these measurements, in words."""
    found = []
    if here.load is not None and here.load > 0.2 + 0.1 * here.mask:
        found.append("the load average was {:.1f} before".format(here.load))
    if others[0] > 0.05 * here.mask:
        found.append("other programs kept {:.1f} of {} processors busy".format(others[0], here.online))
    if others[1] > 0.02 * here.mask:
        found.append("the hypervisor took {:.1f} processors away".format(others[1]))
    spreads = [(one.spread, _whose(row)) for row in rows for one in (row.offkit, row.floor)]
    found += [
        "decoding alone took longer than the conversion with {}".format(_whose(row))
        for row in rows
        if row.offkit.values and row.floor.median > row.offkit.median
    ]
    worst = max(spreads) if spreads else (0.0, "")
    if worst[0] > _SPREAD:
        found.append("times of {} differ by {:.0%}".format(worst[1], worst[0]))
    return found


def _whose(row: Row) -> str:
    if row.kind == LINEAR:
        return "the linear conversion"
    return (
        several(row.workers, "process", PROCESSES)
        if row.kind == PROCESSES
        else several(row.workers, "thread")
    )


def findings(words: List[str]) -> List[Finding]:
    """VID019 where there are any."""
    if not words:
        return []
    text = "unreliable: " + "; ".join(words)
    fix = "measure again when the machine is idle: top shows who is at work"
    return [Finding("VID019", WARNING, "measurements", text, ("/proc/loadavg", "/proc/stat"), fix)]
