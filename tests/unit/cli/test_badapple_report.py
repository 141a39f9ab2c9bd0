"""The words that run-badapple reports with."""

import json
import os
import shlex
import sys

import pytest

from offkit.badapple import workload
from offkit.badapple.convert import Result, Share
from offkit.badapple.environment import Libraries
from offkit.badapple.formats.base import Facts
from offkit.badapple.formats.cells import Grid, Look
from offkit.badapple.formats.text import Text
from offkit.badapple.processes.limits import Limits
from offkit.badapple.verify.codecs import ABSENT, WORKS, WRONG, Tried
from offkit.badapple.verify.processors import Worked
from offkit.cli import badapple_report, render
from offkit.model.finding import ERROR, WARNING, Finding
from offkit.theatre.asciicast import Cast
from offkit.theatre.page import Html

GRID = Grid(3, 4)
FACTS = Facts(29.97, 640, 480)
LIMITS = Limits(8, 4, 2.5, 100, 200, None, 300)
LOST = Finding("VID009", ERROR, "a.txt", "has lost a frame", (), "do it again")
TRIED = (
    Tried("mp4v", "mp4", WORKS, "", 1500, 0.123456, True),
    Tried("XVID", "avi", WORKS, "", 0, 0.0, False),
    Tried("avc1", "mp4", ABSENT, "", 0, 0.0, False),
    Tried("VP80", "webm", WRONG, "by one frame", 2000, 0.0, False),
)


@pytest.fixture(autouse=True)
def _console(monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setattr(badapple_report, "command", lambda: "offkit")
    render.console()
    yield
    render.console()


def outcome(**more):
    found = workload.Outcome(
        output="my a.txt",
        form=Text(Look(GRID), FACTS),
        result=Result(100, 103, [share(0), share(1)]),
        size=2500,
        video="film.mp4",
        wanted=2,
        decoder_threads=1,
        method="fork",
        libraries=Libraries("4.5", "1.19"),
        limits=LIMITS,
        convert_seconds=2.00049,
        check_seconds=0.51234,
        verified=["all is well"],
        findings=[],
    )
    return found._replace(**more)


def share(number):
    return Share(*[number + 0.123456] * len(Share._fields))


def lines(capsys, *args):
    badapple_report.show(*args)
    return [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]


@pytest.mark.parametrize(
    ("look", "words"),
    [
        (Look(GRID), ""),
        (Look(GRID, "half"), ", half"),
        (Look(GRID, colour="16"), ", 16 colors"),
        (Look(GRID, "half", "true", invert=True), ", half, true color, inverted"),
    ],
)
def test_what_is_not_as_usual(look, words):
    """Mode, colours and inversion, and nothing of what is."""
    assert badapple_report._look(look) == words


def test_for_people(capsys):
    """What holds, what does not, and the numbers; codecs only where they are asked for."""
    head = "{} all is well".format(render.mark("ok"))
    rows = [
        "frames 100 at 29.97 a second, 640x480 pixels",
        "characters {} x {}, half, inverted".format(GRID.columns, GRID.rows),
        "processes 2 (fork)",
        "converted 2.00 s, 50 frames a second",
        "checked 0.51 s",
        "libraries OpenCV 4.5, numpy 1.19",
        "output my a.txt, 2.5 kB",
        "see it offkit run-badapple --play 'my a.txt'",
        "cat 'my a.txt'",
    ]
    form = Text(Look(GRID, "half", invert=True), FACTS)
    found = outcome(form=form, tried=TRIED)
    assert lines(capsys, found) == [head, *rows]
    kept = found._replace(kept=True, findings=[LOST])
    assert lines(capsys, kept) == [
        head,
        "{} VID009 a.txt: has lost a frame".format(render.mark("bad")),
        "fix do it again",
        *rows[:6],
        "clip kept in film.mp4",
        *rows[6:],
    ]
    codecs = [
        "codecs",
        "MPEG-4 mp4v/mp4 works 1.5 kB",
        "MPEG-4 XVID/avi works , seeks inexactly",
        "H.264 avc1/mp4 cannot be written",
        "VP8 VP80/webm comes back wrong by one frame 2.0 kB",
    ]
    assert lines(capsys, found, True) == [head, *rows, *codecs]
    assert lines(capsys, found._replace(tried=()), True) == [head, *rows]
    render.console(verbose=True)
    assert lines(capsys, found) == [head, *rows, *codecs]


@pytest.mark.parametrize(
    ("form", "ways"),
    [
        (Text, ["see it offkit run-badapple --play 'my a.txt'", "cat 'my a.txt'"]),
        (Cast, ["see it offkit run-badapple --play 'my a.txt'", "asciinema play 'my a.txt'"]),
        (Html, ["see it offkit run-badapple --play 'my a.txt'", "any browser"]),
    ],
)
def test_how_to_see_it(capsys, monkeypatch, form, ways):
    """With our own player, but for what is a video; where the terminal lacks characters that is said."""
    found = outcome(form=form(Look(GRID), FACTS))
    said = lines(capsys, found)
    assert said[said.index("output my a.txt, 2.5 kB") + 1 :] == ways
    monkeypatch.setattr(render, "encoding", lambda: "ascii")
    said = lines(capsys, found._replace(form=form(Look(GRID, "half"), FACTS)))
    more = ", in a terminal with UTF-8" if form in (Text, Cast) else ""
    assert said[-1] == ways[-1] + more


@pytest.mark.parametrize(
    ("more", "findings", "words"),
    [
        ({}, [], "2 (fork)"),
        ({"wanted": 3}, [], "2 (fork; not 3: it ends before the other parts begin)"),
        ({"wanted": 3, "claimed": 100}, [], "2 (fork; not 3: each takes 12 frames or more)"),
        ({"wanted": 3}, [("VID007", "x")], "2 (fork; not 3: this video cannot be cut)"),
        ({"wanted": 3}, [("VID016", "memory")], "2 (fork; not 3: it ends before the other parts begin)"),
        ({"wanted": 3, "claimed": 90}, [("VID016", "memory")], "2 (fork; not 3: this server limits them)"),
        ({"wanted": 3, "claimed": 0}, [("VID016", "processes")], "2 (fork; not 3: this server limits them)"),
        ({"wanted": 3, "claimed": 0}, [("VID016", "open files")], "2 (fork; not 3: this server limits them)"),
        ({"wanted": 3, "claimed": 0}, [("VID016", "x")], "2 (fork; not 3: each takes 12 frames or more)"),
        (
            {"wanted": 3, "claimed": 0},
            [("VID001", "memory")],
            "2 (fork; not 3: each takes 12 frames or more)",
        ),
        (
            {"decoder_threads": 2},
            [],
            "2 (fork; 2 decoder threads each, which OpenCV 4.5 cannot limit)",
        ),
        ({"decoder_threads": 2, "alone": True}, [], "1 (fork; not 2: it ends before the other parts begin)"),
        ({"decoder_threads": 2, "alone": True, "wanted": 1}, [], "1 (fork)"),
    ],
)
def test_why_there_are_so_many_processes(more, findings, words):
    """As many as wanted, or why not; decoder threads where they are more than one for each of several."""
    shares = [share(0)] * (1 if more.pop("alone", False) else 2)
    result = Result(100, more.pop("claimed", 103), shares)
    found = [Finding(code, WARNING, subject, "") for code, subject in findings]
    assert badapple_report._processes(outcome(result=result, findings=found, **more)) == words


def test_as_data(capsys):
    """Every number; times to the millisecond or nearly."""
    render.console(json=True)
    look = Look(GRID, "half", "16", invert=True)
    worked = (Worked(3, 0.123456, ""), Worked(5, 0.0, "lost"))
    found = outcome(form=Text(look, FACTS), findings=[LOST], tried=TRIED[:1], worked=worked)
    badapple_report.show(found)
    told = json.loads(capsys.readouterr().out)
    parts = [dict.fromkeys(Share._fields, number + 0.1235) for number in (0, 1)]
    assert told == {
        "schema": "offkit/run-badapple-1",
        "verified": False,
        "output": os.path.abspath("my a.txt"),
        "format": "text",
        "mode": "half",
        "color": "16",
        "ramp": look.ramp,
        "invert": True,
        "output_bytes": 2500,
        "video": "film.mp4",
        "frames": 100,
        "frames_claimed": 103,
        "frames_lost": 3,
        "fps": 29.97,
        "resolution": [640, 480],
        "rows": GRID.rows,
        "columns": GRID.columns,
        "workers": 2,
        "workers_wanted": 2,
        "decoder_threads": 1,
        "start_method": "fork",
        "per_worker": parts,
        "processors": [
            {"processor": 3, "cpu_seconds": 0.1235, "trouble": ""},
            {"processor": 5, "cpu_seconds": 0.0, "trouble": "lost"},
        ],
        "limits": dict(LIMITS._asdict()),
        "codecs": [
            {
                "codec": "mp4v",
                "container": "mp4",
                "state": "works",
                "detail": "",
                "size": 1500,
                "worst": 0.1235,
                "seeks": True,
            }
        ],
        "convert_seconds": 2.0,
        "check_seconds": 0.512,
        "frames_per_second": 50.0,
        "cv2": "4.5",
        "numpy": "1.19",
        "checks": ["all is well"],
        "findings": [LOST.to_json()],
    }
    badapple_report.show(outcome(form=Text(Look(GRID), FACTS), convert_seconds=0.0))
    told = json.loads(capsys.readouterr().out)
    assert (told["verified"], told["color"], told["invert"]) == (True, "none", False)
    assert told["frames_per_second"] == 1e11  # a clock that stood still divides nothing by zero


def test_how_an_archive_is_started_again(tmp_path, monkeypatch):
    """By the Python that runs, where it is no program itself; a module's file is none either."""
    monkeypatch.undo()
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr(sys, "executable", "/my python")
    for name, mode, words in (
        ("my offkit.pyz", 0o644, ["/my python", "{}"]),
        ("offkit.pyz", 0o755, ["{}"]),
        ("offkit", 0o644, ["/my python", "-m", "offkit.cli.app"]),
        ("app.py", 0o755, ["/my python", "-m", "offkit.cli.app"]),
        ("app.pyc", 0o755, ["/my python", "-m", "offkit.cli.app"]),
    ):
        path = tmp_path / name
        path.write_text("")
        path.chmod(mode)
        monkeypatch.setattr(sys, "argv", [str(path), "run-badapple"])
        assert shlex.split(badapple_report.command()) == [word.format(path) for word in words]


def test_another_program_of_that_name_on_path(tmp_path, monkeypatch):
    """Is not what was started."""
    monkeypatch.undo()
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "offkit").write_text("")
        (tmp_path / folder / "offkit").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path / "a"))
    monkeypatch.setattr(sys, "argv", [str(tmp_path / "b" / "offkit")])
    assert badapple_report.command() == shlex.quote(str(tmp_path / "b" / "offkit"))
