"""RECORD, the list of an installed distribution's files (PEP 376, PEP 627). Pure."""

import base64
import csv
import hashlib
import io
import posixpath
import re
from typing import Dict, Iterable, List, NamedTuple, Optional, Sequence, Tuple

BYTE_CODE = (".pyc", ".pyo")
_SIZE = re.compile("[0-9]{1,18}")  # bytes; int() refuses what is longer by far
HASHES = ("sha256", "sha384", "sha512")  # what PEP 376 as amended allows; others vouch for nothing


class RecordedFile(NamedTuple):
    """A file as it was installed."""

    path: str  # normal form, below the site-packages that the RECORD lies in; may begin with ../
    algorithm: str  # of hashlib, "" where nothing vouches for the contents
    digest: str  # base64 for URLs, without padding
    size: Optional[int]  # bytes, None where it is not recorded

    def matches(self, chunks: Iterable[bytes]) -> bool:
        """Whether these contents are the recorded ones; true where nothing is recorded."""
        seen, size = hashlib.new(self.algorithm if self.algorithm in HASHES else "sha256"), 0
        for chunk in chunks:
            seen.update(chunk)
            size += len(chunk)
        if self.size is not None and size != self.size:
            return False
        return self.algorithm not in HASHES or encode(seen.digest()) == self.digest.rstrip("=")


class Wrong(NamedTuple):
    """A line that is none of a RECORD."""

    line: int
    row: str  # its fields, "" where csv refuses them
    error: str  # csv's, "" without

    def __str__(self) -> str:
        return self.error or "{!r} is not a RECORD line".format(self.row[:100])


def encode(digest: bytes) -> str:
    """A hash as RECORD has it."""
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode("ascii")


def row(path: str, contents: bytes) -> List[str]:
    """The line about a file with these contents."""
    return [path, "sha256=" + encode(hashlib.sha256(contents).digest()), str(len(contents))]


def dump(rows: Iterable[Sequence[str]]) -> str:
    """The text of a RECORD with these lines."""
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator="\n").writerows(rows)
    return out.getvalue()


def amended(text: str, site: str, changed: Dict[str, bytes]) -> str:
    """RECORD with new hashes and sizes for ``changed`` (path below the environment: contents).

    ``site`` is the directory of site-packages below the environment, to which RECORD's
    paths are relative.
    """
    rows = list(csv.reader(io.StringIO(text, newline="")))
    for each in rows:
        data = changed.get(posixpath.normpath(posixpath.join(site, each[0]))) if each else None
        if data is not None:
            each[:] = row(each[0], data)
    return dump(rows)


def read(text: str) -> Tuple[List[RecordedFile], List[Wrong]]:
    """The files of a RECORD, and the lines that are none. Nothing is read after what csv refuses."""
    found, wrong = [], []
    reader = csv.reader(io.StringIO(text, newline=""))
    try:
        for fields in filter(None, reader):
            one = _file(fields)
            if one is None:
                wrong.append(Wrong(reader.line_num, ",".join(fields), ""))
            else:
                found.append(one)
    except csv.Error as error:
        wrong.append(Wrong(reader.line_num, "", str(error)))
    return found, wrong


def _file(fields: List[str]) -> Optional[RecordedFile]:
    if (
        len(fields) != 3
        or not fields[0]
        or "\0" in fields[0]
        or (fields[2] and not _SIZE.fullmatch(fields[2]))
    ):
        return None
    algorithm, equals, digest = fields[1].partition("=")
    if fields[1] and not (equals and digest):
        return None
    size = int(fields[2]) if fields[2] else None
    return RecordedFile(posixpath.normpath(fields[0]), algorithm, digest, size)
