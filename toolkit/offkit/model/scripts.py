"""LIB027: scripts that start with what their first line (#!) names, by that path alone (execve(2));
``/usr/bin/env`` looks on PATH for what stands behind it. Pure.
"""

import posixpath
import re
from typing import NamedTuple, Optional, Tuple

from offkit.model import words
from offkit.model.finding import ERROR, WARNING, Finding

HEAD = 256  # bytes that the kernel reads of a script (BINPRM_BUF_SIZE)
USUAL = ("/usr/local/bin", "/usr/bin", "/bin")  # of PATH, with the environment's own before
EVERYWHERE = ("/bin/sh", "/usr/bin/env", "/bin/bash", "/usr/bin/bash")  # on every server there is
_ENV = "/usr/bin/env"
# What is never started: most files of an environment, which need no look at their mode then.
_NEVER = {
    *(".py", ".pyc", ".pyi", ".pyx", ".pxd", ".pth", ".txt", ".md", ".rst", ".json", ".csv"),
    *(".h", ".hpp", ".c", ".cpp", ".js", ".css", ".html", ".svg", ".png", ".gz", ".npy"),
}


class Scripts(NamedTuple):
    """Those that start with one interpreter."""

    interpreter: str  # a path, or a name that is looked for on PATH
    files: Tuple[str, ...]
    command: bool  # whether one of them is in the environment's bin/

    def places(self, own: Tuple[str, ...] = ()) -> Tuple[str, ...]:
        """Where it is looked for; ``own`` is the environment's bin/."""
        if "/" in self.interpreter:
            return (self.interpreter,)
        return tuple(posixpath.join(place, self.interpreter) for place in (*own, *USUAL))

    def finding(self, named: int, looked_in: Tuple[str, ...], absent: str = "is not there") -> Finding:
        message = "{}; what starts with it does not: {}".format(absent, words.listed(self.files, named))
        severity = ERROR if self.command else WARNING
        fix = "install what has {}, or start the file with an interpreter that is here"
        return Finding("LIB027", severity, self.interpreter, message, looked_in, fix.format(self.interpreter))


def may_be_one(name: str) -> bool:
    """Whether a file of this name, in a package, may be a script or a program."""
    return name[name.rfind(".") :] not in _NEVER


def line(head: bytes) -> Optional[str]:
    """The first line of a script, without #!; None of another file."""
    return head[2:].partition(b"\n")[0].decode("utf-8", "replace") if head.startswith(b"#!") else None


def interpreter(first: str) -> str:
    """What a first line starts; "" for what every server has, and for nothing."""
    named, _, rest = first.strip().partition(" ")
    if named == _ENV:
        named = next((word for word in rest.split() if not re.match(r"-|\w+=", word)), "")
    return "" if named in EVERYWHERE else named
