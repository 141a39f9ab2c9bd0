"""Upgrade, go back, take everything away: with a real bundle's own offkit, which removes itself."""

import json
import os
import subprocess

import pytest

from conftest import listing, run

pytestmark = pytest.mark.network
SERVING = "print('ready', flush=True); input(); import os, click; os.write(1, os.fsencode(click.__file__))"


def test_there_and_back_and_away(small_bundle, install_sh, server, isolated, tmp_path):
    """What was there before is what is there after, whichever generation offkit is run from."""
    (tmp_path / "notes").write_text("mine")
    before = listing(tmp_path)
    prefix = tmp_path / "opt offkit é"
    one = tmp_path / "opt offkit é/generations"
    install = ["sh", install_sh, small_bundle, "--prefix", prefix, "--python"]
    done = run([*isolated, *install, server[0]])
    assert done.returncode == 0, done.stderr
    (first,) = [path.name for path in one.iterdir()]
    # The same once more, as a bundle of tomorrow would be: another identity beside the first.
    second = first.replace("0001-", "0002-")
    (one / first).rename(one / second)
    (one / second / "offkit/receipt.json").write_text(
        (one / second / "offkit/receipt.json")
        .read_text()
        .replace("8.0.4", "8.0.5")
        .replace('"manifest": "', '"manifest": "00')
    )
    (prefix / "current").unlink()
    (prefix / "current").symlink_to("generations/" + second)
    with subprocess.Popen(
        [prefix / "current/bin/python", "-c", SERVING], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as serving:
        assert serving.stdout.readline() == b"ready\n"
        done = run([*isolated, *install, server[0]])
        assert done.returncode == 0, done.stderr
        assert "ENV050" in done.stdout
        assert "1 process stays with what was current when it began" in done.stdout
        told = json.loads(run([*isolated, prefix / "current/bin/offkit", "rollback", "2", "--json"]).stdout)
        assert [each["code"] for each in told["findings"]] == ["ENV050"]
        done = run([*isolated, prefix / "current/bin/offkit", "rollback", "3"])
        assert "ENV050" in done.stdout
        place = os.fsdecode(serving.communicate(b"\n")[0].strip())
    assert place.startswith(str(one / second) + "/")
    offkit = [*isolated, prefix / "current/bin/offkit"]

    listed = json.loads(run([*offkit, "generations", "--json"]).stdout)
    assert [each["number"] for each in listed["generations"]] == [2, 3]
    assert listed["prefix"] == str(prefix)
    assert all(each["starts"] and each["size"] > 1000000 for each in listed["generations"])

    done = run([*offkit, "rollback"])
    assert (done.returncode, done.stderr) == (0, "")
    assert "    click  8.0.4  ->  8.0.5" in done.stdout.splitlines()
    assert (prefix / "current").resolve().name == second

    # Forward again, by number, and then from inside the generation that goes.
    done = run([*offkit, "rollback", "3"])
    assert done.returncode == 0, done.stderr
    done = run([*offkit, "uninstall", "-y"], cwd=prefix / "current")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("✓ removed 2 generations from ")
    assert "Traceback" not in done.stderr
    assert listing(tmp_path) == before
