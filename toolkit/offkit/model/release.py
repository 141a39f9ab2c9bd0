"""What is known of the releases of distributions: the files of repo-config/releases, as pure values.

Their schema is repo-config/release.schema.json. What a file does not say is not known: then a field
is empty, and whoever reads it has to say so.
"""

import csv
import difflib
import json
import re
from typing import Any, Collection, Dict, Iterable, List, NamedTuple, Optional, Sequence, Set, Tuple

FOLDER = "repo-config/releases"
LIBC = "repo-config/glibc.csv"  # libraries that are glibc's on every release
SONAMES = "repo-config/sonames.csv"  # libraries that wheels want, and each release's package
_MINOR = r"(?:\.[0-9]+)*(?:sp[0-9]+)?"  # what may follow a release's name: 8.10, V10 SP3
# Names of key files at the top of a medium, as both re and grep -E read them; and which of them are
# for packages that no disc has.
KEY_NAME = "RPM-GPG-KEY[A-Za-z0-9._+-]*"
UNUSUAL_KEY = "[Tt][Ee][Ss][Tt][Ii][Nn][Gg]|[Dd][Ee][Bb][Uu][Gg]|[Bb][Ee][Tt][Aa]"


GLIBC = "glibc"  # the package with the C library, on every release that has that
Libc = Tuple[Tuple[str, Tuple[int, int]], ...]  # its sonames, and the glibc that brought each
Rows = Sequence[Dict[str, str]]  # of SONAMES: a column for each release that it is about
_EPEL = "epel/"  # before the name of a package that is there, and on no disc


class Python(NamedTuple):
    """A Python that a release ships."""

    version: str  # the first of its stream: a marker that holds for it holds for every later one
    since: str  # the minor release that brought it: 8.4
    install: Tuple[str, ...]  # what yum is told
    payload: Tuple[str, ...]  # all packages that it is made of
    libs: str  # the package with the standard library
    media: str  # for people: which discs have it
    tkinter: str = ""  # the package with tkinter; "": not known
    devel: str = ""  # the package with Python.h; "": not known


class Module(NamedTuple):
    """What an extension module of Python wants from a release."""

    sonames: Tuple[str, ...] = ()
    runtime: Tuple[str, ...] = ()  # packages with those
    devel: Tuple[str, ...] = ()  # packages to compile it with
    newer: Optional["Newer"] = None


class Newer(NamedTuple):
    """That newer Pythons want what a release does not have."""

    since: Tuple[int, int]  # the first of those CPythons
    note: str  # for people


class Base(NamedTuple):
    """A yum repository on the release's discs."""

    id: str
    name: str
    folder: str  # below the top of the disc; "": the top itself


class Media(NamedTuple):
    """How the release's discs are laid out."""

    what: str = ""
    disc: str = ""  # an example of a file's name
    key: str = ""  # the file at the top with the distribution's key; "": the disc has none
    repositories: Tuple[Base, ...] = ()


class Release(NamedTuple):
    name: str  # "": nothing is known of this one
    el: int  # major of Enterprise Linux; 0 where it is none
    aliases: Tuple[str, ...]
    ids: Tuple[str, ...]  # ID in os-release(5)
    version: str  # VERSION_ID there, or what it begins with, before a dot
    followers: Dict[str, str]  # other IDs, of what is made to be like it, with their own versions
    glibc: Tuple[int, int]
    kernel: str
    cpu: Dict[str, str]  # by architecture, the oldest processor that its packages are built for
    ceilings: Dict[str, str]  # by family, the newest symbol version of its own libraries: GLIBCXX 3.4.19
    python: str  # the series of the system's own
    pythons: Dict[str, Python]  # by series
    toolchain: Dict[str, str]  # versions on its discs of what CPython is compiled with
    locale: str  # one with UTF-8 that every server has
    sonames: Dict[str, Optional[str]]  # the package; None: no package of it has that library
    elsewhere: Dict[str, str]  # soname → where a package that no disc has can be found
    modules: Dict[str, Module]  # by the name in modules.csv
    headers: Dict[str, str]  # the package with a C header, as #include has that
    devel_repository: str  # the one with those -devel packages that no disc has
    minimal: Tuple[str, ...]  # packages that are taken to be on every server
    keys: Dict[str, Tuple[str, ...]]  # ID in os-release(5) → its own in /etc/pki/rpm-gpg, the first counts
    media: Media

    def module(self, name: str) -> Module:
        return self.modules.get(name, Module())

    def called(self, name: str) -> bool:
        """Whether that is its name or an alias: in any case, with any hyphens, and whatever minor release
        or service pack of it is named."""
        name = plain(name)
        known = "|".join(re.escape(plain(each)) for each in (self.name, *self.aliases) if each)
        return bool(known) and bool(re.fullmatch("(?:" + known + ")" + _MINOR, name))

    def told(self, os_release: Dict[str, str]) -> bool:
        """Whether that is a server of this release."""
        version = os_release.get("VERSION_ID", "")
        return any(
            name == os_release.get("ID") and (version + ".").startswith(own + ".")
            for name, own in self.versions
        )

    @property
    def versions(self) -> List[Tuple[str, str]]:
        """(ID, VERSION_ID or what it begins with)."""
        return [*((name, self.version) for name in self.ids), *self.followers.items()]


class Releases(NamedTuple):
    """The known ones, Enterprise Linux first, the oldest of them at the head."""

    all: Tuple[Release, ...]
    unknown: Release  # what is known of one without a file

    def of(self, el: int, name: str = "") -> Release:
        """That Enterprise Linux, for 0 the release called so; ``unknown`` where there is no file about it."""
        if not el:
            return self.named(name)
        return next((each for each in self.all if each.el == el), self.unknown)

    def named(self, name: str) -> Release:
        """The one that is called so; ``unknown`` where none is."""
        return next((each for each in self.all if each.called(name)), self.unknown)

    def near(self, name: str) -> List[str]:
        """Names and aliases that it may be a slip of, the most similar first: another distribution whose
        name is alike (tencentos, centos) is none."""
        wanted = plain(name)
        names = [plain(each) for known in self.all for each in (known.name, *known.aliases)]
        slips = [each for each in names if _slip(_letters(wanted), _letters(each))]
        return difflib.get_close_matches(wanted, slips, 3, 0.7)

    def told(self, os_release: Dict[str, str]) -> Release:
        """The one that a server is of; ``unknown`` where there is no file about it."""
        return next((each for each in self.all if each.told(os_release)), self.unknown)

    def shipping(self, series: str) -> List[Release]:
        """Those Enterprise Linuxes that ship that Python."""
        return [each for each in self.all if each.el and series in each.pythons]

    def el_major(self, os_release: Dict[str, str]) -> int:
        """7 for CentOS 7, 0 for what is no Enterprise Linux. A major is there for releases without a
        file too, where their distribution has no release that is none."""
        known = self.told(os_release)
        if known.name:
            return known.el
        ids = {name for each in self.all if each.el for name in each.ids}
        ids -= {name for each in self.all if not each.el for name in each.ids}
        major = os_release.get("VERSION_ID", "").partition(".")[0]
        return int(major) if os_release.get("ID") in ids and major.isdecimal() else 0

    def name_of(self, os_release: Dict[str, str]) -> str:
        """``el7``, ``amazon2``: what a server is, "" for what nobody knows."""
        el = self.el_major(os_release)
        return self.told(os_release).name or (el and "el{}".format(el)) or ""

    def rows(self) -> List[Tuple[str, str, str]]:
        """``name_of`` as a table: ID, VERSION_ID or what it begins with before a dot, name; the first that
        fits counts. Where the version is "-", the major goes behind the name."""
        found = [(id, version, each.name) for each in self.all for id, version in each.versions if version]
        ids = {id for each in self.all if each.el for id in each.ids}
        ids -= {id for each in self.all if not each.el for id in each.ids}
        return [*found, *((id, "-", "el") for id in sorted(ids))]

    def called(self) -> List[Tuple[str, str]]:
        """What each is called, plain, and its name; in the order of ``named``."""
        return [(plain(name), each.name) for each in self.all for name in (each.name, *each.aliases)]

    @property
    def packages(self) -> Set[str]:
        """Those that any of them has a library in."""
        return {rpm for each in self.all for rpm in each.sonames.values() if rpm}

    @property
    def folders(self) -> Tuple[str, ...]:
        """Where repositories lie on the discs of any of them, below the top."""
        found = {base.folder for each in self.all for base in each.media.repositories}
        return tuple(sorted(found - {""}))


def plain(name: str) -> str:
    """A name of a release without what people write in different ways."""
    return re.sub("[-_ ]", "", name.lower())


def _letters(name: str) -> str:
    return re.match("[a-z]*", name).group()  # type: ignore[union-attr]  # it always matches


def _slip(one: str, other: str) -> bool:
    """Whether they are the same, but for a letter that is another, too many, missing or one place off."""
    if one == other or one[:1] != other[:1]:
        return one == other
    same = sum(block.size for block in difflib.SequenceMatcher(None, one, other, False).get_matching_blocks())
    return max(len(one), len(other)) - same <= 1


def told_keys(keys: Dict[str, Tuple[str, ...]]) -> List[Tuple[str, str]]:
    """(key, ID of its distribution): the first of each distribution, then the second ones. ``keys`` are
    a release's."""
    found = [(place, key, name) for name, own in keys.items() for place, key in enumerate(own)]
    return [(key, name) for _, key, name in sorted(found)]


def own_keys(keys: Dict[str, Tuple[str, ...]], distribution: str) -> List[str]:
    """What to look for in /etc/pki/rpm-gpg, the first counts: a distribution's own keys, or any of its
    release for an ID that nobody knows. ``keys`` are the release's."""
    own = list(keys.get(distribution, ()))
    return own or list(dict.fromkeys(key for key, _ in told_keys(keys)))


def trusted_keys(
    there: Collection[str],
    keys: Dict[str, Tuple[str, ...]],
    distribution: str,
    vendor: Iterable[str],
    known: bool,
) -> List[str]:
    """Of the files in /etc/pki/rpm-gpg those that the packages of a medium may be signed with: the
    distribution's own by their names, then what else its ``vendor`` brought; on a release that nobody has
    ``known`` all that are there."""
    names = dict.fromkeys([*own_keys(keys, distribution), *vendor])
    found = [name for name in names if name in there]
    return found if found or known else usual_keys(sorted(there))


def medium_key(keys: Dict[str, Tuple[str, ...]], names: Collection[str]) -> str:
    """Which of the files at a medium's top has the key of its packages, "" for none: a distribution's
    own, else the shortest name of a usual one."""
    own = [key for key, _ in told_keys(keys) if key in names]
    return own[0] if own else min(usual_keys(names), key=lambda name: (len(name), name), default="")


def usual_keys(names: Iterable[str]) -> List[str]:
    """Those that are called like the key of a distribution's packages."""
    return [name for name in names if re.fullmatch(KEY_NAME, name) and not re.search(UNUSUAL_KEY, name)]


def order(releases: Iterable[Release], libc: Libc = ()) -> Releases:
    known = sorted(releases, key=lambda each: (not each.el, each.el, each.glibc, each.name))
    return Releases(tuple(known), UNKNOWN._replace(sonames={soname: GLIBC for soname, _ in libc}))


def parse_libc(text: str) -> Libc:
    """The table of glibc's own libraries. Raises KeyError or ValueError on a malformed line."""
    rows = csv.DictReader(text.splitlines())
    return tuple((row["soname"], _pair(row["since"] or "0.0")) for row in rows)


def parse_sonames(text: str) -> Rows:
    """The table of libraries that wheels want."""
    return list(csv.DictReader(text.splitlines()))


def parse(text: str, libc: Libc = (), rows: Rows = ()) -> Release:
    """One file. Raises ValueError, KeyError or TypeError where the schema would refuse it."""
    data: Dict[str, Any] = json.loads(text)
    glibc = _pair(data["glibc"])
    own: Dict[str, Optional[str]] = {soname: GLIBC if since <= glibc else None for soname, since in libc}
    said = {row["soname"]: row[data["name"]] for row in rows if row.get(data["name"])}
    own.update((soname, None if rpm == "-" or rpm.startswith(_EPEL) else rpm) for soname, rpm in said.items())
    epel = "{} from EPEL {}; it is not on the ISO"
    elsewhere = {
        soname: epel.format(rpm[len(_EPEL) :], data.get("el"))
        for soname, rpm in said.items()
        if rpm.startswith(_EPEL)
    }
    media = data.get("media", {})
    return Release(
        name=data["name"],
        el=data.get("el", 0),
        aliases=tuple(data.get("aliases", ())),
        ids=tuple(data["os_release"]["ids"]),
        version=data["os_release"]["version"],
        followers=data["os_release"].get("followers", {}),
        glibc=glibc,
        kernel=data.get("kernel", ""),
        cpu=data.get("cpu", {}),
        ceilings=data.get("ceilings", {}),
        python=data.get("python", ""),
        pythons={series: Python(**_tuples(each)) for series, each in data.get("pythons", {}).items()},
        toolchain=data.get("toolchain", {}),
        locale=data.get("locale", ""),
        sonames=dict(own, **data.get("sonames", {})),
        elsewhere=dict(elsewhere, **data.get("elsewhere", {})),
        modules={name: _module(each) for name, each in data.get("modules", {}).items()},
        headers=data.get("headers", {}),
        devel_repository=data.get("devel_repository", ""),
        minimal=tuple(data.get("minimal", ())),
        keys={name: tuple(each) for name, each in data.get("keys", {}).items()},
        media=Media(
            **dict(media, repositories=tuple(Base(**each) for each in media.get("repositories", ())))
        ),
    )


def _module(fields: Dict[str, Any]) -> Module:
    made = Module(**_tuples(fields))
    newer = fields.get("newer")
    return made._replace(newer=Newer(_pair(newer["since"]), newer["note"])) if newer else made


def _pair(version: str) -> Tuple[int, int]:
    first, second = version.split(".")
    return int(first), int(second)


def _tuples(fields: Dict[str, Any]) -> Dict[str, Any]:
    return {name: tuple(value) if isinstance(value, list) else value for name, value in fields.items()}


UNKNOWN = parse('{"name": "", "os_release": {"ids": [], "version": ""}, "glibc": "0.0"}')
