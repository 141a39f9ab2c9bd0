"""primary.sqlite, for repositories whose primary.xml cannot be read.

SQLite wants a file, so the database is unpacked into a temporary one. It comes from outside:
nothing but plain columns is asked for, and a query that works too long is stopped.
"""

import os
from typing import Any, Collection, Dict, Iterator, List, Optional, Set

from offkit.media.rpm import BadRepodata, Index, Package, is_library, is_name, network

_STEPS = 100 * 1000  # SQLite instructions between two looks at the budget
_MAX_LOOKS = 1000  # 100 million instructions, some seconds; CentOS 7 Everything takes five million
_MAX_ROWS = 1000 * 1000
_PROVIDES = "SELECT name, pkgKey FROM provides WHERE name"
_PACKAGES = "SELECT name, pkgKey FROM packages WHERE name"
_COLUMNS = (
    "SELECT name, arch, epoch, version, release, location_href, checksum_type, pkgId"
    " FROM packages WHERE pkgKey = ?"
)
_BATCH = 500  # names in one query; SQLite takes 999 variables


def read(source: Iterator[bytes], capabilities: Optional[Collection[str]], names: Collection[str]) -> Index:
    """As ``repodata.read_primary``. Raises BadRepodata, OSError, and whatever ``source`` raises."""
    import tempfile

    try:
        import sqlite3
    except ImportError:
        raise BadRepodata("this Python was built without sqlite3")
    with tempfile.TemporaryDirectory(prefix="offkit-") as folder:
        path = os.path.join(folder, "primary.sqlite")
        with open(path, "wb") as sink:
            for chunk in source:
                sink.write(chunk)
        connection = sqlite3.connect("file:{}?mode=ro&immutable=1".format(path), uri=True)
        try:
            connection.text_factory = _text
            looks = iter(range(_MAX_LOOKS))
            connection.set_progress_handler(lambda: int(next(looks, None) is None), _STEPS)
            return _query(connection, capabilities, names)
        except (sqlite3.Error, ValueError, TypeError) as error:
            raise BadRepodata("is not a primary database: {}".format(error))
        finally:
            connection.close()


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape")


def _query(connection: Any, capabilities: Optional[Collection[str]], names: Collection[str]) -> Index:
    all_names = _column(connection, "SELECT name FROM packages")
    (count,) = connection.execute("SELECT count(*) FROM packages").fetchone()
    provided = _column(connection, "SELECT DISTINCT name FROM provides WHERE name LIKE '%.so%'")
    libraries = set(filter(is_library, provided))
    given: Dict[int, List[str]] = {}
    asked = libraries if capabilities is None else capabilities
    for capability, key in _matching(connection, _PROVIDES, asked):
        given.setdefault(key, []).append(capability)
    for _, key in _matching(connection, _PACKAGES, names):
        given.setdefault(key, [])
    packages = [_package(connection, key, given[key]) for key in sorted(given)]
    return Index(packages, all_names, libraries, count, _elsewhere(connection))


def _elsewhere(connection: Any) -> str:
    known = {row[1] for row in connection.execute("PRAGMA table_info(packages)")}
    if "location_base" not in known:
        return ""
    bases = _column(connection, "SELECT DISTINCT location_base FROM packages")
    return next(filter(None, map(network, sorted(bases))), "")


def _column(connection: Any, query: str) -> Set[str]:
    found: Set[str] = set()
    for number, row in enumerate(connection.execute(query)):
        if number >= _MAX_ROWS:
            raise ValueError("more than {} rows".format(_MAX_ROWS))
        found.add(str(row[0]))
    return found


def _matching(connection: Any, query: str, names: Collection[str]) -> Iterator[Any]:
    """Rows of ``query`` with a name out of ``names``; only question marks are added to it."""
    ordered = sorted(names)
    for start in range(0, len(ordered), _BATCH):
        batch = ordered[start : start + _BATCH]
        yield from connection.execute("{} IN ({})".format(query, ",".join("?" * len(batch))), batch)


def _package(connection: Any, key: int, given: List[str]) -> Package:
    row = connection.execute(_COLUMNS, (key,)).fetchone()
    if row is None:
        raise ValueError("package {} is missing".format(key))
    needed = connection.execute("SELECT name FROM requires WHERE pkgKey = ?", (key,))
    requires = tuple(str(entry[0]) for entry in needed)
    fields = [str(value or "") for value in row]
    if not is_name(fields[0]):
        raise ValueError("invalid package name {!r}".format(fields[0][:80]))
    name, arch, epoch, version, release, location, algorithm, digest = fields
    checksum = "{}:{}".format(algorithm, digest).strip(":")
    provides = tuple(sorted(set(given)))
    return Package(name, arch, epoch, version, release, location, provides, requires, checksum)
