"""Names of source distributions, in all forms that pip's finder takes: what is told is to be what it saw.

Old projects have them as .tar.bz2, .tgz and the like (PEP 527); packaging's own parser knows two forms.
"""

from __future__ import annotations

from packaging.utils import NormalizedName, canonicalize_name
from packaging.version import InvalidVersion, Version

ENDS = (
    ".tar.gz", ".zip", ".tar.bz2", ".tgz", ".tar.xz", ".tbz", ".txz", ".tlz", ".tar.lz", ".tar.lzma", ".tar",
)  # fmt: skip


def stem(filename: str) -> str:
    """NAME-VERSION; "" of what is no archive."""
    if filename.endswith(ENDS):
        return filename[: -len(next(end for end in ENDS if filename.endswith(end)))]
    return ""


def version(filename: str, project: str) -> str:
    """What follows the name of a project, normalised, as pip finds that: both may have hyphens. "" where
    nothing does."""
    text = stem(filename)
    name, _, last = text.rpartition("-")
    if canonicalize_name(name) == project:
        return last
    places = (place for place, one in enumerate(text) if one == "-")
    return next((text[place + 1 :] for place in places if canonicalize_name(text[:place]) == project), "")


def project(filename: str) -> NormalizedName | None:
    """That of a source distribution; None for a name that is none."""
    name, _, last = stem(filename).rpartition("-")
    try:
        return canonicalize_name(name) if Version(last) and name else None
    except InvalidVersion:
        return None
