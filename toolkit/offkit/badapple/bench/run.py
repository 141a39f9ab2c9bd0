"""The bench from end to end: the same video one after the other, by threads and by processes, in rounds."""

import os
import time
from typing import Dict, List, Tuple

from offkit.badapple import environment
from offkit.badapple.bench import machine, measure, model, noise
from offkit.badapple.bench.numbers import ratio, sample
from offkit.badapple.bench.outcome import LINEAR, PROCESSES, THREADS, Outcome, Row
from offkit.badapple.bench.rounds import Request, Rounds, measure_all
from offkit.badapple.formats import look
from offkit.badapple.formats.base import Format
from offkit.badapple.formats.cells import Look
from offkit.badapple.formats.text import Text
from offkit.badapple.seam import APART
from offkit.badapple.video import decode
from offkit.edges import leftovers
from offkit.model.errors import EnvironmentProblem, UsageError
from offkit.model.finding import ERROR, INFO, Finding
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
            "{} does not state its number of frames".format(request.video), fix="measure another video"
        )
    form = Text(Look(look.grid(video.width, video.height)), video.facts)
    leftovers.sweep(request.directory)
    part = os.path.join(request.directory, leftovers.name("bench", "part"))
    bench = Rounds(request, video, form, part)
    try:
        before, used = machine.ticks(), measure.cpu()
        memory, disk, once, each = _surroundings(request, form, video, report)
        measure_all(bench, report)
        others = noise.others(before, machine.ticks(), measure.cpu() - used, time.perf_counter() - began)
    except OSError as error:
        raise _unwritable(request.directory, error)
    finally:
        if os.path.exists(part):
            os.unlink(part)
    middle = (sample(values).median for values in zip(*bench.costs))
    costs = model.Costs(*middle)._replace(once=once, starting=each)
    load = model.Load(
        bench.frames,
        video.width * video.height,
        int(form.offset(bench.frames) or 0),
        not video.luma,
        video.keys,
        ratio(measure.seeking(video), costs.decode),
    )
    there = model.Machine(here.cores, max(memory.values()), float(here.cache), disk)
    rows = _rows(bench, load, costs, there)
    return Outcome(
        here,
        libraries,
        video,
        bench.frames,
        form,
        request.repeats,
        rows,
        costs,
        memory,
        disk,
        [
            (cores, model.predict(load, costs, model.wider(there, cores), cores))
            for cores in model.COUNTS  # with a process for each
        ],
        time.perf_counter() - began,
        _findings(bench, here, rows, others),
    )


def _surroundings(
    request: Request, form: Format, video: decode.Video, report: Reporter
) -> Tuple[Dict[int, float], float, float, float]:
    """Memory by processes, the disk, and what starting processes takes."""
    report.step("measuring memory and disk")
    memory = {count: measure.memory(count, 0.05 if request.quick else 0.3) for count in request.counts}
    disk = measure.disk(request.directory, min(_DISK, max(1 << 20, int(form.offset(video.frames) or 0))))
    once, each = measure.starting(max(4, max(request.counts)))
    return memory, disk, once, each


def _rows(bench: Rounds, load: model.Load, costs: model.Costs, there: model.Machine) -> List[Row]:
    def plain(kind: str, count: int) -> Row:
        return Row(kind, count, sample([one.wall for one in bench.laps.get((kind, count), [])]))

    def predicted(count: int) -> model.Prediction:
        if count == 1 and wide > 1.0:
            return model.predict(load, costs._replace(decode=threaded), there, 1, wide)
        return model.predict(load, costs, there, count)

    # Before 4.7 OpenCV cannot keep a decoder to one thread: one process then uses several cores.
    alone = bench.floors.get(1, [])
    wide = max(1.0, sample([ratio(one.cpu, one.wall) for one in alone]).median)
    threaded = max(costs.decode, ratio(sample([one.cpu for one in alone]).median, bench.frames))
    rows = [plain(LINEAR, 1)]
    rows += [plain(THREADS, count) for count in bench.request.counts if count > 1]
    for count in bench.request.counts:
        laps, did = bench.laps.get((PROCESSES, count), []), bench.shares.get(count, [])
        rows.append(
            plain(PROCESSES, count)._replace(
                floor=sample([one.wall for one in bench.floors.get(count, [])]),
                cpu=sample([one.cpu for one in laps]).median,
                shares=(
                    sum(one.decode_seconds for one in did),
                    sum(one.convert_seconds for one in did),
                    sum(one.write_seconds for one in did),
                ),
                predicted=predicted(count) if laps else None,
                used=len(did),
            )
        )
    return rows


def _findings(
    bench: Rounds, here: machine.Machine, rows: List[Row], others: Tuple[float, float]
) -> List[Finding]:
    found = []
    if bench.uncut:
        text = APART + "; only one process can convert it"
        found.append(Finding("VID007", INFO, bench.video.path, text))
    return found + noise.findings(noise.reasons(here, rows, others))


def _unwritable(directory: str, error: OSError) -> EnvironmentProblem:
    text = "cannot be written: {}".format(error.strerror or error)
    fix = "choose a writable place with enough space: -o DIR/"
    return EnvironmentProblem(text, [Finding("VID005", ERROR, directory, text, (), fix)])
