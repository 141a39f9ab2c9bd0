"""A small yum repository for a bundle, out of larger ones: RPMs, keys, metadata in their own words."""

from __future__ import annotations

import contextlib
import hashlib
import posixpath
import re
import struct
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from offkit.media import rpm_keys
from offkit.media.iso9660 import BadIso
from offkit.media.medium import Image, Medium
from offkit.media.medium import name as title
from offkit.media.repodata import REPOMD
from offkit.media.repository import BadPackage, Repository, reason
from offkit.media.rpm import Package
from offkit.model import layout
from offkit.model.errors import IntegrityError, OffkitError
from offkit.model.finding import ERROR, Finding
from offkit.online.carry.pack import Source
from offkit.online.rpms.mirror import Mirror

COPY = "copy the ISO again and compare its checksum with the one published for it"
_MISSING = "copy all of its RPMs from where they come, or make the metadata anew: createrepo_c DIR"
_CHUNK = 1 << 20
_NOTHING: Mapping[str, Sequence[str]] = {}
_PACKAGE = re.compile(rb"<package\b.*?</package>", re.S)
_LOCATION = re.compile(r"<location\b[^>]*\bhref=([\"'])(.*?)\1[^>]*/>")
_CHECKSUM = re.compile(r"<checksum\b[^>]*>\s*(\w+)\s*</checksum>")
_VERSION = re.compile(r"<version\b[^>]*/>")
_FILE = re.compile(r"<file\b[^>]*>[^<]*</file>")
_HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<{} xmlns="http://linux.duke.edu/metadata/{}"{} packages="{}">\n'
)
_RPM = ' xmlns:rpm="http://linux.duke.edu/metadata/rpm"'
_ODD = re.compile(r"[^A-Za-z0-9_.+-]")  # what a path in a bundle has not (archive.is_safe)


def again(medium: Medium) -> str:
    """What to do where something of it is damaged."""
    if isinstance(medium, Mirror):
        return "the mirror is being updated, or is damaged: try again, or use another one"
    return COPY if isinstance(medium, Image) else "copy the directory again from where its RPMs come"


def member(medium: Medium, where: Repository, package: Package) -> Source:
    """The RPM; the file itself where a mirror's is in the cache, its checksum compared. Raises IntegrityError
    (RPM001) when it is not what the metadata says."""
    algorithm, _, checksum = package.checksum.partition(":")
    held = medium.held(posixpath.join(where.base, package.location)) if isinstance(medium, Mirror) else None
    if held is not None and algorithm == "sha256":
        return Source(layout.RPMS + _name(package.location), held, checksum)
    try:
        contents = b"".join(where.fetch(package))
    except BadPackage as error:
        raise _damaged(medium, package, str(error)) from None
    except FileNotFoundError:
        raise _damaged(medium, package, "is missing, although the metadata lists it", _MISSING) from None
    except (OSError, BadIso) as error:
        raise _damaged(medium, package, f"cannot be read: {reason(error)}") from None
    return Source(layout.RPMS + _name(package.location), contents)


def _name(location: str) -> str:
    return _ODD.sub("_", posixpath.basename(location))


def keys(medium: Medium) -> list[Source]:
    """The distribution's keys, where they are on the ISO; a server's own comes before them."""
    found = []
    for name in medium.key_files():
        if not _ODD.search(name):
            with medium.open(name) as source:
                found.append(Source(layout.RPMS + name, rpm_keys.armour(source.read())))
    return found


def joined(keys: Iterable[Source]) -> list[Source]:
    """A file of each name, with all keys that come under it: several ISOs of one release have the same ones,
    those of two vendors may have different ones."""
    found: dict[str, list[bytes]] = {}
    for each in keys:
        of_name = found.setdefault(each.path, [])
        if isinstance(each.contents, bytes) and each.contents not in of_name:
            of_name.append(each.contents)
    return [Source(path, b"\n".join(contents)) for path, contents in found.items()]


def metadata(
    chosen: Sequence[tuple[Package, Path]], files: Mapping[str, Sequence[str]] = _NOTHING, streams: str = ""
) -> list[Source]:
    """Metadata of these packages in the words of the primary.xml that each is in, with every RPM beside
    repodata/. ``files``, by title, are named there, which no primary.xml has; ``streams`` is a
    modules.yaml.

    filelists.xml names the same files: yum 3 looks there alone for what is neither below /etc nor a program,
    and takes no repository without it, or with another number or order of packages in it, then
    (yum/sqlitesack.py, searchFiles).
    """
    from xml.sax.saxutils import (
        escape,
        quoteattr,
        unescape,
    )  # brings http.client, which a bundle without RPMs has no use for

    rows: dict[str, str] = {}
    lists: dict[str, str] = {}
    for path in dict.fromkeys(path for _, path in chosen):
        own = {package.location: package for package, where in chosen if where == path}
        for row in _rows(path):
            found = _LOCATION.search(row)
            package = own.get(unescape(found[2])) if found else None
            if found and package and f"<name>{package.name}</name>" in row:
                name = _name(package.location)
                row = row.replace(found[0], f'<location href="{name}"/>')
                more = "".join(f"<file>{escape(each)}</file>" for each in files.get(package.title, ()))
                row = row.replace("</format>", more + "</format>") if more else row
                checksum, version = _CHECKSUM.search(row), _VERSION.search(row)
                if checksum and version:
                    rows[name] = row
                    lists[name] = "<package pkgid={} name={} arch={}>{}{}</package>".format(
                        *map(quoteattr, (checksum[1], package.name, package.arch)),
                        version[0],
                        "".join(_FILE.findall(row)),
                    )
    if len(rows) != len(chosen):
        raise _unlike([package for package, _ in chosen if _name(package.location) not in rows])
    members = [
        ("primary", "primary.xml", _document("metadata", "common", _RPM, rows)),
        ("filelists", "filelists.xml", _document("filelists", "filelists", "", lists)),
    ]
    if streams:
        members.append(("modules", "modules.yaml", streams.encode()))
    return [
        Source(layout.RPMS + REPOMD, _repomd(members)),
        *(Source(f"{layout.RPMS}repodata/{name}.gz", _stored(contents)) for _, name, contents in members),
    ]


def _document(name: str, namespace: str, more: str, rows: Mapping[str, str]) -> bytes:
    """The rows in the order of their files."""
    head = _HEAD.format(name, namespace, more, len(rows))
    return (head + "\n".join(rows[each] for each in sorted(rows)) + f"\n</{name}>\n").encode()


def _stored(contents: bytes) -> bytes:
    """As a .gz (RFC 1952) of stored blocks (RFC 1951, 3.2.4): the same bytes from every zlib."""
    blocks = [contents[start : start + 0xFFFF] for start in range(0, len(contents), 0xFFFF)] or [b""]
    body = b"".join(
        struct.pack("<BHH", number == len(blocks), len(block), len(block) ^ 0xFFFF) + block
        for number, block in enumerate(blocks, 1)
    )
    head = b"\x1f\x8b\x08" + b"\0" * 6 + b"\xff"
    return head + body + struct.pack("<II", zlib.crc32(contents), len(contents) & 0xFFFFFFFF)


def _rows(path: Path) -> Iterator[str]:
    """The <package> elements of a primary.xml, those that are UTF-8."""
    rest = b""
    with path.open("rb") as source:
        for chunk in iter(lambda: source.read(_CHUNK), b""):
            rest += chunk
            end = 0
            for found in _PACKAGE.finditer(rest):
                with contextlib.suppress(UnicodeDecodeError):
                    yield found.group().decode()
                end = found.end()
            rest = rest[end:]


def _repomd(members: Sequence[tuple[str, str, bytes]]) -> bytes:
    """As createrepo writes it, of (kind, name, contents); the time stamp is of no moment, so it is none."""
    rows = []
    for kind, name, contents in members:
        packed = _stored(contents)
        whole, small = hashlib.sha256(contents).hexdigest(), hashlib.sha256(packed).hexdigest()
        rows.append(
            f'<data type="{kind}">\n'
            f'<checksum type="sha256">{small}</checksum>\n'
            f'<open-checksum type="sha256">{whole}</open-checksum>\n'
            f'<location href="repodata/{name}.gz"/>\n'
            "<timestamp>1</timestamp>\n"
            f"<size>{len(packed)}</size>\n<open-size>{len(contents)}</open-size>\n"
            "</data>\n"
        )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<repomd xmlns="http://linux.duke.edu/metadata/repo"'
        ' xmlns:rpm="http://linux.duke.edu/metadata/rpm">\n'
        f"<revision>1</revision>\n{''.join(rows)}</repomd>\n"
    ).encode()


def _damaged(medium: Medium, package: Package, message: str, fix: str = "") -> OffkitError:
    found = Finding("RPM001", ERROR, package.title, message, (medium.place,), fix or again(medium))
    return IntegrityError(f"an RPM from {title(medium.place)} cannot be used", [found])


def _unlike(packages: Sequence[Package]) -> OffkitError:
    message = "is not in its primary.xml as createrepo writes it, so that cannot go into the bundle"
    fix = "make the metadata anew there: createrepo_c DIR; or use another mirror"
    found = [Finding("REPO011", ERROR, one.title, message, (), fix) for one in packages]
    return IntegrityError("metadata of a repository cannot be copied", found)
