"""RPM packages as repository metadata describes them: capabilities, versions, and the choice among them."""

import re
from fnmatch import fnmatchcase
from typing import Collection, Dict, Iterable, List, NamedTuple, Sequence, Set, Tuple

_SEGMENT = re.compile(r"[0-9]+|[a-zA-Z]+|~|\^")
_EL = re.compile(r"(?:^|[._+])el(\d{1,3})(?![0-9])")
# e_machine to the architecture of RPMs; i386 code comes under several names, the newest first.
_ARCHES = {
    "x86_64": ("x86_64",),
    "i386": ("i686", "i586", "i486", "i386"),
    "aarch64": ("aarch64",),
    "ppc64le": ("ppc64le",),
    "ppc64": ("ppc64",),
    "s390x": ("s390x",),
    "arm": ("armv7hl",),
    "riscv64": ("riscv64",),
}
_ENDINGS = tuple("." + arch for arches in _ARCHES.values() for arch in arches)


# What rpmbuild allows in a name (rpmCharCheck); more matters here, because names go into command lines.
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._+-]*")


_VERSION = re.compile(r"[A-Za-z0-9._+~^]+")


def is_version(text: str) -> bool:
    """Whether that can be a version or a release, and so a part of a file's name and of a URL."""
    return bool(_VERSION.fullmatch(text))


def is_name(text: str) -> bool:
    """Whether a package, an architecture or a version can be called that."""
    return bool(_NAME.fullmatch(text))


def network(base: str) -> str:
    """A base of packages (xml:base) that is a URL of a server, else "": file: is none, nor the media: of sets
    of discs, which yum 3 takes for the repository itself."""
    return base if re.match("(https?|ftp):", base, re.I) else ""


class Package(NamedTuple):
    name: str
    arch: str
    epoch: str
    version: str
    release: str
    location: str  # below the repository's base
    provides: Tuple[str, ...]  # those that were asked for
    requires: Tuple[str, ...]
    checksum: str = ""  # of the file, by the metadata: sha256:0123…; "" where it does not say

    @property
    def evr(self) -> Tuple[str, str, str]:
        return self.epoch or "0", self.version, self.release

    @property
    def title(self) -> str:
        """``libSM-1.2.2-2.el7.x86_64``"""
        epoch = "" if self.epoch in ("", "0") else self.epoch + ":"
        return "{}-{}{}-{}.{}".format(self.name, epoch, self.version, self.release, self.arch)


class Index(NamedTuple):
    """What was kept of the metadata of a repository."""

    packages: List[Package]  # those with a capability or a name that was wanted
    names: Set[str]  # of all packages
    libraries: Set[str]  # all capabilities of shared libraries
    total: int  # packages in all
    elsewhere: str = ""  # a URL below which packages lie (xml:base), by the first that says so


class BadRepodata(ValueError):
    """Not the metadata of a repository, or a damaged one."""


def arches(machine: str) -> Tuple[str, ...]:
    """What RPMs with code for that machine (as elf.reader names it) are called, best first."""
    return _ARCHES.get(machine, (machine,))


def capability(soname: str, version: str = "", bits: int = 64) -> str:
    """What a package provides for a library: ``libSM.so.6()(64bit)``, ``libc.so.6(GLIBC_2.17)(64bit)``.

    The rule is that of rpm's elfdeps: 32-bit libraries carry no marker, and no empty version.
    """
    marker = "(64bit)" if bits == 64 else ""
    return soname + ("({})".format(version) if version or marker else "") + marker


def bare(name: str) -> str:
    """Of a package without its architecture."""
    return name.rpartition(".")[0] if name.endswith(_ENDINGS) else name


def is_library(name: str) -> bool:
    """Whether a capability is a shared library's, and not a file's or a package's."""
    return ".so" in name and not name.startswith("/")


def built_for(release: str) -> int:
    """The Enterprise Linux that a package says it was built for: 8 for ``2.el8``; 0 where it does not say."""
    found = _EL.search(release)
    return int(found.group(1)) if found else 0


def foreign(release: str, el: int) -> bool:
    """Whether a package says that it was built for another Enterprise Linux: ``2.el8`` on 7. One that
    does not say, and a server that is none (0), count for nothing."""
    return bool(el and built_for(release) not in (0, el))


def compare(a: str, b: str) -> int:
    """-1, 0 or 1: rpmvercmp of rpm 4.15, with tilde (before everything) and caret (after the base)."""
    if a == b:
        return 0
    left, right = _SEGMENT.findall(a), _SEGMENT.findall(b)
    for one, two in zip(left, right):
        order = _compare_segments(one, two)
        if order:
            return order
    if len(left) == len(right):
        return 0
    longer, sign = (left, 1) if len(left) > len(right) else (right, -1)
    return -sign if longer[min(len(left), len(right))] == "~" else sign


def _compare_segments(one: str, two: str) -> int:
    if one == two:
        return 0
    for mark, meaning in (("~", -1), ("^", -1)):
        # A caret is older than another segment here; at the end of the other string it is newer.
        if one == mark or two == mark:
            return meaning if one == mark else -meaning
    if one.isdecimal() != two.isdecimal():
        return 1 if one.isdecimal() else -1
    if one.isdecimal():
        one, two = one.lstrip("0"), two.lstrip("0")
        if len(one) != len(two):
            return 1 if len(one) > len(two) else -1
    return (one > two) - (one < two)


def compare_evr(a: Tuple[str, str, str], b: Tuple[str, str, str]) -> int:
    """Epoch, version, release, in this order (rpmVersionCompare)."""
    for one, two in zip(a, b):
        order = compare(one, two)
        if order:
            return order
    return 0


def matches(pattern: str, name: str, epoch: str, version: str, release: str, arch: str) -> bool:
    """As yum and dnf compare patterns: with the name, and with all usual forms of it (rpmUtils.miscutils,
    hy_nevra)."""
    full = "{}-{}".format(version, release)
    forms = (
        name,
        "{}.{}".format(name, arch),
        "{}-{}".format(name, version),
        "{}-{}".format(name, full),
        "{}-{}.{}".format(name, full, arch),
        "{}:{}-{}.{}".format(epoch, name, full, arch),
        "{}-{}:{}".format(name, epoch, full),
        "{}-{}:{}.{}".format(name, epoch, full, arch),
    )
    return any(fnmatchcase(form, pattern) for form in forms)


def newest(packages: Iterable[Package]) -> List[Package]:
    """Of each name and architecture the newest one; the first of equals."""
    best: Dict[Tuple[str, str], Package] = {}
    for package in packages:
        key = package.name, package.arch
        if key not in best or compare_evr(package.evr, best[key].evr) > 0:
            best[key] = package
    return list(best.values())


def choose(
    packages: Sequence[Package],
    wanted: Collection[str],
    allowed: Sequence[str],
    usual: Collection[str] = (),
    last: Collection[Package] = (),
) -> List[Package]:
    """Few packages that together provide as much of ``wanted`` as can be had.

    Greedy set cover: what provides most first. Of equals the one in ``usual`` (names that a
    distribution would take), then the shorter name, then the alphabet, so that the answer never
    depends on the order of the metadata. Only architectures in ``allowed`` count, and noarch; those in
    ``last`` are for what no other provides.
    """
    able = newest(package for package in packages if package.arch in allowed or package.arch == "noarch")
    left = set(wanted)
    chosen: List[Package] = []
    while left:
        best = min(
            (package for package in able if left.intersection(package.provides)),
            key=lambda package: (
                package in last,
                -len(left.intersection(package.provides)),
                package.name not in usual,
                len(package.name),
                package.name,
                package.arch,
            ),
            default=None,
        )
        if best is None:
            break
        chosen.append(best)
        left.difference_update(best.provides)
    return chosen
