"""offkit install: a bundle becomes the current generation under a prefix."""

import os
import signal
import time
import uuid
from contextlib import ExitStack
from typing import TYPE_CHECKING, List, Optional

import typer

from offkit.cli import install_words as saying
from offkit.cli import options, render
from offkit.model.errors import EXIT_PROBLEMS, UsageError
from offkit.model.finding import INFO, Finding, has_errors

if TYPE_CHECKING:
    from offkit.media.access import Source

_WAYS = ("build", "source", "packages")


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
    iso: Optional[List[str]] = typer.Option(
        None, "--iso", metavar="FILE", help="Take RPMs that are missing from this ISO; may be repeated."
    ),
    rpm_repo: Optional[List[str]] = typer.Option(
        None,
        "--rpm-repo",
        metavar="DIR|URL",
        help="The same from a yum repository or mounted disc, or from one under http://HOST[:PORT]/PATH.",
    ),
    no_root: bool = typer.Option(
        False, "--no-root", help="Change nothing of the system, as for an ordinary user."
    ),
    allow_missing: bool = typer.Option(
        False, "--allow-missing", help="Go on without libraries that none of the media has."
    ),
    get_python: Optional[str] = typer.Option(
        None,
        "--get-python",
        metavar="build|source|packages",
        help="How install.sh gets a Python where none fits; it has done so when this runs.",
    ),
    ld_so_conf: bool = typer.Option(
        False, "--ld-so-conf", help="With --get-python source: install.sh's, as above."
    ),
    dry_run: bool = typer.Option(
        False, "--dry-run", help="Check everything, say what would be done, write nothing."
    ),
    planned_python: Optional[str] = typer.Option(
        None,
        "--planned-python",
        hidden=True,
        metavar="VERSION=PATH",
        help="By install.sh, with --dry-run: the Python that will be there, for which this one speaks.",
    ),
    planned_step: Optional[List[str]] = typer.Option(
        None, "--planned-step", hidden=True, metavar="TEXT", help="What install.sh would do before."
    ),
    json: bool = options.JSON,
    quiet: bool = options.QUIET,
    verbose: bool = options.VERBOSE,
) -> int:
    """Verify a bundle and install it beside what is there, without a network.

    The result is a new generation, which PREFIX/current points to once it is complete. Until
    then, and whenever anything fails, everything stays as it was. Libraries that are missing on
    this server come from the media that are named: as root they are installed with yum, else
    they are unpacked for this installation alone.
    """
    console = render.console(json, quiet, verbose)
    options.refuse_empty(prefix=prefix, python=python)
    isos, directories = options.media(iso, rpm_repo)
    kept = _kept(keep)
    if get_python not in (None, *_WAYS):
        raise UsageError("--get-python takes one of {}; not {!r}".format(", ".join(_WAYS), get_python))
    from offkit.edges import files, leftovers
    from offkit.edges.mounts import Drive
    from offkit.edges.run import clean_environment, run
    from offkit.media import web
    from offkit.model import control_node, finding, layout, url
    from offkit.server.bundle import bundle_file, bundled, requirements
    from offkit.server.install import install as installing
    from offkit.server.install import step as taking
    from offkit.server.install import supplies
    from offkit.server.install.plan import plan
    from offkit.server.prefix import generations
    from offkit.server.python import interpreter
    from offkit.server.system import ledger

    _clean_up_after_signals()
    if not dry_run:
        leftovers.sweep()  # also where nothing is left to do that needs a scratch of its own
    where = os.path.abspath(prefix or options.default_prefix())
    opened = bundle_file.read_manifest(bundle)
    console.step("verifying {}".format(bundle))
    bundle_file.verify(opened, console)
    pins = requirements.pins(opened.read(layout.REQUIREMENTS))
    version, _, place = (planned_python or "").partition("=") if dry_run else ("", "", "")
    owner, warnings = installing.survey(opened, where, python or interpreter.running(), run, version)
    saying.found(console, opened, owner, where)
    existing = generations.found(where)
    damaged = installing.damaged(opened, owner, existing, run)
    for warning in warnings:
        (console.note if warning.severity == finding.INFO else console.warn)(warning.message)
    broken = [one.subject for one in damaged]
    earlier = [] if existing else [entry.text for entry in ledger.read(where)]
    with Drive(keep=[where]) as drive, ExitStack() as stack:
        alone = no_root or os.geteuid() != 0
        english = ledger.english(run, any(map(url.by_name, directories)))
        carried = bundled.unpack(opened, stack)
        sources = web.opened(directories, stack)
        strict = not allow_missing
        stack.enter_context(saying.what_stays(where, owner, existing))
        brought = supplies.prepare(
            opened, where, isos, sources, alone, drive, english, console, carried, strict
        )
        whole = [one for one in existing if one.id not in broken]
        named = strict and bool(isos or directories)
        if not brought.additions:
            taken = taking.prepare(opened, where, owner, whole, brought.media, named, stack)
            brought = brought.joined(taken.additions, taken.warnings, taken.complete)
            broken += taken.outdated
        if place:
            owner = owner._replace(path=place)
        planned = plan(opened, where, owner, existing, uuid.uuid4().hex[:8], kept, broken, brought.additions)
        if dry_run and planned_step:
            before = tuple(saying.step(text) for text in planned_step)
            planned = planned._replace(steps=(*before, *planned.steps))
        instead = "a new one is built beside it" if planned.outcome == "install" else planned.id + " is whole"
        for warning in damaged if planned.outcome != "nothing" else ():
            console.warn("{} {}; {}".format(warning.subject, warning.message, instead))
        if planned.outcome != "install":  # what stands may have its own libraries: the doctor knows
            told = tuple(one for one in brought.warnings if one.code != supplies.MISSING)
            brought = brought._replace(warnings=told)
        for warning in brought.warnings:
            fix = "; " + warning.fix if warning.fix else ""
            console.warn("{} {}{}".format(warning.subject, warning.message, fix))
        packages = installing.packages_of(planned)
        if dry_run and planned.outcome == "install":
            packages = tuple(generations.Package(pin.name, pin.version) for pin in pins)
        if not dry_run:
            now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
            packages = installing.apply(
                planned, opened, run, clean_environment(), now, console, brought.additions
            )
        judge = bool(isos or directories or carried) and not dry_run
        judged = _judge(planned.generation, isos, sources) if judge else []
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
                "root": step.root,
            }
            for step in planned.steps
        ],
        packages=[dict(one._asdict()) for one in packages],
        removed=list(planned.remove),
        findings=[one.to_json() for one in [*warnings, *damaged, *brought.warnings, *judged]],
    )
    if planned.outcome == "nothing" and not planned.steps:
        render.good("{} is already current in {}; nothing to do".format(planned.id, where))
    elif dry_run:
        saying.would(planned, packages, owner.path)
    else:
        controls = control_node.meant(opened.manifest.options)
        saying.done(planned, packages, where, kept, earlier, controls)
    render.findings(judged)
    return EXIT_PROBLEMS if has_errors(judged) else 0


def _judge(generation: str, isos: List[str], directories: "List[Source]") -> List[Finding]:
    """What the loader will still not find, now that everything is in its place."""
    from offkit.server.doctor import checks, examine

    found = examine(generation, checks=(checks.LIBRARIES,), isos=isos, rpm_repos=directories).findings
    return [each for each in found if each.severity != INFO]


def _clean_up_after_signals() -> None:
    """Termination and hang-up (a dropped ssh) end as an interruption does, with everything removed.

    Once: a second signal, by the terminal and by install.sh, must not end the removing. What
    nohup(1) had ignored stays so; SIGINT, which a shell ignores in its background, does not.
    """
    chosen = [signal.SIGINT, signal.SIGTERM]
    if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:
        chosen.append(signal.SIGHUP)

    begun: List[int] = []

    def interrupt(number: int, frame: object) -> None:
        if not begun:
            begun.append(number)
            raise KeyboardInterrupt

    for one in chosen:
        signal.signal(one, interrupt)


def _kept(word: str) -> Optional[int]:
    """How many generations --keep means, None for all of them. Raises UsageError."""
    if word == "all":
        return None
    if word.isdigit() and int(word) > 0:
        return int(word)
    raise UsageError("--keep takes a number from 1, or all; not {!r}".format(word))
