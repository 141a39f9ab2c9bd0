"""Reading a bundle: one sequential pass that accepts exactly the bytes its manifest calls for.

The bundle is a function of its manifest (model.archive), so verification generates every
header, every padding and the end, and compares; contents are hashed. When the structure does
not fit, server.bundle.autopsy reads the file a second time, tolerantly, to say what it is instead.
Nothing is written here.
"""

import hashlib
import io
from shlex import quote
from typing import (
    TYPE_CHECKING,
    BinaryIO,
    Dict,
    Iterable,
    Iterator,
    List,
    NamedTuple,
    Optional,
    Sequence,
    Tuple,
    TypeVar,
    Union,
)

from offkit.model import archive, layout, words
from offkit.model import manifest as manifest_model
from offkit.model.archive import CHUNK, END
from offkit.model.errors import AGAIN, IntegrityError, UsageError, damaged
from offkit.model.finding import ERROR, Finding
from offkit.model.manifest import Manifest, Member
from offkit.model.report import Bar, Reporter
from offkit.model.target import Target
from offkit.server.bundle import autopsy
from offkit.server.bundle.autopsy import Segment
from offkit.server.bundle.file import File, Window

if TYPE_CHECKING:
    from hashlib import _Hash as Hash
else:
    Hash = object  # hashlib names no type at run time

_OWN = (layout.REQUIREMENTS, layout.CHECKLIST)  # what every target has


class BundleFile(NamedTuple):
    """A bundle whose manifest has been read; ``verify`` says whether the rest is true.

    In a bundle for several targets it is what is there for one of them, and looks as if it were all.
    """

    file: File
    manifest: Manifest
    text: bytes  # of its manifest
    segments: Tuple[Segment, ...]  # every member in the order of the tar, manifest included
    size: int  # bytes the file must have
    whole: bytes = b""  # text of the file's MANIFEST.json, where the target has one of its own

    @property
    def path(self) -> str:
        """As it was named."""
        return self.file.path

    @property
    def digest(self) -> str:
        """SHA-256 (hex) of the file's manifest: the identity of the bundle."""
        return manifest_model.digest(self.whole or self.text)

    def chunks(self, path: str) -> Iterator[bytes]:
        """Contents of a member, hashed once more on the way.

        Raises IntegrityError at their end when they are damaged, KeyError when there is no
        such member.
        """
        yield from contents(self.file, self._segment(path))

    def read(self, path: str) -> bytes:
        """All of a member, in memory."""
        return b"".join(self.chunks(path))

    def open(self, path: str) -> BinaryIO:
        """A seekable, unverified view of a member, for zipfile; the caller closes it."""
        segment = self._segment(path)

        def read_at(offset: int, size: int) -> bytes:
            with self.file.reading(segment.contents + offset) as source:
                return source.read(size)

        return io.BufferedReader(Window(segment.size, read_at))  # type: ignore[type-var]

    def _segment(self, path: str) -> Segment:
        for segment in self.segments:
            if segment.path == path:
                return segment
        raise KeyError(path)


class Several(NamedTuple):
    """A bundle for several targets: what there is for each, in one file."""

    file: File
    manifest: manifest_model.Several
    text: bytes  # of MANIFEST.json
    segments: Tuple[Segment, ...]  # of the whole file
    size: int  # bytes the file must have
    parts: Tuple[BundleFile, ...] = ()  # as the manifest's ``targets``

    @property
    def path(self) -> str:
        """As it was named."""
        return self.file.path

    @property
    def digest(self) -> str:
        """SHA-256 (hex) of the manifest: the identity of the bundle, whatever a server takes of it."""
        return manifest_model.digest(self.text)


Opened = Union[BundleFile, Several]
_Opened = TypeVar("_Opened", bound=Opened)


def contents(file: File, segment: Segment) -> Iterator[bytes]:
    """Of a member, hashed on the way. Raises IntegrityError (BUN001) at their end when they are damaged."""
    seen, left = hashlib.sha256(), segment.size
    while left:
        with file.reading(segment.contents + segment.size - left) as source:
            chunk = source.read(min(CHUNK, left))
        if not chunk:
            break
        left -= len(chunk)
        seen.update(chunk)
        yield chunk
    if seen.hexdigest() != segment.sha256:
        message = "{} is damaged: its contents differ from the manifest".format(segment.path)
        found = [Finding("BUN001", ERROR, segment.path, message, (file.path,), AGAIN)]
        raise IntegrityError(message, file.amiss() or found)


class _Tally:
    """A file that is read once, front to back, and hashed on the way."""

    def __init__(self, source: BinaryIO, seen: Hash) -> None:
        self._source, self._seen = source, seen

    def read(self, size: int) -> bytes:
        data = self._source.read(size)
        self._seen.update(data)
        return data


Readable = Union[BinaryIO, _Tally]


def read_manifest(path: str) -> Opened:
    """The manifest, and where everything must lie; of the members only the manifests of several targets
    are looked at.

    Raises IntegrityError when the front of the file is not that of a bundle, UsageError when it is that of a
    difference between two.
    """
    file = File(path)
    if is_difference(file):
        raise UsageError(
            "{} is a difference to an earlier bundle, and no whole one".format(path),
            fix="with that one beside it: offkit merge OLD.tar {} -o bundle.tar".format(quote(path)),
        )
    with file.judged(), file.reading() as source:
        front, text = autopsy.find_manifest(source, path)
        manifest = manifest_model.load(text)
        _check_members(manifest)
    segments = lay_out(manifest, text)
    last = segments[-1]
    size = last.end + len(END)
    amiss = segments[1].contents != front or size != file.size
    if isinstance(manifest, Manifest):
        bundle = BundleFile(file, manifest, text, segments, size)
        if amiss:
            verify(bundle)  # something is wrong already; it says what, with all the rest
        return bundle
    several = Several(file, manifest, text, segments, size)
    if amiss:
        verify(several)
    try:
        return several._replace(parts=tuple(_part(several, *each) for each in manifest.targets))
    except IntegrityError:
        verify(several)
        raise


def is_difference(file: File) -> bool:
    """Whether it begins as one, intact or not."""
    name = layout.DIFFERENCE.encode("ascii") + b"\0"
    with file.reading() as source:
        return source.read(len(name)) == name


def _part(several: Several, name: str, target: Target) -> BundleFile:
    """The bundle that there is for one of several targets."""
    top = manifest_model.folder(name)
    path = top + layout.MANIFEST
    places = {segment.path: segment for segment in several.segments}
    text = b"".join(contents(several.file, places[path]))
    manifest = manifest_model.load(text)
    if not isinstance(manifest, Manifest) or manifest.target != target:
        raise damaged(
            "BUN002", path, "{} is damaged: it is not for {}".format(path, target.describe()), AGAIN
        )
    found = []
    for member in manifest.members:
        segment = places.get(top + member.path) or places.get(member.path)
        if segment is None or (segment.size, segment.sha256) != (member.size, member.sha256):
            message = "{} is damaged: the bundle has no such {}".format(path, member.path)
            raise damaged("BUN002", path, message, AGAIN)
        found.append(segment._replace(path=member.path))
    return BundleFile(several.file, manifest, text, tuple(found), several.size, several.text)


def _required(manifest: Union[Manifest, manifest_model.Several]) -> List[str]:
    if isinstance(manifest, Manifest):
        return [layout.INSTALL_SH, layout.RUNTIME, *_OWN]
    tops = [manifest_model.folder(name) for name, _ in manifest.targets]
    return [
        layout.INSTALL_SH,
        layout.RUNTIME,
        *(top + path for top in tops for path in (layout.MANIFEST, *_OWN)),
    ]


def _check_members(manifest: Union[Manifest, manifest_model.Several]) -> None:
    paths = [member.path for member in manifest.members]
    ranks = [layout.position(path) for path in paths]
    lacking = [path for path in _required(manifest) if path not in paths]
    if lacking:
        why = "lists no " + ", ".join(lacking)
    elif ranks != sorted(ranks):
        why = "lists its members out of order"
    elif layout.SIGNATURE in paths:
        why = "lists its own signature"
    elif any(member.size > archive.MAX_SIZE for member in manifest.members):
        why = "lists a member larger than a tar can hold"
    else:
        return
    message = "{} is damaged: it {}".format(layout.MANIFEST, why)
    raise damaged("BUN002", layout.MANIFEST, message, AGAIN)


def lay_out(manifest: Union[Manifest, manifest_model.Several], text: bytes) -> Tuple[Segment, ...]:
    """Where each member must lie, and what its header must be."""
    own = Member(layout.MANIFEST, len(text), manifest_model.digest(text))
    return in_order([*manifest.members[:1], own, *manifest.members[1:]], manifest.mtime)


def in_order(members: Iterable[Member], mtime: int = archive.MTIME) -> Tuple[Segment, ...]:
    """The members of a tar where they lie when it has these alone, in this order."""
    found, offset = [], 0
    for member in members:
        header = archive.header(member.path, member.size, mtime)
        end = offset + len(header) + member.size + archive.padding(member.size)
        found.append(
            Segment(member.path, member.size, member.sha256, offset, offset + len(header), end, header)
        )
        offset = end
    return tuple(found)


def verify(
    bundle: _Opened,
    reporter: Reporter = Reporter(),  # noqa: B008  (it has no state)
    whole: Optional[Hash] = None,
) -> _Opened:
    """Every byte of the file. Raises IntegrityError with a finding for each thing that is wrong.

    ``whole`` (of hashlib) is given all of a bundle that is intact: what sha256sum would read.
    """
    compare(bundle.file, bundle.segments, reporter, whole)
    return bundle


def compare(
    file: File, segments: Sequence[Segment], reporter: Reporter, whole: Optional[Hash] = None
) -> None:
    """As ``verify``, of a tar that has these members."""
    size = segments[-1].end + len(END)
    damage: List[Tuple[Segment, str]] = []
    with file.reading() as opened:
        source = opened if whole is None else _Tally(opened, whole)
        actual = file.size
        with reporter.bar("verifying", size, "B") as bar:
            for segment in segments:
                for part, sound in _compare(source, segment, bar).items():
                    if not sound:
                        damage.append((segment, part))
            end = source.read(len(END))
            rest = source.read(1)
        if not damage and end == END and not rest:
            return
        findings = file.amiss() or autopsy.explain(opened, segments, damage, end, actual, size)
    message = "{} is not intact: {}".format(file.path, words.several(len(findings), "problem"))
    raise IntegrityError(message, findings)


def sha256(bundle: Opened, reporter: Reporter) -> str:
    """Of the whole file, in hex: what 'offkit bundle' and sha256sum say."""
    seen = hashlib.sha256()
    with bundle.file.reading() as source, reporter.bar("reading", bundle.file.size, "B") as bar:
        for chunk in iter(lambda: source.read(CHUNK), b""):
            seen.update(chunk)
            bar.advance(len(chunk))
    return seen.hexdigest()


def _compare(source: Readable, segment: Segment, bar: Bar) -> Dict[str, bool]:
    header = source.read(len(segment.header))
    contents = autopsy.digest(source.read, segment.size, bar)
    blank = archive.padding(segment.size)
    padding = source.read(blank)
    bar.advance(len(header) + blank)
    return {
        "header": header == segment.header,
        "contents": contents == segment.sha256,
        "padding": padding == b"\0" * blank,
    }
