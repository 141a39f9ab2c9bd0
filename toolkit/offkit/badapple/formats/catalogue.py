"""The formats there are: by name, by a file's suffix, and by what a file begins with."""

import os
from typing import Callable, Dict, Optional, Type

from offkit.badapple.formats import castreader, htmlreader, textreader
from offkit.badapple.formats.base import Facts, Format, Reader, damaged
from offkit.badapple.formats.cast import Cast
from offkit.badapple.formats.cells import Look
from offkit.badapple.formats.html import Html
from offkit.badapple.formats.text import Text
from offkit.model.errors import RequestError, UsageError

FORMATS: Dict[str, Type[Format]] = {form.name: form for form in (Text, Cast, Html)}
_READERS = (
    (textreader.is_ours, textreader.TextReader),
    (castreader.is_ours, castreader.CastReader),
    (htmlreader.is_ours, htmlreader.HtmlReader),
)
_START = 512  # bytes that tell


def make(name: str, look: Look, facts: Facts) -> Format:
    """The format ``name``. Raises UsageError where there is none, or it cannot show this look."""
    if name not in FORMATS:
        raise UsageError("there is no format {}".format(name), fix="--format " + ", ".join(FORMATS))
    return FORMATS[name](look, facts)


def by_suffix(path: str) -> str:
    """The format that a file's name asks for; text where it asks for none."""
    suffix = os.path.splitext(path)[1].lower()
    return next((name for name, form in FORMATS.items() if form.suffix == suffix), Text.name)


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


def open_reader(path: str, growing: bool = False) -> Reader:
    """The conversion at ``path``, whatever its format.

    ``growing``: it is still being made, perhaps in parts (PATH.0, PATH.1 …). Raises RequestError
    (VID010) where it is none or is damaged, TooEarly where nothing can be said yet.
    """
    reader = _reader(start(path))
    if reader is None:
        raise damaged(path, "it does not begin like one")
    return reader(path, growing)


def _reader(begins: bytes) -> Optional[Callable[[str, bool], Reader]]:
    for ours, reader in _READERS:
        if ours(begins):
            return reader
    return None
