"""The requirements of a project, out of its pyproject.toml (PEP 621, PEP 735)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from packaging.dependency_groups import resolve_dependency_groups
from packaging.errors import ExceptionGroup
from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name

from offkit.model.errors import UsageError
from offkit.model.finding import ERROR, WARNING, Finding
from offkit.model.target import Target
from offkit.model.url import is_address, without_secrets
from offkit.online.request import exports

_SHOWN = 30  # names of groups or extras


class Unfit(NamedTuple):
    """A project that is for another Python than the server's."""

    finding: Finding
    pythons: str  # its requires-python


class Project(NamedTuple):
    """A pyproject.toml and where it is."""

    data: Mapping[str, Any]
    path: Path

    def requirements(self, groups: Sequence[str], extras: Sequence[str]) -> tuple[list[str], list[Finding]]:
        """Those of the project with ``extras`` and of its dependency groups; and what is worth knowing
        of them. Raises UsageError for what the file does not say."""
        table = self._table("project")
        if not table and (extras or not groups):
            raise self._no_project()
        lines = _strings(table.get("dependencies", []), "dependencies", self.path)
        dynamic = _strings(table.get("dynamic", []), "dynamic", self.path)
        if "dependencies" in dynamic:
            raise self._dynamic("dependencies")
        try:
            lines += resolve_dependency_groups(self._table("dependency-groups"), *groups)
        except (ValueError, TypeError, LookupError, RecursionError, ExceptionGroup) as error:
            fix = _known("--group", self.data.get("dependency-groups"))
            told = without_secrets(_told(error))
            raise UsageError(f"{self.path}: {told}", fix=fix) from error
        found = self._with_extras(table, lines, [canonicalize_name(extra) for extra in extras])
        return found, self._from_elsewhere(found)

    def _with_extras(
        self, table: Mapping[str, Any], lines: Sequence[str], extras: Sequence[str]
    ) -> list[str]:
        """``lines`` and those of the extras. Of the project itself, ``app[gui]`` is one extra more."""
        name = canonicalize_name(str(table.get("name", "")))
        found, waiting, done = [], list(extras), set()
        new = list(lines)
        while new or waiting:
            for line in new:
                own = _extras_of(line, name)
                found += [line] if own is None else []
                waiting += own or []
            new = []
            if waiting and (extra := waiting.pop(0)) not in done:
                done.add(extra)
                new = self._extra(table, extra)
        return found

    def _extra(self, table: Mapping[str, Any], extra: str) -> list[str]:
        if "optional-dependencies" in table.get("dynamic", ()):
            raise self._dynamic("optional-dependencies")
        optional = self._table("optional-dependencies", table)
        for name in optional:
            if canonicalize_name(name) == extra:
                return _strings(optional[name], f"optional-dependencies.{name}", self.path)
        raise UsageError(f"{self.path} has no extra {extra!r}", fix=_known("--extra", optional))

    def unfit(self, target: Target) -> Unfit | None:
        """That it is for another Python; None where it is not. Raises UsageError."""
        table = self._table("project")
        wanted = table.get("requires-python", "")
        try:
            fits = target.python in SpecifierSet(wanted)
        except (InvalidSpecifier, TypeError, AttributeError):
            raise UsageError(f"{self.path}: requires-python is no list of versions: {wanted!r}") from None
        if fits:
            return None
        name = str(table.get("name") or self.path)
        message = f"needs Python {wanted} ({self.path}); the server has {target.python}"
        return Unfit(Finding("REQ008", ERROR, name, message), wanted)

    def _dynamic(self, key: str) -> UsageError:
        """setuptools may say which file they are read from; otherwise only a build tells them."""
        said = self._tool("setuptools", "dynamic", key, "file")
        files = [said] if isinstance(said, str) else said if isinstance(said, list) else []
        fix = " ".join(f"-r {self.path.parent / str(file)}" for file in files)
        return UsageError(
            f"{self.path}: {key} are dynamic: only a build of the project tells them",
            fix=f"give {fix} instead" if fix else exports.of_project(exports.SETUP, self.path),
        )

    def _no_project(self) -> UsageError:
        if self._tool("poetry") is not None:
            message = f"{self.path} has the dependencies of Poetry, and no [project] table"
            # Without that table setuptools would build it, which knows nothing of Poetry's.
            fix = exports.of_project if "build-system" in self.data else exports.advice
            return UsageError(message, fix=fix(exports.POETRY, self.path))
        groups = _known("--group", self.data.get("dependency-groups"))
        return UsageError(f"{self.path} has no [project] table", fix=groups or "give a requirements file")

    def _from_elsewhere(self, lines: Iterable[str]) -> list[Finding]:
        """What uv takes from another index, a directory or a repository, and a namesake may replace."""
        sources = self._tool("uv", "sources")
        if not isinstance(sources, Mapping):
            return []
        known = self._indexes()
        elsewhere = {
            canonicalize_name(name): source for name, source in sources.items() if _index(source) not in known
        }
        found = []
        wanted = dict.fromkeys(map(_name, lines))
        for name, source in elsewhere.items():
            if name in wanted:
                told = f"[tool.uv.sources] takes it from {_keys(source)}"
                message = f"{self.path}: {told}, which is not looked at: it is asked of the index"
                fix = exports.advice(exports.UV, self.path.with_name("uv.lock"))
                found.append(Finding("REQ018", WARNING, name, message, (), fix))
        return found

    def own_indexes(self) -> list[tuple[str, str, str]]:
        """(index, its URL, package) for what [tool.uv.sources] takes from one of [[tool.uv.index]]
        (docs.astral.sh/uv, "Pinning a package to an index")."""
        sources, known = self._tool("uv", "sources"), self._indexes()
        pairs = sources.items() if isinstance(sources, Mapping) else ()
        return [(name, known[name], package) for package, one in pairs if (name := _index(one)) in known]

    def shared_indexes(self) -> list[tuple[str, str, bool]]:
        """(index, its URL, whether it is in the place of PyPI) for what [[tool.uv.index]] has that is neither
        "explicit" nor of some packages in [tool.uv.sources], in the order in which uv asks them."""
        taken = {index for index, _, _ in self.own_indexes()}
        return [
            (str(row.get("name", f"index{number}")), row["url"], row.get("default") is True)
            for number, row in enumerate(self._rows(), 1)
            if row.get("explicit") is not True and row.get("name") not in taken
        ]

    def _indexes(self) -> dict[str, str]:
        return {row["name"]: row["url"] for row in self._rows() if isinstance(row.get("name"), str)}

    def _rows(self) -> list[Mapping[str, Any]]:
        tables = self._tool("uv", "index")
        rows = [one for one in tables if isinstance(one, Mapping)] if isinstance(tables, list) else []
        return [one for one in rows if is_address(str(one.get("url", "")))]

    def _tool(self, *keys: str) -> Any:
        found: Any = self.data.get("tool")
        for key in keys:
            found = found.get(key) if isinstance(found, Mapping) else None
        return found

    def _table(self, key: str, of: Mapping[str, Any] | None = None) -> Mapping[str, Any]:
        found = (self.data if of is None else of).get(key, {})
        if not isinstance(found, Mapping):
            raise UsageError(f"{self.path}: {key} is no table")
        return found


def _name(line: str) -> str | None:
    try:
        return canonicalize_name(Requirement(line).name)
    except InvalidRequirement:
        return None  # the resolver says so


def _extras_of(line: str, name: str) -> list[str] | None:
    """Those that a requirement of the project itself has; None for any other."""
    if not name or _name(line) != name:
        return None
    return [canonicalize_name(extra) for extra in sorted(Requirement(line).extras)]


def _index(source: Any) -> str:
    """The index that a package is taken from, and from nothing else; "" for any other source."""
    return str(source["index"]) if isinstance(source, Mapping) and set(source) == {"index"} else ""


def _keys(source: Any) -> str:
    tables = source if isinstance(source, list) else [source]
    return ", ".join(sorted({key for table in tables if isinstance(table, Mapping) for key in table}))


def _known(option: str, names: Any) -> str:
    known = sorted(names) if isinstance(names, Mapping) else []
    more = [f"and {len(known) - _SHOWN} more"] if len(known) > _SHOWN else []
    return f"{option} is one of: {', '.join([*known[:_SHOWN], *more])}" if known else ""


def _told(error: BaseException) -> str:
    """All that is wrong with the groups, or the one thing."""
    inner = getattr(error, "exceptions", ())
    return "; ".join(_told(each) for each in inner) or str(error.args[0] if error.args else error)


def _strings(value: Any, key: str, path: Path) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise UsageError(f"{path}: {key} is no list of strings")
    return list(value)
