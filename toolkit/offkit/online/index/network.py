"""What a network error or a refusal means, whichever of pip, requests and urllib3 has wrapped it."""

from __future__ import annotations

import csv
import functools
import io
import re
from collections.abc import Iterator
from typing import Any

from offkit.edges import data
from offkit.model.url import without_secrets

WORDS = "repo-config/network.csv"  # of libraries, and what they mean
_LOGIN = (
    "give user and password in its URL, in ~/.netrc or in pip's keyring; or another token, if it has ended"
)
_REFUSED = "a login was given, and refused: check user, password or token, and whether they may read this"
_PROXY = "give the proxy as --proxy http://USER:PASSWORD@HOST:PORT"
# Of requests and urllib3, for what cannot be parsed; they quote it, with a password that has a slash.
_NO_ADDRESSES = ("LocationParseError", "InvalidURL", "InvalidProxyURL", "TypeError")
# Of pip, requests and urllib3.
_UNREACHED = (
    *("NewConnectionError", "NameResolutionError", "ConnectTimeoutError", "ConnectTimeout"),
    *("ProxyError", "SSLCertVerificationError", "InvalidSchema", *_NO_ADDRESSES[:3]),
)
_OPENSSL = re.compile(r"\[SSL: \w+\] (.*) \(_ssl\.c:\d+\)")  # the reason is in it
_TOO_MANY = re.compile(r"too many (\d+) error responses")
_ASKS = re.compile(r"answers \d+ and asks to wait")  # of patience
_LOGINS = {401: _LOGIN, 403: _LOGIN, 407: _PROXY}
QUOTE = "; in a password, write @ as %40, / as %2F, ? as %3F, # as %23 and a blank as %20"
# Of a file whose hash the requirement gives, with its URL.
OTHER_FILE = "a file is not the one that the request means"
OTHER_HASH = "lock again for this target with 'offkit lock', or find out who changed the file"
CORRECT = "correct the hash there, or find out who changed the file"


def refusal(response: Any) -> tuple[str, str]:
    """What an answer says that is none, and what helps."""
    status = response.status_code
    helps = _LOGINS.get(status, "")
    if helps == _LOGIN and "Authorization" in getattr(response.request, "headers", ()):
        helps = _REFUSED
    return f"answers {status} {response.reason}".strip(), helps


def silence(error: Exception) -> tuple[str, str, str]:
    """The code, what is wrong and what helps, when no answer came."""
    reason = without_secrets(innermost(error))
    if any(type(one).__name__ in _NO_ADDRESSES for one in chain(error)):
        return "NET001", "cannot be asked: its address, or that of the proxy, is not a URL", _PROXY + QUOTE
    if any(type(one).__name__ == "InvalidSchema" for one in chain(error)):
        return "NET001", "cannot be asked: pip knows no such URL", "give an http, https or file URL"
    proxy = any(type(one).__name__ == "ProxyError" for one in chain(error))
    plain = meaning(reason)
    if _ASKS.match(reason):
        return "NET002", reason, "run the same command again then"
    if plain and not proxy:
        return "NET001", plain, ""
    many = _TOO_MANY.search(reason)
    if many:
        return "NET002", f"answers {many[1]} each time", ""
    reason = _OPENSSL.sub(r"\1", reason)
    if re.search(r"certificate|\bssl\b|\btls\b", reason, re.IGNORECASE):
        fix = "name its CA: --cert FILE" if "certificate" in reason.lower() else ""
        return "NET001", f"cannot be reached securely: {reason}", fix
    if proxy:
        why = f"it {plain}" if plain else reason
        return "NET001", f"the proxy does not let it through: {why}", ""
    return "NET001", f"does not answer: {reason}", ""


def is_unreached(error: BaseException) -> bool:
    """Whether no server was reached, which pip has tried as often as it is told to."""
    return any(type(one).__name__ in _UNREACHED for one in chain(error))


def is_answered(error: BaseException) -> bool:
    """Whether the server was reached, and answers each time that it has an error of its own."""
    return bool(_TOO_MANY.search(innermost(error)))


def innermost(error: BaseException) -> str:
    """The reason at the bottom of a chain of wrapped network errors: ``Connection refused``."""
    *_, last = chain(error)
    text = getattr(last, "strerror", None) or str(last)
    return text.partition("Failed to establish a new connection: ")[2] or text


def meaning(text: str) -> str:
    """What a server does, or what its answer is, for the words of a library; "" for words that are plain."""
    if _ASKS.match(text):
        return text
    for words, says in _words():
        found = words.search(text)
        if found:
            return says.format(*found.groups())
    return ""


@functools.cache
def _words() -> list[tuple[re.Pattern[str], str]]:
    rows = csv.DictReader(io.StringIO(data.read_text(WORDS)))
    return [(re.compile(row["words"]), row["says"]) for row in rows]


def chain(error: BaseException) -> Iterator[BaseException]:
    """The error, and all network errors that it wraps."""
    while True:
        yield error
        first = error.args[0] if error.args else None
        inner = error.__cause__ or getattr(error, "reason", None) or first or error.__context__
        if not isinstance(inner, BaseException):
            inner = error.__context__
        # The context of the outermost may be the failed resolution that made us ask.
        ours = isinstance(inner, OSError) or type(inner).__module__.startswith("pip._vendor.urllib3")
        if inner is None or not ours:
            return
        error = inner
