"""The conversion: the same bytes whatever the number of processes, and true numbers of frames."""

import errno
import os
import signal

import cv2
import numpy as np
import pytest

from clip_maker import WrongSeeks, write_clip
from offkit.badapple import convert, parts, seam, unfinished
from offkit.badapple.convert import Share, Stretch
from offkit.badapple.formats import look, reduce
from offkit.badapple.formats.base import Facts, Format
from offkit.badapple.formats.cells import Look
from offkit.badapple.formats.text import Text
from offkit.badapple.seam import Seam
from offkit.badapple.shadowplay import film
from offkit.badapple.video import decode
from offkit.badapple.video.keyframes import LEAST
from offkit.edges import leftovers
from offkit.model.errors import EnvironmentProblem
from offkit.model.report import Bar

pytestmark = pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")

FRAMES = 113


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    return write_clip(tmp_path_factory.mktemp("clips") / "film.mp4", FRAMES)


class Sizes(Format):
    """Frames whose sizes vary, that say the cells of the frame before, and a foot."""

    name, delta = "sizes", True

    def head(self, frames):
        return b"of %d\n" % frames

    def frame(self, number, cells, before):
        was = -1 if before is None else int(before.glyphs.sum())
        return b"%d %d %d " % (number, was, cells.glyphs.sum()) + b"x" * (number % 7) + b"\n"

    def foot(self, frames):
        return b"that were %d\n" % frames


def form_of(video, rows=0, kind=Text):
    grid = look.grid(video.width, video.height, 0, rows)
    return kind(Look(grid), Facts(video.fps, video.width, video.height))


def converted(path, tmp_path, workers, claim=None, method=None, rows=0, kind=Text):
    """(result, bytes of the file or None)."""
    video = decode.probe(path)
    if claim is not None:
        video = video._replace(frames=claim)
    target = str(tmp_path / "out.part")
    result = convert.convert(video, form_of(video, rows, kind), target, workers, Bar(), method)
    assert os.listdir(str(tmp_path)).count("out.part") == len(
        [n for n in os.listdir(str(tmp_path)) if "out" in n]
    )
    if result is None:
        return None, None
    assert sum(share.frames for share in result.per_worker) == result.frames
    with open(target, "rb") as source:
        return result, source.read()


def pictures(path):
    """All that is in a video, decoded straight through, and its range of luma."""
    luma = decode.probe(path).luma
    source = decode.Source(path, 1, bool(luma))
    found = []
    while True:
        picture = source.read()
        if picture is None:
            source.close()
            return found, luma
        found.append(picture.copy())


def slowly(path, rows=0):
    """The conversion the plain way: one picture after another, by concatenation."""
    parts = []
    found, luma = pictures(path)
    height, width = found[0].shape[:2]
    grid = look.grid(width, height, 0, rows)
    for number, picture in enumerate(found):
        levels = reduce.Reducer(grid, luma).gray(picture)
        lines = ["".join(look.DEFAULT_RAMP[level * 10 // 256] for level in row) for row in levels.tolist()]
        parts.append("\n".join([str(number), *lines]) + "\n")
    head = "total frame: {} / FPS: 30.0 / resolution: {}x{}\n".format(len(parts), width, height)
    return (head + "".join(parts)).encode()


@pytest.fixture(scope="module")
def plain(clip):
    """What ``clip`` becomes the plain way."""
    return slowly(clip)


@pytest.mark.parametrize(
    ("workers", "method"), [(1, "fork"), (2, "fork"), (3, "spawn"), (7, "fork"), (500, "fork")]
)
def test_the_bytes_do_not_depend_on_the_workers(clip, plain, tmp_path, workers, method):
    """Nor on how processes are started; and they are those of the plain way."""
    result, text = converted(clip, tmp_path, workers, method=method)
    assert text == plain
    assert (result.frames, result.lost) == (FRAMES, 0)
    assert result.workers <= min(workers, FRAMES // LEAST)
    assert workers == 1 or result.workers > 1


@pytest.mark.parametrize("rows", [1, 7, 96])
def test_other_sizes(clip, tmp_path, rows):
    """Small frames are written many at a time, large ones few."""
    assert converted(clip, tmp_path, 3, rows=rows)[1] == slowly(clip, rows)


@pytest.mark.parametrize("claim", [0, 1, 9, 99, 100, 112, 114, 140, 999, 1000, 5000])
@pytest.mark.parametrize("workers", [1, 3])
def test_a_lying_header_changes_nothing(clip, plain, tmp_path, claim, workers):
    """More or fewer frames than claimed, also by a digit: the file is that of the true number."""
    result, text = converted(clip, tmp_path, workers, claim=claim)
    assert text == plain
    assert result.frames == FRAMES


def test_inexact_seeking_is_noticed(clip, plain, tmp_path, monkeypatch):
    """Every seek lands one frame late: no result by three, the right one by one process."""
    monkeypatch.setattr(convert, "Source", WrongSeeks)
    assert converted(clip, tmp_path, 3, method="fork") == (None, None)
    assert converted(clip, tmp_path, 1, method="fork")[1] == plain


def test_a_seam_in_a_still_scene_is_exact(tmp_path, monkeypatch):
    """Pictures around the cut are alike, so the next change decides."""
    path = write_clip(tmp_path / "still.avi", 90, still=set(range(30, 60)), codec="MJPG")
    assert converted(path, tmp_path, 2)[1] == slowly(path)
    monkeypatch.setattr(convert, "Source", WrongSeeks)
    assert converted(path, tmp_path, 2, method="fork") == (None, None)


class TwoLate(decode.Source):
    """Every seek lands two frames late."""

    def seek(self, number):
        super().seek(number + 2)


def test_a_blinking_light(tmp_path, monkeypatch):
    """Two pictures take turns: which one it is tells nothing, when it is shown does."""
    size, path = (64, 48), str(tmp_path / "blink.avi")
    writer = cv2.VideoWriter(path, cv2.VideoWriter_fourcc(*"MJPG"), 30.0, size, True)
    for number in range(90):
        writer.write(np.full((48, 64, 3), 60 if number % 2 else 180, np.uint8))
    writer.release()
    assert converted(path, tmp_path, 2)[1] == slowly(path)
    monkeypatch.setattr(convert, "Source", TwoLate)
    assert converted(path, tmp_path, 2, method="fork") == (None, None)


def test_a_video_that_never_changes(tmp_path, monkeypatch):
    """Still to its end: the end is what both sides must agree on; too long a stillness proves nothing."""
    path = write_clip(tmp_path / "still.avi", 60, still=set(range(1, 60)), codec="MJPG")
    assert converted(path, tmp_path, 2)[1] == slowly(path)
    monkeypatch.setattr(seam, "STILL", 5)
    assert converted(path, tmp_path, 2, method="fork") == (None, None)


A, B = Seam(b"a", b"b", 10, (0.3, 0.4)), Seam(b"c", b"d", 20, (0.6, 0.7))
C, LATE = B._replace(after=b""), A._replace(moments=(0.4, 0.5))


def stretch(start, frames, ended, opening, closing):
    return Stretch(Share(start, frames, 0.0, 0.0, 0.0, 0.0), ended, opening, closing)


@pytest.mark.parametrize(
    ("stretches", "expected"),
    [
        ([(0, 7, True, None, None)], 7),
        ([(0, 10, False, None, A), (10, 5, True, A, None)], 15),
        ([(0, 10, False, None, A), (10, 5, True, B, None)], None),
        ([(0, 10, False, None, A), (10, 5, True, LATE, None)], None),
        ([(0, 10, False, None, None), (10, 5, True, None, None)], None),
        ([(0, 10, True, None, A), (10, 5, True, B, None)], 10),
        ([(0, 10, False, None, A), (10, 3, True, A, None), (20, 9, True, None, None)], 13),
        ([(0, 10, False, None, A), (10, 10, True, A, C), (20, 0, True, C, None)], 20),
        ([(0, 10, False, None, A), (10, 10, False, A, B), (20, 0, True, None, None)], None),
    ],
    ids=[
        "one",
        "two",
        "apart",
        "at another time",
        "no seam",
        "ended before",
        "short",
        "ended at the cut",
        "lost",
    ],
)
def test_the_number_of_frames(stretches, expected):
    """What was decoded up to the end, as long as each seam holds."""
    found = convert.joined([stretch(*one) for one in stretches])
    assert (found and found[-1].share.start + found[-1].share.frames) == expected


@pytest.mark.parametrize(("workers", "method"), [(1, "fork"), (3, "fork"), (3, "spawn"), (8, "fork")])
def test_frames_of_any_size(clip, tmp_path, workers, method):
    """Parts are joined, each frame knows the one before, and no part is left."""
    result, whole = converted(clip, tmp_path, workers, method=method, kind=Sizes)
    lines = whole.split(b"\n")
    assert (lines[0], len(lines)) == (b"of %d" % FRAMES, FRAMES + 3)
    frames = [line.split(b" ") for line in lines[1:-2]]
    assert [int(frame[0]) for frame in frames] == list(range(FRAMES))
    assert [frame[1] for frame in frames[1:]] == [frame[2] for frame in frames[:-1]]
    assert lines[-2] == b"that were %d" % FRAMES
    assert result.workers == workers


def test_parts_go_whatever_happens(clip, tmp_path, monkeypatch):
    """Also when the seams do not hold."""
    monkeypatch.setattr(convert, "Source", WrongSeeks)
    assert converted(clip, tmp_path, 3, method="fork", kind=Sizes) == (None, None)


def test_no_permission(clip, tmp_path):
    """The finding names the place and the system's reason."""
    video = decode.probe(clip)
    target = str(tmp_path / "none" / "out.txt")
    with pytest.raises(EnvironmentProblem, match="cannot be written: No such file or directory") as caught:
        convert.convert(video, form_of(video), target, 1, Bar())
    assert caught.value.findings[0].code == "VID005"


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full")
@pytest.mark.parametrize("part", [None, 3])
def test_no_room(clip, monkeypatch, part):
    """A full disk is met by a worker; what is named is the file that was asked for, not a part of it."""
    video = decode.probe(clip)
    path = "/dev/full" if part is None else "out"
    monkeypatch.setattr(parts, "name", lambda path, index: "/dev/full")
    job = convert.Job(video, path, part, form_of(video, kind=Text if part is None else Sizes), 0, None)
    with pytest.raises(EnvironmentProblem, match="cannot be written: No space left") as caught:
        convert.work(job, lambda amount: None)
    assert [(one.code, one.subject) for one in caught.value.findings] == [("VID005", path)]


@pytest.mark.parametrize("kind", [Text, Sizes])
def test_a_killed_worker(clip, tmp_path, monkeypatch, kind):
    """Its parts and those of the others go; what was begun is removed by whoever named it."""
    monkeypatch.setattr(convert, "Source", Deadly)
    with pytest.raises(EnvironmentProblem, match="was killed by SIGKILL"):
        converted(clip, tmp_path, 3, method="fork", kind=kind)
    assert os.listdir(str(tmp_path)) == ["out.part"]


class Deadly(decode.Source):
    """The worker that gets to picture 60 is killed."""

    def read(self):
        if self.moment > 2.0:
            os.kill(os.getpid(), signal.SIGKILL)
        return super().read()


def test_what_a_killed_coordinator_leaves(tmp_path):
    """The next run removes parts like the file that they are parts of."""
    path = unfinished.path(str(tmp_path / "film.cast")).replace("-{}.".format(os.getpid()), "-999999999.")
    for name in (path, parts.name(path, 0), parts.name(path, 12), path + ".moved"):
        parts.begin(name, b"x")
    leftovers.sweep(str(tmp_path))
    assert os.listdir(str(tmp_path)) == []


def test_joined_without_sendfile(tmp_path, monkeypatch):
    """Where the kernel cannot copy between two files, the program does."""

    def unable(*given):
        raise OSError(errno.EINVAL, "not here")

    for attempt in (unable, os.sendfile):
        monkeypatch.setattr(parts.os, "sendfile", attempt)
        names = [str(tmp_path / name) for name in "abc"]
        for name, data in zip(names, (b"one", b"", b"two" * 100000)):
            parts.begin(name, data)
        whole = str(tmp_path / "whole")
        parts.join(whole, b"head", names, b"foot")
        with open(whole, "rb") as source:
            assert source.read() == b"headone" + b"two" * 100000 + b"foot"
        assert os.listdir(str(tmp_path)) == ["whole"]


def test_a_disk_that_fills_up_while_joining(tmp_path, monkeypatch):
    """At once, in the middle, or by taking nothing: it is an error, and no part is removed that is not in."""

    def full(*given):
        raise OSError(errno.ENOSPC, "full")

    def in_the_middle(target, source, at, length):
        if at:
            raise OSError(errno.EINVAL, "not any more")
        return os.write(target, os.read(source, 1000))

    for attempt, number in ((full, errno.ENOSPC), (in_the_middle, errno.EINVAL), (lambda *_: 0, errno.EIO)):
        with monkeypatch.context() as kernel:
            kernel.setattr(parts.os, "sendfile", attempt)
            name, whole = str(tmp_path / "a"), str(tmp_path / "whole")
            parts.begin(name, b"x" * 5000)
            parts.begin(name + "b", b"x" * 5000)
            with pytest.raises(OSError, match=r".") as caught:
                parts.join(whole, b"head", [name, name + "b"], b"foot")
            assert caught.value.errno == number
            assert os.path.exists(name)


def test_what_is_known_before(clip):
    """Path, claimed frames, rate and size of the first picture."""
    assert decode.probe(clip)[:5] == (clip, FRAMES, film.FPS, film.WIDTH, film.HEIGHT)
