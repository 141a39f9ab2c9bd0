"""How findings are laid out: a line each with its code, then where was looked and the cure."""

from typing import Iterable, Iterator, TextIO

from offkit.cli.glyphs import glyph, paint, visible
from offkit.model.finding import ERROR, INFO, WARNING, Finding, by_weight

_SEVERITY = {ERROR: ("bad", "red"), WARNING: ("warn", "yellow"), INFO: ("info", "dim")}
_PLACES = 6  # that are shown without -v


def lines(found: Iterable[Finding], out: TextIO, verbose: bool) -> Iterator[str]:
    """Errors first. ``verbose``: with every place that was looked in."""
    for finding in by_weight(found):
        name, colour = _SEVERITY[finding.severity]
        yield "{} {}  {}: {}".format(
            paint(glyph(name, out), colour, out),
            paint(finding.code, "dim", out),
            paint(visible(finding.subject), "bold", out),
            visible(finding.message),
        )
        looked = list(finding.looked_in)
        shown = looked if verbose or len(looked) <= _PLACES else looked[: _PLACES - 1]
        for place in shown:
            yield "      looked in  {}".format(visible(place))
        if len(shown) < len(looked):
            yield "      looked in  … {} more (-v shows them)".format(len(looked) - len(shown))
        for number, fix in enumerate(finding.fix.splitlines()):
            yield "      {}  {}".format("fix      " if not number else "         ", visible(fix))
