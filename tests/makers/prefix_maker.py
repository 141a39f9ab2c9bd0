"""Prefixes with generations in them, as an installation leaves them, without one."""

import os
import sys

from offkit.server.prefix import generations
from offkit.server.prefix.generations import Package, Receipt
from offkit.server.python import interpreter

PYTHON = interpreter.running()
SERIES = "python{}.{}".format(*sys.version_info[:2])
VERSION = "{}.{}.{}".format(*sys.version_info[:3])


def generation(prefix, number, digest="ab", packages=(("numpy", "1.19.5"),), version=VERSION, current=True):
    """A generation like those of offkit install, apart from its size; returns its identity.

    ``digest`` is filled up to 64 characters.
    """
    digest = digest.ljust(64, "0")
    name = "{:04d}-{}".format(number, digest[:8])
    root = prefix / "generations" / name
    (root / "bin").mkdir(parents=True)
    (root / "bin" / "python").symlink_to(SERIES)
    (root / "bin" / SERIES).symlink_to(PYTHON)
    (root / "lib" / SERIES / "site-packages").mkdir(parents=True)
    (root / "lib64").symlink_to("lib")
    settings = "home = {}\nversion = {}\n".format(os.path.dirname(PYTHON), version)
    (root / "pyvenv.cfg").write_bytes(settings.encode("utf-8"))
    (root / "offkit").mkdir()
    listed = tuple(Package(*one) for one in packages)
    created = "2026-01-{:02d}T12:00:00Z".format(number)
    receipt = Receipt(name, digest, {"name": "el7"}, PYTHON, version, created, "offkit 0.1.0", listed)
    (root / "offkit" / "receipt.json").write_bytes(generations.dump(receipt))
    (prefix / ".lock").write_bytes(b"")
    if current:
        generations.switch(str(prefix), name)
    return name
