"""How findings are laid out: a line each with its code, then where was looked and the cure."""

from typing import Iterable, Iterator, TextIO

from offkit.cli.glyphs import glyph, paint, visible
from offkit.model import shared_cure
from offkit.model.finding import ERROR, INFO, WARNING, Finding

_SEVERITY = {ERROR: ("bad", "red"), WARNING: ("warn", "yellow"), INFO: ("info", "dim")}
_PLACES = 6  # that are shown without -v


def lines(found: Iterable[Finding], out: TextIO, verbose: bool) -> Iterator[str]:
    """Errors first; what cures several stands once, below the last of them, with their names where there
    are others above. ``verbose``: with all places that were looked in."""
    for above, (finding, own, shared) in enumerate(shared_cure.gather(found), 1):
        name, colour = _SEVERITY[finding.severity]
        yield "{} {}  {}: {}".format(
            paint(glyph(name, out), colour, out),
            paint(finding.code, "dim", out),
            paint(visible(finding.subject), "bold", out),
            visible(finding.message),
        )
        looked = [place for place in finding.looked_in if not _named(place, finding.subject)]
        shown = looked if verbose or len(looked) <= _PLACES else looked[: _PLACES - 1]
        for place in shown:
            yield "      looked in  {}".format(visible(place))
        if len(shown) < len(looked):
            yield "      looked in  … {} more (-v shows them)".format(len(looked) - len(shown))
        yield from _cure("fix", own)
        for cures, of in shared:
            names = ", ".join(sorted(set(of), key=of.index)) if len(of) < above else ""
            label = "fix both" if len(of) == 2 else "fix all {}".format(len(of))
            yield from _cure(label, cures, names + ":" if names else "")


def _named(place: str, subject: str) -> bool:
    """Whether the line above says it already, perhaps behind the names of targets."""
    return subject == place or subject.endswith(": " + place)


def _cure(label: str, cures: Iterable[str], head: str = "") -> Iterator[str]:
    text = shared_cure.text(cures)
    for number, row in enumerate([head, *text.splitlines()] if head else text.splitlines()):
        yield "      {:9}  {}".format("" if number else label, visible(row))
