"""offkit uninstall: everything that offkit made under a prefix goes."""

import uuid
from typing import TYPE_CHECKING, Optional

import typer

from offkit.cli import options, render
from offkit.model.errors import EXIT_PROBLEMS, UsageError

if TYPE_CHECKING:
    from offkit.target.uninstall import Plan


def uninstall(
    prefix: Optional[str] = options.PREFIX,
    yes: bool = typer.Option(False, "--yes", "-y", help="Do not ask; needed where nobody can be asked."),
    dry_run: bool = typer.Option(False, "--dry-run", help="Say what would go, and remove nothing."),
    json: bool = options.JSON,
    quiet: bool = options.QUIET,
    verbose: bool = options.VERBOSE,
) -> int:
    """Remove all generations under a prefix, and the prefix itself when it is then empty.

    What offkit did not make stays and is named. RPMs, and links made elsewhere, are not touched.
    """
    console = render.console(json, quiet, verbose)
    from offkit.edges import files
    from offkit.target import uninstall as removing

    where = options.standing_prefix(prefix)
    planned = removing.plan(where)
    outcome = "remove" if planned.items else "nothing"
    if planned.items and not dry_run:
        if not yes:
            if not render.can_ask():
                raise UsageError(
                    "there is no terminal to ask whether {} shall go".format(where),
                    fix="add -y; --dry-run shows what would go",
                )
            if not json:
                _show(planned, "would remove")
            if not render.ask("Remove all this?"):
                outcome = "kept"
        if outcome == "remove":
            planned = removing.apply(planned, uuid.uuid4().hex[:8], console)
    render.document(
        "offkit/uninstall-1",
        outcome=outcome,
        dry_run=dry_run,
        prefix=files.text(where),
        items=[{"kind": one.kind, "path": files.text(one.path), "size": one.size} for one in planned.items],
        foreign=[files.text(path) for path in planned.foreign],
        findings=[],
    )
    if outcome == "nothing":
        render.good("there is no {}; nothing to do".format(where))
    elif outcome == "kept":
        render.line("nothing was removed")
        return EXIT_PROBLEMS
    elif dry_run:
        _show(planned, "would remove")
    else:
        total = render.size(sum(one.size for one in planned.items))
        count = render.count(sum(one.kind == removing.GENERATION for one in planned.items), "generation")
        render.good("removed {} from {}, {}".format(count, where, total))
        _show_foreign(planned)
    return 0


def _show(planned: "Plan", what: str) -> None:
    total = sum(one.size for one in planned.items)
    render.title("{} from {}, {}:".format(what, planned.prefix, render.size(total)))
    render.table([(one.kind, one.path, render.size(one.size) if one.size else "") for one in planned.items])
    _show_foreign(planned)


def _show_foreign(planned: "Plan") -> None:
    if planned.foreign:
        render.line("stays, not made by offkit:")
        render.table([(path,) for path in planned.foreign])
