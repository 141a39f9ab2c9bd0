"""The doctor's one deed: the yum line that it prints, run after somebody agreed."""

from typing import Any, Callable, Dict, List, Mapping, Sequence

from offkit.edges import host
from offkit.edges import run as programs
from offkit.edges.run import Result
from offkit.edges.tree import Tree
from offkit.media import repofile
from offkit.model.errors import EnvironmentProblem, OffkitError
from offkit.model.finding import ERROR, INFO, Finding
from offkit.model.report import Reporter
from offkit.server.doctor import repositories
from offkit.server.doctor.examine import Examination
from offkit.server.system import ledger, verified, yum
from offkit.server.system.verified import Sources


def command(rpms: Sequence[str], verb: str = yum.INSTALL, enabled: Sequence[str] = yum.OWN) -> List[str]:
    """What the printed line does, with the answer that yum itself would ask for."""
    return yum.command((verb, *rpms), enabled=enabled)


def line(result: Examination) -> str:
    """What ``repair`` runs, for people: the printed line, but for an option against what the administrator
    excludes, which is theirs to give."""
    steps = ((yum.INSTALL, result.rpms), (yum.REINSTALL, result.again))
    return " && ".join(yum.typed(verb, rpms, result.enabled, result.yum) for verb, rpms in steps if rpms)


def refuse(result: Examination) -> None:
    """Raises EnvironmentProblem where there is no yum, or it is known already that it will fail."""
    refuse_others(result)
    if not result.known:
        found = [each for each in result.findings if each.code == "REPO001"]
        cure = (
            found[0].fix if found else "as root: offkit repo add --iso FILE.iso"
        ) + "; or run this with --iso FILE.iso"
        raise EnvironmentProblem("yum was not run: there is no repository to install from", found, cure)
    refuse_unmounted(result.findings, result.summary.install_line, result.enabled)


def refuse_others(result: Examination) -> None:
    """Raises EnvironmentProblem on a distribution that has no yum."""
    if not result.summary.el and not host.here().release:
        raise EnvironmentProblem("{} has no yum, which --fix needs".format(result.summary.system))


def refuse_unmounted(findings: Sequence[Finding], line: str, enabled: Sequence[str] = yum.OWN) -> None:
    """Raises EnvironmentProblem when it is known already that ``line`` will fail: yum gives up as
    soon as one enabled repository has no metadata, and offkit's are all ``enabled`` in it."""
    unmounted = [each for each in findings if each.code == "REPO003" and each.subject.startswith("offkit-")]
    unmounted = unmounted if set(yum.OWN) & set(enabled) else []
    if unmounted:
        names = ", ".join(each.subject for each in unmounted)
        message = "yum was not run: it cannot read {}".format(names)
        cures = list(dict.fromkeys(each.fix for each in unmounted))
        raise EnvironmentProblem(message, unmounted, "as root: {}; then {}".format("; ".join(cures), line))


def repair(result: Examination, report: Reporter) -> Dict[str, Any]:
    """Install what is missing, then once more what is damaged; what was run, for the document.

    Raises yum's failure, and with nothing installed IntegrityError where an RPM is not in order, and
    EnvironmentProblem where the administrator keeps yum from one.
    """
    run = ledger.english(programs.run)
    steps = [each for each in ((yum.INSTALL, result.rpms), (yum.REINSTALL, result.again)) if each[1]]
    for told in verified.verify(steps, result.enabled, _sources(result.enabled, Tree("/")), run):
        report.warn("{} {} {}".format(told.code, told.subject, told.message))
    report.step(line(result) + " -y")
    ran = []
    for verb, rpms in steps:
        done = install(rpms, run, verb, result.enabled, result.yum)
        for each in done.stdout.splitlines():
            report.note(each)
        ran.append(done)
    return yum.as_document(ran)


def _sources(enabled: Sequence[str], tree: Tree) -> Sources:
    """The repositories that a command enables by these patterns."""
    known = repositories.configured(tree)
    ids = known.matching(enabled)
    chosen = [one for one in known.repositories if one.id in ids]
    named = (repofile.expand(url, known.variables) for one in chosen for url in one.keys)
    files = tuple(path for path in map(repofile.directory, named) if path)
    places = tuple(dict.fromkeys(one.file for one in chosen))
    return Sources(ids, files, not any(one.checked for one in chosen), places)


def compare(before: Examination, after: Examination) -> Examination:
    """``after``, the examination after a repair, with a finding for what stands in spite of it."""
    errors = {finding.subject for finding in before.findings if finding.severity != INFO}
    cured = {each.soname: each.rpms for each in before.providers if each.soname in errors}
    found = futile(cured, {each.soname: each.rpms for each in after.providers})
    return after._replace(findings=[*after.findings, *found])


def futile(before: Mapping[str, Sequence[str]], after: Mapping[str, Sequence[str]]) -> List[Finding]:
    """A finding for what yum ran for in vain, without an error of its own.

    Both are sonames, each with the RPMs that cure it, as found before and after the repair.
    """
    still = sorted(name for name in after if after[name] and name in before)
    if not still:
        return []
    rpms = sorted({rpm for name in still for rpm in after[name]})
    message = "yum ran without an error, but the problem remains: {}".format(", ".join(still))
    fix = "'rpm -V {}' shows which of their files are damaged or missing".format(" ".join(rpms))
    return [Finding("REPO009", ERROR, "yum", message, (), fix)]


def install(
    rpms: Sequence[str],
    run: Callable[[Sequence[str]], Result],
    verb: str = yum.INSTALL,
    enabled: Sequence[str] = yum.OWN,
    called: str = "yum",
) -> Result:
    """Run it to the end; ``run`` speaks English. Raises the failure as yum.call names it."""
    try:
        return yum.call(command(rpms, verb, enabled), run)
    except OffkitError as error:
        error.fix = "then, as root: {}".format(yum.typed(verb, rpms, enabled, called))
        raise
