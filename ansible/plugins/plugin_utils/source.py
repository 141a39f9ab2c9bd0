"""The file to carry, on the control node: its size, its hash, its pieces."""

import hashlib
import json
import os
import tarfile
import tempfile

BLOCK = 1024 * 1024


def sha256(path, length=None):
    """Hex SHA-256 of a file, or of its first ``length`` bytes."""
    whole = hashlib.sha256()
    left = os.path.getsize(path) if length is None else length
    with open(path, "rb") as source:
        while left > 0:
            block = source.read(min(BLOCK, left))
            if not block:
                break
            whole.update(block)
            left -= len(block)
    return whole.hexdigest()


def piece(path, offset, length, directory):
    """A temporary file in ``directory`` with ``length`` bytes of ``path`` from ``offset`` on."""
    handle, name = tempfile.mkstemp(prefix="offkit-piece-", dir=directory)
    try:
        with os.fdopen(handle, "wb") as out, open(path, "rb") as source:
            source.seek(offset)
            left = length
            while left > 0:
                block = source.read(min(BLOCK, left))
                if not block:
                    break
                out.write(block)
                left -= len(block)
    except BaseException:
        os.unlink(name)
        raise
    return name


def manifest(path):
    """(manifest as a dict, its digest) of a bundle. Raises ValueError when ``path`` is none.

    The digest, SHA-256 of MANIFEST.json's bytes, is what receipts and generations are called by.
    """
    try:
        with tarfile.open(path, "r:") as tar:
            # the first members are small: install.sh, then the manifest
            for member in tar:
                if member.name == "MANIFEST.json":
                    text = tar.extractfile(member).read()
                    data = json.loads(text.decode("utf-8"))
                    if not str(data.get("schema", "")).startswith("offkit/bundle-"):
                        raise ValueError("its MANIFEST.json is not offkit's")
                    return data, hashlib.sha256(text).hexdigest()
    except (tarfile.TarError, UnicodeDecodeError, AttributeError) as error:
        raise ValueError("it is no bundle ({})".format(error))
    raise ValueError("it has no MANIFEST.json")


def size_text(count):
    """Bytes for people, in powers of ten as offkit says them."""
    for unit in ("B", "kB", "MB"):
        if abs(count) < 1000:
            return "{:.0f} {}".format(count, unit) if unit == "B" else "{:.1f} {}".format(count, unit)
        count /= 1000.0
    return "{:.1f} GB".format(count)


def name_hash(text):
    """A short name for a path."""
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:16]
