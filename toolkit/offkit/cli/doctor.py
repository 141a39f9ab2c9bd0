"""offkit doctor: what is wrong with an environment on this server, all of it at once."""

import os
import posixpath
import sys
from collections import Counter
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Dict, List, Optional, Sequence, Tuple

import typer

from offkit.cli import options, render
from offkit.model.errors import EXIT_PROBLEMS, UsageError
from offkit.model.finding import ERROR, INFO, WARNING, Finding, has_errors
from offkit.model.words import several

if TYPE_CHECKING:
    from offkit.media.medium import Source
    from offkit.server.doctor.examine import Examination

_SCHEMA = "offkit/doctor-1"


def doctor(
    words: Optional[List[str]] = typer.Argument(
        None,
        metavar="WHERE|CHECK",
        help="A virtual environment, prefix, generation, Python or bundle.tar, and checks (default: all).",
        show_default=False,
    ),
    prefix: Optional[str] = typer.Option(
        None, "--prefix", metavar="DIR", help="The prefix that 'offkit install' installed into."
    ),
    root: str = typer.Option("/", "--root", metavar="DIR", help="Examine the system mounted here."),
    iso: Optional[List[str]] = typer.Option(
        None, "--iso", metavar="FILE", help="Look for RPMs in this ISO, without mounting it; may be repeated."
    ),
    rpm_repo: Optional[List[str]] = typer.Option(
        None,
        "--rpm-repo",
        metavar="DIR|URL",
        help="The same in a yum repository, in or just below this directory or under "
        "http://HOST[:PORT]/PATH, or a directory of RPMs; may be repeated.",
    ),
    check: Optional[List[str]] = typer.Option(
        None, "--check", metavar="CHECK", help="Run only this check; may be repeated."
    ),
    list_checks: bool = typer.Option(False, "--list-checks", help="List the checks and exit."),
    fix: bool = typer.Option(
        False, "--fix", help="Install the missing RPMs with yum after asking, then check again."
    ),
    yes: bool = typer.Option(False, "--yes", "-y", help="With --fix: do not ask."),
    json: bool = options.JSON,
    quiet: bool = options.QUIET,
    verbose: bool = options.VERBOSE,
) -> None:
    """Say what is wrong with an installed environment, and the one yum command that fixes it.

    Nothing in it is executed or changed. A bundle.tar is checked against this server before it is
    installed. The exit code is 0 when all is well (warnings allowed).
    """
    from offkit.server.doctor import checks
    from offkit.server.environment import environment

    console = render.console(json, quiet, verbose)
    if list_checks:
        _list_checks()
        return
    options.refuse_empty(prefix=prefix, root=root)
    isos, rpm_repos = options.media(iso, rpm_repo)
    if not os.path.isdir(root):
        raise UsageError("--root {} is not a directory".format(root))
    where, wanted = _sort(list(words or ()), list(check or ()), checks.NAMES)
    if where and prefix:
        raise UsageError("give either {} or --prefix {}, not both".format(where, prefix))
    if fix and os.path.abspath(root) != "/":
        raise UsageError("--fix installs on the running system and cannot be combined with --root")
    if yes and not fix:
        raise UsageError("-y is for --fix, which is not given")
    if fix and not yes and (json or not sys.stdin.isatty()):
        raise UsageError("--fix asks before it installs: use a terminal, or add -y")
    if where and os.path.isfile(where) and not environment.is_program(where):
        from offkit.server.doctor import forecast

        forecast.refuse_other_files(where)
        if wanted or fix:
            raise UsageError("a bundle is checked as a whole, without CHECK or --fix")
        _bundle(where, root, isos, rpm_repos, console, quiet)
        return
    from offkit.media import web
    from offkit.server.doctor import place
    from offkit.server.doctor.examine import examine

    belongs = "" if prefix else __file__
    inside, top = place.find(where, prefix or options.default_prefix(), belongs, root)
    with ExitStack() as stack:
        sources = web.opened(rpm_repos, stack)

        def look() -> "Examination":
            names = tuple(wanted) or checks.NAMES
            return examine(inside, top, reporter=console, checks=names, isos=isos, rpm_repos=sources)

        result = look()
        repaired: Optional[Dict[str, Any]] = None
        if fix and (result.rpms or result.again):
            from offkit.server.doctor import repair

            repaired = _repair(result, isos, sources, stack, console, yes)
            if repaired is not None:
                result = repair.compare(result, look())
        elif fix and has_errors(result.findings):
            console.warn("--fix has installed nothing: no package is known that mends what is found here")
    _document(result, repaired)
    _text(result, quiet)
    if has_errors(result.findings):
        raise typer.Exit(EXIT_PROBLEMS)


def _repair(
    result: "Examination",
    isos: List[str],
    sources: List["Source"],
    stack: ExitStack,
    console: render.Console,
    yes: bool,
) -> Optional[Dict[str, Any]]:
    """What was done, None where the answer is no: by the server's own repositories, or, where it has none of
    those that are to take part, from the media that were named."""
    from offkit.server.doctor import repair
    from offkit.server.install import mending

    named = bool(isos or sources) and not result.known
    (repair.refuse_others if named else repair.refuse)(result)
    line = mending.question(result, isos, sources) if named else repair.line(result)
    if not (yes or render.ask("run  {}  ?".format(line))):
        return None
    if named:
        return mending.repair(result, isos, sources, stack, console)
    return repair.repair(result, console)


def _sort(words: List[str], named: List[str], names: Tuple[str, ...]) -> Tuple[str, List[str]]:
    """(WHERE or "", checks). A directory that is called like a check is written ./libraries."""
    wanted = [word for word in words if word in names] + named
    places = [word for word in words if word not in names]
    if "" in places:
        raise UsageError("WHERE is empty", fix="name an environment, or omit WHERE for the default one")
    unknown = [name for name in named if name not in names]
    if unknown:
        raise UsageError("unknown check: {}; checks are {}".format(", ".join(unknown), ", ".join(names)))
    if len(places) > 1:
        message = "only one WHERE can be given, not {}; checks are {}".format(
            " and ".join(places), ", ".join(names)
        )
        raise UsageError(message)
    return (places[0] if places else ""), wanted


def _list_checks() -> None:
    from offkit.server.doctor import checks

    rows = [{"name": name, "codes": each.codes, "text": each.text} for name, each in checks.ALL.items()]
    render.document("offkit/doctor-checks-1", checks=rows)
    render.table([(row["name"], row["codes"], row["text"]) for row in rows], indent="")


def _document(result: "Examination", repaired: Optional[Dict[str, Any]]) -> None:
    render.document(
        _SCHEMA,
        environment=result.summary.environment,
        checks=list(result.checks),
        summary=result.summary._asdict(),
        findings=[finding.to_json() for finding in result.findings],
        providers=[
            {"soname": each.soname, "rpms": list(each.rpms), "source": each.source}
            for each in result.providers
        ],
        repositories=[{"place": place, "packages": count} for place, count in result.repositories.items()],
        install_line=result.summary.install_line,
        fix=repaired,
    )


def _bundle(
    path: str, root: str, isos: List[str], rpm_repos: List[str], console: render.Console, quiet: bool
) -> None:
    """The other question: will what is in this bundle find its libraries here?"""
    from offkit.media import web
    from offkit.server.doctor import forecast
    from offkit.server.install import beforehand, session

    root = os.path.abspath(root)
    with ExitStack() as stack:
        media = web.opened(rpm_repos, stack)
        result = forecast.of_bundle(path, root, isos, media)
        before = beforehand.judge(result.bundle and result.bundle.manifest, root, result.findings)
        place, alone = os.path.abspath(options.default_prefix()), os.geteuid() != 0
        before += session.refused(result.bundle, root, place, (isos, media), alone, result.findings, console)
    result = result._replace(findings=[*before, *result.findings])
    render.document(
        _SCHEMA,
        bundle=os.path.abspath(path),
        summary={"system": result.system, "libraries": result.libraries},
        findings=[finding.to_json() for finding in result.findings],
        repositories=[{"place": place, "packages": count} for place, count in result.catalog.read.items()],
        install_line=result.install_line,
    )
    if not has_errors(result.findings) and not quiet:
        needs = several(result.libraries, "library", "libraries")
        there = " for " + result.part if result.part else ""
        having = "{} has".format(result.system)
        if any((finding.code, finding.severity) == ("LIB001", INFO) for finding in result.findings):
            having = "{} and the bundle have".format(result.system)
        render.good("libraries: {} the {} that the bundle needs{}".format(having, needs, there))
    _found(result.findings, result.install_line)
    _sum(result.findings, quiet)
    _install(result.install_line, result.doubt)
    if has_errors(result.findings):
        raise typer.Exit(EXIT_PROBLEMS)


def _found(findings: Sequence[Finding], line: str) -> None:
    """With -v also what is for information."""
    render.findings([each for each in findings if render.verbose() or each.severity != INFO], last=line)


def _sum(findings: Sequence[Finding], quiet: bool) -> None:
    """How many there are of what was said, and of what -v says."""
    of = Counter(each.severity for each in findings)
    if quiet or not (of[ERROR] or of[WARNING]):
        return
    said = [several(of[weight], weight) for weight in (ERROR, WARNING) if of[weight]]
    more = several(of[INFO], "remark") + ("" if render.verbose() else " more with -v") if of[INFO] else ""
    render.line("")
    render.line(", ".join(said) + ("; " + more if more else ""))


def _install(line: str, doubt: str) -> None:
    """The one line to be copied stands last."""
    if line:
        render.line("")
        if doubt:
            render.sentence(doubt)
        if os.geteuid() != 0:
            render.line("without root, for your own installation only:")
            render.line("  sh install.sh bundle.tar --iso FILE")
        render.line("{}to install everything at once:".format("as root, " * (os.geteuid() != 0)))
        render.line("  " + line)


def _text(result: "Examination", quiet: bool) -> None:
    from offkit.server.doctor.checks import ALL

    summary = result.summary
    own = "; {} is its own prefix, not a virtual environment".format(summary.environment)
    complete = "{} complete, {} as recorded".format(
        several(summary.distributions, "package"), several(summary.files, "file")
    )
    healthy = {
        "interpreter": "CPython {} at {}{}".format(
            summary.python, summary.interpreter, own if summary.kind == "Python" else ""
        ),
        "libraries": "{} {} every library ({} read)".format(
            several(summary.modules, "extension module"),
            "finds" if summary.modules == 1 else "find",
            several(summary.elf_files, "ELF file"),
        ),
        "needs": "nothing is missing that packages are known to want when they run",
        "packages": complete if summary.distributions else "none installed here",
        "machine": summary.system,
        "repositories": "nothing blocks yum",
    }
    for name, check in ALL.items():
        mine = [finding for finding in result.findings if finding.code.startswith(check.prefixes)]
        serious = [finding for finding in mine if finding.severity != "info"]
        if not serious and not quiet and name in result.checks:
            render.good("{}: {}".format(name, healthy[name]))
        if not (serious or quiet or render.verbose()):
            for finding in mine:
                if finding.code == "LIB012":
                    render.good("{}: {}".format(name, finding.message))
        _found(mine, summary.install_line)
    _sum(result.findings, quiet)
    if render.verbose():
        _libraries(result)
        _sources(result)
    _install(summary.install_line, result.doubt)


def _sources(result: "Examination") -> None:
    if result.repositories:
        render.title("repositories read")
        render.table([(place, several(n, "package")) for place, n in result.repositories.items()])


def _libraries(result: "Examination") -> None:
    """Each library once, as found first."""
    rows: Dict[str, Tuple[str, str, str]] = {}
    for each in result.resolutions:
        if each.how != "already loaded":
            rows.setdefault(
                each.name, (each.name, posixpath.normpath(each.path) if each.path else "-", each.how)
            )
    if rows:
        render.title("libraries")
        render.table([rows[name] for name in sorted(rows)])
