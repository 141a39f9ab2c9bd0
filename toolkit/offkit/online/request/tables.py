"""What ``pip list`` prints for people, and as JSON: its rows are pins, as ``--format=freeze`` writes them.

uv's ``uv pip list`` prints the same. The forms are those of pip.pypa.io, cli/pip_list: columns (with a
place for what was installed with -e), before pip 9 ``name (version)``, and JSON.
"""

from __future__ import annotations

import json
import re
import shlex
from typing import NamedTuple

_HEAD = re.compile(r"Package +Version\b.*")
_RULE = re.compile(r"-{3,}(?: +-+)+ *")
_OLD = re.compile(r"([A-Za-z0-9][\w.-]*) \((\d[^\s,()]*)(?:, ([^()]+))?\)")
_NAME = re.compile(r"[A-Za-z0-9][\w.-]*")
_SAID = re.compile(r"\[notice\]|WARNING: |DEPRECATION: |You (?:are using pip|should consider upgrading)")
_PLACE = "Editable project location"
_OLD_PLACE = "Location"  # before pip 21.3; with -v it is that of each


class Table(NamedTuple):
    text: str  # as a requirements file has it; the rows stay in their lines
    what: str  # it was
    rows: int


def read(text: str) -> Table | None:
    """None for what is no such list."""
    lines = [line.rstrip() for line in text.lstrip("\ufeff").splitlines()]
    first = next((number for number, line in enumerate(lines) if line), len(lines))
    if _HEAD.match("".join(lines[first : first + 1])) and _RULE.fullmatch(
        "".join(lines[first + 1 : first + 2])
    ):
        rows = _columns(lines[first], lines[first + 1], lines[first + 2 :])
        return _table([*([""] * (first + 2)), *rows], "a table of pip list")
    shown = [line for line in lines if line and not _SAID.match(line)]
    if shown and all(map(_OLD.fullmatch, shown)):
        return _table(list(map(_old, lines)), "a list of an old pip list")
    if text.lstrip().startswith("[{") and '"name"' in text:
        return _json(text)
    return None


def _table(lines: list[str], what: str) -> Table:
    return Table("\n".join(lines) + "\n", what, sum(map(bool, lines)))


def _columns(head: str, rule: str, rows: list[str]) -> list[str]:
    columns = {head[one.start() : one.end()].strip(): one.span() for one in re.finditer("-+", rule)}
    begins, ends = columns.get(_PLACE) or (0, 0)
    if not ends and "Installer" not in columns:
        begins, ends = columns.get(_OLD_PLACE) or (0, 0)
    return [_pin(row, row[begins:ends].strip()) for row in rows]


def _pin(row: str, place: str) -> str:
    name, version, *_ = (*row.split(), "", "")
    if _SAID.match(row):
        return ""
    if place:
        return _editable(place)
    return f"{name}=={version}" if _NAME.fullmatch(name) and version[:1].isdigit() else row


def _old(line: str) -> str:
    found = _OLD.fullmatch(line)
    if found is None:
        return ""
    name, version, place = found.groups()
    return _editable(place) if place else f"{name}=={version}"


def _json(text: str) -> Table | None:
    try:
        rows = [
            (row["name"], row["version"], row.get("editable_project_location")) for row in json.loads(text)
        ]
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return None
    lines = [_editable(place) if place else f"{name}=={version}" for name, version, place in rows]
    return _table(lines, "what pip list writes as JSON")


def _editable(place: object) -> str:
    return "-e " + shlex.quote(str(place))
