"""What a conversion is called while it is being made, so that a player can find it."""

import os
from typing import List, Tuple

from offkit.edges import leftovers

_KIND = "text"
_LONGEST = 120  # bytes of the output's name that the unfinished one carries


def path(output: str) -> str:
    """Where this process makes ``output``: hidden, in the same directory, with its name in it."""
    return os.path.join(os.path.dirname(output) or os.curdir, leftovers.name(_KIND, _extension(output)))


def _extension(output: str) -> str:
    return os.fsdecode(os.fsencode(os.path.basename(output))[:_LONGEST]) + ".part"


def of(output: str) -> List[Tuple[str, int]]:
    """(path, process) of what running programs on this host are making of ``output``, newest last."""
    directory = os.path.dirname(output) or os.curdir
    pattern = leftovers.pattern(_KIND, _extension(output))
    try:
        names = os.listdir(directory)
    except OSError:
        return []
    found = []
    for name in names:
        matched = pattern.fullmatch(name)
        if matched and leftovers.is_running(int(matched.group(1))):
            one = os.path.join(directory, name)
            try:
                found.append((os.stat(one).st_mtime, one, int(matched.group(1))))
            except OSError:
                continue  # it has just been given its name
    return [(one, pid) for _, one, pid in sorted(found)]
