"""The tables of the page: who was not reached, hosts and checks, the speed of run-badapple. Pure."""

from statistics import median
from typing import Dict, List, Sequence

from offkit.fleet import card, health, markup
from offkit.fleet.health import HEALTHY, UNREACHED, Health
from offkit.fleet.markup import text
from offkit.fleet.overview import Fleet
from offkit.model.words import several

FEW = 40  # rows above which the usual ones are folded away
_LONG = 32  # letters of a host's name above which it may be broken
_TITLES = {
    health.INSTALLED: "Installed",
    "interpreter": "Interpreter",
    "libraries": "Libraries",
    "packages": "Packages",
    "machine": "Machine",
    "repositories": "Yum",
    health.FILM: "Frames/s",
    health.MODULES: "Modules",
}


def link(name: str, numbers: Dict[str, int]) -> str:
    """A host's name that leads to its card."""
    return '<a href="#h{}">{}</a>'.format(numbers[name], text(name))


def unreached(fleet: Fleet, numbers: Dict[str, int]) -> List[str]:
    """Who was not reached and why; nothing where all were."""
    lost = fleet.of_state(UNREACHED)
    if not lost:
        return []
    rows = [
        "<tr><th scope=row{}>{}</th><td class=any>{}</td><td class=nowrap>{}</td></tr>".format(
            _long(one.host.name),
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


def matrix(fleet: Fleet, numbers: Dict[str, int]) -> List[str]:
    """Every host and every check; of many hosts the healthy ones are folded."""
    if not fleet.hosts:
        return []
    first, rest = list(fleet.hosts), []
    if len(first) > FEW:
        first = [one for one in fleet.hosts if one.state != HEALTHY or one.stale] or first[:FEW]
        chosen = {one.host.name for one in first}
        rest = [one for one in fleet.hosts if one.host.name not in chosen]
    names = health.shown(fleet.hosts)
    parts = _grid(
        first, names, numbers, "Result of each check on each host; hosts that need attention come first"
    )
    if rest:
        folded = "\n".join(_grid(rest, names, numbers, "Healthy hosts"))
        parts.append('<div class="more">')
        parts.append(markup.details("{}, all healthy".format(several(len(rest), "more host")), folded))
        parts.append("</div>")
    return [*parts, markup.key()]


def speed(fleet: Fleet, numbers: Dict[str, int]) -> List[str]:
    """Frames a second as bars, as long as the fastest allows."""
    slow = fleet.rates
    if not slow:
        return []
    rates = [one.rate or 0.0 for one in slow]
    caption = "Frames a second on {}, slowest first. Median {}, fastest {}.".format(
        several(len(slow), "host"), card.rate(median(rates)), card.rate(rates[-1])
    )
    parts = ["<p>{}</p>".format(text(caption)), *_bars(slow[:FEW], rates[-1], numbers)]
    if len(slow) > FEW:
        rest = "\n".join(_bars(slow[FEW:], rates[-1], numbers))
        parts.append(markup.details(several(len(slow) - FEW, "faster host"), rest))
    return parts


def _grid(hosts: Sequence[Health], names: Sequence[str], numbers: Dict[str, int], caption: str) -> List[str]:
    head = '<th scope="col" class="c"><span>{}</span></th>'
    heads = "".join(head.format(_TITLES[name]) for name in names)
    return [
        '<div class="scroll" role="region" aria-label="{0}" tabindex="0">'
        '<table class="matrix"><caption class="hide">{0}</caption>'
        '<thead><tr><th scope="col">Host</th><th scope="col" class=f>System</th>'
        '<th scope="col" class=f>Python</th><th scope="col" class=f>Generation</th>{1}</tr></thead>'
        "<tbody>".format(caption, heads),
        *(_row(one, names, numbers) for one in hosts),
        "</tbody></table></div>",
    ]


def _row(one: Health, names: Sequence[str], numbers: Dict[str, int]) -> str:
    server = one.host.server
    system = card.system(server, short=True)
    facts = (system, server.python if server else "", one.host.generation)
    cells = []
    for name in names:
        cell = one.cells[name]
        shows = name == health.FILM and one.rate is not None and cell.state == health.FINE
        cells.append(markup.check(cell, card.rate(one.rate) if shows else ""))
    return "<tr><th scope=row{}>{}{}</th>{}{}</tr>".format(
        _long(one.host.name),
        markup.state(one.state),
        link(one.host.name, numbers),
        "".join("<td class=f>{}</td>".format(text(fact) or "–") for fact in facts),
        "".join(cells),
    )


def _long(name: str) -> str:
    """A name that would push what it stands for out of sight is broken."""
    return " class=long" if len(name) > _LONG else ""


def _bars(hosts: Sequence[Health], fastest: float, numbers: Dict[str, int]) -> List[str]:
    rows = [
        "<tr><th scope=row{}>{}</th><td>{}</td><td{}>{}</td><td class=f>{}</td></tr>".format(
            _long(one.host.name),
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
