"""What a build that failed would have needed, by its own words. Pure.

The words of compilers, linkers and build systems are in repo-config/builds.csv; the first row that has one of
an output's lines counts.
"""

import csv
import re
from typing import Iterable, List, NamedTuple, Optional

WORDS = "repo-config/builds.csv"
# Kinds of what is needed. COMPILED: a compiler was called; whether it was there is not said.
HEADER, CXX, LIBRARY, PROGRAM, RUST, COMPILER, COMPILED = KINDS = (
    *("header", "c++", "library", "program", "rust", "compiler", "compiled"),
)


# As gcc and clang tell what is wrong with a source. A test that fails is how distutils' config and autoconf
# learn of a system: it is of no source.
_REJECTED = re.compile(r"\s*(?!\S*conf(?:ig)?test\.)\S[^:]*:\d+(?::\d+)?: (?:fatal )?error: .*\S")


class Row(NamedTuple):
    kind: str
    words: str  # a regular expression, in any line
    needs: str  # for people; {0} is its group


class Need(NamedTuple):
    kind: str
    name: str  # of the header, the library or the program; "" where none is said
    words: str  # for people


def parse(text: str) -> List[Row]:
    """The rows of the table, in its order. Raises KeyError on a malformed one."""
    return [Row(*(row[name] for name in Row._fields)) for row in csv.DictReader(text.splitlines())]


def rejected(lines: Iterable[str]) -> str:
    """The first word of a compiler against a source; "" where it has none."""
    return next((line.strip() for line in lines if _REJECTED.match(line)), "")


def need(rows: Iterable[Row], lines: Iterable[str]) -> Optional[Need]:
    """What these lines of a build lack; None where they do not say."""
    kept = list(lines)
    for row in rows:
        for line in kept:
            found = re.search(row.words, line)
            if found:
                return Need(row.kind, "".join(found.groups()[:1]), row.needs.format(*found.groups()))
    return None
