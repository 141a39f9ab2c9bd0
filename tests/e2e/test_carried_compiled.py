"""offkit bundle --carry-source, to the end: packed here, compiled beyond the gap by its install.sh, and undone."""

import json
import os
import shutil

import pytest

import bundle_maker
import sdist_maker
import world
from conftest import listing, run

pytestmark = [
    pytest.mark.network,
    pytest.mark.skipif(shutil.which("gcc") is None, reason="no gcc on this machine"),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Sources, and what builds them, as a directory for --find-links."""
    place = tmp_path_factory.mktemp("my söurces")
    for name, data in (
        sdist_maker.backend(),
        sdist_maker.sdist("offkit_answer", "1.0", requires=["offkit_plain"]),
        sdist_maker.sdist("offkit_broken", "1.0", code="#include <offkit/nowhere.h>\n"),
        bundle_maker.wheel("offkit_plain"),
    ):
        (place / name).write_bytes(data)
    return place


def packed(server, folder, out, name, *words):
    words = [name, "--carry-source", name, "--find-links", folder, *world.target_args(server), *words]
    return run([world.OFFKIT, "bundle", *words, "-o", out, "--json"])


def installed(isolated, server, bundle, prefix, *words):
    """By its own install.sh, without a network, in the C locale, with variables that must not count."""
    assert run(["tar", "-xf", bundle, "-C", bundle.parent, "install.sh"]).returncode == 0
    odd = {
        "LC_ALL": "C",
        "CFLAGS": "-DNO_SUCH",
        "CC": "false",
        "CPATH": "/nowhere",
        "PATH": os.environ["PATH"],
    }
    argv = [*isolated, "sh", bundle.parent / "install.sh", bundle, "--prefix", prefix, "--python", server[0]]
    return run([*argv, "--no-root", *words], env=odd)


def test_there_and_back(server, isolated, folder, tmp_path):
    """Rehearsed, installed, sound, the current one, gone back from, and removed."""
    bundle = tmp_path / "b.tar"
    done = packed(server, folder, bundle, "offkit_answer", "--rehearse")
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert [one["kind"] for one in report["proofs"] if not one["passed"]] == []
    (tried,) = (one["said"] for one in report["proofs"] if one["kind"] == "rehearsal")
    assert tried == "installed, 2 modules imported"  # the one that was compiled, too
    assert [one["code"] for one in report["findings"]] == ["REQ023"]
    assert run([world.OFFKIT, "verify", bundle]).returncode == 0
    told = run([world.OFFKIT, "inspect", bundle]).stdout
    assert "the source of offkit-answer 1.0, to be compiled on the server; needs gcc" in told

    prefix = tmp_path / "my pläce"
    plan = installed(isolated, server, bundle, prefix, "--dry-run")
    assert "compile offkit-answer 1.0 with gcc" in plan.stdout
    assert not prefix.exists()
    done = installed(isolated, server, bundle, prefix)
    assert done.returncode == 0, done.stderr
    python = prefix / "current" / "bin" / "python"
    assert (
        run([python, "-c", "import offkit_answer, offkit_plain; print(offkit_answer.answer())"]).stdout
        == "42\n"
    )
    offkit = prefix / "current" / "bin" / "offkit"
    doctor = run([offkit, "doctor", "--json"])
    assert [one for one in json.loads(doctor.stdout)["findings"] if one["severity"] == "error"] == []

    small = tmp_path / "small" / "b.tar"
    small.parent.mkdir()
    words = ["offkit_plain", "--find-links", folder, *world.target_args(server), "-o", small]
    assert run([world.OFFKIT, "bundle", *words]).returncode == 0
    assert installed(isolated, server, small, prefix).returncode == 0
    assert "offkit_answer" in run([offkit, "rollback", "--prefix", prefix]).stdout
    assert run([python, "-c", "import offkit_answer"]).returncode == 0
    assert run([offkit, "uninstall", "--prefix", prefix, "-y"]).returncode == 0
    assert not prefix.exists()


def test_what_does_not_compile(server, isolated, folder, tmp_path):
    """The compiler's words, the header, exit 4; nothing is left there. The rehearsal said so before."""
    bundle = tmp_path / "b.tar"
    done = packed(server, folder, bundle, "offkit_broken", "--rehearse")
    assert done.returncode == 1
    assert "REQ022" in {one["code"] for one in json.loads(done.stdout)["findings"]}
    before = listing(tmp_path)
    done = installed(isolated, server, bundle, tmp_path / "p")
    assert done.returncode == 4
    assert "ENV035" in done.stderr
    assert "needs the header offkit/nowhere.h" in done.stderr
    assert {path for path in listing(tmp_path) if path not in before} == {str(tmp_path / "install.sh")}
