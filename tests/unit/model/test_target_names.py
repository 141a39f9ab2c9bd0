"""Several targets: what each is called in their bundle, and which of them a machine takes."""

import pytest

from offkit.model import manifest, several
from offkit.model.errors import IntegrityError, UsageError
from offkit.model.manifest import Member
from offkit.model.several import Machine
from target_maker import preset

EL7, EL9 = preset(name="el7"), preset(name="el9")


@pytest.mark.parametrize(
    ("targets", "names"),
    [
        ([EL7, EL9], ["el7", "el9"]),
        ([preset("3.6", "el8"), preset("3.9", "el8"), EL7], ["el8-cp36", "el8-cp39", "el7"]),
        ([preset("3.9", "el8"), preset("3.9", "el8", "aarch64")], ["el8-cp39-x86_64", "el8-cp39-aarch64"]),
        ([EL7._replace(glibc=(2, 28)), EL7], ["el7-cp36-x86_64-glibc2_28", "el7-cp36-x86_64-glibc2_17"]),
        ([EL7._replace(name="x"), EL7._replace(name="x", el=8)],
         ["x-cp36-x86_64-glibc2_17-el7", "x-cp36-x86_64-glibc2_17-el8"]),
        ([EL7._replace(name="a b/../.."), EL9._replace(name="")], ["a_b______", "custom"]),
    ],
)  # fmt: skip
def test_names(targets, names):
    """As short as they can be, unique, and fit for a path and a shell."""
    assert several.names(targets) == names


def test_two_that_are_one():
    """A patch level is nothing that a server would be chosen by."""
    with pytest.raises(UsageError) as caught:
        several.names([EL7, EL9, EL9._replace(python="3.9.0")])
    assert caught.value.message == "{} and {} are one target for every server".format(
        EL9.describe(), EL9._replace(python="3.9.0").describe()
    )


@pytest.mark.parametrize(
    ("series", "machine", "taken"),
    [
        ("3.6", Machine("el7", "x86_64", (2, 17)), 0),
        ("3.6", Machine("el8", "x86_64", (2, 28)), 1),
        ("3.9", Machine("el8", "x86_64", (2, 28)), 2),
        ("3.9", Machine("el9", "x86_64", (2, 34)), 3),
        ("3.6", Machine("el9", "x86_64", (2, 34)), 1),
        ("3.9", Machine("el7", "x86_64", (2, 17)), None),
        ("3.9", Machine("el9", "aarch64", (2, 34)), None),
        ("3.9", Machine("el9", "x86_64", None), None),
    ],
)
def test_which_is_taken(series, machine, taken):
    """Of those for that Python the one of the release, else the newest that runs there."""
    targets = [EL7, preset("3.6", "el8"), preset("3.9", "el8"), EL9]
    assert several.choose(targets, machine, series) == taken


GOOD = manifest.Several((("el7", EL7), ("el9", EL9)), "offkit test", (Member("install.sh", 3, "0" * 64),))


def test_its_manifest():
    """Loaded as it was dumped; an older offkit is told that it is too old."""
    text = manifest.dump(GOOD)
    assert manifest.load(text) == GOOD
    assert b'"minimum_reader": 2' in text
    assert b'"format": 2' in text


@pytest.mark.parametrize(
    "targets",
    [(), (("el7", EL7),), (("el7", EL7), ("el7", EL9)), (("a/b", EL7), ("el9", EL9)), (("el7\n", EL7), ("el9", EL9))],
)  # fmt: skip
def test_a_manifest_of_other_targets(targets):
    """One or none, two of a name, a name that is no word."""
    with pytest.raises(IntegrityError):
        manifest.load(manifest.dump(GOOD._replace(targets=targets)))
