"""What the small commands say, to the last word, and the same as data."""

import hashlib
import json
import os
import types

import pytest

import bundle_maker
import prefix_maker
from offkit.cli import generations, inspect, probe, render, rollback, uninstall, verify
from offkit.edges import host
from offkit.edges.files import text
from offkit.model import checklist, probed, target, words
from offkit.model.checklist import Checklist, Library
from offkit.model.errors import EnvironmentProblem, UsageError
from offkit.model.finding import WARNING, Finding
from offkit.server.bundle import bundle_file
from offkit.server.prefix import inventory
from offkit.server.prefix import uninstall as removing
from offkit.server.python import interpreter
from offkit.server.system import description, ledger, takeback

PEOPLE = {"json": False, "quiet": False, "verbose": False}
DATA = {"json": True, "quiet": False, "verbose": False}


@pytest.fixture(autouse=True)
def _console(monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    yield
    render.console()


@pytest.fixture
def said(capsys):
    """What was said since on stdout: lines without their indentation and glyphs."""

    def lines():
        return [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]

    return lines


@pytest.fixture
def data(capsys):
    return lambda: json.loads(capsys.readouterr().out)


@pytest.fixture
def prefix(tmp_path):
    """Two generations, the second current."""
    made = tmp_path / "p"
    made.mkdir()
    prefix_maker.generation(made, 1, "ab" * 32)
    prefix_maker.generation(made, 2, "cd" * 32, [("numpy", "1.20.0"), ("six", "1.16.0")])
    return made


LIBRARIES = (
    Library("libSM.so.6", ("A_1", "A_2"), ("cv2: cv2.so",), "libSM", True),
    Library("libX.so.1", (), ("cv2: a.so", "cv2: b.so"), "", False),
)


@pytest.fixture
def bundle(tmp_path, monkeypatch):
    """With all that a bundle can have: libraries, RPMs, Pythons, Ansible."""
    extra = {
        "checklist.json": checklist.dump(Checklist(LIBRARIES)),
        "rpms/Packages/a.rpm": b"a" * 1000,
        "rpms/Packages/b.rpm": b"b" * 500,
        "rpms/repodata/repomd.xml": b"<repomd/>",
        "python-source/P.tgz": b"source",
        "python-build/P.tar.gz": b"build",
        "smoke/own.py": b"pass\n",
    }
    more = {
        "pythons": [
            {"kind": "source", "member": "python-source/P.tgz", "version": "3.6.15"},
            {"kind": "build", "member": "python-build/P.tar.gz", "version": "3.11.9"},
        ],
        "control_node": {
            "ansible-core": "2.16",
            "collections": [
                {
                    "namespace": "a",
                    "name": "b",
                    "version": "1",
                    "sha256": "5" * 64,
                    "origin": "https://h/b.tar.gz",
                }
            ],
        },
    }
    real = bundle_maker.Manifest
    with monkeypatch.context() as maker:
        maker.setattr(bundle_maker, "Manifest", lambda goal, options, *rest: real(goal, more, *rest))
        made = bundle_maker.make(extra=extra)
    path = tmp_path / "bundle.tar"
    path.write_bytes(made.data)
    return types.SimpleNamespace(path=str(path), made=made, options=more)


@pytest.mark.parametrize(
    ("rpm", "carried", "told"),
    [
        ("", False, "(no RPM known)"),
        ("", True, "in the bundle"),
        ("x", True, "x, in the bundle"),
        ("x", False, "x"),
    ],
)
def test_where_a_library_is_from(rpm, carried, told):
    """What is carried is known, whatever table names its package."""
    assert inspect._source(Library("libX.so.1", (), (), rpm, carried)) == told


def test_inspect_for_people(bundle, said):
    """What it is for, what it carries, what the server must have; with -v every member and the sha256."""
    inspect.inspect(bundle.path, **PEOPLE)
    brief = said()
    plan = bundle.made.manifest
    digest = hashlib.sha256(bundle.made.text).hexdigest()
    wheels = [one for one in plan.members if one.path.startswith("wheels/")]
    installed = words.size(plan.installed_size)
    assert brief == [
        "{}, {}".format(bundle.path, words.size(len(bundle.made.data))),
        "for " + plan.target.describe(),
        "made by offkit test",
        "digest {} of the manifest".format(digest),
        "installed " + installed,
        "carries for a control node: Ansible and the collection offkit.fleet",
        "carries a.b 1 from https://h/b.tar.gz, sha256 " + "5" * 64,
        "carries Python 3.6.15, its source (python-source/P.tgz)",
        "carries Python 3.11.9, ready-made (python-build/P.tar.gz)",
        "carries 2 RPMs of libraries, 1.5 kB",
        "carries the check own.py, 5 B, for 'offkit smoke'",
        "requirements",
        "alpha 1.0",
        "beta 2.1",
        "wheels",
        "alpha 1.0 " + words.size(wheels[0].size),
        "beta 2.1 " + words.size(wheels[1].size),
        "libraries the server must have",
        "libSM.so.6 libSM, in the bundle A_1, A_2",
        "libX.so.1 (no RPM known)",
    ]
    inspect.inspect(bundle.path, json=False, quiet=False, verbose=True)
    whole = hashlib.sha256(bundle.made.data).hexdigest()
    opened = bundle_file.read_manifest(bundle.path)
    members = ["{} {} {}".format(one.sha256[:16], words.size(one.size), one.path) for one in opened.segments]
    assert [one.path for one in opened.segments][:2] == ["install.sh", "MANIFEST.json"]
    assert said() == [*brief[:3], "sha256 {} of the file".format(whole), *brief[3:], "members", *members]


def test_inspect_as_data(bundle, data):
    """The same; the file's own sha256 only where it is asked for."""
    inspect.inspect(bundle.path, **DATA)
    found = data()
    plan = bundle.made.manifest
    wheels = [one for one in plan.members if one.path.startswith("wheels/")]
    opened = bundle_file.read_manifest(bundle.path)
    assert found == {
        "schema": "offkit/inspect-1",
        "bundle": text(bundle.path),
        "sha256": None,
        "digest": hashlib.sha256(bundle.made.text).hexdigest(),
        "size": len(bundle.made.data),
        "installed_size": plan.installed_size,
        "made_by": "offkit test",
        "target": plan.target.to_json(),
        "options": bundle.options,
        "requirements": [{"name": "alpha", "version": "1.0"}, {"name": "beta", "version": "2.1"}],
        "wheels": [
            {
                "name": name,
                "version": version,
                "path": "wheels/{}-{}-py3-none-any.whl".format(name, version),
                "size": one.size,
                "sha256": one.sha256,
                "from": None,
            }
            for (name, version), one in zip((("alpha", "1.0"), ("beta", "2.1")), wheels)
        ],
        "checks": [{"path": "smoke/own.py", "size": 5, "sha256": hashlib.sha256(b"pass\n").hexdigest()}],
        "libraries": [
            {
                "soname": "libSM.so.6",
                "versions": ["A_1", "A_2"],
                "needed_by": ["cv2: cv2.so"],
                "rpm": "libSM",
                "in_bundle": True,
                "optional": False,
                "aside": [],
            },
            {
                "soname": "libX.so.1",
                "versions": [],
                "needed_by": ["cv2: a.so", "cv2: b.so"],
                "rpm": "",
                "in_bundle": False,
                "optional": False,
                "aside": [],
            },
        ],
        "members": [{"path": one.path, "size": one.size, "sha256": one.sha256} for one in opened.segments],
    }
    inspect.inspect(bundle.path, json=True, quiet=False, verbose=True)
    assert data()["sha256"] == hashlib.sha256(bundle.made.data).hexdigest()


def test_inspect_of_a_plain_bundle(tmp_path, said):
    """It carries nothing else, and the server needs nothing."""
    path = tmp_path / "b.tar"
    path.write_bytes(bundle_maker.make().data)
    inspect.inspect(str(path), **PEOPLE)
    lines = said()
    assert [line for line in lines if line.startswith("carries")] == []
    assert lines[-2:] == ["libraries the server must have", "none besides the C library"]


def test_verify_as_data(bundle, data, said):
    """With both digests and every count."""
    verify.verify(bundle.path, **DATA)
    whole, digest = (hashlib.sha256(one).hexdigest() for one in (bundle.made.data, bundle.made.text))
    members = len(bundle.made.manifest.members) + 1
    assert data() == {
        "schema": "offkit/verify-1",
        "bundle": text(bundle.path),
        "sha256": whole,
        "digest": digest,
        "size": len(bundle.made.data),
        "members": members,
        "wheels": 2,
        "findings": [],
    }
    verify.verify(bundle.path, **PEOPLE)
    head, *rest = said()
    size = words.size(len(bundle.made.data))
    line = "{}: {} members (2 wheels), {}, all as the manifest says".format(bundle.path, members, size)
    assert head[2:] == line
    assert rest == ["sha256 {} of the file".format(whole), "digest {} of its manifest".format(digest)]


def test_generations_as_data(prefix, data):
    """Every field of each, and what is left over."""
    (prefix / "generations" / ".building-0003-x-y").mkdir()
    (prefix / "generations" / "0001-abababab" / "bin" / prefix_maker.SERIES).unlink()
    (prefix / "generations" / "0002-cdcdcdcd" / "offkit" / "receipt.json").unlink()
    assert generations.generations(str(prefix), **DATA) == 1
    found = data()
    taken = inventory.read(str(prefix))
    first, second = taken.entries
    receipt = first.generation.receipt
    assert found == {
        "schema": "offkit/generations-1",
        "prefix": text(str(prefix)),
        "current": "0002-cdcdcdcd",
        "generations": [
            {
                "id": "0001-abababab",
                "number": 1,
                "path": text(str(prefix / "generations" / "0001-abababab")),
                "current": False,
                "starts": False,
                "size": first.size,
                "receipt": receipt.to_json(),
            },
            {
                "id": "0002-cdcdcdcd",
                "number": 2,
                "path": text(str(prefix / "generations" / "0002-cdcdcdcd")),
                "current": True,
                "starts": False,
                "size": second.size,
                "receipt": None,
            },
        ],
        "leftovers": [{"path": text(path), "size": size} for path, size in taken.leftovers],
        "findings": [one._replace(subject=text(one.subject)).to_json() for one in taken.findings],
    }
    assert len(found["leftovers"]) == 1
    assert first.size > 0


def test_generations_for_people(prefix, said):
    """A row each: what is not known is a question mark."""
    assert generations.generations(str(prefix), **PEOPLE) == 0
    sizes = [words.size(one.size) for one in inventory.read(str(prefix)).entries]
    assert said() == [
        "2 generations in {}".format(prefix),
        "generation created Python packages size bundle",
        "0001-abababab 2026-01-01T12:00:00Z {} 1 {} abababababab".format(prefix_maker.VERSION, sizes[0]),
        "0002-cdcdcdcd 2026-01-02T12:00:00Z {} 2 {} cdcdcdcdcdcd current".format(
            prefix_maker.VERSION, sizes[1]
        ),
    ]
    (prefix / "generations" / "0001-abababab" / "offkit" / "receipt.json").unlink()
    assert generations.generations(str(prefix), **PEOPLE) == 0
    row = said()[2].replace(words.size(inventory.read(str(prefix)).entries[0].size), "SIZE")
    assert row == "0001-abababab ? ? ? SIZE abababab does not start"


def test_a_prefix_without_generations(tmp_path, said):
    """Which one was looked into is said."""
    (tmp_path / "generations").mkdir()
    assert generations.generations(str(tmp_path), **PEOPLE) == 0
    assert said() == ["no generations in {}".format(tmp_path)]


def test_rollback_as_data(prefix, data):
    """What would change, what did, and that nothing had to."""
    expected = {
        "schema": "offkit/rollback-1",
        "outcome": "switch",
        "dry_run": True,
        "prefix": text(str(prefix)),
        "generation": "0001-abababab",
        "left": "0002-cdcdcdcd",
        "changes": [
            {"name": "numpy", "old": "1.20.0", "new": "1.19.5"},
            {"name": "six", "old": "1.16.0", "new": ""},
        ],
        "findings": [],
    }
    rollback.rollback(None, str(prefix), True, **DATA)
    assert data() == expected
    rollback.rollback("1", str(prefix), False, **DATA)
    assert data() == dict(expected, dry_run=False)
    assert os.readlink(str(prefix / "current")).endswith("0001-abababab")
    rollback.rollback("1", str(prefix), False, **DATA)
    assert data() == dict(expected, outcome="nothing", dry_run=False, left="0001-abababab", changes=[])


def test_rollback_for_people(prefix, said):
    """Old and new versions; or that they are the same."""
    prefix_maker.generation(prefix, 3, "ef" * 32, [("numpy", "1.20.0"), ("six", "1.16.0")])
    rollback.rollback(None, str(prefix), True, **PEOPLE)
    assert said() == [
        "would make 0002-cdcdcdcd current in {} (was 0003-efefefef)".format(prefix),
        "the same packages, in the same versions",
    ]
    os.unlink(str(prefix / "current"))
    rollback.rollback("1", str(prefix), False, **PEOPLE)
    assert said()[0][2:] == "0001-abababab is current in {}".format(prefix)
    rollback.rollback("2", str(prefix), False, **PEOPLE)
    head, *rest = said()
    assert head[2:] == "0002-cdcdcdcd is current in {} (was 0001-abababab)".format(prefix)
    assert rest == ["numpy 1.19.5 -> 1.20.0", "six (none) -> 1.16.0"]


@pytest.fixture
def system(monkeypatch):
    """What root installed for it: one RPM that goes, one that stays."""
    rpm = ledger.Rpm("libSM", "(none)", "1.2.2", "2.el7", "x86_64")
    kept = Finding("RPM003", WARNING, "libICE", "stays", (), "")
    planned = takeback.TakeBack(rpms=(rpm,), kept=(kept,))
    monkeypatch.setattr(takeback, "plan", lambda *args: planned)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    return rpm, kept


def removed(monkeypatch):
    """Instead of removing: what was asked for."""
    asked = []
    monkeypatch.setattr(removing, "apply", lambda planned, *more: asked.append(more) or planned)
    return asked


def test_uninstall_as_data(prefix, system, monkeypatch, data):
    """Every path with its kind and size, what is not ours, and what stays of the system."""
    (prefix / "notes").write_bytes(b"mine")
    planned = removing.plan(str(prefix), takeback.TakeBack())
    items = [
        {"kind": one.kind, "path": text(one.path), "size": one.size}
        for one in removing.plan(str(prefix), takeback.plan()).items
    ]
    assert len(items) >= len(planned.items)
    expected = {
        "schema": "offkit/uninstall-1",
        "outcome": "remove",
        "dry_run": True,
        "prefix": text(str(prefix)),
        "items": items,
        "foreign": [text(str(prefix / "notes"))],
        "findings": [system[1].to_json()],
    }
    assert uninstall.uninstall(str(prefix), False, False, True, **DATA) == 0
    assert data() == expected
    asked = removed(monkeypatch)
    assert uninstall.uninstall(str(prefix), True, False, False, **DATA) == 0
    assert data() == dict(expected, dry_run=False)
    (more,) = asked
    assert len(more[0]) == 8


def test_uninstall_for_people(prefix, system, monkeypatch, said):
    """What went, RPMs too, and what stays; where nobody can be asked, how it goes."""
    (prefix / "notes").write_bytes(b"mine")
    removed(monkeypatch)
    total = words.size(sum(one.size for one in removing.plan(str(prefix), takeback.plan()).items))
    assert uninstall.uninstall(str(prefix), True, False, False, **PEOPLE) == 0
    lines = said()
    assert [lines[0][2:], lines[1][2:]] == [
        "removed 2 generations from {}, {}".format(prefix, total),
        "removed 1 RPM: " + system[0].word,
    ]
    assert lines[2:4] == ["kept, not made by offkit:", str(prefix / "notes")]
    assert lines[4].endswith("RPM003 libICE: stays")
    monkeypatch.setattr(render, "can_ask", lambda: False)
    with pytest.raises(UsageError) as caught:
        uninstall.uninstall(str(prefix), False, False, False, **PEOPLE)
    assert caught.value.message == "no terminal to ask whether to remove {}".format(prefix)
    assert caught.value.fix == "add -y; --dry-run shows what would be removed"


@pytest.mark.parametrize("answer", [True, False])
def test_uninstall_that_asks(prefix, system, monkeypatch, capsys, answer):
    """The list comes before the question, but not into a document."""
    asked = removed(monkeypatch)
    questions = []
    monkeypatch.setattr(render, "can_ask", lambda: True)
    monkeypatch.setattr(render, "ask", lambda question: questions.append(question) or answer)
    code = uninstall.uninstall(str(prefix), False, False, False, **PEOPLE)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("would remove from {}, ".format(prefix))
    assert (code, len(asked)) == ((0, 1) if answer else (1, 0))
    assert ("nothing was removed" in lines) is not answer
    uninstall.uninstall(str(prefix), False, False, False, **DATA)
    found = json.loads(capsys.readouterr().out)
    assert found["outcome"] == ("remove" if answer else "kept")
    assert questions == ["Remove all this?"] * 2


HERE = host.Host(
    "x86_64", (2, 17), {"ID": "centos", "VERSION_ID": "7", "PRETTY_NAME": "CentOS 7"}, "3.10", False
)


@pytest.mark.parametrize(
    ("release", "name", "el"), [(HERE.os_release, "el7", 7), ({"ID": "debian", "NAME": "D"}, "debian", 0)]
)
def test_probe(tmp_path, monkeypatch, data, said, release, name, el):
    """The server and the Python that is asked for; on stdout or in a file, for people and as data."""
    here = HERE._replace(os_release=release)
    row = {"path": "/o/python3", "version": "3.6.8", "chosen": True, "implementation": "cpython", "bits": 64}
    facts = {"schema": probed.SCHEMA, "arch": "x86_64", "glibc": "2.17", "kernel": "3.10", "os_release": release,
             "pythons": [row]}  # fmt: skip
    asked = []
    monkeypatch.setattr(description, "describe", lambda run, python: asked.append(python) or dict(facts))
    owner = interpreter.Interpreter("/o/python3", "3.6.8", "cpython", "cp36m", 64, ("ssl", "tkinter"))
    probings = []
    monkeypatch.setattr(host, "here", lambda: here)
    monkeypatch.setattr(interpreter, "probe", lambda path, run: probings.append(path) or owner)
    goal = target.Target(name, el, "x86_64", "3.6.8", (2, 17))
    expected = dict(
        facts,
        system=here.system,
        python_path="/o/python3",
        python_abi="cp36m",
        python_lacks=["ssl", "tkinter"],
        **goal.to_json(),
    )
    probe.probe(None, None, False, **PEOPLE)
    assert data() == expected
    probe.probe(None, "/o/python3", False, **DATA)
    assert data() == expected
    path = tmp_path / "t.json"
    probe.probe(str(path), None, False, **PEOPLE)
    assert said()[0][2:] == "{}: {}".format(path, goal.describe())
    assert json.loads(path.read_text()) == expected
    assert path.read_text().startswith('{\n  "abi"')
    assert path.read_text().endswith("}\n")
    probe.probe(str(path), None, False, **DATA)
    assert data() == expected
    running = interpreter.running()
    assert probings == [running, "/o/python3", running, running]
    assert asked == ["/o/python3"] * 4


def test_the_script_of_probe(tmp_path, capsys):
    """On stdout or in a file: what describes a server that has no Python."""
    probe.probe(None, None, True, **PEOPLE)
    assert capsys.readouterr().out == description.script()
    path = tmp_path / "probe.sh"
    probe.probe(str(path), None, True, **PEOPLE)
    assert path.read_bytes().decode("ascii") == description.script()
    assert capsys.readouterr().out.rstrip().endswith("{0}: sh {0} >server.json".format(path))


def test_probe_that_cannot(tmp_path, monkeypatch):
    """A file in a directory that is not there; another C library."""
    facts = {"arch": "x86_64", "glibc": "2.17", "os_release": {"ID": "centos", "VERSION_ID": "7"}}
    monkeypatch.setattr(description, "describe", lambda run, python: dict(facts, schema=probed.SCHEMA))
    with pytest.raises(EnvironmentProblem) as caught:
        probe.probe(str(tmp_path / "none" / "t.json"), None, False, **PEOPLE)
    assert caught.value.message == "{}/none/t.json cannot be written: No such file or directory".format(
        tmp_path
    )
    with pytest.raises(UsageError, match="--python is given, but empty"):
        probe.probe(None, "", False, **PEOPLE)
    monkeypatch.setattr(host, "here", lambda: HERE._replace(glibc=None))
    with pytest.raises(EnvironmentProblem) as other:
        probe.probe(None, None, False, **PEOPLE)
    assert other.value.message == "this machine has no glibc"
    assert other.value.fix == "offkit deploys manylinux wheels, which need glibc"
