"""--image: what is asked of podman, what of an image is refused, and how a bundle is tried in one.

podman is a script here, whose containers are this machine; tests/lab/test_images.py has the real one.
"""

import json
import os
import shlex
import shutil
import sys

import pytest

from offkit.model.errors import EnvironmentProblem
from offkit.model.report import Reporter
from offkit.online import bundle
from offkit.online.carry import bootstrap, rpms
from offkit.online.proof import image
from offkit.online.request.locked import Request
from offkit.online.rpms.places import Place
from target_maker import preset

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="podman runs on Linux")

EL9 = preset("3.9", "el9")
FIND = bootstrap.part("find").decode("ascii")
DIGEST = "sha256:" + "ab" * 32
PODMAN = """\
#!/bin/sh
here=$(dirname "$0")
printf '%s\\n' "$*" >>"$here/asked"
case "$1 $2" in
    --version*) ;;
    "image exists") [ -e "$here/known" ] ;;
    "image inspect") cat "$here/known" ;;
    pull*) [ ! -e "$here/unreachable" ] || { echo "Error: no such host" >&2; exit 125; }; mv "$here/remote" "$here/known" ;;
    run*)
        [ ! -e "$here/broken" ] || { echo "Error: crun: no" >&2; exit 126; }
        for word in "$@"; do
            case $word in --cidfile=*) printf 1234 >"${word#*=}" ;; --env=HOME=*) export "${word#--env=}" ;; esac
            last=$word
        done
        if [ "$2" = -i ] || [ ! -e "$here/looks" ]; then exec sh -c "$last"; fi
        cat "$here/looks" ;;
    exec*) [ "$2" = 1234 ] || exit 125; shift 2; exec "$@" ;;
esac
"""


class Told(Reporter):
    def __init__(self):
        self.lines = []

    def step(self, text):
        self.lines.append(text)

    def warn(self, text):
        self.lines.append(text)


class Podman:
    """The script, and what it is to say."""

    def __init__(self, folder):
        self.folder = folder
        (folder / "podman").write_text(PODMAN)
        (folder / "podman").chmod(0o755)
        self.put("known", json.dumps([{"Id": "cd" * 32, "Digest": DIGEST}]))
        self.looks()

    def put(self, name, text=""):
        (self.folder / name).write_text(text)

    def looks(self, arch="x86_64", python="/usr/bin/python3.9", refused="", id="almalinux", version="9.4"):
        about = f'ID="{id}"\nVERSION_ID="{version}"\nPRETTY_NAME="{id.title()} {version}"\n'
        self.put("looks", "\n".join([arch, python, refused, about]))

    def asked(self):
        return (self.folder / "asked").read_text().splitlines()


@pytest.fixture
def podman(tmp_path, monkeypatch):
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
    return Podman(tmp_path / "bin")


def look(name="alma:9", target=EL9, search=FIND, told=None, offline=False):
    return image.look(name, target, search, told or Reporter(), offline)


def refused(*given, **named):
    with pytest.raises(EnvironmentProblem) as caught:
        look(*given, **named)
    return caught.value


def test_what_it_is(podman):
    """By reference and digest, what it says that it is, and its architecture; nothing is pulled, and nobody
    is reached from it."""
    found = look()
    assert found.system == f"Almalinux 9.4 x86_64, image alma:9 {DIGEST}"
    assert found.describe() == "Almalinux 9.4 x86_64, image alma:9 sha256:abababababab"
    assert not [line for line in podman.asked() if line.startswith("pull")]
    (run,) = [line for line in podman.asked() if line.startswith("run")]
    assert {"--pull=never", "--network=none", "--http-proxy=false", "--rm", "cd" * 32} <= set(run.split())


def test_a_directory(podman, tmp_path):
    """Is run as it is, below an overlay that takes what is written; its path stays here."""
    (tmp_path / "root 9").mkdir()
    found = look(str(tmp_path / "root 9"))
    assert found.system == "Almalinux 9.4 x86_64, root file system root 9"
    assert found.podman == ("--rootfs", f"{tmp_path}/root 9:O")


def test_a_python_is_looked_for_where_the_bundle_brings_none(podman, tmp_path):
    """RPMs may bring one, from wherever they are."""
    podman.looks(python="")
    order = bundle.Order(Request((), ()), EL9, tmp_path / "x.tar", tmp_path, image="alma:9")
    for more in ({"isos": (tmp_path / "x.iso",)}, {"more": rpms.More((Place("/srv/rpms"),))}):
        assert bundle._stage(order._replace(**more), Reporter()).podman
    with pytest.raises(EnvironmentProblem, match=r"has no Python 3\.9 that will do"):
        bundle._stage(order, Reporter())


def test_without_podman(monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    error = refused()
    assert "--image needs podman" in error.message
    assert error.exit_code == 4


@pytest.mark.parametrize(("looks", "message"), [
    ({"id": "rocky", "version": "8.10"}, "--image alma:9 is Rocky 8.10 x86_64 (el8); the bundle is for el9 "),
    ({"arch": "aarch64"}, "--image alma:9 is Almalinux 9.4 aarch64 (el9); the bundle is for el9 x86_64"),
    ({"id": "debian", "version": "12"}, "--image alma:9 is Debian 12 x86_64; the bundle is for el9 "),
    ({"python": "", "refused": "\t    /usr/bin/python3: is Python 3.6, not 3.9"},
     "--image alma:9 has no Python 3.9 that will do\n    /usr/bin/python3: is Python 3.6, not 3.9"),
])  # fmt: skip
def test_one_that_is_not_like_the_server(podman, looks, message):
    """Is refused for what it is."""
    podman.looks(**looks)
    assert refused().message.startswith(message)


def test_a_python_that_the_bundle_brings(podman):
    """Needs none in the image."""
    podman.looks(python="")
    assert look(search="").system.startswith("Almalinux")


def test_a_release_that_offkit_does_not_know(podman):
    """Cannot be compared: that is said."""
    podman.looks(id="debian", version="12")
    told = Told()
    look(target=EL9._replace(name="debian-12", el=0), told=told)
    assert told.lines == ["--image alma:9 is Debian 12; whether that is debian-12 offkit does not know"]


def test_one_that_is_not_here(podman):
    """Is pulled, and that is said; not offline, and not where there is none."""
    os.rename(podman.folder / "known", podman.folder / "remote")
    assert "podman pull alma:9" in refused(offline=True).fix
    podman.put("unreachable")
    assert refused().message == "--image alma:9 is not here and cannot be pulled: no such host"
    os.unlink(podman.folder / "unreachable")
    told = Told()
    assert DIGEST in look(told=told).system
    assert told.lines == ["pulling alma:9, which podman does not have yet"]


def test_a_file(podman, tmp_path):
    """podman takes it in, by a command that depends on what it is."""
    (tmp_path / "root.tar").write_bytes(b"")
    error = refused(str(tmp_path / "root.tar"))
    assert error.fix.startswith(
        f"podman load -i {shlex.quote(str(tmp_path / 'root.tar'))} (a saved image) or podman import "
    )


def test_one_that_does_not_run(podman, tmp_path):
    podman.put("broken")
    assert refused().message == "--image alma:9 cannot be run: crun: no"
    with pytest.raises(EnvironmentProblem, match="the image does not start: crun: no"):
        with image.Image(("x",), "A").opened(tmp_path, ()):
            pass


@pytest.mark.skipif(shutil.which("timeout") is None, reason="there is no timeout(1) here")
def test_inside(podman, tmp_path):
    """Files are bound whatever they are called; commands run in the container, which ends with the block."""
    odd = tmp_path / 'a,b:"c" d.py'
    with image.Image(("x",), "A").opened(tmp_path, [odd]) as run:
        assert run(["sh", "-c", "echo there; exit 3"])[1:] == (3, "there\n", "")
    assert (tmp_path / "home").is_dir()
    (started,) = [line for line in podman.asked() if line.startswith("run -i")]
    path = str(odd).replace('"', '""')
    assert f'--mount=type=bind,"src={path}","dst={path}",ro' in started


def test_how_it_looks(podman):
    """The script that runs there holds in a real shell, with install.sh's own search for a Python."""
    os.unlink(podman.folder / "looks")
    series = "{}.{}".format(*sys.version_info)
    here = EL9._replace(python=series + ".0", arch=os.uname().machine, name="debian-12", el=0)
    message = ""
    try:
        look(target=here)
    except EnvironmentProblem as error:
        message = error.message
    assert "cannot be run" not in message


def test_one_for_each_target(typed):
    """Whose is which must be said."""
    code, _, err = typed("bundle", "six", "--target", "el8", "--target", "el9", "--image", "x")
    assert (code, "--image was given 1 time for 2 targets" in err) == (2, True)
