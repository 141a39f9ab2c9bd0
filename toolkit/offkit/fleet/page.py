"""The page: one file that needs nothing else, no script and no network, with every host in it. Pure.

Its Content-Security-Policy forbids all but the one style sheet that it carries, by its digest
(CSP level 3): should a text from a host ever pass for markup, it still could load and run nothing.
"""

import base64
import hashlib
import pkgutil
from typing import Dict, List, Sequence, Tuple

from offkit.fleet import card, markup, tables
from offkit.fleet.health import HEALTHY, PROBLEMS, UNREACHED, Health, first_line
from offkit.fleet.markup import text
from offkit.fleet.overview import Cure, Fleet, Problem
from offkit.model.finding import INFO
from offkit.model.words import several

_OPEN = 4  # hosts with problems whose cards are unfolded


def html(fleet: Fleet) -> bytes:
    """The whole page, UTF-8. The same fleet makes the same bytes."""
    found = pkgutil.get_data("offkit.fleet", "page.html")
    assert found is not None
    template = found.decode("utf-8").replace("\r\n", "\n")
    style = template.partition("<style>")[2].partition("</style>")[0]
    digest = base64.b64encode(hashlib.sha256(style.encode("utf-8")).digest()).decode("ascii")
    head, _, tail = template.partition("@BODY@")
    head = head.replace("@HASH@", digest).replace("@TITLE@", text(_verdict(fleet)))
    return (head + "\n".join(_body(fleet)) + tail).encode("utf-8")


def _body(fleet: Fleet) -> List[str]:
    numbers = {one.host.name: number for number, one in enumerate(fleet.hosts)}
    marks = {(each.finding, each.hosts): "p{}".format(number) for number, each in enumerate(fleet.problems)}
    sections = [
        ("cures", "What to run", [_cure(cure, numbers) for cure in fleet.cures]),
        ("unreached", "Not reached", tables.unreached(fleet, numbers)),
        ("checks", "Hosts and checks", tables.matrix(fleet, numbers)),
        ("problems", "What is wrong, and where", _problems(fleet, numbers, marks)),
        ("speed", "Speed of run-badapple", tables.speed(fleet, numbers)),
        ("hosts", "Each host", _cards(fleet, numbers, marks)),
        ("files", "Files that could not be read", _files(fleet)),
    ]
    drawn = [(identity, title, inside) for identity, title, inside in sections if inside]
    links = ['<a href="#{}">{}</a>'.format(identity, text(title)) for identity, title, _ in drawn]
    return [
        '<a class="skip" href="#main">Skip to the results</a>',
        *_header(fleet),
        '<nav aria-label="Sections">{}</nav>'.format("".join(links)),
        "</header>",
        '<main id="main">',
        *(markup.section(identity, title, inside) for identity, title, inside in drawn),
        "</main>",
        "<footer><p>Made by offkit report from what each host reported. "
        "Results marked * are from before a change or a loss, or older than the others.</p></footer>",
    ]


def _header(fleet: Fleet) -> List[str]:
    words = ((HEALTHY, "k", "healthy"), (PROBLEMS, "b", "with problems"), (UNREACHED, "u", "not reached"))
    counts = [(state, len(fleet.of_state(state))) for state, _, _ in words]
    items = [
        '<li class="{}"><b>{}</b> {}</li>'.format(kind, count, word)
        for (_, kind, word), (_, count) in zip(words, counts)
    ]
    newest = "Newest result {}".format(card.when(fleet.newest)) if fleet.newest else "No results yet"
    return [
        "<header>",
        '<p class="over">offkit · fleet report</p>',
        "<h1>{}</h1>".format(text(_verdict(fleet))),
        '<p class="soft">{}</p>'.format(text(newest)),
        markup.share(counts),
        '<ul class="counts">{}</ul>'.format("".join(items)),
    ]


def _verdict(fleet: Fleet) -> str:
    whole, well = len(fleet.hosts), len(fleet.of_state(HEALTHY))
    if whole == 1:
        return "The one host is healthy" if well else "The one host is not healthy"
    if whole == well:
        return "All {} hosts are healthy".format(whole) if whole else "No host has reported"
    verb = "is" if well == 1 else "are"
    return "{} of {} {} healthy".format(well or "None", several(whole, "host"), verb)


def _linked(names: Sequence[str], numbers: Dict[str, int]) -> str:
    return ", ".join(tables.link(name, numbers) for name in names)


def _cure(cure: Cure, numbers: Dict[str, int]) -> str:
    parts = [
        "<h3>{} on {}</h3>".format(several(len(cure.hosts), "host"), text(cure.system)),
        _folded(cure.hosts, numbers),
        '<pre tabindex="0" aria-label="Command">{}</pre>'.format(markup.block(cure.line)),
    ]
    if cure.libraries:
        parts.append('<p class="soft small">It installs {}.</p>'.format(text(", ".join(cure.libraries))))
    if cure.stale:
        names = _linked(cure.stale, numbers)
        parts.append("<p>Something changed on {} since the doctor ran: run it again.</p>".format(names))
    return '<div class="cure">{}</div>'.format("".join(parts))


def _folded(names: Sequence[str], numbers: Dict[str, int]) -> str:
    """Hosts by name; many of them folded, as the value of Ansible's --limit."""
    if len(names) <= 12:
        return "<p>{}</p>".format(_linked(names, numbers))
    inside = '<div><pre tabindex="0" aria-label="Hosts">{}</pre></div>'.format(text(",".join(names)))
    return markup.details("the {} hosts, for --limit".format(len(names)), inside)


def _problems(fleet: Fleet, numbers: Dict[str, int], marks: card.Marks) -> List[str]:
    heavy = [each for each in fleet.problems if each.finding.severity != INFO]
    light = [each for each in fleet.problems if each.finding.severity == INFO]
    parts = [_problem(each, numbers, marks[each.finding, each.hosts]) for each in heavy]
    silent = [one for one in fleet.of_state(PROBLEMS) if not one.errors]
    if silent:
        items = [
            "<li>{} {}</li>".format(tables.link(one.host.name, numbers), text(one.why)) for one in silent
        ]
        parts.append('<ul class="finds silent">{}</ul>'.format("".join(items)))
    if light:
        notes = "".join(_problem(each, numbers, marks[each.finding, each.hosts]) for each in light)
        title = '<span class="soft">{}, nothing wrong</span>'.format(several(len(light), "note"))
        parts.append(markup.details(title, "<div>{}</div>".format(notes)))
    return parts


def _problem(problem: Problem, numbers: Dict[str, int], identity: str) -> str:
    finding = problem.finding
    summary = "{} <b>{}</b> {} <span class='soft'>{}</span>".format(
        markup.code(finding.severity, finding.code),
        text(finding.subject),
        text(first_line(finding.message)),
        "· " + several(len(problem.hosts), "host"),
    )
    return markup.details(
        summary, "<div>{}{}</div>".format(_folded(problem.hosts, numbers), card.cure(finding)), identity
    )


def _cards(fleet: Fleet, numbers: Dict[str, int], marks: card.Marks) -> List[str]:
    """Problems unfolded when they are few, healthy hosts behind one fold when they are many."""
    where: Dict[Tuple[str, ...], str] = {}
    spread = {}
    for each in fleet.problems:
        place = where[each.finding.identity] = marks[each.finding, each.hosts]
        spread[place] = len(each.hosts)
    ill = [one for one in fleet.hosts if one.state != HEALTHY]
    well = [one for one in fleet.hosts if one.state == HEALTHY]

    def draw(one: Health, opened: bool) -> str:
        return card.card(one, "h{}".format(numbers[one.host.name]), where, spread, opened)

    parts = [draw(one, len(ill) <= _OPEN and one.state == PROBLEMS) for one in ill]
    healthy = [draw(one, False) for one in well]
    if len(fleet.hosts) > tables.FEW and healthy:
        healthy = [
            markup.details(several(len(healthy), "healthy host"), "<div>" + "\n".join(healthy) + "</div>")
        ]
    return ['<div class="all">', *parts, *healthy, "</div>"] if fleet.hosts else []


def _files(fleet: Fleet) -> List[str]:
    if not fleet.findings:
        return []
    items = [card.finding(each) for each in fleet.findings]
    return ['<ul class="finds">', *items, "</ul>"]
