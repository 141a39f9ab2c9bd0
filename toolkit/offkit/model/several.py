"""Several targets in one bundle: what each is called there, and which of them a server takes.

install.sh ranks them alike before there is a Python (bootstrap/several.sh).
"""

import re
from typing import List, NamedTuple, Optional, Sequence, Tuple

from offkit.model.errors import UsageError
from offkit.model.target import Target


class Machine(NamedTuple):
    """What a target has to fit."""

    release: str  # as ``Target.release``
    arch: str
    glibc: Optional[Tuple[int, int]]  # None on another C library


def names(targets: Sequence[Target]) -> List[str]:
    """A name for each, unique and as short as may be: ``el7``, ``el8-cp39``, ``el8-cp39-aarch64``.

    Raises UsageError for two that no server could tell apart.
    """
    kinds = [(one.release, one.arch, one.python_series, one.glibc) for one in targets]
    for index, one in enumerate(targets):
        if kinds[index] in kinds[:index]:
            twin = targets[kinds.index(kinds[index])]
            message = "{} and {} are one target for every server".format(twin.describe(), one.describe())
            raise UsageError(message, fix="omit one of them")
    return [_name(one, [other for other in targets if other is not one]) for one in targets]


def _name(one: Target, others: Sequence[Target]) -> str:
    last = _spellings(one)[-1]
    return next(
        (
            name
            for index, name in enumerate(_spellings(one))
            if all(_spellings(each)[index] != name for each in others)
        ),
        "{}-el{}".format(last, one.el),
    )


def _spellings(one: Target) -> List[str]:
    name = re.sub(r"[^A-Za-z0-9_-]", "_", one.name) or "custom"
    found = [name, "cp{}{}".format(*one.python_series), one.arch, "glibc{}_{}".format(*one.glibc)]
    return ["-".join(found[: length + 1]) for length in range(len(found))]


def ranked(targets: Sequence[Target], machine: Machine) -> List[int]:
    """The indices of those whose wheels run on the machine, the best first: those of its own release, then
    those for the newest C library, then for the newest Python."""
    fitting = [
        index
        for index, one in enumerate(targets)
        if one.arch == machine.arch and machine.glibc is not None and one.glibc <= machine.glibc
    ]

    def order(index: int) -> Tuple[bool, int, int, int]:
        one = targets[index]
        return one.release != machine.release, -one.glibc[0], -one.glibc[1], -one.python_series[1]

    return sorted(fitting, key=order)


def choose(targets: Sequence[Target], machine: Machine, series: str) -> Optional[int]:
    """The best of them for that Python ("3.9"); None when the machine has no use for any."""
    return next((each for each in ranked(targets, machine) if targets[each].python_minor == series), None)


def listed(targets: Sequence[Tuple[str, Target]]) -> str:
    """``el7 (CPython 3.6), el9 (CPython 3.9)``."""
    return ", ".join("{} (CPython {})".format(name, one.python_minor) for name, one in targets)
