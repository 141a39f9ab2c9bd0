"""Packed streams, told apart by what they begin with."""

import bz2
import gzip
import io
import lzma
import random
import sys

import pytest

from offkit.edges import unpacking

DATA = bytes(random.Random(5).getrandbits(8) for _ in range(3000)) + b"zeros" + bytes(700000)
PACKED = {
    "gzip": gzip.compress(DATA),
    "bzip2": bz2.compress(DATA),
    "xz": lzma.compress(DATA),
    "lzma": lzma.compress(DATA, format=lzma.FORMAT_ALONE),
    "plain": DATA,
}


class Slow(io.BytesIO):
    """Gives a few bytes at a time."""

    def read(self, size):
        assert size == unpacking.CHUNK
        return super().read(97)


@pytest.mark.parametrize("kind", sorted(PACKED))
@pytest.mark.parametrize("source", [io.BytesIO, Slow])
def test_any_kind_in_pieces(kind, source):
    """What was packed comes out, in pieces that are no larger than they should be."""
    pieces = list(unpacking.decompressed(source(PACKED[kind])))
    assert b"".join(pieces) == DATA
    assert max(map(len, pieces)) <= unpacking.CHUNK


@pytest.mark.parametrize("kind", ["gzip", "bzip2", "xz", "lzma"])
@pytest.mark.parametrize("source", [io.BytesIO, Slow])
def test_what_lies_behind_is_left(kind, source):
    """A stream ends where it says."""
    assert b"".join(unpacking.decompressed(source(PACKED[kind] + b"behind" * 50))) == DATA


@pytest.mark.parametrize("kind", ["gzip", "bzip2", "xz", "lzma"])
@pytest.mark.parametrize("source", [io.BytesIO, Slow])
def test_a_stream_that_is_cut_off(kind, source):
    """At any length it is called that, not whole."""
    for length in (14, len(PACKED[kind]) // 2, len(PACKED[kind]) - 1):
        with pytest.raises(unpacking.Damaged, match=r"^is truncated$"):
            list(unpacking.decompressed(source(PACKED[kind][:length])))


@pytest.mark.parametrize("kind", ["gzip", "bzip2", "xz", "lzma"])
def test_a_stream_that_was_altered(kind):
    """It is damaged, with what the decompressor says."""
    data = bytearray(PACKED[kind])
    at = {"gzip": len(data) - 6, "bzip2": 60, "xz": len(data) - 20, "lzma": 13}[kind]
    data[at] ^= 0xFF
    with pytest.raises(unpacking.Damaged, match=r"^is damaged: ."):
        list(unpacking.decompressed(io.BytesIO(bytes(data))))


@pytest.mark.parametrize(
    ("kind", "module"), [("gzip", "zlib"), ("bzip2", "bz2"), ("xz", "lzma"), ("lzma", "lzma")]
)
def test_a_python_without_it(monkeypatch, kind, module):
    """Built without the headers: the module is named."""
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(unpacking.Unsupported, match="^needs the module {}, ".format(module)):
        unpacking.decompressed(io.BytesIO(PACKED[kind]))


def test_what_is_not_read_at_all():
    """zstd; and nothing at all is nothing."""
    with pytest.raises(unpacking.Unsupported, match="zstd"):
        unpacking.decompressed(io.BytesIO(b"\x28\xb5\x2f\xfd" + b"x" * 50))
    assert list(unpacking.decompressed(io.BytesIO(b""))) == []
