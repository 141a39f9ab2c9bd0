"""From libraries that a server lacks to the packages that bring them, and what those need in turn.

Only libraries count: what a package requires otherwise (programs, scripts that run when it is
installed) matters to yum, and not to a library that is taken out of it.
"""

from typing import Callable, Collection, Dict, List, NamedTuple, Sequence, Set, Tuple

from offkit.media import rpm
from offkit.media.rpm import Package

_MOST_ROUNDS = 64  # far above the depth of any real chain of libraries


class Closure(NamedTuple):
    providers: Dict[str, Package]  # by capability
    nowhere: Tuple[str, ...]  # capabilities that no package gives, in the order they came up


def close(
    wanted: Collection[str],
    lacks: Callable[[str], bool],
    ask: Callable[[Collection[str]], Sequence[Package]],
    allowed: Sequence[str],
    usual: Collection[str] = (),
) -> Closure:
    """The packages for the capabilities ``wanted`` and, transitively, for the libraries they require.

    ``lacks`` says whether the server is without a capability; ``ask`` gives the packages that have
    any of some capabilities, with those in ``provides``; ``allowed`` and ``usual`` are those of
    ``rpm.choose``. Of each package the newest counts.
    """
    providers: Dict[str, Package] = {}
    nowhere: List[str] = []
    seen: Set[str] = set()
    pending = list(dict.fromkeys(wanted))
    for _ in range(_MOST_ROUNDS):
        if not pending:
            break
        chosen = rpm.choose(ask(pending), pending, allowed, usual)
        for capability in pending:
            giving = next((package for package in chosen if capability in package.provides), None)
            if giving is not None:
                providers[capability] = giving
            else:
                nowhere.append(capability)
        seen.update(pending)
        required = [each for package in chosen for each in package.requires if rpm.is_library(each)]
        pending = [each for each in dict.fromkeys(required) if each not in seen and lacks(each)]
    return Closure(providers, tuple(nowhere))


def parse(capability: str) -> Tuple[str, str]:
    """(soname, version or "") of ``libz.so.1(ZLIB_1.2.0)(64bit)``; the inverse of ``rpm.capability``."""
    soname, _, rest = capability.partition("(")
    return soname, rest.partition(")")[0]
