"""The certificates of this machine are read once for all connections."""

from types import SimpleNamespace

import pytest

from offkit.online.index import certificates


class Context:
    """As ssl.SSLContext has them."""

    def __init__(self):
        self.read = []

    def set_default_verify_paths(self):
        self.read.append("default")

    def load_verify_locations(self, cafile=None, capath=None, cadata=None):
        if cafile == "damaged.pem":
            raise OSError(cafile)
        self.read.append(cafile)


def session(*contexts):
    return SimpleNamespace(
        adapters={str(at): SimpleNamespace(_ssl_context=one) for at, one in enumerate(contexts)}
    )


@pytest.mark.parametrize("wrapped", [True, False])
def test_each_file_once(wrapped):
    """By truststore's context, which has another in it, and by a plain one; whatever it is asked for later
    is another file. A second session has the same context."""
    inner = Context()
    shared = SimpleNamespace(_ctx=inner) if wrapped else inner
    for _ in range(2):
        certificates.read_once(session(shared, shared))
        for _ in range(3):
            inner.set_default_verify_paths()
            inner.load_verify_locations("one.pem", None, None)
    inner.load_verify_locations("another.pem", None, None)
    assert inner.read == ["default", "one.pem", "another.pem"]


def test_what_cannot_be_read_is_said_each_time():
    inner = Context()
    certificates.read_once(session(inner))
    for _ in range(2):
        with pytest.raises(OSError, match=r"damaged\.pem"):
            inner.load_verify_locations("damaged.pem")


def test_without_such_a_context():
    """Of an older pip, and for files."""
    certificates.read_once(SimpleNamespace(adapters={"file://": object(), "https://": Context()}))
    certificates.read_once(session(None))
