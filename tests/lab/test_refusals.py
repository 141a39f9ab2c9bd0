"""Every reason for which the loader refuses what it has found: compiled, really opened by this Python (which
opens as it does for an import, RTLD_NOW) or really started, and compared with what is said of it."""

import os
import platform
import shutil
import subprocess
import sys

import pytest

import compiler
from offkit.edges.tree import Tree
from offkit.elf.resolution import ALIGNMENT, EXECUTABLE, STACK, STATIC_TLS, SYMBOL
from offkit.server.loader.view import TreeView, make_loader

pytestmark = pytest.mark.skipif(bool(compiler.obstacle()), reason=compiler.obstacle() or "gcc works")

OPEN = "import ctypes, sys; [ctypes.CDLL(path) for path in sys.argv[1:]]"
GLIBC = tuple(int(part) for part in platform.libc_ver()[1].split(".")[:2])
TLS = '__thread char {0}[{1}] __attribute__((tls_model("{2}"))); int main{0}(void) {{ return {0}[1]; }}'
DATA = "extern int nowhere; int *wanted = &nowhere;"
CALL = "int nowhere(void); int wanted(void) { return nowhere(); }"
HERE = "int nowhere = 1;"

# name → (files in the order in which they are made, (source, options) of each; the last is opened), what
# refuses it. Of an option {} is the directory.
CASES = {
    "data that nobody has": ({"m.so": (DATA, "")}, SYMBOL),
    "a function that nobody has": ({"m.so": (CALL, "-Wl,-z,lazy")}, SYMBOL),
    "the same by DT_HASH": ({"m.so": (CALL, "-Wl,--hash-style=sysv")}, SYMBOL),
    "the same by DT_GNU_HASH alone": ({"m.so": (CALL, "-Wl,--hash-style=gnu")}, SYMBOL),
    "weak": ({"m.so": ("extern int nowhere __attribute__((weak)); int *wanted = &nowhere;", "")}, ""),
    "a name that nothing is done with": ({"m.so": ("int a;", "-Wl,-u,nowhere")}, ""),
    "Python's own": (
        {"m.so": ("int PyLong_FromLong(long); int a(void) { return PyLong_FromLong(1); }", "")},
        "",
    ),
    "of the C library": ({"m.so": ("int puts(char *); int a(void) { return puts(0); }", "-nostdlib")}, ""),
    "of a library that is needed": ({"liba.so": (HERE, ""), "m.so": (DATA, "{}/liba.so")}, ""),
    "of one that this needs": (
        {"libb.so": (HERE, ""), "liba.so": ("int a;", "{}/libb.so"), "m.so": (DATA, "{}/liba.so")},
        "",
    ),
    "of one by DT_HASH": (
        {"liba.so": (HERE, "-Wl,--hash-style=sysv"), "m.so": (DATA, "{}/liba.so")},
        "",
    ),
    "of one that has hidden it": (
        {
            "liba.so": ('int nowhere __attribute__((visibility("hidden"))) = 1;', ""),
            "m.so": (DATA, "{}/liba.so"),
        },
        SYMBOL,
    ),
    "of a library that lacks what it wants itself": (
        {"liba.so": (DATA, ""), "m.so": ("int a;", "{}/liba.so")},
        SYMBOL,
    ),
    "a default version serves whoever wants none": (
        {
            "liba.so": (HERE, "-Wl,--default-symver"),
            "m.so": (DATA, "-nostdlib -Wl,--no-as-needed {}/liba.so"),
        },
        "",
    ),
    "much static TLS": ({"m.so": (TLS.format("x", 4000, "initial-exec"), "")}, STATIC_TLS),
    "a little": ({"m.so": (TLS.format("x", 900, "initial-exec"), "")}, ""),
    "a little, twice": (
        {
            "liba.so": (TLS.format("y", 900, "initial-exec"), ""),
            "m.so": (TLS.format("x", 900, "initial-exec"), "{}/liba.so"),
        },
        STATIC_TLS,
    ),
    "much that is not static": ({"m.so": (TLS.format("x", 400000, "global-dynamic"), "")}, ""),
    "a program": ({"m.so": ("int main(void) { return 0; }", "program -no-pie")}, EXECUTABLE),
    "a program, PIE": (
        {"m.so": ("int main(void) { return 0; }", "program -pie -fPIE")},
        EXECUTABLE if GLIBC >= (2, 30) else "",
    ),
    "not for dlopen": ({"m.so": ("int a;", "-Wl,-z,nodlopen")}, EXECUTABLE),
    "an executable stack": ({"m.so": ("int a;", "-Wl,-z,execstack")}, STACK if GLIBC >= (2, 41) else ""),
    "segments within a page": ({"m.so": ("int a = 1;", "-Wl,-z,max-page-size=16")}, ALIGNMENT),
    "a page of 2 MiB": ({"m.so": ("int a = 1;", "-Wl,-z,max-page-size=0x200000")}, ""),
    "DT_FILTER": ({"m.so": ("int a;", "-Wl,-F,libnowhere.so.1")}, "missing"),
    "DT_AUXILIARY": ({"m.so": ("int a;", "-Wl,-f,libnowhere.so.1")}, ""),
    "for another system": ({"m.so": ("int a;", "osabi")}, "problem"),
    "another version of the ABI": ({"m.so": ("int a;", "abiversion")}, "problem"),
    "an object file": ({"m.so": ("int a;", "object")}, "problem"),
}
PATCHES = {"osabi": (7, 9), "abiversion": (8, 9), "object": (16, 1)}  # bytes of the ELF header

# What is lost from the library of a program: its source with it and without, options, whether that is certain.
PROGRAMS = {
    "data": (HERE, "extern int nowhere; int main(void) { return nowhere == 0; }", "-fPIC", True),
    "a function": ("int nowhere(void) { return 0; }", "int nowhere(void); int main(int n) { return n > 1 && nowhere(); }",
                   "-Wl,-z,lazy", False),
    "a function, bound at once": ("int nowhere(void) { return 0; }",
                                  "int nowhere(void); int main(int n) { return n > 1 && nowhere(); }", "-Wl,-z,now", True),
}  # fmt: skip


def make(folder, name, source, options):
    """Compile one file; first words that are no options of gcc's say what it is."""
    path = os.path.join(folder, name)
    words = options.replace("{}", folder).split()
    kind = words.pop(0) if words and words[0] in ("program", *PATCHES) else ""
    with open(path + ".c", "w") as sink:
        sink.write(source + "\n")
    shared = [] if kind == "program" else ["-shared", "-fPIC", "-Wl,--allow-shlib-undefined"]
    argv = ["-o", path, path + ".c", *shared, "-Wl,--no-as-needed", "-Wl,-rpath," + folder, *words]
    compiler._gcc(argv)
    if kind in PATCHES:
        at, value = PATCHES[kind]
        with open(path, "r+b") as file:
            file.seek(at)
            file.write(bytes([value]))
    return path


def program_of(path, preload=()):
    tree = Tree("/")
    view = TreeView(tree)
    elf = view.open(path).elf
    loader, _ = make_loader(tree, view, elf.interpreter, elf.platform, (), preload)
    return loader.program(path)


@pytest.fixture(scope="module")
def python():
    """This Python as the loader sees it."""
    return program_of(os.path.realpath(sys.executable))


@pytest.mark.parametrize("name", CASES)
def test_what_is_opened(name, python, tmp_path):
    files, refused = CASES[name]
    for file, (source, options) in files.items():
        path = make(str(tmp_path), file, source, options)
    done = subprocess.run([sys.executable, "-c", OPEN, path], capture_output=True, check=False)
    report = python.dlopen(path)
    said = done.stderr.decode()
    assert (done.returncode == 0) == (refused == ""), said
    found = [refusal.kind for refusal in report.refusals]
    found += ["problem"] * bool(report.problem) + ["missing"] * any(
        not one.found for one in report.resolutions
    )
    assert found == ([refused] if refused else []), said
    if refused == SYMBOL:
        assert [refusal.symbols for refusal in report.refusals] == [("nowhere",)]
        assert "undefined symbol: nowhere" in said


def test_what_another_has_opened_helps_nobody(python, tmp_path):
    """Python keeps the symbols of what it opens apart (RTLD_LOCAL)."""
    first = make(str(tmp_path), "first.so", HERE, "")
    path = make(str(tmp_path), "m.so", DATA, "")
    done = subprocess.run([sys.executable, "-c", OPEN, first, path], capture_output=True, check=False)
    assert b"undefined symbol: nowhere" in done.stderr
    assert [refusal.kind for refusal in python.dlopen(path).refusals] == [SYMBOL]


def test_what_is_loaded_before_all_others(tmp_path):
    """It serves everybody; what is not there is passed over, and said."""
    first = make(str(tmp_path), "first.so", HERE, "")
    path = make(str(tmp_path), "m.so", DATA, "")
    preload = [str(tmp_path / "gone.so"), first]
    done = subprocess.run(
        [sys.executable, "-c", OPEN, path],
        env=dict(os.environ, LD_PRELOAD=":".join(preload)),
        capture_output=True,
        check=False,
    )
    assert (done.returncode, b"gone.so' from LD_PRELOAD cannot be preloaded" in done.stderr) == (0, True)
    program = program_of(os.path.realpath(sys.executable), preload)
    assert [each.found for each in program.preloads] == [False, True]
    assert program.dlopen(path).refusals == ()


@pytest.mark.parametrize("name", PROGRAMS)
def test_what_is_started(name, tmp_path):
    """A library that is another one than at link time."""
    source, main, options, certain = PROGRAMS[name]
    make(str(tmp_path), "liba.so", source, "")
    path = make(str(tmp_path), "tool", main, "program {}/liba.so " + options)
    assert subprocess.run([path], capture_output=True, check=False).returncode == 0
    assert program_of(path).report.refusals == ()
    make(str(tmp_path), "liba.so", "int other = 1;", "")
    started, called = (
        subprocess.run([path, *more], capture_output=True, check=False) for more in ([], ["call"])
    )
    assert b"undefined symbol: nowhere" in called.stderr
    assert (started.returncode != 0) == certain
    (refusal,) = program_of(path).report.refusals
    assert (refusal.kind, refusal.path, refusal.symbols, refusal.certain) == (
        SYMBOL,
        path,
        ("nowhere",),
        certain,
    )


VERSIONED = "-Wl,--default-symver -Wl,-soname,liba.so"


@pytest.mark.parametrize(
    ("later", "refused"),
    [
        ("int other;", [SYMBOL]),
        (HERE, []),
        ("int nowhere(void) { return 0; }", []),
    ],
)
@pytest.mark.parametrize("wants", [DATA, "extern int nowhere; int wanted(void) { return nowhere; }"])
def test_a_library_that_has_lost_its_versions(wants, later, refused, python, tmp_path):
    """Of one that defines no version any symbol of the name will do; where there is none, the loader refuses."""
    make(str(tmp_path), "liba.so", HERE, VERSIONED)
    path = make(str(tmp_path), "m.so", wants, "{}/liba.so")
    assert not python.dlopen(path).refusals
    make(str(tmp_path), "liba.so", later, "-Wl,-soname,liba.so")
    done = subprocess.run([sys.executable, "-c", OPEN, path], capture_output=True, check=False)
    said = done.stderr.decode()
    assert ("undefined symbol: nowhere, version liba.so" in said) == bool(refused), said
    fresh = program_of(os.path.realpath(sys.executable))
    assert [each.kind for each in fresh.dlopen(path).refusals] == refused


def test_what_has_the_version_elsewhere(python, tmp_path):
    """A library without versions needs another one, which has the symbol with that version alone."""
    make(str(tmp_path), "liba.so", HERE, VERSIONED)
    path = make(str(tmp_path), "m.so", DATA, "{}/liba.so")
    script = tmp_path / "versions"
    script.write_text("liba.so { global: *; };")
    old = 'int old = 1; __asm__(".symver old, nowhere@liba.so");'
    make(str(tmp_path), "libb.so", old, "-Wl,--version-script," + str(script))
    make(str(tmp_path), "liba.so", "int other;", "-Wl,-soname,liba.so {}/libb.so")
    done = subprocess.run([sys.executable, "-c", OPEN, path], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    assert python.dlopen(path).refusals == ()


@pytest.mark.skipif(not shutil.which("patchelf"), reason="needs patchelf")
def test_whom_other_tools_have_rewritten(python, tmp_path):
    """patchelf moves the string table: what is counted by that goes wrong."""
    path = make(str(tmp_path), "m.so", CALL, "")
    subprocess.run(["patchelf", "--set-rpath", "/" + "long/" * 400, path], check=True)
    done = subprocess.run([sys.executable, "-c", OPEN, path], capture_output=True, check=False)
    assert b"undefined symbol: nowhere" in done.stderr
    assert [refusal.symbols for refusal in python.dlopen(path).refusals] == [("nowhere",)]
