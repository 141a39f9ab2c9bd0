"""The origin's design, built again: slow, but right, and gone when it has to be."""

import multiprocessing
import os
import queue
import signal
import sys
import threading
import time

import cv2
import numpy as np
import pytest

import waiting
from clip_maker import write_clip
from offkit.badapple.bench import model
from offkit.badapple.formats.cells import Grid
from offkit.badapple.processes import pool
from offkit.badapple.video import decode
from offkit.model.errors import EnvironmentProblem

TESTS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
sys.path.insert(0, os.path.join(TESTS, "bench"))
import origin  # noqa: E402
import pipeline  # noqa: E402
import rival  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")

GRID = Grid(6, 16)
FRAMES = 40


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    return write_clip(tmp_path_factory.mktemp("clips") / "film.mp4", FRAMES)


def expected(clip, frames):
    """By array operations."""
    source, parts = decode.Source(clip), ["total frame: {}\n".format(frames)]
    ramp = np.array(list(origin.RAMP))
    for number in range(frames):
        gray = cv2.cvtColor(source.read(), cv2.COLOR_BGR2GRAY)
        small = cv2.resize(gray, (GRID.columns, GRID.rows)).astype(int)
        rows = ["".join(row) + "\n" for row in ramp[small * 10 // 256]]
        parts.append("{}\n{}".format(number, "".join(rows)))
    source.close()
    return "".join(parts)


@pytest.mark.parametrize(
    "run",
    [
        lambda job, tell: origin.linear(job, tell),
        lambda job, tell: origin.threads(job, 3, tell),
        lambda job, tell: pipeline.processes(job, 1, tell, "fork"),
        lambda job, tell: pipeline.processes(job, 3, tell, "fork"),
        lambda job, tell: pipeline.processes(job, 2, tell, "spawn"),
    ],
    ids=["linear", "threads", "process", "processes", "spawned"],
)
@pytest.mark.parametrize("frames", [FRAMES, 7])
def test_every_frame_is_there_in_order(clip, tmp_path, run, frames):
    """The same text however it is made, of as many frames as asked for."""
    seen = []
    done = run(origin.Job(clip, str(tmp_path / "o.txt"), GRID, frames), seen.append)
    assert (tmp_path / "o.txt").read_text() == expected(clip, frames)
    assert done.frames == frames == sum(seen)


def test_the_stages_are_accounted_for(clip, tmp_path):
    """CPU of reader, workers and writer, where they are processes."""
    done = pipeline.processes(
        origin.Job(clip, str(tmp_path / "o.txt"), GRID, FRAMES), 2, len([]).__add__, "fork"
    )
    assert min(done.reader, done.workers, done.writer) > 0


def test_a_shorter_video_than_asked_for_ends(clip, tmp_path):
    """The header may lie."""
    job = origin.Job(clip, str(tmp_path / "o.txt"), GRID, 500)
    none = len([]).__add__
    for run in (
        pipeline.processes(job, 2, none, "fork"),
        origin.threads(job, 2, none),
        origin.linear(job, none),
    ):
        assert run.frames == FRAMES


@pytest.mark.parametrize(("level", "character"), [(0, " "), (25, " "), (26, "."), (255, "@"), (300, "@")])
def test_a_character(level, character):
    """Ten steps of the ramp."""
    assert origin.character(level) == character


def test_a_killed_process_is_an_error(clip, tmp_path):
    """Not a wait for ever; the others end."""

    def kill(_):
        for child in multiprocessing.active_children():
            os.kill(child.pid, signal.SIGKILL)

    with pytest.raises(EnvironmentProblem) as caught:
        pipeline.processes(origin.Job(clip, str(tmp_path / "o.txt"), Grid(44, 117), FRAMES), 2, kill, "fork")
    assert caught.value.findings[0].code == "VID004"
    assert multiprocessing.active_children() == []


def test_without_semaphores_it_says_so(clip, tmp_path, monkeypatch):
    """Queues need them; nothing is started."""
    context = multiprocessing.get_context("fork")

    def none(*_):
        raise OSError(38, "Function not implemented")

    monkeypatch.setattr(type(context), "Queue", none)
    with pytest.raises(EnvironmentProblem) as caught:
        pipeline.processes(
            origin.Job(clip, str(tmp_path / "o.txt"), GRID, FRAMES), 2, len([]).__add__, "fork"
        )
    assert caught.value.findings[0].code == "VID011"


def _coordinate(job, pipe):
    def tell(_):
        pipe.send([child.pid for child in multiprocessing.active_children()])
        time.sleep(60)

    pipeline.processes(job, 2, tell, "fork")


def test_nobody_outlives_a_killed_coordinator(clip, tmp_path):
    """Its processes look whether it still lives."""
    reader, writer = os.pipe()
    mine, theirs = multiprocessing.Pipe(duplex=False)
    job = origin.Job(clip, str(tmp_path / "o.txt"), Grid(44, 117), FRAMES)
    # Not a daemon: those may have no children.
    coordinator = multiprocessing.get_context("fork").Process(target=_coordinate, args=(job, theirs))
    coordinator.start()
    os.close(writer)  # the others have it still
    children = mine.recv()
    os.kill(coordinator.pid, signal.SIGKILL)
    coordinator.join()
    assert len(children) == 3
    assert waiting.heard(reader) == b""
    os.close(reader)


class Room:
    """A queue that is full, or empty, for a few times; ``last`` is what happens then."""

    def __init__(self, refusals, error, last=lambda: None):
        self.left, self.error, self.last = refusals, error, last
        self.items, self.waited = [], []

    def _refuse(self, timeout):
        self.waited.append(timeout)
        if self.left:
            self.left -= 1
            raise self.error
        self.last()

    def put(self, item, timeout=None):
        self._refuse(timeout)
        self.items.append(item)

    def get(self, timeout=None):
        self._refuse(timeout)
        return self.items.pop()


def test_a_thread_waits_for_room_until_all_is_over():
    """Again and again, never for ever: another thread may have failed meanwhile."""
    over, room = threading.Event(), Room(2, queue.Full())
    assert origin._put(room, "item", over) is True
    assert room.items == ["item"]
    assert room.waited == [origin._PATIENCE] * 3
    over.set()
    assert origin._put(room, "another", over) is False
    assert room.items == ["item"]


def test_a_thread_waits_for_an_item_until_all_is_over():
    """The same where there is nothing to take."""
    over, room = threading.Event(), Room(2, queue.Empty())
    room.items.append("item")
    assert origin._get(room, over) == "item"
    assert room.waited == [origin._PATIENCE] * 3
    room.items.append("another")
    over.set()
    assert origin._get(room, over) is None
    assert room.items == ["another"]


def test_a_thread_that_fails_says_so(monkeypatch):
    """What it raised goes where the texts go."""
    error = ValueError("no text of it")

    def refuse(picture, grid):
        raise error

    monkeypatch.setattr(origin, "text", refuse)
    frames, texts, over = queue.Queue(), queue.Queue(), threading.Event()
    frames.put((0, None))
    origin._thread_converts(GRID, frames, texts, over)
    assert texts.get_nowait() is error
    assert texts.empty()


def test_a_pipeline_is_as_fast_as_its_slowest_stage():
    """The reader alone, from as many workers on as it feeds."""
    stages = rival.Stages(reader=1e-3, workers=4e-3, writer=0.1e-3)
    found = [rival.predict(1000, stages, 64, count) for count in (1, 2, 4, 8, 32)]
    assert [round(one.seconds, 3) for one in found] == [4.0, 2.0, 1.0, 1.0, 1.0]
    assert [one.limit for one in found[:2]] == [rival.WORKERS] * 2
    assert found[-1].limit == rival.READER
    assert rival.predict(1000, stages, 1, 8).seconds == pytest.approx(5.1)


def test_the_design_beside_offkit(clip, tmp_path, monkeypatch):
    """Linear, threads and processes, scaled from the stretch to all frames; its stages and its model."""
    monkeypatch.setattr(pool, "start_method", lambda: "fork")
    runs = [origin.Run(20, 0.5, 2.0, 0.2, 1.0, 0.02), origin.Run(20, 0.5, 4.0, 0.4, 3.0, 0.06)]
    monkeypatch.setattr(pipeline, "processes", lambda *given: runs[len(given[0].path) % 2])
    found = rival.measured(decode.probe(clip), GRID, str(tmp_path), (1, 2), 20, 1)
    assert found["frames"] == 20
    assert found["linear"] > 0
    assert [count for count, _ in found["threads"]] == [1, 2]
    run = runs[len(str(tmp_path / "design.txt")) % 2]
    assert found["processes"] == [(1, 0.5 + run.working * 2), (2, 0.5 + run.working * 2)]
    assert found["stages"] == {name: getattr(run, name) / 20 for name in ("reader", "workers", "writer")}
    assert [cores for cores, _ in found["model"]] == list(model.COUNTS)
    assert found["model"][-1][1] == pytest.approx(FRAMES * run.reader / 20)
    assert rival.stages_of(runs) == pytest.approx((0.015, 0.1, 0.002))
