"""A server for aarch64, which qemu runs: what the shell, Python and the loader of such a one really do.

It has no rpm and no yum: what needs those is not seen here.
"""

import json
import os
import subprocess

import pytest

import aarch64
import needs
from bundles import OFFKIT
from offkit.elf import rpath

WHY = needs.reason() or aarch64.reason()
pytestmark = [
    pytest.mark.network,
    pytest.mark.root,
    pytest.mark.skipif(bool(WHY), reason=WHY or "the lab is ready"),
]

PYTHON = "/opt/offkit/current/bin/python"


def bundle(out, *words):
    done = subprocess.run(
        [OFFKIT, "bundle", *words, "-o", str(out)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    return done.stdout


@pytest.fixture(scope="module")
def journey(tmp_path_factory):
    """(the server, its description, what bundle said, what install.sh said)."""
    folder = tmp_path_factory.mktemp("aarch64")
    (folder / "server").mkdir()
    server = aarch64.Server(folder / "server")
    script = subprocess.run([OFFKIT, "probe", "--script"], stdout=subprocess.PIPE, check=True).stdout
    (folder / "probe.sh").write_bytes(script)
    server.put(folder / "probe.sh", "probe.sh")
    described = server.run("sh", "/mnt/probe.sh")
    assert (described.returncode, described.stderr) == (0, "")
    (folder / "target.json").write_text(described.stdout)
    where = ("--target", str(folder / "target.json"), "--python", "3.11")
    told = bundle(folder / "bundle.tar", "greenlet==3.0.3", "markupsafe==2.1.5", *where)
    server.put(folder / "bundle.tar", "bundle.tar")
    installed = server.run("sh", "-c", "cd /mnt && tar -xf bundle.tar install.sh && sh install.sh bundle.tar")
    return server, json.loads(described.stdout), told, installed


def test_probe(journey):
    """By the shell alone, and as that server is: not as the machine below it."""
    _, found, _, _ = journey
    assert found["arch"] == "aarch64"
    assert "asimd" in found["cpu"]["flags"]
    assert found["os_release"]["ID"] == "rocky"
    assert [one["version"].rpartition(".")[0] for one in found["pythons"]] == ["3.11"]


def test_the_bundle_is_for_it(journey):
    assert "for el9 aarch64, CPython 3.11" in journey[2]
    assert "libstdc++.so.6 (libstdc++)" in journey[2]


def test_install_and_doctor(journey):
    """What is installed is imported there, and doctor finds what the loader finds."""
    server, _, _, installed = journey
    assert installed.returncode == 0, installed.stdout + installed.stderr
    imported = server.run(PYTHON, "-c", "import greenlet, markupsafe._speedups as m; print(m.__file__)")
    assert imported.stdout.endswith("aarch64-linux-gnu.so\n"), imported.stderr
    well = server.run("/opt/offkit/current/bin/offkit", "doctor")
    assert well.returncode == 0, well.stdout + well.stderr


def test_a_library_that_is_missing(journey):
    """Is named by doctor with its package, where the loader misses it."""
    server = journey[0]
    where = "/usr/lib/aarch64-linux-gnu"
    without = f"mkdir /away; mv {where}/libstdc++.so.6* /away; ldconfig; "
    back = f"; code=$?; mv /away/* {where}; rmdir /away; ldconfig; exit $code"
    imported = server.run("sh", "-c", without + PYTHON + " -c 'import greenlet'" + back)
    assert "libstdc++.so.6: cannot open shared object file" in imported.stderr
    told = server.run("sh", "-c", without + "/opt/offkit/current/bin/offkit doctor --json" + back)
    assert told.returncode == 1, told.stderr
    (missing,) = [one for one in json.loads(told.stdout)["findings"] if one["severity"] == "error"]
    assert (missing["code"], missing["subject"]) == ("LIB001", "libstdc++.so.6")
    assert "libstdc++" in missing["fix"]


def test_a_program_with_a_path_of_its_own(journey, tmp_path):
    """Debian's CPython for aarch64, rewritten as an installation without root does it: it runs there, and its
    loader finds what lies in that directory and nowhere else. As it was it does not."""
    server = journey[0]
    with open(os.path.join(aarch64.system(), "usr/bin/python3.11"), "rb") as source:
        program = source.read()
    for name, data in (("plain", program), ("rewritten", rpath.rewrite(program, "/opt/own/lib64"))):
        (tmp_path / name).write_bytes(data)
        (tmp_path / name).chmod(0o755)
        server.put(tmp_path / name, name)
    where = "/usr/lib/aarch64-linux-gnu"
    script = f"""
        mkdir -p /opt/own/lib64; mv {where}/libstdc++.so.6* /opt/own/lib64; ldconfig
        export PYTHONPATH=/opt/offkit/current/lib/python3.11/site-packages
        for each in plain rewritten; do /mnt/$each -c 'import greenlet; print("well")' 2>&1 | tail -n 1; done
        mv /opt/own/lib64/* {where}; ldconfig"""
    plain, rewritten = server.run("sh", "-c", script).stdout.splitlines()
    assert "libstdc++.so.6: cannot open shared object file" in plain
    assert rewritten == "well"


def test_a_bundle_for_another_processor(journey, tmp_path):
    """Is refused with one line, before anything is written."""
    server = journey[0]
    bundle(tmp_path / "other.tar", "idna==3.4", "--target", "el9", "--python", "3.11")
    server.put(tmp_path / "other.tar", "other.tar")
    script = "cd /mnt && tar -xf other.tar install.sh && sh install.sh other.tar --prefix /opt/other"
    refused = server.run("sh", "-c", script)
    assert refused.returncode == 4, refused.stdout + refused.stderr
    assert "aarch64" in refused.stderr
    assert "x86_64" in refused.stderr
    assert server.run("test", "-e", "/opt/other").returncode == 1
    assert os.path.exists(tmp_path / "other.tar")
