"""offkit verify: whether every byte of a bundle is the one its manifest calls for."""

import hashlib

import typer

from offkit.cli import options, render


def verify(
    bundle: str = typer.Argument(..., metavar="BUNDLE", help="The bundle.tar that 'offkit bundle' wrote."),
    json: bool = options.JSON,
    quiet: bool = options.QUIET,
    verbose: bool = options.VERBOSE,
) -> None:
    """Check every byte of a bundle; list whatever is damaged, missing or unexpected.

    Writes nothing. The sha256 is that of the file: compare it with what 'offkit bundle' or
    sha256sum printed on the online side. The digest is that of the manifest, as in receipts.
    """
    console = render.console(json, quiet, verbose)
    from offkit.edges import files
    from offkit.model import words
    from offkit.server.bundle import bundle_file

    whole = hashlib.sha256()
    opened = bundle_file.verify(bundle_file.read_manifest(bundle), console, whole)
    wheels = len(opened.manifest.wheels())
    render.document(
        "offkit/verify-1",
        bundle=files.text(bundle),
        sha256=whole.hexdigest(),
        digest=opened.digest,
        size=opened.size,
        members=len(opened.segments),
        wheels=wheels,
        findings=[],
    )
    render.good(
        "{}: {} ({}), {}, all as the manifest says".format(
            bundle,
            words.several(len(opened.segments), "member"),
            words.several(wheels, "wheel"),
            words.size(opened.size),
        )
    )
    render.table([("sha256", whole.hexdigest(), "of the file"), ("digest", opened.digest, "of its manifest")])
