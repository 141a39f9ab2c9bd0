"""The printer: what people see on a terminal, in a pipe, in an ASCII locale, and as JSON."""

import io
import json
import os
import sys
import types

import pytest

from offkit.cli import finding_lines, glyphs, render
from offkit.cli.streams import OutputLost, Remark, Result, encode_anything
from offkit.model import words
from offkit.model.errors import EnvironmentProblem, damaged
from offkit.model.finding import ERROR, INFO, WARNING, Finding
from offkit.model.words import several

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
    """Code, subject, what to do; a second line of the cure is indented."""
    out, _ = streams()
    render.console()
    render.findings([HINT, DOUBT, LOST])
    assert out.said().splitlines() == [
        "✗ LIB001  libSM.so.6: is not there",
        "      fix        yum install libSM",
        "                 then look again",
        "! PY001  tkinter: is missing",
        "· ENV001  locale: is ASCII",
    ]


def test_a_place_that_is_the_subject_is_named_once(streams):
    """Also behind the names of targets."""
    out, _ = streams()
    render.console(verbose=True)
    one = LOST._replace(subject="/c7.iso", looked_in=("/c7.iso", "/mnt/c7.iso"), fix="")
    render.findings([one, one._replace(subject="el7, el8: /c7.iso")])
    assert out.said().splitlines() == [
        "✗ LIB001  /c7.iso: is not there",
        "      looked in  /mnt/c7.iso",
        "✗ LIB001  el7, el8: /c7.iso: is not there",
        "      looked in  /mnt/c7.iso",
    ]


def test_a_cure_of_several_stands_once(streams):
    """Below the last of them, in the columns of the others."""
    out, _ = streams()
    render.console()
    one = LOST._replace(code="REQ001", looked_in=(), fix="yum install libSM libICE")
    render.findings([one, DOUBT, one._replace(subject="libICE.so.6")])
    assert out.said().splitlines() == [
        "✗ REQ001  libSM.so.6: is not there",
        "✗ REQ001  libICE.so.6: is not there",
        "      fix both   yum install libSM libICE",
        "! PY001  tkinter: is missing",
    ]
    out, _ = streams()
    each = [one._replace(subject=name, fix="use a\nor use b\nor build " + name) for name in ("x", "y", "z")]
    render.findings(each)
    assert out.said().splitlines()[2:] == [
        "✗ REQ001  y: is not there",
        "      fix        build y",
        "✗ REQ001  z: is not there",
        "      fix        build z",
        "      fix all 3  use a",
        "                 or use b",
    ]


def test_of_whom_a_cure_is(streams):
    """Where others stand above it, it has their names."""
    out, _ = streams()
    render.console()
    one = LOST._replace(code="REQ001", looked_in=())
    rows = (("x", "use x"), ("y", "use a"), ("y", "use a\nor use b"), ("z", "use a"))
    render.findings([one._replace(subject=name, fix=fix) for name, fix in rows])
    assert out.said().splitlines() == [
        "✗ REQ001  x: is not there",
        "      fix        use x",
        "✗ REQ001  y: is not there",
        "✗ REQ001  y: is not there",
        "      fix        use b",
        "✗ REQ001  z: is not there",
        "      fix all 3  y, z:",
        "                 use a",
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
    """-q keeps warnings; -v adds notes and the places looked in."""
    out, err = streams()
    console = render.console(quiet=True)
    console.step("a")
    console.note("b")
    console.warn("c")
    assert err.said() == "! c\n"
    many = LOST._replace(looked_in=tuple("/%d" % n for n in range(9)))
    render.console()
    render.findings([many])
    assert "looked in" not in out.said()
    render.console(verbose=True).note("d")
    render.findings([many])
    assert out.said().count("looked in  /") == 9
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


def test_no_secret_passes(streams):
    """Whoever wrote the text: neither a user, a password nor a token; the words around it stay."""
    hot, cool = "see http://u:secret@host/x?token=secret.", "see http://host/x?..."
    finding = Finding("NET002", ERROR, hot, hot, (hot,), hot)
    for json_too in (False, True):
        out, err = streams()
        console = render.console(json_too, verbose=True)
        for say in (console.step, console.note, console.warn):
            say(hot)
        render.error(EnvironmentProblem(hot, [finding], hot))
        render.internal("", hot)
        if not json_too:
            render.line(hot)
            render.findings([finding])
        assert "secret" not in out.said() + err.said()
        assert cool in (out if json_too else err).said()
    out, _ = streams()
    render.console(json=True)
    render.document("offkit/x-1", hot={"hot": [hot, (hot, 1, None)]})
    assert json.loads(out.said())["hot"] == {"hot": [cool, [cool, 1, None]]}
    render.console()


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
    assert words.size(count) == text


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
    render.console(verbose=True)
    render.findings(
        [LOST._replace(subject="a\n✓ all is well", message="\033[31mred", looked_in=("/x\r",), fix="")]
    )
    assert out.said() == "✗ LIB001  a\\n✓ all is well: \\x1b[31mred\n      looked in  /x\\r\n"


def test_every_mark_in_both_alphabets(streams):
    """Each glyph, for those who read UTF-8 and for those who do not; an encoding nobody knows is ASCII."""
    for encoding, expected in (("utf-8", "✓ ✗ ! · →"), ("ascii", "+ x ! - ->")):
        streams(encoding)
        marks = [str(render.mark(name)) for name in ("ok", "bad", "warn", "info", "step")]
        assert " ".join(marks) == expected
        assert render.is_ascii() is (encoding == "ascii")
        assert render.encoding() == encoding
    for strange in ("klingon", None):
        assert glyphs.is_ascii(types.SimpleNamespace(encoding=strange)) is True


@pytest.mark.parametrize(
    ("colour", "code"), [("red", 31), ("green", 32), ("yellow", 33), ("dim", 2), ("bold", 1)]
)
def test_colours(streams, colour, code):
    """ECMA-48, and back to none behind the text; a cell's colour takes no room."""
    out, _ = streams(terminal=True)
    render.console()
    render.table([(render.cell("a", colour), "b"), ("long", "c")], "-")
    assert out.said() == "-\033[{}ma\033[0m     b\n-long  c\n".format(code)


@pytest.mark.parametrize("name", ["NO_COLOR", "TERM"])
def test_no_colour_of_any_kind(streams, monkeypatch, name):
    """Where it is not wanted, titles, ticks, findings and tables are plain."""
    out, err = streams(terminal=True)
    monkeypatch.setenv(name, "dumb")
    render.console(verbose=True).note("x")
    render.title("t")
    render.bad("b")
    render.findings([LOST])
    render.table([(render.mark("ok", " y", "green"), "z")])
    render.error(EnvironmentProblem("e", fix="f"))
    assert "\033" not in out.said() + err.said()
    assert out.said().splitlines()[:2] == ["t", "✗ b"]
    assert out.said().splitlines()[-1] == "  ✓ y  z"


def test_lines_in_colour(streams):
    """What each kind of line has in which colour."""
    out, err = streams(terminal=True)
    console = render.console(verbose=True)
    console.step("s\n")
    console.note("n\n")
    console.warn("w\n")
    render.error(EnvironmentProblem("e\nf\r", fix="do"))
    assert err.said().splitlines() == [
        "\033[2m→\033[0m s\\n",
        "  \033[2mn\\n\033[0m",
        "\033[33m!\033[0m w\\n",
        "\033[31merror:\033[0m e",
        "f\\r",
        "\033[1mfix:\033[0m do",
    ]
    render.title("t")
    render.bad("b")
    render.findings([HINT, DOUBT, LOST._replace(looked_in=(), fix="")])
    assert out.said().splitlines() == [
        "\033[1mt\033[0m",
        "\033[31m✗\033[0m b",
        "\033[31m✗\033[0m \033[2mLIB001\033[0m  \033[1mlibSM.so.6\033[0m: is not there",
        "\033[33m!\033[0m \033[2mPY001\033[0m  \033[1mtkinter\033[0m: is missing",
        "\033[2m·\033[0m \033[2mENV001\033[0m  \033[1mlocale\033[0m: is ASCII",
    ]


@pytest.mark.parametrize(("number", "shown"), [(6, 6), (7, 5)])
def test_how_many_places_an_error_shows(streams, number, shown):
    """One that ends a command: six; of more, five and how many are left. Equal findings have them once."""
    _, err = streams()
    render.console()
    places = tuple(str(one) for one in range(number))
    two = [LOST._replace(subject=name, looked_in=places, fix="") for name in "ab"]
    render.error(EnvironmentProblem("e", two))
    more = [] if number == shown else ["      looked in  {} more (-v shows them)".format(number - shown)]
    assert err.said().splitlines() == [
        "error: e",
        "✗ LIB001  2 libraries are not there: a, b",
        *("      looked in  {}".format(one) for one in range(shown)),
        *more,
    ]


@pytest.mark.parametrize(
    ("fix", "shown"),
    [
        (
            "the driver of the database, which its maker has for this system and no disc",
            [
                "      fix        the driver of the database, which its maker",
                "                 has for this system and no disc",
            ],
        ),
        (
            "it is Qt 5's, and comes as a wheel: add it to /opt/requirements.txt, and bundle again",
            [
                "      fix        it is Qt 5's, and comes as a wheel: add it",
                "                 to /opt/requirements.txt, and bundle again",
            ],
        ),
        ("yum install a-package another-package a-third-package", None),
        ("restorecon -R /opt/offkit, and again after each of the others", None),
        ("bundle again with 'urllib3<2' among the requirements of it", None),
    ],
)
def test_a_cure_is_broken_where_nobody_copies_it(streams, monkeypatch, fix, shown):
    """Sentences are, and no command."""
    out, _ = streams(terminal=True)
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setattr(finding_lines.streams, "width", lambda stream: 60)
    render.console()
    render.findings([LOST._replace(fix=fix)])
    assert out.said().splitlines()[1:] == (shown or ["      fix        " + fix])


def test_places_and_sentences_are_broken_between_words(streams, monkeypatch):
    """A place may be words as well, as a line of a program's output is."""
    out, _ = streams(terminal=True)
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setattr(finding_lines.streams, "width", lambda stream: 60)
    render.console()
    render.findings(
        [LOST._replace(code="REQ022", looked_in=("ImportError: the words of a program " * 2,), fix="")]
    )
    render.sentence("these packages are by offkit's table of el7; no repository was read")
    assert out.said().splitlines()[1:] == [
        "      looked in  ImportError: the words of a program",
        "                 ImportError: the words of a program",
        "these packages are by offkit's table of el7; no repository",
        "was read",
    ]


def test_what_else_stands_there_is_told(streams):
    """Lines of a program's output, files with the same fault."""
    out, _ = streams()
    render.console()
    render.findings([LOST._replace(code="REQ022", looked_in=("ImportError: x",), fix="")])
    assert out.said().splitlines() == [
        "✗ REQ022  libSM.so.6: is not there",
        "      looked in  ImportError: x",
    ]


def test_lines_are_broken_between_words_on_a_terminal(streams, monkeypatch):
    """Where it would break them anywhere; never a cure, which is to be copied, and nothing in a pipe."""
    one = LOST._replace(
        message="is missing; needed by cv2/cv2.abi3.so and by opencv_python_headless.libs/x", fix="yum " * 60
    )
    for columns, broken in (
        (
            60,
            [
                "✗ LIB001  libSM.so.6: is missing; needed by cv2/cv2.abi3.so",
                "      and by opencv_python_headless.libs/x",
            ],
        ),
        (200, [None]),
        (20, [None]),
    ):
        out, _ = streams(terminal=True)
        monkeypatch.setenv("NO_COLOR", "1")
        monkeypatch.setattr(finding_lines.streams, "width", lambda stream, columns=columns: columns)
        render.console()
        render.findings([one])
        whole = "✗ LIB001  libSM.so.6: " + one.message
        assert out.said().splitlines() == [line or whole for line in broken] + ["      fix        " + one.fix]


def test_tables(streams):
    """As wide as the widest of each column, nothing behind the last; nothing of nothing."""
    out, _ = streams()
    render.console()
    render.table([("a", "bbb", "c"), ("aa", "b", "")])
    render.table([])
    render.line()
    assert out.said() == "  a   bbb  c\n  aa  b\n\n"


def test_a_bar_of_frames(streams):
    """Without bytes it says no bytes; it ends where its work does."""
    _, err = streams("ascii", terminal=True)
    with render.console().bar("frames", 4) as bar:
        bar.advance()
        bar.advance(3)
    said = err.said()
    assert "  frames  " in said
    assert " of " not in said
    assert said.replace("\r", "\n").rstrip().splitlines()[-1].count("#") == 30
    with render.console().bar("bytes", 4000, "B") as bar:
        bar.advance(1000)
    assert "1.0 kB of 4.0 kB" in err.said()


def test_no_bar_where_it_is_not_wanted(streams):
    """-q; and what is no terminal has none, whatever is asked."""
    for terminal, quiet in ((True, True), (False, False)):
        _, err = streams(terminal=terminal)
        for bar in (
            render.console(quiet=quiet).bar("a", 1),
            render.console(quiet=quiet).watch("a", 1, lambda done: []),
        ):
            with bar:
                bar.advance(1)
        assert err.said() == ""


def test_whom_a_question_can_be_asked(streams, monkeypatch):
    """Whoever sits at stdin and reads stderr."""
    for stdin, err, expected in ((True, True, True), (False, True, False), (True, False, False)):
        streams(terminal=err)
        monkeypatch.setattr(sys, "stdin", Stream(terminal=stdin))
        assert render.can_ask() is expected
    streams(terminal=True)
    monkeypatch.setattr(sys, "stdin", None)
    assert render.can_ask() is False


@pytest.mark.parametrize(
    ("answer", "expected"), [("y\n", True), (" YES \n", True), ("yy\n", False), ("", False), ("no\n", False)]
)
def test_answers(streams, monkeypatch, answer, expected):
    """The question is on stderr."""
    out, err = streams()
    monkeypatch.setattr(sys, "stdin", io.StringIO(answer))
    assert render.ask("really?") is expected
    assert (out.said(), err.said()) == ("", "really? [y/N] ")


def test_the_width_of_the_terminal(streams, monkeypatch):
    """0 where stdout is none, or one that cannot be asked."""
    sizes = [os.terminal_size((77, 20)), OSError(), ValueError()]

    def ask(handle):
        assert handle == 7
        found = sizes.pop(0)
        if isinstance(found, Exception):
            raise found
        return found

    monkeypatch.setattr(os, "get_terminal_size", ask)
    out, _ = streams(terminal=True)
    out.fileno = lambda: 7
    assert [render.width() for _ in range(3)] == [77, 0, 0]
    streams()
    assert render.width() == 0


def documents(out):
    return json.loads(out.said())


@pytest.mark.parametrize("context", [True, False])
def test_usage_errors(streams, context):
    """What is wrong and where the help is: of the command that says so, or that was called."""
    problem = types.SimpleNamespace(
        format_message=lambda: "no such option", ctx=types.SimpleNamespace(command_path="offkit repo add")
    )
    if not context:
        del problem.ctx
    where = "offkit repo add" if context else "offkit x"
    fix = "see '{} --help'".format(where)
    out, err = streams()
    render.console()
    render.usage(problem, "offkit x")
    assert (out.said(), err.said()) == ("", "error: no such option\nfix: {}\n".format(fix))
    out, err = streams()
    render.console(json=True)
    render.usage(problem, "offkit x")
    assert documents(out) == {
        "schema": "offkit/error-1",
        "error": "no such option",
        "exit_code": 2,
        "findings": [],
        "fix": fix,
    }
    assert err.said() == ""
    render.console()
    _, err = streams()
    render.usage(types.SimpleNamespace(format_message=lambda: "m", ctx=None))
    assert err.said().endswith("fix: see 'offkit --help'\n")


@pytest.mark.parametrize(
    ("log", "fix"),
    [
        ("/tmp/x.log", "report it with the log: /tmp/x.log"),
        ("", "report it; no log could be written to TMPDIR"),
    ],
)
def test_a_bug_of_ours(streams, log, fix):
    """In a line, with its log; as data too."""
    out, err = streams()
    render.console()
    render.internal(log, "KeyError: 1")
    text = "internal error; this is a bug in offkit: KeyError: 1"
    assert (out.said(), err.said()) == ("", "error: {}\nfix: {}\n".format(text, fix))
    out, err = streams()
    render.console(json=True)
    render.internal(log, "KeyError: 1")
    assert documents(out) == {
        "schema": "offkit/error-1",
        "error": text,
        "exit_code": 70,
        "findings": [],
        "fix": fix,
        "log": log,
    }
    assert err.said() == ""


@pytest.mark.parametrize("json", [True, False])
def test_interrupted(streams, json):
    """One word; a document where one was asked for."""
    out, err = streams()
    render.console(json)
    render.interrupted()
    assert err.said() == "interrupted\n"
    expected = {
        "schema": "offkit/error-1",
        "error": "interrupted",
        "exit_code": 130,
        "findings": [],
        "fix": "",
    }
    assert (documents(out) if json else out.said()) == (expected if json else "")


def test_interrupted_while_nobody_reads(streams, monkeypatch):
    """What is buffered goes nowhere."""
    out, err = streams()
    render.console(json=True)
    gone = []

    def flush():
        raise BrokenPipeError

    out.flush = flush
    monkeypatch.setattr(render, "abandon_stdout", lambda: gone.append(1))
    render.interrupted()
    assert (gone, err.said()) == ([1], "interrupted\n")


def test_a_whole_error_as_data(streams):
    """Every field."""
    out, err = streams()
    render.console(json=True)
    render.error(EnvironmentProblem("m", [LOST, HINT], "f"))
    assert documents(out) == {
        "schema": "offkit/error-1",
        "error": "m",
        "exit_code": 4,
        "findings": [LOST.to_json(), HINT.to_json()],
        "fix": "f",
    }
    assert err.said() == ""
    out, err = streams()
    render.error(OutputLost("lost", fix="f"))  # a document would be lost as well
    assert (out.said(), err.said()) == ("", "error: lost\nfix: f\n")


def test_the_headline_stands_where_it_says_more(streams):
    """Than its only finding."""
    _, err = streams()
    render.console()
    render.error(EnvironmentProblem("more", [LOST._replace(looked_in=(), fix="")]))
    assert err.said() == "error: more\n✗ LIB001  libSM.so.6: is not there\n"


class Raw(io.RawIOBase):
    """A stream that fails."""

    def __init__(self, error):
        super().__init__()
        self.error = error

    def writable(self):
        return True

    def write(self, data):
        raise self.error


def test_streams_that_cannot_be_written(monkeypatch):
    """stdout: an error that says so, once; a reader that has gone is another matter. stderr: nothing."""
    abandoned = []
    monkeypatch.setattr("offkit.cli.streams.abandon", abandoned.append)
    full = OSError(28, "No space left on device")
    lost = Result(io.BufferedWriter(Raw(full), 1), encoding="utf-8", line_buffering=True)
    with pytest.raises(OutputLost) as caught:
        lost.write("x\n")
    assert caught.value.message == "the output cannot be written: No space left on device"
    assert caught.value.fix == "free some space there"
    assert abandoned == [lost]
    gone = Result(io.BufferedWriter(Raw(BrokenPipeError()), 1), encoding="utf-8", line_buffering=True)
    with pytest.raises(BrokenPipeError):
        gone.write("x\n")
    assert abandoned == [lost]
    deaf = Remark(io.BufferedWriter(Raw(full), 1), encoding="utf-8", line_buffering=True)
    assert deaf.write("xyz\n") == 4
    deaf.flush()
    for stream in (lost, gone, deaf):  # what is buffered would be written at the end
        stream.buffer.raw.write = len


def test_streams_that_are_prepared(streams, monkeypatch):
    """Each once, in its own encoding; a closed one is read by nobody; one that is no stream stays."""
    monkeypatch.setattr(sys, "stdout", None)
    monkeypatch.setattr(sys, "stderr", Stream("latin-1"))
    render.prepare([])
    out, err = sys.stdout, sys.stderr
    assert (out.errors, out.buffer.name) == ("offkit", os.devnull)
    out.write("gone \u20ac\n")
    assert (err.encoding, err.errors, err.line_buffering) == ("latin-1", "offkit", True)
    assert isinstance(out, Result)
    assert isinstance(err, Remark)
    err.write("\xe4\u20ac\udcff\n")
    assert err.buffer.getvalue() == b"\xe4\\u20ac\xff\n"
    render.prepare([])
    assert (sys.stdout, sys.stderr) == (out, err)
    none = types.SimpleNamespace()
    monkeypatch.setattr(sys, "stdout", none)
    render.prepare([])
    assert sys.stdout is none


@pytest.mark.parametrize(
    ("args", "json"),
    [([], False), (["x", "--json"], True), (["--", "--json"], False), (["--json", "--"], True)],
)
def test_whether_even_a_usage_error_is_json(streams, args, json):
    """By the arguments as they are, as far as they are options."""
    streams()
    render.prepare(args)
    render.document("s")
    sys.stdout.flush()
    assert (b"schema" in sys.stdout.buffer.getvalue()) is json
    render.console()


def test_stdout_that_is_given_up(streams, monkeypatch):
    """It leads nowhere then; what cannot be asked for its number is left."""
    calls = []
    monkeypatch.setattr(os, "open", lambda *args: calls.append(("open", *args)) or 9)
    monkeypatch.setattr(os, "dup2", lambda *args: calls.append(("dup2", *args)))
    monkeypatch.setattr(os, "close", lambda *args: calls.append(("close", *args)))
    out, _ = streams()
    out.fileno = lambda: 1
    render.abandon_stdout()
    told, calls[:] = list(calls), []

    def none():
        raise ValueError

    out.fileno = none
    render.abandon_stdout()
    monkeypatch.undo()
    assert told == [("open", os.devnull, os.O_WRONLY), ("dup2", 9, 1), ("close", 9)]
    assert calls == [("open", os.devnull, os.O_WRONLY)]


def test_an_error_that_is_no_encoding():
    """Is passed on."""
    error = UnicodeDecodeError("utf-8", b"x", 0, 1, "y")
    with pytest.raises(UnicodeDecodeError):
        encode_anything(error)


def test_words_for_numbers():
    """One and many."""
    assert [several(number, "file") for number in (0, 1, 2)] == ["0 files", "1 file", "2 files"]
    assert [several(number, "library", "libraries") for number in (1, 2)] == ["1 library", "2 libraries"]
    assert [words.size(number) for number in (999.4, 999999, 1e6, -1500)] == [
        "999 B",
        "1000.0 kB",
        "1.0 MB",
        "-1.5 kB",
    ]
    assert glyphs.visible("a\tb\x7f\u202e\xe4\udc80\udcff") == "a\\tb\\x7f\\u202e\xe4\udc80\udcff"
    assert glyphs.visible("a" * 5000) == "a" * 4096 + " ... (5000 characters)"


@pytest.mark.parametrize(
    ("version", "there", "found"), [((3, 10), 1, True), ((3, 9, 9), 1, False), ((3, 12), 0, False)]
)
def test_whether_it_can_bundle(monkeypatch, version, there, found):
    """Where the online zone is, on a Python that it is written for."""
    asked = []
    monkeypatch.setattr(
        render.importlib.util, "find_spec", lambda name: asked.append(name) or (there or None)
    )
    with monkeypatch.context() as python:
        python.setattr(sys, "version_info", version)
        told = render.has_online_zone()
    assert told is found
    assert asked == ["offkit.online"]


def test_a_question_is_seen_before_it_is_answered(streams, monkeypatch):
    """Nothing of it waits in a buffer."""
    _, err = streams()
    done = []
    monkeypatch.setattr(err, "flush", lambda: done.append("flush"))
    monkeypatch.setattr(sys, "stdin", types.SimpleNamespace(readline=lambda: done.append("read") or "y"))
    assert render.ask("?")
    assert done == ["flush", "read"]


@pytest.mark.parametrize(
    ("code", "label"),
    [
        ("REQ005", "because  "),
        ("REQ025", "it said  "),
        ("NET010", "it said  "),
        ("REQ003", "looked in"),
    ],
)
def test_what_is_no_place_has_another_label(streams, code, label):
    """Who wants what, and what a program has said."""
    out, _ = streams()
    render.console()
    render.findings([LOST._replace(code=code, looked_in=("the words",), fix="")])
    assert out.said().splitlines()[1:] == [f"      {label}  the words"]
