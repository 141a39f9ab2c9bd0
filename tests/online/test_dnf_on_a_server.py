"""What dnf itself says on a server, and what is told of it: packages that are protected."""

import os
import subprocess

import pytest

import distribution_maker as maker
from distribution_maker import Made
from offkit.edges.run import Result
from offkit.edges.tree import Tree
from offkit.media import keys
from offkit.media.repofile import Base
from offkit.model.errors import EnvironmentProblem
from offkit.server.install import fetching
from offkit.server.install.fetching import Wish
from offkit.server.system import yum

lacking = maker.lacking()
pytestmark = pytest.mark.skipif(bool(lacking), reason="no " + ", ".join(lacking))


class Dnf:
    """dnf as the yum of a server whose database says that ``rpms`` are installed."""

    def __init__(self, place, rpms=(), *options):
        self.root = maker.server(place / "root", rpms)
        self.options = options
        log = str(place / "log")
        os.makedirs(log)
        os.makedirs(self.root + log)  # dnf's own log, before it knows of another
        self.common = [f"--installroot={self.root}", "--releasever=8", "--setopt=module_platform_id=platform:el8",
                       f"--setopt=cachedir={place}/cache", f"--setopt=logdir={log}"]  # fmt: skip

    def __call__(self, argv):
        there = list(argv)
        if argv[0] == "rpm":
            there[1:1] = ["--root", self.root]
        else:
            there = ["dnf", *self.common, *argv[1:-2], *self.options, *argv[-2:]]
        if list(argv) == ["yum", "--version"]:
            there = ["dnf", "--version"]
        done = subprocess.run(
            there, capture_output=True, text=True, check=False, env=dict(os.environ, LC_ALL="C")
        )
        return Result(argv, done.returncode, done.stdout, done.stderr)


@pytest.mark.parametrize("name", ["newer", "needing"])
def test_what_is_protected(tmp_path, name):
    """Replaced by it, or by what it requires: said by its name in a dry run, before anything is fetched, as in the run."""
    keep = Made("keep", "1")
    packages = [keep, Made("newer", obsoletes=["keep"]), Made("needing", requires=["newer"])]
    rpms = maker.build(packages, tmp_path / "rpms")
    top = maker.repository(tmp_path / "disc", rpms.values())
    wish = Wish((name + ".x86_64",), (), (Base("offkit-el8", "disc", top, "/key"),), ("x.iso",))
    dnf = Dnf(tmp_path, [rpms[keep.title]], "--setopt=protected_packages=keep")
    here = keys.Server(8, "centos", Tree(str(tmp_path / "none")), "", (), "")
    (tmp_path / "scratch").mkdir()
    with pytest.raises(EnvironmentProblem) as dry:
        fetching.fetch(wish, here, str(tmp_path / "scratch"), dnf)
    repos = str(tmp_path / "scratch/1/repos")
    with pytest.raises(EnvironmentProblem) as run:
        yum.call(yum.command(("install", name), repos, str(tmp_path / "cache")), dnf)
    for caught in (dry, run):
        assert [(each.code, each.subject) for each in caught.value.findings] == [("RPM024", "keep")]
    assert dnf(["rpm", "-q", "--qf", "%{NAME}", "keep"]).stdout == "keep"
