"""Lines through measurements of a fleet, and what they say of a thousand hosts. Pure."""

from typing import List, NamedTuple, Sequence, Tuple

# What TCP leaves of a gigabit Ethernet: 1460 of 1538 bytes a frame, bytes a second.
GIGABIT = 1e9 / 8 * 1460 / 1538


class Line(NamedTuple):
    """y = intercept + slope x"""

    intercept: float
    slope: float
    r2: float  # share of the variance that it explains


class Costs(NamedTuple):
    """What one host costs, in seconds and bytes; measured."""

    start: float  # once, whatever the number of hosts
    host: float  # on the host itself: offkit's own work, on one processor of its own
    trips: float  # between control node and host: all tasks, with nobody else to wait for
    control: float  # processor seconds of the control node
    main: float  # those among them that Ansible's first process spends, on one processor
    wire: float  # bytes over the control node's link, both ways


class Projection(NamedTuple):
    seconds: float
    limit: str  # what it is that takes the time: "hosts", "control node" or "network"


def fit(points: Sequence[Tuple[float, float]]) -> Line:
    """Least squares. ValueError for fewer than two different x."""
    count = len(points)
    mean_x = sum(x for x, _ in points) / max(count, 1)
    mean_y = sum(y for _, y in points) / max(count, 1)
    spread = sum((x - mean_x) ** 2 for x, _ in points)
    if not spread:
        raise ValueError("a line needs two different points")
    slope = sum((x - mean_x) * (y - mean_y) for x, y in points) / spread
    intercept = mean_y - slope * mean_x
    total = sum((y - mean_y) ** 2 for _, y in points)
    left = sum((y - intercept - slope * x) ** 2 for x, y in points)
    return Line(intercept, slope, 1 - left / total if total else 1.0)


def project(costs: Costs, hosts: int, forks: int, cores: int, network: float = GIGABIT) -> Projection:
    """The time for ``hosts`` that do not share their processors.

    ``forks`` of them are at work at a time; the control node has ``cores`` for all of them, of which
    Ansible's first process uses one, and a link that takes ``network`` bytes a second. Whichever is
    slowest sets the pace:

        start + hosts x max((host + trips) / forks, control / cores, main, wire / network)
    """
    paces = {
        "hosts": (costs.host + costs.trips) / forks,
        "control node": max(costs.control / cores, costs.main),
        "network": costs.wire / network,
    }
    limit = max(paces, key=lambda name: paces[name])
    return Projection(costs.start + hosts * paces[limit], limit)


def table(rows: Sequence[Sequence[str]]) -> List[str]:
    """Lines of a Markdown table; the first row is the head, numbers are to the right."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = ["| " + " | ".join(cell.rjust(width) for cell, width in zip(row, widths)) + " |" for row in rows]
    lines.insert(1, "|" + "|".join("-" * (width + 1) + ":" for width in widths) + "|")
    return lines


def clock(seconds: float) -> str:
    """``7.4 s``, ``12 min``."""
    return "{:.1f} s".format(seconds) if seconds < 100 else "{:.0f} min".format(seconds / 60)
