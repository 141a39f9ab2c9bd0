"""The .repo file of a generation names the one key that this distribution has."""

import os

import pytest

from offkit.edges.host import Host
from offkit.server.install import build

TEMPLATE = b"[offkit-baseos]\ngpgcheck=1\ngpgkey={gpgkey}\n"


def on(distribution, el):
    return Host("x86_64", (2, 28), {"ID": distribution, "VERSION_ID": str(el)}, "4.18.0", True)


@pytest.mark.parametrize(
    ("distribution", "el", "key"),
    [
        ("rocky", 8, b"file:///etc/pki/rpm-gpg/RPM-GPG-KEY-rockyofficial"),
        ("almalinux", 9, b"file:///etc/pki/rpm-gpg/RPM-GPG-KEY-AlmaLinux-9"),
    ],
)
def test_its_own_key(monkeypatch, distribution, el, key):
    """dnf refuses a repository whose key file is not there, so exactly the right one is named."""
    monkeypatch.setattr(os.path, "isfile", lambda path: True)
    assert b"gpgkey=" + key in build._with_key(TEMPLATE, on(distribution, el))


def test_no_key_is_made_up(monkeypatch):
    """Another distribution, or a key that is not installed: the place stays open, gpgcheck stays on."""
    assert build._with_key(TEMPLATE, on("debian", 12)) == TEMPLATE
    monkeypatch.setattr(os.path, "isfile", lambda path: False)
    assert build._with_key(TEMPLATE, on("rocky", 8)) == TEMPLATE
