"""Keys and signatures of a kind that no program reads (RFC 9580): as post-quantum ones are to those of today."""

import base64
import struct

_KEY, _SIGNATURE, _USER = 6, 2, 13  # tags of packets
_ALGORITHM, _SHA512 = 31, 10  # ML-DSA-87+Ed448
_ISSUED = struct.pack(">I", 1700000000)


def key(version):
    """An armoured public key, version 4 or 6."""
    material = b"\7" * 2649
    size = struct.pack(">I", len(material)) if version == 6 else b""
    body = bytes([version]) + _ISSUED + bytes([_ALGORITHM]) + size + material
    return armoured(
        "PUBLIC KEY BLOCK", _packet(_KEY, body) + _packet(_USER, b"nobody") + signature(version, 19)
    )


def signature(version, kind=0):
    """A detached signature, or of that kind."""
    form = ">H" if version == 4 else ">I"
    hashed = b"\5\2" + _ISSUED
    issuer = b"\t\x10" + b"\1\2\3\4\5\6\7\10"
    body = bytes([version, kind, _ALGORITHM, _SHA512])
    body += struct.pack(form, len(hashed)) + hashed + struct.pack(form, len(issuer)) + issuer + b"ab"
    body += b"\x10" + b"s" * 16 if version == 6 else b""
    return _packet(_SIGNATURE, body + b"x" * 3000)


def armoured(kind, data):
    text = base64.encodebytes(data).decode()
    sum_ = base64.b64encode(_crc24(data).to_bytes(3, "big")).decode()
    return "-----BEGIN PGP {0}-----\n\n{1}={2}\n-----END PGP {0}-----\n".format(kind, text, sum_)


def _packet(tag, body):
    size = bytes([len(body)]) if len(body) < 192 else b"\xff" + struct.pack(">I", len(body))
    return bytes([0xC0 | tag]) + size + body


def _crc24(data):
    """Of RFC 9580, 6.1."""
    found = 0xB704CE
    for byte in data:
        found ^= byte << 16
        for _ in range(8):
            found = (found << 1) ^ (0x1864CFB if found & 0x800000 else 0)
    return found & 0xFFFFFF
