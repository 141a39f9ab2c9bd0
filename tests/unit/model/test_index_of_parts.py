"""The index of a bundle's parts: what sha256sum reads as well, and vouches for itself."""

import hashlib
import random
import subprocess

import pytest

from offkit.model import manifest, parts
from offkit.model.errors import IntegrityError
from offkit.model.parts import Index, Part

HASH = "0" * 64
GOOD = Index(
    25,
    10,
    "1" * 64,
    (Part("b.tar.001", 0, 10, HASH), Part("b.tar.002", 10, 10, HASH), Part("b.tar.003", 20, 5, HASH)),
)


def vouched(text):
    return text + "# self {}\n".format(manifest.digest(text.encode()))


def test_round_trip():
    assert parts.load(parts.dump(GOOD), "x") == GOOD


def test_sha256sum_reads_it(tmp_path):
    """The rest are comments to it."""
    for number, one in enumerate(GOOD.parts):
        (tmp_path / one.name).write_bytes(b"%d" % number * one.size)
    listed = [
        one._replace(sha256=hashlib.sha256((tmp_path / one.name).read_bytes()).hexdigest())
        for one in GOOD.parts
    ]
    (tmp_path / "b.tar.parts").write_bytes(parts.dump(GOOD._replace(parts=tuple(listed))))
    said = subprocess.check_output(["sha256sum", "-c", "b.tar.parts"], cwd=str(tmp_path))
    assert said.decode().splitlines() == [one.name + ": OK" for one in GOOD.parts]


def test_every_flipped_bit_is_noticed():
    text = bytearray(parts.dump(GOOD))
    for position in range(len(text)):
        text[position] ^= 1
        with pytest.raises(IntegrityError) as caught:
            parts.load(bytes(text), "b.tar.parts")
        assert [(one.code, one.subject) for one in caught.value.findings] == [("BUN022", "b.tar.parts")]
        text[position] ^= 1
    for length in range(len(text)):
        with pytest.raises(IntegrityError):
            parts.load(bytes(text[:length]), "b.tar.parts")


LINE = HASH + "  b.tar.001\n"
WHOLE = "# bundle {} bytes in parts of {}, sha256 " + HASH + "\n"


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("", "it says nothing of a bundle"),
        ("# bundle x\n" + LINE, "it says nothing of a bundle"),
        (WHOLE.format(10, 10), "it lists 0 parts of 10 bytes for 10 bytes"),
        (WHOLE.format(0, 10), "it lists 0 parts"),
        (WHOLE.format(10, 0) + LINE, "it lists 1 parts of 0 bytes"),
        (WHOLE.format(11, 10) + LINE, "it lists 1 parts"),
        (WHOLE.format("9" * 30, 10) + LINE, "it says nothing of a bundle"),
        (WHOLE.format(10, 10) + HASH + "  ../b\n", "names no part"),
        (WHOLE.format(10, 10) + HASH + "  /b\n", "names no part"),
        (WHOLE.format(10, 10) + HASH + "  a/b\n", "names no part"),
        (WHOLE.format(10, 10) + HASH + "  -b\x1b[1m\n", "names no part"),
        (WHOLE.format(10, 10) + HASH[1:] + "  b\n", "names no part"),
        (WHOLE.format(20, 10) + LINE + LINE, "it names a part twice"),
        (
            WHOLE.format(501, 1) + "".join(HASH + "  b.{:03d}\n".format(n) for n in range(501)),
            "it lists 501 parts",
        ),
    ],
)
def test_what_somebody_wrote(body, said):
    with pytest.raises(IntegrityError, match=said):
        parts.load(vouched(parts.SCHEMA.decode() + body).encode(), "b.tar.parts")


def test_mutants():
    """Vouched for again, none is more than refused."""
    drawn = random.Random(3)
    body = parts.dump(GOOD).rpartition(b"# self ")[0]
    for _ in range(2000):
        text = bytearray(body)
        for _ in range(drawn.randrange(1, 4)):
            text[drawn.randrange(len(text))] = drawn.randrange(256)
        own = "# self {}\n".format(manifest.digest(bytes(text))).encode()
        try:
            found = parts.load(bytes(text) + own, "b.tar.parts")
        except IntegrityError:
            continue
        assert sum(one.size for one in found.parts) == found.size
