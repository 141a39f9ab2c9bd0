"""A small yum repository for a bundle, out of those of ISOs: RPMs, keys, metadata in the ISOs' own words."""

from __future__ import annotations

import hashlib
import posixpath
import re
import struct
import zlib
from collections.abc import Iterable, Sequence

from offkit.media.iso9660 import BadIso
from offkit.media.medium import Medium
from offkit.media.repodata import REPOMD
from offkit.media.repository import BadPackage, Repository, reason
from offkit.media.rpm import Package
from offkit.model import layout
from offkit.model.errors import IntegrityError, OffkitError
from offkit.model.finding import ERROR, Finding
from offkit.online.carry.pack import Source

COPY = "copy the ISO again and compare its checksum with the one published for it"
_PACKAGE = re.compile(rb"<package\b.*?</package>", re.S)
_LOCATION = re.compile(rb"<location\b[^>]*\bhref=\"([^\"]*)\"[^>]*/>")
_HEAD = (
    b'<?xml version="1.0" encoding="UTF-8"?>\n<metadata xmlns="http://linux.duke.edu/metadata/common"'
    b' xmlns:rpm="http://linux.duke.edu/metadata/rpm" packages="%d">\n'
)
_ODD = re.compile(r"[^A-Za-z0-9_.+-]")  # what a path in a bundle has not (archive.is_safe)


def rpm_of(where: Repository, package: Package) -> Source:
    """The RPM as a member. Raises IntegrityError (RPM001) when it is not what the metadata says."""
    try:
        contents = b"".join(where.fetch(package))
    except BadPackage as error:
        raise _damaged(where, package, str(error)) from None
    except (OSError, BadIso) as error:
        raise _damaged(where, package, f"cannot be read: {reason(error)}") from None
    return Source(layout.RPMS + _name(package.location), contents)


def _name(location: str) -> str:
    return _ODD.sub("_", posixpath.basename(location))


def keys(medium: Medium) -> list[Source]:
    """The distribution's keys, where they are on the ISO; a server's own comes before them."""
    found = []
    for name in medium.key_files():
        if not _ODD.search(name):
            with medium.open(name) as source:
                found.append(Source(layout.RPMS + name, source.read()))
    return found


def metadata(chosen: Sequence[tuple[Package, Repository]]) -> list[Source]:
    """Metadata of these packages in the ISO's own words, with every RPM beside repodata/."""
    from xml.sax.saxutils import unescape  # brings http.client, which a bundle without RPMs has no use for

    rows: dict[bytes, bytes] = {}
    for repository in dict.fromkeys(where for _, where in chosen):
        own = {package.location for package, where in chosen if where is repository}
        for row in _rows(repository):
            found = _LOCATION.search(row)
            if found and unescape(found[1].decode()) in own:
                name = _name(unescape(found[1].decode())).encode()
                rows[name] = row.replace(found[0], b'<location href="%s"/>' % name)
    primary = _HEAD % len(rows) + b"\n".join(rows[name] for name in sorted(rows)) + b"\n</metadata>\n"
    packed = _stored(primary)
    return [
        Source(layout.RPMS + REPOMD, _repomd(primary, packed)),
        Source(layout.RPMS + "repodata/primary.xml.gz", packed),
    ]


def _stored(contents: bytes) -> bytes:
    """As a .gz (RFC 1952) of stored blocks (RFC 1951, 3.2.4): the same bytes from every zlib."""
    blocks = [contents[start : start + 0xFFFF] for start in range(0, len(contents), 0xFFFF)] or [b""]
    body = b"".join(
        struct.pack("<BHH", number == len(blocks), len(block), len(block) ^ 0xFFFF) + block
        for number, block in enumerate(blocks, 1)
    )
    head = b"\x1f\x8b\x08" + b"\0" * 6 + b"\xff"
    return head + body + struct.pack("<II", zlib.crc32(contents), len(contents) & 0xFFFFFFFF)


def _rows(repository: Repository) -> Iterable[bytes]:
    """The <package> elements of a primary.xml."""
    rest = b""
    for chunk in repository.primary():
        rest += chunk
        end = 0
        for found in _PACKAGE.finditer(rest):
            yield found.group()
            end = found.end()
        rest = rest[end:]


def _repomd(primary: bytes, packed: bytes) -> bytes:
    """As createrepo writes it; the time stamp is of no moment, so it is none."""
    whole, small = hashlib.sha256(primary).hexdigest(), hashlib.sha256(packed).hexdigest()
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<repomd xmlns="http://linux.duke.edu/metadata/repo"'
        ' xmlns:rpm="http://linux.duke.edu/metadata/rpm">\n'
        "<revision>1</revision>\n"
        '<data type="primary">\n'
        f'<checksum type="sha256">{small}</checksum>\n'
        f'<open-checksum type="sha256">{whole}</open-checksum>\n'
        '<location href="repodata/primary.xml.gz"/>\n'
        "<timestamp>1</timestamp>\n"
        f"<size>{len(packed)}</size>\n<open-size>{len(primary)}</open-size>\n"
        "</data>\n</repomd>\n"
    ).encode()


def _damaged(where: Repository, package: Package, message: str) -> OffkitError:
    found = Finding("RPM001", ERROR, package.title, message, (where.place,), COPY)
    return IntegrityError("an RPM from the ISO cannot be used", [found])
