"""Installed distributions: what RECORD promises, and what is there."""

import os

import pytest

from elf_maker import build
from offkit.edges.tree import Tree
from offkit.server.doctor import record
from offkit.server.doctor.examine import examine
from server_maker import SITE, Server


@pytest.fixture
def server(tmp_path):
    made = Server(tmp_path / "root")
    made.put("/etc/ld.so.cache", b"glibc-ld.so.cache1.1" + b"\0" * 28)
    return made


def findings(server):
    return [
        (each.code, each.severity, each.subject, each.message)
        for each in examine("/opt/env", server.root).findings
    ]


def test_complete(server):
    """Scripts outside site-packages, names with commas and quotes, files without a hash."""
    server.distribution("a", files={"a.py": "1", '../../../bin/a,"b"': "#!x", "a/ü.txt": "2"})
    assert findings(server) == []


def test_missing_and_altered_files(server):
    """Both are told, each with its files; the same size does not help."""
    server.distribution("a", "2.1", files={"a/x.py": "1", "a/y.py": "22", "a/z.py": "333", "a/w.py": "4"})
    server.remove(SITE + "/a/x.py")
    server.put(SITE + "/a/y.py", "21")
    server.put(SITE + "/a/z.py", "3")
    assert findings(server) == [
        ("PKG001", "error", "a 2.1", "1 file is missing: a/x.py"),
        ("PKG002", "warning", "a 2.1", "2 files are altered: a/y.py, a/z.py"),
    ]


def test_altered_machine_code(server):
    """Nobody corrects that by hand: an error, for a library and a program as well."""
    server.distribution(
        "a", files={"a/x.so": build(), "a/l.so.1": build(), "a/ninja": build(), "a/y.py": "1"}
    )
    for name in ("x.so", "l.so.1", "ninja"):
        server.put(SITE + "/a/" + name, build(needed=["libc.so.6"]))
    server.put(SITE + "/a/y.py", "2")
    assert findings(server) == [
        ("PKG002", "error", "a 1.0", "3 files are altered: a/x.so, a/l.so.1, a/ninja"),
        ("PKG002", "warning", "a 1.0", "1 file is altered: a/y.py"),
    ]


def test_machine_code_of_another_package(server):
    """opencv-python over opencv-python-headless: the module is whole, as the other recorded it."""
    server.distribution("headless", files={"cv2.so": build(needed=["libc.so.6"])})
    server.distribution("opencv", files={"cv2.so": build()})
    assert findings(server) == [
        (
            "PKG002",
            "warning",
            "headless 1.0",
            "1 file is altered: cv2.so; opencv 1.0 has files of the same name",
        )
    ]


def test_many_missing_files(server):
    """Five are named, all are listed."""
    server.distribution("a", files={"a/{}.py".format(n): "" for n in range(8)})
    for number in range(8):
        server.remove("{}/a/{}.py".format(SITE, number))
    (finding,) = examine("/opt/env", server.root).findings
    assert finding.message.endswith("a/4.py and 3 more")
    assert len(finding.looked_in) == 8


def test_bytecode_is_not_checked(server):
    """A .pyc is made and removed by Python itself."""
    server.distribution("a", files={"a.py": "", "__pycache__/a.cpython-36.pyc": "x", "b.pyc": "y"})
    server.remove(SITE + "/__pycache__/a.cpython-36.pyc")
    server.put(SITE + "/b.pyc", "other")
    assert findings(server) == []


def test_two_distributions_that_own_one_file(server):
    """opencv-python over opencv-python-headless: the altered one says who has the same file."""
    server.distribution("headless", files={"cv2/data.txt": "one"})
    server.distribution("opencv", files={"cv2/data.txt": "two"})
    assert findings(server) == [
        (
            "PKG002",
            "warning",
            "headless 1.0",
            "1 file is altered: cv2/data.txt; opencv 1.0 has files of the same name",
        )
    ]


def test_half_installed(server):
    """A .dist-info without METADATA, one without RECORD, and what an interrupted pip renamed."""
    server.distribution("nometa")
    server.remove(SITE + "/nometa-1.0.dist-info/METADATA")
    server.distribution("norecord")
    server.remove(SITE + "/norecord-1.0.dist-info/RECORD")
    server.directory(SITE + "/~umpy")
    assert findings(server) == [
        ("PKG003", "error", "nometa", "is incompletely installed: no METADATA"),
        ("PKG004", "warning", "~umpy", "is left over from an interrupted pip; Python cannot use it"),
        ("PKG003", "error", "norecord", "is incompletely installed: no RECORD"),
        ("PKG001", "error", "nometa 1.0", "1 file is missing: nometa-1.0.dist-info/METADATA"),
    ]


@pytest.mark.parametrize("metadata", ["", "Metadata-Version: 2.1\n", "\nName: a\n", b"\0" * 50])
def test_a_damaged_metadata(server, metadata):
    """Empty, cut off or overwritten: nothing in it says what is installed."""
    server.distribution("a")
    server.put(SITE + "/a-1.0.dist-info/METADATA", metadata)
    assert findings(server) == [
        ("PKG003", "error", "a", "is incompletely installed: METADATA is damaged, it has no Name"),
        ("PKG002", "warning", "a 1.0", "1 file is altered: a-1.0.dist-info/METADATA"),
    ]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "it is empty"),
        ("\n\n", "it is empty"),
        ("a.py,,\n", "it does not list METADATA and RECORD"),
        ("a.py,,\na-1.0.dist-info/METADATA,,\n", "it does not list RECORD"),
        ("a.py,,\na-1.0.dist-info/RECORD,,\n", "it does not list METADATA"),
    ],
)
def test_a_record_cut_off(server, text, why):
    """Whatever it does not list any more cannot be missed, so nothing is called complete."""
    server.put(SITE + "/a.py", "")
    server.distribution("a", record=text)
    assert findings(server) == [("PKG006", "error", "a", "its RECORD is damaged: " + why)]


def test_a_record_that_is_too_large(server, monkeypatch):
    """What was read counts; the rest is neither damaged nor complete."""
    server.distribution("a", files={"a/{}.py".format(n): "" for n in range(9)})
    server.remove(SITE + "/a/0.py")
    monkeypatch.setattr(record, "TEXT", 300)
    assert findings(server) == [
        (
            "PKG013",
            "warning",
            "a",
            "its RECORD is larger than 0 MiB; the rest was not examined",
        ),
        ("PKG001", "error", "a 1.0", "1 file is missing: a/0.py"),
    ]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a.py\n", "1"),
        ("a.py,sha256=,\n", "1"),
        ("ok.py,,\n,,\n", "2"),
        ("a.py,,big\n", "1"),
        ("a,b,c,d\n", "1"),
    ],
)
def test_a_damaged_record(server, text, line):
    """A line that is none of PEP 376 is named; the rest still counts."""
    server.put(SITE + "/ok.py", "")
    server.put(SITE + "/a.py", "")
    server.distribution("a", record=text)
    assert findings(server) == [("PKG006", "error", "a", "its RECORD is damaged, line " + line)]


def test_an_unknown_hash(server):
    """Said, not passed over."""
    server.put(SITE + "/a.py", "")
    listed = "a.py,md5=abc,0\na-1.0.dist-info/METADATA,,\na-1.0.dist-info/RECORD,,\n"
    server.distribution("a", record=listed)
    assert findings(server) == [
        ("PKG008", "info", "a 1.0", "not checked, because the hash is unknown: a.py (md5)")
    ]


def test_a_path_that_is_no_file(server):
    """A FIFO and a link out of nowhere count as missing, and are not opened."""
    server.distribution("a", files={"a/x": "1", "a/y": "2"})
    for name in "xy":
        server.remove("{}/a/{}".format(SITE, name))
    os.mkfifo(server.host(SITE + "/a/x"))
    server.link(SITE + "/a/y", "y")
    assert findings(server) == [("PKG001", "error", "a 1.0", "2 files are missing: a/x, a/y")]


def test_unmet_requirements(server):
    """Absent, too old, not for this Python, and only with an extra."""
    server.distribution(
        "rich",
        requires=[
            "commonmark<0.10,>=0.9",
            'dataclasses>=0.7; python_version < "3.7"',
            'colorama; sys_platform == "win32"',
            "pygments (>=2.6)",
            'ipywidgets; extra == "jupyter"',
            "typing_Extensions",
        ],
    )
    server.distribution("Pygments", "2.5")
    server.distribution("typing.extensions", "4.1.1")
    server.distribution("commonmark", "0.9.1")
    assert findings(server) == [
        (
            "PKG005",
            "error",
            "rich 1.0",
            "needs dataclasses>=0.7; it is not installed",
        ),
        ("PKG005", "error", "rich 1.0", "needs pygments (>=2.6); it has 2.5"),
    ]


def test_a_requirement_that_cannot_be_read(server):
    """For information: nobody knows what it asks for."""
    server.distribution("a", requires=["b ~~ 3"])
    ((code, severity, _, message),) = findings(server)
    assert (code, severity) == ("PKG009", "info")
    assert "b ~~ 3" in message


def test_requirements_met_without_a_dist_info(server):
    """setuptools of a distribution's Python comes as egg-info; a base interpreter's may be visible."""
    server.distribution("a", requires=["setuptools>=30", "six", "pip"])
    server.put(SITE + "/setuptools-39.2.0.egg-info/PKG-INFO", "Name: setuptools\nVersion: 39.2.0\n")
    server.put(SITE + "/six-1.9.0.egg-info", "Name: six\nVersion: 1.9.0\n")
    server.put("/usr/lib/python3.6/site-packages/pip-9.0.3.dist-info/METADATA", "Name: pip\nVersion: 9.0.3\n")
    assert [message for _, _, _, message in findings(server)] == ["needs pip; it is not installed"]
    server.link("/usr/local/lib", "/usr/lib")
    config = "home = /usr/local/bin\nversion = 3.6.8\ninclude-system-site-packages = true\n"
    server.put("/opt/env/pyvenv.cfg", config)
    assert [each[:3] for each in findings(server)] == [("PKG011", "info", "pip")]


def test_recorded_twice(server):
    """An upgrade that did not remove the old version's record."""
    server.distribution("numpy", "1.18.2")
    server.distribution("numpy", "1.19.5")
    assert findings(server) == [("PKG010", "warning", "numpy", "is recorded more than once: 1.18.2, 1.19.5")]


def test_a_disc_that_does_not_give_its_bytes(server, monkeypatch):
    """Neither altered nor a matter of permission: the system's own reason."""
    server.distribution("a", files={"a.py": "1"})
    real = Tree.open

    def failing(self, path, *how):
        if path.endswith("/a.py"):
            raise OSError(5, "Input/output error", path)
        return real(self, path, *how)

    monkeypatch.setattr(Tree, "open", failing)
    assert findings(server) == [("PKG012", "error", "a 1.0", "cannot be read (Input/output error): a.py")]
