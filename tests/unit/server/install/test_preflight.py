"""What keeps a bundle off a machine, from facts alone."""

import os

import pytest

from offkit.edges.host import Host, Volume
from offkit.model import space
from offkit.model.space import Need
from offkit.server.install import preflight
from target_maker import preset

EL7 = preset("3.6")
CENTOS = {"ID": "centos", "VERSION_ID": "7", "PRETTY_NAME": "CentOS Linux 7 (Core)"}
HOST = Host("x86_64", (2, 17), CENTOS, "3.10.0", False)
VOLUME = Volume("/opt", "/opt", 10**9, 10**6, False, False, True, True)


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        (HOST, []),
        (HOST._replace(glibc=(2, 28)), []),
        (HOST._replace(arch="aarch64"), [("ENV021", "error")]),
        (HOST._replace(glibc=(2, 12)), [("ENV022", "error")]),
        (HOST._replace(glibc=None), [("ENV022", "error")]),
        (HOST._replace(os_release={"ID": "rocky", "VERSION_ID": "8.9"}), [("ENV023", "warning")]),
        (HOST._replace(os_release={"ID": "debian", "VERSION_ID": "12"}), [("ENV023", "warning")]),
        (HOST._replace(arch="i686", glibc=(2, 5)), [("ENV021", "error"), ("ENV022", "error")]),
    ],
)
def test_hosts(host, expected):
    """Another architecture or an older glibc is an error, another EL a warning."""
    assert [(one.code, one.severity) for one in preflight.host_misfits(host, EL7)] == expected


@pytest.mark.parametrize(
    ("os_release", "name", "expected"),
    [
        ({"ID": "openEuler", "VERSION_ID": "22.03"}, "openeuler22.03", []),
        ({"ID": "openEuler", "VERSION_ID": "20.03"}, "openeuler22.03", ["ENV023"]),
        ({"ID": "kylin", "VERSION_ID": "V10"}, "openeuler20.03", ["ENV023"]),
        ({"ID": "rocky", "VERSION_ID": "8.9"}, "openeuler20.03", ["ENV023"]),
        ({"ID": "fedora", "VERSION_ID": "40"}, "fedora-40", []),
        ({"ID": "fedora", "VERSION_ID": "40"}, "custom", []),
    ],
)
def test_systems_beside_enterprise_linux(os_release, name, expected):
    """By the names that offkit has for them; of two that it has none for it cannot say."""
    target = EL7._replace(el=0, name=name)
    found = preflight.host_misfits(HOST._replace(os_release=os_release), target)
    assert [one.code for one in found] == expected


@pytest.mark.parametrize(
    ("prefix", "volume", "expected"),
    [
        ("/opt/offkit", VOLUME, []),
        ("/opt/of fkit/ü", VOLUME, []),
        ("/opt/offkit", VOLUME._replace(free_inodes=None), []),
        ("/opt/offkit", VOLUME._replace(noexec=True), ["ENV026"]),
        ("/opt/offkit", VOLUME._replace(read_only=True, writable=False), ["ENV027"]),
        ("/opt/offkit", VOLUME._replace(writable=False), ["ENV027"]),
        ("/opt/offkit", VOLUME._replace(directory=False), ["ENV027"]),
        ("/opt/offkit", VOLUME._replace(free_bytes=10**6 - 1), ["ENV024"]),
        ("/opt/offkit", VOLUME._replace(free_inodes=99), ["ENV025"]),
        ('/opt/"offkit"', VOLUME, ["ENV028"]),
        ("/opt/$HOME", VOLUME, ["ENV028"]),
        ("/opt/a:b", VOLUME, ["ENV028"]),
        ("/opt/a\nb", VOLUME, ["ENV028"]),
        (os.fsdecode(b"/opt/\xff"), VOLUME, ["ENV028"]),
        (
            "/opt/offkit",
            VOLUME._replace(noexec=True, writable=False, free_bytes=0, free_inodes=0),
            ["ENV027", "ENV026", "ENV024", "ENV025"],
        ),
    ],
)
def test_prefixes(prefix, volume, expected):
    """Permissions, mount options, space, inodes and odd names: all that is wrong, at once."""
    found = preflight.prefix_misfits(prefix, volume, Need(10**6, 0, 0), need_inodes=100)
    assert [one.code for one in found] == expected
    assert all(one.fix for one in found)


def test_space_is_said_in_megabytes():
    """The message has both sides of the comparison."""
    needed = Need(wheels=10**7, unpacked=66 * 10**6 + 1, own=4 * 10**6)
    (finding,) = preflight.prefix_misfits("/opt/x", VOLUME._replace(free_bytes=7000000), needed, 1)
    assert finding.message == (
        "81 MB are needed (wheels 10, unpacked 67, offkit itself 4), /opt has 7 MB free"
    )


def test_needs_grow_with_the_bundle():
    """Wheels, what they unpack to, byte code, and offkit."""
    assert space.need(60 * 10**6, 200 * 10**6, 10**6).total >= 300 * 10**6
    assert preflight.needed_inodes(1000) >= 2000


def test_a_small_bundle_fits_a_small_disk():
    """click and pip (1.8 MB of wheels, 6.3 MB unpacked) go onto 20 MB, of which they take 4."""
    assert space.need(1834000, 6300000, 1161280).total < 16 * 10**6


def test_foreign_things_in_the_way():
    """A file called current or generations is not overwritten."""
    names = {"/p/current": "directory", "/p/generations": "file", "/proc/self/cwd": "link"}
    found = preflight.occupied(
        "/p", names.__contains__, lambda path: names[path] == "link", lambda path: names[path] == "directory"
    )
    assert [(one.code, one.subject) for one in found] == [
        ("ENV029", "/p/current"),
        ("ENV029", "/p/generations"),
    ]
    assert preflight.occupied("/p", lambda path: path.startswith("/proc"), bool, bool) == []
    assert preflight.occupied("/p", lambda path: False, bool, bool)[0].subject == "/proc"


def test_what_is_needed_exactly():
    """Byte code beside the sources, offkit three times over, and what the environment itself takes."""
    assert space.need(7, 1000, 100) == Need(7, 1300, 300 + 2 * 10**6)
    assert preflight.needed_inodes(1000) == 2400
    assert Need(1, 10**6, 10**6 + 1).describe() == "3 MB are needed (wheels 1, unpacked 1, offkit itself 2)"


@pytest.mark.parametrize(
    ("volume", "short"),
    [
        (VOLUME._replace(free_bytes=10**6, free_inodes=100), []),
        (VOLUME._replace(free_bytes=10**6 - 1, free_inodes=100), ["ENV024"]),
        (VOLUME._replace(free_bytes=10**6, free_inodes=99), ["ENV025"]),
        (VOLUME._replace(free_inodes=0), ["ENV025"]),
    ],
)
def test_exactly_enough_is_enough(volume, short):
    """To the byte and to the inode."""
    found = preflight.prefix_misfits("/opt/offkit", volume, Need(10**6, 0, 0), need_inodes=100)
    assert [one.code for one in found] == short


@pytest.mark.parametrize(
    ("volume", "message"),
    [
        (
            VOLUME._replace(existing="/opt/file", directory=False, read_only=True),
            "/opt/file is not a directory",
        ),
        (VOLUME._replace(mount_point="/m", read_only=True, writable=False), "/m is mounted read-only"),
        (VOLUME._replace(existing="/opt/there", writable=False), "no permission to write in /opt/there"),
        (
            VOLUME._replace(mount_point="/m", noexec=True),
            "/m is mounted noexec: no library could be loaded from it",
        ),
        (VOLUME._replace(mount_point="/m", free_inodes=7), "100 inodes are needed, /m has 7 free"),
    ],
)
def test_what_is_in_the_way_is_said_with_its_place(volume, message):
    """The first thing that keeps the directory from being written, and where the volume is mounted."""
    (finding,) = preflight.prefix_misfits("/opt/x", volume, Need(10**6, 0, 0), need_inodes=100)
    assert (finding.message, finding.subject, finding.looked_in) == (message, "/opt/x", (volume.mount_point,))
    assert "--prefix DIR" in finding.fix
    assert ("run as root" in finding.fix) == message.startswith("no permission")


@pytest.mark.parametrize(
    ("host", "subject", "message"),
    [
        (HOST._replace(arch="aarch64"), "arch", "this machine is aarch64, the bundle is for x86_64"),
        (HOST._replace(glibc=None), "glibc", "this machine has no glibc, the wheels need 2.17"),
        (
            HOST._replace(glibc=(2, 16)),
            "glibc",
            "glibc here is 2.16, older than the 2.17 that the wheels may need",
        ),
        (
            HOST._replace(os_release={}),
            "system",
            "this is an unknown system, the bundle is for {}: the wheels fit, but names of RPMs may differ".format(
                EL7.name
            ),
        ),
    ],
)
def test_what_does_not_fit_is_said_with_both_sides(host, subject, message):
    """What is here, and what the bundle is for."""
    (finding,) = preflight.host_misfits(host, EL7)
    assert (finding.subject, finding.message) == (subject, message)


def test_odd_characters_are_named():
    """Each of them once."""
    (finding,) = preflight.prefix_misfits("/opt/$a`b$", VOLUME, Need(0, 0, 0), 0)
    assert finding.message == "the path has characters that scripts cannot hold: '$' '`'"
