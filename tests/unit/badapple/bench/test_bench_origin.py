"""The origin's design, built again: slow, but right, and gone when it has to be."""

import multiprocessing
import os
import queue
import signal
import threading
import time

import cv2
import numpy as np
import pytest

import waiting
from clip_maker import write_clip
from offkit.badapple.bench import origin, pipeline
from offkit.badapple.formats.cells import Grid
from offkit.badapple.video import decode
from offkit.model.errors import EnvironmentProblem

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
