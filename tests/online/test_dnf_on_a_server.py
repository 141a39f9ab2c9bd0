"""What is told of a server's own settings, and what dnf itself makes of them there: priorities of repositories
made by createrepo_c, packages that are protected, and those of 32 bit."""

import os
import re
import shlex
import shutil
import subprocess

import pytest

import distribution_maker as maker
import rpm_tools
from distribution_maker import Made, default, stream
from offkit.edges.run import Result
from offkit.edges.tree import Tree
from offkit.media import keys
from offkit.media.repofile import Base
from offkit.model.errors import EnvironmentProblem, IntegrityError
from offkit.server.doctor.examine import examine
from offkit.server.install import fetching
from offkit.server.install.fetching import Wish
from offkit.server.system import verified, yum
from server_maker import Server

lacking = maker.lacking()
pytestmark = [
    pytest.mark.skipif(bool(lacking), reason="no " + ", ".join(lacking)),
    pytest.mark.skipif(os.geteuid() != 0, reason="dnf installs as root only"),
]
SECTION = "[{0}]\nname={0}\nbaseurl=file://{1}\nenabled=1\ngpgcheck=0\npriority={2}\n"


@pytest.fixture(name="tmp_path")
def _tmp_path(tmp_path_factory):
    with rpm_tools.without_blanks(tmp_path_factory.mktemp("dnf")) as place:
        yield place


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


def module(root, state, number=""):
    """As dnf writes it."""
    place = os.path.join(root, "etc/dnf/modules.d")
    os.makedirs(place)
    with open(place + "/app.module", "w", encoding="utf-8") as sink:
        sink.write(f"[app]\nname=app\nstream={number}\nprofiles=\nstate={state}\n")


HIDDEN = [
    ("disabled", "", "app:1", "and that module is disabled on this server: dnf hides it",
     "dnf module reset app, after which its default stream counts, or dnf module enable app:1"),
    ("enabled", "2", "app:1", "and this server has app:2 enabled: dnf hides it",
     "if nothing needs that any more: dnf module reset app, then dnf module enable app:1"),
    ("", "", "app:3", "which is neither the default here nor enabled: dnf hides it", "dnf module enable app:3"),
]  # fmt: skip


@pytest.mark.parametrize(("state", "number", "wanted", "why", "fix"), HIDDEN, ids=["off", "another", "idle"])
@pytest.mark.parametrize("required", [False, True], ids=["itself", "required"])
def test_what_the_state_of_a_module_hides(tmp_path, state, number, wanted, why, fix, required):
    """Named with its state and what undoes it, also where it is but required; and with that undone dnf takes it."""
    name = "libapp" + wanted[-1]
    packages = {
        each: Made("libapp" + each, "1", "1.module", label=f"app:{each}:1:c0ffee00") for each in "123"
    }
    top = Made("top", requires=[name])
    rpms = maker.build([*packages.values(), top], tmp_path / "rpms")
    streams = [stream("app", each, [one]) for each, one in packages.items()]
    disc = maker.repository(tmp_path / "disc", rpms.values(), "".join([*streams, default("app", "1")]))
    rpm = "top.x86_64" if required else name + ".x86_64"
    wish = Wish((rpm,), (), (Base("offkit-el8", "disc", disc, "/key"),), ("x.iso",))
    dnf = Dnf(tmp_path)
    if state:
        module(dnf.root, state, number)
    here = keys.Server(8, "centos", Tree(dnf.root), "", (), "")
    (tmp_path / "scratch").mkdir()
    with pytest.raises(EnvironmentProblem) as caught:
        fetching.fetch(wish, here, str(tmp_path / "scratch"), dnf)
    (found,) = caught.value.findings
    assert (found.code, found.subject) == ("RPM029", packages[wanted[-1]].title)
    assert found.message == f"is of the module {wanted}, {why}"
    assert found.fix.startswith(fix + "; or --no-root")
    for words in re.findall(r"dnf (module \w+ [\w:]+)", found.fix):
        if state != "disabled" or "reset" in words:  # one of two ways
            assert dnf(
                ["dnf", "--disablerepo=*", f"--repofrompath=x,file://{disc}", "-y", *words.split(), "--"]
            ).ok
    (tmp_path / "again").mkdir()
    with pytest.raises(IntegrityError) as refused:  # by its signature: it is fetched
        fetching.fetch(wish, here, str(tmp_path / "again"), dnf)
    assert {one.code for one in refused.value.findings} == {"RPM002"}


def test_what_a_module_hides_in_a_repository_of_the_administrators(tmp_path):
    """The same, where 'doctor --fix' installs from it."""
    packages = [Made("libapp", "1", "1.module", label="app:1:1:c0ffee00"), Made("plain")]
    rpms = maker.build(packages, tmp_path / "rpms")
    disc = maker.repository(tmp_path / "disc", rpms.values(), stream("app", "1", packages[:1]))
    (tmp_path / "repos").mkdir()
    (tmp_path / "repos/x.repo").write_text(SECTION.format("mine", disc, 99))
    dnf = Dnf(tmp_path, (), f"--setopt=reposdir={tmp_path}/repos")
    sources = verified.Sources(("mine",), (), True)
    with pytest.raises(EnvironmentProblem) as caught:
        verified.verify([("install", ["libapp.x86_64", "plain.x86_64"])], ["mine"], sources, dnf)
    (found,) = caught.value.findings
    assert (found.code, found.subject) == ("RPM029", packages[0].title)
