"""What was tried of a bundle before it left, and how that ended: told by the manifest."""

from typing import Any, Dict, Iterable, List, NamedTuple


class Proof(NamedTuple):
    """One trial."""

    kind: str  # "closure", "rehearsal", "smoke"
    when: str  # UTC, 2026-01-31T12:00:00Z
    on: str  # where: "CPython 3.6.15, glibc 2.36, Debian GNU/Linux 12"
    passed: bool
    said: str  # one line: what was done, or what failed

    def describe(self) -> str:
        """One line for people."""
        how = "passed" if self.passed else "FAILED"
        return "{} {} on {} ({}): {}".format(self.kind, how, self.when[:10], self.on, self.said)


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
