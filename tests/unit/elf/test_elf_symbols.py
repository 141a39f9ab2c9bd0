"""Which symbols an ELF file defines and which it wants, of every class and byte order; and no more of what is
damaged than there is."""

import contextlib
import io
import struct

import pytest

from elf_maker import build
from offkit.elf.reader import BadElf
from offkit.elf.symbols import Symbols, Table

KINDS = [{}, {"bits": 32, "machine": 3}, {"little": False, "machine": 22}]


def table(**fields):
    return Table(io.BytesIO(build(**fields)))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("versions", [{}, {"libc.so.6": ["V_1"]}])
def test_what_it_defines_and_what_it_wants(kind, versions):
    """Data is wanted when it is loaded, a function when it is called; each by its place."""
    read = table(exports=["a", "bb"], wants=["w"], calls=["f", "a b"], needs=versions, **kind)
    assert read.wanted() == {b"w": 3, b"f": 4, b"a b": 5}
    assert read.defined() == {b"a", b"bb"}
    assert [read.defines(name) for name in (b"a", b"bb", b"b", b"w", b"")] == [
        True,
        True,
        False,
        False,
        False,
    ]
    assert read.at_once([1, 3, 4]) == {3: True, 4: False}


def test_nothing():
    read = table()
    assert (read.wanted(), read.defined(), read.defines(b"a"), read.at_once([1])) == ({}, set(), False, {})


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
    read = Table(io.BytesIO(data))
    assert (read.defines(b"name"), read.defined() == {b"name"}) == (found, found)


def test_a_symbol_that_is_weak_is_wanted_by_nobody():
    data = bytearray(build(wants=["w"]))
    struct.pack_into("B", data, dict(_entries(data))[6] + 24 + 4, 0x20)
    assert Table(io.BytesIO(data)).wanted() == {}


def test_what_has_no_hash_table_defines_nothing():
    """The loader counts and finds by that alone."""
    data = build(exports=["a"], wants=["w"])
    without = data.replace(struct.pack("<QQ", 4, dict(_entries(data))[4]), struct.pack("<QQ", 21, 0))
    read = Table(io.BytesIO(without))
    assert (read.wanted(), read.defined(), read.defines(b"a")) == ({}, set(), False)


def test_a_chain_without_an_end():
    """DT_HASH that leads in a circle, past the table, and announces more symbols than there are."""
    data = bytearray(build(exports=["a", "b"]))
    at = dict(_entries(data))[4]
    struct.pack_into("<IIIIII", data, at, 1, 3, 1, 0, 2, 1)
    with pytest.raises(BadElf, match="no end"):
        Table(io.BytesIO(data)).defines(b"c")
    struct.pack_into("<II", data, at, 0, 1 << 31)
    assert Table(io.BytesIO(data)).defines(b"a") is False


def test_names_that_overlap_without_measure():
    """A few bytes would be read as gigabytes."""
    data = bytearray(build(exports=["x" * 200] + ["n"] * 50))
    start = dict(_entries(data))[6]
    for number in range(1, 52):
        struct.pack_into("<I", data, start + 24 * number, 1)
    with pytest.raises(BadElf):
        Table(io.BytesIO(data)).defined()


def test_a_file_is_asked_again_and_again():
    """A few names are looked up one by one, and once many were asked for it is not opened again."""
    opened = []

    def opens():
        opened.append(1)
        return contextlib.closing(
            io.BytesIO(build(exports=["a{}".format(n) for n in range(40)], wants=["w"]))
        )

    symbols = Symbols(opens)
    names = [b"a%d" % n for n in range(41)]
    assert symbols.lacks(names[38:]) == [b"a40"]
    assert symbols.lacks(names) == [b"a40"]
    assert symbols.lacks(names[38:]) == [b"a40"]
    assert len(opened) == 2
    assert symbols.wanted() == {b"w": 41}
    assert symbols.at_once([b"w", b"a1"]) == {b"w": True}
    assert symbols.defines(b"a1")


@pytest.mark.parametrize("data", [b"", b"text", b"\x7fELF" + b"\2" * 60])
def test_what_cannot_be_read_is_not_known(data):
    """It wants nothing, and nobody says that it lacks something."""
    symbols = Symbols(lambda: contextlib.closing(io.BytesIO(data)))
    assert (symbols.wanted(), symbols.lacks([b"a"]), symbols.defines(b"a")) == ({}, [], False)

    def gone():
        raise FileNotFoundError("gone")

    assert Symbols(gone).lacks([b"a"] * 100) == []


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
