"""From what a server lacks to the packages that bring it, and to what those require in turn."""

from typing import Callable, Collection, Dict, NamedTuple, Sequence, Set, Tuple

from offkit.media import rpm
from offkit.media.rpm import Package

_MOST_ROUNDS = 64  # far above the depth of any real chain of packages


class Closure(NamedTuple):
    providers: Dict[str, Package]  # by capability
    nowhere: Dict[str, str]  # capability that no package gives → title of what requires it, "" for nobody

    @property
    def packages(self) -> Tuple[Package, ...]:
        """Each once, in the order they came up."""
        found: Dict[str, Package] = {}
        for each in self.providers.values():
            found.setdefault(each.title, each)
        return tuple(found.values())


def close(
    wanted: Collection[str],
    follows: Callable[[str], bool],
    ask: Callable[[Collection[str]], Sequence[Package]],
    allowed: Sequence[str],
    usual: Collection[str] = (),
    installed: Collection[str] = (),
) -> Closure:
    """The packages for the capabilities ``wanted`` and, transitively, for what they require.

    ``follows`` says which of those requirements are looked for; ``ask`` gives the packages that have
    any of some capabilities, with those in ``provides``; ``allowed`` and ``usual`` are those of
    ``rpm.choose``; packages called one of ``installed`` need not come. Of each the newest counts.
    """
    providers: Dict[str, Package] = {}
    nowhere: Dict[str, str] = {}
    seen: Set[str] = set()
    pending = dict.fromkeys(wanted, "")
    for _ in range(_MOST_ROUNDS):
        if not pending:
            break
        found = ask(list(pending))
        there = {each for package in found if package.name in installed for each in package.provides}
        able = [package for package in found if package.name not in installed]
        chosen = rpm.choose(able, [each for each in pending if each not in there], allowed, usual)
        for capability, requirer in pending.items():
            giving = next((package for package in chosen if capability in package.provides), None)
            if giving is not None:
                providers[capability] = giving
            elif capability not in there:
                nowhere[capability] = requirer
        seen.update(pending)
        pending = {
            each: package.title
            for package in chosen
            for each in package.requires
            if each not in seen and follows(each)
        }
    return Closure(providers, nowhere)


def parse(capability: str) -> Tuple[str, str]:
    """(soname, version or "") of ``libz.so.1(ZLIB_1.2.0)(64bit)``; the inverse of ``rpm.capability``."""
    soname, _, rest = capability.partition("(")
    return soname, rest.partition(")")[0]
