"""Sources that pip's links mean: a file of an index or of this machine, a directory, a repository."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from offkit.online.sources import archive, checkout
from offkit.online.sources.archive import Source
from offkit.online.sources.refusal import Refused
from offkit.online.wheels import store
from offkit.online.wheels.kept import Kept


@contextlib.contextmanager
def opened(link: Any, session: Any, kept: Kept) -> Iterator[Source]:
    """What a link of pip means, unpacked for the length of the block.

    ``session`` is pip's. Raises Refused; IntegrityError or EnvironmentProblem where a file cannot be had.
    """
    below = link.subdirectory_fragment or ""
    part = f"#subdirectory={below}" if below else ""
    if link.is_vcs:
        with checkout.made(link) as (tree, place):
            yield Source(_inside(tree, below), place + part, "", True)
    elif link.is_existing_dir():
        tree = Path(link.file_path)
        yield Source(_inside(tree, below), f"{tree.resolve().name}, a project directory", "", False)
    else:
        file = kept.path(link, session)
        with archive.unpacked(file) as tree:
            yield Source(_inside(tree, below), link.filename + part, store.sha256(file), True, file)


def _inside(tree: Path, below: str) -> Path:
    """Raises Refused for a subdirectory that is not there, or elsewhere."""
    place = tree / below
    if not place.is_dir() or not place.resolve().is_relative_to(tree.resolve()):
        raise Refused(f"has no directory {below}", fix="correct #subdirectory= in its URL")
    return place
