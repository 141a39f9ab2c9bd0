"""offkit report, piece by piece: problems, cures, reasons, the sum, and the cells of the table."""

import types

import pytest

from offkit.cli import render, report, report_table
from offkit.fleet import health
from offkit.fleet.health import Cell
from offkit.fleet.overview import Cure, Problem
from offkit.model.finding import ERROR, INFO, WARNING, Finding


@pytest.fixture(autouse=True)
def _console(monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setattr(render, "is_ascii", lambda: True)
    render.console()
    yield
    render.console()


@pytest.fixture
def said(capsys):
    return lambda: capsys.readouterr().out.splitlines()


def problem(
    code="LIB001", severity=ERROR, subject="a.so", message="is missing", fix="", cured=False, hosts=("h1",)
):
    return Problem(Finding(code, severity, subject, message, (), fix), hosts, 1, cured)


def mark(name):
    return str(render.mark(name))


@pytest.mark.parametrize(("severity", "glyph"), [(ERROR, "bad"), (WARNING, "warn"), (INFO, "info")])
def test_one_problem(said, severity, glyph):
    """Its mark, its code, its hosts, what it is about; its cure, but for what is for information."""
    report._problem([problem(severity=severity, fix="do it\nthen that")], False)
    head = "  {}  LIB001  1 host: h1".format(mark(glyph))
    fix = [] if severity == INFO else ["      fix  do it (1 more line with -v)"]
    assert said() == [head, "      a.so: is missing", *fix]
    report._problem([problem(severity=severity, fix="do it\nthen that\x1b")], True)
    assert said() == [head, "      a.so: is missing", "      fix  do it", "           then that\\x1b"]
    report._problem([problem(severity=WARNING, subject="", fix="do it")], False)
    assert said()[1:] == ["      is missing", "      fix  do it"]
    report._problem([problem(severity=WARNING, fix="1\n2\n3")], False)
    assert said()[2:] == ["      fix  1 (2 more lines with -v)"]


@pytest.mark.parametrize(
    ("code", "number", "words"),
    [
        ("LIB001", 1, "a.so: missing; one command below installs it"),
        ("LIB001", 2, "a.so, b.so: missing; one command below installs them"),
        ("LIB002", 1, "a.so: one command below fixes it"),
        ("LIB002", 2, "a.so, b.so: one command below fixes them"),
    ],
)
def test_problems_that_a_line_cures(said, code, number, words):
    """It is below; with -v each has its own."""
    alike = [
        problem(code, subject=name, cured=True, fix="yum", hosts=("h1", "h2")) for name in ("a.so", "b.so")
    ]
    report._problem(alike[:number], False)
    assert said() == ["  {}  {}  2 hosts: h1, h2".format(mark("bad"), code), "      " + words]
    report._problem(alike[:1], True)
    assert said()[1:] == ["      a.so: is missing", "      fix  yum"]


def fleet(problems=(), hosts=(), findings=(), healthy=True, states=(0, 0, 0)):
    kinds = dict(zip((health.HEALTHY, health.PROBLEMS, health.UNREACHED), states))
    return types.SimpleNamespace(
        problems=problems,
        hosts=hosts or [None] * sum(states),
        findings=findings,
        healthy=healthy,
        of_state=lambda state: [None] * kinds[state],
    )


def host(name, silent=()):
    return types.SimpleNamespace(host=types.SimpleNamespace(name=name), silent=silent)


def test_problems_of_one_kind_stand_together(said):
    """Those that one line cures on the same hosts; and the same one on different hosts."""
    problems = [
        problem(subject="a.so", cured=True),
        problem(subject="b.so", cured=True),
        problem(subject="c.so", cured=True, hosts=("h2",)),
        problem(subject="d.so"),
        problem(subject="d.so", hosts=("h3",)),
        problem("PY001", INFO, "tk"),
    ]
    hosts = [host("h1", ["verify exited with 3", "x"]), host("h2")]
    report._wrong(fleet(problems, hosts), False)
    lines = said()
    assert lines[0] == "what is wrong, and where"
    assert lines[1:7] == [
        "  {}  LIB001  1 host: h1".format(mark("bad")),
        "      a.so, b.so: missing; one command below installs them",
        "  {}  LIB001  1 host: h2".format(mark("bad")),
        "      c.so: missing; one command below installs it",
        "  {}  LIB001  1 host: h1".format(mark("bad")),
        "      d.so, d.so: is missing",
    ]
    assert lines[7:] == ["", "failed", "  h1  verify exited with 3", "  h1  x", ""]
    report._wrong(fleet(problems, [host("h1")]), True)
    lines = said()
    assert len([line for line in lines if "LIB001" in line]) == 4
    assert "  {}  PY001  1 host: h1".format(mark("info")) in lines
    report._wrong(fleet(problems[-1:], [host("h1")]), False)
    assert said() == []


def test_lines_to_be_pasted(said):
    """For whom, and for whom it may be out of date."""
    hosts = tuple("h{}".format(number) for number in range(1, 8))
    cure = Cure("el7 x86_64", "yum install x", ("x",), ("a",), hosts, hosts[:1])
    report._cures([cure, cure._replace(hosts=hosts[:1], stale=())], False)
    assert said() == [
        "for 7 hosts (el7 x86_64): h1, h2, h3, h4, h5 and 2 more",
        "  yum install x",
        "  h1: changed since the doctor ran",
        "",
        "for 1 host (el7 x86_64): h1",
        "  yum install x",
        "",
    ]
    report._cures([cure], True)
    assert said()[0].endswith(": h1, h2, h3, h4, h5, h6, h7")
    report._cures([], False)
    assert said() == []


def test_reasons(said, monkeypatch):
    """A line each; sixty of them, and how many more."""
    report._reasons("not reached", [], False)
    assert said() == []
    hosts = [("h{:02}".format(number), "why\nmore") for number in range(61)]
    report._reasons("not reached", hosts[:60], False)
    assert said() == ["not reached", *("  {}  why".format(name) for name, _ in hosts[:60]), ""]
    report._reasons("not reached", hosts, False)
    assert said()[-2:] == ["  and 1 more (-v shows all)", ""]
    report._reasons("not reached", hosts, True)
    assert said()[-2:] == ["  h60  why", ""]


@pytest.mark.parametrize(
    ("states", "unread", "words"),
    [
        ((2, 0, 0), 0, "2 hosts: 2 healthy"),
        ((0, 1, 0), 0, "1 host: 0 healthy, 1 with problems"),
        ((1, 2, 3), 1, "6 hosts: 1 healthy, 2 with problems, 3 not reached, 1 file unreadable"),
        ((0, 0, 0), 2, "0 hosts: 0 healthy, 2 files unreadable"),
    ],
)
def test_the_sum(said, states, unread, words):
    """A tick or a cross by whether all is well."""
    findings = [Finding("F", ERROR, "x", "y")] * unread + [Finding("F", WARNING, "x", "y")]
    for healthy in (True, False):
        report._summary(fleet(states=states, findings=findings, healthy=healthy))
        assert said() == ["{} {}".format(mark("ok" if healthy else "bad"), words)]


def cell(state, errors=0, warnings=0, stale=False):
    return types.SimpleNamespace(state=state, errors=errors, warnings=warnings, stale=stale)


@pytest.mark.parametrize("stale", [True, False])
def test_cells(stale):
    """What each state looks like; a star where it is out of date."""
    assert Cell  # the real one has the same fields
    star = "*" if stale else ""
    told = [
        (report_table._cell(cell(state, 2, 3, stale)), text, colour)
        for state, text, colour in (
            (health.BAD, mark("bad") + " 2" + star, "red"),
            (health.DOUBT, mark("warn") + " 3" + star, "yellow"),
            (health.FINE, mark("ok") + star, "green"),
            (health.UNKNOWN, "?" + star, "yellow"),
            ("other", "-", "dim"),
        )
    ]
    for found, text, colour in told:
        assert (str(found), found.colour) == (text, colour)


def test_words_about_many():
    """Some names and how many more; lines and names that are too long lose what can be spared."""
    six = ["h{}".format(number) for number in range(6)]
    assert report_table.some(six, False) == ", ".join(six)
    assert report_table.some([*six, "x"], False) == ", ".join(six[:5]) + " and 2 more"
    assert report_table.some([*six, "x"], True) == ", ".join([*six, "x"])
    assert report_table.clipped("  a\x1b\nb") == "a\\x1b"
    assert report_table.clipped("x" * 160) == "x" * 160
    assert report_table.clipped("x" * 161) == "x" * 157 + "..."
    assert report_table._short("0123456789abc", 0) == "0123456789abc"
    assert report_table._short("0123456789", 10) == "0123456789"
    assert report_table._short("0123456789a", 10) == "012...789a"
    assert report_table._short("0123456789ab", 11) == "0123...89ab"


def test_what_the_stars_mean():
    """The one reason, or that there are several."""

    def stale(name, *whys):
        return types.SimpleNamespace(host=types.SimpleNamespace(name=name), stale=dict(enumerate(whys)))

    assert report_table._staleness([stale("a", "old"), stale("b", "old")]) == "a, b: old"
    found = report_table._staleness([stale("a", "old"), stale("b", "older")])
    assert found == "a, b: results are old, or from before a change"
