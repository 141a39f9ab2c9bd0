"""How yum is called and what its failures are called: what install.sh says too (online/carry/rules.py). Pure.

Its own words are in repo-config/yum.csv: those of yum 3.4.3, dnf 4, libdnf, dnf 5 and rpm under LC_ALL=C. The
expressions mean the same to re and to grep -E; the first row that has one of an output's lines counts.
"""

import csv
import re
from typing import List, NamedTuple, Tuple

WORDS = "repo-config/yum.csv"
# yum 3 and dnf both take these: what one of them does not know, it names in a warning (yum's cli.py,
# dnf/conf/config.py: "did not have a ... attr. before setopt"). Plugins are left out: some ask the
# network whatever is enabled. exit_on_lock: else both wait for ever. metadata_expire: another disc may
# be there since. install_weak_deps: what nobody asked for stays away (dnf.conf(5)).
DISABLED, ENABLED = "--disablerepo=*", "--enablerepo=offkit-*"
OPTIONS = (
    *("--noplugins", DISABLED, ENABLED),
    *("--setopt=exit_on_lock=1", "--setopt=metadata_expire=0", "--setopt=install_weak_deps=0"),
)
PID = "/var/run/yum.pid"  # of the yum 3 that is at work
# A path that is the value of an option: elsewhere yum may split it or replace a part.
PLAIN = "A-Za-z0-9/._+-"
# An installed package as rpm's --qf writes it.
PACKAGE = "%{NAME}-%{EPOCHNUM}:%{VERSION}-%{RELEASE}.%{ARCH}"


class Way(NamedTuple):
    """What differs between the programs that answer to this name."""

    version: str  # a pattern for the first line of --version
    fetching: Tuple[
        str, ...
    ]  # options: only fetch into INTO what would be installed, with no log but in PLACE
    copies: bool  # yum 3: copies nothing from a local repository unless told to (yumRepo.py: copy_local)
    modular: bool  # dnf: hides RPMs of modules that are not described or not enabled
    all_packages: str  # an option against excludes
    unchecked: str  # an option: no look at signatures
    lenient: str  # an option: what no repository has is left out


INTO, PLACE = "INTO", "PLACE"
_DNF = ("--downloadonly", "--setopt=destdir=" + INTO, "--setopt=logdir=" + PLACE)
# yum 3 prints its version alone ("3.4.3"), dnf 4 too, dnf 5 a sentence. The first that matches is it.
WAYS = (
    Way(
        "3.*",
        ("--downloadonly", "--downloaddir=" + INTO, "--setopt=logfile=" + PLACE + "/log"),
        True,
        False,
        "--disableexcludes=all",
        "--nogpgcheck",
        "--setopt=strict=0",
    ),
    Way(
        "dnf5*",
        _DNF,
        False,
        True,
        "--setopt=disable_excludes=*",
        "--no-gpgchecks",
        "--setopt=skip_unavailable=1",  # strict is read no more (dnf5-changes-from-dnf4(7))
    ),
    Way("*", _DNF, False, True, "--disableexcludes=all", "--nogpgcheck", "--setopt=strict=0"),
)


class Kind(NamedTuple):
    """A failure: what yum says, and what that means."""

    code: str
    words: str  # a regular expression
    message: str
    fix: str


def is_plain(path: str) -> bool:
    """Whether it can be the value of an option."""
    return bool(re.fullmatch("[{}]*".format(PLAIN), path))


def parse(text: str) -> List[Kind]:
    """The rows of the table, in its order. Raises ValueError on a malformed one."""
    kinds = []
    for row in csv.DictReader(text.splitlines()):
        if None in row or not all(row.get(name) for name in (*Kind._fields, "source")):
            raise ValueError("{}: not a row of this table: {}".format(WORDS, dict(row)))
        kinds.append(Kind(*(row[name] for name in Kind._fields)))
    return kinds
