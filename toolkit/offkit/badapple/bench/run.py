"""The bench from end to end: the same video by offkit and by the origin's design, in rounds."""

import os
import time
from typing import Any, Dict, List, Optional, Tuple

from offkit.badapple import environment
from offkit.badapple.bench import machine, measure, model, noise, origin
from offkit.badapple.bench.numbers import Sample, ratio, sample
from offkit.badapple.bench.outcome import LINEAR, PROCESSES, THREADS, Outcome, Row
from offkit.badapple.bench.rounds import Request, Rounds, measure_all
from offkit.badapple.formats import catalogue
from offkit.badapple.formats.base import Facts, Format
from offkit.badapple.formats.cells import Look
from offkit.badapple.seam import APART
from offkit.badapple.video import decode
from offkit.edges import leftovers
from offkit.model.errors import EnvironmentProblem, UsageError
from offkit.model.finding import INFO, Finding
from offkit.model.report import Reporter

_DISK = 64 << 20  # bytes written to see how fast the disk is, at most


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
    bench = Rounds(request, video, form, part)
    try:
        before, used = machine.ticks(), measure.cpu()
        memory, computing, disk, once, each = _surroundings(request, form, video, report)
        measure_all(bench, report)
        others = noise.others(before, machine.ticks(), measure.cpu() - used, time.perf_counter() - began)
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
    bench: Rounds,
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
                bench.used.get(count, 0),
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


def _findings(
    bench: Rounds, here: machine.Machine, rows: List[Row], others: Tuple[float, float]
) -> List[Finding]:
    found = list(bench.without_queues)
    if bench.uncut:
        text = APART + "; only one process can convert it"
        found.append(Finding("VID007", INFO, bench.video.path, text))
    return found + noise.findings(noise.reasons(here, rows, others))


def _unwritable(directory: str, error: OSError) -> EnvironmentProblem:
    text = "cannot be written: {}".format(error.strerror or error)
    fix = "name a place with room and permission: -o DIR/"
    return EnvironmentProblem(text, [Finding("VID005", "error", directory, text, (), fix)])
