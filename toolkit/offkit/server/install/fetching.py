"""What yum would install, taken from the media first and verified whole, before anything is installed.

yum 3 looks at the signature of a header, which says nothing about the payload, and ends with 0 where it
found only some of the packages. So yum is made to fetch what it would install (--downloadonly), rpm says
what these files are worth, and only then yum installs. Nothing of the system is changed meanwhile.
"""

import os
from typing import Dict, List, NamedTuple, Optional, Sequence, Tuple

from offkit.edges import files
from offkit.media import repository, rpm_keys, supply
from offkit.media.keys import Server
from offkit.media.repofile import Base
from offkit.media.repository import Repository
from offkit.media.rpmfile import Front
from offkit.model import words
from offkit.model.errors import IntegrityError
from offkit.model.finding import ERROR, WARNING, Finding, together
from offkit.model.yum import PID, Way
from offkit.server.repo import sections
from offkit.server.system import attempt, streams, yum
from offkit.server.system.attempt import Attempt
from offkit.server.system.ledger import Run

_NAMED = 4
_ALONE = "; or --no-root, which unpacks the libraries for this installation alone"


class Wish(NamedTuple):
    """What yum is to bring."""

    rpms: Tuple[str, ...]  # with their architecture, as yum takes them
    again: Tuple[str, ...]  # installed, and damaged
    bases: Tuple[Base, ...]
    media: Tuple[str, ...]  # their names
    bundled: str = ""  # the directory with the RPMs of the bundle itself
    undescribed: Tuple[Tuple[str, Repository], ...] = ()  # directories that describe no modules

    @property
    def steps(self) -> List[Tuple[str, Tuple[str, ...]]]:
        """yum's verbs with their packages: what is damaged has another one than what is missing."""
        return [each for each in ((yum.INSTALL, self.rpms), (yum.REINSTALL, self.again)) if each[1]]


class Fetched(NamedTuple):
    """What is verified."""

    rpms: Tuple[Front, ...]
    keys: Tuple[str, ...]  # files with those that signed them, without what rpm has already
    hotfixes: Tuple[str, ...]  # directories from which modular RPMs are taken as they are
    warnings: Tuple[Finding, ...] = ()


def fetch(wish: Wish, here: Server, scratch: str, run: Run) -> Fetched:
    """Everything that yum would install, once all of it is verified. ``scratch`` is an empty directory,
    ``run`` speaks English (server.system.ledger.english).

    Raises IntegrityError (RPM001 to RPM003) with every package that is damaged, unsigned or signed by
    others, EnvironmentProblem for what the administrator has excluded or locked (RPM020, RPM021),
    and for modules that hide packages (RPM029), and what server.system.yum raises.
    """
    yum.refuse_locked(PID)
    way = yum.way(run)
    hotfixes = tuple(base.directory for base in wish.bases if base.directory == wish.bundled)
    made = _attempt(wish, way, hotfixes, (), os.path.join(scratch, "1"), run)
    warnings: Tuple[Finding, ...] = ()
    if made.lacking and way.copies and made.uncopied:
        keys = tuple(dict.fromkeys(base.key for base in wish.bases if base.key))
        return Fetched((), keys, hotfixes, (attempt.unverified(wish.media),))
    if made.lacking:
        made, hotfixes, warnings = _otherwise(wish, way, hotfixes, made, here, scratch, run)
    if way.modular and not warnings:
        marked = _marked(wish, made.found, hotfixes)
        warnings = (_modular(wish, list(marked)),) if marked else ()
        hotfixes = tuple(dict.fromkeys([*hotfixes, *marked.values()]))
    attempt.refuse_locked(made.found.values(), here.tree, _ALONE)
    keys = _verified(wish, made.found, here, os.path.join(scratch, "keys"))
    if made.found:
        attempt.test(made.found, run)
    return Fetched(tuple(made.found.values()), keys, hotfixes, warnings)


def _attempt(
    wish: Wish, way: Way, hotfixes: Sequence[str], more: Sequence[str], place: str, run: Run
) -> Attempt:
    """Fetch it into ``place``; ``more`` are options of yum's."""
    text = sections.text(wish.bases, True, "", hotfixes, ()).replace("\ngpgcheck=1", "\ngpgcheck=0")
    files.write_below(place, "repos/offkit.repo", [text.encode("ascii")])
    into = os.path.join(place, "rpms")
    os.mkdir(into)
    options = [*yum.fetching(way, into, place, [base.id for base in wish.bases]), *more]

    def command(words: Sequence[str]) -> List[str]:
        return yum.command((*options, *words), place + "/repos", place + "/cache")

    return attempt.make(wish.steps, into, command, run)


def _otherwise(
    wish: Wish,
    way: Way,
    hotfixes: Tuple[str, ...],
    first: Attempt,
    here: Server,
    scratch: str,
    run: Run,
) -> Tuple[Attempt, Tuple[str, ...], Tuple[Finding, ...]]:
    """Why yum does not find what the media have. Each cause is tried before it is told: without the
    administrator's excludes, and without dnf's filter of modules. What the state of a module hides, which
    somebody has set, is told and not taken."""
    if not attempt.can_be_hidden(first):
        raise attempt.unfound(first)
    plain = [place for place, _ in wish.undescribed]
    wider = tuple(dict.fromkeys([*hotfixes, *plain])) if way.modular else hotfixes
    if wider != hotfixes:
        second = _attempt(wish, way, wider, (), os.path.join(scratch, "2"), run)
        if not second.lacking:
            new = attempt.new(first, second)
            return second, wider, (_modular(wish, [one for one in new if ".module" in one.release] or new),)
    place = os.path.join(scratch, "3")
    attempt.explain(
        first, here.tree, lambda: _attempt(wish, way, wider, (way.all_packages,), place, run), _ALONE
    )
    everything = tuple(base.directory for base in wish.bases)
    if way.modular and not set(everything) <= set(wider):
        last = _attempt(wish, way, everything, (), os.path.join(scratch, "4"), run)
        attempt.refuse_hidden(first, last, here.tree, _ALONE)
    raise attempt.unfound(first)


def _marked(wish: Wish, found: Dict[str, Front], hotfixes: Sequence[str]) -> Dict[Front, str]:
    """Those of these files that say that they are of a module, and the directory of the repository that does
    not describe it: dnf fetches them, and refuses them when it is to install them (dnf/db/group.py)."""
    modular = [one for path, one in found.items() if streams.label(path)]
    plain = {where: place for place, where in wish.undescribed if place not in hotfixes}
    answers = repository.ask(
        lambda each: each.search((), {one.name for one in modular}).packages if modular else [],
        plain,
        lambda where, error: None,  # it was read before
    )
    places = {package.title: plain[where] for package, where in answers}
    return {one: places[one.title] for one in modular if one.title in places}


def _modular(wish: Wish, packages: Sequence[Front]) -> Finding:
    one = len(packages) == 1
    message = (
        "{} of a module, and the medium has no modules.yaml: dnf's modular filtering keeps {} out. {} taken "
        "all the same (module_hotfixes=1, for this installation only)".format(
            *(("is", "it", "It is") if one else ("are", "them", "They are"))
        )
    )
    titles = words.listed([each.title for each in packages], _NAMED)
    return Finding("RPM022", WARNING, titles, message, tuple(wish.media), "")


def _verified(wish: Wish, found: Dict[str, Front], here: Server, folder: str) -> Tuple[str, ...]:
    """The key files that signed all of it. Raises IntegrityError with every package that is not whole."""
    own = here.keys or tuple(dict.fromkeys(base.key for base in wish.bases if base.key))
    ring = _ring(folder, own, here.imported)
    own = tuple(rpm_keys.armoured(each, folder) for each in own)  # for yum
    name = ", ".join(wish.media)
    verdicts = {path: ring.check(path) for path in found}
    wrong = [supply.judge(one.title, name, verdicts[path]) for path, one in found.items()]
    refused = [each for each in wrong if each is not None]
    if refused:
        raise IntegrityError("RPMs cannot be used; nothing was installed", together(refused))
    return _signers(own, verdicts, here, folder)


def _ring(folder: str, paths: Sequence[str], imported: str) -> rpm_keys.KeyRing:
    os.mkdir(folder)
    ring = rpm_keys.KeyRing(folder)
    ring.add(paths)
    ring.add_imported(imported)
    return ring


def _signers(
    own: Sequence[str], verdicts: Dict[str, rpm_keys.Verdict], here: Server, folder: str
) -> Tuple[str, ...]:
    """Of several key files those that are needed: yum imports every one that it is told of."""
    samples: Dict[str, str] = {}  # identity of a key → a package that it signed
    for path, verdict in verdicts.items():
        samples.setdefault(verdict.text, path)
    needed: List[str] = []
    for number, sample in enumerate(samples.values()):
        known = _ring("{}-{}".format(folder, number), (), here.imported)
        if here.imported and known.check(sample).kind == rpm_keys.SIGNED:
            continue
        for place, key in enumerate(own if len(own) > 1 else ()):
            ring = _ring("{}-{}-{}".format(folder, number, place), (key,), "")
            if ring.check(sample).kind == rpm_keys.SIGNED:
                needed.append(key)
                break
        else:
            needed += own
    return tuple(dict.fromkeys(needed))


def arrived(wish: Wish, run: Run) -> Optional[Finding]:
    """RPM023 where rpm does not have what yum says that it has installed."""
    absent = [name for name in wish.rpms if not run(["rpm", "-q", name]).ok]
    if not absent:
        return None
    message = "yum has reported no error, and rpm does not have {}".format(words.listed(absent, _NAMED))
    fix = "'rpm -q {}' must list it; /var/log/yum.log or /var/log/dnf.log says what yum did".format(absent[0])
    return Finding("RPM023", ERROR, words.listed(absent, _NAMED), message, tuple(wish.media), fix)
