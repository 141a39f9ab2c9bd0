"""Sources that a request gives by a path or a URL, to be carried: which of them is meant, and their sdist."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name

from offkit.edges import leftovers
from offkit.model.errors import UsageError
from offkit.model.report import Reporter
from offkit.online.index import sdists
from offkit.online.sources import archive, backend, metadata, offered
from offkit.online.sources.archive import Source
from offkit.online.sources.environment import Provide
from offkit.online.sources.interpreters import Interpreter
from offkit.online.wheels import store


def meant(word: str, requirements: Sequence[Any]) -> Any | None:
    """The one of pip's requirements that a project's name means, or the path of a directory or a file; None
    for a name of an index. Raises UsageError for a path that is no requirement."""
    path = Path(word)
    is_path = path.name != word or word == ".."
    for one in requirements:
        if one.constraint or not offered.is_source(one):
            continue
        if one.link.is_file and Path(one.link.file_path).resolve() == path.resolve():
            return one
        if not is_path and canonicalize_name(one.name or name(one.link)) == canonicalize_name(word):
            return one
    if not is_path:
        return None
    message = f"--carry-source {word}: no requirement is that directory or file"
    raise UsageError(message, fix=f"add {word} to the requirements")


def name(link: Any) -> str:
    """What a project calls itself before anything of it runs; "" where it does not say."""
    if link.is_existing_dir():
        return metadata.name(Path(link.file_path) / (link.subdirectory_fragment or ""))
    return "" if link.is_vcs else sdists.project(link.filename) or ""


def sdist(
    source: Source, cache: Path, asked: Callable[[], tuple[Interpreter, Provide]], reporter: Reporter
) -> Path:
    """A source distribution of sources, in the cache: the file itself, or made by the backend, which is
    ``asked`` as that gives, into the same bytes for the same tree. Raises Refused."""
    if source.archive is not None and sdists.project(source.archive.name) and "#" not in source.text:
        return source.archive
    reporter.step(f"making the source distribution of {source.text}")
    with backend.opened(source.tree, *asked()) as opened, leftovers.scratch() as out:
        made = opened.sdist(Path(out))
        return store.keep(made.name, archive.settled(made.read_bytes()), cache)
