"""Which generation is meant, where one is looked at and none is changed."""

import os
from typing import Optional

from offkit.model import layout
from offkit.model.errors import EnvironmentProblem
from offkit.server.environment import environment
from offkit.server.prefix import generations, inventory, rollback


def path(prefix: str, word: Optional[str], running: str) -> str:
    """The directory of the one that ``word`` means (rollback.select), else of the one that this offkit, by
    its file ``running``, belongs to, else of the current one.

    Raises EnvironmentProblem for a prefix that is none (ENV040), without a current generation (ENV042) or for
    one that would not start (ENV041), RequestError when there is no such generation.
    """
    inventory.require(prefix)
    existing = generations.found(prefix)
    if word:
        chosen = rollback.select(existing, word)
    else:
        link = os.path.join(prefix, layout.CURRENT)
        own = os.path.realpath(environment.default_where(prefix, running) if running else link)
        found = [one for one in existing if os.path.realpath(one.path) == own]
        if not found:
            told = inventory.of_link(prefix, generations.current_id(prefix), bool(existing))
            raise EnvironmentProblem("no generation is current in {}".format(prefix), told)
        chosen = found[0]
    problems = inventory.problems(chosen)
    if problems:
        raise EnvironmentProblem("{} would not start".format(chosen.id), problems)
    return chosen.path
