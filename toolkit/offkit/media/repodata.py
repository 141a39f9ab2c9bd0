"""What a yum repository says about itself: repomd.xml and primary.xml, read as a stream.

Format: createrepo's, as yum 3 and dnf read it. Whatever the bytes are, time is linear in their
number and memory is bounded: no entities, no endless tags, a limit to what is kept.
"""

import re
from typing import Any, Callable, Collection, Dict, Iterator, List, NamedTuple, Optional, Set, Tuple

from offkit.media.rpm import BadRepodata, Index, Package, is_library, is_name, network

REPOMD = "repodata/repomd.xml"
REPOMD_SIZE = 4 * 1024 * 1024  # bytes; a real one has three thousand
# Kinds of checksums, and what Python and coreutils call them.
HASHES = {
    "sha": "sha1",
    **{name: name for name in ("sha1", "sha224", "sha256", "sha384", "sha512")},
}
_PAGE = re.compile(
    rb"(?:\xef\xbb\xbf)?\s*(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)*<(?:!doctype\s+html|html)\b", re.I | re.S
)
_TITLE = re.compile(rb"<title[^>]*>\s*(.{1,80}?)\s*</title>", re.I | re.S)
PORTAL = "give the URL of the repository itself; where a portal or a proxy wants a login, log in there first"
_MAX_TAG = 4 * 1024 * 1024  # bytes between two tags; a real one has some hundred
_MAX_DEPTH = 32  # of tags; real metadata is five deep
_MAX_TEXT = 64 * 1024  # characters of a name
_MAX_ENTRIES = 1000 * 1000  # capabilities of one package
_MAX_NAMES = 4 * 1000 * 1000  # capabilities kept; CentOS 7 with everything has 300,000


class Marked(NamedTuple):
    """Which repository of a medium it is."""

    base: str  # below the medium's top: "", "BaseOS"
    mark: str  # SHA-256 (hex) of its repomd.xml: another disc has another one


class Data(NamedTuple):
    """One file that repomd.xml names."""

    kind: str  # "primary", "primary_db", "filelists" …
    href: str  # below the repository's base
    algorithm: str  # of the checksum, "" where there is none
    checksum: str
    open_size: int  # bytes when unpacked, 0 where it does not say


def page(data: bytes) -> str:
    """How to call a web page that came instead of metadata, as portals and proxies send it for every URL; ""
    for what is none."""
    if not _PAGE.match(data[:4096]):
        return ""
    title = _TITLE.search(data[:65536])
    words = " ".join(title.group(1).decode("utf-8", "replace").split()) if title else ""
    return 'a web page, "{}"'.format(words) if words else "a web page"


def parse_repomd(data: bytes) -> List[Data]:
    """The files of a repository. Raises BadRepodata."""
    if page(data):
        raise BadRepodata("is {}, and no metadata".format(page(data)))
    found: List[Data] = []
    row: Dict[str, Any] = {}
    text: List[str] = []

    def start(tag: str, attributes: Dict[str, str]) -> None:
        del text[:]
        if tag == "data":
            row.clear()
            row["kind"] = attributes.get("type", "")
        elif tag == "location":
            row["href"] = attributes.get("href", "")
        elif tag == "checksum":
            row["algorithm"] = attributes.get("type", "")

    def end(tag: str) -> None:
        value = "".join(text).strip()
        if tag == "checksum":
            row["checksum"] = value
        elif tag == "open-size" and value.isdecimal() and len(value) < 16:
            row["open_size"] = int(value)
        elif tag == "data" and row.get("href") and "kind" in row:
            found.append(
                Data(
                    row["kind"],
                    row["href"],
                    row.get("algorithm", ""),
                    row.get("checksum", ""),
                    row.get("open_size", 0),
                )
            )

    parser = _parser(start, end)
    parser.CharacterDataHandler = text.append
    _feed(parser, iter([data]))
    if not found:
        raise BadRepodata("it lists no files")
    return found


def outside(href: str) -> bool:
    """Whether a file's place, as metadata name it, is none below its repository.

    Nobody signed the metadata: a path from the top, a way up, a URL (xml:base), or nothing at all.
    """
    return not href or href.startswith("/") or ":" in href or ".." in href.split("/")


def read_primary(
    source: Iterator[bytes], capabilities: Optional[Collection[str]], names: Collection[str]
) -> Index:
    """Read the unpacked primary.xml; keep the packages that provide one of ``capabilities`` or are
    called one of ``names``. None: every package with a library, and of what it requires the libraries.
    Raises BadRepodata, and whatever ``source`` raises."""
    reader = _Primary(capabilities, names)
    _feed(reader.parser, source)
    if not reader.is_primary:
        raise BadRepodata("it is XML, but not primary metadata")
    return reader.index()


class _Primary:
    """The state of one pass. Handlers are few and short: this is the whole cost."""

    def __init__(self, capabilities: Optional[Collection[str]], names: Collection[str]) -> None:
        self._capabilities = None if capabilities is None else frozenset(capabilities)
        self._names = frozenset(names)
        self._once: Dict[str, str] = {}  # thousands of packages require the same
        self.is_primary = False
        self._packages: List[Package] = []
        self._all_names: Set[str] = set()
        self._libraries: Set[str] = set()
        self._count = 0
        self._base = ""
        self._entries: List[str] = []  # of the section being read
        self._provides: List[str] = []
        self._requires: List[str] = []
        self._elsewhere: List[str] = []
        self._fields: Dict[str, str] = {}
        self._text: List[str] = []
        self._length = 0  # characters in it
        self.parser = _parser(self._start, self._end)

    def _start(self, tag: str, attributes: Dict[str, str]) -> None:
        if tag == "rpm:entry":
            self._entries.append(attributes.get("name", ""))
            if len(self._entries) > _MAX_ENTRIES:
                raise BadRepodata("a package with more than {} capabilities".format(_MAX_ENTRIES))
        elif tag == "rpm:provides":
            self._entries = self._provides
        elif tag == "rpm:requires":
            self._entries = self._requires
        elif tag in ("name", "arch", "checksum"):
            self._text = []
            self._length = 0
            self.parser.CharacterDataHandler = self._characters
            if tag == "checksum":
                self._fields["algorithm"] = attributes.get("type", "")
        elif tag == "version":
            self._fields.update(attributes)
        elif tag == "location":
            self._fields["href"] = attributes.get("href", "")
            if not self._base and "xml:base" in attributes:
                self._base = network(attributes["xml:base"])
        elif tag == "package":
            self._provides, self._requires, self._fields = [], [], {}
            self._entries = self._elsewhere
        elif tag == "metadata":
            self.is_primary = True

    def _characters(self, text: str) -> None:
        self._length += len(text)
        if self._length > _MAX_TEXT:
            raise BadRepodata("a text of more than {} characters".format(_MAX_TEXT))
        self._text.append(text)

    def _end(self, tag: str) -> None:
        if tag in ("name", "arch", "checksum"):
            self.parser.CharacterDataHandler = None
            self._fields[tag] = "".join(self._text)
        elif tag in ("rpm:provides", "rpm:requires"):
            self._entries = self._elsewhere
        elif tag == "package":
            self._package()

    def index(self) -> Index:
        return Index(self._packages, self._all_names, self._libraries, self._count, self._base)

    def _package(self) -> None:
        fields = self._fields
        name = fields.get("name", "")
        if not is_name(name):
            raise BadRepodata("invalid package name {!r}".format(name[:80]))
        self._count += 1
        self._all_names.add(name)
        self._libraries.update(filter(is_library, self._provides))
        if len(self._libraries) + len(self._all_names) > _MAX_NAMES:
            raise BadRepodata("more than {} capabilities".format(_MAX_NAMES))
        given = self._given()
        if given or name in self._names:
            self._packages.append(
                Package(
                    name,
                    fields.get("arch", ""),
                    fields.get("epoch", "0"),
                    fields.get("ver", ""),
                    fields.get("rel", ""),
                    fields.get("href", ""),
                    tuple(sorted(given)),
                    self._required(),
                    "{}:{}".format(fields.get("algorithm", ""), fields.get("checksum", "").strip()).strip(
                        ":"
                    ),
                )
            )
        del self._elsewhere[:]

    def _given(self) -> Set[str]:
        if self._capabilities is None:
            return set(filter(is_library, self._provides))
        return set(self._capabilities.intersection(self._provides))

    def _required(self) -> Tuple[str, ...]:
        if self._capabilities is not None:
            return tuple(self._requires)
        return tuple(self._once.setdefault(each, each) for each in filter(is_library, self._requires))


def _parser(start: Callable[[str, Dict[str, str]], None], end: Callable[[str], None]) -> Any:
    try:
        from xml.parsers import expat
    except ImportError:
        raise BadRepodata("this Python was built without pyexpat and cannot read XML")
    parser = expat.ParserCreate()
    depth = 0

    def deeper(tag: str, attributes: Dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > _MAX_DEPTH:
            raise BadRepodata("tags nested more than {} deep".format(_MAX_DEPTH))
        start(tag, attributes)

    def back(tag: str) -> None:
        nonlocal depth
        depth -= 1
        end(tag)

    parser.StartElementHandler = deeper
    parser.EndElementHandler = back
    parser.StartDoctypeDeclHandler = _no_doctype
    return parser


def _no_doctype(*_: Any) -> None:
    """Entities that expand without end are declared there; no repository has one."""
    raise BadRepodata("it declares a document type")


def _feed(parser: Any, source: Iterator[bytes]) -> None:
    from xml.parsers.expat import ExpatError

    total = 0
    try:
        for chunk in source:
            parser.Parse(chunk, False)
            total += len(chunk)
            if total - parser.CurrentByteIndex > _MAX_TAG:
                raise BadRepodata("a tag of more than {} bytes".format(_MAX_TAG))
        parser.Parse(b"", True)
    except ExpatError as error:
        raise BadRepodata("not XML: {}".format(error))
    except (LookupError, ValueError) as error:  # an encoding that Python does not know
        if isinstance(error, BadRepodata):
            raise
        raise BadRepodata("not XML: {}".format(error))
