"""A bundle in parts: read as one file, refused with the part that is wrong."""

import os
import zipfile

import pytest

import bundle_maker
from offkit.model import layout
from offkit.model.errors import IntegrityError, UsageError
from offkit.model.report import Reporter
from offkit.server.bundle import bundle_file, difference_file
from offkit.server.bundle.file import File

OLD = bundle_maker.make(dict([bundle_maker.wheel("alpha"), bundle_maker.wheel("beta")]))
MADE = bundle_maker.make(dict([bundle_maker.wheel("alpha"), bundle_maker.wheel("beta", "2.0")]))
SIZE = 3000
NAMES = sorted(bundle_maker.parted(MADE.data, SIZE))


@pytest.fixture
def folder(tmp_path):
    for name, data in bundle_maker.parted(MADE.data, SIZE).items():
        (tmp_path / name).write_bytes(data)
    return tmp_path


def whole(path):
    return bundle_file.verify(bundle_file.read_manifest(str(path)))


@pytest.mark.parametrize("name", ["bundle.tar.parts", "bundle.tar.001", "bundle.tar.003", ""])
def test_as_one_file(folder, name):
    """By its index, by any part, by the directory: members, wheels as zip archives, every size of part."""
    opened = whole(folder / name)
    assert opened.manifest == MADE.manifest
    assert opened.path == str(folder / "bundle.tar.parts")
    assert opened.file.size == len(MADE.data)
    for path, (_, start, end) in MADE.offsets.items():
        assert opened.read(path) == MADE.data[start:end]
    with zipfile.ZipFile(opened.open(layout.WHEELS + "beta-2.0-py3-none-any.whl")) as wheel:
        assert wheel.testzip() is None


@pytest.mark.parametrize("size", [11, 511, 512, 513, 4096, len(MADE.data) - 1, len(MADE.data), 1 << 20])
def test_parts_of_any_size(tmp_path, size):
    data = MADE.data[:4000] if size == 11 else MADE.data
    for name, part in bundle_maker.parted(data, size).items():
        (tmp_path / name).write_bytes(part)
    file = File(str(tmp_path / "bundle.tar.parts"))
    with file.reading() as source:
        assert source.read() == data
    for offset in (0, 1, 700, len(data) - 1, len(data)):
        with file.reading(offset) as source:
            assert source.read(999) == data[offset : offset + 999]


def test_missing_parts(folder):
    """All at once."""
    for name in NAMES[1:3]:
        os.unlink(str(folder / name))
    with pytest.raises(IntegrityError) as caught:
        whole(folder)
    assert [(one.code, one.subject) for one in caught.value.findings] == [
        ("BUN023", name) for name in NAMES[1:3]
    ]


def test_a_part_that_is_too_short(folder):
    (folder / NAMES[1]).write_bytes(b"x")
    with pytest.raises(IntegrityError, match="1 part cannot be used") as caught:
        whole(folder)
    (found,) = caught.value.findings
    assert (found.code, found.subject) == ("BUN024", NAMES[1])
    assert "it has 1 of 3000 bytes" in found.message


def test_damage(folder):
    """The parts that have it, and what they have of the bundle; not each member that follows from it."""
    for name in (NAMES[1], NAMES[2]):
        data = bytearray((folder / name).read_bytes())
        data[100] ^= 1
        (folder / name).write_bytes(bytes(data))
    with pytest.raises(IntegrityError) as caught:
        whole(folder)
    found = caught.value.findings
    assert [(one.code, one.subject) for one in found] == [("BUN024", NAMES[1]), ("BUN024", NAMES[2])]
    assert "bytes 3000 to 5999 of the bundle, is damaged or of another bundle" in found[0].message
    assert found[0].fix == "carry {} again, and put it beside the index".format(NAMES[1])


@pytest.mark.parametrize("where", [10, 600, 1500, 2900])
def test_damage_at_the_front(folder, where):
    """Where install.sh and the manifest are, by which all else is read: of the part, too."""
    data = bytearray((folder / NAMES[0]).read_bytes())
    data[where] ^= 1
    (folder / NAMES[0]).write_bytes(bytes(data))
    with pytest.raises(IntegrityError) as caught:
        whole(folder)
    assert [(one.code, one.subject) for one in caught.value.findings] == [("BUN024", NAMES[0])]


def damage(place, size, offset):
    """One bit of a bundle in parts of ``size`` bytes; the name of the part."""
    name = "{}.{:03d}".format(place, offset // size + 1)
    with open(name, "r+b") as part:
        part.seek(offset % size)
        (byte,) = part.read(1)
        part.seek(offset % size)
        part.write(bytes([byte ^ 1]))
    return os.path.basename(name)


def test_damage_while_it_is_read(folder):
    """After it was verified."""
    opened = whole(folder)
    beta = layout.WHEELS + "beta-2.0-py3-none-any.whl"
    name = damage(str(folder / "bundle.tar"), SIZE, MADE.offsets[beta][1])
    with pytest.raises(IntegrityError) as caught:
        opened.read(beta)
    assert [(one.code, one.subject) for one in caught.value.findings] == [("BUN024", name)]


def test_a_part_of_another_bundle(folder):
    """Which is as long."""
    other = bundle_maker.parted(OLD.data.ljust(len(MADE.data), b"\0"), SIZE)
    (folder / NAMES[1]).write_bytes(other[NAMES[1]])
    with pytest.raises(IntegrityError) as caught:
        whole(folder)
    assert [(one.code, one.subject) for one in caught.value.findings] == [("BUN024", NAMES[1])]


def test_parts_that_have_changed_names(folder):
    first, second = ((folder / name).read_bytes() for name in NAMES[1:3])
    (folder / NAMES[1]).write_bytes(second)
    (folder / NAMES[2]).write_bytes(first)
    with pytest.raises(IntegrityError) as caught:
        whole(folder)
    assert [one.message for one in caught.value.findings] == [
        "has what {} should have".format(name) for name in (NAMES[2], NAMES[1])
    ]
    assert caught.value.findings[0].fix.startswith("give the parts the names that the index says")


def test_damage_before_it_was_parted(tmp_path):
    """The parts are what the index says: then it is the bundle."""
    data = bytearray(MADE.data)
    data[MADE.offsets["offkit.pyz"][1]] ^= 1
    for name, part in bundle_maker.parted(bytes(data), SIZE).items():
        (tmp_path / name).write_bytes(part)
    with pytest.raises(IntegrityError) as caught:
        whole(tmp_path)
    assert [(one.code, one.subject) for one in caught.value.findings] == [("BUN001", "offkit.pyz")]


def test_a_directory_with_two(folder):
    """Nobody chooses between them."""
    (folder / "other.tar.parts").write_bytes(b"")
    with pytest.raises(UsageError, match="is a directory"):
        whole(folder)


def test_a_number_at_the_end_of_a_name(tmp_path):
    """Without an index it is a file like any other."""
    (tmp_path / "bundle.tar.2024").write_bytes(MADE.data)
    assert whole(tmp_path / "bundle.tar.2024").manifest == MADE.manifest


def test_differences_and_bundles_in_parts(folder):
    """Merged from parts, into one file."""
    (folder / "old").mkdir()
    (folder / "between").mkdir()
    for name, data in bundle_maker.parted(OLD.data, 5000).items():
        (folder / "old" / name).write_bytes(data)
    for name, data in bundle_maker.parted(bundle_maker.difference(OLD, MADE), 2000, "d").items():
        (folder / "between" / name).write_bytes(data)
    out = str(folder / "made.tar")
    difference_file.merge(str(folder / "old"), [str(folder / "between" / "d.001")], out, Reporter())
    assert (folder / "made.tar").read_bytes() == MADE.data
    (folder / "made.tar").unlink()
    shared = layout.WHEELS + "alpha-1.0-py3-none-any.whl"
    for name, data in bundle_maker.parted(OLD.data, 1 << 20, "whole.tar").items():
        (folder / "old" / name).write_bytes(data)
    both = [OLD.offsets[path][1] for path in (shared, layout.RUNTIME)]
    for offset in both:
        name = damage(str(folder / "old" / "whole.tar"), 1 << 20, offset)
    with pytest.raises(IntegrityError) as caught:  # of two members, and told once
        difference_file.merge(
            str(folder / "old" / "whole.tar.001"), [str(folder / "between" / "d.parts")], out, Reporter()
        )
    assert [(one.code, one.subject) for one in caught.value.findings] == [("BUN024", name)]
    for each in (name, "whole.tar.parts"):
        (folder / "old" / each).unlink()
    for place, size, offset in (
        (folder / "old" / "bundle.tar", 5000, OLD.offsets[shared][1]),
        (folder / "between" / "d", 2000, 100),
    ):
        name = damage(str(place), size, offset)
        with pytest.raises(IntegrityError) as caught:
            difference_file.merge(str(folder / "old"), [str(folder / "between" / "d.parts")], out, Reporter())
        assert [(one.code, one.subject) for one in caught.value.findings] == [("BUN024", name)]
        assert not os.path.exists(out)
        damage(str(place), size, offset)  # and back
