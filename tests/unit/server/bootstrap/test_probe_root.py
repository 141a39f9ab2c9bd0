"""probe.sh in roots of their own, which have a shell, the C library and nothing else: no Python can be met."""

import json
import os
import re
import shutil
import subprocess

import pytest

import rpm_tools
from described_maker import RELEASES
from offkit.edges import releases
from offkit.model import probed
from offkit.server.system import description

# The only thing of this machine in it is what the shell is loaded with.
ENTER = 'mount --bind /dev/null "$1/dev/null" && exec chroot "$1" /bin/sh /probe.sh'


@pytest.fixture
def root(tmp_path):
    """A root made of busybox."""
    rpm_tools.need_namespace()
    shell = shutil.which("busybox")
    if shell is None:
        pytest.skip("there is no busybox here")
    top = tmp_path / "root"
    for name in ("bin", "dev", "etc", "proc", "usr/bin", "usr/lib"):
        (top / name).mkdir(parents=True)
    (top / "dev" / "null").write_bytes(b"")
    shutil.copy(shell, str(top / "bin" / "busybox"))
    for applet in ("awk", "cat", "df", "grep", "head", "id", "readlink", "sed", "sh", "sort", "tr", "uname"):
        (top / "bin" / applet).symlink_to("busybox")
    loaded = subprocess.Popen(["ldd", shell], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    for path in re.findall(r"(/\S+) \(0x", loaded.communicate()[0].decode()):
        place = str(top) + path
        os.makedirs(os.path.dirname(place), exist_ok=True)
        shutil.copy(os.path.realpath(path), place)
        os.chmod(place, 0o755)
    (top / "probe.sh").write_text(description.script())
    return top


@pytest.mark.parametrize(
    "name", ["centos7", "rocky8", "rocky10", "openeuler2203", "kylin", "anolis8", "amazon2023"]
)
def test_a_server_with_a_shell_alone(root, name):
    """It is a target, whatever its release is, with the Python that the release ships."""
    os_release, _ = RELEASES[name]
    text = "".join("{}={}\n".format(*each) for each in os_release.items())
    # As on many: /etc has a link to it.
    (root / "usr" / "lib" / "os-release").write_text(text)
    (root / "etc" / "os-release").symlink_to("../usr/lib/os-release")
    done = subprocess.Popen(
        ["unshare", "-m", "sh", "-c", ENTER, "sh", str(root)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={"PATH": os.environ["PATH"] + ":/usr/bin:/bin"},
    )
    out, err = done.communicate()
    assert (done.returncode, err) == (0, b"")
    found = json.loads(out.decode("ascii"))
    assert (found["pythons"], found["packages"], found["libraries"]) == ([], None, None)
    assert found["os_release"] == {key: value.strip('"') for key, value in os_release.items()}
    if found["glibc"] is None:  # of a busybox that brings its own, and no library that could say so
        found["glibc"] = "2.17"
    target = probed.read(found, releases.known())
    release = releases.of(target.el, target.name)
    assert (release.name, target.python_minor) == (target.name, release.python)
