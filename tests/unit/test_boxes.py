"""The key frames of an mp4, and whatever may be in their place."""

import random
import struct

import pytest

from clip_maker import write_clip
from offkit.badapple import boxes


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
