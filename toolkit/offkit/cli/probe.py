"""offkit probe: this server as a target, for 'offkit bundle --target FILE' on the other side."""

import json as jsonlib
from typing import Optional

import typer

from offkit.cli import options, render


def probe(
    out: Optional[str] = typer.Option(
        None, "--output", "-o", metavar="FILE", help="Write to FILE instead of stdout."
    ),
    python: Optional[str] = typer.Option(
        None, "--python", metavar="PATH", help="The interpreter to describe (default: the running one)."
    ),
    json: bool = options.JSON,
    quiet: bool = options.QUIET,
    verbose: bool = options.VERBOSE,
) -> None:
    """Describe this server: distribution, architecture, C library, and its Python.

    Carry the file to the online side; a bundle made for it fits this server.
    """
    render.console(json, quiet, verbose)
    options.refuse_empty(python=python)
    from offkit.edges import files, host
    from offkit.edges.run import run
    from offkit.model.errors import EnvironmentProblem
    from offkit.model.target import SCHEMA, Target
    from offkit.server.python import interpreter

    here = host.here()
    if here.glibc is None:
        raise EnvironmentProblem(
            "this machine has no glibc", fix="offkit deploys manylinux wheels, which need glibc"
        )
    owner = interpreter.probe(python or interpreter.running(), run)
    name = "el{}".format(here.el) if here.el else "custom"
    target = Target(name, here.el, here.arch, owner.version, here.glibc)
    data = dict(
        target.to_json(),
        system=here.system,
        kernel=here.kernel,
        python_path=files.text(owner.path),
        python_abi=owner.abi,
        python_lacks=list(owner.missing),
    )
    if out is not None:
        text = jsonlib.dumps(dict({"schema": SCHEMA}, **data), indent=2) + "\n"
        try:
            files.replace(out, text.encode("ascii"))
        except OSError as error:
            raise EnvironmentProblem("{} cannot be written: {}".format(out, error.strerror))
        render.good("{}: {}".format(out, target.describe()))
    elif not json:
        render.line(jsonlib.dumps(dict({"schema": SCHEMA}, **data), indent=2))
    render.document(SCHEMA, **data)
