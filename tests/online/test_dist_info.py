"""METADATA without its description."""

import email

import pytest

from offkit.online.wheels import dist_info

HEADERS = b"Metadata-Version: 2.1\nName: alpha\nLicense: one\n        two\nRequires-Dist: beta\n"


@pytest.mark.parametrize(("said", "left"), [
    (HEADERS + b"\nA text\n\nRequires-Dist: gamma\n", HEADERS + b"\n"),
    (HEADERS.replace(b"\n", b"\r\n") + b"\r\ntext", HEADERS.replace(b"\n", b"\r\n") + b"\r\n"),
    (HEADERS.replace(b"\n", b"\r") + b"\rtext", HEADERS.replace(b"\n", b"\r") + b"\r"),
    (HEADERS + b"\r\ntext", HEADERS + b"\r\n"),
    (HEADERS, HEADERS),
    (b"", b""),
    (b"\n" + HEADERS + b"\ntext", b"\n" + HEADERS + b"\n"),
    (HEADERS + b"\ntext of Latin-1: \xe9", HEADERS + b"\ntext of Latin-1: \xe9"),
])  # fmt: skip
def test_headers(said, left):
    """They are what every reader finds in the whole."""
    assert dist_info.headers(said) == left
    assert email.message_from_bytes(left).items() == email.message_from_bytes(said).items()
