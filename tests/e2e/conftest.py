"""One real bundle for the run, a server's Python, and a way to run things without a network."""

import os
import subprocess
import sys

import pytest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import world


def run(argv, **more):
    """Run to the end; both streams as text."""
    return subprocess.run(
        [str(word) for word in argv],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", check=False, **more,
    )  # fmt: skip


def listing(folder):
    """Every path below a folder with its type, mode, size, time and link target: what 'unchanged' means."""
    found = {}
    for parent, folders, files in os.walk(folder):
        for name in [*folders, *files]:
            path = os.path.join(parent, name)
            status = os.lstat(path)
            link = os.readlink(path) if os.path.islink(path) else ""
            found[path] = (status.st_mode, status.st_size, status.st_mtime_ns, link)
    return found


@pytest.fixture(scope="session")
def server():
    """(path, series) of the CPython that plays the server."""
    path, series = world.server_python()
    if series != "3.6" and os.environ.get("OFFKIT_REQUIRE_ALL") == "1":
        pytest.fail("OFFKIT_REQUIRE_ALL: no CPython 3.6 on PATH or under pyenv")
    return path, series


@pytest.fixture(scope="session")
def isolated():
    """Command prefix of a network namespace."""
    prefix, reason = world.without_network()
    if prefix is None:
        pytest.skip("no network namespace: " + reason)
    return prefix


@pytest.fixture(scope="session")
def bundle(server, tmp_path_factory):
    """The default bundle for the server's Python, from the real index."""
    path = tmp_path_factory.mktemp("bundle") / "bundle.tar"
    done = run([world.OFFKIT, "bundle", *world.target_args(server), "-o", path])
    assert done.returncode == 0, done.stderr
    return path


@pytest.fixture(scope="session")
def small_bundle(server, tmp_path_factory):
    """click==8.0.4 and what the server's Python needs beside it."""
    path = tmp_path_factory.mktemp("small") / "bundle.tar"
    done = run([world.OFFKIT, "bundle", "click==8.0.4", *world.target_args(server), "-o", path])
    assert done.returncode == 0, done.stderr
    return path


@pytest.fixture(scope="session")
def install_sh(small_bundle):
    """The installer out of the bundle, as a user takes it out."""
    assert run(["tar", "-xf", small_bundle, "-C", small_bundle.parent, "install.sh"]).returncode == 0
    return small_bundle.parent / "install.sh"
