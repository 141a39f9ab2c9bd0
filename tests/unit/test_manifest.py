"""The manifest: canonical, self-checking, and strict about what it lists."""

import json

import pytest

from offkit.model import manifest
from offkit.model.errors import EnvironmentProblem, IntegrityError
from offkit.model.manifest import Manifest, Member
from offkit.model.target import preset

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
    data["self_sha256"] = manifest.digest(manifest._canonical(data))
    return manifest._canonical(data)


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
