"""Whether the environment's own pip takes the wheels that this environment is made of.

An old pip says no more than "not a supported wheel on this platform", or finds no version at
all. Which tags each pip knows is from pypa/manylinux's README.
"""

from typing import Dict, List, Sequence, Tuple

from offkit.edges.tree import Tree
from offkit.model import requirement, words
from offkit.model.finding import INFO, WARNING, Finding
from offkit.server.doctor.distribution import Distribution, headers_of

_FIRST = (
    ("manylinux1_", (8, 1)),
    ("manylinux2010_", (19, 0)),
    ("manylinux2014_", (19, 3)),
    ("manylinux_", (20, 3)),
)
_COMMON = (19, 3)  # without it, next to no wheel built since 2021 can be installed
_NAMED = 3


def inspect(tree: Tree, found: Sequence[Distribution], everything: Sequence[Distribution]) -> List[Finding]:
    """``everything`` includes the base interpreter's packages: pip may be one of them."""
    pips = [dist for dist in everything if requirement.normalize(dist.name) == "pip"]
    if not pips:
        return []
    pip = pips[0]
    version = release(pip.version)
    refused: Dict[str, Tuple[int, ...]] = {}
    for dist in found:
        needed = needs(_tags(tree, dist))
        if version and needed > version:
            refused[dist.title] = needed
    if refused:
        message = "{} is too old for the wheels of {}, which need pip {}".format(
            pip.version, words.listed(sorted(refused), _NAMED), ".".join(map(str, max(refused.values())))
        )
        return [Finding("PKG011", WARNING, "pip", message, (pip.directory,), _FIX)]
    if version and version < _COMMON:
        message = "{} supports neither manylinux2014 nor newer wheels".format(pip.version)
        return [Finding("PKG011", INFO, "pip", message, (pip.directory,), _FIX)]
    return []


_FIX = "install with the pip of a bundle (offkit install brings its own), or pip 21.3.1 on CPython 3.6"


def release(version: str) -> Tuple[int, ...]:
    """The first two numbers; () where there are none."""
    parts = version.split(".")[:2]
    return tuple(int(part) for part in parts) if all(part.isdecimal() for part in parts) else ()


def needs(tags: Sequence[str]) -> Tuple[int, ...]:
    """The oldest pip that takes a wheel with any of these tags; () for what every pip takes."""
    known = []
    for tag in tags:
        platform = tag.rpartition("-")[2]
        known.append(next((first for prefix, first in _FIRST if platform.startswith(prefix)), ()))
    return min(known, default=())


def _tags(tree: Tree, dist: Distribution) -> List[str]:
    try:
        headers = headers_of(tree.text(dist.directory + "/WHEEL"))
    except OSError:
        return []
    return [str(tag) for line in headers.get_all("Tag") or () for tag in _spelled_out(str(line))]


def _spelled_out(tag: str) -> List[str]:
    """Compressed tag sets (PEP 425); some builders leave them in WHEEL."""
    head, _, platforms = tag.rpartition("-")
    return ["{}-{}".format(head, platform) for platform in platforms.split(".")]
