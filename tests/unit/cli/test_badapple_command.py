"""run-badapple's options: what is made of them for the workload, and which exclude each other."""

import os
import signal
import types

import pytest

from offkit.badapple import environment, unfinished, workload
from offkit.badapple.formats import catalogue, look
from offkit.badapple.workload import Request
from offkit.cli import badapple_report, bench_badapple, render, run_badapple
from offkit.model.errors import UsageError
from offkit.model.finding import ERROR, WARNING, Finding
from offkit.theatre.player import deferred, player_process

USUAL = {
    "video": None,
    "jobs": None,
    "output": None,
    "form": "",
    "color": "none",
    "mode": "characters",
    "ramp": None,
    "invert": False,
    "width": None,
    "height": None,
    "cell_aspect": 2.0,
    "full": False,
    "quick": False,
    "codecs": False,
    "play": False,
    "speed": 1.0,
    "bench": None,
    "json": False,
    "quiet": False,
    "verbose": False,
}


@pytest.fixture(autouse=True)
def _signals(monkeypatch, tmp_path):
    before = {one: signal.getsignal(one) for one in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)}
    monkeypatch.chdir(tmp_path)
    yield
    for one, handler in before.items():
        signal.signal(one, handler)
    render.console()


def call(**more):
    return run_badapple.run_badapple(**dict(USUAL, **more))


@pytest.fixture
def done(monkeypatch):
    """What was asked of the workload, and shown; ``findings`` is what it finds."""
    made = types.SimpleNamespace(requests=[], shown=[], findings=[])

    def run(request, report):
        made.requests.append(request)
        return types.SimpleNamespace(findings=made.findings)

    monkeypatch.setattr(environment, "load", lambda: made.requests.append("load"))
    monkeypatch.setattr(workload, "run", run)
    monkeypatch.setattr(badapple_report, "show", lambda outcome, codecs: made.shown.append(codecs))
    return made


def test_nothing_said(done):
    """The built-in film, with the workload's own defaults; the libraries are looked at first."""
    assert call() == 0
    assert done.requests == ["load", Request(None)]
    assert done.shown == [False]


def test_all_of_it(done):
    """Each option in its place; a failed check is exit 1, a warning is not."""
    done.findings = [Finding("VID009", ERROR, "x", "y")]
    more = {"jobs": 3, "output": "o.txt", "form": "text", "color": "256", "ramp": "long", "invert": True}
    assert call(video="a.mp4", width=80, cell_aspect=1.5, quick=True, **more) == 1
    expected = Request("a.mp4", "o.txt", 80, 0, False, True, 3, "text", "characters", "256")
    expected = expected._replace(ramp=look.ramp("long"), invert=True, aspect=1.5)
    assert done.requests[-1] == expected
    done.findings = [Finding("VID016", WARNING, "x", "y")]
    assert call(height=20, full=True, codecs=True, mode="braille", color="true") == 0
    expected = Request(None, None, 0, 20, True, False, 0, "", "braille", "true", codecs=True)
    assert done.requests[-1] == expected
    assert done.shown == [False, True]
    assert call(color="16", mode="half") == 0
    assert (done.requests[-1].colour, done.requests[-1].mode) == ("16", "half")


def test_measuring(done, monkeypatch):
    """--bench gets what is about it, and does nothing else; its exit code is the command's."""
    asked = []
    monkeypatch.setattr(bench_badapple, "bench", lambda *args: asked.append(args) or 5)
    assert call(video="a.mp4", bench="1,2", output="d", quick=True) == 5
    assert asked[0][:4] == ("a.mp4", "1,2", "d", True)
    assert isinstance(asked[0][4], render.Console)
    assert call(bench="auto", full=True) == 5
    assert asked[1][:4] == (None, "auto", None, False)
    assert done.requests == ["load", "load"]


OTHERS = [
    ({"play": True}, "--play"),
    ({"jobs": 2}, "--jobs"),
    ({"form": "text"}, "--format"),
    ({"color": "16"}, "--color"),
    ({"mode": "half"}, "--mode"),
    ({"ramp": "long"}, "--ramp"),
    ({"invert": True}, "--invert"),
    ({"width": 80}, "--width"),
    ({"height": 24}, "--height"),
    ({"cell_aspect": 1.0}, "--cell-aspect"),
    ({"codecs": True}, "--codecs"),
]


@pytest.mark.parametrize(
    ("more", "message", "fix"),
    [
        *[
            (dict(one, bench="1"), "--bench excludes {}: it always measures the same".format(name), "")
            for one, name in OTHERS
        ],
        (
            {"bench": "1", "full": True, "quick": True},
            "--full and --quick exclude each other with --bench: it is quick by being short",
            "",
        ),
        ({"bench": "1", "invert": True, "jobs": 1}, "--bench excludes --jobs and --invert", ""),
        ({"bench": ""}, "--bench is given, but empty", "check whether a shell variable is unset"),
        ({"ramp": ""}, "--ramp is given, but empty", "check whether a shell variable is unset"),
        ({"output": ""}, "--output is given, but empty", "check whether a shell variable is unset"),
        ({"video": ""}, "VIDEO is given, but empty", "leave it out to have the built-in clip"),
        ({"jobs": 0, "width": 0, "height": -1}, "--jobs and --width and --height must be 1 or more", ""),
        ({"full": True, "video": "a"}, "--full applies only to the built-in clip, and a was given", ""),
        ({"play": True, "json": True}, "--play and --json exclude each other: both want stdout", ""),
        ({"play": True, "speed": 0.24}, "--speed 0.24 is not between 0.25 and 8", ""),
        ({"play": True, "speed": 8.1}, "--speed 8.1 is not between 0.25 and 8", ""),
        ({"speed": 0.5}, "--speed needs --play", ""),
        ({"video": "A.TXT"}, "A.TXT is not a video", "a conversion is shown with --play"),
        ({"video": "a.cast"}, "a.cast is not a video", "a conversion is shown with --play"),
        ({"quick": True, "codecs": True}, "--quick and --codecs exclude each other: codecs take longer", ""),
        ({"color": "8"}, "--color 8 is not one of none, 16, 256, true", ""),
        ({"mode": "x"}, "--mode x is not one of characters, half, braille", ""),
        ({"mode": "half", "ramp": "long"}, "--ramp needs --mode characters, and half was given", ""),
    ],
)
def test_usage(done, more, message, fix):
    """Said before anything is begun."""
    with pytest.raises(UsageError) as caught:
        call(**more)
    assert caught.value.message.startswith(message)
    assert caught.value.fix.startswith(fix)
    assert bool(caught.value.fix) == bool(fix)
    assert done.requests == []


class Screen:
    """A player that notes what it is told."""

    def __init__(self, film, log):
        self.film, self.log = film, log

    def __enter__(self):
        self.log.append(("begin", self.film))
        return self

    def __exit__(self, *exc):
        self.log.append("end")

    def wait(self):
        self.log.append("wait")

    def played(self):
        return types.SimpleNamespace(shown=1, dropped=2)


@pytest.fixture
def player(done, monkeypatch):
    log = []

    class Deferred:
        def __init__(self, report, screen):
            log.append(("deferred", isinstance(report, render.Console), screen.film))

        def is_alone(self):
            log.append("alone")

    monkeypatch.setattr(player_process, "PlayerProcess", lambda film: Screen(film, log))
    monkeypatch.setattr(deferred, "Deferred", Deferred)
    return log


@pytest.mark.parametrize("speed", [0.25, 8.0])
def test_playing_a_conversion(done, player, capsys, speed):
    """Nothing is converted; what the player kept is said when it is alone."""
    with open("a.txt", "w") as out:
        out.write("x")
    assert call(video="a.txt", play=True, speed=speed) == 0
    film = player_process.Film("a.txt", speed=speed)
    assert player == [("begin", film), ("deferred", True, film), "wait", "alone", "end"]
    assert (done.requests, done.shown) == (["load"], [])
    assert capsys.readouterr().out == "1 frame shown, 2 dropped\n"


def test_playing_what_is_being_made(done, player, capsys):
    """The film of the unfinished file of this process, under the name that it will have; then the report."""
    done.findings = [Finding("VID009", ERROR, "x", "y")]
    assert call(play=True, codecs=True, output="o.txt", speed=2.0) == 1
    film = player_process.Film("o.txt", unfinished.path("o.txt"), os.getpid(), 2.0)
    assert player == [("begin", film), ("deferred", True, film), "wait", "alone", "end"]
    assert done.requests == ["load", Request(None, "o.txt", codecs=True)]
    assert done.shown == [True]
    done.findings = []
    assert call(play=True, output="o.txt") == 0


def test_what_is_a_conversion(monkeypatch, tmp_path):
    """By its name, or by what is in it; one that another process makes; else it is a video."""
    conversion = run_badapple._conversion
    assert conversion("", 2.0) is None
    for name in ("a.txt", "b.HTML", "c.film", "d.mp4"):
        (tmp_path / name).write_text("x")
    monkeypatch.setattr(catalogue, "is_ours", lambda path: path == "c.film")
    assert conversion("a.txt", 2.0) == player_process.Film("a.txt", speed=2.0)
    assert conversion("b.HTML", 2.0) == player_process.Film("b.HTML", speed=2.0)
    assert conversion("c.film", 2.0) == player_process.Film("c.film", speed=2.0)
    assert conversion("d.mp4", 2.0) is None
    monkeypatch.setattr(unfinished, "of", lambda path: [("old", 1), ("new", 2)] if path == "e.txt" else [])
    assert conversion("e.txt", 2.0) == player_process.Film("e.txt", "new", 2, 2.0)
    with pytest.raises(UsageError, match=r"there is no file f\.txt"):
        conversion("f.txt", 2.0)


@pytest.mark.parametrize("play", [True, False])
def test_which_signals_end_it(done, player, play):
    """All that can; only the first of them counts."""
    for one in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(one, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    call(play=play, output="o.txt")
    ours = signal.getsignal(signal.SIGTERM)
    assert signal.getsignal(signal.SIGHUP) is ours
    assert signal.getsignal(signal.SIGINT) is ours
    with pytest.raises(KeyboardInterrupt):
        ours(signal.SIGTERM, None)
    ours(signal.SIGINT, None)
