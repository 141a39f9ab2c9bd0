"""What is told of a server's own settings, and what dnf itself makes of them there: priorities of repositories
made by createrepo_c, packages that are protected, and those of 32 bit."""

import os
import shlex
import shutil
import subprocess

import pytest

import distribution_maker as maker
from distribution_maker import Made
from offkit.edges.run import Result
from offkit.edges.tree import Tree
from offkit.media import keys
from offkit.media.repofile import Base
from offkit.model.errors import EnvironmentProblem
from offkit.server.doctor.examine import examine
from offkit.server.install import fetching
from offkit.server.install.fetching import Wish
from offkit.server.system import yum
from server_maker import Server

lacking = maker.lacking()
pytestmark = pytest.mark.skipif(bool(lacking), reason="no " + ", ".join(lacking))
SECTION = "[{0}]\nname={0}\nbaseurl=file://{1}\nenabled=1\ngpgcheck=0\npriority={2}\n"


class Dnf:
    """dnf as the yum of a server whose database says that ``rpms`` are installed."""

    def __init__(self, place, rpms=(), *options):
        self.root = maker.server(place / "root", rpms)
        self.options = options
        log = str(place / "log")
        os.makedirs(log)
        os.makedirs(self.root + log)  # dnf's own log, before it knows of another
        self.common = [f"--installroot={self.root}", "--releasever=8", "--setopt=module_platform_id=platform:el8",
                       "--setopt=best=1",  # as Enterprise Linux ships dnf.conf
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


def lib(name, version, *sonames):
    return Made(name, version, provides=[f"{each}()(64bit)" for each in sonames])


@pytest.mark.parametrize(
    ("base", "extra", "priorities", "expected"),
    [
        ((lib("libx", "1", "libx.so.1"),), (lib("libx", "2", "libx.so.1"),), (10, 99), "libx-1-1.x86_64 on base"),
        ((lib("libx", "1", "libx.so.1"),), (lib("libx", "2", "libx.so.1"),), (99, 10), "libx-2-1.x86_64 on extra"),
        ((lib("libx", "1", "libx.so.1"),), (lib("libx", "2", "libx.so.1"),), (9, 9), "libx-2-1.x86_64 on extra"),
        ((lib("libx", "1"),), (lib("libx", "2", "libx.so.1"),), (10, 99), "libx-2-1.x86_64 on extra"),
        ((lib("libx", "3"),), (lib("libx", "2", "libx.so.1"),), (10, 99), "libx-2-1.x86_64 on extra"),
        ((lib("libx", "3"),), (lib("libx", "2", "libx.so.1"),), (0, 1), "libx-2-1.x86_64 on extra"),
    ],
    ids=["first", "last", "equal", "without", "newer-without", "zero"],
)  # fmt: skip
def test_what_the_line_takes(tmp_path, base, extra, priorities, expected):
    """The package that doctor names, of its repository and version, is what dnf fetches by the printed line."""
    server = Server(tmp_path / "server")
    server.module("x", needed=["libx.so.1"])
    server.put("/usr/bin/dnf", "")
    sections = {"here": "", "there": ""}
    for name, packages, priority in zip(("base", "extra"), (base, extra), priorities, strict=True):
        rpms = maker.build(packages, tmp_path / (name + "-rpms"))
        place = maker.repository(server.host("/srv/" + name), rpms.values())
        sections["here"] += SECTION.format(name, place, priority)
        sections["there"] += SECTION.format(name, "/srv/" + name, priority)
    server.put("/etc/yum.repos.d/x.repo", sections["there"])
    (missing,) = [each for each in examine("/opt/env", server.root).findings if each.code == "LIB001"]
    line, told = missing.fix.split("\n")
    assert told == "by repodata: " + expected.replace(" on ", " on /srv/")

    (tmp_path / "repos").mkdir()
    (tmp_path / "repos/x.repo").write_text(sections["here"])
    dnf = Dnf(
        tmp_path,
        (),
        f"--setopt=reposdir={tmp_path}/repos",
        "--downloadonly",
        f"--setopt=destdir={tmp_path}/got",
    )
    done = dnf(["yum", "-y", "--noplugins", *shlex.split(line)[1:]])
    assert done.ok, done.stdout + done.stderr
    # What lies in a local repository stays there; its table names both.
    (row,) = [each.split() for each in done.stdout.splitlines() if each.startswith(" libx ")]
    assert f"{row[0]}-{row[2]}.{row[1]} on {row[3]}" == expected


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


@pytest.mark.parametrize(
    ("has", "word"), [((), "libx"), (("i686",), "libx.x86_64"), (("i686", "x86_64"), "libx")]
)
def test_what_is_installed_for_32_bit(tmp_path, has, word):
    """dnf would be content with it, so the line asks for the other by its architecture."""
    made = [Made("libx", "1", arch="i686", provides=["libx.so.1"]), Made("libx", "1")]
    wanted = lib("libx", "2", "libx.so.1")
    rpms = maker.build([*made, wanted], tmp_path / "rpms")
    there = [rpms[each.title] for each in made if each.arch in has]
    server = Server(tmp_path / "server")
    server.module("x", needed=["libx.so.1"])
    server.put("/usr/bin/dnf", "")
    place = maker.repository(server.host("/srv/disc"), [rpms[wanted.title]])
    server.put("/etc/yum.repos.d/x.repo", SECTION.format("disc", "/srv/disc", 99))
    (tmp_path / "repos").mkdir()
    (tmp_path / "repos/x.repo").write_text(SECTION.format("disc", place, 99))
    dnf = Dnf(tmp_path, there, f"--setopt=reposdir={tmp_path}/repos", "--downloadonly")
    shutil.copytree(dnf.root + "/var/lib/rpm", server.host("/var/lib/rpm"))
    line = examine("/opt/env", server.root).summary.install_line
    assert line.endswith(" install " + word)
    done = dnf(["yum", "-y", "--noplugins", *shlex.split(line)[1:]])
    assert done.ok, done.stdout + done.stderr
    assert [each.split()[2] for each in done.stdout.splitlines() if each.startswith(" libx ")] == ["2-1"]
