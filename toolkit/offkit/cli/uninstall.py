"""offkit uninstall: everything that offkit made under a prefix goes."""

import os
import uuid
from typing import TYPE_CHECKING, Optional

import typer

from offkit.cli import options, render
from offkit.model import words
from offkit.model.errors import EXIT_PROBLEMS, UsageError

if TYPE_CHECKING:
    from offkit.server.prefix.uninstall import Plan


def uninstall(
    prefix: Optional[str] = options.PREFIX,
    yes: bool = typer.Option(False, "--yes", "-y", help="Do not ask; needed without a terminal."),
    keep_rpms: bool = typer.Option(False, "--keep-rpms", help="Keep RPMs and keys that offkit installed."),
    dry_run: bool = typer.Option(False, "--dry-run", help="Show what would be removed; remove nothing."),
    json: bool = options.JSON,
    quiet: bool = options.QUIET,
    verbose: bool = options.VERBOSE,
) -> int:
    """Remove all generations under a prefix, and the prefix itself if it is then empty.

    RPMs and keys that 'offkit install' or install.sh installed with yum are removed too, unless
    something else needs them by now. What offkit did not make is kept and listed; links made
    elsewhere, and what 'offkit repo add' made, are not touched.
    """
    console = render.console(json, quiet, verbose)
    from offkit.edges import files
    from offkit.edges.run import run
    from offkit.server.prefix import uninstall as removing
    from offkit.server.system import ledger, takeback

    where = options.standing_prefix(prefix)
    english = ledger.english(run)
    system = takeback.TakeBack() if keep_rpms else takeback.plan(where, english, os.geteuid() == 0)
    planned = removing.plan(where, system)
    if not system.nothing and os.geteuid() != 0:
        raise takeback.need_root(system)
    removing.require_permission(planned)
    outcome = "remove" if planned.items else "nothing"
    if planned.items and not dry_run:
        if not yes:
            if not render.can_ask():
                raise UsageError(
                    "no terminal to ask whether to remove {}".format(where),
                    fix="add -y; --dry-run shows what would be removed",
                )
            if not json:
                _show(planned, "would remove")
            if not render.ask("Remove all this?"):
                outcome = "kept"
        if outcome == "remove":
            planned = removing.apply(planned, uuid.uuid4().hex[:8], console, english)
    render.document(
        "offkit/uninstall-1",
        outcome=outcome,
        dry_run=dry_run,
        prefix=files.text(where),
        items=[{"kind": one.kind, "path": files.text(one.path), "size": one.size} for one in planned.items],
        foreign=[files.text(path) for path in planned.foreign],
        findings=[one.to_json() for one in system.kept],
    )
    if outcome == "nothing":
        render.good("{} does not exist; nothing to do".format(where))
    elif outcome == "kept":
        render.line("nothing was removed")
        return EXIT_PROBLEMS
    elif dry_run:
        _show(planned, "would remove")
    else:
        total = words.size(sum(one.size for one in planned.items))
        count = words.several(sum(one.kind == removing.GENERATION for one in planned.items), "generation")
        render.good("removed {} from {}, {}".format(count, where, total))
        packages = [rpm.word for rpm in planned.system.rpms]
        if packages:
            render.good("removed {}: {}".format(words.several(len(packages), "RPM"), ", ".join(packages)))
        _show_foreign(planned)
    return 0


def _show(planned: "Plan", what: str) -> None:
    total = sum(one.size for one in planned.items)
    render.title("{} from {}, {}:".format(what, planned.prefix, words.size(total)))
    render.table([(one.kind, one.path, words.size(one.size) if one.size else "") for one in planned.items])
    _show_foreign(planned)


def _show_foreign(planned: "Plan") -> None:
    if planned.foreign:
        render.line("kept, not made by offkit:")
        render.table([(path,) for path in planned.foreign])
    render.findings(planned.system.kept)
