"""The doctor over a whole fake server: one finding for each thing that is wrong."""

import csv
import errno
import json
import os
import re
import socket

import pytest

from elf_maker import build
from offkit.edges import data, releases
from offkit.edges.tree import Tree
from offkit.model import yum
from offkit.model.errors import EXIT_ENVIRONMENT, EnvironmentProblem
from offkit.server.doctor import interpreter
from offkit.server.doctor.checks import NAMES
from offkit.server.doctor.examine import examine
from offkit.server.environment import environment
from offkit.server.loader.view import TreeView, make_loader
from server_maker import DYNLOAD, LDSO, SITE, Server

YUM = "yum --disablerepo='*' --enablerepo='offkit-*' install "


@pytest.fixture
def server(tmp_path):
    made = Server(tmp_path / "root")
    # Without a cache only the default directories count, which is said once.
    made.put("/etc/ld.so.cache", b"glibc-ld.so.cache1.1" + b"\0" * 28)
    return made


def by_table(rpm, name=None):
    """The cure where no repository could be asked."""
    source = "by offkit's table: {} on el7; no repository was read, so whether the ISO has it and all it requires is not known (--iso FILE reads yours)".format(
        rpm
    )
    return "{}{}\n{}".format(YUM, name or rpm, source)


def doctor(server, where="/opt/env"):
    """All checks but that of the repositories, of which these servers have none."""
    return examine(where, server.root, checks=[name for name in NAMES if name != "repositories"])


def codes(result):
    return [(each.code, each.severity, each.subject) for each in result.findings]


def only(result):
    (finding,) = result.findings
    return finding


def test_a_healthy_environment(server):
    """No finding at all, and a summary of what was looked at."""
    server.module("fast/core", needed=["libc.so.6"], needs={"libc.so.6": ["GLIBC_2.17"]})
    server.distribution("fast", files={"fast/__init__.py": "x = 1\n"})
    result = doctor(server)
    assert result.findings == []
    assert result.summary._replace(elf_files=0) == (
        "/opt/env",
        "3.6.8",
        "/usr/local/bin/python3.6",
        "CentOS Linux 7 (Core)",
        7,
        0,
        17,
        1,
        2,
        "",
        "virtual environment",
    )


def test_the_story(server):
    """All libraries that a vendored Qt wants are named in one go, with one yum line for all."""
    server.module("cv2/cv2", needed=["libQtGui-903938cd.so.4.8.7"], rpath="$ORIGIN/.libs")
    server.library(
        "libQtGui-903938cd.so.4.8.7",
        SITE + "/cv2/.libs",
        needed=[
            "libSM.so.6",
            "libICE.so.6",
            "libXrender.so.1",
            "libXext.so.6",
            "libgthread-2.0.so.0",
            "libc.so.6",
        ],
    )
    server.library("libICE.so.6", needed=["libX11.so.6"])
    result = doctor(server)
    assert codes(result) == [
        ("LIB001", "error", name)
        for name in ("libSM.so.6", "libXrender.so.1", "libXext.so.6", "libgthread-2.0.so.0", "libX11.so.6")
    ]
    first = result.findings[0]
    assert first.message == "is missing; needed by cv2/.libs/libQtGui-903938cd.so.4.8.7"
    assert first.looked_in == (
        SITE + "/cv2/.libs (RPATH)",
        "/etc/ld.so.cache (ld.so.cache)",
        "/lib64 (default directory)",
        "/usr/lib64 (default directory)",
    )
    assert first.fix == by_table("libSM")
    assert result.summary.install_line == YUM + "glib2 libSM libX11 libXext libXrender"


def test_one_finding_for_each_library_whoever_needs_it(server):
    """Five modules lack the same library: one line, three of them named."""
    for name in "abcde":
        server.module("pkg/" + name, needed=["libSM.so.6"])
    finding = only(doctor(server))
    assert finding.subject == "libSM.so.6"
    assert finding.message.endswith("and 2 more")
    assert finding.message.count("pkg/") == 3


def test_a_vendored_library_is_not_judged_alone(server):
    """Nothing is said of libraries in *.libs that only work through the module that loads them."""
    server.module("np/core", needed=["liba.so"], rpath="$ORIGIN/../np.libs")
    server.library("liba.so", SITE + "/np.libs", needed=["libb.so"])
    server.library("libb.so", SITE + "/np.libs")
    assert doctor(server).findings == []


def test_a_library_that_may_be_preloaded(server):
    """It lies in the environment but off every path: a warning, no RPM."""
    server.module("torchvision/_C", needed=["libtorch.so"])
    server.library("libtorch.so", SITE + "/torch/lib")
    result = doctor(server)
    assert codes(result) == [("LIB003", "warning", "libtorch.so")]
    assert result.findings[0].message.startswith("is only in torch/lib, where no path leads; needed by ")
    assert result.summary.install_line == ""


def test_what_cannot_be_preloaded(server):
    """A 32-bit copy in the environment is no promise that an earlier import loads it."""
    server.module("odd/core", needed=["libten.so"], rpath="$ORIGIN/32")
    server.library("libten.so", SITE + "/odd/32", bits=32, machine=3)
    assert [(code, subject) for code, _, subject in codes(doctor(server))] == [("LIB004", "libten.so")]


def test_a_lost_vendored_library_is_the_packages_own_fault(server):
    """A name with auditwheel's hash is in no RPM: the package has to be installed again."""
    server.module("np/core", needed=["libopenblasp-r0-09e95953.3.13.so"], rpath="$ORIGIN/../np.libs")
    finding = only(doctor(server))
    assert (finding.code, finding.severity) == ("LIB001", "error")
    assert finding.fix == "it belongs to the package itself: install that package again"


def test_a_library_of_another_architecture_only(server):
    """The 32-bit libSM is there; it does not count, and that is said."""
    server.module("cv2/cv2", needed=["libSM.so.6"])
    server.library("libSM.so.6", bits=32, machine=3)
    finding = only(doctor(server))
    assert (finding.code, finding.fix) == ("LIB004", by_table("libSM", "libSM.x86_64"))
    assert "only for another architecture (/usr/lib64/libSM.so.6)" in finding.message


def test_a_glibc_that_is_too_old(server):
    """One finding for the library, with what it has and what is wanted, in order of age."""
    server.module("a", needed=["libc.so.6"], needs={"libc.so.6": ["GLIBC_2.28", "GLIBC_2.9", "GLIBC_2.17"]})
    finding = only(doctor(server))
    assert (finding.code, finding.severity, finding.subject) == ("LIB002", "error", "libc.so.6")
    assert finding.message == (
        "/usr/lib64/libc.so.6 is too old: GLIBC_2.9, GLIBC_2.28 needed by "
        "a.cpython-36m-x86_64-linux-gnu.so; it has GLIBC up to 2.17"
    )
    assert "bundle again with --target el7" in finding.fix


def test_libraries_opened_by_name_only_warn(server):
    """A plain .so that no module needs may never be opened: its needs are a warning."""
    server.library("libxgboost.so", SITE + "/xgboost/lib", needed=["libgomp.so.1"])
    assert codes(doctor(server)) == [("LIB001", "warning", "libgomp.so.1")]


def test_a_standard_library_module_that_lost_its_library(server):
    """tkinter without libtk is worth knowing, ssl without libssl is an error."""
    suffix = ".cpython-36m-x86_64-linux-gnu.so"
    server.put(DYNLOAD + "/_tkinter" + suffix, build(needed=["libtk8.5.so"]))
    server.put(DYNLOAD + "/_ssl" + suffix, build(needed=["libssl.so.10"]))
    result = doctor(server)
    assert codes(result) == [("LIB001", "error", "libssl.so.10"), ("LIB001", "info", "libtk8.5.so")]
    assert result.summary.install_line == YUM + "openssl-libs"


def test_modules_that_python_was_built_without(server):
    """ssl and zlib are errors, bz2 a warning, tkinter for your information; the cure is a build."""
    for name in ("_ssl", "_hashlib", "zlib", "_bz2", "_tkinter"):
        server.remove("{}/{}.cpython-36m-x86_64-linux-gnu.so".format(DYNLOAD, name))
    result = doctor(server)
    assert codes(result) == [
        ("PY001", "error", "ssl hashlib"),
        ("PY001", "error", "zlib"),
        ("PY001", "warning", "bz2"),
        ("PY001", "info", "tkinter"),
    ]
    assert result.findings[0].fix == (
        YUM + "openssl-devel\nthen build Python again (make altinstall); at run time it needs openssl-libs"
    )
    assert result.summary.install_line == YUM + "openssl-devel zlib-devel"


@pytest.mark.parametrize(
    ("origin", "words", "line"),
    [
        ("source", "remove /usr/local and run the bundle's install.sh again", YUM + "bzip2-devel"),
        ("build", "is a ready-made build: bundle another (offkit bundle --python-build)", ""),
        ("nonsense", "build Python again (make altinstall)", YUM + "bzip2-devel"),
    ],
)
def test_a_python_that_install_sh_brought(server, origin, words, line):
    """The cure is how it came here, not a build by hand."""
    server.remove(DYNLOAD + "/_bz2.cpython-36m-x86_64-linux-gnu.so")
    server.put("/usr/local/offkit-python.json", json.dumps({"origin": origin}))
    fix = only(doctor(server)).fix
    assert words in fix
    assert fix.startswith(line)


def test_hashlib_alone_is_a_warning(server):
    """Python has hashes of its own; it says what is lost."""
    server.remove(DYNLOAD + "/_hashlib.cpython-36m-x86_64-linux-gnu.so")
    finding = only(doctor(server))
    assert (finding.code, finding.severity, finding.subject) == ("PY001", "warning", "hashlib")
    assert "hashlib.scrypt and ripemd160 are missing" in finding.message
    assert finding.fix.startswith(YUM + "openssl-devel\n")


def test_a_module_inside_the_executable_is_there(server):
    """A static build has PyInit_zlib in the executable."""
    server.remove(DYNLOAD + "/zlib.cpython-36m-x86_64-linux-gnu.so")
    python = build(needed=["libc.so.6"], interpreter=LDSO, kind=2, exports=["PyInit_zlib", "PyInit_posix"])
    server.put("/usr/local/bin/python3.6", python)
    assert doctor(server).findings == []


@pytest.fixture
def packaged(server):
    """The environment of the distribution's own Python."""
    server.put("/usr/bin/python3.6", build(needed=["libc.so.6"], interpreter=LDSO, kind=2))
    server.remove("/opt/env/bin/python3.6")
    server.link("/opt/env/bin/python3.6", "/usr/bin/python3.6")
    server.put("/opt/env/pyvenv.cfg", "home = /usr/bin\nversion = 3.6.8\n")
    return server


def test_the_distributions_own_python_has_tkinter_apart(packaged):
    """/usr/bin/python3.6 is an RPM's: install another RPM, build nothing."""
    packaged.remove(DYNLOAD + "/_tkinter.cpython-36m-x86_64-linux-gnu.so")
    assert only(doctor(packaged)).fix == YUM + "python3-tkinter"


@pytest.mark.parametrize(("name", "severity"), [("_hashlib", "warning"), ("zlib", "error")])
def test_files_that_the_distributions_own_python_lost(packaged, name, severity):
    """python3-libs is installed, or nothing of lib-dynload were there: to install it again does nothing."""
    packaged.remove("{}/{}.cpython-36m-x86_64-linux-gnu.so".format(DYNLOAD, name))
    result = doctor(packaged)
    finding = only(result)
    assert finding.severity == severity
    assert finding.fix == YUM.replace(" install ", " reinstall ") + "python3-libs"
    assert "it is part of python3-libs, which is installed" in finding.message
    assert result.summary.install_line == ""


def test_a_copy_of_the_distributions_python(packaged):
    """A generation with libraries of its own starts a copy; the standard library is the RPM's all the same."""
    packaged.remove("/opt/env/bin/python3.6")
    packaged.put("/opt/env/bin/python3.6", build(needed=["libc.so.6"], interpreter=LDSO, kind=2))
    packaged.remove(DYNLOAD + "/_hashlib.cpython-36m-x86_64-linux-gnu.so")
    assert only(doctor(packaged)).fix == YUM.replace(" install ", " reinstall ") + "python3-libs"


@pytest.mark.parametrize(
    ("el", "series", "stem"),
    [
        (7, (3, 6), "python3"),
        (8, (3, 6), "python3"),
        (8, (3, 9), "python39"),
        (9, (3, 9), "python3"),
        (9, (3, 11), "python3.11"),
        (10, (3, 12), "python3"),
    ],
)
def test_what_the_packages_of_a_python_are_called(el, series, stem):
    """python3 is the system's own; the others carry their version."""
    found = releases.of(el).pythons["{}.{}".format(*series)]
    assert (found.libs, found.tkinter) == (stem + "-libs", stem + "-tkinter")


def test_a_shared_python_whose_library_is_not_found(server):
    """The cure is ld.so.conf, not the distribution's libpython."""
    python = build(needed=["libpython3.6m.so.1.0", "libc.so.6"], interpreter=LDSO, kind=2)
    server.put("/usr/local/bin/python3.6", python)
    finding = only(doctor(server))
    assert (finding.code, finding.subject) == ("LIB008", "libpython3.6m.so.1.0")
    assert finding.fix == (
        "find / -name 'libpython3.6m.so.1.0'; add its directory to /etc/ld.so.conf.d/ and "
        "run ldconfig; if it is nowhere, install Python 3.6 again"
    )


def test_a_shared_python_whose_library_lies_beside_it(server):
    """Its directory is known then, and nobody's file in ld.so.conf.d is overwritten."""
    python = build(needed=["libpython3.6m.so.1.0", "libc.so.6"], interpreter=LDSO, kind=2)
    server.put("/usr/local/bin/python3.6", python)
    server.library("libpython3.6m.so.1.0", "/usr/local/lib")
    finding = only(doctor(server))
    assert finding.code == "LIB008"
    assert finding.fix == "echo /usr/local/lib >> /etc/ld.so.conf.d/offkit.conf && ldconfig"


def test_an_interpreter_that_is_gone(server):
    """The environment's link points nowhere; the packages are still looked at."""
    server.remove("/usr/local/bin/python3.6")
    server.distribution("a", files={"a.py": ""})
    server.remove(SITE + "/a.py")
    result = doctor(server)
    assert codes(result) == [("PY002", "error", "python"), ("PKG001", "error", "a 1.0")]
    assert "/usr/local/bin/python3.6" in result.findings[0].looked_in[0]


def test_a_module_for_another_python(server):
    """The wheel was fetched for 3.7: its module will not be found."""
    server.put(SITE + "/x.cpython-37m-x86_64-linux-gnu.so", build(exports=["PyInit_x"], needed=["libno.so"]))
    finding = only(doctor(server))
    assert (finding.code, finding.severity) == ("PKG007", "error")
    assert finding.message == "is for CPython 3.7; this one is 3.6 and does not find it"


def test_a_package_that_brings_modules_for_several_pythons(server):
    """Those of others do not matter while the own one is there."""
    server.put(SITE + "/x.cpython-37m-x86_64-linux-gnu.so", build(exports=["PyInit_x"], needed=["libno.so"]))
    server.module("x")
    assert doctor(server).findings == []


def test_a_module_for_another_architecture(server):
    """An aarch64 wheel unpacked on x86_64."""
    server.module("x", machine=183)
    finding = only(doctor(server))
    assert (finding.code, finding.message) == ("LIB004", "is built for aarch64, the interpreter for x86_64")


@pytest.mark.parametrize("suffix", [".cpython-36m-x86_64-linux-gnu.so", ".abi3.so"])
@pytest.mark.parametrize("contents", ["hello\n", "he\0llo", ""])
def test_an_extension_module_that_is_no_elf_file(server, suffix, contents):
    """Its name makes Python load it, and that fails: no linker script."""
    server.put(SITE + "/cv2/cv2" + suffix, contents)
    assert codes(doctor(server)) == [("LIB005", "error", "cv2/cv2" + suffix)]


def test_text_for_another_python(server):
    """This one does not look at it."""
    server.put(SITE + "/x.cpython-37m-x86_64-linux-gnu.so", "text")
    assert codes(doctor(server)) == [("LIB007", "info", "x.cpython-37m-x86_64-linux-gnu.so")]


def test_pyvenv_cfg_is_gone(server):
    """bin/python is there, and starts the base interpreter with nothing of what is installed."""
    server.remove("/opt/env/pyvenv.cfg")
    assert codes(doctor(server)) == [("PY005", "error", "pyvenv.cfg")]


def test_strange_things_that_are_named_like_libraries(server):
    """A FIFO is never opened; text, emptiness, truncation, loops and broken links are named."""
    server.put(SITE + "/a_text.so", "INPUT(-lfoo)\n")
    server.put(SITE + "/b_empty.so", b"")
    server.put(SITE + "/c_cut.so", build(needed=["libc.so.6"])[:100])
    os.mkfifo(server.host(SITE + "/d_fifo.so"))
    server.link(SITE + "/e_loop.so", "e_loop.so")
    server.link(SITE + "/f_broken.so", "nowhere.so")
    server.link(SITE + "/g_up", "..")
    assert codes(doctor(server)) == [
        ("LIB007", "info", "a_text.so"),
        ("LIB005", "error", "b_empty.so"),
        ("LIB005", "error", "c_cut.so"),
        ("LIB006", "warning", "d_fifo.so"),
        ("LIB006", "warning", "e_loop.so"),
        ("LIB006", "warning", "f_broken.so"),
    ]


def test_a_socket_named_like_a_library(server, monkeypatch):
    """It is seen and left alone."""
    monkeypatch.chdir(server.host(SITE))  # a socket's path has to be short
    with socket.socket(socket.AF_UNIX) as made:
        made.bind("s.so")
        finding = only(doctor(server))
    assert (finding.code, finding.message) == ("LIB006", "is not a regular file but a socket")


def test_a_directory_that_may_not_be_read(server, monkeypatch):
    """It is named, not skipped."""
    scan = Tree.scan

    def guarded(self, path, *wanted):
        if path.endswith("/secret"):
            raise PermissionError(13, "Permission denied", path)
        return scan(self, path, *wanted)

    server.directory(SITE + "/secret")
    monkeypatch.setattr(Tree, "scan", guarded)
    finding = only(doctor(server))
    assert (finding.code, finding.subject) == ("ENV006", SITE + "/secret")
    assert finding.message == "cannot be read: Permission denied"


@pytest.mark.parametrize(("number", "severity"), [(errno.EACCES, "error"), (errno.EIO, "warning")])
def test_behind_a_directory_that_cannot_be_read_it_goes_on(server, monkeypatch, number, severity):
    """A right that is missing here may be missing there too; what the disk refuses is beside the point."""
    scan = Tree.scan

    def guarded(self, path, *wanted):
        if path.endswith("/aside"):
            raise OSError(number, "refused", path)
        return scan(self, path, *wanted)

    server.directory(SITE + "/aside")
    server.module("behind/x", needed=["libno.so"])
    monkeypatch.setattr(Tree, "scan", guarded)
    found = codes(doctor(server))
    assert [one for one in found if one[0] == "ENV006"] == [("ENV006", severity, SITE + "/aside")]
    assert ("LIB001", "error", "libno.so") in found


def test_links_between_directories_are_followed_once(server):
    """Two names for one directory, and a link to one above: what lies behind is looked at."""
    server.module("a/x", needed=["libno.so"])
    server.link(SITE + "/a/up", SITE)
    server.link(SITE + "/b", SITE + "/a")
    server.module("c/y", needed=["libnone.so"])
    server.module("d/e/z", needed=["libnever.so"])
    assert codes(doctor(server)) == [
        ("LIB001", "error", "libno.so"),
        ("LIB001", "error", "libnone.so"),
        ("LIB001", "error", "libnever.so"),
    ]


def test_another_environment_below_is_not_looked_into(server):
    """pyvenv.cfg says that what lies there is not this one's; what lies beside it is."""
    server.put(SITE + "/project/.venv/pyvenv.cfg", "home = /usr/bin\n")
    server.module("project/.venv/x", needed=["libno.so"])
    server.module("project/y", needed=["libnone.so"])
    assert codes(doctor(server)) == [("LIB001", "error", "libnone.so")]


def located(server):
    tree = Tree(server.root)
    return tree, environment.locate(tree, "/opt/env")[0]


def test_built_in_modules_are_looked_for_in_every_program(server):
    """One that cannot be read hides none of the others, and other libraries have none."""
    for name, module in (("libpython3.6m.so.1.0", "zlib"), ("libother.so", "_ssl")):
        server.library(name, exports=["PyInit_" + module])
    tree, env = located(server)
    binaries = ["/usr/lib64/libpython-gone.so", "/usr/lib64/libother.so", "/usr/lib64/libpython3.6m.so.1.0"]
    assert interpreter._inside(tree, env, binaries, ["zlib", "_ssl"]) == {"zlib"}
    assert interpreter._inside(tree, env, [env.interpreter], ["zlib"]) == set()


@pytest.mark.parametrize("cut", range(1, 14))
def test_a_name_across_two_pieces(server, monkeypatch, cut):
    """Programs are read in pieces: a name that lies in two of them is found."""
    before = b"x" * 50
    server.put("/usr/local/bin/python3.6", before + b"\0PyInit_zlib\0" + b"x" * 200)
    tree, env = located(server)
    monkeypatch.setattr(interpreter, "_CHUNK", len(before) + cut)
    assert interpreter._inside(tree, env, [env.interpreter], ["zlib"]) == {"zlib"}
    server.put("/usr/local/bin/python3.6", before + b"\0PyInit_zlibrary\0PyInit_xzlib\0")
    assert interpreter._inside(tree, env, [env.interpreter], ["zlib"]) == set()


@pytest.mark.parametrize(
    ("text", "origin"),
    [('{"origin": "source"}', "source"), ("{}", ""), ("[]", ""), ("no JSON", ""), (None, "")],
)
def test_how_a_python_came_here(server, text, origin):
    """By what install.sh wrote beside it; nothing where that says nothing."""
    if text is not None:
        server.put("/usr/local/offkit-python.json", text)
    tree, env = located(server)
    assert interpreter._origin(tree, env._replace(base_prefix="/usr/local")) == origin


@pytest.mark.parametrize(
    ("prefix", "origin"),
    [
        ("/opt/offkit/python/3.6-rpm/usr", "rpm"),
        ("/opt/offkit/python/3.6/usr", ""),
        ("/opt/offkit/python/3.6-rpm/local", ""),
        ("/opt/offkit/other/3.6-rpm/usr", ""),
    ],
)
def test_a_python_that_was_unpacked_from_rpms(server, prefix, origin):
    """Its place says so, all three parts of it."""
    tree, env = located(server)
    assert interpreter._origin(tree, env._replace(base_prefix=prefix)) == origin


def test_the_loaders_own_directories(server):
    """Those compiled into the loader that the interpreter names; the usual ones where it is not known."""
    server.put(LDSO, build(soname="ld-linux-x86-64.so.2") + b"\0/lib/here/\0/usr/lib/here/\0")
    tree = Tree(server.root)

    def directories(program):
        loader, findings = make_loader(tree, TreeView(tree), program, "x86_64")
        return loader.default_dirs, [(one.code, one.subject) for one in findings]

    assert directories(LDSO) == (("/lib/here", "/usr/lib/here"), [])
    assert directories("") == (("/lib64", "/usr/lib64"), [])
    assert directories("/lib/ld-none.so") == (("/lib64", "/usr/lib64"), [("LIB001", "/lib/ld-none.so")])


def test_each_file_is_read_once(server):
    """By whatever name: what is counted are files, and those that are none of ELF are not."""
    server.library("libz.so.1.2")
    server.link("/usr/lib64/libz.so.1", "libz.so.1.2")
    server.put("/usr/lib64/text.so", "INPUT(libz.so.1)")
    view = TreeView(Tree(server.root))
    opened = [view.open("/usr/lib64/" + name) for name in ("libz.so.1", "libz.so.1.2", "libz.so.1")]
    assert opened[0] is opened[1] is opened[2]
    assert opened[0].elf.soname == "libz.so.1.2"
    assert view.count == 1
    text = view.open("/usr/lib64/text.so")
    assert (text.elf, text.absent) == (None, False)
    gone = view.open("/usr/lib64/gone.so")
    assert (gone.elf, gone.problem, gone.absent) == (None, "no such file", True)
    assert view.count == 1
    assert (view.is_dir("/usr/lib64"), view.is_dir("/usr/lib64/libz.so.1")) == (True, False)


def test_a_damaged_cache(server):
    """The loader ignores it; so do we, and say so."""
    server.put("/etc/ld.so.cache", b"junk")
    finding = only(doctor(server))
    assert (finding.code, finding.severity, finding.subject) == ("LIB009", "warning", "/etc/ld.so.cache")


def test_symbolic_links_stay_inside_the_root(server, tmp_path):
    """An absolute link in a mounted system means a path in that system."""
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "libz.so.1").write_bytes(build(soname="libz.so.1"))
    server.module("x", needed=["libz.so.1"])
    server.link("/usr/lib64/libz.so.1", str(tmp_path / "outside" / "libz.so.1"))
    assert codes(doctor(server)) == [("LIB001", "error", "libz.so.1")]
    server.remove("/usr/lib64/libz.so.1")
    server.link("/usr/lib64/libz.so.1", "/usr/share/z/libz.so.1.2")
    server.library("libz.so.1.2", "/usr/share/z")
    assert doctor(server).findings == []


def test_on_another_system_the_rpms_are_those_of_el7(server):
    """Debian has no yum: the line says for which system it is."""
    server.put("/etc/os-release", "ID=debian\nVERSION_ID=12\nPRETTY_NAME=Debian\n")
    server.module("x", needed=["libSM.so.6"])
    result = doctor(server)
    assert result.findings[0].fix == "on el7: " + by_table("libSM")
    assert (result.summary.el, result.summary.install_line) == (0, "on el7: " + YUM + "libSM")


def test_a_system_beside_enterprise_linux(server):
    """Its own table counts, and no other release's; what that does not have, its repositories are asked for."""
    server.put("/etc/os-release", 'ID="openEuler"\nVERSION_ID="22.03"\nPRETTY_NAME="openEuler 22.03"\n')
    server.module("x", needed=["libGL.so.1"])
    result = doctor(server)
    assert result.findings[0].fix == (
        "yum --disablerepo='*' --enablerepo='offkit-*' install libglvnd\n"
        "by offkit's table: libglvnd on openeuler22.03; no repository was read, so whether the ISO has it and all it requires is not known (--iso FILE reads yours)"
    )
    server.put("/etc/os-release", 'ID="anolis"\nVERSION_ID="23.1"\nPRETTY_NAME="Anolis OS 23.1"\n')
    result = doctor(server)
    assert result.findings[0].fix == (
        "run this again with --iso FILE (or --rpm-repo DIR), which is asked for the package that has it"
    )
    assert (result.summary.el, result.summary.install_line) == (0, "")


def test_a_soname_that_no_table_knows(server):
    """The repository itself can be asked for it where there is one; else yum knows no offkit-*."""
    server.module("x", needed=["libunheard.so.7"])
    assert doctor(server).findings[0].fix.startswith("run this again with --iso FILE (or --rpm-repo DIR)")
    server.put("/etc/yum.repos.d/offkit.repo", "[offkit-el7]\nbaseurl=file:///mnt/c7\n")
    result = doctor(server)
    assert result.findings[0].fix == (
        "find the package that has it on the ISO: "
        "yum --disablerepo='*' --enablerepo='offkit-*' provides 'libunheard.so.7()(64bit)'"
    )
    assert result.summary.install_line == ""


def test_an_empty_name_is_no_library(server):
    """The loader takes it for the executable, whose own name is empty: nothing is missing."""
    server.module("odd/core", needed=["", "libc.so.6"])
    assert doctor(server).findings == []


@pytest.mark.parametrize("name", ["/opt/z/libSM.so.6", "./libSM.so.6"])
def test_a_library_asked_for_by_its_path(server, name):
    """No RPM gives it, though one gives a library of that name."""
    server.module("odd/core", needed=[name])
    result = doctor(server)
    assert codes(result) == [("LIB001", "error", name)]
    assert result.findings[0].fix == (
        "this exact path is needed, even if the library is elsewhere: put it there, "
        "or use a build that needs it by its name alone"
    )
    assert result.summary.install_line == ""


def test_programs_in_bin(server):
    """ninja and the like are started by themselves, with their own RPATH."""
    server.put("/opt/env/bin/ninja", build(needed=["libstdc++.so.6"], interpreter=LDSO))
    server.put("/opt/env/bin/script", "#!/opt/env/bin/python\n")
    assert codes(doctor(server)) == [("LIB001", "error", "libstdc++.so.6")]


def test_a_generation_without_receipt(server):
    """Its installation did not come to the end."""
    server.directory("/opt/env/offkit")
    assert codes(doctor(server)) == [("ENV005", "error", "/opt/env")]
    server.put("/opt/env/offkit/receipt.json", "{}")
    assert doctor(server).findings == []


def test_a_prefix_means_its_current_generation(server):
    """PREFIX/current is where the environment is."""
    server.link("/srv/offkit/current", "/opt/env")
    assert doctor(server, "/srv/offkit").summary.environment == "/srv/offkit/current"


def test_the_prefix_of_a_python(server):
    """Without pyvenv.cfg a Python's own prefix is looked at."""
    server.put("/usr/include/python3.6m/patchlevel.h", '#define PY_VERSION  "3.6.8"\n')
    server.put("/usr/bin/python3.6", build(needed=["libc.so.6"], interpreter=LDSO, kind=2))
    result = doctor(server, "/usr")
    assert (result.summary.python, result.summary.modules, result.summary.kind) == ("3.6.8", 16, "Python")


@pytest.mark.parametrize(
    ("where", "why"),
    [
        ("/nowhere", "it does not exist"),
        ("/etc/os-release", "it is not a directory"),
        ("/etc", "it has neither pyvenv.cfg nor lib/python3.X"),
    ],
)
def test_where_no_environment_is(server, where, why):
    """Exit code 4, with what to name instead."""
    with pytest.raises(EnvironmentProblem) as caught:
        doctor(server, where)
    assert caught.value.exit_code == EXIT_ENVIRONMENT
    assert why in caught.value.message
    assert "pyvenv.cfg" in caught.value.fix


def test_every_code_is_documented():
    """Each that the doctor uses is in docs/doctor-codes.md, each of a request in docs/request-codes.md, every other
    one in some table, and each that a table explains exists."""
    top = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "..", "..")
    explained = {}
    for name in os.listdir(os.path.join(top, "docs")):
        with open(os.path.join(top, "docs", name), encoding="utf-8") as source:
            rows = re.findall(r"^\| ([A-Z]+\d{3}(?:, [A-Z]+\d{3})*) \|", source.read(), re.MULTILINE)
        explained[name] = [code for row in rows for code in row.split(", ")]
        assert len(set(explained[name])) == len(explained[name]), name
    used, by_doctor = set(), set()
    for folder, _, names in os.walk(os.path.join(top, "toolkit", "offkit")):
        for name in names:
            if name.endswith((".py", ".sh")):
                with open(os.path.join(folder, name), encoding="utf-8") as source:
                    kinds = "BUN|LIB|NEED|PY|PKG|ENV|REPO|RPM|SMOKE|VID|FLEET|REQ|NET"
                    found = re.findall(r"\b((?:{})\d{{3}})\b".format(kinds), source.read())
                used.update(found)
                by_doctor.update(found if os.path.basename(folder) == "doctor" else ())
    assert by_doctor - set(explained["doctor-codes.md"]) == set()
    used.update(kind.code for kind in yum.parse(data.read_text(yum.WORDS)))  # what yum's words mean
    checkouts = data.read_text("repo-config/checkouts.csv")  # and those of git and others
    used.update(row["code"] for row in csv.DictReader(checkouts.splitlines()))
    requests = {code for code in used if code.startswith(("REQ", "NET"))}
    assert requests - set(explained["request-codes.md"]) == set()
    assert {code for codes in explained.values() for code in codes} ^ used == set()
