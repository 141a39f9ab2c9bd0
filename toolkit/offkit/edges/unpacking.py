"""Streams unpacked by what they begin with: gzip, bzip2, xz, lzma, or not packed at all.

Memory is bounded whatever the bytes are; what cannot be unpacked is told apart from what is damaged.
"""

from typing import Any, Iterator, Tuple, Type

# By the program that packs so: RFC 1952, 2.3.1; bzip2's BZ_HDR; the .xz format, 2.1.1; RFC 8878, 3.1.1.
MAGICS = {"gzip": b"\x1f\x8b", "bzip2": b"BZh", "xz": b"\xfd7zXZ\0", "zstd": b"\x28\xb5\x2f\xfd"}
SUFFIXES = (".gz", ".xz", ".bz2", ".zst")  # of files that people pack with them
CHUNK = 256 * 1024
_MEMORY = 512 * 1024 * 1024  # a dictionary of xz -9 several times over; more is an attack on memory


class Damaged(ValueError):
    """Not what it began as: cut off, altered. The message is a predicate."""


class Unsupported(ValueError):
    """Packed in a way that this Python does not read. The message is a predicate."""


def packer(first: bytes) -> str:
    """The program that packed a file which begins so, "" for none of MAGICS."""
    return next((name for name, magic in MAGICS.items() if first.startswith(magic)), "")


def decompressed(source: Any) -> Iterator[bytes]:
    """The contents of ``source``, which has ``read(size)`` and stands at its beginning.

    Raises Damaged, Unsupported, and what ``source.read`` raises.
    """
    first = source.read(CHUNK)
    kind = packer(first)
    if kind == "zstd":
        raise Unsupported("is compressed with zstd, which Python cannot read")
    try:
        if kind == "gzip":
            import zlib

            return _gunzip(zlib, source, first)
        if kind == "bzip2":
            import bz2

            return _decompress(bz2.BZ2Decompressor(), (OSError, EOFError, ValueError), source, first)
        if kind == "xz" or first.startswith(b"\x5d\0\0"):
            import lzma

            worker = lzma.LZMADecompressor(memlimit=_MEMORY)
            return _decompress(worker, (lzma.LZMAError, EOFError, MemoryError), source, first)
    except ImportError as error:
        raise Unsupported("needs the module {}, which this Python lacks".format(error.name))
    return _plain(source, first)


def _plain(source: Any, chunk: bytes) -> Iterator[bytes]:
    while chunk:
        yield chunk
        chunk = source.read(CHUNK)


def _gunzip(zlib: Any, source: Any, chunk: bytes) -> Iterator[bytes]:
    """One gzip member, as createrepo and rpm write it."""
    worker = zlib.decompressobj(16 + zlib.MAX_WBITS)
    try:
        while chunk and not worker.eof:
            yield worker.decompress(chunk, CHUNK)
            chunk = worker.unconsumed_tail or source.read(CHUNK)
    except zlib.error as error:
        raise Damaged("is damaged: {}".format(error))
    if not worker.eof:
        raise Damaged("is truncated")


def _decompress(
    worker: Any, errors: Tuple[Type[Exception], ...], source: Any, chunk: bytes
) -> Iterator[bytes]:
    while not worker.eof:
        try:
            yield worker.decompress(chunk, CHUNK)
        except errors as error:
            raise Damaged("is damaged: {}".format(error))
        chunk = b""
        if worker.needs_input and not worker.eof:
            chunk = source.read(CHUNK)
            if not chunk:
                raise Damaged("is truncated")
