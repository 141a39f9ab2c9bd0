"""The releases that this offkit knows: the files of repo-config/releases, read once."""

from functools import lru_cache

from offkit.edges import data
from offkit.model import release
from offkit.model.release import Release, Releases


@lru_cache(maxsize=None)
def known() -> Releases:
    libc = release.parse_libc(data.read_text(release.LIBC))
    texts = [data.read_text(release.FOLDER + "/" + name) for name in data.names(release.FOLDER)]
    return release.order((release.parse(text, libc) for text in texts), libc)


def of(el: int, name: str = "") -> Release:
    """What is known of a release, as ``Releases.of``."""
    return known().of(el, name)
