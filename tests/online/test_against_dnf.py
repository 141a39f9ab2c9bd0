"""What libsolv chooses here is what dnf would install: the same requests of the same repositories, for the
same servers. Three distributions are written by hand, others are drawn."""

import os
import random
import subprocess
from pathlib import Path

import pytest

import distribution_maker as maker
from distribution_maker import Made, default, stream
from offkit.online.rpms import modules
from offkit.online.rpms.world import World

pytest.importorskip("solv", reason="no offkit[rpm] here")
lacking = maker.lacking()
pytestmark = pytest.mark.skipif(bool(lacking), reason="no " + ", ".join(lacking))


class Distribution:
    """Packages in repositories, those that the server has, and what its modules are."""

    def __init__(self, repositories, installed=(), streams=(), states=None, excludes=(), arch="x86_64",
                 priorities=()):  # fmt: skip
        self.repositories, self.installed, self.streams = repositories, installed, "".join(streams)
        self.states, self.excludes, self.arch = states or {}, excludes, arch
        self.priorities = priorities or [99] * len(repositories)

    def make(self, folder):
        folder = Path(folder)
        unique = {one.title: one for each in [*self.repositories, self.installed] for one in each}
        files = maker.build(unique.values(), folder / "rpms")
        self.places = [
            maker.repository(folder / f"repository {number}", {files[one.title] for one in each},
                             self.streams if number == 0 else "")
            for number, each in enumerate(self.repositories)
        ]  # fmt: skip
        self.root = maker.server(folder / "root", [files[one.title] for one in self.installed])
        self.scratch = folder
        return self

    def world(self):
        found = World(self.arch, 8)
        for number, place in enumerate(self.places):
            data = Path(place) / "repodata"
            found.add(f"r{number}", next(data.glob("*-primary.xml.gz")), self.priorities[number])
            found.add_files(number, next(data.glob("*-filelists.xml.gz")))
        known = modules.parse(self.streams)
        found.hide(*modules.rules(known, modules.active(known, self.states, "el8")))
        found.exclude([each[0] for each in found.packages() if each[1] in self.excludes], "is excluded")
        for one in self.installed:
            found.has(one.title, one.provides)
        return found

    def ours(self, wanted):
        solution = self.world().solve(wanted)
        return None if solution.problems else [one.package.title for one in solution.packages]

    def theirs(self, cases):
        return maker.by_dnf(self.root, self.places, cases, self.scratch, arch=self.arch, enabled=self.states,
                            excludes=self.excludes, priorities=self.priorities)  # fmt: skip


def lib(name, version="1", soname="", **more):
    """A package with a library of 64 bit."""
    given = [f"{soname or name + '.so.1'}()(64bit)", *more.pop("provides", ())]
    return Made(name, version, provides=given, **more)


def so(name):
    return f"{name}.so.1()(64bit)"


BASE = (
    Made("glibc", "2.17", "317.el8", provides=["libc.so.6()(64bit)", "libc.so.6(GLIBC_2.17)(64bit)"],
         files=["/sbin/ldconfig"]),
    Made("bash", "4.2", files=["/bin/sh", "/usr/bin/bash"]),
    Made("oldtool", "1"),
)  # fmt: skip

# Versions, files, obsoletes, two architectures, epochs.
PLAIN = Distribution(
    [
        [
            *BASE,
            lib("libSM", "1.2.2", requires=[so("libICE"), "libc.so.6(GLIBC_2.17)(64bit)"]),
            lib("libICE", "1.0.9", requires=["/sbin/ldconfig", "/bin/sh"]),
            lib("libICE", "1.0.10", requires=["/sbin/ldconfig"]),
            Made("libSM", "1.2.2", arch="i686", provides=["libSM.so.1"]),
            Made("libICE", "1.0.10", arch="i686", provides=["libICE.so.1"]),
            Made("python", "2.7.5", provides=["python(abi) = 2.7"], files=["/usr/bin/python2"]),
            Made(
                "python3",
                "3.6.8",
                provides=["python(abi) = 3.6"],
                requires=["python3-libs = 3.6.8-1"],
                files=["/usr/bin/python3"],
            ),
            Made("python3-libs", "3.6.8"),
            Made("python3-libs", "3.6.9"),
            Made("module", arch="noarch", requires=["python(abi) = 3.6"]),
            Made("old-module", arch="noarch", requires=["python(abi) < 3"]),
            Made("newtool", "2", obsoletes=["oldtool < 2"], provides=["oldtool = 2"]),
            Made("needs-new-tool", requires=["oldtool >= 2"]),
            Made("epochal", "1", epoch="2"),
            Made("epochal", "9"),
            Made("needs-epoch", requires=["epochal >= 2:1"]),
            Made("needs-no-epoch", requires=["epochal >= 5"]),
            Made("data", arch="noarch", files=["/usr/share/data/odd"]),
            Made("needs-file", requires=["/usr/share/data/odd"]),
            Made("needs-nothing", requires=["/usr/share/data/absent"]),
            Made("one", conflicts=["two"]),
            Made("two"),
            Made("both", requires=["one", "two"]),
            Made("needs-newer-bash", requires=["bash >= 5"]),
            Made("bash", "5.0", files=["/bin/sh", "/usr/bin/bash"]),
            Made("ring-a", requires=["ring-b"]),
            Made("ring-b", requires=["ring-c"]),
            Made("ring-c", requires=["ring-a"]),
            Made("weak", recommends=["two"]),
            Made("tilde", "1.0~rc1"),
            Made("tilde", "1.0"),
            Made("needs-tilde", requires=["tilde < 1.0"]),
        ]
    ],
    BASE,
)
PLAIN_REQUESTS = [
    [so("libSM")], [so("libICE")], [so("libSM"), so("libICE")], ["libSM"], ["python3"], ["module"],
    ["old-module"], ["python(abi) = 3.6"], ["/usr/bin/python3"], ["newtool"], ["needs-new-tool"],
    ["needs-epoch"], ["needs-no-epoch"], ["epochal"], ["needs-file"], ["needs-nothing"], ["both"],
    ["one"], ["one", "two"], ["needs-newer-bash"], ["ring-b"], ["weak"], ["tilde"], ["needs-tilde"],
    ["needs-tilde", "tilde"], ["absent"],
]  # fmt: skip

# Rich dependencies (rpm 4.13), alternatives, supplements.
RICH = Distribution(
    [
        [
            *BASE,
            Made("if-there", requires=["(extra if glibc)"]),
            Made("if-not-there", requires=["(extra if ghost)"]),
            Made("either", requires=["(missing or second)"]),
            Made("either-first", requires=["(first or second)"]),
            Made("and", requires=["(first and second)"]),
            Made("with", requires=["(cap >= 2 with cap < 3)"]),
            Made("without", requires=["(cap without first)"]),
            Made("unless", conflicts=["(extra unless glibc)"]),
            Made("else", requires=["(ghosts if ghost else second)"]),
            Made("ghost"),
            Made("extra"),
            Made("first", provides=["cap = 1"]),
            Made("second", provides=["cap = 2.5"]),
            Made("third", provides=["cap = 4"]),
            Made("adds-itself", supplements=["first"]),
            Made("alternatives-a", provides=["alternatives"]),
            Made("alternatives-b", provides=["alternatives"]),
            Made("needs-one", requires=["alternatives"]),
            Made("needs-one-and-b", requires=["alternatives", "alternatives-b"]),
        ],
        [Made("extra", "2"), Made("second", "3", provides=["cap = 2.7"])],
    ],
    BASE,
)
RICH_REQUESTS = [
    ["if-there"], ["if-not-there"], ["if-not-there", "ghost"], ["either"], ["either-first"], ["and"],
    ["with"], ["without"], ["unless"], ["unless", "extra"], ["else"], ["else", "ghost"], ["cap"],
    ["cap < 2"], ["cap >= 4"], ["first"], ["needs-one"], ["needs-one-and-b"], ["alternatives"],
]  # fmt: skip

_APP36 = Made("app36", "3.6", "1.module", requires=["app36-libs"])
_APP36_LIBS = Made("app36-libs", "3.6", "1.module", provides=["app(abi) = 3.6"])
_APP38 = Made("app38", "3.8", "1.module", provides=["app(abi) = 3.8"])
_DB = Made("db", "10", "1.module", provides=["libdb10"])
_DB_OLDER = Made("db", "10", "0.module")
_DB_NEXT = Made("db", "12", "1.module")
_TOOL = Made("tool", "1", "1.module", requires=["db"])
_PERL, _PERL_NEXT = Made("perl", "5.26", "1.module"), Made("perl", "5.30", "1.module")
_DBD, _DBD_NEXT = Made("dbd", "1", "26.module", requires=["perl"]), Made("dbd", "1", "30.module")
_MODULAR = [
    *BASE, _APP36, _APP36_LIBS, _APP38, _DB, _DB_OLDER, _DB_NEXT, _TOOL, _PERL, _PERL_NEXT, _DBD, _DBD_NEXT,
    Made("db", "11", "1.el8"), Made("user", requires=["db >= 11"]), Made("any-user", requires=["db"]),
    Made("imposter", provides=["db = 99"]), Made("needs-38", requires=["app(abi) = 3.8"]),
    Made("needs-36", requires=["app(abi) = 3.6"]),
]  # fmt: skip
_STREAMS = [
    stream("app36", "3.6", [_APP36, _APP36_LIBS]),
    default("app36", "3.6"),
    stream("app38", "3.8", [_APP38]),
    stream("db", "10", [_DB_OLDER], version=1),
    stream("db", "10", [_DB], version=2),
    stream("db", "12", [_DB_NEXT]),
    default("db", "10"),
    stream("tools", "1", [_TOOL], requires=[("db", ["10"])]),
    default("tools", "1"),
    stream("perl", "5.26", [_PERL]),
    stream("perl", "5.30", [_PERL_NEXT]),
    default("perl", "5.26"),
    stream("perl-dbd", "1", [_DBD], context="aaaaaaaa", requires=[("perl", ["5.26"])]),
    stream("perl-dbd", "1", [_DBD_NEXT], context="bbbbbbbb", requires=[("perl", ["5.30"])]),
    default("perl-dbd", "1"),
]
MODULAR = Distribution([_MODULAR], BASE, _STREAMS)
ENABLED = Distribution([_MODULAR], BASE, _STREAMS, {"db": "12", "app38": "3.8", "app36": "", "perl": "5.30"})
MODULAR_REQUESTS = [
    ["app36"], ["app38"], ["app(abi) = 3.6"], ["needs-36"], ["needs-38"], ["db"], ["user"], ["any-user"],
    ["tool"], ["dbd"], ["perl"], ["imposter"], ["db >= 11"],
]  # fmt: skip
# What conflicts with what the server has or takes its place, and what the server has conflicts with.
_THERE = [
    Made("old", "1"), Made("new", "1", obsoletes=["older"]), Made("hostile", "1", conflicts=["victim"]),
    Made("mild", "1", conflicts=["victim2 < 2"]), Made("leaning", "1", requires=["prop"]), Made("prop", "1"),
    Made("engine", "1"), Made("sleeper", "1", provides=["virtual"]), Made("twin", "1"), Made("loner", "1", conflicts=["guest"]),
    Made("kept", "3"),
]  # fmt: skip
AGAINST = Distribution(
    [
        [
            *BASE, *_THERE,
            Made("hates-old", conflicts=["old"]), Made("hates-that-old", conflicts=["old < 2"]), Made("old", "2"),
            Made("hates-engine", conflicts=["engine < 2"]), Made("hates-virtual", conflicts=["virtual"]),
            Made("victim"), Made("victim2", "1"), Made("victim2", "2"), Made("needs-victim", requires=["victim"]),
            Made("needs-old-victim", requires=["victim2 = 1"]), Made("older", "9"), Made("needs-older", requires=["older"]),
            Made("takes-old", obsoletes=["old < 2"]), Made("takes-all-old", obsoletes=["old"]), Made("takes-ancient", obsoletes=["old < 1"]),
            Made("takes-prop", obsoletes=["prop"]), Made("takes-prop-and-gives", obsoletes=["prop"], provides=["prop = 2"]),
            Made("takes-virtual", obsoletes=["virtual"]), Made("wants-taker", requires=["takes-old"]),
            Made("takes-twin-a", obsoletes=["twin"], provides=["twins"]), Made("takes-twin-b", obsoletes=["twin"], provides=["twins"]),
            Made("wants-both-takers", requires=["takes-twin-a", "takes-twin-b"]), Made("itself", provides=["role"], conflicts=["role"]),
            Made("other-role", provides=["role"]), Made("wants-roles", requires=["itself", "other-role"]),
            Made("guest", "1"), Made("loner", "2"), Made("guest", "2", provides=["welcome"]),
            Made("choice-a", provides=["choice"], conflicts=["old"]), Made("choice-b", provides=["choice"]),
            Made("wants-choice", requires=["choice"]), Made("hates-kept", conflicts=["kept >= 2"]), Made("kept", "1"),
            Made("wants-old-kept", requires=["kept < 2"]), Made("next-mild", requires=["victim2 >= 2"]),
        ]
    ],
    [*BASE, *_THERE],
)  # fmt: skip
AGAINST_REQUESTS = [
    ["hates-old"], ["hates-that-old"], ["hates-engine"], ["hates-virtual"], ["victim"], ["victim2"], ["needs-victim"],
    ["needs-old-victim"], ["older"], ["needs-older"], ["takes-old"], ["takes-all-old"], ["takes-ancient"], ["takes-prop"],
    ["takes-prop-and-gives"], ["takes-virtual"], ["wants-taker"], ["twins"], ["wants-both-takers"], ["itself"],
    ["wants-roles"], ["guest"], ["welcome"], ["choice"], ["wants-choice"], ["hates-kept"], ["wants-old-kept"], ["next-mild"],
    ["takes-old", "hates-old"], ["takes-all-old", "choice-a"], ["takes-old", "hates-that-old"], ["role"],
]  # fmt: skip

# Whose turn it is: versions, what one has only in another repository, providers, what replaces.
RANKED = [
    [
        *BASE, lib("libnew", "1"), lib("libsame", "1"), Made("tool", "1"), Made("needs-tool", requires=["tool >= 2"]),
        Made("one-of-two", "1", provides=["service"]), Made("asks", requires=["service", so("libnew")]),
        Made("replaced", "1"), Made("wants-replaced", requires=["replaced"]), lib("libmoved"),
        Made("held", "2"), Made("wants-held", requires=["held >= 3"]),
    ],
    [
        lib("libnew", "2"), lib("libsame", "2"), Made("tool", "2"), Made("tool", "3"),
        Made("another-of-two", "5", provides=["service"]),
        Made("replacing", "1", obsoletes=["replaced"], provides=["replaced = 9"]),
        lib("libmoved2", "1", "libmoved.so.1"), Made("held", "3"), lib("libonly", "1"),
        Made("needs-tool", "2", requires=["tool"]),
    ],
    [lib("libsame", "3"), lib("libonly", "2"), Made("tool", "4"), lib("libnew", "0.5")],
]  # fmt: skip
RANKED_REQUESTS = [
    [so("libnew")], [so("libsame")], ["tool"], ["needs-tool"], ["service"], ["asks"], ["replaced"], ["replacing"],
    ["wants-replaced"], [so("libmoved")], ["wants-held"], [so("libonly")], ["tool >= 3"], ["tool > 1"], ["libnew"],
    ["libsame", "needs-tool"], ["libonly"], ["needs-tool", so("libonly")], ["tool = 2"], ["libnew = 2"],
]  # fmt: skip
EXCLUDED = Distribution(PLAIN.repositories, BASE, excludes=("libICE", "python3-libs"))

ARM = Distribution(
    [[one._replace(arch="aarch64") if one.arch == "x86_64" else one for one in PLAIN.repositories[0] if one.arch != "i686"]
     + [lib("libSM", "9"), Made("python3", "9", files=["/usr/bin/python3"])]],
    [one._replace(arch="aarch64") for one in BASE],
    arch="aarch64",
)  # fmt: skip


def differing(distribution, requests):
    """Both answers where they are not the same, unless dnf takes ours for one that is as good: asked for just
    those packages, it installs them and no more. (Which of several packages that give a capability comes
    first is chance to libsolv: the order in which it read their names.)"""
    both = [
        (wanted, ours, theirs, words)
        for wanted, ours, (theirs, words) in zip(
            requests, map(distribution.ours, requests), distribution.theirs(requests), strict=True
        )
        if ours != theirs
    ]
    again = distribution.theirs([[*wanted, *(ours or ())] for wanted, ours, *_ in both])
    return {
        tuple(wanted): (ours, theirs, words)
        for (wanted, ours, theirs, words), (as_good, _) in zip(both, again, strict=True)
        if ours is None or theirs is None or ours != as_good
    }


@pytest.mark.parametrize(
    ("distribution", "requests", "explained"),
    [
        (PLAIN, PLAIN_REQUESTS, {}),
        (RICH, RICH_REQUESTS, {}),
        (MODULAR, MODULAR_REQUESTS, {}),
        (ENABLED, MODULAR_REQUESTS, {}),
        (ARM, PLAIN_REQUESTS, {}),
        (AGAINST, AGAINST_REQUESTS, {}),
        # Where a package of this architecture cannot be had, dnf falls back on one of 32 bit. No wheel can
        # use that, so none is ever carried.
        (EXCLUDED, PLAIN_REQUESTS, {("libSM",): (None, ["libSM-1.2.2-1.i686"], "")}),
    ],
    ids=["plain", "rich", "modular", "enabled", "aarch64", "against", "excluded"],
)
def test_as_dnf_would(distribution, requests, explained, tmp_path):
    assert differing(distribution.make(tmp_path), requests) == explained


@pytest.mark.parametrize("priorities", [(10, 99, 20), (99, 0, -5), (99, 99, 99)], ids=str)
def test_priorities_as_dnf_has_them(priorities, tmp_path):
    """None is as good as another here: it is a repository's turn."""
    distribution = Distribution(RANKED, [*BASE, Made("held", "2")], priorities=priorities).make(tmp_path)
    ours = [distribution.ours(wanted) for wanted in RANKED_REQUESTS]
    assert ours == [titles for titles, _ in distribution.theirs(RANKED_REQUESTS)]


def drawn(seed):
    """A distribution that nobody thought of, and requests of it."""
    draw = random.Random(seed)
    names = [f"p{number:02}" for number in range(40)]
    capabilities = [f"cap{number}" for number in range(12)]

    def dependency():
        name = draw.choice([*names, *capabilities])
        return draw.choice(
            [name, name, f"{name} >= {draw.randrange(1, 5)}", f"{name} < {draw.randrange(2, 6)}"]
        )

    def rich():
        operator = draw.choice(["or", "if", "and"])
        return f"({dependency()} {operator} {dependency()})"

    made = []
    for name in names:
        for version in sorted(draw.sample(range(1, 6), draw.choice([1, 1, 2]))):
            given = [
                f"{each} = {draw.randrange(1, 6)}"
                for each in draw.sample(capabilities, draw.choice([0, 0, 1, 2]))
            ]
            requires = [dependency() for _ in range(draw.choice([0, 0, 1, 2]))]
            requires += [rich() for _ in range(draw.choice([0, 0, 0, 1]))]
            made.append(
                Made(
                    name,
                    str(version),
                    arch=draw.choice(["x86_64", "x86_64", "noarch"]),
                    provides=given,
                    requires=requires,
                    obsoletes=[dependency()] if draw.random() < 0.04 else [],
                    conflicts=[dependency()] if draw.random() < 0.06 else [],
                    recommends=[dependency()] if draw.random() < 0.1 else [],
                )
            )
    half = [one for one in made if draw.random() < 0.6]
    installed = {one.name: one for one in draw.sample([one for one in made if not one.requires], 4)}
    there = {each.split(" ")[0] for one in installed.values() for each in [one.name, *one.provides]}
    able = [
        each for each in [*names, *capabilities] if each not in there
    ]  # dnf would bring a newer one of it
    requests = [draw.sample(able, draw.choice([1, 1, 1, 2])) for _ in range(25)]
    return Distribution(
        [half, [one for one in made if one not in half]],
        [*BASE, *installed.values()],
        priorities=draw.choice([(99, 99), (10, 99), (99, 10)]),
    ), requests


@pytest.mark.parametrize("seed", range(4))
def test_as_dnf_would_in_one_that_is_drawn(seed, tmp_path):
    distribution, requests = drawn(seed)
    assert differing(distribution.make(tmp_path), requests) == {}


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="dnf wants to be root")
def test_as_its_command_line_would(tmp_path):
    """dnf --installroot --downloadonly, word for word: the files that it fetches."""
    made = MODULAR.make(tmp_path / "made")
    for number, wanted in enumerate((["app36"], ["tool"], [so("libabsent")])):
        argv = [
            "dnf",
            "-y",
            "--installroot",
            made.root,
            "--downloadonly",
            "--downloaddir",
            str(tmp_path / str(number)),
        ]
        argv += ["--setopt=" + each for each in (
            "reposdir=/nonexistent", "install_weak_deps=0", "module_platform_id=platform:el8", "plugins=0",
            f"cachedir={tmp_path}/cache")]  # fmt: skip
        argv += [
            "--releasever=8",
            "--nogpgcheck",
            f"--repofrompath=r,file://{made.places[0].replace(' ', '%20')}",
        ]
        done = subprocess.run([*argv, "install", *wanted], capture_output=True, text=True, check=False)
        there = os.listdir(tmp_path / str(number)) if (tmp_path / str(number)).is_dir() else []
        expected = made.ours(wanted)
        assert (done.returncode == 0) is (expected is not None), done.stderr
        assert sorted(name[: -len(".rpm")] for name in there) == (expected or []), done.stderr
