"""offkit verify: whether every byte of a bundle is the one its manifest calls for."""

import typer

from offkit.cli import options, render


def verify(
    bundle: str = typer.Argument(..., metavar="BUNDLE", help="The bundle.tar that 'offkit bundle' wrote."),
    json: bool = options.JSON,
    quiet: bool = options.QUIET,
    verbose: bool = options.VERBOSE,
) -> None:
    """Check a bundle to the last byte; name whatever is damaged, missing or too much.

    Writes nothing. The digest identifies the bundle: compare it on both sides of the gap.
    """
    console = render.console(json, quiet, verbose)
    from offkit.edges import files
    from offkit.target import bundle_file

    opened = bundle_file.verify(bundle_file.read_manifest(bundle), console)
    render.document(
        "offkit/verify-1",
        bundle=files.text(bundle),
        digest=opened.digest,
        size=opened.size,
        members=len(opened.segments),
        wheels=len(opened.manifest.wheels()),
        findings=[],
    )
    render.good(
        "{}: {} members ({} wheels), {}, all as the manifest says".format(
            bundle, len(opened.segments), len(opened.manifest.wheels()), render.size(opened.size)
        )
    )
    render.line("  digest  {}".format(opened.digest))
