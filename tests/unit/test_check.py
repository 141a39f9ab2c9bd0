"""The check of a conversion: whatever is wrong with it must be found."""

import numpy as np
import pytest

from clip_maker import write_clip
from offkit.badapple.formats import characters
from offkit.badapple.formats.base import Facts
from offkit.badapple.formats.cells import Look
from offkit.badapple.formats.script import Grid, Script
from offkit.badapple.formats.text import Text
from offkit.badapple.shadowplay import film, strip
from offkit.badapple.shadowplay.film import Film
from offkit.badapple.verify import check, readback
from offkit.model.report import Bar

FRAMES = 48
GRID = Grid(44, 117)
SHOWN = Script(FRAMES, 30.0, film.WIDTH, film.HEIGHT, GRID)


def frame(picture, label):
    codes = np.empty(GRID, np.uint8)
    characters.write(picture, GRID, codes)
    return b"%d\n" % label + b"".join(bytes(row) + b"\n" for row in codes)


@pytest.fixture(scope="module")
def frames():
    """The frames of a right conversion, one bytes object each."""
    shown = Film(film.SHORT)
    return [frame(shown.picture(number), number) for number in range(FRAMES)]


def tally(tmp_path, frames, shown=SHOWN, workers=2):
    path = tmp_path / "a.txt"
    path.write_bytes(shown.header() + b"".join(frames))
    result = check.text(str(path), shown, Film(film.SHORT), workers, Bar())
    return result, [finding.code for finding in check.tally_findings(str(path), result)]


def relabelled(text, number):
    return b"%d\n" % number + text.split(b"\n", 1)[1]


def test_a_right_conversion_has_no_findings(tmp_path, frames):
    """Nothing is wrong with what is right."""
    result, codes = tally(tmp_path, frames)
    assert result == check.Tally([], [], [], 0.0)
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
    assert 33 in result.damaged
    assert "VID010" in codes


def test_a_file_cut_short(tmp_path, frames):
    """Frames that are not there are damaged frames."""
    result, _ = tally(tmp_path, frames[:-1])
    assert FRAMES - 1 in result.damaged


def test_a_slight_difference_is_within_tolerance(tmp_path, frames):
    """A character that is a neighbour in the ramp is what a codec may do; so are a few others."""
    text = bytearray(frames[5])
    text[2:] = bytes(text[2:]).replace(b"#", b"%").replace(b"+", b"*")
    result, _ = tally(tmp_path, frames[:5] + [bytes(text)] + frames[6:])
    assert result == check.Tally([], [], [], 0.0)


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    return write_clip(tmp_path_factory.mktemp("clips") / "film.mp4", FRAMES)


def test_the_video_decoded_again(tmp_path, clip, frames):
    """Samples are compared to the character, and the frames counted."""
    from offkit.badapple import convert, decode

    path = str(tmp_path / "a.txt")
    form = Text(Look(GRID), Facts(*SHOWN[1:4]))
    result = convert.convert(decode.probe(clip), form, path, 3, Bar())
    assert result.frames == FRAMES
    replayed = check.video(path, SHOWN, clip, Bar())
    assert replayed[:2] == (FRAMES, [])
    assert (round(replayed.last, 2), round(replayed.gap, 3)) == (1.57, 0.033)
    assert check.replay_findings(SHOWN, clip, replayed) == []

    with open(path, "r+b") as out:  # one character of a sample
        out.seek(SHOWN.offset(30) + 400)
        out.write(b"@" if out.read(1) != b"@" else b" ")
        out.seek(SHOWN.offset(30) + 400)
    with open(path, "r+b") as out:
        out.seek(SHOWN.offset(30) + 300)
        out.write(b"%#*")
    replayed = check.video(path, SHOWN, clip, Bar())
    assert replayed[:2] == (FRAMES, [30])
    findings = check.replay_findings(SHOWN._replace(frames=50), clip, replayed)
    assert [finding.code for finding in findings] == ["VID008", "VID009"]
    assert "has 48 frames, the conversion 50" in findings[0].message
    assert all("damaged parts of a video decode differently each time" in one.fix for one in findings)


@pytest.mark.parametrize(
    ("claimed", "frames", "last", "gap", "severity", "text"),
    [
        (1502, 1500, 50.0, 0.033, "info", "its header claims 1502 frames, it has 1500"),
        (100, 180, 6.0, 0.033, "info", "its header claims 100 frames, it has 180"),
        (0, 1, 0.0, 0.0, "info", "its header claims 0 frames, it has 1"),
        (180, 170, 5.97, 0.367, "warning", "6% cannot be decoded, and 0.4 s are without a picture"),
        (180, 92, 5.97, 2.967, "error", "49% cannot be decoded, and 3.0 s are without a picture"),
        (1500, 1000, 33.3, 0.033, "error", "33% cannot be decoded, and it ends at 33.3 of 50.0 s"),
        (1500, 1400, 46.6, 0.033, "warning", "7% cannot be decoded, and it ends at 46.6 of 50.0 s"),
        (3000, 1500, 99.9, 0.067, "warning", "claims 3000 frames, it has 1500, from beginning to end"),
    ],
    ids=["rounds", "too few", "none", "a little", "the middle", "the end", "a bit of the end", "doubled"],
)
def test_frames_that_are_lost(claimed, frames, last, gap, severity, text):
    """What is lost weighs by how much it is, and whether the pictures' times show where."""
    (finding,) = check.loss("a.mp4", claimed, 30.0, frames, check.Replayed(frames, [], last, gap))
    assert (finding.code, finding.severity) == ("VID006", severity)
    assert text in finding.message
    assert bool(finding.fix) == (severity != "info")


def test_lost_frames_of_which_nobody_knows_where():
    """Without a second decoding the header may lie as well: no error."""
    (finding,) = check.loss("a.mp4", 180, 30.0, 92, None)
    assert (finding.severity, finding.looked_in) == ("warning", ())
    assert check.loss("a.mp4", 180, 30.0, 180, None) == []


def test_one_and_many():
    """A single frame is no plural."""
    one, two = check.Tally([3], [(3, 4)], [(3, 0.5)], 0.5), check.Tally([3, 4], [], [], 0.0)
    assert [finding.message for finding in check.tally_findings("a.txt", one)] == [
        "1 frame is damaged in the file (number line, row ends or characters): 3",
        "1 frame is missing or out of order: 3 shows 4",
        "1 frame is not what was drawn: 3 (50.0% of its cells)",
    ]
    assert check.tally_findings("a.txt", two)[0].message.startswith("2 frames are damaged")


@pytest.mark.parametrize("frames", [1, 2, 47, 48, 49, 6572])
def test_samples(frames):
    """First, last, and no more than there are."""
    chosen = check.samples(frames)
    assert (chosen[0], chosen[-1], len(chosen)) == (0, frames - 1, min(frames, 48))


@pytest.mark.parametrize(("start", "stop"), [(0, 48), (9, 11), (10, 48), (0, 1), (5, 5)])
def test_blocks_of_a_file(frames, start, stop):
    """Whatever the range, every frame comes once, as it stands."""
    data = np.frombuffer(SHOWN.header() + b"".join(frames), np.uint8)
    numbers = []
    for block in readback.blocks(data, SHOWN, start, stop, 7):
        assert len(block.labels) <= 7
        assert block.newlines
        numbers += readback.label_numbers(block.labels).tolist()
    assert numbers == list(range(start, stop))
