"""Libraries that are found and that the loader refuses: what is said of them, and what is to be done."""

import csv
import ctypes
import json
import os
import re
import shutil
import subprocess
import sys

import pytest

import server_maker
from elf_maker import build
from offkit.edges import capi, data
from offkit.edges.tree import Tree
from offkit.elf import reader
from offkit.media.answers import Answers
from offkit.server.doctor import cures, libraries, refusal_words
from offkit.server.doctor.examine import examine
from offkit.server.environment import environment
from server_maker import LDSO, SITE, Server

SUFFIX = ".cpython-36m-x86_64-linux-gnu.so"
AGAIN = "install the package again, or another version of it"


@pytest.fixture
def server(tmp_path):
    made = Server(tmp_path / "root")
    made.put("/etc/ld.so.cache", b"glibc-ld.so.cache1.1" + b"\0" * 28)
    return made


def glibc(server, version):
    server.library("libc.so.6", defines=["GLIBC_2.2.5", "GLIBC_" + version])


def told(server):
    return [tuple(each) for each in examine("/opt/env", server.root, checks=["libraries"]).findings]


def short(name):
    return name + SUFFIX


def test_a_symbol_that_nothing_defines(server):
    """D5: one finding for a file, whoever loads it."""
    server.library("liba.so.1", SITE + "/x.libs", wants=["gone", "lost"], calls=["a", "b"])
    for name in ("x/one", "x/two"):
        server.module(name, needed=["liba.so.1"], rpath="$ORIGIN/../x.libs")
    message = (
        "wants a, b, gone and 1 more, which nothing defines that is loaded with it; loaded for "
        + short("x/one")
    )
    path = SITE + "/x.libs/liba.so.1"
    assert told(server) == [("LIB014", "error", path[len(SITE) + 1 :], message, (path,), AGAIN)]


def test_a_module_for_another_python(server):
    server.module("m", calls=["PyObject_Vectorcall", "Py_NewRef"])
    message = (
        "wants PyObject_Vectorcall, Py_NewRef, which nothing defines that is loaded with it: "
        "it was built for another Python than 3.6"
    )
    (finding,) = told(server)
    assert finding[:4] == ("LIB014", "error", short("m"), message)
    assert finding[5] == "bundle again with --python 3.6"


@pytest.mark.parametrize(
    "name", ["PyInit_other", "PyTorch_Own", "_PySide_register", "Pygame", "PyErr_Format"]
)
def test_a_name_that_no_python_has_or_every(server, name):
    """Not all that begins with Py is CPython's: PyTorch's and PySide's own names are not, nor a module's
    PyInit_. What every CPython has tells none from another."""
    server.module("m", calls=[name])
    message = "wants {}, which nothing defines that is loaded with it".format(name)
    assert told(server) == [("LIB014", "error", short("m"), message, (SITE + "/" + short("m"),), AGAIN)]


@pytest.mark.skipif(sys.version_info[:2] > (3, 13), reason="the table ends with CPython 3.13")
def test_the_names_are_those_of_this_python():
    """What the table says of this series, beside what its interpreter has; a distribution's build may have
    a few more, or less."""
    series = "{}.{}".format(*sys.version_info[:2])
    right = [
        (series in row["series"].split()) == hasattr(ctypes.pythonapi, name)
        for row in csv.DictReader(data.read_text(capi.TABLE).splitlines())
        for name in row["names"].split()
    ]
    assert len(right) == len(capi.names()) > 1000
    assert sum(right) > len(right) * 0.9


def test_a_library_of_the_system(server):
    server.library("libq.so.1", wants=["gone"])
    server.module("m", needed=["libq.so.1"])
    (finding,) = told(server)
    assert finding[2:4] == (
        "/usr/lib64/libq.so.1",
        "wants gone, which nothing defines that is loaded with it; loaded for " + short("m"),
    )
    assert (
        finding[5]
        == "'rpm -qf /usr/lib64/libq.so.1' shows its package: update that, and what it needs, with yum"
    )


def test_a_symbol_of_something_else_in_the_environment(server):
    """Python may have opened that before, for all to see: nobody can say."""
    server.library("libshared.so", SITE, exports=["shared"])
    server.module("m", wants=["shared"])
    message = (
        "wants shared, which nothing defines that is loaded with it; "
        "libshared.so does, which may be loaded before"
    )
    fix = "nothing, if the import works; otherwise the package is broken"
    assert told(server) == [("LIB014", "warning", short("m"), message, (SITE + "/" + short("m"),), fix)]


def test_what_is_opened_by_name(server):
    server.library("libplain.so", SITE, wants=["gone"])
    assert [(code, severity) for code, severity, *_ in told(server)] == [("LIB014", "warning")]


def test_a_program_that_dies_later(server):
    """Data is looked up when it starts, a function when it is called."""
    program = {"interpreter": LDSO, "kind": 2, "needed": ["libc.so.6"]}
    server.put("/opt/env/bin/tool", build(calls=["later"], wants=["now"], **program))
    assert [(severity, message) for _, severity, _, message, _, _ in told(server)] == [
        ("error", "wants now, which nothing defines that is loaded with it"),
        (
            "warning",
            "wants later, which nothing defines that is loaded with it; it dies when it comes to that",
        ),
    ]


def test_what_misses_a_library_is_asked_for_no_symbol(server):
    server.module("m", needed=["libgone-01234567.so.1"], wants=["gone"])
    assert [code for code, *_ in told(server)] == ["LIB001"]


@pytest.mark.parametrize(
    ("version", "fields", "code", "message"),
    [
        ("2.17", {"kind": 2}, "LIB016", "is a program, not a library"),
        ("2.34", {"flags_1": 0x08000000}, "LIB016", "is a program (PIE), not a library"),
        ("2.34", {"flags_1": 0x40}, "LIB016", "says that it may not be opened (DF_1_NOOPEN)"),
        (
            "2.41",
            {"stack": 7},
            "LIB018",
            "wants an executable stack, which this glibc does not give to what is opened",
        ),
        (
            "2.34",
            {"load": (0x1000, 0x200000)},
            "LIB028",
            "a part of it lies in the file where its own alignment of 2097152 bytes does not hold (PT_LOAD)",
        ),
        (
            "2.34",
            {"load": (0x1000, 0x10)},
            "LIB028",
            "a part of it wants an alignment of 16 bytes, which is no multiple of a page (PT_LOAD)",
        ),
        (
            "2.39",
            {"load": (0x10, 0x1000)},
            "LIB028",
            "a part of it lies in the file where no page can begin (PT_LOAD)",
        ),
        (
            "2.17",
            {"tls": 5000, "flags": 0x10},
            "LIB015",
            "wants 5000 bytes of static TLS, and the loader keeps 1664",
        ),
    ],
)
def test_what_a_file_is(server, version, fields, code, message):
    """D5: ET_EXEC named .so, static TLS, and more for which the loader refuses what it finds."""
    glibc(server, version)
    server.module("m", **fields)
    assert [each[:4] for each in told(server)] == [(code, "error", short("m"), message)]


def test_one_file_by_two_paths(server):
    """Each module has its own way to it."""
    glibc(server, "2.34")
    server.put("/opt/env/lib/python3.6/site-packages/x.libs/libx.so", build(load=(0x10, 0x1000)))
    for name, way in (("a", "$ORIGIN/x.libs"), ("b", "$ORIGIN/../site-packages/x.libs")):
        server.module(name, needed=["libx.so"], rpath=way)
    assert [each[:3] for each in told(server)] == [("LIB028", "error", "x.libs/libx.so")]


def test_what_it_filters_for(server):
    """D5: DT_FILTER; without that library nothing is loaded (ld.so(8), dl_load)."""
    server.module("m", filters=["libgone.so.1"])
    assert [each[:3] for each in told(server)] == [("LIB001", "error", "libgone.so.1")]
    server.library("libgone.so.1")
    assert told(server) == []


@pytest.mark.parametrize(
    ("version", "fix"),
    [
        ("2.17", "import what needs the most of it first, or start Python with LD_PRELOAD={}"),
        ("2.34", "set GLIBC_TUNABLES=glibc.rtld.optional_static_tls=2432 before Python starts"),
    ],
)
def test_static_tls_of_all_together(server, version, fix):
    """D5: as libgomp's where several packages bring one."""
    glibc(server, version)
    for name, size in (("a", 700), ("b", 720), ("c", 500)):
        server.module(name, tls=size, flags=0x10)
    ((code, severity, subject, message, looked, cure),) = told(server)
    assert (code, severity, subject) == ("LIB015", "warning", "static TLS")
    assert message.startswith(
        "3 libraries want 1920 bytes of it together, and the loader keeps 1664 for what is"
    )
    assert looked[0] == "720 bytes in {}/{}".format(SITE, short("b"))
    assert cure == fix.format(SITE + "/" + short("b"))
    server.remove("{}/{}".format(SITE, short("c")))
    assert told(server) == []


@pytest.mark.parametrize(
    ("version", "fix"),
    [
        ("2.17", "no order of imports helps: start Python with LD_PRELOAD={}"),
        ("2.31", "no order of imports helps: start Python with LD_PRELOAD={}"),
        ("2.32", "set GLIBC_TUNABLES=glibc.rtld.optional_static_tls=6012 before Python starts"),
    ],
)
def test_static_tls_of_one_file_alone(server, version, fix):
    """To import it first does not help: it is more than is kept for all."""
    glibc(server, version)
    server.module("m", tls=5000, flags=0x10, needed=["libt.so"], rpath="$ORIGIN")
    server.library("libt.so", SITE, tls=500, flags=0x10)
    ((code, severity, subject, _, _, cure),) = told(server)
    assert (code, severity, subject) == ("LIB015", "error", short("m"))
    assert cure == fix.format(SITE + "/" + short("m"))


_SOURCE = """
static __thread char block[8000] __attribute__((tls_model("initial-exec")));
int touch(int i) { return block[i]++; }
"""


@pytest.mark.skipif(shutil.which("gcc") is None, reason="no gcc here to make a real library with")
def test_the_real_loader_takes_that_cure(tmp_path):
    """What the doctor says of this machine's glibc is done, and the library loads; without, or imported
    first of all, it does not."""
    (tmp_path / "t.c").write_text(_SOURCE)
    library = str(tmp_path / "libt.so")
    subprocess.run(
        ["gcc", "-shared", "-fPIC", "-o", library, str(tmp_path / "t.c")], check=True, cwd=str(tmp_path)
    )
    elf = reader.read((tmp_path / "libt.so").read_bytes())

    def loads(**variables):
        code = "import ctypes, sys; ctypes.CDLL(sys.argv[1])"
        asked = subprocess.run([sys.executable, "-c", code, library], stderr=subprocess.PIPE, env=variables)
        return asked.returncode == 0 or asked.stderr.decode().splitlines()[-1]

    assert "static TLS block" in loads()
    # By its name: a blank in LD_PRELOAD ends a path.
    assert loads(LD_PRELOAD="libt.so", LD_LIBRARY_PATH=str(tmp_path)) is True
    cure = refusal_words.static_tls(library, elf.tls[0], True, True)
    name, value = re.search(r"set (\w+)=(\S+)", cure).groups()
    if tuple(map(int, os.confstr("CS_GNU_LIBC_VERSION").split()[1].split("."))) >= (2, 32):
        assert loads(**{name: value}) is True


@pytest.mark.parametrize(("version", "told_of"), [("2.17", True), ("2.31", True), ("2.32", False)])
def test_static_tls_on_aarch64(server, version, told_of):
    """As libgomp beside OpenCV: there what needs none takes of the same room, as long as it fits."""
    arm = {"machine": 183}
    server.put(LDSO, build(soname="ld-linux-aarch64.so.1", **arm) + b"\0/lib64/\0/usr/lib64/\0")
    server.library("libc.so.6", defines=["GLIBC_" + version], **arm)
    server.put("/usr/local/bin/python3.6", build(needed=["libc.so.6"], interpreter=LDSO, kind=2, **arm))
    for name in server_maker.EXTENSIONS:
        server.put(
            "{}/{}".format(server_maker.DYNLOAD, short(name)), build(exports=["PyInit_" + name], **arm)
        )
    for name, fields in (
        ("cv2", {"tls": 1488}),
        ("blas", {"tls": 143360}),
        ("gomp", {"tls": 200, "flags": 0x10}),
    ):
        server.module(name, **dict(fields, **arm))
    found = [each[:3] + (each[4],) for each in told(server)]
    looked = tuple(
        "{} bytes in {}/{}".format(*each) for each in ((1488, SITE, short("cv2")), (200, SITE, short("gomp")))
    )
    assert found == ([("LIB015", "warning", "static TLS", looked)] if told_of else [])
    server.remove("{}/{}".format(SITE, short("gomp")))
    assert told(server) == []


@pytest.mark.parametrize(
    ("name", "severity", "fields"),
    [
        ("m" + SUFFIX, "error", {"exports": ["PyInit_m"], "osabi": 9}),
        ("m.so", "error", {"exports": ["PyInit_m"], "osabi": 9}),
        ("libm2.so", "warning", {"kind": 1}),
    ],
)
def test_a_file_for_another_system(server, name, severity, fields):
    server.put("{}/{}".format(SITE, name), build(**fields))
    ((code, found, subject, message, _, fix),) = told(server)
    assert (code, found, subject) == ("LIB017", severity, name)
    assert message.startswith("is no library for this system: it is ")
    assert fix == "use a build of the package for this system"


def test_a_module_of_a_name_that_is_not_ascii(server):
    """PEP 489: PyInitU_ and the name in Punycode; a file that only asks for such a name is none."""
    server.put(
        "{}/š{}".format(SITE, SUFFIX), build(exports=["PyInitU_pga"], needed=["libgone-01234567.so.1"])
    )
    assert [(code, severity) for code, severity, *_ in told(server)] == [("LIB001", "error")]
    server.put("{}/š{}".format(SITE, SUFFIX), build(wants=["PyInitU_pga"], needed=["libgone-01234567.so.1"]))
    assert [(code, severity) for code, severity, *_ in told(server)] == [("LIB001", "warning")]


PRELOAD = "/etc/ld.so.preload"


def test_a_library_that_is_to_be_loaded_before_all_others(server):
    """One that is there serves all; one that is not, or is for another machine, is told."""
    server.library("libgood.so", "/opt", exports=["given"])
    server.library("libold.so", "/opt", bits=32, machine=3)
    server.module("m", wants=["given"])
    server.put(PRELOAD, "# ours\n/opt/libgood.so:/opt/libgone.so # not yet\n\n/opt/libold.so\n")
    says = PRELOAD + " names it, and it cannot be loaded ({}): every program says so on stderr when it starts"
    fix = "take it out of /etc/ld.so.preload, or install what it belongs to"
    assert told(server) == [
        ("LIB019", "warning", path, says.format(reason), (path,), fix)
        for path, reason in (
            ("/opt/libgone.so", "no such file"),
            ("/opt/libold.so", "wrong ELF class: 32-bit i386"),
        )
    ]


def test_what_such_a_library_misses_keeps_every_program_from_starting(server):
    server.library("libgood.so", "/opt", needed=["libm.so.6"])
    server.put(PRELOAD, "/opt/libgood.so\n")
    assert [(code, severity, subject) for code, severity, subject, *_ in told(server)] == [
        ("LIB001", "error", "libm.so.6")
    ]


def test_the_variable_comes_first(server):
    """It is used for the running system alone, as every other."""
    tree = Tree(server.root)
    env, _ = environment.locate(tree, "/opt/env")
    found = libraries.inspect(
        tree, env, cures.read(tree, Answers()), (), ("libgone.so", "/opt/libgone.so")
    ).findings
    assert [(each.code, each.subject, each.fix) for each in found] == [
        ("LIB019", "libgone.so", "take it out of LD_PRELOAD, or install what it belongs to"),
        ("LIB019", "/opt/libgone.so", "take it out of LD_PRELOAD, or install what it belongs to"),
    ]
    assert found[0].looked_in[1:] == ("/lib64", "/usr/lib64")


def test_a_report_is_data(server):
    """With a code, as the schema says; nothing of it is bytes."""
    server.module("m", wants=["gone"])
    (finding,) = examine("/opt/env", server.root, checks=["libraries"]).findings
    assert json.loads(json.dumps(finding._asdict()))["code"] == "LIB014"
