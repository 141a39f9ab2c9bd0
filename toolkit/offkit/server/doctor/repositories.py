"""REPO: what yum would do on this server, told from its files. The network is never tried."""

import hashlib
import posixpath
import re
import shlex
from fnmatch import fnmatchcase
from typing import Callable, Collection, Dict, List, NamedTuple, Optional, Sequence, Tuple
from urllib.parse import quote

from offkit.edges import releases
from offkit.edges.host import os_release
from offkit.edges.tree import Tree
from offkit.media import disc, keys, medium, repodata, repofile
from offkit.media.answers import Answers, Rank
from offkit.media.providers import Catalog
from offkit.media.repofile import Section
from offkit.media.repository import reason
from offkit.media.rpm import BadRepodata
from offkit.model.finding import ERROR, INFO, WARNING, Finding, has_errors
from offkit.model.url import is_url
from offkit.server.doctor import cures
from offkit.server.environment.environment import Environment
from offkit.server.system import filters, installed, yum

_VARIABLES = ("/etc/yum/vars", "/etc/dnf/vars")
_RELEASE = "releasever"  # a variable that may not be known; a URL then keeps it as it is written
_LOOPBACK = re.compile(r"[a-z]+://(localhost|127\.[0-9.]+|\[::1\])[:/]")
_PLUGIN = "/etc/yum/pluginconf.d/priorities.conf"
_FSTAB = "/etc/fstab"
_YUM_CACHE, _DNF_CACHE = "/var/cache/yum", "/var/cache/dnf"


class Configured(NamedTuple):
    """The repositories that yum knows on this server."""

    repositories: List[Section]
    variables: Dict[str, str]
    findings: List[Finding]

    def paths(self, repository: Section) -> List[str]:
        """Directories of its ``file:`` URLs, expanded."""
        urls = (repofile.expand(url, self.variables) for url in repository.urls)
        return [path for path in map(repofile.directory, urls) if path]

    def is_vague(self, path: str) -> bool:
        """Whether ``path`` depends on a release that is not known."""
        return _RELEASE not in self.variables and repofile.expand(path, {_RELEASE: ""}) != path

    def serving(self, tree: Tree, repository: Section) -> str:
        """The first of its directories that has metadata: several URLs are mirrors of each other
        (yum.conf(5)). "" where none has."""
        paths = self.paths(repository)
        return next((path for path in paths if tree.is_file(posixpath.join(path, repodata.REPOMD))), "")

    def matching(self, patterns: Sequence[str]) -> Tuple[str, ...]:
        """The repositories that a command enables by these patterns."""
        ids = (one.id for one in self.repositories)
        return tuple(id for id in ids if any(fnmatchcase(id, pattern) for pattern in patterns))

    @property
    def offkits(self) -> bool:
        """Whether there is any offkit-* repository, of whatever state."""
        return any(each.own for each in self.repositories)

    @property
    def own(self) -> List[str]:
        """Directories of the offkit-* repositories."""
        return [path for each in self.repositories if each.own for path in self.paths(each)]

    def theirs(self, tree: Tree) -> Dict[str, Tuple[str, ...]]:
        """The local repositories that somebody else has enabled here and that work, none of another
        Enterprise Linux: directory → identity, and the option that dnf wants besides: it takes metadata from
        any of several URLs, but packages from the first alone (libdnf's Repo::getLocalBaseurl)."""
        found: Dict[str, Tuple[str, ...]] = {}
        dnf = tree.is_file("/usr/bin/dnf")
        for each in self.repositories:
            path = self.serving(tree, each) if each.enabled and not each.own else ""
            if path and not has_errors(_strange(tree, path)):
                first = path == self.paths(each)[0]
                option = "--setopt={}.baseurl=file://{}".format(each.id, quote(path))
                found.setdefault(path, (each.id, *([option] if dnf and not first else [])))
        return found

    def cures(self, tree: Tree, catalog: Catalog, against: cures.Against) -> cures.Cures:
        """For what these repositories, or media in their place, answer on this server."""
        catalog.installed = installed.asked(tree)
        catalog.ranks = self.ranks(tree)
        return cures.read(tree, catalog, self.theirs(tree), self.offkits, against)

    def ranks(self, tree: Tree) -> Dict[str, Rank]:
        """Which local repository comes before which, by its directory: what ``priority=`` says to dnf, and to
        yum 3 where its plugin is there and enabled (yum-plugin-priorities)."""
        dnf = tree.is_file("/usr/bin/dnf")
        if not (dnf or _has_plugin(tree)):
            return {}
        found: Dict[str, Rank] = {}
        first = min((each.priority for each in self.repositories), default=0) - 1
        for each in self.repositories:
            path = self.serving(tree, each) if each.enabled or each.own else ""
            option = "--setopt={}.priority={}".format(each.id, first) if dnf else "--disableplugin=priorities"
            if path:
                found.setdefault(path, Rank(each.priority, each.id, option))
        return found


def _strange(tree: Tree, path: str) -> List[Finding]:
    """ENV049 where a directory is of a disc of another release, by what is at its top: there, or above it."""
    release = releases.known().name_of(os_release(tree))
    tops = (medium.Directory(tree, place) for place in (path, posixpath.dirname(path)))
    found = (disc.named(_said(top, disc.TREE), _said(top, disc.LABEL)) for top in tops)
    return disc.stranger(next(filter(None, found), None), path, release)


def _said(top: medium.Directory, name: str) -> str:
    try:
        return top.text(name)
    except OSError:
        return ""


def _has_plugin(tree: Tree) -> bool:
    own = filters.section(tree, _PLUGIN, "main")
    enabled = own is not None and repofile.is_true(own.get("enabled") or "0")
    return enabled and repofile.is_true(filters.main(tree, "plugins"))


def configured(tree: Tree, arch: str = "x86_64") -> Configured:
    """Read every .repo file. What cannot be read as one is a finding."""
    variables = {"basearch": arch, "arch": arch, "infra": "stock"}
    release = os_release(tree).get("VERSION_ID", "").split(".")[0]
    if release:
        variables[_RELEASE] = release
    for directory in _VARIABLES:
        for name in tree.names(directory):
            value = _first_line(tree, posixpath.join(directory, name))
            if value is not None:
                variables[name] = value
    found: List[Section] = []
    findings = [_invalid(path, "configuration", why, "correct it") for path, why in filters.broken(tree)]
    gpgcheck = filters.main(tree, "gpgcheck") or "0"
    for name in tree.names(repofile.DIRECTORY):
        if not name.endswith(".repo"):
            continue
        path = posixpath.join(repofile.DIRECTORY, name)
        try:
            sections = repofile.parse(tree.text(path), path, gpgcheck)
            found += [each._replace(urls=_meant(tree, each.urls, variables)) for each in sections]
        except (OSError, ValueError) as error:
            why = (error.strerror or str(error)) if isinstance(error, OSError) else str(error)
            findings.append(_invalid(path, "repository", why, "correct or remove it"))
    return Configured(found, variables, findings)


def _invalid(path: str, kind: str, why: str, fix: str) -> Finding:
    message = "is not a valid {} file, and yum stops at it: {}".format(kind, why)
    return Finding("REPO006", WARNING, path, message, (path,), fix)


def _meant(tree: Tree, urls: Sequence[str], variables: Dict[str, str]) -> Tuple[str, ...]:
    """With what a list of mirrors says that is a file here; and with file:// before a path, where dnf is
    there (yum 3 takes none). Raises OSError."""
    found: List[str] = []
    for url in urls:
        if url.startswith("/") and tree.is_file("/usr/bin/dnf"):
            url = "file://" + quote(url, safe="/${}")
        place = repofile.directory(repofile.expand(url, variables))
        found += repofile.listed(tree.text(place)) if place and tree.is_file(place) else [url]
    return tuple(found)


def _first_line(tree: Tree, path: str) -> Optional[str]:
    try:
        lines = tree.text(path).splitlines()
    except OSError:
        return None
    return lines[0].strip() if lines else ""


def inspect(
    tree: Tree, env: Environment, known: Configured, own: bool, needed: Collection[str], catalog: Catalog
) -> List[Finding]:
    """What is wrong with the server's repositories. ``needed``: those that a command enables, as
    something has to be installed; ``own``: yum is the tool for that here."""
    catalog.probe()
    findings = list(known.findings)
    remote = [each for each in known.repositories if each.enabled and _is_remote(known, each)]
    instead = any(known.paths(each) for each in known.repositories if each.own)
    instead = instead or bool(needed and not set(needed) & set(yum.OWN))
    if remote:
        findings.append(_unreachable(tree, remote, bool(needed) and not instead, needed or yum.OWN))
    for each in known.repositories:
        if each.own or each.enabled:
            findings += _one(tree, known, each, bool(needed), catalog)
    lacking = set(yum.OWN).intersection(needed)
    if lacking and own and not known.offkits:
        findings.append(_none(env, tree, catalog))
    return findings


def _is_remote(known: Configured, each: Section) -> bool:
    """Whether all of its URLs lead to another machine."""
    urls = [repofile.expand(url, known.variables) for url in each.urls]
    return bool(urls) and not known.paths(each) and not any(map(_LOOPBACK.match, urls))


def _one(tree: Tree, known: Configured, each: Section, needed: bool, catalog: Catalog) -> List[Finding]:
    """What is wrong with one that has directories: with the first that serves it, else with all of them."""
    serving = known.serving(tree, each)
    paths = [path for path in ([serving] if serving else known.paths(each)) if not catalog.failed(path)]
    found = [finding for path in paths for finding in _local(tree, known, each, path, needed)]
    if serving and each.checked and not each.keys:
        found += _without_key(tree, each, WARNING if needed or each.enabled else INFO, catalog)
    if serving or len(found) < 2:
        return found
    message = "has several directories, and none has a disc mounted: {}".format(", ".join(paths))
    fix = "mount -o loop,ro FILE.iso {}, or another of them".format(_mount_point(tree, paths[0]))
    looked = tuple(dict.fromkeys(place for finding in found for place in finding.looked_in))
    return [found[0]._replace(message=message, fix=fix, looked_in=looked)]


def _unreachable(tree: Tree, remote: List[Section], needed: bool, enabled: Collection[str]) -> Finding:
    """Every server has them from its installation on; they matter when yum is all there is to turn to."""
    names = ", ".join(each.id for each in remote)
    one = len(remote) == 1
    message = "{} enabled and {} a network: without one yum waits for {}, then fails".format(
        "is" if one else "are", "needs" if one else "need", "it" if one else "them"
    )
    looked = tuple("{}: {}".format(each.file, each.urls[0]) for each in remote)
    fix = "disable {}: {} ... (as all commands here do)".format(
        "it" if one else "them", yum.typed("", (), tuple(enabled), yum.program(tree)).rstrip()
    )
    return Finding("REPO002", WARNING if needed else INFO, names, message, looked, fix)


def _none(env: Environment, tree: Tree, catalog: Answers) -> Finding:
    """With the command that makes it."""
    image = next(iter(catalog.read), "FILE.iso").partition(" (")[0]
    message = "no offkit-* repository is configured; the yum command installs from those"
    offkit = posixpath.join(env.where, "bin", "offkit") if env.generation else "offkit"
    option = "--dir" if tree.is_dir(image) else "--iso"
    fix = "as root: {} repo add {} {}".format(shlex.quote(offkit), option, shlex.quote(image))
    if is_url(image):
        fix = "install the bundle again, as root: sh install.sh bundle.tar --rpm-repo {}".format(image)
    return Finding("REPO001", WARNING, "offkit-*", message, (repofile.DIRECTORY,), fix)


def _local(tree: Tree, known: Configured, each: Section, path: str, needed: bool) -> List[Finding]:
    severity = WARNING if needed or each.enabled else INFO
    metadata = posixpath.join(path, repodata.REPOMD)
    looked = ("{}: {}".format(each.file, path), metadata)
    if known.is_vague(path):
        message = "{} cannot be looked for: os-release has no VERSION_ID to put in the place of $releasever"
        fix = "write the directory itself in baseurl=, or the release into /etc/yum/vars/releasever"
        return [Finding("REPO003", severity, each.id, message.format(path), looked, fix)]
    if not tree.is_file(metadata):
        there = tree.is_dir(path) and tree.names(path)
        message = "has no {}".format(repodata.REPOMD) if there else "is empty: no disc is mounted there"
        if not tree.is_dir(path):
            message = "is missing: no disc is mounted there"
        fix = "mount -o loop,ro FILE.iso {}".format(_mount_point(tree, path))
        return [Finding("REPO003", severity, each.id, "{} {}".format(path, message), looked, fix)]
    findings = _strangers(tree, each, path)
    try:
        current = medium.Directory(tree, path).repository("").repomd()
        repodata.parse_repomd(current)
    except (OSError, BadRepodata) as error:
        message = "{} cannot be read: {}".format(metadata, reason(error))
        fix = "copy the ISO again and compare its checksum"
        return [Finding("REPO004", severity, each.id, message, looked, fix)]
    for cache in _caches(tree, known, each) if each.remembered else []:
        try:
            with tree.open(cache) as source:
                stale = source.read(repodata.REPOMD_SIZE) != current
        except OSError:
            continue
        if stale:
            message = "yum has cached the metadata of another ISO and would use it"
            fix = "yum --disablerepo='*' --enablerepo='{}' clean metadata".format(each.id)
            findings.append(Finding("REPO005", severity, each.id, message, (cache, metadata), fix))
    return findings + _keys(tree, known, each, severity)


def _mount_point(tree: Tree, path: str) -> str:
    """Where the disc belongs of which a repository is at ``path``: where fstab(5) has one, or an empty folder
    is above it; and discs have some repositories one level below their top."""
    try:
        lines = [line.split() for line in tree.text(_FSTAB).splitlines()]
    except OSError:
        lines = []
    points = [words[1].rstrip("/") for words in lines if len(words) > 2 and words[2][:3] in ("iso", "udf")]
    above = [one for one in points if one and (path + "/").startswith(one + "/")]
    place = path
    while place.count("/") > 2 and not tree.is_dir(place):
        place = posixpath.dirname(place)
        if tree.is_dir(place) and not tree.names(place):
            above.append(place)
    if posixpath.basename(path) in releases.known().folders:
        above.append(posixpath.dirname(path))
    return next(iter(sorted(above, key=len, reverse=True)), path)


def strangers(tree: Tree, known: Configured) -> List[Finding]:
    """ENV049 for each repository of the administrator's that is of another release, and serves."""
    rows = [(each, known.serving(tree, each)) for each in known.repositories if each.enabled]
    return [found for each, path in rows if path for found in _strangers(tree, each, path)]


def _strangers(tree: Tree, each: Section, path: str) -> List[Finding]:
    return [
        one._replace(
            severity=WARNING,
            subject=each.id,
            message="{} {}{}".format(
                path, one.message, ": nothing is taken from it" * (one.severity == ERROR)
            ),
            looked_in=("{}: {}".format(each.file, path), *one.looked_in),
            fix="{} there, or disable it: enabled=0 in {}".format(one.fix, each.file),
        )
        for one in ([] if each.own else _strange(tree, path))
    ]


def _keys(tree: Tree, known: Configured, each: Section, severity: str) -> List[Finding]:
    """A key that is not there: "Curl error (37)" of dnf, after all packages were downloaded."""
    paths = (repofile.directory(repofile.expand(url, known.variables)) for url in each.keys)
    missing = tuple(path for path in paths if path and not known.is_vague(path) and not tree.is_file(path))
    if not missing or not each.checked:
        return []
    message = "its key is missing: " + ", ".join(missing)
    fix = "correct gpgkey= in {}; the keys of this system are in /etc/pki/rpm-gpg".format(each.file)
    return [Finding("REPO007", severity, each.id, message, missing, fix)]


def _without_key(tree: Tree, each: Section, severity: str, catalog: Answers) -> List[Finding]:
    """The same where none is named, and rpm, which is asked, has none at all."""
    there = {name for name, _ in catalog.installed({"rpm", "gpg-pubkey"})}
    if there != {"rpm"}:
        return []
    own = keys.server(tree).key
    message = "gpgcheck=1, but it names no gpgkey= and rpm has no key: yum refuses all of its packages"
    fix = "gpgkey=file://KEY in {}, or rpm --import KEY; the keys of this system are in {}".format(
        each.file, keys.KEYS
    )
    if own:
        fix = "rpm --import {0}, or gpgkey=file://{0} in {1}".format(own, each.file)
    return [Finding("REPO007", severity, each.id, message, (each.file,), fix)]


def _caches(tree: Tree, known: Configured, each: Section) -> List[str]:
    """repomd.xml as yum 3 ($basearch/$releasever/ID) and dnf (ID-HASH, of the first URL: libdnf's
    Repo::Impl::getHash) keep it. What dnf has of an earlier URL it does not read."""
    arch, release = known.variables["basearch"], known.variables.get(_RELEASE)
    found = [posixpath.join(_YUM_CACHE, arch, release, each.id, "repomd.xml")] if release else []
    url = repofile.expand(each.urls[0], known.variables)
    digest = hashlib.sha256(url.encode("utf-8", "surrogateescape")).hexdigest()
    return [*found, posixpath.join(_DNF_CACHE, "{}-{}".format(each.id, digest[:16]), repodata.REPOMD)]


def dependencies(catalog: Answers, lacks: Callable[[str], bool]) -> List[Finding]:
    """Libraries that a package to be installed requires, or one that it brings, and neither an ISO nor the
    server has.

    ``lacks`` says whether the server is without a capability.
    """
    lost: Dict[str, Tuple[str, List[str]]] = {}
    for package, capability in catalog.unmet(lacks):
        lost.setdefault(package.name, (package.title, []))[1].append(capability)
    where = tuple(catalog.read)
    return [
        Finding(
            "REPO008",
            ERROR,
            name,
            "{} requires {}, which none of the repositories read has".format(title, ", ".join(names)),
            where,
            "use a fuller ISO (Everything, DVD) that has it",
        )
        for name, (title, names) in lost.items()
    ]
