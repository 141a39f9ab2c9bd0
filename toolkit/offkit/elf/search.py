"""The loader's search for libraries, over files it is shown: glibc's ``_dl_map_object``.

The rules are those of elf/dl-load.c, the same in glibc 2.17, 2.28 and 2.34. What they are
asked about is a process: an executable with what it needs, then one extension module at a
time opened with dlopen.
"""

import posixpath
import re
from collections import deque
from typing import Any, Callable, Deque, Dict, Iterable, Iterator, List, NamedTuple, Optional, Sequence, Tuple

from offkit.elf.cache import CacheEntry
from offkit.elf.reader import Elf
from offkit.elf.resolution import (
    CACHE,
    DEFAULT,
    EXECUTABLE_RPATH,
    LIBRARY_PATH,
    LOADED,
    MISSING,
    PATH,
    RPATH,
    RUNPATH,
    Look,
    Mapped,
    Opened,
    Refusal,
    Report,
    Resolution,
    Unversioned,
    View,
)

_TOKEN = re.compile(r"\$(?:\{(ORIGIN|LIB|PLATFORM)\}|(ORIGIN|LIB|PLATFORM)(?![A-Za-z0-9_]))")
_SYSTEM_DIRS = re.compile(rb"(?:/(?:usr/)?lib[A-Za-z0-9_./-]*/\0){2,}")


class _Node(NamedTuple):
    """A mapped file: the fields of struct link_map that matter."""

    path: str
    identity: str
    elf: Elf
    loader: Optional["_Node"]
    origin: str


class _State:
    """The namespace: names under which something is loaded, and files that are."""

    def __init__(
        self, names: Dict[str, _Node], files: Dict[str, _Node], needs: Dict[str, List[_Node]]
    ) -> None:
        self.names = names
        self.files = files
        self.needs = needs  # identity → what was found for it, in order

    def copy(self) -> "_State":
        return _State(dict(self.names), dict(self.files), dict(self.needs))

    def scope(self, root: _Node) -> List[str]:
        """Identities of what it is loaded with, breadth first (l_searchlist)."""
        found = {root.identity: None}
        queue = deque(found)
        while queue:
            for node in self.needs.get(queue.popleft(), ()):
                if node.identity not in found:
                    found[node.identity] = None
                    queue.append(node.identity)
        return list(found)

    def add(self, name: str, node: _Node) -> None:
        self.names.setdefault(name, node)
        self.names.setdefault(node.path, node)
        if node.elf.soname:
            self.names.setdefault(node.elf.soname, node)
        self.files.setdefault(node.identity, node)


def system_dirs(loader: bytes) -> Tuple[str, ...]:
    """The default directories compiled into a dynamic loader (``system_dirs`` in dl-load.c);
    ``/lib64 /usr/lib64`` when they cannot be told."""
    match = _SYSTEM_DIRS.search(loader)
    if match is None:
        return ("/lib64", "/usr/lib64")
    found = [part.decode("ascii").rstrip("/") for part in match.group().split(b"\0") if part]
    return tuple(sorted(set(found), key=found.index))


def lib_token(default_dirs: Sequence[str]) -> str:
    """What ``$LIB`` means to a loader with these default directories (DL_DST_LIB)."""
    for directory in default_dirs:
        if directory.startswith("/lib"):
            return directory[1:]
    return "lib64"


class Loader:
    """A server's dynamic loader.

    ``cache`` is ld.so.cache in file order; ``library_path`` is LD_LIBRARY_PATH, split.
    ``hwcaps`` are the subdirectories searched first on this CPU (hwcaps.py). None: the CPU is
    not known, so what ld.so.cache has only for special ones is a last resort. ``process`` says what it
    refuses of what it finds (refusals.Process). ``preload`` are LD_PRELOAD and /etc/ld.so.preload, split.
    """

    def __init__(
        self,
        view: View,
        cache: Iterable[CacheEntry] = (),
        default_dirs: Sequence[str] = ("/lib64", "/usr/lib64"),
        platform: str = "x86_64",
        library_path: Sequence[str] = (),
        hwcaps: Optional[Sequence[str]] = None,
        process: Optional[Callable[[View, Mapped, Optional[Elf]], Any]] = None,
        preload: Sequence[str] = (),
    ) -> None:
        self.view = view
        self.default_dirs = tuple(default_dirs)
        self.library_path = tuple(library_path)
        self.process = process
        self.preload = tuple(preload)
        self._tokens = {"LIB": lib_token(default_dirs), "PLATFORM": platform}
        self._hwcaps = hwcaps
        self._special: Dict[str, Tuple[str, ...]] = {}
        self._cache: Dict[str, List[CacheEntry]] = {}
        for entry in cache:
            self._cache.setdefault(entry.soname, []).append(entry)

    def program(self, path: str) -> "Program":
        """Start an executable (or a shared library in the place of one)."""
        return Program(self, path)

    def judge(self, elf: Elf, path: str) -> Report:
        """What a file with these NEEDED entries and versions would get here, were it at ``path``."""
        return Program(self, path, Opened(elf, path)).report

    def expand(self, text: str, origin: str) -> str:
        """Dynamic string tokens (ld.so(8), "Dynamic string tokens")."""
        values = dict(self._tokens, ORIGIN=origin)
        return _TOKEN.sub(lambda match: values[match.group(1) or match.group(2)], text)

    def system(self, name: str, arch: Tuple[int, bool, int]) -> str:
        """Where a name is found without any variable, RPATH or RUNPATH: ld.so.cache and the default
        directories. "" when nowhere."""
        places = [entry.path for entry in self.entries(name) if entry.fits(arch[0], arch[2])]
        for path in places + [posixpath.join(directory, name) for directory in self.default_dirs]:
            opened = self.view.open(path)
            if opened.elf is not None and opened.elf.arch == arch:
                return path
        return ""

    def entries(self, name: str) -> List[CacheEntry]:
        """Cache entries of a name that this CPU can use, in order of preference."""
        ranked = [(self._rank(entry), entry) for entry in self._cache.get(name, [])]
        usable = [each for each in ranked if each[0] is not None]
        return [entry for _, entry in sorted(usable, key=lambda each: each[0] or 0)]

    def _rank(self, entry: CacheEntry) -> Optional[int]:
        if self._hwcaps is None:
            return int(not entry.baseline)
        if entry.baseline:
            return len(self._hwcaps)
        directory = posixpath.dirname(entry.path)
        fitting = [rank for rank, name in enumerate(self._hwcaps) if directory.endswith("/" + name)]
        return fitting[0] if fitting else None

    def special(self, directory: str) -> Tuple[str, ...]:
        """The subdirectories for this CPU that are there; they go before the directory itself."""
        if not self._hwcaps:
            return ()
        if directory not in self._special:
            tops = {name.split("/")[0] for name in self._hwcaps}
            there = {top for top in tops if self.view.is_dir(posixpath.join(directory, top))}
            self._special[directory] = tuple(
                posixpath.join(directory, name)
                for name in self._hwcaps
                if name.split("/")[0] in there and self.view.is_dir(posixpath.join(directory, name))
            )
        return self._special[directory]

    def paths(self, text: Optional[str], origin: str) -> List[str]:
        """The directories of an RPATH or RUNPATH. Empty as a whole means none (decompose_rpath);
        an empty element is the current directory."""
        if not text:
            return []
        return [self.expand(part, origin) or "." for part in text.split(":")]


class Program:
    """A process after start-up. ``report`` is about the executable; ``dlopen`` asks what
    would happen next, without changing what is loaded; ``preload`` changes it."""

    def __init__(self, loader: Loader, path: str, opened: Optional[Opened] = None) -> None:
        self._loader = loader
        self._main: Optional[_Node] = None
        self.process: Any = None
        self.preloads: List[Resolution] = []  # what became of each
        self._state = _State({}, {}, {})
        opened = opened or loader.view.open(path)
        if opened.elf is None:
            problem = opened.problem or "no such file"
            self.report = Report(path, problem, (), (), ())
            return
        # The kernel resolves symlinks for an executable: its $ORIGIN is the real directory.
        main = _Node(path, opened.identity, opened.elf, None, posixpath.dirname(opened.identity))
        self._main = main
        if main.elf.interpreter:
            self._add_interpreter(main.elf)
        self._state.add(path, main)
        # A static program has no loader that would look at them. One that is not found is passed over.
        mapped = [self._map(name, main, self._state) for name in loader.preload if main.elf.interpreter]
        self.preloads = [resolution for resolution, _ in mapped]
        self.report = self._load(main, self._state, [node for _, node in mapped if node is not None])

    def _add_interpreter(self, elf: Elf) -> None:
        """ld.so is in every process from the start, and known by its soname."""
        opened = self._loader.view.open(elf.interpreter)
        if opened.elf is not None:
            path = elf.interpreter
            self._state.add(path, _Node(path, opened.identity, opened.elf, None, posixpath.dirname(path)))

    def dlopen(self, path: str) -> Report:
        """``path`` as an extension module imported by this program.

        Python opens it with ``__RTLD_CALLMAP``: it has no loader, so neither libpython's RPATH
        nor the executable's RUNPATH helps it, only the executable's RPATH.
        """
        return self._open(path, self._state.copy())

    def preload(self, path: str) -> Report:
        """The same, and what was loaded stays: later ones find it by its name."""
        return self._open(path, self._state)

    def _open(self, path: str, state: _State) -> Report:
        opened = self._loader.view.open(path)
        if opened.elf is None:
            return Report(path, opened.problem or "no such file", (), (), ())
        if self._main is not None and opened.elf.arch != self._main.elf.arch:
            return Report(path, _wrong_arch(opened.elf), (), (), ())
        known = state.files.get(opened.identity)
        if known is not None:
            return Report(path, "", (), (), (known.identity,))
        node = _Node(path, opened.identity, opened.elf, None, posixpath.dirname(path))
        state.add(path, node)
        return self._load(node, state)

    def _load(self, root: _Node, state: _State, beside: Sequence[_Node] = ()) -> Report:
        """Breadth first over NEEDED (_dl_map_object_deps), then the versions. What is loaded ``beside`` it
        comes before what it needs."""
        resolutions: List[Resolution] = []
        fresh = [root, *beside]
        queue: Deque[_Node] = deque(fresh)
        if beside:
            state.needs[root.identity] = list(beside)
        while queue:
            node = queue.popleft()
            # An empty name is that of the executable (its l_name), which is loaded (_dl_name_match_p).
            for name in filter(None, (*node.elf.filters, *node.elf.needed)):
                resolution, found = self._map(name, node, state)
                resolutions.append(resolution)
                if found is not None:
                    fresh.append(found)
                    queue.append(found)
                if resolution.found:
                    state.needs.setdefault(node.identity, []).append(state.names[name])
        versions = [problem for node in fresh for problem in _check_versions(node, state)]
        identities = tuple(node.identity for node in fresh)
        whole = not versions and all(each.found for each in resolutions)
        refusals = self._refusals(root, fresh, state, whole)
        return Report(root.path, "", tuple(resolutions), tuple(versions), identities, refusals)

    def _refusals(
        self, root: _Node, fresh: Sequence[_Node], state: _State, whole: bool
    ) -> Tuple[Refusal, ...]:
        mapped = [Mapped(node.path, node.identity, node.elf, _bare(node, state)) for node in fresh]
        scope = state.scope(root)
        if root is self._main:
            if self._loader.process is None:
                return ()
            libc = state.names.get("libc.so.6")
            self.process = self._loader.process(
                self._loader.view, mapped[0], libc.elf if libc is not None else None
            )
            return tuple(self.process.started(mapped, scope, whole))
        return tuple(self.process.opened(mapped, scope, whole)) if self.process is not None else ()

    def _map(self, name: str, node: _Node, state: _State) -> Tuple[Resolution, Optional[_Node]]:
        """One NEEDED entry: what became of it, and the file when it was not loaded before."""
        known = state.names.get(name)
        if known is not None:
            return Resolution(name, node.path, LOADED, known.path, ()), None
        looked: List[Look] = []
        for how, place, path, why in self._candidates(name, node):
            if why:
                looked.append(Look(place, how, why))
                continue
            opened = self._loader.view.open(path)
            if opened.absent:
                looked.append(Look(place, how, opened.problem or "no such file"))
                continue
            if opened.elf is None:
                # The loader does not go on after a file that is no ELF file (open_verify).
                looked.append(Look(path, how, opened.problem))
                break
            if opened.elf.arch != node.elf.arch:
                looked.append(Look(path, how, _wrong_arch(opened.elf)))
                continue
            same = state.files.get(opened.identity)
            if same is not None:
                state.names.setdefault(name, same)
                return Resolution(name, node.path, how, path, tuple(looked)), None
            found = _Node(path, opened.identity, opened.elf, node, posixpath.dirname(path))
            state.add(name, found)
            return Resolution(name, node.path, how, path, tuple(looked)), found
        return Resolution(name, node.path, MISSING, "", tuple(looked)), None

    def _candidates(self, name: str, node: _Node) -> Iterator[Tuple[str, str, str, str]]:
        """(how, place, path, "") in the loader's order; of a place where nothing can be, why."""
        loader = self._loader
        if "/" in name:
            path = loader.expand(name, node.origin)
            yield PATH, path, path, "" if path.startswith("/") else _RELATIVE
            return
        for how, directory in self._directories(node):
            if not directory.startswith("/"):
                yield how, directory, "", _RELATIVE
                continue
            for place in loader.special(directory) + (directory,):
                yield how, place, posixpath.join(place, name), ""
        entries = loader.entries(name)
        for entry in entries:
            if not entry.fits(node.elf.bits, node.elf.machine):
                yield CACHE, entry.path, "", "for another architecture"
            elif not (node.elf.nodeflib and posixpath.dirname(entry.path) in loader.default_dirs):
                yield CACHE, entry.path, entry.path, ""
        if not entries:
            yield CACHE, "/etc/ld.so.cache", "", "no entry"
        if not node.elf.nodeflib:
            for directory in loader.default_dirs:
                for place in loader.special(directory) + (directory,):
                    yield DEFAULT, place, posixpath.join(place, name), ""

    def _directories(self, node: _Node) -> Iterator[Tuple[str, str]]:
        loader = self._loader
        if node.elf.runpath is None:
            link: Optional[_Node] = node
            passed_main = False
            while link is not None:
                if link.elf.runpath is None:
                    for directory in loader.paths(link.elf.rpath, link.origin):
                        yield RPATH, directory
                passed_main = passed_main or link is self._main
                link = link.loader
            main = self._main
            if main is not None and not passed_main and main.elf.runpath is None:
                for directory in loader.paths(main.elf.rpath, main.origin):
                    yield EXECUTABLE_RPATH, directory
        for directory in loader.library_path:
            # Its tokens are those of the executable (_dl_init_paths), whoever asks.
            origin = self._main.origin if self._main is not None else ""
            yield LIBRARY_PATH, loader.expand(directory, origin) or "."
        for directory in loader.paths(node.elf.runpath, node.origin):
            yield RUNPATH, directory


_RELATIVE = "relative to the working directory of the program"


def _wrong_arch(elf: Elf) -> str:
    return "wrong ELF class: {}-bit {}".format(elf.bits, elf.arch_name)


def _bare(node: _Node, state: _State) -> Tuple[str, ...]:
    """Libraries without versions that it wants versions of: any symbol of the name will do."""
    files = {need.file for need in node.elf.needs if not need.weak and need.file in state.names}
    return tuple(sorted(file for file in files if not state.names[file].elf.versioned))


def _check_versions(node: _Node, state: _State) -> Iterator[Unversioned]:
    for need in node.elf.needs:
        library = state.names.get(need.file)
        if library is None or need.weak or not library.elf.versioned:
            continue
        if need.version not in library.elf.defines:
            yield Unversioned(node.path, need.file, library.path, need.version, library.elf.defines)
