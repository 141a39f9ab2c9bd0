"""install --smoke: what does not pass does not become current. A real bundle, a real venv, real imports."""

import json
import os
import shlex
import subprocess
import sys

import pytest

import bundle_maker
import odd_modules
import offkit
from offkit.server.prefix import generations

TOOLKIT = os.path.dirname(os.path.dirname(os.path.abspath(offkit.__file__)))
GOOD = {"smoke/own.py": b"import fine\n"}
BAD = {"smoke/own.py": b"raise SystemExit('no good')\n"}


def bundle(folder, name, *modules, extra=None):
    """A bundle for this machine with the odd modules of those names."""
    wheels = dict([*odd_modules.odd(*modules), bundle_maker.pip_wheel()])
    path = folder / name
    path.write_bytes(bundle_maker.make(wheels, bundle_maker.this_machine(), extra=extra).data)
    return str(path)


def install(prefix, path, *words):
    """(exit code, document, what was said on the way)"""
    done = subprocess.Popen(
        [sys.executable, "-m", "offkit.cli.app", "install", path, "--prefix", str(prefix), "--json", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=dict(os.environ, PYTHONPATH=TOOLKIT, LC_ALL="C"),
    )
    out, err = done.communicate()
    return done.returncode, json.loads(out.decode("utf-8")), err.decode("utf-8")


def standing(prefix):
    """The numbers of the generations, the current one's behind them."""
    current = generations.current_id(str(prefix))
    numbers = [generations.number(one.id) for one in generations.found(str(prefix))]
    return numbers, current and generations.number(current)


@pytest.fixture(scope="module")
def first(tmp_path_factory):
    """A prefix with a generation, for what follows to leave alone."""
    folder = tmp_path_factory.mktemp("first")
    code, found, _ = install(folder / "prefix", bundle(folder, "good.tar", "fine", extra=GOOD), "--smoke")
    assert (code, found["outcome"]) == (0, "install")
    assert [one["action"] for one in found["steps"]][-3:] == ["publish", "smoke", "switch"]
    assert standing(folder / "prefix") == ([1], 1)
    return folder


def test_what_fails_does_not_become_current(first, tmp_path):
    """It stays beside the one that serves, nothing older goes; tried again, not made again; all the same current
    with rollback, and then by an installation that does not ask."""
    prefix = tmp_path / "prefix"
    subprocess.check_call(["cp", "-a", str(first / "prefix"), str(prefix)])
    path = bundle(tmp_path, "bad.tar", "fine", "crashes")
    for _ in range(2):
        code, found, said = install(prefix, path, "--smoke", "--keep", "1")
        assert (code, found["schema"]) == (1, "offkit/error-1")
        assert [(one["code"], one["subject"]) for one in found["findings"]] == [("SMOKE002", "crashes")]
        name = generations.found(str(prefix))[-1].id
        assert found["error"] == (
            "{} does not pass its smoke test (1 error): it is installed, and was not made current; "
            "{} is still current".format(name, generations.current_id(str(prefix)))
        )
        program = shlex.quote("{}/generations/{}/bin/offkit".format(prefix, name))
        assert "{} smoke -v".format(program) in found["fix"]
        assert found["fix"].endswith("rollback " + name)
        assert standing(prefix) == ([1, 2], 1)
        assert "importing 2 modules" in said
    code, found, _ = install(prefix, path)
    assert (code, found["outcome"], standing(prefix)) == (0, "switch", ([1, 2], 2))
    code, found, _ = install(prefix, path, "--smoke")
    assert (code, standing(prefix)) == (1, ([1, 2], 2))
    assert found["error"].endswith("(1 error); it is current, and stays so")


def test_the_first_of_all(tmp_path):
    """None is current then, and it is there to be looked at, with the bundle's own check."""
    code, found, _ = install(tmp_path / "prefix", bundle(tmp_path, "b.tar", "fine", extra=BAD), "--smoke")
    assert (code, standing(tmp_path / "prefix")) == (1, ([1], None))
    assert [(one["code"], one["subject"]) for one in found["findings"]] == [("SMOKE007", "own.py")]
    assert "no generation is current" in found["error"]
    (one,) = generations.found(str(tmp_path / "prefix"))
    with open(os.path.join(one.path, "offkit", "smoke", "own.py"), "rb") as kept:
        assert kept.read() == BAD["smoke/own.py"]


def test_again(first):
    """What is current and passes: nothing is done, and that is said."""
    code, found, said = install(first / "prefix", str(first / "good.tar"), "--smoke")
    assert (code, found["outcome"], [one["action"] for one in found["steps"]]) == (0, "nothing", ["smoke"])
    assert "running own.py" in said


def test_a_dry_run_says_it(first, tmp_path):
    """With the names of the checks, and runs nothing."""
    code, found, said = install(tmp_path / "p", str(first / "good.tar"), "--smoke", "--dry-run")
    (step,) = [one["text"] for one in found["steps"] if one["action"] == "smoke"]
    assert (code, step) == (0, "import every module of it, run own.py")
    assert "importing" not in said
    assert not (tmp_path / "p").exists()


def test_a_damaged_check(first, tmp_path):
    """Is noticed as every member is, before anything is done."""
    data = bytearray((first / "good.tar").read_bytes())
    at = data.index(GOOD["smoke/own.py"])
    data[at] ^= 1
    (tmp_path / "b.tar").write_bytes(bytes(data))
    code, found, _ = install(tmp_path / "p", str(tmp_path / "b.tar"), "--smoke")
    assert (code, [one["subject"] for one in found["findings"]]) == (3, ["smoke/own.py"])
