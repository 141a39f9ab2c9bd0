"""QuickTime boxes, as few as a film of single pictures needs (ISO/IEC 14496-12; QuickTime File Format).

Every picture lies in a box of its own (``mdat``), so a file can be put together from parts
without knowing what is in them, and has no largest size. The index (``moov``) comes last.
"""

from fractions import Fraction
from typing import Any, Tuple

_MATRIX = b"".join(value.to_bytes(4, "big") for value in (0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000))
PNG, JPEG = b"png ", b"jpeg"  # codecs
_NAMES = {PNG: b"PNG", JPEG: b"Photo - JPEG"}
_FINEST = 1001  # the greatest denominator of a frame rate; 30000/1001 is that of television


def box(kind: bytes, *contents: bytes) -> bytes:
    data = b"".join(contents)
    return _u32(8 + len(data)) + kind + data


def rate(fps: float) -> Tuple[int, int]:
    """(time units a second, time units a frame), both below 2 ** 31."""
    fraction = Fraction(fps).limit_denominator(_FINEST)
    if not 0 < fraction < 2**20:
        fraction = Fraction(30)
    return fraction.numerator, fraction.denominator


def index(codec: bytes, fps: float, width: int, height: int, offsets: Any, sizes: Any) -> bytes:
    """The ``moov`` box of a film with a picture of ``sizes`` bytes at each of ``offsets``, (frames,)."""
    units, each = rate(fps)
    frames = len(sizes)
    duration = _u64(frames * each)
    dates = _u64(0) + _u64(0)  # no time in it: the same film is the same file
    video = box(
        b"stbl",
        _full(b"stsd", _u32(1), _sample_entry(codec, width, height)),
        _full(b"stts", _u32(1), _u32(frames), _u32(each)),
        _full(b"stsc", _u32(1), _u32(1), _u32(1), _u32(1)),
        _full(b"stsz", _u32(0), _u32(frames), sizes.astype(">u4").tobytes()),
        _full(b"co64", _u32(frames), offsets.astype(">u8").tobytes()),
    )
    media = box(
        b"mdia",
        _full(b"mdhd", dates, _u32(units), duration, _u16(0x55C4), _u16(0), version=1),  # und
        _full(b"hdlr", b"mhlrvide", bytes(12), b"\0"),
        box(
            b"minf",
            _full(b"vmhd", _u16(0), bytes(6), flags=1),
            _full(b"hdlr", b"dhlrurl ", bytes(12), b"\0"),
            box(b"dinf", _full(b"dref", _u32(1), _full(b"url ", flags=1))),
            video,
        ),
    )
    shape = _u32(width << 16) + _u32(height << 16)
    track = _full(
        b"tkhd", dates, _u32(1), _u32(0), duration, bytes(8), bytes(8), _MATRIX, shape, version=1, flags=15
    )
    film = _full(
        b"mvhd",
        dates,
        _u32(units),
        duration,
        _u32(0x10000),  # speed
        _u16(0x100),  # loudness
        bytes(10),
        _MATRIX,
        bytes(24),
        _u32(2),  # the next track's number
        version=1,
    )
    return box(b"moov", film, box(b"trak", track, media))


def _sample_entry(codec: bytes, width: int, height: int) -> bytes:
    name = _NAMES[codec]
    return box(
        codec,
        bytes(6),
        _u16(1),
        bytes(16),
        _u16(width),
        _u16(height),
        _u32(72 << 16),
        _u32(72 << 16),
        bytes(4),
        _u16(1),
        bytes([len(name)]) + name.ljust(31, b"\0"),
        _u16(24),
        _u16(0xFFFF),
    )


def _full(kind: bytes, *contents: bytes, version: int = 0, flags: int = 0) -> bytes:
    return box(kind, _u32(version << 24 | flags), *contents)


def _u16(value: int) -> bytes:
    return value.to_bytes(2, "big")


def _u32(value: int) -> bytes:
    return value.to_bytes(4, "big")


def _u64(value: int) -> bytes:
    return value.to_bytes(8, "big")
