"""A difference between two bundles: with the first it makes the second, byte for byte, or is refused."""

import hashlib
import io
import json
import os
import random
import subprocess
import tarfile

import pytest

import bundle_maker
from offkit.model import difference, layout, manifest, sealed
from offkit.model.errors import EnvironmentProblem, IntegrityError, OffkitError, UsageError
from offkit.model.report import Reporter
from offkit.server.bundle import bundle_file, difference_file
from target_maker import preset


def some(names, version="1.0"):
    return dict(bundle_maker.wheel(name, version) for name in names)


OLD = bundle_maker.make(some(["alpha", "beta"]))
NEW = bundle_maker.make(dict(some(["alpha", "gamma"]), **some(["beta"], "2.0")))
BETWEEN = bundle_maker.difference(OLD, NEW)


@pytest.fixture
def there(tmp_path, monkeypatch):
    """A directory with the two bundles and the difference."""
    monkeypatch.chdir(tmp_path)
    for name, data in (("old.tar", OLD.data), ("new.tar", NEW.data), ("between.tar", BETWEEN)):
        (tmp_path / name).write_bytes(data)
    return tmp_path


def merge(old, *differences, out="made.tar"):
    return difference_file.merge(old, differences, out, Reporter())


def test_it_makes_the_second(there):
    """And says of it what 'offkit bundle' said; it has only what is new, which every reader of tars can take."""
    made = merge("old.tar", "between.tar")
    assert (there / "made.tar").read_bytes() == NEW.data
    assert made.sha256 == hashlib.sha256(NEW.data).hexdigest()
    assert (made.size, made.digest) == (len(NEW.data), manifest.digest(NEW.text))
    assert os.stat("made.tar").st_mode & 0o777 == 0o644
    listed = subprocess.check_output(["tar", "-tf", "between.tar"]).decode().split()
    assert listed == [
        "DIFFERENCE.json",
        "install.sh",
        "new/MANIFEST.json",
        "new/requirements.txt",
        "new/wheels/beta-2.0-py3-none-any.whl",
        "new/wheels/gamma-1.0-py3-none-any.whl",
    ]
    assert sorted(os.listdir(".")) == ["between.tar", "made.tar", "new.tar", "old.tar"]


def test_in_the_place_of_the_old_one(there):
    """As it may be called."""
    merge("old.tar", "between.tar", out="old.tar")
    assert (there / "old.tar").read_bytes() == NEW.data


def test_histories(tmp_path, monkeypatch):
    """Twenty versions: wheels come, go and change, and come again; one target, several, and one once more.
    Each difference makes the next bundle, and those of all versions together the last."""
    monkeypatch.chdir(tmp_path)
    for seed in range(3):
        drawn = random.Random(seed)
        wheels, versions = some("abcdef"), []
        for _step in range(20):
            changed = drawn.choice("abcdefgh")
            wheels = {name: data for name, data in wheels.items() if not name.startswith(changed)}
            if drawn.random() < 0.8:
                wheels.update(some([changed], "1.{}".format(drawn.randrange(4))))
            if drawn.random() < 0.2:
                other = dict(wheels, **some(["only"]))
                made = bundle_maker.several([(preset(name="el7"), wheels), (preset(name="el9"), other)])
            else:
                made = bundle_maker.make(wheels, pyz=b"offkit %d" % drawn.randrange(2))
            versions.append(made)
        for number, made in enumerate(versions):
            (tmp_path / "{}.tar".format(number)).write_bytes(made.data)
        for number in range(1, 20):
            between = bundle_maker.difference(versions[number - 1], versions[number])
            (tmp_path / "{}.diff".format(number)).write_bytes(between)
            merge("{}.tar".format(number - 1), "{}.diff".format(number))
            assert (tmp_path / "made.tar").read_bytes() == versions[number].data
        names = ["{}.diff".format(number) for number in range(1, 20)]
        merge("0.tar", *names)
        assert (tmp_path / "made.tar").read_bytes() == versions[19].data


def test_it_costs_what_is_new():
    """One of fifty wheels of 200 KB is another: hardly more than that wheel."""
    large = {"a.bin": random.Random(0).getrandbits(8 * 200000).to_bytes(200000, "big")}
    fifty = dict(bundle_maker.wheel("w{}".format(number), files=large) for number in range(50))
    name, data = bundle_maker.wheel("w7", "2.0", files=dict(large, b=b"b"))
    other = {each: body for each, body in fifty.items() if not each.startswith("w7-")}
    between = bundle_maker.difference(
        bundle_maker.make(fifty), bundle_maker.make(dict(other, **{name: data}))
    )
    text = len(bundle_maker.make(fifty).text)
    assert len(between) < len(data) * 1.01 + 2 * text  # the manifest, and what lists it


def test_what_two_members_have_is_there_once():
    """Two targets with the same requirements."""
    new = bundle_maker.several([(preset(name="el7"), some(["gamma"])), (preset(name="el9"), some(["gamma"]))])
    texts = [one for one in new.manifest.members if one.path.endswith("requirements.txt")]
    assert len({one.sha256 for one in texts}) < len(texts)
    found = difference.load(_listed(bundle_maker.difference(OLD, new)))
    contents = [(one.size, one.sha256) for one in found.members]
    assert len(contents) == len(set(contents))


def _listed(data):
    """DIFFERENCE.json, the first member."""
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        return tar.extractfile(layout.DIFFERENCE).read()


def test_what_it_is_to(there):
    """A bundle, a difference in the place of the one that it makes, or a manifest, as generations keep it."""
    (there / "manifest").write_bytes(NEW.text)
    bases = [difference_file.base(name) for name in ("new.tar", "between.tar", "manifest")]
    assert bases[0] == bases[1] == bases[2]
    assert bases[0].digest == bundle_file.read_manifest("new.tar").digest
    assert difference_file.base("old.tar") != bases[0]


def test_another_bundle(there):
    """Nothing is written; each that does not fit is named, with what it is to."""
    (there / "second.tar").write_bytes(bundle_maker.difference(NEW, OLD))
    other = bundle_maker.make(some(["delta"]))
    (there / "other.tar").write_bytes(other.data)
    with pytest.raises(EnvironmentProblem) as caught:
        merge("other.tar", "second.tar", "second.tar")
    assert [(one.code, one.subject) for one in caught.value.findings] == [("BUN021", "second.tar")] * 2
    said = caught.value.findings[0].message
    assert manifest.digest(NEW.text) in said
    assert manifest.digest(other.text) in said
    with pytest.raises(EnvironmentProblem) as caught:
        merge("old.tar", "between.tar", "between.tar")
    (found,) = caught.value.findings
    assert "the bundle that between.tar makes has " + manifest.digest(NEW.text) in found.message
    with pytest.raises(UsageError, match=r"old\.tar is no difference"):
        merge("old.tar", "old.tar")
    with pytest.raises(UsageError, match=r"between\.tar is a difference to an earlier bundle"):
        merge("between.tar", "between.tar")
    assert not os.path.exists("made.tar")


def test_damage(there):
    """In the old bundle or in the difference: all of it at once, by the file that has it; what stood under that
    name stays."""
    (there / "made.tar").write_bytes(b"mine")
    spoilt = bytearray(OLD.data)
    for path in ("offkit.pyz", "wheels/alpha-1.0-py3-none-any.whl"):
        spoilt[OLD.offsets[path][1]] ^= 1
    (there / "old.tar").write_bytes(bytes(spoilt))
    between = bytearray(BETWEEN)
    between[between.index(b"gamma==1.0")] ^= 1
    (there / "between.tar").write_bytes(bytes(between))
    with pytest.raises(IntegrityError) as caught:
        merge("old.tar", "between.tar")
    assert [(one.code, one.subject, one.looked_in) for one in caught.value.findings] == [
        ("BUN001", "offkit.pyz", ("old.tar",)),
        ("BUN001", "new/requirements.txt", ("between.tar",)),
        ("BUN001", "wheels/alpha-1.0-py3-none-any.whl", ("old.tar",)),
    ]
    assert (there / "made.tar").read_bytes() == b"mine"
    assert len(os.listdir(".")) == 4


def read_whole(path):
    """As 'offkit verify'."""
    opened = difference_file.read(path)
    if opened is None:
        bundle_file.read_manifest(path)
    difference_file.verify(opened, Reporter())


def test_every_byte_of_it(there):
    """Verify, which 'offkit verify' calls, accepts no other: bits flipped, bytes lost, bytes more."""
    read_whole("between.tar")
    drawn = random.Random(1)
    others = [
        BETWEEN[:length] for length in (0, 1, 511, 512, 600, 3000, len(BETWEEN) - 1024, len(BETWEEN) - 1)
    ]
    others += [BETWEEN + b"\0", BETWEEN[:-1024] + OLD.data]
    for _ in range(300):
        changed = bytearray(BETWEEN)
        changed[drawn.randrange(len(changed))] ^= 1 << drawn.randrange(8)
        others.append(bytes(changed))
    for data in others:
        (there / "between.tar").write_bytes(data)
        with pytest.raises(IntegrityError) as caught:
            read_whole("between.tar")
        assert caught.value.findings
        try:
            merge("old.tar", "between.tar")
        except OffkitError:
            assert not os.path.exists("made.tar")
        else:
            assert (there / "made.tar").read_bytes() == NEW.data  # what is damaged is not used
            os.unlink("made.tar")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"base": "x"}, "it names no bundle that it is a difference to"),
        ({"members": []}, "it lists no manifest"),
        ({"minimum_reader": 2}, "needs a newer offkit"),
        ({"schema": "offkit/bundle-1"}, "its schema is not offkit/difference"),
    ],
)
def test_a_list_that_is_none(there, changes, said):
    data = json.loads(difference.dump(difference_file.read("between.tar").difference).decode())
    del data["self_sha256"]
    text = sealed.dump(dict(data, **changes))
    with pytest.raises((IntegrityError, EnvironmentProblem), match=said):
        difference.load(text)


@pytest.mark.parametrize(
    "path",
    ["new/../../x", "x", "abc/requirements.txt", "new/x", "new/-rf", "new/MANIFEST.json", "MANIFEST.json"],
)
def test_names_in_the_list(there, path):
    data = json.loads(difference.dump(difference_file.read("between.tar").difference).decode())
    del data["self_sha256"]
    members = [*data["members"], {"path": path, "size": 1, "sha256": "0" * 64}]
    with pytest.raises(IntegrityError, match=r"DIFFERENCE\.json is damaged"):
        difference.load(sealed.dump(dict(data, members=members)))


def test_a_forged_one(there):
    """Its manifest calls for what is nowhere."""
    listed = NEW.manifest.members + (manifest.Member("wheels/z-1-py3-none-any.whl", 9, "0" * 64),)
    text = manifest.dump(NEW.manifest._replace(members=listed))
    own = manifest.Member(layout.MANIFEST, len(text), manifest.digest(text))
    base = difference_file.base("old.tar")
    found = difference.of(
        base._replace(contents=frozenset(base.contents | {(9, "0" * 64)})), listed, own, "x"
    )
    stream = [(layout.DIFFERENCE, difference.dump(found)), (layout.INSTALL_SH, difference.INSTALL_SH)]
    stream += [(difference.MANIFEST, text)]
    for one in found.members[2:]:
        _, start, end = NEW.offsets[one.path[len(layout.NEW) :]]
        stream.append((one.path, NEW.data[start:end]))
    (there / "between.tar").write_bytes(bundle_maker.tar(stream)[0])
    with pytest.raises(IntegrityError) as caught:
        merge("old.tar", "between.tar")
    assert [(one.code, one.subject) for one in caught.value.findings] == [
        ("BUN003", "wheels/z-1-py3-none-any.whl")
    ]
    assert not os.path.exists("made.tar")


@pytest.mark.parametrize(("out", "error"), [("no/made.tar", EnvironmentProblem), (".", UsageError)])
def test_where_it_cannot_be_written(there, out, error):
    with pytest.raises(error):
        merge("old.tar", "between.tar", out=out)
    assert sorted(os.listdir(".")) == ["between.tar", "new.tar", "old.tar"]


def test_its_install_sh(there):
    """Somebody does with it what is done with a bundle."""
    subprocess.check_call(["tar", "-xf", "between.tar", "install.sh"])
    done = subprocess.run(
        ["sh", "install.sh", "between.tar"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    assert done.returncode == 2
    assert b"offkit merge OLD.tar DIFFERENCE.tar -o bundle.tar" in done.stdout
