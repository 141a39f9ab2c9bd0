"""offkit lock: exact wheels and hashes for a server, as a requirements file."""

from pathlib import Path
from typing import List, Optional

import typer

from offkit.cli import options, render


def lock(
    requirements: Optional[List[str]] = options.REQUIREMENTS,
    files: Optional[List[str]] = options.FILES,
    constraints: Optional[List[str]] = options.CONSTRAINTS,
    editables: Optional[List[str]] = options.EDITABLES,
    groups: Optional[List[str]] = options.GROUPS,
    extras: Optional[List[str]] = options.EXTRAS,
    build: Optional[List[str]] = options.BUILD,
    python: Optional[str] = options.PYTHON,
    target: Optional[str] = options.TARGET,
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
    find_links: Optional[List[str]] = options.FIND_LINKS,
    no_index: bool = options.NO_INDEX,
    trusted_host: Optional[List[str]] = options.TRUSTED_HOST,
    proxy: Optional[str] = options.PROXY,
    cert: Optional[str] = options.CERT,
    pre: bool = options.PRE,
    offline: bool = options.OFFLINE,
    cache_dir: Optional[Path] = options.CACHE_DIR,
    json: bool = options.JSON,
    quiet: bool = options.QUIET,
    verbose: bool = options.VERBOSE,
) -> None:
    """Resolve for a server without a network; write pins and hashes.

    Without requirements: what run-badapple needs. The result is a requirements file for
    'offkit bundle -r' and for pip.
    """
    console = render.console(json, quiet, verbose)
    from offkit.online import bundle
    from offkit.online.request import pylock
    from offkit.online.resolve import pylock_text, standing
    from offkit.online.resolve.lock import Session
    from offkit.online.wheels import fetch
    from offkit.online.wheels.kept import Kept

    where = options.target_of(python, target, arch)
    args = options.index_args(
        index_url, extra_index_url, find_links, no_index, trusted_host, proxy, cert, pre
    )
    wanted = tuple(requirements or ())
    if not wanted and not files and not editables:
        wanted = bundle.default_requirements()
    request = options.request(wanted, files, constraints, groups, extras, args, editables, build)
    cache = cache_dir or fetch.default_cache()
    console.step("resolving for " + where.describe())
    if offline and not no_index:
        standing.require(request, where, cache)
    with Session(where, args, console, Kept(cache), offline) as session:
        locked = session.lock(request)
        locked = fetch.with_hashes(locked, session.repository.session, cache, console)
    if out == Path("-"):
        out = None
    text = pylock_text.dump(locked) if out is not None and pylock.is_name(out) else locked.text(why=True)
    render.document(
        "offkit/lock-1",
        target=where.to_json(),
        wheels=[
            {
                "name": w.name,
                "version": w.version,
                "filename": w.filename,
                "sha256": w.sha256,
                "via": list(w.via),
            }
            for w in locked.wheels
        ],
        repairs=[dict(one._asdict()) for one in locked.repairs],
        built=[one.to_json() for one in locked.built],
        findings=[one.to_json() for one in locked.findings],
    )
    if out is not None:
        fetch.write_text(out, text)
        render.good("{}: {} wheels".format(out, len(locked.wheels)))
    else:
        for row in text.splitlines():
            render.line(row)
    render.findings(locked.findings, aside=out is None)
