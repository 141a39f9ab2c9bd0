"""Cures as 'offkit lock' prints them, executed word by word."""

import re

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from offkit.edges import releases
from offkit.model.target import preset


def tried(locked, requirements, target, lock):
    """[{words, subject, works}] of every cure in the findings; works is None for what is advice.

    ``lock`` takes (requirements, target, *options) and gives {"code", "pins", ...}."""
    found = {}
    for finding in locked["findings"]:
        for words in filter(None, re.split(r"\nor |\n", finding.get("fix", ""))):
            found.setdefault(words, finding["subject"])
    result = []
    for words, subject in found.items():
        changed = executed(words, subject, requirements, target)
        works = None
        if changed is not None:
            done = lock(*changed)
            works = done["code"] == 0
        result.append({"words": words, "subject": subject, "works": works})
    return result


def executed(words, subject, requirements, target):
    """(requirements, target, options...) that the words make of a request; None where they name none."""
    left = requirements
    only = re.search(r"everything but (.+?)(?: with \S+==.+?)? resolves", words)
    if only:
        left = [line for line in left if _name(line) not in only[1].split(", ")]
    beside = re.search(r" with (\S+==.+?) resolves", words)
    if beside:
        left = _pinned(left, beside[1].split(", "))
    python = re.search(r"resolves with .*--python (\S+)", words)
    system = re.search(r"resolves with .*--target (\S+)", words)
    pins = re.match(r"use (.+?): ", words)
    added = re.match(r"add '([^']+)'", words)
    if python or system:
        # As somebody would type it who has given the two options.
        name, series = system[1] if system else target.name, python[1] if python else target.python
        return left, preset(releases.known(), series, name, target.arch)
    if words.endswith("resolves with --pre"):
        return left, target, "--pre"
    dropped = re.match(r"drop the versions of (.+?): ", words)
    if dropped:
        free = dropped[1].split(", ")
        return [_loose(line) if _name(line) in free else line for line in left], target
    if pins:
        return _pinned(left, pins[1].split(", ")), target
    if added:
        return [*left, added[1]], target
    if words == "delete this requirement":
        return [line for line in left if _name(line) != subject], target
    there = re.search(r" resolves.*: .*delete (\S+), or write: (.+)$", words)
    if there:
        return [*(line for line in left if _name(line) != there[1]), there[2]], target
    return None


def _name(line):
    try:
        return canonicalize_name(Requirement(line).name)
    except InvalidRequirement:
        return line


def _loose(line):
    one = Requirement(line)
    one.specifier = type(one.specifier)()
    return str(one)


def _pinned(lines, pins):
    """Those lines, with the versions of the pins where they are about the same project, and the other pins."""
    versions = {canonicalize_name(pin.split("==")[0]): pin for pin in pins}
    result = []
    for line in lines:
        one = Requirement(line)
        pin = versions.pop(canonicalize_name(one.name), None)
        if pin:
            one.specifier = Requirement(pin).specifier
        result.append(str(one))
    return [*result, *versions.values()]
