"""The measurements of a bench, in rounds.

Every round measures everything once, the next one in the other order, so that what drifts (heat,
neighbours, caches) meets all alike. The origin's design is so slow that it gets a short stretch.
"""

import os
import re
from functools import partial
from typing import Callable, Dict, List, NamedTuple, Tuple

from offkit.badapple.bench import measure, model, origin, pipeline
from offkit.badapple.bench.numbers import ratio
from offkit.badapple.bench.outcome import LINEAR, PROCESSES, THREADS
from offkit.badapple.formats.base import Format
from offkit.badapple.processes import limits, pool
from offkit.badapple.video import decode
from offkit.model.errors import EnvironmentProblem, UsageError
from offkit.model.finding import WARNING, Finding
from offkit.model.report import Bar, Reporter

MOST = 512  # processes; more are a slip of the finger
_STRETCH, _SHORT_STRETCH = 300, 60  # frames for the origin's design
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
        return powers(limits.processors())
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
        self.stretch = min(_SHORT_STRETCH if request.quick else _STRETCH, video.frames)
        self.frames = video.frames
        self.costs: List[model.Costs] = []
        self.runs: Dict[Tuple[str, int], List[origin.Run]] = {}
        self.laps: Dict[int, List[measure.Lap]] = {}
        self.floors: Dict[int, List[measure.Lap]] = {}
        self.shares: Dict[int, Tuple[float, float, float]] = {}
        self.used: Dict[int, int] = {}  # workers, by those asked for
        self.uncut = False
        self.without_queues: List[Finding] = []

    def steps(self) -> List[Callable[[], None]]:
        """One round."""
        found: List[Callable[[], None]] = [self._cost, partial(self._design, LINEAR, 1)]
        for count in self.request.counts:
            found += [
                partial(self._floor, count),
                partial(self._offkit, count),
                partial(self._design, THREADS, count),
                partial(self._design, PROCESSES, count),
            ]
        return found

    def _cost(self) -> None:
        self.costs.append(measure.costs(self.video, self.form, self.part, _COSTS))

    def _design(self, kind: str, count: int) -> None:
        job = origin.Job(self.video.path, self.part, self.form.look.grid, self.stretch)
        if kind != PROCESSES:
            # Threads stay out of this process: one that has them cannot be forked any more.
            run = pool.run(_threaded, [(job, count if kind == THREADS else 0)], Bar())[0]
        elif self.without_queues:
            return
        else:
            try:
                run = pipeline.processes(job, count, _unseen)
            except EnvironmentProblem as problem:
                if problem.findings and problem.findings[0].code == "VID011":
                    self.without_queues = [problem.findings[0]._replace(severity=WARNING)]
                    return
                raise
        self.runs.setdefault((kind, count), []).append(run)

    def _floor(self, count: int) -> None:
        if self.uncut and count > 1:
            return
        _, spent = measure.floor(self.video, count, 1)
        self.floors.setdefault(count, []).append(spent)

    def _offkit(self, count: int) -> None:
        if self.uncut and count > 1:
            return
        result, spent = measure.conversion(self.video, self.form, self.part, count)
        if result is None:
            self.uncut = True
            return
        self.frames = result.frames
        self.laps.setdefault(count, []).append(spent)
        self.used[count] = result.workers
        did = result.per_worker
        self.shares[count] = (
            sum(one.decode_seconds for one in did),
            sum(one.convert_seconds for one in did),
            sum(one.write_seconds for one in did),
        )


def _unseen(amount: int) -> None:
    pass


def _threaded(task: Tuple[origin.Job, int], tell: pool.Tell) -> origin.Run:
    job, count = task
    return origin.threads(job, count, _unseen) if count else origin.linear(job, _unseen)


def measure_all(bench: Rounds, report: Reporter) -> None:
    """All rounds; the first one tells how long the others will take."""
    request = bench.request
    steps = bench.steps()
    report.step(
        "{} rounds of {} measurements, about {:.0f} s each on an idle machine".format(
            request.repeats, len(steps), _guess(bench)
        )
    )
    with report.bar("measuring", request.repeats * len(steps)) as bar:
        for number in range(request.repeats):
            for step in steps if number % 2 == 0 else steps[::-1]:
                step()
                bar.advance(1)


def _guess(bench: Rounds) -> float:
    """Seconds of a round, from a first look at what frames cost."""
    few = min(200, bench.video.frames)
    cost = measure.costs(bench.video, bench.form, bench.part, few)
    job = origin.Job(bench.video.path, bench.part, bench.form.look.grid, min(20, bench.stretch))
    plain = pool.run(_threaded, [(job, 0)], Bar())[0]
    slow = ratio(plain.working, plain.frames) * bench.stretch
    cores = limits.processors()
    total = cost.frame * bench.video.frames + slow
    for count in bench.request.counts:
        busy = min(count, cores)
        total += (cost.frame + cost.decode) * bench.video.frames / busy + slow + 1.3 * slow / busy
    return total
