"""run-badapple --bench: what is measured for it, where the results go, and what stays behind."""

import json
import os
import types

import pytest

from offkit.badapple.bench import document, rounds, run, table
from offkit.badapple.shadowplay import clip, film
from offkit.cli import bench_badapple, render
from offkit.model.errors import UsageError
from offkit.model.finding import WARNING, Finding
from offkit.model.report import Reporter

NOISE = Finding("VID016", WARNING, "noise", "is loud")
REPORT = Reporter()


@pytest.fixture
def played(monkeypatch, tmp_path):
    """Nothing is measured; ``asked`` has what would be."""
    asked = []
    outcome = types.SimpleNamespace(findings=[NOISE])

    def measure(request, report):
        asked.append((request, report))
        return outcome

    def lines(found, columns, marks):
        asked.append((found is outcome, columns, marks))
        return ["first", "second"]

    monkeypatch.setattr(run, "run", measure)
    monkeypatch.setattr(table, "lines", lines)
    monkeypatch.setattr(document, "content", lambda found: {"frames": 7} if found is outcome else {})
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.chdir(tmp_path)
    render.console()
    yield asked
    render.console()


def test_for_people(played, capsys, monkeypatch):
    """Findings, and the table as wide as the terminal."""
    monkeypatch.setattr(render, "width", lambda: 0)
    assert bench_badapple.bench("a.mp4", "1,2", None, False, REPORT) == 0
    assert capsys.readouterr().out.splitlines() == ["! VID016  noise: is loud", "first", "second"]
    marks = table.ASCII if render.is_ascii() else table.UNICODE
    assert played == [
        (rounds.Request("a.mp4", (1, 2), os.curdir, 3, False), REPORT),
        (True, 80, marks),
    ]
    del played[:]
    os.mkdir("out")
    assert bench_badapple.bench("a.mp4", "1", "out", True, REPORT) == 0
    assert capsys.readouterr().out.splitlines()[1:] == ["first", "second"]
    assert played[0] == (rounds.Request("a.mp4", (1,), "out", 1, True), REPORT)


@pytest.mark.parametrize(("columns", "used"), [(120, 120), (40, 60)])
def test_on_a_terminal(played, monkeypatch, columns, used):
    """As wide as it is, but not narrower than the table can be; in ASCII where that is all it shows."""
    monkeypatch.setattr(render, "width", lambda: columns)
    for plain, marks in ((True, table.ASCII), (False, table.UNICODE)):
        monkeypatch.setattr(render, "is_ascii", lambda plain=plain: plain)
        bench_badapple.bench("a.mp4", "1", None, False, REPORT)
        assert played[-1] == (True, used, marks)


def test_as_data(played, capsys):
    """One document, with its schema."""
    render.console(json=True)
    bench_badapple.bench("a.mp4", "1", None, False, REPORT)
    told = json.loads(capsys.readouterr().out)
    assert told == {"schema": "offkit/bench-badapple-1", "frames": 7}


@pytest.mark.parametrize(("quick", "size"), [(True, film.SHORT), (False, film.FULL)])
@pytest.mark.parametrize("fails", [True, False])
def test_the_built_in_film(played, monkeypatch, tmp_path, quick, size, fails):
    """In full length, or the short one; what was made for it only is gone, however it ends."""
    made = []
    folder = tmp_path / "t"
    folder.mkdir()
    (folder / "clip.mp4").write_text("")

    def obtain(shown, report):
        made.append((shown.frames, report))
        return types.SimpleNamespace(path=str(folder / "clip.mp4"), temporary=str(folder))

    def interrupted(request, report):
        assert os.path.exists(request.video)
        raise KeyboardInterrupt

    monkeypatch.setattr(clip, "obtain", obtain)
    if fails:
        monkeypatch.setattr(run, "run", interrupted)
        with pytest.raises(KeyboardInterrupt):
            bench_badapple.bench(None, "1", None, quick, REPORT)
    else:
        bench_badapple.bench(None, "1", None, quick, REPORT)
        assert played[0][0].video == str(folder / "clip.mp4")
    assert made == [(film.Film(size).frames, REPORT)]
    assert not folder.exists()


def test_a_film_that_is_kept(played, monkeypatch, tmp_path):
    """One of the cache stays there."""
    (tmp_path / "clip.mp4").write_text("")
    kept = types.SimpleNamespace(path=str(tmp_path / "clip.mp4"), temporary=None)
    monkeypatch.setattr(clip, "obtain", lambda shown, report: kept)
    bench_badapple.bench("", "1", None, True, REPORT)
    assert (tmp_path / "clip.mp4").exists()


def test_what_is_refused_before_it_begins(played):
    """A place to work in that is none."""
    with pytest.raises(UsageError) as caught:
        bench_badapple.bench("a.mp4", "1", "none", False, REPORT)
    found = caught.value
    assert (
        found.message == "none is not a directory; with --bench, -o names the directory that workers write to"
    )
    assert found.fix == "create it with mkdir -p, or omit -o to use the current directory"
    assert played == []
