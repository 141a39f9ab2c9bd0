"""Names that stand for another project, or for what Python has itself: what to do is tried, and told alone."""

import importlib
import io
import tarfile
import zipfile

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version
from pip._internal.network.lazy_wheel import LazyZipOverHTTP
from pip._internal.network.session import PipSession

from offkit.model.errors import RequestError
from offkit.model.report import Reporter
from offkit.online.reasons import names
from offkit.online.request.locked import Request
from offkit.online.resolve.lock import Session
from target_maker import preset

EL7 = preset("3.6")


def fixes(server, *requirements, target=EL7):
    with Session(target, server.args, Reporter()) as session, pytest.raises(RequestError) as caught:
        session.lock(Request(requirements, ()))
    return {one.subject: one.fix for one in caught.value.findings}


def test_what_is_meant_is_named(mirror):
    """Whether the name is no project's, or that of a package that does nothing; it was tried with the rest."""
    server = mirror("alpha")
    server.put("sklearn-0.0.tar.gz")
    server.add("scikit_learn", "1", requires=["alpha"])
    server.add("pillow")
    assert fixes(server, "sklearn==0.0", "PIL", "alpha") == {
        "sklearn": "ask for scikit-learn in the place of sklearn: the whole request resolves with it",
        "pil": "ask for pillow in the place of pil: the whole request resolves with it",
    }
    with Session(EL7, server.args, Reporter()) as session:
        assert len(session.lock(Request(("scikit-learn", "pillow", "alpha"), ())).wheels) == 3


def test_what_is_not_to_be_had_either_is_not_named(mirror):
    """There is what there was to say before."""
    server = mirror("alpha")
    server.put("sklearn-0.0.tar.gz")
    server.add("scikit_learn", "1", requires=["nobody"])
    found = fixes(server, "sklearn", "alpha")
    assert found["sklearn"].startswith("--build sklearn builds it here")


def test_what_python_has_is_deleted(mirror):
    """Of a list of pip freeze; what else is wrong stays wrong, and is told without it."""
    server = mirror("alpha")
    server.put("wsgiref-0.1.2.zip")
    server.put("typing-3.7.4.tar.gz")
    told = "delete the line: Python has {} itself since {}; the rest resolves without it"
    assert fixes(server, "wsgiref==0.1.2", "typing", "alpha") == {
        "wsgiref": told.format("wsgiref", "2.5"),
        "typing": told.format("typing", "3.5"),
    }
    assert fixes(server, "wsgiref==0.1.2") == {"wsgiref": told.format("wsgiref", "2.5")}
    server.add("omega", "1", tag="cp36-cp36m-manylinux2014_x86_64")
    server.add("omega", "2", tag="cp39-cp39-manylinux2014_x86_64")
    found = fixes(server, "wsgiref==0.1.2", "omega>=2", "nobody")
    assert found["wsgiref"].endswith("2.5; everything but nobody, omega resolves without it")
    assert found["omega"].startswith("use omega==1: everything but nobody, wsgiref resolves with it")


def test_what_has_a_module_of_its_own(mirror):
    """Code that imports that will want the other one."""
    server = mirror("alpha")
    server.put("unittest2-1.1.0.tar.gz")
    assert fixes(server, "unittest2", "alpha") == {
        "unittest2": "delete the line, and import unittest in the place of unittest2: "
        "Python has unittest itself since 2.7; the rest resolves without it"
    }


def test_which_project_has_a_module():
    """Not by a name that is a project's and no module's, and none that is not known."""
    found = {
        name: names.having(name) for name in ("yaml", "Crypto", "pycrypto", "enum34", "distutils", "nobody")
    }
    assert found == {
        "yaml": "pyyaml", "Crypto": "pycryptodome", "pycrypto": "", "enum34": "", "distutils": "setuptools", "nobody": "",
    }  # fmt: skip
    assert names.of("distutils", EL7) is None


def test_only_the_user_can_delete_a_line(mirror):
    """What a package needs stays needed."""
    server = mirror()
    server.add("alpha", requires=["enum34"])
    server.put("enum34-1.1.tar.gz")
    assert fixes(server, "alpha")["enum34"].startswith("--build enum34 builds it here")


def test_since_when():
    """It is no backport's affair where Python has not got it yet."""
    assert names.of("dataclasses", EL7) is None
    assert names.of("dataclasses", preset("3.9")).instead == "dataclasses"
    assert names.of("bs4", EL7) is None


ROWS = list(names._rows().values())


def test_what_python_has():
    """Is where the table says."""
    for row in ROWS:
        if row.kind == names.BACKPORT:
            module, _, what = row.instead.partition(".")
            try:
                found = importlib.import_module(row.instead)
            except ImportError:
                found = getattr(importlib.import_module(module), what)
            assert found is not None


def modules(line, session):
    """All that may be a module in a newest file of a project that a requirement allows, a wheel if there is one:
    of a wheel the first parts of its paths, of sources any part."""
    wanted = Requirement(line)
    page = session.get(
        f"https://pypi.org/simple/{wanted.name}/", headers={"Accept": "application/vnd.pypi.simple.v1+json"}
    ).json()
    files = {one["filename"]: one["url"] for one in page["files"]}
    wheels = [
        (Version(name.split("-")[1]), name)
        for name in files
        if name.endswith(".whl") and name.split("-")[1] in wanted.specifier
    ]
    sources = [name for name in files if name.endswith((".tar.gz", ".zip"))]
    if wheels:
        with zipfile.ZipFile(LazyZipOverHTTP(files[max(wheels)[1]], session, 1 << 16)) as wheel:
            parts = [path.partition("/")[0] for path in wheel.namelist()]
    else:
        body = io.BytesIO(session.get(files[sources[-1]]).content)
        if sources[-1].endswith(".zip"):
            paths = zipfile.ZipFile(body).namelist()
        else:
            with tarfile.open(fileobj=body) as tar:
                paths = tar.getnames()
        parts = [part for path in paths for part in path.split("/")]
    return {part.partition(".")[0] for part in parts}


@pytest.mark.network
def test_the_table_on_the_real_index():
    """A renamed project has the module that it is asked for by, a backport is one of the module that Python has, and
    who has a module has it."""
    wrong = []
    with PipSession() as session:
        session.headers["Accept-Encoding"] = "identity"
        known = {
            line: modules(line, session)
            for line in sorted({row.instead for row in ROWS if row.kind != names.BACKPORT})
        }
        for row in ROWS:
            own = {"asyncio": "asyncio<4"}.get(row.name, row.name)  # 4.0 is empty, and says so
            found = modules(own, session) if row.kind == names.BACKPORT else known[row.instead]
            if row.kind == names.BACKPORT:
                there = (row.module or row.instead.partition(".")[0]) in found
            elif row.kind == names.MODULE:
                there = {"distutils": "_distutils_hack"}.get(row.name, row.name) in found
            else:
                there = row.module in found if row.module else row.name in map(canonicalize_name, found)
            wrong += [] if there else [(row.name, sorted(found)[:20])]
    assert wrong == []
    assert len(ROWS) > 40
