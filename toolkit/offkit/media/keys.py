"""Which public key the packages of a medium are checked with, on this server."""

import posixpath
from typing import Collection, NamedTuple, Optional, Tuple

from offkit.edges import host, releases
from offkit.edges.tree import Tree
from offkit.media import rpm_keys
from offkit.model.errors import IntegrityError
from offkit.model.finding import ERROR, Finding
from offkit.model.release import medium_key, trusted_keys

KEYS = "/etc/pki/rpm-gpg"


class Server(NamedTuple):
    """What of this server decides which key a medium is checked with."""

    el: int
    distribution: str  # the ID of os-release(5)
    tree: Tree
    name: str = ""  # what offkit calls a release that is no Enterprise Linux
    vendor: Tuple[str, ...] = ()  # files in /etc/pki/rpm-gpg that came with the vendor's packages
    imported: str = ""  # the keys that rpm has, armoured

    @property
    def key(self) -> str:
        """The file in /etc/pki/rpm-gpg with the distribution's own key; "" where it is not there."""
        return next(iter(self.keys), "")

    @property
    def keys(self) -> Tuple[str, ...]:
        """All files there that the packages of a medium may be signed with: the distribution's own by
        their names, then what else its vendor brought; on a release that nobody knows all that are there."""
        there = [name for name in self.tree.names(KEYS) if self.tree.is_file(posixpath.join(KEYS, name))]
        vendor = map(posixpath.basename, self.vendor)
        known, keys = bool(self.el or self.name), releases.of(self.el, self.name).keys
        found = trusted_keys(there, keys, self.distribution, vendor, known)
        return tuple(posixpath.join(KEYS, name) for name in found)


def server(tree: Optional[Tree] = None) -> Server:
    """The one below ``tree``, by default the running one, whose rpm is asked too."""
    tree = tree or Tree("/")
    release = host.os_release(tree)
    known = releases.known()
    found = Server(known.el_major(release), release.get("ID", ""), tree, known.name_of(release))
    if tree.root:
        return found
    return found._replace(vendor=rpm_keys.of_vendor(KEYS), imported=rpm_keys.imported())


def key_of(called: str, names: Collection[str], top: str, here: Server) -> str:
    """The key file to check packages of a medium with; ``called``: what people call that, ``names``: the key
    files at its top.

    The one that this server's own release package brought comes first: a disc that somebody
    made can bring a key that somebody made. "": those that are imported into rpm have to do. Raises
    IntegrityError (REPO014) without any.
    """
    if here.key:
        return here.key
    name = medium_key(releases.of(here.el, here.name).keys, names)
    if name:
        return posixpath.join(top, name)
    if here.imported:  # somebody has said already whom to trust
        return ""
    message = "brings no key at its top, and this server has none for {} {}".format(
        here.distribution or "an unknown system", here.el or ""
    ).rstrip()
    fix = "copy the distribution's RPM-GPG-KEY file to {}, keeping its original name".format(KEYS)
    found = Finding("REPO014", ERROR, called, message, (KEYS,), fix)
    raise IntegrityError("no key to check packages with", [found])
