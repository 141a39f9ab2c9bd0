"""The encoding that a text file seems to have, where it is not one that pip reads."""

from __future__ import annotations

import re
import shlex
from pathlib import PurePath
from typing import NamedTuple

from offkit.model.errors import UsageError


class Charset(NamedTuple):
    codec: str  # Python's name
    iconv: str
    words: str


_WIDE = (Charset("utf-16-le", "UTF-16LE", "UTF-16"), Charset("utf-16-be", "UTF-16BE", "UTF-16"))
# In this order: what GB 2312 can be is most likely that, for its gaps are many.
_DOUBLE = (
    Charset("gb2312", "GB18030", "GBK"),
    Charset("shift_jis", "SHIFT_JIS", "Shift JIS"),
    Charset("big5", "BIG5", "Big5"),
    Charset("gb18030", "GB18030", "GBK"),
)
_SINGLE = (Charset("cp1252", "WINDOWS-1252", "Windows-1252"), Charset("latin-1", "ISO-8859-1", "Latin-1"))


def guess(data: bytes) -> Charset:
    """The likeliest of those that can be decoded without an error."""
    if b"\0" in data:
        return _WIDE[0] if data[1::2].count(0) >= data[::2].count(0) else _WIDE[1]
    runs = re.findall(rb"[\x80-\xff]+", data)
    # Letters with accents stand alone among others; characters of two bytes seldom do.
    alone = 2 * sum(len(run) == 1 for run in runs) > len(runs)
    controls = re.search(rb"[\x80-\x9f]", data)
    likely = [*(() if alone else _DOUBLE), *(_SINGLE[:1] if controls else ())]
    return next((each for each in likely if _decodes(data, each)), _SINGLE[1])


def _decodes(data: bytes, charset: Charset) -> bool:
    try:
        data.decode(charset.codec)
    except UnicodeDecodeError:
        return False
    return True


def refusal(path: str, data: bytes, begun: str = "") -> UsageError:
    """For a file that is not UTF-8, with the command that makes it so. ``begun`` is the encoding that its
    first bytes promise, where that was tried."""
    if begun.startswith(("utf-16", "utf-32")):
        return UsageError(f"{path} begins as {begun}, and is damaged", fix="save it again, as UTF-8")
    if b"\0" in data and 4 * data.count(0) < len(data):
        line = data[: data.index(0)].count(b"\n") + 1
        return UsageError(f"{path}, line {line}: has a NUL byte; it is damaged, or no text", fix="correct it")
    found = guess(data)
    name = PurePath(path)
    new = shlex.quote(str(name.with_name(f"{name.stem}.utf8{name.suffix}")))
    convert = f"iconv -f {found.iconv} -t UTF-8 {shlex.quote(path)} > {new}"
    return UsageError(f"{path} is not UTF-8; it seems to be {found.words}", fix=f"{convert}; then give {new}")
