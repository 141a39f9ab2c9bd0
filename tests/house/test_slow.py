"""What make check leaves out is still there under that name, each once, as every file of tests is."""

import collections
import os
import re

TOP = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")


def functions(path):
    """The names of the tests in a file."""
    with open(os.path.join(TOP, path), encoding="utf-8") as source:
        return set(re.findall(r"^def (test_\w+)\(", source.read(), re.MULTILINE))


def test_the_list_is_of_tests_that_there_are():
    """Sorted by name, so that nothing occurs twice; a test that was renamed is named here."""
    with open(os.path.join(TOP, "tests", "slow.txt"), encoding="utf-8") as source:
        listed = [line.split()[1] for line in source if not line.startswith("#")]
    assert listed == sorted(set(listed))
    there = {path: functions(path) for path in {name.partition("::")[0] for name in listed}}
    assert [name for name in listed if name.partition("::")[2] not in there[name.partition("::")[0]]] == []


def test_no_two_files_have_one_name():
    """Of those that one call of pytest collects: it would import the first for both."""
    found = collections.Counter(
        name
        for folder in ("house", "unit", "property", "online")
        for _, _, names in os.walk(os.path.join(TOP, "tests", folder))
        for name in names
        if name.startswith("test_") and name.endswith(".py")
    )
    assert [name for name, count in found.items() if count > 1] == []
