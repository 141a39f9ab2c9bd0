"""Libraries that are there and damaged, and those that only ld.so.cache still knows."""

import struct

import pytest

from elf_maker import build
from offkit.edges.tree import Tree
from offkit.media.providers import Catalog
from offkit.server.doctor import cures, libraries
from offkit.server.doctor.examine import examine
from offkit.server.environment import environment
from repo_maker import library_packages, repository
from server_maker import SITE, Server

AGAIN = "yum --disablerepo='*' --enablerepo='offkit-*' reinstall "
CORE = "x.cpython-36m-x86_64-linux-gnu.so"


def cache(soname="", path=""):
    """ld.so.cache with one entry or none (glibc's sysdeps/generic/dl-cache.h)."""
    base = 48 + 24
    strings = "{}\0{}\0".format(soname, path).encode()
    entry = struct.pack("<iIIIQ", 0x0303, base, base + len(soname) + 1, 0, 0)
    body = entry + strings if soname else b""
    counts = struct.pack("<II", 1 if soname else 0, len(strings) if soname else 0)
    return b"glibc-ld.so.cache1.1" + counts + b"\0" * 20 + body


@pytest.fixture
def server(tmp_path):
    made = Server(tmp_path / "root")
    made.put("/etc/ld.so.cache", cache())
    made.module("x", needed=["libSM.so.6"])
    return made


def only(server, **asked):
    result = examine("/opt/env", server.root, checks=["libraries"], **asked)
    (finding,) = result.findings
    assert (finding.code, finding.severity, finding.subject) == ("LIB001", "error", "libSM.so.6")
    return finding, result


@pytest.mark.parametrize("cached", [True, False])
def test_a_damaged_library_of_the_system(server, cached):
    """Its RPM is installed, so it is installed again."""
    if cached:
        server.put("/etc/ld.so.cache", cache("libSM.so.6", "/usr/lib64/libSM.so.6"))
    server.put("/usr/lib64/libSM.so.6", b"")
    finding, result = only(server)
    assert finding.message == (
        "/usr/lib64/libSM.so.6 is damaged (no ELF header), and the loader stops there; needed by " + CORE
    )
    assert finding.fix.splitlines()[0] == AGAIN + "libSM"
    assert (result.rpms, result.again) == ((), ("libSM",))
    assert result.summary.install_line == AGAIN + "libSM"


def test_a_library_that_only_the_cache_knows(server):
    """Deleted by hand: ldconfig has it in mind, and so has the RPM database."""
    server.put("/etc/ld.so.cache", cache("libSM.so.6", "/usr/lib64/libSM.so.6"))
    finding, result = only(server)
    assert finding.message == "ld.so.cache lists /usr/lib64/libSM.so.6, which is missing; needed by " + CORE
    assert finding.fix.splitlines()[0] == AGAIN + "libSM"
    assert result.again == ("libSM",)


def test_by_the_repositories(server, tmp_path):
    """What they answer is installed again, too."""
    place = repository(tmp_path / "repo", library_packages("libSM.so.6"))
    server.put("/usr/lib64/libSM.so.6", b"text")
    finding, result = only(server, rpm_repos=[place])
    assert finding.fix.startswith(AGAIN + "libSM\nby repodata: libSM-")
    assert result.providers[0].source == place


def test_one_damaged_and_one_missing(server):
    """Both in one line for the shell."""
    server.module("y", needed=["libXext.so.6"])
    server.put("/usr/lib64/libSM.so.6", b"")
    result = examine("/opt/env", server.root, checks=["libraries"])
    assert result.summary.install_line == (
        "yum --disablerepo='*' --enablerepo='offkit-*' install libXext && " + AGAIN + "libSM"
    )


def test_a_damaged_library_that_no_table_knows(server):
    """The RPM database knows whose it is."""
    server.module("x", needed=["libodd.so.1"])
    server.put("/usr/lib64/libodd.so.1", b"")
    (finding,) = examine("/opt/env", server.root, checks=["libraries"]).findings
    assert finding.fix == "'rpm -qf /usr/lib64/libodd.so.1' shows its package: reinstall that with yum"


def test_gone_from_a_directory_of_no_rpm(server):
    """An RPM may give the library where there was another one."""
    server.put("/etc/ld.so.cache", cache("libSM.so.6", "/opt/x/libSM.so.6"))
    finding, result = only(server)
    assert finding.message == "is missing; needed by " + CORE
    assert (result.rpms, result.again) == (("libSM",), ())


def test_damaged_where_no_rpm_puts_it(server):
    """yum cannot help there."""
    server.put("/etc/ld.so.cache", cache("libSM.so.6", "/opt/x/libSM.so.6"))
    server.put("/opt/x/libSM.so.6", b"text")
    finding, result = only(server)
    assert finding.fix == "replace or remove /opt/x/libSM.so.6, then ldconfig"
    assert result.summary.install_line == ""


def test_damaged_inside_the_environment(server):
    """A vendored library: LIB005 or its package's record says more."""
    server.module("x", needed=["libSM.so.6"], rpath="$ORIGIN/x.libs")
    server.put(SITE + "/x.libs/libSM.so.6", b"text")
    found = examine("/opt/env", server.root, checks=["libraries"]).findings
    fixes = [each.fix for each in found if each.code == "LIB001"]
    assert fixes == ["it belongs to the package itself: install that package again"]


@pytest.mark.parametrize(("code", "severity"), [("import p._a", "warning"), ("import p.q._c", "error")])
def test_damaged_and_wanted_by_a_part(server, code, severity):
    """It is an error all the same: importing scipy loads nothing of its linear algebra, importing sklearn does."""
    whole = build(soname="libquad.so.0")
    files = {
        "p/__init__.py": ("import p._a\n" + code).encode(),
        "p/_a.so": build(exports=["PyInit__a"]),
        "p/q/__init__.py": b"",
        "p/q/_c.so": build(exports=["PyInit__c"], needed=["libquad.so.0"], rpath="$ORIGIN/../../p.libs"),
        "p.libs/libquad.so.0": whole[: len(whole) // 2],
    }
    server.distribution("p", files=files)
    server.library("libSM.so.6")
    found = examine("/opt/env", server.root, checks=["libraries"]).findings
    assert sorted((each.code, each.severity) for each in found) == [
        ("LIB001", severity),
        ("LIB005", "error"),
    ]


def test_damaged_in_a_directory_of_the_variable(server):
    """The loader goes no further, so neither ldconfig nor yum helps, whatever lies elsewhere."""
    server.library("libSM.so.6", "/usr/local/lib")
    server.put("/shadow/libSM.so.6", b"text")
    tree = Tree(server.root)
    env, _ = environment.locate(tree, "/opt/env")
    found = libraries.inspect(tree, env, cures.read(tree, Catalog()), ["/shadow"])
    assert [(each.code, each.fix) for each in found.findings] == [
        ("LIB001", "unset LD_LIBRARY_PATH, or remove /shadow/libSM.so.6")
    ]
    assert (found.rpms, found.again) == ([], [])


def test_a_damaged_libpython(server):
    """It stays the interpreter's own matter: LIB008."""
    python = build(
        needed=["libpython3.6m.so.1.0", "libc.so.6"], interpreter="/lib64/ld-linux-x86-64.so.2", kind=2
    )
    server.module("x", needed=["libc.so.6"])
    server.put("/usr/local/bin/python3.6", python)
    server.put("/usr/lib64/libpython3.6m.so.1.0", b"")
    (finding,) = examine("/opt/env", server.root, checks=["libraries"]).findings
    assert (finding.code, finding.severity) == ("LIB008", "error")
    assert "/usr/lib64/libpython3.6m.so.1.0 is damaged (no ELF header)" in finding.message
