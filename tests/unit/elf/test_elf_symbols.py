"""Which symbols an ELF file defines and which it wants, of every class and byte order; and no more of what is
damaged than there is."""

import contextlib
import io
import os
import struct
import sys

import pytest

from elf_maker import build
from offkit.elf.reader import BadElf
from offkit.elf.symbols import Symbols, Table, likely_in

KINDS = [{}, {"bits": 32, "machine": 3}, {"little": False, "machine": 22}]


def table(**fields):
    return Table(io.BytesIO(build(**fields)))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("versions", [{}, {"libc.so.6": ["V_1"]}])
def test_what_it_defines_and_what_it_wants(kind, versions):
    """Data is wanted when it is loaded, a function when it is called."""
    read = table(exports=["a", "bb"], wants=["w"], calls=["f", "a b"], needs=versions, **kind)
    assert read.wanted() == {b"w", b"f", b"a b"}
    assert read.having([b"a", b"bb", b"b", b"w", b""]) == {b"a", b"bb"}
    assert read.at_once({b"a", b"f", b"w"}) == {b"w": True, b"f": False}


def test_nothing():
    read = table()
    assert (read.wanted(), read.having([b"a"]), read.at_once({b"a"})) == (set(), set(), {})


@pytest.mark.parametrize(
    ("field", "value", "found"),
    [
        ("info", 0x00, False),  # STB_LOCAL
        ("info", 0x20, True),  # STB_WEAK
        ("info", 0xA0, True),  # STB_GNU_UNIQUE
        ("info", 0x13, False),  # STT_SECTION
        ("info", 0x1A, True),  # STT_GNU_IFUNC
        ("other", 1, False),  # STV_INTERNAL
        ("other", 2, False),  # STV_HIDDEN
        ("other", 3, True),  # STV_PROTECTED
        ("value", 0, False),
        ("section", 0, False),
        ("version", 0x8003, False),  # not the default one
        ("version", 0x8002, True),  # the only one that a lookup without a version sees
        ("version", 3, True),
    ],
)
def test_what_a_lookup_ends_at(field, value, found):
    """glibc's check_match in elf/dl-lookup.c."""
    data = bytearray(build(exports=["name"], soname="liba.so"))
    tags = dict(_entries(data))
    at = tags[6] + 24
    places = {"info": (at + 4, "B"), "other": (at + 5, "B"), "section": (at + 6, "H"), "value": (at + 8, "Q")}
    if field == "version":
        data = bytearray(build(exports=["name"], soname="liba.so", defines=["V_1"]))
        places["version"] = (dict(_entries(data))[0x6FFFFFF0] + 2, "H")
    struct.pack_into("<" + places[field][1], data, places[field][0], value)
    assert Table(io.BytesIO(data)).having([b"name"]) == ({b"name"} if found else set())


def test_a_symbol_that_is_weak_is_wanted_by_nobody():
    data = bytearray(build(wants=["w"]))
    struct.pack_into("B", data, dict(_entries(data))[6] + 24 + 4, 0x20)
    assert Table(io.BytesIO(data)).wanted() == set()


def test_what_has_no_hash_table_defines_nothing():
    """The loader counts and finds by that alone."""
    data = build(exports=["a"], wants=["w"])
    without = data.replace(struct.pack("<QQ", 4, dict(_entries(data))[4]), struct.pack("<QQ", 21, 0))
    read = Table(io.BytesIO(without))
    assert (read.wanted(), read.having([b"a"])) == (set(), set())


def test_a_chain_without_an_end():
    """DT_HASH that leads in a circle, past the table, and announces more symbols than there are."""
    data = bytearray(build(exports=["a", "b"]))
    at = dict(_entries(data))[4]
    struct.pack_into("<IIIIII", data, at, 1, 3, 1, 0, 2, 1)
    with pytest.raises(BadElf, match="no end"):
        Table(io.BytesIO(data)).having([b"c"])
    struct.pack_into("<II", data, at, 0, 1 << 31)
    assert Table(io.BytesIO(data)).having([b"a"]) == set()


def test_names_that_overlap_without_measure():
    """A few bytes would be read as gigabytes."""
    data = bytearray(build(wants=["x" * 200] + ["n"] * 50))
    start = dict(_entries(data))[6]
    for number in range(1, 52):
        struct.pack_into("<I", data, start + 24 * number, 1)
    with pytest.raises(BadElf):
        Table(io.BytesIO(data)).wanted()


def test_a_file_is_asked_again_and_again():
    """It is opened for names that nobody asked for before."""
    opened = []

    def opens():
        opened.append(1)
        return contextlib.closing(io.BytesIO(build(exports=["a1", "a2"], wants=["w"])))

    symbols = Symbols(opens)
    assert symbols.lacks({b"a1", b"b"}) == {b"b"}
    assert symbols.lacks({b"a1", b"b"}) == {b"b"}
    assert symbols.less({b"a1", b"a2", b"b"}) == {b"a2", b"b"}
    assert len(opened) == 1
    assert symbols.lacks({b"a1", b"a2", b"b"}) == {b"b"}
    assert len(opened) == 2
    assert symbols.wanted() == {b"w"}
    assert symbols.at_once({b"w", b"a1"}) == {b"w": True}
    assert symbols.having({b"a1", b"b"}) == {b"a1"}


def test_a_table_that_ends_before_its_filter():
    """DT_GNU_HASH in the last bytes of the file: nothing is found there, however often it is asked."""
    data = build(exports=["a"])
    entry = struct.pack("<QQ", 4, dict(_entries(data))[4])
    data = data.replace(entry, struct.pack("<QQ", 0x6FFFFEF5, len(data) - 16))
    symbols = Symbols(lambda: contextlib.closing(io.BytesIO(data[:-16] + struct.pack("<IIII", 1, 1, 1, 0))))
    assert symbols.lacks({b"a"}) == {b"a"}
    assert symbols.lacks({b"a", b"b"}) == {b"a", b"b"}


@pytest.mark.parametrize("data", [b"", b"text", b"\x7fELF" + b"\2" * 60])
def test_what_cannot_be_read_is_not_known(data):
    """It wants nothing, and nobody says that it lacks something."""
    symbols = Symbols(lambda: contextlib.closing(io.BytesIO(data)))
    assert (symbols.wanted(), symbols.lacks({b"a"}), symbols.having({b"a"})) == (set(), set(), set())

    def gone():
        raise FileNotFoundError("gone")

    assert Symbols(gone).lacks({b"a"}) == set()


@pytest.mark.skipif(sys.byteorder != "little" or sys.maxsize < 1 << 32, reason="its ELF files are others")
def test_real_files_by_their_sections():
    """Hash tables, Bloom filters and versions of what this Python consists of lead to the symbols that the
    section headers, which no loader reads, have too."""
    with open("/proc/self/maps") as maps:
        mapped = {line.split(None, 5)[-1].strip() for line in maps if " r-xp " in line and "/" in line}
    files = sorted(path for path in mapped if os.path.isfile(path))
    assert len(files) > 3
    for path in files:
        with open(path, "rb") as source:
            defined, wanted = _by_sections(source.read())
            read = Table(source)
            others = [b"no" + name for name in defined] + [name[:-1] for name in defined]
            assert read.having([*defined, *others]) == defined.union(defined.intersection(others)), path
            assert read.wanted() == wanted, path
            assert likely_in(set(read.defined()), defined) == defined, path
            assert all(read.having([name]) for name in list(defined)[:50])


def test_hashes_of_what_a_file_defines():
    """Also of one that has none itself (DT_HASH); nothing that it wants is among them."""
    there = set(table(exports=["a", "bb"], wants=["w"]).defined())
    assert likely_in(there, {b"a", b"bb", b"w", b"c"}) == {b"a", b"bb"}
    assert not table(wants=["w"]).defined()


def _by_sections(data):
    """(names that a lookup without a version finds, names without a version that are wanted)"""
    (start,) = struct.unpack_from("<Q", data, 40)
    size, count = struct.unpack_from("<HH", data, 58)
    sections = [struct.unpack_from("<IIQQQQIIQQ", data, start + number * size) for number in range(count)]
    versions = [each for each in sections if each[1] == 0x6FFFFFFF]
    defined, wanted = set(), set()
    for _, kind, _, _, offset, length, link, *_ in sections:
        for number in range(length // 24 if kind == 11 else 0):  # SHT_DYNSYM
            name, info, other, section, value, _ = struct.unpack_from("<IBBHQQ", data, offset + 24 * number)
            at = sections[link][4] + name
            text = data[at : data.index(b"\0", at)]
            version = struct.unpack_from("<H", data, versions[0][4] + 2 * number)[0] if versions else 1
            seen = info >> 4 and other & 3 not in (1, 2) and info & 15 not in (3, 4)
            if section and seen and (value or section == 0xFFF1 or info & 15 == 6):
                defined.update([text] * (version < 0x8003))
            elif not section and not value and text and info >> 4 in (1, 10) and version & 0x7FFF < 2:
                wanted.add(text)
    return defined, wanted


def _entries(data):
    (at,) = [
        offset
        for kind, _, offset, *_ in struct.iter_unpack("<IIQQQQQQ", bytes(data[64 : 64 + 56 * data[56]]))
        if kind == 2
    ]
    for tag, value in struct.iter_unpack("<QQ", bytes(data[at:])):
        if not tag:
            return
        yield tag, value
