"""The names of the checks, and what each looks at."""

from typing import Dict, NamedTuple, Tuple

INTERPRETER, LIBRARIES, NEEDS, PACKAGES, MACHINE, REPOSITORIES = (
    "interpreter",
    "libraries",
    "needs",
    "packages",
    "machine",
    "repositories",
)


class Check(NamedTuple):
    codes: str  # what its findings' codes begin with, for people
    text: str

    @property
    def prefixes(self) -> Tuple[str, ...]:
        return tuple(self.codes.split(", "))


ALL: Dict[str, Check] = {
    INTERPRETER: Check("PY", "Python itself: is it complete, what was it built without"),
    LIBRARIES: Check("LIB", "each shared library and symbol version that a program or module needs"),
    NEEDS: Check("NEED", "libraries, programs and data that packages want only when they run"),
    PACKAGES: Check("PKG", "installed files against their RECORD, requirements, leftovers, pip's age"),
    MACHINE: Check("ENV", "file systems, memory, locale, variables, SELinux and other policies, processor"),
    REPOSITORIES: Check("REPO, RPM", "what yum would do here; the network is never used"),
}
NAMES: Tuple[str, ...] = tuple(ALL)
