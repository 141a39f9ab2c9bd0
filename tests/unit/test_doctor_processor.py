"""Instruction sets: what files say they need, against what a processor has."""

import struct

import pytest

from elf_maker import build
from offkit.edges.tree import Tree
from offkit.elf import reader
from offkit.target.doctor import environment, processor
from offkit.target.doctor.processor import Processor
from server_maker import SITE, Server

V1 = "fpu sse sse2"
V2 = V1 + " cx16 lahf_lm popcnt pni sse4_1 sse4_2 ssse3"
CPUINFO = "processor\t: 0\nmodel name\t: Old\nflags\t\t: {}\nbugs\t\t: x\n\nprocessor\t: 1\nflags\t\t: x\n"
NUMPY = b"\0NumPy was built with baseline optimizations: \n(%s) but your machine doesn't support:\n(%%s).\0"


def noted(kind, value):
    """An ELF file with a GNU property note in the place of its dynamic segment."""
    note = struct.pack("<III4s", 4, 16, 5, b"GNU\0") + struct.pack("<IIII", kind, 4, value, 0)
    data = bytearray(build())
    header = struct.pack("<IIQQQQQQ", 0x6474E553, 4, len(data), 0, 0, len(note), len(note), 8)
    data[64 + 56 : 64 + 112] = header
    return bytes(data) + note


@pytest.fixture
def server(tmp_path):
    return Server(tmp_path / "root")


def judge(server, flags, isa=()):
    tree = Tree(server.root)
    env = environment.locate(tree, "/opt/env")[0]
    return processor.judge(tree, env, dict(isa), processor.parse(CPUINFO.format(flags)))


@pytest.mark.parametrize(
    ("kind", "value", "level"),
    [(0xC0008002, 1, 1), (0xC0008002, 2, 2), (0xC0008002, 7, 3), (0xC0008002, 8, 4), (0xC0000002, 3, 0)],
)
def test_the_note_of_a_file(kind, value, level):
    """GNU_PROPERTY_X86_ISA_1_NEEDED; other properties say nothing about it."""
    assert reader.read(noted(kind, value)).isa == level


def test_no_note_and_damaged_notes():
    """Nothing is known then, and that is no error."""
    assert reader.read(build()).isa == 0
    whole = noted(0xC0008002, 2)
    for end in range(len(whole) - 32, len(whole)):
        assert reader.read(whole[:end]).isa == 0


def test_a_processor_that_is_too_old(server):
    """One finding for each level, with what is lacking and in which files."""
    path = SITE + "/x/core.so"
    (finding,) = judge(server, V1 + " cx16 lahf_lm popcnt pni", [(path, 2)])
    assert (finding.code, finding.severity, finding.subject) == ("ENV012", "error", "x86-64-v2")
    assert finding.message == "x/core.so was built for x86-64-v2; this processor has no sse4_1 sse4_2 ssse3"
    assert finding.looked_in == (path,)


def test_a_processor_that_will_do(server):
    """And one of which nothing is known: no finding."""
    assert judge(server, V2, [("/a.so", 2)]) == []
    env = environment.locate(Tree(server.root), "/opt/env")[0]
    assert processor.judge(Tree(server.root), env, {"/a.so": 4}, Processor(None)) == []


@pytest.mark.parametrize(
    ("baseline", "flags", "lacking"),
    [
        (b"SSE SSE2 SSE3", V1, "SSE3"),
        (b"SSE SSE2 SSE3", V2, ""),
        (b"X86_V2", V1, "X86_V2"),
        (b"X86_V2", V2, ""),
        (b"SSE SSE2 SSE3 SSSE3 SSE41 POPCNT SSE42", V2, ""),
        (b"SSE AVX2 FMA3", V2, "AVX2 FMA3"),
    ],
)
def test_numpy(server, baseline, flags, lacking):
    """Its module names what it was built for, in the sentence that it would stop with."""
    server.put(SITE + "/numpy/core/_multiarray_umath.cpython-36m.so", build() + NUMPY % baseline)
    found = judge(server, flags)
    assert [each.message for each in found] == (
        ["it was built for processors with {}; this one has no {}".format(baseline.decode(), lacking)]
        if lacking
        else []
    )


def test_numpy_without_the_sentence(server):
    """Before 1.20 it said nothing; nothing is judged."""
    server.put(SITE + "/numpy/core/_multiarray_umath.so", build())
    assert judge(server, "fpu") == []


@pytest.mark.parametrize("text", ["", "Features : fp asimd\n", "flags\n"])
def test_other_processors(text):
    """ARM has no flags line."""
    assert processor.parse(text) == Processor(None)
