"""requirements.txt of a bundle: pins with hashes, and nothing that pip would take as an order."""

import re
from typing import List, NamedTuple

from offkit.model import layout
from offkit.model.errors import IntegrityError
from offkit.model.finding import ERROR, Finding

# name[extras]==version ; marker --hash=sha256:… (PEP 508, and pip's per-requirement options)
_PIN = re.compile(
    r"^(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)\s*(\[[A-Za-z0-9._, -]*\])?\s*==\s*(?P<version>[A-Za-z0-9.!+_-]+)"
    r"\s*(;[^#$]*?)?(\s+--hash=sha256:[0-9a-f]{64})+$"
)


class Pin(NamedTuple):
    name: str
    version: str


def pins(text: bytes, member: str = layout.REQUIREMENTS) -> List[Pin]:
    """The pins, in the order of the file; ``member`` is its path in the bundle.

    Raises IntegrityError (BUN014) for every line that is none: pip obeys options in a
    requirements file, --index-url among them, and fills in ${VARIABLES}.
    """
    joined = text.decode("utf-8", "backslashreplace").replace("\\\n", " ")
    lines = [re.sub(r"(^|\s)#.*$", "", line).strip() for line in joined.splitlines()]
    found, bad = [], []
    for line in lines:
        pin = _PIN.match(line)
        if pin:
            found.append(Pin(pin.group("name"), pin.group("version")))
        elif line:
            message = "{!r} is not a pin with hashes".format(line[:100])
            bad.append(Finding("BUN014", ERROR, member, message, (), "bundle again on the other side"))
    if bad:
        raise IntegrityError("{} contains lines other than pins with hashes".format(member), bad)
    return found
