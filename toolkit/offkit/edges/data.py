"""Data files that travel with offkit: in the wheel, in offkit.pyz, or beside the sources."""

import errno
import os
import pkgutil
import zipfile
from typing import List

# A checkout keeps them at its top: ROOT/toolkit/offkit/edges/data.py
_CHECKOUT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "..")


def read(path: str) -> bytes:
    """The bytes of ``repo-config/…`` or ``wheelhouse/…``.

    pkgutil asks the loader, so this also works inside a zip archive on 3.6. Raises
    FileNotFoundError when neither the package nor a checkout has it.
    """
    try:
        found = pkgutil.get_data("offkit", "data/" + path)
    except OSError:
        found = None
    if found is not None:
        return found
    with open(os.path.join(_CHECKOUT, *path.split("/")), "rb") as source:
        return source.read()


def read_text(path: str) -> str:
    return read(path).decode("utf-8")


def names(path: str) -> List[str]:
    """Names of the JSON files in a directory of them, in order, in an archive too."""
    archive = getattr(__spec__ and __spec__.loader, "archive", "")  # zipimport.zipimporter has it
    if archive:
        top = "offkit/data/{}/".format(path)
        with zipfile.ZipFile(archive) as opened:
            found = [name[len(top) :] for name in opened.namelist() if name.startswith(top)]
    else:
        found = os.listdir(directory(path))
    return sorted(name for name in found if name.endswith(".json"))


def directory(path: str) -> str:
    """Where ``ansible`` or another directory of them lies on this machine.

    Not in an archive. Raises FileNotFoundError when neither the package nor a checkout has it.
    """
    package = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "data")
    for top in (package, _CHECKOUT):
        found = os.path.normpath(os.path.join(top, *path.split("/")))
        if os.path.isdir(found):
            return found
    raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)
