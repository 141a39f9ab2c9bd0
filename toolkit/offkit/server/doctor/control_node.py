"""ENV013: programs of the system that a control node's Ansible starts, and this server lacks."""

import json
import posixpath
from typing import List, Sequence, Tuple

from offkit.edges.tree import Tree
from offkit.model import control_node, layout
from offkit.model.finding import ERROR, Finding
from offkit.server.doctor.cures import Cures
from offkit.server.environment.environment import Environment

_USUAL = ("/usr/bin", "/bin", "/usr/local/bin")


def inspect(
    tree: Tree, env: Environment, cures: Cures, path: Sequence[str]
) -> Tuple[List[Finding], Tuple[str, ...]]:
    """What is missing, and the RPMs that have it; nothing for what is no control node's generation.

    ``path`` is PATH of whoever runs the doctor.
    """
    if not _meant(tree, env):
        return [], ()
    places = tuple(dict.fromkeys([each for each in path if each.startswith("/")] or _USUAL))
    lacking = [
        program
        for program in control_node.PROGRAMS
        if not any(tree.is_file(posixpath.join(place, program)) for place in places)
    ]
    if not lacking:
        return [], ()
    fix = cures.install((control_node.CLIENTS,))
    found = [
        Finding("ENV013", ERROR, program, "is not on PATH: Ansible needs it to reach hosts", places, fix)
        for program in lacking
    ]
    return found, (control_node.CLIENTS,)


def _meant(tree: Tree, env: Environment) -> bool:
    """By the manifest; what is wrong with that is for another check."""
    if not env.generation:
        return False
    try:
        data = json.loads(tree.text(posixpath.join(env.where, layout.GENERATION_MANIFEST)))
        return control_node.meant(data["options"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False
