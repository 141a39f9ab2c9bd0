"""The ELF reader: what is in the dynamic segment, in every class and byte order."""

import contextlib
import glob
import importlib
import io
import os
import struct
import sys
import sysconfig
import zipfile

import pytest

from elf_maker import build
from offkit.elf.reader import BadElf, NotElf, VersionNeed, read

EVERY_KIND = [(64, True, 62), (64, False, 22), (32, True, 3), (32, False, 8)]


@pytest.mark.parametrize(("bits", "little", "machine"), EVERY_KIND)
def test_every_field_in_every_class_and_order(bits, little, machine):
    """One file with everything reads the same in 32 and 64 bits, both byte orders."""
    elf = read(
        build(
            needed=["libc.so.6", "libm.so.6"],
            soname="libx.so.1",
            rpath="$ORIGIN/.libs",
            runpath="/opt/lib",
            needs={"libc.so.6": ["GLIBC_2.17", "GLIBC_2.28"]},
            weak={"libm.so.6": ["GLIBC_2.35"]},
            defines=["X_1", "X_2"],
            nodeflib=True,
            interpreter="/lib64/ld.so",
            bits=bits,
            little=little,
            machine=machine,
        )
    )
    assert elf.arch == (bits, little, machine)
    assert (elf.kind, elf.interpreter, elf.soname) == (3, "/lib64/ld.so", "libx.so.1")
    assert elf.needed == ("libc.so.6", "libm.so.6")
    assert (elf.rpath, elf.runpath, elf.nodeflib) == ("$ORIGIN/.libs", "/opt/lib", True)
    assert elf.needs == (
        VersionNeed("libc.so.6", "GLIBC_2.17", False),
        VersionNeed("libc.so.6", "GLIBC_2.28", False),
        VersionNeed("libm.so.6", "GLIBC_2.35", True),
    )
    assert (elf.versioned, elf.defines) == (True, ("X_1", "X_2"))


def test_what_is_absent():
    """Nothing there is "", () or None, and an empty RUNPATH is not an absent one."""
    elf = read(build())
    assert (elf.needed, elf.soname, elf.interpreter) == ((), "", "")
    assert (elf.rpath, elf.runpath, elf.nodeflib) == (None, None, False)
    assert (elf.needs, elf.defines, elf.versioned) == ((), (), False)
    assert read(build(runpath="")).runpath == ""


def test_names_of_architectures():
    """Messages say x86_64, not 62."""
    assert read(build()).arch_name == "x86_64"
    assert read(build(bits=32, machine=3)).arch_name == "i386"
    assert read(build(bits=32)).arch_name == "x86_64 (32 bit)"
    assert read(build(machine=999)).arch_name == "machine 999"


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"", NotElf),
        (b"\x7fEL", NotElf),
        (b"INPUT(-lncurses)\n", NotElf),
        (b"\x7fELF", BadElf),
        (b"\x7fELF\x09\x01" + b"\0" * 60, BadElf),
        (build(needed=["libc.so.6"])[:60], BadElf),
        (build(needed=["libc.so.6"])[:-40], BadElf),
    ],
)
def test_what_is_no_elf_file(data, error):
    """Text and emptiness are NotElf; damage behind the magic is BadElf; both are ValueErrors."""
    with pytest.raises(error):
        read(data)
    assert issubclass(error, ValueError)


def test_truncation_anywhere_is_a_typed_error():
    """Cut at every byte: a value where nothing was lost, an error of ours otherwise."""
    data = build(needed=["libc.so.6"], soname="a.so", needs={"libc.so.6": ["GLIBC_2.2.5"]}, defines=["A"])
    for length in range(len(data)):
        with pytest.raises((NotElf, BadElf)):
            read(data[:length])


def test_files_and_zip_members(tmp_path):
    """An open file and a wheel's member give what the bytes give."""
    data = build(needed=["libSM.so.6"])
    path = tmp_path / "x.whl"
    with zipfile.ZipFile(str(path), "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("cv2/cv2.so", data)
    with zipfile.ZipFile(str(path)) as archive:
        assert read(archive.read("cv2/cv2.so")).needed == ("libSM.so.6",)
    assert read(io.BytesIO(data)) == read(data)


def test_agrees_with_pyelftools():
    """Over the interpreter's and the environment's own shared objects, field by field."""
    elftools = pytest.importorskip("elftools.elf.elffile")
    from elftools.elf.gnuversions import GNUVerDefSection, GNUVerNeedSection

    tops = [os.path.join(sysconfig.get_path("stdlib"), "lib-dynload"), sysconfig.get_path("platlib")]
    paths = [path for top in tops for path in glob.glob(top + "/**/*.so*", recursive=True)]
    paths += [os.path.realpath(sys.executable), *glob.glob("/lib/x86_64-linux-gnu/lib[a-e]*.so.*")]
    compared = 0
    for path in paths:
        with open(path, "rb") as source:
            elf = read(source)
            source.seek(0)
            other = elftools.ELFFile(source)
            dynamic = {"DT_NEEDED": [], "DT_SONAME": [], "DT_RPATH": [], "DT_RUNPATH": []}
            for segment in other.iter_segments("PT_DYNAMIC"):
                for tag in segment.iter_tags():
                    if tag.entry.d_tag in dynamic:
                        field = tag.entry.d_tag[3:].lower()
                        dynamic[tag.entry.d_tag].append(getattr(tag, field))
            assert list(elf.needed) == dynamic["DT_NEEDED"], path
            assert [elf.soname] == (dynamic["DT_SONAME"] or [""]), path
            assert [elf.rpath] == (dynamic["DT_RPATH"] or [None]), path
            assert [elf.runpath] == (dynamic["DT_RUNPATH"] or [None]), path
            needs, defines = [], []
            for section in other.iter_sections():
                if isinstance(section, GNUVerNeedSection):
                    for need, versions in section.iter_versions():
                        needs += [(need.name, version.name) for version in versions]
                elif isinstance(section, GNUVerDefSection):
                    for definition, names in section.iter_versions():
                        if not definition["vd_flags"] & 1:
                            defines.append(next(iter(names)).name)
            assert [(need.file, need.version) for need in elf.needs] == needs, path
            assert list(elf.defines) == defines, path
            compared += 1
    assert compared > 100


def test_the_other_class_in_a_good_file():
    """EI_CLASS flipped: the header then lies differently, with no program headers of no size."""
    data = bytearray(build(needed=["libc.so.6"]))
    for value in range(256):
        data[4] = value
        with contextlib.suppress(BadElf, NotElf):
            read(bytes(data))


@pytest.mark.parametrize("source", [bytes, io.BytesIO])
def test_a_segment_that_the_file_does_not_hold(source):
    """The dynamic segment is whole, the data behind it is not: touching it would be SIGBUS."""
    with open(sys.executable, "rb") as file:
        data = file.read()
    real = read(source(data))
    assert real.needed
    end = max(
        int.from_bytes(data[at + 8 : at + 16], "little") + int.from_bytes(data[at + 32 : at + 40], "little")
        for at in range(64, 64 + 56 * int.from_bytes(data[56:58], "little"), 56)
        if data[at] == 1
    )
    assert read(source(data[:end])) == real
    with pytest.raises(BadElf, match="a segment ends at byte {}".format(end)):
        read(source(data[: end - 1]))


class Patched:
    """A 64-bit little-endian file with everything in it, of which parts can be changed."""

    def __init__(self, **more):
        settings = {
            "needed": ["libc.so.6"],
            "soname": "libx.so.1",
            "needs": {"libc.so.6": ["A_1", "A_2"], "libm.so.6": ["B_1"]},
            "defines": ["X_1", "X_2"],
            "interpreter": "/lib64/ld.so",
        }
        settings.update(more)
        self.data = bytearray(build(**settings))

    def segment(self, kind):
        """Where the program header of that kind is."""
        return next(at for at in range(64, 64 + 56 * self.data[56], 56) if self.get("<I", at) == kind)

    def get(self, form, at):
        return struct.unpack_from(form, self.data, at)[0]

    def put(self, form, at, *values):
        struct.pack_into(form, self.data, at, *values)
        return self

    def tag(self, number):
        """Where the entry of the dynamic segment with that tag is."""
        at = self.get("<Q", self.segment(2) + 8)
        while self.get("<Q", at) != number:
            at += 16
        return at

    def value(self, number):
        return self.get("<Q", self.tag(number) + 8)

    def set(self, number, value):
        return self.put("<Q", self.tag(number) + 8, value)

    def error(self):
        with pytest.raises(BadElf) as caught:
            read(bytes(self.data))
        return str(caught.value)

    def read(self):
        return read(bytes(self.data))


STRTAB, STRSZ, NEEDED, SONAME = 5, 10, 1, 14
VERDEF, VERDEFNUM, VERNEED, VERNEEDNUM = 0x6FFFFFFC, 0x6FFFFFFD, 0x6FFFFFFE, 0x6FFFFFFF


def test_what_is_wrong_is_said():
    """In the words of whoever has to understand it."""
    assert Patched().put("B", 4, 3).error() == "unknown ELF class or byte order"
    assert Patched().put("B", 5, 0).error() == "unknown ELF class or byte order"
    assert Patched().put("<H", 54, 55).error() == "unexpected program header size of 55 bytes"
    assert Patched().put("<Q", 32, 2**62).error() == "offset {} is outside any file".format(2**62)
    far = Patched()
    bytes_wanted = 56 * far.data[56]
    assert far.put("<Q", 32, 10**6).error() == "truncated: {} bytes expected at offset 1000000".format(
        bytes_wanted
    )
    short = Patched()
    end = len(short.data)
    short.data = short.data[:-1]
    assert short.error() == "truncated: a segment ends at byte {}".format(end)
    for tag in (STRTAB, VERNEED, VERDEF):
        assert Patched().set(tag, 10**9).error() == "address 0x3b9aca00 is in no segment of the file"
    for tag in (NEEDED, SONAME):
        assert Patched().set(tag, 10**6).error() == "a name is outside the string table"
    odd = Patched()
    assert odd.set(SONAME, odd.value(STRSZ)).error() == "a name is outside the string table"
    assert Patched().put("<H", Patched().value(VERNEED), 2).error() == "unknown Verneed version 2"
    assert Patched().put("<H", Patched().value(VERDEF), 0).error() == "unknown Verdef version 0"
    name = Patched()
    assert name.put("<Q", name.segment(3) + 32, 4097).error() == "the interpreter's name is unterminated"
    with pytest.raises(NotElf, match=r"^no ELF header$"):
        read(b"#!/bin/sh")


@pytest.mark.parametrize("number", [NEEDED, SONAME, 15, 29, VERNEED, VERDEF])
def test_names_need_a_table(number):
    """Whatever has a name, where there is no string table; a file without names needs none."""
    file = Patched(needed=(), soname="", needs=None, defines=(), interpreter="")
    file.put("<Q", file.tag(STRTAB), 0x70000001)
    assert file.read().strings == (0, 0)
    assert file.read().needed == ()
    file.put("<Q", file.tag(STRSZ), number)
    assert file.error() == "names without a string table"


def test_a_string_table_that_does_not_end():
    """Short names and long ones, up to a limit."""
    long = "n" * 4095
    assert read(build(soname=long)).soname == long
    assert read(build(soname="n" * 255)).soname == "n" * 255
    for length in (4096, 5000):
        with pytest.raises(BadElf, match=r"^a name in the string table is unterminated$"):
            read(build(soname="n" * length))
    file = Patched(needs=None, defines=(), soname="abc", needed=())
    file.set(STRSZ, file.value(SONAME) + 3)
    assert file.error() == "a name in the string table is unterminated"
    assert file.set(STRSZ, file.value(SONAME) + 4).read().soname == "abc"


def test_a_dynamic_segment_that_does_not_end():
    """The file ends before it does; where the segment says so, it ends without DT_NULL."""
    file = Patched()
    at = file.segment(2)
    start, size = file.get("<Q", at + 8), file.get("<Q", at + 32)
    whole = file.read()
    file.put("<Q", start + size - 16, 0x70000001)  # instead of DT_NULL
    assert file.read() == whole
    file.put("<Q", at + 32, size + 16)
    assert file.error() == "truncated: the dynamic segment is unterminated"
    file.put("<Q", at + 32, size - 1)  # the last entry is not whole
    assert file.error() == "truncated: the dynamic segment is unterminated"
    assert Patched().put("<I", at, 0x70000000).read().needed == ()


def test_the_first_segment_of_a_kind_counts():
    """As the loader has it; of a tag the last."""
    file = Patched()
    file.put("<I", file.segment(0x6474E551), 2)  # an empty second dynamic segment
    assert file.read().soname == "libx.so.1"
    file = Patched()
    file.put("<I", file.segment(0x6474E551), 3)  # an empty name, before the other one
    assert file.read().interpreter == ""
    file = Patched(rpath="/a", runpath="/b")
    file.put("<Q", file.tag(29), 15)
    assert (file.read().rpath, file.read().runpath) == ("/b", None)


def test_as_many_versions_as_there_are():
    """By their number, and no further than the chain goes."""
    whole = Patched().read()
    assert [need.version for need in whole.needs] == ["A_1", "A_2", "B_1"]
    assert [need.version for need in Patched().set(VERNEEDNUM, 1).read().needs] == ["A_1", "A_2"]
    assert Patched().set(VERNEEDNUM, 0).read().needs == ()
    assert Patched().set(VERNEEDNUM, 9).read().needs == whole.needs
    first = Patched().value(VERNEED)
    assert [need.version for need in Patched().put("<H", first + 2, 1).read().needs] == ["A_1", "B_1"]
    assert Patched().put("<H", first + 2, 9).read().needs == whole.needs
    assert Patched().put("<I", first + 12, 0).read().needs == whole.needs[:2]
    assert Patched().set(VERDEFNUM, 2).read().defines == ("X_1",)
    assert Patched().set(VERDEFNUM, 9).read().defines == ("X_1", "X_2")
    assert Patched().set(VERDEFNUM, 0).read().defines == ()
    assert Patched().set(VERDEFNUM, 0).read().versioned
    second = Patched().value(VERDEF) + 28
    assert Patched().put("<H", second + 6, 0).read().defines == ("X_2",)  # it has no name
    assert Patched().put("<H", second + 2, 1).read().defines == ("X_2",)  # the base
    assert Patched().put("<I", second + 16, 0).read().defines == ("X_1",)


def test_versions_without_end(monkeypatch):
    """Bounded in number; chains that go round in circles too."""
    limited = importlib.import_module("offkit.elf.reader")
    monkeypatch.setattr(limited, "_MAX_VERSIONS", 3)
    assert len(Patched().read().needs) == 3
    monkeypatch.setattr(limited, "_MAX_VERSIONS", 2)
    assert Patched().error() == "too many symbol versions"


def note(machine=62, bits=64, *properties):
    """A file whose note has these properties: (kind, contents)."""
    described = b"".join(
        struct.pack("<II", kind, len(contents)) + contents + b"\0" * (-len(contents) % 8)
        for kind, contents in properties
    )
    raw = struct.pack("<III", 4, len(described), 5) + b"GNU\0" + described
    file = Patched(machine=machine, bits=bits)
    if bits == 64:
        at = file.segment(0x6474E551)
        file.put("<I", at, 0x6474E553).put("<Q", at + 8, len(file.data)).put("<Q", at + 32, len(raw))
        file.data += raw
    return file


V3 = (0xC0008002, struct.pack("<I", 0b0111))


@pytest.mark.parametrize(
    ("properties", "level"),
    [
        ([V3], 3),
        ([(0xC0008002, struct.pack("<I", 1))], 1),
        ([(0xC0008002, struct.pack("<I", 0b1000))], 4),
        ([(0xC0008002, struct.pack("<I", 0xF0))], 0),
        ([(0xC0000002, struct.pack("<I", 3)), V3], 3),
        ([(1, b"x" * 9), V3], 3),
        ([(1, b""), V3], 3),
        ([(0xC0008002, b"\7" * 8)], 0),
        ([(0xC0008003, struct.pack("<I", 3))], 0),
        ([], 0),
    ],
)
def test_the_processor_that_a_file_wants(properties, level):
    """The highest of the levels that are named, wherever among the properties."""
    assert note(62, 64, *properties).read().isa == level


def test_notes_that_say_nothing():
    """Of another machine, of another kind, cut off, or longer than they are."""
    assert note(183, 64, V3).read().isa == 0
    good = note(62, 64, V3)
    start = good.get("<Q", good.segment(0x6474E553) + 8)
    for at, value in ((start + 8, 4), (start + 4, 15), (start + 4, 17)):
        assert note(62, 64, V3).put("<I", at, value).read().isa == 0
    cut = note(62, 64, V3)
    cut.put("<Q", cut.segment(0x6474E553) + 32, 15)
    assert cut.read().isa == 0
    short = note(62, 64, V3)
    short.put("<Q", short.segment(0x6474E553) + 32, 16 + 11).put("<I", start + 4, 11)
    assert short.read().isa == 0
    just = note(62, 64, V3)
    just.put("<Q", just.segment(0x6474E553) + 32, 16 + 12).put("<I", start + 4, 12)
    assert just.read().isa == 3


@pytest.mark.parametrize(
    ("machine", "bits", "name"),
    [
        (3, 32, "i386"),
        (21, 64, "ppc64le"),
        (22, 64, "s390x"),
        (40, 32, "arm"),
        (40, 64, "arm (64 bit)"),
        (183, 64, "aarch64"),
        (243, 64, "riscv64"),
        (243, 32, "riscv64 (32 bit)"),
        (1, 64, "machine 1"),
    ],
)
def test_every_architecture(machine, bits, name):
    """By its usual name, with its bits where those are not usual."""
    assert read(build(machine=machine, bits=bits)).arch_name == name


def test_the_order_of_bytes_is_part_of_a_platform():
    """EL is built for the little ones of POWER, which uname calls by another name."""
    assert [read(build(machine=21, little=little)).platform for little in (True, False)] == [
        "ppc64le",
        "ppc64",
    ]
    assert read(build(machine=1)).platform == ""


def test_names_that_are_no_utf8():
    """Are kept as the system would have them."""
    data = build(soname="abc", interpreter="/xyz").replace(b"abc", b"a\xffc").replace(b"/xyz", b"/\xfeyz")
    assert (read(data).soname, read(data).interpreter) == ("a\udcffc", "/\udcfeyz")


@pytest.mark.parametrize("kind", [{}, {"bits": 32, "machine": 3}, {"little": False, "machine": 22}])
def test_what_the_loader_asks_beside_libraries(kind):
    """Flags, thread-local storage and the stack, in each class: their headers lie differently."""
    data = build(filters=["libf.so.1"], flags=0x18, flags_1=0x08000041, tls=99, stack=7, **kind)
    elf = read(data)
    assert (elf.filters, elf.tls[0], elf.stack) == (("libf.so.1",), 99, True)
    assert (elf.bind_now, elf.static_tls, elf.noopen, elf.pie, elf.nodeflib) == (
        True,
        True,
        True,
        True,
        False,
    )
    plain = read(build(**kind))
    assert (plain.filters, plain.tls, plain.stack) == ((), (0, 0), False)
    assert [plain.bind_now, plain.static_tls, plain.noopen, plain.pie] == [False] * 4
    assert read(build(stack=None, **kind)).stack is None
    assert [read(build(flags=8, **kind)).bind_now, read(build(flags_1=1, **kind)).bind_now] == [True, True]
