"""offkit inspect: what a bundle is for and what it holds."""

from typing import TYPE_CHECKING, Any, Dict, Iterable, List, NamedTuple, Sequence, Tuple, Union

import typer

from offkit.cli import options, render
from offkit.model import words

_CONTROL = "for a control node: Ansible and the collection offkit.fleet"

if TYPE_CHECKING:
    from offkit.model import built
    from offkit.model.checklist import Library
    from offkit.model.manifest import Manifest, Member
    from offkit.server.bundle.bundle_file import BundleFile, Opened
    from offkit.server.bundle.requirements import Pin


class _Inside(NamedTuple):
    """What there is for one target."""

    bundle: "BundleFile"
    pins: "Sequence[Pin]"
    libraries: "Sequence[Library]"


def inspect(
    bundle: str = typer.Argument(..., metavar="BUNDLE", help="The bundle.tar that 'offkit bundle' wrote."),
    json: bool = options.JSON,
    quiet: bool = options.QUIET,
    verbose: bool = options.VERBOSE,
) -> None:
    """Show the target, the wheels, the requirements, and the libraries a server must have.

    Only what is shown is read and checked; 'offkit verify' checks everything. -v adds the
    sha256 of the file (as 'offkit bundle' printed it) and every member.
    """
    console = render.console(json, quiet, verbose)
    from offkit.server.bundle import bundle_file

    opened = bundle_file.read_manifest(bundle)
    several = isinstance(opened, bundle_file.Several)
    insides = [
        _inside(one) for one in (opened.parts if isinstance(opened, bundle_file.Several) else [opened])
    ]
    whole = bundle_file.sha256(opened, console) if verbose else ""
    _document(opened, insides, several, whole)
    _show(opened, insides, several, whole)
    if verbose:
        render.title("members")
        render.table([(one.sha256[:16], words.size(one.size), one.path) for one in opened.segments])


def _inside(one: "BundleFile") -> _Inside:
    from offkit.model import checklist, layout
    from offkit.server.bundle import requirements

    pins = requirements.pins(one.read(layout.REQUIREMENTS))
    return _Inside(one, pins, checklist.load(one.read(layout.CHECKLIST)).libraries)


def _wheels(manifest: "Manifest") -> "List[Tuple[str, str, Member]]":
    """Name, version and member of each."""
    from offkit.model import layout
    from offkit.model.tags import split_wheel

    return [(*split_wheel(member.path[len(layout.WHEELS) :])[:2], member) for member in manifest.wheels()]


def _document(opened: "Opened", insides: Sequence[_Inside], several: bool, whole: str) -> None:
    """The document offkit/inspect-1, or offkit/inspect-several-1 with one of its kind for each target."""
    from offkit.edges import files

    about = {
        "bundle": files.text(opened.path),
        "sha256": whole or None,
        "digest": opened.digest,
        "size": opened.size,
    }
    members = [{"path": one.path, "size": one.size, "sha256": one.sha256} for one in opened.segments]
    if not several:
        render.document("offkit/inspect-1", **about, **_of_target(insides[0]), members=members)
        return
    targets = [dict(name=name, **_of_target(one)) for name, one in zip(_names(opened), insides)]
    render.document("offkit/inspect-several-1", **about, targets=targets, members=members)


def _of_target(one: _Inside) -> Dict[str, Any]:
    from offkit.model import layout, origin

    manifest = one.bundle.manifest
    origins = origin.from_options(manifest.options)
    return {
        "installed_size": manifest.installed_size,
        "made_by": manifest.made_by,
        "target": manifest.target.to_json(),
        "options": manifest.options,
        "requirements": [{"name": pin.name, "version": pin.version} for pin in one.pins],
        "wheels": [
            {
                "name": name,
                "version": version,
                "path": member.path,
                "size": member.size,
                "sha256": member.sha256,
                "from": origins.get(member.path[len(layout.WHEELS) :]),
            }
            for name, version, member in _wheels(manifest)
        ],
        "checks": [
            {"path": member.path, "size": member.size, "sha256": member.sha256}
            for member in manifest.below(layout.SMOKE)
        ],
        "libraries": [
            dict(each._asdict(), versions=list(each.versions), needed_by=list(each.needed_by))
            for each in one.libraries
        ],
    }


def _names(opened: "Opened") -> List[str]:
    return [name for name, _ in getattr(opened.manifest, "targets", ())]


def _show(opened: "Opened", insides: Sequence[_Inside], several: bool, whole: str) -> None:
    names = _names(opened)
    render.title("{}, {}".format(opened.path, words.size(opened.size)))
    render.table(
        [
            *(("for", one.bundle.manifest.target.describe()) for one in insides),
            ("made by", opened.manifest.made_by),
            *([("sha256", whole + "  of the file")] if whole else []),
            ("digest", opened.digest + "  of the manifest"),
            *([] if several else _about(insides[0].bundle)),
        ]
    )
    if not several:
        _contents(insides[0], {})
        return
    shared = _shared(names, insides)
    sizes = [
        member.size
        for one in insides[:1]
        for member in one.bundle.manifest.wheels()
        if len(shared[member.sha256]) == len(names)
    ]
    render.line("  {} for all of them, {}".format(words.several(len(sizes), "wheel"), words.size(sum(sizes))))
    for name, one in zip(names, insides):
        render.line()
        render.title(name)
        render.table(_about(one.bundle))
        also = {key: [each for each in users if each != name] for key, users in shared.items()}
        _contents(one, also)


def _shared(names: Sequence[str], insides: Sequence[_Inside]) -> Dict[str, List[str]]:
    """By the hash of each wheel: the targets that install it."""
    users: Dict[str, List[str]] = {}
    for name, one in zip(names, insides):
        for member in one.bundle.manifest.wheels():
            users.setdefault(member.sha256, []).append(name)
    return users


def _about(bundle: "BundleFile") -> List[Tuple[str, str]]:
    from offkit.model import built, carried, control_node, layout, origin, proof, sources
    from offkit.server.bundle import requirements

    manifest = bundle.manifest
    rpms = [one for one in manifest.members if one.path.startswith(layout.RPMS) and one.path.endswith(".rpm")]
    return [
        ("installed", words.size(manifest.installed_size)),
        *([("carries", _CONTROL)] if control_node.meant(manifest.options) else []),
        *(
            ("carries", "{}, sha256 {}".format(one.describe(), one.sha256))
            for one in control_node.collections(manifest.options)
        ),
        *(("carries", _python(one)) for one in carried.from_options(manifest.options)),
        *([("carries", _rpms(rpms))] if rpms else []),
        *(
            ("carries", "the check {}, {}, for 'offkit smoke'".format(*_check(one)))
            for one in manifest.below(layout.SMOKE)
        ),
        *(
            row
            for one in built.from_options(manifest.options)
            for row in _with("built", one.describe(), one.requires)
        ),
        *(
            row
            for one in sources.from_options(manifest.options)
            for row in _with(
                "carries", sources.to_be_compiled(one), requirements.pins(bundle.read(one.lock), one.lock)
            )
        ),
        *(
            ("from", "{}: {}".format(where, words.several(len(names), "wheel")))
            for where, names in origin.grouped(
                (where, name) for name, where in origin.from_options(manifest.options).items()
            )
        ),
        *(("proof", one.describe()) for one in proof.from_options(manifest.options)),
    ]


def _with(word: str, text: str, pins: "Iterable[Union[Pin, built.Pin]]") -> List[Tuple[str, str]]:
    """A row, and one for what builds that."""
    tools = ", ".join("{} {}".format(pin.name, pin.version) for pin in pins)
    return [(word, text), *([("", "built with " + tools)] if tools else [])]


def _contents(one: _Inside, also: Dict[str, List[str]]) -> None:
    """``also``: the other targets that install a wheel, by its hash."""
    from offkit.model import layout, origin

    origins = origin.from_options(one.bundle.manifest.options)
    apart = len(set(origins.values())) > 1
    render.title("requirements")
    render.table([(pin.name, pin.version) for pin in one.pins])
    render.title("wheels")
    rows = []
    for name, version, member in _wheels(one.bundle.manifest):
        others = also.get(member.sha256)
        where = origins.get(member.path[len(layout.WHEELS) :], "")
        told = "  also for " + ", ".join(others) if others else ""
        told += "  from " + where if where and apart else ""
        rows.append((name, version, words.size(member.size) + told))
    render.table(rows)
    render.title("libraries the server must have")
    if not one.libraries:
        render.line("  none besides the C library")
    render.table([(each.soname, _source(each), ", ".join(each.versions)) for each in one.libraries])


def _python(one: Tuple[str, str, str]) -> str:
    kind, member, version = one
    return "Python {}, {} ({})".format(version, "its source" if kind == "source" else "ready-made", member)


def _check(member: "Member") -> Tuple[str, str]:
    from offkit.model import layout

    return member.path[len(layout.SMOKE) :], words.size(member.size)


def _rpms(rpms: "List[Member]") -> str:
    number = words.several(len(rpms), "RPM")
    return "{} of libraries, {}".format(number, words.size(sum(one.size for one in rpms)))


def _source(library: "Library") -> str:
    known = [library.rpm] * bool(library.rpm) + ["in the bundle"] * library.in_bundle
    return ", ".join(known) or "(no RPM known)"
