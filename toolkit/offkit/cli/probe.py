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
    script: bool = typer.Option(
        False, "--script", help="Print the script that describes a server without any Python: sh FILE."
    ),
    json: bool = options.JSON,
    quiet: bool = options.QUIET,
    verbose: bool = options.VERBOSE,
) -> None:
    """Describe this server: distribution, architecture, C library, Pythons, packages, repositories.

    Carry the file to the online side; a bundle made for it fits this server.
    """
    render.console(json, quiet, verbose)
    options.refuse_empty(python=python)
    from offkit.edges import files, host, releases
    from offkit.edges.run import run
    from offkit.model import probed
    from offkit.model.errors import EnvironmentProblem
    from offkit.server.python import interpreter
    from offkit.server.system import description

    if script:
        if out is None:
            render.line(description.script().rstrip("\n"))
        else:
            _write(out, description.script())
            render.good("{}: sh {} >server.json".format(out, out))
        return
    here = host.here()
    if here.glibc is None:
        raise EnvironmentProblem(
            "this machine has no glibc", fix="offkit deploys manylinux wheels, which need glibc"
        )
    owner = interpreter.probe(python or interpreter.running(), run)
    data = description.describe(run, owner.path)
    target = probed.read(data, releases.known())
    about = dict(target.to_json(), python=owner.version, system=here.system)
    data.update(about, python_path=files.text(owner.path), python_abi=owner.abi)
    data["python_lacks"] = list(owner.missing)
    text = jsonlib.dumps(data, indent=2, sort_keys=True) + "\n"
    if out is not None:
        _write(out, text)
        render.good("{}: {}".format(out, target._replace(python=owner.version).describe()))
    elif not json:
        render.line(text.rstrip("\n"))
    render.document(data.pop("schema"), **data)


def _write(out: str, text: str) -> None:
    from offkit.edges import files
    from offkit.model.errors import EnvironmentProblem

    try:
        files.replace(out, text.encode("ascii"))
    except OSError as error:
        raise EnvironmentProblem("{} cannot be written: {}".format(out, error.strerror))
