"""offkit bundle --image: the bundle is installed and imported in a real container, by podman."""

import json
import os
import shutil
import subprocess
import sys

import pytest

import images
import needs

pytestmark = [
    pytest.mark.network,
    pytest.mark.root,
    pytest.mark.skipif(bool(needs.reason()), reason=needs.reason() or "the lab is ready"),
    pytest.mark.skipif(shutil.which("podman") is None, reason="there is no podman here"),
]

OFFKIT = os.path.join(os.path.dirname(sys.executable), "offkit")
NAME = "localhost/offkit-lab-el9:9.4"
CHECK = """\
import os, socket, subprocess, six
with open("/etc/os-release") as about:
    assert "AlmaLinux" in about.read()
assert [name for _, name in socket.if_nameindex()] == ["lo"]
with socket.socket() as one, socket.socket() as other:
    one.bind(("127.0.0.1", 0)); one.listen(1); other.connect(one.getsockname())
subprocess.Popen(["sleep", "100000"], start_new_session=True)  # what is left behind is waited for by nobody
"""


@pytest.fixture(scope="module")
def podman(tmp_path_factory):
    folder = tmp_path_factory.mktemp("podman")
    made = images.Podman(str(folder))
    try:
        images.root(str(folder / "el9"), 9, "3.9")
    except LookupError as error:
        pytest.skip(str(error))
    made.take(str(folder / "el9"), NAME)
    why = made.reason(NAME)
    if why:
        pytest.skip(why)
    yield made
    made.run("rmi", "--all", "--force")


def bundle(podman, out, *words):
    """(exit code, the report)."""
    done = subprocess.run(
        [OFFKIT, "bundle", "six", *map(str, words), "-o", str(out), "--json"],
        env=dict(os.environ, **podman.environment),
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, json.loads(done.stdout)


def proofs(out):
    told = subprocess.run([OFFKIT, "inspect", str(out), "--json"], capture_output=True, check=True)
    return {one["kind"]: one for one in json.loads(told.stdout)["options"]["proofs"]}


def test_in_an_image(podman, tmp_path):
    """Installed by its install.sh with the image's Python, and the check run there; the manifest says in
    which image, and no container is left."""
    (tmp_path / "che,ck.py").write_text(CHECK)
    out = tmp_path / "b:1.tar"
    code, report = bundle(podman, out, "--target", "el9", "--image", NAME, "--smoke", tmp_path / "che,ck.py")
    assert code == 0, report
    found = proofs(out)
    assert found["rehearsal"]["said"] == "installed, 1 module imported"
    assert found["smoke"]["passed"]
    system = "AlmaLinux 9.4 (Seafoam Ocelot) x86_64, image {} {}".format(NAME, podman.digest(NAME))
    assert found["rehearsal"]["on"].endswith(system)
    assert found["rehearsal"]["on"].startswith("CPython 3.9.")
    assert podman.containers() == []


def test_in_a_directory(podman, tmp_path):
    """Nothing is written there; what fails is told as it is on a machine."""
    root = os.path.join(podman.folder, "el9")
    before = sorted(os.listdir(root)), os.listdir(os.path.join(root, "tmp"))
    (tmp_path / "check.py").write_text("raise SystemExit('no good')\n")
    out = tmp_path / "b.tar"
    code, report = bundle(podman, out, "--target", "el9", "--image", root, "--smoke", tmp_path / "check.py")
    assert code == 1, report
    found = proofs(out)
    assert (found["rehearsal"]["passed"], found["smoke"]["passed"]) == (True, False)
    assert found["smoke"]["on"].endswith("AlmaLinux 9.4 (Seafoam Ocelot) x86_64, root file system el9")
    assert found["smoke"]["said"].endswith("check.py: ended with 1: no good")
    assert (sorted(os.listdir(root)), os.listdir(os.path.join(root, "tmp"))) == before
    assert podman.containers() == []


@pytest.mark.parametrize(("words", "said"), [
    (["--target", "el9:3.12"], "has no Python 3.12 that will do"),
    (["--target", "el9", "--arch", "aarch64"], "x86_64 (el9); the bundle is for el9 aarch64"),
    (["--target", "el9", "--image", "localhost/nobody:1", "--offline"], "localhost/nobody:1 is not here"),
])  # fmt: skip
def test_what_is_refused(podman, tmp_path, words, said):
    """Before anything is resolved or downloaded."""
    image = [] if "--image" in words else ["--image", NAME]
    cache = tmp_path / "cache"
    code, report = bundle(podman, tmp_path / "b.tar", *words, *image, "--cache-dir", cache)
    assert code == 4
    assert said in json.dumps(report)
    assert not cache.exists()
