"""Codecs that OpenCV can write: each tried for real, and what is found when one is broken."""

import faulthandler
import os
import signal

import cv2
import pytest

from offkit.badapple.verify import codecs
from offkit.badapple.verify.codecs import ABSENT, PAIRS, WORKS, WRONG, Tried
from offkit.badapple.video.decode import Source
from offkit.model.report import Bar

pytestmark = pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
ALWAYS = {"mp4v/mp4", "MJPG/avi", "FFV1/mkv"}  # in every wheel of OpenCV
SOME = (("mp4v", "mp4", ""), ("MJPG", "avi", ""), ("avc9", "mp4", ""))


def name(pair):
    return "{}/{}".format(pair[0].strip(), pair[1])


@pytest.mark.parametrize("pair", PAIRS, ids=name)
def test_each_codec_in_each_container(tmp_path, capfd, pair):
    """Its own frames come back right, or it cannot be written at all; OpenCV's words stay off the screen."""
    (tried,) = codecs.try_all(str(tmp_path), 1, Bar(), "fork", (pair,))
    assert tried.state in ({WORKS} if name(pair) in ALWAYS else {WORKS, ABSENT})
    assert tried.detail == ""
    if tried.state == WORKS:
        assert tried.size > 0
        assert tried.worst <= 0.01
    assert os.listdir(str(tmp_path)) == []
    assert capfd.readouterr() == ("", "")


def test_several_at_a_time_and_by_spawn(tmp_path, capfd):
    """In the order of the pairs, whoever is ready first."""
    tried = codecs.try_all(str(tmp_path), 3, Bar(), "spawn", SOME)
    assert [(one.codec, one.state) for one in tried] == [("mp4v", WORKS), ("MJPG", WORKS), ("avc9", ABSENT)]
    assert tried[0].seeks
    assert capfd.readouterr() == ("", "")


def test_an_encoder_that_crashes(tmp_path, monkeypatch):
    """It is a finding, and the others of its round are tried all the same."""
    right = codecs._write

    def crashes(trial):
        if trial.codec == "MJPG":
            with open(trial.path, "wb") as half:
                half.write(b"half")
            faulthandler.disable()
            os.kill(os.getpid(), signal.SIGSEGV)
        return right(trial)

    monkeypatch.setattr(codecs, "_write", crashes)
    tried = codecs.try_all(str(tmp_path), 3, Bar(), "fork", SOME)
    assert [one.state for one in tried] == [WORKS, WRONG, ABSENT]
    found = codecs.findings(tried, "4.6.0")
    assert [(one.code, one.severity, one.subject) for one in found] == [
        ("VID014", "info", "OpenCV 4.6.0"),
        ("VID015", "error", "MJPG/avi"),
    ]
    assert "its process was killed by SIGSEGV" in found[1].message
    assert os.listdir(str(tmp_path)) == []


class Shifted(Source):
    """Loses the first picture."""

    def __init__(self, *args):
        super().__init__(*args)
        super().read()


class Dark(Source):
    """Shows another picture than was written."""

    def read(self):
        picture = super().read()
        return None if picture is None else picture // 2 + 64


class Broken(Source):
    """OpenCV itself complains."""

    def read(self):
        raise cv2.error("Assertion\n failed")


class Frozen(Source):
    """Never ends."""

    kept = None

    def read(self):
        picture = super().read()
        self.kept = self.kept if picture is None else picture.copy()
        return self.kept


class Unseekable(Source):
    """Every seek lands one frame late."""

    def seek(self, number):
        super().seek(number + 1)


class Closed(Source):
    """Cannot be opened."""

    is_open = False


@pytest.mark.parametrize(
    ("source", "state", "detail"),
    [
        (Shifted, WRONG, "of 36 frames, 35 came back"),
        (Dark, WRONG, "of a frame's characters are not as drawn"),
        (Broken, WRONG, "Assertion failed"),
        (Frozen, WRONG, "of 36 frames, more came back"),
        (Unseekable, WORKS, ""),
        (Closed, WRONG, "it cannot be opened again"),
    ],
)
def test_frames_that_come_back_wrong(tmp_path, monkeypatch, source, state, detail):
    """Lost, changed, too many, or none: each is said. An inexact seek is no fault of the frames."""
    monkeypatch.setattr(codecs, "Source", source)
    (tried,) = codecs.try_all(str(tmp_path), 1, Bar(), "fork", SOME[:1])
    assert (tried.state, tried.seeks) == (state, False)
    assert detail in tried.detail
    found = codecs.findings([tried], "5.0.0")
    assert [one.code for one in found] == (["VID015"] if state == WRONG else [])


def test_nothing_to_find():
    """When all work, there is nothing to say."""
    assert codecs.findings([Tried("mp4v", "mp4", WORKS)], "5.0.0") == []


def test_a_file_without_anything_in_it_was_not_written(tmp_path, monkeypatch):
    """Some encoders say that they are open and write nothing, or an empty file."""

    class Silent:
        def __init__(self, path, *rest):
            self.path, self.rest, self.open, self.pictures = path, rest, True, 0

        def isOpened(self):
            return self.open

        def write(self, picture):
            self.pictures += 1

        def release(self):
            made.append(self)
            if self.path.endswith("some"):
                with open(self.path, "wb") as out:
                    out.write(b"x" * self.pictures)
            elif self.path.endswith("empty"):
                open(self.path, "wb").close()

    made = []
    monkeypatch.setattr(codecs.cv2, "VideoWriter", Silent)
    trials = [codecs.Trial("mp4v", "mp4", str(tmp_path / name)) for name in ("none", "empty", "some")]
    assert [codecs._write(trial) for trial in trials] == [False, False, True]
    assert [one.pictures for one in made] == [36, 36, 36]
    assert made[0].rest[0] == int.from_bytes(b"mp4v", "little")


def test_what_holds():
    """How many are right, of those that were tried; nothing to say of none."""
    right, wrong = Tried("mp4v", "mp4", WORKS), Tried("MJPG", "avi", WRONG)
    assert codecs.holds([right, wrong]) == [
        "1 of 2 codecs and containers are written and read back correctly"
    ]
    assert codecs.holds([wrong]) == []


class Played:
    """Stands for a Source: these frames of the film, and where a seek leads."""

    is_open = True

    def __init__(self, numbers, late=0):
        self.numbers, self.late, self.at, self.closed = list(numbers), late, 0, 0

    def read(self):
        self.at += 1
        if self.at > len(self.numbers):
            return None
        return cv2.cvtColor(codecs._picture(self.numbers[self.at - 1]), cv2.COLOR_GRAY2BGR)

    def seek(self, number):
        self.at = number + self.late

    def close(self):
        self.closed += 1


SWAPPED = [1, 0, *range(2, 36)]


@pytest.mark.parametrize(
    ("numbers", "late", "state", "detail", "seeks"),
    [
        (range(36), 0, WORKS, "", True),
        (range(36), 1, WORKS, "", False),
        (range(36), 99, WORKS, "", False),
        (range(35), 0, WRONG, "of 36 frames, 35 came back", False),
        (range(37), 0, WRONG, "of 36 frames, more came back", False),
        (SWAPPED, 0, WRONG, "2 frames are not in order", False),
        ([1, *range(1, 36)], 0, WRONG, "1 frame is not in order", False),
    ],
)
def test_what_comes_back(tmp_path, numbers, late, state, detail, seeks):
    """Counted, put in order, compared; the size of the file is told in any case."""
    source, path = Played(numbers, late), tmp_path / "a.mp4"
    path.write_bytes(b"12345")
    found = codecs._compared(codecs.Trial("mp4v", "mp4", str(path)), source)
    assert found[:5] + found[6:] == ("mp4v", "mp4", state, detail, 5, seeks)
    assert (found.worst <= 0.01) == (source.numbers[0] == 0)
    assert source.closed == (state == WORKS)


def test_what_is_tried():
    """FourCCs in containers that there are, each once; enough frames, and enough room for them."""
    assert len(PAIRS) == len({pair[:2] for pair in PAIRS}) == 25
    assert {len(codec) for codec, _, _ in PAIRS} == {4}
    containers = "avi flv mkv mov mp4 mpg ogv ts webm wmv"
    assert sorted({container for _, container, _ in PAIRS}) == containers.split()
    assert (codecs.FRAMES, codecs.ROOM) == (36, 20000000)
