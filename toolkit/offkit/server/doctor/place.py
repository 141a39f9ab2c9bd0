"""Where the environment is that is examined, as the system below the root sees it."""

import os
from typing import Tuple

from offkit.model.errors import EnvironmentProblem
from offkit.server.doctor.checks import NAMES
from offkit.server.environment import environment


def find(where: str, prefix: str, running: str, root: str) -> Tuple[str, str]:
    """(its directory inside the root, the root).

    Without ``where`` it is what ``running``, a file of this offkit, belongs to, else the current
    generation of ``prefix``. Raises EnvironmentProblem for one word that is not there.
    """
    top = os.path.abspath(root)
    place = inside(os.path.abspath(where or environment.default_where(prefix, running)), top)
    if where and "/" not in where and not os.path.lexists(where) and not os.path.lexists(top + place):
        message = "{} is neither a directory nor a check".format(where)
        there = "checks are {}; WHERE is a directory or a bundle.tar".format(", ".join(NAMES))
        raise EnvironmentProblem(message, fix=there)
    return place, top


def inside(place: str, top: str) -> str:
    """/mnt/root/opt/env with --root /mnt/root is /opt/env."""
    if top != "/" and (place + "/").startswith(top + "/"):
        return place[len(top) :] or "/"
    return place
