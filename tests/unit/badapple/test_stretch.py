"""The pieces of a conversion: one worker's stretch, its seams, its writing, and the files that are joined."""

import errno
import os

import numpy as np
import pytest

from offkit.badapple import convert, output, parts, seam, writer
from offkit.badapple.formats.base import Facts, Format
from offkit.badapple.formats.cells import MONO, TRUE, Cells, Grid, Look
from offkit.badapple.formats.text import Text
from offkit.badapple.seam import Seam, Watch
from offkit.badapple.video import decode
from offkit.model.errors import EnvironmentProblem, UsageError

LOOK, FACTS = Look(Grid(2, 3)), Facts(30.0, 6, 4)


def picture(level):
    return np.full((4, 6), level, np.uint8)


def digest(level):
    """Of a picture of that level; None at the end."""
    return b"" if level is None else seam._digest(picture(level))


# Seams.


def watched(levels, number=9):
    """A Watch of the picture with that number, fed those that follow it, ten a second."""
    watch = Watch(number, picture(levels[0]), number / 10.0)
    for place, level in enumerate(levels[1:], number + 1):
        assert watch.open
        watch.feed(place, None if level is None else picture(level), place / 10.0)
    return watch


def test_a_seam():
    """Both pictures, where the second is, and when they are shown; no time has the end."""
    watch = watched([1, 1, 1, 2])
    assert watch.seam == Seam(digest(1), digest(2), 12, (0.9, 1.2))
    assert not watch.open
    assert watched([1, 1, None]).seam == Seam(digest(1), b"", 11, (0.9, 0.0))
    assert len(digest(1)) == 32


def test_a_seam_that_is_not_found(monkeypatch):
    """After 250 pictures that are all alike nobody looks on."""
    assert seam.STILL == 250
    monkeypatch.setattr(seam, "STILL", 3)
    watch = watched([1, 1, 1])
    assert (watch.open, watch.seam) == (True, None)
    watch.feed(12, picture(1), 1.2)
    assert (watch.open, watch.seam) == (False, None)


# One stretch.


class Source:
    """Pictures of these levels, ten a second, from wherever it was moved to."""

    def __init__(self, levels):
        self.levels, self.at = levels, 0

    def seek(self, number):
        self.at = number

    def read(self):
        self.at += 1
        return picture(self.levels[self.at - 1]) if self.at <= len(self.levels) else None

    @property
    def moment(self):
        return (self.at - 1) / 10.0


class Sheet:
    """A writer that only takes down."""

    def __init__(self):
        self.done = []

    def prepare(self, shown):
        self.done.append(("before", int(shown[0, 0])))

    def add(self, shown):
        self.done.append(int(shown[0, 0]))

    def flush(self):
        self.done.append("flush")

    def share(self, began):
        return ("share", began)


def stretch(levels, start, stop):
    job = convert.Job(decode.Video("v", 9, 30.0, 6, 4), "out", None, Text(LOOK, FACTS), start, stop)
    sheet = Sheet()
    found = convert._stretch(job, Source(levels), sheet, 4.5)
    assert found.share == ("share", 4.5)
    return found, sheet.done


def between(before, after, at, first):
    return Seam(digest(before), digest(after), at, (first / 10.0, at / 10.0 if after is not None else 0.0))


def test_all_of_a_video():
    """From its beginning to its end: no seam."""
    found, done = stretch([1, 2, 3], 0, None)
    assert done == [1, 2, 3, "flush"]
    assert (found.ended, found.opening, found.closing) == (True, None, None)


def test_the_first_stretch():
    """On behind its own pictures until they change."""
    found, done = stretch([1, 2, 2, 2, 3, 4], 0, 2)
    assert done == [1, 2, "flush"]
    assert (found.ended, found.opening, found.closing) == (False, None, between(2, 3, 4, 1))


def test_a_stretch_in_the_middle():
    """From the picture before its own; its neighbour's pictures are not written."""
    found, done = stretch([1, 2, 3, 4, 5, 6], 2, 4)
    assert done == [("before", 2), 3, 4, "flush"]
    assert (found.ended, found.opening, found.closing) == (False, between(2, 3, 2, 1), between(4, 5, 4, 3))


def test_a_still_stretch():
    """Its opening is looked for beyond its own pictures, too."""
    found, done = stretch([1, 2, 2, 2, 2, 2, 3], 2, 4)
    assert done == [("before", 2), 2, 2, "flush"]
    assert (found.opening, found.closing) == (between(2, 3, 6, 1), between(2, 3, 6, 3))
    assert not found.ended


def test_the_last_stretch():
    """To the end, whose seam is one as well."""
    found, done = stretch([1, 2, 2, 2], 2, None)
    assert done == [("before", 2), 2, 2, "flush"]
    assert (found.ended, found.opening, found.closing) == (True, between(2, None, 4, 1), None)


def test_a_video_that_ends_at_the_cut():
    """Or in the stretch, or on the way to its seam, which is not in it."""
    found, _ = stretch([1, 2], 0, 2)
    assert (found.ended, found.closing) == (True, between(2, None, 2, 1))
    found, done = stretch([1, 2], 0, 4)
    assert (found.ended, found.closing, done) == (True, None, [1, 2, "flush"])
    found, _ = stretch([1, 2, 2], 0, 2)
    assert (found.ended, found.closing) == (False, between(2, None, 3, 1))


def test_a_stretch_behind_the_end():
    """Nothing is there to be written."""
    found, done = stretch([1, 2], 5, None)
    assert (found.ended, found.opening, found.closing, done) == (True, None, None, [])


@pytest.mark.parametrize(
    ("luma", "colour", "plane"), [("", MONO, False), ("full", MONO, True), ("full", TRUE, False)]
)
def test_what_a_worker_opens(monkeypatch, tmp_path, luma, colour, plane):
    """Luma where it is known and enough; everything is closed, also where nothing can be written."""
    closed, opened = [], []

    class Opened(Source):
        def __init__(self, *given):
            opened.append(given)
            super().__init__([])

        def close(self):
            closed.append(self)

    monkeypatch.setattr(convert, "Source", Opened)
    path = tmp_path / "out"
    path.write_bytes(b"")
    before = len(os.listdir("/proc/self/fd"))
    video = decode.Video("v", 9, 30.0, 6, 4, luma)
    job = convert.Job(video, str(path), None, Text(LOOK._replace(colour=colour), FACTS), 0, None)
    assert convert.work(job, lambda amount: None).share.frames == 0
    assert (opened, len(closed)) == ([("v", 1, plane)], 1)
    with pytest.raises(EnvironmentProblem) as caught:
        convert.work(job._replace(path=str(tmp_path)), lambda amount: None)
    assert caught.value.message == "cannot be written: Is a directory"
    (tmp_path / "link").symlink_to(path)
    with pytest.raises(EnvironmentProblem, match="cannot be written"):
        convert.work(job._replace(path=str(tmp_path / "link")), lambda amount: None)
    assert len(closed) == 3
    assert len(os.listdir("/proc/self/fd")) == before


def test_where_a_worker_writes():
    """Into the one file, behind the head and the frames before; or into a part of its own, from its beginning."""
    video, text = decode.Video("v", 9, 30.0, 6, 4), Text(LOOK, FACTS)
    job = convert.Job(video, "/x/out", None, text, 12, None, 50)
    assert (job.written, job.place) == ("/x/out", 50 + 12 * 9 + 14)
    assert convert.Job(video, "/x/out", None, text, 0, None).place == 0
    assert (job._replace(part=3).written, job._replace(part=3).place) == ("/x/out.3", 0)
    assert job._replace(form=Format(LOOK, FACTS)).place == 50


def test_what_came_of_it():
    """How many worked, and how many frames the header claimed for nothing."""
    assert convert.Result(90, 100, [None, None])[:] == (90, 100, [None, None])
    assert (convert.Result(90, 100, [None, None]).workers, convert.Result(90, 100, []).lost) == (2, 10)
    assert convert.Result(90, 80, []).lost == 0


def test_what_cannot_be_written():
    """In the system's words, or in the error's own."""
    for error, why in ((OSError(28, "No space left"), "No space left"), (OSError("odd"), "odd")):
        problem = convert.unwritable("a.txt", error)
        (finding,) = problem.findings
        assert finding[:4] == ("VID005", "error", "a.txt", "cannot be written: " + why)
        assert problem.message == finding.message
        assert finding.fix == "choose a writable place with enough space with -o"


# Writing.


class Painter:
    """Cells that know their picture."""

    def __init__(self, name):
        self.name = name

    def cells(self, shown):
        return Cells(self.name, int(shown[0, 0]))


class Words(Format):
    """Frames that say all that they were given, of ``size`` bytes."""

    size = 0

    def frame(self, number, cells, before):
        was = "none" if before is None else "{}{}".format(*before[:2])
        return "{} {}{} {};".format(number, cells[0], cells[1], was).encode().ljust(self.size, b".")


class Known(Words):
    def offset(self, number):
        return number * 7


@pytest.fixture
def sink(tmp_path):
    handle = os.open(str(tmp_path / "out"), os.O_RDWR | os.O_CREAT)
    yield handle
    os.close(handle)


def written(handle):
    return os.pread(handle, 1 << 20, 0)


@pytest.mark.parametrize("start", [4, 5])
def test_frames_know_the_one_before(sink, start):
    """Two painters take turns, by the number of the frame, so that none overwrites the other's cells."""
    sheet = writer.Writer(
        sink, Words(LOOK, FACTS), start, 0, [Painter("a").cells, Painter("b").cells], lambda amount: None
    )
    sheet.prepare(picture(1))
    for level in (2, 3):
        sheet.add(picture(level))
    sheet.flush()
    names = "ba"[start % 2] + "ab"[start % 2]
    assert written(sink).decode() == "{} {}2 {}1;{} {}3 {}2;".format(
        start, names[1], names[0], start + 1, names[0], names[1]
    )


def test_frames_that_stand_alone(sink):
    """One painter, and no frame before."""
    sheet = writer.Writer(sink, Words(LOOK, FACTS), 4, 3, [Painter("a").cells], lambda amount: None)
    sheet.prepare(picture(1))
    for level in (2, 3):
        sheet.add(picture(level))
    assert written(sink) == b""
    sheet.flush()
    assert written(sink) == b"\0\0\0" + b"4 a2 none;5 a3 none;"
    sheet.add(picture(4))
    sheet.flush()
    assert written(sink)[-10:] == b"6 a4 none;"
    assert written(sink)[3:] == b"4 a2 none;5 a3 none;6 a4 none;"


@pytest.mark.parametrize(
    ("size", "frames", "told"), [(0, 130, [64, 64, 2]), (1 << 15, 5, [2, 2, 1]), ((1 << 15) - 1, 3, [3, 0])]
)
def test_frames_are_written_in_batches(sink, size, frames, told):
    """Of 64, or of 64 KiB; how many there were is told each time."""
    done, form = [], Words(LOOK, FACTS)
    form.size = size
    sheet = writer.Writer(sink, form, 0, 0, [Painter("a").cells], done.append)
    for _ in range(frames):
        sheet.add(picture(1))
    sheet.flush()
    assert done == told
    assert sheet.share(0.0).frames == frames
    assert len(written(sink)) == sum(max(size, len("{} a1 none;".format(at))) for at in range(frames))


def test_a_disk_that_takes_little(sink, monkeypatch):
    """What is left is written behind it."""
    pwrite = os.pwrite
    monkeypatch.setattr(writer.os, "pwrite", lambda handle, data, place: pwrite(handle, data[:3], place))
    sheet = writer.Writer(sink, Known(LOOK, FACTS), 0, 2, [Painter("a").cells], lambda amount: None)
    for level in (1, 2):
        sheet.add(picture(level))
    sheet.flush()
    assert written(sink) == b"\0\0" + b"0 a1 none;1 a2 none;"


def test_what_a_worker_did(sink, monkeypatch):
    """Wall time: what was neither painted nor written was decoding."""
    moments = iter([10.0, 12.0, 20.0, 21.0, 30.0, 34.0, 100.0])
    monkeypatch.setattr(writer.time, "perf_counter", lambda: next(moments))
    monkeypatch.setattr(writer.time, "process_time", lambda: 7.5)
    sheet = writer.Writer(sink, Words(LOOK, FACTS), 3, 0, [Painter("a").cells], lambda amount: None)
    sheet.add(picture(1))
    sheet.add(picture(1))
    sheet.flush()
    assert sheet.share(5.0) == writer.Share(3, 2, 7.5, 95.0 - 3.0 - 4.0, 3.0, 4.0)


# Files.


def test_a_part_is_begun_anew(tmp_path):
    """What was there goes; a link is not followed."""
    path = tmp_path / "a"
    path.write_bytes(b"something long")
    parts.begin(str(path), b"head")
    assert path.read_bytes() == b"head"
    (tmp_path / "link").symlink_to(path)
    with pytest.raises(OSError, match=r".") as caught:
        parts.begin(str(tmp_path / "link"), b"x")
    assert caught.value.errno == errno.ELOOP
    before = os.umask(0o027)
    try:
        parts.begin(str(tmp_path / "new"), b"")
    finally:
        os.umask(before)
    assert (tmp_path / "new").stat().st_mode & 0o777 == 0o640
    assert parts.name("/x/a", 3) == "/x/a.3"


@pytest.mark.parametrize("head", [b"", b"he", b"HEAD", b"a longer head"])
@pytest.mark.parametrize("unable", [False, True])
def test_a_file_is_finished(tmp_path, monkeypatch, head, unable):
    """Cut where its frames end, a foot behind them, and a head of any length before."""
    if unable:

        def refuse(*given):
            raise OSError(errno.ENOSYS, "not here")

        monkeypatch.setattr(parts.os, "sendfile", refuse)
    path = tmp_path / "a"
    path.write_bytes(b"headFRAMESrest")
    parts.finish(str(path), 4, head, 10, b"foot")
    assert path.read_bytes() == head + b"FRAMESfoot"
    assert os.listdir(str(tmp_path)) == ["a"]


def test_a_file_that_cannot_be_moved(tmp_path, monkeypatch):
    """Nothing but itself is left."""

    def refuse(*given):
        raise OSError(errno.ENOSPC, "full")

    path = tmp_path / "a"
    path.write_bytes(b"headFRAMES")
    monkeypatch.setattr(parts.os, "sendfile", refuse)
    with pytest.raises(OSError, match="full"):
        parts.finish(str(path), 4, b"other head", 10, b"")
    assert os.listdir(str(tmp_path)) == ["a"]


@pytest.mark.parametrize("number", [errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP])
def test_kernels_that_cannot_copy(tmp_path, monkeypatch, number):
    """Each way of saying so."""

    def refuse(*given):
        raise OSError(number, "not here")

    monkeypatch.setattr(parts.os, "sendfile", refuse)
    (tmp_path / "a").write_bytes(b"one")
    parts.join(str(tmp_path / "whole"), b"<", [str(tmp_path / "a")], b">")
    assert (tmp_path / "whole").read_bytes() == b"<one>"


def test_pieces_of_a_copy(tmp_path, monkeypatch):
    """From where the last one ended, as much as is left."""
    asked = []

    def some(target, source, at, length):
        asked.append((at, length))
        return os.write(target, os.pread(source, min(length, 4), at))

    monkeypatch.setattr(parts.os, "sendfile", some)
    (tmp_path / "a").write_bytes(b"0123456789")
    parts.join(str(tmp_path / "whole"), b"", [str(tmp_path / "a")], b"")
    assert (tmp_path / "whole").read_bytes() == b"0123456789"
    assert asked == [(0, 10), (4, 6), (8, 2)]


def test_what_is_discarded(tmp_path):
    """What is there; what is not is no matter."""
    (tmp_path / "a").write_bytes(b"")
    parts.discard([str(tmp_path / "none"), str(tmp_path / "a")])
    assert os.listdir(str(tmp_path)) == []


# Where it goes.


@pytest.mark.parametrize(
    "suffix",
    [
        *(".mp4", ".m4v", ".mov", ".avi", ".mkv", ".webm", ".mpg", ".mpeg", ".ts", ".wmv", ".flv", ".ogv"),
        *(".gif", ".png", ".jpg", ".jpeg", ".svg", ".pdf", ".MP4"),
    ],
)
def test_names_of_what_is_not_written_here(suffix):
    """A page may be what is meant; whoever says the format may name it as he likes."""
    with pytest.raises(UsageError) as caught:
        output.place(None, "dir/a" + suffix, "")
    assert caught.value.message == "dir/a{} names a kind of file that offkit does not write".format(suffix)
    assert caught.value.fix == "name it dir/a.html for a page that plays it, or choose a format with --format"
    assert output.place(None, "dir/a" + suffix, "html") == ("dir/a" + suffix, "html")


def test_what_to_do_about_a_contradiction():
    """The name that goes with the format."""
    with pytest.raises(UsageError) as caught:
        output.place(None, "b/a.Txt", "cast")
    assert caught.value.message == "--format cast and the name b/a.Txt contradict each other"
    assert caught.value.fix == "leave out --format, or name it b/a.cast"
    with pytest.raises(UsageError, match="--format gif is not one of text, cast, html"):
        output.place(None, None, "gif")


@pytest.mark.parametrize(
    ("video", "asked", "form", "expected"),
    [
        ("/x/.mp4", None, "", (".mp4.txt", "text")),
        ("a.b.mp4", None, "html", ("a.b.html", "html")),
        (None, None, "cast", ("badapple.cast", "cast")),
        ("/x/film.mp4", "a.Cast", "", ("a.Cast", "cast")),
        ("/x/film.mp4", "a", "", ("a", "text")),
    ],
)
def test_names_that_follow(video, asked, form, expected):
    """From the video's, from the format's."""
    assert output.place(video, asked, form) == expected


@pytest.mark.parametrize("path", ["/dev/x", "/proc/x", "/sys/x", "/dev/shm/../x"])
def test_no_place_for_a_file(path):
    """The system's own."""
    with pytest.raises(UsageError) as caught:
        output.place(None, path, "text")
    assert caught.value.message == path + " is not a place for a file"
    assert caught.value.fix == "name a file with -o"


def test_files_that_are_left_alone(tmp_path):
    """What is no conversion, what is no file, and what leads nowhere is not."""
    (tmp_path / "list.txt").write_text("a shopping list")
    os.mkfifo(str(tmp_path / "pipe.txt"))
    for name in ("list.txt", "pipe.txt"):
        with pytest.raises(UsageError) as caught:
            output.place(None, str(tmp_path / name), "")
        assert caught.value.message.startswith(str(tmp_path / name) + " exists and is not a conversion")
        assert caught.value.fix == "choose another file with -o, or remove this one"
    (tmp_path / "link.txt").symlink_to(tmp_path / "none")
    assert output.place(None, str(tmp_path / "link.txt"), "") == (str(tmp_path / "none"), "text")


class Sized(Format):
    def offset(self, number):
        return number * 1000000


@pytest.mark.parametrize(("free", "fits"), [(3000000, True), (2999999, False)])
def test_room_for_all_of_it(monkeypatch, free, fits):
    """To the byte; where the size is not known nobody can say."""
    asked = []
    usage = output.shutil._ntuple_diskusage
    monkeypatch.setattr(output.shutil, "disk_usage", lambda path: asked.append(path) or usage(9, 9, free))
    form = Sized(LOOK, FACTS)
    if fits:
        output.room("dir/a.txt", form, 3)
        output.room("a.txt", form, 3)
        assert asked == ["dir", "."]
    else:
        with pytest.raises(EnvironmentProblem) as caught:
            output.room("dir/a.txt", form, 3)
        assert caught.value.message == "cannot be written: it needs 3.0 MB, and 3.0 MB are free"
    del asked[:]
    output.room("a.txt", Format(LOOK, FACTS), 1 << 60)
    assert asked == []


def test_room_in_no_directory(tmp_path):
    """What is wrong there is said when it is written."""
    output.room(str(tmp_path / "none" / "a.txt"), Sized(LOOK, FACTS), 1 << 60)


@pytest.mark.parametrize(
    ("seconds", "size", "said"),
    [
        (1.99, 10, False),
        (2.0, 10, True),
        (2.0, 40000000, True),
        (2.0, 40000001, False),
        (0.0, 10, False),
    ],
)
def test_from_when_on_a_disk_is_slow(monkeypatch, tmp_path, seconds, size, said):
    """Two seconds, at 20 MB a second or fewer."""
    moments = iter([5.0, 5.0 + seconds])
    (tmp_path / "part").write_bytes(b"")
    with monkeypatch.context() as patch:
        patch.setattr(output.time, "perf_counter", lambda: next(moments))
        patch.setattr(output.os.path, "getsize", lambda path: size)
        found = output.flushed(str(tmp_path / "part"), "a.txt")
    assert bool(found) == said
    for one in found:
        assert one.message == "the disk took 2.0 s to write it, {:.1f} MB a second".format(size / 2e6)


def test_a_part_that_is_gone(tmp_path):
    """Is what could not be written."""
    with pytest.raises(EnvironmentProblem) as caught:
        output.flushed(str(tmp_path / "none"), "a.txt")
    assert caught.value.findings[0].subject == str(tmp_path / "none")
