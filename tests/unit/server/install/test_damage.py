"""Installing over a damaged generation: noticed, said, and cured by a new one."""

import os
import shutil
import subprocess
import sys

import pytest

import bundle_maker
from offkit.edges import run
from offkit.model import layout
from offkit.model.report import Reporter
from offkit.server.bundle import bundle_file
from offkit.server.install import damage, install
from offkit.server.install.plan import plan
from offkit.server.prefix import generations
from offkit.server.python import interpreter

SITE = "lib/python{}.{}/site-packages/".format(*sys.version_info[:2])
PYTHON = interpreter.probe(interpreter.running(), run.run)
TOOL = bundle_maker.wheel(
    "alpha",
    files={"alpha/core.py": b"x = 1\n", "alpha/__init__.py": b"def main():\n    print('runs')\n"},
    entry_points="[console_scripts]\nalpha = alpha:main\n",
)
RIVALS = [
    bundle_maker.wheel(name, files={"shared/data.txt": name.encode("ascii")}) for name in ("beta", "gamma")
]


def save(path, wheels):
    made = bundle_maker.make(dict(wheels + [bundle_maker.pip_wheel()]), bundle_maker.this_machine())
    path.write_bytes(made.data)
    return bundle_file.read_manifest(str(path))


def put(bundle, prefix, token):
    """Check, plan and apply: (the plan, the findings about damage)."""
    existing = generations.found(str(prefix))
    found = install.damaged(bundle, PYTHON, existing, run.run)
    made = plan(
        bundle.manifest,
        bundle.digest,
        str(prefix),
        PYTHON,
        existing,
        token,
        None,
        [one.subject for one in found],
    )
    install.apply(made, bundle, run.run, run.clean_environment(), "now", Reporter())
    return made, found


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    """(bundle, prefix) of an installation that nobody alters."""
    base = tmp_path_factory.mktemp("host")
    bundle = save(base / "bundle.tar", [TOOL])
    put(bundle, base / "p", "t0")
    return bundle, base / "p"


def only(prefix):
    """The newest generation."""
    return generations.found(str(prefix))[-1]


def test_a_whole_one(original):
    """Nothing is wrong after an installation, nor after its packages were imported."""
    bundle, prefix = original
    python = os.path.join(only(prefix).path, "bin", "python")
    assert run.run([python, "-c", "import alpha.core"]).ok
    assert damage.damage(only(prefix), bundle, run.run) == ()


def test_two_packages_that_own_one_file(tmp_path):
    """The later one wrote it; another installation would not change that, so it is no damage."""
    bundle = save(tmp_path / "bundle.tar", RIVALS)
    put(bundle, tmp_path / "p", "t0")
    assert damage.damage(only(tmp_path / "p"), bundle, run.run) == ()


def remove(path):
    shutil.rmtree(path) if os.path.isdir(path) else os.unlink(path)


def empty(path):
    if os.path.isdir(path):
        shutil.rmtree(path)
        os.mkdir(path)
    else:
        open(path, "w").close()


def rewrite(path):
    """Other contents of the same size."""
    with open(path, "r+b") as target:
        target.write(b"#")


def dangling(path):
    os.unlink(path)
    os.symlink("/nowhere/python3", path)


@pytest.mark.parametrize(
    ("path", "how", "words"),
    [
        (SITE + "alpha/core.py", remove, "alpha/core.py is missing"),
        (SITE + "alpha/core.py", empty, "alpha/core.py is altered"),
        (SITE + "alpha/core.py", rewrite, "alpha/core.py is altered"),
        (SITE, empty, "alpha 1.0 is missing"),
        (SITE, remove, "alpha 1.0 is missing"),
        (SITE + "alpha-1.0.dist-info/RECORD", remove, "alpha-1.0.dist-info cannot be read: No such file"),
        ("bin/alpha", remove, "bin/alpha is missing"),
        ("bin/offkit", empty, "bin/offkit is missing or cannot be executed"),
        ("bin/offkit", remove, "bin/offkit is missing or cannot be executed"),
        ("bin/python", remove, "bin/python does not start"),
        ("bin/python", dangling, "bin/python does not start"),
        ("pyvenv.cfg", remove, "bin/python does not belong to it"),
        ("offkit/runtime/__main__.py", empty, "offkit/runtime/__main__.py is altered"),
        ("offkit/runtime/helper/__init__.py", remove, "offkit/runtime/helper/__init__.py is missing"),
        ("offkit/MANIFEST.json", empty, "offkit/MANIFEST.json is altered"),
    ],
)
def test_kinds_of_damage(original, tmp_path, path, how, words):
    """Whatever is missing or altered is named."""
    bundle, prefix = original
    shutil.copytree(str(prefix), str(tmp_path / "p"), symlinks=True)
    how(os.path.join(only(tmp_path / "p").path, path))
    found = damage.damage(only(tmp_path / "p"), bundle, run.run)
    assert any(words in one for one in found), found


def test_the_cure(original, tmp_path):
    """A damaged generation is not "nothing to do": a new one is built beside it, and runs."""
    bundle, prefix = original
    shutil.copytree(str(prefix), str(tmp_path / "p"), symlinks=True)
    prefix = tmp_path / "p"
    broken = os.path.join(only(prefix).path, SITE, "alpha", "__init__.py")
    os.unlink(broken)
    made, (finding,) = put(bundle, prefix, "t1")
    assert (made.outcome, made.id[:5]) == ("install", "0002-")
    assert (finding.code, finding.severity) == ("ENV033", "warning")
    assert finding.message == "is damaged: {}alpha/__init__.py is missing".format(SITE)
    assert generations.current_id(str(prefix)) == made.id
    ran = run.run([str(prefix / "current" / "bin" / "alpha")])
    assert (ran.stdout, ran.returncode) == ("runs\n", 0)
    again, found = put(bundle, prefix, "t2")
    assert (again.outcome, again.id) == ("nothing", made.id)
    assert [one.subject[:5] for one in found] == ["0001-"]


@pytest.mark.parametrize("copied", [False, True])
def test_the_launcher_without_its_python(original, tmp_path, copied):
    """It says which interpreter is gone and what to do; exit code 4. A copy of it is not enough."""
    _, prefix = original
    shutil.copytree(str(prefix), str(tmp_path / "p"), symlinks=True)
    if copied:
        os.symlink("/nowhere/python3", str(tmp_path / "p" / "current" / layout.GENERATION_INTERPRETER))
    else:
        dangling(str(tmp_path / "p" / "current" / "bin" / "python"))
    done = subprocess.Popen(
        [str(tmp_path / "p" / "current" / "bin" / "offkit"), "doctor"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    out, err = done.communicate()
    assert (done.returncode, out) == (4, b"")
    lines = err.decode("utf-8").splitlines()
    assert lines[0] == "error: the Python of this installation is gone: /nowhere/python3"
    assert lines[-1] == (
        "fix: install that Python again, or the bundle with another one: sh install.sh bundle.tar"
    )
