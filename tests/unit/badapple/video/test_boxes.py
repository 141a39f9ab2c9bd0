"""The key frames of an mp4, and whatever may be in their place."""

import random
import struct

import pytest

from clip_maker import write_clip
from offkit.badapple.video import boxes


def box(kind, *held):
    data = b"".join(held)
    return struct.pack(">I4s", 8 + len(data), kind) + data


def large(kind, *held):
    data = b"".join(held)
    return struct.pack(">I4sQ", 1, kind, 16 + len(data)) + data


def track(numbers, handler=b"vide", count=None, edits=b""):
    table = struct.pack(">II", 0, len(numbers) if count is None else count)
    stss = box(b"stss", table, *[struct.pack(">I", number) for number in numbers])
    media = box(b"hdlr", bytes(8), handler, bytes(12)), box(b"minf", box(b"stbl", box(b"stsd"), stss))
    return box(b"trak", box(b"tkhd", bytes(80)), edits, box(b"mdia", *media))


def movie(*tracks, header=b""):
    return box(b"ftyp", b"isom") + large(b"mdat", bytes(100)) + box(b"moov", box(b"mvhd", header), *tracks)


def edits(*entries, form=">Iihh", version=0, count=None):
    table = struct.pack(">B3xI", version, len(entries) if count is None else count)
    return box(b"edts", box(b"elst", table, *[struct.pack(form, *entry, 1, 0) for entry in entries]))


SCALE = bytes(12) + struct.pack(">I", 600) + bytes(80)
LONG_SCALE = b"\1" + bytes(19) + struct.pack(">I", 600) + bytes(80)


WHOLE = movie(track([1], b"soun"), track([1, 26, 51]))


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (WHOLE, (0, 25, 50)),
        (movie(track([1, 26, 51]), track([1, 2])), (0, 25, 50)),
        (movie(track([1, 1])), ()),
        (movie(track([3, 2])), ()),
        (movie(track([2, 3])), ()),
        (movie(track([0, 3])), ()),
        (movie(track([])), ()),
        (movie(track([1, 5], count=3)), ()),
        (movie(track([1, 5], count=2**32 - 1)), ()),
        (movie(track([1, 5], b"soun")), ()),
        (movie(), ()),
        (b"", ()),
        (b"ftyp", ()),
        (WHOLE[:-3], ()),
        (struct.pack(">I4s", 0, b"moov") + track([1, 8]), (0, 7)),
        (struct.pack(">I4s", 4, b"free") + WHOLE, ()),
        (struct.pack(">I4sQ", 1, b"free", 2**63) + WHOLE, ()),
        (box(b"free") * 2000 + WHOLE, ()),
    ],
)
def test_what_is_found(tmp_path, data, expected):
    """The first video track's; nothing where anything is odd."""
    path = tmp_path / "a.mp4"
    path.write_bytes(data)
    assert boxes.key_frames(str(path)) == expected


def test_a_real_one(tmp_path):
    """As FFmpeg writes it: mpeg4 has a key frame every 12."""
    keys = boxes.key_frames(write_clip(tmp_path / "a.mp4", 40))
    assert keys[0] == 0
    assert 2 <= len(keys) <= 40
    assert keys[-1] < 40
    assert boxes.key_frames(write_clip(tmp_path / "a.avi", 12, codec="MJPG")) == ()
    assert boxes.key_frames(str(tmp_path / "none.mp4")) == ()


def test_damage(tmp_path):
    """Flipped, cut and repeated bytes: an answer or none, quickly, and no exception."""
    dice = random.Random(5)
    path = tmp_path / "a.mp4"
    for _ in range(1500):
        data = bytearray(WHOLE)
        for _ in range(dice.randrange(1, 6)):
            data[dice.randrange(len(data))] = dice.choice([0, 1, 8, 255, dice.randrange(256)])
        path.write_bytes(bytes(data[: dice.choice([len(data), dice.randrange(len(data))])]))
        keys = boxes.key_frames(str(path))
        assert list(keys) == sorted(set(keys))


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (movie(track([1], edits=edits((1200, 5))), header=SCALE), 2.0),
        (movie(track([1], b"soun"), track([1], edits=edits((300, -1), (1500, 9))), header=SCALE), 2.5),
        (movie(track([1], edits=edits((1200, 5), form=">Qqhh", version=1)), header=LONG_SCALE), 2.0),
        (movie(track([1]), header=SCALE), None),
        (movie(track([1], edits=edits((1200, 5)))), None),
        (movie(track([1], edits=edits((1200, 5))), header=bytes(100)), None),
        (movie(track([1], edits=edits((1200, 5), count=2**32 - 1)), header=SCALE), None),
        (movie(track([1], edits=edits()), header=SCALE), None),
        (movie(track([1], edits=box(b"edts", box(b"elst", b"\0"))), header=SCALE), None),
        (movie(track([1], b"soun", edits=edits((1200, 5))), header=SCALE), None),
        (b"", None),
    ],
)
def test_what_an_edit_list_shows(tmp_path, data, expected):
    """Seconds; nothing where there is none or anything is odd."""
    path = tmp_path / "a.mp4"
    path.write_bytes(data)
    assert boxes.presented(str(path)) == expected
    assert boxes.presented(str(tmp_path / "none.mp4")) is None


def header(size, kind=b"free", large=None):
    head = struct.pack(">I4s", size, kind)
    return head if large is None else head + struct.pack(">Q", large)


MOVIE = box(b"moov", box(b"mvhd"), track([1, 26]))


@pytest.mark.parametrize(
    ("before", "found"),
    [
        (b"", True),
        (header(8), True),
        (header(7) + bytes(8), False),
        (header(1, large=16), True),
        (header(1, large=24) + bytes(8), True),
        (header(1, large=15), False),
        (header(16) + bytes(8), True),
        (box(b"free") * 999, True),
        (box(b"free") * 1000, False),
        (header(0), False),
        (header(2**31), False),
    ],
)
def test_what_lies_before_the_movie(tmp_path, before, found):
    """Boxes of both forms, a thousand at most, each within the file."""
    path = tmp_path / "a.mp4"
    path.write_bytes(before + MOVIE)
    assert boxes.key_frames(str(path)) == ((0, 25) if found else ())


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (header(8) + header(8, b"abcd"), [(b"free", 8, 8), (b"abcd", 16, 16)]),
        (header(12) + b"four" + b"more", [(b"free", 8, 12)]),
        (header(0) + b"rest", [(b"free", 8, 12)]),
        (header(1, large=18) + b"xx", [(b"free", 16, 18)]),
        (header(1, large=19) + b"xx", []),
        (header(1), []),
        (header(9), []),
        (header(7), []),
        (bytes(7), []),
    ],
)
def test_boxes_side_by_side(data, expected):
    """Up to the first one that cannot be."""
    assert list(boxes.boxes(data, 0, len(data))) == expected
    moved = [(kind, begin + 3, end + 3) for kind, begin, end in expected]
    assert list(boxes.boxes(b"xyz" + data + b"more", 3, 3 + len(data))) == moved


def test_a_movie_that_is_too_large(tmp_path, monkeypatch):
    """Is not looked at; one in a large box is, and one to the end of the file."""
    path = tmp_path / "a.mp4"
    for data in (large(b"moov", MOVIE[8:]), header(0, b"moov") + MOVIE[8:]):
        path.write_bytes(data)
        assert boxes.key_frames(str(path)) == (0, 25)
    path.write_bytes(MOVIE)
    for most, found in ((len(MOVIE), (0, 25)), (len(MOVIE) - 1, ())):
        monkeypatch.setattr(boxes, "_MOST", most)
        assert boxes.key_frames(str(path)) == found


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        (struct.pack(">4I", 0, 2, 1, 9), (0, 8)),
        (struct.pack(">5I", 0, 2, 1, 9, 4), (0, 8)),
        (struct.pack(">4I", 0, 3, 1, 9), ()),
        (struct.pack(">3I", 0, 1, 1), (0,)),
        (struct.pack(">3I", 0, 1, 2), ()),
        (struct.pack(">2I", 0, 0), ()),
        (struct.pack(">I", 0) + b"\0\0\0", ()),
        (struct.pack(">4I", 0, 2, 1, 2**32 - 1), (0, 2**32 - 2)),
    ],
)
def test_a_table_of_samples(table, expected):
    """As many as it says, and no more than it has."""
    found = boxes._numbers(table)
    assert found == expected
    assert all(type(number) is int for number in found)


@pytest.mark.parametrize(
    ("table", "scale", "expected"),
    [
        (struct.pack(">IIIi", 0, 1, 600, 0)[:-4] + struct.pack(">iI", 0, 0), SCALE, 1.0),
        (struct.pack(">II", 0, 1) + struct.pack(">Iihh", 300, 0, 1, 0), SCALE, 0.5),
        (struct.pack(">II", 0, 1) + struct.pack(">Iihh", 300, 0, 1, 0)[:-1], SCALE, None),
        (struct.pack(">II", 1 << 24, 1) + struct.pack(">Qqhh", 300, 0, 1, 0)[:-1], SCALE, None),
        (struct.pack(">II", 0, 2) + struct.pack(">Iihh", 300, 0, 1, 0), SCALE, None),
        (struct.pack(">II", 0, 1) + struct.pack(">Iihh", 300, 0, 1, 0), SCALE[:16], 0.5),
        (struct.pack(">II", 0, 1) + struct.pack(">Iihh", 300, 0, 1, 0), SCALE[:15], None),
        (struct.pack(">II", 0, 1) + struct.pack(">Iihh", 300, 0, 1, 0), LONG_SCALE[:24], 0.5),
        (struct.pack(">II", 0, 1) + struct.pack(">Iihh", 300, 0, 1, 0), LONG_SCALE[:23], None),
        (struct.pack(">II", 0, 2) + struct.pack(">IihhIihh", 300, -1, 1, 0, 60, 0, 1, 0), SCALE, 0.1),
    ],
)
def test_a_list_of_edits(table, scale, expected):
    """Their lengths but for those that show nothing, by the movie's time scale."""
    assert boxes._shown(table, scale) == expected
