"""The pairs of rules in shell and Python: the table in tests/shared/README.md is true, and both sides run."""

import ast
import importlib
import os
import re

import pytest

import cases
from offkit.online.carry import rules

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PARTS = os.path.join(ROOT, "toolkit", "offkit", "server", "bootstrap")
COLLECTION = os.path.join(ROOT, "ansible", "plugins", "plugin_utils")
DRIVERS = ("tests/unit/server/test_shared.py", "tests/unit/server/bootstrap/test_bootstrap_shared.py")


def rows():
    """(Python's names, [(part, its functions)], folders, texts) of each row."""
    with open(os.path.join(cases.SHARED, "README.md"), encoding="utf-8") as source:
        lines = [line for line in source if line.startswith("| ")][1:]
    for line in lines:
        _, _, python, shell, tied, _ = line.split("|")
        parts = [re.findall(r"`([^`]+)`", each) for each in shell.split(";")]
        ties = re.findall(r"`([^`]+)`", tied)
        yield (
            re.findall(r"`([^`]+)`", python),
            [(names[0], names[1:]) for names in parts],
            [each.rstrip("/") for each in ties if each.endswith("/")],
            [each[len("@OFFKIT_") : -1] for each in ties if each.startswith("@")],
        )


def test_every_folder_is_a_row():
    assert sorted(folder for _, _, folders, _ in rows() for folder in folders) == cases.rules()


def test_every_text_is_in_a_row():
    assert sorted(text for _, _, _, texts in rows() for text in texts) == sorted(rules.texts())


def test_every_name_in_python_exists():
    for names, _, _, _ in rows():
        for name in names:
            module, _, attribute = name.rpartition(".")
            assert hasattr(importlib.import_module("offkit." + module), attribute), name


def test_every_function_of_the_shell_exists():
    for _, parts, _, _ in rows():
        for part, functions in parts:
            places = [os.path.join(top, part) for top in (PARTS, COLLECTION)]
            with open(next(path for path in places if os.path.isfile(path)), encoding="utf-8") as source:
                text = source.read()
            for name in functions:
                assert re.search(r"^{}\(\) [{{(]".format(name), text, re.MULTILINE), (part, name)


@pytest.mark.parametrize("driver", DRIVERS)
def test_both_sides_run_every_folder(driver):
    with open(os.path.join(ROOT, driver), encoding="utf-8") as source:
        tree = ast.parse(source.read())
    found = [
        node.value
        for node in tree.body
        if isinstance(node, ast.Assign) and [ast.unparse(each) for each in node.targets] == ["RULES"]
    ]
    assert sorted(ast.literal_eval(key) for each in found for key in each.keys) == cases.rules()
