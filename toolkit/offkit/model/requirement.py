"""Requirements as METADATA writes them: PEP 508 with PEP 440 versions.

The server has no ``packaging``. This is the part of it that answers one question: does what
is installed meet what is required? URLs are accepted without looking at them.
"""

import re
from typing import Any, Dict, Iterable, List, Mapping, NamedTuple, Optional, Set, Tuple

from offkit.model import legacy
from offkit.model.tags import markers

_VERSION = re.compile(
    r"^\s*v?(?:(\d+)!)?(\d+(?:\.\d+)*)"
    r"(?:[-_.]?(alpha|beta|preview|pre|a|b|c|rc)[-_.]?(\d*))?"
    r"((?:-\d+)|(?:[-_.]?(?:post|rev|r)[-_.]?\d*))?"
    r"(?:[-_.]?(dev)[-_.]?(\d*))?"
    r"(?:\+([a-z0-9]+(?:[-_.][a-z0-9]+)*))?\s*$",
    re.IGNORECASE,
)
_PHASES = {"alpha": "a", "beta": "b", "c": "rc", "pre": "rc", "preview": "rc"}
_NAME = re.compile(r"^\s*([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)\s*(?:\[([^\]]*)\])?\s*")
_CLAUSE = re.compile(r"^\s*(===|~=|==|!=|<=|>=|<|>)\s*([^\s,;]+)\s*$")
_TOKEN = re.compile(
    r"\s*(\(|\)|===|~=|==|!=|<=|>=|<|>|'[^']*'|\"[^\"]*\"|not\s+in\b|in\b|and\b|or\b|[A-Za-z_][A-Za-z0-9_.]*)"
)
_VARIABLES = {"os.name": "os_name", "sys.platform": "sys_platform", "platform.machine": "platform_machine"}

_SECTION = re.compile(r"\[([^:\]]*)(?::(.*))?\]")  # of requires.txt

Key = Tuple[Any, ...]
_DEEPEST = 50  # parentheses; the parser is recursive


def normalize(name: str) -> str:
    """PEP 503."""
    return re.sub(r"[-_.]+", "-", name).lower()


class Version(NamedTuple):
    """PEP 440, in parts. ``key`` orders it; local labels count only after all else."""

    epoch: int
    release: Tuple[int, ...]
    pre: Optional[Tuple[str, int]]
    post: Optional[int]
    dev: Optional[int]
    local: Tuple[Tuple[int, Any], ...]

    @property
    def public(self) -> Key:
        release = self.release
        while len(release) > 1 and release[-1] == 0:
            release = release[:-1]
        pre = self.pre or ("~", 0)
        if self.pre is None and self.post is None and self.dev is not None:
            pre = ("", 0)  # 1.0.dev1 comes before 1.0a1
        return (
            self.epoch,
            release,
            pre,
            -1 if self.post is None else self.post,
            float("inf") if self.dev is None else self.dev,
        )

    @property
    def key(self) -> Key:
        return self.public + (self.local,)


def version(text: str) -> Version:
    """Raises ValueError for what PEP 440 does not know."""
    matched = _VERSION.match(text)
    if not matched:
        raise ValueError("not a version: {!r}".format(text))
    epoch, release, phase, number, post, dev, dev_number, local = matched.groups()
    pre = None
    if phase:
        phase = phase.lower()
        pre = (_PHASES.get(phase, phase), int(number or 0))
    post_number = re.sub(r"\D", "", post) if post else ""
    parts = re.split(r"[-_.]", local.lower()) if local else []
    return Version(
        int(epoch or 0),
        tuple(int(part) for part in release.split(".")),
        pre,
        int(post_number or 0) if post else None,
        int(dev_number or 0) if dev else None,
        tuple((1, int(part)) if part.isdecimal() else (0, part) for part in parts),
    )


class Requirement(NamedTuple):
    name: str
    clauses: Tuple[Tuple[str, str], ...]  # (operator, version)
    marker: Tuple[str, ...]  # tokens
    text: str  # without the marker

    def applies(self, environment: Dict[str, str]) -> bool:
        """Whether its marker holds. Raises ValueError on markers that mean nothing."""
        return _Marker(self.marker, environment).holds() if self.marker else True

    def accepts(self, installed: str) -> bool:
        """Whether that version satisfies every clause; pre-releases count, for they are installed."""
        return all(_compare(operator, installed, wanted) for operator, wanted in self.clauses)


def required(lines: Iterable[str]) -> List[str]:
    """Normalised names of what these lines require, whatever their markers say, but not for an extra."""
    found: Dict[str, None] = {}
    for line in lines:
        try:
            wanted = parse(line)
        except ValueError:
            continue
        if "extra" not in wanted.marker:
            found[normalize(wanted.name)] = None
    return list(found)


def closure(name: str, requires: Mapping[str, Iterable[str]]) -> Set[str]:
    """A distribution with what it requires, and what that requires; all names are normalised."""
    found: Set[str] = set()
    pending = [name]
    while pending:
        one = pending.pop()
        if one not in found:
            found.add(one)
            pending += requires.get(one, ())
    return found


def parse(text: str) -> Requirement:
    """``numpy (>=1.13.3) ; python_version < "3.9"``, also as older tools wrote it. Raises ValueError."""
    try:
        return _parse(text)
    except ValueError:
        repaired = legacy.requirement(text)
        if not repaired.rows:
            raise
        return _parse(repaired.text)


def admits(clauses: str, python: str) -> bool:
    """Whether Requires-Python does. Like pip, it takes one that nobody can read for none."""
    try:
        return not clauses.strip() or parse("it " + clauses).accepts(python)
    except ValueError:
        return True


def _parse(text: str) -> Requirement:
    head, _, marker = text.partition(";")
    named = _NAME.match(head)
    if not named:
        raise ValueError("no name")
    rest = head[named.end() :].strip()
    if rest.startswith("@"):
        # A URL may hold a semicolon; the marker follows a blank and one.
        head, _, marker = text.partition(" ;")
        rest = ""
    if rest.startswith("(") and rest.endswith(")"):
        rest = rest[1:-1]
    clauses = []
    for part in rest.split(",") if rest.strip() else []:
        matched = _CLAUSE.match(part)
        if not matched and part.strip():
            raise ValueError("not a version specifier: {!r}".format(part.strip()))
        if matched:
            operator, wanted = matched.groups()
            if operator != "===":
                version(wanted[:-2] if wanted.endswith(".*") and operator in ("==", "!=") else wanted)
            clauses.append((operator, wanted))
    return Requirement(named.group(1), tuple(clauses), _tokens(marker), head.strip())


def _tokens(text: str) -> Tuple[str, ...]:
    found: List[str] = []
    at, text = 0, text.rstrip()
    if text.count("(") > _DEEPEST:
        raise ValueError("a marker is nested too deeply")
    while at < len(text):
        matched = _TOKEN.match(text, at)
        if not matched:
            raise ValueError("not a marker: {!r}".format(text[at:].strip()))
        found.append(re.sub(r"\s+", " ", matched.group(1)))
        at = matched.end()
    return tuple(found)


def _compare(operator: str, have_text: str, want_text: str) -> bool:
    """One clause of PEP 440, "Version specifiers"."""
    if operator == "===":
        return have_text.lower() == want_text.lower()
    have = version(have_text)
    if operator in ("==", "!=") and want_text.endswith(".*"):
        want = version(want_text[:-2])
        return _has_prefix(have, want.epoch, want.release) == (operator == "==")
    want = version(want_text)
    # A local label of what is installed counts only when one is asked for.
    left, right = (have.key, want.key) if want.local else (have.public, want.public)
    if operator in ("==", "!="):
        return (left == right) == (operator == "==")
    if operator == "~=":
        if len(want.release) < 2:
            raise ValueError("~= needs two numbers: {}".format(want_text))
        return have.public >= want.public and _has_prefix(have, want.epoch, want.release[:-1])
    if operator == "<=":
        return have.public <= want.public
    if operator == ">=":
        return have.public >= want.public
    same_release = _has_prefix(have, want.epoch, want.release) and _has_prefix(want, have.epoch, have.release)
    if operator == "<":
        # 3.1.dev0 and 3.1rc1 are not < 3.1, unless 3.1 is a pre-release itself.
        wants_pre = want.pre is not None or want.dev is not None
        pre = (have.pre is not None or have.dev is not None) and have.post == want.post
        return have.public < want.public and not (same_release and pre and not wants_pre)
    # 3.1.post1 and 3.1+local are not > 3.1, unless 3.1 is a post-release itself.
    wants_post = want.post is not None or want.dev is not None
    post = have.post is not None and have.pre == want.pre
    return have.public > want.public and not (same_release and post and not wants_post)


def _has_prefix(have: Version, epoch: int, release: Tuple[int, ...]) -> bool:
    padded = have.release + (0,) * (len(release) - len(have.release))
    return have.epoch == epoch and padded[: len(release)] == release


class _Marker:
    """PEP 508's grammar, by recursive descent."""

    def __init__(self, tokens: Tuple[str, ...], environment: Dict[str, str]) -> None:
        self._tokens, self._at, self._environment = tokens, 0, environment

    def holds(self) -> bool:
        value = self._or()
        if self._at != len(self._tokens):
            raise ValueError("not a marker: {}".format(" ".join(self._tokens)))
        return value

    def _peek(self) -> str:
        return self._tokens[self._at] if self._at < len(self._tokens) else ""

    def _next(self) -> str:
        token = self._peek()
        if not token:
            raise ValueError("a marker is incomplete")
        self._at += 1
        return token

    def _or(self) -> bool:
        value = self._and()
        while self._peek() == "or":
            self._at += 1
            value = self._and() or value
        return value

    def _and(self) -> bool:
        value = self._atom()
        while self._peek() == "and":
            self._at += 1
            value = self._atom() and value
        return value

    def _atom(self) -> bool:
        if self._peek() == "(":
            self._at += 1
            value = self._or()
            if self._next() != ")":
                raise ValueError("a marker lacks a parenthesis")
            return value
        (left, quoted_left), operator, (right, quoted_right) = self._value(), self._next(), self._value()
        if operator == "in":
            return left in right
        if operator == "not in":
            return left not in right
        try:
            if quoted_left and not quoted_right:
                # "3.6" <= python_version: the version is on the right
                return _compare(_MIRROR.get(operator, operator), right, left)
            return _compare(operator, left, right)
        except ValueError:
            return _as_text(operator, left, right)

    def _value(self) -> Tuple[str, bool]:
        token = self._next()
        if token[0] in "'\"":
            return token[1:-1], True
        name = _VARIABLES.get(token, token)
        if name not in self._environment:
            raise ValueError("unknown marker variable {!r}".format(token))
        return self._environment[name], False


_MIRROR = {"<": ">", ">": "<", "<=": ">=", ">=": "<="}


def _as_text(operator: str, left: str, right: str) -> bool:
    if operator in ("==", "==="):
        return left == right
    if operator == "!=":
        return left != right
    order = {"<": left < right, ">": left > right, "<=": left <= right, ">=": left >= right}
    if operator not in order:
        raise ValueError("{!r} cannot compare strings".format(operator))
    return order[operator]


def environment(python: str, machine: str = "x86_64") -> Dict[str, str]:
    """The marker environment of a CPython ("3.6.15") on Linux, no extra chosen."""
    known = markers(python, machine)
    return dict(known, python_implementation=known["platform_python_implementation"], extra="")


def of_setuptools(text: str) -> List[str]:
    """The lines of requires.txt in an .egg-info, as METADATA has them: its sections are extras and markers,
    as in [extra:marker]."""
    found = []
    extra = marker = ""
    for line in map(str.strip, text.splitlines()):
        section = _SECTION.fullmatch(line)
        if section:
            extra, marker = section.group(1).strip(), (section.group(2) or "").strip()
        elif line:
            conditions = ["({})".format(marker)] if marker else []
            conditions += ["extra == '{}'".format(extra)] if extra else []
            found.append(line + (" ; " + " and ".join(conditions) if conditions else ""))
    return found
