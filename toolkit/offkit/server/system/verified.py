"""The RPMs of this server's own repositories, verified whole before yum installs any of them."""

import os
from functools import partial
from typing import Dict, List, NamedTuple, Sequence, Tuple

from offkit.media import keys, rpm_keys, supply
from offkit.media.keys import Server
from offkit.media.rpm_keys import Verdict
from offkit.model import words
from offkit.model.errors import EnvironmentProblem, IntegrityError
from offkit.model.finding import ERROR, Finding, together
from offkit.model.yum import PID
from offkit.server.system import attempt, yum
from offkit.server.system.attempt import Attempt, Steps
from offkit.server.system.ledger import Run

_NAMED = 4


class Sources(NamedTuple):
    """The repositories that take part."""

    identities: Tuple[str, ...]
    keys: Tuple[str, ...]  # files that they name
    lax: bool  # somebody does without signatures in all of them
    files: Tuple[str, ...] = ()  # that they are written in


def verify(steps: Steps, enabled: Sequence[str], sources: Sources, run: Run) -> List[Finding]:
    """``steps`` are yum's verbs with their packages; what there is to warn of.

    Raises IntegrityError (RPM001 to RPM003) with every package that is not in order, EnvironmentProblem for
    what the administrator has excluded or locked (RPM020, RPM021), for modules that hide packages (RPM029),
    for keys that yum will not find (REPO007), and what server.system.yum raises.
    """
    yum.refuse_locked(PID)
    way, here = yum.way(run), keys.server()
    with yum.scratch() as scratch:

        def fetch(name: str, more: Sequence[str] = ()) -> Attempt:
            into = os.path.join(scratch, name)
            os.mkdir(into)
            options = [*yum.fetching(way, into, scratch, sources.identities), way.unchecked, *more]
            return attempt.make(
                steps,
                into,
                lambda words: yum.command((*options, *words), "", scratch + "/cache", enabled),
                run,
            )

        made = fetch("rpms")
        if made.lacking and way.copies and made.uncopied:
            return [attempt.unverified(sources.identities)]
        if made.lacking and attempt.can_be_hidden(made):
            again = partial(fetch, "all", (way.all_packages,))
            attempt.explain(made, here.tree, again, "", sources.identities)
            if way.modular and not made.finished:
                plain = ["--setopt={}.module_hotfixes=1".format(one) for one in sources.identities]
                attempt.refuse_hidden(made, fetch("plain", plain), here.tree, "")
        if not made.finished:
            raise attempt.unfound(made)
        attempt.refuse_locked(made.found.values(), here.tree, "")
        if made.found:
            _check(list(made.found), sources, here, os.path.join(scratch, "keys"))
            attempt.test(made.found, run)
    return []


def _check(paths: Sequence[str], sources: Sources, here: Server, folder: str) -> None:
    os.mkdir(folder)
    ring = _ring(folder + "/all", [*sources.keys, *here.keys], here)
    where = ", ".join(sources.identities)
    verdicts = {path: ring.check(path) for path in paths}
    if not sources.lax:
        _refuse_unkeyed(verdicts, sources, here, folder)
    judged = [supply.judge(_title(path), where, verdict) for path, verdict in verdicts.items()]
    wrong = [one for one in judged if one is not None and (one.code == "RPM001" or not sources.lax)]
    if wrong:
        raise IntegrityError("RPMs cannot be used; nothing was installed", together(wrong))


def _ring(folder: str, files: Sequence[str], here: Server) -> rpm_keys.KeyRing:
    os.mkdir(folder)
    ring = rpm_keys.KeyRing(folder)
    ring.add(list(dict.fromkeys(files)))
    ring.add_imported(here.imported)
    return ring


def _title(path: str) -> str:
    return os.path.basename(path)[: -len(".rpm")]


def _refuse_unkeyed(verdicts: Dict[str, Verdict], sources: Sources, here: Server, folder: str) -> None:
    """Raises EnvironmentProblem (REPO007) for what is signed with a key that yum will not find: the section
    names none that is there, and rpm does not have it. yum says so only after it has fetched everything."""
    missing = [path for path in sources.keys if not os.path.isfile(path)]
    more = [path for path in here.keys if path not in sources.keys]
    signed = [path for path, one in verdicts.items() if one.kind == rpm_keys.SIGNED]
    lost = [path for path, one in verdicts.items() if one.kind == rpm_keys.NO_KEY]
    if sources.keys and not missing:
        lost = []  # it is signed with another: RPM003
    if more and signed:
        own = _ring(folder + "/yum", sources.keys, here)
        lost += [path for path in signed if own.check(path).kind == rpm_keys.NO_KEY]
    if not lost:
        return
    rings = ((each, _ring("{}/{}".format(folder, number), [each], here)) for number, each in enumerate(more))
    key = next((each for each, ring in rings if ring.check(lost[0]).kind == rpm_keys.SIGNED), "")
    named = "names {}, which {} missing".format(
        words.listed(missing, _NAMED), "is" if len(missing) == 1 else "are"
    )
    why = named if missing else "names another" if sources.keys else "is not there"
    message = "gpgkey= of {} {}, and rpm does not have the key {} that signed {}: yum refuses {}".format(
        ", ".join(sources.identities),
        why,
        verdicts[lost[0]].text,
        words.listed([_title(path) for path in lost], _NAMED),
        "it" if len(lost) == 1 else "them",
    )
    fix = "rpm --import FILE of a key that you trust, or name it in gpgkey= in {}".format(
        ", ".join(sources.files)
    )
    if key:
        fix = "rpm --import {0}, or gpgkey=file://{0} in {1}".format(key, ", ".join(sources.files))
    found = Finding("REPO007", ERROR, ", ".join(sources.identities), message, tuple(missing), fix)
    raise EnvironmentProblem("yum has no key for its packages; nothing was installed", [found])
