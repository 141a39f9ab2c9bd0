"""What the parts of an installation say, word for word: findings with their cures, steps, limits."""

import errno
import os
import stat

import pytest

import bundle_maker
import target_maker
from elf_maker import build
from offkit.edges import exclusive, files
from offkit.edges.host import Host, Volume
from offkit.edges.run import Result
from offkit.edges.tree import Tree
from offkit.model import control_node, layout, space
from offkit.model.checklist import Checklist, Library
from offkit.model.errors import EnvironmentProblem, IntegrityError, RequestError, UsageError
from offkit.model.finding import Finding
from offkit.model.packages import ModuleRow
from offkit.model.release import UNKNOWN, Module
from offkit.model.report import Reporter
from offkit.model.space import Need
from offkit.server.bundle import bundle_file, requirements
from offkit.server.doctor import forecast, repair
from offkit.server.install import build as build_module
from offkit.server.install import damage, install, plan, preflight, step
from offkit.server.install.plan import Plan
from offkit.server.libraries.record import Vendored
from offkit.server.libraries.unpack import Unpacked
from offkit.server.prefix import inventory, rollback, uninstall
from offkit.server.prefix.generations import Generation, Package, Receipt
from offkit.server.python import adopt, interpreter, modules
from offkit.server.python.interpreter import Interpreter
from offkit.server.system import ledger, takeback, yum
from offkit.server.system.ledger import Rpm, Transaction
from server_maker import Server

EL7 = target_maker.preset("3.6")
PYTHON = Interpreter("/usr/bin/python3.6", "3.6.8", "cpython", "cp36m", 64, ())
OTHER_PLACE = "choose another place: --prefix DIR"


def told(findings):
    return [tuple(each) for each in findings]


# --- preflight ---------------------------------------------------------------------------

VOLUME = Volume("/opt", "/opt/x", 10**12, 10**9, False, False, True, True)
SPACE = Need(1, 1, 1)


@pytest.mark.parametrize(
    ("volume", "prefix", "code", "message", "fix"),
    [
        ({"directory": False, "read_only": True}, "/p", "ENV027", "/opt/x is not a directory", OTHER_PLACE),
        (
            {"read_only": True, "writable": False},
            "/p",
            "ENV027",
            "/opt is mounted read-only",
            OTHER_PLACE,
        ),
        (
            {"writable": False},
            "/p",
            "ENV027",
            "no permission to write in /opt/x",
            OTHER_PLACE + ", or run as root",
        ),
        (
            {"noexec": True},
            "/p",
            "ENV026",
            "/opt is mounted noexec: no library could be loaded from it",
            OTHER_PLACE,
        ),
        (
            {"free_bytes": 2},
            "/p",
            "ENV024",
            "3 MB are needed (wheels 1, unpacked 1, offkit itself 1), /opt has 0 MB free",
            "free some space, or " + OTHER_PLACE,
        ),
        (
            {"free_inodes": 499},
            "/p",
            "ENV025",
            "500 inodes are needed, /opt has 499 free",
            "remove files, or " + OTHER_PLACE,
        ),
        ({}, "/p\udcff", "ENV028", "the path is not UTF-8", OTHER_PLACE),
        (
            {},
            "/p'$",
            "ENV028",
            "the path has characters that scripts cannot hold: '$' \"'\"",
            OTHER_PLACE,
        ),
        (
            {},
            "/p:q",
            "ENV028",
            "the path has a colon, which separates the loader's search paths",
            OTHER_PLACE,
        ),
    ],
)
def test_a_prefix_that_will_not_do(volume, prefix, code, message, fix):
    """One finding, with the file system that it is about."""
    found = preflight.prefix_misfits(prefix, VOLUME._replace(**volume), SPACE, 500)
    if message.startswith("3 MB"):
        message = message.replace("3 MB", "1 MB")
    assert told(found) == [(code, "error", prefix, message, ("/opt",), fix)]


def test_limits_of_a_prefix():
    """Exactly enough is enough; file systems without a fixed number of inodes have enough."""
    volume = VOLUME._replace(free_bytes=3, free_inodes=500)
    assert preflight.prefix_misfits("/p", volume, SPACE, 500) == []
    assert preflight.prefix_misfits("/p", volume._replace(free_inodes=None), SPACE, 10**9) == []


@pytest.mark.parametrize("char", list("\"'$`\\!\n\r"))
def test_letters_that_scripts_cannot_hold(char):
    (finding,) = preflight.prefix_misfits("/a" + char + "b" + char, VOLUME, SPACE, 1)
    assert finding.message == "the path has characters that scripts cannot hold: " + repr(char)


def test_how_much_room_is_needed():
    """In bytes; shown in megabytes, rounded up."""
    need = space.need(10_000_001, 1_000_000, 100_000)
    assert need == Need(10_000_001, 1_300_000, 2_300_000)
    assert need.total == 13_600_001
    assert need.describe() == "14 MB are needed (wheels 11, unpacked 2, offkit itself 3)"
    assert preflight.needed_inodes(100) == 600


def test_a_machine_that_does_not_fit():
    """Architecture, C library and release; what is newer does."""
    again = "bundle again on the other side for this server, which 'offkit probe' describes"
    here = Host("aarch64", (2, 16), {"ID": "debian", "PRETTY_NAME": "Debian 12"}, "6.1", False)
    glibc = "glibc here is 2.16, older than the {} that the wheels may need".format(EL7.glibc_text)
    system = "this is Debian 12, the bundle is for {}: the wheels fit, but names of RPMs may differ".format(
        EL7.name
    )
    assert told(preflight.host_misfits(here, EL7)) == [
        ("ENV021", "error", "arch", "this machine is aarch64, the bundle is for x86_64", (), again),
        ("ENV022", "error", "glibc", glibc, (), again),
        ("ENV023", "warning", "system", system, ("/etc/os-release",), ""),
    ]
    here = Host("x86_64", None, {"ID": "centos", "VERSION_ID": "7"}, "3.10", False)
    none = "this machine has no glibc, the wheels need " + EL7.glibc_text
    assert told(preflight.host_misfits(here, EL7)) == [
        ("ENV022", "error", "glibc", none, (), "install on a glibc system")
    ]
    assert preflight.host_misfits(here._replace(glibc=EL7.glibc), EL7) == []


@pytest.mark.parametrize(
    ("here", "subject", "start"),
    [
        ((), "ssh", "ssh and sftp are"),
        (("ssh",), "sftp", "sftp is"),
        (("sftp",), "ssh", "ssh is"),
    ],
)
def test_programs_that_a_control_node_lacks(here, subject, start):
    found = preflight.program_misfits(
        control_node.to_options("2.16.14"), lambda name: "/x/" + name if name in here else None
    )
    message = start + " not on PATH, so Ansible cannot reach hosts; the package is openssh-clients"
    assert told(found) == [("ENV013", "warning", subject, message, (), "yum install openssh-clients")]


@pytest.mark.parametrize(
    ("there", "links", "directories", "expected"),
    [
        (["/proc/self/cwd"], [], [], []),
        (
            [],
            [],
            [],
            [("/proc", "is not mounted, but building the environment needs /proc/self/cwd")],
        ),
        (["/proc/self/cwd", "/p/current", "/p/generations"], ["/p/current"], ["/p/generations"], []),
        (
            ["/proc/self/cwd", "/p/current", "/p/generations"],
            [],
            [],
            [
                ("/p/current", "is not the symbolic link that offkit makes"),
                ("/p/generations", "is not a directory"),
            ],
        ),
    ],
)
def test_what_stands_in_the_way(there, links, directories, expected):
    found = preflight.occupied("/p", there.__contains__, links.__contains__, directories.__contains__)
    fix = "correct this, or choose another --prefix"
    assert told(found) == [
        ("ENV029", "error", path, "{} {}".format(path, what), (), fix) for path, what in expected
    ]


# --- the interpreter ---------------------------------------------------------------------

ANOTHER = "use a Python 3.6 with --python PATH, or install one"
BUNDLE_AGAIN = "bundle again on the other side: offkit bundle --python "
INCOMPLETE = "this Python is incomplete: install it again, or yum install python3"


@pytest.mark.parametrize(
    ("change", "code", "message", "fix"),
    [
        ({"implementation": "pypy"}, "PY012", "is pypy, the bundle is for CPython", ANOTHER),
        (
            {"version": "3.9.1"},
            "PY012",
            "is Python 3.9.1, the bundle is for 3.6",
            "{}; or {}3.9.1".format(ANOTHER, BUNDLE_AGAIN),
        ),
        (
            {"version": "3.6.1"},
            "PY013",
            "is Python 3.6.1, older than the 3.6.8 that packages were chosen for",
            "update it, or {}3.6.1".format(BUNDLE_AGAIN),
        ),
        (
            {"abi": "cp36dm"},
            "PY014",
            "has the ABI cp36dm, the wheels are for cp36m",
            "use an ordinary build (not --with-pydebug, --without-pymalloc or --disable-gil)",
        ),
        (
            {"abi": ""},
            "PY014",
            "has the ABI (unknown), the wheels are for cp36m",
            "use an ordinary build (not --with-pydebug, --without-pymalloc or --disable-gil)",
        ),
        (
            {"bits": 32},
            "PY015",
            "is a 32-bit program, the wheels are for x86_64",
            "use a x86_64 interpreter",
        ),
        (
            {"path": "/opt/Größe/python"},
            "ENV028",
            "has a path with non-ASCII characters: in the C locale (cron, for instance), an environment "
            "made with this CPython 3.6 does not start",
            "choose another place: --prefix DIR if offkit installed it there, else --python PATH",
        ),
        (
            {"missing": ("zlib",)},
            "PY016",
            "lacks the module zlib, which the installation needs",
            "yum install zlib-devel, then configure and compile this Python again; or yum install python3",
        ),
        (
            {"missing": ("hashlib",)},
            "PY016",
            "lacks the module hashlib, which the installation needs",
            "yum install openssl-devel, then configure and compile this Python again; or yum install python3",
        ),
        (
            {"missing": ("pyexpat",)},
            "PY016",
            "lacks the module pyexpat, which the installation needs",
            "yum install expat-devel, then configure and compile this Python again; or yum install python3",
        ),
        (
            {"missing": ("math",)},
            "PY016",
            "lacks the module math, which the installation needs",
            INCOMPLETE,
        ),
    ],
)
def test_an_interpreter_that_does_not_fit(change, code, message, fix):
    python = PYTHON._replace(**change)
    assert told(interpreter.misfits(python, EL7)) == [(code, "error", python.path, message, (), fix)]


def test_an_interpreter_that_fits():
    """A newer patch does, and letters beyond ASCII from 3.7 on."""
    assert interpreter.misfits(PYTHON._replace(version="3.6.15"), EL7) == []
    newer = EL7._replace(python="3.7.1")
    python = PYTHON._replace(path="/opt/Größe/python", version="3.7.1", abi="cp37m")
    assert interpreter.misfits(python, newer) == []


@pytest.mark.parametrize(
    ("result", "why"),
    [
        (Result((), 1, "out\n", "first\nlast words\n"), "does not run: last words"),
        (Result((), 1, "first\nout\n", " \n"), "does not run: out"),
        (Result((), 7, "", ""), "does not run: exit 7"),
        (Result((), 0, "Hello", ""), "does not behave like a Python interpreter"),
        (Result((), 0, "{}", ""), "does not behave like a Python interpreter"),
        (Result((), 0, "[]", ""), "does not behave like a Python interpreter"),
    ],
)
def test_a_python_that_gives_no_answer(result, why):
    asked = []

    def run(argv):
        asked.append(argv)
        return result

    with pytest.raises(EnvironmentProblem) as caught:
        interpreter.probe("python9", run)
    fix = "use another with --python PATH, or install one: yum install python3"
    assert caught.value.message == "this Python cannot be used"
    assert told(caught.value.findings) == [("PY011", "error", "python9", "python9 " + why, ("python9",), fix)]
    ((program, *options, code),) = asked
    assert (program, options) == ("python9", ["-I", "-S", "-c"])
    assert all("'{}'".format(name) in code for name in interpreter.NEEDED)


def test_the_systems_own_python(tmp_path):
    """dnf runs on it: not for applications, whatever leads to it."""
    place = tmp_path / "libexec"
    place.mkdir()
    path = str(place / "platform-python3.6")
    open(path, "w").close()
    with pytest.raises(EnvironmentProblem) as caught:
        interpreter.probe(path, None)
    why = "belongs to the system (dnf runs on it) and is not for applications"
    assert caught.value.findings[0].message == "{} {}".format(path, why)


ROW = ModuleRow(("dbm.gnu", "dbm.ndbm"), ("_gdbm", "_dbm"), (3, 0), (3, 99), "info", "databases")
KNOWN = UNKNOWN._replace(modules={"dbm.gnu": Module(devel=("gdbm-devel", "libdb-devel"))})


@pytest.mark.parametrize(
    ("origin", "more", "fix"),
    [
        (
            "source",
            ": compiled without gdbm-devel libdb-devel",
            "if it is needed: yum install gdbm-devel libdb-devel, remove /opt/py, and run install.sh again (as root, "
            "install.sh --iso FILE installs what the ISO has)",
        ),
        (
            "build",
            "",
            "if it is needed: bundle another build, or its source (offkit bundle --python-source)",
        ),
    ],
)
def test_modules_that_a_brought_python_lacks(origin, more, fix):
    python = PYTHON._replace(path="/opt/py/bin/python3.6")
    missing = {"dbm.gnu": "No module", "dbm.ndbm": "libdb"}
    message = "Python 3.6.8 in /opt/py lacks dbm.gnu dbm.ndbm (for databases)" + more
    found = modules._finding(python, ROW, KNOWN, {"origin": origin}, missing)
    why = ("dbm.gnu: No module", "dbm.ndbm: libdb")
    assert tuple(found) == ("PY023", "info", "dbm.gnu dbm.ndbm", message, why, fix)


# --- unpacked Pythons --------------------------------------------------------------------

ANOTHER_WAY = "use another ISO, or another Python: source or a build in the bundle, --python PATH"


def unpacked(tmp_path, contents, name="python3.6", folder="usr/bin"):
    place = tmp_path / folder
    place.mkdir(parents=True, exist_ok=True)
    (place / name).write_bytes(contents)
    return str(place / name)


def refused(tmp_path, run=None):
    with pytest.raises(EnvironmentProblem) as caught:
        adopt.adopt(str(tmp_path), run or (lambda argv: Result(argv, 0, "", "")))
    assert caught.value.message == "the Python of these packages cannot be used here"
    (finding,) = caught.value.findings
    code, severity, path, message, looked, fix = finding
    assert (code, severity, looked, fix) == ("PY024", "error", (path,), ANOTHER_WAY)
    return path, message


def test_packages_without_a_python(tmp_path):
    """One in libexec alone is none."""
    unpacked(tmp_path, build(), folder="usr/libexec")
    assert refused(tmp_path) == (str(tmp_path), "{} has no usr/bin/pythonX.Y".format(tmp_path))


def test_a_damaged_program(tmp_path):
    path = unpacked(tmp_path, build()[:100])
    found, message = refused(tmp_path)
    assert found == path
    assert message.startswith(path + " is damaged: truncated")


def test_a_program_that_cannot_be_given_a_path(tmp_path, monkeypatch):
    """There is no room in it, say."""
    path = unpacked(tmp_path, build(needed=["libpython3.6m.so.1.0"]))
    unpacked(tmp_path, b"", "libpython3.6m.so.1.0", "usr/lib64")

    def rewrite(data, text):
        assert text == "$ORIGIN/../lib64"
        raise ValueError("has no room")

    monkeypatch.setattr(adopt.rpath, "rewrite", rewrite)
    assert refused(tmp_path) == (path, path + " has no room")


@pytest.mark.parametrize("folder", ["usr/lib64", "usr/lib"])
def test_a_program_beside_its_library(tmp_path, monkeypatch, folder):
    """Its path leads there; its mode stays; a script is left alone, and no other name is started."""
    path = unpacked(tmp_path, build(needed=["libpython3.6m.so.1.0", "libc.so.6"]))
    os.chmod(path, 0o751)
    unpacked(tmp_path, b"", "libpython3.6m.so.1.0", folder)
    script = unpacked(tmp_path, b"#!/bin/sh\n", "python3")
    for name in ("python3-config", "xpython3", "python3.6.bak"):
        unpacked(tmp_path, build(), name)
    inner = unpacked(tmp_path, build(), "platform-python3.6", "usr/libexec")
    monkeypatch.setattr(adopt.rpath, "rewrite", lambda data, text: data + text.encode("ascii"))
    asked = []

    def run(argv):
        asked.append(argv)
        return Result(argv, 0, "", "")

    assert adopt.adopt(str(tmp_path), run) == [script, path, inner]
    assert [argv[0] for argv in asked] == [script, path]
    assert {tuple(argv[1:]) for argv in asked} == {
        ("-I", "-S", "-c", "import sys, zlib; sys.stdout.write(sys.prefix)")
    }
    with open(path, "rb") as source:
        assert source.read().endswith(b"$ORIGIN/../" + os.path.basename(folder).encode("ascii"))
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o751


@pytest.mark.parametrize(
    ("result", "said"),
    [
        (Result((), 1, "out", "first\nlast\n"), "last"),
        (Result((), 1, "a\nout\n", "\n"), "out"),
        (Result((), 9, "", ""), "exit 9"),
    ],
)
def test_a_program_that_does_not_start(tmp_path, result, said):
    path = unpacked(tmp_path, build())
    assert refused(tmp_path, lambda argv: result) == (path, path + " does not start: " + said)


def test_packages_that_cannot_be_changed(tmp_path, monkeypatch):
    """Whatever the system refuses."""
    unpacked(tmp_path, build())
    monkeypatch.setattr(adopt, "_point", lambda *asked: os.rmdir(str(tmp_path)))
    where, message = refused(tmp_path)
    assert (where, message.startswith("{} cannot be adopted: ".format(tmp_path))) == (str(tmp_path), True)


def test_links_of_packages(tmp_path):
    """An absolute one that means a file of theirs becomes relative; others stay."""
    unpacked(tmp_path, build(), "python3.6", "usr/libexec")
    folder = tmp_path / "usr" / "bin"
    folder.mkdir()
    for name, where in (
        ("python3.6", "/usr/libexec/python3.6"),
        ("python3", "python3.6"),
        ("python3.7", "/bin/sh"),
    ):
        (folder / name).symlink_to(where)
    adopt.adopt(str(tmp_path), lambda argv: Result(argv, 0, "", ""))
    assert [os.readlink(str(folder / name)) for name in ("python3.6", "python3", "python3.7")] == [
        "../libexec/python3.6",
        "python3.6",
        "/bin/sh",
    ]


# --- a bundle that cannot be read --------------------------------------------------------

NAME_ONE = "give the bundle.tar that 'offkit bundle' wrote"


@pytest.mark.parametrize(
    ("number", "kind", "fix"),
    [
        (errno.EIO, IntegrityError, ""),
        (errno.EACCES, EnvironmentProblem, "check its permissions, or read it as another user"),
    ],
)
def test_a_bundle_that_the_system_does_not_give(tmp_path, number, kind, fix):
    """A medium that fails is damage; what is forbidden is not."""
    path = str(tmp_path / "b.tar")
    open(path, "w").close()
    with pytest.raises(kind) as caught:
        with bundle_file.File(path).reading():
            raise OSError(number, "refused", path)
    message = path + " cannot be read: refused"
    assert (type(caught.value), caught.value.message, caught.value.fix) == (kind, message, fix)
    expected = [("BUN007", "error", path, message, (), bundle_file.AGAIN)] if kind is IntegrityError else []
    assert told(caught.value.findings) == expected


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (os.mkdir, "{} is a directory"),
        (os.mkfifo, "{} is not a regular file"),
        (lambda path: None, "{} does not exist"),
    ],
)
def test_what_is_no_file(tmp_path, make, message):
    path = str(tmp_path / "b.tar")
    make(path)
    with pytest.raises(UsageError) as caught:
        bundle_file.File(path)
    assert (caught.value.message, caught.value.fix) == (message.format(path), NAME_ONE)


@pytest.fixture
def saved(tmp_path):
    path = tmp_path / "bundle.tar"
    path.write_bytes(bundle_maker.make().data)
    return bundle_file.read_manifest(str(path))


def reordered(members):
    return (*members[1:], members[0])


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda members: members[:0], "lists no install.sh, "),
        (reordered, "lists its members out of order"),
        (
            lambda members: sorted(
                (*members, members[-1]._replace(path=layout.SIGNATURE)),
                key=lambda one: layout.position(one.path),
            ),
            "lists its own signature",
        ),
        (
            lambda members: (*members[:-1], members[-1]._replace(size=8**11)),
            "lists a member larger than a tar can hold",
        ),
    ],
)
def test_a_manifest_that_is_none(saved, change, why):
    manifest = saved.manifest._replace(members=tuple(change(saved.manifest.members)))
    with pytest.raises(IntegrityError) as caught:
        bundle_file._check_members(manifest)
    ((code, severity, subject, message, looked, fix),) = told(caught.value.findings)
    assert (code, severity, subject, looked, fix) == (
        "BUN002",
        "error",
        layout.MANIFEST,
        (),
        bundle_file.AGAIN,
    )
    assert message.startswith("{} is damaged: it {}".format(layout.MANIFEST, why))
    assert caught.value.message == message


def test_parts_of_a_bundle(saved):
    """A member can be sought in from either end and from where it stands; what is none is a KeyError."""
    with pytest.raises(KeyError):
        saved.read("none")
    whole = saved.read(layout.REQUIREMENTS)
    with saved.open(layout.REQUIREMENTS) as source:
        raw = source.raw
        assert (raw.readable(), raw.seekable(), raw.tell()) == (True, True, 0)
        assert (raw.seek(-3, 2), raw.tell(), raw.read(9)) == (len(whole) - 3, len(whole) - 3, whole[-3:])
        assert raw.read(9) == b""
        assert (raw.seek(-len(whole) - 9, 2), raw.read(2)) == (0, whole[:2])
        assert (raw.seek(3, 1), raw.read(2)) == (5, whole[5:7])
        raw.seek(len(whole) + 5)
        assert raw.read(2) == b""
    assert source.closed


# --- damage of a generation --------------------------------------------------------------


def generation(tmp_path, packages=()):
    receipt = Receipt("0001-x", "m", {}, "/p", "3.6.8", "now", "offkit", tuple(packages))
    return Generation("0001-x", str(tmp_path), receipt, True)


@pytest.mark.parametrize(
    ("result", "said"),
    [
        (Result((), 0, "True\n", ""), []),
        (Result((), 0, "False\n", ""), ["bin/python does not belong to it"]),
        (Result((), 1, "", "a\nb\n"), ["bin/python does not start: b"]),
        (Result((), 5, "", ""), ["bin/python does not start: exit 5"]),
    ],
)
def test_the_interpreter_of_a_generation(tmp_path, result, said):
    asked = []

    def run(argv):
        asked.append(list(argv))
        return result

    assert damage._interpreter(generation(tmp_path), run) == said
    ((program, *options),) = asked
    assert (program, options[:2], options[-1]) == (
        str(tmp_path / "bin" / "python"),
        ["-I", "-c"],
        str(tmp_path),
    )


def test_files_that_cannot_be_read(tmp_path, saved):
    """A directory in the place of each: not missing, and not altered."""
    site = tmp_path / "lib" / "python3.6" / "site-packages"
    info = site / "a-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Name: a\nVersion: 1.0\n")
    (info / "RECORD").write_text("a.py,,\nb.pyc,,\n")
    (site / "a.py").mkdir()
    (site / "x.dist-info").mkdir()
    (site / "x.dist-info" / "METADATA").write_text("Name: x\nVersion: 1\n")
    (site / "x.dist-info" / "RECORD").write_bytes(b"\xff")
    (tmp_path / layout.GENERATION_MANIFEST).mkdir(parents=True)
    one = generation(tmp_path, [Package("a", "1.0"), Package("b", "2.0")])
    packages = list(damage._packages(one))
    assert packages[0] == "b 2.0 is missing"
    assert packages[1].startswith("x.dist-info cannot be read: 'utf-8' codec")
    assert packages[2:] == ["lib/python3.6/site-packages/a.py: Is a directory"]
    own = list(damage._own_files(one, saved))
    assert own[0] == "offkit/MANIFEST.json: Is a directory"
    assert "offkit/checklist.json is missing" in own
    assert own[-1] == "bin/offkit is missing or cannot be executed"


def test_a_list_of_libraries_that_cannot_be_read(tmp_path):
    path = tmp_path / layout.GENERATION_LIBRARY_LIST
    path.parent.mkdir(parents=True)
    path.write_text("{}")
    (said,) = damage._libraries(generation(tmp_path))
    assert said.startswith("offkit/libraries.json cannot be read: not a list of libraries")


# --- what offkit changed of the system -----------------------------------------------------

A, B = Rpm("a", "0", "1", "1", "x86_64"), Rpm("b", "2", "1", "1", "i686")
KEY = Rpm("gpg-pubkey", "0", "f4a80eb5", "53a7ff4b", "(none)")


def test_names_of_packages():
    """The line, and the word that rpm -e takes."""
    assert (B.line, B.word, B.key) == ("b-2:1-1.i686", "b-1-1.i686", False)
    assert (KEY.line, KEY.word, KEY.key) == (
        "gpg-pubkey-0:f4a80eb5-53a7ff4b.(none)",
        "gpg-pubkey-f4a80eb5-53a7ff4b",
        True,
    )
    assert [ledger.parse(each.line) for each in (A, B, KEY)] == [A, B, KEY]
    assert ledger.parse("b-1-1.i686") is None


@pytest.mark.parametrize(
    ("out", "err", "said"),
    [("", "a\nb\n", "b"), ("x\ny\n", " ", "y"), ("", "", "5")],
)
def test_an_rpm_that_does_not_say(out, err, said):
    with pytest.raises(EnvironmentProblem) as caught:
        ledger.installed(lambda argv: Result(argv, 5, out, err))
    message = "rpm cannot list the installed packages: " + said
    fix = "'rpm -qa' must work here; 'rpm --rebuilddb' repairs a damaged database"
    assert caught.value.message == message
    assert told(caught.value.findings) == [("RPM009", "error", "rpm", message, ("rpm -qa",), fix)]


def test_how_rpm_is_asked():
    asked = []

    def run(argv):
        asked.append(argv)
        return Result(argv, 0, "b\na\n", "")

    assert ledger.installed(run) == ("a", "b")
    assert asked == [["rpm", "-qa", "--qf", "%{NAME}-%{EPOCHNUM}:%{VERSION}-%{RELEASE}.%{ARCH}\n"]]


def test_a_transaction_on_disk(tmp_path):
    """Four files; paths alone are reason enough to remember one."""
    prefix = str(tmp_path)
    assert ledger.begin(prefix, "install a", ["x-0:1-1.y"]) == 1
    assert ledger.begin(prefix, "again", ["b", "a"]) == 2
    ledger.end(prefix, 2, ["b", "a"], ["a", "b"], ["/z", "/etc/f"])
    place = tmp_path / "system"
    assert sorted(os.listdir(str(place))) == [
        "0001.before",
        "0001.text",
        "0002.after",
        "0002.before",
        "0002.files",
        "0002.text",
    ]
    assert (place / "0002.before").read_text() == "a\nb\n"
    assert (place / "0002.files").read_text() == "/etc/f\n/z\n"
    assert ledger.read(prefix) == [
        Transaction(1, "install a", frozenset(["x-0:1-1.y"]), None, ()),
        Transaction(2, "again", frozenset("ab"), frozenset("ab"), ("/etc/f", "/z")),
    ]
    ledger.end(prefix, 1, ["x-0:1-1.y"], ["x-0:1-1.y"])
    assert [entry.number for entry in ledger.read(prefix)] == [2]
    assert ledger.begin(prefix, "third", []) == 3


@pytest.mark.parametrize(
    ("kinds", "before", "after"),
    [
        ({"text": "t"}, frozenset(), frozenset()),
        ({"after": "a\n"}, frozenset("a"), frozenset("a")),
        ({"before": "a\n"}, frozenset("a"), None),
        ({"before": "a\n", "after": "b\n"}, frozenset("a"), frozenset("b")),
    ],
)
def test_half_of_a_transaction(tmp_path, kinds, before, after):
    """Without a before nothing counts as added; without an after it was interrupted."""
    place = tmp_path / "system"
    place.mkdir()
    for kind, text in kinds.items():
        (place / ("0007." + kind)).write_text(text)
    (place / "0008.other").write_text("")
    (entry,) = ledger.read(str(tmp_path))
    assert (entry.number, entry.before, entry.after) == (7, before, after)


def test_scratch_of_killed_transactions(tmp_path):
    assert ledger.leftovers(str(tmp_path)) == []
    for name in (".scratch-1", "scratch", ".other"):
        (tmp_path / "system" / name).mkdir(parents=True)
    assert ledger.leftovers(str(tmp_path)) == [str(tmp_path / "system" / ".scratch-1")]


@pytest.mark.parametrize("name", ["", "0001.before"])
@pytest.mark.parametrize("mode", [0o002, 0o020])
def test_what_others_could_have_written(tmp_path, name, mode):
    """The place and each file of it; the group counts unless it is root's."""
    ledger.begin(str(tmp_path), "x", [])
    assert ledger.believable(str(tmp_path))
    path = str(tmp_path / "system" / name) if name else str(tmp_path / "system")
    os.chmod(path, os.stat(path).st_mode | mode)
    trusted = mode == 0o020 and os.stat(path).st_gid == 0
    assert ledger.believable(str(tmp_path)) is trusted
    assert not ledger.believable(str(tmp_path / "none"))


def test_links_among_them_are_not_believed(tmp_path):
    ledger.begin(str(tmp_path), "x", [])
    os.symlink("0001.before", str(tmp_path / "system" / "0001.after"))
    assert not ledger.believable(str(tmp_path))


@pytest.mark.parametrize("there", [True, False])
def test_modules_of_dnf(tmp_path, monkeypatch, there):
    place = tmp_path / "modules.d"
    if there:
        place.mkdir()
        (place / "python36.module").write_text("")
    monkeypatch.setattr(ledger, "_MODULES", str(place))
    assert ledger.module_files() == frozenset([str(place / "python36.module")] if there else [])


@pytest.mark.parametrize("asking", [True, False])
def test_yum_and_rpm_speak_english(asking, monkeypatch):
    monkeypatch.setattr(ledger.shutil, "which", lambda name: "/usr/bin/" + name)
    asked = []

    def base(argv, environment, gently):
        asked.append((argv, gently))
        return environment

    found = ledger.english(base, asking)(["yum"])
    assert asked == [(["yum"], True)]
    assert (found["LC_ALL"], found["LANG"]) == ("C", "C")
    plain = ledger.english(base)(["yum"])
    if asking:
        assert found["RES_OPTIONS"] == ""
        assert plain.get("RES_OPTIONS") != ""
    else:
        assert found == plain


# --- taking it back ----------------------------------------------------------------------


def rpm_says(**answers):
    """A ``run``: by rpm's first option the answers in turn; what was asked is in ``run.asked``."""

    def run(argv):
        run.asked.append(list(argv))
        return answers[argv[1].strip("-")].pop(0)

    run.asked = []
    return run


def test_what_something_else_needs_by_now():
    """It stays, and rpm is asked again for the rest."""
    refusal = "error: Failed dependencies:\n\tliba.so.1 >= 2 is needed by (installed) z-1\n\tliba.so.1 is needed by (installed) y-1\n"
    run = rpm_says(
        e=[Result((), 1, "", refusal), Result((), 0, "", "")],
        q=[Result((), 0, A.line + "\n", ""), Result((), 0, A.line + "\n", "")],
    )
    left, kept = takeback._spare([A, B], run)
    assert left == [B]
    fix = (
        "it is now an ordinary package of this server; 'rpm -e a-1-1.x86_64' removes it when nothing needs it"
    )
    assert told(kept) == [
        ("RPM010", "info", "a-1-1.x86_64", "is now needed by y-1, z-1: it is kept", (), fix)
    ]
    assert run.asked == [
        ["rpm", "-e", "--test", "a-1-1.x86_64", "b-1-1.i686"],
        ["rpm", "-q", "--whatprovides", "liba.so.1", "--qf", ledger.FORMAT],
        ["rpm", "-q", "--whatprovides", "liba.so.1", "--qf", ledger.FORMAT],
        ["rpm", "-e", "--test", "b-1-1.i686"],
    ]


def test_a_refusal_that_names_nothing():
    run = rpm_says(e=[Result(("rpm",), 1, "", "error: x\n")])
    with pytest.raises(EnvironmentProblem) as caught:
        takeback._spare([A], run)
    assert caught.value.fix == "nothing was removed; correct this, or keep the packages: --keep-rpms"


def test_a_removal_that_rpm_refuses(tmp_path):
    run = rpm_says(e=[Result(("rpm",), 1, "", "error: x\n")])
    with pytest.raises(EnvironmentProblem) as caught:
        takeback.apply(takeback.TakeBack((A,)), run)
    assert caught.value.fix == "the packages are still installed; everything else of offkit's was removed"


@pytest.mark.parametrize(
    ("rpms", "name", "ldconfig"),
    [
        ((), "/etc/ld.so.conf.d/offkit-x.conf", True),
        ((), "/etc/dnf/modules.d/x.module", False),
        ((A,), "", True),
    ],
)
def test_what_is_run_when_it_goes(monkeypatch, rpms, name, ldconfig):
    """ldconfig after RPMs and after directories that were named to the loader; a file that is gone is gone."""
    asked, gone = [], []

    def unlink(path):
        gone.append(path)
        raise FileNotFoundError(2, "No such file or directory", path)

    def run(argv):
        asked.append(tuple(argv))
        return Result(argv, 0, "", "")

    monkeypatch.setattr(takeback.os, "unlink", unlink)
    takeback.apply(takeback.TakeBack(rpms, (name,) if name else ()), run)
    expected = [("rpm", "-e", "a-1-1.x86_64")] if rpms else []
    assert asked == expected + ([("/sbin/ldconfig",)] if ldconfig else [])
    assert gone == ([name] if name else [])


def test_only_root_can_take_it_back():
    error = takeback.need_root(takeback.TakeBack((A,), ("/etc/x",)))
    message = "root installed packages for this prefix, and only root can remove them"
    fix = "run it as root, or with --keep-rpms to keep them"
    assert error.message == message
    assert told(error.findings) == [("RPM006", "error", "rpm", message, ("a-1-1.x86_64", "/etc/x"), fix)]


def test_a_ledger_that_is_not_believed(tmp_path):
    ledger.begin(str(tmp_path), "x", [])
    os.chmod(str(tmp_path / "system"), 0o777)
    found = takeback.plan(str(tmp_path), None)
    message = "users other than root can write there: it is not trusted, and no package or key is removed"
    fix = "its files list what was installed (remove it with rpm -e); they are removed with the prefix"
    assert told(found.kept) == [("RPM010", "warning", str(tmp_path / "system"), message, (), fix)]
    assert found.nothing


# --- generations -------------------------------------------------------------------------


def test_a_prefix_without_an_installation(tmp_path):
    with pytest.raises(EnvironmentProblem) as caught:
        inventory.require(str(tmp_path))
    message = "there is no installation in {}".format(tmp_path)
    looked = ("{}/generations (No such file or directory)".format(tmp_path),)
    fix = "give the prefix that 'offkit install' used: --prefix DIR"
    assert caught.value.message == message
    assert told(caught.value.findings) == [("ENV040", "error", str(tmp_path), message, looked, fix)]


@pytest.mark.parametrize(
    ("error", "fix"),
    [
        (PermissionError(13, "Permission denied", "/x"), "run it as the user who installed"),
        (OSError(30, "Read-only file system", b"/x"), "correct this and run the command again"),
    ],
)
def test_what_the_system_refuses(error, fix):
    found = exclusive.refused(error, "/p", "headline")
    assert found.message == "headline"
    assert told(found.findings) == [("ENV031", "error", "/x", error.strerror, (), fix)]


def test_a_refusal_without_a_name():
    found = exclusive.refused(OSError("odd"), "/p", "headline")
    assert (found.findings[0].subject, found.findings[0].message) == ("/p", "odd")
    assert found.findings[0].fix == "correct this and run the command again"
    assert exclusive.refused(OSError("odd"), "/p", "headline", "do").findings[0].fix == "do"


def test_another_offkit_at_work(tmp_path):
    prefix = str(tmp_path)
    with exclusive.exclusive(prefix, "x"), pytest.raises(EnvironmentProblem) as caught:
        with exclusive.exclusive(prefix, "y"):
            pass
    message = "another offkit is running in " + prefix
    lock = (os.path.join(prefix, layout.LOCK),)
    assert caught.value.message == message
    assert told(caught.value.findings) == [
        ("ENV030", "error", prefix, message, lock, "wait until it has finished")
    ]
    with pytest.raises(EnvironmentProblem) as caught:
        with exclusive.exclusive(prefix, "the rollback failed"):
            raise OSError(28, "No space left on device", "/x")
    assert caught.value.message == "the rollback failed"


def one(name, current=False, packages=(), python="3.6.8", manifest=None):
    receipt = Receipt(name, manifest or name, {}, "/p", python, "now", "offkit", tuple(packages))
    return Generation(name, "/g/" + name, receipt, current)


THREE = [one("0001-aaaa0001"), one("0002-bbbb0002", True), one("0010-aaaa9999")]
NAMES = "choose one of these:\n  0001-aaaa0001\n  0002-bbbb0002  (current)\n  0010-aaaa9999"


@pytest.mark.parametrize(
    ("word", "name"),
    [
        ("1", "0001-aaaa0001"),
        ("0010", "0010-aaaa9999"),
        ("10", "0010-aaaa9999"),
        ("0002-bbbb0002", "0002-bbbb0002"),
        ("BBBB", "0002-bbbb0002"),
    ],
)
def test_a_generation_by_a_word(word, name):
    existing = [each._replace(receipt=None) for each in THREE]
    assert rollback.select(existing, word).id == name


@pytest.mark.parametrize(
    ("word", "message", "fix"),
    [
        ("7", "no such generation: 7", NAMES),
        ("bbb", "no such generation: bbb", NAMES),
        ("", "no such generation: ", NAMES),
        (
            "aaaa",
            "aaaa matches several generations",
            "choose one of these:\n  0001-aaaa0001\n  0010-aaaa9999",
        ),
    ],
)
def test_no_generation_by_a_word(word, message, fix):
    existing = [each._replace(receipt=None) for each in THREE]
    with pytest.raises(RequestError) as caught:
        rollback.select(existing, word)
    assert caught.value.message == message
    assert told(caught.value.findings) == [("ENV044", "error", "generation", message, (), fix)]


def test_the_generation_before():
    assert rollback.before(THREE).id == "0001-aaaa0001"
    last = [THREE[0], THREE[1]._replace(current=False), THREE[2]._replace(current=True)]
    assert rollback.before(last).id == "0002-bbbb0002"
    with pytest.raises(RequestError) as caught:
        rollback.before(THREE[1:])
    assert caught.value.message == "there is no generation before 0002-bbbb0002"
    with pytest.raises(RequestError) as caught:
        rollback.before([])
    assert caught.value.message == "no generation is current: choose one"
    assert caught.value.findings[0].fix == "install a bundle"


def test_what_differs_between_two():
    """Python first, then packages by their normal names, as the newer spells them."""
    old = one("0001-a", packages=[Package("B_x", "1"), Package("c", "1"), Package("d", "1")]).receipt
    new = one(
        "0002-a", packages=[Package("b-x", "2"), Package("a", "1"), Package("d", "1")], python="3.6.9"
    ).receipt
    assert rollback.changes(old, new) == (
        ("Python", "3.6.8", "3.6.9"),
        ("a", "", "1"),
        ("b-x", "1", "2"),
        ("c", "1", ""),
    )
    assert rollback.changes(None, new) == rollback.changes(old, None) == ()


def test_what_is_wrong_with_the_link(tmp_path):
    """It leads nowhere, it is no link, it is not there though a generation is."""
    prefix = str(tmp_path)
    link = os.path.join(prefix, "current")
    one_of = "offkit rollback ID makes one of them current"
    assert inventory.of_link(prefix, "0001-a", True) == inventory.of_link(prefix, None, False) == []
    absent = ("ENV042", "error", link, "is missing: no generation is current", (), one_of)
    assert told(inventory.of_link(prefix, None, True)) == [absent]
    fix = "offkit rollback ID makes a generation current"
    os.symlink("generations/9", link)
    message = "points to generations/9, which is not a generation"
    assert told(inventory.of_link(prefix, None, True)) == [("ENV042", "error", link, message, (), fix)]
    os.unlink(link)
    os.mkdir(link)
    assert told(inventory.of_link(prefix, None, False)) == [
        ("ENV042", "error", link, "is not a symbolic link", (), fix)
    ]


def test_pythons_that_nothing_uses(tmp_path):
    """By their place; one that a generation was made with is used."""
    shelf = tmp_path / "python"
    for name, program in (
        ("3.6.8", "bin/python3.6"),
        ("3.9-rpm", "usr/bin/python3.9"),
        ("3.11.2", "bin/python3.9"),
        ("3.12.x", "bin/python3.12"),
    ):
        (shelf / name / program).parent.mkdir(parents=True)
        (shelf / name / program).write_text("")
    used = one("0001-a")
    used = used._replace(receipt=used.receipt._replace(python=files.text(str(shelf / "3.6.8/bin/python3.6"))))
    assert inventory.unused(str(tmp_path), [used, used._replace(receipt=None)]) == [str(shelf / "3.9-rpm")]
    assert inventory.unused(str(tmp_path / "none"), []) == []
    found = tuple(inventory._of_python(str(shelf / "3.9-rpm")))
    message = "no generation uses this Python, which takes {} MB".format(
        -(-inventory.size(str(shelf / "3.9-rpm")) // 1000000)
    )
    fix = "the next installation that needs it uses it; 'offkit uninstall' removes it with everything else"
    assert found == ("ENV047", "info", str(shelf / "3.9-rpm"), message, (), fix)


def test_what_was_interrupted():
    message, fix = "left by an interrupted installation or removal", "the next 'offkit install' removes it"
    assert tuple(inventory._of_leftover("/x")) == ("ENV043", "info", "/x", message, (), fix)


def test_sizes_on_disk(tmp_path):
    """Hard links once; what is gone meanwhile counts nothing."""
    (tmp_path / "a").write_bytes(b"x" * 10000)
    alone = inventory.size(str(tmp_path))
    assert alone == sum(os.lstat(str(path)).st_blocks * 512 for path in (tmp_path, tmp_path / "a"))
    os.link(str(tmp_path / "a"), str(tmp_path / "b"))
    assert inventory.size(str(tmp_path)) == alone
    assert inventory.size(str(tmp_path / "none")) == 0


def test_a_generation_that_would_not_start(tmp_path):
    """Why, as far as its files tell."""
    broken = Generation("0001-a", str(tmp_path), None, True)
    again = "install the bundle again"
    found = told(inventory.problems(broken))
    receipt = (os.path.join(str(tmp_path), "offkit", "receipt.json"),)
    assert found[0] == ("ENV041", "error", "0001-a", "has no readable receipt", receipt, again)
    why = "no Python environment at {}: it has neither pyvenv.cfg nor lib/python3.X".format(tmp_path)
    assert found[1:] == [
        ("ENV041", "error", "0001-a", "is no longer an environment: " + why, (str(tmp_path),), again)
    ]


# --- the plan ----------------------------------------------------------------------------


def test_a_bundle_without_pip():
    with pytest.raises(IntegrityError) as caught:
        plan.pip_wheel(["wheels/pipx-1.0-py3-none-any.whl"])
    message = "the bundle has no pip to install with"
    assert caught.value.message == message
    assert told(caught.value.findings) == [
        ("BUN012", "error", "wheels/pip-*.whl", message, (), "bundle again on the other side")
    ]


def test_the_newest_pip():
    names = ["wheels/pip-{}-py3-none-any.whl".format(version) for version in ("9.0.3", "21.3.1", "21.3")]
    assert plan.pip_wheel(names) == names[1]


def test_the_end_of_what_a_program_said():
    """Without blank lines and what pip says of itself."""
    text = (
        "\n".join(str(number) for number in range(12))
        + "\n\nWARNING: You are using pip x\nYou should consider y\n"
    )
    assert plan.last_lines(text) == [str(number) for number in range(4, 12)]
    assert plan.last_lines("a  \n\nb\n", 1) == ["b"]


def test_a_generation_that_was_made_meanwhile(tmp_path):
    made = Plan("install", str(tmp_path), "0001-a", ".building-0001-a-t", PYTHON, ())
    install._check_still_free(made)
    os.makedirs(made.generation)
    with pytest.raises(EnvironmentProblem) as caught:
        install._check_still_free(made)
    assert caught.value.message == "another installation has just created " + made.generation
    assert caught.value.fix == "run the command again"
    install._check_still_free(made._replace(outcome="switch"))


def test_what_an_uninstallation_cannot_remove(tmp_path, monkeypatch):
    path = str(tmp_path / "x" / "y")
    monkeypatch.setattr(uninstall.files, "remove_tree", lambda path: False)
    with pytest.raises(EnvironmentProblem) as caught:
        uninstall._tree(path)
    message = "files below {} could not be removed".format(tmp_path / "x")
    fix = "run it again as the user who owns them; what was removed is gone, the rest is intact"
    assert caught.value.message == "the removal failed"
    assert told(caught.value.findings) == [("ENV046", "error", path, message, (), fix)]
    monkeypatch.setattr(uninstall.generations, "remove", lambda prefix, name, token: False)
    with pytest.raises(EnvironmentProblem) as caught:
        uninstall._generation("/p", "t")(path)
    assert [each.code for each in caught.value.findings] == ["ENV046"]


def test_what_is_no_prefix(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(EnvironmentProblem) as caught:
        uninstall.plan(str(tmp_path))
    message = "{} is not an offkit prefix; nothing was removed".format(tmp_path)
    looked = (str(tmp_path / "generations"), str(tmp_path / "current"))
    fix = "give the prefix that 'offkit install' used: --prefix DIR"
    assert told(caught.value.findings) == [("ENV045", "error", str(tmp_path), message, looked, fix)]


# --- yum ---------------------------------------------------------------------------------


def test_how_yum_is_called():
    options = ["--noplugins", "--disablerepo=*", "--enablerepo=offkit-*", "--setopt=exit_on_lock=1"]
    options += ["--setopt=metadata_expire=0", "--setopt=install_weak_deps=0"]
    assert yum.command(("install", "a")) == ["yum", "-y", *options, "install", "a"]
    own = ["--setopt=reposdir=/r", "--setopt=cachedir=/c"]
    assert yum.command(("install", "a"), "/r", "/c") == ["yum", "-y", *options, *own, "install", "a"]


def test_a_failure_that_nobody_knows():
    """Its last words, and where to look."""
    lines = ["line {}".format(number) for number in range(20)]
    error = yum.failure(Result(("yum",), 3, "\n".join(lines), ""), "nothing changed")
    message = "yum failed (exit code 3)"
    fix = "'offkit doctor repositories' says what blocks yum; then run the command again"
    assert (type(error), error.message, error.fix) == (EnvironmentProblem, message, "nothing changed")
    assert told(error.findings) == [("RPM007", "error", "yum", message, tuple(lines[-12:]), fix)]


def test_no_yum():
    error = yum.failure(Result(("yum",), 127, "", "a\nyum: not found\n"))
    fix = "without yum: offkit install … --no-root unpacks the needed libraries from the RPMs"
    assert told(error.findings) == [
        ("RPM009", "error", "yum", "yum is not installed", ("yum: not found",), fix)
    ]


@pytest.mark.parametrize(
    ("after", "said"),
    [
        (["a"], "nothing was installed"),
        (["a", "gpg-pubkey-1"], "nothing was installed, only the key was imported"),
        (["a", "b", "gpg-pubkey-1"], "b has been installed"),
        (["a", "b", "c"], "b, c have been installed"),
    ],
)
def test_what_was_done_all_the_same(after, said):
    assert yum.changed_since(["a"], after) == said + "; correct this and run the command again"


def test_a_yum_at_work(tmp_path):
    path = str(tmp_path / "yum.pid")
    for text in ("", "x", "999999999", str(2**70)):
        with open(path, "w") as sink:
            sink.write(text)
        yum.refuse_locked(path)
    with open(path, "w") as sink:
        sink.write("{}\n".format(os.getpid()))
    with pytest.raises(EnvironmentProblem) as caught:
        yum.refuse_locked(path)
    message = "another process is changing this server's packages"
    fix = "wait until that yum, dnf or rpm has finished, then run the command again"
    words = ("{}: process {}".format(path, os.getpid()),)
    assert told(caught.value.findings) == [("RPM005", "error", "yum", message, words, fix)]


# --- building ----------------------------------------------------------------------------

PUT_RIGHT = "correct this and run the command again; earlier generations are untouched"


@pytest.mark.parametrize(
    ("result", "kind", "message", "code", "lines", "fix"),
    [
        (
            Result((), 1, "out", "a\nERROR: [Errno 28] No space left on device\n"),
            EnvironmentProblem,
            "pip failed (exit 1): ERROR: [Errno 28] No space left on device",
            "ENV032",
            ["a", "ERROR: [Errno 28] No space left on device"],
            PUT_RIGHT,
        ),
        (
            Result((), 2, "x\ny\n", "\n"),
            EnvironmentProblem,
            "pip failed (exit 2)",
            "ENV032",
            ["x", "y"],
            PUT_RIGHT,
        ),
        *(
            (
                Result((), 1, "", words + "\n"),
                RequestError,
                "pip failed (exit 1)",
                "PKG020",
                [words],
                "the bundle lacks packages that its requirements need here: bundle again on the other side",
            )
            for words in (
                "No matching distribution x",
                "ResolutionImpossible: y",
                "Could not find a version z",
            )
        ),
    ],
)
def test_whose_fault_it_is(result, kind, message, code, lines, fix):
    """The program's own words; the requirements', where pip says so."""
    error = build_module._failed("pip", result)
    assert (type(error), error.message, error.fix) == (kind, message, fix)
    assert told(error.findings) == [(code, "error", "pip", line, (), "") for line in lines]


@pytest.mark.parametrize(
    ("facts", "there", "name"),
    [
        ({"ID": "centos", "VERSION_ID": "7"}, True, "RPM-GPG-KEY-CentOS-7"),
        ({"ID": "centos", "VERSION_ID": "7"}, False, None),
        ({"ID": "debian", "VERSION_ID": "12"}, True, None),
        ({}, True, None),
    ],
)
def test_the_key_in_a_repo_file(monkeypatch, facts, there, name):
    """That of this distribution, where it is known and present; else it stays for people to fill in."""
    monkeypatch.setattr(build_module.os.path, "isfile", lambda path: there)
    here = Host("x86_64", (2, 17), facts, "3.10", False)
    found = build_module._with_key(b"[x]\ngpgkey={gpgkey}\n", here)
    monkeypatch.undo()
    key = b"{gpgkey}" if name is None else b"file:///etc/pki/rpm-gpg/" + name.encode("ascii")
    assert found == b"[x]\ngpgkey=" + key + b"\n"


@pytest.mark.parametrize("number", [1, 3, 5])
def test_a_damaged_generation_in_words(monkeypatch, saved, number):
    """Three things are named; only generations of this bundle and interpreter are looked at."""
    wrong = tuple("w{}".format(each) for each in range(number))
    same = one("0001-a", manifest=saved.digest)
    same = same._replace(receipt=same.receipt._replace(python=PYTHON.path))
    looked = []

    def look(one, bundle, run):
        looked.append(one.id)
        return wrong

    monkeypatch.setattr(install, "damage", look)
    others = [one("0002-b"), same._replace(id="0003-c", receipt=None)]
    found = install.damaged(saved, PYTHON, [*others, same], None)
    message = "is damaged: " + "; ".join(wrong[:3]) + (" and 2 more" if number == 5 else "")
    fix = "'offkit install' of the same bundle builds a new one beside it"
    assert told(found) == [("ENV033", "warning", "0001-a", message, ("/g/0001-a",), fix)]
    assert looked == ["0001-a"]


def test_a_wheel_that_is_none(tmp_path):
    name = "wheels/odd-1.0-py3-none-any.whl"
    made = bundle_maker.make(extra={name: b"no zip"})
    path = tmp_path / "bundle.tar"
    path.write_bytes(made.data)
    with pytest.raises(IntegrityError) as caught:
        install.count_entries(bundle_file.read_manifest(str(path)))
    message = name + " is not a wheel: File is not a zip file"
    assert caught.value.message == message
    assert told(caught.value.findings) == [("BUN013", "error", name, message, (), "bundle again")]


class Said(Reporter):
    def __init__(self):
        self.noted, self.warned = [], []

    def note(self, text):
        self.noted.append(text)

    def warn(self, text):
        self.warned.append(text)


@pytest.mark.parametrize("done", [True, False])
def test_what_a_killed_installation_left(tmp_path, monkeypatch, done):
    """Builds and yum's scratch; what stays is said."""
    places = [str(tmp_path / name) for name in ("generations/.building-1", "system/.scratch-x")]
    for place in places:
        os.makedirs(place)
    if not done:
        monkeypatch.setattr(install.files, "remove_tree", lambda path: False)
    reporter = Said()
    install._clean(str(tmp_path), reporter)
    assert reporter.noted == [
        "removing {}, left by an interrupted installation".format(place) for place in places
    ]
    assert reporter.warned == (
        [] if done else ["{} could not be removed entirely".format(place) for place in places]
    )
    assert [place for place in places if os.path.exists(place)] == ([] if done else places)


@pytest.mark.parametrize(
    ("names", "left"),
    [
        (["generations", "system", ".lock"], False),
        (["generations", ".lock", "x"], True),
        ([".lock", "system/y"], True),
    ],
)
def test_a_prefix_that_was_made_for_nothing(tmp_path, names, left):
    """It goes where nothing else is in it; one that was there before is left alone."""
    prefix = tmp_path / "p"
    for name in names:
        path = prefix / (layout.LOCK if name == ".lock" else name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("") if name in (".lock", "x") else path.mkdir()
    with pytest.raises(KeyError):
        with install._leaving_nothing(""):
            raise KeyError
    assert sorted(os.listdir(str(prefix))) != []
    with pytest.raises(KeyError):
        with install._leaving_nothing(str(prefix)):
            raise KeyError
    assert prefix.exists() is left
    assert not (prefix / "generations").exists()


def test_another_installation_at_work(tmp_path, saved):
    made = plan.Plan("switch", str(tmp_path), "0001-a", "", PYTHON, (plan.Step("switch", "x"),))
    lock = os.path.join(str(tmp_path), layout.LOCK)
    with files.lock(lock), pytest.raises(EnvironmentProblem) as caught:
        install.apply(made, saved, None, {}, "now", Reporter())
    message = "another offkit is running in {}".format(tmp_path)
    assert caught.value.message == message
    assert told(caught.value.findings) == [
        ("ENV030", "error", str(tmp_path), message, (lock,), "wait until it has finished")
    ]


@pytest.mark.parametrize("lines", [["numpy"], ["x" * 120, "-r y"]])
def test_lines_that_are_no_pins(lines):
    """A hundred characters of each; all of them."""
    with pytest.raises(IntegrityError) as caught:
        requirements.pins("\n".join(lines).encode("ascii"))
    assert caught.value.message == "requirements.txt contains lines other than pins with hashes"
    fix = "bundle again on the other side"
    assert told(caught.value.findings) == [
        ("BUN014", "error", "requirements.txt", "{!r} is not a pin with hashes".format(line[:100]), (), fix)
        for line in lines
    ]


# --- libraries without root ----------------------------------------------------------------


def taken(*sonames, medium="disc"):
    return tuple(Vendored(name, b"xyz", "rpm-" + name, "p", medium, "key") for name in sonames)


@pytest.mark.parametrize(
    ("libraries", "inherited", "text"),
    [
        (taken("a"), (), "unpack a from 1 RPM on disc (no root needed)"),
        (
            taken("a", "b", "c", "d") + taken("e", medium="alpha"),
            (),
            "unpack a, b, c, d and 1 more from 5 RPMs on alpha, disc (no root needed)",
        ),
        (taken("a"), ("a",), "copy a from an earlier generation"),
        (
            taken("a", "b"),
            ("b",),
            "unpack a from 1 RPM on disc (no root needed); copy b from an earlier generation",
        ),
    ],
)
def test_the_step_in_words(libraries, inherited, text):
    sources = step._Sources(None, (), 7)
    sources.inherited.update(inherited)
    assert sources.findings == []
    assert step._step(Unpacked(libraries, ()), sources) == plan.Step("libraries", text)


def test_what_nobody_was_asked_for():
    """Without a medium: what to name."""
    found = step._Sources(None, (), 7).get({"a": (), "b": ("B_1",)}, ())
    fix = "run this again with --iso FILE (or --rpm-repo DIR)"
    assert found.libraries == ()
    assert told(found.findings) == [
        ("RPM004", "error", name, "is missing here, and no medium was given", (), fix) for name in ("a", "b")
    ]


@pytest.mark.parametrize(("free", "enough"), [(10**7, True), (10**7 - 1, False)])
def test_room_for_libraries(monkeypatch, free, enough):
    """Besides what the installation itself needs."""
    volume = VOLUME._replace(free_bytes=free)
    monkeypatch.setattr(step.host, "volume", lambda path: volume)
    monkeypatch.setattr(step.space, "of", lambda manifest: Need(1, 1, 10**7 - 5))
    haul = Unpacked(taken("a"), ())
    if enough:
        step._room(None, "/p", haul)
        return
    with pytest.raises(EnvironmentProblem) as caught:
        step._room(None, "/p", haul)
    message = "10 MB are needed, 1 of them for libraries; /opt has 9 MB free"
    fix = "free some space, or choose another place: --prefix DIR"
    assert caught.value.message == "not enough space for the libraries"
    assert told(caught.value.findings) == [("ENV024", "error", "/p", message, ("/opt",), fix)]


def test_whose_interpreter_it_is():
    """Only one below PREFIX/python is offkit's."""
    for path, brought in (
        ("/p/python/3.6/bin/python3.6", True),
        ("/p/pythons/bin/x", False),
        ("/usr/bin/x", False),
    ):
        assert step._brought("/p", PYTHON._replace(path=path)) is brought


def test_an_interpreter_without_an_environment(tmp_path):
    """Nothing is known to be missing then."""
    python = PYTHON._replace(path=str(tmp_path / "none" / "bin" / "python3"))
    assert step._of_interpreter(python, Tree("/")) == {}


@pytest.mark.parametrize(("wanted", "has"), [((), True), (("a",), False)])
def test_a_generation_whose_list_cannot_be_read(tmp_path, wanted, has):
    path = tmp_path / layout.GENERATION_LIBRARY_LIST
    path.parent.mkdir(parents=True)
    path.write_text("{}")
    assert step._has(generation(tmp_path), wanted) is has


# --- the doctor before and after -------------------------------------------------------------

WHEEL = "a.whl: x.so"


def forecast_of(server, *libraries, arch="x86_64"):
    result = forecast.examine(Checklist(libraries), EL7._replace(arch=arch), server.root)
    return [tuple(each) for each in result.findings], result


@pytest.fixture
def server(tmp_path):
    made = Server(tmp_path / "root")
    made.put("/etc/ld.so.cache", b"glibc-ld.so.cache1.1" + b"\0" * 28)
    return made


def test_a_forecast_word_for_word(server):
    """What is missing, too old, damaged, and what comes in the bundle."""
    server.put("/usr/lib64/libXext.so.6", b"")
    found, result = forecast_of(
        server,
        Library("libSM.so.6", (), tuple("abcd"), "libSM", False),
        Library("libc.so.6", ("GLIBC_2.17", "GLIBC_2.28", "GLIBC_2.29"), tuple("abc"), "glibc", False),
        Library("libXext.so.6", (), (WHEEL,), "libXext", False),
        Library("libICE.so.6", (), (WHEEL,), "", True),
        Library("libX11.so.6", (), (WHEEL,), "other", True),
    )
    yum_line = "yum --disablerepo='*' --enablerepo='offkit-*' "
    table = "\nby offkit's table: {} on el7; no repository was read, so whether the ISO has it and all it requires is not known (--iso FILE reads yours)"
    looked = (
        "/etc/ld.so.cache (ld.so.cache)",
        "/lib64 (default directory)",
        "/usr/lib64 (default directory)",
    )
    old = "/usr/lib64/libc.so.6 is too old: GLIBC_2.28, GLIBC_2.29 needed by a, b, c"
    harmed = "/usr/lib64/libXext.so.6 is damaged (no ELF header), and the loader stops there"
    probe = "bundle again for this system: --target with what 'offkit probe' writes here"
    assert found == [
        (
            "LIB001",
            "error",
            "libSM.so.6",
            "is missing; needed by a, b, c and 1 more",
            looked,
            yum_line + "install libSM" + table.format("libSM"),
        ),
        ("LIB002", "error", "libc.so.6", old, ("/usr/lib64/libc.so.6",), probe),
        (
            "LIB001",
            "error",
            "libXext.so.6",
            "{}; needed by {}".format(harmed, WHEEL),
            (),
            yum_line + "reinstall libXext" + table.format("libXext"),
        ),
        (
            "LIB001",
            "info",
            "libICE.so.6",
            "is missing; needed by " + WHEEL,
            looked,
            "nothing: libICE comes with the bundle",
        ),
        (
            "LIB001",
            "info",
            "libX11.so.6",
            "is missing; needed by " + WHEEL,
            looked,
            "nothing: other comes with the bundle",
        ),
    ]
    assert (result.libraries, result.rpms, result.again) == (5, ("libSM",), ("libXext",))
    assert result.system == "CentOS Linux 7 (Core)"
    assert result.install_line == "{0}install libSM && {0}reinstall libXext".format(yum_line)


@pytest.mark.parametrize(
    ("arch", "machine", "little", "loader"),
    [
        ("x86_64", 62, True, "/lib64/ld-linux-x86-64.so.2"),
        ("aarch64", 183, True, "/lib/ld-linux-aarch64.so.1"),
        ("ppc64le", 21, True, "/lib64/ld64.so.2"),
        ("s390x", 22, False, "/lib/ld64.so.1"),
    ],
)
def test_a_forecast_for_each_architecture(server, arch, machine, little, loader):
    """Its loader, its machine and its byte order; on another machine that is all there is to say."""
    library = Library("libown.so.1", (), (WHEEL,), "", False)
    if arch != "x86_64":
        ((code, severity, subject, message, looked, fix),) = forecast_of(server, library, arch=arch)[0]
        assert (code, severity, subject, looked) == ("ENV021", "error", "arch", (loader,))
        assert message == "this machine is x86_64, the bundle is for " + arch
        assert fix == "bundle again on the other side with --arch x86_64"
    fields = {"machine": machine, "little": little}
    server.put(loader, build(soname=os.path.basename(loader), **fields) + b"\0/lib64/\0/usr/lib64/\0")
    assert [each[0] for each in forecast_of(server, library, arch=arch)[0]] == ["LIB001"]
    server.library("libown.so.1", machine=machine, little=little)
    assert forecast_of(server, library, arch=arch)[0] == []


def test_a_machine_whose_loader_is_not_known(server):
    """Nothing can be said against it then: the libraries are looked for."""
    server.remove("/lib64/ld-linux-x86-64.so.2")
    found, _ = forecast_of(server, Library("libc.so.6", (), (WHEEL,), "", False), arch="aarch64")
    assert "ENV021" not in [each[0] for each in found]


@pytest.mark.parametrize(
    ("name", "contents", "expected"),
    [
        ("bundle.tar", None, True),
        ("bundle.tar.gz", None, True),
        ("bundle.tgz", None, True),
        ("bundle.tarball", None, False),
        ("bundle", b"x" * 257 + b"ustar\0", True),
        ("bundle", b"x" * 256 + b"ustar\0", False),
        ("bundle", b"", False),
        ("bundle", None, False),
    ],
)
def test_what_is_meant_to_be_a_bundle(tmp_path, name, contents, expected):
    """By its name, or by its first header; one that cannot be read is none."""
    path = tmp_path / name
    if contents is not None:
        path.write_bytes(contents)
    assert forecast.is_tar(str(path)) is expected


def test_a_repair_that_will_fail():
    """Known from what was found: offkit's own repositories without their disc."""
    own = Finding("REPO003", "warning", "offkit-a", "x", (), "mount a")
    more = own._replace(subject="offkit-b")
    repair.refuse_unmounted([own._replace(subject="base"), own._replace(code="REPO004")], "yum x")
    with pytest.raises(EnvironmentProblem) as caught:
        repair.refuse_unmounted([own, more, own._replace(subject="base")], "yum x")
    assert caught.value.message == "yum was not run: it cannot read offkit-a, offkit-b"
    assert caught.value.fix == "as root: mount a; then yum x"
    assert caught.value.findings == (own, more)


def test_a_repair_in_vain():
    """What is still missing though it was to be cured, and which RPMs are to be looked at."""
    before = {"a": ["r1"], "b": ["r2"], "c": ["r3"]}
    assert repair.futile(before, {"d": ["r9"], "a": []}) == []
    message = "yum ran without an error, but the problem remains: a, b"
    fix = "'rpm -V r1 r2 r4' shows which of their files are damaged or missing"
    assert told(repair.futile(before, {"b": ["r4", "r2"], "a": ["r1", "r2"], "d": ["r9"]})) == [
        ("REPO009", "error", "yum", message, (), fix)
    ]


def test_a_command_to_be_pasted():
    assert yum.spoken(["yum", "--disablerepo=*", "a=b c", "x"]) == "yum --disablerepo='*' a='b c' x"
    assert repair.command(["a", "b"])[-3:] == ["install", "a", "b"]
    assert repair.command(["a"], "reinstall")[-2:] == ["reinstall", "a"]


@pytest.mark.parametrize("verb", ["install", "reinstall"])
def test_a_repair_that_yum_refuses(monkeypatch, verb):
    monkeypatch.setattr("offkit.model.yum.PID", "/nonexistent")
    asked = []

    def run(argv):
        asked.append(list(argv))
        return Result(argv, 1, "", "Need to be root\n")

    with pytest.raises(EnvironmentProblem) as caught:
        repair.install(["a"], run, verb)
    assert asked == [yum.command((verb, "a"))]
    line = "yum --disablerepo='*' --enablerepo='offkit-*' {} a".format(verb)
    assert caught.value.fix == "then, as root: " + line
