"""One thing that is wrong (or worth knowing), as data. Rendering is the CLI's business."""

import re
from typing import Any, Dict, Iterable, List, NamedTuple, Tuple

ERROR = "error"
WARNING = "warning"
INFO = "info"

SEVERITIES = (ERROR, WARNING, INFO)  # the heaviest first


class Finding(NamedTuple):
    """What doctor, verify, bundle and run-badapple all report.

    ``code`` is stable (``LIB001``); ``subject`` is the thing itself (for a library its
    soname, for a package its name, for a bundle member its path); ``looked_in`` lists
    the places searched, in order; ``fix`` is what to do on this side of the gap.
    """

    code: str
    severity: str
    subject: str
    message: str
    looked_in: Tuple[str, ...] = ()
    fix: str = ""

    @property
    def identity(self) -> Tuple[str, ...]:
        """Findings on several hosts are the same when this is; messages differ by paths and versions."""
        return self.severity, self.code, self.subject, self.fix

    def to_json(self) -> Dict[str, Any]:
        return dict(self._asdict(), looked_in=list(self.looked_in))


def from_json(data: Any) -> Finding:
    """Of what ``to_json`` gave. Raises TypeError and KeyError for anything else."""
    return Finding(**dict(data, looked_in=tuple(map(str, data["looked_in"]))))


def has_errors(findings: Iterable[Finding]) -> bool:
    """True when at least one finding is an error: the command's exit code is then not 0."""
    return any(finding.severity == ERROR for finding in findings)


def together(findings: Iterable[Finding]) -> List[Finding]:
    """What is the same of several subjects as one finding about all of them, where the first was. Messages
    begin with "is" or "requires", and hold for several too."""
    subjects: Dict[Finding, List[str]] = {}
    for each in findings:
        subjects.setdefault(each._replace(subject=""), []).append(each.subject)
    found = []
    for each, names in subjects.items():
        names = list(dict.fromkeys(names))
        message = each.message
        if len(names) > 1:
            message = re.sub(r"^is\b", "are", re.sub(r"^requires\b", "require", message))
        found.append(each._replace(subject=", ".join(names), message=message))
    return found


def rank(severity: str) -> int:
    """0 for an error, more for what weighs less."""
    return SEVERITIES.index(severity)


def by_weight(findings: Iterable[Finding]) -> List[Finding]:
    """Errors first, then warnings, then the rest; otherwise in the order they came."""
    return sorted(findings, key=lambda finding: rank(finding.severity))
