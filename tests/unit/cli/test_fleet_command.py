"""offkit report, as it is typed and as it is read."""

import io
import json
import os
import re
import sys

import pytest

import fleet_maker as made
from offkit.cli import app, render


class Sink(io.BytesIO):
    """What is below a standard stream; with ``columns`` a terminal."""

    columns = 0

    def isatty(self):
        return self.columns > 0


def stream(encoding, columns):
    sink = Sink()
    sink.columns = columns
    return io.TextIOWrapper(sink, encoding=encoding, write_through=True)


@pytest.fixture
def offkit(monkeypatch):
    """Run ``offkit report`` with arguments; (exit code, stdout, stderr)."""
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")

    def run(*args, encoding="utf-8", columns=0):
        out, err = stream(encoding, columns), stream(encoding, columns)
        monkeypatch.setattr(sys, "stdout", out)
        monkeypatch.setattr(sys, "stderr", err)
        monkeypatch.setattr(render, "width", lambda: columns)
        with pytest.raises(SystemExit) as left:
            app.main(["report", *args])
        said = [sys.stdout.buffer.getvalue(), sys.stderr.buffer.getvalue()]
        return (left.value.code, *(each.decode(encoding) for each in said))

    yield run
    render.console()


@pytest.fixture
def report(tmp_path):
    """Five hosts: two lack the same, one refused, one is lost, one is well."""
    ways = made.found("PY020", "", message="no Python", fix="one of these\n  1. an ISO\n  2. a source")
    refusal = made.refused("no Python 3.6 here\nlooked in /usr/bin", ways)
    return made.write(
        tmp_path,
        made.sick("web07", "libSM.so.6", "libICE.so.6"),
        made.sick("web08", "libSM.so.6", "libICE.so.6"),
        dict(made.host("db01", {"deploy": made.ended(refusal, 4)}), generation=""),
        made.lost("db02", "ssh: connect to host db02 port 22: No route to host"),
        made.host("web01"),
    )


def test_what_is_missing_where(offkit, report):
    """The table, the problems, one line for hosts that lack the same, the lost, the sum."""
    code, out, err = offkit(report)
    assert (code, err) == (1, "")
    assert out.splitlines() == [
        "   host   EL  Python  generation     inst  libs  pkgs  server  fps",
        "✗  web07  7   3.6.8   0001-6be1b615  ✓     ✗ 2   ✓     ✓       ✗ 1",
        "✗  web08  7   3.6.8   0001-6be1b615  ✓     ✗ 2   ✓     ✓       ✗ 1",
        "✗  db01   7   3.6.8   -              ✗ 1   -     -     -       -",
        "?  db02   7   3.6.8   0001-6be1b615  -     -     -     -       -",
        "✓  web01  7   3.6.8   0001-6be1b615  ✓     ✓     ✓     ✓       1662",
        "",
        "what is wrong, and where",
        "  ✗  LIB001  2 hosts: web07, web08",
        "      libICE.so.6, libSM.so.6: missing; one command below installs them",
        "  ✗  VID001  2 hosts: web07, web08",
        "      cv2: import cv2 fails: libSM.so.6",
        "  ✗  PY020  1 host: db01",
        "      no Python",
        "      fix  one of these (2 more lines with -v)",
        "",
        "for 2 hosts (el7 x86_64): web07, web08",
        "  yum --disablerepo='*' --enablerepo='offkit-*' install libICE libSM",
        "",
        "not reached",
        "  db02  ssh: connect to host db02 port 22: No route to host",
        "",
        "✗ 5 hosts: 1 healthy, 3 with problems, 1 not reached",
    ]


def test_all_is_well(offkit, tmp_path):
    """Exit code 0, a tick, and nothing to do; -q leaves the sum."""
    made.write(tmp_path, made.host("web01"), made.host("web02"))
    code, out, _ = offkit(str(tmp_path))
    assert code == 0
    assert out.splitlines()[3:] == ["", "✓ 2 hosts: 2 healthy"]
    assert offkit(str(tmp_path), "-q") == (0, "✓ 2 hosts: 2 healthy\n", "")


def test_quiet(offkit, report):
    """What has to be done, without the table."""
    _, out, _ = offkit(report, "-q")
    assert out.splitlines()[0] == "for 2 hosts (el7 x86_64): web07, web08"
    assert "EL  Python" not in out


def test_verbose(offkit, report):
    """Every library by itself, with its cure."""
    _, out, _ = offkit(report, "-v")
    assert "  ✗  LIB001  2 hosts: web07, web08\n      libSM.so.6: is missing; needed by cv2\n" in out
    assert "      fix  yum --disablerepo='*' --enablerepo='offkit-*' install libSM\n" in out
    assert "      fix  one of these\n             1. an ISO\n             2. a source\n" in out


def test_results_that_are_out_of_date(offkit, tmp_path):
    """A star at each, and what it means."""
    results = dict(made.well(), rollback=made.ended(made.switched(), time="2026-01-02T04:00:00Z"))
    code, out, _ = offkit(made.write(tmp_path, made.host("web01", results)))
    assert code == 0
    assert out.splitlines()[1:3] == [
        "✓  web01  7   3.6.8   0001-6be1b615  ✓     ✓*    ✓*    ✓*      1662*",
        "*  web01: from before the rollback of 2026-01-02T04:00:00Z",
    ]


def test_an_ascii_locale(offkit, report):
    """Every character can be printed."""
    _, out, _ = offkit(report, encoding="ascii")
    assert "x  web07  7   3.6.8   0001-6be1b615  +     x 2   +     +       x 1\n" in out
    assert out.endswith("x 5 hosts: 1 healthy, 3 with problems, 1 not reached\n")


def test_on_a_terminal(offkit, tmp_path, monkeypatch):
    """Colours, which take no room; a long name gives up its middle, so that no line is broken."""
    name = "node0815.rack17.cluster.example"
    made.write(tmp_path, made.sick("web07", "libSM.so.6"), made.host(name))
    _, out, _ = offkit(str(tmp_path), columns=80)
    assert "\033[31m✗\033[0m  web07" in out
    assert "\033[32m✓\033[0m  node0815….example" in out
    plain = re.sub("\033\\[[0-9]+m", "", out)
    table = plain.splitlines()[:3]
    assert max(len(line) for line in table) <= 80
    assert len({line.index("0001-") for line in table[1:]}) == 1
    _, out, _ = offkit(str(tmp_path))
    assert "\033" not in out
    assert name in out
    monkeypatch.setenv("NO_COLOR", "1")
    assert offkit(str(tmp_path), columns=80)[1] == plain


def test_a_thousand_hosts(offkit, tmp_path):
    """Those that need somebody are named, up to a number; the healthy ones are counted."""
    many = [made.host("node{:04}".format(number)) for number in range(900)]
    sick = [made.sick("sick{:03}".format(number), "libSM.so.6") for number in range(70)]
    lost = [made.lost("lost{:03}".format(number)) for number in range(70)]
    made.write(tmp_path, *many, *sick, *lost)
    _, out, _ = offkit(str(tmp_path))
    lines = out.splitlines()
    assert len(lines) < 150
    assert "   and 10 with problems, 900 healthy (-v shows all)" in lines
    assert "  ✗  LIB001  70 hosts: sick000, sick001, sick002, sick003, sick004 and 65 more" in lines
    assert "  and 10 more (-v shows all)" in lines
    assert lines[-1] == "✗ 1040 hosts: 900 healthy, 70 with problems, 70 not reached"
    _, out, _ = offkit(str(tmp_path), "-v")
    assert all(each["host"] in out for each in many + sick + lost)


def test_what_a_host_says_moves_no_cursor(offkit, tmp_path):
    """Control characters, line breaks and what turns a line around are shown, not obeyed."""
    evil = "web\x1b[2J\r\n\u202efake \udc9b[31m"
    document = made.sick(evil, "lib\x1b]0;x\x07.so.6")
    document["message"] = evil
    document["generation"] = "\x1b[8m"
    document["server"] = dict(made.EL7, python="\x1b[1m3", system=evil, el=0)
    finding = made.found("E\x1b", evil, "error", evil, evil + "\n" + evil, [evil])
    document["results"]["doctor"]["document"]["findings"].append(finding)
    document["results"]["doctor"]["document"]["install_line"] = "yum install x\x1b[2K"
    made.write(tmp_path, document)
    made.put(tmp_path, "bad\x1b[2J.json", "{")
    for option in ("-v", "-q"):
        _, out, err = offkit(str(tmp_path), option)
        assert not [char for char in out + err if char != "\n" and not char.isprintable()]
        assert r"\x1b[2J" in out


def test_a_file_that_cannot_be_read(offkit, tmp_path):
    """It is named, the others are shown, and the exit code is not 0."""
    made.write(tmp_path, made.host("web01"))
    path = made.put(tmp_path, "web02.json", '{"schema": "offkit/host-1",')
    code, out, _ = offkit(str(tmp_path))
    assert code == 1
    assert "✗ FLEET002  {}: is truncated, or not JSON".format(path) in out
    assert "✓  web01" in out
    assert out.splitlines()[-1] == "✗ 1 host: 1 healthy, 1 file unreadable"


def test_a_command_without_a_word(offkit, tmp_path):
    """Killed, no document: it is in the list of those that failed."""
    results = dict(made.well(), verify=made.ended(None, 137, stderr="Killed"))
    _, out, _ = offkit(made.write(tmp_path, made.host("web01", results)))
    assert "failed\n  web01  verify exited with 137: Killed\n" in out


def test_each_command_that_ended_badly_has_its_own_words(offkit, tmp_path):
    """The deployment failed, so the doctor had nothing to look at; what the playbook said is about the latter."""
    results = {
        "deploy": made.ended(None, 4, "2026-01-02T03:04:00Z", "root may not write in /var/cache"),
        "doctor": made.ended(None, 77, stderr="Shared connection to 192.0.2.1 closed."),
    }
    _, out, _ = offkit(made.write(tmp_path, made.host("web01", results, "no offkit is installed")))
    assert "  web01  deploy exited with 4: root may not write in /var/cache\n" in out
    assert "  web01  doctor: no offkit is installed\n" in out


def test_the_page(offkit, report, tmp_path):
    """Written in one step, readable by all, and named with its size."""
    page = str(tmp_path / "page.html")
    code, out, _ = offkit(report, "--html", page)
    assert code == 1
    with open(page, encoding="utf-8") as source:
        assert "1 of 5 hosts is healthy" in source.read()
    assert "wrote the page {} (".format(page) in out
    assert os.stat(page).st_mode & 0o777 == 0o644
    assert sorted(os.listdir(str(tmp_path))) == ["hosts", "page.html"]


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["/nowhere"], "the directory /nowhere does not exist"),
        ([], "DIR"),
        (["@", "--html", ""], "--html is given, but empty"),
        (["@", "--html", "@/hosts"], "hosts: it exists and is not a regular file"),
        (["@", "--html", "/dev/null"], "cannot write to /dev/null: it needs a regular file"),
        (["@", "--html", "/dev/stdout"], "cannot write to /dev/stdout: it needs a regular file"),
        (["@", "--html", "@/fifo"], "fifo: it exists and is not a regular file"),
        (["@", "--html", "@/no/page.html"], "no for the page does not exist"),
    ],
)
def test_usage(offkit, report, args, message):
    """Exit code 2, and what is wrong; the document says the same."""
    os.mkfifo(os.path.join(report, "fifo"))
    args = [each.replace("@", report) for each in args]
    code, out, err = offkit(*args)
    assert (code, out) == (2, "")
    assert message.lower() in err.lower()
    code, out, _ = offkit(*args, "--json")
    assert code == 2
    assert json.loads(out)["schema"] == "offkit/error-1"


def test_a_page_that_cannot_be_written(offkit, report, monkeypatch):
    """Exit code 4, the place and the reason; what was there before stays."""
    page = os.path.join(report, "page.html")
    offkit(report, "--html", page)
    before = os.stat(page)

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    code, out, err = offkit(report, "--html", page)
    assert (code, out) == (4, "")
    assert "the page {} cannot be written: No space left on device".format(page) in err
    assert os.stat(page).st_ino == before.st_ino
    assert sorted(os.listdir(report)) == ["hosts", "page.html"]


def test_a_page_behind_a_link(offkit, report):
    """The file is written, and the link stays."""
    page = os.path.join(report, "page.html")
    open(page, "w").close()
    os.symlink("page.html", os.path.join(report, "latest.html"))
    offkit(report, "--html", os.path.join(report, "latest.html"))
    assert os.path.islink(os.path.join(report, "latest.html"))
    assert os.path.getsize(page) > 10000


def test_the_document_alone(offkit, report, tmp_path):
    """With --json nothing else is on stdout, the page is written all the same."""
    page = str(tmp_path / "page.html")
    code, out, _ = offkit(report, "--json", "--html", page)
    assert code == 1
    document = json.loads(out)
    assert document["schema"] == "offkit/fleet-1"
    assert (document["directory"], document["page"]) == (report, page)
    assert document["counts"] == {"hosts": 5, "healthy": 1, "problems": 3, "unreached": 1}
    assert os.path.isfile(page)


def test_modules_where_somebody_asked(offkit, tmp_path):
    """A column of the table and of the page for what 'offkit smoke' said; none without."""
    smoked = {"schema": "offkit/smoke-1", "imported": 3, "findings": [made.found("SMOKE002", "x")]}
    for number, (more, there) in enumerate([({}, False), ({"smoke": made.ended(smoked, 1)}, True)]):
        folder = tmp_path / str(number)
        folder.mkdir()
        report = made.write(folder, made.host("web01", dict(made.well(), **more)), made.host("web02"))
        _, out, _ = offkit(str(report), "--html", str(folder / "page.html"))
        assert ("mods" in out.splitlines()[0]) is there
        assert ("Modules" in (folder / "page.html").read_text(encoding="utf-8")) is there
        assert [row.split()[-2:] for row in out.splitlines()[1:3]] == (
            [["1", "1662"], ["-", "1662"]] if there else [["\u2713", "1662"]] * 2
        )
