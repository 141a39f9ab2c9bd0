"""What to do about packages that own the same files. Installing one again overwrites the other: all have
to go, and one has to come back."""

import json
import shlex
from typing import Collection, Dict, List, Sequence

from offkit.edges import data
from offkit.model import clashes, requirement
from offkit.server.doctor.distribution import Distribution
from offkit.server.environment.environment import Environment


def cure(
    env: Environment, altered: Distribution, others: Collection[str], found: Sequence[Distribution]
) -> str:
    """``others`` are the titles of those whose files are there now; ``found`` is all that is installed."""
    owners = {requirement.normalize(each.name): each for each in found if each.title in others}
    owners[requirement.normalize(altered.name)] = altered
    users = {name: _users(env, name, owners, found) for name in owners}
    needed = [name for name in owners if users[name]]
    if len(needed) > 1:
        told = ["{} by {}".format(name, ", ".join(users[name])) for name in needed]
        return "nothing, if the imports work: both are needed ({})".format("; ".join(told))
    # The altered one is the last: what is there is another's, which is kept where nothing speaks against it.
    rows = json.loads(data.read_text(clashes.TABLE))["rivals"]
    kept = (needed or clashes.whole(rows, list(owners)) or list(owners))[0]
    gone = [name for name in owners if name != kept]
    if env.generation:
        return "bundle again without {}: {} is kept".format(", ".join(gone), kept)
    pip = shlex.quote(env.where + "/bin/python") + " -m pip"
    again = "{} install --no-index --find-links DIR {}=={}".format(pip, kept, owners[kept].version)
    return "{} uninstall -y {} && {}, where DIR has its wheel".format(pip, " ".join(owners), again)


def _users(
    env: Environment, name: str, owners: Dict[str, Distribution], found: Sequence[Distribution]
) -> List[str]:
    """Who requires it, but for one of these packages."""
    markers = requirement.environment(env.python)
    users = []
    for each in found:
        for text in each.requires if each not in owners.values() else ():
            try:
                wanted = requirement.parse(text)
                if requirement.normalize(wanted.name) == name and wanted.applies(markers):
                    users.append(each.name)
            except ValueError:  # said of it by the check of requirements
                continue
    return sorted(set(users))
