"""LIB026, LIB027: programs and scripts whose own interpreter is not there, so that none of them starts.

The kernel opens the loader that PT_INTERP names by that path alone (execve(2)).
"""

import posixpath
from typing import Dict, Iterable, List, Sequence, Tuple

from offkit.edges.tree import Tree
from offkit.elf.objects import PROGRAM, Object
from offkit.elf.resolution import View
from offkit.model import scripts as first_lines
from offkit.model.checklist import Foreign
from offkit.model.finding import Finding
from offkit.model.scripts import USUAL, Scripts
from offkit.server.doctor.shared_objects import Script
from offkit.server.environment.environment import Environment

_NAMED = 3


def without_loader(view: View, objects: Iterable[Object]) -> List[Object]:
    """Programs whose loader is not there."""
    return [
        each
        for each in objects
        if each.kind == PROGRAM
        and each.elf.interpreter.startswith("/")
        and view.open(each.elf.interpreter).absent
    ]


def programs(lost: Sequence[Tuple[Object, bool]], env: Environment) -> List[Finding]:
    """LIB026; each with whether its package is there for it."""
    of: Dict[str, List[Tuple[Object, bool]]] = {}
    for each in lost:
        of.setdefault(each[0].elf.interpreter, []).append(each)
    found = []
    for interpreter, users in of.items():
        names = tuple(env.shorten(each.path) for each, _ in users)
        told = Foreign(interpreter, names, not any(firm for _, firm in users))
        found.append(told.finding(_NAMED))
    return found


def scripts(tree: Tree, env: Environment, found: Iterable[Script]) -> List[Finding]:
    """LIB027, one for each interpreter."""
    commands = posixpath.join(env.where, "bin")
    of: Dict[str, List[str]] = {}
    for script in found:
        of.setdefault(first_lines.interpreter(script.line), []).append(script.path)
    of.pop("", None)
    findings = []
    for interpreter, paths in of.items():
        command = any(posixpath.dirname(path) == commands for path in paths)
        told = Scripts(interpreter, tuple(map(env.shorten, paths)), command)
        places = told.places((commands,))
        if not any(map(tree.is_file, places)):
            looked = places if "/" in interpreter else (commands, *USUAL)
            findings.append(told.finding(_NAMED, looked))
    return findings
