"""PKG: whether what is installed is still what was installed, and complete.

Sources: the core metadata specifications "Recording installed projects" (RECORD, PEP 376 and
627) and PEP 508 for requirements.
"""

import base64
import csv
import hashlib
import posixpath
import re
import shlex
from email.parser import HeaderParser
from typing import Collection, Dict, Iterator, List, NamedTuple, Optional, Set, Tuple

from offkit.edges.tree import Tree
from offkit.model import requirement
from offkit.model.finding import ERROR, INFO, WARNING, Finding
from offkit.target.doctor import installer
from offkit.target.doctor.distribution import Distribution
from offkit.target.doctor.environment import Environment, forbidden

_CHUNK = 1 << 20
_NAMED = 5
_HASHES = ("sha256", "sha384", "sha512")  # what PEP 376 as amended allows
_TEXT = 16 * 1024 * 1024
_SHARED = re.compile(r"\.so(\.\d+)*$")


class Packages(NamedTuple):
    findings: List[Finding]
    distributions: List[Distribution]
    files: int  # checked against a hash


class _Line(NamedTuple):
    path: str
    algorithm: str
    digest: str
    size: Optional[int]


_Owners = Dict[str, Dict[str, _Line]]  # path → distribution → what its RECORD says


def inspect(tree: Tree, env: Environment, told: Collection[str] = ()) -> Packages:
    """Every distribution of the environment, file by file. Of ``told`` it is known already that
    they cannot be read."""
    findings: List[Finding] = []
    found: List[Distribution] = []
    for top in env.site_packages:
        for name in tree.names(top):
            path = posixpath.join(top, name)
            if name.startswith("~") and tree.is_dir(path):
                findings.append(_leftover(env, path))
            elif name.endswith(".dist-info") and tree.is_dir(path):
                found.append(_distribution(tree, env, top, path, findings))
    records: Dict[str, List[_Line]] = {}
    owners: _Owners = {}
    for dist in found:
        lines = _record(tree, env, dist, findings)
        records[dist.directory] = lines
        for line in lines:
            owners.setdefault(line.path, {})[dist.title] = line
    checked = 0
    for dist in found:
        count, problems = _contents(tree, env, dist, records[dist.directory], owners, told)
        checked += count
        findings += problems
    everything = found + [
        dist
        for top in env.site_packages + env.outside
        for name in tree.names(top)
        for dist in _others(tree, env, top, name)
    ]
    findings += _twice(found)
    findings += _unmet(env, found, everything)
    return Packages(findings + installer.inspect(tree, found, everything), found, checked)


def _others(tree: Tree, env: Environment, top: str, name: str) -> Iterator[Distribution]:
    """What meets requirements but has no RECORD of ours: egg-info, the base interpreter's packages."""
    path = posixpath.join(top, name)
    if name.endswith(".dist-info") and top in env.outside:
        yield _distribution(tree, env, top, path, [])
    elif name.endswith(".egg-info"):
        try:
            text = tree.text(path + "/PKG-INFO" if tree.is_dir(path) else path, _TEXT)
        except OSError:
            return
        headers = HeaderParser().parsestr(text)
        if headers.get("Name"):
            yield Distribution(top, path, str(headers["Name"]), str(headers.get("Version", "")), ())


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
            _AGAIN,
        )
        for dists in versions.values()
        if len(dists) > 1
    ]


def _leftover(env: Environment, path: str) -> Finding:
    return Finding(
        "PKG004",
        WARNING,
        posixpath.basename(path),
        "is left over from an interrupted pip; Python can do nothing with it",
        (path,),
        "rm -r " + shlex.quote(path),
    )


def _half_installed(tree: Tree, env: Environment, name: str, path: str) -> Finding:
    missing = posixpath.basename(path)
    refusing = tree.refuses(path)
    if refusing:
        return forbidden("PKG012", env, "{} of {}".format(missing, name), path, refusing)
    return Finding(
        "PKG003", ERROR, name, "is half installed: no " + missing, (path,), "install the package again"
    )


def _distribution(tree: Tree, env: Environment, top: str, path: str, findings: List[Finding]) -> Distribution:
    stem = posixpath.basename(path)[: -len(".dist-info")]
    name, _, version = stem.partition("-")
    try:
        headers = HeaderParser().parsestr(tree.text(path + "/METADATA", _TEXT))
    except OSError:
        findings.append(_half_installed(tree, env, name, path + "/METADATA"))
        return Distribution(top, path, name, version, ())
    requires = tuple(str(line) for line in headers.get_all("Requires-Dist") or ())
    return Distribution(
        top, path, str(headers.get("Name") or name), str(headers.get("Version") or version), requires
    )


def _record(tree: Tree, env: Environment, dist: Distribution, findings: List[Finding]) -> List[_Line]:
    path = dist.directory + "/RECORD"
    try:
        text = tree.text(path, _TEXT)
    except OSError:
        # PEP 627: a distribution without RECORD belongs to another tool; pip always writes one.
        findings.append(_half_installed(tree, env, dist.name, path))
        return []
    lines = []
    bad = []
    reader = csv.reader(text.splitlines())
    try:
        for row in reader:
            if not row:
                continue
            line = _line(dist, row)
            if line is None:
                bad.append(str(reader.line_num))
            else:
                lines.append(line)
    except csv.Error as error:
        bad.append("{} ({})".format(reader.line_num, error))
    if bad:
        message = "its RECORD is damaged, line " + ", ".join(bad[:_NAMED])
        findings.append(Finding("PKG006", ERROR, dist.name, message, (path,), "install the package again"))
    return lines


def _line(dist: Distribution, row: List[str]) -> Optional[_Line]:
    if len(row) != 3 or not row[0] or "\0" in row[0]:
        return None
    path = posixpath.normpath(posixpath.join(dist.top, row[0]))
    algorithm, equals, digest = row[1].partition("=")
    if row[1] and not (equals and digest):
        return None
    if row[2] and not row[2].isdigit():
        return None
    return _Line(path, algorithm, digest, int(row[2]) if row[2] else None)


def _contents(
    tree: Tree,
    env: Environment,
    dist: Distribution,
    lines: List[_Line],
    owners: _Owners,
    told: Collection[str],
) -> Tuple[int, List[Finding]]:
    missing, altered, broken, odd = [], [], [], []  # type: Tuple[List[str], List[str], List[str], List[str]]
    rivals: Set[str] = set()
    refused: Dict[str, List[str]] = {}
    checked = 0
    for line in lines:
        compiled = line.path.endswith((".pyc", ".pyo"))
        if not tree.is_file(line.path):
            refusing = tree.refuses(line.path)
            if refusing:
                refused.setdefault(refusing, []).append(line.path)
            elif not compiled:
                missing.append(line.path)
            continue
        if not line.algorithm or compiled:
            continue
        if line.algorithm not in _HASHES:
            odd.append("{} ({})".format(env.shorten(line.path), line.algorithm))
            continue
        try:
            same = _same(tree, line)
        except OSError:
            refused.setdefault(line.path, []).append(line.path)
            continue
        checked += 1
        if not same:
            others = {title: other for title, other in owners[line.path].items() if title != dist.title}
            rivals.update(others)
            # As another package recorded it, it is whole, though perhaps not of the version expected.
            whole = any(other.algorithm in _HASHES and _same(tree, other) for other in others.values())
            (altered if whole or not _loaded(tree, line.path) else broken).append(line.path)
    findings = []
    if missing:
        findings.append(
            Finding("PKG001", ERROR, dist.title, _several(env, missing, "missing"), _all(missing), _AGAIN)
        )
    for refusing, paths in refused.items():
        if not set(paths) <= set(told):
            findings.append(_refused(env, dist, refusing, paths))
    for paths, severity in ((broken, ERROR), (altered, WARNING)):
        if paths:
            message = _several(env, paths, "altered")
            if rivals:
                message += "; {} has files of the same name".format(", ".join(sorted(rivals)))
            findings.append(Finding("PKG002", severity, dist.title, message, _all(paths), _AGAIN))
    if odd:
        message = "not checked for want of a known hash: " + ", ".join(odd[:_NAMED])
        findings.append(Finding("PKG008", INFO, dist.title, message, tuple(odd), ""))
    return checked, findings


def _refused(env: Environment, dist: Distribution, refusing: str, paths: List[str]) -> Finding:
    found = forbidden("PKG012", env, dist.title, refusing, refusing)
    names = ", ".join(env.shorten(path) for path in paths[:_NAMED])
    return found._replace(message="{}: {}".format(found.message, names), looked_in=tuple(paths))


def _loaded(tree: Tree, path: str) -> bool:
    """Machine code: nobody corrects that by hand, as one does a .py or a configuration file."""
    if _SHARED.search(path):
        return True
    with tree.open(path) as source:
        return bytes(source.read(4)) == b"\x7fELF"


_AGAIN = "install the package again"


def _all(paths: List[str]) -> Tuple[str, ...]:
    """What the message could not name."""
    return tuple(paths) if len(paths) > _NAMED else ()


def _several(env: Environment, paths: List[str], what: str) -> str:
    names = ", ".join(env.shorten(path) for path in paths[:_NAMED])
    rest = len(paths) - _NAMED
    more = " and {} more".format(rest) if rest > 0 else ""
    return "{} {} {}: {}{}".format(
        len(paths), "file is" if len(paths) == 1 else "files are", what, names, more
    )


def _same(tree: Tree, line: _Line) -> bool:
    """Whether a file is as recorded. Raises OSError when it cannot be read."""
    digest = hashlib.new(line.algorithm)
    size = 0
    with tree.open(line.path) as source:
        for chunk in iter(lambda: source.read(_CHUNK), b""):
            size += len(chunk)
            digest.update(chunk)
    if line.size is not None and size != line.size:
        return False
    encoded = base64.urlsafe_b64encode(digest.digest()).rstrip(b"=").decode("ascii")
    return encoded == line.digest.rstrip("=")


def _unmet(env: Environment, found: List[Distribution], everything: List[Distribution]) -> List[Finding]:
    """Requirements that nothing installed meets: what ``pip check`` says, without pip."""
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
            if not met:
                have = "it has " + present.version if present else "it is not installed"
                message = "needs {}; {}".format(wanted.text, have)
                fix = "bundle again with {} among the requirements".format(wanted.text)
                findings.append(Finding("PKG005", ERROR, dist.title, message, env.site_packages, fix))
    return findings
