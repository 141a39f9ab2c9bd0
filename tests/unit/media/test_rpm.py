"""RPM versions, capabilities, and the choice of packages."""

import shutil
import subprocess

import pytest

import cases
from offkit.media import rpm
from offkit.media.rpm import Package

PAIRS = [(*cases.text(case.given), int(case.expected[0])) for case in cases.read("version")]
# Two versions, and what is newer: -1, 0 or 1. As rpm 4.18 answers.
ORDER = [
    (one.split()[1], two.split()[1], order)
    for one, two, order in PAIRS
    if one.split()[::2] == two.split()[::2]
]


def test_as_rpm_itself():
    """The cases of tests/shared/version are rpm's own answers."""
    if shutil.which("rpm") is None:
        pytest.skip("rpm is not installed")
    pairs = ", ".join("{{'{}', '{}'}}".format(one, two) for one, two, _ in ORDER)
    script = "%{{lua: for _, p in ipairs({{{}}}) do print(rpm.vercmp(p[1], p[2]) .. ' ') end}}".format(pairs)
    asked = subprocess.run(["rpm", "--eval", script], stdout=subprocess.PIPE, check=True)
    assert [int(word) for word in asked.stdout.split()] == [order for _, _, order in ORDER]


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
