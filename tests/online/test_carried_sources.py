"""Sources that are carried: resolved with the rest, packed with what builds them, told; or refused."""

import hashlib
import io
import json
import os
import platform
import sys
import tarfile

import pytest

import bundle_maker
import project_maker
import sdist_maker
from offkit.edges import releases
from offkit.model import layout, question, sources
from offkit.model.errors import RequestError, UsageError
from offkit.model.report import Reporter
from offkit.model.target import preset
from offkit.online import bundle
from offkit.online.carry import to_compile
from offkit.online.request.locked import Lock, Request
from offkit.online.wheels import store
from offkit.server.bundle import bundle_file
from offkit.server.python import answers

SERIES = "{}.{}".format(*sys.version_info[:2])
TARGET = preset(releases.known(), SERIES)._replace(arch=platform.machine())


@pytest.fixture
def index(mirror, monkeypatch):
    """An index that has what builds, pip, and a pure package; offkit's own runtime is not the matter."""
    monkeypatch.setattr(bundle, "_runtime", lambda session: ())
    monkeypatch.setattr(bundle.runtime, "build", lambda paths, cache: b"pyz")
    server = mirror("alpha")
    server.put(*sdist_maker.backend())
    server.put(*bundle_maker.pip_wheel())
    return server


def order(tmp_path, index, *requirements, carry=(), files=(), target=TARGET):
    request = Request(requirements, files, tuple(index.args), ())
    return bundle.Order(request, target, tmp_path / "b.tar", tmp_path / "cache", carry=carry)


def packed(tmp_path, index, *requirements, **more):
    done = bundle.bundle(order(tmp_path, index, *requirements, **more), Reporter())
    return done, bundle_file.read_manifest(str(tmp_path / "b.tar"))


def refused(tmp_path, index, *requirements, **more):
    with pytest.raises(RequestError) as caught:
        bundle.plan(order(tmp_path, index, *requirements, **more), Reporter())
    return caught.value


def test_in_the_bundle(tmp_path, index):
    """The source instead of a wheel that fits, by its own hash; what builds it; a lock for that; and what it
    requires is there. The same bytes again the next time."""
    name, data = sdist_maker.sdist("answer", requires=["alpha"])
    index.put(name, data)
    index.put(*bundle_maker.wheel("answer", "1.0"))
    index.put(*sdist_maker.sdist("answer", "0.9"))
    done, opened = packed(tmp_path, index, "answer", carry=("Answer",))
    paths = [one.path for one in opened.manifest.members]
    assert [path for path in paths if path.startswith((layout.SOURCES, layout.BUILD_WHEELS))] == [
        "build-wheels/gccback-1.0-py3-none-any.whl",
        "sources/answer-1.0.build.txt",
        "sources/answer-1.0.tar.gz",
    ]
    assert (
        sorted(path for path in paths if path.startswith("wheels/"))[0] == "wheels/alpha-1-py3-none-any.whl"
    )
    assert not [path for path in paths if path.startswith("wheels/answer")]
    assert opened.read("sources/answer-1.0.tar.gz") == data
    locked = opened.read(layout.REQUIREMENTS).decode()
    sha256 = next(one.sha256 for one in opened.manifest.members if one.path == "sources/answer-1.0.tar.gz")
    assert f"answer==1.0 \\\n    --hash=sha256:{sha256}" in locked
    assert "alpha==1" in locked
    assert b"gccback==1.0" in opened.read("sources/answer-1.0.build.txt")
    (told,) = sources.from_options(opened.manifest.options)
    assert (told.describe(), told.programs, told.headers) == ("answer 1.0", ("gcc",), ())
    assert told.rpms[0] == "gcc"
    assert [one.code for one in done.findings] == ["REQ023"]
    assert done.findings[0].message.startswith("is compiled on the server: needs gcc")
    assert "its build backend under CPython" in done.findings[0].message
    assert [one.passed for one in done.proofs if one.kind == "closure"] == [True]
    assert [wheel.name for wheel in done.lock.wheels] == ["alpha"]
    first = (tmp_path / "b.tar").read_bytes()
    packed(tmp_path, index, "answer", carry=("answer",))
    assert (tmp_path / "b.tar").read_bytes() == first


def test_what_its_build_depends_on(tmp_path, index):
    """The server compiles it: its Python is asked what the build requirements and what they need in turn were
    asked here, and is told where it answers differently."""
    last = f"python_full_version >= '{SERIES}.98'"
    first = f"python_full_version <= '{SERIES}.98'"
    index.put(*bundle_maker.wheel("late", "1.0", requires=[f"alpha ; {last}"], python=f"!={SERIES}.97"))
    index.put(*sdist_maker.sdist("answer", builders=["gccback", f"late ; {first}", f"alpha ; {last}"]))
    _, opened = packed(tmp_path, index, "answer", carry=("answer",))
    asked = question.from_options(opened.manifest.options)
    assert [(one.who, one.needs, one.answer, one.vital) for one in asked] == [
        ("late 1.0, which builds answer 1.0,", "", True, True),
        ("late 1.0, which builds answer 1.0,", "alpha", False, True),
        ("the build of answer 1.0", "alpha", False, True),
        ("the build of answer 1.0", "late", True, False),
    ]
    told = answers.differing("/usr/bin/python3", f"{SERIES}.99", TARGET, asked, "5.14.0")
    assert [one.severity for one in told] == ["error", "error", "warning"]
    assert "there the build of answer 1.0 needs alpha" in told[1].message
    assert answers.differing("/usr/bin/python3", f"{SERIES}.96", TARGET, asked, "5.14.0") == []


def test_without_sources_nothing_is_different(tmp_path, index):
    """Neither members nor options."""
    _, opened = packed(tmp_path, index, "alpha")
    assert "sources" not in opened.manifest.options
    assert not [one for one in opened.manifest.members if "alpha" not in one.path and "source" in one.path]


def test_needed_by_another(tmp_path, index):
    """Nobody asked for it by its name; the request's own words choose the version."""
    index.put(*sdist_maker.sdist("answer", "1.0"))
    index.put(*sdist_maker.sdist("answer", "2.0"))
    index.put(*bundle_maker.wheel("beta", "1.0", requires=["answer"]))
    limits = tmp_path / "limits.txt"
    limits.write_text("answer<2\n")
    wanted = order(tmp_path, index, "beta", carry=("answer",))
    wanted = wanted._replace(request=wanted.request._replace(constraints=(limits,)))
    assert [one.source.version for one in bundle.plan(wanted, Reporter()).sources] == ["1.0"]


def test_what_it_stands_in_for_builds_nothing(tmp_path, index):
    """Who is built here with the project that is carried as source, is built with the wheel of an index: a
    stand-in has no code."""
    index.put(*sdist_maker.sdist("answer", "2.0"))
    older, data = bundle_maker.wheel("answer", "1.0", {"answer.py": b"VALUE = 42"})
    index.put(older, data)
    first = "import answer; assert answer.VALUE == 42"
    index.put(*project_maker.sdist("app", build_requires=["answer"], first=first, requires=["answer"]))
    wanted = order(tmp_path, index, "app", carry=("answer",))
    wanted = wanted._replace(request=wanted.request._replace(build=("app",)))
    planned = bundle.plan(wanted, Reporter())
    assert [one.version for one in planned.files() if one.name == "answer"] == ["2.0"]
    assert [f"{pin.name} {pin.version}" for pin in planned.lock.built[0].requires] == ["answer 1.0"]


def test_before_it_is_packed(tmp_path, index):
    """A plan has the sources' own files, and the sizes are those of what is packed, with what builds them."""
    name, data = sdist_maker.sdist("answer", requires=["alpha"])
    index.put(name, data)
    wanted = order(tmp_path, index, "answer", carry=("answer",))
    planned = bundle.plan(wanted, Reporter())
    assert [one.filename for one in planned.files()] == ["alpha-1-py3-none-any.whl", name]
    weights = bundle.weigh(planned, wanted, Reporter())
    others = ["alpha-1-py3-none-any.whl", planned.pip.filename, sdist_maker.backend()[0]]
    assert [one.filename for one in weights.files] == others
    assert weights.size() - weights.own == len(data) + sum(len(index.files[one]) for one in others)


def test_what_nothing_needs(tmp_path, index):
    index.put(*sdist_maker.sdist("answer"))
    with pytest.raises(UsageError) as caught:
        bundle.plan(order(tmp_path, index, "alpha", carry=("answer",)), Reporter())
    assert caught.value.message == "--carry-source answer: nothing that is packed needs answer"


def test_all_that_cannot_be_carried(tmp_path, index):
    """No source; a build requirement that is nowhere; a backend that fails; Rust. In one run."""
    index.put(*bundle_maker.wheel("wheelonly", "1.0"))
    for name, backend in (("lost", "no-such-backend"), ("rusty", "maturin>=1"), ("falls", "")):
        stem = name + "-1.0"
        files = {
            stem + "/PKG-INFO": f"Metadata-Version: 2.2\nName: {name}\nVersion: 1.0\n",
            stem + "/pyproject.toml": f'[build-system]\nrequires = ["{backend}"]\nbuild-backend = "x"\n'
            if backend
            else '[build-system]\nrequires = []\nbuild-backend = "back"\nbackend-path = ["."]\n',
            stem + "/back.py": "raise OSError('mysql_config: not found')\n",
        }
        if name == "falls":
            files[stem + "/PKG-INFO"] = files[stem + "/PKG-INFO"].replace("2.2", "2.1")
        index.put(stem + ".tar.gz", sdist_maker.packed(files))
    names = ("wheelonly", "lost", "rusty", "falls")
    error = refused(tmp_path, index, *names, carry=names)
    said = {one.subject: one.message for one in error.findings if one.code == "REQ024"}
    assert set(said) == set(names)
    assert said["wheelonly"].startswith("no source distribution for Python")
    assert "what builds it cannot be had" in said["lost"]
    assert said["rusty"] == (
        "rusty-1.0.tar.gz is built with Rust (maturin), whose crates come from a network"
    )
    assert "falls-1.0.tar.gz: " in said["falls"]
    assert error.exit_code == 1


def test_a_program_that_this_machine_lacks(tmp_path, index, monkeypatch):
    """It is this machine that reads what a source requires; with the program, it is carried."""
    text = (
        "import shutil\nif not shutil.which('offkit_test_config'):\n"
        "    raise OSError('offkit_test_config not found')\nfrom gccback import *\n"
    )
    name, data = sdist_maker.sdist("answer", static=False)
    stem = name[: -len(".tar.gz")]
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        files = {one.name: tar.extractfile(one).read().decode() for one in tar if one.isfile()}
    files[f"{stem}/back.py"] = text
    files[f"{stem}/pyproject.toml"] = (
        '[build-system]\nrequires = ["gccback"]\nbuild-backend = "back"\nbackend-path = ["."]\n'
    )
    index.put(name, sdist_maker.packed(files))
    (found,) = refused(tmp_path, index, "answer", carry=("answer",)).findings
    assert found.code == "REQ024"
    assert found.message.endswith(
        "it needs the program offkit_test_config, of a -devel package; this machine lacks it, "
        "where the source is asked what it requires"
    )
    assert found.fix == (
        "install the program offkit_test_config, of a -devel package on this machine; "
        "the server needs it too, to compile"
    )
    program = tmp_path / "bin" / "offkit_test_config"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent), prepend=os.pathsep)
    planned = bundle.plan(order(tmp_path, index, "answer", carry=("answer",)), Reporter())
    assert [one.source.name for one in planned.sources] == ["answer"]


def test_static_metadata_where_the_backend_cannot_be_asked(tmp_path, index):
    """PKG-INFO says what it requires for good (PEP 643); who said so is told."""
    files = {
        "calm-1.0/PKG-INFO": "Metadata-Version: 2.2\nName: calm\nVersion: 1.0\nRequires-Dist: alpha\n",
        "calm-1.0/pyproject.toml": '[build-system]\nrequires = ["gccback"]\nbuild-backend = "nowhere"\n',
        "calm-1.0/src/calm.cpp": "",
        "calm-1.0/tests/other.cpp": "",
    }
    index.put("calm-1.0.tar.gz", sdist_maker.packed(files))
    planned = bundle.plan(order(tmp_path, index, "calm", carry=("calm",)), Reporter())
    (one,) = planned.sources
    assert (one.how, one.cxx) == ("PKG-INFO", True)
    assert [wheel.name for wheel in planned.lock.wheels] == ["alpha", "calm"]


def test_what_is_known_of_a_project(tmp_path, index):
    """Counts before what lies in its tree: uwsgi has plugins in C++, and builds none of them. What older tools
    wrote is read as it was meant."""
    files = {
        "uwsgi-1.0/PKG-INFO": "Metadata-Version: 2.2\nName: uwsgi\nVersion: 1.0\n"
        "Requires-Python: >=3.5.*\nRequires-Dist: alpha (>dev)\n",
        "uwsgi-1.0/pyproject.toml": '[build-system]\nrequires = ["gccback"]\nbuild-backend = "nowhere"\n',
        "uwsgi-1.0/plugins/x.cc": "",
    }
    index.put("uwsgi-1.0.tar.gz", sdist_maker.packed(files))
    planned = bundle.plan(order(tmp_path, index, "uwsgi", carry=("uwsgi",)), Reporter())
    (one,) = planned.sources
    assert not one.cxx
    text = store.metadata(store.find(tmp_path / "cache", one.stand_in.sha256, one.stand_in.filename)).decode()
    assert "Requires-Dist: alpha (>=0)\n" in text
    assert "Requires-Python: >=3.5\n" in text
    assert [wheel.name for wheel in planned.lock.wheels] == ["alpha", "uwsgi"]


@pytest.mark.parametrize("form", ["2.1", "2.2"])
def test_build_requirements_that_mean_nothing(tmp_path, index, form):
    """Are the fault of the sources, whether or not PKG-INFO would do."""
    files = {
        "calm-1.0/PKG-INFO": f"Metadata-Version: {form}\nName: calm\nVersion: 1.0\n",
        "calm-1.0/pyproject.toml": '[build-system]\nrequires = ["no such !!"]\nbuild-backend = "nowhere"\n',
    }
    index.put("calm-1.0.tar.gz", sdist_maker.packed(files))
    (found,) = refused(tmp_path, index, "calm", carry=("calm",)).findings
    assert (found.code, found.subject) == ("REQ024", "calm")
    assert found.message.startswith("calm-1.0.tar.gz: its build requirements cannot be ")


@pytest.mark.parametrize(
    ("name", "version"), [("other", "1.0"), ("calm", "2.0"), ("calm", "../1"), ("a/b", "1.0")]
)
def test_sources_of_something_else(tmp_path, index, name, version):
    """What they say of themselves is no name of a file until it is what the index says."""
    files = {
        "calm-1.0/PKG-INFO": f"Metadata-Version: 2.2\nName: {name}\nVersion: {version}\n",
        "calm-1.0/pyproject.toml": '[build-system]\nrequires = ["gccback"]\nbuild-backend = "nowhere"\n',
    }
    index.put("calm-1.0.tar.gz", sdist_maker.packed(files))
    (found,) = refused(tmp_path, index, "calm", carry=("calm",)).findings
    assert (found.code, found.subject) == ("REQ024", "calm")
    assert found.message == f"calm-1.0.tar.gz: says of itself that it is {name} {version}"
    assert not list((tmp_path / "cache").rglob("*999999999*"))


@pytest.mark.parametrize(
    ("name", "series", "el", "rpms"),
    [
        ("psycopg2", "3.6", "el7", ("gcc", "python3-devel", "postgresql-devel")),
        ("psycopg2", "3.6", "el8", ("gcc", "python36-devel", "libpq-devel")),
        ("mysqlclient", "3.12", "el9", ("gcc", "python3.12-devel", "mariadb-connector-c-devel")),
        ("psutil", "3.9", "el9", ("gcc", "python3-devel")),
        ("psutil", "3.10", "el9", ("gcc",)),
        ("pillow", "3.9", "openeuler22.03", ("gcc", "python3-devel", "libjpeg-turbo-devel", "zlib-devel")),
        ("mysqlclient", "3.7", "kylin10", ("gcc", "python3-devel", "mariadb-connector-c-devel")),
        ("python-ldap", "3.7", "amazon2", ("gcc", "python3-devel", "openldap-devel")),
        ("psycopg2", "3.9", "openeuler22.03", ("gcc", "python3-devel")),
    ],
)
def test_what_it_will_need(tmp_path, name, series, el, rpms):
    """By the tables: the package of that release with compiler, Python's headers, and a library's."""
    target = preset(releases.known(), series, el)
    one = to_compile.ToCompile(name, "1", tmp_path / (name + "-1.tar.gz"), Lock(target, ()), (), False, "x")
    assert to_compile.described(one, target, False).rpms == rpms
    assert to_compile.described(one._replace(cxx=True), target, True).rpms[:2] == ("gcc", "gcc-c++")


def test_a_rehearsal_without_a_compiler(tmp_path, monkeypatch):
    """Says what was not tried, and why."""
    one = to_compile.ToCompile("a", "1", tmp_path, Lock(TARGET, ()), (), True, "x")
    monkeypatch.setattr(to_compile.shutil, "which", lambda name: None)
    assert to_compile.unable([one]) == "gcc and g++ missing here, so the sources were not compiled"
    assert (
        to_compile.unable([one._replace(cxx=False)]) == "gcc missing here, so the sources were not compiled"
    )
    assert to_compile.unable([]) == ""


def test_as_it_is_typed(tmp_path, index, typed):
    """The checklist that people read, and the document; not without asking an index."""
    index.put(*sdist_maker.sdist("answer"))
    words = ["bundle", "answer", "--carry-source", "answer", "--python", SERIES, "-o", tmp_path / "b.tar"]
    code, out, _ = typed(*words, *index.args)
    assert code == 0
    assert "  carries the source of answer 1.0, to be compiled on the server; needs gcc" in out
    code, out, _ = typed(*words, *index.args, "--json")
    assert [one["name"] for one in json.loads(out)["sources"]] == ["answer"]
    index.put(*project_maker.sdist("pure", build_requires=["gccback"]))
    assert typed(*words, "pure", "--build", "pure", *index.args)[0] == 0
    rows = [line.split() for line in typed("inspect", tmp_path / "b.tar")[1].splitlines()]
    first, second = (number for number, row in enumerate(rows) if row[:2] == ["built", "with"])
    assert rows[first] == rows[second] == ["built", "with", "gccback", "1.0"]
    assert rows[first - 1][:3] == ["built", "pure", "1.0"]
    assert rows[second - 1][:4] == ["carries", "the", "source", "of"]
    code, _, err = typed(*words, "--offline")
    assert (code, "--carry-source asks an index" in err) == (2, True)


def tree(where, name="answer", requires=("alpha",)):
    """A directory with C code, and the same backend in it, which makes an sdist too."""
    filename, data = sdist_maker.sdist(name, requires=requires)
    with tarfile.open(fileobj=io.BytesIO(data)) as packed:
        packed.extractall(where.parent)
    (where.parent / filename.removesuffix(".tar.gz")).rename(where)
    (where / "pyproject.toml").write_text(
        '[build-system]\nrequires = ["gccback"]\nbuild-backend = "own"\nbackend-path = ["."]\n'
    )
    (where / "own.py").write_text(OWN)
    return where


OWN = """from gccback import *
import os, tarfile

def build_sdist(directory, config_settings=None):
    with tarfile.open(os.path.join(directory, "answer-1.0.tar.gz"), "w:gz") as made:
        for name in os.listdir("."):
            if os.path.isfile(name):
                made.add(name, "answer-1.0/" + name)
    return "answer-1.0.tar.gz"
"""


def test_ones_own_project(tmp_path, index, monkeypatch):
    """A directory by its path or its name, as a word, in a file or with -e; nothing of it is compiled here,
    and a namesake on the index is left alone. The same bytes each time, wherever it is."""
    index.put(*sdist_maker.sdist("answer", version="2.0"))
    index.put(*sdist_maker.sdist("answer"))
    monkeypatch.chdir(tmp_path)
    own = tree(tmp_path / "own one")
    lines = tmp_path / "r.txt"
    lines.write_text("-e './own one'\n")
    seen = set()
    for requirements, files, word in [
        ((str(own),), (), "./own one"),
        ((str(own),), (), "Answer"),
        ((f"answer @ {own.as_uri()}",), (), "answer"),
        ((f"-e {own.as_uri()}",), (), str(own)),
        ((), (lines,), "own one"),
    ]:
        done, _ = packed(tmp_path, index, *requirements, files=files, carry=(word,))
        assert [(one.name, one.version) for one in done.sources] == [("answer", "1.0")]
        assert [(one.name, one.via) for one in done.lock.wheels] == [("alpha", ("answer",))]
        seen.add(hashlib.sha256((tmp_path / "b.tar").read_bytes()).hexdigest())
        assert str(tmp_path).encode() not in (tmp_path / "b.tar").read_bytes()
    assert len(seen) == 1
    assert sorted(path.name for path in own.iterdir()) == sorted(
        ["PKG-INFO", "answer.c", "own.py", "project.json", "pyproject.toml"]
    )
    with pytest.raises(UsageError, match="no requirement is that directory"):
        bundle.plan(order(tmp_path, index, "alpha", carry=("./own one",)), Reporter())


def test_ones_own_sdist(tmp_path, index):
    """As a file of this machine, and by its URL."""
    name, data = sdist_maker.sdist("answer", requires=["alpha"])
    (tmp_path / name).write_bytes(data)
    url = f"answer @ {index.url}/files/{index.put('answer-1.0.tar.gz', data)}"
    for requirement, word in [(str(tmp_path / name), str(tmp_path / name)), (url, "answer")]:
        done, opened = packed(tmp_path, index, requirement, carry=(word,))
        (one,) = done.sources
        member = next(each for each in opened.manifest.members if each.path == one.member)
        assert member.sha256 == hashlib.sha256(data).hexdigest()


def test_a_lock_with_the_hash_of_the_source(tmp_path, index):
    """Holds for the source; hashes of other files only are refused for what they are."""
    name, data = sdist_maker.sdist("answer", requires=["alpha"])
    index.put(name, data)
    pins = {"alpha": hashlib.sha256(index.files["alpha-1-py3-none-any.whl"]).hexdigest()}
    file = tmp_path / "lock.txt"

    def locked(sha256):
        text = "".join(f"{each}==1 --hash=sha256:{pins[each]}\n" for each in pins)
        file.write_text(text + f"answer==1.0 --hash=sha256:{sha256}\n")
        return order(tmp_path, index, files=(file,), carry=("answer",))

    planned = bundle.plan(locked(hashlib.sha256(data).hexdigest()), Reporter())
    assert [one.source.filename for one in planned.sources] == ["answer-1.0.tar.gz"]
    with pytest.raises(RequestError) as caught:
        bundle.plan(locked("0" * 64), Reporter())
    (finding,) = caught.value.findings
    assert (finding.code, finding.fix) == ("REQ024", "give the hash of its source too, or none")
    assert "and the request allows other files only" in finding.message


@pytest.mark.parametrize(
    ("line", "version"), [("answer (==1.0)", "1.0"), ("answer~=1.0", "1.5"), ("answer>=1.0", "2.0")]
)
def test_what_the_others_require_of_it(tmp_path, index, line, version):
    """The newest source that the whole request allows, whoever says it."""
    for each in ("1.0", "1.5", "2.0"):
        index.put(*sdist_maker.sdist("answer", each, requires=["alpha"]))
    index.put(*bundle_maker.wheel("beta", "1.0", requires=[line]))
    planned = bundle.plan(order(tmp_path, index, "beta", "answer", carry=("answer",)), Reporter())
    assert [(one.source.name, one.source.version) for one in planned.sources] == [("answer", version)]


def test_what_it_requires_itself(tmp_path, index):
    """A newer source that does not go with the request is passed over, as another wheel would be; so is one
    that does not go with another that is carried."""
    index.put(*bundle_maker.wheel("alpha", "2"))
    index.put(*sdist_maker.sdist("answer", "1.0", requires=["alpha<2"]))
    index.put(*sdist_maker.sdist("answer", "2.0", requires=["alpha>=2"]))
    index.put(*sdist_maker.sdist("other", "1.0", requires=["answer"]))
    index.put(*sdist_maker.sdist("other", "2.0", requires=["answer", "alpha>2"]))
    planned = bundle.plan(order(tmp_path, index, "alpha==1", "other", carry=("other", "answer")), Reporter())
    assert [f"{one.source.name} {one.source.version}" for one in planned.sources] == [
        "other 1.0",
        "answer 1.0",
    ]


def test_what_ones_own_project_requires_of_it(tmp_path, index):
    """The project is carried too, and nothing of it is built to choose the other."""
    for each in ("1.0", "2.0"):
        index.put(*sdist_maker.sdist("other", each))
    own = tree(tmp_path / "own", requires=["other<2"])
    planned = bundle.plan(order(tmp_path, index, str(own), carry=("other", "answer")), Reporter())
    assert [f"{one.source.name} {one.source.version}" for one in planned.sources] == [
        "answer 1.0",
        "other 1.0",
    ]


@pytest.mark.parametrize("asked", ["answer==2.0", "answer"])
def test_who_requires_different_ones(tmp_path, index, asked):
    """Is a conflict, and no reason to carry what is carried already."""
    for each in ("1.0", "2.0"):
        index.put(*sdist_maker.sdist("answer", each))
    index.put(*bundle_maker.wheel("beta", "1.0", requires=["answer==1.0"]))
    index.put(*bundle_maker.wheel("gamma", "1.0", requires=["answer==2.0"]))
    (found,) = refused(tmp_path, index, "beta", "gamma", asked, carry=("answer",)).findings
    assert found.code == "REQ005"
    assert "beta 1.0 needs answer==1.0" in found.looked_in
    assert "--carry-source" not in found.fix


def test_a_source_of_a_lock_that_another_requires(tmp_path, index, typed):
    """The cure that a lock prints is what a bundle does."""
    for each in ("1.0", "2.0"):
        index.put(*sdist_maker.sdist("answer", each))
    index.put(*bundle_maker.wheel("beta", "1.0", requires=["answer~=1.0"]))
    words = ["beta", "--python", SERIES, *index.args]
    code, _, err = typed("lock", *words)
    assert (code, "--carry-source answer carries it" in err) == (1, True)
    out = str(tmp_path / "b.tar")
    assert typed("bundle", *words, "--carry-source", "answer", "-o", out, "--dry-run")[0] == 0
