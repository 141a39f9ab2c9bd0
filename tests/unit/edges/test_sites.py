"""Where packages lie, on Pythons of distributions that have places of their own for them."""

import os
import sys

import pytest

import offkit
import python_maker
from offkit.edges import sites
from offkit.edges.run import run
from offkit.server.python import interpreter
from pythons import find

NAME = "python{}.{}".format(*sys.version_info[:2])
TOOLKIT = os.path.dirname(os.path.dirname(offkit.__file__))
OURS = "import sys; sys.path.append({!r})\nfrom offkit.edges import sites\nprint(*sites.on_path(), sep='\\n')".format(
    TOOLKIT
)
THEIRS = "import sys\nprint(*[path for path in sys.path if path.endswith('-packages')], sep='\\n')"


@pytest.mark.parametrize("kind", sorted(python_maker.SCHEMES))
def test_an_environment_of_each_kind(tmp_path, kind):
    """Started as offkit is (-I -S), it finds the directories that the environment itself imports from."""
    python = python_maker.make(tmp_path / "base", kind)
    inside = python_maker.environment(python, tmp_path / "environment")
    theirs = python_maker.ask(inside, THEIRS, "-I")
    assert theirs == [str(tmp_path / "environment" / "lib" / NAME / "site-packages")]
    assert python_maker.ask(inside, OURS, "-I", "-S") == theirs
    assert python_maker.ask(inside, OURS, "-I") == theirs
    assert sites.below(str(tmp_path / "environment")) == theirs


def test_the_kinds_differ(tmp_path):
    """What the altered Pythons have by default is indeed another place than an environment's."""
    question = "import sysconfig; print(sysconfig.get_path('purelib', vars={'base': '/e', 'platbase': '/e'}))"
    answers = {}
    for kind in python_maker.SCHEMES:
        python = python_maker.make(tmp_path / kind, kind)
        (answers[kind],) = python_maker.ask(python, question, "-I", "-S")
    del answers["plain"]  # which is not so plain where Debian's own Python runs the tests
    assert "/e/lib/{}/site-packages".format(NAME) not in answers.values()


@pytest.mark.parametrize("kind", sorted(python_maker.SCHEMES))
def test_an_interpreter_of_each_kind(tmp_path, kind):
    """Outside of environments those that it imports from, and where its packages would go, as far as
    they are there."""
    python = python_maker.make(tmp_path / "base", kind)
    (default,) = python_maker.ask(
        python, "import sysconfig; print(sysconfig.get_path('purelib'))", "-I", "-S"
    )
    if default.startswith(str(tmp_path)):
        os.makedirs(default, exist_ok=True)
    theirs = python_maker.ask(python, THEIRS, "-I")
    places = theirs + [default] * (default not in theirs and os.path.isdir(default))
    assert python_maker.ask(python, OURS, "-I", "-S") == places


@pytest.mark.skipif(
    find("3.11") != "/usr/bin/python3.11" and not os.path.exists("/usr/lib/python3.11/venv"),
    reason="Debian's own python3.11 with python3-venv is not here",
)
def test_debians_own_python(tmp_path):
    """Debian's posix_local, as Debian 12 has it."""
    inside = python_maker.environment("/usr/bin/python3.11", tmp_path / "environment")
    theirs = python_maker.ask(inside, THEIRS, "-I")
    assert theirs == [str(tmp_path / "environment" / "lib" / "python3.11" / "site-packages")]
    assert python_maker.ask(inside, OURS, "-I", "-S") == theirs
    system = python_maker.ask("/usr/bin/python3.11", THEIRS, "-I")
    assert set(system) <= set(python_maker.ask("/usr/bin/python3.11", OURS, "-I", "-S"))


def test_lib64_that_is_a_link(tmp_path):
    """As EL's and Fedora's environments have it: the directory is there once."""
    place = tmp_path / "lib" / NAME / "site-packages"
    place.mkdir(parents=True)
    (tmp_path / "lib64").symlink_to("lib")
    assert sites.below(str(tmp_path)) == [str(place)]
    (tmp_path / "lib64").unlink()
    other = tmp_path / "lib64" / NAME / "site-packages"
    other.mkdir(parents=True)
    (tmp_path / "lib" / "pkgconfig" / "site-packages").mkdir(parents=True)
    assert sites.below(str(tmp_path)) == [str(place), str(other)]
    assert sites.below(str(tmp_path / "nowhere")) == []


def test_a_link_from_another_prefix(tmp_path):
    """/usr/bin/python3.11, a link to a compiled Python beside a standard library that is not its own:
    the environment is made with the Python that it leads to, and starts."""
    real = python_maker.make(tmp_path / "compiled")
    strange = python_maker.make(tmp_path / "usr", without=("lib-dynload", "zipfile.py", "zipfile"))
    os.unlink(strange)
    os.symlink(real, strange)
    found = interpreter.probe(strange, run)
    assert found == interpreter.probe(real, run)
    assert (found.path, found.missing) == (real, ())
    inside = python_maker.environment(found.path, tmp_path / "environment")
    (prefix,) = python_maker.ask(inside, "import sys, zipfile; print(sys.base_prefix)", "-I")
    assert prefix == str(tmp_path / "compiled")
    if sys.version_info >= (3, 11):  # getpath.py; before, the link was followed first
        wrong = python_maker.environment(strange, tmp_path / "wrong")
        (prefix,) = python_maker.ask(wrong, "import sys; print(sys.base_prefix)", "-I")
        assert prefix == str(tmp_path / "usr")


def test_a_link_within_its_prefix_stays(tmp_path):
    """python3 is called by the name that says its version, and a prefix that is a link by its own name."""
    real = python_maker.make(tmp_path / "python-3.x")
    (tmp_path / "current").symlink_to("python-3.x")
    os.symlink(NAME, str(tmp_path / "python-3.x" / "bin" / "python3"))
    found = interpreter.probe(str(tmp_path / "current" / "bin" / "python3"), run)
    assert found.path == str(tmp_path / "current" / "bin" / NAME)
    assert os.path.samefile(found.path, real)


@pytest.mark.parametrize("below", ["bin", ""])
@pytest.mark.parametrize(
    ("known", "scheme"),
    [
        (("posix_prefix", "venv", "rpm_prefix"), "venv"),
        (("posix_prefix", "rpm_prefix"), "rpm_prefix"),
        (("posix_home", "posix_prefix"), "posix_prefix"),
    ],
)
def test_the_layout_of_an_environment(tmp_path, monkeypatch, known, scheme, below):
    """By the first name that this Python knows it by, below the directory with pyvenv.cfg; what is there
    of it, each once."""
    python = os.path.join(str(tmp_path), below, "python")
    (tmp_path / "pyvenv.cfg").write_text("")
    for name in ("purelib", "platlib"):
        (tmp_path / name).mkdir()
    asked = []

    def path(kind, scheme, variables):
        asked.append((scheme, variables))
        return os.path.join(variables["base"], kind)

    monkeypatch.setattr(sites.sysconfig, "get_scheme_names", lambda: known)
    monkeypatch.setattr(sites.sysconfig, "get_path", path)
    top = str(tmp_path)
    assert sites.on_path(python) == [top + "/purelib", top + "/platlib"]
    assert asked == [(scheme, {"base": top, "platbase": top, "installed_base": top})] * 2
    (tmp_path / "platlib").rmdir()
    assert sites.on_path(python) == [top + "/purelib"]
    monkeypatch.setattr(sites.sys, "executable", python)
    assert sites.on_path() == [top + "/purelib"]
    monkeypatch.setattr(sites.sysconfig, "get_path", lambda *args: top)
    assert sites.on_path(python) == [top]


def test_the_running_interpreters_own(tmp_path, monkeypatch):
    """Where it imports from comes first, then where its packages would go; each once, if it is there."""
    for name in ("a", "purelib", "platlib"):
        (tmp_path / name).mkdir()
    top = str(tmp_path)
    monkeypatch.setattr(sites.site, "getsitepackages", lambda: [top + "/a", top + "/none", top + "/a"])
    monkeypatch.setattr(sites.sysconfig, "get_path", lambda kind: os.path.join(top, kind))
    outside = os.path.join(top, "elsewhere", "bin", "python")
    assert sites.on_path(outside) == [top + "/a", top + "/purelib", top + "/platlib"]


def test_an_environment_in_an_environment(tmp_path, monkeypatch):
    """The directory above is asked first, as site does it."""
    for place in (tmp_path, tmp_path / "bin"):
        place.mkdir(exist_ok=True)
        (place / "pyvenv.cfg").write_text("")
    (tmp_path / "purelib").mkdir()
    (tmp_path / "bin" / "purelib").mkdir()
    monkeypatch.setattr(sites.sysconfig, "get_path", lambda kind, scheme, where: where["base"] + "/purelib")
    assert sites.on_path(str(tmp_path / "bin" / "python")) == [str(tmp_path / "purelib")]
