"""What a lock depends on, asked of the Python and the kernel of this machine."""

import os
from typing import Any, Dict, List, Sequence, Tuple

from offkit.model import question
from offkit.model.finding import ERROR, WARNING, Finding
from offkit.model.question import Question
from offkit.model.target import Target
from offkit.server.python import interpreter
from offkit.server.python.interpreter import Interpreter


def misfits(python: Interpreter, target: Target, options: Dict[str, Any], kernel: str) -> List[Finding]:
    """Everything that keeps a bundle for ``target`` with these ``options`` in its manifest from working on
    ``python``, and as warnings what would only have been chosen differently. ``kernel`` is uname -r."""
    asked = question.from_options(options)
    found = interpreter.misfits(python, target, asked is not None)
    if asked is None or python.release[:2] != target.python_series:
        return found
    return found + differing(python.path, python.version, target, asked, kernel)


def differing(
    path: str, version: str, target: Target, asked: Sequence[Question], kernel: str
) -> List[Finding]:
    """PY013 for each question that the Python at ``path`` ("3.8.18") or this kernel answers in another way
    than the target did: an error where the lock does not hold then."""
    here = question.environment(version, target.arch, kernel, os.uname().version)
    found = []
    for one in asked:
        answer = one.ask(here)
        if answer == one.answer:
            continue
        if one.vital:
            message, fix = _broken(one, version, target, kernel)
            found.append(Finding("PY013", ERROR, path, message, (), fix))
            continue
        message = "with Python {} {} {} ({}): what was chosen for {} holds as well".format(
            version, one.who, _otherwise(one, answer), one.text, target.python
        )
        found.append(Finding("PY013", WARNING, path, message, (), ""))
    return found


def _broken(one: Question, version: str, target: Target, kernel: str) -> Tuple[str, str]:
    again, here = "bundle again on the other side", "is Python {}, with kernel {}".format(version, kernel)
    for_this = "{}: offkit bundle --python {}".format(again, version)
    if one.needs:
        message = "{}: there {} needs {} ({}), and the bundle was made without".format(
            here, one.who, one.needs, one.text
        )
        # What is needed may itself want this Python, and could not be had for the other one.
        meant = question.environment(target.python, target.arch, kernel, os.uname().version)
        if one.ask(meant) == one.answer:
            return message, for_this
        return message, "{}, with {!r} in the request".format(again, one.needs)
    message = "is Python {}, and {}, which was chosen for {}, wants {}".format(
        version, one.who, target.python, one.text
    )
    return message, "use another Python {}, or {}".format(target.python_minor, for_this)


def _otherwise(one: Question, answer: bool) -> str:
    if one.needs:
        return "{} {}".format("needs" if answer else "does not need", one.needs)
    return "would {}have been considered".format("" if answer else "not ")
