"""Findings that the same thing cures: told together, so that what to do is told once."""

from typing import Dict, Iterable, List, NamedTuple, Tuple

from offkit.model.finding import Finding, by_weight, rank

_OR = "or "  # begins each line of a fix but the first, where they are alternatives


class Told(NamedTuple):
    """A finding, and what is to be told below it."""

    finding: Finding
    own: Tuple[str, ...]  # alternatives that are a cure for this one alone
    shared: Tuple[str, ...] = ()  # for it and for those right above it, of which it is the last
    number: int = 1  # how many they are


def gather(findings: Iterable[Finding]) -> List[Told]:
    """Errors first; within a severity, those whose fixes begin alike follow each other."""
    groups: Dict[Tuple[int, str], List[Finding]] = {}
    for number, finding in enumerate(by_weight(findings)):
        first = alternatives(finding.fix)[:1]
        key = rank(finding.severity), first[0] if first else str(number)
        groups.setdefault(key, []).append(finding)
    return [told for group in groups.values() for told in _told(group)]


def alternatives(fix: str) -> Tuple[str, ...]:
    """The cures that a fix names, each of which would do; all of it is one where its lines are steps."""
    if not fix:
        return ()
    lines = fix.splitlines()
    if not all(line.startswith(_OR) for line in lines[1:]):
        return (fix,)
    return tuple([line if not number else line[len(_OR) :] for number, line in enumerate(lines)])


def text(cures: Iterable[str]) -> str:
    """Alternatives as a fix has them."""
    return ("\n" + _OR).join(cures)


def _told(group: List[Finding]) -> List[Told]:
    fixes = [alternatives(finding.fix) for finding in group]
    common = 0
    if len(group) > 1:
        for each in zip(*fixes):
            if len(set(each)) > 1:
                break
            common += 1
    told = [Told(finding, fix[common:]) for finding, fix in zip(group, fixes)]
    told[-1] = told[-1]._replace(shared=fixes[0][:common], number=len(group))
    return told
