"""What can be wrong with a disc: each of these makes an image that is."""

import functools
import glob
import os
import shutil

import cache
import disc
import rpms


def cut(image, folder, part=0.6):
    """A copy that ended too early, as after a full stick or a broken download."""
    path = os.path.join(folder, "cut.iso")
    with open(image, "rb") as source, open(path, "wb") as target:
        shutil.copyfileobj(source, target)
        target.truncate(int(os.path.getsize(image) * part))
    return path


def flipped(packages, names):
    """Some bytes of the payload are others; the repository's checksums are as they were."""
    for path in _chosen(packages, names):
        size = os.path.getsize(path)
        with open(path, "r+b") as target:
            target.seek(size - size // 4)
            byte = target.read(1)
            target.seek(-1, os.SEEK_CUR)
            target.write(bytes([byte[0] ^ 0xFF]))


def unsigned(packages, names):
    cache.run(["rpmsign", "--delsign", *_chosen(packages, names)])


def foreign(packages, names):
    """Signed by somebody else."""
    unsigned(packages, names)
    home = os.path.join(os.path.dirname(packages), "..", "gnupg")
    if not os.path.isdir(home):
        rpms.generate_key(home)
    rpms.sign(_chosen(packages, names), home)


def _chosen(packages, names):
    """The 64-bit packages of those names."""
    found = [
        path
        for name in names
        for path in glob.glob(os.path.join(packages, "**", name + "-[0-9]*.x86_64.rpm"), recursive=True)
    ]
    assert found, names
    return found


def made(fault, names, folder, el=7):
    """The path of an image on which the packages ``names`` have the fault; gone with ``folder``.

    A byte that was flipped is damage; the others are discs that somebody built with createrepo.
    """
    change = functools.partial(fault, names=names)
    return disc.altered(el, change, folder, anew=fault is not flipped)
