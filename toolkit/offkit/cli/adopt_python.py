"""offkit adopt-python: what install.sh calls when it has unpacked a Python from RPMs."""

import os

import typer

from offkit.cli import render


def adopt_python(
    directory: str = typer.Argument(..., metavar="DIR", help="Where usr/bin and usr/lib64 were unpacked."),
) -> None:
    """Let an interpreter unpacked from RPMs find its own library. Prints nothing on success."""
    render.console(False, True, False)
    from offkit.edges.run import run
    from offkit.server.python import adopt

    adopt.adopt(os.path.abspath(directory), run)
