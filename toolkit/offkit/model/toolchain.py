"""What CPython is compiled with, and which of it a release's discs do not have new enough."""

import re
from typing import List, NamedTuple, Tuple

from offkit.model.release import Release, Releases


class Want(NamedTuple):
    since: Tuple[int, int]  # the first CPython that wants it
    program: str  # as a release's ``toolchain`` calls it
    oldest: Tuple[int, ...]  # version that will do
    what: str  # for people


# docs.python.org, "Configure Python", build requirements, of each series. A C11 compiler is gcc from 4.9 on
# (gcc.gnu.org/gcc-4.9/changes.html).
WANTS = (
    Want((3, 10), "OpenSSL", (1, 1, 1), "OpenSSL 1.1.1 for ssl and hashlib"),
    Want((3, 11), "gcc", (4, 9), "a C11 compiler"),
    Want((3, 13), "SQLite", (3, 15, 2), "SQLite 3.15.2 for sqlite3"),
)


def lacks(series: Tuple[int, int], release: Release) -> List[Tuple[str, str]]:
    """What that CPython wants and what the release has instead; nothing of what is not known."""
    versions = release.toolchain
    return [
        (want.what, "{} {}".format(want.program, versions[want.program]))
        for want in WANTS
        if series >= want.since and want.program in versions and _key(versions[want.program]) < want.oldest
    ]


def openssl_below(series: Tuple[int, int], release: Release, oldest: str) -> str:
    """The release's OpenSSL, where a CPython of that series compiled with it lacks what came with ``oldest``.

    "" where it does not, where it is not known, and where it is none that this CPython takes.
    """
    have = release.toolchain.get("OpenSSL", "")
    older = bool(have) and not at_least(have, oldest)
    return have if older and not any("OpenSSL" in what for what, _ in lacks(series, release)) else ""


def able(series: Tuple[int, int], releases: Releases) -> Release:
    """The oldest of them that is not known to lack what that CPython wants."""
    return next((each for each in releases.all if not lacks(series, each)), releases.all[-1])


def at_least(has: str, oldest: str) -> bool:
    """Whether a version of OpenSSL or SQLite (1.0.2k, 3.7.17) is not older."""
    return _key(has) >= _key(oldest)


def _key(version: str) -> Tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version))
