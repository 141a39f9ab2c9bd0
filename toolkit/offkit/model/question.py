"""What a lock depends on: questions to a server that others of its series may answer differently.

A resolver puts two kinds to a target: Requires-Python of a file, and the marker of a requirement. Who gives
the same answers to all of them gets the same lock. Series, architecture and system of a bundle decide nearly
all; what is left are patch levels and the kernel, and a few questions about them.
"""

import functools
import re
from typing import Any, Dict, Iterable, Iterator, List, NamedTuple, Optional, Sequence, Tuple

from offkit.model import requirement

# Variables of PEP 508 that the series leaves open, and those of them about which only the server knows.
_OPEN = re.compile(r"python_full_version|implementation_version|platform[._](?:release|version)")
_KERNEL = ("platform_release", "platform_version", "platform.version")
_LAST_PATCH = 99  # no series has had half as many
_MANY = 6  # comparisons with the kernel in one marker, beyond which it counts as open
_DECIDED = {True: ('"1"', "==", '"1"'), False: ('"1"', "==", '"0"')}


class Question(NamedTuple):
    """One that was put to the target of a bundle."""

    who: str  # "redis 5.0.1", "the request"
    needs: str  # what is required where the marker holds; "" of Requires-Python
    text: str  # a marker, or version clauses
    extras: Tuple[str, ...]  # the marker counts where it holds for one of these
    answer: bool
    vital: bool  # with another answer the lock does not hold; otherwise another might have been chosen

    def ask(self, environment: Dict[str, str]) -> bool:
        """The answer of a server with these markers (PEP 508)."""
        if not self.needs:
            return requirement.admits(self.text, environment["python_full_version"])
        return _holds(self.text, self.extras, environment)


@functools.lru_cache(maxsize=4096)  # an index repeats the few that a project has for each of its files
def open_clauses(text: str, series: str) -> bool:
    """Whether Pythons of a series ("3.8") answer them differently."""
    return bool(text) and len({requirement.admits(text, version) for version in _versions(text, series)}) > 1


def open_marker(text: str, extras: Sequence[str], series: str, arch: str) -> bool:
    """The same of a marker, on servers of that architecture with any kernel. Raises ValueError for one that
    means nothing."""
    if not _OPEN.search(text):
        return False
    answers = set()
    for version in _versions(text, series):
        here = requirement.environment(version, arch)
        found = requirement.parse("it ; " + text)
        for tokens in _whatever_the_kernel(found.marker):
            one = found._replace(marker=tokens)
            answers.add(any(one.applies(dict(here, extra=extra)) for extra in extras))
        if len(answers) > 1:
            return True
    return False


def environment(python: str, arch: str, release: str, version: str) -> Dict[str, str]:
    """The markers of a server with that CPython ("3.8.18") and kernel, as uname(2) has it."""
    return dict(requirement.environment(python, arch), platform_release=release, platform_version=version)


def _holds(marker: str, extras: Sequence[str], environment: Dict[str, str]) -> bool:
    found = requirement.parse("it ; " + marker)
    return any(found.applies(dict(environment, extra=extra)) for extra in extras)


def _versions(text: str, series: str) -> List[str]:
    """Pythons of the series: one of each kind that the text can tell apart."""
    named = re.findall(re.escape(series) + r"\.(\d{1,3})", text)
    last = min(max(map(int, named), default=0), _LAST_PATCH - 2)
    return ["{}.{}".format(series, patch) for patch in (*range(last + 2), _LAST_PATCH)]


def _whatever_the_kernel(tokens: Tuple[str, ...]) -> Iterator[Tuple[str, ...]]:
    """The marker with every comparison with the kernel decided, in every way."""
    places = [at for at, token in enumerate(tokens) if token in _KERNEL]
    if not places:
        yield tokens
    elif len(places) > _MANY:
        yield from (_DECIDED[True], _DECIDED[False])
    else:
        first = places[0] if _compares(tokens[places[0] + 1 :][:1]) else places[0] - 2
        for decided in _DECIDED.values():
            yield from _whatever_the_kernel((*tokens[:first], *decided, *tokens[first + 3 :]))


def _compares(token: Sequence[str]) -> bool:
    return any(one in ("in", "not in") or one[0] in "=!<>~" for one in token)


def to_options(questions: Optional[Iterable[Question]]) -> Dict[str, Any]:
    """The manifest's option ``depends``: what the lock depends on, perhaps on nothing. Nothing at all of what
    was not recorded (None)."""
    if questions is None:
        return {}
    return {"depends": [_to_json(one) for one in questions]}


def _to_json(one: Question) -> Dict[str, Any]:
    found: Dict[str, Any] = {"who": one.who, "answer": one.answer, "vital": one.vital}
    if not one.needs:
        return dict(found, python=one.text)
    found.update(needs=one.needs, marker=one.text)
    return found if one.extras == ("",) else dict(found, extras=list(one.extras))


def from_options(options: Dict[str, Any]) -> Optional[List[Question]]:
    """Back again; None where nothing was recorded, or not in this form."""
    listed = options.get("depends")
    if not isinstance(listed, list):
        return None
    try:
        return [_from_json(one) for one in listed]
    except (KeyError, TypeError, ValueError):
        return None


def _from_json(data: Any) -> Question:
    texts = [data["who"], data.get("needs", ""), data["marker"] if "marker" in data else data["python"]]
    extras = data.get("extras", [""])
    if not isinstance(extras, list) or not all(isinstance(each, str) for each in (*texts, *extras)):
        raise ValueError("not a question")
    who, needs, text = texts
    found = Question(who, needs, text, tuple(extras), data["answer"] is True, data["vital"] is True)
    if found.needs:
        requirement.parse("it ; " + found.text)  # ValueError for what nobody can answer
    return found
