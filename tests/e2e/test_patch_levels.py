"""A server whose Python is older, within its series, than the one that a bundle was made for."""

import json
import platform

import pytest

import pythons
import world
from conftest import run

pytestmark = pytest.mark.network


@pytest.fixture
def installed(server, isolated, tmp_path):
    """The target's version, and what install.sh says of a bundle for it, by the requirements."""
    path, _ = server
    series, _, patch = pythons.version(path).rpartition(".")
    newer = "{}.{}".format(series, int(patch) + 1)
    arch = [] if platform.machine() == "x86_64" else ["--arch", platform.machine()]

    def install(*requirements):
        release = "el7" if series == "3.6" else "el9"
        words = ["--python", newer, "--target", release, *arch, "-o", tmp_path / "bundle.tar"]
        made = run([world.OFFKIT, "bundle", *(each.format(newer) for each in requirements), *words])
        assert made.returncode == 0, made.stderr
        assert run(["tar", "-xf", tmp_path / "bundle.tar", "-C", tmp_path, "install.sh"]).returncode == 0
        script = ["sh", tmp_path / "install.sh", tmp_path / "bundle.tar", "--prefix", tmp_path / "prefix"]
        return run([*isolated, *script, "--python", path])

    return newer, install


def test_the_same_packages_would_have_been_chosen(installed, tmp_path):
    """It installs, and nothing is said of the difference."""
    newer, install = installed
    done = install("click==8.0.4")
    assert done.returncode == 0, done.stderr
    assert "PY013" not in done.stderr
    receipt = json.loads((tmp_path / "prefix/current/offkit/receipt.json").read_text())
    assert receipt["target"]["python"] == newer


def test_a_package_that_this_one_needs_and_the_bundle_does_not_have(installed, tmp_path):
    """PY013 names it, and nothing is installed."""
    _, install = installed
    done = install("click==8.0.4", "idna==3.4; python_full_version < '{}'")
    assert done.returncode == 4, done.stderr
    assert "PY013" in done.stderr
    assert "idna" in done.stderr
    assert not (tmp_path / "prefix").exists()
