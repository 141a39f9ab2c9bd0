"""The manifest: canonical, self-checking, and strict about what it lists."""

import json

import pytest

from offkit.model import archive, manifest, sealed
from offkit.model.errors import EnvironmentProblem, IntegrityError
from offkit.model.manifest import Manifest, Member
from target_maker import preset

HASH = "0" * 64
GOOD = Manifest(
    preset("3.6"),
    {},
    "offkit test",
    10,
    (Member("install.sh", 3, HASH), Member("wheels/a-1-py3-none-any.whl", 4, HASH)),
)


def signed(**changes):
    """Canonical text of a manifest with some entries changed and its own checksum right."""
    data = json.loads(manifest.dump(GOOD).decode())
    data.update(changes)
    data.pop("self_sha256")
    return sealed.dump(data)


def test_round_trip():
    """What was dumped is loaded, and dumping again gives the same bytes."""
    text = manifest.dump(GOOD)
    assert manifest.load(text) == GOOD
    assert manifest.dump(manifest.load(text)) == text


def test_every_flipped_bit_is_noticed():
    """Digits, quotes, spaces: the text vouches for itself."""
    text = bytearray(manifest.dump(GOOD))
    for position in range(len(text)):
        text[position] ^= 1
        with pytest.raises(IntegrityError) as caught:
            manifest.load(bytes(text))
        assert caught.value.findings[0].subject == "MANIFEST.json"
        text[position] ^= 1


@pytest.mark.parametrize("path", ["../x", "/x", "wheels/../../x", "a//b", "", ".", "wheels/ü", "wheels/a b", "x\n", "odd",
                                  "MANIFEST.json", "wheels/a-1-py3-none-any.whl", "wheels\\x", "-rf"])  # fmt: skip
def test_unsafe_or_unknown_paths_are_refused(path):
    """Even with a right checksum: the last writer refuses."""
    members = json.loads(manifest.dump(GOOD).decode())["members"]
    with pytest.raises(IntegrityError):
        manifest.load(signed(members=[*members, {"path": path, "size": 1, "sha256": HASH}]))


@pytest.mark.parametrize("changes", [
    {"members": [{"path": "install.sh", "size": -1, "sha256": HASH}]},
    {"members": [{"path": "install.sh", "size": 1, "sha256": "zz"}]},
    {"members": None}, {"target": {}}, {"options": 3}, {"schema": "other"},
])  # fmt: skip
def test_nonsense_is_refused(changes):
    """A right checksum does not make it right."""
    with pytest.raises(IntegrityError):
        manifest.load(signed(**changes))


@pytest.mark.parametrize("text", [b"", b"{}", b"[]", b"null", b"\xff", b"{", b'{"self_sha256": 1}'])
def test_what_is_no_manifest(text):
    """One typed error for any bytes."""
    with pytest.raises(IntegrityError):
        manifest.load(text)


def test_a_newer_format_says_what_to_do():
    """Not damage: another offkit is needed, and the bundle has it."""
    with pytest.raises(EnvironmentProblem) as caught:
        manifest.load(signed(minimum_reader=99))
    assert "install.sh" in caught.value.fix


def test_the_wheels():
    assert GOOD.wheels() == [GOOD.members[1]]


def said(text):
    with pytest.raises(IntegrityError) as caught:
        manifest.load(text)
    (finding,) = caught.value.findings
    assert (finding.code, finding.subject, finding.severity) == ("BUN002", "MANIFEST.json", "error")
    assert caught.value.message == finding.message
    assert finding.message.startswith("MANIFEST.json is damaged: ")
    return finding.message[len("MANIFEST.json is damaged: ") :], finding.fix


def test_what_is_wrong_is_said():
    """With what can be done; a target that is none is no fault of the copy's."""
    fix = "copy the bundle again, and compare sha256sum on both sides of the gap"
    member = {"path": "install.sh", "size": 1, "sha256": HASH}
    for text, words in (
        (signed(schema="other"), "its schema is not offkit/bundle"),
        (manifest.dump(GOOD).replace(b"offkit test", b"offkit tost"), "its own checksum does not match"),
        (manifest.dump(GOOD).replace(b"\n ", b"\n  ", 1), "not in canonical form"),
        (signed(members=[dict(member, path="../x")]), "unsafe path '../x'"),
        (signed(members=[member, member]), "'install.sh' is listed twice"),
        (signed(members=[dict(member, path="MANIFEST.json")]), "'MANIFEST.json' is listed twice"),
        (signed(members=[dict(member, size=-1)]), "bad entry for 'install.sh'"),
        (signed(members=[dict(member, sha256="A" * 64)]), "bad entry for 'install.sh'"),
        (signed(members=[dict(member, path="odd")]), "odd"),
    ):
        assert said(text) == (words, fix)
    words, fix = said(signed(target={}))
    assert words.startswith("not a target description")
    assert fix == ""
    assert manifest.load(signed(members=[dict(member, size=0)])).members[0].size == 0


def test_who_wrote_a_newer_one():
    """Is named, with the way out; the same number is not newer."""
    with pytest.raises(EnvironmentProblem) as caught:
        manifest.load(signed(minimum_reader=3, made_by="offkit 9"))
    assert caught.value.message == "this bundle was written by offkit 9 and needs a newer offkit"
    assert caught.value.fix == (
        "use the offkit.pyz inside the bundle: tar -xf BUNDLE install.sh && sh install.sh BUNDLE"
    )
    assert manifest.load(signed(format=2)) == GOOD
    assert manifest.load(signed(format=3)).mtime == 1
    assert manifest.load(signed(format=1, minimum_reader=1)).mtime == 0


def test_sources_are_for_newer_readers_only():
    """One that does not know them would install without."""
    for path in ("sources/a-1.tar.gz", "build-wheels/b-1-py3-none-any.whl"):
        with_it = GOOD._replace(members=(*GOOD.members[:1], Member(path, 1, HASH), *GOOD.members[1:]))
        data = json.loads(manifest.dump(with_it).decode("ascii"))
        assert (data["format"], data["minimum_reader"]) == (2, 2)
        assert manifest.load(manifest.dump(with_it)) == with_it


def test_the_text_of_a_manifest():
    """Every field, sorted, in ASCII, with its own checksum."""
    text = manifest.dump(GOOD._replace(options={"b": "\xfc", "a": 1}))
    data = json.loads(text.decode("ascii"))
    claimed = data.pop("self_sha256")
    assert data == {
        "schema": "offkit/bundle-1",
        "format": 2,
        "minimum_reader": 2,
        "target": GOOD.target.to_json(),
        "options": {"a": 1, "b": "\xfc"},
        "made_by": "offkit test",
        "installed_size": 10,
        "members": [
            {"path": "install.sh", "size": 3, "sha256": HASH},
            {"path": "wheels/a-1-py3-none-any.whl", "size": 4, "sha256": HASH},
        ],
    }
    whole = (json.dumps(data, indent=1, sort_keys=True) + "\n").encode("ascii")
    assert claimed == manifest.digest(whole)
    assert text == (json.dumps(dict(data, self_sha256=claimed), indent=1, sort_keys=True) + "\n").encode()


@pytest.mark.parametrize(
    ("path", "safe"),
    [("a", True), ("a/b-1.0+x_y!.Z", True), ("a/..b", True), ("a/../b", False), ("a/.", False), ("a\n", False),
     ("/a", False), ("a/", False), ("a b", False), ("", False)],
)  # fmt: skip
def test_paths_that_are_safe(path, safe):
    assert archive.is_safe(path) is safe
