"""What the lab promises for servers that get everything from a disc: mount, a user, a compiler's disc."""

import os

import pytest

import cache
import changes
import disc
import extras
import needs
import source_tree
import targets

pytestmark = [
    pytest.mark.root,
    pytest.mark.skipif(bool(needs.reason()), reason=needs.reason() or "the lab is ready"),
]

INSTALL = "yum -y --disablerepo='*' --enablerepo='offkit-*' install "
IMAGE = "/root/c 7.iso"


@pytest.fixture(scope="module")
def supplied():
    """A server with the disc's image in root's home, and nothing else."""
    with targets.target(7) as target:
        target.put(disc.iso(7), IMAGE)
        yield target


@pytest.fixture
def el7(supplied):
    with targets.target(above=supplied) as target:
        yield target


def sh(target, text, **how):
    done = target.run(["sh", "-c", text], **how)
    return done.returncode, done.stdout, done.stderr


def loops():
    """Loop devices with that image; other tests may have theirs at the same time."""
    return [line for line in cache.run(["losetup", "-a"]).splitlines() if IMAGE in line]


def test_a_disc_image_is_mounted_as_on_a_server(el7):
    """By mount(8) with a loop device; the files are those of the image, read-only, and umount frees it."""
    script = """
        mount -t iso9660 -o loop,ro "$1" /mnt || exit 9
        cat /mnt/CentOS_BuildTag; touch /mnt/x; losetup -a | grep -c "c 7.iso"
        (cd /mnt && find . -type f | sort | xargs sha256sum) | sha256sum
        umount /mnt; losetup -a | grep "c 7.iso"; ls /mnt
    """
    done = el7.run(["sh", "-c", script, "sh", IMAGE])
    tag, count, digest = done.stdout.splitlines()
    assert (tag, count) == ("20201030-1", "1"), done.stderr
    assert "Read-only file system" in done.stderr
    held = disc.unpacked(disc.iso(7))
    listing = cache.run(
        ["sh", "-c", "find . -type f | LC_ALL=C sort | xargs sha256sum | sha256sum"], cwd=held
    )
    assert digest == listing.strip()
    assert loops() == []


def test_the_disc_driver_stands_in_only_where_the_kernel_has_none(el7):
    there = sh(el7, "test -e /sbin/mount.iso9660")[0] == 0
    assert there == (not extras.kernel_reads_discs())


def test_nothing_of_a_mount_is_left_when_the_command_is_over(el7):
    """Not umounted: the loop device and whoever reads it go with the namespaces."""
    assert sh(el7, "mount -o loop,ro '{}' /mnt && ls /mnt/Packages >/dev/null".format(IMAGE))[0] == 0
    assert loops() == []


def test_a_server_that_is_up_keeps_what_is_mounted(el7):
    """From one command to the next, until the end."""
    with el7.up():
        assert sh(el7, "mount -o loop,ro '{}' /mnt".format(IMAGE))[0] == 0
        assert sh(el7, "cat /mnt/CentOS_BuildTag")[1] == "20201030-1\n"
        assert sh(el7, "cat /proc/1/comm")[1] == "bash\n"
    assert sh(el7, "ls /mnt")[1] == ""
    assert loops() == []


def test_the_user_is_ordinary(el7):
    """A home, no rights: not to mount, not to make namespaces, not to the system; rpm answers everybody."""
    el7.put(disc.iso(7), targets.HOME + "/c7.iso")
    code, out, err = sh(el7, 'cd && stat -c "%U %a" . c7.iso; rpm -q glibc', user=True)
    assert (code, out.splitlines()[:1]) == (0, ["worker 700"]), err
    assert out.splitlines()[1].startswith("worker ")
    assert out.splitlines()[2].startswith("glibc-")
    for refused in (
        "mount -o loop,ro ~/c7.iso /mnt",
        "unshare -m true",
        "touch /etc/x",
        "ls /root",
        "yum -y install make",
    ):
        assert sh(el7, refused, user=True)[0] != 0, refused


def test_a_minimal_server_has_these_tools_and_not_those(el7):
    """What install.sh may count on, and what it may not."""
    there = (
        "awk cpio dd flock gawk gzip mktemp mount od rpm rpm2cpio sha256sum tail tar umount unshare xz yum"
    )
    absent = "python3 python perl gcc make busybox strace bsdtar xorriso fuseiso"
    asked = "for tool in {}; do command -v $tool >/dev/null || echo $tool; done"
    assert sh(el7, asked.format(there))[1] == ""
    assert sh(el7, asked.format(absent))[1].split() == absent.split()


def test_changes_are_those_that_last(el7):
    """What came and went is none; replaced, hidden and altered things are."""
    script = """
        mkdir /tmp/x && rmdir /tmp/x; cp /etc/group /g && mv /g /etc/group
        echo >>/etc/passwd; chmod 700 /etc/yum.repos.d; rm -r /etc/pki && mkdir /etc/pki
        rm "{}"; ln -s passwd /etc/link; : >/run/passing
    """.format(IMAGE)
    assert sh(el7, script)[0] == 0
    found = changes.changes(el7)
    assert found == [
        "+ /etc/link",
        "~ /etc/passwd content",
        "- /etc/pki/rpm-gpg",
        "- /etc/pki/rpm-gpg/RPM-GPG-KEY-CentOS-7",
        "~ /etc/yum.repos.d mode",
        "- /root/c 7.iso",
    ]
    assert changes.outside(found, "/etc", "/root") == []
    assert changes.below(found, "/root") == ["- /root/c 7.iso"]


def test_the_minimal_disc_has_no_python_and_no_compiler():
    """Libraries of the base system only."""
    names = os.listdir(os.path.join(disc.tree(7, minimal=True), "Packages"))
    assert [each for each in names if each.startswith(("python3", "gcc-", "libSM", "zlib-devel"))] == []
    assert [each for each in names if each.startswith("zlib-")] != []


@pytest.mark.parametrize(
    ("headers", "lacking"), [("zlib-devel libffi-devel", ["_ssl", "_bz2"]), ("", ["zlib"])]
)
def test_the_stand_in_source_lacks_what_has_no_header(el7, headers, lacking):
    """configure, make and make altinstall, with gcc and make from the disc; the result runs."""
    archive = source_tree.source()
    if archive is None:
        pytest.skip("no CPython 3.6 on PATH or under pyenv")
    el7.put(archive, "/root/source.tgz")
    el7.insert(disc.iso(7))
    el7.write("/etc/yum.repos.d/offkit.repo", disc.repository(7))
    code, _, err = sh(el7, "cd && tar -xzf source.tgz && cd Python-3.6.15 && ./configure")
    assert (code, "no acceptable C compiler" in err) == (1, True)
    assert sh(el7, INSTALL + "gcc make " + headers)[0] == 0
    build = """cd && cd Python-3.6.15 && LDFLAGS=-Wl,-rpath,/opt/py/lib ./configure --prefix=/opt/py \
        --enable-shared && make -j2 && make altinstall DESTDIR=/root/stage && mv /root/stage/opt/py /opt/py"""
    code, out, err = sh(el7, build)
    assert code == 0, err
    assert "The necessary bits to build these optional modules were not found:" in out
    there = "/opt/py/bin/python3.6 -c 'import sys, math, {}; print(sys.prefix)'"
    for module in lacking:
        assert "No module named '{}'".format(module) in sh(el7, there.format(module))[2]
    if headers:
        assert sh(el7, there.format("zlib, ctypes"))[1] == "/opt/py\n"


def test_the_ready_made_build_runs_where_it_is_unpacked(el7):
    archive = source_tree.build()
    if archive is None:
        pytest.skip("no CPython 3.6 on PATH or under pyenv")
    el7.put(archive, targets.HOME + "/build.tar.gz")
    run = "cd && tar -xzf build.tar.gz && python/bin/python3.6 -c 'import sys, ctypes; print(sys.prefix)'"
    assert sh(el7, run, user=True)[1] == targets.HOME + "/python\n"
