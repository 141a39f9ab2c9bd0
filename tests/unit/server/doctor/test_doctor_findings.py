"""Findings as a whole, word for word: what is said, where it was looked, what is to be done."""

import errno
import hashlib
import json
import os
import shutil

import pytest

from elf_maker import build
from offkit.edges import data, host
from offkit.edges.tree import Tree
from offkit.elf.resolution import Opened
from offkit.media import offer, providers, rpm_keys
from offkit.media.answers import Answer
from offkit.model import nowhere
from offkit.model.report import Reporter
from offkit.server.doctor import cures, libraries, repositories, shared_objects
from offkit.server.doctor.checks import NAMES
from offkit.server.doctor.examine import _kind, _library_path, _Visit, examine
from offkit.server.environment import environment
from offkit.server.libraries import record
from offkit.server.loader.view import TreeView
from repo_maker import image, library_packages, package, repository
from server_maker import DYNLOAD, LDSO, SITE, Server

SUFFIX = ".cpython-36m-x86_64-linux-gnu.so"
PYTHON = "/usr/local/bin/python3.6"
YUM = "yum --disablerepo='*' --enablerepo='offkit-*' "
THE_64_BIT_BUILD = "it is wanted by a 32-bit file: take the 64-bit build of that package, for a 64-bit Python"
TABLE = "\nby offkit's table: {} on el7; no repository was read, so whether the ISO has it and all it requires is not known (--iso FILE reads yours)"
LOOKED = (
    "/etc/ld.so.cache (ld.so.cache)",
    "/lib64 (default directory)",
    "/usr/lib64 (default directory)",
)
AGAIN = "install the package again"


@pytest.fixture
def server(tmp_path):
    made = Server(tmp_path / "root")
    made.put("/etc/ld.so.cache", b"glibc-ld.so.cache1.1" + b"\0" * 28)
    return made


def doctor(server, without="repositories", **asked):
    return examine("/opt/env", server.root, checks=[name for name in NAMES if name != without], **asked)


def told(server, *, without="repositories", **asked):
    return [tuple(each) for each in doctor(server, without, **asked).findings]


def module(name):
    return "{}{}".format(name, SUFFIX)


# --- libraries ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("system", "fix"),
    [
        ("centos", "bundle again with --target el7, which chooses a version that runs on el7"),
        ("debian", "use a version built for this one"),
    ],
)
def test_a_library_that_is_too_old(server, system, fix):
    """Each user once, each version once, in order of age; on no Enterprise Linux there is no target."""
    if system == "debian":
        server.put("/etc/os-release", "ID=debian\nVERSION_ID=12\nPRETTY_NAME=Debian\n")
    server.module("a", needed=["libc.so.6"], needs={"libc.so.6": ["GLIBC_2.28", "GLIBC_2.9"]})
    server.module("b", needed=["libc.so.6"], needs={"libc.so.6": ["GLIBC_2.28"]})
    path = "/usr/lib64/libc.so.6"
    message = path + " is too old: GLIBC_2.9, GLIBC_2.28 needed by {}, {}; it has GLIBC up to 2.17"
    built = "the package was built for a newer system: "
    assert told(server) == [
        ("LIB002", "error", "libc.so.6", message.format(module("a"), module("b")), (path,), built + fix)
    ]


@pytest.mark.parametrize("by", ["a program", "a module"])
def test_a_library_that_is_too_old_for_a_program_and_for_what_is_opened_by_name(server, by):
    """The program dies whoever else asks for the same: the worst counts."""
    server.library("libold.so.1", defines=["V_1"])
    wants = {"needed": ["libold.so.1", "libc.so.6"], "needs": {"libold.so.1": ["V_2"]}}
    server.library("libplain.so", SITE, **wants)
    assert [(code, severity) for code, severity, *_ in told(server)] == [("LIB002", "warning")]
    if by == "a program":
        server.put("/opt/env/bin/tool", build(interpreter=LDSO, kind=2, **wants))
    else:
        server.module("m", **wants)
    assert [(code, severity) for code, severity, *_ in told(server)] == [("LIB002", "error")]


def test_a_library_for_another_architecture(server):
    """The place of the first that was passed over, and why it was."""
    server.module("cv2/cv2", needed=["libSM.so.6"])
    server.module("x/d", needed=["libSM.so.6"])
    server.library("libSM.so.6", bits=32, machine=3)
    server.library("libSM.so.6", "/lib64", bits=64, machine=183)
    message = "is present only for another architecture (/lib64/libSM.so.6); needed by {}, {}"
    assert told(server) == [
        (
            "LIB004",
            "error",
            "libSM.so.6",
            message.format(module("cv2/cv2"), module("x/d")),
            (
                LOOKED[0],
                "/lib64/libSM.so.6 (default directory: wrong ELF class: 64-bit aarch64)",
                "/usr/lib64/libSM.so.6 (default directory: wrong ELF class: 32-bit i386)",
            ),
            YUM + "install libSM.x86_64" + TABLE.format("libSM"),
        )
    ]


def test_what_lies_in_the_environment(server):
    """No RPM has it, and it is not asked for."""
    server.module("torch/_C", needed=["libtorch.so"])
    server.library("libtorch.so", SITE + "/torch/lib")
    message = "is only in torch/lib, where no path leads; needed by {}"
    fix = "nothing, if the import works; otherwise the package is broken"
    result = doctor(server)
    assert [tuple(each) for each in result.findings] == [
        ("LIB003", "warning", "libtorch.so", message.format(module("torch/_C")), LOOKED, fix)
    ]
    assert (result.providers, result.rpms) == ([], ())


def test_who_misses_it_most_says_how_bad_it_is(server):
    """tkinter: for information. A library that may never be opened: a warning. A module: an error."""
    stdlib = "/usr/local/lib64/python3.6/lib-dynload/" + module("_tkinter")
    needs = {"needed": ["libgomp.so.1"]}

    def said(severity, *who):
        message = "is missing; needed by " + ", ".join(who)
        fix = YUM + "install libgomp" + TABLE.format("libgomp")
        return [("LIB001", severity, "libgomp.so.1", message, LOOKED, fix)]

    server.put(DYNLOAD + "/" + module("_tkinter"), build(**needs))
    assert told(server) == said("info", stdlib)
    result = doctor(server)
    assert (result.rpms, result.summary.install_line) == ((), "")
    assert [(each.soname, each.rpms, each.source) for each in result.providers] == [
        ("libgomp.so.1", ("libgomp",), "table")
    ]
    server.library("libfoo.so", SITE + "/lib", **needs)
    assert told(server) == said("warning", stdlib, "lib/libfoo.so")
    assert doctor(server).rpms == ("libgomp",)
    server.module("m", **needs)
    assert told(server) == said("error", stdlib, module("m"), "lib/libfoo.so")


@pytest.mark.parametrize("number", [3, 4])
def test_up_to_three_users_are_named(server, number):
    """The others are counted."""
    for name in "abcd"[:number]:
        server.module(name, needed=["libSM.so.6"])
    ((_, _, _, message, _, _),) = told(server)
    rest = " and 1 more" if number == 4 else ""
    assert message == "is missing; needed by {}, {}, {}".format(*map(module, "abc")) + rest


def test_libraries_where_the_loader_does_not_look(server):
    """One finding for each, and one for each directory with all that lie there."""
    server.put("/etc/ld.so.conf", "/opt/lib\n")
    for name, directory in (
        ("libq.so.1", "/opt/lib"),
        ("libr.so.1", "/opt/lib"),
        ("libt.so.1", "/usr/local/lib"),
    ):
        server.library(name, directory)
    server.module("m", needed=["libq.so.1", "libr.so.1", "libt.so.1"])
    message, places = "is missing; needed by " + module("m"), ("/etc/ld.so.conf", "/etc/ld.so.cache")
    add = "echo /usr/local/lib >> /etc/ld.so.conf.d/offkit.conf && ldconfig"
    not_run = "has libq.so.1, libr.so.1, but ldconfig has not been run since"
    not_named = "has libt.so.1, but /etc/ld.so.conf does not list it"
    result = doctor(server)
    assert [tuple(each) for each in result.findings] == [
        ("LIB001", "error", "libq.so.1", message, LOOKED, "ldconfig"),
        ("LIB001", "error", "libr.so.1", message, LOOKED, "ldconfig"),
        ("LIB001", "error", "libt.so.1", message, LOOKED, add),
        ("LIB010", "warning", "/opt/lib", not_run, places, "ldconfig"),
        ("LIB010", "warning", "/usr/local/lib", not_named, places, add),
    ]
    assert (result.rpms, result.providers) == ((), [])


@pytest.mark.parametrize(
    "directory", ["/usr/local/lib", "/usr/local/lib64", "/opt/python/lib", "/opt/python/lib64"]
)
def test_usual_directories_that_are_not_named(server, directory):
    """Those below /usr/local, and beside the interpreter."""
    server.remove("/opt/env/bin/python3.6")
    server.put("/opt/python/bin/python3.6", build(needed=["libc.so.6"], interpreter=LDSO, kind=2))
    server.link("/opt/env/bin/python3.6", "/opt/python/bin/python3.6")
    server.remove("/usr/local/lib64")
    server.put("/usr/lib64/python3.6/x", "")
    server.put("/opt/env/pyvenv.cfg", "home = /usr/bin\nversion = 3.6.8\n")
    server.library("libq.so.1", directory)
    server.module("m", needed=["libq.so.1"])
    found = [each for each in doctor(server).findings if each.code == "LIB010"]
    assert [(each.subject, each.fix) for each in found] == [
        (directory, "echo {} >> /etc/ld.so.conf.d/offkit.conf && ldconfig".format(directory))
    ]


def test_a_directory_that_has_it_for_another_architecture(server):
    """The loader would not take it there either: the RPM is what is wanted."""
    server.put("/etc/ld.so.conf", "/opt/lib\n")
    server.library("libSM.so.6", "/opt/lib", bits=32, machine=3)
    server.module("m", needed=["libSM.so.6"])
    assert [(code, fix) for code, _, _, _, _, fix in told(server)] == [
        ("LIB001", YUM + "install libSM" + TABLE.format("libSM"))
    ]


@pytest.mark.parametrize(
    ("lies", "told_of_it"),
    [
        (64, [("LIB001", THE_64_BIT_BUILD)]),
        (32, [("LIB001", "ldconfig"), ("LIB010", "ldconfig")]),
    ],
)
def test_a_32_bit_program_in_a_64_bit_environment(server, lies, told_of_it):
    """A library astray is one that this program could load; no release is said to have a 32-bit package."""
    server.put("/etc/ld.so.conf", "/opt/lib\n")
    server.put("/lib/ld-linux.so.2", build(soname="ld-linux.so.2", bits=32, machine=3))
    program = build(needed=["libm.so.6"], interpreter="/lib/ld-linux.so.2", bits=32, machine=3, kind=2)
    server.put("/opt/env/bin/old", program)
    server.library("libm.so.6", "/opt/lib", bits=lies, machine={32: 3, 64: 62}[lies])
    assert [(code, fix) for code, _, _, _, _, fix in told(server)] == told_of_it


@pytest.mark.parametrize("listed", [True, False])
def test_the_interpreters_own_library(server, listed):
    """Where it lies in a directory that is named already, ldconfig alone is wanted."""
    name = "libpython3.6m.so.1.0"
    server.put(PYTHON, build(needed=[name, "libc.so.6"], interpreter=LDSO, kind=2))
    fix = (
        "find / -name 'libpython3.6m.so.1.0'; add its directory to /etc/ld.so.conf.d/ and "
        "run ldconfig; if it is nowhere, install Python 3.6 again"
    )
    if listed:
        server.put("/etc/ld.so.conf", "/opt/lib\n")
        server.library(name, "/opt/lib")
        fix = "ldconfig"
    message = "the interpreter does not find its own library"
    assert told(server) == [("LIB008", "error", name, message, LOOKED, fix)]


def test_a_libpython_that_a_module_alone_needs(server):
    """It is not the interpreter's own then, but a library like any other."""
    server.module("m", needed=["libpython3.6m.so.1.0"])
    assert [(code, subject) for code, _, subject, _, _, _ in told(server)] == [
        ("LIB001", "libpython3.6m.so.1.0")
    ]


def test_an_interpreter_for_another_loader(server):
    """The path that it names is not there."""
    server.put(PYTHON, build(needed=["libc.so.6"], interpreter="/lib/ld-none.so", kind=2))
    message = "the interpreter's loader cannot be opened: No such file or directory"
    fix = "this Python was built for another system: use one built for this system"
    path = "/lib/ld-none.so"
    assert told(server) == [("LIB001", "error", path, message, (path,), fix)]


@pytest.mark.parametrize(
    ("contents", "why"),
    [(b"\x7fELF junk", "unknown ELF class or byte order"), (b"#!/bin/sh\n", "no ELF header")],
)
def test_an_interpreter_that_is_no_program(server, contents, why):
    """Nothing can be loaded by it; its modules and packages are looked at all the same."""
    server.put(PYTHON, contents)
    server.put(SITE + "/z.so", "text\n")
    result = doctor(server)
    message = "the interpreter cannot be loaded: " + why
    assert tuple(result.findings[0]) == ("LIB005", "error", PYTHON, message, (), "install Python 3.6 again")
    assert [each.code for each in result.findings] == ["LIB005", "LIB007"]
    assert result.summary.modules == 16


def test_an_interpreter_for_another_architecture(server):
    """The libraries are asked for of that."""
    server.put(PYTHON, build(needed=["libc.so.6"], interpreter=LDSO, kind=2, machine=183))
    result = doctor(server)
    assert [(each.code, each.subject) for each in result.findings] == [("LIB004", "libc.so.6")]
    assert result.rpms == ("glibc.aarch64",)


def test_what_is_named_like_a_library(server):
    """Damaged, empty, text, and for another architecture: what to do about each."""
    server.module("x", machine=183)
    server.library("libp.so", SITE + "/p", machine=183)
    server.put(SITE + "/" + module("y"), "text\n")
    server.put(SITE + "/z.so", "text\n")
    server.put(SITE + "/" + module("w"), b"")
    server.put(SITE + "/v.so", build()[:100])
    server.put(SITE + "/u.so", b"\x7fELF")
    odd = "is named like an extension module, but is not an ELF file: it cannot be imported"
    junk, cut = "is damaged: unknown ELF class or byte order", "is damaged: truncated: "
    foreign = "is built for aarch64, the interpreter for x86_64"

    def at(name):
        return (SITE + "/" + name,)

    assert told(server) == [
        ("LIB005", "error", "u.so", junk, at("u.so"), AGAIN),
        ("LIB005", "error", "v.so", cut + "168 bytes expected at offset 64", at("v.so"), AGAIN),
        ("LIB005", "error", module("w"), "is damaged: empty", at(module("w")), AGAIN),
        ("LIB004", "error", module("x"), foreign, (), "bundle again with --arch x86_64"),
        ("LIB005", "error", module("y"), odd, at(module("y")), AGAIN),
        ("LIB007", "info", "z.so", "is a text file (a linker script), not a library", at("z.so"), ""),
    ]


def test_a_module_for_another_python(server):
    """Unless the same one is there for this one, by its tag, the stable ABI or no tag at all."""
    for name in "vwxyz":
        path = "{}/{}.cpython-37m-x86_64-linux-gnu.so".format(SITE, name)
        server.put(path, build(exports=["PyInit_" + name]))
    for path in ("w.so", "y.abi3.so", module("z"), "vv.so"):
        server.put(SITE + "/" + path, build(exports=["PyInit_" + path.split(".")[0]]))
    message, fix = (
        "is for CPython 3.7; this one is 3.6 and does not find it",
        "bundle again with --python 3.6",
    )
    assert told(server) == [
        ("PKG007", "error", name + ".cpython-37m-x86_64-linux-gnu.so", message, (), fix) for name in "vx"
    ]


def test_a_program_that_lacks_libraries(server):
    """It is judged with its own loader's eyes; what is no program in bin/ is not."""
    server.put("/opt/env/bin/ninja", build(needed=["libstdc++.so.6", "libno.so"], interpreter=LDSO))
    server.put("/opt/env/bin/lib.so", build(needed=["libx.so"]))
    ask = "run this again with --iso FILE (or --rpm-repo DIR), which is asked for the package that has it"
    message = "is missing; needed by bin/ninja"
    cure = YUM + "install libstdc++" + TABLE.format("libstdc++")
    assert told(server) == [
        ("LIB001", "error", "libstdc++.so.6", message, LOOKED, cure),
        ("LIB001", "error", "libno.so", message, LOOKED, ask),
    ]
    assert [(each.soname, each.rpms, each.source) for each in doctor(server).providers] == [
        ("libno.so", (), ""),
        ("libstdc++.so.6", ("libstdc++",), "table"),
    ]


@pytest.mark.parametrize(
    ("contents", "codes"), [(None, ["LIB009"]), (b"junk", ["LIB009"]), (b"", ["LIB009"])]
)
def test_the_loaders_cache(server, contents, codes):
    """One that is not there is for information, one that cannot be read a warning; both have a cure."""
    path = "/etc/ld.so.cache"
    server.remove(path)
    if contents is not None:
        server.put(path, contents)
    ((code, severity, subject, message, looked, fix),) = told(server)
    assert (code, subject, looked, fix) == ("LIB009", path, (path,), "run ldconfig as root")
    absent = "is missing, so only the default directories are searched"
    assert severity == ("info" if contents is None else "warning")
    assert (message == absent) is (contents is None)
    assert contents is None or message.startswith("cannot be read, so it is not searched: ")


@pytest.fixture
def refusing(server, monkeypatch):
    """``refusing(path, number)``: to open that path fails."""
    real = Tree.open
    failing = {}

    def opened(self, path, *how):
        if path in failing:
            raise OSError(failing[path], "refused", path)
        return real(self, path, *how)

    monkeypatch.setattr(Tree, "open", opened)
    return lambda path, number: failing.update({path: number})


def test_a_module_that_the_disk_does_not_give(server, refusing):
    """It is there, and cannot be opened."""
    server.module("x")
    path = SITE + "/" + module("x")
    refusing(path, errno.EIO)
    assert told(server) == [
        ("LIB006", "warning", module("x"), "cannot be opened: refused", (path,), AGAIN),
    ]


# --- LD_LIBRARY_PATH ---------------------------------------------------------------------


def by_variable(server, *directories):
    tree = Tree(server.root)
    env, _ = environment.locate(tree, "/opt/env")
    cure = cures.read(tree, providers.Catalog())
    found = libraries.inspect(tree, env, cure, directories).findings
    return [tuple(each) for each in found]


@pytest.mark.parametrize("number", [1, 2])
def test_libraries_that_only_the_variable_finds(server, number):
    """A service does not have it: for information, with what does for all."""
    names = ["libp.so.1", "libq.so.1"][:number]
    for name in names:
        server.library(name, "/opt/here")
    server.module("m", needed=names)
    message = ", ".join("/opt/here/" + name for name in names) + (" is" if number == 1 else " are")
    message += " found only through it; a service does not have your shell's variables"
    fix = "add the directory to /etc/ld.so.conf.d/ and run ldconfig"
    assert by_variable(server, "/opt/here") == [("ENV007", "info", "LD_LIBRARY_PATH", message, (), fix)]


def test_libraries_that_the_variable_puts_first(server):
    """Those that are other files than the system's own: a link to it is the same."""
    for name in ("libp.so.1", "libq.so.1"):
        server.library(name, "/opt/here")
        server.library(name)
    server.link("/opt/here/libc.so.6", "/usr/lib64/libc.so.6")
    server.module("m", needed=["libp.so.1", "libq.so.1", "libc.so.6"])
    first = "it puts /opt/here/libp.so.1, /opt/here/libq.so.1 before the system's own"
    message = first + " (/usr/lib64/libp.so.1, /usr/lib64/libq.so.1): what was tested with those may fail"
    looked = tuple(
        "/opt/here/{0} instead of /usr/lib64/{0}".format(name) for name in ("libp.so.1", "libq.so.1")
    )
    assert by_variable(server, "/opt/here") == [
        ("ENV008", "warning", "LD_LIBRARY_PATH", message, looked, "unset LD_LIBRARY_PATH")
    ]


# --- packages ----------------------------------------------------------------------------

INFO = SITE + "/a-1.0.dist-info"


def of_packages(server):
    return [tuple(each) for each in examine("/opt/env", server.root, checks=["packages"]).findings]


@pytest.mark.parametrize("number", [1, 5, 7])
@pytest.mark.parametrize(
    ("what", "code", "severity"), [("missing", "PKG001", "error"), ("altered", "PKG002", "warning")]
)
def test_files_of_a_package(server, number, what, code, severity):
    """Five are named; where there are more, all of them are where it was looked."""
    names = ["a/{}.py".format(each) for each in range(number)]
    server.distribution("a", files=dict.fromkeys(names, ""))
    for name in names:
        server.remove(SITE + "/" + name) if what == "missing" else server.put(SITE + "/" + name, "x")
    message = "{} {}: ".format("1 file is" if number == 1 else "{} files are".format(number), what)
    message += ", ".join(names[:5]) + (" and 2 more" if number == 7 else "")
    looked = tuple(SITE + "/" + name for name in names) if number == 7 else ()
    assert of_packages(server) == [(code, severity, "a 1.0", message, looked, AGAIN)]


def test_files_of_two_packages(server):
    """Who else has a file of that name is said; machine code that is nobody's is broken."""
    server.distribution("a", files={"x.py": "1", "y.so": "1"})
    server.distribution("b", files={"x.py": "2", "y.so": "3"})
    server.put(SITE + "/y.so", build())
    message = "1 file is altered: {}; {} has files of the same name"
    cure = (
        "/opt/env/bin/python -m pip uninstall -y {} && "
        "/opt/env/bin/python -m pip install --no-index --find-links DIR {}==1.0, where DIR has its wheel"
    )
    assert of_packages(server) == [
        ("PKG002", "error", "a 1.0", message.format("y.so", "b 1.0"), (), cure.format("b a", "b")),
        ("PKG002", "warning", "a 1.0", message.format("x.py", "b 1.0"), (), cure.format("b a", "b")),
        ("PKG002", "error", "b 1.0", message.format("y.so", "a 1.0"), (), cure.format("a b", "a")),
    ]


LOST = "its RECORD is damaged: it does not list "


@pytest.mark.parametrize(
    ("record", "message"),
    [
        ("x\n" * 7, "its RECORD is damaged, line 1, 2, 3, 4, 5"),
        ("", "its RECORD is damaged: it is empty"),
        ("a-1.0.dist-info/METADATA,,\n", LOST + "RECORD"),
        ("a-1.0.dist-info/RECORD,,\n", LOST + "METADATA"),
        ("b-1.0.dist-info/RECORD,,\nb-1.0.dist-info/METADATA,,\n", LOST + "METADATA and RECORD"),
        ("a-1.0.dist-info/METADATA,sha256,\na-1.0.dist-info/RECORD,,\n", "its RECORD is damaged, line 1"),
        ("\na-1.0.dist-info/METADATA,,-1\na-1.0.dist-info/RECORD,,\n", "its RECORD is damaged, line 2"),
        ("a-1.0.dist-info/METADATA,=x,\na-1.0.dist-info/RECORD,,\n", None),
    ],
)
def test_a_record(server, record, message):
    """What it lacks, or which lines are none."""
    server.distribution("a", record=record)
    server.put(SITE + "/b-1.0.dist-info/x", "")
    found = [each for each in of_packages(server) if each[0] == "PKG006"]
    assert found == ([("PKG006", "error", "a", message, (INFO + "/RECORD",), AGAIN)] if message else [])


def test_a_record_that_csv_refuses(server):
    """Where reading stops is said, and why."""
    server.distribution("a", record="a-1.0.dist-info/METADATA,,\n" + "x" * 140000 + ",,\nb,,\n")
    ((code, severity, subject, message, looked, fix),) = of_packages(server)
    assert (code, severity, subject, looked, fix) == ("PKG006", "error", "a", (INFO + "/RECORD",), AGAIN)
    assert message == "its RECORD is damaged, line 2 (field larger than field limit (131072))"


def test_hashes_that_are_not_known(server):
    """Nothing is said of those files, and that for information."""
    record = "a.py,md5=xx,1\nq.py,sha1=00,\na-1.0.dist-info/METADATA,,\na-1.0.dist-info/RECORD,,\n"
    server.distribution("a", record=record)
    for name in ("a.py", "q.py"):
        server.put(SITE + "/" + name, "1")
    message = "not checked, because the hash is unknown: a.py (md5), q.py (sha1)"
    looked = (SITE + "/a.py (md5)", SITE + "/q.py (sha1)")
    assert of_packages(server) == [("PKG008", "info", "a 1.0", message, looked, "")]


def test_half_of_a_package(server):
    """Whatever of the two files is not there."""
    for name in "abc":
        server.distribution(name)
    server.remove(SITE + "/a-1.0.dist-info/RECORD")
    server.remove(SITE + "/b-1.0.dist-info/METADATA")
    text = "Version: 2\n"
    server.distribution("c", record="c-1.0.dist-info/METADATA,,\nc-1.0.dist-info/RECORD,,\n")
    server.put(SITE + "/c-1.0.dist-info/METADATA", text)
    half = "is incompletely installed: "
    gone = ("PKG001", "error", "b 1.0", "1 file is missing: b-1.0.dist-info/METADATA", (), AGAIN)

    def said(name, file, why):
        looked = ("{}/{}-1.0.dist-info/{}".format(SITE, name, file),)
        return ("PKG003", "error", name, half + why, looked, AGAIN)

    assert of_packages(server) == [
        said("b", "METADATA", "no METADATA"),
        said("c", "METADATA", "METADATA is damaged, it has no Name"),
        said("a", "RECORD", "no RECORD"),
        gone,
    ]


def test_what_else_is_wrong_with_packages(server):
    """What pip left, what occurs twice, and what is not there."""
    server.distribution("A_b")
    server.distribution("a-b", "2.0")
    server.distribution("c", requires=["d>=2", "e", "f!!", "g; python_version>'3.6'"])
    server.distribution("d")
    server.put(SITE + "/~ip/x", "")
    server.put(SITE + "/~file", "")
    left = "is left over from an interrupted pip; Python cannot use it"
    twice = (SITE + "/A_b-1.0.dist-info", SITE + "/a-b-2.0.dist-info")
    unread = "a requirement cannot be read: f!! (not a version specifier: '!!')"
    wanted = "bundle again with {} among the requirements"
    assert of_packages(server) == [
        ("PKG004", "warning", "~ip", left, (SITE + "/~ip",), "rm -r '{}/~ip'".format(SITE)),
        ("PKG010", "warning", "A_b", "is recorded more than once: 1.0, 2.0", twice, AGAIN),
        ("PKG005", "error", "c 1.0", "needs d>=2; it has 1.0", (SITE,), wanted.format("d>=2")),
        ("PKG005", "error", "c 1.0", "needs e; it is not installed", (SITE,), wanted.format("e")),
        ("PKG009", "info", "c 1.0", unread, (SITE + "/c-1.0.dist-info",), ""),
    ]


WHEELS = {
    "p": "manylinux1_x86_64",
    "q": "manylinux2010_x86_64",
    "r": "manylinux2014_x86_64",
    "s": "manylinux_2_17_x86_64.manylinux2014_x86_64",
    "t": "manylinux_2_28_x86_64",
    "u": "linux_x86_64",
}


@pytest.mark.parametrize(
    ("version", "severity", "message"),
    [
        (
            "8.0",
            "warning",
            "8.0 is too old for the wheels of p 1.0, q 1.0, r 1.0 and 2 more, which need pip 20.3",
        ),
        (
            "8.1",
            "warning",
            "8.1 is too old for the wheels of q 1.0, r 1.0, s 1.0 and 1 more, which need pip 20.3",
        ),
        (
            "18.9",
            "warning",
            "18.9 is too old for the wheels of q 1.0, r 1.0, s 1.0 and 1 more, which need pip 20.3",
        ),
        ("19.0", "warning", "19.0 is too old for the wheels of r 1.0, s 1.0, t 1.0, which need pip 20.3"),
        ("19.3.1", "warning", "19.3.1 is too old for the wheels of t 1.0, which need pip 20.3"),
        ("20.2", "warning", "20.2 is too old for the wheels of t 1.0, which need pip 20.3"),
        ("20.3", "", ""),
        ("dev", "", ""),
    ],
)
def test_the_environments_own_pip(server, version, severity, message):
    """Which wheels it would refuse, and the pip that takes all."""
    server.distribution("pip", version)
    for name, platform in WHEELS.items():
        text = "Tag: cp36-cp36m-{}\n".format(platform)
        server.distribution(name, files={name + "-1.0.dist-info/WHEEL": text})
    fix = "install with the pip of a bundle (offkit install brings its own), or pip 21.3.1 on CPython 3.6"
    looked = ("{}/pip-{}.dist-info".format(SITE, version),)
    assert of_packages(server) == ([("PKG011", severity, "pip", message, looked, fix)] if message else [])


@pytest.mark.parametrize(("version", "said"), [("19.2", True), ("19.3", False)])
def test_a_pip_that_refuses_nothing_here(server, version, said):
    """It would refuse what is built today: for information."""
    server.distribution("pip", version)
    found = [(code, severity, message) for code, severity, _, message, _, _ in of_packages(server)]
    message = "19.2 supports neither manylinux2014 nor newer wheels"
    assert found == ([("PKG011", "info", message)] if said else [])


# --- repositories ------------------------------------------------------------------------

OWN = (
    "[offkit-base]\nname=x\nbaseurl=file:///mnt/c7\nenabled=0\ngpgcheck=1\n"
    "gpgkey=file:///mnt/c7/KEY file:///mnt/c7/KEY2 http://x/k\n"
)
FILE = "/etc/yum.repos.d/offkit.repo"


def of_repositories(server, **asked):
    result = examine("/opt/env", server.root, checks=["libraries", "repositories"], **asked)
    return [tuple(each) for each in result.findings if each.code.startswith("REPO")]


@pytest.mark.parametrize("enabled", [False, True])
def test_an_iso_that_is_not_mounted(server, enabled):
    """A warning where yum would stop at it."""
    server.put(FILE, OWN.replace("enabled=0", "enabled={}".format(int(enabled))))
    message = "/mnt/c7 is missing: no disc is mounted there"
    looked = (FILE + ": /mnt/c7", "/mnt/c7/repodata/repomd.xml")
    fix = "mount -o loop,ro FILE.iso /mnt/c7"
    severity = "warning" if enabled else "info"
    assert of_repositories(server) == [("REPO003", severity, "offkit-base", message, looked, fix)]


@pytest.mark.parametrize("needed", [False, True])
def test_keys_that_are_not_there(server, needed):
    """All of them that would lie here; a warning where something is to be installed."""
    server.put(FILE, OWN)
    repository(server.host("/mnt/c7"), library_packages("libSM.so.6"))
    if needed:
        server.module("x", needed=["libSM.so.6"])
    message = "its key is missing: /mnt/c7/KEY, /mnt/c7/KEY2"
    fix = "correct gpgkey= in {}; the keys of this system are in /etc/pki/rpm-gpg".format(FILE)
    severity = "warning" if needed else "info"
    assert of_repositories(server) == [
        ("REPO007", severity, "offkit-base", message, ("/mnt/c7/KEY", "/mnt/c7/KEY2"), fix)
    ]
    server.put("/mnt/c7/KEY", "")
    assert [looked for _, _, _, _, looked, _ in of_repositories(server)] == [("/mnt/c7/KEY2",)]
    server.put("/mnt/c7/KEY2", "")
    assert of_repositories(server) == []


def test_metadata_in_the_caches_of_yum_and_dnf(server):
    """Of this repository alone; a cache without metadata is none."""
    server.put(FILE, OWN.replace("gpgcheck=1", "gpgcheck=0"))
    repository(server.host("/mnt/c7"), library_packages("libSM.so.6"))
    caches = [
        "/var/cache/yum/x86_64/7/offkit-base/repomd.xml",
        "/var/cache/dnf/offkit-base-0115284a1e1247f2/repodata/repomd.xml",
    ]
    for cache in [
        *caches,
        "/var/cache/dnf/offkit-basement-00/repodata/repomd.xml",
        "/var/cache/dnf/offkit-base-00/repodata/repomd.xml",
        "/var/cache/dnf/offkit-base-/x",
    ]:
        server.put(cache, "old")
    message = "yum has cached the metadata of another ISO and would use it"
    fix = "yum --disablerepo='*' --enablerepo='offkit-base' clean metadata"
    current = "/mnt/c7/repodata/repomd.xml"
    assert of_repositories(server) == [
        ("REPO005", "info", "offkit-base", message, (cache, current), fix) for cache in caches
    ]


@pytest.mark.parametrize("count", [1, 2])
def test_repositories_that_need_a_network(server, count):
    """One or many: where each is from, and how to leave them out."""
    names = ["a", "b"][:count]
    for name in names:
        server.put("/etc/yum.repos.d/{}.repo".format(name), "[{0}]\nbaseurl=http://{0}/\n".format(name))
    are, them = ("is enabled and needs", "it") if count == 1 else ("are enabled and need", "them")
    message = "{} a network: without one yum waits for {}, then fails".format(are, them)
    looked = tuple("/etc/yum.repos.d/{0}.repo: http://{0}/".format(name) for name in names)
    fix = "disable {}: yum --disablerepo='*' --enablerepo='offkit-*' ... (as all commands here do)".format(
        them
    )
    assert of_repositories(server) == [("REPO002", "info", ", ".join(names), message, looked, fix)]


def test_a_mirrorlist_without_a_place(server):
    """A repository without any URL needs no network: yum says that it is none."""
    server.put("/etc/yum.repos.d/a.repo", "[a]\nname=a\n")
    assert of_repositories(server) == []


def test_no_repository_to_install_from(server, tmp_path):
    """The command that makes one, with what was named here; no such line off Enterprise Linux."""
    server.module("x", needed=["libSM.so.6"])
    message = "no offkit-* repository is configured; the yum command installs from those"

    def said(what):
        fix = "as root: offkit repo add " + what
        return [("REPO001", "warning", "offkit-*", message, ("/etc/yum.repos.d",), fix)]

    assert of_repositories(server) == said("--iso FILE.iso")
    place = repository(tmp_path / "a b" / "repo", library_packages("libSM.so.6"))
    assert of_repositories(server, rpm_repos=[place]) == said("--iso '{}'".format(place))
    server.put("/etc/os-release", "ID=debian\nVERSION_ID=12\nPRETTY_NAME=Debian\n")
    assert of_repositories(server) == []


def test_a_dependency_that_nobody_has(server, tmp_path):
    """Of each package all that is lacking; what the server has, in the version wanted, is not."""
    requires = [
        "libICE.so.6()(64bit)",
        "libq.so.1(Q_1)(64bit)",
        "libq.so.1(Q_2)(64bit)",
        "libr.so.1()(64bit)",
    ]
    place = repository(tmp_path / "repo", [package("libSM", ["libSM.so.6()(64bit)"], requires)])
    server.put(FILE, OWN)
    server.library("libq.so.1", defines=["Q_1"])
    server.module("x", needed=["libSM.so.6"])
    message = (
        "libSM-1.0-1.el7.x86_64 requires libICE.so.6()(64bit), libq.so.1(Q_2)(64bit), libr.so.1()(64bit)"
    )
    message += ", which none of the repositories read has"
    fix = "use a fuller ISO (Everything, DVD) that has it"
    found = [each for each in of_repositories(server, rpm_repos=[place]) if each[0] == "REPO008"]
    assert found == [("REPO008", "error", "libSM", message, (place,), fix)]


@pytest.mark.parametrize("here", [False, True])
def test_a_dependency_of_a_dependency_that_nobody_has(server, tmp_path, here):
    """However far it is; what the server has already brings nothing, and its package is not looked at."""
    chain = [
        package("libSM", ["libSM.so.6()(64bit)"], ["libICE.so.6()(64bit)"]),
        package("libICE", ["libICE.so.6()(64bit)"], ["libSM.so.6()(64bit)", "libq.so.1()(64bit)"]),
        package("libq", ["libq.so.1()(64bit)"], ["libfar.so.1()(64bit)", "/bin/sh"]),
    ]
    place = repository(tmp_path / "repo", chain)
    server.put(FILE, OWN)
    server.module("x", needed=["libSM.so.6"])
    if here:
        server.library("libq.so.1")
    found = [each[2:4] for each in of_repositories(server, rpm_repos=[place]) if each[0] == "REPO008"]
    message = "libq-1.0-1.el7.x86_64 requires libfar.so.1()(64bit), which none of the repositories read has"
    assert found == ([] if here else [("libq", message)])


# --- parts of the standard library -------------------------------------------------------

DEVEL = YUM + "install {}\nthen {}; at run time it needs {}"
WITHOUT = "this Python was built without it (no {}); it is for {}"


def of_interpreter(server):
    result = examine("/opt/env", server.root, checks=["interpreter"])
    return [tuple(each) for each in result.findings], result.rpms


@pytest.mark.parametrize(
    ("origin", "how"),
    [
        ("", "build Python again (make altinstall)"),
        ("source", "remove /usr/local and run the bundle's install.sh again, which compiles it again"),
        (
            "build",
            "this Python is a ready-made build: bundle another (offkit bundle --python-build), or source",
        ),
        (
            "rpm",
            "no package that this Python was unpacked from has it; as root, install.sh --iso FILE "
            "installs the distribution's own",
        ),
    ],
)
def test_modules_that_are_not_there(server, origin, how):
    """What has to be installed is that of errors alone; what came ready-made is not built again."""
    for name in ("_ssl", "_hashlib", "_bz2", "_curses_panel"):
        server.remove("{}/{}".format(DYNLOAD, module(name)))
    server.put("/usr/local/offkit-python.json", json.dumps({"origin": origin}))
    looked = ("/usr/local/lib64/python3.6/lib-dynload", PYTHON)

    def said(severity, subject, lacking, purpose, devel, runtime):
        message = WITHOUT.format(lacking, purpose)
        fix = how if origin in ("build", "rpm") else DEVEL.format(devel, how, runtime)
        return ("PY001", severity, subject, message, looked, fix)

    found, rpms = of_interpreter(server)
    assert found == [
        said("error", "ssl hashlib", "_ssl, _hashlib", "https and hashes", "openssl-devel", "openssl-libs"),
        said("warning", "bz2", "_bz2", ".bz2 files", "bzip2-devel", "bzip2-libs"),
        said(
            "warning",
            "curses",
            "_curses_panel",
            "full-screen terminal programs",
            "ncurses-devel",
            "ncurses-libs",
        ),
    ]
    assert rpms == (() if origin in ("build", "rpm") else ("openssl-devel",))


def test_built_in_modules_that_cannot_be_read(server):
    """Without lib-dynload, and without posix in the program, nothing is known."""
    shutil.rmtree(server.host(DYNLOAD))
    message = "its built-in modules cannot be read, so what it lacks is unknown"
    looked = (PYTHON, "/usr/lib64/libc.so.6")
    assert of_interpreter(server) == ([("PY004", "info", PYTHON, message, looked, "")], ())
    program = build(needed=["libc.so.6"], interpreter=LDSO, kind=2, exports=["PyInit_posix", "PyInit_zlib"])
    server.put(PYTHON, program)
    found, rpms = of_interpreter(server)
    assert rpms == ("libffi-devel", "openssl-devel")
    assert {looked for _, _, _, _, looked, _ in found} == {("/usr/local/lib", PYTHON)}
    assert "zlib" not in [subject for _, _, subject, _, _, _ in found]


@pytest.mark.parametrize("where", ["/usr/bin", "/usr/libexec"])
def test_packages_of_the_distributions_python(server, where):
    """Without lib-dynload its packages are not installed: they are what is wanted, and nothing is built."""
    shutil.rmtree(server.host(DYNLOAD))
    program = build(needed=["libc.so.6"], interpreter=LDSO, kind=2, exports=["PyInit_posix", "PyInit_zlib"])
    server.put(where + "/python3.6", program)
    server.remove("/opt/env/bin/python3.6")
    server.link("/opt/env/bin/python3.6", where + "/python3.6")
    server.put("/opt/env/pyvenv.cfg", "home = {}\nversion = 3.6.8\n".format(where))
    found, rpms = of_interpreter(server)
    fixes = {subject: (severity, message, fix) for _, severity, subject, message, _, fix in found}
    apart = "the distribution's Python has it in a separate package"
    assert fixes["tkinter"] == ("info", apart, YUM + "install python3-tkinter")
    lacking = WITHOUT.format("_ssl, _hashlib", "https and hashes")
    assert fixes["ssl hashlib"] == ("error", lacking, YUM + "install python3-libs")
    assert rpms == ("python3-libs",)


@pytest.mark.parametrize(
    ("series", "system", "said"),
    [("3.10", "7", True), ("3.9", "7", False), ("3.10", "8", False)],
)
def test_a_newer_python_on_el7(server, series, system, said):
    """Its ssl wants an OpenSSL that el7 has only elsewhere."""
    shutil.rmtree(server.host("/opt/env"))
    server.put("/etc/os-release", 'ID="centos"\nVERSION_ID="{}"\nPRETTY_NAME="x"\n'.format(system))
    home = "/opt/python"
    server.put(home + "/bin/python" + series, build(needed=["libc.so.6"], interpreter=LDSO, kind=2))
    server.put("{}/lib/python{}/os.py".format(home, series), "")
    server.put("{}/lib/python{}/lib-dynload/zlib.so".format(home, series), build(exports=["PyInit_zlib"]))
    server.put("/opt/env/pyvenv.cfg", "home = {}/bin\nversion = {}.0\n".format(home, series))
    server.link("/opt/env/bin/python", "{}/bin/python{}".format(home, series))
    server.directory("/opt/env/lib/python{}/site-packages".format(series))
    fixes = {subject: fix for code, _, subject, _, _, fix in of_interpreter(server)[0] if code == "PY001"}
    note = "\nCPython 3.10 and newer need OpenSSL 1.1.1, which el7 has only in EPEL (openssl11-devel)"
    assert fixes["ssl hashlib"].endswith(note) is said
    assert not any(fix.endswith(note) for subject, fix in fixes.items() if subject != "ssl hashlib")


# --- what to install ---------------------------------------------------------------------


def remedies(server, sonames=None, elsewhere=None):
    own = cures.read(Tree(server.root), providers.Catalog())
    return own._replace(release=own.release._replace(sonames=sonames or {}, elsewhere=elsewhere or {}))


@pytest.mark.parametrize(("arch", "name"), [("", "libx"), ("x86_64", "libx.x86_64")])
def test_a_package_by_the_table(server, arch, name):
    """Named with its architecture where one of another is here."""
    cure = remedies(server, {"libx.so.1": "libx"}).for_soname("libx.so.1", 64, arch)
    assert cure == ((name,), "{}install {}".format(YUM, name) + TABLE.format("libx"), "table", ())


@pytest.mark.parametrize("soname", ["libx.so.1", "liby.so.1", "libw.so.1"])
def test_what_a_32_bit_file_wants(server, soname):
    """Whatever the table has is for 64 bits: a package of it, none, or no such line."""
    own = remedies(server, {"libx.so.1": "libx", "liby.so.1": None})
    assert own.for_soname(soname, 32) == ((), THE_64_BIT_BUILD, "table", ())


# Of each row of the table a library, and words of what is said about it.
ON_NO_DISC = {
    "libcuda.so.1": "the NVIDIA driver (nvidia.com/drivers), which is on no ISO",
    "libnvidia-ml.so.1": "the NVIDIA driver",
    "libnvcuvid.so.1": "the NVIDIA driver",
    "libnvoptix.so.1": "the NVIDIA driver",
    "libQt53DRender.so.5": "add PyQt3D or PyQt3D-Qt5 to the requirements",
    "libQt5Gamepad.so.5": "add PyQt3D or PyQt3D-Qt5 to the requirements",
    "libQt5WebEngineCore.so.5": "add PyQtWebEngine or PyQtWebEngine-Qt5 to the requirements",
    "libcudart.so.11.0": "nvidia-cuda-runtime-cu11",
    "libcudart.so.12": "nvidia-cuda-runtime-cu12",
    "libcublasLt.so.12": "nvidia-cublas-cu12",
    "libcudnn_ops_infer.so.8": "nvidia-cudnn-cu11",
    "libcufft.so.11": "nvidia-cufft-cu12 (.11)",
    "libcurand.so.10": "nvidia-curand-cu12",
    "libcusolver.so.11": "nvidia-cusolver-cu12",
    "libcusparse.so.12": "nvidia-cusparse-cu12",
    "libcusparseLt.so.0": "nvidia-cusparselt-cu12",
    "libnvrtc.so.11.2": "nvidia-cuda-nvrtc-cu11",
    "libnvJitLink.so.12": "nvidia-nvjitlink-cu12",
    "libcupti.so.12": "nvidia-cuda-cupti-cu12",
    "libnvToolsExt.so.1": "nvidia-nvtx-cu12",
    "libcufile.so.0": "nvidia-cufile-cu12",
    "libnppicc.so.12": "nvidia-npp-cu12",
    "libnccl.so.2": "nvidia-nccl-cu12",
    "libnvshmem_host.so.3": "nvidia-nvshmem-cu12",
    "libcutensor.so.2": "cutensor-cu12",
    "libnvinfer.so.10": "add tensorrt",
    "libamdhip64.so.6": "AMD's ROCm",
    "libascendcl.so": "Huawei's CANN",
    "libcnrt.so": "Cambricon's Neuware",
    "libmkl_rt.so.2": "add mkl",
    "libiomp5.so": "add intel-openmp",
    "libsvml.so": "intel-cmplr-lib-rt",
    "libze_loader.so.1": "level-zero",
    "libc.musl-x86_64.so.1": "a musllinux wheel, for another system: take the manylinux wheel",
    "libpython3.7m.so.1.0": "another Python",
    "libclntsh.so.23.1": "Oracle Instant Client",
    "libdb2.so.1": "clidriver",
    "libmimerapi.so": "only Qt's plug-in",
    "libfbclient.so.2": "Firebird",
    "libmysqlclient.so.20": "MySQL 5.7",
    "libmsodbcsql-17.10.so.5.1": "msodbcsql17",
    "libsybdb.so.5": "freetds-libs",
    "libmpi.so.40": "module load mpi",
    "libjvm.so": "JAVA_HOME",
    "libtorch_cpu.so": "add torch",
    "libtensorflow_framework.so.2": "add tensorflow",
    "libarrow.so.1500": "add pyarrow",
    "libQt5Core.so.5": "PyQt5-Qt5",
    "libQt6WebEngineCore.so.6": "PyQt6-WebEngine-Qt6",
    "libshiboken6.abi3.so.6.11": "shiboken6",
    "libvtkCommonCore-9.3.so.1": "add vtk",
    "libssl.so.1.0.0": "libssl.so.10",
    "libjpeg.so.8": "Debian and Ubuntu",
    "libavcodec.so.58": "FFmpeg",
    "libx264.so.164": "RPM Fusion",
    "libgdal.so.32": "rasterio",
    "libhdf5.so.103": "h5py",
    "libzbar.so.0": "zbar",
    "libzmq.so.5": "pyzmq",
    "libmx.so": "MATLAB",
    "libgurobi110.so": "licensed",
    "libwidevinecdm.so": "Google's",
    "libSpinnaker.so.4": "camera's SDK",
    "libfoo.1.dylib": "another system",
}


@pytest.mark.parametrize("soname", ON_NO_DISC)
def test_what_no_disc_has(server, soname):
    """The reason and what to do, with and without a disc at hand that lacks it; yum is not asked."""
    own = cures.read(Tree(server.root), providers.Catalog())
    cure = own.for_soname(soname, 64)
    assert (cure.rpms, cure.source) == ((), "table")
    assert ON_NO_DISC[soname] in cure.fix
    assert "provides" not in cure.fix
    own.catalog.answers[soname] = Answer((), (), ())
    assert own.for_soname(soname, 64) == cure


def test_every_row_of_what_no_disc_has():
    """Has a library above."""
    rows = nowhere.parse(data.read_text(nowhere.TABLE))
    assert [row for row in rows if not any(row.sonames.fullmatch(each) for each in ON_NO_DISC)] == []


def test_what_a_disc_has_all_the_same(server, tmp_path):
    """Its package: the reason is for where none has it."""
    place = repository(tmp_path / "repo", library_packages("libmpi.so.40"))
    server.put(FILE, OWN)
    server.module("x", needed=["libmpi.so.40"])
    found = examine("/opt/env", server.root, rpm_repos=[place], checks=["libraries"])
    assert found.rpms == ("libmpi",)


def test_what_the_table_knows_to_be_nowhere(server):
    """A release without it, with and without a note; and a name that nobody knows."""
    own = remedies(server, dict.fromkeys(["libx.so.1", "liby.so.1"]), {"liby.so.1": "take another"})
    none = "no package of el7 has it: use a build made for el7"
    assert own.for_soname("libx.so.1", 64)[:3] == ((), none, "table")
    assert own.for_soname("liby.so.1", 64)[:3] == ((), "take another", "table")
    ask = "find the package that has it on the ISO: {}provides 'libw.so.1{}'"
    assert own.for_soname("libw.so.1", 64)[:3] == ((), ask.format(YUM, "()(64bit)"), "")


def test_one_line_for_what_is_missing_and_what_is_damaged(server):
    """Two verbs; off Enterprise Linux it says for which system it is."""
    own = remedies(server)
    assert own.install(["a", "b"]) == YUM + "install a b"
    assert own.install(["a"], ["c", "d"]) == "{0}install a && {0}reinstall c d".format(YUM)
    assert own.install((), ["c"]) == YUM + "reinstall c"
    assert own._replace(el=0).install(["a"], ["c"]) == "on el7: {0}install a && {0}reinstall c".format(YUM)
    assert cures.combined(own, ["b", "a", "b"], ["d", "c"]) == "{0}install a b && {0}reinstall c d".format(
        YUM
    )
    assert cures.combined(own, (), ()) == ""
    assert cures.combined(own, (), ["c"]) == YUM + "reinstall c"


@pytest.mark.parametrize(
    ("path", "text", "system", "el"),
    [
        ("/etc/os-release", 'ID="centos"\nVERSION_ID="8"\nPRETTY_NAME="C 8"\nNAME="C"\n', "C 8", 8),
        ("/usr/lib/os-release", 'ID="rhel"\nVERSION_ID="9.4"\nNAME="Red Hat"\n', "Red Hat", 9),
        ("/usr/lib/os-release", "ID=debian\n", "an unknown system", 0),
        ("/none", "", "an unknown system", 0),
    ],
)
def test_the_system(server, path, text, system, el):
    """By the first of two files that is there; where it is no EL the table is that of el7."""
    server.remove("/etc/os-release")
    server.put(path, text)
    own = remedies(server)
    assert (own.system, own.el, own.release.name) == (system, el, "el{}".format(el or 7))
    assert host.os_release(Tree(server.root)) == {
        key: value.strip('"') for key, value in (line.split("=") for line in text.splitlines())
    }


@pytest.mark.parametrize(
    ("system", "names", "sentence"),
    [
        ("7", ["a", "b"], "a b are not on {}"),
        ("8", ["a", "b"], "a b are not on {} (el8 keeps some -devel packages in PowerTools)"),
        ("9", ["libSM", "b"], "b is not on {} (el9 keeps some -devel packages in CRB)"),
        ("9", ["libSM"], ""),
    ],
)
def test_packages_that_no_repository_has(server, tmp_path, system, names, sentence):
    """All of them in one sentence; nothing where no repository can be asked."""
    server.put("/etc/os-release", 'ID="centos"\nVERSION_ID="{}"\n'.format(system))
    place = repository(tmp_path / "repo", library_packages("libSM.so.6"))
    with offer.open_catalog(Tree(server.root), (), [place]) as catalog:
        assert cures.read(Tree(server.root), catalog).absent(names) == sentence.format(place)
        assert catalog.has_packages(names) == tuple(name for name in names if name != "libSM")
    assert remedies(server).absent(names) == ""


def test_repositories_are_found_without_rpm(monkeypatch):
    """It takes longer than the judgement of a hundred files, and nothing of it is wanted for that."""
    monkeypatch.setattr(rpm_keys, "imported", pytest.fail)
    monkeypatch.setattr(rpm_keys, "of_vendor", pytest.fail)
    with offer.open_catalog(Tree("/")) as catalog:
        assert catalog is not None


# --- who has it --------------------------------------------------------------------------

NOTHING = "cannot be read: no yum repository: no repodata/repomd.xml in its top directory, one level below, or where mirrors have it"
OTHER = "copy that medium again and compare its checksum; or use another: --iso FILE, --rpm-repo DIR"


def test_media_that_cannot_be_read(server, tmp_path):
    """Each with its place and what to do about it; a cut image with its sizes."""
    (tmp_path / "empty").mkdir()
    (tmp_path / "text.iso").write_bytes(b"x" * 70000)
    whole = image({"repodata/repomd.xml": b"", "z": b"z" * 50000})
    (tmp_path / "cut.iso").write_bytes(whole[:-4096])
    empty, text, cut = (str(tmp_path / name) for name in ("empty", "text.iso", "cut.iso"))
    found = [
        tuple(each)
        for each in examine("/opt/env", server.root, checks=["repositories"], rpm_repos=[empty]).findings
    ]
    assert found == [("REPO004", "error", empty, NOTHING, (empty,), OTHER)]
    found = [
        tuple(each)
        for each in examine("/opt/env", server.root, checks=["libraries"], isos=[text, cut]).findings
    ]
    no_image = "cannot be read as an ISO image: no ISO 9660 volume descriptor in sector 16"
    name = "give the .iso file itself; if this is it, copy it again and compare its checksum"
    short = "is truncated: {} of {} bytes present".format(len(whole) - 4096, len(whole))
    assert found[:2] == [
        ("REPO004", "error", text, no_image, (text,), name),
        ("REPO004", "error", cut, short, (cut,), "copy it again and compare its checksum"),
    ]


def test_repositories_of_the_server_itself_that_cannot_be_read(server):
    """A warning, since nobody named them; once, whatever is asked, and the table answers."""
    server.put(FILE, OWN.replace("gpgcheck=1", "gpgcheck=0"))
    repository(server.host("/mnt/c7"), [], xml=b"It works!")
    for name in ("libSM.so.6", "libXext.so.6"):
        server.module(name[:5], needed=[name])
    result = examine("/opt/env", server.root, checks=["libraries", "repositories"])
    message = "cannot be read: primary.xml.gz: not XML: syntax error: line 1, column 0"
    assert [tuple(each) for each in result.findings if each.code.startswith("REPO")] == [
        ("REPO004", "warning", "/mnt/c7", message, ("/mnt/c7",), OTHER)
    ]
    assert (result.rpms, result.repositories) == (("libSM", "libXext"), {})


def test_a_library_of_several_packages(server, tmp_path):
    """Those of one answer are named with their places, three at most; the versions that none has."""
    names = ["libx.so.1()(64bit)"] + ["libx.so.1(X_{})(64bit)".format(number) for number in range(4)]
    places = []
    for number, name in enumerate(names):
        top = tmp_path / "repo{}".format(number)
        places.append(repository(top, [package("p{}".format(number), [name])]))
    versions = ["X_0", "X_1", "X_2", "X_3", "X_8", "X_9"]
    server.module("m", needed=["libx.so.1"], needs={"libx.so.1": versions})
    result = doctor(server, rpm_repos=places)
    shown = ", ".join("p{0}-1.0-1.el7.x86_64 on {1}".format(*pair) for pair in enumerate(places[:3]))
    assert result.findings[0].fix == (
        "{}install p0 p1 p2 p3 p4\nby repodata: {}\nbut none has version X_8, X_9".format(YUM, shown)
    )
    (provider,) = result.providers
    assert provider == ("libx.so.1", ("p0", "p1", "p2", "p3", "p4"), ", ".join(places))


# --- the whole of it ---------------------------------------------------------------------


class Steps(Reporter):
    def __init__(self):
        self.said = []

    def step(self, text):
        self.said.append(text)


@pytest.mark.parametrize(
    ("checks", "modules", "files", "steps"),
    [
        (["libraries"], 17, 0, ["looking for libraries as the loader does"]),
        (["interpreter"], 17, 0, ["looking for libraries as the loader does"]),
        (["machine"], 17, 0, ["looking for libraries as the loader does"]),
        (["packages"], 0, 2, ["comparing installed files with their records"]),
        (["repositories"], 0, 0, []),
        (
            ["packages", "libraries"],
            17,
            2,
            ["looking for libraries as the loader does", "comparing installed files with their records"],
        ),
    ],
)
def test_what_a_check_looks_at(server, checks, modules, files, steps):
    """No more than it needs; the summary counts what was looked at."""
    server.module("m", needed=["libSM.so.6"])
    server.distribution("a", files={"a.py": ""})
    reporter = Steps()
    result = examine("/opt/env", server.root, checks=checks, reporter=reporter)
    assert (reporter.said, result.checks) == (steps, tuple(sorted(checks, key=NAMES.index)))
    assert (result.summary.modules, result.summary.files) == (modules, files)
    assert result.summary.distributions == (1 if files else 0)
    assert (result.summary.elf_files > 0, bool(result.resolutions)) == (modules > 0, modules > 0)
    with_libraries = "libraries" in checks
    assert result.rpms == (("libSM",) if with_libraries else ())
    assert [each.soname for each in result.providers] == (["libSM.so.6"] if with_libraries else [])
    assert [each.code for each in result.findings] == (["LIB001"] if with_libraries else [])


@pytest.mark.parametrize(
    ("text", "paths"),
    [("", ()), ("/a", ("/a",)), ("/a:/b;/c", ("/a", "/b", "/c")), (":/a:", ("", "/a", ""))],
)
def test_directories_of_the_variable(text, paths):
    """Both separators; an empty one is the working directory."""
    assert _library_path(text) == paths


def test_variables_are_those_of_the_running_system(server, tmp_path):
    """Below another root none counts."""
    server.library("libp.so.1", "/opt/here")
    server.module("m", needed=["libp.so.1"])
    variables = {"LD_LIBRARY_PATH": "/opt/here", "LANG": "C"}
    result = examine("/opt/env", server.root, variables=variables, checks=["libraries", "machine"])
    assert [(each.code, each.subject) for each in result.findings] == [("LIB001", "libp.so.1")]


def test_what_cannot_be_read_besides(server):
    """An egg-info without PKG-INFO meets no requirement; a variable of yum's that is a directory has no value."""
    server.distribution("a", requires=["b"])
    server.directory(SITE + "/b.egg-info")
    server.put(SITE + "/c.egg-info/PKG-INFO", "Version: 1\n")
    assert [(code, subject) for code, _, subject, _, _, _ in of_packages(server)] == [("PKG005", "a 1.0")]
    server.put(SITE + "/b.egg-info/PKG-INFO", "Name: b\n")
    assert of_packages(server) == []
    server.directory("/etc/yum/vars/site")
    server.put("/etc/yum/vars/empty", "")
    server.put("/etc/yum.repos.d/x.repo", "[x]\nbaseurl=file:///mnt/$site/${empty}y\n")
    (found,) = of_repositories(server)
    assert found[3] == "/mnt/$site/y is missing: no disc is mounted there"


def test_a_repository_that_failed_is_not_asked_again(server, tmp_path):
    """For libraries, and then for packages: one finding."""
    place = repository(tmp_path / "repo", [], xml=b"It works!")
    server.module("m", needed=["libSM.so.6"])
    server.remove("{}/{}".format(DYNLOAD, module("_bz2")))
    found = [each for each in doctor(server, rpm_repos=[place]).findings if each.code.startswith("REPO")]
    assert [(each.code, each.severity, each.subject) for each in found] == [("REPO004", "error", place)]


def test_a_module_that_is_gone_meanwhile(server):
    """It is none."""
    gone = Opened(identity=SITE + "/gone.so")
    assert shared_objects._is_module(TreeView(Tree(server.root)), gone, "gone.so") is False


# --- libraries that a generation has from RPMs ---------------------------------------------


def entry(soname, rpm, medium="disc", data=None):
    data = build(soname=soname) if data is None else data
    return record.LibraryFile(
        soname, rpm, "usr/lib64/" + soname, medium, hashlib.sha256(data).hexdigest(), len(data), "key 1"
    )


def carrying(server, entries, preloaded=()):
    for each in entries:
        server.put("/opt/env/offkit/lib64/" + each.soname, build(soname=each.soname))
    server.put("/opt/env/offkit/libraries.json", record.dump(record.Record(tuple(entries), tuple(preloaded))))


def of_libraries(server):
    return [tuple(each) for each in examine("/opt/env", server.root, checks=["libraries"]).findings]


def test_where_libraries_are_from(server):
    """One finding for each medium, by name; three RPMs are named, each once."""
    entries = [entry("lib{}.so.1".format(number), "rpm{}".format(number % 4)) for number in range(5)]
    carrying(server, [*entries, entry("libz.so.1", "rpmz", "another")])
    where = "offkit/lib64"
    one = "1 library in this generation, from 1 RPM on another: rpmz"
    many = "5 libraries in this generation, from 4 RPMs on disc: rpm0, rpm1, rpm2 and 1 more"
    sonames = tuple("lib{}.so.1 from rpm{}".format(number, number % 4) for number in range(5))
    assert of_libraries(server) == [
        ("LIB012", "info", where, one, ("libz.so.1 from rpmz",), ""),
        ("LIB012", "info", where, many, sonames, ""),
    ]
    carrying(server, entries[:3])
    assert (
        of_libraries(server)[0][3] == "3 libraries in this generation, from 3 RPMs on disc: rpm0, rpm1, rpm2"
    )


def test_libraries_that_are_not_as_they_were(server):
    """Missing or altered; that a module misses the one that is gone is not said again."""
    carrying(server, [entry("liba.so.1", "rpma"), entry("libb.so.1", "rpmb", data=b"other")])
    server.remove("/opt/env/offkit/lib64/liba.so.1")
    server.module("m", needed=["liba.so.1", "libc1.so.1"])
    again = "install the bundle again, with the ISO"
    found = of_libraries(server)
    assert found[1:3] == [
        (
            "LIB013",
            "error",
            "liba.so.1",
            "is missing (from rpma)",
            ("/opt/env/offkit/lib64/liba.so.1",),
            again,
        ),
        (
            "LIB013",
            "error",
            "libb.so.1",
            "is altered (from rpmb)",
            ("/opt/env/offkit/lib64/libb.so.1",),
            again,
        ),
    ]
    assert [(code, subject) for code, _, subject, _, _, _ in found[3:]] == [("LIB001", "libc1.so.1")]


def test_a_list_of_libraries_that_cannot_be_read(server):
    server.put("/opt/env/offkit/libraries.json", "{}")
    path = "offkit/libraries.json"
    message = "cannot be read: not a list of libraries: KeyError('schema'{})".format("")
    ((code, severity, subject, found, looked, fix),) = of_libraries(server)
    assert (code, severity, subject, looked) == ("LIB013", "error", path, ("/opt/env/" + path,))
    assert (found.replace("',)", "')"), fix) == (message, "install the bundle again, with the ISO")


@pytest.mark.parametrize("there", [True, False])
def test_libraries_that_python_loads_first(server, there):
    """They are found by their name then, whatever path a module has; without the .pth file they are not."""
    carrying(server, [entry("liba.so.1", "rpma")], ["liba.so.1"])
    if there:
        server.put(SITE + "/offkit-libraries.pth", "import _offkit_libraries\n")
    server.module("m", needed=["liba.so.1"], runpath="/nowhere")
    codes = [each[0] for each in of_libraries(server)]
    assert codes == (["LIB012"] if there else ["LIB012", "LIB001"])


def test_whose_variables_count(server):
    """Those that were given, else this process's own; none below another root."""

    def variables(root, given):
        known = repositories.Configured([], {}, [])
        return _Visit(Tree(root), None, known, providers.Catalog(), given, Reporter())._variables

    assert variables("/", {"A": "b"}) == {"A": "b"}
    assert variables("/", None) is os.environ
    assert variables("/", {}) == variables(server.root, {"A": "b"}) == variables(server.root, None) == {}


def test_what_kind_of_environment_it_is(server):
    """A generation is one also where it is the prefix of a Python."""
    env = environment.locate(Tree(server.root), "/opt/env")[0]
    assert _kind(env) == "virtual environment"
    assert _kind(env._replace(own=True)) == "Python"
    assert _kind(env._replace(own=True, generation=True)) == "generation"


def test_which_repositories_are_judged(server):
    """offkit's own, and those that are enabled; where their URLs lead, variables and all."""
    server.put("/etc/yum/vars/where", " mnt/own \nsecond\n")
    server.put("/etc/dnf/vars/arch", "other\n")
    server.put(
        "/etc/yum.repos.d/x.repo",
        "[on]\nbaseurl=file:///$where/a file:///b\n"
        "[off]\nbaseurl=file:///c\nenabled=0\n"
        "[offkit-x]\nbaseurl=file:///$releasever/$basearch/$arch/$infra\nenabled=0\n",
    )
    server.put("/etc/yum.repos.d/x.repo.bak", "[no]\nbaseurl=file:///d\n")
    known = repositories.configured(Tree(server.root), "aarch64")
    assert [each.id for each in known.repositories] == ["on", "off", "offkit-x"]
    assert known.own == ["/7/aarch64/other/stock"]
    assert known.paths(known.repositories[0]) == ["/mnt/own/a", "/b"]
    several, one = of_repositories(server)
    assert (several[1], several[2]) == ("warning", "on")
    assert several[3].endswith(": /mnt/own/a, /b")  # mirrors of each other: broken only when both are
    assert {"x.repo: /mnt/own/a", "x.repo: /b"} <= {
        place.rpartition("/yum.repos.d/")[2] for place in several[4]
    }
    assert (one[1], one[3].split()[0]) == ("info", "/7/x86_64/other/stock")


def test_metadata_of_an_own_repository_that_are_none(server):
    """Word for word; its cache and its keys are beside the point then."""
    server.put(FILE, OWN)
    server.put("/mnt/c7/repodata/repomd.xml", "It works!")
    path = "/mnt/c7/repodata/repomd.xml"
    message = path + " cannot be read: not XML: syntax error: line 1, column 0"
    fix = "copy the ISO again and compare its checksum"
    assert of_repositories(server) == [
        ("REPO004", "info", "offkit-base", message, (FILE + ": /mnt/c7", path), fix)
    ]


@pytest.mark.parametrize("there", ["", "/mnt/c7/EULA"])
def test_a_place_without_metadata(server, there):
    """An empty directory is where an ISO is to be mounted; another is something else."""
    server.put(FILE, OWN)
    server.directory("/mnt/c7")
    if there:
        server.put(there, "")
    why = "has no repodata/repomd.xml" if there else "is empty: no disc is mounted there"
    assert [message for _, _, _, message, _, _ in of_repositories(server)] == ["/mnt/c7 " + why]
