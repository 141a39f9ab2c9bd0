"""checklist.json: what a bundle's wheels want from the server's own libraries."""

import json
from typing import Any, Dict, Mapping, NamedTuple, Tuple

from offkit.model import groups, words
from offkit.model.errors import damaged
from offkit.model.finding import ERROR, WARNING, Finding
from offkit.model.layout import CHECKLIST
from offkit.model.scripts import Scripts

SCHEMA = "offkit/checklist-1"
_UNUSUAL = ("optional", "aside")  # parts of a library that are written where they say something


class Library(NamedTuple):
    """One external soname.

    ``versions`` are symbol versions (``GLIBC_2.17``), ``needed_by`` are ``wheel: path in it``,
    ``rpm`` is empty when no package is known; ``in_bundle`` says whether that RPM comes along.
    """

    soname: str
    versions: Tuple[str, ...]
    needed_by: Tuple[str, ...]
    rpm: str
    in_bundle: bool
    optional: bool = False  # only optional parts want it, plug-ins say: importing the packages does without
    aside: Tuple[str, ...] = ()  # more versions, that only optional parts want of what others want as well


class Inside(NamedTuple):
    """A soname that no path leads to from who needs it, though the wheels have it."""

    soname: str
    needed_by: Tuple[str, ...]
    copy: str  # ``wheel: path``
    earlier: bool  # it serves if it was loaded before; else it never does
    optional: bool  # importing a package does without it, or something may have loaded it

    def finding(self, looked_in: Tuple[str, ...] = (), cure: str = "") -> Finding:
        """LIB003 or LIB025; ``cure`` brings the same library from outside."""
        directory, _, name = self.copy.rpartition("/")
        message = "is only in {}, where no path leads".format(directory if name == self.soname else self.copy)
        users = groups.NEEDED_BY + groups.users(self.needed_by)
        if self.earlier and not self.optional:
            message += ", and nothing loads it before"
            fix = "install the package again, without links to it from elsewhere; or another version of it"
            return Finding("LIB003", ERROR, self.soname, message + users, looked_in, cure or fix)
        if self.earlier:
            fix = "nothing, if the import works; otherwise " + (cure or "the package is broken")
            return Finding("LIB003", WARNING, self.soname, message + users, looked_in, fix)
        severity = WARNING if self.optional else ERROR
        message += ", and having been loaded before does not help" + users
        fix = "the package is broken (no DT_SONAME, no RPATH to it): use another version of it"
        return Finding("LIB025", severity, self.soname, message, looked_in, fix)


class Foreign(NamedTuple):
    """A loader that is not the target's usual one, and programs that start with it."""

    interpreter: str  # PT_INTERP
    programs: Tuple[str, ...]  # ``wheel: path``
    optional: bool

    def finding(self, named: int, absent: str = "is not there") -> Finding:
        """LIB026."""
        fix = "use a build of the package for this system"
        kind = "its loader"
        if "/ld-musl" in self.interpreter:
            kind, fix = "the loader of musl", fix + " (a manylinux wheel): no package of it has musl"
        elif self.interpreter == "/lib/ld-linux.so.2":
            kind, fix = "the loader of 32-bit programs", "use the 64-bit build of the package"
        message = "{} {}, so these do not start: {}".format(kind, absent, words.listed(self.programs, named))
        severity = WARNING if self.optional else ERROR
        return Finding("LIB026", severity, self.interpreter, message, (self.interpreter,), fix)


class Undefined(NamedTuple):
    """Symbols without a version that a file wants, and nothing of the wheels defines that comes with it."""

    file: str  # ``wheel: path``
    names: Tuple[str, ...]
    later: Tuple[str, ...]  # more, looked up when they are called
    libraries: Tuple[str, ...]  # sonames that are loaded with it from the server
    started: bool  # for a program, so without Python
    optional: bool
    copies: Mapping[str, str]  # of the names: what else in the wheels defines them, ``wheel: path``


class Checklist(NamedTuple):
    libraries: Tuple[Library, ...]
    inside: Tuple[Inside, ...] = ()
    foreign: Tuple[Foreign, ...] = ()
    scripts: Tuple[
        Scripts, ...
    ] = ()  # with files as ``wheel: path``, and what the environment has not itself
    undefined: Tuple[Undefined, ...] = ()


def dump(checklist: Checklist) -> bytes:
    """Without the parts that most bundles do not have."""
    data: Dict[str, Any] = {
        "schema": SCHEMA,
        "libraries": [_to_json(library) for library in checklist.libraries],
    }
    if checklist.inside:
        data["inside"] = [each._asdict() for each in checklist.inside]
    if checklist.foreign:
        data["foreign"] = [each._asdict() for each in checklist.foreign]
    if checklist.scripts:
        data["scripts"] = [each._asdict() for each in checklist.scripts]
    if checklist.undefined:
        data["undefined"] = [each._asdict() for each in checklist.undefined]
    return (json.dumps(data, indent=1, sort_keys=True) + "\n").encode("ascii")


def _to_json(library: Library) -> Dict[str, Any]:
    """Without what a library usually is not."""
    return {name: value for name, value in library._asdict().items() if value or name not in _UNUSUAL}


def _undefined(entry: Any) -> Undefined:
    return Undefined(
        str(entry["file"]),
        tuple(str(name) for name in entry["names"]),
        tuple(str(name) for name in entry["later"]),
        tuple(str(soname) for soname in entry["libraries"]),
        bool(entry["started"]),
        bool(entry["optional"]),
        {str(name): str(copy) for name, copy in entry["copies"].items()},
    )


def load(text: bytes) -> Checklist:
    """Back from ``dump``. Raises IntegrityError on anything else."""
    try:
        data = json.loads(text.decode("ascii"))
        if data["schema"] != SCHEMA:
            raise ValueError("schema {!r}".format(data["schema"]))
        return Checklist(
            tuple(
                Library(
                    str(entry["soname"]),
                    tuple(str(version) for version in entry["versions"]),
                    tuple(str(file) for file in entry["needed_by"]),
                    str(entry["rpm"]),
                    bool(entry["in_bundle"]),
                    bool(entry.get("optional", False)),
                    tuple(str(version) for version in entry.get("aside", ())),
                )
                for entry in data["libraries"]
            ),
            tuple(
                Inside(
                    str(entry["soname"]),
                    tuple(str(file) for file in entry["needed_by"]),
                    str(entry["copy"]),
                    bool(entry["earlier"]),
                    bool(entry["optional"]),
                )
                for entry in data.get("inside", ())
            ),
            tuple(
                Foreign(
                    str(entry["interpreter"]),
                    tuple(str(file) for file in entry["programs"]),
                    bool(entry["optional"]),
                )
                for entry in data.get("foreign", ())
            ),
            tuple(
                Scripts(
                    str(entry["interpreter"]),
                    tuple(str(file) for file in entry["files"]),
                    bool(entry["command"]),
                )
                for entry in data.get("scripts", ())
            ),
            tuple(_undefined(entry) for entry in data.get("undefined", ())),
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise damaged("BUN002", CHECKLIST, "{} cannot be read: {}".format(CHECKLIST, error))
