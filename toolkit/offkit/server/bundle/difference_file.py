"""Reading a difference between two bundles, and putting the second one together again."""

import hashlib
import os
from typing import TYPE_CHECKING, BinaryIO, Dict, Iterator, List, NamedTuple, Optional, Sequence, Tuple, Union

from offkit.edges import exclusive, leftovers
from offkit.model import archive, difference, layout, words
from offkit.model import manifest as manifest_model
from offkit.model.archive import BLOCK, END
from offkit.model.difference import Base, Content, Difference
from offkit.model.errors import AGAIN, EnvironmentProblem, IntegrityError, UsageError, damaged
from offkit.model.finding import ERROR, Finding
from offkit.model.manifest import Manifest, Member
from offkit.model.report import Reporter
from offkit.server.bundle import autopsy, bundle_file
from offkit.server.bundle.autopsy import Segment
from offkit.server.bundle.file import File

if TYPE_CHECKING:
    from hashlib import _Hash as Hash
else:
    Hash = object  # hashlib names no type at run time


class DifferenceFile(NamedTuple):
    """A difference whose list and manifest have been read; ``verify`` says whether the rest is true."""

    file: File
    difference: Difference
    segments: Tuple[Segment, ...]  # every member in the order of the tar, DIFFERENCE.json included
    text: bytes  # of the new bundle's manifest
    manifest: Union[Manifest, manifest_model.Several]  # which is that

    @property
    def digest(self) -> str:
        """Of the new bundle."""
        return manifest_model.digest(self.text)


class Merged(NamedTuple):
    """A bundle that was put together."""

    path: str
    size: int  # bytes
    sha256: str  # of the whole file: what 'offkit bundle' said of it
    digest: str
    base: str  # digest of the bundle that was there before


def read(path: str) -> Optional[DifferenceFile]:
    """None for what does not begin as a difference. Raises IntegrityError where its front is damaged."""
    file = File(path)
    if not bundle_file.is_difference(file):
        return None
    with file.judged(), file.reading() as source:
        block = source.read(BLOCK)
        entry = autopsy.parse_header(block)
        if entry is None or not 0 <= entry.size <= archive.MAX_MANIFEST:
            message = "the header of {} is damaged".format(layout.DIFFERENCE)
            raise damaged("BUN002", layout.DIFFERENCE, message, AGAIN)
        found = difference.load(source.read(entry.size))
        listed = difference.dump(found)
        own = Member(layout.DIFFERENCE, len(listed), manifest_model.digest(listed))
        segments = bundle_file.in_order([own, *found.members])
        text = b"".join(bundle_file.contents(file, segments[2]))
        return DifferenceFile(file, found, segments, text, manifest_model.load(text))


def verify(opened: DifferenceFile, reporter: Reporter, whole: Optional[Hash] = None) -> None:
    """Every byte of it, as ``bundle_file.verify`` does. Raises IntegrityError."""
    bundle_file.compare(opened.file, opened.segments, reporter, whole)


def base(path: str) -> Base:
    """What a new bundle is compared with: a bundle, a difference (which stands for the bundle that it makes),
    or the MANIFEST.json of one, as a generation keeps it. Of the contents nothing is read."""
    opened = read(path)
    if opened is not None:
        return _base(opened.text, opened.manifest)
    alone = _manifest_alone(path)
    if alone is not None:
        return _base(alone, manifest_model.load(alone))
    bundle = bundle_file.read_manifest(path)
    return _base(bundle.text, bundle.manifest)


def _manifest_alone(path: str) -> Optional[bytes]:
    file = File(path)
    with file.reading() as source:
        front = source.read(1)
        return front + source.read(archive.MAX_MANIFEST) if front == b"{" else None


def _base(text: bytes, manifest: Union[Manifest, manifest_model.Several]) -> Base:
    contents = frozenset((one.size, one.sha256) for one in manifest.members)
    return Base(manifest_model.digest(text), contents)


def merge(old: str, paths: Sequence[str], out: str, reporter: Reporter) -> Merged:
    """Write to ``out`` the bundle that the differences make of the bundle ``old``, one after another.

    Raises UsageError for what is none, EnvironmentProblem where they do not fit together or the disk
    refuses, IntegrityError with a finding for all that is damaged; ``out`` is as it was then.
    """
    first = bundle_file.read_manifest(old)
    chain = [_opened(path) for path in paths]
    _refuse_misfits(old, first.digest, chain)
    places = _places(first, chain)
    last = chain[-1]
    segments = bundle_file.lay_out(last.manifest, last.text)
    size = segments[-1].end + len(END)
    place = _destination(out)
    headline = "{} cannot be written".format(out)
    fix = "the bundle takes {}; choose another place with -o".format(words.size(size))
    try:
        with leftovers.unfinished(place, "bundle") as sink:
            sha256 = _write(sink, segments, last.text, places, reporter)
    except OSError as error:
        raise exclusive.refused(error, out, headline, fix)
    return Merged(out, size, sha256, last.digest, first.digest)


def _opened(path: str) -> DifferenceFile:
    found = read(path)
    if found is None:
        raise UsageError(
            "{} is no difference".format(path),
            fix="name the old bundle first, then what 'offkit bundle --since' wrote",
        )
    return found


def _refuse_misfits(old: str, digest: str, chain: Sequence[DifferenceFile]) -> None:
    """Each must be to what the one before it makes, the first to the bundle with that digest."""
    findings, there = [], old
    for one in chain:
        if one.difference.base != digest:
            message = "is to the bundle with the digest {}; {} has {}".format(
                one.difference.base, there, digest
            )
            fix = "name the bundle that the first is to, then the differences as they were made"
            findings.append(Finding("BUN021", ERROR, one.file.path, message, (one.file.path, old), fix))
        there, digest = "the bundle that {} makes".format(one.file.path), one.digest
    if findings:
        raise EnvironmentProblem("the differences do not fit", findings)


def _places(
    first: bundle_file.Opened, chain: Sequence[DifferenceFile]
) -> Dict[Content, Tuple[File, Segment]]:
    """Where all contents are."""
    found = {(one.size, one.sha256): (first.file, one) for one in first.segments}
    for each in chain:
        found.update({(one.size, one.sha256): (each.file, one) for one in each.segments})
    return found


def _write(
    sink: BinaryIO,
    segments: Sequence[Segment],
    text: bytes,
    places: Dict[Content, Tuple[File, Segment]],
    reporter: Reporter,
) -> str:
    """The tar; SHA-256 (hex) of it."""
    seen = hashlib.sha256()
    amiss: List[Finding] = []
    with reporter.bar("writing", segments[-1].end + len(END), "B") as bar:

        def write(chunk: bytes) -> None:
            seen.update(chunk)
            sink.write(chunk)
            bar.advance(len(chunk))

        for segment in segments:
            write(segment.header)
            try:
                for chunk in _contents(segment, text, places):
                    write(chunk)
            except IntegrityError as error:
                amiss += error.findings
            write(b"\0" * archive.padding(segment.size))
        write(END)
    if amiss:
        found = list(dict.fromkeys(amiss))  # what one part has of several members is one
        number = words.several(len(found), "problem")
        raise IntegrityError("the bundle cannot be put together: " + number, found)
    return seen.hexdigest()


def _contents(segment: Segment, text: bytes, places: Dict[Content, Tuple[File, Segment]]) -> Iterator[bytes]:
    if segment.path == layout.MANIFEST:
        yield text
        return
    place = places.get((segment.size, segment.sha256))
    if place is None:
        message = "{} is neither in the old bundle nor in a difference".format(segment.path)
        raise damaged("BUN003", segment.path, message, "make the difference again")
    yield from bundle_file.contents(*place)


def _destination(out: str) -> str:
    """Where a file of that name really goes: a symlink is followed. Raises UsageError."""
    place = os.path.realpath(out)
    if os.path.exists(place) and not os.path.isfile(place):
        raise UsageError("{} is not a regular file".format(out), fix="give a file with -o")
    return place
