"""Where code that nobody here has written is run: no network, no process but its own, a HOME that goes.

Root runs it as the user nobody, where that may read what is installed: a service will not run as root either.
"""

import os
import pwd
import time
from contextlib import contextmanager
from typing import Callable, Dict, Iterator, NamedTuple, Sequence, Tuple

from offkit.edges import files, leftovers, walls
from offkit.edges.run import Watched, clean_environment, watched

MOST = 1 << 18
_GRACE = 5.0  # seconds for each who has to end what has not ended by itself
_NOBODY = "nobody"


class Room(NamedTuple):
    top: str  # a directory that goes, with these two
    home: str
    temporary: str
    words: Tuple[str, ...]  # before a command: as whom, behind what
    walled: bool
    user: str

    @property
    def silent(self) -> bool:
        """Whether there is no network to be reached."""
        return self.walled or _no_network()

    def run(self, argv: Sequence[str], seconds: float, most: int = MOST) -> Watched:
        """A command, for so many seconds; then it, and what it has started, is killed. Of each stream the
        last ``most`` bytes are kept."""
        # Ends it; -k: what does not listen, too (timeout(1)). It is the first process there, as no program is
        # that heeds signals as others do (pid_namespaces(7)).
        limit = ("timeout", "-k", "{:g}".format(_GRACE), "{:g}".format(seconds))
        words, began = [*self.words, *limit, *argv], time.monotonic()
        done = watched(words, self._environment(), self.home, seconds + 2 * _GRACE, most)
        return done._replace(late=done.late or time.monotonic() - began > seconds)

    def put(self, name: str, contents: bytes) -> str:
        """A file there, which whoever runs there can read."""
        return files.write_below(self.top, "checks/" + name, [contents])

    def _environment(self) -> Dict[str, str]:
        return clean_environment({"HOME": self.home, "TMPDIR": self.temporary, "MPLBACKEND": "Agg"})


@contextmanager
def opened(sees: Callable[[Room], str]) -> Iterator[Room]:
    """For the length of the block. ``sees`` says what of the environment is seen in a room: root becomes the
    user nobody only where that is as much as root sees."""
    with files.umask(), leftovers.scratch() as top:
        behind = walls.words()
        room = Room(top, top + "/home", top + "/tmp", behind, bool(behind), _name(os.geteuid()))
        os.chmod(top, 0o711)
        for folder in (room.home, room.temporary):
            os.mkdir(folder, 0o700)
        yield _of_nobody(room, sees) if os.geteuid() == 0 else room


def _of_nobody(room: Room, sees: Callable[[Room], str]) -> Room:
    """The same, where that may read what root may."""
    try:
        user = pwd.getpwnam(_NOBODY).pw_uid
    except KeyError:
        return room
    words = walls.words(str(user)) if room.walled else walls.inside(str(user))
    other = room._replace(words=words, user=_NOBODY)
    for folder in (room.home, room.temporary):
        os.chown(folder, user, user)
    seen = sees(other) if words else ""
    if seen and seen == sees(room):
        return other
    for folder in (room.home, room.temporary):
        os.chown(folder, 0, 0)
    return room


def _name(number: int) -> str:
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return str(number)


def _no_network() -> bool:
    """Whether there is nothing but the loopback (proc(5), /proc/net/dev)."""
    try:
        with open("/proc/net/dev", encoding="ascii", errors="replace") as rows:
            return {row.partition(":")[0].strip() for row in rows if ":" in row} <= {"lo"}
    except OSError:
        return False
