"""The lab's own promises: what a target is like, and that nothing of it is left behind."""

import glob
import os
import shutil
import signal
import subprocess

import pytest

import cache
import disc
import needs
import rpms
import targets
import waiting

pytestmark = [
    pytest.mark.root,
    pytest.mark.skipif(bool(needs.reason()), reason=needs.reason() or "the lab is ready"),
]

INSTALL = "yum --disablerepo='*' --enablerepo='offkit-*' install "


@pytest.fixture
def el7():
    """A fresh target with the disc in and offkit's repository file written."""
    with targets.target(7) as target:
        target.insert(disc.iso(7))
        target.write("/etc/yum.repos.d/offkit.repo", disc.repository(7))
        yield target


def sh(target, text, **how):
    done = target.run(["sh", "-c", text], **how)
    return done.returncode, done.stdout, done.stderr


def test_a_target_looks_like_a_minimal_centos(el7):
    """Its release, its rpm database, yum; no Python on PATH, none of the X11 libraries."""
    code, out, _ = sh(
        el7, ". /etc/os-release; echo $ID $VERSION_ID; rpm -E %_arch; rpm -q glibc centos-release"
    )
    assert (code, out.splitlines()[:2]) == (0, ["centos 7", "x86_64"])
    assert "glibc-" in out
    assert sh(el7, "command -v python3 python3.6 python || echo none")[1] == "none\n"
    assert sh(el7, "ldconfig -p | grep -c -E 'libSM|libXext|libXrender|libGL'")[1] == "0\n"
    assert sh(el7, "rpm -q --whatprovides 'libSM.so.6()(64bit)'")[0] == 1
    assert sh(el7, "rpm -q --whatprovides 'libstdc++.so.6(GLIBCXX_3.4.19)(64bit)'")[1].startswith(
        "libstdc++-"
    )


def test_without_the_network_a_stock_repository_fails_yum(el7):
    """As on the real thing: which is why every line of offkit disables the others."""
    code, _, err = sh(el7, "yum install libSM", typed="y\n")
    assert code == 1
    assert "Failed to download metadata for repo 'base'" in err


def test_targets_do_not_know_each_other():
    """What one wrote is not in the next, and not in the base."""
    with targets.target(7) as one, targets.target(7) as other:
        assert sh(one, "echo mine > /etc/mine; rm /etc/redhat-release")[0] == 0
        assert sh(one, "cat /etc/mine; test -e /etc/redhat-release || echo gone")[1] == "mine\ngone\n"
        assert sh(other, "test -e /etc/mine || cat /etc/redhat-release")[1].startswith(
            "CentOS Linux release 7"
        )


@pytest.mark.parametrize("el", [7, 8, 9])
def test_every_package_of_a_disc_is_signed(el):
    """And its key is where that EL has it: on the el7 disc, or on the server."""
    tree = disc.unpacked(disc.iso(el))
    packages = [
        os.path.join(parent, name)
        for parent, _, names in os.walk(tree)
        for name in names
        if name.endswith(".rpm")
    ]
    assert len(packages) > 40
    out = cache.run(["rpm", "-qp", "--nosignature", "--qf", "%{NAME} %{RSAHEADER:pgpsig}\n", *packages])
    assert [line for line in out.splitlines() if "RSA/SHA256" not in line] == []
    assert os.path.exists(os.path.join(tree, "RPM-GPG-KEY-CentOS-7")) == (el == 7)
    assert os.path.isdir(os.path.join(tree, "repodata" if el == 7 else "AppStream/repodata"))


def test_a_library_package_provides_what_its_files_do(el7):
    """yum finds it by soname and by symbol version, as on the real disc."""
    found = INSTALL.replace("install", "-q repoquery --whatprovides")
    assert sh(el7, found + "'libSM.so.6()(64bit)'")[1] == "libSM-0:1.2.3-1.el7.x86_64\n"
    assert "zlib-0:" in sh(el7, found + "'libz.so.1(ZLIB_1.2.0)(64bit)'")[1]
    assert sh(el7, found + "libSM.so.6")[1] == "libSM-0:1.2.3-1.el7.i686\n"


def test_the_32_bit_twin_of_a_library_is_on_the_disc_too(el7):
    """yum takes it when asked for it by its architecture, and the 64-bit one is as missing as before."""
    code, _, err = sh(el7, INSTALL + "libSM.i686", typed="y\ny\n")
    assert code == 0, err
    assert sh(el7, "rpm -q --qf '%{ARCH}' libSM")[1] == "i686"
    assert sh(el7, "od -An -tx1 -j4 -N1 /usr/lib/libSM.so.6")[1].split() == ["01"]  # ELFCLASS32
    assert sh(el7, "rpm -q --whatprovides 'libSM.so.6()(64bit)'")[0] == 1


def unsign(packages):
    cache.run(["rpmsign", "--delsign", *glob.glob(packages + "/libSM-*.rpm")])


def sign_with_another_key(packages):
    unsign(packages)
    home = os.path.join(os.path.dirname(packages), "gnupg")
    rpms.generate_key(home)
    rpms.sign(glob.glob(packages + "/libSM-*.rpm"), home)


@pytest.mark.parametrize(
    ("change", "said"), [(unsign, "is not signed"), (sign_with_another_key, "Public key for")]
)
def test_yum_refuses_what_the_key_did_not_sign(el7, tmp_path, change, said):
    """gpgcheck=1 is in force: the disc's key is not enough for a package it did not sign."""
    el7.insert(disc.altered(7, change, str(tmp_path)))
    code, out, err = sh(el7, INSTALL + "libSM", typed="y\ny\ny\n")
    assert code == 1
    assert said in out + err
    assert sh(el7, "rpm -q libSM")[0] == 1


def test_a_disc_that_is_not_in_is_an_error(el7):
    """Not 'No package available'."""
    el7.eject()
    code, _, err = sh(el7, INSTALL + "libSM", typed="y\n")
    assert code == 1
    assert "Cannot download repomd.xml" in err


def test_a_kill_leaves_no_mount_and_no_process(el7):
    """The file systems of a target end with its last process, and that with the one we started."""
    before = mounts()
    argv = el7.command(["sh", "-c", "echo here; exec sleep 1000"])
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        try:
            said = waiting.heard(running.stdout.fileno())
            assert said == b"here\n", running.stderr.read()
            assert inside(el7)
            assert mounts() == before
        finally:
            running.send_signal(signal.SIGKILL)
    waiting.until(lambda: not inside(el7))
    assert mounts() == before


def test_a_disc_is_mounted_where_the_kernel_can(tmp_path):
    """By a loop device that goes with the command. squashfs stands in for a kernel without iso9660."""
    mksquashfs = shutil.which("mksquashfs")
    image = disc.iso(7)
    if not disc.mountable(image):
        if not mksquashfs:
            pytest.skip("the kernel has no iso9660, and there is no mksquashfs to stand in")
        image = str(tmp_path / "standin.iso")
        cache.run([mksquashfs, disc.tree(7), image, "-quiet", "-no-progress"])
        if not disc.mountable(image):
            pytest.skip("no loop device")
    with targets.target(7) as target:
        target.insert(image)
        code, out, err = sh(target, "cat /mnt/offkit-iso/CentOS_BuildTag; touch /mnt/offkit-iso/x")
        assert (code, out) == (1, "20201030-1\n")
        assert "Read-only file system" in err
    assert image not in cache.run(["losetup", "-a"])


def mounts():
    with open("/proc/self/mountinfo", encoding="utf-8") as lines:
        return [line for line in lines if cache.home() in line]


def inside(target):
    """Processes that see this target's overlay mounted."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open("/proc/{}/mountinfo".format(pid), encoding="utf-8") as lines:
                if target.folder in lines.read():
                    found.append(int(pid))
        except OSError:
            continue
    return found
