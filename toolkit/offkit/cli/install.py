"""offkit install: a bundle becomes the current generation under a prefix."""

import os
from typing import TYPE_CHECKING, List, Optional

import typer

from offkit.cli import install_words as saying
from offkit.cli import options, render
from offkit.edges import signals
from offkit.model.errors import EXIT_PROBLEMS, UsageError
from offkit.model.finding import has_errors

if TYPE_CHECKING:
    from offkit.server.install.session import Outcome

_WAYS = ("build", "source", "packages")


def install(
    bundle: str = typer.Argument(..., metavar="BUNDLE", help="The bundle.tar that 'offkit bundle' wrote."),
    prefix: Optional[str] = typer.Option(
        None,
        "--prefix",
        metavar="DIR",
        help="Where to keep generations: /opt/offkit for root, else ~/.local/share/offkit.",
    ),
    python: Optional[str] = typer.Option(
        None,
        "--python",
        metavar="PATH",
        help="The interpreter for the environment (default: the running one).",
    ),
    keep: str = typer.Option(
        "5",
        "--keep",
        metavar="N|all",
        help="How many generations to keep; the previously current one is never removed.",
    ),
    iso: Optional[List[str]] = typer.Option(
        None, "--iso", metavar="FILE", help="Take missing RPMs from this ISO; may be repeated."
    ),
    rpm_repo: Optional[List[str]] = typer.Option(
        None,
        "--rpm-repo",
        metavar="DIR|URL",
        help="The same, from a yum repository or mounted disc, local or under http://HOST[:PORT]/PATH, or a "
        "directory of RPMs; may be repeated.",
    ),
    no_root: bool = typer.Option(
        False, "--no-root", help="Do not change the system, as for an ordinary user."
    ),
    allow_missing: bool = typer.Option(
        False, "--allow-missing", help="Install even if no medium has some of the missing libraries."
    ),
    smoke: bool = typer.Option(
        False,
        "--smoke",
        help="Import every module, run the checks of 'bundle --smoke'; what fails does not become current.",
    ),
    get_python: Optional[str] = typer.Option(
        None,
        "--get-python",
        metavar="build|source|packages",
        help="How install.sh provides a Python where none fits; done before this command runs.",
    ),
    ld_so_conf: bool = typer.Option(
        False, "--ld-so-conf", help="For --get-python source; handled by install.sh."
    ),
    dry_run: bool = typer.Option(
        False, "--dry-run", help="Check everything and show what would be done; change nothing."
    ),
    planned_python: Optional[str] = typer.Option(
        None,
        "--planned-python",
        hidden=True,
        metavar="VERSION=PATH",
        help="From install.sh, with --dry-run: the Python to be provided, which this one stands in for.",
    ),
    planned_step: Optional[List[str]] = typer.Option(
        None, "--planned-step", hidden=True, metavar="TEXT", help="What install.sh would do first."
    ),
    part: Optional[str] = typer.Option(
        None,
        "--part",
        hidden=True,
        metavar="NAME",
        help="From 'offkit bundle --rehearse': the target to install.",
    ),
    json: bool = options.JSON,
    quiet: bool = options.QUIET,
    verbose: bool = options.VERBOSE,
) -> int:
    """Verify a bundle and install it beside what is there, without a network.

    The result is a new generation. PREFIX/current points to it once it is complete; until
    then, and if anything fails, everything stays as it was. Libraries that are missing on
    this server come from the given media: root installs them with yum, otherwise
    they are unpacked for this installation only.
    """
    console = render.console(json, quiet, verbose)
    options.refuse_empty(prefix=prefix, python=python)
    isos, directories = options.media(iso, rpm_repo, there=True)
    kept = _kept(keep)
    if get_python not in (None, *_WAYS):
        raise UsageError("--get-python takes one of {}, not {!r}".format(", ".join(_WAYS), get_python))
    from offkit.model import control_node
    from offkit.server.install import session
    from offkit.server.install.plan import NOTHING
    from offkit.server.python import interpreter

    signals.interrupt_once()
    version, _, place = (planned_python or "").partition("=") if dry_run else ("", "", "")
    request = session.Request(
        bundle=bundle,
        prefix=os.path.abspath(prefix or options.default_prefix()),
        python=python or interpreter.running(),
        keep=kept,
        isos=isos,
        rpm_repos=directories,
        alone=no_root or os.geteuid() != 0,
        strict=not allow_missing,
        dry_run=dry_run,
        coming=(version, place),
        before=tuple(map(saying.step, planned_step or ())),
        part=part or "",
        smoke=smoke,
    )
    outcome = session.go(request, console)
    _document(outcome, dry_run)
    planned = outcome.plan
    if planned.outcome == NOTHING and all(step.action == "smoke" for step in planned.steps):
        render.good("{} is already current in {}; nothing to do".format(planned.id, planned.prefix))
    elif dry_run:
        saying.would(planned, outcome.packages, planned.python.path)
    else:
        controls = control_node.meant(outcome.bundle.manifest.options)
        saying.done(planned, outcome.packages, planned.prefix, kept, outcome.earlier, controls)
    render.findings(outcome.judged)
    return EXIT_PROBLEMS if has_errors(outcome.judged) else 0


def _document(outcome: "Outcome", dry_run: bool) -> None:
    """The document offkit/install-1."""
    from offkit.edges import files

    planned, python = outcome.plan, outcome.plan.python
    render.document(
        "offkit/install-1",
        outcome=planned.outcome,
        dry_run=dry_run,
        prefix=files.text(planned.prefix),
        generation=planned.id,
        path=files.text(planned.generation),
        python={"path": files.text(python.path), "version": python.version},
        bundle={"path": files.text(outcome.bundle.path), "digest": outcome.bundle.digest},
        target=outcome.bundle.manifest.target.to_json(),
        steps=[
            {
                "action": step.action,
                "text": files.text(step.text),
                "argv": [files.text(word) for word in step.argv],
                "root": step.root,
            }
            for step in planned.steps
        ],
        packages=[dict(one._asdict()) for one in outcome.packages],
        removed=list(planned.remove),
        findings=[one.to_json() for one in (*outcome.told, *outcome.judged)],
    )


def _kept(word: str) -> Optional[int]:
    """How many generations --keep means, None for all of them. Raises UsageError."""
    if word == "all":
        return None
    if word.isdecimal() and int(word) > 0:
        return int(word)
    raise UsageError("--keep takes a number from 1, or 'all', not {!r}".format(word))
