"""What the search for libraries is shown, and what it answers: values, without a rule of glibc's."""

from typing import Any, NamedTuple, Optional, Tuple

from offkit.elf.reader import Elf

# How a name was found.
LOADED = "already loaded"
PATH = "by its path"
RPATH = "RPATH"
EXECUTABLE_RPATH = "RPATH of the executable"
LIBRARY_PATH = "LD_LIBRARY_PATH"
RUNPATH = "RUNPATH"
CACHE = "ld.so.cache"
DEFAULT = "default directory"
MISSING = "missing"

# Why the loader refuses what it has found.
SYMBOL = "undefined symbol"
STATIC_TLS = "static TLS"
EXECUTABLE = "executable"
STACK = "executable stack"
ALIGNMENT = "alignment"


class Opened(NamedTuple):
    """What open(2) and a look at the ELF header gave.

    ``absent``: nothing could be opened there, so the search goes on. Otherwise either
    ``elf`` is there, or ``problem`` says why the loader would give up at this file.
    ``identity`` is equal for two names of one file.
    """

    elf: Optional[Elf] = None
    identity: str = ""
    problem: str = ""
    absent: bool = False
    refused: bool = False  # it is whole, but not for this kind of system


class View:
    """The files of a server, by absolute path. Subclass it; its methods never raise."""

    def open(self, path: str) -> Opened:
        raise NotImplementedError

    def symbols(self, identity: str) -> Any:
        """Of a file that was opened (symbols.Symbols); None where nobody can say."""
        return None

    def is_dir(self, path: str) -> bool:
        """Whether it is worth while to look for files there; True when that is not known."""
        return True


class Look(NamedTuple):
    """One place that was searched in vain."""

    place: str  # directory or file
    how: str
    reason: str


class Resolution(NamedTuple):
    """What became of one NEEDED entry."""

    name: str
    needed_by: str  # path of the file with the entry
    how: str
    path: str  # "" when missing
    looked: Tuple[Look, ...]

    @property
    def found(self) -> bool:
        return self.how != MISSING


class Unversioned(NamedTuple):
    """A symbol version that the library found does not define (dl-version.c: fatal)."""

    needed_by: str
    name: str  # as in DT_VERNEED
    path: str  # of the library
    version: str
    defined: Tuple[str, ...]


class Mapped(NamedTuple):
    """A file in a process."""

    path: str
    identity: str
    elf: Elf
    bare: Tuple[str, ...] = ()  # of the libraries that it wants versions of those that define none


class Refusal(NamedTuple):
    """A file that the loader gives up at, with all that it loads for."""

    kind: str
    path: str
    detail: str  # a predicate, for people
    symbols: Tuple[str, ...] = ()
    certain: bool = True  # False: only when it calls one of these functions
    size: int = 0  # bytes of static TLS that it wants with all that is loaded for it


class Report(NamedTuple):
    """One executable, or one dlopen, with everything it drags in; breadth first."""

    root: str
    problem: str  # why the root itself cannot be loaded, or ""
    resolutions: Tuple[Resolution, ...]
    versions: Tuple[Unversioned, ...]
    loaded: Tuple[str, ...]  # identities, the root's first
    refusals: Tuple[Refusal, ...] = ()
