"""Pieces of HTML out of text that anybody may have written. Pure.

Every text goes through ``text`` or ``block``, on which the page relies: no tag, no attribute, no
entity and no character that turns the direction of a line comes from outside.
"""

import html
from typing import Iterable, Sequence, Tuple

from offkit.fleet.health import BAD, DOUBT, FINE, HEALTHY, NOTHING, PROBLEMS, UNKNOWN, UNREACHED, Cell
from offkit.model.finding import ERROR, INFO, WARNING
from offkit.model.words import shown

# Classes of the style sheet: a state of a host, of a check, and the weight of a finding.
_STATES = {PROBLEMS: "b", UNREACHED: "u", HEALTHY: "k"}
_WORDS = {PROBLEMS: "has problems", UNREACHED: "not reached", HEALTHY: "healthy"}
_CELLS = {
    BAD: ("e", "✗", "errors"),
    DOUBT: ("w", "!", "warnings"),
    FINE: ("o", "✓", "ok"),
    UNKNOWN: ("q", "?", "unknown"),
    NOTHING: ("n", "–", "not checked"),
}
_SEVERITIES = {ERROR: "e", WARNING: "w", INFO: "n"}


def text(value: str) -> str:
    """One line, with nothing in it that a browser obeys; good within quotes too."""
    return html.escape(shown(value), quote=True)


def block(value: str) -> str:
    """Several lines, for an element that keeps them apart (``pre``)."""
    return "\n".join(text(line) for line in value.strip("\n").splitlines())


def state(of_host: str) -> str:
    """The sign of a host's state, and its words for those who hear the page."""
    return '<span class="st {}"><i>{}: </i></span>'.format(_STATES[of_host], _WORDS[of_host])


def check(cell: Cell, number: str = "") -> str:
    """A check's cell: what it came to, and how many findings say so. ``number`` stands for the sign."""
    kind, sign, words = _CELLS[cell.state]
    count = cell.errors if cell.state == BAD else cell.warnings if cell.state == DOUBT else 0
    seen = number or (sign + " {}".format(count) if count else sign)
    if count == 1:
        words = words[:-1]
    if cell.stale:
        kind, words = '"{} old"'.format(kind), words + ", out of date"
    if cell.state == NOTHING:
        return "<td class=c><b class=n>{}</b></td>".format(seen)
    return "<td class=c><b class={}>{}</b><i> {}</i></td>".format(kind, seen, words)


def key() -> str:
    """What the signs mean."""
    items = ["<li>{} {}</li>".format(sign, words) for _, sign, words in _CELLS.values()]
    return '<ul class="key" aria-label="Legend">{}<li>* out of date</li></ul>'.format("".join(items))


def code(severity: str, value: str) -> str:
    """A finding's code; its severity is said, too."""
    return '<span class="code {}"><i>{} </i>{}</span>'.format(_SEVERITIES[severity], severity, text(value))


def share(parts: Sequence[Tuple[str, int]]) -> str:
    """(state, hosts) as one bar of 100 %. The numbers stand below it."""
    whole = sum(count for _, count in parts) or 1
    at = 0.0
    drawn = []
    for of_host, count in parts:
        if count:
            wide = 100.0 * count / whole
            drawn.append(
                '<rect class="{}" x="{:.2f}%" width="{:.2f}%" height="12"/>'.format(
                    _STATES[of_host], at, wide
                )
            )
            at += wide
    return '<svg class="share" aria-hidden="true">{}</svg>'.format("".join(drawn))


def bar(part: float) -> str:
    """``part`` (0 to 1) of the widest bar. The number stands beside it."""
    wide = 100 * max(0.0, min(1.0, part))
    return '<svg aria-hidden="true"><rect width="{:.1f}%" height="14" rx="4"/></svg>'.format(wide)


def details(summary: str, inside: str, identity: str = "", opened: bool = False) -> str:
    """``summary`` and ``inside`` are markup already."""
    return "<details{}{}><summary>{}</summary>{}</details>".format(
        ' id="{}"'.format(identity) if identity else "", " open" if opened else "", summary, inside
    )


def section(identity: str, title: str, inside: Iterable[str]) -> str:
    """A part of the page with its heading; what ``title`` says is text, ``inside`` is markup."""
    return '<section id="{0}" aria-labelledby="{0}-h"><h2 id="{0}-h">{1}</h2>\n{2}\n</section>'.format(
        identity, text(title), "\n".join(inside)
    )
