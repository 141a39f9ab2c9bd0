"""The collection's wheel, file by file, and what is said of a control node."""

import hashlib
import io
import json
import zipfile

import pytest

from offkit import __version__
from offkit.edges import data
from offkit.model.errors import OffkitError, RequestError, UsageError
from offkit.model.finding import Finding
from offkit.online.carry import collection, control_node
from offkit.online.request.locked import LockedWheel
from target_maker import preset

PLACE = "ansible_collections/offkit/fleet/"
INFO = f"offkit_fleet-{__version__}+collection.dist-info/"

GALAXY = (
    'namespace: offkit\ndescription: "A fleet: ours"  \nrepository:\thttps://host.test/r\n'
    "documentation: 'https://host.test/d'\nhomepage: https://host.test/h\nissues: https://host.test/i\n"
    "authors:\n  - x\nlicense: [MIT]\ntags: []\nodd: |\n  text\nReadme: no\n"
)


def members(galaxy=GALAXY, **files):
    found = {"galaxy.yml": galaxy.encode(), **{name.replace("__", "/"): text for name, text in files.items()}}
    return opened(found)


def opened(found):
    with zipfile.ZipFile(io.BytesIO(collection.build(found).contents)) as wheel:
        return {name: wheel.read(name) for name in wheel.namelist()}


def test_what_a_wheel_says_of_itself():
    """Line by line."""
    found = members()
    assert found[INFO + "METADATA"].decode().splitlines() == [
        "Metadata-Version: 2.1",
        "Name: offkit-fleet",
        f"Version: {__version__}+collection",
        "Summary: The Ansible collection offkit.fleet, by the offkit that made the bundle",
        "License: MIT",
        "Requires-Python: >=3.10",
        "Requires-Dist: ansible-core>=2.16",
    ]
    assert found[INFO + "WHEEL"].decode().splitlines() == [
        "Wheel-Version: 1.0",
        f"Generator: offkit ({__version__})",
        "Root-Is-Purelib: true",
        "Tag: py3-none-any",
    ]
    assert list(found) == [
        PLACE + "FILES.json", PLACE + "MANIFEST.json", INFO + "METADATA", INFO + "WHEEL", INFO + "RECORD",
    ]  # fmt: skip
    assert [path for path in opened({}) if path.startswith(PLACE)] == list(found)[:2]


def test_the_manifest_of_a_collection():
    """All its fields; those that galaxy.yml has on a line are taken from there."""
    found = members(README_md=b"")
    listing = found[PLACE + "FILES.json"]
    about = {
        "namespace": "offkit",
        "name": "fleet",
        "version": __version__,
        "authors": ["offkit"],
        "readme": "README.md",
        "tags": [],
        "description": "A fleet: ours",
        "license": ["MIT"],
        "license_file": None,
        "dependencies": {},
        "repository": "https://host.test/r",
        "documentation": "https://host.test/d",
        "homepage": "https://host.test/h",
        "issues": "https://host.test/i",
    }
    content = {
        "collection_info": about,
        "file_manifest_file": {
            "name": "FILES.json",
            "ftype": "file",
            "chksum_type": "sha256",
            "chksum_sha256": hashlib.sha256(listing).hexdigest(),
            "format": 1,
        },
        "format": 1,
    }
    assert found[PLACE + "MANIFEST.json"].decode() == json.dumps(content, indent=1) + "\n"
    bare = json.loads(members("")[PLACE + "MANIFEST.json"])["collection_info"]
    assert bare["description"] == "A fleet of servers without a network"
    assert [bare[name] for name in ("repository", "documentation", "homepage", "issues")] == [None] * 4


def test_the_files_of_a_collection():
    """Directories before files, both in order, each once."""
    content = json.loads(members(b__c__x=b"1\r\n", b__a=b"2", a=b"3")[PLACE + "FILES.json"])

    def entry(name, text=None):
        digest = hashlib.sha256(text).hexdigest() if text else None
        return {
            "name": name,
            "ftype": "file" if text else "dir",
            "chksum_type": "sha256" if text else None,
            "chksum_sha256": digest,
            "format": 1,
        }

    files = [entry("a", b"3"), entry("b/a", b"2"), entry("b/c/x", b"1\n")]
    assert content == {"files": [entry("."), entry("b"), entry("b/c"), *files], "format": 1}


def test_scalars_of_galaxy():
    """Values on one line, without their quotes; lists, maps, blocks and comments are none."""
    text = "a: x\nb:  'y z' \nc: [1]\nd: {}\ne: |\nf: >\ng: # no\nh:\n  i: 1\nj_k: \"q\"\nL: no\n"
    assert collection._scalars(text) == {"a": "x", "b": "y z", "j_k": "q"}
    assert collection._scalars("a: \"A 'fleet'\"\nb: it's\nc: '\n") == {
        "a": "A 'fleet'",
        "b": "it's",
        "c": "'",
    }


def test_files_that_belong_to_it(tmp_path, monkeypatch):
    """With their contents; where this offkit has none there are none."""
    for name in ("playbooks/x.yml", ".hidden/y.yml", "galaxy.yml", "tests/galaxy.yml", "a.tar.gz", "b.pyc"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(name.encode())
    assert dict(collection._files(str(tmp_path))) == {
        "playbooks/x.yml": b"playbooks/x.yml",
        "galaxy.yml": b"galaxy.yml",
    }
    asked = []
    monkeypatch.setattr(data, "directory", lambda path: asked.append(path) or str(tmp_path))
    found = collection.wheel()
    assert (asked, found.files) == (["ansible"], ("playbooks/x.yml",))
    assert found.sha256 == hashlib.sha256(found.contents).hexdigest()
    assert control_node.own_wheel([]) == found

    def nowhere(path):
        raise FileNotFoundError(path)

    monkeypatch.setattr(data, "directory", nowhere)
    assert collection.wheel().files == ()
    with pytest.raises(OffkitError, match=r"^this offkit is incomplete: ansible/ is missing$"):
        control_node.own_wheel([])


def locked(name, version="1"):
    return LockedWheel(
        name, version, f"{name}-{version}-py3-none-any.whl", f"https://index.test/{name}", "", ()
    )


def test_what_a_control_node_is_told():
    """Why its Python does not do, and that the collection is nobody else's."""
    with pytest.raises(UsageError) as caught:
        control_node.refuse(preset("3.9"))
    python = preset("3.9").python
    assert caught.value.message == (
        f"ansible-core 2.16 runs on Python 3.10 to 3.12; the control node would have {python}"
    )
    assert caught.value.fix == (
        "use --python 3.11, which el8 (8.8) and el9 (9.2) have on their DVD, or --python-build FILE; "
        "the managed servers do not need it: offkit's playbooks need no Python there"
    )
    with pytest.raises(RequestError) as refused:
        control_node.own_wheel([locked("beta"), locked("offkit_fleet", "9")])
    assert refused.value.message == "offkit_fleet cannot be combined with --control-node"
    assert refused.value.findings == (
        Finding(
            "REQ010", "error", "offkit_fleet",
            "is a package on the index (offkit_fleet-9-py3-none-any.whl) with the name of offkit's own",
            ("https://index.test/offkit_fleet",),
            "omit it: --control-node adds the collection",
        ),
    )  # fmt: skip


def test_what_a_control_node_gets():
    """Ansible first; its version is for the manifest."""
    assert control_node.requirements(("x", "y")) == ("ansible-core==2.16.*", "x", "y")
    ours = control_node.options(
        [locked("beta", "3"), locked("Ansible.Core", "2.16.5"), locked("ansible-core", "9")]
    )
    assert ours == control_node.control_node.to_options("2.16.5")
    assert control_node.options([locked("beta")]) == control_node.control_node.to_options("")
