"""offkit lock: exact wheels and hashes for a server, as a requirements file."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Dict, List, Optional, Sequence

import typer

from offkit.cli import options, render
from offkit.model import finding, words
from offkit.model.errors import EXIT_PROBLEMS, UsageError
from offkit.model.target import Target

if TYPE_CHECKING:
    from offkit.online.request.locked import Lock


def lock(
    requirements: Optional[List[str]] = options.REQUIREMENTS,
    files: Optional[List[str]] = options.FILES,
    constraints: Optional[List[str]] = options.CONSTRAINTS,
    editables: Optional[List[str]] = options.EDITABLES,
    groups: Optional[List[str]] = options.GROUPS,
    extras: Optional[List[str]] = options.EXTRAS,
    build: Optional[List[str]] = options.BUILD,
    python: Optional[List[str]] = options.PYTHON,
    target: Optional[List[str]] = options.TARGET,
    arch: str = options.ARCH,
    out: Optional[Path] = typer.Option(
        None,
        "--output",
        "-o",
        metavar="FILE",
        help="Write to FILE instead of stdout (-); PEP 751 to pylock.toml and pylock.NAME.toml.",
    ),
    index_url: Optional[str] = options.INDEX_URL,
    extra_index_url: Optional[List[str]] = options.EXTRA_INDEX_URL,
    indexes: Optional[List[str]] = options.INDEXES,
    taken: Optional[List[str]] = options.TAKEN,
    find_links: Optional[List[str]] = options.FIND_LINKS,
    no_index: bool = options.NO_INDEX,
    trusted_host: Optional[List[str]] = options.TRUSTED_HOST,
    proxy: Optional[str] = options.PROXY,
    cert: Optional[str] = options.CERT,
    client_cert: Optional[str] = options.CLIENT_CERT,
    pre: bool = options.PRE,
    offline: bool = options.OFFLINE,
    cache_dir: Optional[Path] = options.CACHE_DIR,
    json: bool = options.JSON,
    quiet: bool = options.QUIET,
    verbose: bool = options.VERBOSE,
) -> None:
    """Resolve for a server without a network; write pins and hashes.

    Without requirements: what run-badapple needs. The result is a requirements file for
    'offkit bundle -r' and for pip. For several targets -o x.lock writes x-el7.lock, x-el9.lock …,
    which 'offkit bundle' takes together, each for its own target.
    """
    console = render.console(json, quiet, verbose)
    from offkit.model import several as naming
    from offkit.online.proof import at_hand
    from offkit.online.request import inputs
    from offkit.online.resolve import standing
    from offkit.online.resolve.lock import Session
    from offkit.online.wheels import fetch, store
    from offkit.online.wheels.kept import Kept

    wanted_for = [where for where, _ in options.targets_of(python, target, arch)]
    indices = (index_url, extra_index_url, find_links, no_index, trusted_host)
    args = options.index_args(*indices, proxy, cert, pre, indexes, taken, client_cert)
    wanted = tuple(requirements or ())
    if not wanted and not files and not editables:
        from offkit.online import bundle

        wanted = bundle.default_requirements()
    asked = options.request(wanted, files, constraints, groups, extras, args, editables, build)
    cache = cache_dir or fetch.default_cache()
    if out == Path("-"):
        out = None

    def locked(where: Target) -> "Lock":
        store.tidy(cache)
        request = inputs.of_target(asked, where, wanted_for)
        console.step("resolving for " + where.describe())
        if offline and not no_index:
            standing.require(request, inputs.pinned(request, where), where, cache)
        with Session(where, request.index_args, console, Kept(cache), offline) as session:
            found = session.lock(request, addresses=_is_pylock(out))
            found = fetch.with_hashes(found, session.repository.session, cache, console)
            told = at_hand.clashing(found, cache, partial(session.holds, request))
            return found._replace(findings=(*found.findings, *told))

    if len(wanted_for) == 1:
        found = locked(wanted_for[0])
        render.document("offkit/lock-1", **_document(found))
        _write(found, out)
        render.findings(found.findings, aside=out is None)
        _judge([found])
        return
    names = naming.names(wanted_for)
    if out is None:
        raise UsageError("locks for several targets do not go to stdout", fix="give a file with -o")
    from offkit.online import several

    locks = several.each(list(zip(names, wanted_for)), locked)
    places = [_place(out, name) for name in names]
    render.document(
        "offkit/lock-several-1",
        targets=[
            dict(name=name, path=str(place), **_document(found))
            for place, (name, found) in zip(places, locks)
        ],
    )
    for place, (_, found) in zip(places, locks):
        _write(found, place)
    render.findings(several.findings([(name, found.findings) for name, found in locks]))
    _judge([found for _, found in locks])


def _judge(locks: "Sequence[Lock]") -> None:
    if any(finding.has_errors(found.findings) for found in locks):
        raise typer.Exit(EXIT_PROBLEMS)


def _place(out: Path, name: str) -> Path:
    """requirements.lock to requirements-el7.lock; pylock.toml to pylock.el7.toml, as PEP 751 names them."""
    if out.name == "pylock.toml":
        return out.with_name("pylock.{}.toml".format(name))
    return out.with_name("{}-{}{}".format(out.stem, name, out.suffix))


def _document(found: "Lock") -> Dict[str, Any]:
    return {
        "target": found.target.to_json(),
        "wheels": [
            {
                "name": w.name,
                "version": w.version,
                "filename": w.filename,
                "sha256": w.sha256,
                "via": list(w.via),
                "from": w.origin or None,
            }
            for w in found.wheels
        ],
        "repairs": [dict(one._asdict()) for one in found.repairs],
        "built": [one.to_json() for one in found.built],
        "findings": [one.to_json() for one in found.findings],
    }


def _is_pylock(out: Optional[Path]) -> bool:
    """By what the file is called."""
    from offkit.online.request import pylock

    return out is not None and pylock.is_name(out)


def _write(found: "Lock", out: Optional[Path]) -> None:
    from offkit.online.resolve import pylock_text
    from offkit.online.wheels import fetch

    text = pylock_text.dump(found, out) if out is not None and _is_pylock(out) else found.text(why=True)
    if out is not None:
        fetch.write_text(out, text)
        done = "{}: {}".format(out, words.several(len(found.wheels), "wheel"))
        if finding.has_errors(found.findings):
            render.bad(done + ": written, but not to be deployed; what is wrong is said below")
        else:
            render.good(done)
    else:
        for row in text.splitlines():
            render.line(row)
