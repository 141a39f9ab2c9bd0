"""LIB: every shared library that the environment's programs and modules will ask for.

What is judged is what happens: the interpreter starts, and imports each extension module; each program
starts; and what none of these loads is opened by its name (elf.reach).
"""

import posixpath
from typing import Dict, Iterable, List, NamedTuple, Sequence, Tuple

from offkit.edges.tree import Tree
from offkit.elf import reach, reader
from offkit.elf.objects import MODULE
from offkit.elf.reach import Copies, Weights
from offkit.elf.resolution import LIBRARY_PATH, Resolution
from offkit.elf.search import Loader
from offkit.media import closure
from offkit.model.finding import ERROR, INFO, WARNING, Finding
from offkit.server.doctor import carried, refused, repositories, started, unimportable
from offkit.server.doctor.cures import Cure, Cures
from offkit.server.doctor.owners import Recorded
from offkit.server.doctor.shared_objects import collect
from offkit.server.doctor.verdict import Judge, Opening
from offkit.server.environment.environment import Environment
from offkit.server.loader.view import TreeView, make_loader


class Libraries(NamedTuple):
    findings: List[Finding]
    rpms: List[str]
    resolutions: List[Resolution]
    elf_files: int
    modules: int
    loaded: Sequence[str]  # what the interpreter consists of
    cures: Dict[str, Cure]  # soname → what was found to cure it
    unreadable: Tuple[str, ...]  # shared objects that this user may not read
    isa: Dict[str, int]  # file → the x86-64 level that it says it needs, where above the first
    again: List[str]  # RPMs that are installed, with damaged files


NOTHING = Libraries([], [], [], 0, 0, (), {}, (), {}, [])  # where nobody looked


def inspect(
    tree: Tree,
    env: Environment,
    cures: Cures,
    library_path: Sequence[str] = (),
    preload: Sequence[str] = (),
) -> Libraries:
    """Everything the loader will look for, and what it will not find."""
    view = TreeView(tree)
    main = view.open(env.interpreter).elf if env.interpreter else None
    interpreter = main.interpreter if main is not None else ""
    platform = main.platform or "x86_64" if main is not None else "x86_64"
    loader, findings = make_loader(tree, view, interpreter, platform, library_path, preload)
    program = loader.program(env.interpreter)
    if env.interpreter and program.report.problem:
        findings.append(
            Finding(
                "LIB005",
                ERROR,
                env.interpreter,
                "the interpreter cannot be loaded: " + program.report.problem,
                (),
                "install Python {}.{} again".format(*env.series),
            )
        )
    for path in carried.preloaded(tree, env):
        program.preload(path)
    own = carried.inspect(tree, env)
    findings += own
    objects = collect(tree, view, env, main)
    findings += objects.findings
    stdlib = [
        posixpath.join(env.dynload, name)
        for name in (tree.names(env.dynload) if env.dynload else [])
        if name.endswith(".so")
    ]
    severities = {name: row.severity for row in cures.modules for name in row.extensions}
    lesser = {path: severities.get(posixpath.basename(path).split(".")[0], WARNING) for path in stdlib}
    owners = Recorded(tree, env)
    lost = started.without_loader(view, objects.objects)
    roots = reach.roots(loader, program, [each for each in objects.objects if each not in lost])
    weights = Weights(roots, owners, posixpath.join(env.where, "bin"))
    openings = [Opening(program.report, ERROR)]
    openings += [Opening(program.dlopen(path), lesser[path]) for path in stdlib]
    findings += started.programs([(each, weights.firm(each)) for each in lost], env)
    findings += started.scripts(tree, env, objects.scripts)
    findings += unimportable.inspect(env, objects.objects, owners)
    for root in roots:
        wrong = bool(root.report.versions or root.report.refusals or reach.missing(root.report))
        firm = wrong and weights.firm(root.object)
        openings.append(Opening(root.report, ERROR if firm else WARNING, root.object))
    copies = Copies([each for each in objects.objects if main is None or each.elf.arch == main.arch], owners)
    judged = Judge(tree, env, cures, copies, weights, main, loader, openings).verdict()
    told = {each.subject for each in own if each.code == "LIB013"}
    findings += [each for each in judged.findings if each.code != "LIB001" or each.subject not in told]
    findings += refused.findings(env, objects, program, loader, [opening[:2] for opening in openings])
    findings += refused.preloads(program, preload)
    resolutions = [resolution for report, _, _ in openings for resolution in report.resolutions]
    if main is not None:
        findings += _by_variable(loader, main, resolutions)
        findings += _dependencies(cures, loader, main)
    files = {identity for report, _, _ in openings for identity in report.loaded}
    levels = {path: view.open(path).elf for path in sorted(files)}
    return Libraries(
        findings,
        judged.rpms,
        resolutions,
        view.count,
        sum(each.kind == MODULE for each in objects.objects) + len(stdlib),
        program.report.loaded,
        judged.cures,
        tuple(path for each in objects.findings if each.code == "LIB011" for path in each.looked_in),
        {path: elf.isa for path, elf in levels.items() if elf is not None and elf.isa > 1},
        judged.again,
    )


def _by_variable(loader: Loader, main: reader.Elf, resolutions: Iterable[Resolution]) -> List[Finding]:
    """Libraries that only LD_LIBRARY_PATH finds, and those that it puts before the system's own."""
    paths = {each.name: each.path for each in resolutions if each.how == LIBRARY_PATH}
    own = {name: loader.system(name, main.arch) for name in sorted(paths)}
    identity = loader.view.open
    shadowed = [
        name
        for name, path in own.items()
        if path and identity(path).identity != identity(paths[name]).identity
    ]
    only = [name for name, path in own.items() if not path]
    findings = []
    if only:
        message = "{} found only through it; a service does not have your shell's variables".format(
            ", ".join(paths[name] for name in only) + (" is" if len(only) == 1 else " are")
        )
        fix = "add the directory to /etc/ld.so.conf.d/ and run ldconfig"
        findings.append(Finding("ENV007", INFO, "LD_LIBRARY_PATH", message, (), fix))
    if shadowed:
        message = "it puts {} before the system's own ({}): what was tested with those may fail".format(
            ", ".join(paths[name] for name in shadowed), ", ".join(own[name] for name in shadowed)
        )
        looked = tuple("{} instead of {}".format(paths[name], own[name]) for name in shadowed)
        findings.append(
            Finding("ENV008", WARNING, "LD_LIBRARY_PATH", message, looked, "unset LD_LIBRARY_PATH")
        )
    return findings


def _dependencies(cures: Cures, loader: Loader, main: reader.Elf) -> List[Finding]:
    """What the RPMs to be installed need themselves, where neither server nor ISO has it."""

    def lacks(capability: str) -> bool:
        soname, version = closure.parse(capability)
        path = loader.system(soname, main.arch)
        elf = loader.view.open(path).elf if path else None
        return elf is None or (bool(version) and version not in elf.defines)

    return repositories.dependencies(cures.catalog, lacks)
