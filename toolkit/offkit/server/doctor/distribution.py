"""An installed distribution, as its .dist-info describes it."""

from typing import TYPE_CHECKING, Dict, Iterable, NamedTuple, Tuple

from offkit.edges.tree import Tree
from offkit.model import requirement

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


def versions(tree: Tree, tops: Iterable[str], *kinds: str) -> Dict[str, str]:
    """Normalised name → version, by the names of directories (Recording installed projects): "dist-info",
    or "egg-info" of before. Of several the first."""
    found: Dict[str, str] = {}
    for top in tops:
        for entry in tree.names(top):
            stem, _, kind = entry.rpartition(".")
            name, known, version = stem.partition("-")
            if known and kind in kinds:
                found.setdefault(requirement.normalize(name), version.partition("-")[0])
    return found


def headers_of(text: str) -> "Message":
    """Of METADATA, PKG-INFO or WHEEL."""
    from email.parser import HeaderParser  # brings socket and calendar

    return HeaderParser().parsestr(text)
