"""Which release a medium is of, by the files that its maker puts at the top for installers.

.treeinfo is productmd's (its doc/treeinfo-1.2.rst), and older in the same form; .discinfo is anaconda's:
time stamp, release, architecture, one a line. Of an image that has neither, its volume name often says it.
"""

import re
from typing import Dict, List, NamedTuple, Optional, Tuple

from offkit.edges import releases
from offkit.model.finding import ERROR, WARNING, Finding

STRANGER = "ENV049"
TREE, LABEL = ".treeinfo", ".discinfo"
_ARCH = re.compile(r"[-_. ]?(x86|aarch|arm)_?64.*", re.I)  # in the name of a volume, and what follows


class Disc(NamedTuple):
    title: str  # "Rocky Linux 8.10"
    release: str  # el8
    arch: str = ""  # x86_64; "" where it does not say


def named(treeinfo: str, discinfo: str, volume: str = "") -> Optional[Disc]:
    """By the text of the two files and the name of the volume, "" for what is not there; None where they do
    not say, or name what offkit does not know."""
    section = ""
    said: Dict[Tuple[str, str], str] = {}
    for line in treeinfo.splitlines():
        opened = re.match(r"\[(\w+)\]", line)
        section = opened.group(1) if opened else section
        name, equals, value = line.partition("=")
        if equals and section in ("general", "release", "tree"):
            said.setdefault((section, name.strip()), value.strip())
    version = said.get(("general", "version")) or said.get(("release", "version"), "")
    family = said.get(("general", "family")) or said.get(("release", "name"), "")
    lines = [line.strip() for line in discinfo.splitlines()]
    label = lines[1] if len(lines) > 1 else ""
    arch = said.get(("general", "arch")) or said.get(("tree", "arch")) or "".join(lines[2:3])
    titles = ["{} {}".format(family, version)] if family and version else []
    titles += [each for each in (label, _ARCH.sub("", volume), label and "el" + label) if each]
    for title in titles:
        release = releases.known().named(title)
        if release.name:
            called = "Enterprise Linux " + label if title == "el" + label else title
            return Disc(called, release.name, arch)
    return None


def stranger(disc: Optional[Disc], place: str, server: str) -> List[Finding]:
    """ENV049 where a medium is of another release than the server (el8): an error between two Enterprise
    Linuxes, whose packages replace each other by their names."""
    if disc is None or not server or disc.release == server:
        return []
    useless = all(releases.known().named(name).el for name in (disc.release, server))
    message = "is {} ({}), and this server is {}".format(disc.title, disc.release, server)
    if not useless:
        message += ": its packages are made for another system"
    fix = "use a disc of " + server
    return [Finding(STRANGER, ERROR if useless else WARNING, place, message, (TREE, LABEL), fix)]
