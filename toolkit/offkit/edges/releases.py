"""The releases that this offkit knows: the files of repo-config/releases, read once."""

import csv
from functools import lru_cache
from typing import List

from offkit.edges import data
from offkit.model import nowhere, release
from offkit.model.release import Release, Releases

LAYOUTS = "repo-config/layouts.csv"


@lru_cache(maxsize=None)
def known() -> Releases:
    """All of them, with what the tables say of their libraries."""
    libc = release.parse_libc(data.read_text(release.LIBC))
    rows = release.parse_sonames(data.read_text(release.SONAMES))
    texts = [data.read_text(release.FOLDER + "/" + name) for name in data.names(release.FOLDER)]
    return release.order((release.parse(text, libc, rows) for text in texts), libc)


@lru_cache(maxsize=None)
def folders() -> List[str]:
    """Where repositories lie below the top of a disc, or of a mirror; {arch} stands in some."""
    rows = csv.DictReader(data.read_text(LAYOUTS).splitlines())
    return [*known().folders, *(row["folder"] for row in rows)]


def folders_for(arch: str) -> List[str]:
    """The same for an architecture."""
    return [each.replace("{arch}", arch) for each in folders()]


@lru_cache(maxsize=None)
def _nowhere() -> List[nowhere.Row]:
    return nowhere.parse(data.read_text(nowhere.TABLE))


def on_no_disc(soname: str) -> str:
    """Why no disc of any release has that library, and what to do; "" where one may have it."""
    return nowhere.told(_nowhere(), soname)


def of(el: int, name: str = "") -> Release:
    """What is known of a release, as ``Releases.of``."""
    return known().of(el, name)
