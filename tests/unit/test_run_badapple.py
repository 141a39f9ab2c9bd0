"""The command as a user runs it: options, output, exit codes."""

import json
import os
import subprocess
import sys

import pytest

import offkit
from clip_maker import write_clip
from offkit.badapple import clip, film

TOOLKIT = os.path.dirname(os.path.dirname(os.path.abspath(offkit.__file__)))


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return str(tmp_path_factory.mktemp("cache"))


@pytest.fixture
def command(tmp_path, cache):
    """offkit run-badapple in a directory of its own: (exit code, stdout, stderr)."""

    def call(*args, **more):
        environment = dict(
            os.environ, PYTHONPATH=TOOLKIT, NO_COLOR="1", PYTHONIOENCODING="ascii", XDG_CACHE_HOME=cache
        )
        environment.update(more)
        done = subprocess.Popen(
            [sys.executable, "-m", "offkit.cli.app", "run-badapple"] + list(args),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment,
            cwd=str(tmp_path),
        )
        out, err = done.communicate()
        return done.returncode, out.decode("ascii"), err.decode("ascii")

    return call


def test_for_people(command, tmp_path):
    """What was verified, the numbers, and how to see it."""
    code, out, err = command("-j", "2", "-o", "a.txt")
    assert (code, err.splitlines()[-1]) == (0, "-> checking every frame")
    lines = [line.strip() for line in out.splitlines()]
    assert lines[:4] == [
        "+ 180 frames, each with its number, in order, 117 x 44 characters",
        "+ the number in each picture is that of its frame",
        "+ each frame shows what was drawn (worst: 0.00% of its characters differ)",
        "frames      180 at 30 a second, 512x384 pixels",
    ]
    assert lines[-2:] == ["see it   offkit run-badapple --play a.txt", "cat a.txt"]
    with open(str(tmp_path / "a.txt"), "rb") as written:
        assert written.readline() == b"total frame: 180 / FPS: 30.0 / resolution: 512x384\n"
        assert written.readline() == b"0\n"


def test_for_programs(command, tmp_path):
    """One document alone on stdout."""
    code, out, _ = command("--json", "--height", "32", "-j", "2")
    document = json.loads(out)
    assert (code, document["schema"], document["verified"]) == (0, "offkit/run-badapple-1", True)
    assert document["output"] == str(tmp_path / "badapple.txt")
    assert (document["frames"], document["rows"], document["columns"]) == (180, 32, 85)
    assert (document["workers"], document["resolution"], document["findings"]) == (2, [512, 384], [])
    assert len(document["checks"]) == 3


def test_only_the_result(command):
    """-q says nothing on the way."""
    code, out, err = command("-q", "--quick", "-j", "1")
    assert (code, err) == (0, "")
    assert out.startswith("+ 180 frames")


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["none.mp4"], "there is no file none.mp4"),
        (["-j", "-1"], "--jobs must be 1 or more"),
        (["--width", "80", "--height", "24"], "exclude each other"),
        (["--width", "9999"], "is not between 1 and 4000"),
        (["--full", "a.mp4"], "--full is about the built-in clip"),
        (["--play", "--json"], "exclude each other"),
        (["--play"], "--play needs a terminal"),
        (["a.txt"], "a.txt is a text"),
    ],
)
def test_usage(command, args, message):
    """Exit 2, with the reason."""
    code, out, err = command(*args)
    assert code == 2
    assert message in (out if "--json" in args else err)


def test_no_video(command, tmp_path):
    """A request that cannot be satisfied: exit 1, with its code."""
    (tmp_path / "a.mp4").write_text("hello")
    code, out, err = command("a.mp4")
    assert (code, out) == (1, "")
    assert "x VID002  a.mp4: OpenCV does not recognise this as a video" in err


def test_a_failed_check(command, tmp_path):
    """Exit 1 when what comes out is not what was drawn: here the clip in the cache is short."""
    path = tmp_path / "cache" / "offkit" / clip.file_name(film.Film(film.SHORT), *clip.CODECS[0])
    path.parent.mkdir(parents=True)
    write_clip(path, 170)
    code, out, _ = command("--json", "-j", "2", XDG_CACHE_HOME=str(tmp_path / "cache"))
    document = json.loads(out)
    assert (code, document["verified"]) == (1, False)
    assert "VID008" in [entry["code"] for entry in document["findings"]]
    assert any("180 frames were drawn, 170 came out" in entry["message"] for entry in document["findings"])


def test_a_missing_library(command, tmp_path):
    """Exit 4, with the import's own words and where the cure is."""
    broken = tmp_path / "broken"
    broken.mkdir()
    text = "libSM.so.6: cannot open shared object file: No such file or directory"
    (broken / "cv2.py").write_text("raise ImportError({!r})\n".format(text))
    code, out, err = command(PYTHONPATH="{}:{}".format(broken, TOOLKIT))
    assert (code, out) == (4, "")
    assert "x VID001  cv2: import cv2 fails: " + text in err
    assert "offkit doctor names every missing library and the RPM that has it" in err
