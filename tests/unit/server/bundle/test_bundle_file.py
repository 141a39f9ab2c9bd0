"""What verification accepts, and what it says about everything else."""

import gzip
import hashlib
import os

import pytest

import bundle_maker
from offkit.model import archive, layout
from offkit.model.errors import EnvironmentProblem, IntegrityError, UsageError
from offkit.model.report import Reporter
from offkit.server.bundle import bundle_file

MADE = bundle_maker.make()
ALPHA = "wheels/alpha-1.0-py3-none-any.whl"
BETA = "wheels/beta-2.1-py3-none-any.whl"


def problems(tmp_path, data):
    """(code, subject) of every finding about a bundle with these bytes."""
    path = tmp_path / "bundle.tar"
    path.write_bytes(data)
    with pytest.raises(IntegrityError) as caught:
        bundle_file.verify(bundle_file.read_manifest(str(path)))
    assert caught.value.exit_code == 3
    assert all(finding.message and finding.fix for finding in caught.value.findings)
    return sorted((finding.code, finding.subject) for finding in caught.value.findings)


def flipped(*positions):
    data = bytearray(MADE.data)
    for position in positions:
        data[position] ^= 0x20
    return bytes(data)


def stream(but=(), extra=(), order=None):
    """The members of MADE as (path, contents), without some, with others, in another order."""
    paths = order or sorted(MADE.offsets, key=lambda path: MADE.offsets[path])
    found = [
        (path, MADE.data[MADE.offsets[path][1] : MADE.offsets[path][2]]) for path in paths if path not in but
    ]
    return found + list(extra)


def block(name, kind=b"0", size=0, link=b""):
    """A header of another kind, with a right checksum."""
    raw = bytearray(archive.header("x", size)[:512])
    raw[:100] = name.encode().ljust(100, b"\0")
    raw[156:157] = kind
    raw[157:257] = link.ljust(100, b"\0")
    raw[148:156] = b" " * 8
    raw[148:156] = b"%06o\0 " % sum(raw)
    return bytes(raw)


def before_end(insertion):
    return MADE.data[: -len(archive.END)] + insertion + archive.END


def test_a_sound_bundle_passes(tmp_path):
    """Manifest, digest, members and size are those that were packed."""
    path = tmp_path / "bundle.tar"
    path.write_bytes(MADE.data)
    bundle = bundle_file.verify(bundle_file.read_manifest(str(path)))
    assert bundle.manifest == MADE.manifest
    assert bundle.size == len(MADE.data)
    assert [segment.path for segment in bundle.segments][:3] == [
        layout.INSTALL_SH,
        layout.MANIFEST,
        layout.RUNTIME,
    ]
    assert bundle.read(layout.CHECKLIST) == bundle_maker.CHECKLIST


def test_a_bundle_of_the_first_format_passes(tmp_path):
    """Its headers have no time, and none of them may have one."""
    old = bundle_maker.make(form=1)
    path = tmp_path / "bundle.tar"
    path.write_bytes(old.data)
    bundle = bundle_file.read_manifest(str(path))
    assert bundle_file.verify(bundle).manifest.format == 1
    at = old.offsets[ALPHA][0]
    damaged = old.data[:at] + archive.header(ALPHA, len(dict([bundle_maker.wheel("alpha")])[ALPHA[7:]]))
    assert problems(tmp_path, damaged + old.data[len(damaged) :]) == [("BUN009", ALPHA)]
    words = [each for each in (old.data, MADE.data) if b"00000000001\0" in each[136:148]]
    assert words == [MADE.data]


def test_names_longer_than_a_header_pass(tmp_path):
    """A wheel whose path needs an extended header is verified and read like any other."""
    name, data = bundle_maker.wheel("n" * 120)
    path = tmp_path / "bundle.tar"
    path.write_bytes(bundle_maker.make({name: data}).data)
    bundle = bundle_file.verify(bundle_file.read_manifest(str(path)))
    assert bundle.read("wheels/" + name) == data


@pytest.mark.parametrize("path", sorted(MADE.offsets))
def test_damaged_contents_name_their_member(tmp_path, path):
    """One bit in a member's contents is a finding about that member alone."""
    code = "BUN002" if path == layout.MANIFEST else "BUN001"
    assert problems(tmp_path, flipped(MADE.offsets[path][1] + 1)) == [(code, path)]


@pytest.mark.parametrize("path", sorted(MADE.offsets))
@pytest.mark.parametrize("field", [0, 100, 108, 124, 136, 148, 156, 200, 257, 265, 329, 345, 511])
def test_damaged_headers_name_their_member(tmp_path, path, field):
    """One bit in any field of a header is a finding about that member alone."""
    found = problems(tmp_path, flipped(MADE.offsets[path][0] + field))
    assert found in ([("BUN009", path)], [("BUN002", path)])


@pytest.mark.parametrize("path", sorted(MADE.offsets))
def test_damaged_padding_names_its_member(tmp_path, path):
    """The zeros behind a member are part of the bundle."""
    assert problems(tmp_path, flipped(MADE.offsets[path][2])) == [("BUN009", path)]


def test_all_damage_at_once(tmp_path):
    """Two damaged wheels, a header and some padding are four findings."""
    places = [
        MADE.offsets[ALPHA][1],
        MADE.offsets[BETA][1],
        MADE.offsets[layout.RUNTIME][0],
        MADE.offsets[layout.CHECKLIST][2],
    ]
    assert problems(tmp_path, flipped(*places)) == [
        ("BUN001", ALPHA),
        ("BUN001", BETA),
        ("BUN009", layout.CHECKLIST),
        ("BUN009", layout.RUNTIME),
    ]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (bundle_maker.tar(stream(but=[ALPHA]))[0], [("BUN003", ALPHA)]),
        (bundle_maker.tar(stream(but=[BETA]))[0], [("BUN003", BETA)]),
        (bundle_maker.tar(stream(but=[layout.MANIFEST]))[0], [("BUN003", layout.MANIFEST)]),
        (
            bundle_maker.tar(stream(but=[ALPHA, layout.RUNTIME]))[0],
            [("BUN003", layout.RUNTIME), ("BUN003", ALPHA)],
        ),
        (bundle_maker.tar(stream(extra=[("wheels/evil.whl", b"x")]))[0], [("BUN004", "wheels/evil.whl")]),
        (bundle_maker.tar(stream(extra=[(ALPHA, b"x")]))[0], [("BUN004", ALPHA)]),
        (bundle_maker.tar(stream(extra=[("MANIFEST.json.asc", b"x")]))[0], [("BUN004", "MANIFEST.json.asc")]),
        (bundle_maker.tar(stream(extra=[("../x", b"x")]))[0], [("BUN005", "../x")]),
        (bundle_maker.tar(stream(extra=[("/etc/passwd", b"x")]))[0], [("BUN005", "/etc/passwd")]),
        (bundle_maker.tar(stream(extra=[("wheels/../../x", b"x")]))[0], [("BUN005", "wheels/../../x")]),
        (before_end(block("link", b"2", link=b"/etc/passwd")), [("BUN006", "link")]),
        (before_end(block("hard", b"1", link=b"install.sh")), [("BUN006", "hard")]),
        (before_end(block("dev", b"3")), [("BUN006", "dev")]),
        (before_end(block("dir", b"5")), [("BUN006", "dir")]),
        (before_end(block("fifo", b"6")), [("BUN006", "fifo")]),
        (MADE.data + b"\0", [("BUN010", "end")]),
        (MADE.data + b"appended", [("BUN010", "end")]),
        (MADE.data[:-1], [("BUN007", "end")]),
        (MADE.data[:-1024], [("BUN007", "end")]),
        (MADE.data[: MADE.offsets[BETA][1] + 7], [("BUN007", BETA)]),
        (MADE.data[: MADE.offsets[ALPHA][1]], [("BUN007", ALPHA)]),
        (flipped(len(MADE.data) - 1), [("BUN009", "end")]),
        (flipped(len(MADE.data) - 1024), [("BUN009", "end")]),
    ],
    ids=lambda value: "" if isinstance(value, bytes) else " ".join(code + subject for code, subject in value),
)
def test_wrong_structure_is_named(tmp_path, data, expected):
    """Missing, extra, unsafe, irregular, appended, truncated: each says what and which."""
    assert problems(tmp_path, data) == expected


def test_a_member_replaced_by_a_link(tmp_path):
    """A regular member that became a symlink is not also reported missing."""
    start, _, end = MADE.offsets[BETA]
    data = MADE.data[:start] + block(BETA, b"2", link=b"/etc/shadow") + archive.END
    assert end
    assert problems(tmp_path, data) == [("BUN006", BETA)]


def test_swapped_members(tmp_path):
    """The same members in another order are not the same bundle."""
    order = [
        path
        for path in sorted(MADE.offsets, key=lambda path: MADE.offsets[path])
        if path not in (ALPHA, BETA)
    ]
    assert problems(tmp_path, bundle_maker.tar(stream(order=order + [BETA, ALPHA]))[0]) == [
        ("BUN011", "order")
    ]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "is empty"),
        (b"hello", "too short"),
        (b"x" * 5000, "not even a tar"),
        (gzip.compress(MADE.data), "is a gzip file"),
        (bundle_maker.zipped({"a": b"b" * 2000}, 0), "is a zip file"),
        (bundle_maker.tar([("a.txt", b"1")])[0], "no MANIFEST.json"),
    ],
    ids=["empty", "short", "text", "gzip", "zip", "tar"],
)
def test_not_a_bundle(tmp_path, data, words):
    """What is not a bundle at all is called that, and by its kind."""
    path = tmp_path / "thing"
    path.write_bytes(data)
    with pytest.raises(IntegrityError, match=words) as caught:
        bundle_file.read_manifest(str(path))
    assert [finding.code for finding in caught.value.findings] == ["BUN008"]


def test_a_directory_is_not_a_bundle(tmp_path):
    """Nor is a fifo, which is not waited for: a slip of the keyboard, and no damage."""
    os.mkfifo(str(tmp_path / "fifo"))
    for name, words in ((".", "is a directory"), ("fifo", "is not a regular file")):
        with pytest.raises(UsageError, match=words) as caught:
            bundle_file.read_manifest(str(tmp_path / name))
        assert caught.value.fix == "give the bundle.tar that 'offkit bundle' wrote"


def test_the_hash_of_the_whole_file(tmp_path):
    """On the way of the verification, and by itself: what sha256sum would say."""
    path = tmp_path / "bundle.tar"
    path.write_bytes(bundle_maker.make().data)
    expected = hashlib.sha256(path.read_bytes()).hexdigest()
    whole = hashlib.sha256()
    bundle = bundle_file.read_manifest(str(path))
    bundle_file.verify(bundle, Reporter(), whole)
    assert whole.hexdigest() == expected
    assert bundle_file.sha256(bundle, Reporter()) == expected


def test_a_bundle_is_the_file_that_was_opened(tmp_path):
    """Another file of that name, laid there meanwhile, is not looked at; a change of its own is seen."""
    path = tmp_path / "bundle.tar"
    path.write_bytes(bundle_maker.make().data)
    bundle = bundle_file.read_manifest(str(path))
    os.replace(str(path), str(tmp_path / "aside"))
    path.write_bytes(b"another")
    assert bundle_file.verify(bundle) is bundle
    assert hashlib.sha256(bundle.read(layout.RUNTIME)).hexdigest() == bundle._segment(layout.RUNTIME).sha256
    with open(str(tmp_path / "aside"), "r+b") as changed:
        changed.seek(bundle._segment(layout.RUNTIME).contents)
        changed.write(b"!")
    with pytest.raises(IntegrityError):
        bundle.read(layout.RUNTIME)
    with pytest.raises(IntegrityError):
        bundle_file.verify(bundle)


@pytest.mark.parametrize(("name", "subject"), [("a\nb", "a\\nb"), ("\x1b[2Jx", "\\x1b[2Jx")])
def test_no_name_commands_the_terminal(tmp_path, name, subject):
    """A member called with a newline or an escape sequence is named in one harmless line."""
    made = bundle_maker.make()
    data = made.data[: -len(archive.END)] + bundle_maker.tar([(name, b"x")])[0]
    path = tmp_path / "bundle.tar"
    path.write_bytes(data)
    with pytest.raises(IntegrityError) as caught:
        bundle_file.verify(bundle_file.read_manifest(str(path)))
    finding = next(one for one in caught.value.findings if one.code == "BUN005")
    assert finding.subject == subject
    assert finding.message.isprintable()


def test_missing_and_forbidden_files(tmp_path):
    """A wrong name is a usage error; a forbidden file a matter of permissions."""
    with pytest.raises(UsageError, match="does not exist"):
        bundle_file.read_manifest(str(tmp_path / "nothing.tar"))
    if os.geteuid():
        path = tmp_path / "secret.tar"
        path.write_bytes(MADE.data)
        path.chmod(0)
        with pytest.raises(EnvironmentProblem, match="cannot be read"):
            bundle_file.read_manifest(str(path))


def test_a_manifest_must_list_what_a_bundle_needs(tmp_path):
    """A consistent bundle without the runtime is still no bundle."""
    members = dict(stream(but=[layout.MANIFEST, layout.RUNTIME]))
    made = bundle_maker.assemble(members, MADE.manifest.target)
    assert problems(tmp_path, made.data) == [("BUN002", layout.MANIFEST)]


def test_change_after_verification_is_seen(tmp_path):
    """Members are hashed again when they are read."""
    path = tmp_path / "bundle.tar"
    path.write_bytes(MADE.data)
    bundle = bundle_file.verify(bundle_file.read_manifest(str(path)))
    path.write_bytes(flipped(MADE.offsets[ALPHA][1]))
    with pytest.raises(IntegrityError, match="alpha"):
        bundle.read(ALPHA)


def test_a_bundle_that_is_cut_off_meanwhile(tmp_path):
    """Integrity, and no wait for what will never come."""
    path = tmp_path / "bundle.tar"
    made = bundle_maker.make()
    path.write_bytes(made.data)
    opened = bundle_file.read_manifest(str(path))
    member = opened.manifest.wheels()[0].path
    os.truncate(str(path), made.offsets[member][1] + 1)
    with pytest.raises(IntegrityError, match="is damaged: its contents differ"):
        list(opened.chunks(member))


def test_members_open_as_files(tmp_path):
    """A wheel can be read as a zip archive where it lies."""
    import zipfile

    path = tmp_path / "bundle.tar"
    path.write_bytes(MADE.data)
    bundle = bundle_file.read_manifest(str(path))
    with bundle.open(ALPHA) as source, zipfile.ZipFile(source) as wheel:
        assert "alpha.py" in wheel.namelist()
        assert wheel.testzip() is None


DO_NOT = "do not unpack this file"
AGAIN = "copy the bundle again, and compare sha256sum on both sides of the gap"


def words(tmp_path, data):
    """(message of the error, [(code, subject, message, cure)])."""
    path = tmp_path / "bundle.tar"
    path.write_bytes(data)
    with pytest.raises(IntegrityError) as caught:
        bundle_file.verify(bundle_file.read_manifest(str(path)))
    assert all((each.severity, each.looked_in) == ("error", ()) for each in caught.value.findings)
    return caught.value.message, [
        (each.code, each.subject, each.message, each.fix) for each in caught.value.findings
    ]


CUT = "the bundle is truncated: {} of {} bytes, ending ".format("{}", len(MADE.data))


@pytest.mark.parametrize(
    ("data", "code", "subject", "message", "fix"),
    [
        (bundle_maker.tar(stream(but=[ALPHA]))[0], "BUN003", ALPHA, ALPHA + " is missing", AGAIN),
        (
            bundle_maker.tar(stream(extra=[("wheels/evil.whl", b"x")]))[0],
            "BUN004",
            "wheels/evil.whl",
            "wheels/evil.whl is not in the manifest",
            DO_NOT,
        ),
        (
            bundle_maker.tar(stream(extra=[(ALPHA, b"x")]))[0],
            "BUN004",
            ALPHA,
            ALPHA + " occurs twice",
            DO_NOT,
        ),
        (
            bundle_maker.tar(stream(extra=[("MANIFEST.json.asc", b"x")]))[0],
            "BUN004",
            "MANIFEST.json.asc",
            "MANIFEST.json.asc is a signature, which this offkit cannot check",
            AGAIN,
        ),
        (
            bundle_maker.tar(stream(extra=[("../x", b"x")]))[0],
            "BUN005",
            "../x",
            "'../x' is not a safe name for a member",
            DO_NOT,
        ),
        (
            before_end(block("link", b"2", link=b"/x")),
            "BUN006",
            "link",
            "link is a symbolic link, not a regular file",
            DO_NOT,
        ),
        (
            before_end(block("h", b"1", link=b"x")),
            "BUN006",
            "h",
            "h is a hard link, not a regular file",
            DO_NOT,
        ),
        (before_end(block("d", b"3")), "BUN006", "d", "d is a device, not a regular file", DO_NOT),
        (before_end(block("d", b"4")), "BUN006", "d", "d is a device, not a regular file", DO_NOT),
        (before_end(block("d", b"5")), "BUN006", "d", "d is a directory, not a regular file", DO_NOT),
        (before_end(block("f", b"6")), "BUN006", "f", "f is a fifo, not a regular file", DO_NOT),
        (
            before_end(block("f", b"9")),
            "BUN006",
            "f",
            "f is of unknown type '9', not a regular file",
            DO_NOT,
        ),
        (MADE.data + b"\0", "BUN010", "end", "1 extra byte after the end", AGAIN),
        (MADE.data + b"abc", "BUN010", "end", "3 extra bytes after the end", AGAIN),
        (
            MADE.data[:-1],
            "BUN007",
            "end",
            CUT.format(len(MADE.data) - 1) + "in its end-of-archive marker",
            AGAIN,
        ),
        (
            flipped(len(MADE.data) - 1),
            "BUN009",
            "end",
            "the end-of-archive marker is damaged",
            AGAIN,
        ),
        (
            flipped(MADE.offsets[ALPHA][1]),
            "BUN001",
            ALPHA,
            ALPHA + " is damaged: its contents differ from the manifest",
            AGAIN,
        ),
        (
            flipped(MADE.offsets[ALPHA][2]),
            "BUN009",
            ALPHA,
            "the padding after {} is damaged".format(ALPHA),
            AGAIN,
        ),
        (
            flipped(MADE.offsets[ALPHA][0]),
            "BUN009",
            ALPHA,
            "the header of {} is damaged".format(ALPHA),
            AGAIN,
        ),
    ],
    ids=lambda value: "" if isinstance(value, bytes) else None,
)
def test_what_is_said_of_a_structure(tmp_path, data, code, subject, message, fix):
    headline, found = words(tmp_path, data)
    assert found == [(code, subject, message, fix)]
    assert headline == "{} is not intact: 1 problem".format(tmp_path / "bundle.tar")


@pytest.mark.parametrize("number", [1, 2, 3])
def test_how_much_is_cut_off(tmp_path, number):
    """Where it ends, and how many members are lost besides."""
    order = sorted(MADE.offsets, key=lambda path: MADE.offsets[path][0])
    path = order[-number]
    at = MADE.offsets[path][1] + 1
    message = "the bundle is truncated: {} of {} bytes, ending inside {}".format(at, len(MADE.data), path)
    message += {1: "", 2: ", and 1 more member is missing", 3: ", and 2 more members are missing"}[number]
    assert words(tmp_path, MADE.data[:at])[1] == [("BUN007", path, message, AGAIN)]


def test_a_header_that_another_tar_wrote(tmp_path):
    """The same member with another owner: all of it is there, and it is not what offkit writes."""
    start = MADE.offsets[ALPHA][0]
    raw = bytearray(MADE.data)
    raw[start + 108 : start + 115] = b"0001750"
    raw[start + 148 : start + 156] = b" " * 8
    raw[start + 148 : start + 156] = b"%06o\0 " % sum(raw[start : start + 512])
    message = "the header of {} is not the one offkit writes (owner, time or mode)".format(ALPHA)
    assert words(tmp_path, bytes(raw))[1] == [("BUN009", ALPHA, message, AGAIN)]


def test_a_header_that_another_tar_wrote_before_damaged_contents(tmp_path):
    """The contents are what matters then."""
    start, contents = MADE.offsets[ALPHA][:2]
    raw = bytearray(MADE.data)
    raw[contents] ^= 1
    raw[start + 108 : start + 115] = b"0001750"
    raw[start + 148 : start + 156] = b" " * 8
    raw[start + 148 : start + 156] = b"%06o\0 " % sum(raw[start : start + 512])
    message = ALPHA + " is damaged: its contents differ from the manifest"
    assert words(tmp_path, bytes(raw))[1] == [("BUN001", ALPHA, message, AGAIN)]


def test_a_header_and_contents_that_are_damaged(tmp_path):
    """Nobody can tell whether the member was ever there."""
    start, contents = MADE.offsets[ALPHA][:2]
    message = ALPHA + " is missing, or damaged beyond recognition"
    assert words(tmp_path, flipped(start, contents))[1] == [("BUN003", ALPHA, message, AGAIN)]


def test_what_is_hashed_and_how_far_it_is(tmp_path):
    """Every byte once, and the bar ends where the bundle does but for its end marker."""
    path = tmp_path / "bundle.tar"
    path.write_bytes(MADE.data)
    told = []

    class Bar:
        def __enter__(self):
            return self

        def __exit__(self, *exc):
            told.append("done")

        def advance(self, size):
            told.append(size)

    class Listener(Reporter):
        def bar(self, title, total, unit):
            told.append((title, total, unit))
            return Bar()

    whole = hashlib.sha256()
    bundle = bundle_file.read_manifest(str(path))
    assert bundle_file.verify(bundle, Listener(), whole) is bundle
    assert whole.hexdigest() == hashlib.sha256(MADE.data).hexdigest()
    assert (told[0], told[-1]) == (("verifying", len(MADE.data), "B"), "done")
    assert sum(told[1:-1]) == len(MADE.data) - 1024
    del told[:]
    assert bundle_file.sha256(bundle, Listener()) == whole.hexdigest()
    assert told == [("reading", len(MADE.data), "B"), len(MADE.data), "done"]
