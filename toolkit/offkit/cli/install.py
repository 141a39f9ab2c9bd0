"""offkit install: a bundle becomes the current generation under a prefix."""

import os
import shlex
import signal
import time
import uuid
from typing import Optional

import typer

from offkit.cli import options, render
from offkit.model.errors import UsageError


def install(
    bundle: str = typer.Argument(..., metavar="BUNDLE", help="The bundle.tar that 'offkit bundle' wrote."),
    prefix: Optional[str] = typer.Option(
        None,
        "--prefix",
        metavar="DIR",
        help="Where generations live: /opt/offkit for root, ~/.local/share/offkit.",
    ),
    python: Optional[str] = typer.Option(
        None,
        "--python",
        metavar="PATH",
        help="The interpreter for the environment, by default the running one.",
    ),
    keep: str = typer.Option(
        "5",
        "--keep",
        metavar="N|all",
        help="How many generations stay; never removed is the one that was current.",
    ),
    dry_run: bool = typer.Option(
        False, "--dry-run", help="Check everything, say what would be done, write nothing."
    ),
    json: bool = options.JSON,
    quiet: bool = options.QUIET,
    verbose: bool = options.VERBOSE,
) -> None:
    """Verify a bundle and install it beside what is there, without a network.

    The result is a new generation, which PREFIX/current points to once it is complete. Until
    then, and whenever anything fails, everything stays as it was.
    """
    console = render.console(json, quiet, verbose)
    kept = _kept(keep)
    from offkit.edges import files
    from offkit.edges.run import clean_environment, run
    from offkit.model import layout
    from offkit.target import bundle_file, generations, interpreter, requirements
    from offkit.target import install as installing
    from offkit.target.plan import plan

    # A terminated installation cleans up like an interrupted one.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    where = os.path.abspath(prefix or options.default_prefix())
    opened = bundle_file.read_manifest(bundle)
    console.step("verifying {}".format(bundle))
    bundle_file.verify(opened, console)
    requirements.pins(opened.read(layout.REQUIREMENTS))
    owner, warnings = installing.survey(opened, where, python or interpreter.running(), run)
    for warning in warnings:
        console.warn(warning.message)
    planned = plan(opened, where, owner, generations.found(where), uuid.uuid4().hex[:8], kept)
    packages = installing.packages_of(planned)
    if not dry_run:
        now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        packages = installing.apply(planned, opened, run, clean_environment(), now, console)
    render.document(
        "offkit/install-1",
        outcome=planned.outcome,
        dry_run=dry_run,
        prefix=files.text(where),
        generation=planned.id,
        path=files.text(planned.generation),
        python={"path": files.text(owner.path), "version": owner.version},
        bundle={"path": files.text(bundle), "digest": opened.digest},
        steps=[
            {
                "action": step.action,
                "text": files.text(step.text),
                "argv": [files.text(word) for word in step.argv],
            }
            for step in planned.steps
        ],
        packages=[dict(one._asdict()) for one in packages],
        removed=list(planned.remove),
        findings=[one.to_json() for one in warnings],
    )
    if planned.outcome == "nothing":
        render.good("{} is already current in {}; nothing to do".format(planned.id, where))
        return
    if dry_run:
        render.title("would do, with {}:".format(owner.path))
        render.table([(str(number), step.text) for number, step in enumerate(planned.steps, 1)])
        return
    done = "installed" if planned.outcome == "install" else "switched back to"
    render.good("{} {} in {}".format(done, planned.id, where))
    render.table([(one.name, one.version) for one in packages], indent="    ")
    if planned.remove:
        render.line("removed {}: the last {} are kept (--keep)".format(", ".join(planned.remove), kept))
    render.line("next:")
    offkit = shlex.quote(os.path.join(where, "current", "bin", "offkit"))
    render.line("    {} doctor".format(offkit))
    if any(one.name.lower().startswith("opencv") for one in packages):
        render.line("    {} run-badapple".format(offkit))


def _kept(word: str) -> Optional[int]:
    """How many generations --keep means, None for all of them. Raises UsageError."""
    if word == "all":
        return None
    if word.isdigit() and int(word) > 0:
        return int(word)
    raise UsageError("--keep takes a number from 1, or all; not {!r}".format(word))
