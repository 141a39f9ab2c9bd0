"""What one server has reported: a document offkit/host-1, and the answers of offkit in it.

All of it comes from another machine, so all of it may be anything. The frame of the document
(who, when, reached or not) has to be right; an answer inside that cannot be understood is kept
and marked, since the rest of what is known about the host is as good as before. Pure.
"""

import re
from datetime import datetime
from typing import Any, Dict, List, NamedTuple, Optional, Tuple

from offkit.model.finding import ERROR, INFO, WARNING, Finding

SCHEMA = "offkit/host-1"
LONGEST = 4000  # letters of one text; what is longer ends in …
FAILED = "offkit/error-1"
_TIME = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\Z")
_FAREWELL = re.compile(r"^(Shared c|C)onnection to \S+ closed\.\s*\Z", re.MULTILINE)
_SURROGATE = re.compile("[\ud800-\udfff]")


class Server(NamedTuple):
    """What the machine is. Texts are "" and ``el`` is 0 where nobody knows."""

    system: str
    el: int
    arch: str
    glibc: str
    python: str


class Result(NamedTuple):
    """How one of offkit's commands ended there, and what it said."""

    name: str  # deploy, doctor, verify, rollback
    time: str  # UTC, 2026-01-31T12:00:00Z
    rc: int
    schema: str  # of the document, "" without one
    document: Dict[str, Any]  # as it came; {} without one
    findings: Tuple[Finding, ...]
    error: str  # the headline of an offkit/error-1, else ""
    fix: str  # its cure
    stderr: str  # its end, when there is no document
    unclear: str  # what of the document could not be understood, "" when all was


class Host(NamedTuple):
    name: str
    groups: Tuple[str, ...]
    time: str  # when this was last written
    reachable: bool
    message: str  # one line, "" when all is well
    server: Optional[Server]
    generation: str  # current there, "" where none is known
    results: Tuple[Result, ...]  # oldest first


def from_json(data: Any) -> Host:
    """The host that a document describes. Raises ValueError, with what is wrong with its frame."""
    if not isinstance(data, dict):
        raise ValueError("not an object, but {}".format(_kind(data)))
    if data.get("schema") != SCHEMA:
        raise ValueError("schema is {}, not {}".format(_told(data.get("schema")), SCHEMA))
    name = _text(data, "host")
    if not name.strip():
        raise ValueError("host is empty")
    results = _get(data, "results", dict, "an object")
    read = [_result(clean(key), value) for key, value in results.items()]
    return Host(
        name=name,
        groups=tuple(clean(each) for each in _get(data, "groups", list, "a list") if isinstance(each, str)),
        time=_time(data),
        reachable=_get(data, "reachable", bool, "true or false"),
        message=_text(data, "message"),
        server=_server(data.get("server")),
        generation=_text(data, "generation"),
        results=tuple(sorted(read, key=lambda each: (each.time, each.name))),
    )


def clean(text: str) -> str:
    """A text that can be written in any encoding of Unicode, and is not longer than ``LONGEST``."""
    if len(text) > LONGEST:
        text = text[: LONGEST - 1] + "…"
    return _SURROGATE.sub("\ufffd", text)


def moment(time: str) -> datetime:
    """``2026-01-31T12:00:00Z`` as a value that can be compared. Raises ValueError."""
    year, month, day, hour, minute, second = (int(part) for part in re.split("[-T:Z]", time)[:6])
    return datetime(year, month, day, hour, minute, second)


def _server(data: Any) -> Optional[Server]:
    if data is None:
        return None
    if not isinstance(data, dict):
        raise ValueError("server is {}, not an object or null".format(_kind(data)))
    el = data.get("el", 0)
    words = {word: data.get(word) for word in ("system", "arch", "glibc", "python")}
    texts = {word: clean(value) if isinstance(value, str) else "" for word, value in words.items()}
    return Server(el=el if _is_int(el) and 0 <= el < 100 else 0, **texts)


def _result(name: str, data: Any) -> Result:
    try:
        if not isinstance(data, dict):
            raise ValueError("not an object, but {}".format(_kind(data)))
        time, rc = _time(data), data.get("rc")
        if not isinstance(rc, int) or isinstance(rc, bool):
            raise ValueError("rc is {}, not a number".format(_told(rc)))
        document = data.get("document")
        if document is not None and not isinstance(document, dict):
            raise ValueError("document is {}, not an object or null".format(_kind(document)))
    except ValueError as error:
        raise ValueError("results[{}]: {}".format(_told(name), error))
    said = data.get("stderr")
    document = document or {}
    schema = document.get("schema")
    findings, unclear = _findings(document)
    if document and not isinstance(schema, str):
        unclear = "its document has no schema"
    return Result(
        name=name,
        time=time,
        rc=rc,
        schema=clean(schema) if isinstance(schema, str) else "",
        document=document,
        findings=findings,
        error=_optional(document, "error") if schema == FAILED else "",
        fix=_optional(document, "fix") if schema == FAILED else "",
        stderr=_end(said) if isinstance(said, str) else "",
        unclear=unclear,
    )


def _findings(document: Dict[str, Any]) -> Tuple[Tuple[Finding, ...], str]:
    """(those that can be understood, what is wrong with the others)"""
    listed = document.get("findings", [])
    if not isinstance(listed, list):
        return (), "findings is {}, not a list".format(_kind(listed))
    found: List[Finding] = []
    wrong = 0
    for each in listed:
        try:
            found.append(_finding(each))
        except (KeyError, TypeError):
            wrong += 1
    return tuple(found), "{} of {} findings cannot be read".format(wrong, len(listed)) if wrong else ""


def _finding(data: Any) -> Finding:
    """Back from Finding.to_json. Raises KeyError or TypeError."""
    texts = [data[word] for word in ("code", "severity", "subject", "message", "fix")]
    places = data["looked_in"]
    if not all(isinstance(text, str) for text in texts) or not isinstance(places, list):
        raise TypeError("not a finding")
    code, severity, subject, message, fix = (clean(text) for text in texts)
    if severity not in (ERROR, WARNING, INFO):
        raise TypeError("not a finding")
    looked_in = tuple(clean(place) for place in places if isinstance(place, str))
    return Finding(code, severity, subject, message, looked_in, fix)


def _end(text: str) -> str:
    """The last lines are those that say why; ssh's farewell, where there was a terminal, is not one."""
    text = _FAREWELL.sub("", text)
    return clean(text if len(text) <= LONGEST else "…" + text[-LONGEST + 1 :])


def _optional(data: Dict[str, Any], word: str) -> str:
    value = data.get(word)
    return clean(value) if isinstance(value, str) else ""


def _text(data: Dict[str, Any], word: str) -> str:
    return clean(str(_get(data, word, str, "a text")))


def _time(data: Dict[str, Any]) -> str:
    value = str(_get(data, "time", str, "a text"))
    try:
        if not _TIME.match(value):
            raise ValueError(value)
        moment(value)
    except ValueError:
        raise ValueError("time is {}, not like 2026-01-31T12:00:00Z".format(_told(value)))
    return value


def _get(data: Dict[str, Any], word: str, kind: type, called: str) -> Any:
    if word not in data:
        raise ValueError("{} is missing".format(word))
    if not isinstance(data[word], kind):
        raise ValueError("{} is {}, not {}".format(word, _kind(data[word]), called))
    return data[word]


def _is_int(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _kind(value: Any) -> str:
    kinds = {dict: "an object", list: "a list", str: "a text", bool: "true or false", type(None): "null"}
    return kinds.get(type(value), "a number")


def _told(value: Any) -> str:
    text = ascii(value)
    return text if len(text) <= 60 else text[:57] + "..."
