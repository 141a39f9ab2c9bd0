"""Which keys a server has for a medium's packages: its vendor's, and those that somebody imported into rpm."""

import os

import pytest

import rpm_tools
from offkit.edges.run import Result
from offkit.edges.tree import Tree
from offkit.media import keys, rpm_keys
from offkit.model.errors import IntegrityError

ARMOUR = "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nmQ==\n-----END PGP PUBLIC KEY BLOCK-----\n"


def played(monkeypatch, stdout, code=0):
    asked = []

    def run(argv, environment):
        asked.append(list(argv))
        return Result(argv, code, stdout, "")

    monkeypatch.setattr(rpm_keys, "run", run)
    return asked


def test_files_of_the_vendor(monkeypatch, tmp_path):
    """By who packaged the release: a repository of somebody else's brings its key into the same place."""
    for name in ("RPM-GPG-KEY-kylin", "RPM-GPG-KEY-EPEL-8", "by-hand", "RPM-GPG-KEY-odd"):
        (tmp_path / name).write_text("key")
    rows = [
        ("KylinSoft", "/usr/lib/os-release"),
        ("KylinSoft", "{}/RPM-GPG-KEY-kylin".format(tmp_path)),
        ("Fedora Project", "{}/RPM-GPG-KEY-EPEL-8".format(tmp_path)),
        ("(none)", "{}/RPM-GPG-KEY-odd".format(tmp_path)),
    ]
    text = "".join("{}\t{}\n".format(*row) for row in rows)
    text += "file {}/by-hand is not owned by any package\n".format(tmp_path)
    asked = played(monkeypatch, text, 1)
    assert rpm_keys.of_vendor(str(tmp_path)) == ("{}/RPM-GPG-KEY-kylin".format(tmp_path),)
    assert asked[0][:2] == ["rpm", "-qf"]
    assert rpm_keys.of_vendor(str(tmp_path / "nowhere")) == ()


@pytest.mark.parametrize(
    ("said", "code", "found"),
    [(ARMOUR, 0, ARMOUR), ("package gpg-pubkey is not installed\n", 1, ""), ("(none)\n", 0, "")],
)
def test_keys_that_rpm_has(monkeypatch, said, code, found):
    """As a text that rpm itself takes back."""
    played(monkeypatch, said, code)
    assert rpm_keys.imported() == found


def test_the_order(tmp_path):
    """The distribution's own by name, the vendor's, the medium's, and rpm's where there is no other."""
    place = tmp_path / "etc" / "pki" / "rpm-gpg"
    place.mkdir(parents=True)
    here = keys.Server(7, "centos", Tree(str(tmp_path)))
    with pytest.raises(IntegrityError):
        keys.key_of("disc", [], "/mnt", here)
    told = here._replace(imported=ARMOUR)
    assert keys.key_of("disc", [], "/mnt", told) == ""
    assert keys.key_of("disc", ["RPM-GPG-KEY-x"], "/mnt", told) == "/mnt/RPM-GPG-KEY-x"
    (place / "of-vendor").write_text("key")
    vendors = told._replace(vendor=(keys.KEYS + "/of-vendor", keys.KEYS + "/gone"))
    assert keys.key_of("disc", ["RPM-GPG-KEY-x"], "/mnt", vendors) == keys.KEYS + "/of-vendor"
    (place / "RPM-GPG-KEY-CentOS-7").write_text("key")
    assert vendors.keys == (keys.KEYS + "/RPM-GPG-KEY-CentOS-7", keys.KEYS + "/of-vendor")


def test_a_ring_of_real_keys(tmp_path):
    """What rpm exports it takes back: a package that is signed with it is in order."""
    rpm_tools.need()
    key = rpm_tools.Key(tmp_path / "gnupg")
    package = rpm_tools.build(tmp_path, "x", {"/usr/share/x": b"x"})
    key.sign(package)
    rings = []
    for name in ("empty", "full"):
        os.mkdir(str(tmp_path / name))
        rings.append(rpm_keys.KeyRing(str(tmp_path / name)))
    with open(key.public) as source:
        rings[1].add_imported(source.read())
    assert [ring.check(package).kind for ring in rings] == [rpm_keys.NO_KEY, rpm_keys.SIGNED]
