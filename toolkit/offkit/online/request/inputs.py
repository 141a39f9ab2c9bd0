"""What people have instead of requirements: files of other tools, projects, locks, and misplaced words."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from offkit.model.errors import UsageError
from offkit.model.finding import Finding
from offkit.model.target import Target
from offkit.model.url import is_address, without_secrets
from offkit.online.index import named, sdists
from offkit.online.index.upstream import reach
from offkit.online.request import exports, pins, toml
from offkit.online.request.locked import Place, Request
from offkit.online.request.pins import Pin
from offkit.online.request.pyproject import Project, Unfit

_FILE = re.compile(r"\S+\.(?:txt|in|toml|lock|yml)")
_PROJECT = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")  # PEP 508, "Names"
_PACKAGES = (".whl", *sdists.ENDS)


class Read(NamedTuple):
    lines: list[str]  # as in a requirements file
    files: list[Place]  # requirements files
    findings: list[Finding]
    complete: bool  # all of it is from locks, which name all that is needed
    unfit: list[Unfit]  # projects among them that are for another Python


def place(word: str) -> Place:
    """What a word means that names a file, as pip takes it: a path, a file: URL, or the URL of a server.
    Raises UsageError for what can be neither."""
    if "\0" in word:
        raise UsageError(f"{word!r} is no path: it has a NUL byte", fix="correct it")
    scheme = word.partition(":")[0].lower()
    if scheme in ("http", "https"):
        return word
    try:
        return Path(reach("pip._internal.utils.urls", "url_to_path")(word) if scheme == "file" else word)
    except ValueError as error:  # of another host, or half of an IPv6 address
        raise UsageError(
            f"{without_secrets(word)} is no file of this machine", fix="give its path"
        ) from error


def check(request: Request) -> None:
    """Raises UsageError with everything that needs no index to be seen to be wrong."""
    wrong = [
        told
        for told in (
            *map(_misplaced, request.requirements),
            *map(_elsewhere, (*request.files, *(request.constraints or ()))),
            *map(_of_another_tool, request.files),
        )
        if told
    ]
    if any(request.parts) and not any(_suffix(file) == ".toml" for file in request.files):
        option = "--group" if request.parts.groups else "--extra"
        wrong.append((f"{option} is about a project", "give it as well: -r pyproject.toml"))
    if wrong:
        raise UsageError(
            "\n".join(message for message, _ in wrong), fix="\n".join(dict.fromkeys(fix for _, fix in wrong))
        )


def built(words: Sequence[str]) -> tuple[str, ...]:
    """The projects that --build names, normalised. Raises UsageError."""
    wrong = [word for word in words if word != ":all:" and not _PROJECT.fullmatch(word)]
    if wrong:
        message = f"--build: {wrong[0]!r} is no name of a project"
        raise UsageError(message, fix="give a name without a version, or :all:")
    return tuple(dict.fromkeys(word if word == ":all:" else canonicalize_name(word) for word in words))


def read(request: Request, target: Target, made: bool = False) -> Read:
    """Requirements for a target; ``made`` as of pylock.requirements. Raises UsageError or RequestError for a
    file that has none for it."""
    lines, files, findings, unfit, locks = list(request.requirements), [], [], [], 0
    groups, extras = request.parts
    for path in request.files:
        if isinstance(path, str) or path.suffix != ".toml":
            files.append(path)
            continue
        from offkit.online.request import pylock

        data = _tables(path)
        if pylock.is_name(path) or "lock-version" in data:
            locks += 1
            lines += pylock.requirements(data, path, groups, extras, target, made)
        else:
            project = Project(data, path)
            wrong = project.unfit(target)
            unfit += [wrong] if wrong else []
            more, told = project.requirements(groups, extras)
            lines += more
            findings += told
    complete = not request.requirements and locks == len(request.files)
    return Read(lines, files, findings, complete, unfit)


def pinned(request: Request, target: Target) -> list[Pin]:
    """The pins that the request consists of; none of them where it is no lock with hashes. Raises what
    ``read`` does."""
    if request.requirements or request.constraints:
        return []
    given = read(request, target, True)
    if given.findings or given.unfit:
        return []
    found = [pins.parse("\n".join(given.lines)), pins.read(given.files)]
    return [pin for some in found for pin in some or ()] if None not in found else []


def of_target(request: Request, target: Target, targets: Sequence[Target]) -> Request:
    """Without the locks of ours for others of the targets, where there is one for this one; with what is
    asked for those beside."""
    beside = tuple((one, _own(request, one, targets)) for one in targets if one != target)
    return _own(request, target, targets)._replace(beside=beside)


def _own(request: Request, target: Target, targets: Sequence[Target]) -> Request:
    def own(files: Sequence[Place]) -> tuple[Place, ...]:
        heads = [(file, pins.head(file)) for file in files if isinstance(file, Path)]
        locks = {file: head for file, head in heads if head is not None}
        meant = target.describe()
        for_it = {file for file, head in locks.items() if head.target == meant}
        for_it = for_it or {file for file, head in locks.items() if head.holds_for(meant)}
        others = {
            file
            for file, head in locks.items()
            if for_it and file not in for_it and any(head.holds_for(one.describe()) for one in targets)
        }
        return tuple(file for file in files if file not in others)

    constraints = None if request.constraints is None else own(request.constraints)
    return request._replace(files=own(request.files), constraints=constraints)


def own_indexes(request: Request) -> Request:
    """With the indexes that projects among the files name, as --index and --from would, or as uv takes those
    that are not for some packages alone; those of the request count before them."""
    _, known = named.split(request.index_args)
    more: list[str] = []
    default: list[str] = []
    for path in request.files:
        if isinstance(path, Path) and path.suffix == ".toml" and not _is_lock(path):
            project = Project(_tables(path), path)
            for name, url, is_default in project.shared_indexes():
                if is_default:
                    default = default or ["--index-url", url]
                elif name not in known.urls:
                    more += [named.FIRST, f"{name}={url}"]
            for index, url, package in project.own_indexes():
                if canonicalize_name(package) not in known.pinned:
                    url = known.urls.get(index, url)
                    more += [named.INDEX, f"{index}={url}", named.FROM, f"{index}={package}"]
    return request._replace(index_args=(*default, *request.index_args, *more))


def _is_lock(path: Path) -> bool:
    from offkit.online.request import pylock  # takes its time, and most requests have none

    return pylock.is_name(path)


def _tables(path: Path) -> Mapping[str, Any]:
    try:
        return toml.loads(path.read_bytes())
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}", fix="check the path") from error
    except ValueError as error:
        raise UsageError(f"{path} is no TOML: {error}", fix="correct the file") from error


def _misplaced(word: str) -> tuple[str, str] | None:
    """(what is wrong, what to do) with a word that is a file of requirements, and no requirement."""
    path = Path(word)
    if word.endswith(_PACKAGES):
        return None
    there = os.path.isfile(word)  # False too for what no path can be
    other = _of_another_tool(path) if there else None
    if other is None and (_FILE.fullmatch(word) or (there and not _is_name(word))):
        return f"{word} is the name of a file, not of a package", f"did you mean -r {word}?"
    return other


def _is_name(word: str) -> bool:
    """Whether it means a project, whatever files there are; 'requirements' means the file."""
    try:
        Requirement(word)
    except InvalidRequirement:
        return False
    return not word.startswith("requirements")


def _suffix(file: Place) -> str:
    if isinstance(file, str):
        return PurePosixPath(urlsplit(file).path).suffix if is_address(file) else ""
    return file.suffix


def _elsewhere(file: Place) -> tuple[str, str] | None:
    """Of URLs only requirements files are read, as pip does."""
    if not isinstance(file, str):
        return None
    if not is_address(file):
        return f"{without_secrets(file)} is not a URL", "correct it"
    name = unquote(urlsplit(file).path).rpartition("/")[2]
    if not name.endswith(".toml") and not exports.is_named(name):
        return None
    shown = without_secrets(file)
    return f"{shown}: {name} is read as a file, and not from a URL", f"download {shown} and give the file"


def _of_another_tool(path: Place) -> tuple[str, str] | None:
    if isinstance(path, str):
        return None
    row = exports.recognise(path)
    if row is None:
        return None
    projects = (exports.SETUP, exports.SETUP_CFG)
    fix = exports.of_project(row, path) if row in projects else f"run: {exports.advice(row, path)}"
    return f"{path} is {row.what}, and no requirements file", fix
