"""A bundle's checklist against a server, before anything is installed."""

import os

import pytest

import target_maker
from elf_maker import build
from offkit.model import checklist
from offkit.model.checklist import Checklist, Foreign, Inside, Library, Undefined
from offkit.model.errors import IntegrityError
from offkit.model.scripts import Scripts
from offkit.server.doctor import forecast
from server_maker import LDSO, Server

EL7 = target_maker.preset("3.6")
WHEEL = "opencv_python-4.2.0.34-cp36-cp36m-manylinux1_x86_64.whl: cv2/.libs/libQtGui.so"


@pytest.fixture
def server(tmp_path):
    return Server(tmp_path / "root")


def ask(server, *libraries):
    result = forecast.examine(Checklist(libraries), EL7, server.root)
    found = [each for each in result.findings if each.code != "LIB009"]
    return found, result.install_line


def test_all_there(server):
    """Nothing to say about what the server has."""
    assert ask(server, Library("libc.so.6", ("GLIBC_2.17",), (WHEEL,), "glibc", False)) == ([], "")


def test_missing(server):
    """Every missing soname, who needs it, and one line for all."""
    found, line = ask(
        server,
        Library("libSM.so.6", (), (WHEEL,), "libSM", False),
        Library("libXext.so.6", (), (WHEEL,), "libXext", False),
    )
    assert [(each.code, each.severity, each.subject) for each in found] == [
        ("LIB001", "error", "libSM.so.6"),
        ("LIB001", "error", "libXext.so.6"),
    ]
    assert found[0].message == "is missing; needed by " + WHEEL
    assert found[0].looked_in[-1] == "/usr/lib64 (default directory)"
    assert line == "yum --disablerepo='*' --enablerepo='offkit-*' install libSM libXext"


def test_damaged(server):
    """Its RPM is installed already, so it is installed again; what is missing is installed."""
    server.put("/usr/lib64/libSM.so.6", b"")
    found, line = ask(
        server,
        Library("libSM.so.6", (), (WHEEL,), "libSM", False),
        Library("libXext.so.6", (), (WHEEL,), "libXext", False),
    )
    assert [(each.code, each.message.partition(";")[0]) for each in found] == [
        ("LIB001", "/usr/lib64/libSM.so.6 is damaged (no ELF header), and the loader stops there"),
        ("LIB001", "is missing"),
    ]
    yum = "yum --disablerepo='*' --enablerepo='offkit-*' "
    assert line == "{0}install libXext && {0}reinstall libSM".format(yum)


def test_what_comes_with_the_bundle_is_no_error(server):
    """Its RPM will be installed from it."""
    found, line = ask(server, Library("libSM.so.6", (), (WHEEL,), "libSM", True))
    assert [(each.severity, each.fix) for each in found] == [("info", "nothing: libSM comes with the bundle")]
    assert line == ""
    found, _ = ask(server, Library("libe2foo.so.1", (), (WHEEL,), "", True))
    assert [each.fix for each in found] == ["nothing: it comes with the bundle"]


@pytest.mark.parametrize(
    ("versions", "aside", "severity"),
    [
        (("GLIBC_2.99",), ("GLIBC_2.98",), "error"),
        (("GLIBC_2.17",), ("GLIBC_2.98", "GLIBC_2.17"), "warning"),
    ],
)
def test_too_old_for_optional_parts(server, versions, aside, severity):
    """What else wants the library finds its own versions."""
    ((finding,), _) = ask(server, Library("libc.so.6", versions, (WHEEL,), "glibc", False, False, aside))
    assert (finding.code, finding.severity, finding.subject) == ("LIB002", severity, "libc.so.6")
    assert "GLIBC_2.98" in finding.message


def test_too_old(server):
    """A version that this glibc does not define."""
    ((finding,), _) = ask(
        server, Library("libc.so.6", ("GLIBC_2.17", "GLIBC_2.28"), (WHEEL,), "glibc", False)
    )
    assert (finding.code, finding.subject) == ("LIB002", "libc.so.6")
    assert finding.message.endswith("libc.so.6 is too old: GLIBC_2.28 needed by " + WHEEL)


def test_many_who_need_it(server):
    """Three are named."""
    ((finding,), _) = ask(server, Library("libSM.so.6", (), tuple("abcde"), "libSM", False))
    assert finding.message == "is missing; needed by a, b, c and 2 more"


def test_a_bundle_for_another_machine(server):
    """That alone: all its libraries would be missing for the same reason."""
    arm = EL7._replace(arch="aarch64")
    libraries = Checklist((Library("libSM.so.6", (), (WHEEL,), "libSM", False),))
    result = forecast.examine(libraries, arm, server.root)
    (finding,) = result.findings
    assert (finding.code, finding.severity, finding.subject) == ("ENV021", "error", "arch")
    assert finding.message == "this machine is x86_64, the bundle is for aarch64"
    assert finding.fix == "bundle again on the other side with --arch x86_64"
    assert (result.install_line, result.system) == ("", "CentOS Linux 7 (Core)")


def test_a_damaged_checklist():
    """A typed error."""
    with pytest.raises(IntegrityError):
        checklist.load(b"{}")


def test_a_library_of_the_wheels_themselves(server):
    """What an earlier import may load is a warning; what none loads, and what nothing leads to, is what it is on
    the other side; none of them where the server has it."""
    wanted = Checklist(
        (),
        (
            Inside("libz.so.1", (WHEEL,), "torch: torch/lib/libz.so.1", True, True),
            Inside("liba.so.1", (WHEEL,), "torch: torch/lib/liba.so.1", True, True),
            Inside("libb.so", (WHEEL,), "x: x/libb.so", False, False),
            Inside("libd.so", (WHEEL,), "x: x/libd.so", True, False),
            Inside("libc.so.6", (WHEEL,), "x: x/libc.so.6", True, False),
        ),
    )
    found = [each for each in forecast.examine(wanted, EL7, server.root).findings if each.code != "LIB009"]
    assert [(each.code, each.severity, each.subject) for each in found] == [
        ("LIB003", "warning", "libz.so.1"),
        ("LIB003", "warning", "liba.so.1"),
        ("LIB025", "error", "libb.so"),
        ("LIB003", "error", "libd.so"),
    ]
    assert found[0].fix.endswith("otherwise yum --disablerepo='*' --enablerepo='offkit-*' install zlib")
    assert found[1].fix == "nothing, if the import works; otherwise the package is broken"


def test_programs_for_another_loader(server):
    """Where the server has that, there is nothing to say."""
    wanted = Checklist((), (), (Foreign("/lib/ld-linux.so.2", ("x: x/old",), False),))
    found = [each for each in forecast.examine(wanted, EL7, server.root).findings if each.code != "LIB009"]
    assert [(each.code, each.severity, each.subject) for each in found] == [
        ("LIB026", "error", "/lib/ld-linux.so.2")
    ]
    assert found[0].fix == "use the 64-bit build of the package"
    server.put("/lib/ld-linux.so.2", b"")
    found = [each for each in forecast.examine(wanted, EL7, server.root).findings if each.code != "LIB009"]
    assert found == []


@pytest.mark.parametrize(
    ("interpreter", "place"), [("/usr/bin/perl", "/usr/bin/perl"), ("node", "/usr/local/bin/node")]
)
def test_scripts_without_their_interpreter(server, interpreter, place):
    """As the doctor says it once they are installed; nothing where the server has it."""
    wanted = Checklist((), (), (), (Scripts(interpreter, ("x: x/run",), False),))

    def told():
        found = forecast.examine(wanted, EL7, server.root).findings
        return [each for each in found if each.code != "LIB009"]

    (finding,) = told()
    assert finding[:4] == (
        "LIB027",
        "warning",
        interpreter,
        "is not there; what starts with it does not: x: x/run",
    )
    command = wanted._replace(scripts=(wanted.scripts[0]._replace(command=True),))
    assert [
        each.severity
        for each in forecast.examine(command, EL7, server.root).findings
        if each.code == "LIB027"
    ] == ["error"]
    server.put(place, "")
    assert told() == []


@pytest.mark.parametrize(("optional", "severity"), [(False, "error"), (True, "warning")])
def test_what_a_library_that_is_here_misses_itself(server, optional, severity):
    """Two steps away: libSM is here, its libICE is not; one finding, and both in the line."""
    server.library("libSM.so.6", needed=["libICE.so.6", "libXext.so.6"])
    found, line = ask(
        server,
        Library("libSM.so.6", (), (WHEEL,), "libSM", False, optional),
        Library("libXext.so.6", (), (WHEEL,), "libXext", False),
    )
    assert [(each.code, each.severity, each.subject) for each in found] == [
        ("LIB001", "error", "libXext.so.6"),
        ("LIB001", severity, "libICE.so.6"),
    ]
    assert found[1].message.startswith("is missing; needed by /usr/lib64/libSM.so.6")
    assert line == "yum --disablerepo='*' --enablerepo='offkit-*' install libICE libXext"


LACKING = Undefined("x: x/_c.so", ("gone",), (), ("liba.so.1",), False, False, {})
SAYS = "wants gone, which nothing defines that is loaded with it"


def lacking(server, **fields):
    """What is said of one file that wants a symbol of the server."""
    wanted = Checklist((), (), (), (), (LACKING._replace(**fields),))
    found = forecast.examine(wanted, EL7, server.root).findings
    return [(each.code, each.severity, each.subject, each.message) for each in found if each.code != "LIB009"]


def test_symbols_that_the_servers_libraries_lack(server):
    """As the doctor says it once the wheels are installed; nothing where the library has them, nor where it is
    missing: nobody can say then."""
    assert lacking(server) == []
    server.library("liba.so.1", exports=["here"])
    assert lacking(server) == [("LIB014", "error", "x: x/_c.so", SAYS)]
    assert lacking(server, names=("here",)) == []
    assert lacking(server, optional=True) == [("LIB014", "warning", "x: x/_c.so", SAYS)]
    copies = {"gone": "x: x/_d.so"}
    message = SAYS + "; x: x/_d.so does, which may be loaded before"
    assert lacking(server, copies=copies) == [("LIB014", "warning", "x: x/_c.so", message)]
    server.library("liba.so.1", needed=["libb.so.1"])
    server.library("libb.so.1", exports=["gone"])
    assert lacking(server) == []


def test_symbols_of_programs(server):
    """A function may be missing until it is called; Python's own are not there."""
    server.library("liba.so.1")
    server.put("/usr/local/bin/python3.6", build(exports=["python"], interpreter=LDSO, kind=2))
    assert lacking(server, names=("python",)) == []
    assert [each[1] for each in lacking(server, names=("python",), started=True)] == ["error"]
    (finding,) = lacking(server, names=(), later=("gone",), started=True)
    assert finding == ("LIB014", "warning", "x: x/_c.so", SAYS + "; it dies when it comes to that")


def test_symbols_that_every_python_brings(server):
    """Where none of the bundle's series is here, the C library's come with it all the same."""
    for path in ("/usr/local/bin/python3.6", "/usr/bin/python3.6"):
        if os.path.lexists(server.host(path)):
            server.remove(path)
    server.library("liba.so.1")
    assert [each[0] for each in lacking(server, names=("sqrt",))] == ["LIB014"]
    server.library("libm.so.6", exports=["sqrt"])
    assert lacking(server, names=("sqrt",)) == []
