"""A bundle in several files: which, in which order, and what each must be.

The parts are slices of the tar, all but the last of one size, and beside them lies an index that
``sha256sum -c`` reads as well (the rest are comments to it):

    # offkit/parts-1
    # bundle 86922752 bytes in parts of 40000000, sha256 31…ed
    5b…5b  bundle.tar.001
    …
    # self 9a…0c

``cat bundle.tar.[0-9]*`` is the bundle, for whoever has no offkit. The last line is the SHA-256 of all
before it.
"""

import hashlib
import re
from typing import List, NamedTuple, Tuple

from offkit.model import archive
from offkit.model.errors import IntegrityError, damaged

SCHEMA = b"# offkit/parts-1\n"
EXTENSION = ".parts"
MOST = 500  # parts: all of them are open at once, and a process has 1,024 files
LARGEST = 1 << 20  # bytes of an index
_WHOLE = re.compile(r"# bundle (\d{1,18}) bytes in parts of (\d{1,18}), sha256 ([0-9a-f]{64})")
_PART = re.compile(r"([0-9a-f]{64})  (\S+)")


class Part(NamedTuple):
    name: str  # of its file
    offset: int  # bytes, in the bundle
    size: int  # bytes
    sha256: str  # in hex


class Index(NamedTuple):
    size: int  # bytes of the bundle
    part_size: int  # bytes of all parts but the last
    sha256: str  # of the bundle, in hex
    parts: Tuple[Part, ...]


def name(bundle: str, number: int) -> str:
    """Of part ``number``, from 1 to MOST, of a bundle of that name: by these they are in their order."""
    return "{}.{:03d}".format(archive.as_safe(bundle), number)


def dump(index: Index) -> bytes:
    """The text of the index."""
    whole = "# bundle {0.size} bytes in parts of {0.part_size}, sha256 {0.sha256}\n".format(index)
    lines = "".join("{0.sha256}  {0.name}\n".format(one) for one in index.parts)
    text = SCHEMA + (whole + lines).encode("ascii")
    return text + _vouched(text)


def load(text: bytes, path: str) -> Index:
    """An index from its text; ``path`` is what it is called. Raises IntegrityError (BUN022)."""
    body, mark, own = text.rpartition(b"# self ")
    if mark + own != _vouched(body):
        raise _damaged(path, "its own checksum does not match")
    try:
        first, *lines = body[len(SCHEMA) :].decode("ascii").splitlines()
    except ValueError:
        raise _damaged(path, "it says nothing of a bundle")
    found = _WHOLE.fullmatch(first)
    if not found:
        raise _damaged(path, "it says nothing of a bundle")
    size, part_size = int(found.group(1)), int(found.group(2))
    if not size > 0 or part_size < 1 or len(lines) != -(-size // part_size) or len(lines) > MOST:
        raise _damaged(path, "it lists {} parts of {} bytes for {} bytes".format(len(lines), part_size, size))
    parts: List[Part] = []
    for number, line in enumerate(lines):
        part = _PART.fullmatch(line)
        if not part or not archive.is_safe(part.group(2)) or "/" in part.group(2):
            raise _damaged(path, "its line {!r} names no part".format(line))
        offset = number * part_size
        parts.append(Part(part.group(2), offset, min(part_size, size - offset), part.group(1)))
    if len({one.name for one in parts}) < len(parts):
        raise _damaged(path, "it names a part twice")
    return Index(size, part_size, found.group(3), tuple(parts))


def _vouched(text: bytes) -> bytes:
    return b"# self " + hashlib.sha256(text).hexdigest().encode("ascii") + b"\n"


def _damaged(path: str, why: str) -> IntegrityError:
    fix = "carry the index again: it is small, and lies beside the parts"
    return damaged("BUN022", path, "{} is no index of parts, or damaged: {}".format(path, why), fix)
