"""The bundle of a control node: Ansible from the index, the collection from this offkit."""

import base64
import csv
import hashlib
import io
import json
import zipfile

import pytest

from offkit import __version__
from offkit.edges import data
from offkit.model import control_node as model
from offkit.model.errors import OffkitError, RequestError, UsageError
from offkit.model.report import Reporter
from offkit.online import bundle
from offkit.online.carry import collection, control_node
from offkit.online.request.locked import LockedWheel, Request
from target_maker import preset

FILES = {
    "galaxy.yml": b"namespace: offkit\nname: fleet\nversion: 0.1.0\ndescription: 'A fleet'\nauthors:\n  - x\n",
    "README.md": b"# x\r\n",
    "playbooks/deploy.yml": b"- hosts: all\n",
    "roles/offkit/tasks/main.yml": b"[]\n",
}
PLACE = "ansible_collections/offkit/fleet/"
INFO = "offkit_fleet-{}+collection.dist-info/".format(__version__)


def opened(wheel):
    """{name: contents} of its members, and their zip entries."""
    with zipfile.ZipFile(io.BytesIO(wheel.contents)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}, archive.infolist()


def test_a_wheel_as_installers_want_it():
    """PEP 427: RECORD vouches for every member; names and tag agree with the file's name."""
    wheel = collection.build(FILES)
    members, _ = opened(wheel)
    rows = list(csv.reader(io.StringIO(members[INFO + "RECORD"].decode())))
    assert [row[0] for row in rows] == list(members)
    for path, digest, size in rows[:-1]:
        found = base64.urlsafe_b64encode(hashlib.sha256(members[path]).digest()).rstrip(b"=").decode()
        assert (digest, size) == ("sha256=" + found, str(len(members[path])))
    assert rows[-1] == [INFO + "RECORD", "", ""]
    assert wheel.filename == "offkit_fleet-{}+collection-py3-none-any.whl".format(__version__)
    assert b"Name: offkit-fleet\nVersion: " + collection.VERSION.encode() in members[INFO + "METADATA"]
    assert b"Tag: py3-none-any\n" in members[INFO + "WHEEL"]


def test_an_installed_collection_as_ansible_wants_it():
    """MANIFEST.json names it, FILES.json has every file and directory; galaxy.yml stays at home."""
    members, _ = opened(collection.build(FILES))
    manifest = json.loads(members[PLACE + "MANIFEST.json"])
    about = manifest["collection_info"]
    assert (about["namespace"], about["name"], about["version"]) == ("offkit", "fleet", __version__)
    assert about["description"] == "A fleet"
    assert set(about) == {
        "namespace", "name", "version", "authors", "readme", "tags", "description", "license", "license_file",
        "dependencies", "repository", "documentation", "homepage", "issues",
    }  # fmt: skip
    assert (about["license"], about["license_file"], manifest["format"]) == (["MIT"], None, 1)
    listing = members[PLACE + "FILES.json"]
    assert manifest["file_manifest_file"]["chksum_sha256"] == hashlib.sha256(listing).hexdigest()
    entries = {one["name"]: one for one in json.loads(listing)["files"]}
    assert [name for name, one in entries.items() if one["ftype"] == "dir"] == [
        ".", "playbooks", "roles", "roles/offkit", "roles/offkit/tasks",
    ]  # fmt: skip
    assert PLACE + "galaxy.yml" not in members
    assert members[PLACE + "README.md"] == b"# x\n"
    assert entries["README.md"]["chksum_sha256"] == hashlib.sha256(b"# x\n").hexdigest()


def test_the_same_bytes_whatever_order_the_files_come_in():
    """Stored, at the zip epoch, sorted, rw-r--r--."""
    one, two = collection.build(FILES), collection.build(dict(reversed(FILES.items())))
    assert one.contents == two.contents
    for info in opened(one)[1]:
        assert (info.compress_type, info.date_time) == (zipfile.ZIP_STORED, (1980, 1, 1, 0, 0, 0))
        assert info.external_attr >> 16 == 0o100644


def test_what_stays_at_home(tmp_path, monkeypatch):
    """Hidden files, byte code, scenarios of tests, what ansible-galaxy built, retry files."""
    kept = ["README.md", "plugins/action/run.py", "roles/offkit/files/serve.py"]
    left = [
        ".ansible-lint", ".cache/x", "plugins/action/__pycache__/run.cpython-311.pyc", "tests/unit/test_x.py",
        "extensions/molecule/default/molecule.yml", "offkit-fleet-0.1.0.tar.gz", "deploy.retry",
    ]  # fmt: skip
    for name in [*kept, *left, "galaxy.yml"]:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x\n")
    monkeypatch.setattr(data, "directory", lambda path: str(tmp_path))
    assert list(collection.wheel().files) == kept


@pytest.mark.parametrize(("python", "fits"), [
    ("3.9", False), ("3.10", True), ("3.11", True), ("3.12", True), ("3.13", False), ("3.6", False),
])  # fmt: skip
def test_pythons_that_ansible_core_runs_on(python, fits):
    """Others are refused with the reason, and with what to take."""
    if fits:
        control_node.refuse(preset(python))
        return
    with pytest.raises(UsageError, match=r"ansible-core 2.16 runs on Python 3.10 to 3.12") as caught:
        control_node.refuse(preset(python))
    assert "--python 3.11" in caught.value.fix


def test_a_stranger_of_that_name_is_refused():
    """Whatever its spelling: the collection is this offkit's or none."""
    stranger = LockedWheel(
        "Offkit.Fleet", "9", "offkit_fleet-9-py3-none-any.whl", "https://index.test/x", "", ()
    )
    with pytest.raises(RequestError) as caught:
        control_node.own_wheel([stranger])
    assert [(one.code, one.subject) for one in caught.value.findings] == [("REQ010", "Offkit.Fleet")]


def test_an_offkit_without_its_collection(monkeypatch):
    """Said, instead of a bundle without playbooks."""

    def nowhere(path):
        raise FileNotFoundError(path)

    monkeypatch.setattr(data, "directory", nowhere)
    with pytest.raises(OffkitError, match="ansible/ is missing"):
        control_node.own_wheel([])


@pytest.mark.network
def test_the_bundle(tmp_path, wheel_cache):
    """Core 2.16 and the collection are pinned with hashes, and the manifest says what it is for; the
    same bytes again."""
    made = []
    for number in range(2):
        out = tmp_path / "control-{}.tar".format(number)
        request = Request(control_node.requirements(("passlib==1.7.4",)), (), ())
        order = bundle.Order(request, preset("3.11"), out, wheel_cache, control_node=True)
        made.append(bundle.bundle(order, Reporter()))
    first, second = made
    assert first.packed.path.read_bytes() == second.packed.path.read_bytes()
    pins = {wheel.name: wheel for wheel in first.lock.wheels}
    assert pins["ansible-core"].version.startswith("2.16.")
    assert pins["passlib"].version == "1.7.4"
    assert pins["offkit-fleet"].sha256 == collection.wheel().sha256
    assert "offkit-fleet=={}+collection \\\n    --hash=sha256:".format(__version__) in first.lock.text()
    told = {
        key: value for key, value in first.packed.manifest.options.items() if key not in ("from", "proofs")
    }
    assert told == {**model.to_options(pins["ansible-core"].version), "depends": []}
    names = [member.path for member in first.packed.manifest.wheels()]
    assert "wheels/" + collection.FILENAME in names
    assert (second.downloaded, [one for one in second.findings if one.severity == "error"]) == (0, [])
