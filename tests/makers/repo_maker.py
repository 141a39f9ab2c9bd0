"""yum repositories and ISO images, written byte by byte, so that no test needs createrepo or xorriso."""

import bz2
import gzip
import hashlib
import lzma
import os
import sqlite3
import struct
from xml.sax.saxutils import quoteattr

SQUEEZE = {"": lambda data: data, ".gz": gzip.compress, ".bz2": bz2.compress, ".xz": lzma.compress}


def package(
    name, provides=(), requires=(), version="1.0", arch="x86_64", epoch="0", release="1.el7", checksum=""
):
    """What ``primary`` and ``database`` take."""
    return {
        "name": name,
        "arch": arch,
        "epoch": epoch,
        "version": version,
        "release": release,
        "href": "Packages/{}-{}-{}.{}.rpm".format(name, version, release, arch),
        "provides": list(provides),
        "requires": list(requires),
        "checksum": checksum,
    }


def library_packages(*sonames):
    """A package for each of 64 bit; ``libSM`` for libSM.so.6."""
    return [package(name.partition(".")[0], [name + "()(64bit)"]) for name in sonames]


def primary(packages):
    """primary.xml"""
    out = ['<?xml version="1.0" encoding="UTF-8"?>\n<metadata xmlns="http://linux.duke.edu/metadata/common" ']
    out.append('xmlns:rpm="http://linux.duke.edu/metadata/rpm" packages="{}">\n'.format(len(packages)))
    for each in packages:
        out.append('<package type="rpm"><name>{name}</name><arch>{arch}</arch>'.format(**each))
        out.append('<version epoch="{epoch}" ver="{version}" rel="{release}"/>'.format(**each))
        if each["checksum"]:
            out.append('<checksum type="{}" pkgid="YES">{}</checksum>'.format(*each["checksum"].split(":")))
        out.append("<summary>name arch package</summary><description>Words.\nMore &amp; more.</description>")
        out.append('<location href="{href}"/><format><rpm:license>MIT</rpm:license>'.format(**each))
        for kind in ("provides", "requires"):
            rows = "".join("<rpm:entry name={}/>".format(quoteattr(name)) for name in each[kind])
            out.append("<rpm:{0}>{1}</rpm:{0}>".format(kind, rows) if rows else "")
        out.append('<rpm:obsoletes><rpm:entry name="old"/></rpm:obsoletes><file>/usr/bin/x</file>')
        out.append("</format></package>\n")
    out.append("</metadata>\n")
    return "".join(out).encode("utf-8")


def database(path, packages):
    """primary.sqlite"""
    connection = sqlite3.connect(path)
    connection.executescript(
        "CREATE TABLE packages (pkgKey INTEGER PRIMARY KEY, name TEXT, arch TEXT, version TEXT, epoch TEXT,"
        " release TEXT, location_href TEXT, checksum_type TEXT, pkgId TEXT);"
        "CREATE TABLE provides (name TEXT, flags TEXT, pkgKey INTEGER);"
        "CREATE TABLE requires (name TEXT, flags TEXT, pkgKey INTEGER);"
    )
    for key, each in enumerate(packages):
        row = (key, each["name"], each["arch"], each["version"], each["epoch"], each["release"], each["href"])
        checksum = each["checksum"].split(":") if each["checksum"] else ["", ""]
        connection.execute("INSERT INTO packages VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", (*row, *checksum))
        for kind in ("provides", "requires"):
            rows = [(name, key) for name in each[kind]]
            connection.executemany("INSERT INTO {} VALUES (?, '', ?)".format(kind), rows)
    connection.commit()
    connection.close()
    with open(path, "rb") as source:
        return source.read()


def repomd(*rows):
    """``rows``: (type, href, packed bytes, unpacked size or None)."""
    out = [
        '<?xml version="1.0"?>\n<repomd xmlns="http://linux.duke.edu/metadata/repo"><revision>1</revision>'
    ]
    for kind, href, packed, size in rows:
        digest = hashlib.sha256(packed).hexdigest()
        out.append('<data type="{}"><checksum type="sha256">{}</checksum>'.format(kind, digest))
        out.append('<open-checksum type="sha256">00</open-checksum><location href="{}"/>'.format(href))
        out.append("" if size is None else "<open-size>{}</open-size>".format(size))
        out.append("</data>")
    return "".join(out + ["</repomd>"]).encode("utf-8")


def repository(top, packages, squeeze=".gz", xml=None):
    """Write repodata/ below ``top``; ``xml`` in the place of what the packages would give."""
    xml = primary(packages) if xml is None else xml
    packed = SQUEEZE[squeeze](xml)
    href = "repodata/primary.xml" + squeeze
    write(top, href, packed)
    write(top, "repodata/repomd.xml", repomd(("primary", href, packed, len(xml))))
    return str(top)


def write(top, path, data):
    target = os.path.join(str(top), path)
    if not os.path.isdir(os.path.dirname(target)):
        os.makedirs(os.path.dirname(target))
    with open(target, "wb") as sink:
        sink.write(data)


SECTOR = 2048


def both(number):
    """A number as ISO 9660 writes it: little endian, then big."""
    return struct.pack("<I", number) + struct.pack(">I", number)


def image(files, rock_ridge=True, label="CentOS 7 x86_64", long_names=False):
    """An ISO image with these files: {path: bytes}; names in Rock Ridge's way, or upper case ;1.

    With ``long_names`` every name is written in a continuation area.
    """
    directories = {""}
    for path in files:
        parts = path.split("/")[:-1]
        directories.update("/".join(parts[: n + 1]) for n in range(len(parts)))
    order = sorted(directories)
    # Two passes: sizes of directories do not depend on where things lie.
    places = dict.fromkeys([*order, *files], (0, 0))
    for _ in range(2):
        body, at = [], 18
        for name in order:
            data = _directory(name, order, files, places, rock_ridge, long_names, at)
            places[name] = (at, len(data) - (SECTOR if long_names else 0))
            body.append(data)
            at += len(data) // SECTOR
        for name, data in sorted(files.items()):
            places[name] = (at, len(data))
            padded = data + b"\0" * (-len(data) % SECTOR)
            body.append(padded)
            at += len(padded) // SECTOR
    head = b"\1CD001\1\0" + b" " * 32 + label.encode("ascii").ljust(32) + b"\0" * 8 + both(at) + b"\0" * 32
    head += b"\1\0\0\1" * 2 + struct.pack("<HH", SECTOR, 0x0008) + both(0) + b"\0" * 16
    head += _record(b"\0", places[""], True)
    end = b"\xffCD001\1".ljust(SECTOR, b"\0")
    return b"\0" * (16 * SECTOR) + head.ljust(SECTOR, b"\0") + end + b"".join(body)


def _directory(name, order, files, places, rock_ridge, long_names, at):
    sp = b"SP\7\1\xbe\xef\0" if rock_ridge else b""
    records = [
        _record(b"\0", places[name], True, sp if name == "" else b""),
        _record(b"\1", places[name], True),
    ]
    prefix = name + "/" if name else ""
    below = [each for each in [*order, *files] if each and each.rpartition("/")[0] == name and each != name]
    area = b""
    for each in sorted(below):
        short = each[len(prefix) :]
        folder = each in order
        system = b""
        if rock_ridge:
            name_bytes = short.encode("utf-8")
            entry = b"NM" + bytes([len(name_bytes) + 5, 1, 0]) + name_bytes
            if long_names:
                system = b"CE\x1c\1" + both(at + 1) + both(len(area)) + both(len(entry))
                area += entry
            else:
                system = entry
        plain = short.upper() if folder else short.upper() + ";1"
        records.append(_record(plain.encode("ascii", "replace"), places[each], folder, system))
    data = b""
    for record in records:
        if len(data) % SECTOR + len(record) > SECTOR:
            data += b"\0" * (-len(data) % SECTOR)
        data += record
    data += b"\0" * (-len(data) % SECTOR)
    if long_names:
        assert len(data) == SECTOR, "the maker puts the area behind one sector"
        data += area.ljust(SECTOR, b"\0")
    return data


def _record(identifier, place, folder, system=b""):
    start, size = place
    body = b"\0" + both(start) + both(size) + b"\0" * 7 + (b"\2" if folder else b"\0") + b"\0\0"
    body += b"\1\0\0\1" + bytes([len(identifier)]) + identifier
    body += b"\0" * (len(identifier) % 2 == 0) + system
    body += b"\0" * ((len(body) + 1) % 2)
    return bytes([len(body) + 1]) + body
