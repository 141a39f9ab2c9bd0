"""Processes that use what a prefix holds (proc(5)): they go on with the generation in which they began."""

import os
from typing import Iterator, List, NamedTuple, Optional, Sequence

from offkit.edges import proc
from offkit.model import layout
from offkit.model.finding import INFO, Finding
from offkit.model.words import several
from offkit.server.prefix import generations

_MOST = 5  # processes that are named


class Process(NamedTuple):
    pid: int
    command: str  # what runs, without its arguments: they may be nobody's business
    generation: str  # the one that it is in; "" where only ``current`` is known to have led it there


def found(prefix: str, tree: str = "/proc") -> List[Process]:
    """Those of this user, and for root of everybody, but for offkit itself."""
    pids = sorted(int(name) for name in proc.names(tree) if name.isdigit())
    places = sorted({prefix, os.path.realpath(prefix)})
    seen = (_seen(pid, places, tree) for pid in pids if pid != os.getpid())
    return [one for one in seen if one is not None]


def of_before(prefix: str, processes: Sequence[Process]) -> List[Finding]:
    """ENV050: those that were running when another generation became current, by what they are in."""
    here = generations.current_id(prefix)
    old = [one for one in processes if one.generation != here]
    if not old:
        return []
    named = ["{}: {}".format(one.pid, one.command) for one in old]
    more = "{} more".format(len(named) - _MOST)
    message = "{} with what was current when {} began".format(
        several(len(old), "process stays", "processes stay"), "it" if len(old) == 1 else "they"
    )
    shown = named if len(named) <= _MOST else [*named[:_MOST], more]
    return [Finding("ENV050", INFO, prefix, message, tuple(shown), "restart what is to run with the new one")]


def _seen(pid: int, prefixes: Sequence[str], tree: str) -> Optional[Process]:
    folder = "{}/{}".format(tree, pid)
    words = [word for word in proc.told(folder + "/cmdline").split("\0") if word]
    if not words or any(layout.GENERATION_RUNTIME in word for word in words):
        return None
    environment = proc.told(folder + "/environ").split("\0")
    # What bash(1) says the command was found at, and bin/activate which environment it is.
    began = [line.partition("=")[2] for line in environment if line.startswith(("_=", "VIRTUAL_ENV="))]
    mapped = [line.partition("/")[2] for line in proc.told(folder + "/maps").splitlines() if "/" in line]
    places = ["/" + path for path in mapped] + words[:2] + began
    by_door = False
    for path in places:
        for below in _below(path, prefixes):
            top, _, rest = below.partition("/")
            name = rest.partition("/")[0]
            if top == layout.GENERATIONS and generations.is_id(name):
                return Process(pid, _command(words), name)
            by_door = by_door or top == layout.CURRENT
    return Process(pid, _command(words), "") if by_door else None


def _command(words: Sequence[str]) -> str:
    """The program, and the script or module that a Python runs."""
    if words[1:2] == ["-m"]:
        what = list(words[1:3])
    else:
        what = [os.path.basename(word) for word in words[1:2] if not word.startswith("-")]
    return " ".join([os.path.basename(words[0]), *what])


def _below(path: str, prefixes: Sequence[str]) -> Iterator[str]:
    for prefix in prefixes:
        if path.startswith(prefix + "/"):
            yield path[len(prefix) + 1 :]
