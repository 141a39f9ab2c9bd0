"""Variables that change what Python and the loader load: the doctor's word, and what really happens."""

import os
import subprocess
import sys
import sysconfig
import venv

import pytest

from elf_maker import build
from offkit.edges.tree import Tree
from offkit.server.doctor import variables
from offkit.server.doctor.examine import examine
from offkit.server.environment import environment
from pythons import find
from server_maker import SITE, Server

SERIES = "python{}.{}".format(*sys.version_info[:2])
OTHER = "3.11" if sys.version_info[:2] == (3, 6) else "3.6"
EVERYBODY = "/etc/profile.d/app.sh"


@pytest.fixture(scope="module")
def real(tmp_path_factory):
    """A virtual environment of the Python that runs the tests."""
    where = str(tmp_path_factory.mktemp("real") / "env")
    venv.create(where, symlinks=True, with_pip=False)
    return where


def starts(where, code="pass", **given):
    done = subprocess.run(
        [where + "/bin/python", "-c", code], env=given, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    return done.returncode == 0, done.stdout.decode("utf-8", "replace")


def said(where, **given):
    tree = Tree("/")
    env = environment.locate(tree, where)[0]
    found = variables.inspect(tree, env, given)
    return [
        (each.code, each.severity, each.subject, each.message)
        for each in found
        if not each.looked_in[:1] or not each.looked_in[0].startswith("/etc/")
    ]


def played(server):
    """Of a root that somebody has made: only what its files set."""
    found = examine("/opt/env", server.root).findings
    return [each for each in found if each.code in ("ENV014", "ENV015", "ENV016")]


@pytest.fixture
def server(tmp_path):
    return Server(tmp_path / "root")


def test_without_any_of_them(real):
    assert starts(real)[0]
    assert said(real) == []


def test_a_python_home_without_that_library(real):
    """D10: Python does not start; the doctor, which looks at no variable itself, says why."""
    assert not starts(real, PYTHONHOME="/nonexistent")[0]
    ((code, severity, subject, message),) = said(real, PYTHONHOME="/nonexistent")
    assert (code, severity, subject) == ("ENV014", "error", "PYTHONHOME")
    assert message.startswith("is /nonexistent, where Python ")
    assert message.endswith("has no standard library: it does not start")


def test_a_python_home_that_is_its_own(real):
    """It starts and finds the packages of its environment; only others are in danger."""
    home = sysconfig.get_config_var("prefix")
    assert starts(real, "import json", PYTHONHOME=home)[0]
    assert [each[:3] for each in said(real, PYTHONHOME=home)] == [("ENV014", "info", "PYTHONHOME")]


def test_a_python_home_that_is_another_of_the_series(real, tmp_path):
    """Its library is taken: here a copy by links."""
    library = tmp_path / "lib" / SERIES
    library.mkdir(parents=True)
    for name in os.listdir(os.path.dirname(os.__file__)):
        (library / name).symlink_to(os.path.join(os.path.dirname(os.__file__), name))
    told, out = starts(real, "import os; print(os.__file__)", PYTHONHOME=str(tmp_path))
    assert told
    assert out.startswith(str(library))
    ((_, severity, _, message),) = said(real, PYTHONHOME=str(tmp_path))
    assert severity == "warning"
    assert "is taken from there" in message


@pytest.mark.skipif(find(OTHER) is None, reason="no CPython " + OTHER)
def test_a_python_path_with_the_library_of_another_python(real):
    """D10: 3.6 does not start with that of 3.11; the other way round nothing can be imported that wants re."""
    other = subprocess.check_output(
        [find(OTHER), "-I", "-c", "import os; print(os.path.dirname(os.__file__))"]
    )
    other = other.decode("utf-8").strip()
    assert not starts(real, "import re", PYTHONPATH=other)[0]
    ((code, severity, subject, message),) = said(real, PYTHONPATH=other)
    assert (code, severity, subject) == ("ENV015", "error", "PYTHONPATH")
    assert other in message


def test_a_python_path_before_the_standard_library(real, tmp_path):
    (tmp_path / "enum.py").write_text("import nothing_of_that_name")
    assert not starts(real, "import re", PYTHONPATH=str(tmp_path))[0]
    ((code, severity, _, message),) = said(real, PYTHONPATH=str(tmp_path))
    assert (code, severity) == ("ENV015", "warning")
    assert message == "puts {} before Python's own: what imports enum gets another module".format(
        tmp_path / "enum.py"
    )


def test_a_python_path_before_what_is_installed(real, tmp_path):
    site = os.path.join(real, "lib", SERIES, "site-packages")
    for place in (site, str(tmp_path)):
        os.makedirs(place + "/apart_package")
        with open(place + "/apart_package/__init__.py", "w") as out:
            out.write("")
    _, out = starts(real, "import apart_package as a; print(a.__file__)", PYTHONPATH=str(tmp_path))
    assert out.startswith(str(tmp_path))
    ((code, severity, _, message),) = said(real, PYTHONPATH=str(tmp_path))
    assert (code, severity) == ("ENV015", "warning")
    assert message == "puts {}/apart_package before what is installed in {}".format(tmp_path, real)
    # A directory that is no package gives way.
    os.unlink(str(tmp_path / "apart_package" / "__init__.py"))
    _, out = starts(real, "import apart_package as a; print(a.__file__)", PYTHONPATH=str(tmp_path))
    assert out.startswith(site)
    assert [each[1] for each in said(real, PYTHONPATH=str(tmp_path))] == ["info"]


@pytest.mark.parametrize(
    ("value", "severity", "words"),
    [
        ("/nonexistent/a", "warning", "names /nonexistent/a, which is not there"),
        ("lib", "info", "has the entry 'lib'"),
        ("/var/empty/x:", "warning", "names /var/empty/x, which is not there"),
    ],
)
def test_a_python_path_that_leads_nowhere_or_anywhere(real, value, severity, words):
    """What is not there does nothing; an empty entry is the directory where Python is started."""
    assert starts(real, PYTHONPATH=value)[0]
    found = said(real, PYTHONPATH=value)
    assert found[0][:3] == ("ENV015", severity, "PYTHONPATH")
    assert found[0][3].startswith(words)
    assert [each[3].startswith("has the entry ''") for each in found[1:]] == [True] * value.endswith(":")


def test_a_python_path_that_names_what_counts_anyway(real):
    site = os.path.join(real, "lib", SERIES, "site-packages")
    assert said(real, PYTHONPATH=site + ":" + os.path.dirname(os.__file__)) == []


def test_a_python_path_with_the_packages_of_another_python(server):
    server.put(EVERYBODY, "export PYTHONPATH=/usr/lib64/python2.7/site-packages\n")
    server.directory("/usr/lib64/python2.7/site-packages/six")
    (found,) = played(server)
    assert (found.code, found.severity) == ("ENV015", "warning")
    assert "the packages of Python 2.7" in found.message


def test_what_the_loader_is_told_and_is_not_there(real):
    ok, out = starts(real, LD_AUDIT="/nonexistent/a.so")
    assert ok
    assert "/nonexistent/a.so" in out
    assert [each[:3] for each in said(real, LD_AUDIT="/nonexistent/a.so")] == [
        ("ENV016", "warning", "LD_AUDIT")
    ]
    assert said(real, LD_AUDIT="$ORIGIN/a.so") == []  # which ld.so works out


def test_a_start_file_that_is_not_there(real):
    assert [each[:3] for each in said(real, PYTHONSTARTUP="/nonexistent")] == [
        ("ENV016", "info", "PYTHONSTARTUP")
    ]
    assert said(real, PYTHONSTARTUP=__file__) == []


@pytest.mark.parametrize(
    ("path", "line", "place"),
    [
        ("/etc/environment", "PYTHONHOME=/opt/old", "/etc/environment:1"),
        ("/etc/profile", "export PYTHONHOME=/opt/old", "/etc/profile:1"),
        (EVERYBODY, "# ours\nif true; then export 'PYTHONHOME=/opt/old'; fi", EVERYBODY + ":2"),
        (EVERYBODY, "PYTHONHOME=/opt/old\nexport PYTHONHOME", EVERYBODY + ":1"),
        (EVERYBODY, "declare -x A=1 PYTHONHOME=/opt/old", EVERYBODY + ":1"),
    ],
)
def test_what_is_set_for_everybody(server, path, line, place):
    """By the text of the files, which are not run: never an error, and with its line."""
    server.put(path, line + "\n")
    (found,) = played(server)
    assert (found.code, found.severity, found.subject) == ("ENV014", "warning", "PYTHONHOME")
    assert found.message.endswith("(set in {})".format(place))
    assert found.fix == "take it out of {}; this shell: unset PYTHONHOME".format(path)


def test_the_file_that_a_variable_here_is_from(server):
    """Then it is certain, and unset alone would not last; another value is somebody else's."""
    server.put(EVERYBODY, "export PYTHONHOME=/opt/old\nexport PYTHONPATH=/opt/gone:$PYTHONPATH\n")
    server.put("/etc/environment", "LD_PRELOAD=/opt/a.so\n")
    tree = Tree(server.root)
    env = environment.locate(tree, "/opt/env")[0]
    given = {"PYTHONHOME": "/opt/old", "PYTHONPATH": "/opt/gone:/opt/env", "LD_PRELOAD": "/opt/a.so"}
    home, path = variables.inspect(tree, env, given)[:2]
    assert (home.code, home.severity) == ("ENV014", "error")
    assert home.message.endswith("it does not start (set in {}:1)".format(EVERYBODY))
    assert home.fix == "take it out of {}; this shell: unset PYTHONHOME".format(EVERYBODY)
    assert path.message == "names /opt/gone, which is not there (set in {}:2)".format(EVERYBODY)
    found = variables.inspect(tree, env, dict(given, PYTHONHOME="/opt/mine", PYTHONPATH="/opt/also"))
    assert [each.message.endswith(")") for each in found] == [False, False]
    assert {each.subject for each in found} == {"PYTHONHOME", "PYTHONPATH"}


@pytest.mark.parametrize(
    "text",
    [
        "PYTHONHOME=/opt/old python3 x.py\n",  # for that command alone
        "PYTHONHOME=/opt/old\n",  # a variable of the shell, which nothing inherits
        "export PYTHONHOME=/opt/old\nunset PYTHONHOME\n",
        "# export PYTHONHOME=/opt/old\n",
        "echo export PYTHONHOME=/opt/old\n",
        "export PYTHONHOME=$HOME/python\n",  # what only a shell could work out
        "export PYTHONHOME=`pwd`\n",
        "export PYTHONHOME=\n",
        "echo 'begun\nexport A=1\nhere'\n",
        "export PYTHONPATH=$PYTHONPATH\n",
    ],
)
def test_what_is_not_set_for_everybody(server, text):
    server.put(EVERYBODY, text)
    assert played(server) == []


@pytest.mark.parametrize(
    "value", ["/opt/a:$PYTHONPATH", "/opt/a${PYTHONPATH:+:$PYTHONPATH}", "$HOME/x:/opt/a", '"/opt/a"']
)
def test_a_path_that_is_put_before_what_it_was(server, value):
    server.put(EVERYBODY, "export PYTHONPATH={}\n".format(value))
    (found,) = played(server)
    assert found.message == "names /opt/a, which is not there (set in {}:1)".format(EVERYBODY)


def test_libraries_for_everybody(server):
    """What is found without the variable, and in its directory too: another library for those who log in."""
    server.put(EVERYBODY, "export LD_LIBRARY_PATH=/opt/db/lib:$LD_LIBRARY_PATH\n")
    server.put("/opt/db/lib/libother.so.1", build(soname="libother.so.1"))
    server.module("a", needed=["libc.so.6"])
    assert played(server) == []
    server.put("/opt/db/lib/libc.so.6", build(soname="libc.so.6"))
    (found,) = played(server)
    assert (found.code, found.severity, found.subject) == ("ENV016", "warning", "LD_LIBRARY_PATH")
    assert (
        found.message
        == "puts /opt/db/lib/libc.so.6 before what is found here without it (set in {}:1)".format(EVERYBODY)
    )
    assert found.looked_in == (EVERYBODY + ":1", "/opt/db/lib/libc.so.6 instead of /usr/lib64/libc.so.6")


def test_a_library_for_everybody_that_is_not_there(server):
    server.put("/etc/environment", 'LD_PRELOAD="/opt/a.so /opt/b.so"\n')
    server.put("/opt/a.so", build())
    (found,) = played(server)
    assert found.message == (
        "names /opt/b.so, which is not there: each program that starts says so on its standard error "
        "(set in /etc/environment:1)"
    )


def test_the_package_that_is_for_an_older_python(server):
    """enum34 in site-packages does no harm until somebody names that directory."""
    server.put("/usr/lib64/python3.6/enum.py", "")
    server.put(SITE + "/enum/__init__.py", "")
    assert played(server) == []
    server.put("/etc/environment", "PYTHONPATH={}\n".format(SITE))
    (found,) = played(server)
    assert found.severity == "warning"
    assert found.message.startswith("puts {}/enum before Python's own".format(SITE))
