"""The bench from end to end: the same video by offkit and by the origin's design, in rounds.

Every round measures everything once, the next one in the other order, so that what drifts (heat,
neighbours, caches) meets all alike. The origin's design is so slow that it gets a short stretch,
and its time is scaled by the number of frames.

VID019 (warning) says that measurements lie too far apart or that others were at work.
"""

import os
import re
import time
from functools import partial
from typing import Any, Callable, Dict, List, NamedTuple, Optional, Tuple

from offkit.badapple import crew, decode, environment
from offkit.badapple.bench import machine, measure, model, origin
from offkit.badapple.bench.numbers import Sample, ratio, sample
from offkit.badapple.formats import catalogue
from offkit.badapple.formats.base import Facts, Format
from offkit.badapple.formats.cells import Look
from offkit.edges import leftovers
from offkit.model.errors import EnvironmentProblem, UsageError
from offkit.model.finding import INFO, WARNING, Finding
from offkit.model.report import Bar, Reporter

LINEAR, THREADS, PROCESSES = "linear", "threads", "processes"
MOST = 512  # processes; more are a slip of the finger
_STRETCH, _SHORT_STRETCH = 300, 60  # frames for the origin's design
_COSTS = 10000  # frames over which costs are taken, at most
_DISK = 64 << 20  # bytes written to see how fast the disk is, at most
_SPREAD = 0.10  # of the median, above which measurements are called noisy


class Request(NamedTuple):
    """What to measure. ``directory`` is where workers write; nothing stays there."""

    video: str
    counts: Tuple[int, ...]
    directory: str = os.curdir
    repeats: int = 3
    quick: bool = False


class Row(NamedTuple):
    """One line of the table. Seconds for all frames; samples are empty where nothing was measured."""

    kind: str
    workers: int
    design: Sample = Sample()  # the origin's, scaled
    offkit: Sample = Sample()
    floor: Sample = Sample()  # decoding alone
    cpu: float = 0.0  # of offkit
    shares: Tuple[float, float, float] = (0.0, 0.0, 0.0)  # decode, convert, write: of offkit's workers
    predicted: Optional[model.Prediction] = None
    designed: Optional[model.Prediction] = None  # of the origin's design


class Outcome(NamedTuple):
    """Everything that was found out."""

    machine: machine.Machine
    libraries: environment.Libraries
    video: decode.Video
    frames: int
    form: Format
    repeats: int
    stretch: int  # frames of the origin's design
    rows: List[Row]
    costs: model.Costs
    stages: Optional[model.Stages]
    memory: Dict[int, float]  # bytes a second, by processes
    computing: Dict[int, float]  # times as much as one process, by processes
    disk: float
    ahead: List[Tuple[int, model.Prediction, Optional[model.Prediction]]]  # cores, offkit's, the origin's
    seconds: float
    findings: List[Finding]


def counts(text: str) -> Tuple[int, ...]:
    """The numbers of processes that ``--bench`` asks for. Raises UsageError."""
    if text == "auto":
        return powers(
            len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        )
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


class _Bench:
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
            run = crew.run(_threaded, [(job, count if kind == THREADS else 0)], Bar())[0]
        elif self.without_queues:
            return
        else:
            try:
                run = origin.processes(job, count, _unseen)
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
        did = result.per_worker
        self.shares[count] = (
            sum(one.decode_seconds for one in did),
            sum(one.convert_seconds for one in did),
            sum(one.write_seconds for one in did),
        )


def _unseen(amount: int) -> None:
    pass


def _threaded(task: Tuple[origin.Job, int], tell: crew.Tell) -> origin.Run:
    job, count = task
    return origin.threads(job, count, _unseen) if count else origin.linear(job, _unseen)


def run(request: Request, report: Reporter) -> Outcome:
    """Measure everything. Raises OffkitError; leaves nothing behind in any case."""
    libraries = environment.load()
    began = time.perf_counter()
    here = machine.look()
    video = decode.probe(request.video)
    if not video.frames:
        raise UsageError(
            "{} does not say how many frames it has".format(request.video), fix="measure another video"
        )
    form = _form(video)
    leftovers.sweep(request.directory)
    part = os.path.join(request.directory, leftovers.name("bench", "part"))
    bench = _Bench(request, video, form, part)
    try:
        before, used = machine.ticks(), measure.cpu()
        memory, computing, disk, once, each = _surroundings(request, form, video, report)
        _rounds(bench, report)
        others = _others(before, machine.ticks(), measure.cpu() - used, time.perf_counter() - began)
    except OSError as error:
        raise _unwritable(request.directory, error)
    finally:
        if os.path.exists(part):
            os.unlink(part)
    costs = _costs(bench.costs)._replace(once=once, starting=each)
    stages = _stages(bench.runs)
    load = model.Load(
        bench.frames,
        video.width * video.height,
        int(form.offset(bench.frames) or 0),
        not video.luma,
        video.keys,
        ratio(measure.seeking(video), costs.decode),
    )
    there = model.Machine(here.cores, max(memory.values()), float(here.cache), disk)
    rows = _rows(bench, load, costs, there, stages)
    return Outcome(
        here,
        libraries,
        video,
        bench.frames,
        form,
        request.repeats,
        bench.stretch,
        rows,
        costs,
        stages,
        memory,
        computing,
        disk,
        _ahead(load, costs, there, stages),
        time.perf_counter() - began,
        _findings(bench, here, rows, others),
    )


def _form(video: decode.Video) -> Format:
    from offkit.badapple.formats import look

    shown = Look(look.grid(video.width, video.height))
    return catalogue.make("text", shown, Facts(video.fps or 30.0, video.width, video.height))


def _surroundings(
    request: Request, form: Format, video: decode.Video, report: Reporter
) -> Tuple[Dict[int, float], Dict[int, float], float, float, float]:
    """Memory and computing by processes, the disk, and what starting processes takes."""
    report.step("measuring memory, processors and disk")
    seconds = 0.05 if request.quick else 0.3
    memory = {count: measure.memory(count, seconds) for count in request.counts}
    one = measure.computing(1, seconds)
    computing = {count: measure.computing(count, seconds) / one for count in request.counts}
    disk = measure.disk(request.directory, min(_DISK, max(1 << 20, int(form.offset(video.frames) or 0))))
    once, each = measure.starting(max(4, max(request.counts)))
    return memory, computing, disk, once, each


def _rounds(bench: _Bench, report: Reporter) -> None:
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


def _guess(bench: _Bench) -> float:
    """Seconds of a round, from a first look at what frames cost."""
    few = min(200, bench.video.frames)
    cost = measure.costs(bench.video, bench.form, bench.part, few)
    job = origin.Job(bench.video.path, bench.part, bench.form.look.grid, min(20, bench.stretch))
    plain = crew.run(_threaded, [(job, 0)], Bar())[0]
    slow = ratio(plain.working, plain.frames) * bench.stretch
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    total = cost.frame * bench.video.frames + slow
    for count in bench.request.counts:
        busy = min(count, cores)
        total += (cost.frame + cost.decode) * bench.video.frames / busy + slow + 1.3 * slow / busy
    return total


def _costs(found: List[model.Costs]) -> model.Costs:
    return model.Costs(*(sample(values).median for values in zip(*found)))


def _stages(runs: Dict[Tuple[str, int], List[origin.Run]]) -> Optional[model.Stages]:
    """Of all measured processes together; None where there are none."""
    found = [run for (kind, _), several in runs.items() if kind == PROCESSES for run in several if run.frames]
    if not found:
        return None
    parts: List[Any] = [
        sample([getattr(run, name) / run.frames for run in found]).median
        for name in ("reader", "workers", "writer")
    ]
    return model.Stages(*parts)


def _rows(
    bench: _Bench,
    load: model.Load,
    costs: model.Costs,
    there: model.Machine,
    stages: Optional[model.Stages],
) -> List[Row]:
    def designed(kind: str, count: int) -> Sample:
        several = bench.runs.get((kind, count), [])
        return sample(
            [one.starting + one.working * bench.frames / one.frames for one in several if one.frames]
        )

    def predicted(count: int) -> model.Prediction:
        if count == 1 and wide > 1.0:
            return model.predict(load, costs._replace(decode=threaded), there, 1, wide)
        return model.predict(load, costs, there, count)

    rows = [Row(LINEAR, 1, designed(LINEAR, 1))]
    rows += [Row(THREADS, count, designed(THREADS, count)) for count in bench.request.counts]
    # Before 4.7 OpenCV cannot keep a decoder to one thread: one process then uses several cores.
    alone = bench.floors.get(1, [])
    wide = max(1.0, sample([ratio(one.cpu, one.wall) for one in alone]).median)
    threaded = max(costs.decode, ratio(sample([one.cpu for one in alone]).median, bench.frames))
    for count in bench.request.counts:
        laps = bench.laps.get(count, [])
        rows.append(
            Row(
                PROCESSES,
                count,
                designed(PROCESSES, count),
                sample([one.wall for one in laps]),
                sample([one.wall for one in bench.floors.get(count, [])]),
                sample([one.cpu for one in laps]).median,
                bench.shares.get(count, (0.0, 0.0, 0.0)),
                predicted(count) if laps else None,
                model.pipeline(bench.frames, stages, there.cores, count) if stages else None,
            )
        )
    return rows


def _ahead(
    load: model.Load, costs: model.Costs, there: model.Machine, stages: Optional[model.Stages]
) -> List[Tuple[int, model.Prediction, Optional[model.Prediction]]]:
    """What the model says of machines with other numbers of cores, a process for each."""
    return [
        (
            cores,
            model.predict(load, costs, model.wider(there, cores), cores),
            model.pipeline(load.frames, stages, cores, cores) if stages else None,
        )
        for cores in model.COUNTS
    ]


def _others(
    before: Optional[machine.Ticks], after: Optional[machine.Ticks], own: float, wall: float
) -> Tuple[float, float]:
    """Processors that others kept busy meanwhile, and that a hypervisor took away."""
    if not (before and after):
        return 0.0, 0.0
    return max(0.0, after.busy - before.busy - own) / wall, (after.stolen - before.stolen) / wall


def _findings(
    bench: _Bench, here: machine.Machine, rows: List[Row], others: Tuple[float, float]
) -> List[Finding]:
    found = list(bench.without_queues)
    if bench.uncut:
        text = "seeking in this video is not exact: only one process can convert it"
        found.append(Finding("VID007", INFO, bench.video.path, text))
    reasons = noise(here, rows, others)
    if reasons:
        found.append(
            Finding(
                "VID019",
                WARNING,
                "measurements",
                "not to be relied on: " + "; ".join(reasons),
                ("/proc/loadavg", "/proc/stat"),
                "measure again when the machine is idle: top shows who is at work",
            )
        )
    return found


def noise(here: machine.Machine, rows: List[Row], others: Tuple[float, float]) -> List[str]:
    """What speaks against these measurements, in words."""
    reasons = []
    if here.load is not None and here.load > 0.2 + 0.1 * here.mask:
        reasons.append("the load was {:.1f} before".format(here.load))
    if others[0] > 0.05 * here.mask:
        reasons.append("others kept {:.1f} of {} processors busy".format(others[0], here.online))
    if others[1] > 0.02 * here.mask:
        reasons.append("the hypervisor took {:.1f} processors away".format(others[1]))
    spreads = [
        (one.spread, "{} {}".format(row.workers, row.kind)) for row in rows for one in (row.offkit, row.floor)
    ]
    worst = max(spreads) if spreads else (0.0, "")
    if worst[0] > _SPREAD:
        reasons.append("times of {} differ by {:.0%}".format(worst[1], worst[0]))
    return reasons


def _unwritable(directory: str, error: OSError) -> EnvironmentProblem:
    text = "cannot be written: {}".format(error.strerror or error)
    fix = "name a place with room and permission: -o DIR/"
    return EnvironmentProblem(text, [Finding("VID005", "error", directory, text, (), fix)])
