"""The loader's look at a server's files below a root."""

import errno
import os
from functools import partial
from typing import BinaryIO, Dict, List, Sequence, Tuple

from offkit.edges import data, host
from offkit.edges.tree import Tree
from offkit.elf import cache as ldcache
from offkit.elf import hwcaps, reader, refusals
from offkit.elf.resolution import Opened, View
from offkit.elf.search import Loader, system_dirs
from offkit.elf.symbols import Symbols, Table
from offkit.model.cpu import Cpu
from offkit.model.finding import ERROR, INFO, WARNING, Finding

_CACHE = "/etc/ld.so.cache"
_CACHE_SIZE = 64 * 1024 * 1024  # bytes; a real one has some hundred kilobytes
_LOADER_SIZE = 16 * 1024 * 1024
PRELOAD = "/etc/ld.so.preload"
_PRELOAD_SIZE = 1024 * 1024


class TreeView(View):
    """The loader's look at a server's files; each ELF file is read once."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self._by_path: Dict[str, Opened] = {}
        self._by_identity: Dict[str, Opened] = {}
        self._symbols: Dict[str, Symbols] = {}

    def open(self, path: str) -> Opened:
        if path not in self._by_path:
            self._by_path[path] = self._open(path)
        return self._by_path[path]

    def _open(self, path: str) -> Opened:
        try:
            real = self._tree.real(path)
        except OSError as error:
            return Opened(problem=error.strerror or str(error), absent=True)
        if real not in self._by_identity:
            self._by_identity[real] = self._read(real)
        return self._by_identity[real]

    def _read(self, real: str) -> Opened:
        try:
            with self._open_file(real) as source:
                image = reader.Image(reader.Bytes(source))
                opened, table = Opened(reader.described(image), real), Table(source, image)
                table.closed()
                self._symbols[real] = Symbols(partial(self._open_file, real), table)
                return opened
        except FileNotFoundError:
            return Opened(problem="no such file", absent=True)
        except reader.Refused as error:
            return Opened(None, real, str(error), refused=True)
        except (reader.NotElf, reader.BadElf) as error:
            return Opened(None, real, str(error))
        except OSError as error:
            if error.errno == errno.EINVAL:
                return Opened(None, real, str(error.strerror))
            return Opened(None, real, error.strerror or str(error), absent=True)

    def _open_file(self, real: str) -> BinaryIO:
        """What is read of it are small pieces that lie apart: a buffer would be filled for each of them."""
        return self._tree.open(real, 0)

    def symbols(self, identity: str) -> Symbols:
        if identity not in self._symbols:
            self._symbols[identity] = Symbols(partial(self._open_file, identity))
        return self._symbols[identity]

    def is_dir(self, path: str) -> bool:
        return self._tree.is_dir(path)

    @property
    def count(self) -> int:
        """ELF files read so far."""
        return sum(opened.elf is not None for opened in self._by_identity.values())


def make_loader(
    tree: Tree,
    view: View,
    interpreter: str,
    platform: str,
    library_path: Sequence[str] = (),
    preload: Sequence[str] = (),
) -> Tuple[Loader, List[Finding]]:
    """The loader of that server, with its cache and its compiled-in directories.

    ``interpreter`` is the path of ld.so (PT_INTERP), or "" where it is not known; ``platform``
    is the architecture, ``preload`` LD_PRELOAD, split. The CPU is taken to be this machine's, also
    below another root, and not to be known where that is for another architecture. What cannot be
    read becomes a finding.
    """
    entries: List[ldcache.CacheEntry] = []
    findings = []
    try:
        with tree.open(_CACHE) as source:
            entries = ldcache.parse(source.read(_CACHE_SIZE))
    except FileNotFoundError:
        findings.append(_no_cache(INFO, "is missing, so only the default directories are searched"))
    except (OSError, ldcache.BadCache) as error:
        findings.append(_no_cache(WARNING, "cannot be read, so it is not searched: {}".format(error)))
    program = b""
    if interpreter:
        try:
            with tree.open(interpreter) as source:
                program = source.read(_LOADER_SIZE)
        except OSError as error:
            findings.append(
                Finding(
                    "LIB001",
                    ERROR,
                    interpreter,
                    "the interpreter's loader cannot be opened: {}".format(error.strerror),
                    (interpreter,),
                    "this Python was built for another system: use one built for this system",
                )
            )
    cpu = host.cpu() if os.uname().machine == platform else Cpu()
    loader = Loader(
        view,
        entries,
        system_dirs(program),
        hwcaps.platform(program, platform, cpu),
        library_path,
        hwcaps.subdirectories(program, platform, cpu) if cpu.flags else None,
        partial(refusals.Process, refusals.parse(data.read_text(refusals.TABLE))),
        (*preload, *preloaded(tree)),
    )
    return loader, findings


def preloaded(tree: Tree) -> List[str]:
    """The names in /etc/ld.so.preload (ld.so(8)); none where it is not there or cannot be read."""
    try:
        with tree.open(PRELOAD) as source:
            text = source.read(_PRELOAD_SIZE).decode("utf-8", "surrogateescape")
    except OSError:
        return []
    return [name for line in text.splitlines() for name in line.partition("#")[0].replace(":", " ").split()]


def _no_cache(severity: str, message: str) -> Finding:
    return Finding("LIB009", severity, _CACHE, message, (_CACHE,), "run ldconfig as root")
