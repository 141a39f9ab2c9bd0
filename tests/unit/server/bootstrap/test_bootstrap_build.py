"""install.sh unpacking a ready-made Python from the bundle. The Python is a stand-in (source_maker)."""

import json
import os

import pytest

import bundle_maker
import install_sh
import source_maker
from install_sh import every_shell, sh

TOOLS = [*install_sh.TOOLS, "flock", "xz"]


pytestmark = install_sh.without_python36


def make_server(path, data=None, tools=TOOLS):
    data = source_maker.build() if data is None else data
    return install_sh.make_server(path, tools, **source_maker.carry_build(data))


def install(server, *args, **more):
    return sh(server, server / "medium" / "bundle.tar", "--prefix", server / "a prefix", *args, **more)


@every_shell
def test_a_build_is_unpacked(tmp_path, shell):
    """Below the prefix, whatever that is called, with a receipt; the second time it is there."""
    server = make_server(tmp_path)
    install_sh.tools_of(server, shell)
    code, out, err = install(server, shell=shell)
    assert (code, out[:12]) == (0, "runtime True"), err
    assert "comes from the build in the bundle" in err
    place = server / "a prefix" / "python"
    assert os.listdir(str(place)) == ["3.6.15-build"]
    receipt = json.loads((place / "3.6.15-build" / "offkit-python.json").read_text())
    assert (receipt["origin"], receipt["version"]) == ("build", "3.6.15")
    before = bundle_maker.listing(str(place))
    assert install(server, shell=shell) == (0, out, "")
    assert bundle_maker.listing(str(place)) == before
    assert os.listdir(str(server / "tmp")) == []


@every_shell
@pytest.mark.parametrize(
    ("python", "words"),
    [
        ('#!/bin/sh\necho "version \\`GLIBC_2.99\' not found" >&2\nexit 1\n', "GLIBC_2.99' not found"),
        ("#!/nowhere/ld.so\n", "(exit 127)"),
        ("#!/bin/sh\necho 3.6.3\n", "3.6.3"),
    ],
    ids=["glibc", "loader", "version"],
)
def test_one_that_does_not_work_here(tmp_path, shell, python, words):
    """PY024 with its own words; nothing is left."""
    server = make_server(tmp_path, source_maker.build(python=python))
    install_sh.tools_of(server, shell)
    code, out, err = install(server, shell=shell)
    assert (code, out) == (4, "")
    assert "error: PY024 the ready-made Python 3.6.15 does not work here" in err
    assert words in err
    assert "offkit bundle --python-source" in err
    assert not (server / "a prefix").exists()
    assert os.listdir(str(server / "tmp")) == []


def test_one_without_ssl(tmp_path):
    """It would be of no use: nothing is left."""
    server = make_server(tmp_path, source_maker.build(absent="ssl"))
    code, _, err = install(server)
    assert code == 4
    assert "PY024" in err
    assert "ssl" in err
    assert not (server / "a prefix").exists()


def test_leftovers_of_a_killed_run(tmp_path):
    """They go; and a build that does not start any more is replaced."""
    server = make_server(tmp_path)
    place = server / "a prefix" / "python"
    half = place / ".building-3.6.15-build" / "python"
    half.mkdir(parents=True)
    (half / "half").write_text("x")
    broken = place / "3.6.15-build" / "bin"
    broken.mkdir(parents=True)
    install_sh.program(broken / "python3.6", "exit 1\n")
    code, _, err = install(server)
    assert code == 0, err
    assert os.listdir(str(place)) == ["3.6.15-build"]
    assert not (place / "3.6.15-build" / "half").exists()


def test_a_dry_run_writes_nothing(tmp_path):
    server = make_server(tmp_path)
    code, out, _ = install(server, "--dry-run")
    assert code == 0
    assert "'--planned-step', 'unpack Python 3.6.15, ready-made, into " in out
    assert not (server / "a prefix").exists()


def test_a_build_comes_before_a_source(tmp_path):
    """Both are there on purpose; the one that needs no compiler is taken."""
    built, source = source_maker.carry_build(source_maker.build()), source_maker.carry(source_maker.source())
    both = {
        "series": "3.6",
        "extra": dict(built["extra"], **source["extra"]),
        "carried": built["carried"] + source["carried"],
    }
    server = install_sh.make_server(tmp_path, [*TOOLS, "gcc", "make", "nproc"], **both)
    code, _, err = install(server)
    assert code == 0, err
    assert os.listdir(str(server / "a prefix" / "python")) == ["3.6.15-build"]
