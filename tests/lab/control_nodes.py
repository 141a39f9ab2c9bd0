"""The bundle of a control node, and what it is installed on: a server that has no Python for Ansible."""

import json
import os
import shutil
import subprocess

import bundles
import journey
import pytest
import python_rpms
import source_tree

import pythons

SERIES = "3.11"
PREFIX = journey.PREFIX[False]
ANSIBLE = PREFIX + "/current/bin/"


def bundle(folder, *words):
    """The path of a bundle with Ansible, the collection and a ready-made Python 3.11, for el8 and el9.

    ``words`` are more of ``offkit bundle``'s. Skips where this machine has no such Python.
    AssertionError with what offkit said when it fails.
    """
    archive = source_tree.build(SERIES)
    if archive is None:
        pytest.skip("no CPython {} on PATH or under pyenv".format(SERIES))
    build = os.path.join(str(folder), source_tree.name(archive, SERIES))
    if not os.path.exists(build):
        shutil.copy(archive, build)
    # This machine's Python wants this machine's glibc, which is that of the lab's servers.
    version = python_rpms.version(pythons.find(SERIES))
    goal = os.path.join(str(folder), "target.json")
    with open(goal, "w", encoding="utf-8") as file:
        json.dump({"name": "el8", "el": 8, "arch": "x86_64", "python": version, "glibc": "2.36"}, file)
    out = os.path.join(str(folder), "control-{}.tar".format(len(os.listdir(str(folder)))))
    argv = [bundles.OFFKIT, "bundle", "--control-node", "--target", goal, "--python-build", build, "-o", out]
    done = subprocess.run(
        [*argv, *words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    assert done.returncode == 0, done.stdout
    return out


def ansible(target, program, *words):
    """One of the installed Ansible's commands, with neither PATH nor a home directory to look in."""
    return target.run(["env", "-i", "HOME=/nowhere", ANSIBLE + program, *words])
