"""LIB026, LIB027: programs and scripts whose own interpreter is not there, so that none of them starts.

The kernel opens the loader that PT_INTERP names and what a first line ``#!`` names, by these paths alone
(execve(2)); ``/usr/bin/env`` looks on PATH for what stands behind it.
"""

import posixpath
import re
from typing import Dict, Iterable, List, Sequence, Tuple

from offkit.edges.tree import Tree
from offkit.elf.objects import PROGRAM, Object
from offkit.elf.resolution import View
from offkit.model import words
from offkit.model.checklist import Foreign
from offkit.model.finding import ERROR, WARNING, Finding
from offkit.server.doctor.shared_objects import Script
from offkit.server.environment.environment import Environment

_USUAL = ("/usr/local/bin", "/usr/bin", "/bin")  # of PATH, with the environment's own before
_EVERYWHERE = ("/bin/sh", "/usr/bin/env", "/bin/bash", "/usr/bin/bash")  # on every server there is
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
    places = (posixpath.join(env.where, "bin"), *_USUAL)
    of: Dict[str, List[str]] = {}
    for script in found:
        interpreter, _, rest = script.line.strip().partition(" ")
        if interpreter == "/usr/bin/env":
            interpreter = next((word for word in rest.split() if not re.match(r"-|\w+=", word)), "")
        wanted = (
            (interpreter,) if "/" in interpreter else tuple(posixpath.join(p, interpreter) for p in places)
        )
        if interpreter and interpreter not in _EVERYWHERE and not any(map(tree.is_file, wanted)):
            of.setdefault(interpreter, []).append(script.path)
    findings = []
    for interpreter, paths in of.items():
        commands = [path for path in paths if posixpath.dirname(path) == places[0]]
        message = "is not there; what starts with it does not: {}".format(
            words.listed([env.shorten(path) for path in paths], _NAMED)
        )
        looked = (interpreter,) if "/" in interpreter else places
        fix = "install what has {0}, or start the file with an interpreter that is here".format(interpreter)
        findings.append(Finding("LIB027", ERROR if commands else WARNING, interpreter, message, looked, fix))
    return findings
