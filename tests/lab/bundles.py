"""What is carried over the gap, made by ``offkit bundle`` on this side of it."""

import os
import shutil
import subprocess
import sys

import pytest

import source_tree

OFFKIT = os.path.join(os.path.dirname(sys.executable), "offkit")
PYTHONS = {7: "3.6", 8: "3.6", 9: "3.9"}
HEADLESS = ()  # the default: what run-badapple needs, and nothing of X11
# What the story wanted: it needs the X11 libraries.
STORY = {
    7: ("opencv-python==4.2.0.34", "numpy==1.18.2"),
    8: ("opencv-python==4.2.0.34", "numpy==1.18.2"),
    9: ("opencv-python==4.5.5.64", "numpy==1.21.6"),
}
SMALL = ("idna==3.4",)  # where it is not about the packages


class Bundles:
    """Each is made when first asked for, in one folder."""

    def __init__(self, folder):
        self._folder = folder
        self._made = {}

    def get(self, requirements=HEADLESS, el=7, source=False, build=False, target=""):
        """The path of a bundle for that EL's Python; with a stand-in source or a ready-made build in it.

        ``target`` is a file by ``offkit probe``. Skips where this machine has no such Python.
        AssertionError with what offkit said when it fails.
        """
        wanted = (tuple(requirements), el, source, build, target)
        if wanted not in self._made:
            self._made[wanted] = self._make(*wanted)
        return self._made[wanted]

    def _make(self, requirements, el, source, build, target):
        output = os.path.join(self._folder, "bundle-{}.tar".format(len(self._made)))
        goal = ["--target", target] if target else ["--target", "el{}".format(el), "--python", PYTHONS[el]]
        argv = [OFFKIT, "bundle", *requirements, *goal]
        for option, archive in (("source", source_tree.source), ("build", source_tree.build)):
            if source if option == "source" else build:
                argv += ["--python-" + option, self._named(archive(PYTHONS[el]), PYTHONS[el])]
        done = subprocess.run(
            [*argv, "-o", output], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
        )
        assert done.returncode == 0, done.stdout
        return output

    def _named(self, archive, series):
        """A copy under the name that such a file has."""
        if archive is None:
            pytest.skip("no CPython {} on PATH or under pyenv".format(series))
        path = os.path.join(self._folder, source_tree.name(archive, series))
        if not os.path.exists(path):
            shutil.copy(archive, path)
        return path
