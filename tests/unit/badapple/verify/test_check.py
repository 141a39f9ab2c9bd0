"""The check of a conversion: whatever is wrong with it must be found."""

import cv2
import numpy as np
import pytest

from clip_maker import write_clip
from offkit.badapple import convert
from offkit.badapple.formats import catalogue
from offkit.badapple.formats.base import Facts
from offkit.badapple.formats.cells import BRAILLE, CHARACTERS, HALF, INDEXED, MONO, SIXTEEN, TRUE, Grid, Look
from offkit.badapple.formats.look import RAMPS
from offkit.badapple.formats.painter import Painter
from offkit.badapple.formats.text import Text
from offkit.badapple.shadowplay import film, strip
from offkit.badapple.shadowplay.film import Film
from offkit.badapple.verify import check, verdict
from offkit.badapple.verify.tally import Replayed, Tally
from offkit.badapple.video import decode
from offkit.model.report import Bar

pytestmark = pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")

FRAMES = 48
FACTS = Facts(30.0, film.WIDTH, film.HEIGHT)
GRID = Grid(44, 117)
FORM = Text(Look(GRID), FACTS)


def frame(picture, number, form=FORM):
    return form.frame(number, Painter(form.look).cells(picture), None)


@pytest.fixture(scope="module")
def frames():
    """The frames of a right conversion, one bytes object each."""
    shown = Film(film.SHORT)
    return [frame(shown.picture(number), number) for number in range(FRAMES)]


def tally(tmp_path, frames, workers=2):
    path = tmp_path / "a.txt"
    path.write_bytes(FORM.head(FRAMES) + b"".join(frames))
    result = check.file(str(path), FORM, FRAMES, Film(film.SHORT), workers, Bar(), "fork")
    return result, [finding.code for finding in verdict.tally_findings(str(path), result)]


def relabelled(text, number):
    return b"%d\n" % number + text.split(b"\n", 1)[1]


def test_a_right_conversion_has_no_findings(tmp_path, frames):
    """Nothing is wrong with what is right."""
    result, codes = tally(tmp_path, frames)
    assert result == Tally([], [], [], 0.0)
    assert codes == []


def test_two_frames_changed_places(tmp_path, frames):
    """Their number lines are right; the numbers in their pictures are not."""
    mixed = list(frames)
    mixed[20], mixed[31] = relabelled(frames[31], 20), relabelled(frames[20], 31)
    result, codes = tally(tmp_path, mixed)
    assert result.damaged == []
    assert result.misplaced == [(20, 31), (31, 20)]
    assert [number for number, _ in result.different] == [20, 31]
    assert codes == ["VID008", "VID009"]


def test_a_lost_frame_shifts_all_that_follow(tmp_path, frames):
    """As when a seek lands one frame late."""
    shifted = frames[:40] + [relabelled(frames[n + 1], n) for n in range(40, 47)] + [frames[47]]
    result, _ = tally(tmp_path, shifted)
    assert result.misplaced == [(n, n + 1) for n in range(40, 47)]


def test_a_wrong_picture_with_the_right_number(tmp_path, frames):
    """The picture upside down, the strip kept."""
    picture = Film(film.SHORT).picture(7)[::-1].copy()
    strip.stamp(picture, 7)
    result, codes = tally(tmp_path, frames[:7] + [frame(picture, 7)] + frames[8:])
    assert result.misplaced == []
    assert [number for number, _ in result.different] == [7]
    assert result.worst > 0.05
    assert codes == ["VID009"]


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text.replace(b"33\n", b"34\n", 1),
        lambda text: text.replace(b"33\n", b"3x\n", 1),
        lambda text: text[:500] + b"?" + text[501:],
        lambda text: text[:120] + b" " + text[121:],
        lambda text: b"\0" * len(text),
    ],
    ids=["number", "no number", "character", "row end", "hole"],
)
def test_damage_is_found(tmp_path, frames, damage):
    """One byte is enough."""
    result, codes = tally(tmp_path, frames[:33] + [damage(frames[33])] + frames[34:])
    assert result.damaged == [33]
    assert codes == ["VID010"]


@pytest.mark.parametrize(
    ("change", "trouble"),
    [
        (lambda data: data[:-6], "not a complete conversion"),
        (lambda data: b"", "does not begin like one"),
        (
            lambda data: FORM.head(4) + b"".join(data.split(FORM.head(FRAMES))[1:])[: FORM.offset(4)],
            "to have 4 frames",
        ),
        (
            lambda data: FORM.head(FRAMES) + b"".join(b"%d\n@@\n" % n for n in range(FRAMES)),
            "it has 1 rows of 2 cells, 44 of 117 were written",
        ),
    ],
    ids=["cut short", "empty", "fewer", "smaller"],
)
def test_a_file_that_is_another(tmp_path, frames, change, trouble):
    """Said once, with the reason; every frame counts as damaged."""
    path = tmp_path / "a.txt"
    path.write_bytes(change(FORM.head(FRAMES) + b"".join(frames)))
    result = check.file(str(path), FORM, FRAMES, None, 2, Bar(), "fork")
    assert result.damaged == list(range(FRAMES))
    (finding,) = verdict.tally_findings("a.txt", result)
    assert (finding.code, finding.subject) == ("VID010", "a.txt")
    assert trouble in finding.message


def test_a_slight_difference_is_within_tolerance(tmp_path, frames):
    """A character that is a neighbour in the ramp is what a codec may do; so are a few others."""
    text = bytearray(frames[5])
    text[2:] = bytes(text[2:]).replace(b"#", b"%").replace(b"+", b"*")
    result, _ = tally(tmp_path, frames[:5] + [bytes(text)] + frames[6:])
    assert result[:3] == ([], [], [])
    assert 0 < result.worst < 0.01


def test_the_number_is_no_frame_of_the_film(tmp_path, frames):
    """More frames than were drawn: each of them is wrong."""
    path = tmp_path / "a.txt"
    path.write_bytes(FORM.head(FRAMES) + b"".join(frames))
    result = check.file(str(path), FORM, FRAMES, Film(40), 1, Bar(), "fork")
    assert set(range(40, 48)) <= {number for number, share in result.different if share == 1.0}


LOOKS = [
    Look(GRID, mode, colour, ramp, invert)
    for mode, colour, ramp, invert in [
        (CHARACTERS, MONO, RAMPS["long"], False),
        (CHARACTERS, MONO, RAMPS["blocks"], True),
        (CHARACTERS, SIXTEEN, RAMPS["standard"], False),
        (CHARACTERS, TRUE, RAMPS["short"], False),
        (HALF, MONO, RAMPS["standard"], True),
        (HALF, SIXTEEN, RAMPS["standard"], False),
        (HALF, INDEXED, RAMPS["standard"], False),
        (BRAILLE, MONO, RAMPS["standard"], False),
        (BRAILLE, TRUE, RAMPS["standard"], True),
    ]
]


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    return write_clip(tmp_path_factory.mktemp("clips") / "film.mp4", FRAMES)


@pytest.mark.parametrize("name", sorted(catalogue.formats()))
@pytest.mark.parametrize("look", LOOKS, ids=lambda look: "{}-{}".format(look.mode, look.colour))
def test_every_format_and_look(tmp_path, clip, name, look):
    """What was converted from a lossy clip is right; against the film from its second half on it is not."""
    form = catalogue.make(name, look, FACTS)
    path = str(tmp_path / ("a" + form.suffix))
    result = convert.convert(decode.probe(clip), form, path, 2, Bar(), "fork")
    assert result.frames == FRAMES
    right = check.file(path, form, FRAMES, Film(film.SHORT), 2, Bar(), "fork")
    assert right[:3] == ([], [], [])
    job = check.Replay(clip, path, catalogue.reader(name), look, decode.probe(clip).luma, (0, 17, 47))
    assert check.video(job, Bar(), "fork")[:2] == (FRAMES, [])


def test_other_pictures_are_found_in_every_look():
    """Each of them two frames late: the number says so, and the picture."""
    shown = Film(film.SHORT)
    for look in LOOKS:
        painter, likeness = Painter(look), check.Likeness(look)
        assert likeness.legible
        for number in (3, 20, 40):
            picture = cv2.cvtColor(shown.picture(number), cv2.COLOR_GRAY2BGR)
            cells = painter.cells(picture)
            assert likeness.number(cells) == number
            assert likeness.share(cells, shown.picture(number)) == 0
            assert likeness.share(cells, shown.picture(number + 2)) > likeness.tolerance


@pytest.mark.parametrize(
    ("look", "legible"),
    [
        (Look(Grid(32, 85)), True),
        (Look(Grid(31, 85)), False),
        (Look(Grid(44, 63)), False),
        (Look(Grid(44, 64)), True),
        (Look(GRID, ramp=RAMPS["binary"]), False),
        (Look(Grid(32, 96), HALF), True),
        (Look(Grid(32, 95), HALF), False),
        (Look(Grid(16, 64), HALF, TRUE), True),
        (Look(Grid(32, 80), BRAILLE), True),
        (Look(Grid(32, 79), BRAILLE), False),
    ],
)
def test_what_is_too_small_for_the_number(look, legible):
    """The blocks of the strip must be told apart, and by dots only a whole pattern can."""
    likeness = check.Likeness(look)
    assert likeness.legible == legible
    if not legible:
        blank = Painter(look).cells(np.zeros((film.HEIGHT, film.WIDTH, 3), np.uint8))
        assert likeness.number(blank) == strip.UNREADABLE


def test_the_video_decoded_again(tmp_path, clip, frames):
    """Samples are compared to the character, and the frames counted."""
    path = str(tmp_path / "a.txt")
    video = decode.probe(clip)
    result = convert.convert(video, FORM, path, 3, Bar(), "fork")
    assert result.frames == FRAMES
    job = check.Replay(clip, path, catalogue.reader(FORM.name), FORM.look, video.luma, check.samples(FRAMES))
    replayed = check.video(job, Bar(), "fork")
    assert replayed[:2] == (FRAMES, [])
    assert (round(replayed.last, 2), round(replayed.gap, 3)) == (1.57, 0.033)
    assert verdict.replay_findings(FRAMES, clip, replayed) == []

    with open(path, "r+b") as out:
        out.seek(len(FORM.head(FRAMES)) + FORM.offset(30) + 300)
        out.write(b"%#*")
    replayed = check.video(job, Bar(), "fork")
    assert replayed[:2] == (FRAMES, [30])
    findings = verdict.replay_findings(50, clip, replayed)
    assert [finding.code for finding in findings] == ["VID008", "VID009"]
    assert "has 48 frames; the conversion has 50" in findings[0].message
    assert all("damaged parts of a video decode differently each time" in one.fix for one in findings)


@pytest.mark.parametrize(
    ("claimed", "frames", "last", "gap", "code", "severity", "text"),
    [
        (1502, 1500, 50.0, 0.033, "VID006", "info", "its header claims 1502 frames, it has 1500"),
        (100, 180, 6.0, 0.033, "VID006", "info", "its header claims 100 frames, it has 180"),
        (0, 1, 0.0, 0.0, "VID006", "info", "its header claims 0 frames, it has 1"),
        (180, 170, 5.97, 0.367, "VID018", "warning", "6% cannot be decoded, and 0.4 s are without a picture"),
        (180, 92, 5.97, 2.967, "VID018", "error", "49% cannot be decoded, and 3.0 s are without a picture"),
        (1500, 1000, 33.3, 0.033, "VID018", "error", "33% cannot be decoded, and it ends at 33.3 of 50.0 s"),
        (1500, 1400, 46.6, 0.033, "VID018", "warning", "7% cannot be decoded, and it ends at 46.6 of 50.0 s"),
        (
            3000,
            1500,
            99.9,
            0.067,
            "VID006",
            "warning",
            "claims 3000 frames, it has 1500, from beginning to end",
        ),
    ],
    ids=["rounds", "too few", "none", "a little", "the middle", "the end", "a bit of the end", "doubled"],
)
def test_frames_that_are_lost(claimed, frames, last, gap, code, severity, text):
    """What is lost weighs by how much it is, and whether the pictures' times show where."""
    (finding,) = verdict.loss("a.mp4", claimed, 30.0, frames, Replayed(frames, [], last, gap))
    assert (finding.code, finding.severity) == (code, severity)
    assert text in finding.message
    assert bool(finding.fix) == (severity != "info")


def test_lost_frames_of_which_nobody_knows_where():
    """Without a second decoding the header may lie as well: no error."""
    (finding,) = verdict.loss("a.mp4", 180, 30.0, 92, None)
    assert (finding.code, finding.severity, finding.looked_in) == ("VID006", "warning", ())
    assert verdict.loss("a.mp4", 180, 30.0, 180, None) == []


def test_frames_that_an_edit_list_hides():
    """Not lost, where as many are there as are to be shown."""
    replayed = Replayed(227, [], 7.5, 0.033)
    (finding,) = verdict.loss("a.mp4", 302, 30.0, 227, replayed, 7.57)
    assert (finding.code, finding.severity) == ("VID006", "info")
    assert finding.message.endswith("it has 227: its edit list hides the others")
    (finding,) = verdict.loss("a.mp4", 302, 30.0, 100, replayed, 7.57)
    assert finding.severity == "error"


def test_times_of_pictures(tmp_path, clip, monkeypatch):
    """Out of order, and none for the last ones, as decoders give them: no hole, and the right end."""

    class Odd(decode.Source):
        number = 0

        @property
        def moment(self):
            self.number += 1
            return 0.0 if self.number > FRAMES - 2 else (self.number ^ 1) / 30.0

    path = str(tmp_path / "a.txt")
    convert.convert(decode.probe(clip), FORM, path, 1, Bar(), "fork")
    monkeypatch.setattr(check, "Source", Odd)
    replayed = check.video(
        check.Replay(clip, path, catalogue.reader(FORM.name), FORM.look, "", ()), Bar(), "fork"
    )
    assert (round(replayed.last, 2), round(replayed.gap, 3)) == (1.57, 0.067)


def test_one_and_many():
    """A single frame is no plural."""
    one, two = Tally([3], [(3, 4)], [(3, 0.5)], 0.5), Tally([3, 4], [], [], 0.0)
    assert [finding.message for finding in verdict.tally_findings("a.txt", one)] == [
        "1 frame is damaged in the file: 3",
        "1 frame is missing or out of order: 3 shows 4",
        "1 frame is not what was drawn: 3 (50.0% of it)",
    ]
    assert verdict.tally_findings("a.txt", two)[0].message.startswith("2 frames are damaged")


@pytest.mark.parametrize("frames", [1, 2, 47, 48, 49, 6572])
def test_samples(frames):
    """First, last, and no more than there are."""
    chosen = check.samples(frames)
    assert (chosen[0], chosen[-1], len(chosen)) == (0, frames - 1, min(frames, 48))


@pytest.mark.parametrize(("digests", "code"), [("aab", "VID018"), ("aaaa", "VID009")])
def test_a_decoder_that_does_not_repeat_itself(monkeypatch, digests, code):
    """Where several threads decode, samples may differ because the video is damaged: decoded again, it shows."""
    answers = iter([Replayed(9, [3], 1.0, 0.1, digest.encode()) for digest in digests])
    monkeypatch.setattr(check.pool, "run", lambda *given: [next(answers)])
    monkeypatch.setattr(check, "decoder_threads", lambda asked: 2)
    replayed = check.video(check.Replay, Bar())
    (finding,) = verdict.replay_findings(9, "a.mp4", replayed)
    assert (finding.code, list(answers)) == (code, [])


def test_one_decoder_thread_repeats_itself(monkeypatch):
    """There a difference is one; nothing is decoded again."""
    answers = iter([Replayed(9, [3])])
    monkeypatch.setattr(check.pool, "run", lambda *given: [next(answers)])
    monkeypatch.setattr(check, "decoder_threads", lambda asked: 1)
    (finding,) = verdict.replay_findings(9, "a.mp4", check.video(check.Replay, Bar()))
    assert finding.code == "VID009"


@pytest.mark.parametrize(
    ("frames", "last", "gap", "says"), [(90, 3.0, 0.034, ""), (43, 2.9, 0.1, "0.10 s"), (2, 1.0, 1.0, "")]
)
def test_a_frame_rate_that_varies(frames, last, gap, says):
    """Worth knowing: nothing is lost, but the film runs at another speed in places."""
    found = verdict.uneven("a.mp4", Replayed(frames, [], last, gap))
    assert [(one.code, one.severity, says in one.message) for one in found] == [
        ("VID006", "info", True)
    ] * bool(says)
