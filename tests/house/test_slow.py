"""What make check leaves out is still there under that name, each once."""

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
