"""A source tree and the backend that it names (PEP 517), called by pypa's build.

What is called is code of whoever wrote the sources: call it only for what the user has asked to be built.
"""

from __future__ import annotations

import contextlib
import logging
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal, NamedTuple, TypeVar

from build import BuildBackendException, BuildException, ProjectBuilder

from offkit.edges import leftovers
from offkit.model.built import Pin
from offkit.online.sources import metadata, refusal
from offkit.online.sources.environment import Ended, Environment, Provide
from offkit.online.sources.interpreters import Interpreter
from offkit.online.sources.metadata import Metadata
from offkit.online.sources.refusal import Refused

_PROJECT = "correct its pyproject.toml, or give the directory of the project: #subdirectory=DIR in its URL"
_LOG = logging.getLogger(__name__)
_Result = TypeVar("_Result")


class Prepared(NamedTuple):
    """Sources that could be built, and what that takes."""

    metadata: Metadata
    static: bool  # whether another Python would say the same
    python: Interpreter  # that was asked
    requires: tuple[str, ...]  # requirement lines of what builds it, for another Python to resolve


def prepare(tree: Path, python: Interpreter, provide: Provide) -> Prepared:
    """The metadata of a source tree, without building it where its backend can do that. Raises Refused."""
    with opened(tree, python, provide) as project, leftovers.scratch() as out:
        text = (project.metadata(Path(out)) / "METADATA").read_bytes()
        return Prepared(metadata.read(text), metadata.is_static(tree), python, project.requires)


@contextlib.contextmanager
def opened(tree: Path, python: Interpreter, provide: Provide) -> Iterator[Project]:
    """A source tree with an isolated environment that lasts as long as the block. Raises Refused."""
    with leftovers.scratch() as name:
        yield Project(tree, Environment(python.path, Path(name) / "env", provide))


class Project:
    """What can be asked of a backend; each raises Refused."""

    def __init__(self, tree: Path, where: Environment) -> None:
        self._where, self._tree = where, tree
        self._installed: set[str] = set()
        try:
            self._builder = ProjectBuilder.from_isolated_env(where, tree, where.runner)
        except BuildException as error:
            raise Refused(f"is no Python project: {error}", fix=_PROJECT) from error

    @property
    def pins(self) -> tuple[Pin, ...]:
        """The build requirements that are installed."""
        return tuple(sorted(self._where.pins))

    @property
    def requires(self) -> tuple[str, ...]:
        """The same as requirement lines."""
        return tuple(sorted(self._installed))

    def base(self) -> tuple[Pin, ...]:
        """What pyproject.toml asks for, resolved; nothing of the backend runs."""
        wanted = self._builder.build_system_requires
        return self._where.resolve(sorted(wanted)).pins if wanted else ()

    def metadata(self, out: Path) -> Path:
        """The directory .dist-info of the wheel that would be."""
        self._ready("wheel")
        return Path(self._called("preparing its metadata", lambda: self._builder.metadata_path(out)))

    def wheel(self, out: Path) -> Path:
        self._ready("wheel")
        return Path(self._called("its build", lambda: self._builder.build("wheel", out)))

    def sdist(self, out: Path) -> Path:
        """What setuptools leaves in the tree for it goes again."""
        before = set(_left(self._tree))
        try:
            self._ready("sdist")
            return Path(self._called("making its sdist", lambda: self._builder.build("sdist", out)))
        finally:
            for path in set(_left(self._tree)) - before:
                for name in path.iterdir():
                    name.unlink()
                path.rmdir()

    def _ready(self, kind: Literal["sdist", "wheel"]) -> None:
        """With what pyproject.toml asks for, and then what the backend does."""
        self._install(self._builder.build_system_requires)
        step = "asking for its build requirements"
        self._install(self._called(step, lambda: self._builder.get_requires_for_build(kind)))

    def _install(self, requirements: set[str]) -> None:
        if requirements - self._installed:
            self._installed |= requirements
            self._where.install(sorted(self._installed))

    def _called(self, step: str, hook: Callable[[], _Result]) -> _Result:
        try:
            with warnings.catch_warnings(record=True) as told:
                warnings.simplefilter("always")
                found = hook()
            for one in told:
                _LOG.info("%s", one.message)
            return found
        except BuildBackendException as error:
            inner = error.exception
            if isinstance(inner, Ended):
                raise refusal.failed(step, inner.lines) from error
            said = getattr(inner, "traceback", "").splitlines()
            raise Refused(f"{step} failed: {error}", said, log=True) from error
        except BuildException as error:
            raise Refused(f"{step} failed: {error}") from error


def _left(tree: Path) -> list[Path]:
    return [path for place in (tree, tree / "src") for path in place.glob("*.egg-info") if path.is_dir()]
