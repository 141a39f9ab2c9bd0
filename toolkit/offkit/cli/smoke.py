"""offkit smoke: whether what is installed can be imported, and what the user's own checks say of it."""

import os
from typing import TYPE_CHECKING, Any, Dict, Optional

import typer

from offkit.cli import options, render
from offkit.edges import signals
from offkit.model.errors import EXIT_PROBLEMS, EnvironmentProblem, UsageError
from offkit.model.finding import has_errors
from offkit.model.words import several

if TYPE_CHECKING:
    from offkit.server.smoke.smoke import Check, Smoked
    from offkit.server.smoke.verdict import Outcome

_LINES = 3  # that are shown without -v of what a module said


def smoke(
    file: Optional[str] = typer.Argument(
        None,
        metavar="FILE",
        help="Run this Python file, and nothing else; it must exit with 0.",
        show_default=False,
    ),
    imports: bool = typer.Option(
        False, "--import", help="Import every module, without the checks of 'bundle --smoke'."
    ),
    generation: Optional[str] = typer.Option(
        None,
        "--generation",
        metavar="ID",
        help="Another generation than the current one, as for 'offkit rollback'.",
    ),
    prefix: Optional[str] = options.PREFIX,
    timeout: float = typer.Option(
        120.0, "--timeout", metavar="SECONDS", help="How long a module or a check may take."
    ),
    json: bool = options.JSON,
    quiet: bool = options.QUIET,
    verbose: bool = options.VERBOSE,
) -> int:
    """Import every top-level module of every package, each in a process of its own, and run your own checks.

    This executes what is installed: without a network, with a HOME that is removed afterwards, and, where
    root calls it, as the user 'nobody' if that may read it. The checks are those of 'offkit bundle --smoke'.
    """
    console = render.console(json, quiet, verbose)
    options.refuse_empty(file=file, generation=generation, prefix=prefix)
    if not timeout > 0:
        raise UsageError("--timeout takes a number of seconds above 0, not {:g}".format(timeout))
    from offkit.edges import files
    from offkit.server.prefix import choice
    from offkit.server.smoke import smoke as trial

    signals.interrupt_once()
    where = choice.path(options.standing_prefix(prefix), generation, "" if prefix else __file__)
    checks = (_check(file),) if file else () if imports else trial.carried(where)
    wanted = trial.Wanted(imports or not file, checks, timeout)
    done = trial.smoke(where, wanted, console)
    render.document("offkit/smoke-1", path=files.text(where), **_document(done, wanted.limit))
    _text(done, quiet)
    return EXIT_PROBLEMS if has_errors(done.findings) else 0


def _check(path: str) -> "Check":
    from offkit.server.smoke.smoke import Check

    if not os.path.isfile(path):
        raise UsageError("{} is no file".format(path), fix="give a Python file, or none")
    try:
        with open(path, "rb") as source:
            return Check(os.path.basename(path), source.read())
    except OSError as error:
        raise EnvironmentProblem("{} cannot be read: {}".format(path, error.strerror))


def _document(done: "Smoked", limit: float) -> Dict[str, Any]:
    return {
        "python": done.python,
        "libc": done.libc,
        "user": done.user,
        "network": not done.silent,
        "timeout": limit,
        "imported": done.imported,
        "modules": [dict(_outcome(one), package=one.package) for one in done.modules],
        "checks": [_outcome(one) for one in done.checks],
        "findings": [one.to_json() for one in done.findings],
    }


def _outcome(one: "Outcome") -> Dict[str, Any]:
    return {
        "name": one.name,
        "outcome": one.how,
        "raised": [{"type": kind, "text": text} for kind, text in one.raised],
        "said": list(one.said),
        "findings": [each.to_json() for each in one.findings],
    }


def _text(done: "Smoked", quiet: bool) -> None:
    failed = [one for one in (*done.modules, *done.checks) if has_errors(one.findings)]
    if done.modules and not quiet:
        number = several(len(done.modules), "module")
        if done.imported == len(done.modules):
            render.good("{} imported as {}, with CPython {}".format(number, done.user, done.python))
        else:
            render.line("{} of {} imported as {}".format(done.imported, number, done.user))
    for one in done.checks:
        if one not in failed and not quiet:
            render.good("{} ended with 0".format(one.name))
    render.findings(done.findings)
    for one in failed:
        lines = one.said if render.verbose() else one.said[-_LINES:]
        if lines:
            render.title("{} said last:".format(one.name))
            render.table([(line,) for line in lines])
