"""One tar for several servers: each installs from it what is its own, by install.sh and by offkit."""

import json
import os
import platform
import tarfile

import pytest

import pythons
import world
from conftest import run

pytestmark = pytest.mark.network

RELEASES = (("el7", "3.6"), ("el8", "3.9"), ("el9", "3.12"))
HERE = [(name, series, path) for name, series in RELEASES for path in [pythons.find(series)] if path]


@pytest.fixture(scope="module")
def together(tmp_path_factory):
    """click for all that are here; a bundle needs two of them."""
    if len(HERE) < 2:
        pytest.skip("of CPython 3.6, 3.9 and 3.12 fewer than two are on PATH or under pyenv")
    path = tmp_path_factory.mktemp("together") / "bundle for all.tar"
    words = [word for name, series, _ in HERE for word in ("--target", name + ":" + series)]
    words += [] if platform.machine() == "x86_64" else ["--arch", platform.machine()]
    done = run([world.OFFKIT, "bundle", "click==8.0.4", *words, "-o", path])
    assert done.returncode == 0, done.stderr
    assert run(["tar", "-xf", path, "-C", path.parent, "install.sh"]).returncode == 0
    return path


@pytest.mark.parametrize(("name", "series", "python"), HERE, ids=[name for name, _, _ in HERE])
def test_each_takes_its_own(together, isolated, tmp_path, name, series, python):
    """What is installed is what that target's lock has; a second time there is nothing to do."""
    prefix = tmp_path / "opt é"
    words = ["sh", together.parent / "install.sh", together, "--prefix", prefix, "--python", python]
    done = run([*isolated, *words])
    assert done.returncode == 0, done.stderr
    assert "this server takes {}\n".format(name) in done.stderr
    asked = "import click, sys; print(click.__version__, '%d.%d' % sys.version_info[:2])"
    assert run([*isolated, prefix / "current/bin/python", "-c", asked]).stdout == "8.0.4 {}\n".format(series)
    receipt = json.loads((prefix / "current/offkit/receipt.json").read_text())
    assert receipt["target"]["name"] == name
    with tarfile.open(together) as tar:
        lock = tar.extractfile("targets/{}/requirements.txt".format(name)).read().decode()
    pinned = {line.split("==")[0] for line in lock.splitlines() if "==" in line and line[0] != " "}
    installed = {one["name"].lower().replace("_", "-") for one in receipt["packages"]}
    assert installed == {one.lower().replace("_", "-") for one in pinned}
    again = run([*isolated, *words])
    assert "nothing to do" in again.stdout
    doctor = run([*isolated, prefix / "current/bin/offkit", "doctor", "--check", "packages"])
    assert doctor.returncode == 0, doctor.stdout
    answer = run(
        [*isolated, *words[:3], "--prefix", tmp_path / "p", "--python", python, "--dry-run", "--json"]
    )
    assert json.loads(answer.stdout)["target"]["name"] == name
    assert not os.path.exists(str(tmp_path / "p"))


def test_none_of_them(together, isolated, tmp_path):
    """A Python that no target has: all that are inside are named, nothing is written."""
    other = pythons.find("3.11") or pythons.find("3.10") or pythons.find("3.13")
    if other is None:
        pytest.skip("there is no other CPython here")
    words = ["--prefix", tmp_path / "p", "--python", other]
    done = run([*isolated, "sh", together.parent / "install.sh", together, *words])
    assert done.returncode == 4
    for name, series, _ in HERE:
        assert "{} (CPython {})".format(name, series) in done.stderr
    done = run([*isolated, world.OFFKIT, "install", together, *words])
    assert done.returncode == 4
    assert "none of its targets is this server" in done.stderr
    for name, _, _ in HERE:
        assert "  {}: {} is Python ".format(name, other) in done.stderr
    assert not os.path.exists(str(tmp_path / "p"))
