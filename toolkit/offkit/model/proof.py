"""What was tried of a bundle before it left, and how that ended: told by the manifest."""

import re
from typing import Any, Dict, Iterable, List, NamedTuple

from offkit.model.finding import ERROR, Finding


class Proof(NamedTuple):
    """One trial."""

    kind: str  # "closure", "forecast", "syntax"; "resolution", "rehearsal", "smoke"
    when: str  # UTC, 2026-01-31T12:00:00Z; empty for what follows from the bundle's bytes, at any time
    on: str  # what was read, or where: "CPython 3.6.15, glibc 2.36, Debian GNU/Linux 12"
    passed: bool
    said: str  # one line: what was done, or what failed

    def describe(self) -> str:
        """One line for people."""
        how = "passed" if self.passed else "FAILED"
        when = " on " + self.when[:10] if self.when else ""
        return "{} {}{} ({}): {}".format(self.kind, how, when, brief(self.on), self.said)


def brief(text: str) -> str:
    """With digests as short as others show them; the manifest has them whole."""
    return re.sub(r"(sha256:[0-9a-f]{12})[0-9a-f]{52}", r"\1", text)


def ended(kind: str, on: str, findings: Iterable[Finding], done: str, when: str = "") -> Proof:
    """The proof that a trial is: it has failed where an error was found, and the first is said; else what
    was ``done``."""
    failed = [one for one in findings if one.severity == ERROR]
    said = "{}: {}".format(failed[0].subject, failed[0].message) if failed else done
    return Proof(kind, when, on, not failed, said)


def to_options(proofs: Iterable[Proof]) -> Dict[str, Any]:
    """The manifest's option ``proofs``; nothing where nothing was tried."""
    listed = [dict(one._asdict()) for one in proofs]
    return {"proofs": listed} if listed else {}


def from_options(options: Dict[str, Any]) -> List[Proof]:
    """Back again; only what has the right form counts."""
    listed = options.get("proofs")
    found = []
    for one in listed if isinstance(listed, list) else ():
        if isinstance(one, dict) and set(one) == set(Proof._fields):
            texts = [one[name] for name in Proof._fields if name != "passed"]
            if all(isinstance(text, str) for text in texts) and isinstance(one["passed"], bool):
                found.append(Proof(**one))
    return found
