"""offkit rollback: another generation becomes the current one."""

from typing import Optional

import typer

from offkit.cli import options, render


def rollback(
    generation: Optional[str] = typer.Argument(
        None,
        metavar="ID",
        help="A number, an ID or the start of a bundle's digest (default: the previous generation).",
        show_default=False,
    ),
    prefix: Optional[str] = options.PREFIX,
    dry_run: bool = typer.Option(False, "--dry-run", help="Show what would be done; change nothing."),
    json: bool = options.JSON,
    quiet: bool = options.QUIET,
    verbose: bool = options.VERBOSE,
) -> None:
    """Make another generation current, older or newer, by one rename.

    Nothing is removed: 'offkit rollback' with the ID of the one that was current goes
    forward again. A generation whose Python does not start is refused.
    """
    render.console(json, quiet, verbose)
    from offkit.edges import files
    from offkit.server.prefix import rollback as going_back
    from offkit.server.prefix import running

    where = options.standing_prefix(prefix)
    planned = going_back.plan(where, generation)
    told = []
    if not (dry_run or planned.nothing):
        going_back.apply(planned)
        told = running.of_before(where, running.found(where))
    chosen, left = planned.chosen.id, planned.left
    render.document(
        "offkit/rollback-1",
        outcome="nothing" if planned.nothing else "switch",
        dry_run=dry_run,
        prefix=files.text(where),
        generation=chosen,
        left=left,
        changes=[dict(one._asdict()) for one in planned.changes],
        findings=[one.to_json() for one in told],
    )
    if planned.nothing:
        render.good("{} is already current in {}; nothing to do".format(chosen, where))
        return
    came = " (was {})".format(left) if left else ""
    if dry_run:
        render.title("would make {} current in {}{}".format(chosen, where, came))
    else:
        render.good("{} is current in {}{}".format(chosen, where, came))
    render.table(
        [(one.name, one.old or "(none)", "->", one.new or "(none)") for one in planned.changes], indent="    "
    )
    if left and not planned.changes:
        render.line("    the same packages, in the same versions")
    render.findings(told)
