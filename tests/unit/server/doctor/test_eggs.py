"""What distributions without a .dist-info require: as setup.py and pip leave them, and in eggs."""

import io
import os
import subprocess
import sys
import venv
import zipfile

import pytest

from offkit.server.doctor.examine import examine
from server_maker import SITE, Server

INFO = "Metadata-Version: 1.0\nName: old\nVersion: 1.0\n"
REQUIRES = "absent>=2\npresent\n\n[:python_version < '3']\nfutures\n\n[more]\nrich\n\n[more:os_name == 'posix']\nrich2\n"
SAID = [("PKG005", "error", "old 1.0", "needs absent>=2; it is not installed")]


@pytest.fixture
def server(tmp_path):
    made = Server(tmp_path / "root")
    made.distribution("present")
    return made


def told(server, where="/opt/env"):
    found = examine(where, getattr(server, "root", "/"), checks=["packages"]).findings
    return [each[:4] for each in found if each.code in ("PKG005", "PKG009")]


def egg(**texts):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, text in texts.items():
            archive.writestr("EGG-INFO/" + name, text)
    return packed.getvalue()


def test_an_egg_info(server):
    """Markers and extras are sections."""
    server.put(SITE + "/old-1.0-py3.6.egg-info/PKG-INFO", INFO)
    assert told(server) == []
    server.put(SITE + "/old-1.0-py3.6.egg-info/requires.txt", REQUIRES)
    assert told(server) == SAID
    server.distribution("absent", "2.1")
    assert told(server) == []
    server.put(SITE + "/older.egg-info", "Name: older\nVersion: 1\n")
    assert told(server) == []


@pytest.mark.parametrize("how", ["a project", "an egg", "a packed egg"])
def test_what_a_pth_file_names(server, how):
    """And only that: eggs count when they are on the path."""
    where = {
        "a project": "/src/old",
        "an egg": SITE + "/old-1.0-py3.6.egg",
        "a packed egg": SITE + "/old.egg",
    }[how]
    inside = where + ("/old.egg-info" if how == "a project" else "/EGG-INFO")
    if how == "a packed egg":
        server.put(where, egg(**{"PKG-INFO": INFO, "requires.txt": REQUIRES}))
    else:
        server.put(inside + "/PKG-INFO", INFO)
        server.put(inside + "/requires.txt", REQUIRES)
    server.distribution("user", requires=["old"])
    assert told(server) == [("PKG005", "error", "user 1.0", "needs old; it is not installed")]
    server.put(SITE + "/easy-install.pth", where + "\n")
    assert told(server) == SAID


@pytest.mark.parametrize(
    "content", [b"", b"PK\3\4 and no more", egg(other=""), egg(**{"PKG-INFO": "Version: 1\n"})]
)
def test_packed_eggs_that_say_nothing(server, content):
    server.put(SITE + "/old.egg", content)
    server.put(SITE + "/easy-install.pth", "./old.egg\n")
    assert told(server) == []


def test_a_python_of_the_system(server):
    """What an RPM goes without is its own business; what pip had installed is not an RPM's."""
    site = "/usr/lib/python3.6/site-packages"
    server.put(site + "/old.egg-info/PKG-INFO", INFO)
    server.put(site + "/old.egg-info/requires.txt", REQUIRES)
    assert told(server, "/usr") == []
    server.put(site + "/old.egg-info/installed-files.txt", "")
    assert [message for _, _, title, message in told(server, "/usr") if title == "old 1.0"] == [
        "needs absent>=2; it is not installed",
        "needs present; it is not installed",
    ]


SETUP = """
from setuptools import setup
setup(name="old", version="1.0", py_modules=["old"], zip_safe={zip_safe},
      install_requires=["absent>=2", "futures; python_version < '3'"], extras_require={{"more": ["rich"]}})
"""


def setuptools():
    """(its version, its file), asked in another process: it changes the one that imports it."""
    ask = "import setuptools; print(setuptools.__version__); print(setuptools.__file__)"
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", ask], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    return done.stdout.decode("utf-8").splitlines() if done.returncode == 0 else ("0", "")


@pytest.mark.parametrize(
    ("words", "zip_safe"),
    [
        (["develop", "--no-deps"], False),
        (["easy_install", "--no-deps", "."], False),
        (["easy_install", "--no-deps", "."], True),
        (["install", "--single-version-externally-managed", "--record", "record.txt"], False),
    ],
    ids=["develop", "egg", "packed egg", "egg-info"],
)
def test_as_setuptools_leaves_it(tmp_path, words, zip_safe):
    """Really."""
    version, file = setuptools()
    if not 0 < int(version.partition(".")[0]) < 80:
        pytest.skip("setuptools {} has no commands of its own for that".format(version))
    where, source = str(tmp_path / "env"), tmp_path / "src"
    venv.create(where, symlinks=True)
    source.mkdir()
    (source / "setup.py").write_text(SETUP.format(zip_safe=zip_safe))
    (source / "old.py").write_text("x = 1\n")
    path = os.path.dirname(os.path.dirname(os.path.abspath(file)))
    # Debian's setuptools works with Debian's distutils alone, which is the one of its standard library.
    distutils = "stdlib" if sys.version_info < (3, 12) else "local"
    done = subprocess.run(
        [where + "/bin/python", "setup.py", *words],
        cwd=str(source),
        env=dict(os.environ, PYTHONPATH=path, SETUPTOOLS_USE_DISTUTILS=distutils),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    assert done.returncode == 0, done.stdout
    subprocess.check_call([where + "/bin/python", "-c", "import old"], cwd="/")
    assert told(None, where) == SAID, sys.version
