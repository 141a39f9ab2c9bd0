"""What packages want when they run, before the gap: by a probe, by what every server has, or not known; and the
RPMs that bring it are carried."""

import json
import os

import jsonschema
import pytest

import distribution_maker as maker
import server_maker
from distribution_maker import Made
from offkit.edges import data, releases
from offkit.edges import needs as table
from offkit.model import requirement, things
from offkit.model.checklist import Checklist, Library
from offkit.model.finding import Finding
from offkit.model.report import Reporter
from offkit.online import bundle
from offkit.online.bundle import Order
from offkit.online.carry import rpms
from offkit.online.proof import needs
from offkit.online.request.locked import LockedWheel, Request
from offkit.online.rpms.places import Fetching
from offkit.online.rpms.server import Server
from offkit.server.doctor import forecast
from target_maker import preset

SCHEMA = json.loads(data.read_text("repo-config/needs.schema.json"))
TABLE = json.loads(data.read_text(things.TABLE))
ROWS = table.known().needs


def locked(*pins):
    rows = [pin.split("==") for pin in pins]
    return [
        LockedWheel(name, version, f"{name}-{version}-py3-none-any.whl", "", "", ("the request",), (), "")
        for name, version in rows
    ]


def told(found):
    return [(one.code, one.severity, one.subject) for one in found]


def server(*titles, level="", **provides):
    packages = dict.fromkeys(titles, ())
    packages.update({title: tuple(given) for title, given in provides.items()})
    return Server(packages, {}, (), (), (), "", level)


def test_the_table_is_what_the_schema_says():
    """And the schema what its own rules say; no thing that nobody wants, no row twice."""
    jsonschema.Draft7Validator.check_schema(SCHEMA)
    jsonschema.validate(TABLE, SCHEMA)
    assert {row["needs"] for row in TABLE["needs"]} == set(TABLE["things"])
    rows = [(row["package"], row["needs"], row.get("versions")) for row in TABLE["needs"]]
    assert len(set(rows)) == len(rows)
    assert rows == sorted(rows, key=lambda row: row[:2])


@pytest.mark.parametrize(
    "change", [{"source": ""}, {"package": "Big_Name"}, {"versions": "2"}, {"why": "a key that nobody reads"}]
)
def test_what_the_schema_refuses(change):
    """Rows without a source, with names as nobody looks them up, with what is no specifier."""
    row = dict(TABLE["needs"][0], **change)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(dict(TABLE, needs=[row]), SCHEMA)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.package} {row.thing.name}")
def test_each_row_can_be_read(row):
    """Its specifiers, and the names of releases and families."""
    assert row.package == requirement.normalize(row.package)
    requirement.parse("it " + row.versions)
    known = {one.name for one in releases.known().all}
    known |= {name.rstrip("0123456789.") for name in known}
    assert {*row.thing.rpms, *row.thing.elsewhere} - known - {""} == set()
    assert row.thing.kind != things.DRIVER or set(row.thing.elsewhere) == {""}


@pytest.mark.parametrize(
    ("name", "pin", "target", "probed", "expected"),
    [
        ("every server has it", "python-magic==0.4.27", "el9", None, []),
        ("not every one", "pyodbc==5.1.0", "el9", None, [("NEED003", "warning", "odbc-driver")]),
        ("no disc", "pydub==0.25.1", "el9", None, [("NEED002", "warning", "ffmpeg")]),
        ("no disc, and a server that may have it", "pydub==0.25.1", "el9", server("bash-5-1.x86_64"), [("NEED002", "info", "ffmpeg")]),
        ("git", "gitpython==3.1.40", "el9", None, [("NEED002", "warning", "git")]),
        ("git, which the server has", "gitpython==3.1.40", "el9", server("git-core-2-1.x86_64", "git-2-1.x86_64"), []),
        ("git, which it has not", "gitpython==3.1.40", "el9", server("bash-5-1.x86_64"), [("NEED002", "warning", "git")]),
        ("nobody knows", "gitpython==3.1.40", "kylin10", None, [("NEED002", "info", "git")]),
        ("a library by another package", "cairosvg==2.7.1", "el9",
         server("dejavu-sans-fonts-1-1.noarch", **{"cairo-compat-1-1.x86_64": ["libcairo.so.2()(64bit)"]}), []),
        ("a driver", "nvidia-ml-py==12.0", "el9", None, [("NEED007", "warning", "libnvidia-ml.so.1")]),
        ("another version", "urllib3==1.26.18", "el7", None, []),
        ("OpenSSL of the release", "urllib3==2.0.7", "el7", None, [("NEED005", "warning", "OpenSSL")]),
        ("a newer one", "urllib3==2.0.7", "el8", None, []),
        ("SQLite of the release", "chromadb==0.4.24", "el9", None, [("NEED005", "warning", "SQLite")]),
        ("a newer one of that", "chromadb==0.4.24", "el10", None, []),
        ("a processor", "polars==1.0", "el9", server("bash-5-1.x86_64", level="x86-64-v2"), [("NEED006", "warning", "avx2")]),
        ("what older ones may have", "tensorflow==2.6.0", "el9", server("bash-5-1.x86_64", level="x86-64-v2"), [("NEED006", "info", "avx")]),
        ("a newer one that has them", "polars==1.0", "el9", server("bash-5-1.x86_64", level="x86-64-v3"), []),
    ],
)  # fmt: skip
def test_what_a_target_lacks(name, pin, target, probed, expected):
    """By what is known of it."""
    found = needs.survey(locked(pin), preset("3.9", target), probed, False)
    assert told(found.findings(())) == expected


def test_word_for_word():
    """What is wrong, and what to do on either side."""
    survey = needs.survey(locked("gitpython==3.1.40"), preset("3.9", "el9"), None, False)
    assert survey.rpms == ("git",)
    message = "is not on every el9; without it gitpython 3.1.40 cannot be imported"
    fix = "on the server: yum install git\nor have it carried: --iso FILE or --rpm-repo URL"
    assert survey.findings(()) == [Finding("NEED002", "warning", "git", message, (), fix)]
    brought = "nothing: git comes with the bundle"
    assert survey.findings(("git-2.43.5-1.el9.x86_64",)) == [
        Finding("NEED002", "info", "git", message, (), brought)
    ]


@pytest.mark.parametrize("name", [one.name for one in releases.known().all])
def test_there_is_always_something_to_do(name):
    """Also where no package and no place is known."""
    pins = [f"{row.package}=={version}" for version in ("1.0", "99") for row in ROWS]
    for wheels in (locked(*pins[: len(ROWS)]), locked(*pins[len(ROWS) :])):
        found = needs.survey(wheels, preset("3.9", name), None, False).findings(())
        assert len(found) > 50
        assert [each for each in found if not each.fix] == []


def test_a_python_of_the_bundle_has_what_is_pythons_own():
    """OpenSSL, SQLite, tkinter."""
    pins = locked("urllib3==2.0.7", "chromadb==0.4.24", "customtkinter==5.2.2")
    of = preset("3.9", "el7")
    assert told(needs.survey(pins, of, None, False).findings(())) == [
        ("NEED005", "warning", "SQLite"),
        ("NEED004", "info", "tkinter"),
        ("NEED005", "warning", "OpenSSL"),
    ]
    assert needs.survey(pins, of, None, True).findings(()) == []


def test_nothing_is_said_twice():
    """That urllib3 2 fails with that OpenSSL is said by the lock."""
    survey = needs.survey(locked("urllib3==2.0.7"), preset("3.9", "el7"), None, False)
    assert survey.findings((), [Finding("REQ021", "warning", "urllib3", "cannot be imported")]) == []


def test_tkinter_of_the_releases_own_python():
    """The package that the release has for it."""
    survey = needs.survey(locked("customtkinter==5.2.2"), preset("3.9", "el9"), None, False)
    assert survey.rpms == ("python3-tkinter",)


CUDA = Library("libcuda.so.1", (), ("torch: a.so",), "", False)


def test_a_library_of_a_driver_is_told_by_its_reason():
    """libcuda.so.1, unless the server has it."""
    wanted = Checklist((CUDA, Library("libX11.so.6", (), ("torch: a.so",), "", False)))
    (found,) = needs.drivers(wanted, None)
    assert (found.code, found.severity, found.subject) == ("NEED007", "info", "libcuda.so.1")
    assert found.message == "is needed by torch: a.so"
    assert "the NVIDIA driver" in found.fix
    assert "on no ISO" in found.fix
    assert needs.drivers(wanted, server(**{"nvidia-libs-1-1.x86_64": ["libcuda.so.1()(64bit)"]})) == []


@pytest.mark.skipif(bool(maker.lacking()), reason="no " + ", ".join(maker.lacking()))
@pytest.mark.parametrize("has", [False, True])
def test_a_library_of_a_driver_refuses_no_bundle(has, tmp_path):
    """And is carried where a repository has it all the same, as NVIDIA's own."""
    pytest.importorskip("solv", reason="no offkit[rpm] here")
    packages = [Made("libplain", provides=["libplain.so.1()(64bit)"])]
    packages += [Made("nvidia", provides=["libcuda.so.1()(64bit)"])] if has else []
    files = maker.build(packages, tmp_path / "rpms")
    (more,) = rpms.more([str(maker.repository(tmp_path / "place", files.values(), ""))], (), [None], False)
    more = more._replace(fetching=Fetching(lambda: pytest.fail("asks a server"), tmp_path))
    wanted = Checklist((CUDA, CUDA._replace(soname="libplain.so.1")))
    chosen = rpms.choose((), wanted, preset("3.9", "el9"), (), more, Reporter())
    assert [title.split("-")[0] for title in chosen.titles] == ["libplain", *(["nvidia"] if has else [])]
    assert [one.code for one in chosen.findings if one.code != "RPM002"] == []


@pytest.fixture
def order(mirror, tmp_path, monkeypatch):
    """Make a bundle of GitPython, as an index has it."""
    server = mirror(metadata=True)
    server.add("GitPython", "3.1.40")
    server.add("pip", "21.3.1")
    monkeypatch.setattr(bundle, "_runtime", lambda session: ())
    monkeypatch.setattr(bundle.runtime, "build", lambda paths, cache: b"pyz")
    monkeypatch.setattr(bundle.bootstrap, "script", lambda *given: b"#!/bin/sh\n")
    monkeypatch.setattr(bundle.bootstrap, "seal", lambda contents, offset, digest: contents)

    def make(*places):
        (more,) = rpms.more([str(place) for place in places], (), [None], False)
        request = Request(("gitpython",), (), tuple(server.args))
        target, out = preset("3.9", "el9"), tmp_path / "b.tar"
        return bundle.bundle(Order(request, target, out, tmp_path / "cache", more=more), Reporter())

    return make


def of_needs(found):
    return [one for one in found if one.code.startswith("NEED")]


def test_a_bundle_says_what_it_will_want(order, tmp_path):
    """And so does the doctor of it, beyond the gap: of a server without git, and not of one with it."""
    done = order()
    assert told(of_needs(done.findings)) == [("NEED002", "warning", "git")]
    server = server_maker.Server(tmp_path / "root")
    server.put("/etc/os-release", 'ID="rocky"\nVERSION_ID="9.3"\n')
    found = forecast.of_bundle(str(done.packed.path), server.root)
    (lost,) = of_needs(found.findings)
    assert (lost.code, lost.severity, lost.subject) == ("NEED002", "error", "git")
    assert lost.message == "is not on PATH; without it gitpython 3.1.40 cannot be imported"
    assert lost.fix == found.install_line == "yum --disablerepo='*' --enablerepo='offkit-*' install git"
    server.put("/usr/bin/git", "")
    os.chmod(server.host("/usr/bin/git"), 0o755)
    assert of_needs(forecast.of_bundle(str(done.packed.path), server.root).findings) == []


@pytest.mark.skipif(bool(maker.lacking()), reason="no " + ", ".join(maker.lacking()))
@pytest.mark.parametrize("name", ["git", "other"])
def test_the_rpm_is_carried_where_a_repository_has_it(name, order, tmp_path):
    """With what it requires; then nothing is left to do. Where none has it, nothing stops."""
    pytest.importorskip("solv", reason="no offkit[rpm] here")
    packages = [Made(name, requires=["git-core"]), Made("git-core")]
    files = maker.build(packages, tmp_path / "rpms")
    done = order(maker.repository(tmp_path / "place", files.values(), ""))
    (found,) = of_needs(done.findings)
    if name == "git":
        assert done.rpms.titles == ("git-1-1.x86_64", "git-core-1-1.x86_64")
        assert (found.severity, found.fix) == ("info", "nothing: git comes with the bundle")
        server = server_maker.Server(tmp_path / "root")
        server.put("/etc/os-release", 'ID="rocky"\nVERSION_ID="9.3"\n')
        there = forecast.of_bundle(str(done.packed.path), server.root)
        (found,) = of_needs(there.findings)
        assert (found.severity, found.fix) == ("info", "nothing: git comes with the bundle")
        assert there.rpms == ()
    else:
        assert done.rpms.titles == ()
        assert found.severity == "warning"


def test_what_few_use_is_told_and_not_carried():
    """A TeX for one format of nbconvert is none that somebody wants unasked."""
    survey = needs.survey(locked("nbconvert==7.16.0"), preset("3.9", "el9"), None, False)
    assert told(survey.findings(())) == [("NEED002", "info", "pandoc"), ("NEED002", "info", "xelatex")]
    assert survey.rpms == ()
