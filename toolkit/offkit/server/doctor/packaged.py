"""PKG014 to PKG016: Python packages that came with RPMs. Those are rpm's to judge, not their RECORD's.

A distribution's own packages drop files that the RECORD lists (el7's pip), or the RECORD itself (PEP 627).
"""

from typing import Collection, Dict, List, NamedTuple, Sequence, Tuple

from offkit.edges.tree import Tree
from offkit.model import words
from offkit.model.finding import ERROR, INFO, WARNING, Finding
from offkit.server.doctor.cures import Cures
from offkit.server.doctor.distribution import Distribution
from offkit.server.doctor.shared_objects import machine_code
from offkit.server.environment.environment import Environment
from offkit.server.system import rpm_files
from offkit.server.system.ledger import Run
from offkit.server.system.rpm_files import Compared

_NAMED = 5
_BY_RPM = "rpm"  # INSTALLER (PEP 376) of what an RPM brought


class Packaged(NamedTuple):
    distributions: Tuple[Distribution, ...]  # that are an RPM's
    findings: List[Finding]
    files: int  # compared
    again: Tuple[str, ...]  # RPMs to be installed once more


def inspect(tree: Tree, env: Environment, found: Sequence[Distribution], cures: Cures, run: Run) -> Packaged:
    """Which of them are an RPM's, and what of those RPMs is not as rpm installed it."""
    asked = {dist: tree.real(dist.directory) for dist in found}
    owned = rpm_files.of(tree, [each for path in asked.values() for each in (path, _metadata(path))], run)
    if owned is None:
        mine = tuple(dist for dist in found if _installer(tree, dist) == _BY_RPM)
        return Packaged(mine, [_unasked(mine)] if mine else [], 0, ())
    mine = tuple(dist for dist, path in asked.items() if path in owned or _metadata(path) in owned)
    findings: List[Finding] = []
    again: List[str] = []
    compared = rpm_files.compare(tree, owned)
    for name, package in sorted(compared.items()):
        told = _findings(tree, env, cures, name, package)
        findings += told
        again += [name] if any(each.severity == ERROR for each in told) else []
    files = sum(1 for one in owned.values() if one.judged and one.digest)
    files -= sum(len(package.untold) for package in compared.values())
    return Packaged(mine, findings, files, tuple(again))


def _metadata(directory: str) -> str:
    return directory + "/METADATA"


def _installer(tree: Tree, dist: Distribution) -> str:
    try:
        return tree.text(dist.directory + "/INSTALLER").strip()
    except OSError:
        return ""


def _unasked(mine: Collection[Distribution]) -> Finding:
    message = "rpm cannot be asked about them, so their files were not compared: {}".format(
        words.listed([dist.title for dist in mine], _NAMED)
    )
    return Finding("PKG016", INFO, "rpm", message, ("rpm -qf",), "rpm -V PACKAGE, on the server itself")


def _untold(package: Compared) -> Finding:
    number = len(package.untold)
    message = "{} not compared: FIPS mode forbids the MD5 that rpm has of {}".format(
        *(("1 file was", "it") if number == 1 else ("{} files were".format(number), "them"))
    )
    return Finding("PKG016", INFO, package.title, message, tuple(package.untold))


def _findings(tree: Tree, env: Environment, cures: Cures, name: str, package: Compared) -> List[Finding]:
    broken = [path for path in package.altered if machine_code(tree, path)]
    kinds: Dict[Tuple[str, str, str], List[str]] = {
        ("PKG014", ERROR, "missing"): package.missing,
        ("PKG015", ERROR, "altered"): broken,
        ("PKG015", WARNING, "altered"): [path for path in package.altered if path not in broken],
    }
    found = [_untold(package)] if package.untold else []
    for (code, severity, what), paths in kinds.items():
        if paths:
            number = "1 file is" if len(paths) == 1 else "{} files are".format(len(paths))
            named = words.listed([env.shorten(path) for path in paths], _NAMED)
            message = "{} {}: {}".format(number, what, named)
            fix = cures.install((), [name])
            looked = ("rpm -V {}".format(name), *(paths if len(paths) > _NAMED else ()))
            found.append(Finding(code, severity, package.title, message, looked, fix))
    return found
