"""What is said of packages that the administrator keeps from yum, by its files: with yum and without."""

from typing import Callable, Collection, Iterable, List, Mapping, Sequence

from offkit.edges.tree import Tree
from offkit.media import rpm
from offkit.media.answers import Answers
from offkit.media.rpm import Package
from offkit.media.rpmfile import Front
from offkit.model.finding import WARNING, Finding
from offkit.server.system import filters, locks, yum

_DNF5 = "/usr/bin/dnf5"


def told(
    rpms: Iterable[str],
    catalog: Answers,
    tree: Tree,
    identities: Sequence[str],
    theirs: Mapping[str, Sequence[str]],
) -> List[Finding]:
    """RPM020, RPM021, RPM022 and RPM028, as warnings, for what a command is to install: excludes, locks and
    priorities of the administrator's, and dnf's filter of modules. Nothing is tried.

    ``identities`` are the repositories that take part; ``theirs`` has, by its directory, what identifies
    each of the administrator's.
    """
    names = {rpm.bare(name) for name in rpms}
    chosen = [one for one, _ in catalog.chosen(names)]
    unknown = sorted(names.difference(one.name for one in chosen))
    hidden = [(one.title, place) for one, place in catalog.undescribed(names) if place in theirs]
    found = _kept(chosen, unknown, tree, identities)
    for place in dict.fromkeys(place for _, place in hidden):
        titles = [title for title, where in hidden if where == place]
        one = len(titles) == 1
        message = "{} of a module, and {} describes no modules: dnf's modular filtering hides {}".format(
            "is" if one else "are", place, "it" if one else "them"
        )
        fix = "as the command has it: --setopt={}.module_hotfixes=1".format(theirs[place][0])
        found.append(Finding("RPM022", WARNING, ", ".join(titles), message, (place,), fix))
    return found + _passed_over(names, catalog, identities)


def _passed_over(names: Collection[str], catalog: Answers, identities: Sequence[str]) -> List[Finding]:
    """RPM028 for each that a repository comes before which takes part."""
    found = []
    for one, place, other in catalog.passed_over(names):
        mine, first = catalog.ranks[place], catalog.ranks[other]
        if first.id in identities:
            message = (
                "is on {}, and yum takes {} from {}, where priority={} comes before {}, whatever its "
                "version: that one does not have all that is wanted"
            ).format(place, one.name, other, first.priority, mine.priority)
            fix = "as the command has it: " + mine.option
            found.append(Finding("RPM028", WARNING, one.title, message, (other, place), fix))
    return found


def options(rpms: Iterable[str], catalog: Answers, tree: Tree, identities: Sequence[str]) -> List[str]:
    """What a command for these packages needs against excludes, where any is in its way."""
    found = told(rpms, catalog, tree, identities, {})
    return [_option(tree)] if any(each.code == "RPM020" for each in found) else []


def for_a_command(
    catalog: Answers, tree: Tree, matching: Callable[[Sequence[str]], Sequence[str]]
) -> Callable[[Sequence[str], Sequence[str]], List[str]]:
    """``options`` of packages from repositories by patterns, of which ``matching`` gives the ids."""
    return lambda rpms, enabled: options(rpms, catalog, tree, matching(enabled))


def _option(tree: Tree) -> str:
    return "--setopt=disable_excludes=*" if tree.is_file(_DNF5) else "--disableexcludes=all"


def _kept(
    packages: Iterable[Package], names: Sequence[str], tree: Tree, identities: Sequence[str]
) -> List[Finding]:
    """The versions of ``packages`` are known, of ``names`` none is."""
    known = filters.settings(tree, identities)
    fronts = [Front(one.name, *one.evr, one.arch, "", 0) for one in packages]
    bare = [Front(name, "", "", "", "", "", 0) for name in names]
    # Which versions there are decides over includes that name one.
    plain = [each for each in known if each.excludes]
    kept = [one.name for one in fronts if filters.hiding(known, [one])]
    kept += [one.name for one in bare if filters.hiding(plain, [one])]
    guilty = list(dict.fromkeys([*filters.hiding(known, fronts), *filters.hiding(plain, bare)]))
    fix = "as the command has it: {}; or change that line while it runs".format(yum.spoken([_option(tree)]))
    found = [filters.excluded(guilty, kept, WARNING, fix)] if kept else []
    return found + locks.forbidden(fronts, tree, WARNING, "")
