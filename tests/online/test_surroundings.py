"""What a described server's security settings do to a bundle, said before it leaves."""

import json

import pytest

from bundle_maker import wheel
from offkit.online.proof import surroundings
from offkit.online.request.locked import LockedWheel
from offkit.online.rpms import server as servers

OPENSSL = "psycopg2_binary.libs/libcrypto-75e66d43.so.1.1"


@pytest.fixture
def wheels(tmp_path):
    """One with an OpenSSL of its own, and one that is known to have one."""
    made = [wheel("psycopg2_binary", files={OPENSSL: b""}), wheel("cryptography"), wheel("six")]
    for name, data in made:
        (tmp_path / name).write_bytes(data)
    locked = [
        LockedWheel(name.split("-")[0], "1.0", name, "", "", ("the request",), (), "") for name, _ in made
    ]
    return locked, [tmp_path / name for name, _ in made]


def said(wheels, tmp_path, **facts):
    path = tmp_path / "server.json"
    described = {
        "schema": "offkit/target-2",
        "fips": False,
        "fapolicyd": "installed",
        "crypto_policy": "DEFAULT",
    }
    described["mounts"] = [
        {"at": "/", "flags": [], "type": "xfs"},
        {"at": "/tmp", "flags": ["noexec"], "type": "xfs"},
    ]
    path.write_text(json.dumps({**described, **facts}))
    return surroundings.findings(*wheels, servers.read(path))


def test_an_ordinary_server(wheels, tmp_path):
    assert said(wheels, tmp_path) == []
    assert said(wheels, tmp_path, fips=None, crypto_policy="", mounts=[]) == []
    assert surroundings.findings(*wheels, None) == []


def test_fips_mode(wheels, tmp_path):
    mode, library, own = said(wheels, tmp_path, fips=True)
    assert {(each.code, each.subject) for each in (mode, library, own)} == {("ENV018", "FIPS mode")}
    assert [each.severity for each in (mode, library, own)] == ["info", "warning", "info"]
    assert library.looked_in == (OPENSSL,)
    assert (
        own.message
        == "has no say in what these compute with themselves: cryptography (an OpenSSL of its own)"
    )


def test_the_crypto_policy(wheels, tmp_path):
    (found,) = said(wheels, tmp_path, crypto_policy="FUTURE")
    assert (found.code, found.severity) == ("ENV019", "info")


def test_fapolicyd(wheels, tmp_path):
    (found,) = said(wheels, tmp_path, fapolicyd="running")
    assert (found.code, found.severity) == ("ENV020", "warning")
    assert found.fix == (
        "after each installation, as root: fapolicyd-cli --file add PREFIX/generations/ID/ && fapolicyd-cli --update"
    )


@pytest.mark.parametrize(
    ("mounts", "point"),
    [
        ({"/": ["noexec"]}, "/"),
        ({"/": ["noexec"], "/opt": []}, ""),
        ({"/": [], "/opt": ["ro", "noexec"]}, "/opt"),
        ({"/": [], "/opt/offkit": ["noexec"], "/opt": []}, "/opt/offkit"),
        ({"/": [], "/opt/other": ["noexec"], "/op": ["noexec"]}, ""),
    ],
)
def test_where_nothing_can_be_loaded(wheels, tmp_path, mounts, point):
    """The innermost file system of root's prefix counts."""
    rows = [{"at": at, "flags": flags, "type": "xfs"} for at, flags in mounts.items()]
    found = said(wheels, tmp_path, mounts=rows)
    assert [(each.code, each.severity, each.subject, each.looked_in) for each in found] == (
        [("ENV026", "warning", "/opt/offkit", (point,))] if point else []
    )
