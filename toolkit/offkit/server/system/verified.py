"""The RPMs of this server's own repositories, verified whole before yum installs any of them."""

import os
from functools import partial
from typing import List, NamedTuple, Sequence, Tuple

from offkit.media import keys, rpm_keys, supply
from offkit.media.keys import Server
from offkit.model.errors import IntegrityError
from offkit.model.finding import Finding, together
from offkit.model.yum import PID
from offkit.server.system import attempt, yum
from offkit.server.system.attempt import Attempt, Steps
from offkit.server.system.ledger import Run


class Sources(NamedTuple):
    """The repositories that take part."""

    identities: Tuple[str, ...]
    keys: Tuple[str, ...]  # files that they name
    lax: bool  # somebody does without signatures in all of them


def verify(steps: Steps, enabled: Sequence[str], sources: Sources, run: Run) -> List[Finding]:
    """``steps`` are yum's verbs with their packages; what there is to warn of.

    Raises IntegrityError (RPM001 to RPM003) with every package that is not in order, EnvironmentProblem for
    what the administrator has excluded or locked (RPM020, RPM021), for modules that hide packages (RPM029),
    and what server.system.yum raises.
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
    ring = rpm_keys.KeyRing(folder)
    ring.add(list(dict.fromkeys([*sources.keys, *here.keys])))
    ring.add_imported(here.imported)
    where = ", ".join(sources.identities)
    judged = [supply.judge(os.path.basename(path)[: -len(".rpm")], where, ring.check(path)) for path in paths]
    wrong = [one for one in judged if one is not None and (one.code == "RPM001" or not sources.lax)]
    if wrong:
        raise IntegrityError("RPMs cannot be used; nothing was installed", together(wrong))
