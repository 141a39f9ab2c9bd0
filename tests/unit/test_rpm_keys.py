"""What rpm says of a signature, in the words of each of its versions."""

import pytest

from offkit.edges import run as running
from offkit.media import rpm_keys
from offkit.media.rpm_keys import DAMAGED, NO_KEY, SIGNED, UNCHECKED, UNSIGNED, KeyRing, judge

# rpm 4.11.3 (el7), 4.14.3 (el8), 4.16.1 (el9), 4.18.0.
EL7 = """libSM-1.2.2-2.el7.x86_64.rpm:
    Header V3 RSA/SHA256 Signature, key ID f4a80eb5: {}
    Header SHA1 digest: OK (5a9ff0c1ea3d5ba2a4b4a67a3c9d7a55f2e4e5a4)
    V3 RSA/SHA256 Signature, key ID f4a80eb5: {}
    MD5 digest: OK (0cc175b9c0f1b6a831c399e269772661)
"""
EL8 = """libSM-1.2.3-1.el8.x86_64.rpm:
    Header V3 RSA/SHA256 Signature, key ID 6d745a60: {}
    Header SHA256 digest: OK
    Header SHA1 digest: OK
    Payload SHA256 digest: {}
    V3 RSA/SHA256 Signature, key ID 6d745a60: {}
    MD5 digest: OK
"""
UNSIGNED_418 = """u.rpm:
    Header SHA256 digest: OK
    Header SHA1 digest: OK
    Payload SHA256 digest: OK
    MD5 digest: OK
"""
BAD_418 = """x.rpm:
    Header V4 RSA/SHA256 Signature, key ID 57e1d941: OK
    Header SHA256 digest: OK
    Header SHA1 digest: OK
    Payload SHA256 ALT digest: BAD (Expected 0212 != 1c72)
    Payload SHA256 digest: BAD (Expected 4ba2 != 1c72)
    RSA signature: NOTFOUND
    DSA signature: NOTFOUND
    MD5 digest: BAD (Expected 4a12 != de5e)
"""


# An RPM of el7 with another payload: the signature over all of it dropped, the MD5 made to fit.
HEADER_ONLY = """x.rpm:
    Header V3 RSA/SHA256 Signature, key ID f4a80eb5: OK
    Header SHA1 digest: OK (5a9ff0c1ea3d5ba2a4b4a67a3c9d7a55f2e4e5a4)
    MD5 digest: OK (0cc175b9c0f1b6a831c399e269772661)
"""


@pytest.mark.parametrize(
    ("said", "kind", "text"),
    [
        (EL7.format("OK", "OK"), SIGNED, "f4a80eb5"),
        (EL7.format("NOKEY", "NOKEY"), NO_KEY, "f4a80eb5"),
        (EL7.format("OK", "BAD"), DAMAGED, "V3 RSA/SHA256 Signature, key ID f4a80eb5"),
        (EL8.format("OK", "OK", "OK"), SIGNED, "6d745a60"),
        (EL8.format("NOKEY", "OK", "NOKEY"), NO_KEY, "6d745a60"),
        (EL8.format("NOTTRUSTED", "OK", "OK"), NO_KEY, "6d745a60"),
        (EL8.format("NOKEY", "BAD (Expected 1 != 2)", "NOKEY"), DAMAGED, "Payload SHA256 digest"),
        (UNSIGNED_418, UNSIGNED, ""),
        (HEADER_ONLY, UNSIGNED, "only its header is, which does not vouch for what it holds"),
        (BAD_418, DAMAGED, "Payload SHA256 ALT digest, Payload SHA256 digest, MD5 digest"),
        ("x.rpm:\n", DAMAGED, "x.rpm:"),
        ("", DAMAGED, "rpm says nothing"),
    ],
)
def test_each_answer(said, kind, text):
    """A wrong digest counts more than a missing key; nothing said is nothing vouched for."""
    assert judge(said) == (kind, text)


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


def test_without_rpm_nothing_is_asked(monkeypatch):
    """Beyond whether it is there."""
    calls = []

    def run(argv, environment):
        calls.append(argv)
        return running.Result(argv, 127, "", "")

    monkeypatch.setattr(rpm_keys, "run", run)
    ring = KeyRing("/ring")
    ring.add(["/k"])
    assert ring.check("/x") == (UNCHECKED, "there is no rpm here")
    assert len(calls) == 1
    assert calls[0][-1] == "--version"
