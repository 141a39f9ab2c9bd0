"""Subdirectories for special CPUs: which ones a loader searches, and what the search makes of them."""

import os
import platform
import subprocess

import pytest

from elf_maker import build
from offkit.edges import host
from offkit.elf import hwcaps
from offkit.elf.cache import Entry
from offkit.elf.search import Loader
from test_elf_search import CV2, Fake, found, missing, opened, python

V2 = ["cx16", "lahf_lm", "pni", "popcnt", "sse4_1", "sse4_2", "ssse3"]
V3 = V2 + ["abm", "avx", "avx2", "bmi1", "bmi2", "f16c", "fma", "movbe", "xsave"]
V4 = V3 + ["avx512bw", "avx512cd", "avx512dq", "avx512f", "avx512vl"]
EL7 = b"\0/lib64/\0/usr/lib64/\0tls\0x86_64\0"
EL8 = b"\0haswell\0xeon_phi\0avx512_1\0tls\0"
BOOKWORM = EL8 + b"\0x86-64-v4:x86-64-v3:x86-64-v2\0Legacy HWCAP subdirectories\0"
EL10 = b"\0haswell\0xeon_phi\0x86-64-v4:x86-64-v3:x86-64-v2\0"


@pytest.mark.parametrize(
    ("cpu", "expected"),
    [
        ([], []),
        (V2, ["x86-64-v2"]),
        (V3, ["x86-64-v3", "x86-64-v2"]),
        (V4, ["x86-64-v4", "x86-64-v3", "x86-64-v2"]),
        (sorted(set(V4) - {"movbe"}), ["x86-64-v2"]),
    ],
)
def test_levels(cpu, expected):
    """A level needs all flags, its own and those of the levels below."""
    assert hwcaps.levels(cpu) == expected


@pytest.mark.parametrize(
    ("loader", "cpu", "expected"),
    [
        (EL7, V4, ["tls/x86_64", "tls", "x86_64"]),
        (EL8, V2, ["tls/x86_64", "tls", "x86_64"]),
        (
            EL8,
            V3,
            ["tls/haswell/x86_64", "tls/haswell", "tls/x86_64", "tls", "haswell/x86_64", "haswell", "x86_64"],
        ),
        (EL10, V3, ["glibc-hwcaps/x86-64-v3", "glibc-hwcaps/x86-64-v2"]),
        (EL10, [], []),
        (BOOKWORM, V2, ["glibc-hwcaps/x86-64-v2", "tls/x86_64", "tls", "x86_64"]),
        (b"", V4, []),
    ],
)
def test_subdirectories(loader, cpu, expected):
    """The old combinations until glibc 2.36, the levels since 2.33, both in between."""
    assert list(hwcaps.subdirectories(loader, "x86_64", cpu)) == expected


def test_avx512_and_xeon_phi():
    """Two kinds of CPU that old loaders tell apart."""
    names = hwcaps.subdirectories(EL8, "x86_64", V4)
    assert len(names) == 15
    assert names[:2] == ("tls/haswell/avx512_1/x86_64", "tls/haswell/avx512_1")
    phi = [*V3, "avx512f", "avx512cd", "avx512er", "avx512pf"]
    assert hwcaps.subdirectories(EL8, "x86_64", phi)[0] == "tls/xeon_phi/x86_64"


def test_other_architectures_have_none():
    """Their CPUs are not known here."""
    assert hwcaps.subdirectories(BOOKWORM, "aarch64", V4) == ()


@pytest.mark.parametrize(
    ("loader", "cpu", "expected"),
    [(EL7, V3, "x86_64"), (EL8, V2, "x86_64"), (EL8, V3, "haswell"), (EL8, [], "x86_64")],
)
def test_platform(loader, cpu, expected):
    """$PLATFORM is the architecture on old loaders and old CPUs, a kind of CPU elsewhere."""
    assert hwcaps.platform(loader, "x86_64", cpu) == expected


LEVELS = ("glibc-hwcaps/x86-64-v3", "glibc-hwcaps/x86-64-v2")


def test_found_only_there():
    """A library that lies in no other place is found, in every kind of directory."""
    files = {
        CV2: build(needed=["liba.so", "libb.so"], rpath="/opt/r"),
        "/opt/r/glibc-hwcaps/x86-64-v2/liba.so": build(),
        "/usr/lib64/glibc-hwcaps/x86-64-v3/libb.so": build(),
        "/usr/lib64/glibc-hwcaps/x86-64-v4/libc4.so": build(),
    }
    report = opened(files, hwcaps=LEVELS)
    assert found(report) == {
        "liba.so": ("RPATH", "/opt/r/glibc-hwcaps/x86-64-v2/liba.so"),
        "libb.so": ("default directory", "/usr/lib64/glibc-hwcaps/x86-64-v3/libb.so"),
    }
    assert missing(opened(files, hwcaps=())) == ["liba.so", "libb.so"]
    assert missing(opened(files)) == ["liba.so", "libb.so"]


def test_they_go_first():
    """Before the directory they lie in, after the directories before it."""
    files = {
        CV2: build(needed=["liba.so"], rpath="/one:/two"),
        "/two/liba.so": build(),
        "/two/glibc-hwcaps/x86-64-v2/liba.so": build(),
        "/two/glibc-hwcaps/x86-64-v3/liba.so": build(),
    }
    paths = []
    for _ in range(3):
        path = found(opened(files, hwcaps=LEVELS))["liba.so"][1]
        paths.append(path)
        del files[path]
    assert paths == [
        "/two/glibc-hwcaps/x86-64-v3/liba.so",
        "/two/glibc-hwcaps/x86-64-v2/liba.so",
        "/two/liba.so",
    ]


def test_entries_of_the_cache():
    """The best that this CPU can use; what it cannot use is not there for it."""
    special = 1 << 62
    base = "/usr/lib64/"
    cache = [
        Entry("liba.so", base + "glibc-hwcaps/x86-64-v4/liba.so", 0x0303, 0, special + 2),
        Entry("liba.so", base + "glibc-hwcaps/x86-64-v2/liba.so", 0x0303, 0, special),
        Entry("liba.so", base + "glibc-hwcaps/x86-64-v3/liba.so", 0x0303, 0, special + 1),
        Entry("liba.so", base + "liba.so", 0x0303, 0, 0),
    ]
    files = {entry.path: build() for entry in cache}
    files[CV2] = build(needed=["liba.so"])

    def chosen(entries, names):
        return found(opened(files, cache=entries, hwcaps=names))["liba.so"]

    assert chosen(cache, LEVELS) == ("ld.so.cache", base + "glibc-hwcaps/x86-64-v3/liba.so")
    assert chosen(cache, ()) == ("ld.so.cache", base + "liba.so")
    assert chosen(cache, None) == ("ld.so.cache", base + "liba.so")
    assert chosen(cache[:1], None) == ("ld.so.cache", base + "glibc-hwcaps/x86-64-v4/liba.so")
    del files[base + "liba.so"]
    assert chosen(cache[:1], ()) == ("missing", "-")


def test_places_that_are_not_there_cost_nothing():
    """A directory without such subdirectories is asked once, whatever is looked for in it."""

    class Counting(Fake):
        asked = ()

        def is_dir(self, path):
            self.asked += (path,)
            return False

    names = ["lib{}.so".format(number) for number in range(50)]
    view = Counting({CV2: build(needed=names, rpath="/opt/r"), "/usr/bin/python3": python()})
    Loader(view, hwcaps=LEVELS).program("/usr/bin/python3").dlopen(CV2)
    assert sorted(view.asked) == ["/lib64/glibc-hwcaps", "/opt/r/glibc-hwcaps", "/usr/lib64/glibc-hwcaps"]


@pytest.mark.skipif(
    platform.machine() != "x86_64" or not os.path.exists("/lib64/ld-linux-x86-64.so.2"),
    reason="an x86-64 glibc only",
)
def test_this_machines_loader_agrees(tmp_path):
    """The subdirectories that the real ld.so tries on this CPU, in its order."""
    loader = "/lib64/ld-linux-x86-64.so.2"
    library = tmp_path / "liba.so"
    library.write_bytes(build(needed=["libnowhere.so"]))
    asked = subprocess.run(
        [loader, "--list", str(library)],
        env={"LD_LIBRARY_PATH": "/nowhere", "LD_DEBUG": "libs"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        check=False,
    )
    lines = asked.stderr.decode().splitlines()
    tried = [line.partition("trying file=/nowhere/")[2] for line in lines if "trying file=/nowhere/" in line]
    real = [name[: -len("/libnowhere.so")] for name in tried if name != "libnowhere.so"]
    with open(loader, "rb") as source:
        mine = hwcaps.subdirectories(source.read(), "x86_64", host.cpu_flags())
    assert list(mine) == real


def test_flags_of_all_processors():
    """/proc/cpuinfo: what only one of them can do does not count; ARM calls them Features."""
    two = "processor\t: 0\nflags\t\t: fpu sse2 avx2\n\nprocessor\t: 1\nflags\t\t: fpu sse2\n"
    assert host.parse_cpu_flags(two) == {"fpu", "sse2"}
    assert host.parse_cpu_flags("Features\t: fp asimd\n") == {"fp", "asimd"}
    assert host.parse_cpu_flags("vendor_id : x\n") == frozenset()


@pytest.mark.parametrize("flag", V4)
def test_a_level_wants_each_of_its_flags(flag):
    """A CPU that lacks only this one stays below the level that asks for it."""
    below = 1 if flag in V2 else 2 if flag in V3 else 3
    assert len(hwcaps.levels([each for each in V4 if each != flag])) == below - 1
