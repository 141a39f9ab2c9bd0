"""Instruction sets: what files say they need, against what a processor has."""

import pytest

from elf_maker import build, noted
from offkit.edges import host
from offkit.edges.tree import Tree
from offkit.elf import reader
from offkit.elf.hwcaps import X86_64_LEVELS
from offkit.model.cpu import Cpu
from offkit.server.doctor import processor
from offkit.server.environment import environment
from server_maker import SITE, Server

V1 = "fpu sse sse2"
V2 = V1 + " cx16 lahf_lm popcnt pni sse4_1 sse4_2 ssse3"
CPUINFO = "processor\t: 0\nvendor_id\t: AuthenticAMD\nmodel name\t: Old\nflags\t\t: {}\nbugs\t\t: x\n"
NUMPY = b"\0NumPy was built with baseline optimizations: \n(%s) but your machine doesn't support:\n(%%s).\0"


@pytest.fixture
def server(tmp_path):
    return Server(tmp_path / "root")


def judge(server, flags, isa=()):
    tree = Tree(server.root)
    env = environment.locate(tree, "/opt/env")[0]
    return processor.judge(tree, env, dict(isa), host.parse_cpu(CPUINFO.format(flags)))


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
    assert processor.judge(Tree(server.root), env, {"/a.so": 4}, Cpu()) == []


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


@pytest.mark.parametrize("text", ["", "Features : fp asimd\n", "vendor_id : GenuineIntel\nflags\n"])
def test_other_processors(server, text):
    """ARM has no flags line, and no vendor: nothing is judged."""
    server.put(SITE + "/numpy/core/_multiarray_umath.so", build() + NUMPY % b"NEON ASIMD")
    tree = Tree(server.root)
    env = environment.locate(tree, "/opt/env")[0]
    assert processor.judge(tree, env, {"/a.so": 4}, host.parse_cpu(text)) == []


FIX = "bundle again with an older version of the package, which was built for older processors"


def test_several_levels(server):
    """One finding for each that is lacking, with what all levels up to it want; the first file is named."""
    isa = {SITE + "/b.so": 3, SITE + "/a.so": 3, "/usr/lib64/c.so": 4, SITE + "/d.so": 2}
    found = [tuple(each) for each in judge(server, V2 + " avx avx2 bmi1 bmi2 f16c fma abm", isa)]
    assert found == [
        (
            "ENV012",
            "error",
            "x86-64-v3",
            "a.so was built for x86-64-v3; this processor has no movbe xsave",
            (SITE + "/a.so", SITE + "/b.so"),
            FIX,
        ),
        (
            "ENV012",
            "error",
            "x86-64-v4",
            found[1][3],
            ("/usr/lib64/c.so",),
            FIX,
        ),
    ]
    start = "/usr/lib64/c.so was built for x86-64-v4; this processor has no "
    assert found[1][3].startswith(start)
    assert {"movbe", "xsave", "avx512f"} <= set(found[1][3][len(start) :].split())


def test_every_numpy(server):
    """numpy.core became numpy._core in 2.0; other modules and other names are not asked."""
    names = [
        SITE + "/numpy/core/_multiarray_umath.cpython-36m.so",
        SITE + "/numpy/_core/_multiarray_umath.cpython-36m.so",
    ]
    for name in [
        *names,
        SITE + "/numpy/core/_multiarray_umath.py",
        SITE + "/numpy/core/_multiarray_tests.cpython-36m.so",
        SITE + "/numpy/core/x_multiarray_umath.so",
        SITE + "/numpy/fft/_multiarray_umath.so",
    ]:
        server.put(name, build() + NUMPY % b"SSE AVX2")
    message = "it was built for processors with SSE AVX2; this one has no AVX2"
    assert [tuple(each) for each in judge(server, V2)] == [
        ("ENV012", "error", "numpy", message, (name,), FIX) for name in names
    ]


@pytest.mark.parametrize(
    ("name", "flag"),
    [
        ("SSE3", "pni"),
        ("SSE41", "sse4_1"),
        ("SSE42", "sse4_2"),
        ("FMA3", "fma"),
        ("LAHF", "lahf_lm"),
        ("LZCNT", "abm"),
        ("AVX512F", "avx512f"),
    ],
)
def test_names_of_numpy(server, name, flag):
    """What the kernel calls it."""
    server.put(SITE + "/numpy/core/_multiarray_umath.so", build() + NUMPY % name.encode("ascii"))
    assert len(judge(server, "fpu")) == 1
    assert judge(server, flag) == []


@pytest.mark.parametrize(
    ("level", "lacking"), [("X86_V2", "popcnt"), ("X86_V3", "avx2"), ("X86_V4", "avx512f")]
)
def test_groups_of_numpy(server, level, lacking):
    """Each with those below it; a processor that has all of them will do."""
    everything = " ".join([V1, *(flags for _, flags in X86_64_LEVELS)])
    server.put(SITE + "/numpy/core/_multiarray_umath.so", build() + NUMPY % level.encode("ascii"))
    assert judge(server, everything) == []
    assert len(judge(server, everything.replace(lacking, "x"))) == 1
    if level != "X86_V4":
        assert judge(server, everything.replace("avx512f", "x")) == []
    assert len(judge(server, everything.replace("popcnt", "x"))) == 1


def test_a_module_that_cannot_be_read(server):
    """Nothing is known of it."""
    assert processor.numpy_baseline(Tree(server.root), SITE + "/none.so") == ""


@pytest.mark.parametrize(
    ("contents", "arch"),
    [
        (build(machine=183), "aarch64"),
        (build(machine=22, little=False), "s390x"),
        (build(machine=9999), "x86_64"),
        (b"text", "x86_64"),
        (None, "x86_64"),
    ],
)
def test_the_machine_of_a_program(server, contents, arch):
    """What most servers are where it cannot be told."""
    if contents is not None:
        server.put("/x", contents)
    assert processor.arch_of(Tree(server.root), "/x") == arch
