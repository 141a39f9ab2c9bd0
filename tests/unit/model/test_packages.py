"""What repo-config says of packages, and how it is asked."""

import pytest

from offkit.edges import data, releases
from offkit.model import packages
from offkit.online.carry import repo_file

MODULES = packages.parse_modules(data.read_text(packages.MODULES))


@pytest.mark.parametrize(
    ("soname", "el7", "el8", "el9"),
    [
        ("libSM.so.6", "libSM", "libSM", "libSM"),
        ("libgthread-2.0.so.0", "glib2", "glib2", "glib2"),
        ("libGL.so.1", "libglvnd-glx", "libglvnd-glx", "libglvnd-glx"),
        ("libcrypt.so.1", "glibc", "libxcrypt", "libxcrypt-compat"),
        ("libssl.so.10", "openssl-libs", "compat-openssl10", None),
        ("libssl.so.1.1", None, "openssl-libs", "compat-openssl11"),
        ("libmvec.so.1", None, "glibc", "glibc"),
        ("libtinfo.so.5", "ncurses-libs", "ncurses-compat-libs", "ncurses-compat-libs"),
        ("libunheard-of.so.1", None, None, None),
    ],
)
def test_the_package_of_a_library(soname, el7, el8, el9):
    """A package, or None where that release has none."""
    assert [releases.of(el).sonames.get(soname) for el in (7, 8, 9)] == [el7, el8, el9]


def test_a_release_has_its_own_packages():
    """EL 10 keeps some names of EL 9, and not others."""
    assert releases.of(10).sonames["libcrypt.so.1"] == "libxcrypt-compat"
    assert [releases.of(el).sonames["libz.so.1"] for el in (9, 10)] == ["zlib", "zlib-ng-compat"]
    assert "libssl.so.1.1" not in releases.of(10).sonames


def test_what_is_no_enterprise_linux_has_its_own_packages():
    """openEuler splits less, Amazon Linux 2 has libcrypt by itself; what CPython is compiled with is told too."""
    euler, amazon = releases.of(0, "openeuler-22.03-lts"), releases.of(0, "amzn2")
    names = ("libbz2.so.1", "libsqlite3.so.0", "libGL.so.1", "libcrypt.so.1", "libc.so.6")
    assert [euler.sonames[name] for name in names] == ["bzip2", "sqlite", "libglvnd", "libxcrypt", "glibc"]
    assert [amazon.sonames[name] for name in names] == [
        "bzip2-libs",
        "sqlite",
        "libglvnd-glx",
        "libcrypt",
        "glibc",
    ]
    assert (euler.module("bz2").runtime, euler.module("bz2").devel) == (("bzip2",), ("bzip2-devel",))
    assert (euler.pythons["3.9"].devel, amazon.pythons["3.7"].devel) == ("python3-devel", "python3-devel")
    assert releases.of(0, "kylin11").module("bz2").devel == ()


def test_a_release_that_is_not_known():
    """Nothing is said of it but what is glibc's everywhere: no other release stands in for it."""
    for el in (0, 6, 99):
        unknown = releases.of(el)
        assert (unknown.name, unknown.pythons, unknown.minimal) == ("", {}, ())
        assert set(unknown.sonames.values()) == {"glibc"}
        assert "libc.so.6" in unknown.sonames
        assert unknown.module("ssl").devel == ()


def test_where_the_iso_has_none_the_note_says_more():
    """OpenSSL 1.1 for el7 is in EPEL only."""
    assert "EPEL" in releases.of(7).elsewhere["libssl.so.1.1"]
    assert "libssl.so.1.1" not in releases.of(8).elsewhere
    assert "libSM.so.6" not in releases.of(7).elsewhere


def test_modules_come_and_go_with_python_versions():
    """_uuid came with 3.7, crypt and nis left with 3.13."""
    there = {
        minor: {name for row in MODULES if row.exists_in((3, minor)) for name in row.extensions}
        for minor in (6, 7, 13)
    }
    assert "_uuid" not in there[6]
    assert "_uuid" in there[7]
    assert {"_crypt", "nis"} <= there[7]
    assert not {"_crypt", "nis"} & there[13]


def test_severities_are_known():
    """Findings get theirs from the table."""
    assert {row.severity for row in MODULES} == {"error", "warning", "info"}


@pytest.mark.parametrize(
    ("distribution", "el", "key"),
    [
        ("rocky", 8, "RPM-GPG-KEY-rockyofficial"),
        ("rocky", 9, "RPM-GPG-KEY-Rocky-9"),
        ("centos", 7, "RPM-GPG-KEY-CentOS-7"),
        ("almalinux", 10, "RPM-GPG-KEY-AlmaLinux-10"),
        ("debian", 12, None),
    ],
)
def test_gpg_key(distribution, el, key):
    """Each distribution signs with its own key, or is unknown."""
    assert releases.of(el).keys.get(distribution, (None,))[0] == key


@pytest.mark.parametrize(("el", "sections"), [(7, 1), (8, 2), (9, 2), (10, 2)])
def test_repo_files(el, sections):
    """One baseurl each, off unless asked for, signatures checked, an absent disc an error."""
    from configparser import ConfigParser

    ((path, text),) = repo_file.members(releases.of(el), "/mnt/iso").items()
    assert path == "repo-config/offkit-el{}.repo".format(el)
    parser = ConfigParser(interpolation=None)
    parser.read_string(text.replace("{gpgkey}", "file:///etc/pki/key"))
    assert len(parser.sections()) == sections
    for name in parser.sections():
        section = parser[name]
        assert name.startswith("offkit-")
        assert section["baseurl"].startswith("file:///mnt/iso")
        assert (section["enabled"], section["gpgcheck"], section["metadata_expire"]) == ("0", "1", "0")
        assert section["gpgkey"].startswith("file:///")
        assert "skip_if_unavailable" not in section
    assert "yum --disablerepo='*' --enablerepo='offkit-*' install" in text


def test_no_repo_file_where_the_discs_are_not_known():
    assert repo_file.members(releases.of(0), "/mnt/iso") == {}
