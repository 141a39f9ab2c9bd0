"""What is wrong with a bundle that is not intact: the tolerant reading, after the strict one failed.

Codes: BUN001 damaged contents, BUN002 damaged manifest, BUN003 missing member, BUN004 extra
member, BUN005 unsafe name, BUN006 not a regular file, BUN007 truncated, BUN008 not a bundle,
BUN009 damaged structure (a header, padding, the end), BUN010 bytes after the end, BUN011
members out of order.

``tarfile`` is not used: it believes sizes and extended headers of any length, and stops
without a word at a damaged header.
"""

import hashlib
import re
from typing import BinaryIO, Callable, Dict, Iterator, List, NamedTuple, Optional, Sequence, Set, Tuple

from offkit.model import archive, layout, words
from offkit.model.archive import BLOCK, CHUNK, END, MAX_MANIFEST, is_safe
from offkit.model.errors import AGAIN, IntegrityError, damaged
from offkit.model.finding import ERROR, Finding
from offkit.model.report import Bar

_SCAN = 16 * 1024 * 1024  # install.sh is a few kB; a manifest is not looked for beyond this
_LONGEST_RECORD = 64 * 1024
_MOST_ENTRIES = 100000
_KINDS = {
    "1": "a hard link",
    "2": "a symbolic link",
    "3": "a device",
    "4": "a device",
    "5": "a directory",
    "6": "a fifo",
}
_WRAPPINGS = {
    b"\x1f\x8b": "gzip",
    b"BZh": "bzip2",
    b"\xfd7zXZ": "xz",
    b"PK\x03\x04": "zip",
    b"\x28\xb5\x2f\xfd": "zstd",
}


class Segment(NamedTuple):
    """A member where it has to be; offsets in bytes from the start of the file."""

    path: str
    size: int
    sha256: str
    offset: int
    contents: int
    end: int  # behind the padding: where the next one begins
    header: bytes


class Header(NamedTuple):
    """A member as some tar header describes it."""

    name: str
    kind: str  # the type flag: "0" regular, "2" symbolic link …
    size: int
    offset: int
    contents: int


def parse_header(block: bytes, offset: int = 0) -> Optional[Header]:
    """A tar header with a right checksum (POSIX.1 ustar, GNU base-256 sizes), else None."""
    if len(block) != BLOCK or not block.strip(b"\0"):
        return None
    try:
        if int(block[148:156].strip(b" \0") or b"x", 8) != sum(block[:148]) + 8 * 32 + sum(block[156:]):
            return None
        size = int.from_bytes(block[125:136], "big") if block[124] & 0x80 else _octal(block[124:136])
    except ValueError:
        return None
    name = block[:100].split(b"\0")[0]
    prefix = block[345:500].split(b"\0")[0] if block[257:263] == b"ustar\0" else b""
    full = prefix + b"/" + name if prefix else name
    kind = chr(block[156]) if block[156] else "0"
    return Header(full.decode("utf-8", "backslashreplace"), kind, size, offset, offset + BLOCK)


def _octal(field: bytes) -> int:
    return int(field.strip(b" \0") or b"0", 8)


def find_manifest(source: BinaryIO, path: str) -> Tuple[int, bytes]:
    """(offset of its contents, contents) of MANIFEST.json.

    It is the second member; behind a damaged first header it is searched for, and behind a
    damaged header of its own it ends where its outermost brace closes. Raises IntegrityError
    when there is none.
    """
    first = source.read(BLOCK)
    entry = parse_header(first)
    offset: Optional[int] = None
    if entry and _right(first, layout.INSTALL_SH, entry.size, archive.MAX_SIZE):
        offset = archive.footprint(layout.INSTALL_SH, entry.size)[1]
    at = _at(source, offset, BLOCK) if offset is not None else b""
    if offset is None or not _begins_manifest(at):
        found = _search(source)
        if found is None:
            raise _no_manifest(path, first, entry, at)
        offset, at = found, _at(source, found, BLOCK)
    if len(at) < BLOCK:
        raise damaged("BUN007", path, "{} ends inside the header of {}".format(path, layout.MANIFEST), AGAIN)
    own = parse_header(at)
    if own is not None and _right(at, layout.MANIFEST, own.size, MAX_MANIFEST):
        text = _at(source, offset + BLOCK, own.size)
        if len(text) < own.size:
            raise damaged("BUN007", path, "{} ends inside {}".format(path, layout.MANIFEST), AGAIN)
        return offset + BLOCK, text
    text = _at(source, offset + BLOCK, MAX_MANIFEST)
    closing = text.find(b"\n}\n")
    if closing < 0:
        raise damaged(
            "BUN002",
            layout.MANIFEST,
            "{} is damaged: its header and its end are invalid".format(layout.MANIFEST),
            AGAIN,
        )
    return offset + BLOCK, text[: closing + 3]


def _right(block: bytes, name: str, size: int, most: int) -> bool:
    """Whether that is the member's header, of a bundle of any format."""
    return size <= most and block in (archive.header(name, size), archive.header(name, size, 0))


def _begins_manifest(block: bytes) -> bool:
    return block.startswith(layout.MANIFEST.encode("ascii") + b"\0")


def _at(source: BinaryIO, offset: int, size: int) -> bytes:
    source.seek(offset)
    return source.read(size)


def _search(source: BinaryIO) -> Optional[int]:
    front = _at(source, 0, _SCAN)
    for offset in range(0, len(front), BLOCK):
        if _begins_manifest(front[offset : offset + BLOCK]):
            return offset
    return None


def _no_manifest(path: str, first: bytes, entry: Optional[Header], second: bytes) -> IntegrityError:
    name = layout.MANIFEST
    if len(first) < BLOCK:
        what = "too short to be a bundle" if first else "empty"
        return damaged("BUN008", path, "{} is {}".format(path, what), AGAIN)
    if entry is None and first[257:262] != b"ustar":
        for magic, wrapping in _WRAPPINGS.items():
            if first.startswith(magic):
                message = "{} is a {} file, not a bundle".format(path, wrapping)
                return damaged("BUN008", path, message, "unpack it first; a bundle is a plain tar")
        return damaged("BUN008", path, "{} is not a bundle (not even a tar archive)".format(path), AGAIN)
    if entry is not None and entry.name != layout.INSTALL_SH and parse_header(second) is None:
        return damaged(
            "BUN008", path, "{} is a tar archive, but not a bundle: no {}".format(path, name), AGAIN
        )
    if entry is not None and len(second) < BLOCK:
        return damaged("BUN007", path, "{} ends before its {}".format(path, name), AGAIN)
    if parse_header(second) is None:
        return damaged("BUN002", name, "the header of {} is damaged".format(name), AGAIN)
    return damaged("BUN003", name, "{} is missing".format(name), AGAIN)


def walk(source: BinaryIO, landmarks: Sequence[int], size: int) -> Iterator[Header]:
    """Every header that can be read. After one that cannot, go on at the next of ``landmarks``
    (offsets where members should begin)."""
    offset = 0
    long_name: Optional[str] = None
    for _ in range(_MOST_ENTRIES):
        if offset + BLOCK > size:
            return
        entry = parse_header(_at(source, offset, BLOCK), offset)
        if entry is None:
            further = [mark for mark in landmarks if mark > offset]
            if not further:
                return
            offset, long_name = further[0], None
            continue
        behind = entry.contents + entry.size + archive.padding(entry.size)
        if entry.kind in "xgLK":
            if entry.size <= _LONGEST_RECORD:
                long_name = _long_name(entry, _at(source, entry.contents, entry.size)) or long_name
            offset = behind
            continue
        yield entry._replace(name=entry.name if long_name is None else long_name)
        offset, long_name = (behind if entry.kind in "07" else entry.contents), None


def _long_name(entry: Header, record: bytes) -> Optional[str]:
    if entry.kind == "L":
        return record.rstrip(b"\0").decode("utf-8", "backslashreplace")
    found = re.search(rb"(?:^|\n)\d+ path=([^\n]*)\n", record) if entry.kind == "x" else None
    return found.group(1).decode("utf-8", "backslashreplace") if found else None


class _Report:
    """Findings as they come, and which members they already account for."""

    def __init__(self) -> None:
        self.findings: List[Finding] = []
        self.named: Set[str] = set()

    def add(self, code: str, subject: str, message: str, fix: str = AGAIN) -> None:
        self.findings.append(Finding(code, ERROR, words.shown(subject), message, (), fix))
        self.named.add(subject)


def explain(
    source: BinaryIO,
    segments: Sequence[Segment],
    damage: Sequence[Tuple[Segment, str]],
    end: bytes,
    actual: int,
    expected: int,
) -> List[Finding]:
    """Findings, at least one, for a file that the strict pass refused.

    ``damage`` holds (segment, "header" | "contents" | "padding"); ``end`` is what stood where
    the end-of-archive marker belongs; ``actual`` and ``expected`` are file sizes in bytes.
    """
    report = _Report()
    parts: Dict[str, Set[str]] = {}
    for segment, part in damage:
        parts.setdefault(segment.path, set()).add(part)
    moved = any("header" in parts.get(s.path, ()) and s.contents <= actual for s in segments)
    if moved or (end != END and len(end) == len(END)):
        _structure(report, source, segments, parts, actual)
    cut = actual < expected and (
        not moved or bool(_at(source, max(0, actual - len(END)), len(END)).strip(b"\0"))
    )
    for segment in segments:
        found = parts.get(segment.path, set())
        if segment.path in report.named or segment.end > actual or (moved and "header" in found):
            continue
        if "contents" in found:
            report.add(
                "BUN001",
                segment.path,
                "{} is damaged: its contents differ from the manifest".format(segment.path),
            )
        elif "padding" in found:
            report.add("BUN009", segment.path, "the padding after {} is damaged".format(segment.path))
    if cut:
        _truncated(report, segments, actual, expected)
    elif not report.findings and actual > expected and end == END:
        report.add("BUN010", "end", words.several(actual - expected, "extra byte") + " after the end")
    elif not report.findings:
        report.add("BUN009", "end", "the end-of-archive marker is damaged")
    return report.findings


def _truncated(report: _Report, segments: Sequence[Segment], actual: int, expected: int) -> None:
    lost = [segment.path for segment in segments if segment.end > actual]
    where = "inside " + lost[0] if lost else "in its end-of-archive marker"
    rest = words.several(len(lost) - 1, "more member")
    more = ", and {} {} missing".format(rest, "is" if len(lost) == 2 else "are") if len(lost) > 1 else ""
    message = "the bundle is truncated: {} of {} bytes, ending {}{}".format(actual, expected, where, more)
    report.add("BUN007", lost[0] if lost else "end", message)


def _structure(
    report: _Report, source: BinaryIO, segments: Sequence[Segment], parts: Dict[str, Set[str]], actual: int
) -> None:
    """Compare the headers that are there with those that should be."""
    wanted = {segment.path: segment for segment in segments}
    entries = list(walk(source, [segment.offset for segment in segments], actual))
    first_seen: Dict[str, Header] = {}
    for entry in entries:
        name = entry.name
        if not is_safe(name):
            report.add(
                "BUN005", name, "{!r} is not a safe name for a member".format(name), "do not unpack this file"
            )
        elif entry.kind not in "07":
            kind = _KINDS.get(entry.kind, "of unknown type {!r}".format(entry.kind))
            report.add(
                "BUN006", name, "{} is {}, not a regular file".format(name, kind), "do not unpack this file"
            )
        elif name == layout.SIGNATURE and name not in wanted:
            report.add("BUN004", name, "{} is a signature, which this offkit cannot check".format(name))
        elif name not in wanted:
            report.add("BUN004", name, "{} is not in the manifest".format(name), "do not unpack this file")
        elif name in first_seen:
            report.add("BUN004", name, "{} occurs twice".format(name), "do not unpack this file")
        else:
            first_seen[name] = entry
    at = {entry.contents: entry for entry in entries}
    for segment in segments:
        if segment.path in report.named or "header" not in parts.get(segment.path, ()):
            continue
        _misplaced(report, source, segment, first_seen.get(segment.path), at, parts[segment.path], actual)
    if not report.findings and any(
        entry.contents != wanted[name].contents for name, entry in first_seen.items()
    ):
        report.add("BUN011", "order", "the members are not in the manifest's order")


def _misplaced(
    report: _Report,
    source: BinaryIO,
    segment: Segment,
    entry: Optional[Header],
    at: Dict[int, Header],
    parts: Set[str],
    actual: int,
) -> None:
    path = segment.path
    if entry is not None and (entry.size != segment.size or not _holds(source, entry, segment.sha256)):
        report.add("BUN001", path, "{} is damaged: its contents differ from the manifest".format(path))
    elif entry is not None and entry.contents == segment.contents:
        report.add(
            "BUN009", path, "the header of {} is not the one offkit writes (owner, time or mode)".format(path)
        )
    elif entry is None and segment.contents in at:
        report.add("BUN003", path, "{} is missing".format(path))
    elif entry is None and "contents" not in parts:
        report.add("BUN009", path, "the header of {} is damaged".format(path))
    elif entry is None and segment.end <= actual:
        report.add("BUN003", path, "{} is missing, or damaged beyond recognition".format(path))
    elif entry is None and segment.offset < actual:
        report.add("BUN003", path, "{} is missing".format(path))


def digest(read: Callable[[int], bytes], size: int, bar: Bar = Bar()) -> str:  # noqa: B008  (it has no state)
    """SHA-256 (hex) of the ``size`` bytes that ``read`` gives next; empty where it ends before."""
    seen, left = hashlib.sha256(), size
    while left > 0:
        chunk = read(min(CHUNK, left))
        if not chunk:
            return ""
        left -= len(chunk)
        seen.update(chunk)
        bar.advance(len(chunk))
    return seen.hexdigest()


def _holds(source: BinaryIO, entry: Header, sha256: str) -> bool:
    source.seek(entry.contents)
    return digest(source.read, entry.size) == sha256
