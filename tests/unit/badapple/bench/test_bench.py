"""The bench: what it measures, tells and draws, and what it leaves behind (nothing)."""

import errno
import json
import os
import signal
import subprocess
import sys
import types
import xml.etree.ElementTree as ElementTree

import pytest

import offkit
from clip_maker import write_clip
from offkit.badapple.bench import (
    document,
    machine,
    measure,
    model,
    noise,
    rounds,
    run,
    table,
)
from offkit.badapple.bench.numbers import sample
from offkit.badapple.bench.outcome import LINEAR, PROCESSES, THREADS, Row
from offkit.badapple.processes import pool
from offkit.badapple.video import decode
from offkit.model.errors import EnvironmentProblem, UsageError
from offkit.model.report import Reporter

pytestmark = pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")

TESTS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "..")
sys.path.insert(0, os.path.join(TESTS, "bench"))
import chart  # noqa: E402

TOOLKIT = os.path.dirname(os.path.dirname(os.path.abspath(offkit.__file__)))
FRAMES = 26


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    return write_clip(tmp_path_factory.mktemp("clips") / "film.mp4", FRAMES)


@pytest.fixture(scope="module", autouse=True)
def forked():
    """Drawing the clip left threads in this process; spawning would take most of the time."""
    before, pool.start_method = pool.start_method, lambda: "fork"
    yield
    pool.start_method = before


@pytest.fixture(scope="module")
def outcome(clip, forked, tmp_path_factory):
    """A real bench of a short clip, twice around."""
    folder = tmp_path_factory.mktemp("bench")
    found = run.run(rounds.Request(clip, (1, 2), str(folder), 2, True), Reporter())
    assert os.listdir(str(folder)) == []
    return found


@pytest.fixture
def wide(outcome):
    """The same with 32 processes and the origin's number of frames, as a large server has them."""
    prediction = outcome.ahead[0][1]
    rows = list(outcome.rows) + [
        Row(THREADS, 32, sample([1234.5])),
        Row(
            PROCESSES,
            32,
            sample([1.2, 1.3]),
            sample([1.0]),
            30.0,
            (30.0, 5.0, 0.1),
            prediction,
        ),
    ]
    return outcome._replace(rows=rows, frames=table.ORIGIN_FRAMES)


def drawn(found):
    design = {"frames": FRAMES, "processes": [(32, 210.0)], "model": [(64, 200.0)]}
    return chart.svg(dict(document.content(found), design=design))


def test_everything_is_measured(outcome):
    """Linear, threads and processes, and decoding alone, as often as asked; one thread is linear."""
    assert [(row.kind, row.workers) for row in outcome.rows] == [
        ("linear", 1),
        ("threads", 2),
        ("processes", 1),
        ("processes", 2),
    ]
    assert outcome.frames == FRAMES
    assert all(len(row.offkit.values) == 2 for row in outcome.rows)
    for row in outcome.rows[2:]:
        assert len(row.floor.values) == 2
        assert row.cpu > 0 and min(row.shares) > 0  # noqa: PT018
        assert row.predicted.limit in table.LIMITS
    assert min(outcome.costs[:5]) > 0
    assert [cores for cores, _ in outcome.ahead] == list(model.COUNTS)
    assert set(outcome.memory) == {1, 2}


@pytest.mark.parametrize("width", [60, 80, 120])
@pytest.mark.parametrize("marks", [table.ASCII, table.UNICODE], ids=["ascii", "unicode"])
def test_the_table_fits(wide, width, marks):
    """60 columns are enough, also for 32 processes; ASCII where asked for."""
    shown = table.lines(wide._replace(machine=wide.machine._replace(name="x86_64")), width, marks)
    assert [line for line in shown if len(line) > width] == []
    assert any(line.startswith("processes 32") for line in shown)
    if marks == table.ASCII:
        "\n".join(shown).encode("ascii")


def test_the_origins_numbers_stand_beside(wide):
    """35 and 51 seconds linear, 21 with 32 processes, and ours with what it comes to."""
    shown = {line.split("  ")[0]: line.split() for line in table.lines(wide, 80, table.ASCII)}
    assert shown["linear"][1:3] == ["35", "51"]
    assert shown["processes 32"][2:5] == ["-", "21", "1.25"]
    assert shown["processes 32"][-1] == "1.25"


def test_what_is_left_of_amdahls_law(outcome):
    """Of the origin's published times, and of those here that had a core for each process."""

    def told(mask, *times):
        rows = [Row(PROCESSES, count, sample([seconds]), used=count) for count, seconds in times]
        here = outcome.machine._replace(mask=mask, quota=None, siblings=1)
        found = outcome._replace(rows=[Row(LINEAR, 1, sample([9.0])), *rows], machine=here)
        return " ".join(table.lines(found, 80, table.ASCII)[-2:])

    origin = (
        "By Amdahl's law 37% of the origin's work on its server is done by one process while the others wait."
    )
    assert told(4, (1, 8.0)) == origin
    assert told(4, (1, 8.0), (2, 5.0), (4, 3.5)) == origin + " Of offkit's here: 25%."
    assert told(2, (1, 8.0), (2, 4.0), (4, 4.0)) == origin + " Of offkit's here: 0%."


def test_bars_are_as_long_as_they_should():
    """Shares in proportion, the rest is waiting."""
    row = Row(PROCESSES, 2, offkit=sample([10.0]), shares=(10.0, 5.0, 1.0))
    assert table.bar(row, 20, table.ASCII) == "#" * 10 + "=" * 5 + "-" + "." * 4
    assert table.bar(Row(PROCESSES, 1), 5, table.ASCII) == "....."


@pytest.fixture
def surroundings(monkeypatch):
    """Memory and disk, not measured once more."""
    monkeypatch.setattr(run, "_surroundings", lambda *_: ({1: 1e10}, 1e8, 0.0, 0.001))


@pytest.mark.usefixtures("surroundings")
def test_a_disk_that_refuses(clip, tmp_path, monkeypatch):
    """VID005 with the directory, and nothing stays there."""

    def full(bench, report):
        with open(bench.part, "w"):
            pass
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(run, "measure_all", full)
    with pytest.raises(EnvironmentProblem) as caught:
        run.run(rounds.Request(clip, (1,), str(tmp_path), 1, True), Reporter())
    (finding,) = caught.value.findings
    assert (finding.code, finding.severity, finding.subject) == ("VID005", "error", str(tmp_path))
    assert finding.message == caught.value.message == "cannot be written: No space left on device"
    assert "-o DIR/" in finding.fix
    assert os.listdir(str(tmp_path)) == []


def test_a_video_that_cannot_be_cut(clip, tmp_path, monkeypatch):
    """One process is measured, more are not, and it says so."""
    real = measure.conversion

    def conversion(video, form, path, workers):
        result, spent = real(video, form, path, workers)
        return (result if workers == 1 else None), spent

    monkeypatch.setattr(measure, "conversion", conversion)
    found = run.run(rounds.Request(clip, (1, 2), str(tmp_path), 1, True), Reporter())
    (uncut,) = [finding for finding in found.findings if finding.code == "VID007"]
    assert "is not exact, it is damaged, or nothing moves there; only one process" in uncut.message
    assert [bool(row.offkit.values) for row in found.rows[-2:]] == [True, False]
    assert drawn(found) and table.lines(found, 60, table.ASCII)  # noqa: PT018


def test_how_each_kind_is_measured(monkeypatch):
    """One after the other and threads in one process; processes by the conversion itself."""
    done = []

    def noted(name):
        return lambda video, form, path, count: (done.append((name, count)), (Converted, 1.0))[1]

    class Converted:
        per_worker = ()
        frames = 9

    monkeypatch.setattr(measure, "conversion", noted("conversion"))
    monkeypatch.setattr(measure, "threaded", noted("threaded"))
    made = rounds.Rounds(rounds.Request("v", (2,), ".", 1, True), types.SimpleNamespace(frames=9), None, "p")
    for kind, count in ((LINEAR, 1), (THREADS, 2), (PROCESSES, 2)):
        made._convert(kind, count)
    assert done == [("threaded", 1), ("threaded", 2), ("conversion", 2)]


def test_the_document(wide):
    """JSON with a sample as median, least, greatest and all; null where nothing was measured."""
    content = json.loads(json.dumps(document.content(wide)))
    rows = {(row["kind"], row["workers"]): row for row in content["measurements"]}
    last = rows["processes", 32]
    assert last["offkit"] == {"median": 1.25, "least": 1.2, "greatest": 1.3, "values": [1.2, 1.3]}
    assert (last["origin_laptop"], last["origin_server"]) == (None, 21)
    assert last["times_decoding_alone"] == 1.25
    assert rows["processes", 1]["speed_up"] == rows["processes", 1]["efficiency"] == 1
    assert len(content["model"]) == len(model.COUNTS)
    assert content["machine"]["load_before"] == wide.machine.load


def test_the_picture(wide):
    """Well-formed, described in words, nothing from outside, nothing outside its frame."""
    text = drawn(wide._replace(machine=wide.machine._replace(name='A & "B" <C>')))
    root = ElementTree.fromstring(text)
    space = "{http://www.w3.org/2000/svg}"
    assert root.get("role") == "img"
    assert "32: 1.25 s" in root.find(space + "desc").text
    assert root.find(space + "title").text == "Seconds for 6572 frames, by processes"
    assert text.count("http") == 1  # the namespace
    assert "<script" not in text
    for one in root.iter(space + "circle"):
        assert 0 <= float(one.get("cx")) <= chart.WIDTH
        assert 0 <= float(one.get("cy")) <= float(root.get("viewBox").split()[3])
    for words in ("Medians of 2 rounds", "over 26 of 6572 frames and scaled"):
        assert words in root.find(space + "desc").text
        assert any(words in (one.text or "") for one in root.iter(space + "text"))


def test_the_picture_warns(wide):
    """Noise is told where the picture goes without its report."""
    calm = drawn(wide._replace(findings=[]))
    loud = drawn(wide._replace(findings=noise.findings(["the load average was 8.5 before"])))
    assert "VID019" not in calm
    assert loud.count("VID019: unreliable: the load average was 8.5 before.") == 2  # and in words
    assert float(loud.split('"')[3].split()[3]) > float(calm.split('"')[3].split()[3])


@pytest.mark.usefixtures("surroundings")
def test_fewer_processes_than_asked_for(clip, tmp_path):
    """26 frames are work for two processes: the table, the picture and the document say so."""
    found = run.run(rounds.Request(clip, (4,), str(tmp_path), 1, True), Reporter())
    shown = table.lines(found, 60, table.ASCII)
    assert any(line.startswith("processes 4*") for line in shown)
    assert any("2 of 4 (12" in line for line in shown)
    assert "2 of 4 (12 frames each at least)" in drawn(found)
    assert document.content(found)["measurements"][-1]["workers_used"] == 2


@pytest.mark.parametrize(
    ("text", "found"), [("1,2,4", (1, 2, 4)), ("4, 1,4", (1, 4)), ("32", (32,)), ("512", (512,))]
)
def test_counts(text, found):
    assert rounds.counts(text) == found


@pytest.mark.parametrize("text", ["", "0", "1,,2", "-1", "a", "513", "1.5", "²"])
def test_what_is_no_count(text):
    with pytest.raises(UsageError):
        rounds.counts(text)


@pytest.mark.parametrize(("cores", "found"), [(1, (1,)), (2, (1, 2)), (6, (1, 2, 4, 6)), (8, (1, 2, 4, 8))])
def test_powers(cores, found):
    assert rounds.powers(cores) == found


def quiet(**more):
    base = machine.Machine("cpu", 4, 4, None, 1, True, 0, 0.0)
    return base._replace(**more)


@pytest.mark.parametrize(
    ("here", "others", "values", "word"),
    [
        (quiet(), (0.0, 0.0), [1.0, 1.05], None),
        (quiet(load=None), (0.0, 0.0), [1.0, 1.05], None),
        (quiet(load=2.0), (0.0, 0.0), [1.0], "load"),
        (quiet(), (1.0, 0.0), [1.0], "busy"),
        (quiet(), (0.0, 0.5), [1.0], "hypervisor"),
        (quiet(), (0.0, 0.0), [1.0, 1.2], "differ by 18%"),
    ],
)
def test_noise_is_said(here, others, values, word):
    """Other load, a hypervisor that takes, and times that lie apart."""
    found = noise.reasons(here, [Row(PROCESSES, 2, offkit=sample(values))], others)
    assert [word in reason for reason in found] == ([True] if word else [])


def write(root, path, text):
    where = os.path.join(str(root), path)
    os.makedirs(os.path.dirname(where), exist_ok=True)
    with open(where, "w") as target:
        target.write(text)


def test_the_machine_is_looked_at(tmp_path):
    """Siblings, caches, load and time as /proc and /sys tell them."""
    for cpu in range(4):
        folder = "sys/devices/system/cpu/cpu{}/".format(cpu)
        write(
            tmp_path,
            folder + "topology/thread_siblings_list",
            "{}-{}\n".format(cpu // 2 * 2, cpu // 2 * 2 + 1),
        )
        for index, level, size, shared in ((0, 1, "32K", cpu), (3, 3, "8192K", "0-3")):
            write(tmp_path, folder + "cache/index{}/level".format(index), "{}\n".format(level))
            write(tmp_path, folder + "cache/index{}/size".format(index), size + "\n")
            write(tmp_path, folder + "cache/index{}/shared_cpu_list".format(index), "{}\n".format(shared))
    write(tmp_path, "proc/loadavg", "1.25 0.80 0.50 1/234 5678\n")
    write(tmp_path, "proc/cpuinfo", "processor\t: 0\nmodel name\t: Some CPU\n")
    write(tmp_path, "proc/stat", "cpu  100 0 50 1000 5 0 10 40 0 0\ncpu0 1 2 3\n")
    assert machine.siblings([0, 1, 2, 3], str(tmp_path)) == 2
    assert machine.siblings([0, 2], str(tmp_path)) == 1
    assert machine.cache([0, 1, 2, 3], str(tmp_path)) == 8 << 20
    found = machine.look(str(tmp_path))
    assert (found.name, found.load) == ("Some CPU", 1.25)
    hertz = os.sysconf("SC_CLK_TCK")
    assert machine.ticks(str(tmp_path)) == machine.Ticks(160 / hertz, 40 / hertz)


def test_a_machine_that_tells_nothing(tmp_path):
    """No /proc and no /sys: no error, and one thread a core is assumed."""
    found = machine.look(str(tmp_path))
    assert (found.siblings, found.known, found.cache, found.load) == (1, False, 0, None)
    assert found.name
    assert found.cores >= 1
    assert machine.ticks(str(tmp_path)) is None


def command(folder, *args, **more):
    environment = dict(os.environ, PYTHONPATH=TOOLKIT, NO_COLOR="1", PYTHONIOENCODING="ascii", **more)
    return subprocess.Popen(
        [sys.executable, "-m", "offkit.cli.app", "run-badapple"] + list(args),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment,
        cwd=str(folder),
    )


def test_the_command(clip, tmp_path):
    """One document with --json, and no file."""
    done = command(tmp_path, clip, "--bench", "1", "--quick", "--json")
    out, err = done.communicate()
    assert (done.returncode, json.loads(out.decode())["schema"]) == (0, "offkit/bench-badapple-1"), err
    assert os.listdir(str(tmp_path)) == []


@pytest.mark.parametrize(
    ("args", "code", "word"),
    [
        (["--bench", "none"], 2, "not a number of processes"),
        (["--bench", "1", "--svg", "b.svg"], 2, "--svg"),
        (["--bench", "1", "--play"], 2, "excludes --play"),
        (["--bench", "1", "-o", "mine.txt"], 2, "not a directory"),
        (["--bench", "1", "-j", "2", "--invert"], 2, "excludes --jobs and --invert"),
    ],
)
def test_what_cannot_be_asked_for(clip, tmp_path, args, code, word):
    """Said before anything is measured."""
    (tmp_path / "mine.txt").write_text("my diary")
    done = command(tmp_path, clip, *args)
    _, err = done.communicate()
    assert done.returncode == code
    assert word in err.decode()
    assert (tmp_path / "mine.txt").read_text() == "my diary"


def test_an_interrupt_leaves_nothing(clip, tmp_path):
    """Ctrl-C while it measures: exit 130, no file, no process."""
    done = command(tmp_path, clip, "--bench", "1,2")
    line = b""
    while b"rounds" not in line:
        line = done.stderr.readline()
    done.send_signal(signal.SIGINT)
    _, err = done.communicate()
    assert (done.returncode, err.decode().split()) == (130, ["interrupted"])
    assert os.listdir(str(tmp_path)) == []


@pytest.mark.parametrize(
    ("start", "stop", "there", "done"),
    [(0, None, 10, 10), (0, 4, 10, 4), (4, 9, 10, 5), (4, None, 6, 2), (4, 9, 6, 2)],
)
def test_decoding_alone_ends_where_its_span_does(monkeypatch, start, stop, there, done):
    """At the frame where the next process begins, or with the video."""

    class Film:
        def __init__(self, path, threads):
            self.at, self.closed = 0, False
            opened.append((path, threads, self))

        def seek(self, number):
            assert number > 0
            self.at = number

        def skip(self):
            if self.at == there:
                return False
            self.at += 1
            return True

        def close(self):
            self.closed = True

    opened = []
    monkeypatch.setattr(measure, "Source", Film)
    video = decode.Video("film.mp4", 10, 30.0, 512, 384)
    assert measure._grab(measure.Span(video, start, stop), lambda *_: None) == done
    ((path, threads, film),) = opened
    assert (path, threads, film.at, film.closed) == ("film.mp4", 1, start + done, True)
