"""offkit generations: what is installed under a prefix, and what one can go back to."""

from typing import TYPE_CHECKING, Optional, Tuple

from offkit.cli import options, render
from offkit.model import words

if TYPE_CHECKING:
    from offkit.server.prefix.inventory import Listed

_HEAD = ("generation", "created", "Python", "packages", "size", "bundle", "")


def generations(
    prefix: Optional[str] = options.PREFIX,
    json: bool = options.JSON,
    quiet: bool = options.QUIET,
    verbose: bool = options.VERBOSE,
) -> int:
    """List the generations: which is current, what is in each, and whether it would start.

    'offkit rollback' makes another one current. Writes nothing.
    """
    render.console(json, quiet, verbose)
    from offkit.edges import files
    from offkit.model.finding import has_errors
    from offkit.server.prefix import generations as standing
    from offkit.server.prefix import inventory

    where = options.standing_prefix(prefix)
    found = inventory.read(where)
    render.document(
        "offkit/generations-1",
        prefix=files.text(where),
        current=found.current,
        generations=[
            {
                "id": one.generation.id,
                "number": standing.number(one.generation.id),
                "path": files.text(one.generation.path),
                "current": one.generation.current,
                "starts": not one.problems,
                "size": one.size,
                "receipt": one.generation.receipt and one.generation.receipt.to_json(),
            }
            for one in found.entries
        ],
        leftovers=[{"path": files.text(path), "size": size} for path, size in found.leftovers],
        findings=[one._replace(subject=files.text(one.subject)).to_json() for one in found.findings],
    )
    if not found.entries:
        render.line("no generations in {}".format(where))
    else:
        render.title("{} in {}".format(words.several(len(found.entries), "generation"), where))
        render.table([_HEAD] + [_row(one) for one in found.entries])
    render.findings(found.findings)
    return 1 if has_errors(found.findings) else 0


def _row(entry: "Listed") -> Tuple[str, ...]:
    one, size = entry.generation, words.size(entry.size)
    state = ", ".join(["current"] * one.current + ["does not start"] * bool(entry.problems))
    if one.receipt is None:
        return (one.id, "?", "?", "?", size, one.id.rpartition("-")[2], state)
    receipt = one.receipt
    packages = str(len(receipt.packages))
    return (one.id, receipt.created, receipt.python_version, packages, size, receipt.manifest[:12], state)
