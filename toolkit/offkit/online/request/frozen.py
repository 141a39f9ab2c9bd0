"""Lines of pip freeze that name a directory which only the builder of the package had.

conda makes its packages with pip, out of a directory; pip notes where from (PEP 610), and lists
``numpy @ file:///croot/numpy_1/work`` later on, on whatever machine. So it does with a wheel that was
downloaded: ``pywinpty @ file:///D:/wheels/pywinpty-2.0.2-cp37-none-win_amd64.whl``.
"""

from __future__ import annotations

import os
import re
from typing import NamedTuple
from urllib.parse import unquote

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from offkit.model.finding import WARNING, Finding
from offkit.model.url import without_secrets
from offkit.online.index import sdists
from offkit.online.index.upstream import reach

_DIRECT = re.compile(r"^\s*([A-Za-z0-9][\w.-]*)\s*(\[[^\]]*\])?\s*@\s*(file:\S+)\s*(;.*)?$")
_WHEEL = re.compile(
    r"^\s*(?:([A-Za-z0-9][\w.-]*)\s*(\[[^\]]*\])?\s*@\s*)?(file:/\S+?\.whl)(?:#\S*)?\s*(;.*)?$"
)


class Taken(NamedTuple):
    text: str  # a requirement line
    finding: Finding | None = None  # where it is not the one that was given


def read(line: str, where: str) -> Taken:
    """A requirement by name for one whose directory does not exist here; any other as it is.

    ``where`` is the place of the line. A wheel that is missing from a directory of this machine stays what
    it is: it was chosen here.
    """
    wheel = _WHEEL.match(line)
    if wheel:
        return _of_wheel(line, where, *wheel.groups())
    direct = _DIRECT.match(line)
    if not direct:
        return Taken(line)
    name, extras, url, marker = direct.groups()
    path = unquote(url.partition("#")[0])
    if _is_here(url):
        return Taken(line)
    version = _version(name, path)
    text = name + (extras or "") + (f"=={version}" if version else "") + (f" {marker}" if marker else "")
    message = f"{where}: {url} is no file of this machine, but of the one that built it; taken as {text}"
    fix = "" if version else "pin the version: 'python -m pip list --format=freeze' over there tells it"
    return Taken(text, Finding("REQ018", WARNING, canonicalize_name(name), message, (), fix))


def _of_wheel(
    line: str, where: str, name: str | None, extras: str | None, url: str, marker: str | None
) -> Taken:
    directory, _, filename = unquote(url).rpartition("/")
    parts = filename.split("-")
    project, number = parts[0], parts[1] if len(parts) in (5, 6) else ""
    other = name is not None and canonicalize_name(name) != canonicalize_name(project)
    if other or "\0" in directory or _is_here(directory + "/"):
        return Taken(line)
    try:
        text = f"{name or project}{extras or ''}=={Version(number)}" + (f" {marker}" if marker else "")
    except InvalidVersion:
        return Taken(line)
    message = f"{where}: {without_secrets(url)} is no file of this machine, but of another; taken as {text}"
    return Taken(text, Finding("REQ018", WARNING, canonicalize_name(name or project), message))


def is_gone(tree: str) -> bool:
    """Whether what was installed with -e is a directory that does not exist here."""
    return os.path.isabs(tree) and not os.path.exists(tree)


def _is_here(url: str) -> bool:
    try:
        return os.path.exists(reach("pip._internal.utils.urls", "url_to_path")(url.partition("#")[0]))
    except ValueError:  # of another host
        return False


def _version(name: str, path: str) -> str:
    """That of ``numpy-1.21.2`` or ``numpy-1.21.2.tar.gz`` in a path, "" where there is none. conda's
    ``numpy_1682520569166`` is a time."""
    for part in reversed(path.split("/")):
        project, _, version = (sdists.stem(part) or part).rpartition("-")
        if "." in version and canonicalize_name(project) == canonicalize_name(name):
            try:
                return str(Version(version))
            except InvalidVersion:
                continue
    return ""
