"""What 'offkit smoke' says of an installation, as it is said of a bundle.

What the server has and the place where it was tried has not is no fault of the bundle.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from offkit.edges import data
from offkit.model import finding, packages
from offkit.model.checklist import Checklist
from offkit.model.finding import INFO, Finding
from offkit.model.target import Target

_CODE = "REQ022"
_LIBRARY = re.compile(r"(\S+\.so\S*): cannot open shared object file")
_ABSENT = re.compile(r"^No module named '([^']+)'", re.MULTILINE)
_GLIBC = re.compile(r"version `GLIBC_(\d+)\.(\d+)' not found")


class Judge(NamedTuple):
    place: str  # "this machine"
    target: Target
    libraries: Checklist
    top: str = ""  # the temporary directory of the rehearsal, whose name says nothing
    prefix: str = ""  # in it
    cure: Callable[[str, Finding, str], str] = lambda package, found, texts: ""  # as Remedies.of

    def findings(self, outcome: Mapping[str, Any]) -> list[Finding]:
        """REQ022 for what is wrong with a module, or a check."""
        texts = [*outcome["said"], *(each["text"] for each in outcome["raised"])]
        lack = self._lack("\n".join(texts))
        told = [finding.from_json(one) for one in outcome["findings"]]
        told = [one for one in told if one.severity != INFO]
        if lack and told and outcome["outcome"] != "late":
            return [Finding(_CODE, INFO, outcome["name"], f"could not be tried: {lack}")]
        package = outcome.get("package", "")
        return [
            Finding(
                _CODE,
                one.severity,
                one.subject,
                self._plain(one.message),
                (),
                self.cure(package, one, "\n".join(texts)),
            )
            for one in told
        ]

    def _lack(self, text: str) -> str:
        """What the server has and the place has not; "" where that is not why."""
        library, known = _LIBRARY.search(text), {one.soname: one for one in self.libraries.libraries}
        if library and library[1] in known:
            rpm = known[library[1]].rpm
            return f"{self.place} has no {library[1]}" + (f"; the server gets it from {rpm}" if rpm else "")
        module = _ABSENT.search(text)
        if module and module[1] in _of_libraries(self.target.python_series):
            return (
                f"the Python of {self.place} was built without {module[1]}, which is of the standard library"
            )
        glibc = _GLIBC.search(text)
        if glibc and (int(glibc[1]), int(glibc[2])) <= self.target.glibc:
            return f"{self.place} has a glibc older than {glibc[1]}.{glibc[2]}, which the server has"
        return ""

    def _plain(self, text: str) -> str:
        """Without the names of directories that will be gone."""
        generation = re.escape(self.prefix) + r"/(?:current|generations/[^/\s'\"]+)"
        text = re.sub(generation, "PREFIX/current", text).replace(self.prefix, "PREFIX")
        return text.replace(self.top, "$TMPDIR")


def _of_libraries(series: tuple[int, int]) -> set[str]:
    """Modules that a CPython may lack, as it was compiled without their libraries."""
    rows = packages.parse_modules(data.read_text(packages.MODULES))
    return {name for row in rows if row.exists_in(series) for name in (*row.modules, *row.extensions)}
