"""The RPMs in a bundle as a directory, which is a medium like any other."""

import os
from contextlib import ExitStack

from offkit.edges import files, leftovers
from offkit.model import layout
from offkit.server.bundle.bundle_file import BundleFile


def unpack(bundle: BundleFile, stack: ExitStack) -> str:
    """A directory with the bundle's yum repository, there until ``stack`` closes; "" without one.

    It is called like the bundle, which is where people will read that the libraries are from.
    Raises OSError, IntegrityError (the bundle changed).
    """
    members = [one.path for one in bundle.manifest.members if one.path.startswith(layout.RPMS)]
    if not members:
        return ""
    folder = stack.enter_context(leftovers.scratch())
    top = os.path.join(folder, os.path.basename(bundle.path))
    for path in members:
        files.write_below(top, path[len(layout.RPMS) :], bundle.chunks(path))
    return top
