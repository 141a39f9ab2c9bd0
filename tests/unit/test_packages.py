"""The RPM tables: what repo-config says, and how it is asked."""

import pytest

from offkit.edges import data
from offkit.model import packages

SONAMES = packages.parse_sonames(data.read_text(packages.SONAMES))
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
def test_rpm_for_soname(soname, el7, el8, el9):
    """A package, or None where that release has none."""
    assert [packages.rpm_for_soname(SONAMES, soname, el) for el in (7, 8, 9)] == [el7, el8, el9]


def test_a_newer_release_reads_the_newest_column():
    """EL 10 is nearer to 9 than to 7."""
    assert packages.rpm_for_soname(SONAMES, "libcrypt.so.1", 10) == "libxcrypt-compat"


def test_where_the_iso_has_none_the_note_says_more():
    """OpenSSL 1.1 for el7 is in EPEL only."""
    assert "EPEL" in packages.note_for_soname(SONAMES, "libssl.so.1.1", 7)
    assert packages.note_for_soname(SONAMES, "libssl.so.1.1", 8) == ""
    assert packages.note_for_soname(SONAMES, "libSM.so.6", 7) == ""


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


def test_every_soname_a_module_needs_has_a_package():
    """The two tables agree with each other, on every release."""
    for row in MODULES:
        for el in packages.MAJORS:
            for soname in row.sonames[el]:
                assert packages.rpm_for_soname(SONAMES, soname, el), (soname, el)


def test_severities_are_known():
    """Findings get theirs from the table."""
    assert {row.severity for row in MODULES} == {"error", "warning", "info"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("soname,el7,el8,el9,note\nliba.so.1,a,a\n", "columns"),
        ("soname,el7,el8,el9,note\na.so,a,a,a,,x\n", "columns"),
        ("soname,el7,el8,el9,note\na.so,a,a,a,\na.so,b,b,b,\n", "twice"),
    ],
)
def test_a_malformed_table_is_refused(text, message):
    """A line with a column too few or too many, a soname listed twice."""
    with pytest.raises(ValueError, match=message):
        packages.parse_sonames(text)


@pytest.mark.parametrize(
    ("distribution", "el", "key"),
    [
        ("rocky", 8, "RPM-GPG-KEY-rockyofficial"),
        ("rocky", 9, "RPM-GPG-KEY-Rocky-9"),
        ("centos", 7, "RPM-GPG-KEY-CentOS-7"),
        ("debian", 12, None),
    ],
)
def test_gpg_key(distribution, el, key):
    """Each distribution signs with its own key, or is unknown."""
    assert packages.gpg_key(data.read_text(packages.KEYS), distribution, el) == key


@pytest.mark.parametrize(("el", "sections"), [(7, 1), (8, 2), (9, 2)])
def test_repo_templates(el, sections):
    """One baseurl each, off unless asked for, signatures checked, an absent disc an error."""
    from configparser import ConfigParser

    text = data.read_text("repo-config/el{}/offkit.repo".format(el))
    parser = ConfigParser(interpolation=None)
    parser.read_string(text.replace("{mount}", "/mnt/iso").replace("{gpgkey}", "file:///etc/pki/key"))
    assert len(parser.sections()) == sections
    for name in parser.sections():
        section = parser[name]
        assert name.startswith("offkit-")
        assert section["baseurl"].startswith("file:///mnt/iso")
        assert (section["enabled"], section["gpgcheck"], section["metadata_expire"]) == ("0", "1", "0")
        assert section["gpgkey"].startswith("file:///")
        assert "skip_if_unavailable" not in section
    assert "yum --disablerepo='*' --enablerepo='offkit-*' install" in text
