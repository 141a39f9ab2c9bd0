"""What checks mean: the words, and from where on they are said; and how likeness is measured."""

import cv2
import numpy as np
import pytest

from offkit.badapple.formats.cells import (
    BRAILLE,
    CHARACTERS,
    HALF,
    INDEXED,
    MONO,
    SIXTEEN,
    TRUE,
    Cells,
    Grid,
    Look,
)
from offkit.badapple.formats.painter import Painter
from offkit.badapple.shadowplay import film, strip
from offkit.badapple.verify import check, likeness, verdict
from offkit.badapple.verify.tally import Replayed, Tally

STRAIGHT = ("the whole video, without a seek",)


def told(findings):
    return [(one.code, one.severity, one.subject, one.looked_in, one.fix[:20]) for one in findings]


def test_what_is_wrong_with_a_file():
    """Each kind with its code, where it was seen and what may be at fault; five frames are named."""
    pairs = [(number, number + 1) for number in range(7)]
    shares = [(number, 0.25) for number in range(6)]
    found = verdict.tally_findings(
        "a.txt", Tally(list(range(7)), [(9, strip.UNREADABLE), *pairs], shares, 0.25)
    )
    assert told(found) == [
        ("VID010", "error", "a.txt", (), "the disk or its file"),
        ("VID008", "error", "a.txt", ("the number in each picture",), "run it again, with -"),
        ("VID009", "error", "a.txt", ("every frame, drawn again",), "run it again, with -"),
    ]
    assert [one.message for one in found] == [
        "7 frames are damaged in the file: 0, 1, 2, 3, 4 and 2 more",
        "8 frames are missing or out of order: 9 shows no number, 0 shows 1, 1 shows 2, 2 shows 3, 3 shows 4",
        "6 frames are not what was drawn: "
        "0 (25.0% of it), 1 (25.0% of it), 2 (25.0% of it), 3 (25.0% of it), 4 (25.0% of it)",
    ]
    five = verdict.tally_findings("a.txt", Tally(list(range(5)), [], [], 0.0))
    assert [one.message for one in five] == ["5 frames are damaged in the file: 0, 1, 2, 3, 4"]


def test_a_file_that_cannot_be_read_at_all():
    """Its trouble once, whatever frames that makes wrong."""
    (finding,) = verdict.tally_findings("a.txt", Tally([0, 1], [], [], 0.0, "it is empty"))
    assert told([finding]) == [("VID010", "error", "a.txt", (), "the disk or its file")]
    assert finding.message == "it is empty"


@pytest.mark.parametrize(
    ("claimed", "frames", "seconds", "replayed", "severity", "message"),
    [
        (102, 100, None, None, "info", "its header claims 102 frames, it has 100"),
        (103, 100, None, None, "warning", "its header claims 103 frames, it has 100: 3% cannot be decoded"),
        (1000, 990, None, None, "info", "its header claims 1000 frames, it has 990"),
        (1000, 989, None, None, "warning", "its header claims 1000 frames, it has 989: 1% cannot be decoded"),
        (2, 1, None, None, "info", "its header claims 2 frames, it has 1"),
        (1, 5, None, None, "info", "its header claims 1 frame, it has 5"),
        (
            200,
            102,
            10.0,
            None,
            "info",
            "its header claims 200 frames, it has 102: its edit list hides the others",
        ),
        (200, 103, 10.0, None, "warning", "its header claims 200 frames, it has 103: 48% cannot be decoded"),
        (
            200,
            98,
            10.0,
            None,
            "info",
            "its header claims 200 frames, it has 98: its edit list hides the others",
        ),
        (
            3000,
            1010,
            100.0,
            None,
            "info",
            "its header claims 3000 frames, it has 1010: its edit list hides the others",
        ),
        (200, 102, 0.0, None, "warning", "its header claims 200 frames, it has 102: 49% cannot be decoded"),
        (
            200,
            100,
            None,
            Replayed(100, [], 19.0, 0.2),
            "warning",
            "its header claims 200 frames, it has 100, from beginning to end",
        ),
    ],
)
def test_what_a_header_claims(claimed, frames, seconds, replayed, severity, message):
    """A hundredth, or two frames, is rounding; what an edit list hides is not lost."""
    (finding,) = verdict.loss("a.mp4", claimed, 10.0, frames, replayed, seconds)
    assert finding[:4] == ("VID006", severity, "a.mp4", message)
    assert finding.looked_in == (STRAIGHT if replayed else ())
    assert bool(finding.fix) == (severity == "warning")


def test_a_rate_that_nobody_says():
    """Then no time says where anything is lost, and no edit list helps."""
    (finding,) = verdict.loss("a.mp4", 200, 0.0, 100, Replayed(100, [], 1.0, 9.0), 10.0)
    assert (finding.code, finding.severity) == ("VID006", "warning")
    assert finding.message == "its header claims 200 frames, it has 100"


@pytest.mark.parametrize(
    ("claimed", "last", "gap", "code", "severity"),
    [
        (110, 10.0, 0.51, "VID018", "warning"),
        (111, 10.0, 0.51, "VID018", "warning"),
        (112, 10.0, 0.51, "VID018", "error"),
        (110, 10.45, 0.52, "VID006", "warning"),
        (110, 10.45, 0.53, "VID018", "warning"),
        (110, 10.44, 0.1, "VID018", "warning"),
        (110, 0.0, 0.0, "VID018", "warning"),
    ],
)
def test_where_pictures_are_lost(claimed, last, gap, code, severity):
    """In a hole of five times the usual distance, or at an end before 95 % of the claimed one;
    an error from a tenth on."""
    (finding,) = verdict.loss("a.mp4", claimed, 10.0, 100, Replayed(100, [], last, gap))
    assert (finding.code, finding.severity, finding.looked_in) == (code, severity, STRAIGHT)
    assert finding.fix.startswith("compare its size and sha256sum")


def test_pictures_that_are_all_at_once():
    """Usual is then what the rate says."""
    (finding,) = verdict.loss("a.mp4", 200, 10.0, 0, Replayed(0, [], 0.0, 0.6))
    assert finding.message.endswith("100% cannot be decoded, and 0.6 s are without a picture")


@pytest.mark.parametrize(
    ("frames", "last", "gap", "said"),
    [
        (3, 0.2, 0.13, False),
        (3, 0.2, 0.131, True),
        (11, 1.0, 0.5, True),
        (11, 1.0, 0.51, False),
        (2, 0.1, 0.2, False),
    ],
)
def test_a_rate_that_varies(frames, last, gap, said):
    """By more than 30 %, and less than what counts as a hole; of two pictures there is one distance."""
    found = verdict.uneven("a.mp4", Replayed(frames, [], last, gap))
    assert told(found) == [("VID006", "info", "a.mp4", STRAIGHT, "")] * said
    for one in found:
        assert "{:.2f} s between two pictures, 0.10 s on average".format(gap) in one.message
    assert verdict.uneven("a.mp4", None) == []


@pytest.mark.parametrize(
    ("replayed", "expected"),
    [
        (Replayed(9, []), []),
        (Replayed(8, []), [("VID008", "error", "a.mp4", STRAIGHT, "damaged parts of a v")]),
        (Replayed(9, [3]), [("VID009", "error", "a.mp4", STRAIGHT, "damaged parts of a v")]),
        (
            Replayed(9, [3], unsteady=True),
            [
                (
                    "VID018",
                    "warning",
                    "a.mp4",
                    ("the whole video, without a seek, more than once",),
                    "compare its sha256su",
                )
            ],
        ),
    ],
)
def test_what_decoding_again_says(replayed, expected):
    """Another number, other samples, or a decoder that does not agree with itself."""
    assert told(verdict.replay_findings(9, "a.mp4", replayed)) == expected


def test_samples_that_are_named():
    """And the frame that is only one."""
    short, other, odd = (
        verdict.replay_findings(9, "a.mp4", Replayed(1, [])),
        verdict.replay_findings(9, "a.mp4", Replayed(9, [1, 2])),
        verdict.replay_findings(9, "a.mp4", Replayed(9, [1, 2], unsteady=True)),
    )
    assert [one.message for one in short + other + odd] == [
        "decoded straight through, it has 1 frame; the conversion has 9",
        "samples differ from the video decoded straight through: frame 1, 2",
        "it is damaged, and each decoding conceals that in another way: frame 1, 2",
    ]


# Likeness.

GRAY = np.full((film.HEIGHT, film.WIDTH), 128, np.uint8)


@pytest.mark.parametrize(
    ("look", "tolerance"),
    [
        (Look(Grid(44, 117)), 0.01),
        (Look(Grid(44, 117), HALF, TRUE), 0.01),
        (Look(Grid(44, 117), HALF), 0.005),
        (Look(Grid(44, 117), BRAILLE), 0.005),
        (Look(Grid(44, 117), BRAILLE, TRUE), 0.005),
    ],
)
def test_how_much_may_differ(look, tolerance):
    """A hundredth of shades, half of that of dots."""
    assert likeness.Likeness(look).tolerance == tolerance


@pytest.mark.parametrize(
    ("colour", "off", "differs"),
    [
        (MONO, 0, False),
        (MONO, 25, False),
        (MONO, -25, False),
        (MONO, 26, True),
        (MONO, -26, True),
        (TRUE, 45, False),
        (TRUE, -44, False),
        (TRUE, 47, True),
        (TRUE, -47, True),
    ],
)
def test_a_level_that_is_off(colour, off, differs):
    """By 25 where there are 256 of them; by 20 more where colours are few or rounded."""
    ramp = "".join(map(chr, range(0x100, 0x200))) if colour == MONO else "@"
    look = Look(Grid(44, 117), CHARACTERS if colour == MONO else HALF, colour, ramp)
    shown = np.full_like(GRAY, 128 + off)
    cells = Painter(look).cells(shown if colour == MONO else cv2.cvtColor(shown, cv2.COLOR_GRAY2BGR))
    share = likeness.Likeness(look).share(cells, GRAY)
    assert share == (1.0 if differs else 0.0)
    assert type(share) is float


def test_the_share_that_differs():
    """Of all parts."""
    look = Look(Grid(4, 8), ramp=" #")
    glyphs = np.full((4, 8), ord("#"), np.uint16)
    glyphs[0, :4] = 32
    assert likeness.Likeness(look).share(Cells(glyphs), np.full_like(GRAY, 255)) == 4 / 32.0
    assert likeness.Likeness(look).share(Cells(glyphs), np.zeros_like(GRAY)) == 28 / 32.0


def test_blanks_have_no_ink():
    """Whatever it is said to be."""
    ink = np.full((1, 2), 15, np.uint8)
    cells = Cells(np.array([[32, ord("@")]], np.uint16), ink)
    assert likeness.seen(cells, Look(Grid(1, 2), colour=SIXTEEN)).tolist() == [[0, 243]]
    assert likeness.seen(cells._replace(ink=None), Look(Grid(1, 2))).tolist() == [[12, 243]]
    half = Cells(np.array([[32, 0x2580]], np.uint16), ink, ink)
    assert likeness.seen(half, Look(Grid(1, 2), HALF, SIXTEEN)).tolist() == [[255, 255]] * 2


@pytest.mark.parametrize(
    ("look", "high", "wide"),
    [
        (Look(Grid(44, 117)), 1, 1),
        (Look(Grid(44, 117), CHARACTERS, INDEXED), 1, 1),
        (Look(Grid(44, 117), HALF), 2, 2),
        (Look(Grid(44, 117), HALF, TRUE), 1, 1),
        (Look(Grid(44, 117), BRAILLE), 4, 4),
        (Look(Grid(44, 117), BRAILLE, TRUE), 4, 4),
    ],
)
def test_where_the_number_is_seen(look, high, wide):
    """In the lowest rows, in the middle of each block: as much as shows one level."""
    window = likeness._window(look)
    assert (window.high, window.columns.shape) == (high, (strip.BLOCKS, wide))
    columns = look.grid.columns * (1 if look.mode != BRAILLE else 2)
    middles = (np.arange(strip.BLOCKS) + 0.5) * columns / strip.BLOCKS
    centres = window.columns.mean(axis=1) + 0.5
    assert np.abs(centres - middles).max() <= 0.5001


@pytest.mark.parametrize("invert", [False, True])
@pytest.mark.parametrize("mode", [CHARACTERS, HALF, BRAILLE])
def test_the_number_is_read(mode, invert):
    """Upright and in negative; none from a picture without a strip."""
    alike = likeness.Likeness(Look(Grid(44, 117), mode, invert=invert))
    assert alike.legible is True
    painter = Painter(Look(Grid(44, 117), mode, invert=invert))
    for number in (0, 1234, strip.LIMIT - 1):
        picture = GRAY.copy()
        strip.stamp(picture, number)
        assert alike.number(painter.cells(picture)) == number
    assert alike.number(painter.cells(GRAY)) == strip.UNREADABLE


# Reading and replaying.


def test_frames_are_read_in_shares(monkeypatch):
    """As many processes as there are, of at least twelve frames each; what they find is put together."""
    asked = []

    def pool(work, jobs, bar, method):
        asked.append((work, [(job.start, job.stop) for job in jobs], bar, method))
        return [Tally([job.start], [(job.start, 7)], [(job.start, 0.5)], job.start / 100.0) for job in jobs]

    monkeypatch.setattr(check.pool, "run", pool)
    monkeypatch.setattr(check, "_trouble", lambda *given: "")
    form = type("Form", (), {"look": Look(Grid(1, 2)), "name": "text"})
    found = check.file("a.txt", form, 40, None, 3, "bar", "how")
    assert asked == [(check.read, [(0, 13), (13, 26), (26, 40)], "bar", "how")]
    assert found == Tally([0, 13, 26], [(0, 7), (13, 7), (26, 7)], [(0, 0.5), (13, 0.5), (26, 0.5)], 0.26)
    for frames, workers, shares in ((24, 9, 2), (23, 9, 1), (5, 9, 1), (100, 0, 1)):
        check.file("a.txt", form, frames, None, workers, "bar")
        assert (len(asked[-1][1]), asked[-1][3]) == (shares, None)


class Cellular:
    """Stands for a reader: frames of a flat picture, none of ``lost``."""

    def __init__(self, look, lost=()):
        self.painter, self.lost, self.closed = Painter(look), lost, 0

    def cells(self, number):
        return None if number in self.lost else self.painter.cells(GRAY)

    def close(self):
        self.closed += 1


def test_progress_is_told_all_along():
    """Every 16 frames, and the rest at the end; the file does not stay open."""
    look = Look(Grid(4, 8))
    reader, told_ = Cellular(look, (37,)), []
    reading = check.Reading("a.txt", lambda path, growing: reader, look, 5, 45, None)
    tally = check.read(reading, told_.append)
    assert (tally, told_, reader.closed) == (Tally([37], [], [], 0.0), [16, 16, 8], 1)


@pytest.mark.parametrize(
    ("look", "known"),
    [
        (Look(Grid(1, 1), ramp=" é█"), " é█"),
        (Look(Grid(1, 1), HALF), "\u2007▀▄█"),
        (Look(Grid(1, 1), HALF, TRUE), "▀"),
        (Look(Grid(1, 1), BRAILLE), "".join(map(chr, range(0x2800, 0x2900)))),
    ],
)
def test_characters_that_a_look_has(look, known):
    """Those and no others."""
    found = check._known(look)
    assert (found.shape, found.dtype) == ((0x10000,), bool)
    assert "".join(map(chr, np.flatnonzero(found))) == "".join(sorted(known))


def test_frames_that_are_compared():
    """By the number where it is legible, else by the picture alone; beyond the film nothing is right."""

    class Alike:
        legible, tolerance = True, 0.25

        def number(self, cells):
            return 7

        def share(self, cells, picture):
            return picture

    class Shown:
        frames = 10

        def picture(self, number):
            return {7: 0.25, 8: 0.26}[number]

    tally = check._compared(Tally([], [], [], 0.1), 7, None, Alike(), Shown())
    assert tally == Tally([], [], [], 0.25)
    tally = check._compared(tally, 8, None, Alike(), Shown())
    assert tally == Tally([], [(8, 7)], [(8, 0.26)], 0.26)
    tally = check._compared(tally, 10, None, Alike(), Shown())
    assert tally == Tally([], [(8, 7), (10, 7)], [(8, 0.26), (10, 1.0)], 1.0)
    Alike.legible = False
    assert check._compared(Tally([], [], [], 0.5), 8, None, Alike(), Shown()) == Tally(
        [], [], [(8, 0.26)], 0.5
    )


def test_samples_that_are_the_same():
    """To the cell; what is lost is not."""
    base = np.full((10, 20, 3), 100, np.uint8)
    want = Cells(np.full((10, 20), 0x2580, np.uint16), base, base)
    other = base.copy()
    other[9, 19, 2] += 1
    assert check._same(None, want) is False
    assert check._same(want, want) is True
    assert check._same(want._replace(ink=other), want) is False


class Video:
    """Stands for a Source: ``end`` pictures, ten a second."""

    end, made = 130, ()

    def __init__(self, *given):
        Video.made = [*Video.made, self]
        self.given, self.at, self.closed = given, 0, 0

    def skip(self):
        self.at += 1
        return self.at <= self.end

    def read(self):
        return GRAY if self.skip() else None

    @property
    def moment(self):
        return self.at / 10.0

    def close(self):
        self.closed += 1


@pytest.mark.parametrize(
    ("luma", "colour", "plane"), [("", MONO, False), ("full", MONO, True), ("full", TRUE, False)]
)
def test_a_video_is_replayed(monkeypatch, luma, colour, plane):
    """By one thread, straight through, as it was painted; everything is counted and closed."""
    look = Look(Grid(4, 8), CHARACTERS, colour)
    reader, told_ = Cellular(look, (60,)), []
    monkeypatch.setattr(Video, "made", ())
    monkeypatch.setattr(check, "Source", Video)
    if colour == TRUE:
        monkeypatch.setattr(
            check.Painter, "cells", lambda self, picture: Cells(np.full((4, 8), 43, np.uint16))
        )
    job = check.Replay("a.mp4", "a.txt", lambda path, growing: reader, look, luma, (0, 60, 129))
    found = check.replay(job, told_.append)
    assert (found.frames, found.different, found.last) == (130, [60], 13.0)
    assert round(found.gap, 9) == 0.1
    assert (len(found.seen), found.unsteady) == (32, False)
    assert told_ == [64, 64, 2]
    (source,) = Video.made
    assert source.given == ("a.mp4", 1, plane)
    assert (source.closed, reader.closed) == (1, 1)
    other = check.replay(job._replace(samples=(0,)), told_.append)
    assert other.seen != found.seen
    assert check.replay(job, told_.append).seen == found.seen


@pytest.mark.parametrize(("end", "last", "gap"), [(0, 0.0, 0.0), (1, 0.1, 0.0), (2, 0.2, 0.1)])
def test_a_video_of_few_pictures(monkeypatch, end, last, gap):
    """It ends where it ends, also at a sample."""
    look = Look(Grid(4, 8))
    monkeypatch.setattr(Video, "end", end)
    monkeypatch.setattr(Video, "made", ())
    monkeypatch.setattr(check, "Source", Video)
    for samples in ((), (0, end)):
        job = check.Replay("a.mp4", "a.txt", lambda path, growing: Cellular(look), look, "", samples)
        found = check.replay(job, lambda amount: None)
        assert (found.frames, found.different, found.last) == (end, [], last)
        assert round(found.gap, 9) == gap


def test_how_often_it_is_decoded_again(monkeypatch):
    """Three times, where samples differ and a decoder has threads; progress is told of the first only."""
    asked = []
    same = Replayed(9, [3], 1.0, 0.1, b"a")
    monkeypatch.setattr(check.pool, "run", lambda *given: asked.append(given) or [same])
    monkeypatch.setattr(check, "decoder_threads", lambda number: 1 + number)
    bar = object()
    assert check.video("job", bar, "how") == same
    assert [given[:2] for given in asked] == [(check.replay, ["job"])] * 4
    assert [given[2] is bar for given in asked] == [True, False, False, False]
    assert {given[3] for given in asked} == {"how"}
    monkeypatch.setattr(check.pool, "run", lambda *given: asked.append(given) or [Replayed(9, [])])
    check.video("job", bar)
    assert len(asked) == 5
    assert asked[-1][3] is None


def test_which_samples():
    """48, evenly."""
    assert check.samples(48) == tuple(range(48))
    assert check.samples(95) == tuple(range(0, 95, 2))
