"""offkit bundle: everything a server will need, in one file."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, List, Optional, Sequence, Tuple

import typer

from offkit.cli import bundle_words as saying
from offkit.cli import options, render
from offkit.model import finding, words
from offkit.model.errors import EXIT_PROBLEMS, UsageError

if TYPE_CHECKING:
    from offkit.model.difference import Base
    from offkit.model.finding import Finding
    from offkit.online.bundle import Named


def bundle(
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
        help="Carry the RPMs of the libraries that the wheels need, from the server's ISO; needs "
        "'offkit[rpm]'. May be repeated.",
    ),
    rpm_repo: Optional[List[str]] = typer.Option(
        None,
        "--rpm-repo",
        metavar="DIR|URL|FILE.repo",
        help="Carry such RPMs from a directory, a mirror's URL or a .repo file; needs 'offkit[rpm]'. "
        "May be repeated.",
    ),
    rpm_key: Optional[List[Path]] = typer.Option(
        None,
        "--rpm-key",
        metavar="FILE",
        help="A public key: refuse RPMs that are not signed with it, and a repomd.xml signed with another; "
        "may be repeated.",
    ),
    control_node: bool = typer.Option(
        False,
        "--control-node",
        help="Pack for the machine that runs ansible-playbook: ansible-core 2.16 and offkit's collection.",
    ),
    collection: Optional[List[str]] = typer.Option(
        None,
        "--collection",
        metavar="NAMESPACE.NAME|FILE",
        help="Carry a collection for --control-node: its name or tar.gz, or a requirements.yml "
        "(ansible-galaxy gets it, and what it needs); may be repeated.",
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
        help="Rehearse, and run this Python file; it must exit with 0. 'offkit smoke' runs it on the server.",
    ),
    image: Optional[List[str]] = typer.Option(
        None,
        "--image",
        metavar="IMAGE",
        help="Rehearse in a container of this image, or of a directory with a root file system (podman); "
        "one for each --target, in their order.",
    ),
    since: Optional[str] = typer.Option(
        None,
        "--since",
        metavar="OLD",
        help="Write only what an earlier bundle has not, for 'offkit merge'; OLD: that bundle, a "
        "difference, or the MANIFEST.json of one.",
    ),
    part_size: Optional[str] = typer.Option(
        None,
        "--part-size",
        metavar="SIZE",
        help="Write it in parts of at most this size: 4000M, 2G, fat32 or dvd.",
    ),
    dry_run: bool = typer.Option(False, "--dry-run", help="Resolve and show what would be packed."),
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
    """Resolve, download and pack for a server without a network.

    Without requirements: what run-badapple needs. Carry the file to the server and run there:
    tar -xf bundle.tar install.sh && sh install.sh bundle.tar

    With several --target, one file serves all of them: install.sh takes what is for its server. Of locks
    that offkit wrote, each is for its own target.

    With --control-node, requirements are added to Ansible: --control-node passlib
    --collection community.general
    """
    console = render.console(json, quiet, verbose)
    from offkit.model import several as naming
    from offkit.online import bundle as online
    from offkit.online.carry import control_node as fleet
    from offkit.online.carry import pack, parting, pythons, rpms
    from offkit.online.request import inputs
    from offkit.online.rpms import places
    from offkit.online.wheels import fetch

    carried = pythons.look(python_source, python_build)
    unsaid = None if target else pythons.series(carried)
    if control_node and not (target and os.path.isfile(target[0])):
        unsaid = pythons.series(carried) or fleet.PYTHON
    targets = options.targets_of(python, target, arch, unsaid)
    if control_node:
        fleet.refuse(fleet.only([where for where, _ in targets]))
    fitting = pythons.fit_all(targets, carried)
    for remark in dict.fromkeys(remark for _, _, remarks in fitting for remark in remarks):
        console.warn("{}: {}; {}".format(remark.subject, remark.message, remark.fix))
    indices = (index_url, extra_index_url, find_links, no_index, trusted_host)
    args = options.index_args(*indices, proxy, cert, pre, indexes, taken, client_cert)
    wanted = _wanted(tuple(requirements or ()), bool(files or editables), control_node)
    _collections(collection or (), control_node, offline)
    if carry_source and offline:
        raise UsageError("--carry-source asks an index what the sources need", fix="leave out --offline")
    if smoke is not None and not smoke.is_file():
        raise UsageError("--smoke: {} is no file".format(smoke), fix="give a Python file")
    images = _images(image or (), len(targets))
    request = options.request(wanted, files, constraints, groups, extras, args, editables, build)
    base, size = _base(since), parting.size_of(part_size) if part_size else 0
    if not dry_run:
        (parting.folder if size else pack.destination)(out)
    allotted = rpms.allotted(tuple(iso or ()), [where for where, _, _ in fitting])
    more = rpms.more(rpm_repo or (), rpm_key or (), options.described(python, target), offline)
    for said in places.left_out(rpm_repo or ()):
        console.warn(said)
    orders = [
        online.Order(
            inputs.of_target(request, where, [each for each, _, _ in fitting]),
            where,
            out,
            cache_dir or fetch.default_cache(),
            own,
            isos,
            control_node,
            rehearse or smoke is not None or bool(images),
            smoke,
            offline,
            tuple(carry_source or ()),
            one,
            each,
            tuple(collection or ()),
            base,
            size,
        )
        for (where, own, _), isos, one, each in zip(fitting, allotted, images or [""] * len(fitting), more)
    ]
    _finish(list(zip(naming.names([order.target for order in orders]), orders)), console, dry_run)


def _wanted(named: Tuple[str, ...], more: bool, control_node: bool) -> Tuple[str, ...]:
    """The requirements, where ``more`` says whether files have some."""
    from offkit.online import bundle as online
    from offkit.online.carry import control_node as fleet

    if control_node:
        return fleet.requirements(named)
    return named or (() if more else online.default_requirements())


def _collections(asked: Sequence[str], control_node: bool, offline: bool) -> None:
    """Raises UsageError where they have no place, or nobody may ask for them, and what galaxy.look raises."""
    from offkit.online.carry import galaxy

    if not asked:
        return
    if not control_node:
        raise UsageError("--collection is for the machine that runs Ansible", fix="add --control-node")
    if offline:
        raise UsageError(
            "--collection lets ansible-galaxy ask what the collections need", fix="leave out --offline"
        )
    galaxy.look(asked)


def _base(since: Optional[str]) -> "Optional[Base]":
    """Raises what difference_file.base raises."""
    from offkit.server.bundle import difference_file

    return difference_file.base(since) if since else None


def _images(images: Sequence[str], targets: int) -> Sequence[str]:
    """One for each target, or none. Raises UsageError."""
    if images and len(images) != targets:
        raise UsageError(
            "--image was given {} for {}".format(
                words.several(len(images), "time"), words.several(targets, "target")
            ),
            fix="give one for each target, in their order",
        )
    return images


def _finish(named: "Named", console: render.Console, dry_run: bool) -> None:
    """The plan in a dry run, else the bundle. Raises typer.Exit where something is wrong with that."""
    from offkit.online import bundle as online
    from offkit.online import several
    from offkit.online.wheels import weights

    (_, order), *more = named
    if dry_run and more:
        plans = online.plan_several(named, console)
        told = several.findings([(name, one.lock.findings) for name, one in plans])
        sizes = [online.weigh(one, order, console) for (_, one), (_, order) in zip(plans, named)]
        saying.would_for_several(plans, named, sizes, weights.together(sizes), told)
    elif dry_run:
        planned = online.plan(order, console)
        saying.would(planned, order, online.weigh(planned, order, console))
    elif more:
        together = online.bundle_several(named, console)
        saying.done_for_several(together)
        _judge(together.findings)
    else:
        done = online.bundle(order, console)
        saying.done(done, order)
        _judge(done.findings)


def _judge(findings: "Sequence[Finding]") -> None:
    if finding.has_errors(findings):
        raise typer.Exit(EXIT_PROBLEMS)
