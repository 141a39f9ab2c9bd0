"""The formats there are: by name, by a file's suffix, and by what a file begins with.

A folder that has formats adds them when it is imported (its ``__init__``): this one text, theatre the others.
"""

import functools
import os
from typing import Callable, Dict, NamedTuple, Optional, Tuple, Type

from offkit.badapple.formats.base import Facts, Format, Reader
from offkit.badapple.formats.cells import Look
from offkit.badapple.formats.damage import damaged
from offkit.model.errors import RequestError, UsageError

Open = Callable[[str, bool], Reader]  # path, whether it is still being made
DEFAULT = "text"
_START = 512  # bytes that tell


class Entry(NamedTuple):
    """A format, how to tell that a file is of it, and how to read that back."""

    form: Type[Format]
    is_ours: Callable[[bytes], bool]  # by what the file begins with
    reader: Open


_suffixes: Dict[str, str] = {}  # by the format's name
_loads: Dict[str, Callable[[], Entry]] = {}


def add(name: str, suffix: str, load: Callable[[], Entry]) -> None:
    """Make a format known. ``load`` is called when it is first needed: most formats want numpy."""
    _suffixes[name] = suffix
    _loads[name] = functools.lru_cache(maxsize=None)(load)


def _entries() -> Dict[str, Entry]:
    return {name: load() for name, load in _loads.items()}


def suffixes() -> Tuple[str, ...]:
    """Those of all formats."""
    return tuple(_suffixes.values())


def formats() -> Dict[str, Type[Format]]:
    """{name: format}, text first."""
    return {name: entry.form for name, entry in _entries().items()}


def make(name: str, look: Look, facts: Facts) -> Format:
    """The format ``name``. Raises UsageError where there is none, or it cannot show this look."""
    if name not in _entries():
        raise UsageError("unknown format {}".format(name), fix="--format " + ", ".join(_entries()))
    return _entries()[name].form(look, facts)


def by_suffix(path: str) -> str:
    """The format that a file's name asks for; text where it asks for none."""
    suffix = os.path.splitext(path)[1].lower()
    return next((name for name, its in _suffixes.items() if its == suffix), DEFAULT)


def start(path: str) -> bytes:
    """What the file at ``path`` begins with. Raises RequestError."""
    try:
        with open(path, "rb") as source:
            return source.read(_START)
    except OSError as error:
        raise RequestError("cannot read {}: {}".format(path, error.strerror))


def is_ours(path: str) -> bool:
    """Whether the file at ``path`` is a conversion, so that it may be overwritten by another.

    Raises RequestError where it cannot be read.
    """
    return _reader(start(path)) is not None


def reader(name: str) -> Open:
    """How to open a conversion of the format ``name``: a class, which any worker finds again."""
    return _entries()[name].reader


def open_reader(path: str, growing: bool = False) -> Reader:
    """The conversion at ``path``, whatever its format.

    ``growing``: it is still being made, perhaps in parts (PATH.0, PATH.1 …). Raises RequestError
    (VID010) where it is none or is damaged, TooEarly where nothing can be said yet.
    """
    found = _reader(start(path))
    if found is None:
        raise damaged(path, "it does not begin like one")
    return found(path, growing)


def _reader(begins: bytes) -> Optional[Open]:
    return next((entry.reader for entry in _entries().values() if entry.is_ours(begins)), None)
