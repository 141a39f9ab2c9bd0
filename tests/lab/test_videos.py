"""The same bytes for any number of workers, on every Python, for every kind of video."""

import json
import os
import shutil
import subprocess
import sys

import pytest

import cache
import clips
import pythons

pytestmark = pytest.mark.skipif(
    shutil.which("ffmpeg") is None, reason="no ffmpeg (tests/lab/setup.sh installs it)"
)

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
SERVER = os.path.join(TOP, ".venv36", "bin", "python")
# The last Python that numpy 1 has a wheel for: this OpenCV was built for it.
SERIES, WHEELS = "3.12", ["numpy==1.26.4", "opencv-python-headless==4.6.0.66"]
WAYS = ["{}-fork".format(workers) for workers in (1, 2, 3, 4, 8, 17)]
NAMES = [
    *clips.MADE,
    *("cut-" + name for name in clips.CUT),
    *("hurt-" + name for name in clips.HURT),
    "noise.mp4",
]


def digests(python, kind="text", colour="mono", ways=WAYS, names=NAMES, packages=""):
    """What ``digests.py`` finds, run by ``python``."""
    path = os.pathsep.join(part for part in (os.path.join(TOP, "toolkit"), packages) if part)
    argv = [python, os.path.join(HERE, "digests.py"), clips.directory(), kind, colour, ",".join(ways), *names]
    done = subprocess.run(
        argv, env=dict(os.environ, PYTHONPATH=path), capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def here():
    return digests(sys.executable, ways=["1-fork", "3-fork", "17-fork"])


@pytest.fixture(scope="module")
def server():
    if not os.path.exists(SERVER):
        pytest.skip("no .venv36 (make unit36 makes it where there is a CPython 3.6)")
    return digests(SERVER)


@pytest.mark.parametrize("which", ["here", "server"])
def test_any_number_of_workers(which, request):
    """Where a way gives none (the seams do not hold), one worker is what the command falls back to."""
    found = request.getfixturevalue(which)
    for name in NAMES:
        if isinstance(found[name], dict):
            straight = found[name]["1-fork"]
            assert straight[1] > 0, name
            assert [one for one in found[name].values() if one not in (None, straight)] == [], name


@pytest.mark.parametrize("which", ["here", "server"])
def test_exact_seeks_are_used(which, request):
    """Falling back would be right too, but slow; in a transport stream it is what must happen."""
    found = request.getfixturevalue(which)
    assert {name: way for name in clips.EXACT for way, one in found[name].items() if one is None} == {}
    assert None in found["h264.ts"].values()
    assert None in found["h264.avi"].values()


@pytest.mark.parametrize("which", ["here", "server"])
def test_what_can_be_read_is_converted(which, request):
    """And how much is lost is known where the header says how much there was."""
    found = request.getfixturevalue(which)
    for name in clips.CUT:
        _, frames, lost = found["cut-" + name]["1-fork"]
        assert 90 <= frames <= 130, name
        assert lost > 0 or name.endswith((".mpg", ".ts")), name
    assert found["one.mp4"]["17-fork"][1] == 1
    assert found["h264.mp4"]["1-fork"][1:] == [180, 0]
    assert (found["sound.mp4"], found["noise.mp4"]) == (["VID002"], ["VID002"])


def test_every_python(server):
    """3.6 and the newest that runs the same OpenCV, with other versions of numpy."""
    python = pythons.find(SERIES)
    if python is None:
        pytest.skip("no CPython {} on PATH or under pyenv".format(SERIES))

    def make(path):
        cache.run([python, "-m", "pip", "install", "-q", "--no-deps", "--target", path, *WHEELS])

    packages = cache.kept("opencv46", [SERIES, *WHEELS, cache.source(make)], make)
    assert digests(python, ways=["1-fork", "3-fork"], packages=packages) == {
        name: found if not isinstance(found, dict) else {way: found[way] for way in ("1-fork", "3-fork")}
        for name, found in server.items()
    }


@pytest.mark.parametrize(
    ("kind", "colour"),
    [("text", "mono"), ("text", "256"), ("cast", "16"), ("html", "true")],
)
def test_every_format(kind, colour):
    """However processes are started; where frames vary in size, parts are joined to the same file."""
    names = ["h264.mp4", "cut-h264.mkv", "h264.ts", "one.mp4"]
    ways = ["1-fork", "3-fork", "3-spawn", "17-fork"]
    found = digests(SERVER if os.path.exists(SERVER) else sys.executable, kind, colour, ways, names)
    for name in names:
        straight = found[name]["1-fork"]
        assert [one for one in found[name].values() if one not in (None, straight)] == [], name
    assert None not in found["h264.mp4"].values()
