"""RECORD, the list of an installed distribution's files (PEP 376, PEP 627). Pure."""

import base64
import csv
import hashlib
import io
import posixpath
from typing import Iterable, List, NamedTuple, Optional

BYTE_CODE = (".pyc", ".pyo")


class RecordedFile(NamedTuple):
    """A file as it was installed."""

    path: str  # normal form, below the site-packages that the RECORD lies in; may begin with ../
    algorithm: str  # of hashlib, "" where nothing vouches for the contents
    digest: str  # base64 for URLs, without padding
    size: Optional[int]  # bytes, None where it is not recorded

    def matches(self, chunks: Iterable[bytes]) -> bool:
        """Whether these contents are the recorded ones; true where nothing is recorded."""
        seen, size = hashlib.sha256(), 0
        for chunk in chunks:
            seen.update(chunk)
            size += len(chunk)
        if self.size is not None and size != self.size:
            return False
        return self.algorithm != "sha256" or encode(seen.digest()) == self.digest.rstrip("=")


def encode(digest: bytes) -> str:
    """A hash as RECORD has it."""
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode("ascii")


def entries(text: str) -> List[RecordedFile]:
    """The files of a RECORD. ValueError when a line is none."""
    found = []
    try:
        rows = [row for row in csv.reader(io.StringIO(text, newline="")) if row]
    except csv.Error as error:
        raise ValueError(str(error))
    for row in rows:
        if len(row) != 3 or not row[0] or "\0" in row[0] or (row[2] and not row[2].isdigit()):
            raise ValueError("{!r} is not a line of a RECORD".format(",".join(row)[:100]))
        algorithm, _, digest = row[1].partition("=")
        size = int(row[2]) if row[2] else None
        found.append(RecordedFile(posixpath.normpath(row[0]), algorithm, digest, size))
    return found
