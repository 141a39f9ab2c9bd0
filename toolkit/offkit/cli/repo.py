"""offkit repo: local media as yum repositories."""

import os
from typing import TYPE_CHECKING, Any, Dict, List, Optional

import typer

from offkit.cli import options, render
from offkit.model.errors import EXIT_PROBLEMS, UsageError
from offkit.model.finding import has_errors
from offkit.model.words import several

if TYPE_CHECKING:
    from offkit.server.repo.change import Change

app = typer.Typer(
    help="Make yum install from local media: an ISO, a mounted disc, a directory.",
    add_completion=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)


@app.command("add", short_help="Mount discs and write /etc/yum.repos.d/offkit.repo.")
def add(
    iso: Optional[List[str]] = typer.Option(
        None, "--iso", metavar="FILE", help="An ISO image, which is mounted; may be repeated."
    ),
    mount: Optional[List[str]] = typer.Option(
        None, "--mount", metavar="DIR", help="Where a disc is already mounted; may be repeated."
    ),
    directory: Optional[List[str]] = typer.Option(
        None, "--dir", metavar="DIR", help="A directory with repositories in it or just below it."
    ),
    only: bool = typer.Option(
        False, "--only", help="Enable these and disable all others until 'offkit repo remove'."
    ),
    persist: bool = typer.Option(
        False, "--persist", help="Also mount the ISO at boot, by a line in /etc/fstab."
    ),
    at: str = typer.Option("", "--at", metavar="DIR", help="Where to mount the ISO.", show_default=False),
    dry_run: bool = typer.Option(False, "--dry-run", help="Show what would be done; change nothing."),
    json: bool = options.JSON,
    quiet: bool = options.QUIET,
    verbose: bool = options.VERBOSE,
) -> None:
    """Make local media yum repositories: offkit-el7, offkit-baseos, offkit-appstream ...

    They are disabled until a command names them (yum --disablerepo='*' --enablerepo='offkit-*' ...),
    so an unmounted disc breaks nothing; with --only they are the only ones. Signatures are always
    checked. Needs root. Running it again completes what is missing.
    """
    console = render.console(json, quiet, verbose)
    for name, values in (("iso", iso), ("mount", mount), ("dir", directory)):
        for value in values or ():
            options.refuse_empty(**{name: value})
    if not (iso or mount or directory):
        raise UsageError("no medium is given", fix="add --iso FILE, --mount DIR or --dir DIR")
    if (persist or at) and not iso:
        raise UsageError("--persist and --at need --iso")
    from offkit.media import keys
    from offkit.server.repo import change
    from offkit.server.repo.machine import Kernel
    from offkit.server.repo.state import Places

    if os.geteuid() != 0 and not dry_run:
        raise change.need_root()
    isos, mounts, directories = (
        tuple(os.path.abspath(one) for one in values or ()) for values in (iso, mount, directory)
    )
    wish = change.Wish(isos, mounts, directories, os.path.abspath(at) if at else "", only, persist)
    places, kernel = Places(), Kernel()
    planned = change.plan_add(wish, places, kernel, keys.server())
    if not dry_run:
        change.apply(planned, places, kernel, console)
    goal = planned.goal
    bases = goal.bases if goal is not None else ()
    _document("add", planned, dry_run, repositories=[dict(one._asdict()) for one in bases])
    if dry_run:
        _would(planned)
        render.findings(planned.findings)
        return
    done = "these repositories are ready" if planned.steps else "nothing to do: these repositories are ready"
    render.good(done)
    render.table([(one.id, one.directory, one.title) for one in bases], indent="    ")
    render.line("next:")
    alone = goal is not None and goal.only
    what = "yum install PACKAGE" if alone else "yum --disablerepo='*' --enablerepo='offkit-*' install PACKAGE"
    render.line("    {} ...".format(what))
    render.findings(planned.findings)


@app.command("status", short_help="Check that they are still as 'repo add' left them.")
def status(json: bool = options.JSON, quiet: bool = options.QUIET, verbose: bool = options.VERBOSE) -> int:
    """Show each repository: its medium, whether it is mounted, its packages, its key.

    The exit code is 1 when something is wrong with one. Changes nothing.
    """
    render.console(json, quiet, verbose)
    from offkit.edges import files
    from offkit.server.repo import status as looking
    from offkit.server.repo.machine import Kernel
    from offkit.server.repo.state import Places

    found = looking.read(Places(), Kernel())
    render.document(
        "offkit/repo-status-1",
        repositories=[
            {
                "id": row.base.id,
                "medium": files.text(row.source),
                "directory": files.text(row.base.directory),
                "mounted": row.mounted,
                "packages": row.packages,
                "key": {"path": files.text(row.base.key), "there": row.key},
            }
            for row in found.rows
        ],
        only=found.state.only if found.state is not None else False,
        findings=[one.to_json() for one in found.findings],
    )
    if found.state is None:
        render.line("'offkit repo add' has added nothing here")
        return 0
    head = ("repository", "packages", "key", "mounted", "medium")
    rows = [
        (
            row.base.id,
            "?" if row.packages is None else str(row.packages),
            "there" if row.key else "missing",
            "yes" if row.mounted else "no",
            row.source,
        )
        for row in found.rows
    ]
    render.table([head, *rows])
    if found.state.only:
        count = several(len(found.state.disabled), "file")
        render.line("all other repositories are off (--only): {}".format(count))
    render.findings(found.findings)
    return EXIT_PROBLEMS if has_errors(found.findings) else 0


@app.command("remove", short_help="Undo everything that 'repo add' did.")
def remove(
    dry_run: bool = typer.Option(False, "--dry-run", help="Show what would be done; change nothing."),
    json: bool = options.JSON,
    quiet: bool = options.QUIET,
    verbose: bool = options.VERBOSE,
) -> None:
    """Unmount, remove the .repo file and the lines in /etc/fstab, restore other .repo files.

    Needs root. A file that was changed meanwhile is kept, with the older one beside it.
    """
    console = render.console(json, quiet, verbose)
    from offkit.server.repo import change
    from offkit.server.repo.machine import Kernel
    from offkit.server.repo.state import Places

    places, kernel = Places(), Kernel()
    if os.geteuid() != 0 and not dry_run:
        raise change.need_root()
    planned = change.plan_remove(places, kernel)
    if not dry_run:
        change.apply(planned, places, kernel, console)
    _document("remove", planned, dry_run)
    if dry_run:
        _would(planned)
    elif planned.steps:
        whole = "removed; yum is as it was before 'offkit repo add'"
        render.good("removed, except for the following" if planned.findings else whole)
    else:
        render.good("'offkit repo add' has added nothing here; nothing to do")
    render.findings(planned.findings)


def _document(word: str, planned: "Change", dry_run: bool, **more: Any) -> None:
    content: Dict[str, Any] = {
        "outcome": "changed" if planned.steps else "nothing",
        "dry_run": dry_run,
        "steps": [step.text for step in planned.steps],
    }
    content.update(more)
    render.document(
        "offkit/repo-{}-1".format(word), findings=[one.to_json() for one in planned.findings], **content
    )


def _would(planned: "Change") -> None:
    if not planned.steps:
        render.good("nothing to do")
        return
    render.title("would do, as root:")
    render.table([(str(number), step.text) for number, step in enumerate(planned.steps, 1)])
