"""Which public key the packages of a medium are checked with, on this server."""

import posixpath
from typing import Collection, NamedTuple, Optional

from offkit.edges import host, releases
from offkit.edges.tree import Tree
from offkit.model.errors import IntegrityError
from offkit.model.finding import ERROR, Finding
from offkit.model.release import medium_key, own_keys

KEYS = "/etc/pki/rpm-gpg"


class Server(NamedTuple):
    """What of this server decides which key a medium is checked with."""

    el: int
    distribution: str  # the ID of os-release(5)
    tree: Tree
    name: str = ""  # what offkit calls a release that is no Enterprise Linux

    @property
    def key(self) -> str:
        """The file in /etc/pki/rpm-gpg with the distribution's own key; "" where it is not there."""
        names = own_keys(releases.of(self.el, self.name).keys, self.distribution)
        paths = [posixpath.join(KEYS, name) for name in names]
        return next((path for path in paths if self.tree.is_file(path)), "")


def server(tree: Optional[Tree] = None) -> Server:
    """The one below ``tree``, by default the running one."""
    tree = tree or Tree("/")
    release = host.os_release(tree)
    known = releases.known()
    return Server(known.el_major(release), release.get("ID", ""), tree, known.name_of(release))


def key_of(source: str, names: Collection[str], top: str, here: Server) -> str:
    """The key file to check packages of the medium ``source`` with; ``names`` are the key files at its top.

    The one that this server's own release package brought comes first: a disc that somebody
    made can bring a key that somebody made. Raises IntegrityError (REPO014) without any.
    """
    if here.key:
        return here.key
    name = medium_key(releases.of(here.el, here.name).keys, names)
    if name:
        return posixpath.join(top, name)
    message = "has no key in its top directory, and this server has none for {} {}".format(
        here.distribution or "an unknown system", here.el or ""
    ).rstrip()
    fix = "copy the distribution's RPM-GPG-KEY file to {}, keeping its original name".format(KEYS)
    raise IntegrityError(
        "no key to check packages with", [Finding("REPO014", ERROR, source, message, (KEYS,), fix)]
    )
