"""Whether a described server will have the Python that a bundle is for, said before the bundle leaves."""

import json

import pytest

from offkit.online.proof import python_there
from offkit.online.rpms import server as servers
from target_maker import preset

ABI = {"implementation": "cpython", "bits": 64}
OWN = {"path": "/usr/libexec/platform-python", "version": "3.6.8", **ABI}
NEWER = {"path": "/usr/bin/python3.9", "version": "3.9.2", **ABI}
SUITABLE = {"path": "/usr/bin/python3.6", "version": "3.6.8", **ABI}
DEBUG = {**SUITABLE, "soabi": "cpython-36dm-x86_64-linux-gnu"}
RPMS = ("platform-python-3.6.8-1.el8.x86_64", "python36-1:3.6.8-2.module+el8.x86_64")
WAYS = (
    "add it to the bundle: --iso FILE or --rpm-repo URL, --python-build FILE or --python-source FILE; or give "
    "its disc on the server: sh install.sh bundle.tar --iso FILE"
)


def said(tmp_path, carried=False, titles=(), target="el8", python="3.6", **facts):
    path = tmp_path / "server.json"
    path.write_text(json.dumps({"schema": "offkit/target-2", **facts}))
    return python_there.findings(preset(python, target), servers.read(path), carried, titles)


@pytest.mark.parametrize(
    ("pythons", "words"),
    [
        ([], "has no Python at all"),
        ([OWN], "has no Python at all"),
        ([NEWER, OWN], "has Python 3.9 only"),
        ([DEBUG], "has no Python at all"),
    ],
)
def test_there_is_none(tmp_path, pythons, words):
    (found,) = said(tmp_path, pythons=pythons)
    assert (found.code, found.severity, found.subject) == ("PY036", "warning", "Python 3.6")
    assert found.message == f"the server {words} by its description, and the bundle brings none"
    assert found.fix == WAYS
    # No package of the library of another Python is one.
    assert said(tmp_path, pythons=pythons, titles=("python36-devel-3.6.8-2.el8.x86_64", RPMS[0])) == [found]


def test_there_will_be_one(tmp_path):
    """It is there, or comes along: as a build, a source or RPMs. Where nobody has looked nothing is said."""
    assert said(tmp_path, pythons=[NEWER, SUITABLE]) == []
    assert said(tmp_path, pythons=[], carried=True) == []
    assert said(tmp_path, pythons=[], titles=RPMS) == []
    assert said(tmp_path) == []
    assert python_there.findings(preset("3.6", "el8"), None, False, ()) == []


@pytest.mark.parametrize(
    ("python", "state", "words"),
    [
        (
            "3.6",
            {"name": "python36", "state": "disabled", "stream": ""},
            "it has the module python36 disabled, so dnf hides the package python36",
        ),
        (
            "3.8",
            {"name": "python38", "state": "enabled", "stream": "3.8-beta"},
            "it has python38:3.8-beta enabled, so dnf hides the package python38",
        ),
    ],
)
def test_a_module_hides_its_package(tmp_path, python, state, words):
    """The state that the probe has seen is named, and what undoes it there."""
    (found,) = said(tmp_path, python=python, pythons=[OWN], modules=[state])
    assert found.message.endswith("the bundle brings none; " + words)
    assert found.fix == (
        "on the server: dnf module reset {}, then 'offkit probe' again; or without that package: "
        "add it to the bundle: --python-build FILE or --python-source FILE"
    ).format(state["name"])
    (other,) = said(
        tmp_path, python=python, pythons=[OWN], modules=[dict(state, state="enabled", stream=python)]
    )
    assert other.fix == WAYS


def test_one_that_no_disc_has(tmp_path):
    (found,) = said(tmp_path, python="3.13", pythons=[OWN])
    assert found.fix == "add it to the bundle: --python-build FILE or --python-source FILE"
