"""The printer: what people see on a terminal, in a pipe, in an ASCII locale, and as JSON."""

import io
import json
import sys

import pytest

from offkit.cli import render
from offkit.model.errors import EnvironmentProblem, damaged
from offkit.model.finding import ERROR, INFO, WARNING, Finding

LOST = Finding(
    "LIB001",
    ERROR,
    "libSM.so.6",
    "is not there",
    ("/lib64", "/usr/lib64"),
    "yum install libSM\nthen look again",
)
HINT = Finding("ENV001", INFO, "locale", "is ASCII")
DOUBT = Finding("PY001", WARNING, "tkinter", "is missing")


class Stream(io.TextIOWrapper):
    """A standard stream of some encoding, on a terminal or not."""

    def __init__(self, encoding="utf-8", terminal=False):
        super().__init__(io.BytesIO(), encoding=encoding, write_through=True)
        self.terminal = terminal

    def isatty(self):
        return self.terminal

    def said(self):
        return self.buffer.getvalue().decode(self.encoding)


@pytest.fixture
def streams(monkeypatch):
    """Replace stdout and stderr; NO_COLOR and TERM as on an ordinary terminal."""

    def replace(encoding="utf-8", terminal=False):
        out, err = Stream(encoding, terminal), Stream(encoding, terminal)
        monkeypatch.setattr(sys, "stdout", out)
        monkeypatch.setattr(sys, "stderr", err)
        monkeypatch.delenv("NO_COLOR", raising=False)
        monkeypatch.setenv("TERM", "xterm")
        return out, err

    return replace


def test_findings_worst_first_with_their_cure(streams):
    """Code, subject, where was looked, what to do; a second line of the cure is indented."""
    out, _ = streams()
    render.console()
    render.findings([HINT, DOUBT, LOST])
    assert out.said().splitlines() == [
        "✗ LIB001  libSM.so.6: is not there",
        "      looked in  /lib64",
        "      looked in  /usr/lib64",
        "      fix        yum install libSM",
        "                 then look again",
        "! PY001  tkinter: is missing",
        "· ENV001  locale: is ASCII",
    ]


def test_an_ascii_stream_gets_ascii(streams):
    """No UnicodeEncodeError under LC_ALL=C, and no question marks for what has a plain form."""
    out, err = streams("ascii")
    render.console().step("going on")
    render.findings([LOST])
    assert err.said() == "-> going on\n"
    assert out.said().startswith("x LIB001")


def test_colour_is_for_terminals_without_no_color(streams, monkeypatch):
    """Never in a pipe, never with NO_COLOR, never on a dumb terminal."""
    out, _ = streams(terminal=True)
    render.console()
    render.good("fine")
    assert out.said() == "\033[32m✓\033[0m fine\n"
    monkeypatch.setenv("NO_COLOR", "1")
    render.good("fine")
    assert out.said().endswith("\n✓ fine\n")
    out, _ = streams()
    render.good("fine")
    assert out.said() == "✓ fine\n"


def test_json_is_alone_on_stdout(streams):
    """Result lines vanish, the document stays, progress is on stderr."""
    out, err = streams()
    console = render.console(json=True)
    console.step("working")
    render.line("for people")
    render.findings([LOST])
    render.document("offkit/test-1", findings=[LOST.to_json()])
    document = json.loads(out.said())
    assert document["schema"] == "offkit/test-1"
    assert document["findings"][0]["subject"] == "libSM.so.6"
    assert "working" in err.said()


def test_without_json_there_is_no_document(streams):
    """The same call, for people."""
    out, _ = streams()
    render.console()
    render.document("offkit/test-1", anything=1)
    assert out.said() == ""


def test_quiet_and_verbose(streams):
    """-q keeps warnings; -v adds notes and every place looked in."""
    out, err = streams()
    console = render.console(quiet=True)
    console.step("a")
    console.note("b")
    console.warn("c")
    assert err.said() == "! c\n"
    many = LOST._replace(looked_in=tuple("/%d" % n for n in range(9)))
    render.console()
    render.findings([many])
    assert "… 4 more (-v shows them)" in out.said()
    render.console(verbose=True).note("d")
    render.findings([many])
    assert "looked in  /8" in out.said()
    assert err.said().endswith("  d\n")


def test_an_error_says_its_findings_and_its_fix(streams):
    """The headline is not repeated when it is the only finding's own message."""
    _, err = streams()
    render.console()
    render.error(EnvironmentProblem("two things are wrong", [LOST, DOUBT], "mend them"))
    assert err.said().splitlines()[0] == "error: two things are wrong"
    assert err.said().splitlines()[-1] == "fix: mend them"
    _, err = streams()
    render.error(damaged("BUN001", "wheels/x", "is damaged", "copy it again"))
    assert err.said() == "✗ BUN001  wheels/x: is damaged\n      fix        copy it again\n"


def test_errors_as_json(streams):
    """With the exit code and every finding."""
    streams()
    render.prepare(["verify", "x", "--json"])
    render.error(damaged("BUN001", "wheels/x", "is damaged"))
    sys.stdout.flush()
    document = json.loads(sys.stdout.buffer.getvalue().decode())
    assert document["schema"] == "offkit/error-1"
    assert document["exit_code"] == 3
    assert document["findings"][0]["code"] == "BUN001"


@pytest.mark.parametrize(("encoding", "mark"), [("utf-8", "━"), ("ascii", "#")])
def test_a_bar_on_a_terminal(streams, encoding, mark):
    """Bytes done and to come; in ASCII where the terminal is."""
    _, err = streams(encoding, terminal=True)
    with render.console().bar("downloading", 2000000, "B") as bar:
        bar.advance(1000000)
        bar.advance(1000000)
    assert "2.0 MB of 2.0 MB" in err.said()
    assert mark in err.said()


def test_no_bar_elsewhere(streams):
    """A pipe gets plain lines only."""
    _, err = streams()
    with render.console().bar("downloading", 10) as bar:
        bar.advance(10)
    assert err.said() == ""


@pytest.mark.parametrize(("count", "text"), [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (65916928, "65.9 MB"),
                                             (4.7e9, "4.7 GB"), (1e15, "1000000.0 GB")])  # fmt: skip
def test_sizes(count, text):
    """Powers of ten, as disks and media count."""
    assert render.size(count) == text


def test_undecodable_names_go_out_as_they_came(streams):
    """A path in another encoding than the locale's must not stop the message about it."""
    streams("utf-8")
    render.prepare([])
    render.console()
    render.line("/tmp/caf\udce9/€")
    sys.stdout.flush()
    assert sys.stdout.buffer.getvalue() == b"/tmp/caf\xe9/\xe2\x82\xac\n"


def test_names_cannot_forge_lines_or_colours(streams):
    """A control character in a file's name is shown, not obeyed."""
    out, _ = streams()
    render.console()
    render.findings(
        [LOST._replace(subject="a\n✓ all is well", message="\033[31mred", looked_in=("/x\r",), fix="")]
    )
    assert out.said() == "✗ LIB001  a\\n✓ all is well: \\x1b[31mred\n      looked in  /x\\r\n"
