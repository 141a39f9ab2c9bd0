"""How a bundle is read that is not intact: headers one by one, and a manifest wherever it is."""

import hashlib
import io

import pytest

import bundle_maker
from offkit.model import archive, layout
from offkit.model.errors import IntegrityError
from offkit.server.bundle import autopsy

MADE = bundle_maker.make()
MANIFEST = MADE.data[slice(*MADE.offsets[layout.MANIFEST][1:])]


def signed(raw):
    """The header with the checksum of what is in it."""
    raw = bytes(raw[:148]) + b" " * 8 + bytes(raw[156:])
    return raw[:148] + b"%06o\0 " % sum(raw) + raw[156:]


def changed(header, **fields):
    """A header with other bytes at some offsets (named "at" and the offset)."""
    raw = bytearray(header)
    for name, data in fields.items():
        offset = int(name[2:])
        raw[offset : offset + len(data)] = data
    return signed(raw)


def manifest(data):
    return autopsy.find_manifest(io.BytesIO(data), "bundle.tar")


def member(path, part):
    """(before, this part of a member of MADE, behind); 0: the header, 1: contents."""
    start, end = MADE.offsets[path][part], MADE.offsets[path][part + 1]
    return MADE.data[:start], MADE.data[start:end], MADE.data[end:]


PLAIN = archive.header("wheels/a.whl", 12345)


@pytest.mark.parametrize(
    ("block", "found"),
    [
        (PLAIN, ("wheels/a.whl", "0", 12345)),
        (changed(PLAIN, at156=b"5"), ("wheels/a.whl", "5", 12345)),
        (changed(PLAIN, at156=b"\0"), ("wheels/a.whl", "0", 12345)),
        (changed(PLAIN, at124=b"      30\0   "), ("wheels/a.whl", "0", 24)),
        (changed(PLAIN, at124=b"\0" * 12), ("wheels/a.whl", "0", 0)),
        (changed(PLAIN, at124=b"\x80" + (1 << 83).to_bytes(11, "big")), ("wheels/a.whl", "0", 1 << 83)),
        (changed(PLAIN, at0=b"n" * 100), ("n" * 100, "0", 12345)),
        (changed(PLAIN, at345=b"p" * 155 + b"x"), ("p" * 155 + "/wheels/a.whl", "0", 12345)),
        (changed(PLAIN, at345=b"deep/down"), ("deep/down/wheels/a.whl", "0", 12345)),
        (changed(PLAIN, at257=b"ustar  ", at345=b"deep"), ("wheels/a.whl", "0", 12345)),
        (changed(PLAIN, at0=b"\xff"), ("\\xffheels/a.whl", "0", 12345)),
    ],
    ids=[
        "as written",
        "directory",
        "old",
        "blanks",
        "no size",
        "base 256",
        "full",
        "full prefix",
        "prefix",
        "GNU",
        "no UTF-8",
    ],
)
def test_what_a_header_says(block, found):
    """Name, kind and size, as any tar may have written them; contents begin behind it."""
    assert autopsy.parse_header(block, 1024) == autopsy.Header(*found + (1024, 1536))


@pytest.mark.parametrize(
    "block",
    [
        PLAIN[:511],
        PLAIN + b"\0",
        bytes(512),
        PLAIN.replace(b"wheels", b"wheelz"),
        PLAIN[:300] + b"x" + PLAIN[301:],
        PLAIN[:148] + b" " * 8 + PLAIN[156:],
        PLAIN[:148] + b"99999999" + PLAIN[156:],
        changed(PLAIN, at124=b"not a number"),
    ],
    ids=["short", "long", "zeros", "name", "behind", "no checksum", "no octal", "no size"],
)
def test_what_is_no_header(block):
    """Anything whose checksum is not right, or whose numbers are none."""
    assert autopsy.parse_header(block) is None


def test_the_manifest_is_the_second_member():
    """Where it begins, and exactly as much as its header says."""
    assert manifest(MADE.data) == (MADE.offsets[layout.MANIFEST][1], MANIFEST)


@pytest.mark.parametrize("at", [0, 100, 124, 148])
def test_behind_a_damaged_first_header_it_is_searched(at):
    """One bit of install.sh's: the same manifest at the same place."""
    data = bytearray(MADE.data)
    data[at] ^= 1
    assert manifest(bytes(data)) == (MADE.offsets[layout.MANIFEST][1], MANIFEST)


def test_a_member_before_it():
    """It is found behind what does not belong there."""
    extra = archive.header("extra", 600) + b"x" * 600 + bytes(archive.padding(600))
    start = MADE.offsets[layout.MANIFEST][0]
    at, text = manifest(MADE.data[:start] + extra + MADE.data[start:])
    assert (at, text) == (MADE.offsets[layout.MANIFEST][1] + len(extra), MANIFEST)


@pytest.mark.parametrize("at", [100, 124, 148, 156, 300])
def test_with_a_damaged_header_it_ends_at_its_brace(at):
    """Whatever the header says of its size; with its end damaged too there is nothing to go by."""
    before, header, behind = member(layout.MANIFEST, 0)
    damaged = header[:at] + bytes([header[at] ^ 1]) + header[at + 1 :]
    assert manifest(before + damaged + behind) == (MADE.offsets[layout.MANIFEST][1], MANIFEST)
    with pytest.raises(IntegrityError) as caught:
        manifest(before + damaged + behind.replace(b"\n}\n", b"\n)\n"))
    (finding,) = caught.value.findings
    assert (finding.code, finding.subject) == ("BUN002", "MANIFEST.json")
    assert finding.message == "MANIFEST.json is damaged: its header and its end are invalid"


def test_only_the_header_that_offkit_writes_is_believed():
    """Another owner, under a right checksum, is damage as well: the text ends at its brace."""
    before, header, behind = member(layout.MANIFEST, 0)
    other = changed(header, at108=b"0000001\0", at124=b"00000000005\0")
    assert manifest(before + other + behind)[1] == MANIFEST


def ended(data):
    """What is said of a bundle that has no manifest to go by."""
    with pytest.raises(IntegrityError) as caught:
        manifest(data)
    (finding,) = caught.value.findings
    return finding.code, finding.subject, finding.message


def test_a_bundle_that_ends_before_its_manifest_does():
    """In the header, in the text, or before either."""
    start, text, _ = MADE.offsets[layout.MANIFEST]
    cut = [ended(MADE.data[:size]) for size in (start, start + 100, text + 100)]
    assert cut == [
        ("BUN007", "bundle.tar", "bundle.tar ends before its MANIFEST.json"),
        ("BUN007", "bundle.tar", "bundle.tar ends inside the header of MANIFEST.json"),
        ("BUN007", "bundle.tar", "bundle.tar ends inside MANIFEST.json"),
    ]


def test_a_manifest_that_is_not_there():
    """Another member in its place; zeros in place of its header; another tar."""
    start, text = MADE.offsets[layout.MANIFEST][:2]
    behind = MADE.offsets[layout.RUNTIME][0]
    assert ended(MADE.data[:start] + MADE.data[behind:]) == (
        "BUN003",
        "MANIFEST.json",
        "MANIFEST.json is missing",
    )
    assert ended(MADE.data[:start] + bytes(512) + MADE.data[text:]) == (
        "BUN002",
        "MANIFEST.json",
        "the header of MANIFEST.json is damaged",
    )
    other = archive.header("a.txt", 1) + b"1" + bytes(511) + archive.END
    assert ended(other) == (
        "BUN008",
        "bundle.tar",
        "bundle.tar is a tar archive, but not a bundle: no MANIFEST.json",
    )


@pytest.mark.parametrize(
    ("magic", "kind"),
    [
        (b"\x1f\x8b", "gzip"),
        (b"BZh", "bzip2"),
        (b"\xfd7zXZ", "xz"),
        (b"PK\x03\x04", "zip"),
        (b"\x28\xb5\x2f\xfd", "zstd"),
    ],
)
def test_what_a_bundle_may_have_been_packed_into(magic, kind):
    """It says so, and to unpack it; what only ends before a header is called short."""
    assert ended(magic + b"x" * 1000) == (
        "BUN008",
        "bundle.tar",
        "bundle.tar is a {} file, not a bundle".format(kind),
    )
    assert ended(magic) == ("BUN008", "bundle.tar", "bundle.tar is too short to be a bundle")


def walked(data, landmarks=()):
    return list(autopsy.walk(io.BytesIO(data), landmarks, len(data)))


def test_every_header_that_can_be_read():
    """Behind one that cannot it goes on at the next place where a member should begin."""
    entries = walked(MADE.data)
    assert [(entry.name, entry.contents) for entry in entries] == [
        (path, MADE.offsets[path][1]) for path in sorted(MADE.offsets, key=lambda one: MADE.offsets[one])
    ]
    data = bytearray(MADE.data)
    data[MADE.offsets[layout.RUNTIME][0]] ^= 1
    names = [entry.name for entry in entries]
    starts = [entry.offset for entry in entries]
    assert [entry.name for entry in walked(bytes(data))] == names[:2]
    assert [entry.name for entry in walked(bytes(data), starts)] == names[:2] + names[3:]


def test_a_kind_without_contents_takes_no_room():
    """A link whose size is said to be something: the next header stands right behind its own."""
    link = changed(archive.header("link", 700), at156=b"2")
    file = archive.header("file", 3) + b"abc" + bytes(509)
    assert [entry.name for entry in walked(link + file)] == ["link", "file"]
    assert [entry.name for entry in walked(file + link + file)] == ["file", "link", "file"]


def test_long_names_of_either_kind():
    """GNU's and POSIX's; one is for the next member only, and one that is too long is passed over."""
    file = archive.header("file", 3) + b"abc" + bytes(509)

    def extended(kind, record):
        return changed(archive.header("x", len(record)), at156=kind) + record + bytes(-len(record) % 512)

    gnu, posix = extended(b"L", b"long/name\0"), extended(b"x", b"12 mtime=12\n18 path=other/name\n")
    huge = extended(b"L", b"n" * 70000)
    named = [entry.name for entry in walked(gnu + file + posix + file + file + huge + file)]
    assert named == ["long/name", "other/name", "file", "file"]


def test_whether_a_member_is_what_it_should_be():
    """By its hash, from where its contents begin; one that ends early is not."""
    data = b"head" + b"x" * 3000
    right = hashlib.sha256(b"x" * 3000).hexdigest()
    entry = autopsy.Header("a", "0", 3000, 0, 4)
    assert autopsy._holds(io.BytesIO(data), entry, right) is True
    assert autopsy._holds(io.BytesIO(data[:-1]), entry, right) is False
    assert autopsy._holds(io.BytesIO(data), entry._replace(contents=3), right) is False


@pytest.mark.parametrize(("size", "name"), [(64 * 1024, "long"), (64 * 1024 + 1, "wheels/a.whl")])
def test_a_record_of_any_length(size, name):
    """A name is read from up to 64 KiB; what claims to be longer is passed over."""
    record = b"long".ljust(size, b"\0")
    long = changed(archive.header("x", size), at156=b"L") + record + b"\0" * archive.padding(size)
    data = long + archive.header("wheels/a.whl", 0)
    assert [each.name for each in autopsy.walk(io.BytesIO(data), [], len(data))] == [name]
