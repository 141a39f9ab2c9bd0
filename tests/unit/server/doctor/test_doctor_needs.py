"""What packages want when they run: each row of repo-config/needs.json, said where the thing is missing and not
where it is there."""

import json
import os
import re
import sqlite3
import ssl
import sys

import pytest

from elf_maker import build
from library_maker import Shelf
from offkit.edges import data, host
from offkit.edges import needs as table
from offkit.edges.tree import Tree
from offkit.media import providers
from offkit.model import clashes, needs, things
from offkit.model.cpu import Cpu
from offkit.model.finding import Finding
from offkit.server.doctor import cures
from offkit.server.doctor import needs as check
from offkit.server.doctor.examine import examine
from offkit.server.environment import environment
from server_maker import DYNLOAD, LDSO, Server

ROWS = table.known().needs
SUFFIX = ".cpython-36m-x86_64-linux-gnu.so"
OLD = {
    things.OPENSSL: ("_ssl", "libcrypto.so.10", "OpenSSL {}  26 Jan 2017", "0.9.8"),
    things.SQLITE: ("_sqlite3", "libsqlite3.so.0", "\0{}\0", "3.7.1"),
}


def version_of(row):
    """One that the row is about."""
    least = re.search(r">=?([0-9.]+)|==([0-9.]+)", row.versions)
    most = re.search(r"<([0-9.]+)", row.versions)
    return (least.group(1) or least.group(2)) if least else "0.0.1" if most else "1.0"


def called(row):
    return "{} {} {}".format(row.package, row.versions, row.thing.name)


def server_for(row, top):
    server = Server(top)
    server.distribution(row.package.replace("-", "_"), version_of(row))
    for name in things.TKINTER:
        server.remove("{}/{}{}".format(DYNLOAD, name, SUFFIX))
    if row.thing.kind == things.VERSION:
        program, _ = row.thing.names
        versioned(server, program, OLD[program][3])
    return server


def versioned(server, program, version):
    module, library, text, _ = OLD[program]
    server.put(
        "{}/{}{}".format(DYNLOAD, module, SUFFIX), build(exports=["PyInit_" + module], needed=[library])
    )
    server.put("/usr/lib64/" + library, build(soname=library) + text.format(version).encode("ascii"))


def give(server, thing):
    """The thing, as simple as it can be."""
    name = thing.names[-1]
    if thing.kind in (things.LIBRARY, things.DRIVER):
        server.library(name)
    elif thing.kind == things.PROGRAM:
        server.put("/usr/bin/" + name, "")
        os.chmod(server.host("/usr/bin/" + name), 0o755)
    elif thing.kind == things.FILE:
        server.put(name.replace("/**", "/a/b").replace("*", "x").replace("?", "x"), "")
    elif thing.kind == things.MODULE:
        server.put("{}/{}{}".format(DYNLOAD, name, SUFFIX), build(exports=["PyInit_" + name]))
    elif thing.kind == things.VERSION:
        versioned(server, *thing.names)


def said(server, where="/opt/env", root=None):
    tree = Tree(server.root if root is None else root)
    env = environment.locate(tree, where)[0]
    return check.inspect(tree, env, cures.read(tree, providers.Catalog()), ())[0]


def about(found, row):
    return [one for one in found if row.package in one.message and one.subject == row.thing.subject]


@pytest.mark.parametrize("row", ROWS, ids=called)
def test_each_row_is_said_where_the_thing_is_missing_and_not_where_it_is_there(row, tmp_path, monkeypatch):
    """One line, with the severity of the row, and what to do."""
    server = server_for(row, tmp_path / "root")
    if row.thing.kind == things.CPU:
        look = lambda: said(server, server.root + "/opt/env", "/")  # noqa: E731
        monkeypatch.setattr(host, "cpu", lambda: Cpu("x", frozenset(["fpu"])))
    else:
        look = lambda: said(server)  # noqa: E731
    (found,) = about(look(), row)
    assert found.code == needs.CODES[row.thing.kind]
    assert "\n" not in found.message
    assert found.fix
    if row.use:
        assert row.use in found.message
        assert found.severity == ("info" if row.minor else "warning")
    else:
        assert found.severity == "error"
        assert "cannot be imported" in found.message
    if row.thing.kind == things.CPU:
        monkeypatch.setattr(host, "cpu", lambda: Cpu("x", frozenset(row.thing.names)))
    else:
        give(server, row.thing)
    assert about(look(), row) == []


def test_what_is_known_of_packages():
    """Of many of them; and what is known of a thing is of one that somebody wants."""
    assert len({(row.package, row.thing.name) for row in ROWS}) >= 120
    assert {row.thing.name for row in ROWS} == set(table.known().things)


D8 = {
    "python_magic": ("NEED001", "error", "libmagic.so.1", "file-libs"),
    "cx_Oracle": ("NEED001", "warning", "libclntsh.so", ""),
    "pyodbc": ("NEED003", "warning", "odbc-driver", ""),
    "weasyprint": ("NEED001", "error", "libpango-1.0.so.0", "pango"),
    "pydub": ("NEED002", "warning", "ffmpeg", ""),
    "GitPython": ("NEED002", "error", "git", "git"),
    "jpype1": ("NEED002", "warning", "java", "java-1.8.0-openjdk-headless"),
}


@pytest.mark.parametrize("package", D8)
def test_d8_what_packages_want_when_they_run(package, tmp_path):
    """D8: the library, the program or the data, with its RPM where a disc of the release has one."""
    server = Server(tmp_path / "root")
    server.distribution(package, "99.0")
    code, severity, subject, rpm = D8[package]
    (found,) = [each for each in said(server) if each.subject == subject]
    assert (found.code, found.severity) == (code, severity)
    assert found.fix.endswith(" install " + rpm) if rpm else "yum" not in found.fix


def test_d8_fonts_where_they_are_read(tmp_path):
    """D8: labels in Chinese want a font, which is told with -v alone but on a server that speaks Chinese: few
    plot any elsewhere."""
    server = Server(tmp_path / "root")
    server.distribution("matplotlib", "3.5.3")
    (found,) = [each for each in said(server) if each.subject == "cjk-fonts"]
    assert (found.code, found.severity) == ("NEED003", "info")
    assert found.fix.endswith(" install wqy-zenhei-fonts")
    for locale, severity in (("zh_CN.UTF-8", "warning"), ("ja_JP", "warning"), ("en_US.UTF-8", "info")):
        server.put("/etc/locale.conf", 'LANG="{}"\n'.format(locale))
        tree = Tree(server.root)
        env = environment.locate(tree, "/opt/env")[0]
        found, rpms = check.inspect(tree, env, cures.read(tree, providers.Catalog()), ())
        assert [each.severity for each in found if each.subject == "cjk-fonts"] == [severity]
        assert ("wqy-zenhei-fonts" in rpms) is (severity == "warning")


def test_a_module_that_is_linked_with_the_driver(tmp_path):
    """D9: LIB001 with that cure, and no yum."""
    server = Server(tmp_path / "root")
    server.module("cupy/cuda", needed=["libcuda.so.1"])
    (found,) = [one for one in examine("/opt/env", server.root, {}).findings if one.subject == "libcuda.so.1"]
    assert found.code == "LIB001"
    assert "the NVIDIA driver" in found.fix
    assert "on no ISO" in found.fix
    assert "yum" not in found.fix


def test_an_old_openssl_is_said_with_its_version(tmp_path):
    """D6: urllib3 2 where Python's ssl loads what EL 7 has; not where it loads a newer one, nor for urllib3 1."""
    server = Server(tmp_path / "root")
    server.distribution("urllib3", "2.0.7")
    versioned(server, things.OPENSSL, "1.0.2k-fips")
    (found,) = said(server)
    message = "is 1.0.2k; 1.1.1 or newer is needed; without it urllib3 2.0.7 cannot be imported"
    fix = "bundle again with 'urllib3<2', or with a Python that has its own (offkit bundle --python-build)"
    looked = ("/usr/lib64/libcrypto.so.10",)
    assert found == Finding("NEED005", "error", "OpenSSL", message, looked, fix)
    versioned(server, things.OPENSSL, "1.1.1w")
    assert said(server) == []
    versioned(server, things.OPENSSL, "1.0.2k-fips")
    other = Server(tmp_path / "other")
    other.distribution("urllib3", "1.26.18")
    versioned(other, things.OPENSSL, "1.0.2k-fips")
    assert said(other) == []


def test_the_versions_of_a_real_python(tmp_path):
    """As it says itself, by the files that its modules load; whatever it was linked with."""
    real = os.path.realpath(sys.executable)
    where = os.path.dirname(os.path.dirname(real))
    tree = Tree("/")
    env = environment.locate(tree, where)[0]
    server = check._Server(tree, (), env.interpreter, env)
    for program, has in (
        (things.OPENSSL, ssl.OPENSSL_VERSION.split()[1]),
        (things.SQLITE, sqlite3.sqlite_version),
    ):
        thing = things.Thing("x", things.VERSION, (program, "999"), {}, {})
        assert server.has(thing).has == has


def test_a_program_may_be_in_the_environment_or_on_path(tmp_path):
    """And must be one that can be executed."""
    server = Server(tmp_path / "root")
    server.distribution("GitPython", "3.1.40")
    tree = Tree(server.root)

    def found(*path):
        env = environment.locate(tree, "/opt/env")[0]
        return [
            one.subject for one in check.inspect(tree, env, cures.read(tree, providers.Catalog()), path)[0]
        ]

    server.put("/opt/tools/git", "")
    assert found("/opt/tools") == ["git"]
    os.chmod(server.host("/opt/tools/git"), 0o755)
    assert found("/opt/tools", "relative") == []
    assert found() == ["git"]
    server.put("/opt/env/bin/git", "")
    os.chmod(server.host("/opt/env/bin/git"), 0o755)
    assert found() == []


def test_what_a_repository_at_hand_does_not_have(tmp_path):
    """The RPM is named, and that this disc is not the one; the one line for yum is without it."""
    server = Server(tmp_path / "root")
    server.distribution("GitPython", "3.1.40")
    shelf = Shelf(tmp_path / "disc")
    shelf.add("bash")
    done = examine("/opt/env", server.root, {}, rpm_repos=[str(shelf.done())])
    (found,) = [one for one in done.findings if one.code == "NEED002"]
    assert found.fix.splitlines()[1].startswith("git is not on ")
    assert done.rpms == ()
    shelf.add("git")
    done = examine("/opt/env", server.root, {}, rpm_repos=[str(shelf.done())])
    (found,) = [one for one in done.findings if one.code == "NEED002"]
    assert found.fix == done.summary.install_line
    assert done.rpms == ("git",)


def test_equal_things_are_one_finding(tmp_path):
    """With all that want it."""
    server = Server(tmp_path / "root")
    server.distribution("GitPython", "3.1.40")
    server.distribution("pre_commit", "3.0")
    (found,) = said(server)
    assert found.severity == "error"
    assert "without it gitpython 3.1.40 cannot be imported; pre-commit needs it for " in found.message


def test_a_package_that_brings_it(tmp_path):
    """pylibmagic has libmagic in it."""
    server = Server(tmp_path / "root")
    server.distribution("python_magic", "0.4.27")
    assert [one.subject for one in said(server)] == ["libmagic.so.1"]
    server.distribution("pylibmagic", "0.5.0")
    assert said(server) == []


def test_what_few_use_is_no_matter_for_yum(tmp_path):
    """No RPM of it is in the line: a TeX is large."""
    server = Server(tmp_path / "root")
    server.distribution("nbconvert", "7.0")
    done = examine("/opt/env", server.root, {})
    told = [(one.severity, one.subject) for one in done.findings if one.code == "NEED002"]
    assert told == [("info", "pandoc"), ("info", "xelatex")]
    assert done.rpms == ()


def test_a_python_that_was_linked_statically(tmp_path):
    """The versions are written in the program itself."""
    server = Server(tmp_path / "root")
    server.distribution("urllib3", "2.0.7")
    server.distribution("chromadb", "0.4.24")
    for name in ("_ssl", "_sqlite3"):
        server.remove("{}/{}{}".format(DYNLOAD, name, SUFFIX))
    program = build(needed=["libc.so.6"], interpreter=LDSO, kind=2)
    server.put("/usr/local/bin/python3.6", program + b"OpenSSL 1.0.2k  26 Jan 2017\0" + b"\x003.26.0\0")
    assert [(one.subject, one.message.split(";")[0]) for one in said(server)] == [
        ("SQLite", "is 3.26.0"),
        ("OpenSSL", "is 1.0.2k"),
    ]
    server.put("/usr/local/bin/python3.6", program + b"OpenSSL 3.0.13 30 Jan 2024\0" + b"\x003.45.1\0")
    assert said(server) == []


@pytest.mark.parametrize(
    ("installed", "expected"),
    [
        ({"opencv_python_headless": "4.5.5.64", "numpy": "2.0.2"}, ["opencv-python-headless"]),
        ({"opencv_python_headless": "4.5.5.64", "numpy": "1.26.4"}, []),
        ({"opencv_python_headless": "4.10.0.84", "numpy": "2.0.2"}, []),
        ({"opencv_python_headless": "4.5.5.64"}, []),
        ({"celery": "5.1.2", "importlib_metadata": "5.0"}, ["celery"]),
        ({"celery": "oddly named", "importlib_metadata": "5.0"}, []),
    ],
)
def test_packages_that_fail_together(installed, expected, tmp_path):
    """D7 and its like: what is known of locks holds for what is installed (NEED008)."""
    server = Server(tmp_path / "root")
    for name, version in installed.items():
        server.distribution(name, version)
    found = [one for one in said(server) if one.code == "NEED008"]
    assert [one.subject for one in found] == expected
    if expected == ["opencv-python-headless"]:
        message = (
            "4.5.5.64 cannot be imported with numpy 2.0.2: "
            "ImportError: numpy.core.multiarray failed to import"
        )
        assert (found[0].severity, found[0].message, found[0].fix) == (
            "error", message, "bundle again with 'numpy<2'",
        )  # fmt: skip


def test_a_clash_that_holds_for_some_pythons_only():
    """Celery's is for those before 3.8; that with an OpenSSL is none with a package."""
    rows = json.loads(data.read_text(clashes.TABLE))["failures"]
    packages = {"celery": "5.1.2", "importlib-metadata": "5.0", "urllib3": "2.0.7"}
    assert [one.package for one in clashes.failures(rows, packages, "3.7.16")] == ["celery"]
    assert clashes.failures(rows, packages, "3.9.18") == []
