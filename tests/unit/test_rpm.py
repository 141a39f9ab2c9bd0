"""RPM versions, capabilities, and the choice of packages."""

import shutil
import subprocess

import pytest

from offkit.media import rpm
from offkit.media.rpm import Package

# As rpm 4.18 answers; test_as_rpm_itself asks it again where it is installed.
ORDER = [
    ("1.0", "1.0", 0),
    ("1.0", "2.0", -1),
    ("2.0.1", "2.0.1a", -1),
    ("5.5p1", "5.5p10", -1),
    ("10xyz", "10.1xyz", -1),
    ("xyz10", "xyz10.1", -1),
    ("xyz.4", "8", -1),
    ("1.0~rc1", "1.0", -1),
    ("1.0~rc1", "1.0~rc2", -1),
    ("1.0^", "1.0", 1),
    ("1.0^", "1.0.1", -1),
    ("1.0^git1", "1.0", 1),
    ("1.0^20160101", "1.0.1", -1),
    ("1.0~rc1^git1", "1.0~rc1", 1),
    ("1.0^git1~pre", "1.0^git1", -1),
    ("2a", "2.0", -1),
    ("1.0", "1.fc4", 1),
    ("3.0.0_fc", "3.0.0.fc", 0),
    ("1.002", "1.2", 0),
    ("1b.fc17", "1.fc17", -1),
    ("1.0.", "1.0", 0),
    ("1.0~", "1.0^", -1),
    ("4.8.5", "4.8.10", -1),
    ("20160101", "9", 1),
]


@pytest.mark.parametrize(("one", "two", "order"), ORDER)
def test_compare(one, two, order):
    """Both ways round."""
    assert (rpm.compare(one, two), rpm.compare(two, one)) == (order, -order)


def test_as_rpm_itself():
    """The table is rpm's own."""
    if shutil.which("rpm") is None:
        pytest.skip("rpm is not installed")
    pairs = ", ".join("{{'{}', '{}'}}".format(one, two) for one, two, _ in ORDER)
    script = "%{{lua: for _, p in ipairs({{{}}}) do print(rpm.vercmp(p[1], p[2]) .. ' ') end}}".format(pairs)
    asked = subprocess.run(["rpm", "--eval", script], stdout=subprocess.PIPE, check=True)
    assert [int(word) for word in asked.stdout.split()] == [order for _, _, order in ORDER]


def test_the_epoch_counts_most():
    """1:1.0 is newer than 0:9.0; without one it is 0."""
    assert rpm.compare_evr(("1", "1.0", "1"), ("0", "9.0", "1")) == 1
    assert rpm.compare_evr(("0", "1.0", "2.el7"), ("0", "1.0", "10.el7")) == -1


@pytest.mark.parametrize(
    ("args", "expected"),
    [
        (("libSM.so.6",), "libSM.so.6()(64bit)"),
        (("libc.so.6", "GLIBC_2.17"), "libc.so.6(GLIBC_2.17)(64bit)"),
        (("libz.so.1", "", 32), "libz.so.1"),
        (("libz.so.1", "ZLIB_1.2.0", 32), "libz.so.1(ZLIB_1.2.0)"),
    ],
)
def test_capability(args, expected):
    """As rpm's elfdeps writes them."""
    assert rpm.capability(*args) == expected


def package(name, *provides, **fields):
    return Package(name, fields.get("arch", "x86_64"), "0", fields.get("version", "1"), "1", "", provides, ())


def chosen(packages, wanted, usual=()):
    return [each.title for each in rpm.choose(packages, wanted, ("x86_64",), usual)]


def test_one_package_for_two_libraries():
    """Fewer packages are better."""
    packages = [package("a", "x"), package("b", "y"), package("both", "x", "y")]
    assert chosen(packages, {"x", "y"}) == ["both-1-1.x86_64"]


def test_only_the_right_architecture():
    """i686 never for 64 bit; noarch always."""
    packages = [package("a", "x", arch="i686"), package("data", "y", arch="noarch")]
    assert chosen(packages, {"x", "y"}) == ["data-1-1.noarch"]


def test_the_newest_of_one_name():
    """Whatever the order."""
    packages = [package("a", "x", version="1.9"), package("a", "x", version="1.10"), package("a", "x")]
    assert chosen(packages, {"x"}) == chosen(packages[::-1], {"x"}) == ["a-1.10-1.x86_64"]


def test_of_equals_the_usual_one():
    """Else the shorter name, else the alphabet."""
    packages = [
        package("compat-mesa", "x"),
        package("libglvnd-glx", "x"),
        package("bbb", "x"),
        package("aaa", "x"),
    ]
    assert chosen(packages, {"x"}, {"libglvnd-glx"}) == ["libglvnd-glx-1-1.x86_64"]
    assert chosen(packages, {"x"}) == chosen(packages[::-1], {"x"}) == ["aaa-1-1.x86_64"]


def test_what_nobody_has():
    """The rest is answered."""
    assert chosen([package("a", "x")], {"x", "z"}) == ["a-1-1.x86_64"]
    assert chosen([], {"x"}) == []


@pytest.mark.parametrize(
    ("release", "el", "foreign"),
    [
        ("2.el7", 7, False),
        ("2.el7_9.1", 7, False),
        ("2.el8", 7, True),
        ("1.module_el8.10.0+1+17efdbc7", 8, False),
        ("1.module+el8.4.0+1", 8, False),
        ("1.module_el8.10.0+1+17efdbc7", 9, True),
        ("2", 7, False),
        ("2.el8", 0, False),
        ("3.kernel8", 7, False),
        ("2.el70", 7, True),
    ],
)
def test_packages_of_another_el(release, el, foreign):
    """By their release, where it says."""
    assert rpm.foreign(release, el) is foreign


@pytest.mark.parametrize(
    ("one", "two", "order"),
    [("1^", "1A", -1), ("1^b", "1^a", 1), ("1~", "1A", -1), ("1~", "1^", -1), ("1^1", "1.1", -1), ("a", "1", -1), ("a", "b", -1),
     ("10", "9", 1), ("010", "9", 1), ("0", "00", 0), ("1", "1~", 1), ("1", "1^", -1), ("1", "1.1", -1)],
)  # fmt: skip
def test_segments(one, two, order):
    """A tilde before everything, then the end, a caret, letters, numbers by their size."""
    assert (rpm.compare(one, two), rpm.compare(two, one)) == (order, -order)


def test_equal_in_epoch_version_and_release():
    """Each part counts where those before it are equal."""
    same = ("0", "1", "1")
    assert rpm.compare_evr(same, ("0", "1", "1")) == 0
    assert rpm.compare_evr(same, ("0", "1", "2")) == -1
    assert rpm.compare_evr(("0", "2", "1"), ("0", "1", "9")) == 1
