"""offkit inspect: what a bundle is for and what it holds."""

from typing import TYPE_CHECKING, List, Sequence, Tuple

import typer

from offkit.cli import options, render
from offkit.model import words

_CONTROL = "for a control node: Ansible and the collection offkit.fleet"

if TYPE_CHECKING:
    from offkit.model.checklist import Library
    from offkit.model.manifest import Manifest, Member
    from offkit.server.bundle.bundle_file import BundleFile
    from offkit.server.bundle.requirements import Pin


def inspect(
    bundle: str = typer.Argument(..., metavar="BUNDLE", help="The bundle.tar that 'offkit bundle' wrote."),
    json: bool = options.JSON,
    quiet: bool = options.QUIET,
    verbose: bool = options.VERBOSE,
) -> None:
    """Show the target, the wheels, the requirements, and the libraries a server must have.

    Only what is shown is read and checked; 'offkit verify' checks everything. -v adds the
    sha256 of the file (as 'offkit bundle' printed it) and every member.
    """
    console = render.console(json, quiet, verbose)
    from offkit.model import checklist, layout
    from offkit.server.bundle import bundle_file, requirements

    opened = bundle_file.read_manifest(bundle)
    pins = requirements.pins(opened.read(layout.REQUIREMENTS))
    libraries = checklist.load(opened.read(layout.CHECKLIST)).libraries
    whole = bundle_file.sha256(opened, console) if verbose else ""
    _document(opened, pins, libraries, whole)
    _show(opened, pins, libraries, whole)
    if verbose:
        render.title("members")
        render.table([(one.sha256[:16], words.size(one.size), one.path) for one in opened.segments])


def _wheels(manifest: "Manifest") -> "List[Tuple[str, str, Member]]":
    """Name, version and member of each."""
    from offkit.model import layout
    from offkit.model.tags import split_wheel

    return [(*split_wheel(member.path[len(layout.WHEELS) :])[:2], member) for member in manifest.wheels()]


def _document(
    opened: "BundleFile", pins: "Sequence[Pin]", libraries: "Sequence[Library]", whole: str
) -> None:
    """The document offkit/inspect-1."""
    from offkit.edges import files

    manifest = opened.manifest
    render.document(
        "offkit/inspect-1",
        bundle=files.text(opened.path),
        sha256=whole or None,
        digest=opened.digest,
        size=opened.size,
        installed_size=manifest.installed_size,
        made_by=manifest.made_by,
        target=manifest.target.to_json(),
        options=manifest.options,
        requirements=[{"name": pin.name, "version": pin.version} for pin in pins],
        wheels=[
            {
                "name": name,
                "version": version,
                "path": member.path,
                "size": member.size,
                "sha256": member.sha256,
            }
            for name, version, member in _wheels(manifest)
        ],
        libraries=[
            dict(one._asdict(), versions=list(one.versions), needed_by=list(one.needed_by))
            for one in libraries
        ],
        members=[{"path": one.path, "size": one.size, "sha256": one.sha256} for one in opened.segments],
    )


def _show(opened: "BundleFile", pins: "Sequence[Pin]", libraries: "Sequence[Library]", whole: str) -> None:
    from offkit.model import carried, control_node, layout, proof

    manifest = opened.manifest
    rpms = [one for one in manifest.members if one.path.startswith(layout.RPMS) and one.path.endswith(".rpm")]
    render.title("{}, {}".format(opened.path, words.size(opened.size)))
    render.table(
        [
            ("for", manifest.target.describe()),
            ("made by", manifest.made_by),
            *([("sha256", whole + "  of the file")] if whole else []),
            ("digest", opened.digest + "  of the manifest"),
            ("installed", words.size(manifest.installed_size)),
            *([("carries", _CONTROL)] if control_node.meant(manifest.options) else []),
            *(("carries", _python(one)) for one in carried.from_options(manifest.options)),
            *([("carries", _rpms(rpms))] if rpms else []),
            *(("tried", one.describe()) for one in proof.from_options(manifest.options)),
        ]
    )
    render.title("requirements")
    render.table([(pin.name, pin.version) for pin in pins])
    render.title("wheels")
    render.table([(name, version, words.size(member.size)) for name, version, member in _wheels(manifest)])
    render.title("libraries the server must have")
    if not libraries:
        render.line("  none besides the C library")
    render.table([(one.soname, _source(one), ", ".join(one.versions)) for one in libraries])


def _python(one: Tuple[str, str, str]) -> str:
    kind, member, version = one
    return "Python {}, {} ({})".format(version, "its source" if kind == "source" else "ready-made", member)


def _rpms(rpms: "List[Member]") -> str:
    number = words.several(len(rpms), "RPM")
    return "{} of libraries, {}".format(number, words.size(sum(one.size for one in rpms)))


def _source(library: "Library") -> str:
    return (library.rpm or "(no RPM known)") + (", in the bundle" if library.in_bundle else "")
