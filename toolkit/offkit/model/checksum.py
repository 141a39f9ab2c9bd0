"""SHA-256 of files that are given open. Pure."""

import hashlib
from typing import BinaryIO

_CHUNK = 1 << 20  # bytes in memory at a time


def sha256(source: BinaryIO) -> str:
    """In hex, of what is left to read."""
    seen = hashlib.sha256()
    for chunk in iter(lambda: source.read(_CHUNK), b""):
        seen.update(chunk)
    return seen.hexdigest()
