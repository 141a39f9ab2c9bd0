"""The real libraries of a desktop, by soname: Debian's, for roots in which real imports go through.

They are downloaded once, in a root of their own as the discs' are (base.download), and laid side by side.
"""

import functools
import glob
import os

import bare
import base
import cache
from offkit.elf import reader

HERE = os.path.dirname(os.path.abspath(__file__))


def debs():
    """Debian's packages, donated.txt."""
    with open(os.path.join(HERE, "donated.txt"), encoding="utf-8") as text:
        return text.read().split()


def folder():
    """The cached directory with all of them, each under its soname."""
    return cache.kept("libraries", (base.SUITE, base.mirror(), *debs(), cache.source(_make)), _make)


@functools.cache
def sonames():
    return tuple(sorted(os.listdir(folder())))


def _make(path):
    cache.remove(path + ".debs")  # of one that was killed
    base.download(path + ".debs", debs())
    os.makedirs(path)
    for top in ("lib", "usr/lib"):
        for found in sorted(glob.glob(os.path.join(path + ".debs", "*", top, "x86_64-linux-gnu", "*.so*"))):
            elf = _elf(found)
            if elf is not None and elf.soname and not os.path.exists(os.path.join(path, elf.soname)):
                os.link(os.path.realpath(found), os.path.join(path, elf.soname))
    cache.remove(path + ".debs")


def _elf(path):
    """None for what is no library: a linker script, a link to what another package has."""
    try:
        with open(path, "rb") as source:
            return reader.read(source)
    except (OSError, reader.NotElf, reader.BadElf):
        return None


def put(root, names):
    """Into the root's /usr/lib64, where that has none of the name; ldconfig is the caller's."""
    for name in names:
        target = os.path.join(root, bare.LIB, name)
        if not os.path.lexists(target):
            os.link(os.path.join(folder(), name), target)
