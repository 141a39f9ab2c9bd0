"""Files that rpm installed, and whether they are still what it installed: what ``rpm -V`` compares.

rpm is asked what its packages have (rpm -qf, tags of rpmtag.h); the files themselves are looked at here,
so that it is the same for a system that is mounted elsewhere, and for everybody. A database that is not
the running system's is copied first: to open one can change it.
"""

import hashlib
import os
import posixpath
import shutil
import stat
from contextlib import ExitStack, contextmanager
from typing import Callable, Dict, Iterable, Iterator, List, NamedTuple, Optional, Sequence

from offkit.edges import leftovers
from offkit.edges.run import Result
from offkit.edges.tree import Tree
from offkit.model import record

Run = Callable[[Sequence[str]], Result]

# rpm 4.18 and newer have it in the second (Fedora's "Changes/RelocateRPMToUsr").
_PLACES = ("/var/lib/rpm", "/usr/lib/sysimage/rpm")
_NAMES = ("Packages", "Packages.db", "rpmdb.sqlite")  # bdb, ndb, sqlite
_FIELDS = (
    *("%{=NAME}", "%{=VERSION}-%{=RELEASE}.%{=ARCH}"),
    *("%{FILEDIGESTS}", "%{FILEFLAGS}", "%{FILEMODES}", "%{FILESTATES}", "%{FILENAMES}"),
)
_FORMAT = "[" + r"\t".join(_FIELDS) + r"\n]"
# By the length of a digest in hex; rpm before 4.6 had MD5 alone.
_HASHES = {32: "md5", 40: "sha1", 56: "sha224", 64: "sha256", 96: "sha384", 128: "sha512"}
# rpmfi.h: configuration, documentation, not to be missed, ghosts, licences and readme files.
_SPARE = 1 | 2 | 8 | 64 | 128 | 256
_NORMAL = "0"  # rpmfileState; others were replaced by another package, or never installed
_CHUNK = 1 << 20


class RpmFile(NamedTuple):
    """A file or directory of an installed package."""

    name: str  # of the package
    title: str  # for people: python3-pip-9.0.3-8.el7.noarch
    algorithm: str  # of the digest, as hashlib calls it; "" where none is known
    digest: str
    mode: int
    judged: bool  # rpm -V would report it, and Python or a program may need it

    def altered(self, tree: Tree, path: str) -> bool:
        """Whether its contents are others. Raises OSError where it cannot be read, ValueError where this
        Python may not compute such a digest."""
        if not (self.algorithm and self.digest):
            return False
        digest = _hash(self.algorithm)
        with tree.open(path) as source:
            for chunk in iter(lambda: source.read(_CHUNK), b""):
                digest.update(chunk)
        return digest.hexdigest() != self.digest


def _hash(algorithm: str) -> "hashlib._Hash":
    """Damage is looked for, no forgery: in FIPS mode MD5 is refused (ValueError) unless that is said, to a
    Python that takes it (3.9, and older ones of EL)."""
    try:
        return hashlib.new(algorithm, usedforsecurity=False)  # novm
    except TypeError:
        return hashlib.new(algorithm)


Owned = Dict[str, RpmFile]  # by path


def of(tree: Tree, paths: Iterable[str], run: Run) -> Optional[Owned]:
    """All files of the packages that own any of ``paths``; None where there is a database and rpm cannot
    read it. ``run`` speaks English (server.system.ledger.english)."""
    wanted = list(paths)
    if not wanted:
        return {}
    with database(tree, run) as command:
        if not command:
            return {}
        done = run([*command, "-qf", "--qf", _FORMAT, *wanted])
    found = _parse(done.stdout)
    # "error: cannot open Packages database", of an rpm that does not know its kind
    return None if not found and "error:" in done.stderr + done.stdout else found


@contextmanager
def database(tree: Tree, run: Run) -> Iterator[List[str]]:
    """How a command begins that asks its database; [] where it has none."""
    with ExitStack() as stack:
        place = _database(tree, run)
        command = ["rpm"] if place else []
        if place and tree.root:
            copy = os.path.join(stack.enter_context(leftovers.scratch()), "rpmdb")
            shutil.copytree(place, copy, ignore=lambda folder, names: [n for n in names if n[:4] == "__db"])
            command += ["--dbpath", copy]
        yield command


def _database(tree: Tree, run: Run) -> str:
    """The directory with it as this process sees it; "" for none."""
    places = list(_PLACES)
    if not tree.root:
        place = run(["rpm", "--eval", "%{_dbpath}"]).stdout.strip()
        places = [place] if place.startswith("/") else []
    for place in places:
        if any(tree.is_file(posixpath.join(place, name)) for name in _NAMES):
            return tree.host(place)
    return ""


def _parse(text: str) -> Owned:
    """Of paths that nobody owns rpm has a sentence: no fields."""
    found: Owned = {}
    for line in text.split("\n"):
        fields = line.split("\t", len(_FIELDS) - 1)
        if len(fields) != len(_FIELDS):
            continue
        name, version, digest, flags, mode, state, path = fields
        if not (flags.isdecimal() and mode.lstrip("-").isdecimal()):
            continue
        judged = state == _NORMAL and not int(flags) & _SPARE and not path.endswith(record.BYTE_CODE)
        judged = judged and "\\x" not in path  # edges.run: bytes that are not UTF-8
        title = "{}-{}".format(name, version)
        hashed = _HASHES.get(len(digest), "")
        bits = int(mode) & 0xFFFF
        found[path] = RpmFile(name, title, hashed, digest if stat.S_ISREG(bits) else "", bits, judged)
    return found


class Compared(NamedTuple):
    """A package, and what of it is not as rpm installed it."""

    title: str
    missing: List[str]
    altered: List[str]
    untold: List[str]  # nobody here may compute their digests


def compare(tree: Tree, owned: Owned) -> Dict[str, Compared]:
    """Every package by its name. What this user may not read counts as whole, as rpm -V has a "?"."""
    found: Dict[str, Compared] = {}
    for path, one in sorted(owned.items()):
        package = found.setdefault(one.name, Compared(one.title, [], [], []))
        if not one.judged:
            continue
        try:
            real = tree.stat(path).st_mode if stat.S_ISREG(one.mode) else os.lstat(_link(tree, path)).st_mode
            if stat.S_ISREG(one.mode) and stat.S_ISREG(real) and one.altered(tree, path):
                package.altered.append(path)
        except (FileNotFoundError, NotADirectoryError):
            package.missing.append(path)
        except OSError:
            continue
        except ValueError:
            package.untold.append(path)
    return found


def _link(tree: Tree, path: str) -> str:
    """Where the path itself lies, which is a link or a directory."""
    return posixpath.join(tree.root + tree.real(posixpath.dirname(path)), posixpath.basename(path))
