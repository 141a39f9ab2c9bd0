"""The page: one file that needs nothing else, no script and no network, with every host in it. Pure.

Its Content-Security-Policy forbids all but the one style sheet that it carries, by its digest
(CSP level 3): should a text from a host ever pass for markup, it still could load and run nothing.
"""

import base64
import hashlib
import pkgutil
from typing import Dict, List, Sequence, Tuple

from offkit.fleet import card, health, markup
from offkit.fleet.health import HEALTHY, PROBLEMS, UNREACHED, Health
from offkit.fleet.markup import text
from offkit.fleet.overview import Cure, Fleet, Problem
from offkit.model.finding import INFO
from offkit.model.words import several

_FEW = 40  # rows of a table, above which the usual ones are folded away
_OPEN = 4  # hosts with problems whose cards are unfolded
_TITLES = {
    health.INSTALLED: "Installed",
    "interpreter": "Interpreter",
    "libraries": "Libraries",
    "packages": "Packages",
    "machine": "Machine",
    "repositories": "Yum",
    health.FILM: "Frames/s",
}


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
        ("unreached", "Not reached", _unreached(fleet.of_state(UNREACHED), numbers)),
        ("checks", "Hosts and checks", _matrix(fleet, numbers)),
        ("problems", "What is wrong, and where", _problems(fleet, numbers, marks)),
        ("speed", "Speed of run-badapple", _speed(fleet, numbers)),
        ("hosts", "Each host", _cards(fleet, numbers, marks)),
        ("files", "Files that could not be read", _files(fleet)),
    ]
    drawn = [(identity, title, inside) for identity, title, inside in sections if inside]
    links = ['<a href="#{}">{}</a>'.format(identity, text(title)) for identity, title, _ in drawn]
    return [
        '<a class="skip" href="#main">To the results</a>',
        *_header(fleet),
        '<nav aria-label="Sections">{}</nav>'.format("".join(links)),
        "</header>",
        '<main id="main">',
        *(markup.section(identity, title, inside) for identity, title, inside in drawn),
        "</main>",
        "<footer><p>Made by offkit report out of what each host has said. "
        "Results marked * are from before a change or a loss, or old beside the others.</p></footer>",
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
    if whole == well:
        return "The one host is healthy" if whole == 1 else "All {} hosts are healthy".format(whole)
    verb = "is" if well == 1 else "are"
    return "{} of {} {} healthy".format(well or "None", several(whole, "host"), verb)


def link(name: str, numbers: Dict[str, int]) -> str:
    """A host's name that leads to its card."""
    return '<a href="#h{}">{}</a>'.format(numbers[name], text(name))


def _linked(names: Sequence[str], numbers: Dict[str, int]) -> str:
    return ", ".join(link(name, numbers) for name in names)


def _cure(cure: Cure, numbers: Dict[str, int]) -> str:
    parts = [
        "<h3>{} on {}</h3>".format(several(len(cure.hosts), "host"), text(cure.system)),
        _folded(cure.hosts, numbers),
        '<pre tabindex="0" aria-label="Command">{}</pre>'.format(markup.block(cure.line)),
    ]
    if cure.libraries:
        parts.append('<p class="soft small">It brings {}.</p>'.format(text(", ".join(cure.libraries))))
    if cure.stale:
        names = _linked(cure.stale, numbers)
        parts.append("<p>Something has changed on {} since the doctor looked: look again.</p>".format(names))
    return '<div class="cure">{}</div>'.format("".join(parts))


def _folded(names: Sequence[str], numbers: Dict[str, int]) -> str:
    """Hosts by name; many of them folded, as the value of Ansible's --limit."""
    if len(names) <= 12:
        return "<p>{}</p>".format(_linked(names, numbers))
    inside = '<div><pre tabindex="0" aria-label="Hosts">{}</pre></div>'.format(text(",".join(names)))
    return markup.details("the {} hosts, for --limit".format(len(names)), inside)


def _unreached(lost: Sequence[Health], numbers: Dict[str, int]) -> List[str]:
    if not lost:
        return []
    rows = [
        '<tr><th scope="row">{}</th><td>{}</td><td class="nowrap">{}</td></tr>'.format(
            link(one.host.name, numbers),
            text(one.why),
            text(card.when(one.host.results[-1].time)) if one.host.results else "never",
        )
        for one in lost
    ]
    return [
        '<div class="scroll"><table><caption class="hide">Hosts that were not reached, and why</caption>'
        '<thead><tr><th scope="col">Host</th><th scope="col">Why</th>'
        '<th scope="col">Last result</th></tr></thead><tbody>',
        *rows,
        "</tbody></table></div>",
    ]


def _matrix(fleet: Fleet, numbers: Dict[str, int]) -> List[str]:
    if not fleet.hosts:
        return []
    first, rest = list(fleet.hosts), []
    if len(first) > _FEW:
        first = [one for one in fleet.hosts if one.state != HEALTHY or one.stale] or first[:_FEW]
        chosen = {one.host.name for one in first}
        rest = [one for one in fleet.hosts if one.host.name not in chosen]
    parts = _grid(first, numbers, "What each check came to on each host; what needs somebody comes first")
    if rest:
        folded = "\n".join(_grid(rest, numbers, "Healthy hosts"))
        parts.append('<div class="more">')
        parts.append(markup.details("{}, all healthy".format(several(len(rest), "more host")), folded))
        parts.append("</div>")
    return [*parts, markup.key()]


def _grid(hosts: Sequence[Health], numbers: Dict[str, int], caption: str) -> List[str]:
    head = '<th scope="col" class="c"><span>{}</span></th>'
    heads = "".join(head.format(_TITLES[name]) for name in health.CHECKS)
    return [
        '<div class="scroll" role="region" aria-label="{0}" tabindex="0">'
        '<table class="matrix"><caption class="hide">{0}</caption>'
        '<thead><tr><th scope="col">Host</th><th scope="col" class=f>System</th>'
        '<th scope="col" class=f>Python</th><th scope="col" class=f>Generation</th>{1}</tr></thead>'
        "<tbody>".format(caption, heads),
        *(_row(one, numbers) for one in hosts),
        "</tbody></table></div>",
    ]


def _row(one: Health, numbers: Dict[str, int]) -> str:
    server = one.host.server
    system = card.system(server, short=True)
    facts = (system, server.python if server else "", one.host.generation)
    cells = []
    for name in health.CHECKS:
        cell = one.cells[name]
        shows = name == health.FILM and one.rate is not None and cell.state == health.FINE
        cells.append(markup.check(cell, card.rate(one.rate) if shows else ""))
    return "<tr><th scope=row>{}{}</th>{}{}</tr>".format(
        markup.state(one.state),
        link(one.host.name, numbers),
        "".join("<td class=f>{}</td>".format(text(fact) or "–") for fact in facts),
        "".join(cells),
    )


def _problems(fleet: Fleet, numbers: Dict[str, int], marks: card.Marks) -> List[str]:
    heavy = [each for each in fleet.problems if each.finding.severity != INFO]
    light = [each for each in fleet.problems if each.finding.severity == INFO]
    parts = [_problem(each, numbers, marks[each.finding, each.hosts]) for each in heavy]
    silent = [one for one in fleet.of_state(PROBLEMS) if not one.errors]
    if silent:
        items = ["<li>{} {}</li>".format(link(one.host.name, numbers), text(one.why)) for one in silent]
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
        text(card.first_line(finding.message)),
        "· " + several(len(problem.hosts), "host"),
    )
    return markup.details(
        summary, "<div>{}{}</div>".format(_folded(problem.hosts, numbers), card.cure(finding)), identity
    )


def _speed(fleet: Fleet, numbers: Dict[str, int]) -> List[str]:
    slow = fleet.rates
    if not slow:
        return []
    rates = [one.rate or 0.0 for one in slow]
    caption = "Frames a second on {}, slowest first. Median {}, fastest {}.".format(
        several(len(slow), "host"), card.rate(_median(rates)), card.rate(rates[-1])
    )
    parts = ["<p>{}</p>".format(text(caption)), *_bars(slow[:_FEW], rates[-1], numbers)]
    if len(slow) > _FEW:
        rest = "\n".join(_bars(slow[_FEW:], rates[-1], numbers))
        parts.append(markup.details("{} faster hosts".format(len(slow) - _FEW), rest))
    return parts


def _median(rates: Sequence[float]) -> float:
    """Of values in their order."""
    middle = len(rates) // 2
    return rates[middle] if len(rates) % 2 else (rates[middle - 1] + rates[middle]) / 2


def _bars(hosts: Sequence[Health], fastest: float, numbers: Dict[str, int]) -> List[str]:
    rows = [
        "<tr><th scope=row>{}</th><td>{}</td><td{}>{}</td><td class=f>{}</td></tr>".format(
            link(one.host.name, numbers),
            markup.bar((one.rate or 0.0) / fastest),
            " class=old" if one.cells[health.FILM].stale else "",
            card.rate(one.rate),
            one.workers or "–",
        )
        for one in hosts
    ]
    return [
        '<table class="bars"><caption class="hide">Frames a second of run-badapple on each host</caption>'
        '<thead><tr><th scope="col">Host</th><th scope="col"><i>As a bar</i></th>'
        '<th scope="col">Frames/s</th><th scope="col" class=f>Processes</th></tr></thead><tbody>',
        *rows,
        "</tbody></table>",
    ]


def _cards(fleet: Fleet, numbers: Dict[str, int], marks: card.Marks) -> List[str]:
    """Problems unfolded when they are few, healthy hosts behind one fold when they are many."""
    where: Dict[Tuple[str, ...], str] = {}
    spread = {}
    for each in fleet.problems:
        finding = each.finding
        where[finding.severity, finding.code, finding.subject, finding.fix] = marks[finding, each.hosts]
        spread[marks[finding, each.hosts]] = len(each.hosts)
    ill = [one for one in fleet.hosts if one.state != HEALTHY]
    well = [one for one in fleet.hosts if one.state == HEALTHY]

    def draw(one: Health, opened: bool) -> str:
        return card.card(one, "h{}".format(numbers[one.host.name]), where, spread, opened)

    parts = [draw(one, len(ill) <= _OPEN and one.state == PROBLEMS) for one in ill]
    healthy = [draw(one, False) for one in well]
    if len(fleet.hosts) > _FEW and healthy:
        healthy = [
            markup.details(several(len(healthy), "healthy host"), "<div>" + "\n".join(healthy) + "</div>")
        ]
    return ['<div class="all">', *parts, *healthy, "</div>"] if fleet.hosts else []


def _files(fleet: Fleet) -> List[str]:
    if not fleet.findings:
        return []
    items = [card.finding(each) for each in fleet.findings]
    return ['<ul class="finds">', *items, "</ul>"]
