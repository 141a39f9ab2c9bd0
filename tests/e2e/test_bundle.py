"""offkit bundle as a user meets it: the same bytes everywhere, a cache, errors that help."""

import hashlib
import json
import os
import subprocess
import sys
import sysconfig
import tarfile
import zipfile

import pytest

import pythons
import world
from conftest import run
from offkit.online.proof import grammar
from offkit.online.resolve import standing
from target_maker import preset

pytestmark = pytest.mark.network
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def bundle(out, *words, offkit=world.OFFKIT, **more):
    return run([offkit, "bundle", *words, "-o", out], **more)


def test_byte_identical(tmp_path):
    """Other directories, times, umask, TZ, locale, hash seed, cache: the same file."""
    made = []
    for number, (umask, zone) in enumerate([("022", "UTC"), ("077", "Pacific/Kiritimati")]):
        folder = tmp_path / f"place {number}"
        folder.mkdir()
        environment = dict(
            os.environ, TZ=zone, PYTHONHASHSEED=str(number), XDG_CACHE_HOME=str(tmp_path / f"c{number}")
        )
        script = f'umask {umask}; exec "$0" bundle click==8.0.4 --python 3.6 -o bundle.tar'
        done = run(["sh", "-c", script, world.OFFKIT], cwd=folder, env=environment)
        assert done.returncode == 0, done.stderr
        made.append((folder / "bundle.tar").read_bytes())
    assert made[0] == made[1]


def test_another_python_on_the_online_side_makes_the_same_bundle(tmp_path, small_bundle, server):
    """Nothing of the interpreter that bundles gets into the bundle."""
    other = pythons.find("3.13") or pythons.find("3.10") or pythons.find("3.12")
    if other is None:
        pytest.skip("no second CPython >= 3.10 at hand")
    uv = os.path.join(os.path.dirname(sys.executable), "uv")
    environment = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
    for argv in ([uv, "venv", "-q", "--seed", "-p", other, tmp_path / "venv"],
                 [uv, "pip", "install", "-q", "-p", tmp_path / "venv/bin/python", ROOT]):  # fmt: skip
        subprocess.run(argv, check=True, env=environment)
    out = tmp_path / "bundle.tar"
    done = bundle(out, "click==8.0.4", *world.target_args(server), offkit=tmp_path / "venv/bin/offkit")
    assert done.returncode == 0, done.stderr
    assert out.read_bytes() == small_bundle.read_bytes()


@pytest.mark.parametrize("series", ["3.6", "3.7", "3.8", "3.9", "3.10", "3.11", "3.12", "3.13"])
def test_the_pip_for_each_python_compiles_there(tmp_path, series):
    """As far as the interpreters at hand can tell; a bundle does not look at its sources again."""
    (pin,) = standing.applying(standing.own_pins("pip"), preset(series))
    command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--only-binary=:all:"]
    subprocess.run(
        [*command, "--ignore-requires-python", "-d", tmp_path, str(pin).partition(" ")[0]], check=True
    )
    (wheel,) = tmp_path.iterdir()
    assert hashlib.sha256(wheel.read_bytes()).hexdigest() in pin.hashes
    assert not grammar.findings([wheel], preset(series))


def test_what_is_inside(small_bundle, server):
    """The members of the design in their order, plain files, and nothing of this machine."""
    with tarfile.open(small_bundle) as tar:
        names = tar.getnames()
        assert names[:5] == [
            "install.sh",
            "MANIFEST.json",
            "offkit.pyz",
            "requirements.txt",
            "checklist.json",
        ]
        assert all(member.isreg() and member.mode == 0o644 for member in tar)
        wheels = [name for name in names if name.startswith("wheels/")]
        manifest = json.load(tar.extractfile("MANIFEST.json"))
        everything = b"".join(
            tar.extractfile(name).read() for name in names if not name.startswith("wheels/")
        )
    assert [member["path"] for member in manifest["members"]] == [
        name for name in names if name != "MANIFEST.json"
    ]
    if server[1] == "3.6":
        assert {name.split("/")[1].split("-")[0] for name in wheels} == {
            "click", "importlib_metadata", "zipp", "typing_extensions", "pip",
        }  # fmt: skip
        assert "wheels/pip-21.3.1-py3-none-any.whl" in wheels
    traces = {ROOT, sys.prefix, sys.base_prefix, sysconfig.get_path("stdlib"), str(small_bundle.parent)}
    for trace in traces - {"/usr", "/usr/local"}:  # where many a server has its programs, too
        assert os.fsencode(trace) not in everything


def test_a_second_bundle_downloads_nothing(tmp_path):
    """And an altered file in the cache is noticed and fetched again."""
    cache = tmp_path / "cache"
    words = ["click==8.0.4", "--python", "3.6", "--cache-dir", cache, "--json"]
    first = json.loads(bundle(tmp_path / "1.tar", *words).stdout)
    second = json.loads(bundle(tmp_path / "2.tar", *words).stdout)
    assert first["downloaded"] > 0
    assert second["downloaded"] == 0
    victim = next(cache.glob("wheels/*/zipp-*.whl"))
    victim.write_bytes(b"rotten")
    third = json.loads(bundle(tmp_path / "3.tar", *words).stdout)
    assert third["downloaded"] == 1
    assert zipfile.is_zipfile(victim)
    assert first["sha256"] == second["sha256"] == third["sha256"]


def test_a_lock_makes_the_same_bundle(tmp_path, small_bundle, server):
    """offkit lock, then bundle -r: pins, hashes and bytes agree."""
    lock = tmp_path / "lock.txt"
    target = world.target_args(server)
    assert run([world.OFFKIT, "lock", "click==8.0.4", *target, "-o", lock]).returncode == 0
    assert (
        "--hash=sha256:6a7a62563bbfabfda3a38f3023a1db4a35978c0abd76f6c9605ecd6554d6d9b1" in lock.read_text()
    )
    done = bundle(tmp_path / "b.tar", "-r", lock, *target)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "b.tar").read_bytes() == small_bundle.read_bytes()


def test_all_that_cannot_be_had(tmp_path):
    """Exit 1, every package, what exists instead, what to do; no half bundle."""
    done = bundle(tmp_path / "b.tar", "pandas==2.0.0", "odfpy==1.4.1", "numpy", "--python", "3.6")
    assert done.returncode == 1
    assert "pandas==1.1.5" in done.stderr
    assert "odfpy-1.4.1.tar.gz" in done.stderr
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_errors_as_json(tmp_path):
    """One document on stdout, with the findings."""
    done = bundle(tmp_path / "b.tar", "pandas==2.0.0", "--python", "3.6", "--json")
    assert done.returncode == 1
    document = json.loads(done.stdout)
    assert document["schema"] == "offkit/error-1"
    assert [one["subject"] for one in document["findings"]] == ["pandas"]


@pytest.mark.parametrize(
    "words", [["--python", "2.7"], ["--target", "el6"], ["--nonsense"], ["click=8"], ["-r", "nowhere"]]
)
def test_usage_errors(tmp_path, words):
    """Exit 2 and a hint."""
    done = bundle(tmp_path / "b.tar", *words)
    assert done.returncode == 2, done.stderr
    assert "error:" in done.stderr
    assert "Traceback" not in done.stderr


def test_dry_run(tmp_path):
    """Resolves, prints, writes nothing."""
    done = bundle(tmp_path / "b.tar", "click==8.0.4", "--python", "3.6", "--dry-run")
    assert done.returncode == 0
    assert "importlib-metadata" in done.stdout
    assert list(tmp_path.iterdir()) == []


def test_an_unwritable_place(tmp_path):
    """Exit 4 with the reason, and nothing left behind."""
    done = bundle(tmp_path / "nowhere" / "b.tar", "click==8.0.4", "--python", "3.6")
    assert done.returncode == 4
    assert "nowhere" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_the_wheel_carries_its_data(tmp_path):
    """Installed from a wheel, away from the checkout, it bundles: requirements, tables, install.sh are inside."""
    environment = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
    for argv in ([sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", tmp_path, ROOT],
                 [sys.executable, "-m", "venv", "--system-site-packages", "--without-pip", tmp_path / "venv"]):  # fmt: skip
        subprocess.run(argv, check=True, env=environment)
    (wheel,) = tmp_path.glob("offkit-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    assert {"offkit/data/wheelhouse/requirements.in", "offkit/data/wheelhouse/runtime.txt", "offkit/server/bootstrap/main.sh",
            "offkit/data/repo-config/releases/el7.json", "offkit/data/repo-config/offkit.repo"} <= names  # fmt: skip
    assert not [name for name in names if name.startswith("tests/")]
