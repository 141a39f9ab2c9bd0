"""How findings are laid out: a line each with its code, equal ones in one, and the cure below."""

import re
import textwrap
from typing import Iterable, Iterator, List, TextIO

from offkit.cli import streams
from offkit.cli.glyphs import glyph, paint, visible
from offkit.model import groups
from offkit.model.finding import ERROR, INFO, WARNING, Finding

_SEVERITY = {ERROR: ("bad", "red"), WARNING: ("warn", "yellow"), INFO: ("info", "dim")}
_INDENT = "      "
_PLACES = 6  # that are shown without -v, where any are
# Codes of what was looked for; what others have is evidence.
_SEARCHED = ("ENV", "LIB", "NEED", "PKG", "PY", "REPO", "RPM")
# What stands there in the place of places: who wants what, and what a program has said.
_EVIDENCE = {"REQ005": "because", "REQ025": "it said", "NET010": "it said"}
# What is, or may be, for a shell or a file; an apostrophe and a path alone are for people.
_COPIED = re.compile(r"\b(yum|dnf|rpm)\b|(^| )-|[=&|<>]|(^|[\s(])'")
_LEAST = 40  # columns of a terminal in which lines are broken between words


def lines(
    found: Iterable[Finding], out: TextIO, verbose: bool, last: str = "", end: bool = False
) -> Iterator[str]:
    """Errors first; what cures several stands once, below the last of them, with their names where there
    are others above. ``verbose``: each by itself, with all places that were looked in. ``last``: the
    command that stands below all of them. ``end``: they end the command, so it is told where was looked."""
    for above, (group, own, shared) in enumerate(groups.gather(found, last, verbose), 1):
        yield from _head(group, out)
        if verbose or end or not group.code.startswith(_SEARCHED):
            yield from _places(group, verbose, out)
        yield from _cure("fix", own, out)
        for cures, of in shared:
            names = ", ".join(sorted(set(of), key=of.index)) if len(of) < above else ""
            label = "fix both" if len(of) == 2 else "fix all {}".format(len(of))
            yield from _cure(label, cures, out, names + ":" if names else "")


def _head(group: groups.Group, out: TextIO) -> Iterator[str]:
    """Broken between words where a terminal would break them anywhere."""
    name, colour = _SEVERITY[group.severity]
    mark, subject = glyph(name, out), visible(group.subject)
    begin = "{} {}  {}".format(mark, group.code, subject)
    first, *more = broken(begin + visible(group.message), _INDENT, out)
    if first.startswith(begin):
        painted = paint(mark, colour, out), paint(group.code, "dim", out), paint(subject, "bold", out)
        first = "{} {}  {}".format(*painted) + first[len(begin) :]
    yield first
    yield from more


def broken(text: str, indent: str, out: TextIO) -> List[str]:
    """Its lines, where the terminal is too narrow for it; the first is not indented."""
    width = streams.width(out)
    if not _LEAST <= width < len(text):
        return [text]
    return textwrap.wrap(
        text, width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )


def _places(group: groups.Group, every: bool, out: TextIO) -> Iterator[str]:
    looked = dict.fromkeys(place for each in group.findings for place in each.looked_in)
    places = [place for place in looked if not _named(place, group.subject)]
    label = _EVIDENCE.get(group.code, "looked in")
    shown = places if every or len(places) <= _PLACES else places[: _PLACES - 1]
    for place in shown:
        begin = "{}{:9}  ".format(_INDENT, label)
        yield from broken(begin + visible(place), " " * len(begin), out)
    if len(shown) < len(places):
        yield "{}{:9}  {} more (-v shows them)".format(_INDENT, label, len(places) - len(shown))


def _named(place: str, subject: str) -> bool:
    """Whether the line above says it already, perhaps behind the names of targets."""
    return subject == place or subject.endswith(": " + place)


def _cure(label: str, cures: Iterable[str], out: TextIO, head: str = "") -> Iterator[str]:
    """What may be copied is never broken."""
    text = groups.text(cures)
    for number, row in enumerate([head, *text.splitlines()] if head else text.splitlines()):
        begin = "{}{:9}  ".format(_INDENT, "" if number else label)
        line = begin + visible(row)
        yield from [line] if _COPIED.search(row) else broken(line, " " * len(begin), out)
