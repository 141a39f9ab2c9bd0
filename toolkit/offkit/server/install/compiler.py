"""What compiling a bundle's sources needs of this server: a compiler, Python's headers, those of libraries.

It is looked for where gcc will: programs on PATH, Python.h where that interpreter says, other headers
in the system's directories.
"""

import os
import shutil
from typing import Callable, Dict, Iterable, List, NamedTuple, Sequence, Tuple

from offkit.edges import host, releases
from offkit.edges.run import Result
from offkit.model import sources, words
from offkit.model.errors import EnvironmentProblem
from offkit.model.finding import ERROR, Finding
from offkit.model.release import Release
from offkit.model.sources import Source
from offkit.server.python.interpreter import Interpreter

PYTHON_H = "Python.h"
INCLUDE = ("/usr/include", "/usr/local/include")
_NAMED = 3
_ASK = "import sysconfig; print(sysconfig.get_paths()['include'])"


class Lack(NamedTuple):
    """Something that is not here."""

    what: str  # gcc, Python.h, libpq-fe.h
    rpm: str  # the package with it; "" where that is not known
    wanted_by: Tuple[str, ...]  # sources, for people
    looked_in: Tuple[str, ...]
    fatal: bool  # nothing at all can be compiled without it


def lacking(
    carried: Sequence[Source],
    python: Interpreter,
    run: Callable[[Sequence[str]], Result],
    coming: bool = False,
) -> List[Lack]:
    """What of it this server lacks. ``coming``: ``python`` stands in for one that is still to be provided."""
    release = releases.of(host.here().el, host.here().release)
    everyone = tuple(one.describe() for one in carried)
    found = _programs(carried)
    if everyone:
        place = "" if coming else _include(python, run)
        # Packages have a Python without its headers; what is built or compiled has them.
        absent = python.path.endswith("/usr/bin/" + os.path.basename(python.path)) if coming else True
        if absent and not (place and os.path.exists(os.path.join(place, PYTHON_H))):
            found.append(Lack(PYTHON_H, devel(python, release), everyone, (place,) if place else (), True))
    for header, names in _by(carried, lambda one: one.headers).items():
        if not any(_has(folder, header) for folder in INCLUDE):
            found.append(Lack(header, release.headers.get(header, ""), names, INCLUDE, False))
    return found


def _programs(carried: Sequence[Source]) -> List[Lack]:
    looked = tuple(os.environ.get("PATH", os.defpath).split(os.pathsep))
    return [
        Lack(program, sources.PROGRAMS.get(program, ""), names, looked, program == sources.GCC)
        for program, names in _by(carried, lambda one: one.programs).items()
        if not shutil.which(program)
    ]


def _by(carried: Sequence[Source], what: Callable[[Source], Iterable[str]]) -> Dict[str, Tuple[str, ...]]:
    """Who wants each of them."""
    found: Dict[str, List[str]] = {}
    for one in carried:
        for each in what(one):
            found.setdefault(each, []).append(one.describe())
    return {each: tuple(names) for each, names in found.items()}


def _include(python: Interpreter, run: Callable[[Sequence[str]], Result]) -> str:
    """Where its headers are, or would be (sysconfig)."""
    return run([python.path, "-I", "-S", "-c", _ASK]).stdout.strip()


def devel(python: Interpreter, release: Release) -> str:
    """The package with the headers of an interpreter of the distribution's; "" for any other."""
    series = ".".join(python.version.split(".")[:2])
    shipped = release.pythons.get(series)
    return shipped.devel if shipped and os.path.dirname(python.path) == "/usr/bin" else ""


def _has(folder: str, header: str) -> bool:
    """Also one level below: libxml2/libxml/xmlversion.h, mysql/mysql.h."""
    try:
        names = os.listdir(folder)
    except OSError:
        return False
    below = (os.path.join(folder, name) for name in names)
    return any(os.path.exists(os.path.join(place, header)) for place in (folder, *below))


def rpms(lacks: Iterable[Lack]) -> Tuple[str, ...]:
    """The packages with what is lacking, as far as they are known."""
    return tuple(dict.fromkeys(each.rpm for each in lacks if each.rpm))


def findings(lacks: Iterable[Lack], severity: str = ERROR) -> List[Finding]:
    """ENV034 for each."""
    found = []
    for each in lacks:
        message = "is not here; compiling {} needs it".format(words.listed(each.wanted_by, _NAMED))
        fix = "as root: yum install " + each.rpm if each.rpm else ""
        if each.what == PYTHON_H and not fix:
            fix = "use a Python that has its headers: --python PATH"
        found.append(Finding("ENV034", severity, each.what, message, each.looked_in, fix))
    return found


def refusal(lacks: Sequence[Lack], alone: bool, media: bool) -> EnvironmentProblem:
    """The end of an installation that could not compile; nothing has been written. ``alone``: nothing of
    the system may be changed; ``media``: some were named."""
    fix = ""
    packages = " ".join(rpms(lacks))
    if packages and alone:
        fix = "have root install them: yum install {}; or run this as root with --iso FILE".format(packages)
    elif packages and not media:
        fix = "run this again with --iso FILE (or --rpm-repo DIR), from which {} {} installed".format(
            packages, "is" if len(rpms(lacks)) == 1 else "are"
        )
    if not any(each.fatal for each in lacks):
        fix += ("; " if fix else "") + "--allow-missing compiles without what is known to be needed"
    return EnvironmentProblem("the bundle's sources cannot be compiled here", findings(lacks), fix)
