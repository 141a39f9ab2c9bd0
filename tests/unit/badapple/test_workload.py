"""run-badapple from end to end, without a command line."""

import os
import tempfile

import pytest

from clip_maker import WrongSeeks, write_clip
from offkit.badapple import convert, output, seam, workload
from offkit.badapple.processes import limits, pool
from offkit.badapple.processes.limits import Limits
from offkit.badapple.shadowplay import clip, film
from offkit.badapple.verify import codecs, processors
from offkit.badapple.video import decode
from offkit.badapple.workload import Request
from offkit.edges import leftovers
from offkit.model.errors import EnvironmentProblem, RequestError, UsageError
from offkit.model.report import Reporter

# A decoder made wrong here is inherited by workers that are forked.
pytestmark = pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")


FREE = Limits(4, 4, None, None, None, None, None)


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """A working directory and a cache of its own, a film of 48 frames, few codecs, no limits."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(film, "SHORT", 48)
    monkeypatch.setattr(codecs, "PAIRS", (("mp4v", "mp4", "MPEG-4"), ("MJPG", "avi", "Motion JPEG")))
    monkeypatch.setattr(limits, "measure", lambda: FREE)
    monkeypatch.setattr(pool, "start_method", lambda: "fork")
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    return tmp_path / "work"


def run(**asked):
    return workload.run(Request(**dict({"video": None}, **asked)), Reporter())


def found(outcome):
    return [finding.code for finding in outcome.findings]


def test_without_a_video(here):
    """The built-in film, every frame checked, in badapple.txt."""
    outcome = run(workers=3)
    assert found(outcome) == []
    assert outcome.verified[:3] + outcome.verified[4:] == [
        "48 frames, each with its number, in order, 117 x 44 characters",
        "the number in each picture is that of its frame",
        "each frame shows what was drawn (worst: 0.00% of it differs)",
        "2 of 2 codecs and containers are written and read back correctly",
    ]
    assert outcome.verified[3].endswith("the same, through shared memory and a semaphore")
    assert (outcome.output, outcome.result.workers, outcome.result.frames) == ("badapple.txt", 3, 48)
    assert os.listdir(str(here)) == ["badapple.txt"]
    assert (here / "badapple.txt").stat().st_size == outcome.size
    assert len(outcome.result.per_worker) == 3
    assert sum(share.frames for share in outcome.result.per_worker) == 48


def test_a_size_too_small_for_the_strip():
    """The numbers cannot be read from so few characters, the pictures still can."""
    outcome = run(columns=40)
    assert found(outcome) == []
    assert [text.split(" (")[0] for text in outcome.verified[:3]] == [
        "48 frames, each with its number, in order, 40 x 15 characters",
        "the number in each picture is too small to be read at this size, or has too few shades",
        "each frame shows what was drawn",
    ]


def test_a_video_of_ones_own(here, tmp_path):
    """Named after it, compared with the straight decoding."""
    path = write_clip(tmp_path / "my film.mp4", 60, size=(320, 180))
    outcome = run(video=path, workers=2)
    assert found(outcome) == []
    assert outcome.output == "my film.txt"
    assert outcome.verified[1] == "decoded straight through, it has as many frames, and all 48 samples match"
    assert len(run(video=path, quick=True).verified) == 1
    assert outcome.tried == ()
    assert [one.state for one in run(video=path, codecs=True).tried] == [codecs.WORKS, codecs.WORKS]


@pytest.mark.parametrize(
    ("asked", "name"),
    [
        ({"form": "cast"}, "badapple.cast"),
        ({"output": "a.html", "colour": "256", "mode": "half"}, "a.html"),
        ({"form": "cast", "output": "sub"}, "sub/badapple.cast"),
        ({"output": "a.odd", "colour": "true", "mode": "braille", "invert": True}, "a.odd"),
        ({"ramp": " .#", "rows": 32, "aspect": 1.0}, "badapple.txt"),
    ],
)
def test_formats_and_looks(here, asked, name):
    """By their names or the output's; all of them are checked alike."""
    (here / "sub").mkdir()
    outcome = run(workers=2, **asked)
    assert found(outcome) == []
    assert (outcome.output, (here / name).stat().st_size) == (name, outcome.size)
    assert outcome.verified[2].startswith("each frame shows what was drawn")
    assert found(run(workers=2, quick=True, **asked)) == []  # over the one that is there


def test_inexact_seeking_is_survived(here, tmp_path, monkeypatch):
    """Converted again by one process, right, and said."""
    path = write_clip(tmp_path / "a.mp4", 60)
    right = run(video=path, output="right.txt", workers=2)
    monkeypatch.setattr(convert, "Source", WrongSeeks)
    outcome = run(video=path, output="wrong.txt", workers=2)
    assert found(outcome) == ["VID007"]
    assert outcome.findings[0].message == seam.APART + "; it was converted straight through, by one process"
    assert (right.result.workers, outcome.result.workers) == (2, 1)
    assert (here / "wrong.txt").read_bytes() == (here / "right.txt").read_bytes()


def test_a_fault_in_the_conversion_is_reported(monkeypatch):
    """Every picture is decoded upside down: the check says so, for one process as for two."""

    class Overhead(decode.Source):
        def read(self):
            picture = super().read()
            return None if picture is None else picture[::-1]

    monkeypatch.setattr(convert, "Source", Overhead)
    outcome = run(workers=2)
    assert found(outcome) == ["VID007", "VID008", "VID009"]
    assert outcome.findings[0].message.startswith("the conversion by several processes was wrong; ")
    assert outcome.verified[0] == "48 frames, each with its number, in order, 117 x 44 characters"
    assert not any("drawn" in text for text in outcome.verified)


def test_a_lost_frame_is_reported(monkeypatch):
    """The decoder drops one: the count, the numbers and the pictures all tell."""

    class Lossy(decode.Source):
        count = 0

        def read(self):
            self.count += 1
            if self.count == 21:
                super().read()
            return super().read()

    monkeypatch.setattr(convert, "Source", Lossy)
    outcome = run(workers=1)
    assert {"VID008", "VID009"} <= set(found(outcome))
    assert any("20 shows 21" in finding.message for finding in outcome.findings)
    assert any("48 frames were drawn, 47 were converted" in finding.message for finding in outcome.findings)


@pytest.mark.parametrize("given", [None, "badapple.txt", "."])
def test_somebody_elses_file_is_left_alone(here, given):
    """What is no conversion is not overwritten; what is one, is."""
    (here / "badapple.txt").write_text("a shopping list")
    with pytest.raises(UsageError, match="is not a conversion, so it is not overwritten"):
        run(output=given)
    assert (here / "badapple.txt").read_text() == "a shopping list"
    (here / "badapple.txt").write_text("total frame: 3 / FPS: 30.0 / resolution: 4x3\n0\n")
    assert found(run(output=given)) == []


@pytest.mark.parametrize(
    ("contents", "code"), [(b"no video", "VID002"), (b"", "VID002"), (b"\0" * 5000, "VID002")]
)
def test_what_is_no_video(tmp_path, here, contents, code):
    """Text, nothing, zeros: a finding, and no output."""
    path = tmp_path / "a.mp4"
    path.write_bytes(contents)
    with pytest.raises(RequestError) as caught:
        run(video=str(path))
    assert [finding.code for finding in caught.value.findings] == [code]
    assert "({} bytes)".format(len(contents)) in caught.value.findings[0].fix
    assert os.listdir(str(here)) == []


def test_what_is_no_file(tmp_path):
    """Missing, or a directory: usage."""
    with pytest.raises(UsageError, match="there is no file"):
        run(video=str(tmp_path / "none.mp4"))
    with pytest.raises(UsageError, match="is not a file"):
        run(video=str(tmp_path))


def test_a_worker_dies(here, monkeypatch):
    """No output, no part of one."""

    class Deadly(decode.Source):
        def read(self):
            os.kill(os.getpid(), 9)

    monkeypatch.setattr(convert, "Source", Deadly)
    with pytest.raises(EnvironmentProblem, match="was killed by SIGKILL"):
        run(workers=2)
    assert os.listdir(str(here)) == []


def test_a_temporary_clip_is_removed(tmp_path, monkeypatch):
    """Without a cache nothing stays behind but the output."""
    (tmp_path / "cache").write_text("in the way")
    monkeypatch.setattr(leftovers.tempfile, "tempdir", str(tmp_path / "tmp"))
    (tmp_path / "tmp").mkdir()
    outcome = run()
    assert [(one.code, one.subject) for one in outcome.findings] == [("VID016", clip.cache_directory())]
    assert not outcome.kept
    assert os.listdir(str(tmp_path / "tmp")) == []


def test_a_damaged_clip_is_told(tmp_path):
    """Made again, and a finding says so; the run after that knows nothing of it."""
    before = run()
    with open(before.video, "wb") as out:
        out.write(b"junk")
    outcome = run()
    assert [(one.code, one.severity, one.subject) for one in outcome.findings] == [
        ("VID013", "warning", before.video)
    ]
    assert "was made again" in outcome.findings[0].message
    assert len(outcome.verified) == 5
    assert found(run()) == []


def test_a_hole_in_a_video_is_an_error(tmp_path):
    """A third of its bytes are zeros: fewer pictures than the header claims."""
    path = write_clip(tmp_path / "a.mp4", 120)
    size = os.path.getsize(path)
    with open(path, "r+b") as out:
        out.seek(size // 3)
        out.write(b"\0" * (size // 3))
    outcome = run(video=path, workers=1)
    (finding,) = [one for one in outcome.findings if one.code == "VID018"]
    assert finding.severity == "error"
    assert "its header claims 120 frames, it has " in finding.message
    assert "cannot be decoded, and " in finding.message
    assert "sha256sum" in finding.fix


def test_what_killed_runs_left_is_swept(here, tmp_path, monkeypatch):
    """In the output's directory and in the cache."""
    (tmp_path / "cache" / "offkit").mkdir(parents=True)
    places = [here, tmp_path / "cache" / "offkit"]
    with monkeypatch.context() as patch:
        patch.setattr(leftovers.os, "getpid", lambda: 2**22 + 1)  # beyond pid_max
        left = [place / leftovers.name("text", "part") for place in places]
    for path in left:
        path.write_text("half")
    run()
    assert not any(path.exists() for path in left)
    assert os.listdir(str(here)) == ["badapple.txt"]


def test_a_failure_is_about_the_output(here, monkeypatch):
    """Not about the unfinished file, whose name nobody knows."""

    def full(*args):
        raise convert.unwritable(args[2], OSError(28, "No space left on device"))

    monkeypatch.setattr(convert, "convert", full)
    with pytest.raises(EnvironmentProblem) as caught:
        run()
    assert caught.value.message == "cannot be written: No space left on device"
    assert caught.value.findings[0].message == caught.value.message
    assert caught.value.findings[0].subject == "badapple.txt"
    assert os.listdir(str(here)) == []


@pytest.mark.parametrize(
    ("cores", "threads", "workers"),
    [(32, 1, 32), (2, 2, 2), (32, 32, 31), (64, 64, 15), (2000, 2000, 1)],
)
def test_workers_that_nobody_asked_for(monkeypatch, cores, threads, workers):
    """One for every processor, as long as their decoders' threads stay within reason."""
    monkeypatch.setattr(decode, "decoder_threads", lambda asked: threads)
    free = FREE._replace(online=cores, mask=cores)
    video = decode.Video("a.mp4", 100000, 30.0, 512, 384)
    assert workload.staffed(0, free, video) == (workers, [])
    assert workload.staffed(3, free, video) == (3, [])


def test_every_processor_is_tried(tmp_path, monkeypatch):
    """However few work on the video."""
    asked = []
    prove = processors.prove
    monkeypatch.setattr(processors, "prove", lambda most, method: asked.append(most) or prove(most, method))
    outcome = run(video=write_clip(tmp_path / "a.mp4", 1), workers=1)
    assert asked == [4]
    assert outcome.verified[:2] == [
        "1 frame, with its number, 117 x 44 characters",
        "decoded straight through, it has as many frames, and the one sample matches",
    ]


def test_more_workers_than_there_is_work_for():
    """A limit that does not bite then is no finding."""
    video = decode.Video("a.mp4", 48, 30.0, 512, 384)
    assert workload.staffed(1000, FREE._replace(files=100, memory=1 << 30), video) == (4, [])
    assert workload.staffed(1000, FREE, video._replace(frames=0)) == (1, [])


def test_a_server_that_limits(monkeypatch):
    """Fewer processes, the same film, and a warning that says why."""
    monkeypatch.setattr(limits, "measure", lambda: FREE._replace(files=36))
    outcome = run(workers=3)
    assert found(outcome) == ["VID016"]
    assert (outcome.result.workers, outcome.wanted) == (2, 3)
    assert "36 more files can be opened; asked for: 3 processes; used: 2" in outcome.findings[0].message


def test_a_server_without_shared_memory(monkeypatch, tmp_path):
    """A warning; the film is right all the same."""
    monkeypatch.setattr(processors.prove, "__defaults__", (str(tmp_path / "none"),))
    outcome = run(workers=2)
    assert found(outcome) == ["VID011"]
    assert outcome.verified[2].startswith("each frame shows what was drawn")


def test_no_room(monkeypatch, here):
    """Known before anything is written, where the size is."""
    usage = output.shutil._ntuple_diskusage
    monkeypatch.setattr(
        output.shutil, "disk_usage", lambda path: usage(9, 9, 1 << 40 if "cache" in path else 1000)
    )
    with pytest.raises(EnvironmentProblem, match="it needs 0") as caught:
        run()
    assert [(one.code, one.subject) for one in caught.value.findings] == [("VID005", "badapple.txt")]
    assert os.listdir(str(here)) == []
    assert found(run(form="cast", quick=True)) == []  # nobody knows


def test_a_slow_disk(monkeypatch, tmp_path):
    """Said with its rate."""
    moments = iter([0.0, 10.0])
    part = tmp_path / "part"
    part.write_bytes(bytes(50000))
    with monkeypatch.context() as patch:
        patch.setattr(output.time, "perf_counter", lambda: next(moments))
        (finding,) = output.flushed(str(part), "badapple.txt")
    with pytest.raises(EnvironmentProblem):
        output.flushed(str(tmp_path / "none"), "badapple.txt")
    assert (finding.code, finding.severity, finding.subject) == ("VID016", "warning", "badapple.txt")
    assert finding.message == "the disk took 10.0 s to write it, 0.0 MB a second"


@pytest.mark.parametrize(("seconds", "size", "said"), [(0.1, 10, 0), (10.0, 1 << 40, 0), (10.0, 10, 1)])
def test_when_a_disk_is_slow(monkeypatch, tmp_path, seconds, size, said):
    """Not when it was quick with it, nor when there was that much of it."""
    moments = iter([0.0, seconds])
    part = tmp_path / "part"
    part.write_bytes(b"")
    with monkeypatch.context() as patch:
        patch.setattr(output.time, "perf_counter", lambda: next(moments))
        patch.setattr(output.os.path, "getsize", lambda path: size)
        found = output.flushed(str(part), "badapple.txt")
    assert len(found) == said
    for one in found:
        assert one.looked_in == ("fsync(2)",)
        assert one.fix.startswith("see what else writes there (iostat)")


@pytest.mark.parametrize("fails", [False, True])
def test_all_of_it_goes_to_the_disk(monkeypatch, tmp_path, fails):
    """fsync(2) of the part, which is not left open, also when the disk refuses."""
    part = tmp_path / "part"
    part.write_bytes(b"film")
    asked = []

    def fsync(handle):
        asked.append((handle, os.path.samestat(os.fstat(handle), os.stat(str(part)))))
        if fails:
            raise OSError(5, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(output.os, "fsync", fsync)
        if fails:
            with pytest.raises(EnvironmentProblem) as caught:
                output.flushed(str(part), "badapple.txt")
            assert [one.code for one in caught.value.findings] == ["VID005"]
        else:
            assert output.flushed(str(part), "badapple.txt") == []
    ((handle, right),) = asked
    assert right
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(handle)


@pytest.mark.parametrize(
    ("given", "form", "expected"),
    [
        ((None, None), "", ("badapple.txt", "text")),
        (("/x/film.mp4", None), "", ("film.txt", "text")),
        (("/x/film.mp4", None), "html", ("film.html", "html")),
        ((None, "a.CAST"), "", ("a.CAST", "cast")),
        ((None, "frames"), "html", ("frames", "html")),
        ((None, "a.txt"), "text", ("a.txt", "text")),
    ],
)
def test_where_it_goes(given, form, expected):
    """The format follows from the name, or the name from the format."""
    assert output.place(given[0], given[1], form) == expected


@pytest.mark.parametrize(
    ("path", "form", "message"),
    [
        ("a.txt", "html", "--format html and the name a.txt contradict each other"),
        ("a.cast", "text", "contradict each other"),
        (None, "gif", "--format gif is not one of text, cast, html"),
        ("a.mp4", "", "a.mp4 names a kind of file that offkit does not write"),
        ("/dev/stdout", "", "/dev/stdout is not a place for a file"),
        ("/proc/self/fd/1", "text", "is not a place for a file"),
    ],
)
def test_what_contradicts(path, form, message):
    """Usage, with what to do."""
    with pytest.raises(UsageError, match=message):
        output.place(None, path, form)


def test_a_link_stays(here, tmp_path):
    """What it leads to is written; into the system's own files no link leads."""
    (here / "a.txt").symlink_to(tmp_path / "b.txt")
    (here / "c.txt").symlink_to("/dev/null")
    (here / "d.txt").symlink_to(here / "list")
    (here / "list").write_text("a shopping list")
    for _ in range(2):  # a link to nothing, and one to a conversion
        assert run(output="a.txt", quick=True).output == str(tmp_path / "b.txt")
    assert (here / "a.txt").is_symlink()
    for name, message in (("c.txt", "not a place for a file"), ("d.txt", "not a conversion")):
        with pytest.raises(UsageError, match=message):
            run(output=name, quick=True)
    assert (here / "list").read_text() == "a shopping list"


def test_memory_as_a_disk():
    """/dev/shm is a place like others."""
    assert output.place(None, "/dev/shm/offkit-none.txt", "") == ("/dev/shm/offkit-none.txt", "text")


def test_a_cache_without_room(tmp_path, monkeypatch):
    """A temporary directory serves; a clip that is there already is used."""
    kept = run(quick=True)
    usage = output.shutil._ntuple_diskusage
    monkeypatch.setattr(
        clip.shutil, "disk_usage", lambda path: usage(9, 9, 1000 if "cache" in str(path) else 1 << 40)
    )
    assert run(quick=True).video == kept.video
    os.unlink(kept.video)
    outcome = run(quick=True)
    assert found(outcome) == ["VID016"]
    assert not outcome.kept
    monkeypatch.setattr(clip.shutil, "disk_usage", lambda path: usage(9, 9, 1000))
    monkeypatch.setattr(clip, "_count", lambda path: 0)
    with pytest.raises(EnvironmentProblem, match="no room for it, it needs about 1 MB") as caught:
        run(quick=True)
    (finding,) = caught.value.findings
    places = [clip.cache_directory(), tempfile.gettempdir()]
    assert (finding.code, finding.subject) == ("VID012", places[1])
    assert finding.looked_in == tuple(place + ": 0.0 MB are free" for place in places)
    assert "make room in {} or {}, or set TMPDIR".format(*places) in finding.fix
    assert ".offkit-tmp" not in repr(finding)  # that directory is gone


def test_no_room_to_try_codecs(monkeypatch, tmp_path):
    """A warning, and no codec is accused; the film is right all the same."""
    usage = output.shutil._ntuple_diskusage
    monkeypatch.setattr(
        output.shutil, "disk_usage", lambda path: usage(9, 9, 5000000 if ".offkit-tmp" in path else 1 << 40)
    )
    outcome = run(workers=2)
    assert found(outcome) == ["VID016"]
    assert outcome.findings[0].message == "codecs cannot be tried: 5 MB are free there"
    assert outcome.tried == ()

    def nowhere():
        raise FileNotFoundError(2, "No usable temporary directory found")

    monkeypatch.setattr(leftovers, "temporary_directory", nowhere)
    assert "No usable temporary directory" in run(workers=2).findings[0].message


def test_few_processes_are_left(monkeypatch, here):
    """No codec is accused, and no film of no frames praised."""
    monkeypatch.setattr(limits, "measure", lambda: FREE._replace(processes=3))
    outcome = run(workers=1)
    assert set(found(outcome)) == {"VID016"}
    assert "codecs cannot be tried: 3 more processes" in outcome.findings[-1].message

    class Closed(decode.Source):
        def read(self):
            return None

    monkeypatch.setattr(convert, "Source", Closed)
    with pytest.raises(EnvironmentProblem, match="cannot be converted") as caught:
        run(workers=1, output="b.txt")
    assert [one.code for one in caught.value.findings][:1] == ["VID004"]
    assert os.listdir(str(here)) == ["badapple.txt"]
