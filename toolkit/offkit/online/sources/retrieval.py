"""Sources that pip's links mean: a file of an index or of this machine, a directory, a repository."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from offkit.edges import leftovers
from offkit.model.url import without_secrets
from offkit.online.index.upstream import reach
from offkit.online.sources import archive
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
        with _checked_out(link) as (tree, place):
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
        raise Refused(f"has no directory {below}")
    return place


@contextlib.contextmanager
def _checked_out(link: Any) -> Iterator[tuple[Path, str]]:
    """A working copy, and its URL with the commit that it is of. Raises Refused."""
    known = reach("pip._internal.vcs", "vcs").get_backend_for_scheme(link.scheme)
    hide = reach("pip._internal.utils.misc", "hide_url")
    wrong = reach("pip._internal.exceptions", "PipError")
    with leftovers.scratch() as name, _no_questions():
        tree = Path(name) / "tree"
        try:
            known.unpack(str(tree), url=hide(link.url), verbosity=0)
            commit = str(known.get_revision(str(tree)))
        except (wrong, OSError) as error:
            said = getattr(getattr(error, "context", None), "plain", None)
            lines = str(said or getattr(error, "output_lines", None) or error).splitlines()
            raise Refused("its repository cannot be checked out", lines) from error
        url, _, _ = known.get_url_rev_and_auth(link.url)  # of them, only the first is nobody's secret
        yield tree, without_secrets(f"{known.name}+{url}@{commit}")


@contextlib.contextmanager
def _no_questions() -> Iterator[None]:
    """For the length of the block git asks nobody for a password (git(1), GIT_TERMINAL_PROMPT)."""
    before = os.environ.get("GIT_TERMINAL_PROMPT")
    os.environ["GIT_TERMINAL_PROMPT"] = "0"
    try:
        yield
    finally:
        del os.environ["GIT_TERMINAL_PROMPT"]
        if before is not None:
            os.environ["GIT_TERMINAL_PROMPT"] = before
