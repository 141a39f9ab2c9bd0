"""Whatever the bytes are, the ELF and cache readers give a value or one typed error."""

import io
import os
import sys

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from elf_maker import build
from offkit.elf.cache import BadCache, CacheEntry, parse
from offkit.elf.reader import BadElf, Elf, NotElf, read
from offkit.elf.search import system_dirs

TINY = build(
    needed=["libc.so.6", "libm.so.6"],
    soname="x.so",
    rpath="$ORIGIN",
    needs={"libc.so.6": ["GLIBC_2.17"], "libm.so.6": ["GLIBC_2.29"]},
    defines=["X_1", "X_2"],
    interpreter="/lib64/ld.so",
)
with open(os.path.realpath(sys.executable), "rb") as _source:
    REAL = _source.read(64 * 1024)  # headers and, for most builds, the dynamic string table

edits = st.lists(st.tuples(st.integers(0, 1 << 16), st.binary(min_size=1, max_size=8)), max_size=12)


def mutated(data, changes, length):
    out = bytearray(data)
    for at, new in changes:
        start = at % len(out)
        out[start : start + len(new)] = new
    return bytes(out[:length])


def value_or_error(data):
    try:
        elf = read(data)
    except (NotElf, BadElf) as error:
        return type(error)
    assert isinstance(elf, Elf)
    assert all(isinstance(name, str) for name in elf.needed)
    return elf


@given(st.binary(max_size=400), st.booleans())
def test_random_bytes(data, magic):
    """With and without the ELF magic in front."""
    value_or_error((b"\x7fELF" if magic else b"") + data)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.sampled_from([TINY, REAL]), edits, st.integers(0, len(REAL)))
def test_mutated_files_read_the_same_as_bytes_and_as_files(base, changes, length):
    """A few bytes changed, the end cut off: one outcome, however the file is given."""
    data = mutated(base, changes, length)
    from_file = None
    try:
        from_file = read(io.BytesIO(data))
    except (NotElf, BadElf) as error:
        from_file = type(error)
    assert from_file == value_or_error(data)


@given(st.lists(st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1), max_size=6))
def test_names_come_back(names):
    """What NEEDED says is what is read."""
    assert read(build(needed=names)).needed == tuple(names)


def _cache(entries):
    import struct

    table, strings = b"", b""
    base = 48 + 24 * len(entries)
    for entry in entries:
        key = base + len(strings)
        strings += entry.soname.encode() + b"\0"
        value = base + len(strings)
        strings += entry.path.encode() + b"\0"
        table += struct.pack("<iIIIQ", entry.flags, key, value, entry.osversion, entry.hwcap)
    head = b"glibc-ld.so.cache1.1" + struct.pack("<II", len(entries), len(strings)) + b"\0" * 20
    return head + table + strings


CACHE = _cache([CacheEntry("lib{}.so".format(n), "/lib64/lib{}.so".format(n), 0x303, 0, 0) for n in range(5)])


@given(st.one_of(st.just(CACHE), st.just(b"ld.so-1.7.0\0" + b"\1\0\0\0" + CACHE)), edits, st.integers(0, 400))
def test_mutated_caches(base, changes, length):
    """Entries or BadCache."""
    try:
        entries = parse(mutated(base, changes, length))
    except BadCache:
        return
    assert all(isinstance(entry, CacheEntry) for entry in entries)


@given(st.binary(max_size=200))
def test_default_directories_of_anything(data):
    """Always absolute, never none."""
    found = system_dirs(data)
    assert found
    assert all(path.startswith("/") for path in found)
