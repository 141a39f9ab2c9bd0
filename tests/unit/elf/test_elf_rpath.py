"""A program with another DT_RPATH is the same program, and its loader looks there first."""

import os
import re
import shutil
import stat
import struct
import subprocess
import sys

import pytest

from elf_maker import build
from offkit.elf import reader, rpath

OURS = "$ORIGIN/../offkit/lib64"
MAIN = """
#include <dlfcn.h>
#include <stdio.h>
int main(int argc, char **argv) {
    for (int i = 1; i < argc; i++)
        puts(dlopen(argv[i], RTLD_NOW) ? "ok" : dlerror());
    return 0;
}
"""


def interpreter():
    with open(os.path.realpath(sys.executable), "rb") as source:
        return source.read()


def write(path, data):
    os.makedirs(os.path.dirname(str(path)), exist_ok=True)
    with open(str(path), "wb") as sink:
        sink.write(data)
    os.chmod(str(path), stat.S_IRWXU)
    return str(path)


def output(*argv, **variables):
    done = subprocess.run(
        argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=dict({"LC_ALL": "C"}, **variables)
    )
    return done.returncode, done.stdout.decode("utf-8", "replace")


def test_this_python_starts_with_another_rpath(tmp_path):
    """All but the RPATH is read as before, and it runs."""
    data = interpreter()
    before = reader.read(data)
    rest = [path for path in (before.rpath or before.runpath or "").split(":") if path]
    wanted = ":".join([OURS, *rest])
    changed = rpath.rewrite(data, wanted)
    after = reader.read(changed)
    assert (after.rpath, after.runpath) == (wanted, None)
    assert after.needed == before.needed
    assert after.needs == before.needs
    copy = write(tmp_path / "bin" / "python", changed)
    home = sys.base_prefix
    code, said = output(copy, "-S", "-c", "import zlib, sys; print(sys.version_info[:2])", PYTHONHOME=home)
    assert (code, said.strip()) == (0, repr(tuple(sys.version_info[:2])))


def test_again_changes_nothing_and_another_replaces():
    """What was appended is replaced, never appended to."""
    data = interpreter()
    once = rpath.rewrite(data, OURS)
    assert rpath.rewrite(once, OURS) == once
    longer = rpath.rewrite(once, OURS + ":/" + "x" * 200)
    assert reader.read(longer).rpath.endswith("x" * 200)
    assert rpath.rewrite(longer, OURS) == once


def test_library_and_other_classes_are_refused():
    """Each with its reason."""
    for data, why in (
        (build(needed=["libc.so.6"]), "has no loader"),
        (build(needed=["libc.so.6"], interpreter="/ld.so", bits=32, machine=3), "64-bit"),
        (build(needed=["libc.so.6"], interpreter="/ld.so", little=False, machine=22), "little-endian"),
        (build(needed=["libc.so.6"], interpreter="/ld.so"), "PT_NOTE"),
    ):
        with pytest.raises(rpath.Unfit, match=why):
            rpath.rewrite(data, OURS)


def test_no_elf_file_is_refused():
    with pytest.raises(reader.NotElf):
        rpath.rewrite(b"#!/bin/sh\n", OURS)


needs_gcc = pytest.mark.skipif(not shutil.which("gcc"), reason="no gcc")


def link(tmp_path, name, source, *flags):
    path = tmp_path / name
    os.makedirs(str(path.parent), exist_ok=True)
    code = tmp_path / "source.c"
    code.write_text(source)
    done = subprocess.run(["gcc", "-O1", "-o", str(path), str(code), *flags], stderr=subprocess.PIPE)
    if done.returncode:
        pytest.skip(done.stderr.decode("utf-8", "replace"))
    return path


@needs_gcc
@pytest.mark.parametrize("kind", ["-pie", "-no-pie"])
@pytest.mark.parametrize(
    "tags",
    [
        (),
        ("-Wl,-rpath,/nowhere,--disable-new-dtags",),
        ("-Wl,-rpath,/nowhere,--enable-new-dtags",),
        ("-Wl,-z,now", "-Wl,-z,relro", "-Wl,--build-id=none"),
        ("-Wl,--spare-dynamic-tags=0",),
        ("-Wl,-z,nognustack", "-s"),
        ("-Wl,-z,max-page-size=0x200000",),
    ],
    ids=["plain", "rpath", "runpath", "relro", "no-spare-tag", "stripped", "large-pages"],
)
def test_compiled_programs_find_what_lies_there(tmp_path, kind, tags):
    """An object without RUNPATH, opened by name or needed by another, is found; and ldd, readelf and
    the reader agree."""
    program = link(tmp_path, "bin/program", MAIN, kind, *tags, "-ldl")
    fpic = ("-shared", "-fPIC")
    inner = link(tmp_path, "offkit/lib64/libinner.so", "int inner(void) { return 1; }", *fpic)
    outer = "int inner(void); int outer(void) { return inner(); }"
    module = link(tmp_path, "module.so", outer, *fpic, str(inner), "-Wl,-soname,module.so")
    # The linker wrote libinner.so's path, since it has no soname.
    module = link(
        tmp_path, "module.so", outer, *fpic, "-L" + str(inner.parent), "-linner", "-Wl,--disable-new-dtags"
    )
    assert "cannot open" in output(str(program), str(module))[1]
    data = program.read_bytes()
    changed = rpath.rewrite(data, OURS)
    copy = write(tmp_path / "bin" / "copy", changed)
    assert output(copy, str(module), "libinner.so") == (0, "ok\nok\n")
    assert reader.read(changed).rpath == OURS
    if shutil.which("readelf"):
        said = output("readelf", "-Wd", copy)[1]
        assert re.search(r"\(RPATH\).*\[" + re.escape(OURS) + r"\]", said), said
        assert "RUNPATH" not in said
        assert "Warning" not in said
        assert "Error" not in said
        assert "rror" not in output("readelf", "-WlS", copy)[1]
    assert "libc.so.6 =>" in output("ldd", copy)[1]
    again = write(tmp_path / "bin" / "again", rpath.rewrite(changed, OURS + ":/elsewhere"))
    assert output(again, str(module)) == (0, "ok\n")


@needs_gcc
@pytest.mark.parametrize("flag", ["-static", "-static-pie"])
def test_static_programs_are_refused(tmp_path, flag):
    """No loader reads their RPATH."""
    program = link(tmp_path, "static", "int main(void) { return 0; }", flag)
    with pytest.raises(rpath.Unfit, match="has no loader"):
        rpath.rewrite(program.read_bytes(), OURS)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"bits": 32}, "is not a 64-bit little-endian program"),
        ({"little": False}, "is not a 64-bit little-endian program"),
        ({"interpreter": ""}, "has no loader"),
        ({"strings": (0, 0)}, "has no dynamic string table"),
    ],
)
def test_what_cannot_be_given_one(change, why):
    """Another kind of machine's, and what no loader reads."""
    elf = reader.read(build(needed=["libc.so.6"], interpreter="/lib64/ld-linux-x86-64.so.2", kind=2))
    rpath._must_fit(elf)
    with pytest.raises(rpath.Unfit, match=why):
        rpath._must_fit(elf._replace(**change))


def segments(data):
    """[(kind, flags, offset, address, physical, in the file, in memory, alignment)]"""
    count = struct.unpack_from("<H", data, 56)[0]
    return [struct.unpack_from("<IIQQQQQQ", data, 64 + 56 * number) for number in range(count)]


def program(**more):
    """A small program with a note in the place of PT_GNU_STACK."""
    data = bytearray(build(needed=["libc.so.6"], interpreter="/lib64/ld.so", kind=2, **more))
    at = next(64 + 56 * n for n, each in enumerate(segments(data)) if each[0] == 0x6474E551)
    struct.pack_into("<I", data, at, 4)
    return bytes(data)


@pytest.mark.parametrize(("machine", "page"), [(62, 0x1000), (183, 0x10000)])
def test_the_segment_that_is_appended(machine, page):
    """In whole pages behind all that is loaded; the note is gone, the others are where they were."""
    data = program(machine=machine)
    before, changed = segments(data), rpath.rewrite(data, OURS)
    after = segments(changed)
    loads = [each for each in after if each[0] == 1]
    assert [each[0] for each in before] == [1, 2, 4, 3]
    assert [each[0] for each in after] == [1, 1, 2, 3]
    kind, flags, offset, vaddr, paddr, filesz, memsz, align = loads[1]
    assert (kind, flags & 5, align, paddr, memsz) == (1, 4, page, vaddr, filesz)
    assert offset == -(-len(data) // page) * page
    assert vaddr == -(-(before[0][3] + before[0][6]) // page) * page
    assert (offset % page, vaddr % page, offset + filesz) == (0, 0, len(changed))
    assert changed[offset : offset + 16] == b"offkit rpath 1\0\0"
    elf = reader.read(data)
    assert struct.unpack_from("<Q", changed, offset + 16) == (elf.strings[1],)
    assert changed.endswith(OURS.encode() + b"\0")
    own = reader.read(changed)
    assert own == elf._replace(rpath=OURS, strings=own.strings, loads=own.loads)
    assert own.loads == tuple(sorted({*elf.loads, (vaddr - offset, page)}))
    assert after[0] == before[0]
    assert after[3] == before[3]


def test_one_that_has_it_already_stays():
    """To the byte; but not where a RUNPATH stands beside it."""
    data = program(rpath=OURS)
    assert rpath.rewrite(data, OURS) is data
    both = rpath.rewrite(program(rpath=OURS, runpath="/x"), OURS)
    assert (reader.read(both).rpath, reader.read(both).runpath) == (OURS, None)


def test_notes_of_properties_go_last():
    """They may switch features of the processor on."""
    data = bytearray(program())
    note = next(64 + 56 * n for n, each in enumerate(segments(data)) if each[0] == 4)
    assert [each[0] for each in segments(rpath.rewrite(bytes(data), OURS))].count(4) == 0
    names = [
        rpath._Segment(kind, 0, offset, 0, 0, 0, 0, 0)
        for kind, offset in ((4, 10), (4, 20), (0x6474E553, 20))
    ]
    elf = reader.read(bytes(data))
    kept, image, size = rpath._without_old(names, bytes(data), elf)
    assert [(each.kind, each.offset) for each in kept] == [(4, 20), (0x6474E553, 20)]
    assert (bytes(image), size) == (bytes(data), elf.strings[1])
    kept, _, _ = rpath._without_old(names[:2], bytes(data), elf)
    assert [each.offset for each in kept] == [10]
    assert note > 64


def test_programs_that_cannot_be_changed():
    """Said in words: addresses without end, a damaged segment of ours, a program that would be another."""
    data = bytearray(program())
    load = next(64 + 56 * n for n, each in enumerate(segments(data)) if each[0] == 1)
    far = bytearray(data)
    struct.pack_into("<Q", far, load + 40, 1 << 56)
    with pytest.raises(rpath.Unfit, match=r"^uses implausible addresses$"):
        rpath.rewrite(bytes(far), OURS)
    changed = bytearray(rpath.rewrite(bytes(data), OURS))
    own = [each for each in segments(changed) if each[0] == 1][1][2]
    for size in (0, 10**6):
        struct.pack_into("<Q", changed, own + 16, size)
        with pytest.raises(reader.BadElf, match=r"^the segment that offkit appended is damaged$"):
            rpath.rewrite(bytes(changed), OURS + "x")
    with pytest.raises(rpath.Unfit, match=r"^would no longer be the same program$"):
        rpath._check(bytes(data), reader.read(bytes(data)), OURS)
