"""Requirements as they were written before anybody checked them, in the words of PEP 508 and PEP 440.

Until pip 24.1, pip read a version specifier that PEP 440 does not know with rules of its own, and wheels
with such metadata are on every index. Newer tools refuse them, or put right what is meant; this puts
right what is meant. What is valid already is not touched: no row of the tables matches it.
"""

import functools
import re
from typing import NamedTuple, Tuple

_PIP = "pip < 24.1 reads it (packaging < 22: LegacySpecifier)"
_UV = "uv reads it so (pypi-types: lenient_requirement)"


class Repair(NamedTuple):
    """A row: what is looked for and what takes its place (as in re.sub), and an example of both."""

    pattern: str
    becomes: str
    wrong: str
    right: str
    source: str


# In this order, each on what the one before has left; for a list of version clauses.
SPECIFIERS = (
    Repair(r"['\"]", "", "'>=2.7'", ">=2.7", _UV),
    Repair(r">=?\s*dev\b", ">=0", ">dev", ">=0", _PIP + ": below every version; " + _UV),
    Repair(r"(?<=[\d*])\s*(?=[<>]|[~!=]=)", ",", ">=7.2.0<8.0.0", ">=7.2.0,<8.0.0", _UV),
    Repair(r"!=\s*~\s*(\d+(?:\.\d+)*)(?!\.?\*)", r"!=\1.*", "!=~5.0", "!=5.0.*", _UV),
    Repair(r"(?<=\d)\*(?![\w.*])", ".*", "!=3.0*", "!=3.0.*", _UV),
    Repair(r"([<>]=?)(\s*\d+(?:\.\d+)*)\.\*(?![\w.*])", r"\1\2", ">=5.1.*", ">=5.1", _PIP + "; " + _UV),
    Repair(
        r">=?(\s*\d+(?:\.\d+)*)[g-qs-z](?![\w.*])", r">\1", ">=2011k", ">2011",
        _PIP + ": such a letter is above the version without it, and below the next",
    ),
    Repair(r"(?<=\d)\.(?=\s*(?:,|$))", "", ">=1.1.", ">=1.1", _PIP),
    Repair(r",(?:\s*,)+", ",", ">=1,,<2", ">=1,<2", _PIP),
    Repair(r"^\s*,\s*|\s*,\s*$", "", ">=3.6,", ">=3.6", _PIP + "; " + _UV),
)  # fmt: skip
_VERSIONS = r"(python_version|python_full_version|implementation_version|platform_release)"
MARKERS = (
    Repair(
        _VERSIONS + r"(\s*(?:[<>]=?|[=!~]=)\s*)(\d[\w.*]*)(?!['\"\w])",
        r'\1\2"\3"',
        "python_version<3.7",
        'python_version<"3.7"',
        "PEP 508: a version is quoted",
    ),
    Repair(
        _VERSIONS + r"(\s*(?:[<>]=?|[=!~]=)\s*)(?:['\"](\d[\w.*]*)|(\d[\w.*]*)['\"])(?!['\"\w.*])",
        r'\1\2"\3\4"',
        "python_version<'3.7",
        'python_version<"3.7"',
        "PEP 508: a version is quoted, at both ends",
    ),
)
_HEAD = re.compile(r"^(\s*[A-Za-z0-9][A-Za-z0-9._-]*\s*(?:\[[^\]]*\])?\s*)(.*)$", re.DOTALL)


_LONGEST = 4096  # characters; nobody writes more by hand


class Repaired(NamedTuple):
    text: str
    rows: Tuple[Repair, ...]  # that were needed; none for what was valid


@functools.lru_cache(maxsize=4096)  # an index repeats the few that a project has for each of its files
def specifier(text: str) -> Repaired:
    """A list of version clauses (of Requires-Python, for instance), put right."""
    if "===" in text or len(text) > _LONGEST:
        return Repaired(text, ())  # whatever follows the three is meant as it stands
    return _apply(SPECIFIERS, text)


def requirement(text: str) -> Repaired:
    """A requirement (of Requires-Dist, or of a requirements file without its options), put right."""
    named = _HEAD.match(text)
    if not named or named.group(2).startswith("@") or len(text) > _LONGEST:
        return Repaired(text, ())
    clauses, semicolon, marker = named.group(2).partition(";")
    bare = clauses.strip()
    opened = bare.startswith("(") and bare.endswith(")")
    inner = specifier(bare[1:-1] if opened else bare)
    if inner.text[:1] not in ("", *"<>=!~"):
        return Repaired(text, ())  # no list of versions: nothing that can be put right
    condition = _apply(MARKERS, marker)
    if not inner.rows and not condition.rows:
        return Repaired(text, ())
    blank = " " if clauses.endswith(" ") and semicolon else ""
    whole = named.group(1) + ("({})" if opened and inner.text else "{}").format(inner.text)
    return Repaired(whole + blank + semicolon + condition.text, inner.rows + condition.rows)


def _apply(table: Tuple[Repair, ...], text: str) -> Repaired:
    used = []
    for row in table:
        changed = re.sub(row.pattern, row.becomes, text)
        if changed != text:
            used.append(row)
            text = changed
    return Repaired(text, tuple(used))
