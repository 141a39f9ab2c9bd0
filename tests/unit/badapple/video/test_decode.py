"""A video as a stream of pictures: with as many threads as it was told."""

import os
import subprocess
import sys

import cv2
import numpy as np
import pytest

import offkit
from clip_maker import write_clip
from offkit.badapple.video import decode
from offkit.model.errors import RequestError, UsageError

TOOLKIT = os.path.dirname(os.path.dirname(os.path.abspath(offkit.__file__)))

# Threads of a process that has decoded a picture, and those it had before.
PROGRAM = """
import sys
from offkit.badapple import environment
environment.load()
from offkit.badapple.video import decode
from offkit.model.errors import RequestError, UsageError

def threads():
    with open("/proc/self/status") as source:
        return int([line.split()[1] for line in source if line.startswith("Threads:")][0])

before = threads()
source = decode.Source(sys.argv[1], int(sys.argv[2]))
assert source.read() is not None
print(before, threads())
"""


def threads_of(path, asked):
    done = subprocess.check_output(
        [sys.executable, "-c", PROGRAM, path, str(asked)], env=dict(os.environ, PYTHONPATH=TOOLKIT)
    )
    before, after = map(int, done.split())
    return before, after - before


@pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="looks into /proc")
@pytest.mark.skipif(os.cpu_count() == 1, reason="one processor, one thread")
def test_threads(tmp_path):
    """Counted by the kernel: one thread is no thread besides the first, where OpenCV can be told."""
    path = write_clip(tmp_path / "a.mp4", 30)
    limited = decode.decoder_threads(1)
    assert limited == (1 if hasattr(cv2, "CAP_PROP_N_THREADS") else decode.decoder_threads(0))
    assert threads_of(path, 1) == (1, 0 if limited == 1 else limited)
    # Since 4.7 FFmpeg counts those processors only that may be used, and one wants no thread.
    usable = len(os.sched_getaffinity(0))
    expected = decode.decoder_threads(decode.ALL_THREADS) if limited > 1 else usable * (usable > 1)
    assert threads_of(path, decode.ALL_THREADS)[1] >= expected


def test_when_a_picture_is_shown(tmp_path):
    """In seconds, from the beginning."""
    source = decode.Source(write_clip(tmp_path / "a.mp4", 30), 1)
    moments = []
    while source.skip():
        moments.append(source.moment)
    source.close()
    assert [round(moment * 30) for moment in moments] == list(range(30))


@pytest.mark.parametrize(
    ("name", "codec", "luma"),
    [("a.mp4", "mp4v", "limited"), ("a.avi", "MJPG", "full"), ("a.avi", "FFV1", "")],
)
def test_luma_is_taken_as_it_is(tmp_path, name, codec, luma):
    """Where the decoder hands it out: from formats that begin with it, with its range; else colours are."""
    path = write_clip(tmp_path / name, 30, codec=codec)
    source = decode.Source(path, 1, luma=True)
    plain = source.read().ndim == 2 and source.plain_luma
    source.close()
    if hasattr(cv2, "CAP_PROP_N_THREADS"):  # older ones give colours whatever they are asked for
        assert plain == bool(luma)
    assert decode.probe(path).luma == (luma if plain else "")


class Capture:
    """OpenCV's, with what it was asked for written down."""

    said, opens = (), True

    def __init__(self):
        self.asked = []

    def open(self, *given):
        self.asked.append(given)
        return self.opens

    def get(self, what):
        return dict(self.said).get(what, 0.0)

    def set(self, what, value):
        self.asked.append((what, value))

    def isOpened(self):
        return False


@pytest.fixture
def capture(monkeypatch):
    monkeypatch.setattr(Capture, "said", ())
    monkeypatch.setattr(cv2, "VideoCapture", Capture)
    return Capture


THREADS = 70  # CAP_PROP_N_THREADS


@pytest.mark.parametrize(
    ("limitable", "threads", "opens", "luma", "asked"),
    [
        (True, 2, True, False, [("/v", cv2.CAP_FFMPEG, [THREADS, 2])]),
        (True, 0, True, False, [("/v", cv2.CAP_FFMPEG)]),
        (False, 2, True, False, [("/v", cv2.CAP_FFMPEG)]),
        (True, 0, True, True, [("/v", cv2.CAP_FFMPEG), (cv2.CAP_PROP_CONVERT_RGB, 0)]),
        (
            True,
            1,
            False,
            False,
            [
                ("/v", cv2.CAP_FFMPEG, [THREADS, 1]),
                ("/v", cv2.CAP_FFMPEG),
                ("/v", cv2.CAP_OPENCV_MJPEG),
            ],
        ),
    ],
)
def test_how_a_video_is_opened(monkeypatch, capture, limitable, threads, opens, luma, asked):
    """With FFmpeg first, by a path from the root, and without a way to the network."""
    quiet = []
    monkeypatch.setattr(decode, "_LIMITABLE", limitable)
    monkeypatch.setattr(cv2, "CAP_PROP_N_THREADS", THREADS, raising=False)
    monkeypatch.setattr(cv2, "setNumThreads", quiet.append)
    monkeypatch.setattr(capture, "opens", opens)
    monkeypatch.setenv("OPENCV_FFMPEG_CAPTURE_OPTIONS", "protocol_whitelist;http")
    monkeypatch.chdir("/")
    source = decode.Source("v", threads, luma)
    assert source._capture.asked == asked
    assert quiet == [0]
    assert os.environ["OPENCV_FFMPEG_CAPTURE_OPTIONS"] == "protocol_whitelist;file"
    source.seek(7)
    assert source._capture.asked[-1] == (cv2.CAP_PROP_POS_FRAMES, 7)


def test_a_source_is_of_colours_and_has_all_threads(capture):
    """Unless it is told."""
    assert decode.Source("/v")._capture.asked == [("/v", cv2.CAP_FFMPEG)]


@pytest.mark.parametrize(
    ("claimed", "frames"),
    [(-1.0, 0), (0.0, 0), (1.0, 1), (99999999.0, 99999999), (1e8, 0), (float("nan"), 0), (7.9, 7)],
)
def test_frames_that_a_header_claims(monkeypatch, capture, claimed, frames):
    """None, where it cannot mean it."""
    monkeypatch.setattr(capture, "said", {cv2.CAP_PROP_FRAME_COUNT: claimed})
    assert decode.Source("/v").frames == frames


@pytest.mark.parametrize(
    ("claimed", "fps"),
    [(0.0, 0.0), (0.009, 0.0), (0.01, 0.01), (29.97, 29.97), (1000, 1000.0), (1001, 0.0), (-5, 0.0)],
)
def test_a_rate_that_a_header_claims(monkeypatch, capture, claimed, fps):
    """None, where no film has it."""
    monkeypatch.setattr(capture, "said", {cv2.CAP_PROP_FPS: claimed})
    found = decode.Source("/v").fps
    assert (found, type(found)) == (fps, float)


@pytest.mark.parametrize(
    ("layout", "turned", "colours", "plain"),
    [
        (b"I420", 0, 0, True),
        (b"NV12", 0, 0, True),
        (b"NV21", 0, 0, False),
        (b"I420", 90, 0, False),
        (b"I420", 0, 1, False),
    ],
)
def test_what_begins_with_luma(monkeypatch, capture, layout, turned, colours, plain):
    """Two layouts, the right way up, not made colours of."""
    said = {
        cv2.CAP_PROP_CODEC_PIXEL_FORMAT: float(int.from_bytes(layout, "little")),
        decode._ORIENTATION: turned,
        cv2.CAP_PROP_CONVERT_RGB: colours,
    }
    monkeypatch.setattr(capture, "said", said)
    assert decode.Source("/v").plain_luma is plain


def test_a_layout_that_is_not_known(monkeypatch, capture):
    """OpenCV says -1."""
    monkeypatch.setattr(capture, "said", {cv2.CAP_PROP_CODEC_PIXEL_FORMAT: -1.0})
    assert decode.Source("/v").plain_luma is False


@pytest.mark.parametrize(
    ("limitable", "asked", "threads"), [(True, 3, 3), (True, 0, 6), (False, 3, 6), (False, 0, 6)]
)
def test_threads_that_there_really_are(monkeypatch, limitable, asked, threads):
    """As many as were asked for, or one for every processor that is online."""
    monkeypatch.setattr(decode, "_LIMITABLE", limitable)
    monkeypatch.setattr(os, "sysconf", lambda name: {"SC_NPROCESSORS_ONLN": 6}[name])
    assert decode.decoder_threads(asked) == threads
    monkeypatch.setattr(os, "sysconf", lambda name: -1)
    assert decode.decoder_threads(0) == 1


def test_a_file_that_may_not_be_read(tmp_path, monkeypatch):
    """Who may is seen with ls; the name is quoted for the shell."""
    path = str(tmp_path / "my film.mp4")
    open(path, "wb").close()
    monkeypatch.setattr(os, "access", lambda name, how: how != os.R_OK)
    with pytest.raises(UsageError) as caught:
        decode.require_file(path)
    assert caught.value.message == path + " cannot be read: permission denied"
    assert caught.value.fix == "ls -l '{}'".format(path)


@pytest.mark.parametrize(("name", "says"), [("none", "there is no file {}"), (".", "{} is not a file")])
def test_no_file(tmp_path, name, says):
    """Missing, or a directory; no video at all may be meant."""
    path = str(tmp_path / name)
    with pytest.raises(UsageError) as caught:
        decode.require_file(path)
    assert caught.value.message == says.format(path)
    assert caught.value.fix.startswith("give the path of a video, or none to convert")


def test_a_video_without_a_picture(tmp_path, monkeypatch):
    """Open, and nothing comes: VID003, and it does not stay open."""
    path = write_clip(tmp_path / "a.mp4", 2)
    closed = []

    class Empty(decode.Source):
        def read(self):
            return None

        def close(self):
            closed.append(self)
            super().close()

    monkeypatch.setattr(decode, "Source", Empty)
    with pytest.raises(RequestError) as caught:
        decode.probe(path)
    (finding,) = caught.value.findings
    assert (finding.code, finding.severity, finding.subject) == ("VID003", "error", path)
    assert finding.message == caught.value.message == "no picture can be decoded from this video"
    assert finding.fix.startswith("compare its size ({} bytes) ".format(os.path.getsize(path)))
    assert len(closed) == 1


def test_what_is_no_video(tmp_path):
    """VID002, with its size."""
    path = tmp_path / "a.mp4"
    path.write_bytes(b"x")
    with pytest.raises(RequestError) as caught:
        decode.probe(str(path))
    (finding,) = caught.value.findings
    assert (finding.code, finding.severity, finding.subject) == ("VID002", "error", str(path))
    assert finding.message == caught.value.message == "OpenCV does not recognise this as a video"
    assert finding.fix.startswith("compare its size (1 byte) ")


class Pictures:
    """Stands for a Source: pictures from a list, None behind them."""

    plain_luma = True

    def __init__(self, pictures):
        self.pictures, self.closed, self.told = list(pictures), 0, []

    def read(self):
        return self.pictures.pop(0) if self.pictures else None

    def close(self):
        self.closed += 1


def levels(*values):
    return np.array([values], np.uint8)


def bgr(*values):
    return np.dstack([levels(*values)] * 3)


# Luma of limited range, and the gray that it stands for; of full range; and one that tells little.
LIMITED, GRAY = levels(16, 126, 235), bgr(0, 128, 255)
FULL, SAME = levels(40, 128, 200), bgr(40, 128, 200)
MID, MID_GRAY = levels(126, 126, 126), bgr(128, 128, 128)


@pytest.mark.parametrize(
    ("planes", "colours", "luma"),
    [
        ([LIMITED], [GRAY], "limited"),
        ([FULL], [SAME], "full"),
        ([MID] * 29 + [LIMITED], [MID_GRAY] * 29 + [GRAY], "limited"),
        ([MID] * 30 + [LIMITED], [MID_GRAY] * 30 + [GRAY], ""),
        ([MID, LIMITED], [MID_GRAY], ""),
        ([MID], [MID_GRAY, GRAY], ""),
        ([], [GRAY], ""),
        ([levels(60, 60, 60)], [GRAY], ""),
        ([LIMITED.astype(np.uint16)], [GRAY], ""),
        ([LIMITED[:, :2]], [GRAY], ""),
        ([MID, levels(16, 126, 235) // 2, LIMITED], [MID_GRAY, GRAY, GRAY], ""),
        ([levels(126, 126, 126)], [bgr(130, 130, 130)], ""),  # 2 levels beside it
        ([levels(88, 88, 88)], [bgr(88, 88, 88)], "full"),  # the other misses it by 4
        # One range fits, the other misses it by less than twice as much as may be: nobody knows yet.
        ([levels(110, 110, 110), FULL], [bgr(110, 110, 110), SAME], "full"),
    ],
)
def test_the_range_must_show(monkeypatch, planes, colours, luma):
    """Within 30 pictures, in each of which luma and colours fit each other; else colours are trusted."""
    plane, asked = Pictures(planes), []

    def source(*given, **named):
        asked.append((given, named))
        return plane

    monkeypatch.setattr(decode, "Source", source)
    seen = Pictures(colours)
    assert decode._luma("/v", seen, seen.read()) == luma
    assert asked == [(("/v", 1), {"luma": True})]
    assert plane.closed == 1


def test_luma_that_is_not_handed_out(monkeypatch):
    """Nothing is decoded for it."""
    plane = Pictures([LIMITED])
    plane.plain_luma = False
    monkeypatch.setattr(decode, "Source", lambda *given, **named: plane)
    assert decode._luma("/v", Pictures([]), GRAY) == ""
    assert (plane.closed, len(plane.pictures)) == (1, 1)


def test_pictures_that_are_skipped(tmp_path):
    """What was skipped can be had all the same; behind the end there is nothing."""
    path = write_clip(tmp_path / "a.avi", 3, codec="MJPG")
    source, again = decode.Source(path, 1), decode.Source(path, 1)
    assert source.is_open
    for _ in range(3):
        assert source.skip() is True
        assert (source.picture() == again.read()).all()
    assert source.skip() is False
    assert source.picture() is None
    assert again.read() is None
    assert again._picture is None
    for one in (source, again):
        one.close()
        assert one.is_open is False
