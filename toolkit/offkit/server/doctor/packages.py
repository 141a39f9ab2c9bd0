"""PKG: whether what is installed is still what was installed, and complete.

Sources: the core metadata specifications (METADATA) and PEP 508 for requirements.
"""

import posixpath
import shlex
from typing import Collection, Dict, Iterator, List, NamedTuple, Optional, Tuple

from offkit.edges import run
from offkit.edges.tree import Tree
from offkit.model import requirement
from offkit.model.finding import ERROR, INFO, WARNING, Finding
from offkit.model.record import RecordedFile
from offkit.server.doctor import eggs, installer, packaged, record
from offkit.server.doctor.cures import Cures
from offkit.server.doctor.distribution import Distribution, headers_of
from offkit.server.doctor.packaged import Packaged
from offkit.server.environment import pth
from offkit.server.environment.environment import Environment
from offkit.server.system import ledger


class Packages(NamedTuple):
    findings: List[Finding]
    distributions: List[Distribution]
    files: int  # checked against a hash
    again: Tuple[str, ...] = ()  # RPMs to be installed once more


def inspect(
    tree: Tree,
    env: Environment,
    cures: Cures,
    told: Collection[str] = (),
    asked: Optional[ledger.Run] = None,
) -> Packages:
    """Every distribution of the environment, file by file; those of RPMs are rpm's to judge. Of
    ``told`` it is known already that they cannot be read; ``asked`` runs rpm in English."""
    read: List[Tuple[Optional[Distribution], List[Finding]]] = []
    for top in env.site_packages:
        for name in tree.names(top):
            path = posixpath.join(top, name)
            if name.startswith("~") and tree.is_dir(path):
                read.append((None, [_leftover(env, path)]))
            elif name.endswith(".dist-info") and tree.is_dir(path):
                read.append(_distribution(tree, env, top, path))
    everywhere = [dist for dist, _ in read if dist is not None]
    rpms = packaged.inspect(tree, env, everywhere, cures, asked or ledger.english(run.run))
    found = [dist for dist in everywhere if dist not in rpms.distributions]
    findings = [each for dist, problems in read if dist not in rpms.distributions for each in problems]
    findings += rpms.findings
    records: Dict[str, List[RecordedFile]] = {}
    owners: record.Owners = {}
    for dist in found:
        lines, problems = record.read(tree, env, dist)
        findings += problems
        records[dist.directory] = lines
        for line in lines:
            owners.setdefault(line.path, {})[dist.title] = line
    checked = 0
    for dist in found:
        count, problems = record.compare(tree, env, dist, records[dist.directory], owners, told, everywhere)
        checked += count
        findings += problems
    everything = everywhere + [
        dist
        for top in env.site_packages + env.outside
        for name in tree.names(top)
        for dist in _others(tree, env, top, name)
    ]
    named = list(dict.fromkeys(path for top in env.site_packages for _, path in pth.named(tree, top)))
    everything += [dist for path in named for dist in eggs.zipped(tree, path)]
    old = [each for each in everything if each not in everywhere and eggs.is_judged(tree, env, each, named)]
    findings += _twice(everywhere)
    findings += _unmet(env, everywhere + old, everything, rpms)
    findings += installer.inspect(tree, everywhere, everything)
    return Packages(findings, everywhere, checked + rpms.files, rpms.again)


def _others(tree: Tree, env: Environment, top: str, name: str) -> Iterator[Distribution]:
    """What meets requirements but has no RECORD of ours: egg-info, the base interpreter's packages."""
    path = posixpath.join(top, name)
    if name.endswith(".dist-info") and top in env.outside:
        yield _distribution(tree, env, top, path)[0]
    else:
        yield from eggs.read(tree, top, name)


def _twice(found: List[Distribution]) -> List[Finding]:
    """Two .dist-info of one package: which of them importlib.metadata finds is chance."""
    versions: Dict[str, List[Distribution]] = {}
    for dist in found:
        versions.setdefault(requirement.normalize(dist.name), []).append(dist)
    return [
        Finding(
            "PKG010",
            WARNING,
            dists[0].name,
            "is recorded more than once: " + ", ".join(dist.version for dist in dists),
            tuple(dist.directory for dist in dists),
            record.AGAIN,
        )
        for dists in versions.values()
        if len(dists) > 1
    ]


def _leftover(env: Environment, path: str) -> Finding:
    return Finding(
        "PKG004",
        WARNING,
        posixpath.basename(path),
        "is left over from an interrupted pip; Python cannot use it",
        (path,),
        "rm -r " + shlex.quote(path),
    )


def _distribution(tree: Tree, env: Environment, top: str, path: str) -> Tuple[Distribution, List[Finding]]:
    """A .dist-info by its METADATA, and what is wrong with that."""
    stem = posixpath.basename(path)[: -len(".dist-info")]
    name, _, version = stem.partition("-")
    try:
        headers = headers_of(tree.text(path + "/METADATA", record.TEXT))
    except OSError:
        problem = record.half_installed(tree, env, name, path + "/METADATA")
        return Distribution(top, path, name, version, ()), [problem]
    findings = []
    if not str(headers.get("Name") or "").strip():
        message = "is incompletely installed: METADATA is damaged, it has no Name"
        findings.append(Finding("PKG003", ERROR, name, message, (path + "/METADATA",), record.AGAIN))
    requires = tuple(str(line) for line in headers.get_all("Requires-Dist") or ())
    name, version = str(headers.get("Name") or name), str(headers.get("Version") or version)
    return Distribution(top, path, name, version, requires), findings


def _unmet(
    env: Environment, found: List[Distribution], everything: List[Distribution], rpms: Packaged
) -> List[Finding]:
    """Requirements that nothing installed meets: what ``pip check`` says, without pip. What an RPM goes
    without, or is content with, its own requirements say."""
    installed = {requirement.normalize(dist.name): dist for dist in everything}
    markers = requirement.environment(env.python)
    findings = []
    for dist in found:
        for text in dist.requires:
            try:
                wanted = requirement.parse(text)
                if not wanted.applies(markers):
                    continue
                present = installed.get(requirement.normalize(wanted.name))
                met = present is not None and wanted.accepts(present.version)
            except ValueError as error:
                message = "a requirement cannot be read: {} ({})".format(text, error)
                findings.append(Finding("PKG009", INFO, dist.title, message, (dist.directory,), ""))
                continue
            judged = dist in rpms.distributions and (present is None or present in rpms.distributions)
            if not (met or judged):
                have = "it has " + present.version if present else "it is not installed"
                message = "needs {}; {}".format(wanted.text, have)
                fix = "bundle again with {} among the requirements".format(wanted.text)
                findings.append(Finding("PKG005", ERROR, dist.title, message, env.site_packages, fix))
    return findings
