"""What is checked of a conversion, what is said of it, and what is needed for it; the workload's own decisions."""

import contextlib
import errno
import importlib
import os
import signal
import sys
import threading
from types import SimpleNamespace

import pytest

from offkit.badapple import convert, environment, examine, output, workload
from offkit.badapple.formats import catalogue
from offkit.badapple.formats.base import Facts
from offkit.badapple.formats.cells import BRAILLE, CHARACTERS, MONO, SIXTEEN, Grid, Look
from offkit.badapple.formats.text import Text
from offkit.badapple.processes import limits, pool
from offkit.badapple.shadowplay import clip, film
from offkit.badapple.shadowplay.film import Film
from offkit.badapple.verify import check, codecs, processors
from offkit.badapple.verify.codecs import ABSENT, WORKS, WRONG, Tried
from offkit.badapple.verify.tally import Replayed, Tally
from offkit.badapple.video import decode
from offkit.edges import leftovers, signals
from offkit.model.errors import EnvironmentProblem, RequestError
from offkit.model.finding import WARNING, Finding
from offkit.model.report import Bar, Reporter

LOOK, FACTS = Look(Grid(44, 117)), Facts(30.0, 512, 384)
VIDEO = decode.Video("v.mp4", 40, 30.0, 512, 384, "full")


class Heard(Reporter):
    """What was reported, in order."""

    def __init__(self):
        self.said = []

    def step(self, text):
        self.said.append(text)

    def note(self, text):
        self.said.append(text)

    def bar(self, label, total, unit=""):
        self.said.append((label, total))
        return Advanced(self)

    def watch(self, label, total, rows):
        self.said.append((label, total, rows))
        return Advanced(self)


class Advanced(Bar):
    def __init__(self, heard):
        self.heard = heard

    def advance(self, amount=1):
        self.heard.said.append(amount)


@pytest.fixture
def checks(monkeypatch):
    """Checks that find what they are told, and what they were asked."""
    told = SimpleNamespace(tally=Tally([], [], [], 0.0123), replayed=Replayed(40, [], 1.3, 0.03), asked=[])

    def file(*given):
        told.asked.append(given[:5])
        return told.tally

    def video(job, bar):
        told.asked.append(job)
        return told.replayed

    monkeypatch.setattr(check, "file", file)
    monkeypatch.setattr(check, "video", video)
    return told


def written(shown=None, frames=40, look=LOOK):
    return examine.Written(VIDEO, shown, "a.part", Text(look, FACTS), frames, 3)


def steps(heard):
    return [one[:2] if isinstance(one, tuple) else one for one in heard.said]


def test_a_video_is_decoded_again(checks):
    """Compared at its samples, as it was painted."""
    heard, given = Heard(), written()
    found = examine.examine(given, False, heard)
    assert steps(heard) == ["checking every frame", ("frames checked", 40), ("decoding again", 40)]
    assert checks.asked == [
        ("a.part", given.form, 40, None, 3),
        check.Replay("v.mp4", "a.part", catalogue.reader("text"), LOOK, "full", check.samples(40)),
    ]
    assert found.holds == [
        "40 frames, each with its number, in order, 117 x 44 characters",
        "decoded straight through, it has as many frames, and all 40 samples match",
    ]
    assert (found.wrong, found.replayed) == ([], checks.replayed)


def test_a_film_is_drawn_again(checks):
    """And not decoded again."""
    heard, given = Heard(), written(Film(40))
    found = examine.examine(given, False, heard)
    assert steps(heard) == ["checking every frame", ("frames checked", 40)]
    assert checks.asked == [("a.part", given.form, 40, Film(40), 3)]
    assert found.holds[1:] == [
        "the number in each picture is that of its frame",
        "each frame shows what was drawn (worst: 1.23% of it differs)",
    ]
    assert (found.wrong, found.replayed) == ([], None)
    small = examine.examine(written(Film(40), look=Look(Grid(20, 40))), False, Heard())
    assert small.holds[1].startswith("the number in each picture is too small")


@pytest.mark.parametrize("shown", [None, Film(40)])
def test_a_quick_check(checks, shown):
    """Only whether the file is whole."""
    heard, given = Heard(), written(shown)
    found = examine.examine(given, True, heard)
    assert steps(heard) == ["checking the file", ("frames checked", 40)]
    assert checks.asked == [("a.part", given.form, 40, None, 3)]
    assert found == examine.Checked(["40 frames, each with its number, in order, 117 x 44 characters"], [])


def test_only_one_frame(checks):
    """Said as one."""
    checks.replayed = Replayed(1, [])
    assert examine.examine(written(frames=1), False, Heard()).holds == [
        "1 frame, with its number, 117 x 44 characters",
        "decoded straight through, it has as many frames, and the one sample matches",
    ]


def test_what_does_not_hold(checks):
    """Is not said to, and is found."""
    checks.tally = Tally([3], [], [], 0.0)
    found = examine.examine(written(Film(41)), False, Heard())
    assert found.holds == []
    assert [one.code for one in found.wrong] == ["VID010", "VID008"]
    lost = found.wrong[1]
    assert lost[:4] == ("VID008", "error", "a.part", "41 frames were drawn, 40 were converted")
    assert lost.looked_in == ("the number of frames",)
    checks.tally, checks.replayed = Tally([], [(1, 2)], [], 0.0), Replayed(39, [])
    found = examine.examine(written(), False, Heard())
    assert found.holds == ["40 frames, each with its number, in order, 117 x 44 characters"]
    assert [one.code for one in found.wrong] == ["VID008", "VID008"]


@pytest.mark.parametrize(("growing", "label"), [(True, "frames converted"), (False, "frames checked")])
def test_a_film_to_look_at(monkeypatch, growing, label):
    """By its own proportions; nothing stays open, whatever happens."""
    made = []

    class Preview:
        def __init__(self, *given):
            made.append(self)
            self.given, self.closed = given, 0

        def rows(self, done):
            return [str(done)]

        def close(self):
            self.closed += 1

    monkeypatch.setattr(examine.preview, "Preview", Preview)
    heard = Heard()

    def watched():
        with examine.film(heard, 9, Text(LOOK, FACTS), "a.part", 3, growing) as bar:
            bar.advance(5)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        watched()
    assert heard.said == [(label, 9, made[0].rows), 5]
    assert made[0].given == ("a.part", LOOK, 512 / 384.0, 3, growing)
    assert made[0].closed == 1


# What it needs.


def test_libraries_are_kept_quiet(monkeypatch):
    """And to one thread, unless somebody has said otherwise."""
    for name in environment._QUIET:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("OMP_NUM_THREADS", "4")
    quiet = []

    def import_module(name):
        assert os.environ["OPENBLAS_NUM_THREADS"] == "1"
        return SimpleNamespace(__version__={"cv2": 9, "numpy": "8.0"}[name], setNumThreads=quiet.append)

    util = SimpleNamespace(find_spec=lambda name: name)
    monkeypatch.setattr(environment, "importlib", SimpleNamespace(import_module=import_module, util=util))
    assert environment.load() == environment.Libraries("9", "8.0")
    assert {name: os.environ[name] for name in environment._QUIET} == {
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "4",
        "OPENCV_LOG_LEVEL": "SILENT",
        "OPENCV_FFMPEG_LOGLEVEL": "-8",
    }
    assert quiet == [0]


@pytest.mark.parametrize(
    ("error", "says", "fix", "absent"),
    [
        (
            ModuleNotFoundError("No module named 'cv2'", name="cv2"),
            "No module named 'cv2'",
            "on a machine",
            True,
        ),
        (ModuleNotFoundError("No module named 'x'", name="x"), "No module named 'x'", "no library is", False),
        (ImportError("cv2 is odd", name="cv2"), "cv2 is odd", "no library is missing", False),
        (ImportError("libx.so: invalid"), "libx.so: invalid", "offkit doctor names", False),
        (ImportError("undefined symbol: f"), "undefined symbol: f", "offkit doctor names", False),
        (ImportError("wrong ELF class"), "wrong ELF class", "offkit doctor names", False),
        (ImportError("libx.sooner"), "libx.sooner", "no library is missing", False),
        (ImportError("\n first\nsecond"), "first", "no library is missing", False),
        (ImportError(" "), "ImportError", "no library is missing", False),
    ],
)
def test_why_an_import_fails(monkeypatch, error, says, fix, absent):
    """Its first line, and what helps: a bundle, the doctor, or other versions."""
    monkeypatch.setattr(sys, "path", ["", "/lib/a"])
    finding = environment._missing("cv2", error)
    assert finding[:4] == ("VID001", "error", "cv2", "import cv2 fails: " + says)
    assert finding.fix.startswith(fix)
    assert finding.looked_in == (("/lib/a",) if absent else (sys.executable,))


@pytest.mark.parametrize(("machine", "arch"), [("x86_64", ""), ("aarch64", " --arch aarch64")])
def test_what_to_bundle(monkeypatch, machine, arch):
    """For this Python, and this machine where it is not the usual one."""
    monkeypatch.setattr(os, "uname", lambda: SimpleNamespace(machine=machine))
    fix = environment._missing("numpy", ModuleNotFoundError("No", name="numpy")).fix
    python = "{}.{}".format(*sys.version_info[:2])
    command = "offkit bundle --python {}{} opencv-python-headless numpy\n".format(python, arch)
    assert fix.startswith("on a machine with a network: " + command)


@pytest.mark.parametrize(
    ("numpy", "cv2", "told"),
    [
        (ImportError("a"), ImportError("numpy failed"), ["numpy"]),
        (ImportError("a"), ImportError("numpy failed", name="numpy"), ["numpy"]),
        (ImportError("a"), ImportError("numpy failed", name="other"), ["numpy", "cv2"]),
        (ImportError("a"), ImportError("other"), ["numpy", "cv2"]),
        (None, ImportError("numpy failed"), ["cv2"]),
        (ImportError("numpy is odd"), None, ["numpy"]),
    ],
)
def test_the_same_trouble_once_more(monkeypatch, numpy, cv2, told):
    """Is not told again."""

    def import_module(name):
        error = {"numpy": numpy, "cv2": cv2}[name]
        if error:
            raise error
        return SimpleNamespace(__version__="1", setNumThreads=lambda number: None)

    util = SimpleNamespace(find_spec=lambda name: name)
    monkeypatch.setattr(environment, "importlib", SimpleNamespace(import_module=import_module, util=util))
    with pytest.raises(EnvironmentProblem) as caught:
        environment.load()
    assert caught.value.message == "this Python cannot run the workload"
    assert [one.subject for one in caught.value.findings] == told


# The workload.


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({}, (Look(Grid(44, 117)), Facts(25.0, 512, 384))),
        ({"columns": 80, "mode": BRAILLE}, (Look(Grid(30, 80), BRAILLE), Facts(25.0, 512, 384))),
        (
            {"rows": 10, "aspect": 1.0, "colour": SIXTEEN, "ramp": " #", "invert": True},
            (Look(Grid(10, 13), CHARACTERS, SIXTEEN, " #", True), Facts(25.0, 512, 384)),
        ),
    ],
)
def test_a_format_as_it_was_asked_for(asked, expected):
    """For pictures of this video; 30 a second where it does not say."""
    request = workload.Request("v.mp4", form="text", **asked)
    form = workload._form(request, VIDEO._replace(fps=25.0))
    assert (form.name, (form.look, form.facts)) == ("text", expected)
    assert workload._form(request, VIDEO._replace(fps=0.0)).facts.fps == 30.0


def test_what_is_done_unless_it_is_asked_for():
    """A text of one colour in the usual size; one process for each processor; everything checked."""
    assert workload.Request(None) == workload.Request(
        None, None, 0, 0, False, False, 0, "", CHARACTERS, MONO, " .:-=+*#%@", False, 2.0, False
    )
    assert output.place("/x/a.mp4", None, "cast") == ("a.cast", "cast")
    assert output.place(None, "b.html", "") == ("b.html", "html")


@pytest.mark.parametrize(("threads", "processes", "workers"), [(1, 7, 1), (1, 8, 2), (1, 100, 4), (3, 16, 2)])
def test_codecs_are_tried(monkeypatch, tmp_path, threads, processes, workers):
    """As many at a time as there are processes, and room, for; the folder goes afterwards."""
    asked = []
    folder = tmp_path / "tmp" / "x"

    def try_all(where, together, bar, method, pairs):
        asked.append((where, together, method, pairs))
        assert os.listdir(where) == []
        return ["tried"]

    def temporary():
        folder.mkdir(parents=True)
        return str(folder)

    usage = workload.shutil._ntuple_diskusage
    free = [1 << 40]
    monkeypatch.setattr(decode, "decoder_threads", lambda number: threads * number)
    monkeypatch.setattr(leftovers, "temporary_directory", temporary)
    monkeypatch.setattr(workload.shutil, "disk_usage", lambda path: usage(9, 9, free[0]))
    monkeypatch.setattr(codecs, "try_all", try_all)
    heard = Heard()
    assert workload._codecs(heard, 4, "how", processes) == (["tried"], [])
    assert asked == [(str(folder), workers, "how", codecs.PAIRS)]
    assert heard.said == ["trying the codecs of OpenCV", ("codecs", len(codecs.PAIRS))]
    assert not folder.exists()
    free[0] = codecs.ROOM
    workload._codecs(heard, 4, "how", None)
    assert asked[-1][1] == 1
    free[0] = 3 * codecs.ROOM
    workload._codecs(heard, 4, "how", None)
    assert asked[-1][1] == 3
    free[0] = codecs.ROOM - 1
    tried, (finding,) = workload._codecs(heard, 4, "how", None)
    assert tried == []
    assert finding[:4] == (
        "VID016",
        "warning",
        str(tmp_path / "tmp"),
        "codecs cannot be tried: 20 MB are free there",
    )
    assert finding.fix.startswith("free some space there, or set TMPDIR")
    assert not folder.exists()


@pytest.mark.parametrize(
    ("processes", "says"),
    [
        (0, "0 more processes or threads can"),
        (1, "1 more process or thread can"),
        (3, "3 more processes or threads can"),
    ],
)
def test_codecs_without_processes(processes, says):
    """None is tried."""
    before = decode.decoder_threads(1)
    tried, (finding,) = workload._codecs(Heard(), 4, "how", min(processes, 2 * before + 1))
    assert (tried, finding.subject) == ([], "processes")
    assert finding.message == "codecs cannot be tried: {} be started".format(says)


@pytest.mark.parametrize(
    ("error", "subject", "says"),
    [
        (OSError(13, "Permission denied", "/t"), "/t", "Permission denied"),
        (OSError(2, "No usable temporary directory"), "TMPDIR", "No usable temporary directory"),
    ],
)
def test_codecs_without_a_place(monkeypatch, error, subject, says):
    """The system says why."""

    def refuse():
        raise error

    monkeypatch.setattr(leftovers, "temporary_directory", refuse)
    tried, (finding,) = workload._codecs(Heard(), 4, "how", None)
    assert (tried, finding.subject, finding.message) == ([], subject, "codecs cannot be tried: " + says)


def test_a_failure_is_told_with_the_limits(monkeypatch):
    """Its own findings first."""
    limit, own = Finding("VID016", WARNING, "a", "b"), Finding("VID004", WARNING, "c", "d")
    allowed = limits.Allowed(1, [limit])

    def fails(*given):
        raise EnvironmentProblem("it fails", [own])

    monkeypatch.setattr(convert, "convert", fails)
    with pytest.raises(EnvironmentProblem) as caught:
        workload._converted(VIDEO, None, "a.part", 1, Bar(), "how", allowed)
    assert (caught.value.message, caught.value.findings) == ("it fails", (own, limit))
    answers, asked = iter([None, convert.Result(5, 5, []), convert.Result(0, 5, [])]), []
    monkeypatch.setattr(convert, "convert", lambda *given: asked.append(given) or next(answers))
    assert workload._converted(VIDEO, "form", "a.part", 3, "bar", "how", allowed) is None
    assert asked == [(VIDEO, "form", "a.part", 3, "bar", "how")]
    assert workload._converted(VIDEO, None, "a.part", 1, Bar(), "how", allowed).frames == 5
    with pytest.raises(EnvironmentProblem, match="the video cannot be converted") as caught:
        workload._converted(VIDEO, None, "a.part", 1, Bar(), "how", allowed)
    first, second = caught.value.findings
    assert first[:3] == ("VID004", "error", "v.mp4")
    assert first.fix == "the decoder needs threads and memory: see ulimit -a"
    assert second == limit


def test_the_unfinished_name_is_nobodys_business():
    """Nor that of its parts; others' stay."""
    found = [Finding("VID005", WARNING, subject, "x") for subject in ("b/.part", "b/.part.3", "b/other")]
    assert [one.subject for one in workload._named(found, "b/.part", "a.txt")] == [
        "a.txt",
        "a.txt",
        "b/other",
    ]


def test_what_is_swept_is_said(monkeypatch):
    """Of each directory."""
    monkeypatch.setattr(leftovers, "sweep", lambda directory: ["{}/x".format(directory)])
    heard = Heard()
    workload._sweep(["a", None], heard)
    assert heard.said == ["removed what a killed run had left: {}/x".format(one) for one in ("a", None)]


# Codecs.


def test_pairs_are_tried_in_rounds(monkeypatch, tmp_path):
    """So many at a time, each with a name of its own; in a round of which one dies each is tried alone."""
    pairs = tuple(("c{}".format(at), "mp4", "") for at in range(5))
    asked, drawn = [], []

    def run(work, trials, bar, method):
        asked.append([trial.codec for trial in trials])
        assert (work, type(bar), method) == (codecs.attempt, Bar, "how")
        if any(trial.codec == "c3" for trial in trials):
            raise EnvironmentProblem("worker 1 of 1 was killed by X")
        return [Tried(trial.codec, os.path.basename(trial.path), WORKS) for trial in trials]

    monkeypatch.setattr(pool, "run", run)
    monkeypatch.setattr(codecs, "_picture", drawn.append)
    heard = Heard()
    (tmp_path / "trial-3.mp4").write_bytes(b"half")
    found = codecs.try_all(str(tmp_path), 2, Advanced(heard), "how", pairs)
    assert asked == [["c0", "c1"], ["c2", "c3"], ["c2"], ["c3"], ["c4"]]
    assert found == [
        Tried("c0", "trial-0.mp4", WORKS),
        Tried("c1", "trial-1.mp4", WORKS),
        Tried("c2", "trial-2.mp4", WORKS),
        Tried("c3", "mp4", WRONG, "its process was killed by X"),
        Tried("c4", "trial-4.mp4", WORKS),
    ]
    assert (heard.said, drawn) == ([2, 2, 1], list(range(36)))
    assert os.listdir(str(tmp_path)) == []


def test_what_is_found_of_codecs():
    """One finding for all that are absent, one for each that is wrong; of one codec it is said as of one."""
    tried = [Tried("png ", "mov", ABSENT), Tried("b", "avi", ABSENT), Tried("png ", "avi", WRONG, "so")]
    absent, wrong = codecs.findings(tried, "5.0")
    assert absent[:4] == (
        "VID014",
        "info",
        "OpenCV 5.0",
        "it has no encoder for 2 of 3 codecs and containers: png/mov, b/avi",
    )
    assert wrong[:4] == ("VID015", "error", "png/avi", "what OpenCV 5.0 wrote comes back wrong: so")
    assert wrong.looked_in == ("36 frames of the built-in film, written and read",)
    assert wrong.fix.startswith("write with another codec (mp4v/mp4, MJPG/avi)")
    (one,) = codecs.findings(tried[:1], "5.0")
    assert one.message == "it has no encoder for 1 of 1 codec and container: png/mov"
    assert codecs.holds([Tried("a", "b", WORKS)]) == [
        "1 of 1 codec and container are written and read back correctly"
    ]
    assert Tried("a", "b", WORKS)[3:] == ("", 0, 0.0, False)


# Processes.


def test_how_processes_are_started(monkeypatch):
    """Forked where only one thread is known to be; nobody knows without /proc or elsewhere."""
    monkeypatch.setattr(pool.os, "listdir", lambda path: {"/proc/self/task": ["1"]}[path])
    monkeypatch.setattr(sys, "platform", "linux2")
    assert pool.start_method() == "fork"
    monkeypatch.setattr(sys, "platform", "darwin")
    assert pool.start_method() == "spawn"
    monkeypatch.setattr(sys, "platform", "linux")

    def refuse(path):
        raise FileNotFoundError(path)

    monkeypatch.setattr(pool.os, "listdir", refuse)
    assert pool.start_method() == "spawn"


@pytest.mark.parametrize(
    ("code", "how", "fix"),
    [
        (0, "ended with exit status 0 and no result", "run it again with -j 1"),
        (3, "ended with exit status 3 and no result", "run it again with -j 1"),
        (None, "ended with exit status None and no result", "run it again with -j 1"),
        (-signal.SIGSEGV, "was killed by SIGSEGV", "run it again with -j 1"),
        (-signal.SIGKILL, "was killed by SIGKILL", "usually the out-of-memory killer"),
        (-signal.SIGILL, "was killed by SIGILL", "the processor lacks an instruction"),
        (-250, "was killed by signal 250", "run it again with -j 1"),
    ],
)
def test_how_a_worker_died(code, how, fix):
    """By its exit status, once it is known."""
    joined = []
    worker = SimpleNamespace(exitcode=code, join=lambda: joined.append(1))
    problem = pool._died(worker, 2, 5)
    (finding,) = problem.findings
    assert finding[:4] == ("VID004", "error", "processes", "worker 3 of 5 " + how)
    assert (problem.message, joined) == (finding.message, [1])
    assert finding.fix.startswith(fix)


def test_a_worker_that_cannot_be_started():
    """The system's reason, and which limits there are."""

    class Context:
        @staticmethod
        def Pipe(duplex):
            raise OSError(errno.EMFILE, "Too many open files")

    with pytest.raises(EnvironmentProblem) as caught:
        pool._start(Context, None, None, 2, None)
    (finding,) = caught.value.findings
    assert finding[:4] == ("VID004", "error", "worker 3", "worker 3 cannot be started: Too many open files")
    assert caught.value.message == finding.message
    assert finding.fix.startswith("use fewer processes, -j 1")


class Pipe:
    """What a worker answers."""

    def __init__(self, error=None):
        self.sent, self.error = [], error

    def send(self, what):
        if self.error:
            raise self.error
        self.sent.append(what)

    def close(self):
        self.sent.append("closed")


@pytest.fixture
def ignored():
    """Those that a worker ignores, as they were before."""
    before = {number: signal.getsignal(number) for number in pool._ENDING}
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, pool._ENDING)
    yield
    signal.pthread_sigmask(signal.SIG_SETMASK, mask)
    for number, handler in before.items():
        signal.signal(number, handler)


def test_what_a_worker_answers(ignored):
    """Progress, then a result; it closes what is not its own, and what ends the program is not for it."""

    def work(job, tell):
        tell(5)
        assert [signal.getsignal(number) for number in pool._ENDING] == [signal.SIG_IGN] * 3
        assert not signal.pthread_sigmask(signal.SIG_BLOCK, ()) & set(pool._ENDING)
        return job * 2

    pipe, foreign = Pipe(), Pipe()
    pool._serve(work, 21, pipe, [foreign])
    assert pipe.sent == [(pool._PROGRESS, 5), (pool._RESULT, 42)]
    assert foreign.sent == ["closed"]


@pytest.mark.parametrize("error", [MemoryError(), RequestError("no luck"), KeyError("x")])
def test_what_a_worker_answers_when_it_fails(ignored, error):
    """A problem as it is; no memory is one; all else is a bug, with its traceback."""

    def work(job, tell):
        raise error

    pipe = Pipe()
    pool._serve(work, 1, pipe, [])
    ((kind, value),) = pipe.sent
    if isinstance(error, KeyError):
        assert kind == pool._BUG
        assert "KeyError: 'x'" in value
        return
    assert kind == pool._PROBLEM
    if isinstance(error, MemoryError):
        assert (value.message, value.fix) == ("out of memory", "use fewer processes: -j 1")
    else:
        assert value is error


def test_nobody_listens(ignored, monkeypatch):
    """A worker whose coordinator is gone ends, and is no failure of its own."""
    left = []
    monkeypatch.setattr(pool.os, "_exit", left.append)
    pool._serve(lambda job, tell: tell(1), 1, Pipe(BrokenPipeError()), [])
    pool._serve(lambda job, tell: 1, 1, Pipe(BrokenPipeError()), [])
    assert left == [1, 1]


def test_signals_come_afterwards(ignored):
    """None while a worker is started; the mask is then what it was, whatever happened."""
    signal.pthread_sigmask(signal.SIG_UNBLOCK, pool._ENDING)
    got = []
    signal.signal(signal.SIGHUP, lambda *given: got.append("hup"))
    with contextlib.suppress(ValueError), signals.held():
        signal.pthread_kill(threading.get_ident(), signal.SIGHUP)  # OpenCV may have threads
        got.append("inside")
        raise ValueError
    assert got == ["inside", "hup"]
    assert set(pool._ENDING) == {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}


# Processors.


def test_nowhere_to_share_memory(tmp_path, monkeypatch):
    """A warning, and nothing is proved; where no directory can be written the current one is tried."""
    monkeypatch.setattr(processors.tempfile, "gettempdir", lambda: str(tmp_path / "none"))
    proof = processors.prove(1, "fork", str(tmp_path / "nor"))
    assert (proof.worked, proof.holds) == ([], [])
    (finding,) = proof.findings
    assert finding[:3] == ("VID011", "warning", str(tmp_path / "nor"))
    assert finding.message == (
        "shared memory cannot be made there: No such file or directory; "
        "programs that use it will fail, but this workload does not need it"
    )
    assert finding.looked_in == ("shm_open(3)",)
    assert finding.fix.startswith("mount -o remount,mode=1777 /dev/shm")

    def refuse():
        raise FileNotFoundError("none")

    monkeypatch.setattr(processors.tempfile, "gettempdir", refuse)
    assert processors._elsewhere() == "."


def memory_of(tmp_path, counted, *digests):
    memory = processors._shared(str(tmp_path / "memory"), 8 + 32 * len(digests))
    processors._counter(memory)[0] = counted
    for index, data in enumerate(digests):
        processors._place(memory, index)[:] = bytearray(data)
    return memory


RIGHT, WRONG_DIGEST = processors.computed(), b"\1" * 32
USED, GONE = processors.Worked(3, 0.1, ""), processors.Worked(4, 0.0, "Invalid argument")


@pytest.mark.parametrize(
    ("worked", "count", "digests", "counted", "holds", "said"),
    [
        ([USED, USED], 400, [RIGHT, RIGHT], True, "2 processors compute the same, through", []),
        ([USED], 200, [RIGHT], True, "1 processor computes the same, through", []),
        ([USED], 0, [RIGHT], False, "1 processor computes the same, through", []),
        (
            [USED, GONE],
            200,
            [RIGHT, bytes(32)],
            True,
            "1 processor computes",
            ["processor 4 cannot be used: Invalid"],
        ),
        ([GONE], 0, [bytes(32)], True, "", ["processor 4 cannot be used: Invalid argument"]),
        ([USED, USED], 400, [RIGHT, WRONG_DIGEST], True, "", ["a result differs from the others"]),
        (
            [USED],
            199,
            [RIGHT],
            True,
            "",
            ["a semaphore does not keep processes apart: 200 counts became 199"],
        ),
    ],
)
def test_what_was_computed(tmp_path, worked, count, digests, counted, holds, said):
    """By each, and counted by all of those that could work."""
    findings = processors._judged(worked, memory_of(tmp_path, count, *digests), counted)
    lines = processors._holds(worked, findings, [])
    assert len(lines) == bool(holds)
    assert not holds or lines[0].startswith(holds)
    assert len(findings) == len(said)
    for finding, text in zip(findings, said):
        assert finding.message.startswith(text)
        if finding.code == "VID016":
            assert finding[:3] == ("VID016", "warning", "processors")
            assert finding.looked_in == ("sched_setaffinity(2)",)
            assert finding.fix.startswith("it may have been taken offline")
        else:
            assert (finding.code, finding.severity) == ("VID020", "error")
            assert finding.looked_in in (("numpy and OpenCV, the same on each",), ("sem_wait(3)",))
            assert finding.fix.startswith("test memory and processors")


def test_a_processor_without_a_name(tmp_path):
    """Any of them; several are named one after the other."""
    nameless = USED._replace(processor=None)
    memory = memory_of(tmp_path, 0, WRONG_DIGEST, WRONG_DIGEST)
    (finding,) = processors._judged([nameless, USED], memory, False)
    assert finding.message.endswith("shared memory: processor any, 3")
    assert finding.subject == "processors"


def test_memory_that_is_shared(tmp_path, monkeypatch):
    """New, of zeros, for its owner only; what is there already is not taken."""
    path = tmp_path / "memory"
    before = len(os.listdir("/proc/self/fd"))
    memory = processors._shared(str(path), 40)
    assert (memory.tolist(), path.stat().st_mode & 0o777) == ([0] * 40, 0o600)
    memory[39] = 7
    memory.flush()
    assert path.read_bytes()[39] == 7
    with pytest.raises(FileExistsError):
        processors._shared(str(path), 40)
    assert path.exists()
    del memory
    assert len(os.listdir("/proc/self/fd")) == before


def test_work_without_a_semaphore(tmp_path):
    """It computes all the same, anywhere, and counts nothing."""
    memory = memory_of(tmp_path, 5, bytes(32), bytes(32))
    found = processors.work(processors.Task(str(tmp_path / "memory"), 1, None, None), print)
    assert (found.processor, found.trouble, found.cpu_seconds > 0) == (None, "", True)
    assert bytes(processors._place(memory, 1)) == RIGHT
    assert bytes(processors._place(memory, 0)) == bytes(32)
    assert int(processors._counter(memory)[0]) == 5
    task = processors.Task(str(tmp_path / "memory"), 0, None, threading.Lock())
    processors.work(task, print)
    assert int(processors._counter(memory)[0]) == 205


# The clip.


@pytest.mark.parametrize(
    ("base", "expected"), [("", "{home}/.cache"), ("rel", "{home}/.cache"), ("/x", "/x")]
)
def test_where_clips_are_kept(monkeypatch, tmp_path, base, expected):
    """As the XDG base directory specification has it: a path that is not from the root does not count."""
    monkeypatch.setenv("XDG_CACHE_HOME", base)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert clip.cache_directory() == os.path.join(expected.format(home=tmp_path), "offkit")


def test_the_name_of_a_clip():
    """Of which film, by which OpenCV, how."""
    cv2 = importlib.import_module("cv2")
    expected = "shadowplay-1-24-cv{}-mp4v.mp4".format(cv2.__version__)
    assert clip.file_name(Film(24), "mp4v", "mp4") == expected
    assert clip.seal_path("/x/a.mp4") == "/x/a.mp4.sha256"
    assert clip.CODECS == (("mp4v", "mp4"), ("MJPG", "avi"))


@pytest.mark.parametrize(("free", "roomy"), [(24 * 20000 + 1, True), (24 * 20000, False)])
def test_room_for_a_clip(monkeypatch, free, roomy):
    """20 kB a frame."""
    usage = clip.shutil._ntuple_diskusage
    monkeypatch.setattr(clip.shutil, "disk_usage", lambda path: usage(9, 9, free))
    assert clip._roomy("/x", Film(24)) is roomy


def test_a_clip_that_cannot_be_read(tmp_path):
    """Nor its seal."""
    path = tmp_path / "a.mp4"
    assert clip.damaged(str(path)) == "cannot be checked (a.mp4.sha256: No such file or directory)"
    (tmp_path / "a.mp4.sha256").write_text("x")
    assert clip.damaged(str(path)) == "cannot be read (No such file or directory)"
    path.write_bytes(b"x" * 3000000)
    assert clip.damaged(str(path)) == "is damaged: its SHA-256 is not what it was"
    clip.seal(str(path))
    assert clip.damaged(str(path)) == ""


def test_no_directory_at_all(monkeypatch, tmp_path):
    """VID012, for want of a place."""

    def refuse():
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(leftovers, "temporary_directory", refuse)
    with pytest.raises(EnvironmentProblem) as caught:
        clip._temporary("/cache")
    (finding,) = caught.value.findings
    assert finding[:4] == (
        "VID012",
        "error",
        "/cache",
        "no directory for the clip can be written: Read-only file system",
    )
    assert (finding.looked_in, finding.message) == (("/cache",), caught.value.message)
    assert finding.fix == "set TMPDIR to a directory that has room"


@pytest.mark.parametrize("frames", [5, 16, 35])
def test_drawing_a_clip(tmp_path, frames):
    """Its owner's only, told as it goes; no part is left."""
    heard, path = Heard(), tmp_path / "a.avi"
    assert clip._encode(Film(frames), str(path), "MJPG", "avi", heard) is None
    assert heard.said[0] == ("drawing the clip", frames)
    assert heard.said[1:] == [16] * (frames // 16) + [frames % 16]
    assert sorted(os.listdir(str(tmp_path))) == ["a.avi", "a.avi.sha256"]
    assert path.stat().st_mode & 0o777 == 0o600
    assert clip._count(str(path)) == frames
    video = decode.probe(str(path))
    assert (video.fps, video.width, video.height) == (30.0, film.WIDTH, film.HEIGHT)


def test_a_clip_that_opencv_cannot_write(tmp_path):
    """Said, and nothing is left."""
    found = clip._encode(Film(3), str(tmp_path / "a.mp4"), "zzzz", "mp4", Heard())
    assert found == "this OpenCV has no encoder for it"
    assert os.listdir(str(tmp_path)) == []
    assert clip._count(str(tmp_path / "none.mp4")) == 0


def test_codecs_are_accused_where_there_is_room(monkeypatch, tmp_path):
    """With what each said."""
    monkeypatch.setattr(clip, "_roomy", lambda directory, shown: True)
    for temporary, place in ((None, "/cache/offkit"), ("/tmp/offkit-x", "/tmp")):
        problem = clip._unmade(Film(24), "/cache/offkit", temporary, ["a in b: no"])
        (finding,) = problem.findings
        assert finding[:4] == ("VID012", "error", place, "the built-in clip cannot be made")
        assert finding.looked_in == ("a in b: no",)
        assert finding.fix.startswith("make room in {}, or give a video of your own".format(place))
