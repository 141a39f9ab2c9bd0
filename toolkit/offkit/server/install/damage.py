"""Whether a generation is still what was installed: what must hold before "nothing to do" is said.

Everything that offkit put there is compared with its record, the packages with RECORD, offkit
itself with the bundle. Byte code does not count: Python writes it again.
"""

import io
import os
import zipfile
from typing import Callable, Dict, Iterator, List, NamedTuple, Sequence, Set, Tuple

from offkit.edges import files, sites
from offkit.edges.run import Result
from offkit.edges.tree import Tree
from offkit.model import layout, record
from offkit.server.bundle.bundle_file import BundleFile
from offkit.server.libraries import record as taken
from offkit.server.prefix import generations
from offkit.server.prefix.generations import Generation, Package

_WHOSE = "import os, sys; print(os.path.realpath(sys.prefix) == os.path.realpath(sys.argv[1]))"
_CHUNK = 1 << 20


class _Recorded(NamedTuple):
    found: Set[Package]
    owners: Dict[str, List[record.RecordedFile]]  # path: as each package that has this file records it
    problems: List[str]


def damage(one: Generation, bundle: BundleFile, run: Callable[[Sequence[str]], Result]) -> Tuple[str, ...]:
    """What is wrong with a generation of ``bundle``, in words; empty when nothing is.

    Its interpreter is started; nothing else of it is executed.
    """
    found = _interpreter(one, run) + list(_packages(one)) + list(_own_files(one, bundle))
    return tuple(found + list(_libraries(one)))


def _interpreter(one: Generation, run: Callable[[Sequence[str]], Result]) -> List[str]:
    python = os.path.join(one.path, "bin", "python")
    result = run([python, "-I", "-c", _WHOSE, one.path])
    if not result.ok:
        words = (result.stderr.strip() or "exit {}".format(result.returncode)).splitlines()
        return ["bin/python does not start: " + words[-1]]
    return [] if result.stdout.strip() == "True" else ["bin/python does not belong to it"]


def _packages(one: Generation) -> Iterator[str]:
    recorded = _recorded(one.path)
    for package in one.receipt.packages if one.receipt else ():
        if package not in recorded.found:
            yield "{} {} is missing".format(package.name, package.version)
    yield from recorded.problems
    for path, claims in sorted(recorded.owners.items()):
        if path.endswith(record.BYTE_CODE):
            continue
        try:
            # Where two packages own a file, the later one wrote it, and no installation helps.
            sound = any(claim.matches(_chunks(path)) for claim in claims)
        except FileNotFoundError:
            yield "{} is missing".format(os.path.relpath(path, one.path))
        except OSError as error:
            yield "{}: {}".format(os.path.relpath(path, one.path), error.strerror)
        else:
            if not sound:
                yield "{} is altered".format(os.path.relpath(path, one.path))


def _recorded(root: str) -> _Recorded:
    recorded = _Recorded(set(), {}, [])
    for site in sites.below(root):
        for name in sorted(os.listdir(site)):
            if not name.endswith(".dist-info"):
                continue
            try:
                with open(os.path.join(site, name, "METADATA"), "rb") as source:
                    recorded.found.add(generations.package(source.read()))
                with open(os.path.join(site, name, "RECORD"), "rb") as source:
                    claims, wrong = record.read(source.read().decode("utf-8"))
                if wrong:
                    raise ValueError(str(wrong[0]))
            except (OSError, ValueError) as error:
                what = error.strerror if isinstance(error, OSError) else error
                recorded.problems.append("{} cannot be read: {}".format(name, what))
                continue
            for claim in claims:
                path = os.path.normpath(os.path.join(site, files.path(claim.path)))
                recorded.owners.setdefault(path, []).append(claim)
    return recorded


def _own_files(one: Generation, bundle: BundleFile) -> Iterator[str]:
    expected = {
        layout.GENERATION_MANIFEST: bundle.text,
        layout.GENERATION_CHECKLIST: bundle.read(layout.CHECKLIST),
    }
    with zipfile.ZipFile(io.BytesIO(bundle.read(layout.RUNTIME))) as archive:
        for name in archive.namelist():
            if not name.endswith(("/",) + record.BYTE_CODE):
                expected["{}/{}".format(layout.GENERATION_RUNTIME, name)] = archive.read(name)
    for relative, contents in sorted(expected.items()):
        try:
            sound = b"".join(_chunks(os.path.join(one.path, relative))) == contents
        except FileNotFoundError:
            yield "{} is missing".format(relative)
        except OSError as error:
            yield "{}: {}".format(relative, error.strerror)
        else:
            if not sound:
                yield "{} is altered".format(relative)
    launcher = os.path.join(one.path, "bin", "offkit")
    if not os.access(launcher, os.X_OK) or not os.path.getsize(launcher):
        yield "bin/offkit is missing or cannot be executed"


def _libraries(one: Generation) -> Iterator[str]:
    """Those that were taken out of RPMs."""
    tree = Tree("/")
    try:
        listed = taken.read(tree, one.path)
    except (OSError, ValueError) as error:
        yield "{} cannot be read: {}".format(layout.GENERATION_LIBRARY_LIST, error)
        return
    for entry, how in taken.altered(tree, one.path, listed):
        yield "{}/{} {}".format(layout.GENERATION_LIBRARIES, entry.soname, how)


def _chunks(path: str) -> Iterator[bytes]:
    with open(path, "rb") as source:
        yield from iter(lambda: source.read(_CHUNK), b"")
