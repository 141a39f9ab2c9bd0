"""TOML, by the reader that this Python has."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Mapping
from typing import Any

_reader: Any = importlib.import_module("tomllib" if sys.version_info >= (3, 11) else "tomli")


def loads(data: bytes) -> Mapping[str, Any]:
    """The table of a file. Raises ValueError for what is none, in another encoding, or nested too deeply."""
    try:
        found: Mapping[str, Any] = _reader.loads(data.decode("utf-8"))
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    return found
