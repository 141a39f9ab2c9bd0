"""The origin's design beside offkit: its times, and what its slowest stage lets it come to.

It is so slow that it gets a short stretch of the video; its times are scaled by the number of frames.
"""

import os
import statistics
from typing import Any, Dict, List, NamedTuple, Sequence, Tuple

import origin
import pipeline
from offkit.badapple.bench import model
from offkit.badapple.formats.cells import Grid
from offkit.badapple.processes import pool
from offkit.badapple.video import decode
from offkit.model.report import Bar

READER, WORKERS, WRITER = "reader", "workers", "writer"


class Stages(NamedTuple):
    """CPU seconds of a frame in each stage."""

    reader: float
    workers: float
    writer: float


def predict(frames: int, stages: Stages, cores: float, workers: int) -> model.Prediction:
    """The wall time of frames that all pass one reader and one writer: the slowest stage is the bound."""
    bounds = {
        READER: frames * stages.reader,
        WORKERS: frames * stages.workers / workers,
        WRITER: frames * stages.writer,
        model.CORES: frames * sum(stages) / cores,
    }
    limit = max(bounds, key=lambda name: bounds[name])
    return model.Prediction(workers, bounds[limit], limit, bounds, 0)


def measured(
    video: decode.Video, grid: Grid, folder: str, counts: Sequence[int], stretch: int, rounds: int
) -> Dict[str, Any]:
    """Medians of ``rounds``, for all frames of ``video``, and the model; what ``chart`` draws of it.

    ``linear`` is seconds, ``threads`` and ``processes`` are pairs (number, seconds), ``model`` pairs
    (cores, seconds).
    """
    job = origin.Job(video.path, os.path.join(folder, "design.txt"), grid, min(stretch, video.frames))
    runs: Dict[Tuple[str, int], List[origin.Run]] = {}
    for _ in range(rounds):
        runs.setdefault(("linear", 1), []).append(_apart(job, 0))
        for count in counts:
            runs.setdefault(("threads", count), []).append(_apart(job, count))
            runs.setdefault(("processes", count), []).append(pipeline.processes(job, count, _unseen))

    def seconds(kind: str, count: int) -> float:
        several = runs[kind, count]
        return statistics.median(one.starting + one.working * video.frames / one.frames for one in several)

    stages = stages_of([run for (kind, _), several in runs.items() if kind == "processes" for run in several])
    return {
        "frames": job.frames,
        "linear": seconds("linear", 1),
        "threads": [(count, seconds("threads", count)) for count in counts],
        "processes": [(count, seconds("processes", count)) for count in counts],
        "stages": dict(stages._asdict()),
        "model": [(cores, predict(video.frames, stages, cores, cores).seconds) for cores in model.COUNTS],
    }


def stages_of(runs: List[origin.Run]) -> Stages:
    """Medians over runs with processes."""
    return Stages(
        *(statistics.median(getattr(run, name) / run.frames for run in runs) for name in Stages._fields)
    )


def _apart(job: origin.Job, threads: int) -> origin.Run:
    """In a process of its own: one that has had threads cannot be forked any more."""
    return pool.run(_convert, [(job, threads)], Bar())[0]


def _convert(task: Tuple[origin.Job, int], tell: pool.Tell) -> origin.Run:
    job, threads = task
    return origin.threads(job, threads, _unseen) if threads else origin.linear(job, _unseen)


def _unseen(amount: int) -> None:
    pass
