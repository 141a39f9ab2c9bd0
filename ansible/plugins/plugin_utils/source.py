"""The file to carry, on the control node: its size, its hash, its pieces."""

import fcntl
import hashlib
import json
import os
import tarfile
import tempfile

_NAME = "give the file that 'offkit bundle' wrote"
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
                        raise ValueError("its MANIFEST.json is not offkit's; " + _NAME)
                    return data, hashlib.sha256(text).hexdigest()
    except (tarfile.TarError, UnicodeDecodeError, AttributeError) as error:
        raise ValueError("it is not a bundle ({}); {}".format(error, _NAME))
    raise ValueError("it has no MANIFEST.json; " + _NAME)


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


def describe(path, cache):
    """What a bundle is: path, size, sha256, digest, target, its name without ".tar", and the name it has
    on servers.

    Every host of a play asks, each in a process of its own: the answer is kept in the directory
    ``cache``, under the file's identity and times, and found out only once. Raises OSError, and
    ValueError when the file is not a bundle.
    """
    path = os.path.abspath(path)
    about = os.stat(path)
    identity = "{}:{}:{}:{}:{}".format(path, about.st_dev, about.st_ino, about.st_size, about.st_mtime_ns)
    with open(os.path.join(cache, "offkit-" + name_hash(identity)), "a+", encoding="utf-8") as kept:
        fcntl.flock(kept, fcntl.LOCK_EX)
        kept.seek(0)
        text = kept.read()
        if text:
            return json.loads(text)
        found = _describe(path, about.st_size)
        json.dump(found, kept)
        return found


def _complete(path, size, data):
    """ValueError when members that the manifest promises are not in the file, or not to their end."""
    promised = {str(one.get("path")): one.get("size") for one in data.get("members") or []}
    try:
        with tarfile.open(path, "r:") as tar:
            for member in tar:
                if promised.get(member.name) == member.size and member.offset_data + member.size <= size:
                    del promised[member.name]
    except tarfile.TarError:
        pass  # it ends before its end; what is still promised says so
    if promised:
        raise ValueError(
            "it is truncated or damaged: {} does not match its manifest; copy it again, and compare "
            "sha256sum on both sides of the gap".format(sorted(promised)[0])
        )


def _describe(path, size):
    data, digest = manifest(path)
    _complete(path, size, data)
    stem = os.path.basename(path)
    stem = stem[: -len(".tar")] if stem.endswith(".tar") else stem
    return {
        "src": path,
        "size": size,
        "sha256": sha256(path),
        "digest": digest,
        "target": data.get("target") or {},
        "stem": stem,
        "name": "{}-{}.tar".format(stem, digest[:12]),
    }
