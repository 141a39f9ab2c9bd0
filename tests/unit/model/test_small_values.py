"""Values without side effects that many others share: layouts, lists, words, and files that travel along."""

import json
import os
import re

import pytest

from offkit.edges import data
from offkit.media import closure
from offkit.media.rpm import Package, is_library
from offkit.model import carried, checklist, control_node, errors, finding, layout, packages, words
from offkit.model.carried import Carried
from offkit.model.checklist import Checklist, Library
from offkit.model.finding import ERROR, INFO, WARNING, Finding
from offkit.model.report import Bar, Reporter

ONE = Carried("source", "python-source/P.tgz", "3.6.15", "0" * 64, 7)


def test_a_python_in_a_bundle():
    """Its numbers, its words, and what a manifest has of it."""
    assert (ONE.release, ONE.series) == ((3, 6, 15), "3.6")
    assert ONE.describe() == "Python 3.6.15 (source, compiled on the server)"
    assert ONE._replace(kind="build").describe() == "Python 3.6.15 (ready-made build)"
    row = {"kind": "source", "member": "python-source/P.tgz", "version": "3.6.15"}
    assert carried.to_options((ONE,)) == {"pythons": [row]}
    assert carried.to_options(()) == {}
    assert (carried.SOURCE, carried.BUILD) == ("source", "build")
    odd = [row, "x", dict(row, kind=1), {"kind": "a", "member": "b"}, dict(row, version=None)]
    assert carried.from_options({"pythons": odd}) == [("source", "python-source/P.tgz", "3.6.15")]
    assert carried.from_options({}) == []


LIBRARIES = Checklist(
    (
        Library("libSM.so.6", ("A_1", "A_2"), ("cv2: a.so",), "libSM", True),
        Library("libX.so.1", (), (), "", False),
    )
)


def test_a_checklist():
    """Every field, sorted; and back."""
    text = checklist.dump(LIBRARIES)
    rows = [
        {"soname": "libSM.so.6", "versions": ["A_1", "A_2"], "needed_by": ["cv2: a.so"], "rpm": "libSM", "in_bundle": True},
        {"soname": "libX.so.1", "versions": [], "needed_by": [], "rpm": "", "in_bundle": False},
    ]  # fmt: skip
    whole = {"schema": "offkit/checklist-1", "libraries": rows}
    assert text == (json.dumps(whole, indent=1, sort_keys=True) + "\n").encode()
    assert checklist.load(text) == LIBRARIES


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b'{"schema": "offkit/checklist-2", "libraries": []}', "schema 'offkit/checklist-2'"),
        (b'{"libraries": []}', "'schema'"),
        (b'{"schema": "offkit/checklist-1", "libraries": [{}]}', "'soname'"),
        (b'{"schema": "offkit/checklist-1", "libraries": 1}', "'int' object is not iterable"),
        (b"{", None),
        (b"\xff", None),
    ],
)
def test_what_is_no_checklist(text, words):
    """Damage, with what is wrong."""
    with pytest.raises(errors.IntegrityError) as caught:
        checklist.load(text)
    (found,) = caught.value.findings
    assert (found.code, found.severity, found.subject) == ("BUN002", "error", "checklist.json")
    assert found.message.startswith("checklist.json cannot be read: " + (words or ""))


def test_the_control_node():
    """What makes a bundle one, and what is typed on it."""
    assert control_node.to_options("2.16.14") == {"control_node": {"ansible-core": "2.16.14"}}
    assert control_node.meant(control_node.to_options("2"))
    one = control_node.Collection("a", "b", "1", "5" * 64, "b.tar.gz")
    told = control_node.to_options("2", [one])
    assert control_node.collections(told) == [one]
    told["control_node"]["collections"] += [None, {}, dict(one._asdict(), version=1)]
    assert control_node.collections(told) == [one]
    for damaged in ({}, {"control_node": 1}, {"control_node": {"collections": 1}}):
        assert control_node.collections(damaged) == []
    assert not control_node.meant({"control_node": "2"})
    assert not control_node.meant({})
    assert [(one.program, list(one.words)) for one in control_node.following()] == [
        ("ansible-playbook", ["-i", "inventory", "offkit.fleet.deploy", "-e", "offkit_bundle=bundle.tar"]),
        ("ansible-playbook", ["-i", "inventory", "offkit.fleet.doctor"]),
    ]
    assert (control_node.CLIENTS, control_node.PROGRAMS) == ("openssh-clients", ("ssh", "sftp"))


def test_the_order_of_a_bundle():
    """What install.sh needs comes first; what has no place is refused."""
    order = ["install.sh", "MANIFEST.json", "MANIFEST.json.asc", "offkit.pyz", "targets/a/b"]
    order += ["requirements.txt", "checklist.json", "repo-config/x", "python-build/x", "python-source/x"]
    order += ["rpms/a/b", "build-wheels/x", "sources/x", "smoke/x", "wheels/x"]
    assert [layout.position(path) for path in order] == list(range(15))
    for path in ("odd", "wheels", "install.sh/x", "xwheels/y"):
        with pytest.raises(ValueError, match=path):
            layout.position(path)


def test_paths_below_a_prefix():
    """Other releases of offkit find them there, and so do people."""
    assert (layout.GENERATIONS, layout.CURRENT, layout.LOCK) == ("generations", "current", ".lock")
    assert (layout.BUILDING, layout.PYTHON, layout.SYSTEM) == (".building-", "python", "system")
    inside = [
        layout.RECEIPT,
        layout.GENERATION_MANIFEST,
        layout.GENERATION_CHECKLIST,
        layout.GENERATION_RUNTIME,
        layout.GENERATION_REPO_CONFIG,
        layout.GENERATION_LIBRARIES,
        layout.GENERATION_LIBRARY_LIST,
        layout.GENERATION_COMPILED,
        layout.GENERATION_INTERPRETER,
        layout.GENERATION_SMOKE,
    ]
    names = ["receipt.json", "MANIFEST.json", "checklist.json", "runtime", "repo-config", "lib64"]
    names += ["libraries.json", "compiled.json", "interpreter", "smoke"]
    assert inside == ["offkit/" + name for name in names]
    assert layout.ISO_MOUNT == "/mnt/offkit-iso"


def test_exit_codes():
    """The table of the README."""
    kinds = (errors.OffkitError, errors.RequestError, errors.UsageError, errors.IntegrityError)
    assert [kind("x").exit_code for kind in (*kinds, errors.EnvironmentProblem)] == [1, 1, 2, 3, 4]
    assert (errors.EXIT_OK, errors.EXIT_INTERNAL, errors.EXIT_INTERRUPTED) == (0, 70, 130)
    assert errors.EXIT_UNREAD == 141
    made = errors.damaged("BUN001", "x", "is bad", "copy it")
    assert made.findings == (Finding("BUN001", ERROR, "x", "is bad", (), "copy it"),)
    assert (made.message, made.fix, str(made)) == ("is bad", "", "is bad")
    assert errors.damaged("BUN001", "x", "is bad").findings[0].fix == ""


def test_findings():
    """As data; errors first, else as they came; whether there are any."""
    some = [
        Finding(name, kind, "s", "m")
        for name, kind in (("a", INFO), ("b", WARNING), ("c", ERROR), ("d", WARNING))
    ]
    assert [one.code for one in finding.by_weight(some)] == ["c", "b", "d", "a"]
    assert finding.has_errors(some)
    assert not finding.has_errors(some[:2])
    assert Finding("a", ERROR, "s", "m", ("l",), "f").to_json() == {
        "code": "a",
        "severity": "error",
        "subject": "s",
        "message": "m",
        "looked_in": ["l"],
        "fix": "f",
    }


def test_a_reporter_that_says_nothing():
    """Everything can be told to it."""
    silent = Reporter()
    for told in (silent.step("x"), silent.note("x"), silent.warn("x")):
        assert told is None
    for bar in (silent.bar("x", 3, "B"), silent.watch("x", 3, lambda done: [])):
        assert isinstance(bar, Bar)
        with bar as same:
            assert same is bar
            same.advance()
            same.advance(2)


def test_words_for_people():
    assert [words.several(number, "wheel") for number in (0, 1, 2)] == ["0 wheels", "1 wheel", "2 wheels"]
    assert words.shown("caf\xe9 x") == "caf\xe9 x"
    assert words.shown("a\x1b\n\u202e\xe9") == "a\\x1b\\n\\u202e\xe9"


def test_a_chain_of_packages_that_does_not_end():
    """Is left after some rounds; a package is asked for once."""
    asked = []

    def ask(pending):
        asked.append(list(pending))
        number = len(asked)
        return [
            Package(
                "p{}".format(number),
                "x86_64",
                "0",
                "1",
                "1",
                "",
                tuple(pending),
                ("libn{}.so.1".format(number), "sh"),
            )
        ]

    found = closure.close(["liba.so.1", "liba.so.1"], is_library, ask, ("x86_64",))
    assert (asked[0], asked[1], len(asked)) == (["liba.so.1"], ["libn1.so.1"], 64)
    assert len(found.providers) == 64
    assert closure.close(["x"], lambda capability: True, lambda pending: [], ()).nowhere == {"x": ""}
    assert closure.parse("libz.so.1(ZLIB_1.2.0)(64bit)") == ("libz.so.1", "ZLIB_1.2.0")
    assert closure.parse("libz.so.1()(64bit)") == ("libz.so.1", "")
    assert closure.parse("libz.so.1") == ("libz.so.1", "")


def test_the_table_of_modules():
    """One row for each; a line with a column too few or too many is none."""
    head = "modules,extensions,since,until,severity,needed_for"
    for more in ("ssl,_ssl,3.6,,error\n", "ssl,_ssl,3.6,,error,TLS,x\n"):
        with pytest.raises(ValueError, match=r"^line 2 has the wrong number of columns$"):
            packages.parse_modules(head + "\n" + more)
    (row,) = packages.parse_modules(head + "\n ssl a.b ,_ssl,3.6,,error,TLS\n")
    assert row.name == "ssl"
    assert (row.modules, row.extensions, row.since, row.until) == (
        ("ssl", "a.b"),
        ("_ssl",),
        (3, 6),
        (3, 999),
    )
    assert (row.severity, row.needed_for) == ("error", "TLS")
    assert [row.exists_in((3, minor)) for minor in (5, 6, 999, 1000)] == [False, True, True, False]


def test_files_that_travel_with_offkit(monkeypatch, tmp_path):
    """In the package, or at the top of a checkout; nowhere is said with the path."""
    asked = []
    inside = {"data/a/b": b"caf\xc3\xa9"}

    def get_data(package, path):
        asked.append((package, path))
        if path == "data/lost":
            raise OSError(path)
        return inside.get(path)

    monkeypatch.setattr(data.pkgutil, "get_data", get_data)
    monkeypatch.setattr(data, "_CHECKOUT", str(tmp_path))
    (tmp_path / "lost").write_bytes(b"here")
    (tmp_path / "c").mkdir()
    (tmp_path / "c" / "d").write_bytes(b"x")
    assert (data.read("a/b"), data.read_text("a/b")) == (b"caf\xc3\xa9", "caf\xe9")
    assert (data.read("lost"), data.read("c/d")) == (b"here", b"x")
    assert asked[0] == ("offkit", "data/a/b")
    with pytest.raises(FileNotFoundError):
        data.read("none")
    assert data.directory("c") == str(tmp_path / "c")
    with pytest.raises(FileNotFoundError) as caught:
        data.directory("c/d")
    found = caught.value
    assert (found.errno, found.strerror, found.filename) == (2, "No such file or directory", "c/d")
    own = tmp_path / "own" / "offkit" / "edges"
    own.mkdir(parents=True)
    (tmp_path / "own" / "offkit" / "data" / "c" / "e").mkdir(parents=True)
    monkeypatch.setattr(data, "__file__", str(own / "data.py"))
    assert data.directory("c/e") == os.path.join(str(tmp_path), "own", "offkit", "data", "c", "e")
    assert data.directory("c") == os.path.join(str(tmp_path), "own", "offkit", "data", "c")


def test_a_library_that_only_plugins_want():
    """It is said of those alone: other checklists are as they were."""
    plain, spare = (LIBRARIES.libraries[0]._replace(optional=how) for how in (False, True))
    more = plain._replace(aside=("A_9",))
    assert checklist.load(checklist.dump(Checklist((spare, plain, more)))) == Checklist((spare, plain, more))
    assert not re.search(b"optional|aside", checklist.dump(Checklist((plain,))))
