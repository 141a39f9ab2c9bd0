"""What an installation would say, before there is one."""

import os
import platform
import sys

import pytest

import bundle_maker
import elf_maker
import library_maker
import rpm_tools
from offkit.edges import host
from offkit.edges.tree import Tree
from offkit.media import keys, rpm
from offkit.model import checklist
from offkit.model.checklist import Checklist, Library
from offkit.model.errors import IntegrityError
from offkit.model.finding import ERROR, Finding
from offkit.model.report import Reporter
from offkit.server.doctor import forecast
from offkit.server.install import beforehand, session
from offkit.server.install.session import Request
from offkit.server.system import description

HERE = "{}.{}.{}".format(*sys.version_info[:3])


def judged(monkeypatch, python, root="/", known=()):
    """By a machine that is the target's in everything but the Python that runs this."""
    target = bundle_maker.make().manifest.target._replace(python=python)
    made = bundle_maker.make().manifest._replace(target=target)
    there = {"ID": "centos", "VERSION_ID": "7", "NAME": "CentOS Linux"}
    here = host.Host(platform.machine(), target.glibc, there, "3.10.0", True)
    monkeypatch.setattr(host, "here", lambda: here)
    return [each.code for each in beforehand.judge(made, root, known)]


def test_the_python_that_runs_this(monkeypatch):
    """An older patch level than the bundle's is told; one of another series is not what would be taken."""
    assert judged(monkeypatch, HERE) == []
    assert judged(monkeypatch, "{}.{}.99".format(*sys.version_info[:2])) == ["PY013"]
    assert judged(monkeypatch, "3.5.99") == []


def test_what_is_not_judged(monkeypatch):
    """Another root, other machines, and what has no manifest."""
    newer = "{}.{}.99".format(*sys.version_info[:2])
    assert judged(monkeypatch, newer, root="/mnt") == []
    assert judged(monkeypatch, newer, known=[Finding("ENV021", ERROR, "x", "is for aarch64")]) == []
    assert judged(monkeypatch, newer, known=[Finding("LIB001", ERROR, "x", "is missing")]) == ["PY013"]
    assert beforehand.judge(None, "/", ()) == []


A, B = "libofftest-a.so.1", "libofftest-b.so.1"
ROCKY9 = {"ID": "rocky", "VERSION_ID": "9.3", "PRETTY_NAME": "Rocky Linux 9.3"}


RUNNING = "{}.{}".format(*sys.version_info[:2])
NOWHERE = next(each for each in ("3.7", "3.8") if each != RUNNING)  # on none of the discs of el9
THERE = next(each for each in ("3.11", "3.12") if each != RUNNING)


@pytest.mark.parametrize(
    ("pythons", "series", "brought", "codes"),
    [
        (["3.9.18"], NOWHERE, {}, ["ENV048"]),
        (["3.9.18", NOWHERE + ".1"], NOWHERE, {}, ["ENV023"]),
        (["3.9.18"], THERE, {}, ["ENV023"]),
        (["3.9.18"], NOWHERE, {"python-source/Python.tar.xz": b"x"}, ["ENV023"]),
    ],
    ids=["nowhere", "here", "on the release's discs", "in the bundle"],
)
def test_a_python_that_this_server_has_not(monkeypatch, pythons, series, brought, codes):
    """As install.sh says it: of another release, without such a Python here, on its discs or in the bundle."""
    rows = [
        {"path": "/usr/bin/python3", "version": each, "implementation": "cpython", "bits": 64}
        for each in pythons
    ]
    monkeypatch.setattr(description, "describe", lambda run, python: {"pythons": rows})
    made = bundle_maker.make(extra=brought).manifest
    made = made._replace(target=made.target._replace(python=series + ".9"))
    here = host.Host(made.target.arch, (2, 34), ROCKY9, "5.14", True)
    monkeypatch.setattr(host, "here", lambda: here)
    assert [each.code for each in beforehand.judge(made, "/", ())] == codes


@pytest.fixture(scope="module")
def packages(tmp_path_factory):
    """Real RPMs with a library each, the second by a key that nobody has; and the text of a key."""
    rpm_tools.need()
    folder = tmp_path_factory.mktemp("rpms")
    made = {}
    for soname in (A, B):
        name = soname.partition(".")[0]
        file = "/usr/lib64/" + soname
        made[soname] = rpm_tools.build(str(folder), name, {file: elf_maker.build(soname=soname)}, "1.0")
    rpm_tools.Key(folder / "other").sign(made[B])
    return made, (folder / "other" / "public").read_text()


def bundle(folder, packages, *sonames):
    shelf = library_maker.Shelf(folder / "rpms")
    for soname in sonames:
        with open(packages[soname], "rb") as source:
            shelf.put(soname.partition(".")[0], source.read(), [rpm.capability(soname)])
    shelf.done()
    os.unlink(str(folder / "rpms" / "RPM-GPG-KEY-test"))  # as of a directory of RPMs
    files = [path for path in (folder / "rpms").rglob("*") if path.is_file()]
    members = {str(path.relative_to(folder)): path.read_bytes() for path in files}
    needed = [Library(soname, (), ("x.so",), "", True) for soname in (A, B)]
    members["checklist.json"] = checklist.dump(Checklist(tuple(needed)))
    wheels = dict([bundle_maker.pip_wheel(), bundle_maker.wheel("alpha")])
    made = bundle_maker.make(wheels, bundle_maker.this_machine(), members)
    (folder / "bundle.tar").write_bytes(made.data)
    return str(folder / "bundle.tar")


def asked(path, known=None):
    """What the doctor says of RPMs."""
    result = forecast.of_bundle(path)
    known = result.findings if known is None else known
    return session.refused(result.bundle, "/", "/nowhere/p", ([], []), True, known, Reporter())


def test_rpms_that_an_installation_would_refuse(packages, monkeypatch, tmp_path):
    """The doctor, a dry run and an installation say the same: unsigned, and by a key that is not here."""
    made, _ = packages
    here = keys.Server(7, "centos", Tree("/nonexistent"), "el7", imported="-")
    monkeypatch.setattr(keys, "server", lambda tree=None: here)
    path = bundle(tmp_path, made, A, B)
    found = asked(path)
    assert [(each.code, each.severity, each.subject.split("-1.0")[0]) for each in found] == [
        ("RPM002", ERROR, "libofftest-a"),
        ("RPM003", ERROR, "libofftest-b"),
    ]
    assert found[0].fix.startswith("bundle again, with RPMs that the distribution has signed")
    for dry_run in (True, False):
        wish = Request(path, str(tmp_path / "p"), sys.executable, None, alone=True, dry_run=dry_run)
        with pytest.raises(IntegrityError) as caught:
            session.go(wish, Reporter())
        assert list(caught.value.findings) == found
    assert not os.path.exists(str(tmp_path / "p"))
    assert asked(path, found) == []
    assert asked(path, [Finding("ENV021", ERROR, "arch", "is for aarch64")]) == []
    assert session.refused(None, "/", "/p", ([], []), True, (), Reporter()) == []


def test_rpms_that_nobody_refuses(packages, monkeypatch, tmp_path):
    """Of a key that rpm has; of what is not needed; and where there are none."""
    made, public = packages
    here = keys.Server(7, "centos", Tree("/nonexistent"), "el7", imported=public)
    monkeypatch.setattr(keys, "server", lambda tree=None: here)
    assert asked(bundle(tmp_path, made, B)) == []
    (tmp_path / "none").mkdir()
    empty = bundle_maker.make(target=bundle_maker.this_machine())
    (tmp_path / "none" / "b.tar").write_bytes(empty.data)
    assert asked(str(tmp_path / "none" / "b.tar")) == []
