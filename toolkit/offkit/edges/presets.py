"""What --python, --target and --arch mean among the releases that this offkit knows."""

from typing import Optional

from offkit.edges import releases
from offkit.model import target
from offkit.model.target import Target


def preset(python: Optional[str] = None, name: Optional[str] = None, arch: str = "x86_64") -> Target:
    """As ``model.target.preset``."""
    return target.preset(releases.known(), python, name, arch)
