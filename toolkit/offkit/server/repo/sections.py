"""The text of a .repo file for media (yum.conf(5), dnf.conf(5)). Pure."""

import os
from typing import Collection, List, Optional, Sequence
from urllib.parse import quote_from_bytes

from offkit.media.repofile import Base
from offkit.model.url import is_url

MARK = "# Made by 'offkit repo add'; 'offkit repo remove' takes it away."
_WHY = """\
# metadata_expire=0: another disc may be here since; its repomd.xml is read again each time, which
# costs nothing without a network. There is no skip_if_unavailable on purpose: a disc that is not
# mounted has to be an error, not "No package available". module_hotfixes is left alone: the
# modules of the disc are as its maker described them."""
_OFF = """\
# enabled=0: it takes part only where a command names it, so an unmounted disc breaks nothing:
#   yum --disablerepo='*' --enablerepo='offkit-*' install PACKAGE ..."""


def text(
    bases: Sequence[Base],
    enabled: bool,
    mark: str = MARK,
    hotfixes: Collection[str] = (),
    keys: Optional[Sequence[str]] = None,
) -> str:
    """One section for each base, with exactly one URL: of several yum 3 takes one at random.

    ``hotfixes`` are directories whose RPMs came out of modules, without their metadata: dnf takes them
    with module_hotfixes only (dnf.conf(5); dnf/db/group.py, _test_fail_safe). ``keys`` are key files in
    the place of the bases' own; with () nothing is said of them.
    """
    head = [mark, _WHY] + ([] if enabled else [_OFF])
    sections = []
    for base in bases:
        own = [base.key] if base.key else []
        files = own if keys is None else keys
        sections.append("\n".join(_section(base, enabled, files, base.directory in hotfixes)))
    return "\n\n".join(["\n".join(line for line in head if line), *sections]) + "\n"


def _section(base: Base, enabled: bool, keys: Sequence[str], hotfixes: bool) -> List[str]:
    return [
        "[{}]".format(base.id),
        "name={}".format(_one_line(base.title)),
        "baseurl={}".format(url(base.directory)),
        "enabled={}".format(int(enabled)),
        "gpgcheck=1",
        *(["gpgkey={}".format(" ".join(map(url, keys)))] if keys else []),
        "metadata_expire=0",
        # A proxy in yum.conf is for what lies beyond the gap: yum.conf(5), dnf.conf(5).
        *(["proxy=_none_"] if is_url(base.directory) else []),
        # A hardened yum.conf may ask it of all: no disc has a repomd.xml.asc. Every package is signed.
        "repo_gpgcheck=0",
        *(["module_hotfixes=1"] if hotfixes else []),
    ]


def url(path: str) -> str:
    """``file:///mnt/a%20b``: yum splits at spaces and commas, and replaces what follows a dollar.
    A URL (model.url) stays what it is."""
    if is_url(path):
        return path
    return "file://" + quote_from_bytes(os.fsencode(path), safe="/._-+~")


def _one_line(title: str) -> str:
    plain = "".join(char if " " <= char <= "~" and char not in "%$" else "_" for char in title)
    return plain.strip() or "a medium"
