"""The collection is of one piece with offkit: its version, and every variable where it is looked for."""

import os
import re

import pytest

import offkit

TOP = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "ansible")
ROLE = os.path.join("roles", "offkit")
# Read when a play begins, before any role is there to have defaults.
OF_PLAYBOOKS = {"offkit_hosts", "offkit_serial", "offkit_max_fail_percentage"}


def text(*parts):
    with open(os.path.join(TOP, *parts), encoding="utf-8") as source:
        return source.read()


DEFAULTS = re.findall(r"^(offkit_\w+):", text(ROLE, "defaults", "main.yml"), re.MULTILINE)


def test_the_version_is_offkits():
    """A bundle of the control node has both."""
    assert re.findall(r"^version: (\S+)$", text("galaxy.yml"), re.MULTILINE) == [offkit.__version__]


@pytest.mark.parametrize("name", DEFAULTS)
def test_every_variable_is_documented(name):
    """Above its default, in the argument specs, and in the README's table."""
    assert re.search(
        r"^# .*\n{}:".format(name), text(ROLE, "defaults", "main.yml"), re.MULTILINE
    ) or re.search(
        r"^# (?:.*\n)+?offkit_\w+:.*\n{}:".format(name), text(ROLE, "defaults", "main.yml"), re.MULTILINE
    )
    assert re.search(r"^      {}:".format(name), text(ROLE, "meta", "argument_specs.yml"), re.MULTILINE)
    assert re.search(r"^\| .*`{}`.* \|".format(name), text("README.md"), re.MULTILINE)


def test_no_variable_is_only_documented():
    """What the specs and the README name has a default."""
    named = set(re.findall(r"^      (offkit_\w+):", text(ROLE, "meta", "argument_specs.yml"), re.MULTILINE))
    assert named == set(DEFAULTS)
    table = set(re.findall(r"^\|.*?`(offkit_\w+)`", text("README.md"), re.MULTILINE))
    assert table - OF_PLAYBOOKS <= set(DEFAULTS)


def test_no_module_runs_on_a_servers_python():
    """The role uses the collection's actions, and of Ansible's own those that need no Python there."""
    without = {"assert", "import_tasks", "include_tasks", "set_fact", "raw"}
    found = set()
    for folder, _, names in os.walk(os.path.join(TOP, "roles")):
        for name in names:
            if name.endswith(".yml") and "meta" not in folder:
                with open(os.path.join(folder, name), encoding="utf-8") as source:
                    found |= set(re.findall(r"^\s+ansible\.builtin\.(\w+):", source.read(), re.MULTILINE))
    assert found <= without


def test_no_facts_are_gathered():
    """That, too, would want a Python."""
    playbooks = os.listdir(os.path.join(TOP, "playbooks"))
    assert sorted(playbooks) == ["deploy.yml", "doctor.yml", "probe.yml", "rollback.yml", "verify.yml"]
    for name in playbooks:
        assert "gather_facts: false" in text("playbooks", name)
