"""What a server lacks to compile sources with: looked for, named with its package, refused."""

import pytest

from offkit.edges import host, releases
from offkit.edges.host import Host
from offkit.edges.run import Result
from offkit.model.finding import WARNING
from offkit.model.sources import Source
from offkit.server.install import compiler
from offkit.server.install.compiler import Lack
from offkit.server.python.interpreter import Interpreter

ONE = Source("psycopg2", "2.9", "m", "l", ("gcc",), ("libpq-fe.h",))
TWO = Source("ujson", "4.3", "m", "l", ("gcc", "g++"))
OWN = Interpreter("/usr/bin/python3.6", "3.6.8", "cpython", "cp36m", 64, ())


@pytest.fixture
def server(tmp_path, monkeypatch):
    """A server of el8 with nothing on it; what is put into its directories is there."""
    monkeypatch.setattr(
        host, "here", lambda: Host("x86_64", (2, 28), {"ID": "rocky", "VERSION_ID": "8"}, "4", False)
    )
    monkeypatch.setattr(compiler.host, "here", host.here)
    for name in ("bin", "include", "python"):
        (tmp_path / name).mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setattr(compiler, "INCLUDE", (str(tmp_path / "include"),))
    return tmp_path


def asked(server, carried, python=OWN, coming=False):
    def run(argv):
        assert argv[0] == python.path
        return Result(argv, 0, str(server / "python") + "\n", "")

    return [(each.what, each.rpm, each.fatal) for each in compiler.lacking(carried, python, run, coming)]


def program(server, name):
    (server / "bin" / name).write_text("#!/bin/sh\n")
    (server / "bin" / name).chmod(0o755)


def test_a_bare_server(server):
    """Everything at once, with the package of that release."""
    assert asked(server, [ONE, TWO]) == [
        ("gcc", "gcc", True),
        ("g++", "gcc-c++", False),
        ("Python.h", "python36-devel", True),
        ("libpq-fe.h", "libpq-devel", False),
    ]
    assert asked(server, []) == []


def test_what_is_there(server):
    """Programs on PATH, Python.h where the interpreter says, headers one level below too."""
    program(server, "gcc")
    (server / "python" / "Python.h").write_text("")
    assert asked(server, [TWO]) == [("g++", "gcc-c++", False)]
    (server / "include" / "postgres").mkdir()
    (server / "include" / "postgres" / "libpq-fe.h").write_text("")
    assert asked(server, [ONE]) == []


def test_another_python(server):
    """No package of the distribution's has its headers."""
    program(server, "gcc")
    other = OWN._replace(path="/opt/py/bin/python3.6")
    assert asked(server, [TWO._replace(programs=("gcc",))], other) == [("Python.h", "", True)]
    unknown = OWN._replace(version="3.7.1", path="/usr/bin/python3.7")
    assert asked(server, [TWO._replace(programs=("gcc",))], unknown) == [("Python.h", "", True)]


@pytest.mark.parametrize(
    ("path", "lacks"),
    [
        ("/usr/bin/python3.6", [("Python.h", "python36-devel", True)]),
        ("/opt/offkit/python/3.6.8-rpm/usr/bin/python3.6", [("Python.h", "", True)]),
        ("/opt/offkit/python/3.6.15/bin/python3.6", []),
    ],
)
def test_a_python_to_come(server, path, lacks):
    """In a dry run it cannot be asked: packages bring no headers, a build and a compilation do."""
    program(server, "gcc")
    assert asked(server, [TWO._replace(programs=("gcc",))], OWN._replace(path=path), True) == lacks


def test_a_header_that_lies_about(server, monkeypatch):
    """Where nobody says where Python's headers are, one in the working directory is none of them."""
    program(server, "gcc")
    (server / "Python.h").write_text("")
    monkeypatch.chdir(server)
    assert asked(server, [TWO._replace(programs=("gcc",))], coming=True) == [
        ("Python.h", "python36-devel", True)
    ]


def test_the_refusal():
    """Each thing with its own cure, and one command for all."""
    lacks = [
        Lack("gcc", "gcc", ("a 1", "b 2"), ("/bin",), True),
        Lack("Python.h", "python3-devel", ("a 1", "b 2"), (), True),
        Lack("odd.h", "", ("a 1",), ("/usr/include",), False),
    ]
    error = compiler.refusal(lacks, alone=False, media=False)
    assert error.exit_code == 4
    assert [(each.code, each.subject, each.fix) for each in error.findings] == [
        ("ENV034", "gcc", "as root: yum install gcc"),
        ("ENV034", "Python.h", "as root: yum install python3-devel"),
        ("ENV034", "odd.h", ""),
    ]
    assert error.findings[0].message == "is not here; compiling a 1, b 2 needs it"
    assert error.fix == (
        "run this again with --iso FILE (or --rpm-repo DIR), from which gcc python3-devel are installed"
    )
    alone = compiler.refusal(lacks, alone=True, media=True)
    assert alone.fix == (
        "have root install them: yum install gcc python3-devel; or run this as root with --iso FILE"
    )
    assert compiler.refusal(lacks[2:], False, False).fix == (
        "--allow-missing compiles without what is known to be needed"
    )
    foreign = compiler.findings([lacks[1]._replace(rpm="")], WARNING)[0]
    assert (foreign.severity, foreign.fix) == (WARNING, "use a Python that has its headers: --python PATH")


def test_the_package_with_the_headers():
    """By the release and the series."""
    el9 = releases.of(9)
    assert compiler.devel(OWN._replace(version="3.9.18", path="/usr/bin/python3.9"), el9) == "python3-devel"
    assert (
        compiler.devel(OWN._replace(version="3.12.1", path="/usr/bin/python3.12"), el9) == "python3.12-devel"
    )
    assert compiler.devel(OWN, el9) == ""
