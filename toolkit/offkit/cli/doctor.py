"""offkit doctor: what is wrong with an environment on this server, all of it at once."""

import os
import posixpath
from typing import TYPE_CHECKING, Dict, Tuple

import typer

from offkit.cli import options, render
from offkit.model.errors import EXIT_PROBLEMS
from offkit.model.finding import has_errors

if TYPE_CHECKING:
    from offkit.target.doctor import Examination

_GROUPS = (
    ("PY", "interpreter"),
    ("LIB", "libraries"),
    ("PKG", "packages"),
    ("ENV", "machine"),
)


def default_prefix() -> str:
    return "/opt/offkit" if os.geteuid() == 0 else os.path.expanduser("~/.local/share/offkit")


def doctor(
    where: str = typer.Argument(
        "", metavar="[WHERE]", help="A virtual environment, prefix or generation; or a bundle.tar."
    ),
    prefix: str = typer.Option("", "--prefix", metavar="DIR", help="Where 'offkit install' installed to."),
    root: str = typer.Option("/", "--root", metavar="DIR", help="Look at the system mounted here."),
    json: bool = options.JSON,
    quiet: bool = options.QUIET,
    verbose: bool = options.VERBOSE,
) -> None:
    """Say what is wrong with an installed environment, and the one yum line that cures it.

    Nothing in it is executed. A bundle.tar is compared with this server before it is installed.
    The exit code is 0 when all is well (warnings allowed).
    """
    if where and os.path.isfile(where):
        _bundle(where, root, json, quiet, verbose)
        return
    from offkit.target.doctor import examine
    from offkit.target.doctor.environment import default_where

    console = render.console(json, quiet, verbose)
    asked = prefix or where
    place = where or default_where(prefix or default_prefix(), "" if asked else __file__)
    inside = os.path.abspath(place)
    top = os.path.abspath(root)
    if top != "/" and (inside + "/").startswith(top + "/"):
        inside = inside[len(top) :] or "/"
    result = examine(inside, top, reporter=console)
    summary = result.summary
    render.document(
        "offkit/doctor-1",
        environment=summary.environment,
        summary=summary._asdict(),
        findings=[finding.to_json() for finding in result.findings],
        install_line=summary.install_line,
    )
    if not json:
        _text(result, quiet)
    if has_errors(result.findings):
        raise typer.Exit(EXIT_PROBLEMS)


def _bundle(path: str, root: str, json: bool, quiet: bool, verbose: bool) -> None:
    """The other question: will what is in this bundle find its libraries here?"""
    from offkit.model import layout
    from offkit.target import bundle_file
    from offkit.target.doctor import forecast

    render.console(json, quiet, verbose)
    bundle = bundle_file.read_manifest(path)
    result = forecast.examine(bundle.read(layout.CHECKLIST), bundle.manifest.target, os.path.abspath(root))
    render.document(
        "offkit/doctor-1",
        bundle=os.path.abspath(path),
        summary={"system": result.system, "libraries": result.libraries},
        findings=[finding.to_json() for finding in result.findings],
        install_line=result.install_line,
    )
    if not has_errors(result.findings) and not quiet:
        render.good("libraries: {} has all {} that the bundle needs".format(result.system, result.libraries))
    render.findings(result.findings)
    _install(result.install_line)
    if has_errors(result.findings):
        raise typer.Exit(EXIT_PROBLEMS)


def _install(line: str) -> None:
    if line:
        render.line("")
        render.line("everything to install, in one go:")
        render.line("  " + line)


def _text(result: "Examination", quiet: bool) -> None:
    summary = result.summary
    healthy = {
        "PY": "CPython {} at {}".format(summary.python, summary.interpreter),
        "LIB": "{} extension modules find every library ({} ELF files read)".format(
            summary.modules, summary.elf_files
        ),
        "PKG": "{} packages complete, {} files as recorded".format(summary.distributions, summary.files),
        "ENV": summary.system,
    }
    for prefix, name in _GROUPS:
        own = [finding for finding in result.findings if finding.code.startswith(prefix)]
        serious = [finding for finding in own if finding.severity != "info"]
        if not serious and not quiet:
            render.good("{}: {}".format(name, healthy[prefix]))
        shown = own if render.verbose() else serious
        render.findings(shown)
    if render.verbose():
        _libraries(result)
    _install(summary.install_line)


def _libraries(result: "Examination") -> None:
    """Each library once, as found first."""
    render.title("libraries")
    rows: Dict[str, Tuple[str, str, str]] = {}
    for each in result.resolutions:
        if each.how != "already loaded":
            rows.setdefault(
                each.name, (each.name, posixpath.normpath(each.path) if each.path else "-", each.how)
            )
    render.table([rows[name] for name in sorted(rows)])
