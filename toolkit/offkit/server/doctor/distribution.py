"""An installed distribution, as its .dist-info describes it."""

from typing import NamedTuple, Tuple


class Distribution(NamedTuple):
    top: str  # the site-packages it lies in
    directory: str  # its .dist-info
    name: str
    version: str
    requires: Tuple[str, ...]  # Requires-Dist, as written

    @property
    def title(self) -> str:
        return "{} {}".format(self.name, self.version).strip()
