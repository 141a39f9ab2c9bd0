"""Subdirectories for special CPUs: which ones a loader searches, and what the search makes of them."""

import os
import platform
import subprocess

import pytest

import server_maker
from elf_maker import build
from offkit.edges import host
from offkit.edges.tree import Tree
from offkit.elf import hwcaps
from offkit.elf.cache import CacheEntry
from offkit.elf.search import Loader
from offkit.model.cpu import Cpu
from offkit.server.loader.view import TreeView, make_loader
from server_maker import Server
from test_elf_search import CV2, Fake, found, missing, opened, python

V2 = ["cx16", "lahf_lm", "pni", "popcnt", "sse4_1", "sse4_2", "ssse3"]
V3 = V2 + ["abm", "avx", "avx2", "bmi1", "bmi2", "f16c", "fma", "movbe", "xsave"]
V4 = V3 + ["avx512bw", "avx512cd", "avx512dq", "avx512f", "avx512vl"]
PHI = V3 + ["avx512cd", "avx512er", "avx512f", "avx512pf"]
INTEL, AMD, HYGON, ZHAOXIN = "GenuineIntel", "AuthenticAMD", "HygonGenuine", "Shanghai"
OTHERS = (AMD, HYGON, ZHAOXIN)
EL7 = b"\0/lib64/\0/usr/lib64/\0tls\0x86_64\0"
EL8 = b"\0haswell\0xeon_phi\0avx512_1\0tls\0"
BOOKWORM = EL8 + b"\0x86-64-v4:x86-64-v3:x86-64-v2\0Legacy HWCAP subdirectories\0"
EL10 = b"\0haswell\0xeon_phi\0x86-64-v4:x86-64-v3:x86-64-v2\0"


def cpu(vendor, flags):
    return Cpu(vendor, frozenset(flags))


@pytest.mark.parametrize("vendor", [INTEL, *OTHERS])
@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        ([], []),
        (V2, ["x86-64-v2"]),
        (V3, ["x86-64-v3", "x86-64-v2"]),
        (V4, ["x86-64-v4", "x86-64-v3", "x86-64-v2"]),
        (sorted(set(V4) - {"movbe"}), ["x86-64-v2"]),
    ],
)
def test_levels(vendor, flags, expected):
    """A level needs all flags, its own and those of the levels below, whoever made the CPU."""
    assert hwcaps.levels(cpu(vendor, flags)) == expected


@pytest.mark.parametrize("vendor", ["", "GenuineTMx86"])
def test_makers_that_glibc_does_not_know(vendor):
    """glibc does not ask their CPUs for what the levels want to know."""
    assert hwcaps.levels(cpu(vendor, V4)) == []


PLAIN = ["tls/x86_64/x86_64", "tls/x86_64", "tls", "x86_64/x86_64", "x86_64"]  # since glibc 2.27
HASWELL = ["tls/haswell/x86_64", "tls/haswell", "tls/x86_64", "tls", "haswell/x86_64", "haswell", "x86_64"]
V2_AND_3 = ["glibc-hwcaps/x86-64-v3", "glibc-hwcaps/x86-64-v2"]


@pytest.mark.parametrize(
    ("loader", "flags", "intel", "others"),
    [
        (EL7, V4, ["tls/x86_64", "tls", "x86_64"], ["tls/x86_64", "tls", "x86_64"]),
        (EL8, V2, PLAIN, PLAIN),
        (EL8, V3, HASWELL, PLAIN),
        (EL10, V3, V2_AND_3, V2_AND_3),
        (EL10, [], [], []),
        (BOOKWORM, V2, V2_AND_3[1:] + PLAIN, V2_AND_3[1:] + PLAIN),
        (BOOKWORM, V3, V2_AND_3 + HASWELL, V2_AND_3 + PLAIN),
        (b"", V4, [], []),
    ],
)
def test_subdirectories(loader, flags, intel, others):
    """The old combinations until glibc 2.36, the levels since 2.33, both in between; and since 2.26
    the old ones are not the same for every maker's CPU."""
    assert list(hwcaps.subdirectories(loader, "x86_64", cpu(INTEL, flags))) == intel
    for vendor in OTHERS:
        assert list(hwcaps.subdirectories(loader, "x86_64", cpu(vendor, flags))) == others


def test_avx512_and_xeon_phi():
    """Two kinds of CPU that old loaders tell apart, when they are Intel's."""
    names = hwcaps.subdirectories(EL8, "x86_64", cpu(INTEL, V4))
    assert len(names) == 15
    assert names[:2] == ("tls/haswell/avx512_1/x86_64", "tls/haswell/avx512_1")
    assert hwcaps.subdirectories(EL8, "x86_64", cpu(INTEL, PHI))[0] == "tls/xeon_phi/x86_64"
    for flags in (V4, PHI):
        assert list(hwcaps.subdirectories(EL8, "x86_64", cpu(AMD, flags))) == PLAIN


def test_other_architectures_have_none():
    """Their CPUs are not known here."""
    assert hwcaps.subdirectories(BOOKWORM, "aarch64", cpu(INTEL, V4)) == ()


@pytest.mark.parametrize(
    ("loader", "flags", "expected"),
    [
        (EL7, V3, "x86_64"),
        (EL8, V2, "x86_64"),
        (EL8, V3, "haswell"),
        (EL8, PHI, "xeon_phi"),
        (EL8, [], "x86_64"),
        (EL10, V4, "haswell"),
    ],
)
def test_platform(loader, flags, expected):
    """$PLATFORM is the architecture on old loaders, old CPUs and CPUs of others than Intel."""
    assert hwcaps.platform(loader, "x86_64", cpu(INTEL, flags)) == expected
    for vendor in OTHERS:
        assert hwcaps.platform(loader, "x86_64", cpu(vendor, flags)) == "x86_64"


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
        CacheEntry("liba.so", base + "glibc-hwcaps/x86-64-v4/liba.so", 0x0303, 0, special + 2),
        CacheEntry("liba.so", base + "glibc-hwcaps/x86-64-v2/liba.so", 0x0303, 0, special),
        CacheEntry("liba.so", base + "glibc-hwcaps/x86-64-v3/liba.so", 0x0303, 0, special + 1),
        CacheEntry("liba.so", base + "liba.so", 0x0303, 0, 0),
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


LDSO = "/lib64/ld-linux-x86-64.so.2"
with_ldso = pytest.mark.skipif(
    platform.machine() != "x86_64" or not os.path.exists(LDSO), reason="an x86-64 glibc only"
)


def tried_by_ldso(library, **variables):
    """Where the real ld.so looks for libnowhere.so, in its order."""
    asked = subprocess.run(
        [LDSO, "--list", str(library)],
        env=dict(variables, LD_DEBUG="libs"),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        check=False,
    )
    lines = asked.stderr.decode().splitlines()
    return [line.partition("trying file=")[2] for line in lines if "trying file=" in line]


@with_ldso
def test_this_machines_loader_agrees(tmp_path):
    """The subdirectories that the real ld.so tries on this CPU, in its order, each once."""
    library = tmp_path / "liba.so"
    library.write_bytes(build(needed=["libnowhere.so"]))
    tried = [
        path for path in tried_by_ldso(library, LD_LIBRARY_PATH="/nowhere") if path.startswith("/nowhere/")
    ]
    assert tried.pop() == "/nowhere/libnowhere.so"
    real = [path[len("/nowhere/") : -len("/libnowhere.so")] for path in tried]
    with open(LDSO, "rb") as source:
        mine = hwcaps.subdirectories(source.read(), "x86_64", host.cpu())
    assert list(mine) == sorted(set(real), key=real.index)


@with_ldso
def test_this_machines_platform(tmp_path):
    """$PLATFORM as the real ld.so has it on this CPU."""
    library = tmp_path / "liba.so"
    library.write_bytes(build(needed=["libnowhere.so"], rpath="/nowhere/$PLATFORM"))
    with open(LDSO, "rb") as source:
        mine = hwcaps.platform(source.read(), "x86_64", host.cpu())
    assert "/nowhere/{}/libnowhere.so".format(mine) in tried_by_ldso(library)


@pytest.mark.parametrize(
    ("machine", "vendor", "found"),
    [
        ("x86_64", INTEL, "/opt/p/haswell/liba.so"),
        ("x86_64", AMD, "/opt/p/x86_64/liba.so"),
        ("aarch64", "", "/opt/p/x86_64/liba.so"),
    ],
)
def test_the_processor_of_another_root(tmp_path, monkeypatch, machine, vendor, found):
    """It is taken to be this machine's, and not to be known where that is for another architecture."""
    server = Server(tmp_path / "root")
    server.put(server_maker.LDSO, build(soname="ld-linux-x86-64.so.2") + BOOKWORM)
    server.put("/opt/a.so", build(needed=["liba.so"], rpath="/opt/p/$PLATFORM"))
    for name in ("haswell", "x86_64"):
        server.put("/opt/p/{}/liba.so".format(name), build(soname="liba.so"))
    uname = os.uname()
    monkeypatch.setattr(os, "uname", lambda: os.uname_result(tuple(uname)[:4] + (machine,)))
    monkeypatch.setattr(host, "cpu", lambda: cpu(vendor, V3))
    tree = Tree(server.root)
    loader, _ = make_loader(tree, TreeView(tree), server_maker.LDSO, "x86_64")
    report = loader.program("/usr/local/bin/python3.6").dlopen("/opt/a.so")
    assert [each.path for each in report.resolutions] == [found]


def test_flags_of_all_processors():
    """/proc/cpuinfo: what only one of them can do does not count; ARM calls them Features."""
    two = "processor\t: 0\nflags\t\t: fpu sse2 avx2\n\nprocessor\t: 1\nflags\t\t: fpu sse2\n"
    assert host.parse_cpu(two).flags == {"fpu", "sse2"}
    assert host.parse_cpu("Features\t: fp asimd\n") == Cpu("", frozenset(["fp", "asimd"]))
    assert host.parse_cpu("vendor_id : x\n").flags == frozenset()


@pytest.mark.parametrize(
    ("line", "vendor"),
    [
        ("vendor_id\t: GenuineIntel", INTEL),
        ("vendor_id\t:   Shanghai  ", ZHAOXIN),
        ("CPU implementer\t: 0x41", ""),
    ],
)
def test_who_made_the_processors(line, vendor):
    """/proc/cpuinfo again; only of x86."""
    assert host.parse_cpu("processor\t: 0\n{}\nflags\t: fpu\n".format(line)) == cpu(vendor, ["fpu"])


@pytest.mark.parametrize("flag", V4)
def test_a_level_wants_each_of_its_flags(flag):
    """A CPU that lacks only this one stays below the level that asks for it."""
    below = 1 if flag in V2 else 2 if flag in V3 else 3
    assert len(hwcaps.levels(cpu(AMD, [each for each in V4 if each != flag]))) == below - 1
