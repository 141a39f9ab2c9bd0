"""Signatures of RPM files, checked by the server's own rpm with a key ring of its own; and the keys that
it has already.

``rpm --dbpath DIR`` makes rpm forget the system's database: nothing of it is read or changed, and no
root is needed. What rpm says with -Kv is the same from 4.11 (el7) to 4.19, unlike without -v.
"""

import base64
import os
import posixpath
import re
from typing import List, NamedTuple, Sequence, Tuple

from offkit.edges.run import clean_environment, run
from offkit.media import rpmfile

SIGNED, UNSIGNED, NO_KEY, DAMAGED, UNCHECKED = "signed", "unsigned", "no key", "damaged", "unchecked"
WORDS = "OK|BAD|NOKEY|NOTTRUSTED|NOTFOUND|UNKNOWN"
HEADER_ONLY = "only its header is signed, which does not protect its contents"
# rpm's own word, before a signature that it calls BAD for that, though it is intact: EL 9's crypto policies
# DEFAULT and FUTURE (crypto-policies(7); access.redhat.com/solutions/6868611).
NO_SHA1 = "Hash algorithm SHA1 not available"
SHA1_ONLY = (
    "its signature is made with SHA-1, which the crypto policy here forbids (update-crypto-policies(8))"
)
_LINE = re.compile(r"^\s+(\S.*?): ({})\b".format(WORDS), re.M)
_KEY = re.compile(r"key (?:ID|fingerprint:?) ([0-9a-fA-F]{8,})")


IMPORTED = "imported.asc"  # below the folder of a key ring: the keys that rpm has
_EXPORT = ("rpm", "-q", "gpg-pubkey", "--qf", r"%{DESCRIPTION}\n")  # the armour (rpm's rpmKeyring)
_VENDORS = r"[%{=VENDOR}\t%{FILENAMES}\n]"
_RELEASE = ("/etc/os-release", "/usr/lib/os-release")


def imported() -> str:
    """The keys that somebody has imported into rpm, armoured; "" for none."""
    done = run(_EXPORT, clean_environment({"LC_ALL": "C"}))
    return done.stdout if done.ok and "BEGIN PGP" in done.stdout else ""


def of_vendor(folder: str) -> Tuple[str, ...]:
    """The files in ``folder`` that came with packages of the vendor whose release this server is."""
    try:
        names = sorted(os.listdir(folder))
    except OSError:
        return ()
    paths = [posixpath.join(folder, name) for name in names]
    asked = ["rpm", "-qf", "--qf", _VENDORS, *_RELEASE, *paths]
    said = run(asked, clean_environment({"LC_ALL": "C"})).stdout if paths else ""
    rows = [line.split("\t") for line in said.splitlines() if line.count("\t") == 1]
    vendors = {path: vendor for vendor, path in rows if vendor != "(none)"}
    own = {vendors[path] for path in _RELEASE if path in vendors}
    return tuple(path for path in paths if vendors.get(path) in own)


def armour(key: bytes) -> bytes:
    """A key as rpm and yum read it, and only so (RFC 9580, 6): some come as bytes, whose first has its high
    bit set (4.2)."""
    if key[:1] < b"\x80":
        return key
    crc = 0xB704CE
    for byte in key:
        crc ^= byte << 16
        for _ in range(8):
            crc = (crc << 1) ^ (0x1864CFB if crc & 0x800000 else 0)
    end = b"=" + base64.b64encode((crc & 0xFFFFFF).to_bytes(3, "big"))
    text = base64.encodebytes(key)
    head, foot = (b"-----%s PGP PUBLIC KEY BLOCK-----\n" % word for word in (b"BEGIN", b"END"))
    return head + b"\n" + text + end + b"\n" + foot


def armoured(path: str, folder: str) -> str:
    """The file itself, or a copy in ``folder`` where its key has no armour; the file too where it cannot be
    read."""
    try:
        with open(path, "rb") as source:
            key = source.read()
        made = armour(key)
        if made == key:
            return path
        copy = os.path.join(folder, "{}-{}.asc".format(len(os.listdir(folder)), os.path.basename(path)))
        with open(copy, "wb") as sink:
            sink.write(made)
    except OSError:
        return path
    return copy


class Verdict(NamedTuple):
    kind: str  # one of the above
    text: str  # for people: the key's identity, or what rpm said


class KeyRing:
    """Keys in a database of its own below ``folder``, an empty directory."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._rpm = ["rpm", "--dbpath", folder]
        # ~/.rpmmacros could change what is checked.
        self._environment = clean_environment({"LC_ALL": "C", "HOME": folder})
        self.available = run([*self._rpm, "--version"], self._environment).ok

    def add(self, paths: Sequence[str]) -> List[str]:
        """Import key files; one that is none, or that rpm cannot read, is as if it was not there. Returns
        those."""
        wanted = paths if self.available else ()
        return [path for path in wanted if not self._import(armoured(path, self._folder))]

    def _import(self, path: str) -> bool:
        return run([*self._rpm, "--import", path], self._environment).ok

    def add_imported(self, keys: str) -> None:
        """Those that ``imported`` gave. Raises OSError."""
        if keys and self.available:
            path = os.path.join(self._folder, IMPORTED)
            with open(path, "w", encoding="ascii", errors="replace") as sink:
                sink.write(keys)
            self.add([path])

    def check(self, path: str) -> Verdict:
        """UNCHECKED where there is no rpm."""
        if not self.available:
            return Verdict(UNCHECKED, "rpm is not installed")
        done = run([*self._rpm, "-Kv", path], self._environment)
        verdict = judge(done.stdout, done.stderr)
        return verdict._replace(text=_lacking(path) or verdict.text) if verdict.kind == DAMAGED else verdict


def _lacking(path: str) -> str:
    """What rpm does not say: that it is but a part."""
    try:
        with open(path, "rb") as source:
            return rpmfile.lacking(source).rpartition(": ")[2]
    except OSError:
        return ""


def _covers_payload(lines: Sequence[Tuple[str, str]]) -> bool:
    """Whether the signature is about the payload too: one over header and payload (el7), or one over a
    header with the payload's digest (rpm 4.14 and newer). MD5 alone is signed by nobody."""
    whole = [label for label, _ in lines if _KEY.search(label) and not label.startswith("Header")]
    digest = [label for label, _ in lines if label.startswith("Payload SHA")]
    return bool(whole or digest)


def judge(said: str, errors: str = "") -> Verdict:
    """What ``rpm -Kv`` printed means. A digest that is wrong counts more than a missing key."""
    lines = _LINE.findall(said)
    signatures = [(label, word) for label, word in lines if _KEY.search(label)]
    digests = [word for label, word in lines if label.lower().endswith("digest")]
    bad = [label for label, word in lines if word == "BAD"]
    whole = bool(digests) and all(word == "OK" for word in digests)
    if bad and whole and NO_SHA1 in said + errors and all("/SHA1 Signature" in label for label in bad):
        return Verdict(UNSIGNED, SHA1_ONLY)
    if bad or not whole:
        words = (errors.strip() or said.strip()).splitlines()
        return Verdict(DAMAGED, ", ".join(bad) or (words[-1].strip() if words else "rpm printed nothing"))
    if not signatures:
        return Verdict(UNSIGNED, "")
    if not _covers_payload(lines):
        return Verdict(UNSIGNED, HEADER_ONLY)
    label, word = next((each for each in signatures if each[1] != "OK"), signatures[0])
    key = _KEY.search(label)
    identity = key.group(1) if key else ""
    if word != "OK":
        return Verdict(NO_KEY, identity)
    return Verdict(SIGNED, identity)
