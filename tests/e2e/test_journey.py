"""Bundle, cross the gap, install, doctor, run-badapple: what an administrator does, with real parts."""

import json
import os
import pathlib
import shutil
import tempfile

import pytest

from conftest import listing, run

pytestmark = pytest.mark.network


@pytest.fixture(scope="module")
def installed(bundle, server, isolated, tmp_path_factory):
    """The default bundle on the server's Python, installed by its own install.sh without a network."""
    prefix = tmp_path_factory.mktemp("server") / "opt offkit é"
    assert run(["tar", "-xf", bundle, "-C", bundle.parent, "install.sh"]).returncode == 0
    argv = ["sh", bundle.parent / "install.sh", bundle, "--prefix", prefix, "--python", server[0]]
    done = run([*isolated, *argv])
    assert done.returncode == 0, done.stderr
    return prefix, [*isolated, *argv]


def test_a_second_run_finds_nothing_to_do(installed):
    """And changes nothing, down to the times of the files."""
    prefix, argv = installed
    before = listing(prefix)
    done = run(argv)
    assert done.returncode == 0, done.stderr
    assert "nothing to do" in done.stdout
    assert listing(prefix) == before


def test_the_packages_are_there(installed, isolated, server):
    """The environment's own python imports what was asked for, at the versions of the lock."""
    prefix, _ = installed
    done = run(
        [
            *isolated,
            prefix / "current/bin/python",
            "-c",
            "import cv2, numpy; print(cv2.__version__, numpy.__version__)",
        ]
    )
    assert done.returncode == 0, done.stderr
    if server[1] == "3.6":
        assert done.stdout.split() == ["4.6.0", "1.19.5"]


def test_doctor_finds_no_error(installed, isolated):
    """Healthy, as JSON and as text; on stdout the document alone."""
    prefix, _ = installed
    offkit = prefix / "current/bin/offkit"
    done = run([*isolated, offkit, "doctor", "--json"])
    assert done.returncode == 0, done.stdout
    report = json.loads(done.stdout)
    assert report["schema"] == "offkit/doctor-1"
    assert [one for one in report["findings"] if one["severity"] == "error"] == []
    text = run([*isolated, offkit, "doctor"])
    assert text.returncode == 0
    assert "Traceback" not in text.stdout + text.stderr


def test_doctor_names_what_is_broken(installed, isolated, tmp_path):
    """A file altered, one lost and a library taken away: three findings, nothing repaired."""
    prefix, _ = installed
    copy = tmp_path / "copy"
    shutil.copytree(prefix / "current", copy, symlinks=True)
    (packages,) = copy.glob("lib/python*/site-packages")
    (packages / "numpy/version.py").write_text("# altered")
    (packages / "numpy/conftest.py").unlink()
    libraries = next(
        path for path in packages.iterdir() if path.name in ("numpy.libs", "opencv_python_headless.libs")
    )
    lost = next(
        path
        for path in libraries.iterdir()
        if path.name.startswith(("libopenblas", "libavcodec", "libscipy"))
    )
    lost.unlink()
    done = run([*isolated, prefix / "current/bin/offkit", "doctor", copy, "--json"])
    assert done.returncode == 1, done.stdout
    findings = json.loads(done.stdout)["findings"]
    text = json.dumps(findings)
    assert "numpy/version.py" in text
    assert "numpy/conftest.py" in text
    assert lost.name in {one["subject"] for one in findings if one["code"].startswith("LIB")}


def test_run_badapple_is_the_same_with_any_number_of_processes(installed, isolated, tmp_path):
    """Verified each time, byte-identical, in the origin's text format."""
    prefix, _ = installed
    outputs = []
    for jobs in (1, 2, 5):
        out = tmp_path / f"{jobs}.txt"
        done = run(
            [*isolated, prefix / "current/bin/offkit", "run-badapple", "-j", jobs, "-o", out, "--json"]
        )
        assert done.returncode == 0, done.stdout + done.stderr
        found = {one["code"] for one in json.loads(done.stdout)["findings"]}
        assert found <= {"VID014", "VID016"}  # encoders and processors that this machine lacks
        outputs.append(out.read_bytes())
    assert outputs[0] == outputs[1] == outputs[2]
    lines = outputs[0].decode("ascii").split("\n")
    assert lines[0] == "total frame: 180 / FPS: 30.0 / resolution: 512x384"
    assert lines[1] == "0"
    assert {len(line) for line in lines[2:46]} == {117}
    assert lines[46] == "1"


@pytest.fixture
def ordinary_user(server, isolated):
    """(a folder of theirs, its server's Python, a command prefix that makes one an ordinary user there).

    As root: nobody, in a mount namespace where root's own home, in which the interpreter may
    live, is replaced by nothing but that interpreter. As anybody else: oneself.
    """
    if "-rn" in isolated:
        pytest.skip("this unshare makes an ordinary user root in there (util-linux older than 2.34)")
    folder = tempfile.mkdtemp(prefix="offkit-e2e-")
    try:
        os.chmod(folder, 0o755)
        prefix = isolated
        if os.geteuid() == 0:
            os.chown(folder, 65534, 65534)
            stash = os.path.join(folder, "stash")
            os.mkdir(stash)
            installed = os.path.dirname(os.path.dirname(server[0]))
            top = os.path.join("/", installed.split("/")[1])
            become = (
                'set -e; mount --bind "$0" "$1"; mount -t tmpfs -o mode=755 none "$2"; mkdir -p "$0"; '
                'mount --bind "$1" "$0"; shift 2; '
                'exec setpriv --reuid=65534 --regid=65534 --clear-groups "$@"'
            )
            if top in ("/root", "/home"):
                prefix = [*isolated, "unshare", "-m", "sh", "-c", become, installed, stash, top]
            else:
                prefix = [*isolated, "setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
        yield pathlib.Path(folder), server[0], prefix
    finally:
        shutil.rmtree(folder)


def test_an_ordinary_user_in_the_c_locale(small_bundle, install_sh, ordinary_user):
    """No root, LC_ALL=C, spaces and non-ASCII in the path, another current directory."""
    folder, python, user = ordinary_user
    prefix = folder / "Ünser Präfix" / "off kit"
    offkit = prefix / "current/bin/offkit"
    environment = {"PATH": os.environ["PATH"], "LC_ALL": "C", "HOME": str(folder), "TMPDIR": str(folder)}
    shutil.copy(small_bundle, folder / "bundle.tar")
    shutil.copy(install_sh, folder / "install.sh")
    who = run([*user, "id", "-u"], env=environment, cwd="/")
    assert who.stdout.strip() != "0"
    command = ["sh", folder / "install.sh", folder / "bundle.tar", "--prefix", prefix, "--python", python]
    done = run([*user, *command], env=environment, cwd="/")
    assert done.returncode == 0, done.stderr
    assert run([*user, offkit, "--version"], env=environment, cwd="/").stdout.startswith("offkit ")
    program = [prefix / "current/bin/python", "-c", "import click; print(click.__file__)"]
    assert "off kit" in run([*user, *program], env=environment, cwd="/").stdout
    doctor = run([*user, offkit, "doctor"], env=environment, cwd="/")
    assert doctor.returncode == 0, doctor.stdout
    assert "Traceback" not in doctor.stdout + doctor.stderr
    again = run([*user, *command], env=environment, cwd="/")
    assert again.returncode == 0
    assert "nothing to do" in again.stdout


def test_a_second_bundle_becomes_a_second_generation(
    small_bundle, bundle, install_sh, server, isolated, tmp_path
):
    """The first stays as it was; current is switched."""
    prefix = tmp_path / "prefix"
    done = run([*isolated, "sh", install_sh, small_bundle, "--prefix", prefix, "--python", server[0]])
    assert done.returncode == 0, done.stderr
    first = listing(prefix / "generations")
    assert run(["tar", "-xf", bundle, "-C", tmp_path, "install.sh"]).returncode == 0
    done = run([*isolated, "sh", tmp_path / "install.sh", bundle, "--prefix", prefix, "--python", server[0]])
    assert done.returncode == 0, done.stderr
    generations = sorted(os.listdir(prefix / "generations"))
    assert [name[:5] for name in generations] == ["0001-", "0002-"]
    assert os.readlink(prefix / "current").endswith(generations[1])
    after = listing(prefix / "generations")
    assert {path: entry for path, entry in after.items() if generations[0] + "/" in path} == {
        path: entry for path, entry in first.items() if generations[0] + "/" in path
    }


def test_dry_run_writes_nothing(small_bundle, install_sh, server, isolated, tmp_path):
    """Every step is printed, none is done."""
    done = run(
        [
            *isolated,
            "sh",
            install_sh,
            small_bundle,
            "--prefix",
            tmp_path / "p",
            "--python",
            server[0],
            "--dry-run",
        ]
    )
    assert done.returncode == 0, done.stderr
    assert "virtual environment" in done.stdout + done.stderr
    assert list(tmp_path.iterdir()) == []


def test_the_online_commands_stay_online(installed, isolated):
    """bundle is no command of the server's offkit, and saying so is a usage error."""
    prefix, _ = installed
    done = run([*isolated, prefix / "current/bin/offkit", "bundle"])
    assert done.returncode == 2
    assert "bundle" in done.stderr
