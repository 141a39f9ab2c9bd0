"""offkit report: what a fleet of servers has reported, on the terminal and as a page."""

import os
from typing import TYPE_CHECKING, Dict, List, Optional, Sequence, Tuple

import typer

from offkit.cli import options, render, report_table
from offkit.cli.report_table import MOST, clipped, some
from offkit.model import words
from offkit.model.errors import EXIT_PROBLEMS, EnvironmentProblem, UsageError
from offkit.model.finding import ERROR, INFO

if TYPE_CHECKING:
    from offkit.fleet.overview import Cure, Fleet, Problem


def report(
    directory: str = typer.Argument(
        ..., metavar="DIR", help="The directory that the playbooks wrote (offkit_report_dir)."
    ),
    html: Optional[str] = typer.Option(
        None, "--html", metavar="FILE", help="Also write a page, as one file."
    ),
    json: bool = options.JSON,
    quiet: bool = options.QUIET,
    verbose: bool = options.VERBOSE,
) -> None:
    """Show what the hosts of DIR have reported: which are healthy, what is wrong where, how to fix it.

    No host is contacted. The exit code is 0 when all hosts are healthy, 1 when one has
    errors or was not reached.
    """
    render.console(json, quiet, verbose)
    options.refuse_empty(html=html)
    if html is not None:
        _refuse_place(html)
    from offkit.edges import files
    from offkit.fleet import document, health, overview, page, reading

    gathered = reading.gather(directory)
    fleet = overview.survey(gathered.hosts, gathered.findings)
    if html is not None:
        _write(html, page.html(fleet))
    if not quiet:
        report_table.table(fleet, verbose)
        _wrong(fleet, verbose)
    _cures(fleet.cures, verbose)
    lost = [(one.host.name, one.why) for one in fleet.of_state(health.UNREACHED)]
    _reasons("not reached", lost, verbose)
    if fleet.findings:
        render.findings(fleet.findings)
        render.line()
    if html is not None and not quiet:
        render.line("wrote the page {} ({})".format(html, words.size(os.path.getsize(html))))
    _summary(fleet)
    content = document.content(fleet)
    render.document(
        document.SCHEMA, directory=files.text(directory), page=html and files.text(html), **content
    )
    if not fleet.healthy:
        raise typer.Exit(EXIT_PROBLEMS)


def _refuse_place(html: str) -> None:
    """Raises UsageError where no page can be: before the hosts are read, not after.

    A device (/dev/stdout, whatever that is just now) would not be written to but replaced.
    """
    if os.path.abspath(html).startswith(("/dev/", "/proc/")):
        raise UsageError("--html cannot write to {}: it needs a regular file".format(html))
    folder = os.path.dirname(os.path.abspath(html))
    if os.path.lexists(html) and not os.path.isfile(html):
        raise UsageError("--html cannot write to {}: it exists and is not a regular file".format(html))
    if not os.path.isdir(folder):
        raise UsageError("the directory {} for the page does not exist".format(folder))


def _write(html: str, content: bytes) -> None:
    from offkit.edges import files

    try:
        files.replace(os.path.realpath(html), content)
    except OSError as error:
        raise EnvironmentProblem(
            "the page {} cannot be written: {}".format(html, error.strerror),
            fix="free some space there, or choose another file with --html",
        )


def _wrong(fleet: "Fleet", verbose: bool) -> None:
    """What is wrong and where; then who ended badly without saying what is wrong."""

    told = [one for one in fleet.problems if verbose or one.finding.severity != INFO]
    alike: Dict[Tuple[str, ...], List[Problem]] = {}
    for problem in told:
        finding = problem.finding
        key = (finding.severity, finding.code, *problem.hosts) if problem.cured and not verbose else ()
        alike.setdefault(key or (finding.severity, finding.code, finding.subject, finding.fix), []).append(
            problem
        )
    if told:
        render.title("what is wrong, and where")
        for problems in alike.values():
            _problem(problems, verbose)
        render.line()
    silent = [(one.host.name, line) for one in fleet.hosts for line in one.silent]
    _reasons("failed", silent, verbose)


def _problem(alike: Sequence["Problem"], verbose: bool) -> None:
    """Several of them when the same line of yum cures them on the same hosts."""
    first = alike[0]
    finding = first.finding
    glyph, colour = {ERROR: ("bad", "red"), INFO: ("info", "dim")}.get(finding.severity, ("warn", "yellow"))
    subjects = ", ".join(clipped(one.finding.subject) for one in alike)
    row = (
        render.mark(glyph, colour=colour),
        render.cell(clipped(finding.code), "dim"),
        "{}: {}".format(words.several(len(first.hosts), "host"), some(first.hosts, verbose)),
    )
    render.table([row])
    if first.cured and not verbose:
        line = (
            "missing; one command below installs" if finding.code == "LIB001" else "one command below fixes"
        )
        render.line("      {}: {} {}".format(subjects, line, "it" if len(alike) == 1 else "them"))
        return
    render.line("      {}{}".format(subjects + ": " if subjects else "", clipped(finding.message)))
    lines = finding.fix.splitlines()
    if lines and not verbose and finding.severity != INFO:
        more = words.several(len(lines) - 1, "more line")
        lines = ["{} ({} with -v)".format(clipped(lines[0]), more) if len(lines) > 1 else lines[0]]
    if verbose or finding.severity != INFO:
        for number, text in enumerate(lines):
            render.line("      {}  {}".format("   " if number else "fix", words.shown(text)))


def _cures(cures: Sequence["Cure"], verbose: bool) -> None:
    """One line for each group of hosts, to be pasted."""
    for cure in cures:
        hosts = words.several(len(cure.hosts), "host")
        render.title("for {} ({}): {}".format(hosts, words.shown(cure.system), some(cure.hosts, verbose)))
        render.line("  {}".format(words.shown(cure.line)))
        if cure.stale:
            names = some(cure.stale, verbose)
            render.line("  {}: changed since the doctor ran".format(names))
        render.line()


def _reasons(title: str, hosts: Sequence[Tuple[str, str]], verbose: bool) -> None:
    """Hosts with one line each that says why."""
    if not hosts:
        return
    render.title(title)
    most = len(hosts) if verbose else MOST
    render.table([(clipped(name), clipped(why)) for name, why in hosts[:most]])
    if len(hosts) > most:
        render.line("  and {} more (-v shows all)".format(len(hosts) - most))
    render.line()


def _summary(fleet: "Fleet") -> None:
    """The last line says it all."""
    from offkit.fleet.health import HEALTHY, PROBLEMS, UNREACHED

    unread = sum(1 for one in fleet.findings if one.severity == ERROR)
    counts = [
        (len(fleet.of_state(HEALTHY)), "healthy"),
        (len(fleet.of_state(PROBLEMS)), "with problems"),
        (len(fleet.of_state(UNREACHED)), "not reached"),
        (unread, "{} unreadable".format("file" if unread == 1 else "files")),
    ]
    text = ", ".join("{} {}".format(count, what) for count, what in counts if count or what == "healthy")
    told = "{}: {}".format(words.several(len(fleet.hosts), "host"), text)
    (render.good if fleet.healthy else render.bad)(told)
