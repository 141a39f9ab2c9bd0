"""offkit verify: whether every byte of a bundle is the one its manifest calls for."""

import hashlib
from typing import TYPE_CHECKING

import typer

from offkit.cli import options, render

if TYPE_CHECKING:
    from offkit.server.bundle.difference_file import DifferenceFile


def verify(
    bundle: str = typer.Argument(..., metavar="BUNDLE", help="What 'offkit bundle' wrote."),
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
    from offkit.server.bundle import bundle_file, difference_file

    whole = hashlib.sha256()
    between = difference_file.read(bundle)
    if between is not None:
        difference_file.verify(between, console, whole)
        _difference(bundle, between, whole.hexdigest())
        return
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


def _difference(path: str, opened: "DifferenceFile", sha256: str) -> None:
    from offkit.edges import files
    from offkit.model import words

    new = len(opened.difference.new())
    render.document(
        "offkit/verify-difference-1",
        difference=files.text(path),
        sha256=sha256,
        size=opened.file.size,
        base=opened.difference.base,
        digest=opened.digest,
        members=new,
        findings=[],
    )
    what = "{}: a difference with {} of {}, {}, all as it says itself"
    all_of_it = words.several(len(opened.manifest.members) + 1, "member")
    render.good(what.format(path, new, all_of_it, words.size(opened.file.size)))
    render.table(
        [
            ("sha256", sha256, "of the file"),
            ("base", opened.difference.base, "digest of the bundle that it is to"),
            ("digest", opened.digest, "of the bundle that the two make"),
        ]
    )
