"""offkit merge: the bundle that a difference makes of an earlier one."""

from typing import List

import typer

from offkit.cli import options, render


def merge(
    old: str = typer.Argument(..., metavar="OLD", help="The earlier bundle."),
    differences: List[str] = typer.Argument(
        ..., metavar="DIFFERENCE", help="What 'offkit bundle --since' wrote, in that order."
    ),
    out: str = typer.Option(..., "--output", "-o", metavar="FILE", help="Where to write the new bundle."),
    json: bool = options.JSON,
    quiet: bool = options.QUIET,
    verbose: bool = options.VERBOSE,
) -> None:
    """Put a bundle together: the same bytes as were made on the online side.

    Example: offkit merge may.tar june.tar -o bundle.tar
    """
    console = render.console(json, quiet, verbose)
    from offkit.edges import files
    from offkit.model import words
    from offkit.server.bundle import difference_file

    made = difference_file.merge(old, differences, out, console)
    render.document(
        "offkit/merge-1",
        bundle=files.text(out),
        size=made.size,
        sha256=made.sha256,
        digest=made.digest,
        base=made.base,
    )
    render.good("{}: {}, all as its manifest says".format(out, words.size(made.size)))
    render.table([("sha256", made.sha256, "of the file"), ("digest", made.digest, "of its manifest")])
