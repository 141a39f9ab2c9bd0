"""What is proven of every bundle, by reading its wheels: each follows from their bytes and the target alone.

So they have no date, and the same request gives the same manifest wherever and whenever it is packed.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from packaging.utils import canonicalize_name
from packaging.version import Version

from offkit.model import proof
from offkit.model.checklist import Checklist
from offkit.model.finding import ERROR, Finding
from offkit.model.proof import Proof
from offkit.model.release import GLIBC
from offkit.model.words import listed, several
from offkit.online.request.locked import Lock
from offkit.online.request.pins import Pin
from offkit.online.resolve import standing

_NAMED = 5  # packages


class Closure(NamedTuple):
    proof: Proof
    findings: tuple[Finding, ...]  # REQ022


def closure(lock: Lock, cache: Path) -> Closure:
    """Each Requires-Dist of each wheel, with the extras asked for and by the target's markers, is met; each
    wheel is for the target, and what the lock calls it. All are in the ``cache``."""
    pins = [
        Pin(canonicalize_name(one.name), Version(one.version), frozenset(one.extras), None, (one.sha256,))
        for one in lock.wheels
    ]
    found = standing.look(pins, lock.target, cache)
    missing = [] if isinstance(found, Lock) else found
    findings = tuple(Finding("REQ022", ERROR, each.subject, each.message) for each in sorted(missing))
    on = f"METADATA of {several(len(pins), 'wheel')}"
    return Closure(proof.ended("closure", on, findings, "each requirement of each wheel is met"), findings)


def forecast(findings: Sequence[Finding], libraries: Checklist, installed: bool) -> Proof:
    """Of what the ELF files want from the server. ``installed``: it is known what that has, or what every
    server of its release has."""
    wanted = [one for one in libraries.libraries if one.rpm != GLIBC and not one.in_bundle]
    number = several(len(wanted), "library", "libraries") if wanted else "no library"
    done = f"needs {number} of the server beside the C library"
    if wanted and not installed:
        done += "; what is installed there is not known"
    return proof.ended("forecast", "ELF files of the wheels", findings, done)


def syntax(findings: Sequence[Finding], python: str) -> Proof:
    """Of the sources. Only packages are named: other words are those of whichever interpreter read them."""
    certain = [one.subject for one in findings if one.severity == ERROR]
    others = [one.subject for one in findings if one.severity != ERROR]
    said = "all of them compile"
    if certain:
        said = f"cannot be imported: {listed(certain, _NAMED)}"
    elif others:
        said = f"files that may never be imported do not compile: {listed(others, _NAMED)}"
    return Proof("syntax", "", f"sources of the wheels, grammar of Python {python}", not certain, said)
