"""The measurements of a bench, in rounds.

Every round measures everything once, the next one in the other order, so that what drifts (heat,
neighbours, caches) meets all alike.
"""

import os
import re
from functools import partial
from typing import Callable, Dict, List, NamedTuple, Tuple

from offkit.badapple.bench import measure, model
from offkit.badapple.bench.outcome import LINEAR, PROCESSES, THREADS
from offkit.badapple.formats.base import Format
from offkit.badapple.processes import limits
from offkit.badapple.video import decode
from offkit.badapple.writer import Share
from offkit.model.errors import UsageError
from offkit.model.report import Reporter
from offkit.model.words import several

MOST = 512  # processes; more are a slip of the finger
_COSTS = 10000  # frames over which costs are taken, at most


class Request(NamedTuple):
    """What to measure. ``directory`` is where workers write; nothing stays there."""

    video: str
    counts: Tuple[int, ...]
    directory: str = os.curdir
    repeats: int = 3
    quick: bool = False


def counts(text: str) -> Tuple[int, ...]:
    """The numbers of processes that ``--bench`` asks for. Raises UsageError."""
    if text == "auto":
        return powers(len(limits.processors()))
    found = set()
    for part in text.split(","):
        if not (re.match(r" *[0-9]{1,4} *$", part) and 1 <= int(part) <= MOST):
            raise UsageError(
                "--bench {}: {!r} is not a number of processes, 1 to {}".format(text, part.strip(), MOST),
                fix="--bench 1,2,4 or --bench auto",
            )
        found.add(int(part))
    return tuple(sorted(found))


def powers(cores: int) -> Tuple[int, ...]:
    """1, 2, 4 … up to ``cores``, and ``cores`` itself."""
    found, power = {cores}, 1
    while power < cores:
        found.add(power)
        power *= 2
    return tuple(sorted(found))


class Rounds:
    """The measurements of one bench, as they come in."""

    def __init__(self, request: Request, video: decode.Video, form: Format, part: str) -> None:
        self.request, self.video, self.form, self.part = request, video, form, part
        self.frames = video.frames
        self.costs: List[model.Costs] = []
        self.laps: Dict[Tuple[str, int], List[measure.Lap]] = {}  # by kind and number of workers
        self.floors: Dict[int, List[measure.Lap]] = {}
        self.shares: Dict[int, List[Share]] = {}  # of the processes that had work, by those asked for
        self.uncut = False

    def steps(self) -> List[Callable[[], None]]:
        """One round."""
        found: List[Callable[[], None]] = [self._cost, partial(self._convert, LINEAR, 1)]
        for count in self.request.counts:
            found.append(partial(self._floor, count))
            if count > 1:
                found.append(partial(self._convert, THREADS, count))
            found.append(partial(self._convert, PROCESSES, count))
        return found

    def _cost(self) -> None:
        self.costs.append(measure.costs(self.video, self.form, self.part, _COSTS))

    def _floor(self, count: int) -> None:
        if not (self.uncut and count > 1):
            self.floors.setdefault(count, []).append(measure.floor(self.video, count))

    def _convert(self, kind: str, count: int) -> None:
        if self.uncut and count > 1:
            return
        work = measure.conversion if kind == PROCESSES else measure.threaded
        result, spent = work(self.video, self.form, self.part, count)
        if result is None:
            self.uncut = True
            return
        self.frames = result.frames
        self.laps.setdefault((kind, count), []).append(spent)
        if kind == PROCESSES:
            self.shares[count] = result.per_worker


def measure_all(bench: Rounds, report: Reporter) -> None:
    """All rounds; the first one tells how long the others will take."""
    request = bench.request
    steps = bench.steps()
    report.step(
        "{} of {}, about {:.0f} s each on an idle machine".format(
            several(request.repeats, "round"), several(len(steps), "measurement"), _guess(bench)
        )
    )
    with report.bar("measuring", request.repeats * len(steps)) as bar:
        for number in range(request.repeats):
            for step in steps if number % 2 == 0 else steps[::-1]:
                step()
                bar.advance(1)


def _guess(bench: Rounds) -> float:
    """Seconds of a round, from a first look at what frames cost."""
    frames = bench.video.frames
    cost = measure.costs(bench.video, bench.form, bench.part, min(200, frames))
    total = cost.frame * (min(_COSTS, frames) + frames)
    for count in bench.request.counts:
        each = cost.decode + cost.frame * (2 if count > 1 else 1)
        total += each * frames / min(count, len(limits.processors()))
    return total
