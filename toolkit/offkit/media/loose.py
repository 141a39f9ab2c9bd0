"""RPMs in a directory without repodata, as 'yum install --downloadonly' leaves them: described here.

Metadata are written from the headers of the files (rpmtag.h; createrepo_c(8) for what they have). Nothing
vouches for any of it: signatures are checked as always.
"""

import gzip
import hashlib
import os
import posixpath
import re
from typing import BinaryIO, Callable, Collection, Dict, Iterable, List, NamedTuple, Tuple

from offkit.media import rpmfile
from offkit.media.repodata import REPOMD
from offkit.media.rpm import BadRepodata, is_version
from offkit.media.rpmfile import BadRpm, Header, NoRpm
from offkit.model.finding import WARNING, Finding

_CHUNK = 256 * 1024
_PATHS = re.compile(r"(?:^|[\s(])(/[^\s()]+)")  # of files, in a dependency as in a rich one
_FLAGS = {2: "LT", 4: "GT", 8: "EQ", 10: "LE", 12: "GE"}  # rpmsenseFlags
_SENSE, _RPMLIB, _PRE = 0x0F, 1 << 24, 1 << 6 | 1 << 9 | 1 << 10
# Names, flags and versions of each kind of dependency.
_KINDS = {
    "provides": (1047, 1112, 1113),
    "requires": (1049, 1048, 1050),
    "conflicts": (1054, 1053, 1055),
    "obsoletes": (1090, 1114, 1115),
}
_SIZE, _FILE_INDEXES, _FILE_NAMES, _FILE_FOLDERS = 1009, 1116, 1117, 1118
_HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<{} xmlns="http://linux.duke.edu/metadata/{}"{} packages="{}">'
)
_RPM = ' xmlns:rpm="http://linux.duke.edu/metadata/rpm"'

Open = Callable[[str], BinaryIO]


class Loose(NamedTuple):
    """A repository that somebody has to describe."""

    metadata: Dict[str, bytes]  # by the path from its top
    packages: Dict[str, str]  # path in the metadata → where the file lies below the directory
    others: Tuple[str, ...] = ()  # that are called like RPMs and are none

    def left_out(self, top: str) -> List[Finding]:
        """A warning about each of the others; ``top``: the directory."""
        message, fix = "is not an RPM file, and is left out", "remove it, or copy it again"
        return [
            Finding("REPO011", WARNING, posixpath.join(top, path), message, (), fix) for path in self.others
        ]


class _Rpm(NamedTuple):
    header: Header
    href: str
    checksum: str
    size: int


def describe(opened: Open, paths: Iterable[str]) -> Loose:
    """The metadata of the RPMs at ``paths``, which ``opened`` reads. What is none is left out. Raises
    BadRepodata with the name of one that is damaged, or where none is one, and OSError."""
    found: List[_Rpm] = []
    packages: Dict[str, str] = {}
    others: List[str] = []
    for path in sorted(paths):
        try:
            one = _read(opened, path)
        except NoRpm:
            others.append(path)
            continue
        except BadRpm as error:
            with opened(path) as source:
                raise BadRepodata("{} {}".format(path, rpmfile.lacking(source) or error))
        if one.href not in packages:  # a second copy says nothing new
            packages[one.href] = path
            found.append(one)
    if others and not found:
        raise BadRepodata("{} is not an RPM file".format(others[0]))
    requires = [name for one in found for name in one.header.texts(_KINDS["requires"][0])]
    wanted = {path for name in requires for path in _PATHS.findall(name)}
    primary = [_HEAD.format("metadata", "common", _RPM, len(found))]
    primary += [_package(one, wanted) for one in found]
    files = [_HEAD.format("filelists", "filelists", "", len(found)), *map(_filelist, found)]
    texts = {"primary": [*primary, "</metadata>\n"], "filelists": [*files, "</filelists>\n"]}
    rows, metadata = [], {}
    for kind, lines in texts.items():
        text = "\n".join(lines).encode("utf-8", "replace")
        href, packed = "repodata/{}.xml.gz".format(kind), gzip.compress(text)
        metadata[href] = packed
        rows.append(_data(kind, href, packed, text))
    repomd = _REPOMD.format("".join(rows)).encode("ascii")
    return Loose({**metadata, REPOMD: repomd}, packages, tuple(others))


def lay_out(folder: str, top: str, loose: Loose, others: Collection[str]) -> None:
    """A directory for yum: its own metadata, and links to the files below ``top``; ``others`` too."""
    for path, content in loose.metadata.items():
        place = os.path.join(folder, path)
        os.makedirs(os.path.dirname(place), exist_ok=True)
        with open(place, "wb") as sink:
            sink.write(content)
    for href, path in [*loose.packages.items(), *((name, name) for name in others)]:
        os.symlink(os.path.join(top, path), os.path.join(folder, href))


def _read(opened: Open, path: str) -> _Rpm:
    digest, size = hashlib.sha256(), 0
    with opened(path) as source:
        header = rpmfile.header(source)
    if not (is_version(header.front.version) and is_version(header.front.release)):
        raise BadRpm("is damaged: its header does not identify the package")
    with opened(path) as source:
        for chunk in iter(lambda: source.read(_CHUNK), b""):
            digest.update(chunk)
            size += len(chunk)
    front = header.front
    href = "{}-{}-{}.{}.rpm".format(front.name, front.version, front.release, front.arch)
    return _Rpm(header, href, digest.hexdigest(), size)


def escape(text: str) -> str:
    """For XML. What does it brings http.client, which most commands have no use for."""
    from xml.sax import saxutils

    return saxutils.escape(text)


def quoteattr(text: str) -> str:
    """The same, as the value of an attribute."""
    from xml.sax import saxutils

    return saxutils.quoteattr(text)


def _package(one: _Rpm, wanted: Collection[str]) -> str:
    front = one.header.front
    lines = [
        '<package type="rpm"><name>{}</name><arch>{}</arch>'.format(escape(front.name), escape(front.arch)),
        "<version epoch={} ver={} rel={}/>".format(
            *map(quoteattr, (front.epoch, front.version, front.release))
        ),
        '<checksum type="sha256" pkgid="YES">{}</checksum>'.format(one.checksum),
        "<summary></summary><description></description><packager></packager><url></url>",
        '<time file="0" build="0"/>',
        '<size package="{}" installed="{}" archive="0"/>'.format(
            one.size, *(one.header.numbers(_SIZE) or [0])
        ),
        "<location href={}/>".format(quoteattr(one.href)),
        "<format><rpm:license></rpm:license><rpm:vendor></rpm:vendor><rpm:group></rpm:group>",
        "<rpm:buildhost></rpm:buildhost><rpm:sourcerpm></rpm:sourcerpm>",
        '<rpm:header-range start="{}" end="{}"/>'.format(*one.header.range),
    ]
    for kind, tags in _KINDS.items():
        rows = list(_entries(one.header, kind, tags))
        lines += ["<rpm:{}>".format(kind), *rows, "</rpm:{}>".format(kind)] if rows else []
    lines += ["<file>{}</file>".format(escape(path)) for path in _files(one.header, wanted)]
    return "\n".join([*lines, "</format></package>"])


def _filelist(one: _Rpm) -> str:
    front = one.header.front
    head = '<package pkgid="{}" name={} arch={}><version epoch={} ver={} rel={}/>'.format(
        one.checksum, *map(quoteattr, (front.name, front.arch, front.epoch, front.version, front.release))
    )
    rows = ["<file>{}</file>".format(escape(path)) for path in _all_files(one.header)]
    return "\n".join([head, *rows, "</package>"])


def _entries(header: Header, kind: str, tags: Tuple[int, int, int]) -> Iterable[str]:
    names, flags, versions = header.texts(tags[0]), header.numbers(tags[1]), header.texts(tags[2])
    seen = set()
    for name, flag, version in zip(names, flags, versions):
        if flag & _RPMLIB:
            continue  # what rpm itself has to be able to do
        text = " name={}".format(quoteattr(name))
        sense = _FLAGS.get(flag & _SENSE)
        if sense and version:
            epoch, _, rest = version.rpartition(":")
            number, _, release = rest.partition("-")
            text += " flags={} epoch={} ver={}".format(*map(quoteattr, (sense, epoch or "0", number)))
            text += " rel={}".format(quoteattr(release)) if release else ""
        if kind == "requires" and flag & _PRE:
            text += ' pre="1"'
        if text not in seen:
            seen.add(text)
            yield "<rpm:entry{}/>".format(text)


def _files(header: Header, wanted: Collection[str]) -> List[str]:
    """Those that createrepo puts into primary.xml, and what somebody here asks for by its path."""
    return [
        path
        for path in _all_files(header)
        if path in wanted or path.startswith("/etc/") or "bin/" in path or path == "/usr/lib/sendmail"
    ]


def _all_files(header: Header) -> List[str]:
    folders = header.texts(_FILE_FOLDERS)
    rows = zip(header.numbers(_FILE_INDEXES), header.texts(_FILE_NAMES))
    return [posixpath.join(folders[index], name) for index, name in rows if index < len(folders)]


_REPOMD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<repomd xmlns="http://linux.duke.edu/metadata/repo"><revision>0</revision>{}</repomd>\n'
)


def _data(kind: str, href: str, packed: bytes, text: bytes) -> str:
    sums = (hashlib.sha256(packed).hexdigest(), hashlib.sha256(text).hexdigest())
    return (
        '<data type="{}"><checksum type="sha256">{}</checksum><open-checksum type="sha256">{}</open-checksum>'
        '<location href="{}"/><timestamp>0</timestamp><size>{}</size><open-size>{}</open-size>'
        "</data>".format(kind, *sums, href, len(packed), len(text))
    )
