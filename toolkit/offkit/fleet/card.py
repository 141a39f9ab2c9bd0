"""One host on the page: what it is, how each command ended there, what was found. Pure."""

from typing import Dict, Optional, Tuple

from offkit.fleet import health, markup
from offkit.fleet.health import Health
from offkit.fleet.host import Result, Server
from offkit.fleet.markup import block, text
from offkit.model.finding import ERROR, INFO, Finding, by_weight
from offkit.model.words import several

Marks = Dict[Tuple[Finding, Tuple[str, ...]], str]  # a problem's place on the page
_SHARED = 3  # hosts above which a finding's cure stands in the list of problems only


def card(
    one: Health, identity: str, where: Dict[Tuple[str, ...], str], spread: Dict[str, int], opened: bool
) -> str:
    """``where`` has the place of a finding's problem by its identity, ``spread`` the number of hosts by
    place."""
    host = one.host
    why = ' <span class="soft">{}</span>'.format(text(health.first_line(one.why))) if one.why else ""
    summary = "{}<b>{}</b>{}".format(markup.state(one.state), text(host.name), why)
    parts = [_facts(one)]
    parts += [_said(result) for result in one.counted]
    heavy, light, brief = [], [], []
    for each in by_weight(one.findings):
        place = where.get(each.identity, "")
        shared = spread.get(place, 0) > _SHARED
        if each.severity != INFO:
            heavy.append(finding(each, place if shared else ""))
        elif shared:
            words = " ".join(part for part in (each.code, each.subject) if part)
            brief.append('<a href="#{}">{}</a>'.format(place, text(words)))
        else:
            light.append(finding(each))
    if heavy or light:
        parts.append('<ul class="finds">{}</ul>'.format("".join(heavy + light)))
    if brief:
        parts.append('<p class="brief">Notes: {}</p>'.format(", ".join(brief)))
    return markup.details(summary, "<div>{}</div>".format("".join(parts)), identity, opened)


def finding(each: Finding, place: str = "") -> str:
    """A finding in full, or with a link to the place where its cure stands."""
    subject = "<b>{}</b> ".format(text(each.subject)) if each.subject else ""
    rest = ' <a href="#{}">cure</a>'.format(place) if place else cure(each)
    return "<li>{} {}{}{}</li>".format(
        markup.code(each.severity, each.code), subject, text(health.first_line(each.message)), rest
    )


def cure(each: Finding) -> str:
    """What is left to say of a finding: the rest of its message, its cure, where was looked."""
    parts = []
    rest = each.message.strip().partition("\n")[2]
    if rest:
        parts.append("<pre>{}</pre>".format(block(rest)))
    if each.fix:
        parts.append('<pre tabindex="0" aria-label="Cure">{}</pre>'.format(block(each.fix)))
    if each.looked_in:
        places = "".join("<li>{}</li>".format(text(place)) for place in each.looked_in)
        title = '<span class="soft small">looked in {}</span>'.format(several(len(each.looked_in), "place"))
        parts.append(markup.details(title, '<ul class="places">{}</ul>'.format(places)))
    return "".join(parts)


def system(server: Optional[Server], short: bool = False) -> str:
    """What runs there: ``el7 x86_64``, or in full with its own name."""
    if server is None:
        return ""
    name = "el{}".format(server.el) if short and server.el else server.system
    return " ".join(part for part in (name, server.arch) if part)


def rate(value: Optional[float]) -> str:
    """Frames a second."""
    return "–" if value is None else "{:,.0f}".format(value) if value >= 10 else "{:.1f}".format(value)


def _facts(one: Health) -> str:
    """What it is, then when each command ran there and how it ended."""
    host, server = one.host, one.host.server
    facts = [
        ("System", system(server)),
        ("glibc", server.glibc if server else ""),
        ("Python", server.python if server else ""),
        ("Generation", host.generation),
        ("Groups", ", ".join(host.groups)),
    ]
    rows = ["<dt>{}<dd>{}".format(name, text(value)) for name, value in facts if value]
    for result in host.results:
        old = one.stale.get(result.name, "") if result in one.counted else "superseded by a later one"
        words = [when(result.time), "exited with {}".format(result.rc) if health.failed(result) else "ok"]
        told = '<span class="old">{}</span>'.format(text(old)) if old else ""
        rows.append("<dt>{}<dd>{}".format(text(result.name), ", ".join(words + [told] * bool(told))))
    return "<dl class=facts>{}</dl>".format("".join(rows)) if rows else ""


def when(time: str) -> str:
    """``2026-01-31T12:00:00Z`` for people."""
    return time.replace("T", " ").replace("Z", " UTC")


def _said(result: Result) -> str:
    """What a command that failed said beside its findings."""
    if not health.failed(result):
        return ""
    told = []
    if result.error and all(result.error != each.message for each in result.findings):
        told += [result.error, result.fix]
    if result.unclear:
        told.append(result.unclear)
    if not result.findings and result.stderr:
        told.append(result.stderr)
    if not (told or any(each.severity == ERROR for each in result.findings)):
        told.append(health.headline(result))
    lines = "\n".join(part.strip("\n") for part in told if part)
    if not lines:
        return ""
    name = text(result.name)
    if "\n" not in lines:
        return "<p><b>{}</b> {}</p>".format(name, text(lines))
    return "<p><b>{}</b></p><pre tabindex=0>{}</pre>".format(name, block(lines))
