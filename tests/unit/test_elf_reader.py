"""The ELF reader: what is in the dynamic segment, in every class and byte order."""

import contextlib
import glob
import io
import os
import sys
import sysconfig
import zipfile

import pytest

from elf_maker import build
from offkit.elf.reader import BadElf, NotElf, VersionNeed, mentions, read

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


def test_mentions_finds_whole_names_only():
    """PyInit_cv2 is in the string table; PyInit_cv is not."""
    data = build(exports=["PyInit_cv2"])
    elf = read(data)
    assert mentions(data, elf, "PyInit_cv2")
    assert not mentions(data, elf, "PyInit_cv")
    assert not mentions(data, elf, "Init_cv2")


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
