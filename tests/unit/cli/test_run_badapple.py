"""The command as a user runs it: options, output, exit codes."""

import json
import os
import shlex
import signal
import subprocess
import sys

import pytest

import offkit
import waiting
from clip_maker import write_clip
from offkit.badapple.shadowplay import clip, film
from offkit.cli import badapple_report

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
    assert (code, err.splitlines()[-1]) == (0, "-> trying the codecs of OpenCV")
    lines = [line.strip() for line in out.splitlines()]
    assert lines[:4] == [
        "+ 180 frames, each with its number, in order, 117 x 44 characters",
        "+ the number in each picture is that of its frame",
        "+ each frame shows what was drawn (worst: 0.00% of it differs)",
        "+ {} the same, through shared memory and a semaphore".format(lines[3][2:].partition(" the same")[0]),
    ]
    assert "codecs and containers are written and read back correctly" in lines[4]
    assert "frames      180 at 30 a second, 512x384 pixels" in lines
    program = shlex.quote(sys.executable).encode("ascii", "backslashreplace").decode() + " -m offkit.cli.app"
    assert lines[-3:] == [
        "output      a.txt, 935.2 kB",
        "see it      {} run-badapple --play a.txt".format(program),
        "cat a.txt",
    ]
    assert out.splitlines()[-1].index("cat") == out.splitlines()[-2].index(program)
    assert lines[-4].startswith("clip        kept in ")
    with open(str(tmp_path / "a.txt"), "rb") as written:
        assert written.readline() == b"total frame: 180 / FPS: 30.0 / resolution: 512x384\n"
        assert written.readline() == b"0\n"


def test_for_programs(command, tmp_path):
    """One document alone on stdout."""
    code, out, _ = command("--json", "--height", "32", "-j", "2", "--mode", "half", "--color", "16")
    document = json.loads(out)
    assert (code, document["schema"], document["verified"]) == (0, "offkit/run-badapple-1", True)
    assert document["output"] == str(tmp_path / "badapple.txt")
    assert (document["frames"], document["rows"], document["columns"]) == (180, 32, 85)
    assert (document["workers"], document["resolution"]) == (2, [512, 384])
    assert {entry["code"] for entry in document["findings"]} <= {"VID014", "VID016"}
    assert [document[name] for name in ("format", "mode", "color", "frames_lost")] == [
        "text",
        "half",
        "16",
        0,
    ]
    assert document["output_bytes"] == os.path.getsize(document["output"])
    assert sum(share["frames"] for share in document["per_worker"]) == 180
    assert [one["processor"] for one in document["processors"]] == sorted(os.sched_getaffinity(0))
    assert {"codec": "mp4v", "container": "mp4", "state": "works", "detail": "", "seeks": True}.items() <= (
        document["codecs"][0].items()
    )
    assert len(document["checks"]) == 5


def test_only_the_result(command):
    """-q says nothing on the way."""
    code, out, err = command("-q", "--quick", "-j", "1")
    assert (code, err) == (0, "")
    assert out.startswith("+ 180 frames")


def test_a_reader_that_has_gone(tmp_path, cache):
    """As with ``| head -1``: neither a failed check nor a success."""
    program = [sys.executable, "-m", "offkit.cli.app", "run-badapple", "-q", "--quick"]
    environment = dict(os.environ, PYTHONPATH=TOOLKIT, XDG_CACHE_HOME=cache)
    reader, writer = os.pipe()
    os.close(reader)
    process = subprocess.Popen(
        program, stdout=writer, stderr=subprocess.PIPE, env=environment, cwd=str(tmp_path)
    )
    os.close(writer)
    _, err = process.communicate()
    assert (process.returncode, err) == (141, b"")


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["none.mp4"], "there is no file none.mp4"),
        (["none.mp4"], "give the path of a video, or none to convert"),
        (["-j", "-1"], "--jobs must be 1 or more"),
        (["-j", "0"], "--jobs must be 1 or more"),
        (["--width", "0"], "--width must be 1 or more"),
        (["--height", "0", "-j", "0"], "--jobs and --height must be 1 or more"),
        (["--width", "80", "--height", "24"], "exclude each other"),
        (["--width", "9999"], "is not between 1 and 4000"),
        (["--full", "a.mp4"], "--full applies only to the built-in clip"),
        (["--play", "--json"], "exclude each other"),
        (["--play"], "--play needs a terminal"),
        (["a.txt"], "a.txt is not a video"),
        (["a.html"], "a conversion is shown with --play"),
        (["--color", "8"], "--color 8 is not one of none, 16, 256, true"),
        (["--mode", "ascii"], "--mode ascii is not one of characters, half, braille"),
        (["--mode", "half", "--ramp", "long"], "--ramp needs --mode characters"),
        (["--ramp", "x"], "--ramp has 1 character"),
        (["--cell-aspect", "0"], "--cell-aspect 0 is not between 0.25 and 8"),
        (["--format", "gif"], "--format gif is not one of text"),
        (["--format", "html", "-o", "a.cast"], "contradict each other"),
        (["-o", ""], "--output is given, but empty"),
        ([""], "VIDEO is given, but empty"),
        (["--quick", "--codecs"], "--quick and --codecs exclude each other"),
    ],
)
def test_usage(command, args, message):
    """Exit 2, with the reason."""
    code, out, err = command(*args)
    assert code == 2
    assert message in (out if "--json" in args else err)


def test_a_directory_is_no_film(command, tmp_path):
    """With --play as without: usage, and what to give instead."""
    (tmp_path / "m").mkdir()
    for args in (["m"], ["--play", "m"]):
        code, _, err = command(*args)
        assert code == 2
        assert "m is not a file" in err
        assert "give the path of a video" in err


def test_no_video(command, tmp_path):
    """A request that cannot be satisfied: exit 1, with its code."""
    (tmp_path / "a.mp4").write_text("hello")
    code, out, err = command("a.mp4")
    assert (code, out) == (1, "")
    assert err.startswith("x VID002  a.mp4: OpenCV does not recognise this as a video\n")
    assert err.count("OpenCV does not recognise") == 1
    assert "compare its size (5 bytes)" in err


def test_a_failed_check(command, tmp_path):
    """Exit 1 when what comes out is not what was drawn: here the clip in the cache is short."""
    path = tmp_path / "cache" / "offkit" / clip.file_name(film.Film(film.SHORT), *clip.CODECS[0])
    path.parent.mkdir(parents=True)
    write_clip(path, 170)
    clip.seal(str(path))
    code, out, _ = command("--json", "-j", "2", XDG_CACHE_HOME=str(tmp_path / "cache"))
    document = json.loads(out)
    assert (code, document["verified"]) == (1, False)
    assert "VID008" in [entry["code"] for entry in document["findings"]]
    assert any(
        "180 frames were drawn, 170 were converted" in entry["message"] for entry in document["findings"]
    )


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


def test_fewer_processes_than_asked_for(command):
    """Said, with the reason."""
    code, out, _ = command("-j", "100", "--quick")
    assert code == 0
    assert "processes   15 (fork; not 100: each takes 12 frames or more" in out


def test_a_package_that_is_not_there(command, tmp_path):
    """The cure is on the other side of the gap, and the command for it is named."""
    (tmp_path / "cv2.py").write_text("raise ModuleNotFoundError(\"No module named 'cv2'\", name='cv2')\n")
    code, _, err = command(PYTHONPATH="{}:{}".format(tmp_path, TOOLKIT))
    version = "{}.{}".format(*sys.version_info[:2])
    assert code == 4
    assert "offkit bundle --python {}".format(version) in err
    assert "opencv-python-headless numpy" in err


def processes_of(group):
    """Processes in a process group that are not dead."""
    found = []
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open("/proc/{}/stat".format(name)) as source:
                fields = source.read().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(fields[2]) == group and fields[0] not in "ZX":
            found.append(int(name))
    return found


@pytest.fixture(scope="module")
def long_clip(tmp_path_factory):
    return write_clip(tmp_path_factory.mktemp("clips") / "long.mp4", 400)


@pytest.fixture
def started(tmp_path, long_clip):
    """A run that takes long, in a process group of its own, as soon as it writes at ``place``."""
    begun = []

    def start(place):
        environment = dict(
            os.environ, PYTHONPATH=TOOLKIT, NO_COLOR="1", XDG_CACHE_HOME=str(tmp_path / "cache")
        )
        program = [sys.executable, "-m", "offkit.cli.app", "run-badapple", "--full", "-j", "2"]
        if place == "work":
            program = program[:4] + [long_clip, "-j", "2", "--height", "300"]
        (tmp_path / "work").mkdir()
        process = subprocess.Popen(
            program,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment,
            cwd=str(tmp_path / "work"),
            preexec_fn=os.setsid,
        )
        begun.append(process)
        watched = tmp_path / ("work" if place == "work" else "cache/offkit")
        waiting.until(lambda: watched.is_dir() and os.listdir(str(watched)), process)
        return process

    yield start
    for process in begun:
        for pid in processes_of(process.pid):
            os.kill(pid, signal.SIGKILL)
        process.wait()
        process.stdout.close()
        process.stderr.close()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks into /proc")
@pytest.mark.parametrize("whom", [os.kill, os.killpg], ids=["process", "group"])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_signals_clean_up(started, tmp_path, number, whom):
    """Exit 130, nothing unfinished is left, and no process; to the process or to all of them."""
    process = started("work")
    whom(process.pid, number)
    _, err = process.communicate()
    assert process.returncode == 130
    assert b"Traceback" not in err
    assert b"VID" not in err
    assert os.listdir(str(tmp_path / "work")) == []
    assert processes_of(process.pid) == []


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks into /proc")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_signals_while_the_clip_is_drawn(started, tmp_path, number):
    """The cache is left as it was."""
    process = started("cache")
    os.kill(process.pid, number)
    process.communicate()
    assert process.returncode == 130
    assert os.listdir(str(tmp_path / "cache" / "offkit")) == []


def test_what_a_killed_run_left_is_swept(started, command, tmp_path):
    """By the next run, which says so."""
    process = started("cache")
    process.kill()
    process.communicate()
    cache = tmp_path / "cache" / "offkit"
    (left,) = os.listdir(str(cache))
    code, _, err = command("--quick", "-j", "1", XDG_CACHE_HOME=str(tmp_path / "cache"))
    assert code == 0
    assert "-> removed what a killed run had left: {}".format(cache / left) in err
    assert [name.split("-")[0] for name in os.listdir(str(cache))] == ["shadowplay", "shadowplay"]


@pytest.mark.parametrize(
    ("args", "why"),
    [
        (["--speed", "9", "--play", "a.txt"], "--speed 9 is not between 0.25 and 8"),
        (["--speed", "2", "a.mp4"], "--speed needs --play"),
    ],
)
def test_how_fast_to_play(command, args, why):
    """A speed is for a film, and has its bounds."""
    code, _, err = command(*args)
    assert code == 2
    assert why in err


@pytest.mark.parametrize(
    ("module", "words"),
    [
        (
            "{root}/my apps/generations/0001-abcdef12/{runtime}/offkit/cli/x.py",
            ["{root}/my apps/current/bin/offkit"],
        ),
        ("{root}/x.py", [sys.executable, "-m", "offkit.cli.app"]),
    ],
    ids=["under a prefix", "as a module"],
)
def test_how_it_is_started_again(tmp_path, monkeypatch, module, words):
    """The words a shell understands."""
    from offkit.model import layout

    named = {"root": str(tmp_path), "runtime": layout.GENERATION_RUNTIME}
    monkeypatch.setattr(badapple_report, "__file__", module.format(**named))
    monkeypatch.setattr(sys, "argv", [str(tmp_path / "app.py")])
    assert shlex.split(badapple_report.command()) == [word.format(**named) for word in words]


def test_how_a_script_is_started_again(tmp_path, monkeypatch):
    """By its name when that is on PATH, by its path otherwise."""
    script = tmp_path / "offkit"
    script.write_text("#!/bin/sh\n")
    script.chmod(0o755)
    monkeypatch.setattr(sys, "argv", [str(script)])
    monkeypatch.setenv("PATH", "/nowhere")
    assert badapple_report.command() == shlex.quote(str(script))
    monkeypatch.setenv("PATH", str(tmp_path))
    assert badapple_report.command() == "offkit"
