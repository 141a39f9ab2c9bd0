"""A server as --python, --target and --arch say it, among the releases that offkit knows."""

from offkit.edges import releases
from offkit.model import target


def preset(python=None, name=None, arch="x86_64"):
    return target.preset(releases.known(), python, name, arch)
