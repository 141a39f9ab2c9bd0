"""The conversion: the same bytes whatever the number of processes, and true numbers of frames."""

import os

import cv2
import numpy as np
import pytest

from clip_maker import WrongSeeks, write_clip
from offkit.badapple import convert, decode
from offkit.badapple.convert import Seam, Stretch
from offkit.badapple.formats import characters
from offkit.badapple.formats.script import Script
from offkit.badapple.shadowplay import film
from offkit.model.errors import EnvironmentProblem
from offkit.model.report import Bar

pytestmark = pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")

FRAMES = 113


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    return write_clip(tmp_path_factory.mktemp("clips") / "film.mp4", FRAMES)


def script_of(video, rows=0):
    grid = characters.grid(video.width, video.height, 0, rows)
    return Script(video.frames, video.fps, video.width, video.height, grid)


def converted(path, tmp_path, workers, claim=None, method=None, rows=0):
    """(result, bytes of the file or None)."""
    video = decode.probe(path)
    shown = script_of(video, rows)
    if claim is not None:
        shown = shown._replace(frames=claim)
    target = str(tmp_path / "out.part")
    result = convert.convert(video, shown, target, workers, Bar(), method)
    if result is None:
        return None, None
    with open(target, "rb") as source:
        return result, source.read()


def slowly(path, rows=0):
    """The conversion the plain way: one picture after another, by concatenation."""
    capture = cv2.VideoCapture(path)
    grid, parts = None, []
    while True:
        done, picture = capture.read()
        if not done:
            break
        gray = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)
        height, width = gray.shape
        grid = characters.grid(width, height, 0, rows)
        codes = np.empty((grid.rows, grid.columns), np.uint8)
        characters.write(gray, grid, codes)
        parts.append("\n".join([str(len(parts))] + [bytes(row).decode() for row in codes]) + "\n")
    head = "total frame: {} / FPS: 30.0 / resolution: {}x{}\n".format(len(parts), width, height)
    return (head + "".join(parts)).encode()


@pytest.mark.parametrize(
    ("workers", "method"), [(1, "fork"), (2, "fork"), (3, "spawn"), (7, "fork"), (500, "fork")]
)
def test_the_bytes_do_not_depend_on_the_workers(clip, tmp_path, workers, method):
    """Nor on how processes are started; and they are those of the plain way."""
    result, text = converted(clip, tmp_path, workers, method=method)
    assert text == slowly(clip)
    assert result.script.frames == FRAMES
    assert result.workers == min(workers, FRAMES // 12)


@pytest.mark.parametrize("rows", [1, 7, 96])
def test_other_sizes(clip, tmp_path, rows):
    """Small frames are written many at a time, large ones few."""
    assert converted(clip, tmp_path, 3, rows=rows)[1] == slowly(clip, rows)


@pytest.mark.parametrize("claim", [0, 1, 9, 99, 100, 112, 114, 140, 999, 1000, 5000])
@pytest.mark.parametrize("workers", [1, 3])
def test_a_lying_header_changes_nothing(clip, tmp_path, claim, workers):
    """More or fewer frames than claimed, also by a digit: the file is that of the true number."""
    result, text = converted(clip, tmp_path, workers, claim=claim)
    assert text == slowly(clip)
    assert result.script.frames == FRAMES


def test_inexact_seeking_is_noticed(clip, tmp_path, monkeypatch):
    """Every seek lands one frame late: no result by three, the right one by one process."""
    monkeypatch.setattr(convert, "Source", WrongSeeks)
    assert converted(clip, tmp_path, 3, method="fork") == (None, None)
    assert converted(clip, tmp_path, 1, method="fork")[1] == slowly(clip)


def test_a_seam_in_a_still_scene_is_exact(tmp_path, monkeypatch):
    """Pictures around the cut are alike, so the next change decides."""
    path = write_clip(tmp_path / "still.avi", 90, still=set(range(30, 60)), codec="MJPG")
    assert converted(path, tmp_path, 2)[1] == slowly(path)
    monkeypatch.setattr(convert, "Source", WrongSeeks)
    assert converted(path, tmp_path, 2, method="fork") == (None, None)


def test_a_video_that_never_changes(tmp_path, monkeypatch):
    """Still to its end: the end is what both sides must agree on; too long a stillness proves nothing."""
    path = write_clip(tmp_path / "still.avi", 60, still=set(range(1, 60)), codec="MJPG")
    assert converted(path, tmp_path, 2)[1] == slowly(path)
    monkeypatch.setattr(convert, "_STILL", 5)
    assert converted(path, tmp_path, 2, method="fork") == (None, None)


A, B, C = Seam(b"a", b"b", 10), Seam(b"c", b"d", 20), Seam(b"c", b"", 20)


@pytest.mark.parametrize(
    ("stretches", "expected"),
    [
        ([Stretch(0, 7, True, None, None)], 7),
        ([Stretch(0, 10, False, None, A), Stretch(10, 5, True, A, None)], 15),
        ([Stretch(0, 10, False, None, A), Stretch(10, 5, True, B, None)], None),
        ([Stretch(0, 10, False, None, None), Stretch(10, 5, True, None, None)], None),
        ([Stretch(0, 10, True, None, A), Stretch(10, 5, True, B, None)], 10),
        (
            [Stretch(0, 10, False, None, A), Stretch(10, 3, True, A, None), Stretch(20, 9, True, None, None)],
            13,
        ),
        ([Stretch(0, 10, False, None, A), Stretch(10, 10, True, A, C), Stretch(20, 0, True, C, None)], 20),
        (
            [Stretch(0, 10, False, None, A), Stretch(10, 10, False, A, B), Stretch(20, 0, True, None, None)],
            None,
        ),
    ],
    ids=["one", "two", "apart", "no seam", "ended before", "short", "ended at the cut", "lost"],
)
def test_the_number_of_frames(stretches, expected):
    """What was decoded up to the end, as long as each seam holds."""
    assert convert.count(stretches) == expected


def test_cuts():
    """Equal shares, from 0, none too small."""
    assert convert.cuts(100, 4) == [0, 25, 50, 75]
    assert convert.cuts(30, 8) == [0, 15]
    assert convert.cuts(0, 8) == [0]


def test_no_permission(clip, tmp_path):
    """The finding names the place and the system's reason."""
    video = decode.probe(clip)
    target = str(tmp_path / "none" / "out.txt")
    with pytest.raises(EnvironmentProblem, match="cannot be written: No such file or directory") as caught:
        convert.convert(video, script_of(video), target, 1, Bar())
    assert caught.value.findings[0].code == "VID005"


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full")
def test_no_room(clip, tmp_path):
    """A full disk is met by a worker and told by the coordinator."""
    video = decode.probe(clip)
    job = convert.Job(video.path, "/dev/full", script_of(video), 0, None, 1)
    with pytest.raises(EnvironmentProblem, match="cannot be written: No space left") as caught:
        convert.work(job, lambda amount: None)
    assert [(one.code, one.subject) for one in caught.value.findings] == [("VID005", "/dev/full")]


def test_what_is_known_before(clip):
    """Path, claimed frames, rate and size of the first picture."""
    assert decode.probe(clip) == decode.Video(clip, FRAMES, film.FPS, film.WIDTH, film.HEIGHT)
