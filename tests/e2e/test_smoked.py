"""offkit smoke with real parts: bundled with a check, installed without a network, tried before it is current."""

import json
import os

import pytest

import odd_modules
import world
from conftest import run

pytestmark = pytest.mark.network


@pytest.fixture(scope="module")
def wheels(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheels")
    for name in ("fine", "crashes", "calls"):  # as no index has them
        filename, body = odd_modules.wheel("offkit_" + name, odd_modules.ODD[name][0])
        (folder / filename).write_bytes(body)
    return folder


def bundled(server, wheels, folder, *words):
    """(exit code, the bundle, the report)"""
    folder.mkdir()
    path = folder / "bundle.tar"
    argv = [
        world.OFFKIT,
        "bundle",
        *words,
        "--find-links",
        wheels,
        *world.target_args(server),
        "-o",
        path,
        "--json",
    ]
    done = run(argv)
    assert run(["tar", "-xf", path, "-C", folder, "install.sh"]).returncode == 0, done.stderr
    return done.returncode, path, json.loads(done.stdout)


def test_from_the_bundle_to_the_server(server, isolated, wheels, tmp_path):
    """The check is packed by a name that a member may have, listed, kept and run; a bundle that does not pass is not
    made current, and does not keep the one from serving that does."""
    (tmp_path / "my check.py").write_text("import offkit_fine\n")
    code, path, report = bundled(
        server, wheels, tmp_path / "good", "offkit_fine", "click==8.0.4", "--smoke", tmp_path / "my check.py"
    )
    assert code == 0, report
    told = {one["kind"]: one["said"] for one in report["proofs"]}
    assert told["smoke"] == "my_check.py ended with 0"
    inside = json.loads(run([world.OFFKIT, "inspect", path, "--json"]).stdout)
    assert [one["path"] for one in inside["checks"]] == ["smoke/my_check.py"]
    prefix = tmp_path / "prefix"

    def install(folder):
        words = ["--prefix", prefix, "--python", server[0], "--smoke", "--json"]
        done = run([*isolated, "sh", folder / "install.sh", folder / "bundle.tar", *words])
        return done.returncode, json.loads(done.stdout)

    code, found = install(tmp_path / "good")
    assert (code, found["outcome"]) == (0, "install"), found
    first = os.readlink(prefix / "current")
    done = run([*isolated, prefix / "current/bin/offkit", "smoke", "--json"])
    smoked = json.loads(done.stdout)
    assert (done.returncode, smoked["network"]) == (0, False)
    assert {"offkit_fine", "click"} <= {
        one["name"] for one in smoked["modules"] if one["outcome"] == "imported"
    }
    assert [(one["name"], one["outcome"]) for one in smoked["checks"]] == [("my_check.py", "imported")]

    code, _, report = bundled(
        server, wheels, tmp_path / "bad", "offkit_fine", "offkit_crashes", "offkit_calls", "--rehearse"
    )
    assert code == 1
    foreseen = {one["subject"]: one["message"] for one in report["findings"] if one["code"] == "REQ022"}
    assert set(foreseen) == {"offkit_crashes", "offkit_calls"}
    code, found = install(tmp_path / "bad")
    assert code == 1
    assert {one["subject"]: one["message"] for one in found["findings"]} == foreseen  # the same piece of code
    assert {one["code"] for one in found["findings"]} == {"SMOKE002", "SMOKE004"}
    assert os.readlink(prefix / "current") == first
    done = run([*isolated, prefix / "current/bin/offkit", "smoke", "--generation", "2", "--json"])
    assert (done.returncode, json.loads(done.stdout)["imported"]) == (1, 1)
