"""Python packages that came with RPMs: rpm judges them, not their RECORD."""

import hashlib
import importlib
import os
import subprocess

import pytest

import rpm_tools
from elf_maker import build
from offkit.edges.run import Result
from offkit.edges.tree import Tree
from offkit.media.answers import Answers
from offkit.server.doctor import cures, packages
from offkit.server.doctor.examine import examine
from offkit.server.environment import environment
from offkit.server.system import rpm_files
from server_maker import LDSO, Server

SITE = "/usr/lib/python3.6/site-packages"
INFO = SITE + "/pip-9.0.3.dist-info"
EMPTY = hashlib.sha256(b"").hexdigest()
TITLE = "python3-pip\t9.0.3-8.el7.noarch"


@pytest.fixture
def server(tmp_path):
    """As CentOS 7 has its python3-pip: the RECORD lists programs that the RPM does not ship."""
    made = Server(tmp_path / "root")
    made.put("/etc/ld.so.cache", b"glibc-ld.so.cache1.1" + b"\0" * 28)
    made.put("/usr/bin/python3.6", build(needed=["libc.so.6"], interpreter=LDSO, kind=2))
    made.link("/usr/bin/python3", "python3.6")
    made.put(SITE + "/pip/__init__.py", "1")
    made.put(INFO + "/METADATA", "Name: pip\nVersion: 9.0.3\n")
    made.put(INFO + "/INSTALLER", "pip\n")
    made.put(INFO + "/RECORD", "../../../bin/pip,,\n../../../bin/easy_install,,\npip/__init__.py,,\n")
    made.put("/var/lib/rpm/Packages", "")
    return made


def line(path, content="", flags=0, mode=0o100644, state=0, title=TITLE):
    """A file as rpm lists it; a directory has no digest."""
    digest = hashlib.sha256(content.encode()).hexdigest() if mode & 0o100000 else ""
    return "\t".join([title, digest, str(flags), str(mode), str(state), path])


FILES = [
    line(SITE + "/pip", mode=0o40755),
    line(SITE + "/pip/__init__.py", "1"),
    line(SITE + "/pip/__pycache__/__init__.cpython-36.pyc", "x"),
    line(INFO, mode=0o40755),
    line(INFO + "/METADATA", "Name: pip\nVersion: 9.0.3\n"),
    line("/usr/share/doc/python3-pip-9.0.3/README.rst", "", flags=2),
    line("/usr/share/man/man1/pip.1.gz", "", state=2),
    line("/etc/pip.conf", "", flags=1),
]


def playing(text, stderr="", asked=None):
    def run(argv):
        if asked is not None:
            asked.append(argv)
        return Result(argv, 1 if stderr else 0, text, stderr)

    return run


def inspect(server, text, stderr="", asked=None):
    tree = Tree(server.root)
    env, _ = environment.locate(tree, "/usr")
    return packages.inspect(tree, env, cures.read(tree, Answers()), (), playing(text, stderr, asked))


def told(found):
    return [(each.code, each.severity, each.subject, each.message) for each in found.findings]


def test_what_the_record_lists_and_the_rpm_does_not_ship(server):
    """rpm -V is clean, so the doctor is; documentation and configuration are nobody's matter."""
    asked = []
    found = inspect(server, "\n".join(FILES), asked=asked)
    assert told(found) == [("PKG011", "info", "pip", "9.0.3 supports neither manylinux2014 nor newer wheels")]
    assert [dist.title for dist in found.distributions] == ["pip 9.0.3"]
    (argv,) = asked
    assert argv[:2] == ["rpm", "--dbpath"]
    assert argv[3:5] == ["-qf", "--qf"]
    assert argv[6:] == [INFO, INFO + "/METADATA"]


def test_files_that_the_rpm_lost(server):
    """Its own verdict, with yum's word for a package that is installed."""
    os.remove(server.host(SITE + "/pip/__init__.py"))
    found = inspect(server, "\n".join(FILES))
    assert told(found)[0] == (
        "PKG014",
        "error",
        "python3-pip-9.0.3-8.el7.noarch",
        "1 file is missing: pip/__init__.py",
    )
    assert found.findings[0].looked_in == ("rpm -V python3-pip",)
    assert found.findings[0].fix.endswith(" reinstall python3-pip")
    assert found.again == ("python3-pip",)


def test_no_repository_is_asked_for_what_is_whole(server):
    """Which of them would mend it matters to a finding alone."""

    class Asked(Answers):
        asked = 0

        def has_packages(self, names):
            self.asked += 1
            return ()

    def look():
        tree, catalog = Tree(server.root), Asked()
        theirs = {"/media/cdrom": ("c7-media",)}
        env, _ = environment.locate(tree, "/usr")
        packages.inspect(tree, env, cures.read(tree, catalog, theirs), (), playing("\n".join(FILES)))
        return catalog.asked

    assert look() == 0
    os.remove(server.host(SITE + "/pip/__init__.py"))
    assert look() == 1


@pytest.mark.parametrize(("content", "severity"), [("2", "warning"), ("\x7fELF", "error")])
def test_files_that_somebody_altered(server, content, severity):
    """As with a RECORD: what is text may have been edited, machine code was not."""
    server.put(SITE + "/pip/__init__.py", content)
    found = inspect(server, "\n".join(FILES))
    assert told(found)[0][:2] == ("PKG015", severity)
    assert found.again == (("python3-pip",) if severity == "error" else ())


def test_without_a_record_on_purpose(server):
    """PEP 627: whoever has no RECORD belongs to another tool, and Fedora's macros leave none."""
    os.remove(server.host(INFO + "/RECORD"))
    assert [each.code for each in inspect(server, "\n".join(FILES)).findings] == ["PKG011"]


def test_what_pip_put_beside_them(server):
    """Its own RECORD counts: rpm says that nobody owns it."""
    beside = SITE + "/six-1.0.dist-info"
    server.put(beside + "/METADATA", "Name: six\nVersion: 1.0\n")
    server.put(beside + "/RECORD", "six.py,,\nsix-1.0.dist-info/METADATA,,\nsix-1.0.dist-info/RECORD,,\n")
    text = "\n".join([*FILES, "file {} is not owned by any package".format(beside)])
    codes = [(each.code, each.subject) for each in inspect(server, text).findings]
    assert codes == [("PKG001", "six 1.0"), ("PKG011", "pip")]


def test_requirements_among_rpms(server):
    """The RPMs' own requirements say what they need; what pip replaced is another matter."""
    server.put(INFO + "/METADATA", "Name: pip\nVersion: 9.0.3\nRequires-Dist: six (>=2)\nRequires-Dist: no\n")
    files = [each for each in FILES if "METADATA" not in each]
    assert [each.code for each in inspect(server, "\n".join(files)).findings] == ["PKG011"]
    server.put(SITE + "/six-1.0.dist-info/METADATA", "Name: six\nVersion: 1.0\n")
    info = "six-1.0.dist-info/"
    server.put(SITE + "/" + info + "RECORD", "{0}METADATA,,\n{0}RECORD,,\n".format(info))
    codes = [(each.code, each.message) for each in inspect(server, "\n".join(files)).findings]
    assert ("PKG005", "needs six (>=2); it has 1.0") in codes
    assert len([code for code, _ in codes if code == "PKG005"]) == 1


def test_where_rpm_cannot_read_the_database(server):
    """INSTALLER (PEP 376) tells what rpm brought; the files are not compared, and it is said."""
    server.put(INFO + "/INSTALLER", "rpm\n")
    found = inspect(server, "", "error: cannot open Packages database in /var/lib/rpm\n")
    assert told(found)[0] == (
        "PKG016",
        "info",
        "rpm",
        "rpm cannot be asked about them, so their files were not compared: pip 9.0.3",
    )


@pytest.fixture(params=["knows of security", "does not"])
def fips(request, monkeypatch):
    """hashlib as in FIPS mode, of a Python that can be told what a hash is not for, and of another."""
    real = hashlib.new

    def new(name, data=b"", **words):
        if words and request.param == "does not":
            raise TypeError("new() got an unexpected keyword argument 'usedforsecurity'")
        if name == "md5" and words.get("usedforsecurity", True):
            raise ValueError("[digital envelope routines] unsupported")
        return real(name, data)

    monkeypatch.setattr(hashlib, "new", new)
    return request.param == "knows of security"


@pytest.mark.parametrize("content", ["1", "2"])
def test_md5_in_fips_mode(server, fips, content):
    """Damage is not forgery: MD5 is asked for as what it is; where that is refused nothing is called whole."""
    server.put(SITE + "/pip/__init__.py", content)
    md5 = hashlib.new("md5", b"1", usedforsecurity=False) if fips else None
    digest = md5.hexdigest() if md5 else "0" * 32
    rest = [line("/usr/share/pip/a", "a"), line(INFO, mode=0o40755)]
    server.put("/usr/share/pip/a", "a")
    importlib.reload(rpm_files)
    found = inspect(server, "\n".join([line(SITE + "/pip/__init__.py").replace(EMPTY, digest), *rest]))
    (codes, files) = [each.code for each in found.findings], found.files
    if fips:
        assert (codes, files) == ((["PKG015"] if content == "2" else []) + ["PKG011"], 2)
    else:
        assert (codes, files) == (["PKG016", "PKG011"], 1)
        assert told(found)[0][2:] == (
            "python3-pip-9.0.3-8.el7.noarch",
            "1 file was not compared: FIPS mode forbids the MD5 that rpm has of it",
        )
        assert found.findings[0].looked_in == (SITE + "/pip/__init__.py",)


def test_without_a_database_nothing_is_asked(server):
    """A root without rpm: the RECORD is all there is."""
    os.remove(server.host("/var/lib/rpm/Packages"))
    asked = []
    assert "PKG001" in [each.code for each in inspect(server, "", asked=asked).findings]
    assert asked == []


@pytest.mark.parametrize("where", ["/usr", "/usr/bin/python3", "/usr/bin/python3.6"])
def test_an_interpreter_is_its_prefix(server, where):
    """/usr/bin/python3 is what people know of it."""
    found = examine(where, server.root, checks=["interpreter"])
    assert (found.summary.environment, found.summary.python) == ("/usr", "3.6")
    assert found.summary.interpreter == "/usr/bin/python3.6"


def test_the_one_that_was_named_of_several(server):
    """EL 8 has three beside each other; a link elsewhere belongs to where it leads."""
    for name in ("_collections_abc.py", "os.py", "site.py"):
        server.put("/opt/py/lib/python3.11/" + name, "")
    server.put("/opt/py/bin/python3.11", build(needed=["libc.so.6"], interpreter=LDSO, kind=2))
    server.link("/usr/local/bin/python3.11", "/opt/py/bin/python3.11")
    tree = Tree(server.root)
    assert environment.locate(tree, "/usr/local/bin/python3.11")[0].where == "/opt/py"
    server.put("/usr/lib/python3.9/os.py", "")
    server.put("/usr/bin/python3.9", build(needed=["libc.so.6"], interpreter=LDSO, kind=2))
    assert environment.locate(tree, "/usr/bin/python3.6")[0].series == (3, 6)
    assert environment.locate(tree, "/usr/bin/python3.9")[0].series == (3, 9)


def test_platform_python_alone(server):
    """EL 8 before a python36 is installed."""
    os.remove(server.host("/usr/bin/python3"))
    os.rename(server.host("/usr/bin/python3.6"), server.host("/usr/bin/x"))
    server.put("/usr/libexec/platform-python3.6", build(needed=["libc.so.6"], interpreter=LDSO, kind=2))
    server.link("/usr/libexec/platform-python", "platform-python3.6")
    for where in ("/usr", "/usr/libexec/platform-python"):
        found, problems = environment.locate(Tree(server.root), where)
        assert (found.where, found.interpreter) == ("/usr", "/usr/libexec/platform-python3.6")
        assert [each for each in problems if each.code == "PY002"] == []


def test_with_the_rpm_of_this_machine(server, tmp_path):
    """A real RPM in a real database, which is read and not changed."""
    rpm_tools.need()
    names = [SITE + "/pip/__init__.py", INFO + "/METADATA", INFO + "/RECORD"]
    content = {}
    for name in names:
        with open(server.host(name), "rb") as source:
            content[name] = source.read()
    package = rpm_tools.build(tmp_path, "python3-pip", content, version="9.0.3", release="8.el7")
    os.remove(server.host("/var/lib/rpm/Packages"))
    place = server.host("/var/lib/rpm")
    rpm = ["rpm", "--dbpath", place, "--justdb", "--nodeps", "--nosignature", "-i", package]
    subprocess.check_call(rpm, stderr=subprocess.DEVNULL)
    before = sorted(os.listdir(place))
    found = examine("/usr", server.root, checks=["packages"])
    assert [each.code for each in found.findings] == ["PKG011"]
    assert found.summary.files == 3
    server.put(SITE + "/pip/__init__.py", "2")
    os.remove(server.host(INFO + "/RECORD"))
    found = examine("/usr", server.root, checks=["packages"])
    assert [(each.code, each.subject) for each in found.findings[:2]] == [
        ("PKG014", "python3-pip-9.0.3-8.el7.x86_64"),
        ("PKG015", "python3-pip-9.0.3-8.el7.x86_64"),
    ]
    assert sorted(os.listdir(place)) == before
