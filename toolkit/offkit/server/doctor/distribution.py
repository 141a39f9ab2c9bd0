"""An installed distribution, as its .dist-info describes it."""

from typing import TYPE_CHECKING, NamedTuple, Tuple

if TYPE_CHECKING:
    from email.message import Message


class Distribution(NamedTuple):
    top: str  # the site-packages it lies in
    directory: str  # its .dist-info
    name: str
    version: str
    requires: Tuple[str, ...]  # Requires-Dist, as written

    @property
    def title(self) -> str:
        return "{} {}".format(self.name, self.version).strip()


def headers_of(text: str) -> "Message":
    """Of METADATA, PKG-INFO or WHEEL."""
    from email.parser import HeaderParser  # brings socket and calendar

    return HeaderParser().parsestr(text)
