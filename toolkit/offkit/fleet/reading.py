"""The directory of a report: ``DIR/hosts/*.json``, each of which may be anything."""

import json
import os
import stat
from typing import Any, Dict, List, NamedTuple, Tuple

from offkit.fleet import host
from offkit.fleet.host import Host
from offkit.model.errors import UsageError
from offkit.model.finding import ERROR, WARNING, Finding

HOSTS = "hosts"
LARGEST = 16 << 20  # bytes of one file
_AGAIN = "remove it, or run the playbook again for that host: it rewrites the file"


class Gathered(NamedTuple):
    hosts: Tuple[Host, ...]  # one of each name, by name
    findings: Tuple[Finding, ...]  # about the files


class _Unreadable(Exception):
    """(code, what is wrong)"""


def gather(directory: str) -> Gathered:
    """All that can be read, and a finding for each file that cannot. Raises UsageError where
    nothing was ever reported."""
    folder = os.path.join(directory, HOSTS)
    findings: List[Finding] = []
    latest: Dict[str, Tuple[Host, str]] = {}
    for name in _names(directory, folder):
        path = os.path.join(folder, name)
        try:
            read = _read(path)
        except _Unreadable as error:
            code, message = error.args
            findings.append(Finding(code, ERROR, path, message, (), _AGAIN))
            continue
        known = latest.get(read.name)
        if known is not None:
            findings.append(_twice(read, path, known))
            if known[0].time >= read.time:
                continue
        latest[read.name] = (read, path)
    return Gathered(tuple(latest[name][0] for name in sorted(latest)), tuple(findings))


def _names(directory: str, folder: str) -> List[str]:
    fix = "give the directory that the playbooks report to (offkit_report_dir, by default ./offkit-report)"
    if not os.path.isdir(directory):
        raise UsageError("the directory {} does not exist".format(directory), fix=fix)
    if not os.path.isdir(folder):
        raise UsageError("{} is not a report: it has no directory {}".format(directory, HOSTS), fix=fix)
    names = [name for name in sorted(os.listdir(folder)) if name.endswith(".json") and name[0] != "."]
    if not names:
        raise UsageError(
            "no host has reported to {} yet".format(directory),
            fix="run the playbook offkit.fleet.doctor or offkit.fleet.verify",
        )
    return names


def _twice(read: Host, path: str, known: Tuple[Host, str]) -> Finding:
    kept, other = (known[1], path) if known[0].time >= read.time else (path, known[1])
    message = "is also about {}, but older than {}; not shown".format(read.name, os.path.basename(kept))
    return Finding("FLEET004", WARNING, other, message, (), "remove it")


def _read(path: str) -> Host:
    try:
        return host.from_json(_parsed(_bytes(path)))
    except ValueError as error:
        raise _Unreadable("FLEET003", "is not a valid {} document: {}".format(host.SCHEMA, error))


def _bytes(path: str) -> bytes:
    """The contents of a regular file; a FIFO does not keep us waiting (open(2), O_NONBLOCK)."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            if not stat.S_ISREG(os.fstat(handle).st_mode):
                raise _Unreadable("FLEET001", "is not a regular file")
            with open(handle, "rb", closefd=False) as source:
                found = source.read(LARGEST + 1)
        finally:
            os.close(handle)
    except OSError as error:
        raise _Unreadable("FLEET001", "cannot be read: {}".format(error.strerror))
    if len(found) > LARGEST:
        raise _Unreadable("FLEET001", "is larger than {} MiB, and was not read".format(LARGEST >> 20))
    return found


def _parsed(found: bytes) -> Any:
    if not found.strip():
        raise _Unreadable("FLEET002", "is empty")
    try:
        return json.loads(found.decode("utf-8-sig"), parse_int=_integer, parse_constant=_refused)
    except RecursionError:
        raise _Unreadable("FLEET002", "is JSON nested too deeply to be read")
    except ValueError as error:
        what = "truncated, or not JSON" if found.lstrip()[:1] == b"{" else "not JSON"
        raise _Unreadable("FLEET002", "is {}: {}".format(what, error))


def _integer(text: str) -> int:
    """int() of a million digits takes minutes before 3.11, and is refused since."""
    if len(text) > 20:
        raise ValueError("a number of {} digits".format(len(text)))
    return int(text)


def _refused(text: str) -> float:
    raise ValueError("{} is not a JSON number".format(text))
