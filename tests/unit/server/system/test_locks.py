"""Which versions an administrator lets in: lists of yum-versionlock(1), dnf-versionlock(8), and of dnf 5."""

import os

import pytest

from offkit.edges.tree import Tree
from offkit.media import versionlock
from offkit.media.rpmfile import Front
from offkit.server.system import locks

YUM, DNF = "/etc/yum/pluginconf.d", "/etc/dnf/plugins"
DNF5 = "/etc/dnf/versionlock.toml"


def one(version="1.0", release="1.el7", name="libSM", epoch="0", arch="x86_64"):
    return Front(name, epoch, version, release, arch, "gzip", 0)


@pytest.fixture
def put(tmp_path):
    def call(path, text):
        place = tmp_path / path.lstrip("/")
        os.makedirs(str(place.parent), exist_ok=True)
        place.write_text(text)

    return call


@pytest.fixture
def forbidding(put, tmp_path):
    """What of a list forbids a package; without a list, of what is there."""

    def call(package, *lines, place=YUM):
        if lines:
            put(place + "/versionlock.conf", "[main]\nenabled=1\n")
            put(place + "/versionlock.list", "\n".join(lines) + "\n")
        return [each.text for each in versionlock.forbidding(locks.read(Tree(str(tmp_path))), package)]

    return call


OLD, NEW = "0:libSM-0.9-1.el7.*", "0:libSM-1.0-1.el7.*"


def test_either_of_two_versions(forbidding):
    """Each line alone would forbid the other's; together they allow both, and nothing else."""
    assert forbidding(one("1.0"), OLD, NEW) == []
    assert forbidding(one("0.9"), OLD, NEW) == []
    assert forbidding(one("1.1"), OLD, NEW) == [OLD, NEW]
    assert forbidding(one("1.0"), OLD) == [OLD]


def test_excluded_and_locked(forbidding):
    """What "!" names stays out, whatever else is allowed; and allows nothing that is locked away."""
    assert forbidding(one("1.0"), NEW, "!" + NEW) == ["!" + NEW]
    assert forbidding(one("1.1"), "!" + NEW) == []
    assert forbidding(one("1.1"), NEW, "!" + OLD) == [NEW]


def test_lists_of_two_programs(forbidding, put):
    """Each keeps to its own: what one of them locks, the other does not allow."""
    assert forbidding(one("1.0"), NEW) == []
    assert forbidding(one("1.0"), "libSM-0:0.9-1.el7.*", place=DNF) == ["libSM-0:0.9-1.el7.*"]


@pytest.mark.parametrize("line", ["", "# a comment", "libSM", "libSM-devel-0:0.9-1.el7.*", "0:libS-1-1.*"])
def test_what_locks_nothing_of_it(forbidding, line):
    """A name without a version allows all of them; another's name is another's."""
    assert forbidding(one(), line) == []


def toml(*packages, version="1.0"):
    text = 'version = "{}"\n'.format(version)
    for name, *conditions in packages:
        text += '\n[[packages]]\nname = "{}" # of the package\ncomment = "x = \'y\'"\n'.format(name)
        for key, comparator, value in conditions:
            text += "[[packages.conditions]]\n"
            text += 'key = \'{}\'\ncomparator = "{}"\nvalue = "{}"\n'.format(key, comparator, value)
    return text


@pytest.mark.parametrize(
    ("package", "conditions", "allowed"),
    [
        (one(), [("evr", "=", "0:1.0-1.el7")], True),
        (one(), [("evr", "==", "1.0-1.el7")], True),
        (one(), [("evr", "=", "0:1.0-2.el7")], False),
        (one(epoch="1"), [("evr", "=", "1.0-1.el7")], False),
        (one(), [("evr", "!=", "0:1.0-1.el7")], False),
        (one("1.1"), [("evr", "<>", "0:1.0-1.el7")], True),
        (one("3.1"), [("evr", "<", "4"), ("evr", ">=", "3")], True),
        (one("3"), [("evr", ">", "3")], True),
        (one("4"), [("evr", "<", "4"), ("evr", ">=", "3")], False),
        (one("1.10"), [("evr", "<=", "1.9")], False),
        (one(epoch="2"), [("epoch", "=", "2")], True),
        (one(), [("epoch", ">", "0")], False),
        (one(), [("arch", "=", "x86_64"), ("evr", ">=", "1")], True),
        (one(arch="i686"), [("arch", "!=", "i686")], False),
    ],
)
def test_conditions_of_dnf_5(forbidding, put, package, conditions, allowed):
    """All of an entry's have to be true (dnf5-versionlock(8))."""
    put(DNF5, toml(("libSM", *conditions)))
    said = "libSM {}".format(", ".join(" ".join(each) for each in conditions))
    assert forbidding(package) == ([] if allowed else [said])
    assert forbidding(package._replace(name="libICE")) == []


def test_entries_of_dnf_5(forbidding, put):
    """Any of them allows; a name is a pattern."""
    put(DNF5, toml(("lib*", ("evr", "=", "0.9-1.el7")), ("libSM", ("evr", "=", "1.0-1.el7"))))
    assert forbidding(one()) == []
    assert len(forbidding(one("1.1"))) == 2
    assert len(forbidding(one("1.1", name="libX"))) == 1


@pytest.mark.parametrize(
    "text",
    [
        toml(("libSM", ("evr", "=", "0.9-1")), version="2.0"),
        toml(("libSM", ("evr", "~", "0.9-1"))),
        toml(("libSM", ("size", "=", "0.9-1"))),
        toml(("libSM",)),
        "key = 'evr'\n[[packages.conditions]]\n",
        "\x00[[",
    ],
)
def test_what_dnf_5_does_not_take_either(forbidding, put, text):
    put(DNF5, text)
    assert forbidding(one()) == []
