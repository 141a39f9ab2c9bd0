"""Whether this server has what a bundle will need, asked before anything is installed."""

import os
import re
import sys
from typing import Dict, List, NamedTuple, Optional, Sequence, Tuple

from offkit.edges import host, releases
from offkit.edges.tree import Tree
from offkit.elf.objects import LOADERS
from offkit.elf.reader import ET_DYN, Elf, VersionNeed
from offkit.elf.resolution import Report, Resolution
from offkit.elf.search import Loader
from offkit.media import disc
from offkit.media.answers import Answers, Wanted
from offkit.media.medium import Source
from offkit.media.offer import open_catalog
from offkit.model import checklist, groups, layout, several
from offkit.model.checklist import Checklist, Library
from offkit.model.errors import UsageError
from offkit.model.finding import ERROR, INFO, WARNING, Finding
from offkit.model.several import Machine
from offkit.model.target import Target
from offkit.server.bundle import bundle_file, requirements
from offkit.server.bundle.bundle_file import BundleFile, Several
from offkit.server.doctor import cures as remedies
from offkit.server.doctor import damage, needs, undefined
from offkit.server.doctor.cures import Cure
from offkit.server.doctor.repositories import configured, strangers
from offkit.server.doctor.undefined import Foreseen
from offkit.server.loader.view import TreeView, make_loader
from offkit.server.system import withheld

_NAMED = 3
_ANY = (999, 0)  # a C library that nobody can ask for its version
_HEADER, _MAGIC = 512, slice(257, 262)  # bytes (POSIX ustar)


Lost = Dict[str, Resolution]  # by soname


class Forecast(NamedTuple):
    findings: List[Finding]
    libraries: int  # sonames asked for
    system: str
    install_line: str
    rpms: Tuple[str, ...]  # to be installed, as yum takes them
    again: Tuple[str, ...]  # to be installed once more: they are here, and damaged
    catalog: Answers  # which repositories answered, and what
    part: str = ""  # of a bundle for several targets the one that this server takes
    bundle: Optional[BundleFile] = None  # or that part of it
    doubt: str = ""  # what is not known of the line


def examine(
    wanted: Checklist,
    target: Target,
    root: str = "/",
    isos: Sequence[str] = (),
    rpm_repos: Sequence[Source] = (),
    bundled: needs.Bundled = needs.NOTHING,
) -> Forecast:
    """Which libraries of a bundle's checklist the server below ``root`` lacks.

    ``isos`` and ``rpm_repos`` are as for ``doctor.examine``; what is ``bundled``
    tells what no ELF file says.
    """
    tree = Tree(root)
    findings = _other_machine(tree, target)
    if findings:
        system = remedies.read(tree, Answers()).system
        return Forecast(findings, len(wanted.libraries), system, "", (), (), Answers())
    machine, little, ldso = LOADERS[target.arch]
    view = Foreseen(TreeView(tree))
    loader, findings = make_loader(tree, view, ldso, target.arch)
    whole = _as_elf(wanted.libraries, machine, little, ldso)
    firm = _as_elf([each for each in wanted.libraries if not each.optional], machine, little, ldso)
    report, arch = loader.judge(whole, "/"), whole.arch
    libraries = wanted.libraries + _brought(wanted, report, loader.judge(firm, "/"), loader)
    rpms: List[str] = []
    again: List[str] = []
    known = configured(tree, target.arch)
    theirs = known.theirs(tree)
    with open_catalog(tree, isos, rpm_repos, known.own, tuple(theirs)) as catalog:
        cures = known.cures(tree, catalog, withheld.for_a_command(catalog, tree, known.matching))
        lost = {each.name: each for each in report.resolutions if not each.found}
        asked = [each for each in libraries if each.soname in lost and not each.in_bundle]
        cures.consult([Wanted(each.soname, tuple(each.versions), 64, target.arch) for each in asked])
        for library in libraries:
            mended = _mend(library, lost, loader, cures)
            if mended is not None:
                findings.append(_damaged(library, mended))
                cure = mended.cure
            else:
                found, cure = _judge(library, lost, report, cures)
                findings += found
            rpms += cure.rpms if cure else ()
            again += cure.again if cure else ()
        findings += [
            each.finding((), cures.line_for(each.soname))
            for each in wanted.inside
            if not loader.system(each.soname, arch)
        ]
        findings += [each.finding(_NAMED) for each in wanted.foreign if not tree.is_file(each.interpreter)]
        findings += [
            each.finding(_NAMED, each.places())
            for each in wanted.scripts
            if not any(map(tree.is_file, each.places()))
        ]
        findings += undefined.inspect(
            tree, view, loader, wanted, _as_elf((), machine, little, ldso), target.python_minor
        )
        wanting, bringing = needs.of_bundle(tree, bundled, cures, ldso)
        findings += wanting
        rpms += bringing
        strange = [each for each in catalog.findings if each.code == disc.STRANGER]
        own = [] if isos or rpm_repos else strangers(tree, known)
        findings = own + strange + findings + [each for each in catalog.findings if each not in strange]
        line = remedies.combined(cures, rpms, again)
        doubt = cures.doubt(remedies.union((*rpms, *again)))
    return Forecast(
        findings,
        len(wanted.libraries),
        cures.system,
        line,
        remedies.union(rpms),
        remedies.union(again),
        catalog,
        doubt=doubt,
    )


def of_bundle(
    path: str, root: str = "/", isos: Sequence[str] = (), rpm_repos: Sequence[Source] = ()
) -> Forecast:
    """``examine`` for the bundle at ``path``. Raises IntegrityError where its front is not that of one."""
    opened = bundle_file.read_manifest(path)
    name, bundle = _part(opened, Tree(root)) if isinstance(opened, Several) else ("", opened)
    wanted = checklist.load(bundle.read(layout.CHECKLIST))
    result = examine(wanted, bundle.manifest.target, root, isos, rpm_repos, _bundled(bundle))
    return result._replace(part=name, bundle=bundle)


def _bundled(bundle: BundleFile) -> needs.Bundled:
    pins = dict(requirements.pins(bundle.read(layout.REQUIREMENTS)))
    names = [os.path.basename(one.path) for one in bundle.manifest.below(layout.RPMS)]
    return needs.Bundled(pins, tuple(name.rsplit("-", 2)[0] for name in names if name.endswith(".rpm")))


def _part(opened: Several, tree: Tree) -> Tuple[str, BundleFile]:
    """What the server takes of it with the Python that runs this, else with one that it may get; where no
    part fits, the first, of which ``examine`` says what it lacks."""
    targets = [target for _, target in opened.manifest.targets]
    release = releases.known().name_of(host.os_release(tree))
    glibc = _ANY if tree.root else host.glibc()
    fitting = [one.arch for one in targets if not _other_machine(tree, one)]
    machine = Machine(release, fitting[0] if fitting else "", glibc)
    index = several.choose(targets, machine, "{}.{}".format(*sys.version_info[:2]))
    if index is None:
        index = next(iter(several.ranked(targets, machine)), 0)
    return opened.manifest.targets[index][0], opened.parts[index]


def refuse_other_files(path: str) -> None:
    """Raises UsageError for a file that is not meant to be a bundle."""
    if is_tar(path):
        return
    fix = "WHERE is a virtual environment, the prefix of an 'offkit install', a generation or a bundle.tar"
    around = os.path.dirname(os.path.dirname(os.path.abspath(path)))
    if os.path.isfile(os.path.join(around, "pyvenv.cfg")):
        fix += "; this file is part of one: offkit doctor {}".format(around)
    raise UsageError("{} is a file, but not a bundle (not a tar archive)".format(path), fix=fix)


def is_tar(path: str) -> bool:
    """Whether a file is meant to be a bundle: by its first header, or by its name where that is
    damaged, packed or forbidden."""
    if re.search(r"\.(tar|tgz)\b", os.path.basename(path)):
        return True
    try:
        with open(path, "rb") as source:
            return source.read(_HEADER)[_MAGIC] == b"ustar"
    except OSError:
        return False


def _other_machine(tree: Tree, target: Target) -> List[Finding]:
    """Of a machine without the bundle's ld.so nothing else is worth saying."""
    here = [arch for arch, (_, _, ldso) in LOADERS.items() if tree.is_file(ldso)]
    if not here or target.arch in here:
        return []
    fix = "bundle again on the other side with --arch {}".format(here[0])
    message = target.on_other_machine(" and ".join(here))
    return [Finding("ENV021", ERROR, "arch", message, (LOADERS[target.arch][2],), fix)]


def _brought(wanted: Checklist, report: Report, firm: Report, loader: Loader) -> Tuple[Library, ...]:
    """What libraries that are here miss themselves: two steps away, and no less needed."""
    told = {library.soname for library in wanted.libraries}
    must = {each.name for each in firm.resolutions if not each.found}
    users: Dict[str, List[str]] = {}
    for each in report.resolutions:
        if not each.found and each.name not in told and each.needed_by not in users.get(each.name, ()):
            users.setdefault(each.name, []).append(each.needed_by)
    found = []
    for name, paths in users.items():
        elfs = [loader.view.open(path).elf for path in paths]
        needs = [need for elf in elfs if elf is not None for need in elf.needs]
        versions = {need.version: None for need in needs if need.file == name and not need.weak}
        found.append(Library(name, tuple(versions), tuple(paths), "", False, name not in must))
    return tuple(found)


def _as_elf(wanted: Sequence[Library], machine: int, little: bool, ldso: str) -> Elf:
    """These libraries as one file that needs them all."""
    return Elf(
        bits=64,
        little=little,
        machine=machine,
        kind=ET_DYN,
        interpreter=ldso,
        needed=tuple(library.soname for library in wanted),
        needs=tuple(
            VersionNeed(library.soname, version, False)
            for library in wanted
            for version in (*library.versions, *library.aside)
        ),
    )


def _mend(library: Library, lost: Lost, loader: Loader, cures: remedies.Cures) -> Optional[remedies.Mend]:
    """Where a damaged file is to blame that the bundle does not replace."""
    missing = None if library.in_bundle else lost.get(library.soname)
    harm = damage.find(missing, loader.view) if missing else None
    return remedies.mend(harm, library.soname, 64, cures, loader.default_dirs) if harm else None


def _damaged(library: Library, mended: remedies.Mend) -> Finding:
    message = "{}; needed by {}".format(mended.message, groups.users(library.needed_by))
    return Finding("LIB001", _severity(library), library.soname, message, (), mended.fix)


def _severity(library: Library) -> str:
    """What only optional parts want stops no import."""
    return WARNING if library.optional else ERROR


def _judge(
    library: Library, lost: Lost, report: Report, cures: remedies.Cures
) -> Tuple[List[Finding], Optional[Cure]]:
    """(what is wrong with it here, what cures that)"""
    severity, who = _severity(library), groups.users(library.needed_by)
    who += ", in optional parts" if library.optional else ""
    if library.soname in lost:
        looked = tuple("{} ({})".format(look.place, look.how) for look in lost[library.soname].looked)
        cure = cures.for_soname(library.soname, 64)
        message = "is missing; needed by " + who
        if library.in_bundle:
            brought = library.rpm or " ".join(cure.rpms + cure.again) or "it"
            fix = "nothing: {} comes with the bundle".format(brought)
            return [Finding("LIB001", INFO, library.soname, message, looked, fix)], None
        return [Finding("LIB001", severity, library.soname, message, looked, cure.fix)], cure
    old = [each for each in report.versions if each.name == library.soname]
    if old:
        if all(each.version in library.aside for each in old):
            severity = WARNING
        message = "{} is too old: {} needed by {}".format(
            old[0].path, ", ".join(each.version for each in old), who
        )
        fix = "bundle again for this system: --target with what 'offkit probe' writes here"
        return [Finding("LIB002", severity, library.soname, message, (old[0].path,), fix)], None
    return [], None
