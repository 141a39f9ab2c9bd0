"""Names that stand for another project, or for what Python has itself: what to do is tried, and told alone."""

import pytest

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
