"""Findings as people read them: what is equal in one line with all their names, what cures several once.

Pure, and for everything that prints findings; JSON has each finding by itself. Messages that may be equal
begin with a verb ("is", "are", "wants" …); who needs the thing stands behind ``NEEDED_BY``.
"""

import posixpath
import re
from typing import Dict, Iterable, List, NamedTuple, Sequence, Tuple

from offkit.model.finding import Finding, rank
from offkit.model.words import listed, several

NEEDED_BY = "; needed by "
_OR = "or "  # begins each line of a fix but the first, where they are alternatives
_MORE = re.compile(r"^(.*) and \d+ more$")  # of words.listed
_AFTER_USERS = re.compile(r"; |, in optional parts$")
_WANTS = re.compile(r"^needs (.+); it is not installed$")  # PKG005, of which the requirement is the thing
_OLD = re.compile(r"^(.+) needs (\S+), (.+)$")  # LIB002 of a forecast, of which a version is the thing
_EVIDENCE = "by repodata: "  # begins a line that says which package exactly
_VERBS = {"is": "are", "was": "were", "has": "have"}
_TAGS = re.compile(r"(\.libs|\.cpython-.*|\.abi3\.so|\.so)$")
# Fixes that name something in a row, which may become longer.
_LISTS = (
    (re.compile(r"^(.*\b(?:yum|dnf) (?:.* )?(?:re)?install )(\w[\w.+-]*(?: \w[\w.+-]*)*)()$"), " "),
    (re.compile(r"^(bundle again with )(.+)( among the requirements)$"), ", "),
    (re.compile(r"^(by offkit's table: )(\S+)( on .*)$"), ", "),
    (re.compile(r"^()(\S+)( is not on .*)$"), ", "),
    (re.compile(r"^(nothing: )(.+)( comes with the bundle)$"), ", "),
)
_NAMED = 10  # as many things are named in a line,
_USERS = 3  # and as many that need them
_FILES = ("file", "files")
_NOUNS = {
    "LIB001": ("library", "libraries"),
    "LIB002": ("version", "versions"),
    "LIB003": ("library", "libraries"),
    "LIB004": _FILES,
    "LIB005": _FILES,
    "LIB011": _FILES,
    "LIB014": _FILES,
    "LIB016": _FILES,
    "LIB017": _FILES,
    "LIB018": _FILES,
    "LIB025": ("library", "libraries"),
    "LIB028": _FILES,
    "NEED001": ("library", "libraries"),
    "NEED002": ("program", "programs"),
    "NEED007": ("library", "libraries"),
    "PKG005": ("package", "packages"),
    "PKG007": _FILES,
    "RPM003": ("package", "packages"),
    "RPM004": ("library", "libraries"),
}  # codes of findings that may be told together


class Group(NamedTuple):
    """One finding, or several that are told in one line."""

    code: str
    severity: str
    subject: str  # of several how many they are: "9 libraries"
    message: str  # behind it, from its first character on
    fix: str  # "" where the last line of all is the cure
    findings: Tuple[Finding, ...]


class Shared(NamedTuple):
    """Alternatives that several groups have, and which these are, by their subjects."""

    cures: Tuple[str, ...]
    of: Tuple[str, ...]


class Told(NamedTuple):
    """A group, and what is to be told below it."""

    group: Group
    own: Tuple[str, ...]  # alternatives that are a cure for this one alone
    shared: Tuple[Shared, ...] = ()  # those of it and others, of which it is the last


class _Said(NamedTuple):
    """A finding in its parts."""

    where: str  # "el7: " and the like, before the subject
    thing: str
    state: str
    users: str
    rest: str  # behind the users, or behind the state


class _List(NamedTuple):
    """A line that names something in a row."""

    before: str
    names: Tuple[str, ...] = ()
    behind: str = ""
    between: str = ""


def gather(findings: Iterable[Finding], line: str = "", apart: bool = False) -> List[Told]:
    """Errors first; within a severity, those that have an alternative in common follow each other.

    ``line`` is a command that stands below all of them, perhaps with an alternative to it in a line of its
    own: what it installs is told nowhere else.
    ``apart``: each finding by itself, with its own cure.
    """
    if apart:
        return _with_cures([_group((each,), False) for each in findings])
    alike: Dict[Tuple[object, ...], List[Finding]] = {}
    for number, finding in enumerate(findings):
        covered = _covered(finding.fix, line)
        key: Tuple[object, ...] = (number, covered)
        if finding.code in _NOUNS:
            said = _said(finding)
            cure = "" if covered else _template(finding.fix)
            key = (finding.code, finding.severity, said.where, said.state, said.rest, cure, covered)
        alike.setdefault(key, []).append(finding)
    return _with_cures([_group(tuple(each), bool(key[-1])) for key, each in alike.items()])


def joined(fixes: Iterable[str]) -> str:
    """One command in the place of all of them, which differ in names alone, with these in order; or ""."""
    return _combined(sorted(fixes))


def _covered(fix: str, line: str) -> bool:
    """Whether that line installs the same, from the same repositories, and no more is to be said."""
    first, *more = fix.splitlines() or [""]
    install, *others = line.splitlines() or [""]
    return (
        _LISTS[0][0].match(first) is not None
        and set(first.split()) <= set(install.split())
        and all(row.startswith("by ") or row in others for row in more)
    )


def _said(finding: Finding) -> _Said:
    wants = _WANTS.match(finding.message)
    if wants:
        return _Said("", wants.group(1), "is not installed", finding.subject, "")
    old = _OLD.match(finding.message) if finding.code == "LIB002" else None
    if old:
        user, version, why = old.groups()
        return _Said(finding.subject + ": ", version, "is wanted", user, "; " + why)
    target, colon, thing = finding.subject.rpartition(": ")
    state, needed, users = finding.message.partition(NEEDED_BY)
    if not needed:
        state, mark, rest = finding.message.partition("; ")
        return _Said(target + colon, thing, state, "", mark + rest)
    at = _AFTER_USERS.search(users)
    end = at.start() if at else len(users)
    return _Said(target + colon, thing, state, users[:end], users[end:])


def _group(findings: Tuple[Finding, ...], covered: bool) -> Group:
    first = findings[0]
    fix = "" if covered else first.fix
    if len(findings) == 1:
        return Group(first.code, first.severity, first.subject, ": " + first.message, fix, findings)
    said = [_said(each) for each in findings]
    things = list(dict.fromkeys(each.thing for each in said))
    where = said[0].where
    fix = "" if covered else _combined(each.fix for each in findings)
    state, rest = said[0].state, said[0].rest
    if len(things) == 1:
        subject, text = where + things[0], ": {}".format(state)
    else:
        subject = where + several(len(things), *_NOUNS[first.code])
        text = " {}: {}".format(_plural(state), listed(things, _NAMED))
        rest = re.sub(r"\b(without|needs?) it\b", r"\1 them", rest)
    whose = _whose(each.users for each in said)
    text += (NEEDED_BY + whose if whose else "") + rest
    return Group(first.code, first.severity, subject, text, fix, findings)


def users(files: Iterable[str]) -> str:
    """Some of the files that need a thing, one of each package before others of the same."""
    earlier: Dict[str, int] = {}
    turns = []
    for each in files:
        turns.append((earlier.setdefault(_owner(each), 0), each))
        earlier[_owner(each)] += 1
    return listed([each for _, each in sorted(turns, key=lambda turn: turn[0])], _USERS)


def _plural(state: str) -> str:
    """Of a sentence that begins with its verb."""
    first, space, rest = state.partition(" ")
    return _VERBS.get(first, first[:-1] if first.endswith("s") else first) + space + rest


def _whose(lists: Iterable[str]) -> str:
    """The packages of all these files, as far as paths tell."""
    found: Dict[str, str] = {}  # by its name in small letters: Fiona.libs is fiona's
    more = False
    for files in lists:
        cut = _MORE.match(files)
        owners = [_owner(each) for each in (cut.group(1) if cut else files).split(", ") if each]
        more |= cut is not None and len(set(owners)) == _USERS
        for each in owners:
            found.setdefault(each.lower(), each)
    text = listed(list(found.values()), _USERS)
    return text + " and others" if more and len(found) <= _USERS else text


def _owner(user: str) -> str:
    """``cv2/.libs/libx.so``, ``cv2.libs/libx.so`` and ``cv2-4.5-py3-none-any.whl: cv2/x.so`` are cv2's."""
    wheel, inside, _ = (user + ": ").partition(".whl: ")
    if inside:
        return wheel.split("-")[0]
    if user.startswith("/"):
        return posixpath.basename(user)
    return _TAGS.sub("", user.rpartition("-packages/")[2].split("/")[0])


def _template(fix: str) -> str:
    """What is equal in fixes that differ in names alone."""
    return "\n".join(before + behind for before, _, behind, _ in map(_list, _rows(fix)))


def _combined(fixes: Iterable[str]) -> str:
    """Fixes of one template as one."""
    lines = []
    for rows in zip(*map(_rows, fixes)):
        lists = [_list(row) for row in rows]
        before, _, behind, between = lists[0]
        names = list(dict.fromkeys(name for each in lists for name in each.names))
        if len(names) > 1:
            behind = re.sub(
                r"^ (comes|is)\b", lambda verb: {"comes": " come", "is": " are"}[verb.group(1)], behind
            )
        lines.append(before + between.join(names) + behind)
    return "\n".join(lines)


def _rows(fix: str) -> List[str]:
    return [row for row in fix.splitlines() if not row.startswith(_EVIDENCE)]


def _list(row: str) -> _List:
    for pattern, between in _LISTS:
        matched = pattern.match(row)
        if matched:
            before, names, behind = matched.groups()
            return _List(before, tuple(names.split(between)), behind, between)
    return _List(row)


def _with_cures(groups: Sequence[Group]) -> List[Told]:
    """What cures several of them stands below the last of these."""
    found = sorted(groups, key=lambda group: rank(group.severity))
    having: Dict[Tuple[int, str], List[int]] = {}
    for number, group in enumerate(found):
        for cure in alternatives(group.fix):
            having.setdefault((rank(group.severity), cure), []).append(number)
    blocks: Dict[Tuple[int, ...], List[str]] = {}
    first = list(range(len(found)))
    for (_, cure), who in having.items():
        for each in who:
            first[each] = min(first[each], who[0])
        if len(who) > 1:
            blocks.setdefault(tuple(who), []).append(cure)
    order = sorted(range(len(found)), key=lambda each: (rank(found[each].severity), first[each], each))
    below: Dict[int, List[Shared]] = {}
    for those, cures in blocks.items():
        of = tuple([found[each].subject for each in those])
        below.setdefault(max(those, key=order.index), []).append(Shared(tuple(cures), of))
    told = []
    for each in order:
        group = found[each]
        own = [cure for cure in alternatives(group.fix) if len(having[rank(group.severity), cure]) == 1]
        told.append(Told(group, tuple(own), tuple(below.get(each, ()))))
    return told


def alternatives(fix: str) -> Tuple[str, ...]:
    """The cures that a fix names, each of which would do; all of it is one where its lines are steps."""
    if not fix:
        return ()
    lines = fix.splitlines()
    if not all(line.startswith(_OR) for line in lines[1:]):
        return (fix,)
    cures = [line if not number else line[len(_OR) :] for number, line in enumerate(lines)]
    return tuple(sorted(set(cures), key=cures.index))


def text(cures: Iterable[str]) -> str:
    """Alternatives as a fix has them."""
    return ("\n" + _OR).join(cures)
