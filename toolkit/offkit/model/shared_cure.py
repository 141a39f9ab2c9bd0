"""Findings that the same thing cures: told together, so that what to do is told once."""

from typing import Dict, Iterable, List, NamedTuple, Tuple

from offkit.model.finding import Finding, by_weight, rank

_OR = "or "  # begins each line of a fix but the first, where they are alternatives


class Shared(NamedTuple):
    """Alternatives that several findings have, and which these are, by their subjects."""

    cures: Tuple[str, ...]
    of: Tuple[str, ...]


class Told(NamedTuple):
    """A finding, and what is to be told below it."""

    finding: Finding
    own: Tuple[str, ...]  # alternatives that are a cure for this one alone
    shared: Tuple[Shared, ...] = ()  # those of it and others, of which it is the last


def gather(findings: Iterable[Finding]) -> List[Told]:
    """Errors first; within a severity, those that have an alternative in common follow each other."""
    found = by_weight(findings)
    having: Dict[Tuple[int, str], List[int]] = {}
    for number, finding in enumerate(found):
        for cure in alternatives(finding.fix):
            having.setdefault((rank(finding.severity), cure), []).append(number)
    blocks: Dict[Tuple[int, ...], List[str]] = {}
    first = list(range(len(found)))
    for (_, cure), who in having.items():
        for each in who:
            first[each] = min(first[each], who[0])
        if len(who) > 1:
            blocks.setdefault(tuple(who), []).append(cure)
    order = sorted(range(len(found)), key=lambda each: (rank(found[each].severity), first[each], each))
    below: Dict[int, List[Shared]] = {}
    for those, cures in blocks.items():
        of = tuple([found[each].subject for each in those])
        below.setdefault(max(those, key=order.index), []).append(Shared(tuple(cures), of))
    told = []
    for each in order:
        finding = found[each]
        own = [cure for cure in alternatives(finding.fix) if len(having[rank(finding.severity), cure]) == 1]
        told.append(Told(finding, tuple(own), tuple(below.get(each, ()))))
    return told


def alternatives(fix: str) -> Tuple[str, ...]:
    """The cures that a fix names, each of which would do; all of it is one where its lines are steps."""
    if not fix:
        return ()
    lines = fix.splitlines()
    if not all(line.startswith(_OR) for line in lines[1:]):
        return (fix,)
    cures = [line if not number else line[len(_OR) :] for number, line in enumerate(lines)]
    return tuple(sorted(set(cures), key=cures.index))


def text(cures: Iterable[str]) -> str:
    """Alternatives as a fix has them."""
    return ("\n" + _OR).join(cures)
