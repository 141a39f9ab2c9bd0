"""How rpm is asked for a signature; what its answers mean is in tests/shared/signature."""

import subprocess

import rpm_tools
from offkit.edges import run as running
from offkit.media import rpm_keys
from offkit.media.rpm_keys import DAMAGED, UNCHECKED, KeyRing, judge


def test_words_of_an_error():
    """A file that is none gets no lines, and rpm's complaint is passed on."""
    found = judge("c.rpm:\n", "error: c.rpm: signature hdr blob(4388): BAD, read returned 0\n")
    assert found.kind == DAMAGED
    assert found.text.startswith("error: c.rpm")


def test_without_rpm(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    ring = KeyRing(str(tmp_path))
    ring.add(["/no/such/key"])
    assert ring.check("/no/such/file").kind == UNCHECKED


def test_how_rpm_is_asked(monkeypatch):
    """With a database of its own, in English, with no macros of a home; each key, then each file."""
    calls = []

    def run(argv, environment):
        calls.append((argv, environment))
        code = 1 if argv[-1] == "/bad" else 0
        return running.Result(argv, code, "x.rpm:\n", "error: lost\n")

    monkeypatch.setattr(rpm_keys, "run", run)
    ring = KeyRing("/ring")
    ring.add(["/k1", "/bad", "/k2"])
    assert ring.available is True
    assert ring.check("/x.rpm") == (DAMAGED, "error: lost")
    words = [argv for argv, _ in calls]
    assert words == [
        ["rpm", "--dbpath", "/ring", "--version"],
        *[["rpm", "--dbpath", "/ring", "--import", key] for key in ("/k1", "/bad", "/k2")],
        ["rpm", "--dbpath", "/ring", "-Kv", "/x.rpm"],
    ]
    expected = running.clean_environment({"LC_ALL": "C", "HOME": "/ring"})
    assert all(environment == expected for _, environment in calls)


def test_a_key_without_armour(tmp_path):
    """As gpg --export writes it: rpm itself refuses such a file. Two of them stand in one file as well."""
    rpm_tools.need()
    keys = [rpm_tools.Key(tmp_path / name) for name in ("one", "two")]
    plain = []
    for key in keys:
        plain.append(subprocess.check_output(["gpg", "--dearmor", "-o", "-", key.public]))
        with open(key.public, "rb") as source:
            assert "".join(rpm_keys.armour(plain[-1]).decode().split()) == "".join(
                source.read().decode().split()
            )
        assert rpm_keys.armour(rpm_keys.armour(plain[-1])) == rpm_keys.armour(plain[-1])
    made = [rpm_tools.build(tmp_path, name, {"/usr/share/" + name: b"x"}) for name in ("a", "b")]
    for key, path in zip(keys, made):
        key.sign(path)
    bare, both = tmp_path / "bare", tmp_path / "both"
    bare.write_bytes(plain[0])
    both.write_bytes(b"\n".join(map(rpm_keys.armour, plain)))
    for file, kinds in ((bare, ["signed", "no key"]), (both, ["signed", "signed"])):
        folder = tmp_path / (file.name + ".ring")
        folder.mkdir()
        ring = KeyRing(str(folder))
        assert ring.add([str(file)]) == []
        assert [ring.check(path).kind for path in made] == kinds
    assert rpm_keys.armoured(str(both), str(tmp_path)) == str(both)
    assert rpm_keys.armoured("/no/such/key", str(tmp_path)) == "/no/such/key"


def test_without_rpm_nothing_is_asked(monkeypatch):
    """Beyond whether it is there."""
    calls = []

    def run(argv, environment):
        calls.append(argv)
        return running.Result(argv, 127, "", "")

    monkeypatch.setattr(rpm_keys, "run", run)
    ring = KeyRing("/ring")
    ring.add(["/k"])
    assert ring.check("/x") == (UNCHECKED, "rpm is not installed")
    assert len(calls) == 1
    assert calls[0][-1] == "--version"
