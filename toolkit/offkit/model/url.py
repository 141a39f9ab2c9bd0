"""URLs of repositories on a server beyond the gap: ``http://HOST[:PORT][/PATH]``, or https; and what may
be shown of any other. Pure."""

import re
from urllib.parse import quote, urlsplit

_SCHEMES = ("http://", "https://")
# No user and password, which would be in every message and log; no query: a file is what is named.
# No dollar, comma or space, where yum would replace or split.
# As both re and grep -E read it: host, port, path.
PATTERN = r"https?://(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(:[0-9]{1,5})?(/[A-Za-z0-9._~%+/-]*)?"
_WHOLE = re.compile(PATTERN)
_ADDRESS = re.compile(r"\[.*\]|[0-9.]+")
# Of any URL in a text: user, password or token, but for ssh's git@, which is everybody's, and the words of
# our own cures; and the query. A password may hold an @, and unquoted even blanks, or a slash: then what
# follows the first colon is no port. Where words follow a URL it is rather too little that is shown. A proxy
# may stand there without its scheme, and a path as urllib3 names it.
_AT = r"@(?=\S)"
_WORDS = rf"[^/?#\n]*{_AT}"  # which no slash ends, up to the last @
_PAST_WORD = r"[^\s/?#@]*(?<![,'\")>;])"  # which no quote and no comma ends
_USER = re.compile(
    r"(?<=://)(?!git@|USER:PASSWORD@)(?:"
    rf"[^\s/?#]*@(?:{_PAST_WORD}(?<!:)[^\S\n]{_WORDS})?"
    rf"|[^\s/?#@:]*:(?!\d*(?:[\s/?#]|$))(?:{_WORDS}|(?:(?!://)[^\n])*{_AT}|\S{{0,999}}@)"
    rf"|{_PAST_WORD}(?:[^\S\n]+[^\s/?#@]*{_AT}|(?<!:)[^\S\n]{_WORDS}))"
)
_TORN = re.compile(r"(://[^\s/?#@:\[]*:)(?!\d*(?:[/?#]|$)).*", re.DOTALL)
_PROXY = re.compile(r"(?<![\w:/@])[^\s:/@'\"=]{1,255}:(?!//)[^\s'\"]{1,255}@(?=[\w.-]+:[0-9])")
_QUERY = re.compile(r"(?<=://)([^\s?#\"'<>]*)\?[^\s#\"'<>]+")
_BARE = re.compile(r"^((?:\w+\+)?file:)/(?!/)")
_PATH = re.compile(r"(?<=: )(/[^\s?]*)\?[^\s)=]*=[^\s)]*")
FORM = "http://HOST[:PORT]/PATH, without user, query or spaces (write %20)"


def is_url(text: str) -> bool:
    """Whether it is meant to be one: a directory can hardly be called so."""
    return text.startswith(_SCHEMES)


def parse(text: str) -> str:
    """The URL without slashes at its end. Raises ValueError when it has not that form."""
    found = _WHOLE.fullmatch(text)
    if not found or ".." in text.split("/"):
        raise ValueError("{} is not {}".format(without_secrets(text), FORM))
    return text.rstrip("/")


def port(text: str) -> int:
    """The port that is asked, of a URL that ``parse`` gave."""
    found = _WHOLE.fullmatch(text)
    if found and found.group(2):
        return int(found.group(2)[1:])
    return 443 if text.startswith("https:") else 80


def by_name(text: str) -> bool:
    """Whether its host is a name, for which somebody has to be asked, and no address."""
    found = _WHOLE.fullmatch(text)
    return bool(found) and not _ADDRESS.fullmatch(found.group(1) if found else "")


def host(text: str) -> str:
    """Who is asked, with the port."""
    return urlsplit(text).netloc.rpartition("@")[2].lower()


def join(text: str, path: str) -> str:
    """The URL of the file ``path`` (as it is called, not quoted) below that one."""
    return "{}/{}".format(text, quote(path, safe="/+~"))


def is_address(text: str) -> bool:
    """Whether somebody could be asked for what any URL names: it has a host, and a port is a number."""
    try:
        parts = urlsplit(text)
        return bool(parts.scheme and parts.hostname) and parts.port != 0
    except ValueError:  # of urlsplit, for half of an IPv6 address, or of the port
        return False


def without_secrets(text: str) -> str:
    """A text (one URL, or many among words) with no user, password or query in its URLs."""
    if "://" in text:
        text = _QUERY.sub(r"\1?...", _USER.sub("", text))
    text = _PROXY.sub("", text) if "@" in text else text
    return _PATH.sub(r"\1?...", text) if "?" in text else text


def begin(text: str) -> str:
    """The same of what is no URL, and may be the half of one that was torn at a blank of its password: not
    what follows a colon and is no port."""
    return _TORN.sub(r"\1...", without_secrets(text))


def shown(text: str) -> str:
    """The same of one URL, with the slashes that a file: URL has (RFC 8089): urlunsplit omits them after a
    scheme that it does not know, as git+file."""
    return _BARE.sub(r"\1///", without_secrets(text))
