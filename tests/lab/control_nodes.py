"""The bundle of a control node, and what it is installed on: a server that has no Python for Ansible."""

import json
import os
import shutil
import subprocess

import pytest

import bundles
import cache
import disc
import journey
import python_rpms
import pythons
import rpms
import source_tree
from flavours import FLAVOURS

SERIES = "3.11"
PREFIX = journey.PREFIX[False]
ANSIBLE = PREFIX + "/current/bin/"


def bundle(folder, *words, build=True):
    """The path of a bundle with Ansible, the collection and a ready-made Python 3.11, for el8 and el9.

    ``words`` are more of ``offkit bundle``'s; without ``build`` it is the default, for el8's own Python.
    Skips where this machine has no such Python. AssertionError with what offkit said when it fails.
    """
    out = os.path.join(str(folder), "control-{}.tar".format(len(os.listdir(str(folder)))))
    goal = _with_build(str(folder)) if build else []
    argv = [bundles.OFFKIT, "bundle", "--control-node", *goal, *words, "-o", out]
    done = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    assert done.returncode == 0, done.stdout
    return out


def _with_build(folder):
    """Options for a bundle with this machine's Python."""
    archive = source_tree.build(SERIES)
    if archive is None:
        pytest.skip("no CPython {} on PATH or under pyenv".format(SERIES))
    build = os.path.join(folder, source_tree.name(archive, SERIES))
    if not os.path.exists(build):
        shutil.copy(archive, build)
    # This machine's Python wants this machine's glibc, which is that of the lab's servers.
    version = python_rpms.version(pythons.find(SERIES))
    goal = os.path.join(folder, "target.json")
    with open(goal, "w", encoding="utf-8") as file:
        json.dump({"name": "el8", "el": 8, "arch": "x86_64", "python": version, "glibc": "2.36"}, file)
    return ["--target", goal, "--python-build", build]


def disc_of_python(el):
    """The cached image of a disc with python3.11, which that EL's real one has beside much else.

    Skips like ``bundle``.
    """
    found = python_rpms.packages(SERIES, "python3.11", "python3.11-libs", "1.el{}".format(el))
    if not found:
        pytest.skip("no CPython {} on PATH or under pyenv".format(SERIES))
    recipe = (rpms.key(), repr(found), cache.source(rpms, disc.repodata, disc.write))

    def make(path):
        tree = path + ".tree"
        rpms.sign(rpms.build(found, el, os.path.join(tree, "Packages")))
        disc.repodata(tree)
        disc.write(path, tree, FLAVOURS[el])
        cache.remove(tree)

    return cache.kept("el{}python.iso".format(el), recipe, make)


def ansible(target, program, *words):
    """One of the installed Ansible's commands, with neither PATH nor a home directory to look in."""
    return target.run(["env", "-i", "HOME=/nowhere", ANSIBLE + program, *words])
