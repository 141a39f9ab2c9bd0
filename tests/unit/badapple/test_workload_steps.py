"""The steps of run-badapple one by one: what each is given, what is made of its answer. Nothing is decoded."""

import os
from types import SimpleNamespace

import numpy as np
import pytest

from offkit.badapple import convert, environment, examine, output, preview, seam, workload
from offkit.badapple.formats.base import Facts
from offkit.badapple.formats.cells import Cells, Grid, Look
from offkit.badapple.formats.damage import TooEarly
from offkit.badapple.formats.text import Text
from offkit.badapple.processes import limits, pool
from offkit.badapple.processes.limits import Allowed, Limits
from offkit.badapple.shadowplay import clip, film
from offkit.badapple.shadowplay.film import Film
from offkit.badapple.verify import codecs, processors, verdict
from offkit.badapple.verify.tally import Replayed
from offkit.badapple.video import boxes, decode
from offkit.badapple.workload import Request
from offkit.edges import leftovers
from offkit.model.errors import EnvironmentProblem, RequestError
from offkit.model.finding import ERROR, INFO, WARNING, Finding
from offkit.model.report import Reporter

VIDEO = decode.Video("/x/v.mp4", 96, 25.0, 64, 48, "", (0, 48))
LIBRARIES = environment.Libraries("5.0", "2.0")
FREE = Limits(8, 6, 2.5, None, None, None, None)


def finding(code, severity=INFO, subject="x"):
    return Finding(code, severity, subject, code)


class Steps:
    """Answers of every step, and what they were asked."""

    def __init__(self):
        self.asked = []
        self.video, self.workers = VIDEO, 3
        self.results = [convert.Result(96, 96, [None] * 3)]
        self.checked = [examine.Checked(["checked"], [], Replayed(96, [], 3.8, 0.04))]
        self.codecs = (["tried"], [finding("VID016", WARNING, "codecs")])

    def said(self, name):
        return [given for one, given in self.asked if one == name]


class Heard(Reporter):
    def __init__(self, steps):
        self.steps = steps

    def step(self, text):
        self.steps.asked.append(("step", text))

    def note(self, text):
        self.steps.asked.append(("note", text))


@pytest.fixture
def steps(monkeypatch, tmp_path):
    made = Steps()

    def step(where, name, answer):
        def asked(*given):
            made.asked.append((name, given))
            return answer(*given) if callable(answer) else answer

        monkeypatch.setattr(where, name, asked)

    def converts(video, form, path, *rest):
        with open(path, "wb") as out:
            out.write(b"12345")
        return made.results.pop(0)

    class Film:
        def __enter__(self):
            return "bar"

        def __exit__(self, *exc):
            return None

    step(environment, "load", LIBRARIES)
    step(decode, "probe", lambda path: made.video)
    step(decode, "decoder_threads", lambda asked: 10 + asked)
    step(output, "room", None)
    step(output, "flushed", lambda part, path: [finding("VID016", WARNING, "disk")])
    step(pool, "start_method", "how")
    step(limits, "measure", FREE)
    step(limits, "allowed", lambda found, asked, *rest: Allowed(asked, []))
    step(
        workload,
        "staffed",
        lambda asked, found, video: Allowed(made.workers, [finding("VID016", WARNING, "few")]),
    )
    step(processors, "prove", processors.Proof(["worked"], ["proved"], [finding("VID011", WARNING)]))
    step(examine, "film", lambda *given: Film())
    step(examine, "examine", lambda *given: made.checked.pop(0))
    step(convert, "convert", converts)
    step(boxes, "presented", 2.5)
    step(verdict, "loss", [finding("VID018", WARNING)])
    step(verdict, "uneven", [finding("VID006")])
    step(workload, "_codecs", lambda *given: made.codecs)
    step(codecs, "findings", [finding("VID014")])
    step(codecs, "holds", ["codecs hold"])
    step(leftovers, "sweep", [])
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return made


def run(steps, **asked):
    return workload.run(Request(**dict({"video": "/x/v.mp4"}, **asked)), Heard(steps))


def codes(outcome):
    return [one.code for one in outcome.findings]


def test_a_video_of_ones_own(steps, monkeypatch):
    """In this order, with these; what came of it is told as it was."""
    moments = iter([10, 11, 20, 24])
    monkeypatch.setattr(workload, "time", SimpleNamespace(perf_counter=lambda: next(moments)))
    outcome = run(steps, codecs=True)
    part = steps.said("convert")[0][2]
    assert (os.path.dirname(part), os.path.basename(part).split("-")[0]) == (".", ".offkit")
    form = outcome.form
    assert (form.name, form.look, form.facts) == ("text", Look(Grid(44, 117)), Facts(25.0, 64, 48))
    assert steps.said("sweep") == [(".",), (None,)]
    assert steps.said("probe") == [("/x/v.mp4",)]
    assert steps.said("room") == [("v.txt", form, 96)]
    assert steps.said("staffed") == [(0, FREE, VIDEO)]
    assert steps.said("allowed") == [(FREE, 6, 1, limits.worker_memory(0, 0, 1))]
    assert steps.said("prove") == [(6, "how")]
    assert steps.said("step") == ["converting v.mp4 with 3 processes"]
    ((report, *rest),) = steps.said("film")
    assert (type(report), rest) == (Heard, [96, form, part, 3, True])
    assert steps.said("convert") == [(VIDEO, form, part, 3, "bar", "how")]
    ((written, quick, _),) = steps.said("examine")
    assert (written, quick) == (examine.Written(VIDEO, None, part, form, 96, 3), False)
    assert steps.said("presented") == [("/x/v.mp4",)]
    replayed = Replayed(96, [], 3.8, 0.04)
    assert steps.said("loss") == [("/x/v.mp4", 96, 25.0, 96, replayed, 2.5)]
    assert steps.said("uneven") == []
    assert steps.said("flushed") == [(part, "v.txt")]
    ((_, workers, method, processes),) = steps.said("_codecs")
    assert (workers, method, processes) == (3, "how", None)
    assert steps.said("findings") == [(["tried"], "5.0")]
    assert steps.said("holds") == [(["tried"],)]
    assert outcome[:1] + outcome[2:10] == (
        "v.txt",
        convert.Result(96, 96, [None] * 3),
        5,
        "/x/v.mp4",
        3,
        11,
        "how",
        LIBRARIES,
        FREE,
    )
    assert outcome.verified == ["checked", "proved", "codecs hold"]
    assert [(one.code, one.subject) for one in outcome.findings] == [
        ("VID016", "few"),
        ("VID011", "x"),
        ("VID018", "x"),
        ("VID016", "disk"),
        ("VID016", "codecs"),
        ("VID014", "x"),
    ]
    assert (outcome.kept, outcome.worked, outcome.tried) == (False, ("worked",), ("tried",))
    assert (outcome.convert_seconds, outcome.check_seconds) == (1, 4)
    assert sorted(os.listdir(".")) == ["v.txt"]


def test_what_is_not_lost_may_be_uneven(steps, monkeypatch):
    """Only then it is asked."""
    monkeypatch.setattr(verdict, "loss", lambda *given: [])
    outcome = run(steps)
    assert steps.said("uneven") == [("/x/v.mp4", Replayed(96, [], 3.8, 0.04))]
    assert codes(outcome) == ["VID016", "VID011", "VID006", "VID016"]


@pytest.mark.parametrize(
    ("asked", "tried", "proved"),
    [
        ({}, False, True),
        ({"codecs": True}, True, True),
        ({"quick": True}, False, False),
        ({"quick": True, "codecs": True}, True, False),
        ({"video": None}, True, True),
        ({"video": None, "quick": True}, False, False),
    ],
)
def test_what_is_left_out(steps, monkeypatch, asked, tried, proved):
    """Codecs with a video of one's own, and with the processors where it shall be quick."""
    monkeypatch.setattr(clip, "obtain", lambda shown, report: clip.Clip("/c/film.mp4", None))
    outcome = run(steps, **asked)
    assert bool(steps.said("_codecs")) is tried
    assert bool(steps.said("prove")) is proved
    assert ("proved" in outcome.verified) is proved
    assert steps.said("examine")[0][1] is bool(asked.get("quick"))


@pytest.mark.parametrize(("full", "frames"), [(False, film.SHORT), (True, film.FULL)])
def test_the_built_in_film(steps, monkeypatch, full, frames):
    """From the cache, where it stays."""
    asked = []

    def obtain(shown, report):
        asked.append((shown, type(report)))
        return clip.Clip("/c/film.mp4", None, "is damaged")

    monkeypatch.setattr(clip, "obtain", obtain)
    outcome = run(steps, video=None, full=full, workers=2)
    assert asked == [(Film(frames), Heard)]
    assert steps.said("sweep") == [(".",), (None,), (clip.cache_directory(),)]
    assert steps.said("probe") == [("/c/film.mp4",)]
    assert steps.said("examine")[0][0].shown == Film(frames)
    assert (outcome.output, outcome.video, outcome.kept, outcome.wanted) == (
        "badapple.txt",
        "/c/film.mp4",
        True,
        2,
    )
    first = outcome.findings[0]
    assert first[:4] == (
        "VID013",
        "warning",
        "/c/film.mp4",
        "the cached clip is damaged; it was made again",
    )
    assert first.fix == "if it happens again, the disk is at fault: see dmesg"


def test_a_clip_that_is_not_kept(steps, monkeypatch, tmp_path):
    """Goes, also when it was all in vain."""
    folder = tmp_path / "tmp"

    def obtain(shown, report):
        folder.mkdir()
        return clip.Clip(str(folder / "film.mp4"), str(folder))

    monkeypatch.setattr(clip, "obtain", obtain)
    outcome = run(steps, video=None)
    first = outcome.findings[0]
    assert first[:3] == ("VID016", "warning", clip.cache_directory())
    assert first.message == "the clip cannot be kept there: it is made again each time"
    assert first.fix.startswith("make it writable for this user and free some space, or set XDG_CACHE_HOME")
    assert not outcome.kept
    assert not folder.exists()
    os.unlink("badapple.txt")
    monkeypatch.setattr(output, "room", lambda *given: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        run(steps, video=None)
    assert not folder.exists()


def test_a_video_without_a_rate(steps):
    """30 is taken, and said."""
    steps.video = VIDEO._replace(fps=0.0)
    outcome = run(steps)
    assert outcome.form.facts.fps == 30.0
    told = [one for one in outcome.findings if one.code == "VID006"]
    assert [one[:4] for one in told] == [
        ("VID006", "info", "/x/v.mp4", "it does not state its frame rate; 30 is assumed")
    ]


@pytest.mark.parametrize(
    ("results", "checked", "why"),
    [
        ([None, convert.Result(96, 96, [None])], [[]], seam.APART),
        (
            [convert.Result(96, 96, [None] * 3), convert.Result(90, 96, [None])],
            [[finding("VID008", ERROR)], []],
            "the conversion by several processes was wrong",
        ),
    ],
)
def test_converted_straight_through(steps, results, checked, why):
    """By one process, when several did not do; and said why, of the video by the name that was given."""
    steps.results = list(results)
    steps.checked = [examine.Checked(["checked"], wrong) for wrong in checked]
    outcome = run(steps, video="v.mp4", output="o.txt")
    text = why + "; it was converted straight through, by one process"
    told = [one for one in outcome.findings if one.code == "VID007"]
    assert [one[:4] for one in told] == [("VID007", "info", "v.mp4", text)]
    assert told[0].looked_in == ("the pictures on both sides of each cut",)
    assert steps.said("note") == [text]
    assert [given[3] for given in steps.said("convert")] == [3, 1]
    assert [given[4] for given in steps.said("film")] == [3, 1]
    assert outcome.result == results[1]
    assert steps.said("loss")[0][3] == results[1].frames
    assert not any(one.code == "VID008" for one in outcome.findings)


@pytest.mark.parametrize(("severity", "workers"), [(WARNING, 3), (ERROR, 1)])
def test_what_is_wrong_all_the_same(steps, severity, workers):
    """One process would do no better, and a warning is no reason; what is wrong is said of the output."""
    steps.results = [convert.Result(96, 96, [None] * workers)]
    wrong = finding("VID010", severity)
    steps.checked = [examine.Checked([], [wrong._replace(subject=workload.unfinished.path("v.txt"))])]
    outcome = run(steps)
    assert len(steps.said("convert")) == 1
    assert (outcome.findings[-1].code, outcome.findings[-1].subject) == ("VID010", "v.txt")
    assert steps.said("note") == []


def test_one_process(steps):
    """Said as one; no more are cut than there is work for."""
    steps.video = VIDEO._replace(frames=20)
    run(steps)
    assert steps.said("step") == ["converting v.mp4 with 1 process"]
    assert steps.said("film")[0][4] == 1


def test_an_output_that_cannot_be_named(steps, monkeypatch):
    """After all of it: said of the output, and the part goes."""

    def refuse(before, after):
        raise OSError(18, "Invalid cross-device link")

    with monkeypatch.context() as patch:
        patch.setattr(workload.os, "replace", refuse)
        with pytest.raises(EnvironmentProblem) as caught:
            run(steps)
    (one,) = caught.value.findings
    assert one[:4] == ("VID005", "error", "v.txt", "cannot be written: Invalid cross-device link")
    assert os.listdir(".") == []


def test_an_interruption(steps, monkeypatch):
    """Nothing is left."""

    def interrupted(*given):
        with open(given[2], "wb"):
            raise KeyboardInterrupt

    monkeypatch.setattr(convert, "convert", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run(steps)
    assert os.listdir(".") == []


# The preview.


def test_a_look_into_a_conversion(monkeypatch):
    """Opened once, when there is something; one share of what is done has been done by the first."""
    look, opened = Look(Grid(12, 32), ramp=" #@"), []
    glyphs = np.full((12, 32), ord("#"), np.uint16)
    reader = SimpleNamespace(cells=lambda number: asked.append(number) or Cells(glyphs), close=lambda: None)
    asked, answers = [], iter([TooEarly("early"), OSError(2, "gone"), RequestError("odd"), reader])

    def open_reader(path, growing):
        opened.append((path, growing))
        answer = next(answers)
        if answer is not reader:
            raise answer
        return answer

    monkeypatch.setattr(preview.catalogue, "open_reader", open_reader)
    seen = preview.Preview("a.part", look, 4 / 3.0, 3, True)
    assert [seen.rows(9) for _ in range(3)] == [[], [], []]
    assert seen.rows(9) == ["+" * 32] * 12
    assert seen.rows(2) == seen.rows(0) == seen.rows(100)
    assert (opened, asked) == ([("a.part", True)] * 4, [2, 0, 0, 32])
    assert preview.ROWS == 12
    reader.cells = lambda number: None
    assert seen.rows(9) == []


def test_every_shade_of_a_preview(monkeypatch):
    """By the usual ramp, whatever the film's; in negative the other way round."""
    codes = np.array([[ord(" ")] * 32, [ord("@")] * 32] * 6, np.uint16)
    for invert, rows in ((False, [" " * 32, "@" * 32] * 6), (True, ["@" * 32, " " * 32] * 6)):
        look = Look(Grid(12, 32), invert=invert)
        reader = SimpleNamespace(cells=lambda number: Cells(codes))
        monkeypatch.setattr(preview.catalogue, "open_reader", lambda path, growing, one=reader: one)
        assert preview.Preview("a", look, 4 / 3.0, 1, False).rows(1) == rows


def test_a_text_that_is_previewed(tmp_path):
    """A real one, with nothing left open."""
    form = Text(Look(Grid(12, 32)), Facts(30.0, 4, 3))
    frames = [form.frame(n, Cells(np.full((12, 32), ord(" @"[n]), np.uint16)), None) for n in range(2)]
    path = tmp_path / "a"
    path.write_bytes(form.head(2) + b"".join(frames))
    before = len(os.listdir("/proc/self/fd"))
    seen = preview.Preview(str(path), form.look, 4 / 3.0, 1, False)
    assert [seen.rows(done)[0][:1] for done in (1, 2)] == [" ", "@"]
    assert seen.rows(3) == []
    seen.close()
    assert len(os.listdir("/proc/self/fd")) == before
