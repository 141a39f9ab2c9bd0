"""The RPMs of this server's own repositories, verified whole before yum installs any of them."""

import os
import tempfile
from typing import NamedTuple, Sequence, Tuple

from offkit.edges import leftovers
from offkit.media import keys, rpm_keys, supply
from offkit.model.errors import IntegrityError
from offkit.model.yum import is_plain
from offkit.server.system import yum
from offkit.server.system.ledger import Run


class Sources(NamedTuple):
    """The repositories that take part."""

    identities: Tuple[str, ...]
    keys: Tuple[str, ...]  # files that they name
    lax: bool  # somebody does without signatures in one of them


def verify(
    steps: Sequence[Tuple[str, Sequence[str]]], enabled: Sequence[str], sources: Sources, run: Run
) -> None:
    """``steps`` are yum's verbs with their packages. What yum cannot fetch it says itself when it is to
    install. Raises IntegrityError (RPM001 to RPM003) with every package that is not in order."""
    way = yum.way(run)
    place = tempfile.gettempdir()
    with leftovers.scratch(None if is_plain(place) else "/tmp") as scratch:
        into, folder = os.path.join(scratch, "rpms"), os.path.join(scratch, "keys")
        os.mkdir(into)
        os.mkdir(folder)
        options = [*yum.fetching(way, into, scratch, sources.identities), way.unchecked]
        for verb, names in steps:
            run(yum.command((*options, verb, *names), "", scratch + "/cache", enabled))
        paths = [os.path.join(into, name) for name in sorted(os.listdir(into)) if name.endswith(".rpm")]
        if paths:
            _check(paths, sources, folder)


def _check(paths: Sequence[str], sources: Sources, folder: str) -> None:
    here = keys.server()
    ring = rpm_keys.KeyRing(folder)
    ring.add(list(dict.fromkeys([*sources.keys, *here.keys])))
    ring.add_imported(here.imported)
    where = ", ".join(sources.identities)
    judged = [supply.judge(os.path.basename(path)[: -len(".rpm")], where, ring.check(path)) for path in paths]
    wrong = [one for one in judged if one is not None and (one.code == "RPM001" or not sources.lax)]
    if wrong:
        raise IntegrityError("RPMs cannot be used; nothing was installed", wrong)
