"""offkit bundle: everything a server will need, in one file."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, List, Optional

import typer

from offkit.cli import options, render
from offkit.model import finding, sources, words
from offkit.model.control_node import following
from offkit.model.errors import EXIT_PROBLEMS, UsageError

if TYPE_CHECKING:
    from offkit.online.bundle import Order


def bundle(
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
    out: Path = typer.Option(
        Path("bundle.tar"), "--output", "-o", metavar="FILE", help="Where to write the bundle."
    ),
    python_source: Optional[Path] = typer.Option(
        None,
        "--python-source",
        metavar="FILE",
        help="Carry CPython's source (Python-X.Y.Z.tgz), compiled on the server if no Python there fits.",
    ),
    python_build: Optional[Path] = typer.Option(
        None,
        "--python-build",
        metavar="FILE",
        help="Carry a ready-made CPython build ('install_only' .tar.gz), unpacked if no Python there fits.",
    ),
    iso: Optional[List[Path]] = typer.Option(
        None,
        "--iso",
        metavar="FILE",
        help="Carry the RPMs of the libraries that the wheels need, from the server's ISO; may be repeated.",
    ),
    control_node: bool = typer.Option(
        False,
        "--control-node",
        help="Pack for the machine that runs ansible-playbook: ansible-core 2.16 and offkit's collection.",
    ),
    carry_source: Optional[List[str]] = typer.Option(
        None,
        "--carry-source",
        metavar="NAME",
        help="Carry this package as source, to be compiled on the server with gcc; may be repeated.",
    ),
    rehearse: bool = typer.Option(
        False,
        "--rehearse",
        help="Try the bundle here before it leaves: install it without a network, import every module.",
    ),
    smoke: Optional[Path] = typer.Option(
        None,
        "--smoke",
        metavar="FILE",
        help="Rehearse, and run this Python file; it must exit with 0.",
    ),
    dry_run: bool = typer.Option(False, "--dry-run", help="Resolve and show what would be packed."),
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
    """Resolve, download and pack for a server without a network.

    Without requirements: what run-badapple needs. Carry the file to the server and run there:
    tar -xf bundle.tar install.sh && sh install.sh bundle.tar

    With --control-node, requirements are added to Ansible: --control-node passlib
    """
    console = render.console(json, quiet, verbose)
    from offkit.online import bundle as online
    from offkit.online.carry import control_node as fleet
    from offkit.online.carry import pack, pythons
    from offkit.online.wheels import fetch

    carried = pythons.look(python_source, python_build)
    described = target is not None and os.path.isfile(target)
    unsaid = pythons.series(carried) if target is None else None
    if control_node and not described:
        unsaid = pythons.series(carried) or fleet.PYTHON
    where = options.target_of(python or unsaid, target, arch)
    if control_node:
        fleet.refuse(where)
    exact = (python or "").count(".") > 1 or described
    where, remarks = pythons.fit(where, carried, exact)
    for remark in remarks:
        console.warn("{}: {}; {}".format(remark.subject, remark.message, remark.fix))
    args = options.index_args(
        index_url, extra_index_url, find_links, no_index, trusted_host, proxy, cert, pre
    )
    wanted = tuple(requirements or ())
    if control_node:
        wanted = fleet.requirements(wanted)
    elif not wanted and not files and not editables:
        wanted = online.default_requirements()
    if carry_source and offline:
        raise UsageError("--carry-source asks an index what the sources need", fix="leave out --offline")
    if smoke is not None and not smoke.is_file():
        raise UsageError("--smoke: {} is no file".format(smoke), fix="give a Python file")
    request = options.request(wanted, files, constraints, groups, extras, args, editables, build)
    if not dry_run:
        pack.destination(out)
    order = online.Order(
        request,
        where,
        out,
        cache_dir or fetch.default_cache(),
        carried,
        tuple(iso or ()),
        control_node,
        rehearse or smoke is not None,
        smoke,
        offline,
        tuple(carry_source or ()),
    )
    if dry_run:
        _show_plan(online.plan(order, console), order)
        return
    done = online.bundle(order, console)
    _show(done, order)
    if finding.has_errors(done.findings):
        raise typer.Exit(EXIT_PROBLEMS)


def _show_plan(planned: Any, order: "Order") -> None:
    where = order.target
    render.document(
        "offkit/plan-1",
        target=where.to_json(),
        wheels=[wheel.filename for wheel in (*planned.lock.wheels, *planned.own)],
        pip=planned.pip.filename,
        runtime=[wheel.filename for wheel in planned.runtime],
        pythons=[dict(one._asdict()) for one in order.pythons.carried],
        findings=[one.to_json() for one in planned.lock.findings],
    )
    render.title("would pack for {}".format(where.describe()))
    rows = [(wheel.name, wheel.version, wheel.filename) for wheel in planned.lock.wheels]
    rows += [(*wheel.filename.split("-")[:2], wheel.filename) for wheel in planned.own]
    rows.append(("pip", planned.pip.version, "(runs there to install the others)"))
    render.table([*rows, *(("Python", one.version, one.member) for one in order.pythons.carried)])
    render.findings(planned.lock.findings)


def _show(done: Any, order: "Order") -> None:
    where, packed = order.target, done.packed
    render.document(
        "offkit/bundle-report-1",
        target=where.to_json(),
        path=str(packed.path),
        size=packed.size,
        sha256=packed.sha256,
        digest=packed.digest,
        wheels=[{"name": w.name, "version": w.version, "filename": w.filename} for w in done.lock.wheels],
        libraries=[library._asdict() for library in done.checklist.libraries],
        downloaded=done.downloaded,
        downloaded_size=done.downloaded_size,
        pythons=[dict(one._asdict()) for one in order.pythons.carried],
        sources=[dict(one._asdict()) for one in done.sources],
        rpms=list(done.rpms.titles),
        proofs=[dict(one._asdict()) for one in done.proofs],
        findings=[one.to_json() for one in done.findings],
    )
    render.good("{}  {}  for {}".format(packed.path, words.size(packed.size), where.describe()))
    render.table(
        [(wheel.name, wheel.version, words.size(path.stat().st_size)) for wheel, path in done.wheels],
        "    ",
    )
    for one in order.pythons.carried:
        render.line("  carries {}, for a server without one".format(one.describe()))
    for one in done.sources:
        render.line("  carries " + sources.to_be_compiled(one))
    if done.rpms.titles:
        number = words.several(len(done.rpms.titles), "RPM")
        isos = ", ".join(one.name for one in order.isos)
        render.line("  carries {} from {}, {}".format(number, isos, words.size(done.rpms.size)))
        render.line("    " + ", ".join(done.rpms.titles))
    for one in done.proofs:
        render.line("  " + one.describe())
    render.line("  downloaded {}, from the cache {}".format(_downloaded(done), done.cached))
    render.line("  sha256 {}".format(packed.sha256))
    libraries = [one for one in done.checklist.libraries if one.rpm != "glibc" and not one.in_bundle]
    render.line(
        "  needs from the server: glibc"
        + "".join(", {} ({})".format(one.soname, one.rpm or "package unknown") for one in libraries)
    )
    render.findings(done.findings)
    render.line()
    name = packed.path.name
    render.line("Carry it to the server, then:  tar -xf {0} install.sh && sh install.sh {0}".format(name))
    if order.control_node:
        render.line("and there, with the inventory and the servers' bundle:")
        for step in following():
            render.line("    PREFIX/current/bin/{} {}".format(step.program, " ".join(step.words)))


def _downloaded(done: Any) -> str:
    if not done.downloaded:
        return "nothing"
    return "{}, {}".format(words.several(done.downloaded, "file"), words.size(done.downloaded_size))
